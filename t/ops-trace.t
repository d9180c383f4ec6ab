# SPDX-License-Identifier: Apache-2.0
# Traces: what a collector gets, whose decision counts, and that a collector that is away costs nothing but the traces.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Core;
use ST::Env qw(wait_until);
use ST::Metrics;
use ST::Otlp;
use ST::Peer;
use ST::Stack;

use constant { PARENT => '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', SECRET => 'a-key-of-the-collector' };

my $c    = ST::Otlp->new;
my $peer = ST::Peer->new;
my %provider = (
    thirdPartyId          => 'plain',
    authorizationEndpoint => $peer->url('/hello'),
    tokenEndpoint         => $peer->url('/status?503'),
    userInfoEndpoint      => $peer->url('/hello'),
    clients               => [{ clientId => 'c', clientSecret => 's' }],
);
my $s = ST::Stack->new(
    config => {
        fcgi_workers           => 1,
        bcrypt_log_rounds      => 4,
        fcgi_otlp_endpoint     => $c->endpoint,
        fcgi_otlp_headers      => 'x-team=one, authorization=' . SECRET,
        fcgi_otlp_service_name => 'sign-in',
    },
    sites => { example => { recipeList => ['session', { thirdParty => { signInAndUpFeature => { providers => [{ config => \%provider }] } } }] } },
);
my $core = $s->core;

sub named ($name, @spans) { return grep { $_->{name} eq $name } @spans }
sub children ($of, @spans) { return grep { ($_->{parentSpanId} // q{}) eq $of->{spanId} } @spans }

# The newest span of that name, once there are COUNT of them; and all.
sub last_of ($name, $count = 1) {
    my @spans = $c->wait_spans(sub { named($name, @_) >= $count });
    my ($last) = sort { $b->{startTimeUnixNano} cmp $a->{startTimeUnixNano} } named($name, @spans);
    return ($last, @spans);
}

subtest 'a sign-up' => sub {
    my $u = { email => 'who@example.com', password => 'a-secret-word-1' };
    is $core->get('/health/live')->{status}, 200, 'a probe';
    is $core->post('/recipe/signup', $u, headers => { traceparent => PARENT })->{json}{status}, 'OK', 'it works';
    my ($root, @all) = last_of('POST /recipe/signup');
    is named('GET /health/live', @all), 0, 'is not traced';
    ok $root, 'a span is named by method and route' or return;
    is $root->{kind}, 2, 'of a server';
    ok !exists $root->{parentSpanId}, 'with no parent, whatever the client sends';
    unlike $root->{traceId}, qr/\A4bf92f35/, 'nor the client\'s trace';
    my $id = delete $root->{attribute}{'supertokens.request_id'};
    like $id, qr/\A[0-9a-f]{32}\z/, 'the id of the request';
    is_deeply $root->{attribute}, { 'http.request.method' => 'POST', 'http.route' => '/recipe/signup', 'http.response.status_code' => 200, 'supertokens.door' => 'core' },
      'attributes';
    is_deeply $root->{status}, {}, 'it went well';
    my @below = children($root, @all);
    my ($hash) = named('password hash', @below);
    is $hash->{attribute}{'supertokens.password.algorithm'}, 'bcrypt', 'below it the hash';
    my @db = grep { ($_->{attribute}{'db.system.name'} // q{}) eq 'postgresql' } @below;
    cmp_ok scalar @db, '>=', 1, 'and the database';
    is_deeply [grep { $_->{kind} != 3 || $_->{name} ne $_->{attribute}{'db.operation.name'} || $_->{name} !~ /\A[a-z_]+\z/ } @db], [], 'by names of statements';
    is_deeply [grep { $_->{traceId} ne $root->{traceId} } @below], [], 'all of one trace';
    is_deeply [grep { $_->{startTimeUnixNano} lt $root->{startTimeUnixNano} || $_->{endTimeUnixNano} gt $root->{endTimeUnixNano} } @below], [], 'and within its time';
    cmp_ok abs($root->{startTimeUnixNano} / 1e9 - time), '<', 120, 'which is that of the clock';
    is $root->{resource}{'service.name'}, 'sign-in', 'the service has its name';
    is_deeply [@{ $root->{headers} }{qw(x-team authorization)}], ['one', SECRET], 'headers for the collector';
    delete $_->{headers} for @all;
    my $text = JSON::PP->new->encode(\@all);
    unlike $text, qr/who\@|a-secret-word|127[.]0[.]0[.]1|\$2[aby]\$/, 'nothing of the user';
};

subtest 'a call' => sub {
    my $auth = ST::Core->new(url => $s->site_url . '/auth', cdi => undef);
    my $info = { redirectURIOnProviderDashboard => 'http://x/', redirectURIQueryParams => { code => 'a-secret-code' } };
    $auth->post('/signinup', { thirdPartyId => 'plain', redirectURIInfo => $info });
    my ($root, @all) = last_of('POST /signinup');
    is $root->{attribute}{'supertokens.door'}, 'auth', 'of the auth door';
    my ($call) = named('POST', children($root, @all));
    is_deeply $call->{attribute}, { 'http.request.method' => 'POST', 'server.address' => '127.0.0.1', 'http.response.status_code' => 503 }, 'what was called';
    unlike JSON::PP->new->encode(\@all), qr/a-secret-code/, 'no code';
};

subtest 'failures' => sub {
    $core->get('/nothing/of-a-client?secret=x');
    my ($lost, @all) = last_of('GET /');
    is_deeply [$lost->{status}, $lost->{attribute}{'http.response.status_code'}], [{}, 404], 'a client\'s mistake is no error of ours';
    unlike JSON::PP->new->encode(\@all), qr/of-a-client|secret=/, 'nor does its path appear';
    $s->pg->stop;
    wait_until(20, sub { $core->get('/recipe/user', query => { email => 'x@example.com' })->{status} == 503 });
    my ($failed) = last_of('GET /recipe/user');
    is $failed->{status}{code}, 2, 'a 503 is';
    $s->pg->start;
    wait_until(20, sub { $core->get('/hello')->{status} == 200 });
};

subtest 'whose decision' => sub {
    $s->service->write_config(fcgi_otlp_trust_traceparent => JSON::PP::true, fcgi_otlp_sample_ratio => 0);
    $s->restart_service;
    my $before = () = $c->spans;
    $core->get('/hello') for 1 .. 20;
    $core->get('/hello', headers => { traceparent => $_ }) for PARENT =~ s/1\z/0/r, 'nonsense', PARENT =~ s{-00f.*?-}{-0000000000000000-}r, 'ff' . substr(PARENT, 2), 'zz' . substr(PARENT, 2), PARENT . '-more', substr PARENT, 0, 54;
    $core->get('/apiversion', headers => { traceparent => PARENT });
    my ($root, @all) = last_of('GET /apiversion');
    is "$root->{traceId} $root->{parentSpanId}", '4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7', 'the one before us, where that is believed';
    is scalar(grep { !$_->{parentSpanId} } @all[$before .. $#all]), 0, 'and no other: the ratio is 0';
};

subtest 'the collector is away' => sub {
    $s->service->write_config(fcgi_otlp_sample_ratio => 1);
    $s->restart_service;
    $c->peer->stop;
    my $mark = $s->service->log_mark;
    is $core->get('/hello')->{status}, 200, 'requests are answered' for 1 .. 5;
    my $count = sub ($result) { ST::Metrics::scrape($core)->{value}{qq(supertokens_trace_spans_total{result="$result"})} };
    ok wait_until(20, sub { $count->('failed') > 0 }), 'lost spans are counted';
    ok $s->service->wait_log(qr/WARN .* traces are lost: the collector does not take them: /, $mark), 'and told';
    unlike $s->service->log_text, qr/\Q${\SECRET}\E/, 'without the key';
    is $s->service->stop, 0, 'the service ends as always';
};

subtest 'configuration' => sub {
    my $supertokens = ST::Env::build_dir() . '/supertokens';
    for my $wrong (['fcgi_otlp_endpoint', 'collector:4318', 'must begin with http:// or https://'], ['fcgi_otlp_sample_ratio', 2, 'must be between 0 and 1']) {
        $s->service->write_config($wrong->[0] => $wrong->[1]);
        like qx{$supertokens config test --config $s->{service}{config_file} 2>&1}, qr/'$wrong->[0]' $wrong->[2]/, $wrong->[0];
        $s->service->write_config(fcgi_otlp_endpoint => undef, fcgi_otlp_sample_ratio => 1);
    }
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# What a provider publishes: its OpenID configuration and keys are kept, asked for again when they are old or a key is not
# among them, and used a while longer when its server fails.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use POSIX    ();
use Test::More;
use Time::HiRes qw(sleep);

use ST::Auth;
use ST::Env qw(wait_until);
use ST::Provider;
use ST::Stack;

my $provider = ST::Provider->new;
my %no_discovery = (
    authorizationEndpoint => $provider->url('/oidc/authorize'),
    tokenEndpoint         => $provider->url('/oidc/token'),
    jwksURI               => $provider->url('/oidc/jwks'),
);
my $s = ST::Stack->new(
    config => { fcgi_workers => 1 },
    sites  => {
        example => {
            recipeList => $provider->recipes($provider->google, $provider->custom,
                { config => { thirdPartyId => 'fixed', %no_discovery, clients => [ST::Provider::client()] } })
        }
    }
);
my $auth = ST::Auth->new(url => $s->site_url);

sub ok_signed_in ($got, $name) { return is $got->{json}{status} // $got->{text}, 'OK', $name }
sub asked { my %n; $n{ $_->{at} }++ for @{ $provider->log }; return \%n }

subtest 'documents are kept' => sub {
    ok_signed_in($provider->sign_in($auth, 'google'), 'signed in') for 1 .. 3;
    my $asked = asked();
    is_deeply [@$asked{qw(discovery jwks token userinfo)}], [1, 1, 3, 3], 'both are asked for once';
    ok_signed_in($provider->sign_in($auth, 'fixed'), 'without discovery');
    is asked()->{discovery}, undef, 'nobody asks for it';
};

# Not more often than every few seconds, so that made-up tokens do not make us a nuisance.
subtest 'a new key' => sub {
    my $made_up = sub { return $auth->post('/signinup', { thirdPartyId => 'google', oAuthTokens => { id_token => 'eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vbmUifQ.e30.AAAA' } })->{status} };
    ok wait_until(20, sub { $made_up->(); (asked()->{jwks} // 0) > 0 }), 'an unknown key makes us ask again';
    is_deeply [map { $made_up->() } 1 .. 10], [(400) x 10], 'tokens of it are refused';
    cmp_ok asked()->{jwks} // 0, '<', 10, 'without asking each time';
    my $found = sub { return wait_until(20, sub { ($provider->sign_in($auth, 'google')->{json}{status} // q{}) eq 'OK' }) };
    for my $alg (qw(ES256 PS256 EdDSA RS256)) {
        $provider->control(rotate => { alg => $alg });
        ok $found->(), "a new $alg key is found";
    }
    $provider->control(rotate => { alg => 'ES256', keep => JSON::PP::true });
    ok $found->(), 'among several';
};

subtest 'no documents' => sub {
    $provider->reset;
    for my $how (qw(500 garbage html array text huge empty cut redirect)) {
        $s->restart_service;    # with an empty memory
        $provider->fault(discovery => $how);
        is $auth->get('/authorisationurl?thirdPartyId=google&redirectURIOnProviderDashboard=http://x/')->{status}, 502, "OpenID configuration: $how";
        $provider->fault(jwks => $how);
        is $provider->sign_in($auth, 'google')->{status}, 502, "keys: $how";
        ok_signed_in($provider->sign_in($auth, 'google'), 'and then again');
    }
    $s->restart_service;
    $provider->control(discovery => { authorization_endpoint => undef });
    is $auth->get('/authorisationurl?thirdPartyId=google&redirectURIOnProviderDashboard=http://x/')->{status}, 500, 'a configuration without an endpoint';
    $s->restart_service;
    $provider->control(discovery => { issuer => undef });
    is $auth->get('/authorisationurl?thirdPartyId=google&redirectURIOnProviderDashboard=http://x/')->{status}, 502, 'one without an issuer';
};

subtest 'issuers' => sub {
    for my $case (
        ['https://login.example.com/{tenantid}/v2.0', { iss => 'https://login.example.com/abc/v2.0', tid => 'abc' }, 200],
        ['https://login.example.com/{tenantid}/v2.0', { iss => 'https://login.example.com/abc/v2.0', tid => 'other' }, 502],
        ['https://login.example.com/{tenantid}/v2.0', { iss => 'https://login.example.com//v2.0' }, 502],
        ['https://accounts.example.com', { iss => 'accounts.example.com' }, 200],
        ['https://accounts.example.com', { iss => 'accounts.example.com.evil.com' }, 502],
      )
    {
        my ($issuer, $claims, $status) = @$case;
        $s->restart_service;
        $provider->control(discovery  => { issuer => $issuer });
        $provider->control('id-token' => { claims => $claims });
        is $provider->sign_in($auth, 'google')->{status}, $status, "$issuer: $claims->{iss}";
    }
    $provider->reset;
};

# The statuses of as many processes that post a body each.
sub post_all (@bodies) {
    my @pids = map {
        my $body = $_;
        my $pid  = fork // die "fork: $!\n";
        POSIX::_exit(ST::Auth->new(url => $s->site_url)->post('/signinup', $body)->{status} % 256) if !$pid;
        $pid;
    } @bodies;
    return sub { return map { waitpid $_, 0; $? >> 8 } @pids };
}

subtest 'many at once' => sub {
    $s->restart_service;
    my $end = post_all(map { $provider->authorise($auth, 'google') } 1 .. 20);
    is_deeply [$end->()], [(200) x 20], 'sign in';
    is $s->pg->value('SELECT count(*) FROM thirdparty_users'), 2, 'as the same user';
};

subtest 'too many for a provider that hangs' => sub {
    $s->service->write_config(fcgi_call_queue => 4);
    $s->restart_service;
    ok_signed_in($provider->sign_in($auth, 'google'), 'before');
    my @bodies = map { $provider->authorise($auth, 'google') } 1 .. 6;
    asked();
    $provider->fault(token => 'hold', times => 2);
    my $waiting = post_all(@bodies[0, 1]);
    my $calls   = 0;
    ok wait_until(10, sub { ($calls += asked()->{token} // 0) == 2 }), 'two wait for it: half of the places';
    my $refused = $auth->post('/signinup', $bodies[2]);
    is $refused->{status}, 503, 'further ones are refused';
    is $refused->{headers}{'retry-after'}, 1, 'with Retry-After';
    ok length $refused->{json}{message}, 'in the form of the auth door';
    is $auth->get('/loginmethods')->{status}, 200, 'other requests are answered';
    $provider->control('release');
    is_deeply [$waiting->()], [200, 200], 'and in the end those that wait';
    is $auth->post('/signinup', $bodies[2])->{status}, 200, 'and those that try again';
};

$s->stop;
done_testing;

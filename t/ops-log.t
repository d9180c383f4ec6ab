# SPDX-License-Identifier: Apache-2.0
# What operators find in the log beside the reference's lines: ids of requests, refused sign-ins, priorities for the journal.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Core;
use ST::Env qw(wait_until);
use ST::Metrics;
use ST::Stack;

my $s = ST::Stack->new(
    config => { log_level => 'DEBUG', bcrypt_log_rounds => 4, fcgi_workers => 1 },
    sites  => { example => {} },
);
my $core = $s->core;
my $auth = ST::Core->new(url => $s->site_url . '/auth', cdi => undef);
my $id   = qr/[0-9a-f]{32}/;

# The lines that CODE makes the service log and that match PATTERN, COUNT of them.
sub logged ($pattern, $count, $code) {
    my $mark = $s->service->log_mark;
    $code->();
    my @lines;
    wait_until(10, sub { @lines = grep { /$pattern/ } split /\n+/, $s->service->log_since($mark); @lines >= $count });
    return @lines;
}

sub sign_in ($password = 'wrong-word-1') {
    return $auth->post('/signin', { formFields => [{ id => 'email', value => 'who@example.com' }, { id => 'password', value => $password }] });
}

subtest 'a request has an id' => sub {
    my @lines = logged(qr{/nothing}, 4, sub { $core->get('/nothing', headers => { 'x-request-id' => 'f' x 32, 'request-id' => 'e' x 32 }) });
    my %seen = map { ((/ \| request: ($id)\z/)[0] // "none: $_") => 1 } @lines;
    is scalar @lines, 4, 'several lines';
    is scalar keys %seen, 1, 'the same id in all of them' or diag join "\n", sort keys %seen;
    unlike join(q{}, @lines), qr/(?:f{32}|e{32})/, 'which is nginx\'s, not the client\'s';
    my ($other) = logged(qr{/nothing}, 1, sub { $core->get('/nothing') });
    ok !$seen{ ($other =~ /($id)\z/)[0] }, 'another request, another id';
};

subtest 'refused sign-ins' => sub {
    my $refused = qr/ \| WARN \| .* \| sign-in refused at the auth door from 127[.]0[.]0[.]1: wrong credentials \| request: $id\z/;
    my @lines = logged(qr/sign-in refused/, 1, sub { is sign_in()->{json}{status}, 'WRONG_CREDENTIALS_ERROR', 'nobody' });
    like $lines[0], $refused, 'said with door and address';
    is $core->post('/recipe/signup', { email => 'who@example.com', password => 'right-word-1' })->{json}{status}, 'OK', 'now there is somebody';
    @lines = logged(qr/sign-in refused/, 1, sub { sign_in() });
    like $lines[0], $refused, 'the same of a wrong password';
    unlike "@lines", qr/who\@|word/, 'neither who nor what';
    @lines = logged(qr/sign-in refused/, 1, sub { $core->post('/recipe/signin', { email => 'who@example.com', password => 'wrong-word-1' }) });
    like $lines[0], qr/ \| INFO \| .* at the core door from /, 'at the core door it is the address of the application: no warning';
    my $log = $s->service->log_text;
    unlike $log, qr/sign-in refused.*forged/, 'nobody makes such a line';
    my $m = ST::Metrics::scrape($core);
    is_deeply [map { $m->{value}{qq(supertokens_sign_in_refused_total{door="$_"})} } qw(auth core)], [2, 1], 'counted';
    cmp_ok $m->{value}{'supertokens_log_lines_total{level="warn"}'}, '>=', 2, 'as lines, too';
};

subtest 'failures tell their id' => sub {
    my $plain = $core->get('/nothing');
    is $plain->{headers}{'x-request-id'}, undef, 'a 404 does not';
    $s->pg->stop;
    my $got;
    wait_until(20, sub { $got = $core->get('/recipe/user', query => { email => 'x@example.com' }); $got->{status} == 503 });
    my $told = $got->{headers}{'x-request-id'} // q{};
    like $told, qr/\A$id\z/, 'a 503 does';
    ok $s->service->wait_log(qr/ERROR .* \| request: $told$/m), 'and the log has it';
    $s->pg->start;
};

# The journal reads from a socket; the service knows it by its number.
sub restart_with (%env) {
    my @stat = stat $s->service->{log};
    $s->service->{env} = { JOURNAL_STREAM => "$stat[0]:$stat[1]", %env };
    my $mark = $s->service->log_mark;
    $s->restart_service;
    $core->get('/nothing');
    sign_in();
    wait_until(10, sub { $s->service->log_since($mark) =~ /sign-in refused.*\n/ });
    my ($new) = $s->service->log_since($mark) =~ /.*^Loading supertokens config[.]\n(.*)/ms;    # not what the old one said
    return grep { /thread|callerData/ } split /\n/, $new;
}

subtest 'for the journal' => sub {
    my @lines = restart_with();
    my %wrong = map { ($_ => 1) } grep { !/\A(?:<3>.* ERROR |<4>.* WARN |<6>.* INFO |<7>.* DEBUG )/ } @lines;
    is_deeply [keys %wrong], [], 'every line has its priority';
    is scalar(grep { /\A<3>/ } @lines), 2, 'errors';
    is scalar(grep { /\A<4>/ } @lines), 1, 'warnings';
    my @json = restart_with(USE_STRUCTURED_LOGGING => 'true');
    my @parsed = map { my ($p, $j) = /\A<(\d)>(.*)\z/; { p => $p, %{ JSON::PP->new->utf8->decode($j) } } } @json;
    my %priority = (ERROR => 3, WARN => 4, INFO => 6, DEBUG => 7);
    is_deeply [map { $_->{p} } @parsed], [map { $priority{ $_->{level} } } @parsed], 'JSON, too';
    like +(grep { $_->{message} =~ /refused/ } @parsed)[0]{requestId}, qr/\A$id\z/, 'with the id of the request';
    @lines = restart_with(JOURNAL_STREAM => '1:2');
    is scalar(grep { / ERROR / } @lines), 2, 'a stream that is another one';
    is scalar(grep { /\A<\d>/ } @lines), 0, 'is left alone';
};

done_testing;

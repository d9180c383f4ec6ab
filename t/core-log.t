# SPDX-License-Identifier: Apache-2.0
# What is logged: where each level goes, the line's form, requests and their failures, nothing secret.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Env qw(read_file temp_dir wait_until);
use ST::Stack;

use constant KEY => 'a-secret-key-of-the-service';

my $dir = temp_dir('logs');
my ($info, $error) = ("$dir/info.log", "$dir/error.log");
my $s    = ST::Stack->new(config => { info_log_path => $info, error_log_path => $error, api_keys => KEY }, api_key => KEY);
my $core = $s->core;
is $core->put('/recipe/multitenancy/app/v2', { appId => 'a1' })->{json}{status}, 'OK', 'an app';

my $uuid = qr/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
my $line = qr/^(\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d:\d{3} [+]0000) \| (\w+) \| pid: ($uuid) \| v(\S+) \| \[([^\]]+)\] thread \| (\S+) \| Tenant\((\S*), (\S+), (\S+)\) \| (.*?)(?: \| request: [0-9a-f]{32})?$/;

# What CODE makes the service log: ([info messages], [error messages]) as hashes.
sub logged ($code) {
    my @before = map { length read_file($_) } $info, $error;
    $code->();
    $core->get('/hello');    # its line comes after those of CODE
    my $mark = qr{called: /hello\. Method: GET\. API ended with status 200};
    wait_until(10, sub { substr(read_file($info), $before[0]) =~ $mark });
    my @parts = map { substr read_file($_), shift @before } $info, $error;
    return map { [grep { $_->{message} !~ $mark } parsed($_)] } @parts;
}

sub parsed ($text) {
    my @entries;
    for my $entry (split /\n\n/, $text) {
        my @field = $entry =~ /\A$line\z/ or return { message => "not a log line: $entry" };
        my %named;
        @named{qw(time level pid version thread caller cud app tenant message)} = @field;
        push @entries, \%named;
    }
    return @entries;
}

sub short ($entries) { return [map { "$_->{level} ($_->{cud}, $_->{app}, $_->{tenant}) $_->{message}" } @$entries] }

subtest 'requests' => sub {
    my ($in, $err) = logged(sub { $core->get('/telemetry', query => { secret => 'x' }); $core->get('/appid-a1/t1/hello', cdi => undef) });
    is_deeply short($in), [
        'INFO (, public, public) API called: /telemetry. Method: GET. Version: 5.4 API ended with status 200',
        'INFO (, a1, t1) API called: /appid-a1/t1/hello. Method: GET. API ended with status 200',
      ], 'one entry each; a version where one is needed; no query';
    is_deeply $err, [], 'no errors';
    my ($first, $second) = @$in;
    is $first->{pid}, $second->{pid}, 'the pid is one of the service as a whole';
    is $first->{version}, '12.1.1', 'the version is that of the reference it speaks for';
    ($in) = logged(sub { $core->get('//Appid-A1/%74elemetry/') });
    is_deeply short($in), ['INFO (, a1, public) API called: //Appid-A1/%74elemetry/. Method: GET. Version: 5.4 API ended with status 200'],
      'the address is shown as it came';
};

my @failures = (
    ['an unknown path', sub { $core->get('/nothing?secret=x') }, '/nothing', 404, 'Not found', 'Unknown API called: /nothing'],
    ['a missing key',   sub { $core->get('/telemetry?secret=x', api_key => undef) }, '/telemetry', 401, 'Invalid API key'],
    ['a version',       sub { $core->get('/telemetry', cdi => '9') }, '/telemetry', 400, 'cdi-version 9 not supported'],
    ['a field',         sub { $core->get('/user/id') }, '/user/id', 400, q(Field name 'userId' is missing in GET request)],
    ['a method',        sub { $core->request('PATCH', '/telemetry') }, '/telemetry', 405],
);

subtest 'requests that fail' => sub {
    for (@failures) {
        my ($name, $code, $uri, $status, $text, @more) = @$_;
        my ($in, $err) = logged($code);
        my $method = $status == 405 ? 'PATCH' : 'GET';
        like $in->[0]{message}, qr{\AAPI called: \Q$uri\E\. Method: $method\.(?: Version: 5[.]4)? API ended with status $status\z}, "$name: entry";
        my @wanted = (@more, defined $text ? "API threw an exception: GET $uri: $status $text" : ());
        is_deeply [map { $_->{message} } @$err], \@wanted, "$name: error";
        is_deeply [grep { $_->{level} ne 'ERROR' } @$err], [], "$name: its level";
    }
};

subtest 'nothing secret, nothing forged' => sub {
    my $password = 'correct-horse-battery';
    my $forged = "x\n\n22 Nov 2026 00:00:00:000 +0000 | ERROR | forged";
    logged(sub {
        my $user = $core->post('/recipe/signup', { email => 'a@example.com', password => $password })->{json}{user};
        $core->post('/recipe/signin', { email => 'a@example.com', password => "$password-wrong" });
        my $token = $core->post('/recipe/user/password/reset/token', { userId => $user->{id}, email => 'a@example.com' })->{json}{token};
        $core->post('/recipe/user/password/reset', { method => 'token', token => $token, newPassword => "$password-new" });
        $core->put('/recipe/user', { recipeUserId => $user->{id}, password => "$password-put", email => 1 });
        $core->get('/telemetry', api_key => 'a-key-that-is-wrong', headers => { authorization => 'Bearer wrong-bearer' });
        $core->get('/recipe/user', query => { email => $forged });
        $core->post('/recipe/user/password/reset', { method => 'token', token => $forged, newPassword => 'new-password' });
        $core->get('/telemetry', cdi => '1.', headers => { host2 => $forged =~ s/\n/ /gr });
    });
    my $all = read_file($info) . read_file($error) . $s->service->log_text;
    unlike $all, qr/\Q$password\E|new-password/, 'no passwords';
    unlike $all, qr/\Q${\KEY}\E|a-key-that-is-wrong|wrong-bearer/, 'no keys';
    unlike $all, qr/forged/, 'no entries made by clients';
};

subtest 'levels' => sub {
    my %entries = (NONE => [0, 0], ERROR => [0, 1], WARN => [0, 1], INFO => [1, 1], DEBUG => [1, 1]);
    for my $level (sort keys %entries) {
        $s->service->write_config(log_level => lc $level);
        $s->restart_service;
        my @before = map { length read_file($_) } $info, $error;
        $core->get('/nothing');
        $core->get('/nothing');
        my @wanted = @{ $entries{$level} };
        my $seen   = sub { my @b = @before; return map { substr(read_file($_), shift @b) =~ m{/nothing} ? 1 : 0 } $info, $error };
        wait_until(3, sub { "@{[$seen->()]}" eq "@wanted" });
        is_deeply [$seen->()], \@wanted, $level;
    }
};

subtest 'structured' => sub {
    $s->service->write_config(log_level => 'INFO');
    $s->service->{env}{USE_STRUCTURED_LOGGING} = 'true';
    $s->restart_service;
    my $start = length read_file($error);
    $core->get('/appid-a1/nothing/%22here%5C');
    ok wait_until(10, sub { substr(read_file($error), $start) =~ /exception.*\n/ }), 'entries come';
    my @lines = split /\n/, substr read_file($error), $start;
    my @entry = map { JSON::PP->new->utf8->decode($_) } @lines;
    is scalar @entry, 2, 'one a line';
    my $last = $entry[-1];
    is_deeply [sort keys %$last], [sort qw(message tenant timestamp level pid coreVersion threadName callerData requestId)], 'its members';
    is_deeply $last->{tenant}, { connectionUriDomain => q{}, appId => 'public', tenantId => 'public' }, 'tenant';
    is $last->{message}, 'API threw an exception: GET /appid-a1/nothing/%22here%5C: 404 Not found', 'message';
    is $last->{level}, 'ERROR', 'level';
    is $last->{coreVersion}, 'v12.1.1', 'version';
    like $last->{pid}, qr/\A$uuid\z/, 'pid';
    like $last->{timestamp}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/, 'time';
    is_deeply [map { /\A\{"(\w+)":.*"(\w+)":"[^"]*"\}\z/ } $lines[-1]], [qw(message requestId)], 'message first, what is ours last';
};

done_testing;

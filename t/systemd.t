# SPDX-License-Identifier: Apache-2.0
# The units for systemd: valid, as closed as the service can bear, and the service bears it.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth;
use ST::Env qw(build_dir read_file temp_dir top_dir wait_until write_file);
use ST::Stack timeout => 240;

use constant EXPOSURE_MAX => 15;    # in tenths; 100 is a process that may do everything

my @analyze = grep { -x "$_/systemd-analyze" } split /:/, $ENV{PATH};
plan skip_all => 'systemd-analyze is not installed' if !@analyze;

# As `make install` makes them, for programs that are there.
my $build   = build_dir();
my $dir     = temp_dir('units');
my $made    = qx{make -C '$build' install-systemd DESTDIR='$dir' unitdir=/units sbindir='$build' runstatedir=/run 2>&1};
my $service = "$dir/units/supertokens.service";
my $socket  = "$dir/units/supertokens.socket";
ok((-s $service && -s $socket), 'they can be installed') || diag $made;

subtest 'systemd understands them' => sub {
    is qx{systemd-analyze verify --man=no '$service' '$socket' 2>&1}, q{}, 'without a warning';
    like read_file($socket), qr{^ListenStream=/run/supertokens/fcgi[.]sock$}m, 'the socket is where nginx looks for it';
};

subtest 'exposure' => sub {
    my $said = qx{systemd-analyze security --no-pager --offline=true --threshold=@{[EXPOSURE_MAX]} '$service' 2>&1};
    is($?, 0, 'is at most ' . EXPOSURE_MAX / 10) || diag $said;
    note $said =~ /(Overall exposure.*)/;
};

# The program that the stack starts: the real one below the filter.
my $program = write_file(temp_dir('program') . '/supertokens-fcgid',
    "#!/bin/sh\nexec '@{[top_dir()]}/t/sandbox/run' '$service' '$build/supertokens-fcgid' \"\$@\"\n", 0o755);

subtest 'the filter is in force' => sub {
    my @run = (top_dir() . '/t/sandbox/run', $service, $^X, '-MSocket', '-e');
    is system(@run, 'exit 0'), 0, 'ordinary programs run';
    is system(@run, 'chroot "/"') & 127, 31, 'one that goes beyond is ended (SIGSYS)';
    is system(@run, 'exit(socket(my $s, 16, SOCK_RAW, 0) ? 1 : $! + 0)') >> 8, 97, 'there are no other sockets than those that are needed';
};

my $mails = temp_dir('mails');
my $s     = ST::Stack->new(
    program => $ENV{ASAN_OPTIONS} || $ENV{TSAN_OPTIONS} ? undef : $program,    # sanitizers do what no service needs
    config  => { fcgi_workers => 2 },
    sites   => { example => { recipeList => [qw(emailPassword session userRoles)], emailDelivery => { directory => $mails } } },
);
my $auth = ST::Auth->new(url => $s->site_url, headers => { 'st-auth-mode' => 'cookie' });
sub form (%fields) { return { formFields => [map { { id => $_, value => $fields{$_} } } sort keys %fields] } }

subtest 'below it the service does its work' => sub {
    my $got = $auth->post('/signup', form(email => 'a@example.com', password => 'secret-1'));
    is $got->{json}{status}, 'OK', 'a user signs up';
    $got = $auth->post('/signin', form(email => 'a@example.com', password => 'secret-1'));
    is $got->{json}{status}, 'OK', 'and in';
    $got = $auth->post('/session/refresh', undef, cookies => { sRefreshToken => $got->{cookies}{sRefreshToken}{value} });
    is $got->{status}, 200, 'a session is refreshed';
    $got = $auth->post('/user/password/reset/token', form(email => 'a@example.com'));
    is $got->{json}{status}, 'OK', 'a mail is asked for';
    ok wait_until(20, sub { my @there = glob "$mails/*"; scalar @there }), 'and written';
};

subtest 'and goes on' => sub {
    my %old = map { ($_ => 1) } $s->service->workers;
    $s->service->reload;
    ok wait_until(30, sub { !grep { $old{$_} } $s->service->workers }), 'workers are replaced';
    is $auth->post('/signin', form(email => 'a@example.com', password => 'secret-1'))->{json}{status}, 'OK', 'and serve';
    my $pid = ($s->service->workers)[0];
    kill 'KILL', $pid;
    ok wait_until(30, sub { !grep { $_ == $pid } $s->service->workers }), 'one that died is replaced, too';
    my $before = $s->service->serving;
    $s->service->upgrade;
    ok wait_until(60, sub { $s->service->serving != $before }), 'the program replaces itself';
    is $auth->post('/signin', form(email => 'a@example.com', password => 'secret-1'))->{json}{status}, 'OK', 'and serves';
    is $s->service->stop, 0, 'it ends in order';
    unlike $s->service->log_text, qr/Bad system call|signal 31/, 'nothing was forbidden';
};

done_testing;

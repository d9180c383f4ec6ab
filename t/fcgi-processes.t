# SPDX-License-Identifier: Apache-2.0
# The master and its children: what dies is replaced, a reload loses nothing, an end is an orderly one.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use HTTP::Tiny ();
use Test::More;
use Time::HiRes qw(sleep time);

use ST::Env qw(patience temp_dir wait_until watchdog write_file);
use ST::Fcgi;
use ST::Nginx;

watchdog(180);
my $flag    = temp_dir('flag') . '/flag';
my $service = ST::Fcgi::stub(config => { fcgi_workers => 2 }, env => { STUB_FLAG_FILE => $flag });
my $nginx   = ST::Nginx->new(socket => $service->socket_path);
my $url     = $nginx->core_url;
my $http    = HTTP::Tiny->new(timeout => patience(20));

# The jobs process has no request threads.
sub is_worker ($pid) { return 0 + grep { ST::Env::read_file($_) =~ /^request-/ } glob "/proc/$pid/task/*/comm" }
sub workers () { return grep { is_worker($_) } $service->workers }
sub jobs ()    { return grep { !is_worker($_) } $service->workers }

# N of them, and none of OLD.
sub has_workers ($n, @old) {
    my %old = map { ($_ => 1) } @old;
    return wait_until(10, sub { my @pids = workers; @pids == $n && $service->workers == $n + 1 && !grep { $old{$_} } @pids });
}

sub load ($n, $path) {
    return ST::Fcgi::load_start($n, sub ($i) {
        state $client = HTTP::Tiny->new(timeout => patience(20), keep_alive => 1);
        my $got = $client->get("$url$path");
        return ($got->{status} == 200, "$got->{status} $got->{content}");
    });
}

ok has_workers(2), 'two workers and a jobs process';

subtest 'children that die' => sub {
    my $load = load(8, '/hello');
    sleep 0.5;
    my ($victim, $other) = workers;
    kill 'KILL', $victim;
    ok wait_until(5, sub { my @now = workers; @now == 2 && !grep { $_ == $victim } @now }), 'a killed worker is replaced';
    ok scalar(grep { $_ == $other } workers), 'the other one goes on';
    sleep 0.5;
    my $sum = ST::Fcgi::load_stop($load);
    # What was in progress, and what nginx sends into connections before it notices that they are closed.
    cmp_ok $sum->{failures}, '<=', 12, "of $sum->{calls} requests at most those in the killed worker are lost" or diag explain $sum->{texts};
    like $service->log_text, qr/worker $victim was killed by signal 9/, 'the log says what happened';

    my ($jobs) = jobs;
    kill 'KILL', $jobs;
    ok wait_until(5, sub { my @now = jobs; @now == 1 && $now[0] != $jobs }), 'a killed jobs process is replaced';

    is $http->get("$url/crash")->{status}, 502, 'a request that crashes its worker';
    ok has_workers(2), 'costs no worker for long';
    is $http->get("$url/hello")->{status}, 200, 'and the service goes on';
};

subtest 'a worker that cannot start' => sub {
    my $mark = $service->log_mark;
    write_file($flag, 'crash');
    my ($victim) = workers;
    my $begun = time;
    kill 'KILL', $victim;
    ok wait_until(20, sub { my $tries = () = $service->log_since($mark) =~ /was killed by signal 6/g; $tries >= 5 }), 'is started again';
    cmp_ok time - $begun, '>=', 1.4, 'with growing pauses';    # 0.1 + 0.2 + 0.4 + 0.8 s at least
    is $http->get("$url/hello")->{status}, 200, 'while the other worker serves';
    unlink $flag;
    ok has_workers(2), 'until it starts';
};

subtest 'reload' => sub {
    my @before = workers;
    my $mark   = $service->log_mark;
    $service->write_config(access_token_validity => 0);
    $service->reload;
    ok $service->wait_log(qr/not reloaded.*'access_token_validity' must be between 1 and 86400000/, $mark), 'an invalid configuration is refused';
    is_deeply [workers], \@before, 'and changes nothing';

    $mark = $service->log_mark;
    $service->write_config(access_token_validity => 3600);
    write_file($flag, 'fail');
    $service->reload;
    ok $service->wait_log(qr/not reloaded.*the stub was told to fail/, $mark), 'workers that do not start are refused';
    unlink $flag;
    ok has_workers(2), 'no process is left over';
    is_deeply [workers], \@before, 'the old ones go on';

    $service->write_config(fcgi_workers => 3);
    $service->reload;
    ok has_workers(3, @before), 'a valid one is used by new workers';
};

subtest 'seven reloads under load' => sub {
    my $mark = $service->log_mark;
    my $load = load(16, '/hello');
    my $slow = load(2, '/slow?700');
    my $hash = load(2, '/hash?9');
    for my $n (1 .. 7) {
        sleep 0.5;
        $service->reload;
        wait_until(10, sub { my $done = () = $service->log_since($mark) =~ /was reloaded/g; $done == $n });
    }
    sleep 0.5;
    my $sum = ST::Fcgi::load_stop($load);
    is $sum->{failures}, 0, "none of $sum->{calls} requests is lost" or diag $sum->{texts}[0];
    $sum = ST::Fcgi::load_stop($slow);
    is $sum->{failures}, 0, "and none of $sum->{calls} slow ones" or diag $sum->{texts}[0];
    $sum = ST::Fcgi::load_stop($hash);
    is $sum->{failures}, 0, "and none of $sum->{calls} that hash passwords" or diag $sum->{texts}[0];
    my $done = () = $service->log_since($mark) =~ /was reloaded/g;
    is $done, 7, 'seven times';
    ok has_workers(3), 'all old workers have ended';
};

# A request that is in progress, and what it lacks.
sub begin_request () {
    my $bytes      = ST::Fcgi::whole('/body', body => 'x' x 1000);
    my $rest       = substr $bytes, -500, 500, q{};
    my $connection = ST::Fcgi->connect($service);
    $connection->send($bytes);
    wait_until(10, sub { $connection->is_read }) or die "nobody reads\n";
    return { connection => $connection, rest => $rest };
}

subtest 'the end' => sub {
    $service->write_config(fcgi_drain_timeout => 600_000);    # so that this ends nothing
    $service->restart;
    my $idle = ST::Fcgi->connect($service);
    is $idle->ask('/hello')->{status}, 200, 'a connection is kept';
    my @begun = map { begin_request() } 1 .. 2;
    $service->proc->signal('TERM');
    ok wait_until(10, sub { !eval { ST::Fcgi->connect($service) } }), 'SIGTERM: new connections are refused at once';
    ok $service->proc->alive, 'not only when all has ended';
    $_->{connection}->send($_->{rest}) for @begun;
    is_deeply [map { $_->{connection}->answer->{status} } @begun], [200, 200], 'requests in progress are finished';
    is $service->stop, 0, 'the service ends with status 0';
    ok $idle->is_closed, 'what is kept does not hold it up';
    ok !-e $service->socket_path, 'the socket is gone';

    $service->write_config(fcgi_drain_timeout => 500);
    $service->start;
    my $endless = begin_request();
    is $service->stop, 0, 'a request that takes too long does not hold it up either';
    like $service->log_text, qr/requests were given up/, 'which the log says';

    $service->start;
    my @pids = $service->workers;
    kill 'KILL', $service->master;
    ok wait_until(10, sub { !grep { -d "/proc/$_" } @pids }), 'without their master the children end';
    ok -S $service->socket_path, 'a killed master leaves its socket';
    $service->start;
    ok wait_until(10, sub { $http->get("$url/hello")->{status} == 200 }), 'which the next one replaces';
    is sprintf('%o', (stat $service->socket_path)[2] & 0777), '660', 'with the right mode';
};

$service->stop;
done_testing;

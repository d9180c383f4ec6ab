# SPDX-License-Identifier: Apache-2.0
# Processes that hang: the master replaces them. And the signs of life that it gives to systemd in turn: only while some
# worker serves.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep);

use ST::Env qw(patience temp_dir wait_until watchdog write_file);
use ST::Fcgi;
use ST::Notify;

watchdog(180);
use constant THREADS => 3;

my $dir     = temp_dir('watchdog');
my $flag    = "$dir/flag";
my $systemd = ST::Notify->new;
my $service = ST::Fcgi::stub(
    config => { fcgi_workers => 2, max_server_pool_size => THREADS, fcgi_hang_timeout => patience(2000), fcgi_request_timeout => 1000 },
    env    => { STUB_FLAG_FILE => $flag, NOTIFY_SOCKET => $systemd->path, WATCHDOG_USEC => 300_000 },
);

# The jobs process has no request threads.
sub is_worker ($pid) { return 0 + grep { ST::Env::read_file($_) =~ /^request-/ } glob "/proc/$pid/task/*/comm" }
sub workers () { return grep { is_worker($_) } $service->workers }
sub jobs ()    { return grep { !is_worker($_) } $service->workers }
sub serve ($n) { return wait_until(30, sub { workers() == $n }) }
sub replaced ($pid) { return wait_until(60, sub { !-d "/proc/$pid" && workers() == 2 && jobs() == 1 }) }

ok serve(2), 'two workers';

subtest 'a process that stands still' => sub {
    for my $kind (qw(worker jobs)) {
        my $mark = $service->log_mark;
        my ($victim) = $kind eq 'worker' ? workers() : jobs();
        kill 'STOP', $victim;
        ok replaced($victim), "$kind: it is replaced";
        like $service->log_since($mark), qr/ $victim hangs and is aborted.* $victim was killed by signal \d+ .*; another one is started/s, 'and the log says why';
        is(ST::Fcgi->connect($service)->ask('/hello')->{status}, 200, 'the service goes on');
    }
};

subtest 'a worker whose threads all hang' => sub {
    my $mark = $service->log_mark;
    write_file($flag, 'hold');
    my @asked;
    for (1 .. 4 * THREADS) {    # until one of them has no thread left
        my $c = ST::Fcgi->connect($service);
        $c->send(ST::Fcgi::whole('/hold'));
        push @asked, $c;
    }
    ok wait_until(60, sub { $service->log_since($mark) =~ /worker \d+ hangs and is aborted/ }), 'is replaced as well';
    like $service->log_since($mark), qr/all request threads have been busy/, 'and has said why';
    unlink $flag;    # what other workers have taken of them ends
    $_->close for @asked;
    ok wait_until(60, sub { eval { ST::Fcgi->connect($service)->ask('/hello')->{status} == 200 } }), 'the service goes on';
};

subtest 'signs of life' => sub {
    ok $systemd->hears(qr/^WATCHDOG=1$/m, $systemd->mark), 'they come';
    write_file($flag, 'crash');
    my $mark   = $service->log_mark;
    my @killed = workers();
    kill 'KILL', @killed;
    ok $service->wait_log(qr/worker $_ was killed by signal/, $mark, 30), 'the master knows of a worker that is gone' for @killed;
    ok serve(0), 'no worker serves any more';
    $mark = $systemd->mark;
    sleep 1.5;    # fifteen times as long as they would take
    is $systemd->since($mark), q{}, 'they have ended, so that systemd starts everything anew';
    unlink $flag;
    ok serve(2), 'workers are back before it does';
    ok $systemd->hears(qr/^WATCHDOG=1$/m, $mark), 'they come again';
};

is $service->stop, 0, 'the end';
done_testing;

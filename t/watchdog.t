# SPDX-License-Identifier: Apache-2.0
# Processes that hang: the master replaces them. And the signs of life that it gives to systemd in turn: only while some
# worker serves.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Socket::UNIX ();
use Socket           qw(SOCK_DGRAM);
use Test::More;
use Time::HiRes qw(sleep);

use ST::Env qw(temp_dir wait_until watchdog write_file);
use ST::Fcgi;

watchdog(180);
use constant THREADS => 3;

my $dir     = temp_dir('watchdog');
my $flag    = "$dir/flag";
my $inbox   = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "$dir/notify") or die "notify: $!\n";
my $service = ST::Fcgi::stub(
    config => { fcgi_workers => 2, max_server_pool_size => THREADS, fcgi_hang_timeout => 2000, fcgi_request_timeout => 1000 },
    env    => { STUB_FLAG_FILE => $flag, NOTIFY_SOCKET => "$dir/notify", WATCHDOG_USEC => 300_000 },
);
$inbox->blocking(0);

# What systemd was told since the last call.
sub news () {
    my ($text, $all) = (undef, q{});
    $all .= "$text\n" while defined $inbox->recv($text, 4096);
    return $all;
}

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
    my %pids = map { ($_ => []) } workers();
    my @asked;
    for (1 .. 4 * THREADS) {    # until one of them has no thread left
        my $c = ST::Fcgi->connect($service);
        $c->send(ST::Fcgi::whole('/slow?60000'));
        push @asked, $c;
    }
    ok wait_until(60, sub { $service->log_since($mark) =~ /worker \d+ hangs and is aborted/ }), 'is replaced as well';
    like $service->log_since($mark), qr/all request threads have been busy/, 'and has said why';
    $_->close for @asked;
    ok wait_until(60, sub { eval { ST::Fcgi->connect($service)->ask('/hello')->{status} == 200 } }), 'the service goes on';
};

subtest 'signs of life' => sub {
    news();
    ok wait_until(20, sub { news() =~ /^WATCHDOG=1$/m }), 'they come';
    write_file($flag, 'crash');
    kill 'KILL', workers();
    ok serve(0), 'no worker serves any more';
    sleep 0.5;
    news();
    sleep 1.5;    # five times as long as they would take
    is news(), q{}, 'they have ended, so that systemd starts everything anew';
    unlink $flag;
    ok serve(2), 'workers are back before it does';
    ok wait_until(20, sub { news() =~ /^WATCHDOG=1$/m }), 'they come again';
};

is $service->stop, 0, 'the end';
done_testing;

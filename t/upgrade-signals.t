# SPDX-License-Identifier: Apache-2.0
# What may happen while the program is being replaced (SIGUSR2): other signals, deaths, a successor that fails. And what
# systemd is told.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep);

use ST::Env qw(patience temp_dir wait_until watchdog write_file);
use ST::Fcgi;
use ST::Notify;

watchdog(180);
my $dir     = temp_dir('signals');
my $flag    = "$dir/flag";
my $service = ST::Fcgi::stub(config => { fcgi_workers => 1, fcgi_drain_timeout => patience(20_000) }, env => { STUB_FLAG_FILE => $flag });

sub hello ()         { return eval { ST::Fcgi->connect($service)->ask('/hello')->{status} } // 0 }
sub logged ($p, $m)  { return $service->wait_log($p, $m, 20) }
sub have_gone (@all) { return wait_until(20, sub { !grep { -d "/proc/$_" } @all }) }

# With all of its workers: one that still starts would do what the successor is told to.
sub start () {
    my $mark = $service->log_mark;
    $service->start;
    return ok logged(qr/Started SuperTokens/, $mark), 'the service runs';
}

# What the successor does when it starts: see the stub. Nothing lets go what is held up, too.
sub will (@word) { return @word ? write_file($flag, $word[0]) : unlink $flag }

# A request that the worker of now has begun with, and that ends after will().
sub hold () {
    will('hold');
    my $c = ST::Fcgi->connect($service);
    is $c->ask('/hello')->{status}, 200, 'a connection of the worker';
    $c->send(ST::Fcgi::whole('/hold'));
    return $c;
}

# A successor is starting, and goes on with that after will().
sub begin_upgrade () {
    will('slow');
    my $mark = $service->log_mark;
    $service->upgrade;
    ok logged(qr/to take over/, $mark), 'a successor starts';
    ok wait_until(10, sub { ST::Proc::descendants($service->serving) >= 5 }), 'with processes of its own';    # itself and two, beside our two
    return $mark;
}

ok logged(qr/Started SuperTokens/, 0), 'the service runs';

subtest 'a successor that fails' => sub {
    my $before = $service->serving;
    my $mark   = $service->log_mark;
    $service->write_config(access_token_validity => 0);
    $service->upgrade;
    ok logged(qr/not replaced.*'access_token_validity' must be between/, $mark), 'an invalid configuration';
    $service->write_config(access_token_validity => 3600);
    will('fail');
    for my $word ('fail', 'crash') {
        $mark = $service->log_mark;
        will($word);
        $service->upgrade;
        ok logged($word eq 'fail' ? qr/not replaced.*the stub was told to fail/ : qr/not replaced.*was killed by signal 6/, $mark), "workers that $word";
    }
    will();
    ok wait_until(10, sub { ST::Proc::descendants($service->master) == 2 }), 'no process is left over';
    is hello, 200, 'the service goes on';
    $mark = begin_upgrade;
    kill 'KILL', grep { my $pid = $_; ST::Proc::children($pid) } ST::Proc::children($before);
    ok logged(qr/not replaced.*successor \d+ was killed by signal 9/, $mark), 'one that is killed';
    is hello, 200, 'costs nothing';
    is $service->serving, $before, 'all the time it was the same process';
    will();
};

subtest 'SIGHUP meanwhile' => sub {
    my $mark = begin_upgrade;
    $service->write_config(fcgi_workers => 2);
    $service->reload;
    will();
    ok logged(qr/Started SuperTokens.*the configuration was reloaded; 2 new workers/s, $mark), 'is done by the successor';
    is hello, 200, 'which serves';
    $mark = begin_upgrade;
    will('fail');
    $service->reload;    # waits
    sleep 0.2;
    kill 'KILL', grep { my $pid = $_; ST::Proc::children($pid) } ST::Proc::children($service->serving);
    ok logged(qr/not replaced.*not reloaded.*told to fail/s, $mark), 'or afterwards here, when there is none';
    will('slow');
    $mark = $service->log_mark;
    my $before = ST::Proc::children($service->serving);
    $service->reload;
    ok wait_until(10, sub { ST::Proc::children($service->serving) > $before }), 'new workers start';
    $service->upgrade;
    will();
    ok logged(qr/was reloaded.*to take over.*Started SuperTokens/s, $mark), 'and an upgrade waits for the end of a reload';
    is hello, 200, 'it serves';
};

subtest 'the end meanwhile' => sub {
    for my $signal (qw(TERM QUIT)) {
        start if !$service->proc->alive;
        begin_upgrade;
        my @all = ST::Proc::descendants($service->master);
        $service->proc->signal($signal);
        will();
        ok $service->proc->wait_end(30), "SIG$signal ends it";
        is $service->proc->status, 0, 'in order';
        ok have_gone(@all), 'with all processes';
        ok !-e $service->socket_path, 'and the socket';
    }
    start;
    begin_upgrade;
    my @all = ST::Proc::descendants($service->master);
    $service->proc->signal('KILL');
    $service->proc->wait_end(10);
    will();
    ok have_gone(@all), 'a master that is killed takes the successor with it';
    start;
    is hello, 200, 'and the next one serves';
};

subtest 'what systemd is told' => sub {
    $service->stop;
    my $mark    = $service->log_mark;
    my $systemd = ST::Notify->new;
    $service->{env}{NOTIFY_SOCKET} = $systemd->path;
    $service->{env}{WATCHDOG_USEC} = 600_000;
    start;
    ok $systemd->hears(qr/^READY=1$/m), 'the service is ready';
    my $held  = hold();
    my $begun = $systemd->mark;
    $service->upgrade;
    ok $systemd->hears(qr/^RELOADING=1\nMONOTONIC_USEC=\d+\n/m, $begun), 'RELOADING=1 with the time';
    ok $systemd->hears(qr/^MAINPID=\d+\nREADY=1\n/m, $begun), 'MAINPID=, which ends it';
    my ($new) = $systemd->heard($begun) =~ /^MAINPID=(\d+)/m;
    ok logged(qr/Started SuperTokens on \S+ with PID: $new\n/, $mark), 'of the successor';
    ok $systemd->hears(qr/^MAINPID=.*(?:^WATCHDOG=1\n.*?){3}/ms, $begun), 'which goes on with the signs of life';
    ok $service->proc->alive, 'the one before is there as long as it has something to do';
    will();
    is $held->answer->{status}, 200, 'a request in progress is finished';
    $held->close;
    ok $service->proc->wait_end(20), 'then it ends';
    is $service->proc->status, 0, 'in order';
    is hello, 200, 'the successor serves';
    my @all = ($new, ST::Proc::descendants($new));
    kill 'TERM', $new;
    ok $systemd->hears(qr/^STOPPING=1$/m, $begun), 'until it is told to stop';
    ok have_gone(@all), 'with all of its processes';
    ok !-e $service->socket_path, 'and the socket';
};

subtest 'the successor is killed while the one before finishes' => sub {
    my $systemd = ST::Notify->new;
    $service->{env}{NOTIFY_SOCKET} = $systemd->path;
    start;
    my $held = hold();
    $service->upgrade;
    ok wait_until(20, sub { $service->serving != $service->master }), 'the successor serves';
    kill 'KILL', $service->serving;
    my $pid = $service->master;
    ok $systemd->hears(qr/^MAINPID=$pid$/m), 'systemd is to see the one before as that of the service';
    will();
    is $held->answer->{status}, 200, 'a request in progress is finished all the same';
    ok $service->proc->wait_end(20), 'the one before ends';
    is $service->proc->status >> 8, 1, 'with a failure';
};

delete @{ $service->{env} }{qw(NOTIFY_SOCKET WATCHDOG_USEC)};
start;
is $service->stop, 0, 'and the end';
done_testing;

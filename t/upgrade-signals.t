# SPDX-License-Identifier: Apache-2.0
# What may happen while the program is being replaced (SIGUSR2): other signals, deaths, a successor that fails. And what
# systemd is told.
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
my $dir     = temp_dir('signals');
my $flag    = "$dir/flag";
my $service = ST::Fcgi::stub(config => { fcgi_workers => 1 }, env => { STUB_FLAG_FILE => $flag });

sub hello ()         { return eval { ST::Fcgi->connect($service)->ask('/hello')->{status} } // 0 }
sub serves ()        { return wait_until(20, sub { hello == 200 && $service->serving }) }
sub logged ($p, $m)  { return $service->wait_log($p, $m, 20) }
sub have_gone (@all) { return wait_until(20, sub { !grep { -d "/proc/$_" } @all }) }

# What the successor does when it starts: see the stub.
sub will (@word) { return @word ? write_file($flag, $word[0]) : unlink $flag }

# A successor is starting, and takes its time.
sub begin_upgrade () {
    will('slow');
    my $mark = $service->log_mark;
    $service->upgrade;
    ok logged(qr/to take over/, $mark), 'a successor starts';
    ok wait_until(10, sub { ST::Proc::descendants($service->serving) >= 5 }), 'with processes of its own';    # itself and two, beside our two
    return $mark;
}

ok serves, 'the service runs';

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
    ok logged(qr/Started SuperTokens.*the configuration was reloaded; 2 new workers/s, $mark), 'is done by the successor';
    is hello, 200, 'which serves';
    will();
    $mark = begin_upgrade;
    will('fail');
    $service->reload;    # waits
    sleep 0.2;
    kill 'KILL', grep { my $pid = $_; ST::Proc::children($pid) } ST::Proc::children($service->serving);
    ok logged(qr/not replaced.*not reloaded.*told to fail/s, $mark), 'or afterwards here, when there is none';
    will('slow');
    $mark = $service->log_mark;
    $service->reload;
    sleep 0.2;
    $service->upgrade;
    ok logged(qr/was reloaded.*to take over.*Started SuperTokens/s, $mark), 'and an upgrade waits for the end of a reload';
    is hello, 200, 'it serves';
    will();
};

subtest 'the end meanwhile' => sub {
    for my $signal (qw(TERM QUIT)) {
        $service->start if !$service->proc->alive;
        ok serves, 'the service runs';
        begin_upgrade;
        my @all = ST::Proc::descendants($service->master);
        $service->proc->signal($signal);
        ok $service->proc->wait_end(30), "SIG$signal ends it";
        is $service->proc->status, 0, 'in order';
        ok have_gone(@all), 'with all processes';
        ok !-e $service->socket_path, 'and the socket';
    }
    $service->start;
    begin_upgrade;
    my @all = ST::Proc::descendants($service->master);
    $service->proc->signal('KILL');
    $service->proc->wait_end(10);
    ok have_gone(@all), 'a master that is killed takes the successor with it';
    will();
    $service->start;
    ok serves, 'and the next one serves';
};

subtest 'what systemd is told' => sub {
    $service->stop;
    my $inbox = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "$dir/notify") or die "notify: $!\n";
    $inbox->blocking(0);
    my $heard = q{};
    my $hears = sub ($pattern) {
        return wait_until(20, sub { my $text; $heard .= "$text\n" while defined $inbox->recv($text, 4096); $heard =~ $pattern });
    };
    $service->{env}{NOTIFY_SOCKET} = "$dir/notify";
    $service->{env}{WATCHDOG_USEC} = 600_000;
    $service->start;
    ok $hears->(qr/^READY=1$/m), 'the service is ready';
    my $mark = $service->log_mark;
    my $slow = ST::Fcgi->connect($service);
    $slow->send(ST::Fcgi::whole('/slow?3000'));
    sleep 0.3;
    $heard = q{};
    $service->upgrade;
    ok $hears->(qr/^RELOADING=1\nMONOTONIC_USEC=\d+\n/m), 'RELOADING=1 with the time';
    ok $hears->(qr/^MAINPID=\d+\nREADY=1\n/m), 'MAINPID=, which ends it';
    my ($new) = $heard =~ /^MAINPID=(\d+)/m;
    ok logged(qr/Started SuperTokens on \S+ with PID: $new\n/, $mark), 'of the successor';
    ok $hears->(qr/^MAINPID=.*(?:^WATCHDOG=1\n.*?){3}/ms), 'which goes on with the signs of life';
    ok -d '/proc/' . $service->master, 'the one before is there as long as it has something to do';
    is $slow->answer->{status}, 200, 'a request in progress is finished';
    $slow->close;
    ok $service->proc->wait_end(20), 'then it ends';
    is $service->proc->status, 0, 'in order';
    is hello, 200, 'the successor serves';
    my @all = ($new, ST::Proc::descendants($new));
    $hears->(qr/^WATCHDOG=1$/m);    # empties the inbox, which takes ten messages
    kill 'TERM', $new;
    ok $hears->(qr/^STOPPING=1$/m), 'until it is told to stop';
    ok have_gone(@all), 'with all of its processes';
    ok !-e $service->socket_path, 'and the socket';
};

subtest 'the successor is killed while the one before finishes' => sub {
    unlink "$dir/notify";
    my $inbox = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "$dir/notify") or die "notify: $!\n";
    my $mark  = $service->log_mark;
    $service->start;
    my $slow = ST::Fcgi->connect($service);
    $slow->send(ST::Fcgi::whole('/slow?8000'));
    sleep 0.3;
    $service->upgrade;
    ok wait_until(20, sub { $service->serving != $service->master }), 'it serves';
    kill 'KILL', $service->serving;
    is $slow->answer->{status}, 200, 'a request in progress is finished all the same';
    ok $service->proc->wait_end(20), 'the one before ends';
    is $service->proc->status >> 8, 1, 'with a failure';
    my $heard = q{};
    my $text;
    $inbox->blocking(0);
    $heard .= "$text\n" while defined $inbox->recv($text, 4096);
    my $pid = $service->master;
    like $heard, qr/^MAINPID=$pid$/m, 'which systemd is to see as that of the service';
};

delete @{ $service->{env} }{qw(NOTIFY_SOCKET WATCHDOG_USEC)};
$service->start;
ok serves, 'a new start';
is $service->stop, 0, 'and the end';
done_testing;

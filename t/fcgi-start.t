# SPDX-License-Identifier: Apache-2.0
# Starting: what is refused and in which words, sockets and messages of systemd, log rotation, the command line.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Socket::INET ();
use IO::Socket::UNIX ();
use Test::More;

use ST::Env qw(free_port read_file temp_dir wait_until watchdog write_file);
use ST::Fcgi;
use ST::Notify;
use ST::Proc;

watchdog(90);
my $program = ST::Fcgi::program();
my $service = ST::Fcgi::stub();
my $dir     = temp_dir('start');
my @config  = ('--config', $service->{config_file});

# Runs the program to its end, or for as long as CODE does.
sub run ($args, %opt) {
    state $n = 0;
    my $log  = "$dir/log" . ++$n;
    my $proc = ST::Proc->new(name => 'fcgi-stub', log => $log, cmd => [@{ $opt{before} // [] }, $program, @$args],
        env => { PATH => $ENV{PATH}, %{ $opt{env} // {} } });
    if   ($opt{while}) { $opt{while}->($proc); $proc->stop }
    else               { $proc->wait_end(20) or die "still running\n" . $proc->tail }
    return { status => $proc->status >> 8, text => $proc->log_text };
}

sub crashed ($got, $message, $name) {
    is $got->{status}, 1, "$name: status 1";
    my $count = () = $got->{text} =~ /^\e\[31mTenant\(, public, public\) \| What caused the crash: \Q$message\E/mg;
    is $count, 2, 'and the reason, twice' or diag $got->{text};
    return;
}

subtest 'the command line' => sub {
    my $help = run(['--help']);
    is $help->{status}, 0, '--help';
    like $help->{text}, qr/--config FILE .*--workers N .*--test-mode/s, 'lists the options';
    like run(['--version'])->{text}, qr/^supertokens-fcgid /, '--version';
    is run(['--nonsense'])->{status}, 2, 'an unknown option';
    is run(['nonsense'])->{status}, 2, 'an argument';
    is run(['--workers', '0'])->{status}, 2, 'no workers';
    is run([@config, '--check'])->{status}, 0, '--check of a valid configuration';
};

subtest 'what is refused' => sub {
    my $bad = write_file("$dir/bad.yaml", "core_config_version: 0\npostgresql_user: x\naccess_token_validity: 0\n");
    my $why = 'io.supertokens.pluginInterface.exceptions.InvalidConfigException: ' .
      "'access_token_validity' must be between 1 and 86400000 seconds inclusive. The config file can be found here: $bad";
    crashed(run(['--config', $bad]), $why, 'an invalid configuration');
    is run(['--config', $bad, '--check'])->{status}, 1, 'also with --check';
    crashed(run([@config, '--socket', "$dir/x.sock"], env => { STUB_NO_SCHEMA => 1 }), 'no database', 'no database');
    my $flag = write_file("$dir/flag", 'fail');
    crashed(run([@config, '--socket', "$dir/x.sock"], env => { STUB_FLAG_FILE => $flag }), 'the stub was told to fail', 'a worker that cannot start');
    crashed(run([@config, '--socket', $service->socket_path]), 'Error while starting webserver. Possible reasons:', 'a socket that someone serves');
    crashed(run([@config, '--socket', "$dir/none/x.sock"]), 'Error while starting webserver. Possible reasons:', 'a directory that does not exist');
    write_file("$dir/file", 'data');
    crashed(run([@config, '--socket', "$dir/file"]), 'Error while starting webserver. Possible reasons:', 'a file that is no socket');
    is read_file("$dir/file"), 'data', 'is left alone';
    is(ST::Fcgi->connect($service)->ask('/hello')->{status}, 200, 'the running service is not disturbed');
    for my $name (qw(NOTIFY_SOCKET INVOCATION_ID)) {
        my $got = run([@config, '--test-mode', '--socket', "$dir/x.sock"], env => { $name => '/x' });
        is $got->{status}, 1, "test mode with $name";
        like $got->{text}, qr/--test-mode is refused in a systemd unit/, 'says why';
    }
};

subtest 'an installation directory' => sub {
    my $home = temp_dir('home');
    my $yaml = "core_config_version: 0\npostgresql_user: x\nhost: 127.0.0.1\nport: 4000\nfcgi_workers: 0\nbase_path: ";
    write_file("$home/config.yaml", "$yaml/auth//st/\n");
    my $found = "$home/.started/127.0.0.1-4000";
    run(['--install-dir', $home, '--socket', "$dir/home.sock"], while => sub ($proc) {
        my $pid = $proc->pid;
        ok wait_until(10, sub { -s $found }), 'holds the file by which other programs find the service';
        is read_file($found), "$pid\n/auth/st", 'the pid and the base path';
        is sprintf('%o', (stat $found)[2] & 0777), '644', 'for others to read';
        ok wait_until(10, sub { read_file("$home/logs/info.log") =~ /Started SuperTokens on 127[.]0[.]0[.]1:4000 with PID: $pid\n/ }), 'and the logs';
        chomp(my $processors = qx{nproc});
        # One more while the name of the database's host is resolved.
        ok wait_until(10, sub { ST::Proc::children($pid) == $processors + 1 }), 'without a number there is a worker for each processor, and a process for jobs';
        write_file("$home/config.yaml", "$yaml/\n");
        $proc->signal('HUP');
        ok wait_until(10, sub { read_file($found) eq "$pid\n" }), 'a reload writes it anew';
        $proc->signal('TERM');
        $proc->wait_end(10);
        ok !-e $found, 'the end removes it';
    });
    write_file("$home/config.yaml", "$yaml\ninfo_log_path: $home/no/where/info.log\n");
    crashed(run(['--install-dir', $home, '--socket', "$dir/home.sock"]), "cannot open log file $home/no/where/info.log: No such file or directory", 'a log file that cannot be opened');
};

subtest 'the directory of a systemd unit' => sub {
    my $unit  = temp_dir('unit');
    my $umask = umask 0077;    # as the unit's
    run([@config, '--socket', "$dir/unit.sock"], env => { RUNTIME_DIRECTORY => $unit }, while => sub ($proc) {
        ok wait_until(10, sub { -s "$unit/.started/localhost-3567" }), 'holds the file, too';
        is sprintf('%o', (stat "$unit/.started")[2] & 0777),                '755', 'for others to find';
        is sprintf('%o', (stat "$unit/.started/localhost-3567")[2] & 0777), '644', 'and read';
    });
    umask $umask;
    run([@config, '--socket', "$dir/unit.sock", '--temp-dir', "$dir"], env => { RUNTIME_DIRECTORY => $unit }, while => sub ($proc) {
        ok wait_until(10, sub { -s "$dir/.started/localhost-3567" }), 'unless an option says otherwise';
        ok !-e "$unit/.started/localhost-3567", 'the first one is gone';
    });
};

# Hands sockets over as systemd does: as descriptors 3 and up.
my @hand_over = ($^X, '-MPOSIX=dup2', '-MIO::Socket', '-e', <<'PERL');
$^F = 20; # not closed by exec
my ($kind, $place) = splice @ARGV, 0, 2;
my $socket = $kind eq 'unix'
    ? IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $place, Listen => 64)
    : IO::Socket::INET->new(LocalAddr => "127.0.0.1:$place", Listen => 64, ReuseAddr => 1);
dup2(fileno $socket, 3) // die "dup2: $!";
@ENV{qw(LISTEN_FDS LISTEN_PID WATCHDOG_PID)} = (1, $$, $$);
exec @ARGV;
PERL

sub ask_hello ($path) {
    return eval { bless({ socket => IO::Socket::UNIX->new(Peer => $path) }, 'ST::Fcgi')->ask('/hello')->{body} };
}

subtest 'systemd' => sub {
    my $systemd = ST::Notify->new;
    run([@config], before => [@hand_over, 'unix', "$dir/given.sock"],
        env   => { NOTIFY_SOCKET => $systemd->path, WATCHDOG_USEC => 600_000 },
        while => sub ($proc) {
            ok $systemd->hears(qr/^READY=1$/m), 'READY=1 when it serves';
            is ask_hello("$dir/given.sock"), "Hello\n", 'on the socket that was handed over';
            ok $systemd->hears(qr/(?:^WATCHDOG=1\n.*?){3}/ms), 'WATCHDOG=1 again and again';
            $proc->signal('HUP');
            ok $systemd->hears(qr/^RELOADING=1\n.*^READY=1\n/ms), 'RELOADING=1 and READY=1 for a reload';
            $proc->signal('USR2');
            ok $systemd->hears(qr/^MAINPID=\d+\nREADY=1\n/m), 'another program takes over';
            ok $proc->wait_end(10), 'and this one ends';
            is ask_hello("$dir/given.sock"), "Hello\n", 'it has the socket';
            kill 'TERM', $systemd->heard =~ /^MAINPID=(\d+)/m;
            ok $systemd->hears(qr/^STOPPING=1$/m), 'STOPPING=1 in the end';
            ok -S "$dir/given.sock", 'which leaves the socket to its owner';
        });
    crashed(run([@config], before => [@hand_over, 'tcp', free_port()]), 'socket 3 of LISTEN_FDS is not a listening unix stream socket', 'TCP');
};

subtest 'log rotation' => sub {
    $service->stop;
    $service->write_config(info_log_path => "$dir/info.log", error_log_path => "$dir/error.log");
    $service->start;
    ok wait_until(10, sub { read_file("$dir/info.log") =~ /Started SuperTokens/ }), 'logs into a file';
    rename "$dir/info.log", "$dir/info.log.1";
    rename "$dir/error.log", "$dir/error.log.1";
    $service->proc->signal('USR1');
    ok wait_until(10, sub { -e "$dir/info.log" && -e "$dir/error.log" }), 'SIGUSR1 opens new ones';
    kill 'KILL', $service->workers;
    ok wait_until(10, sub { read_file("$dir/error.log") =~ /was killed by signal 9/ }), 'which are used';
};

is $service->stop, 0, 'the end';
done_testing;

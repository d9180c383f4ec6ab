# SPDX-License-Identifier: Apache-2.0
# ./dev run, as whoever tries it first: it says where it is, keeps what was entered, and stops as a whole.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Browser;
use ST::Core;
use ST::Env qw(bare_environment free_port port_is_free read_file temp_dir top_dir wait_until watchdog write_file);
use ST::Pg;
use ST::Proc;

watchdog(180);
my $data  = temp_dir('run') . '/data';
my ($port, $site) = (free_port, free_port);
my $core  = ST::Core->new(url => "http://127.0.0.1:$port");
my %user  = (email => 'a@example.com', password => 'secret-1');
my $ready = "ready: core http://127.0.0.1:$port, site http://127.0.0.1:$site\ntry:   curl http://127.0.0.1:$port/hello\n"
  . "or:    . $data/env; supertokens tenant list --config $data/config.yaml\n";

# What ./dev run does once everything is built.
sub run (%opt) {
    state $n = 0;
    return ST::Proc->new(
        name => 'dev run',
        log  => temp_dir('log') . '/out',
        env  => { bare_environment(), (map { ($_ => $ENV{$_}) } grep { defined $ENV{$_} } qw(ST_BUILD ST_SLOW)), %{ $opt{env} // {} } },
        cmd  => [$^X, top_dir() . '/tools/run-stack', '--core-port', $port, '--site-port', $site, '--data', $opt{data} // $data, @{ $opt{args} // [] }],
        $opt{user} ? (user => $opt{user}) : (),
    );
}

sub is_ready ($run) { return wait_until(60, sub { !$run->alive || $run->log_text =~ /^or:/m }) && $run->alive }

# Ends it by a signal; nothing of it may be left.
sub ends ($run, $signal, $said) {
    my @pids = ST::Proc::descendants($run->pid);
    cmp_ok scalar @pids, '>', 5, 'PostgreSQL, the service and nginx run';
    $run->signal($signal);
    ok $run->wait_end(30), "SIG$signal ends it";
    is $run->status, 0, 'status 0';
    like $run->log_text, qr/^\Q$said\E: stopping$/m, 'it says why';
    ok wait_until(10, sub { !grep { -d "/proc/$_" } @pids }), 'all its processes have ended';
    ok port_is_free($port), 'the port is free';
    return;
}

# The example site, without its login pages, which need a browser (t/pages-*.t, t/browser-*.t).
sub visits_site ($run) {
    my $browser = ST::Browser->new("http://127.0.0.1:$site");
    my sub page ($path) { return $browser->request('GET', $path, undef, accept => 'text/html') }
    like page('/')->{text}, qr/nothing but nginx/, 'the example site is there';
    is page('/login')->{status}, 308, 'and its login pages';
    my $closed = page('/members/');
    is "$closed->{status} $closed->{headers}{location}", "302 http://127.0.0.1:$site/login/?redirectToPath=%2Fmembers%2F", 'members only';

    my @email = { id => 'email', value => 'b@example.com' };
    my $up    = $browser->post('/auth/signup', { formFields => [@email, { id => 'password', value => 'secret-11' }] });
    my $id    = $up->{json}{user}{id} // die "not signed up: $up->{text}\n";
    my $open  = page('/members/');
    like $open->{text}, qr/"members-only"/, 'a member gets the page';
    is $open->{headers}{'cache-control'}, 'no-store', 'which no browser keeps';
    like page('/who/')->{text}, qr{<dd id="who-user-id">\Q$id\E</dd>}, 'nginx says who it is';

    is $browser->post('/auth/user/password/reset/token', { formFields => \@email })->{json}{status}, 'OK', 'a forgotten password';
    my $link = qr{^mail:  password-reset for b\@example\.com: http://127\.0\.0\.1:$site/login/reset-password\?token=\S+$}m;
    ok wait_until(20, sub { $run->log_text =~ $link }), 'the link of the mail is shown' or diag $run->tail;
    return;
}

subtest 'the first time' => sub {
    my $run = run();
    ok is_ready($run), 'it starts' or diag $run->tail;
    is $run->log_text, "creating the database\n$ready", 'and says where it is, and what to try';
    is qx{curl -s http://127.0.0.1:$port/hello}, "Hello\n", 'which works' if grep { -x "$_/curl" } split /:/, $ENV{PATH};
    for my $hex (map { sprintf '%04X', $_ } $port, $site) {
        is_deeply [map { /: ([0-9A-F]+):$hex 0+:0000 0A / } split /\n/, read_file('/proc/net/tcp') . read_file('/proc/net/tcp6')],
          ['0100007F'], 'on the loopback address only';
    }
    visits_site($run);
    is $core->post('/recipe/signup', \%user)->{json}{status}, 'OK', 'a user signs up';
    my ($command) = $run->log_text =~ /^or: +(.+)/m;
    like qx{$command 2>&1}, qr/\bpublic\b/, 'the supertokens command works beside it';
    $command =~ s/tenant list/user find --email $user{email}/;
    like qx{$command 2>&1}, qr/\Q$user{email}\E/, 'and finds the user';

    my $other = run();
    ok $other->wait_end(20), 'a second one with the same data';
    is $other->status >> 8, 1, 'is refused';
    like $other->log_text, qr/port $port is in use/, 'because of the port' or diag $other->log_text;
    ends($run, 'TERM', 'SIGTERM');
};

subtest 'again, from the terminal of a desktop' => sub {
    my $run = run(env => { INVOCATION_ID => 'x', NOTIFY_SOCKET => '/run/x', POSTGRESQL_CONNECTION_URI => 'postgresql://x@other.example/db' },
        args => ['--test-mode']);
    ok is_ready($run), 'it starts, in test mode' or diag $run->tail;
    is $run->log_text, $ready, 'with the database that is there';
    is $core->post('/recipe/signin', \%user)->{json}{status}, 'OK', 'the user is still known';
    ends($run, 'INT', 'Ctrl-C');
};

subtest 'its configuration' => sub {
    my $example = read_file("$data/sites.d/example.yaml");
    write_file("$data/sites.d/example.yaml", $example =~ s/appName/appNmae/r);
    my $typo = run();
    ok $typo->wait_end(60), 'a site of which something is wrong';
    like $typo->log_text, qr{/sites\.d/example\.yaml, line \d+: appInfo\.appNmae: unknown key; did you mean appName\?}, 'ends it, and it is said';
    write_file("$data/sites.d/example.yaml", $example);
    write_file("$data/config.yaml", read_file("$data/config.yaml") . "access_token_dynamic_signing_key_update_interval: 0.001\n");
    my $run = run();
    ok $run->wait_end(60), 'what is wrong with it';
    is $run->status >> 8, 1, 'ends it';
    like $run->log_text, qr/access_token_dynamic_signing_key_update_interval' must be greater than/, 'and is said';
    $run = run(args => ['--test-mode']);
    ok is_ready($run), 'test mode is less strict' or diag $run->tail;

    my ($postgres) = grep { read_file("/proc/$_/comm") eq "postgres\n" } ST::Proc::children($run->pid);
    kill 'KILL', $postgres;
    ok $run->wait_end(30), 'when a part dies, the rest ends';
    is $run->status >> 8, 1, 'status 1';
    like $run->log_text, qr/^dev run: postgres ended \(signal 9\)/m, 'it says which';
};

SKIP: {
    skip 'not root', 1 if $>;
    skip 'the source tree is not for others to read', 1 if !ST::Pg::can_reach(top_dir() . '/tools');
    my $someone = 'www-data';
    subtest 'without being root' => sub {
        my $mine = temp_dir('someone');
        chown +(getpwnam $someone)[2, 3], $mine;
        my $run = run(user => $someone, data => $mine);
        ok is_ready($run), 'it starts' or diag $run->tail;
        is $core->get('/hello')->{text}, "Hello\n", 'and serves';
        is_deeply [grep { (stat "/proc/$_")[4] == 0 } ST::Proc::descendants($run->pid)], [], 'no part of it runs as root';
        ends($run, 'TERM', 'SIGTERM');
    };
}

done_testing;

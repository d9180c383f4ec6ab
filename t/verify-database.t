# SPDX-License-Identifier: Apache-2.0
# What the verify door asks of the database: one statement where a location says `check database`, nothing otherwise. PostgreSQL's
# own log is the witness.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use POSIX ();
use Test::More;

use ST::Auth;
use ST::Env     qw(read_file temp_dir wait_until write_file);
use ST::Session qw(create);
use ST::Stack;

my $dir = temp_dir('www');
mkdir "$dir/$_" or die "$dir/$_: $!\n" for qw(any checked role);
write_file("$dir/$_/file", "content\n") for qw(any checked role);
my %require = (any => q{}, checked => '/check database', role => '/role=admin, check database');
my $conf    = "root $dir;\n" . join q{}, map { qq(location /$_/ { auth_request "/st-verify$require{$_}"; include verify-protect.conf; }\n) } sort keys %require;
my $s       = ST::Stack->new(
    pg        => { settings => { log_statement => 'all', log_line_prefix => '%b %p ' } },
    config    => { fcgi_workers => 1, postgresql_connection_pool_size => 1 },
    sites     => { example => { recipeList => ['session', 'userRoles', { emailVerification => { mode => 'OPTIONAL' } }] } },
    site_conf => { example => $conf },
);
my $admin   = { 'st-role' => { v => ['admin'], t => 1 } };
my @session = map { create($s->core, { userId => "u$_", userDataInJWT => $admin }) } 1 .. 5;

sub ask ($path, $session, %more) {
    my $cookies = $session ? { sAccessToken => $session->{accessToken}{token} } : {};
    return ST::Auth->new(url => $s->site_url)->request($more{method} // 'GET', undef, undef, at => "/$path/file", cookies => $cookies)->{status};
}

sub pg_log () { return read_file($s->pg->{log}) }

# The statements of the worker, which has one connection, while CODE runs, without those of background tasks: what a mark at both
# ends encloses.
sub statements ($code) {
    state $n = 0;
    state $worker = (pg_log() =~ /^client backend (\d+) LOG:  execute [^\n]*\bINSERT INTO session_info\b/m)[0] // die "no session was made\n";
    my ($from, $to) = map { "SELECT 'mark " . $n++ . q{'} } 1 .. 2;
    $s->pg->query($from);
    $code->();
    $s->pg->query($to);
    my $log;
    wait_until(10, sub { $log = pg_log(); $log =~ /\Q$to\E/ });
    my ($between) = $log =~ /\Q$from\E(.*)\Q$to\E/s;
    return grep { !/session_activity|stfcgi_/ } $between =~ /^client backend $worker LOG:  (?:statement|execute [^:]*): ([^\n]*\S)(?=\n)/gm;
}

subtest 'statements' => sub {
    is ask('checked', $session[0]), 200, 'each connection prepares its statements once';
    my @one = statements(sub { is ask('checked', $session[1]), 200, 'a session that the database is asked for' });
    is scalar @one, 1, 'one statement' or diag join "\n", @one;
    like $one[0], qr/\bFROM session_info\b/, 'about the session';
    is scalar(statements(sub { ask($_, $session[2]) for qw(checked role checked) })), 3, 'one for each request, with more requirements too';
    is scalar(statements(sub { ask('checked', undef); ask('checked', { accessToken => { token => 'x' } }) })), 0, 'none without a session';
    is_deeply [statements(sub { is ask('any', $_), 200, 'a session' for @session, @session })], [], 'none for sessions that are not to be looked up';
    is_deeply [statements(sub { is ask('any', $session[0], method => 'DELETE'), 405, 'another method' })], [], 'whatever is done with them';
};

# The one connection of the pool waits for a lock.
subtest 'connections' => sub {
    my $lock = 'BEGIN; LOCK TABLE session_info; SELECT pg_sleep(600)';
    my $holder = fork // die "fork: $!\n";
    if (!$holder) { eval { $s->pg->query($lock) }; POSIX::_exit(0) }
    my $waiting = sub ($what) { return $s->pg->value("SELECT count(*) FROM pg_stat_activity WHERE $what") > 0 };
    ok wait_until(10, sub { $waiting->("wait_event = 'PgSleep'") }), 'nobody reads sessions';
    my $asker = fork // die "fork: $!\n";
    if (!$asker) { POSIX::_exit(ask('checked', $session[3]) == 200 ? 0 : 1) }
    ok wait_until(10, sub { $waiting->("wait_event_type = 'Lock' AND query ~ 'session_info'") }), 'who asks the database waits, with the only connection';
    is ask('any', $_), 200, 'who does not ask it needs none' for @session;
    is ask('any', undef), 401, 'nor who has no session';
    $s->pg->query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    waitpid $_, 0 for $holder, $asker;
    is $?, 0, 'then the other one passes';
};

done_testing;

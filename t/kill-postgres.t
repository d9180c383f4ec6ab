# SPDX-License-Identifier: Apache-2.0
# Connections to PostgreSQL are killed under load, then all of PostgreSQL: meanwhile what needs it is 503 and what does not
# goes on, afterwards everything does, and nothing that was acknowledged is lost. How long things take is told, not judged.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep time);

use ST::Env qw(wait_until);
use ST::Load;
use ST::Session qw(create create_answer verify_answer);
use ST::Stack timeout => 300;

use constant { POOL => 4, WORKERS => 2 };

my $s = ST::Stack->new(
    pg     => { fsync => 1 },
    cdi    => '5.6',
    config => {
        fcgi_workers                        => WORKERS,
        bcrypt_log_rounds                   => 4,
        postgresql_connection_pool_size     => POOL,
        max_server_pool_size                => 6,
        refresh_token_rotation_grace_period => 300,
    },
);
my ($pg, $service, $core) = ($s->pg, $s->service, $s->core);

my $ours = q{FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()};
my $pools = qq{$ours AND application_name = 'supertokens'};
sub connections () { return $pg->value("SELECT count(*) $ours") }

# Of both workers' pools, and one each for LISTEN and the lead of the jobs.
sub no_connection_is_leaked () {
    ok wait_until(10, sub { connections() <= POOL * WORKERS + 2 }), 'there are no more connections than the pools may have';
    ok wait_until(10, sub { $pg->value("SELECT count(*) $ours AND state LIKE 'idle in transaction%'") == 0 }),
      'and no transaction is left open';
    return;
}

sub check_account ($load) {
    my $sum = $load->stop;
    diag ST::Load::told($sum);
    is_deeply $sum->{odd}, [], 'every answer that was one was right';
    my %others = %{ ST::Load::statuses($sum) };
    delete @others{ 200, 503 };
    is_deeply \%others, {}, 'what could not be done was 503, nothing else';
    is_deeply ST::Load::lost($sum, $pg), [], 'everything acknowledged is there';
    is_deeply ST::Load::half_users($pg), [], 'no user is there in part';
    return $sum;
}

# Until a new session can be made, which needs the database.
sub recovers () {
    my $from = time;
    my $answer;
    wait_until(30, sub { $answer = create_answer($core); $answer->{status} == 200 });
    is $answer->{status}, 200, 'the service is back' or diag $answer->{text};
    diag sprintf 'it was back %.2f s after PostgreSQL accepted connections', time - $from;
    return;
}

# Holds up what writes to TABLE until somebody waits, and ends the connections of those who do.
sub kill_waiting ($table) {
    my $waiting = "$pools AND wait_event_type = 'Lock'";
    return "BEGIN; LOCK TABLE $table IN EXCLUSIVE MODE;
        DO \$\$ BEGIN WHILE NOT EXISTS (SELECT $waiting) LOOP PERFORM pg_sleep(0.05); PERFORM pg_stat_clear_snapshot(); END LOOP; END \$\$;
        SELECT count(pg_terminate_backend(pid)) $waiting; COMMIT";
}

subtest 'single connections' => sub {
    my %killed;
    my $load = ST::Load->new(url => $s->url, clients => 4, pause => 0.01);
    ok $load->goes_on, 'the load runs';
    for my $n (1 .. 8) {
        $killed{waiting} += $pg->value(kill_waiting($n % 2 ? 'session_info' : 'emailpassword_users'));
        my $one = "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid $pools ORDER BY random() LIMIT 1) AS one";
        $killed{idle} += wait_until(10, sub { $pg->value($one) });
        sleep rand 0.2;
    }
    diag "ended: $killed{waiting} in the middle of a statement, $killed{idle} at any time";
    cmp_ok $killed{waiting}, '>=', 8, 'some were ended in the middle of a statement';
    is $killed{idle}, 8, 'and some at any other time';
    ok $load->goes_on, 'every client is served on';
    my $killed = $pg->value("SELECT count(pg_terminate_backend(pid)) $ours");
    cmp_ok $killed, '>=', 2, 'all of them at once';
    ok $load->goes_on, 'every client is served on';
    my $sum = check_account($load);
    cmp_ok scalar keys %{ $sum->{sessions} }, '>=', 4, 'sessions were made';
    no_connection_is_leaked;
};

subtest 'one backend crashes' => sub {
    my $load = ST::Load->new(url => $s->url, clients => 3);
    ok $load->goes_on, 'the load runs';
    my $pid = $pg->value("SELECT pid $pools LIMIT 1");
    kill 'KILL', $pid;    # PostgreSQL then ends all others and recovers
    ok wait_until(20, sub { $pg->proc->log_text =~ /\(PID $pid\) was terminated by signal 9.*ready to accept/s }), 'PostgreSQL has recovered';
    ok $load->goes_on, 'every client is served again';
    check_account($load);
    no_connection_is_leaked;
};

# Tokens that every worker can verify: each has seen the tenant and the keys.
my $session = create($core);
ok $session->{accessToken}{token}, 'a session';
sub verified () { return verify_answer($core, $session->{accessToken}{token}) }
sub all_workers_know () {
    return wait_until(20, sub { my @bad = grep { verified->{status} != 200 } 1 .. 40; !@bad });
}

# What N answers of CODE were: { status => count }.
sub ask ($n, $code) {
    my (%count, $slowest);
    for (1 .. $n) {
        my $from = time;
        $count{ $code->()->{status} }++;
        my $took = time - $from;
        $slowest = $took if $took > ($slowest // 0);
    }
    diag sprintf 'the slowest of %d took %.3f s', $n, $slowest;
    return \%count;
}

subtest 'all of it' => sub {
    my $load = ST::Load->new(url => $s->url, clients => 3);
    ok $load->goes_on, 'the load runs';
    ok all_workers_know, 'the workers know the tenant';
    $pg->kill9;
    my $away = time;

    is_deeply ask(30, \&verified), { 200 => 30 }, 'verifying a token needs no database';
    my $count = ask(30, sub { $core->get('/hello', cdi => undef) });
    is_deeply [grep { $_ != 200 && $_ != 503 } keys %$count], [], 'hello is answered';
    is_deeply ask(30, sub { create_answer($core) }), { 503 => 30 }, 'a session cannot be made';
    is create_answer($core)->{text}, "Database not available\n", 'in words';
    is scalar(my @all = $service->workers), WORKERS + 1, 'no process has died';

    my $left = 3 - (time - $away);
    sleep $left if $left > 0;    # for those who wait longer after each try
    $pg->start;
    recovers;
    ok $load->goes_on, 'every client is served again';
    my $sum = check_account($load);
    cmp_ok ST::Load::statuses($sum, $away)->{503} // 0, '>', 0, 'the load did meet the outage';
    no_connection_is_leaked;
};

subtest 'again and again' => sub {
    for my $n (1 .. 3) {
        $pg->kill9;
        my $away = time;
        create_answer($core) while time - $away < 1.5;    # until nobody tries more seldom
        $pg->start;
        recovers;
    }
};

subtest 'workers die meanwhile' => sub {
    $pg->stop;
    my @children = $service->workers;
    my %killed   = map { ($_ => 1) } @children;
    kill 'KILL', @children;
    ok wait_until(20, sub { my @now = $service->workers; @now == WORKERS + 1 && !grep { $killed{$_} } @now }), 'others take their places';
    is_deeply ask(10, \&verified), { 503 => 10 }, 'which know no tenant yet';
    $pg->start;
    recovers;
    ok all_workers_know, 'they learn of it, and tokens of before are good';
};

is $service->stop, 0, 'the service ends in order';
ok wait_until(10, sub { connections() == 0 }), 'and leaves no connection';

done_testing;

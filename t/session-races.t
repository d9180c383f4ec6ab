# SPDX-License-Identifier: Apache-2.0
# Requests for one session at the same time: whoever comes second finds what the first one left.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Handle ();
use Test::More;
use ST::Env      qw(wait_until);
use ST::Parallel qw(parallel);
use ST::Session  qw(T F create create_answer hash2 refresh refresh_answer verify verify_answer);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;

sub token_of ($session) { return $session->{refreshToken}{token} }

sub hashes ($session) {
    return [map { $_ // '-' } @{ $pg->query("SELECT refresh_token_hash_2, prev_refresh_token_hash_2 FROM session_info
        WHERE session_handle = '$session->{session}{handle}'")->[0] // [] }];
}

# The answers of N refreshes of one token at once.
sub refreshes ($n, $token, $cdi) { return parallel(map { sub { return refresh($core->with, $token, {}, cdi => $cdi) } } 1 .. $n) }

# While another transaction holds the session's row and changes it by SQL, JOB runs up to the lock; then that one commits.
sub behind_a_change ($session, $sql, $job) {
    open my $psql, '|-', ST::Pg::bin_dir() . '/psql', '-Xq', '-d', $pg->conninfo or die "psql: $!\n";
    $psql->autoflush(1);
    say {$psql} "BEGIN; UPDATE session_info SET $sql WHERE session_handle = '$session->{session}{handle}';";
    my $pid;
    wait_until(10, sub { $pid = $pg->value(q{SELECT pid FROM pg_stat_activity WHERE application_name = 'psql' AND state = 'idle in transaction' AND query LIKE 'UPDATE%'}) })
      or die "the change was not made\n";
    my ($answer, $waited) = parallel(
        $job,
        sub {
            my $waits = wait_until(10, sub { $pg->value("SELECT count(*) FROM pg_stat_activity WHERE $pid = ANY (pg_blocking_pids(pid))") });
            say {$psql} 'COMMIT;';
            return $waits // 0;
        },
    );
    close $psql or die "psql failed\n";
    ok $waited, 'it had to wait';
    return $answer;
}

subtest 'the first requests of a new database' => sub {
    my @answers = parallel(map { my $dynamic = $_ % 2 ? T : F; sub { return create_answer($core->with, { useDynamicSigningKey => $dynamic }) } } 1 .. 12);
    is_deeply [map { $_->{status} } @answers], [(200) x 12], 'are all served';
    is_deeply $pg->query(q{SELECT (SELECT count(*) FROM session_access_token_signing_keys), (SELECT count(*) FROM jwt_signing_keys),
                                  (SELECT count(*) FROM key_value WHERE name = 'refresh_token_key')}), [[1, 1, 1]], 'with one key of each kind';
    is_deeply [map { verify($core, $_->{json}{accessToken}{token})->{status} } @answers], [('OK') x 12], 'their tokens are good';
    is_deeply [map { refresh($core, token_of($_->{json}))->{status} } @answers], [('OK') x 12], 'of both kinds';
};

for my $round (1 .. 5) {
    subtest "refreshes from 5.6 on, round $round" => sub {
        my $session = create($core);
        my @fresh   = refreshes(6, token_of($session), '5.6');
        is_deeply [map { $_->{status} } @fresh], [('OK') x 6], 'one rotates and the others are retries';
        my %by_hash = map { (hash2(token_of($_)) => $_) } @fresh;
        is scalar(keys %by_hash), 6, 'each gives another token';
        my ($current, $previous) = @{ hashes($session) };
        is $previous, hash2(token_of($session)), 'the presented one is the previous';
        my $last = delete $by_hash{$current};
        ok $last, 'one of the new ones is current';
        is refresh($core, token_of($last))->{status}, 'OK', 'and refreshes';
        my ($other) = values %by_hash;
        is refresh($core, token_of($other))->{status}, 'TOKEN_THEFT_DETECTED', 'the others are displaced';
    };
}

subtest 'refreshes before 5.6' => sub {
    my $session  = create($core);
    my @children = refreshes(4, token_of($session), '5.4');
    is_deeply [map { $_->{status} } @children], [('OK') x 4], 'of the current token: all';
    my @status = sort map { $_->{status} } parallel(map { my $t = token_of($_); sub { return refresh($core->with, $t, {}, cdi => '5.4') } } @children);
    is_deeply \@status, ['OK', ('TOKEN_THEFT_DETECTED') x 3], 'of its children: one';
    my ($current) = grep { hash2(token_of($_)) eq hashes($session)->[0] } @children;
    is_deeply [map { $_->{status} } refreshes(4, token_of($current), '5.4')], [('OK') x 4], 'which is the current one now';
};

subtest 'first uses of access tokens before 5.6' => sub {
    my $session  = create($core);
    my @children = refreshes(4, token_of($session), '5.4');
    my @answers  = parallel(map { my $t = $_->{accessToken}{token}; sub { return verify($core->with, $t, {}, cdi => '5.4') } } (@children) x 2);
    is_deeply [map { $_->{status} } @answers], [('OK') x 8], 'all are good';
    my @winners = grep { $answers[$_]{accessToken} } 0 .. 7;
    is scalar(@winners), 2, 'one of them is promoted, for both of its uses';
    is_deeply [hashes($session)->[0]], [hash2(token_of($children[$winners[0] % 4]))], 'the one that the session stands at';
};

subtest 'behind a change' => sub {
    my $session = create($core);
    my ($a, $b) = map { refresh($core, token_of($session), {}, cdi => '5.4') } 1, 2;
    my %hash    = (a => hash2(token_of($a)), first => hash2(token_of($session)));
    my $promote = "refresh_token_hash_2 = '$hash{a}', prev_refresh_token_hash_2 = '$hash{first}', refresh_token_rotated_at = 1";
    my $got     = behind_a_change($session, $promote, sub { return verify($core->with, $b->{accessToken}{token}, {}, cdi => '5.4') });
    is_deeply $got, { status => 'OK', session => $b->{session} }, 'verify of the child that came second';
    is_deeply hashes($session), [@hash{qw(a first)}], 'promotes nothing';

    $session = create($core);
    $hash{first} = hash2(token_of($session));
    my $rotate = "refresh_token_hash_2 = '$hash{a}', prev_refresh_token_hash_2 = '$hash{first}', refresh_token_rotated_at = ";
    $got = behind_a_change($session, $rotate . int 1000 * time, sub { return refresh($core->with, token_of($session)) });
    is $got->{status}, 'OK', 'a refresh that came second is a retry';
    is_deeply hashes($session), [hash2(token_of($got)), $hash{first}], 'and takes the place of the first';

    $session = create($core);
    $hash{first} = hash2(token_of($session));
    $rotate =~ s/prev_refresh_token_hash_2 = '\w+'/prev_refresh_token_hash_2 = '$hash{first}'/;
    $got = behind_a_change($session, "${rotate}1", sub { return refresh($core->with, token_of($session)) });
    is $got->{recentTokenReuseSubtype}, 'RECENT_PREV', 'or theft';
    is_deeply hashes($session), [], 'with its consequence';

    $session = create($core);
    my $child = refresh($core, token_of($session), {}, cdi => '5.4');
    $got = behind_a_change($session, "refresh_token_hash_2 = '$hash{a}'", sub { return refresh($core->with, token_of($child), {}, cdi => '5.4') });
    is $got->{status}, 'TOKEN_THEFT_DETECTED', 'a child whose parent was current a moment ago';
    is hashes($session)->[0], $hash{a}, 'changes nothing';
};

subtest 'refresh and remove' => sub {
    my (%seen, $failures);
    for (1 .. 10) {
        my $session = create($core);
        my $handle  = $session->{session}{handle};
        my @answers = parallel(
            (map { my $cdi = $_; sub { return refresh_answer($core->with, token_of($session), {}, cdi => $cdi) } } qw(5.6 5.6 5.4)),
            sub { return $core->with->post('/recipe/session/remove', { sessionHandles => [$handle] }) },
            sub { return verify_answer($core->with, $session->{accessToken}{token}, { checkDatabase => T }) },
        );
        $failures += grep { $_->{status} != 200 } @answers;
        is_deeply $answers[3]{json}{sessionHandlesRevoked}, [$handle], 'removed' if !$pg->value("SELECT count(*) FROM session_info WHERE session_handle = '$handle'");
    }
    is $failures, 0, 'nothing fails';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# Refreshing from CDI 5.6 on: the presented token is rotated out at once, with a grace period, and reuse ends the session.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Digest::SHA qw(sha256_hex);
use Test::More;
use Time::HiRes qw(time);
use ST::Session qw(T F create hash2 payload_of refresh refresh_answer shape verify);
use ST::Stack;

my $s    = ST::Stack->new(test_mode => 1, config => { access_token_validity_jitter => 0, refresh_token_rotation_grace_period => 30 });
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;

sub row ($session) {
    my $r = $pg->query("SELECT refresh_token_hash_2, prev_refresh_token_hash_2, refresh_token_rotated_at, expires_at
                        FROM session_info WHERE session_handle = '$session->{session}{handle}'")->[0] // return;
    return { cur => $r->[0], prev => $r->[1], rot => $r->[2], expires => $r->[3] };
}

sub token_of ($session) { return $session->{refreshToken}{token} }
sub again ($session, $cdi = '5.6') { return refresh($core, token_of($session), {}, cdi => $cdi) }
sub old ($session) { return again($session, '5.4') }
sub is_gone ($session, $name) { return is row($session), undef, $name }

# As if the grace period were over.
sub end_grace ($session) {
    return $pg->query("UPDATE session_info SET refresh_token_rotated_at = refresh_token_rotated_at - 30001 WHERE session_handle = '$session->{session}{handle}'");
}

sub theft_of ($session, $subtype, $name) {
    my %who = (handle => $session->{session}{handle}, userId => 'user', recipeUserId => 'user');
    my $got = $session->{answer};
    is_deeply $got, { status => 'TOKEN_THEFT_DETECTED', session => \%who, recentTokenReuseSubtype => $subtype }, $name;
    return is_gone($session, 'the session is gone');
}

sub reused ($session, $presented = $session) { return { %$session, answer => again($presented) } }

subtest 'case 1: the current token' => sub {
    my $first  = create($core, { enableAntiCsrf => T, userDataInJWT => { a => 1.5 } });
    my $before = int 1000 * time;
    my $answer = refresh_answer($core, token_of($first), { enableAntiCsrf => T, antiCsrfToken => $first->{antiCsrfToken} });
    my $after  = int 1000 * time;
    is shape($answer), '{session{handle userId recipeUserId userDataInJWT{a}tenantId}accessToken{token expiry createdTime}'
      . 'refreshToken{token expiry createdTime}antiCsrfToken status}', 'members';
    my $second = $answer->{json};
    is_deeply $second->{session}, $first->{session}, 'the same session';
    isnt $second->{antiCsrfToken}, $first->{antiCsrfToken}, 'another anti-CSRF token';
    my $row = row($first);
    is_deeply [@$row{qw(cur prev)}], [hash2(token_of($second)), hash2(token_of($first))], 'both hashes are stored';
    cmp_ok $row->{rot}, '>=', $before, 'when it was rotated';
    cmp_ok $row->{rot}, '<=', $after, 'now';
    is $row->{expires}, $row->{rot} + 144_000 * 60_000, 'the session is prolonged';
    is_deeply [@{ $second->{refreshToken} }{qw(createdTime expiry)}], [@$row{qw(rot expires)}], 'as the token says';

    my $claims = payload_of($second->{accessToken}{token});
    is_deeply [@$claims{qw(refreshTokenHash1 parentRefreshTokenHash1 antiCsrfToken a)}],
      [sha256_hex(token_of($second)), undef, $second->{antiCsrfToken}, 1.5], 'the access token';
    is $claims->{exp} - $claims->{iat}, 3600, 'its life';
    is_deeply [@{ $second->{accessToken} }{qw(expiry createdTime)}], [map { 1000 * $_ } @$claims{qw(exp iat)}], 'as the answer says';
    is verify($core, $second->{accessToken}{token}, { checkDatabase => T })->{status}, 'OK', 'is good';
    is verify($core, $first->{accessToken}{token}, { checkDatabase => T })->{status}, 'OK', 'the one before still is';

    my $session = $second;
    for (1 .. 5) { $session = refresh($core, token_of($session)) }
    is $session->{status}, 'OK', 'and so on';
    is row($first)->{cur}, hash2(token_of($session)), 'the last one is current';
};

subtest 'case 2: a child made before 5.6' => sub {
    my $first = create($core);
    my $child = old($first);
    my $next  = again($child);
    is $next->{status}, 'OK', 'it is good';
    is_deeply [@{ row($first) }{qw(cur prev)}], [hash2(token_of($next)), hash2(token_of($child))], 'previous is the child';
    theft_of(reused($first), 'STALE_LINEAGE', 'its parent is not known any more');
};

subtest 'case 3: again, in the grace period' => sub {
    my $first  = create($core);
    my $second = again($first);
    my $row    = row($first);
    my (%seen, $last);
    for (1 .. 4) { $last = again($first); $seen{ token_of($last) }++ }
    is_deeply [sort { $a <=> $b } values %seen], [1, 1, 1, 1], 'each retry gives another token';
    is_deeply row($first), { %$row, cur => hash2(token_of($last)) }, 'only the current one changes';
    is verify($core, $last->{accessToken}{token}, { checkDatabase => T })->{status}, 'OK', 'the last access token is good';
    is again($last)->{status}, 'OK', 'the last token refreshes';
    theft_of(reused($first, $second), 'STALE_LINEAGE', 'after that, a displaced one is of no known line');
};

subtest 'case 4: RECENT_PREV' => sub {
    my $first = create($core);
    again($first);
    end_grace($first);
    theft_of(reused($first), 'RECENT_PREV', 'the previous token after the grace period');

    $first = create($core);
    my $second = again($first);
    $pg->query("UPDATE session_info SET refresh_token_rotated_at = NULL WHERE session_handle = '$first->{session}{handle}'");
    theft_of(reused($first), 'RECENT_PREV', 'or without a time of rotation');
    is refresh($core, token_of($second))->{message}, 'Session missing in db or has expired', 'the good token is of no use either';
};

subtest 'case 4: ORPHANED_BRANCH' => sub {
    my $first  = create($core);
    my $second = again($first);
    my $third  = again($first);
    theft_of(reused($first, $second), 'ORPHANED_BRANCH', 'a child that a retry displaced');

    $first  = create($core);
    $second = old($first);
    again($first);
    theft_of(reused($first, $second), 'ORPHANED_BRANCH', 'a child made before 5.6, displaced by a rotation');
};

subtest 'case 4: STALE_LINEAGE' => sub {
    my $first = create($core);
    my $third = again(again($first));
    theft_of(reused($first), 'STALE_LINEAGE', 'the grandparent');

    $first = create($core);
    my $marked = { refreshToken => { token => token_of($first) =~ s/V2\z/v1/r } };
    theft_of(reused($first, $marked), 'STALE_LINEAGE', 'is another token of the same session');
};

subtest 'alternating with older interfaces' => sub {
    # A legacy refresh of the current token changes neither prev nor rot.
    my $first  = create($core);
    my $second = again($first);
    my $row    = row($first);
    my $third  = old($second);
    is_deeply row($first), $row, 'a legacy refresh writes nothing';
    is again($first)->{status}, 'OK', 'the previous token is still good in its grace period';

    $first  = create($core);
    $second = again($first);
    old($second);
    end_grace($first);
    theft_of(reused($first), 'RECENT_PREV', 'and is theft after it');

    # Promotion by a legacy refresh sets prev and rot, so a retry by 5.6 is good.
    $first  = create($core);
    $second = old($first);
    $third  = old($second);
    is_deeply [@{ row($first) }{qw(cur prev)}], [map { hash2(token_of($_)) } $second, $first], 'a legacy promotion';
    is again($first)->{status}, 'OK', 'its parent is in its grace period';

    # Promotion by verify likewise.
    $first  = create($core);
    $second = old($first);
    verify($core, $second->{accessToken}{token}, {}, cdi => '5.4');
    is_deeply [@{ row($first) }{qw(cur prev)}], [map { hash2(token_of($_)) } $second, $first], 'a promotion by verify';
    end_grace($first);
    theft_of(reused($first), 'RECENT_PREV', 'its parent after the grace period');

    # After a rotation by 5.6 the older rules know only the current token and its children.
    $first  = create($core);
    $second = again($first);
    my $theft = old($first);
    is_deeply $theft, { status => 'TOKEN_THEFT_DETECTED', session => { handle => $first->{session}{handle}, userId => 'user', recipeUserId => 'user' } },
      'the previous token below 5.6 is theft without a subtype';
    is row($first)->{cur}, hash2(token_of($second)), 'and the session lives on';
    my $child = old($second);
    is old($child)->{status}, 'OK', 'a child of the current one';
    is again($child)->{status}, 'OK', 'promoted, it rotates';
    is again($second)->{status} . (row($first) ? q{} : ' gone'), 'TOKEN_THEFT_DETECTED gone', 'after which its parent is stale';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# Refreshing before CDI 5.6: the presented token stays the current one until its child is used.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Digest::SHA qw(sha256_hex);
use Test::More;
use ST::Session qw(T F create hash2 payload_of refresh verify);
use ST::Stack;

my $s    = ST::Stack->new(config => { access_token_validity_jitter => 0 });
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;

sub token_of ($session) { return $session->{refreshToken}{token} }
sub row ($session) { return join q{ }, map { $_ // '-' } @{ $pg->query("SELECT * FROM session_info WHERE session_handle = '$session->{session}{handle}'")->[0] // [] } }

sub hashes ($session) {
    return [map { $_ // '-' } @{ $pg->query("SELECT refresh_token_hash_2, prev_refresh_token_hash_2 FROM session_info
        WHERE session_handle = '$session->{session}{handle}'")->[0] }];
}

# The hash1 of a token is in the access token that came with it.
sub parent_is ($child, $parent, $name) {
    my $claims = payload_of($child->{accessToken}{token});
    return is_deeply [@$claims{qw(refreshTokenHash1 parentRefreshTokenHash1)}], [map { sha256_hex(token_of($_)) } $child, $parent], $name;
}

for my $cdi (qw(2.7 2.20 2.21 3.0 4.0 5.0 5.5)) {
    my $again = sub ($session) { return refresh($core, token_of($session), {}, cdi => $cdi) };
    my $theft = sub ($session, $name) {
        my $before = row($session);
        is_deeply $again->($session),
          { status => 'TOKEN_THEFT_DETECTED', session => { handle => $session->{session}{handle}, userId => 'user', recipeUserId => 'user' } }, "$name is theft";
        return is row($session), $before, 'and the session lives on';
    };
    subtest "CDI $cdi" => sub {
        my $first  = create($core, { userDataInJWT => { a => 1 } }, cdi => $cdi);
        my $before = row($first);
        my @children = map { $again->($first) } 1 .. 3;
        is_deeply [map { $_->{status} } @children], [qw(OK OK OK)], 'the current token refreshes as often as one likes';
        is scalar(keys %{ { map { (token_of($_) => 1) } @children } }), 3, 'each time to another one';
        is row($first), $before, 'and nothing is written';
        parent_is($_, $first, 'tokens tell their parent') for @children;
        is_deeply $children[0]{session}, $first->{session}, 'the same session';

        my ($a, $b, $c) = @children;
        my $begun = 1000 * int time;
        my $grandchild = $again->($b);
        is $grandchild->{status}, 'OK', 'a child refreshes';
        parent_is($grandchild, $b, 'its child');
        is_deeply hashes($first), [map { hash2(token_of($_)) } $b, $first], 'it has become the current one';
        my ($rotated, $expires) = @{ $pg->query("SELECT refresh_token_rotated_at, expires_at FROM session_info WHERE session_handle = '$first->{session}{handle}'")->[0] };
        cmp_ok $rotated, '>=', $begun, 'now';
        is $expires - $rotated, 144_000 * 60_000, 'and the session is prolonged';

        $theft->($first, 'its parent');
        $theft->($a, 'another child of that');
        is $again->($b)->{status}, 'OK', 'it refreshes again';
        is_deeply hashes($first), [map { hash2(token_of($_)) } $b, $first], 'without a change';
        is $again->($grandchild)->{status}, 'OK', 'and so does its child';
        $theft->($b, 'then it');
        $theft->($first, 'the grandparent');
        is $again->($grandchild)->{status}, 'OK', 'theft does not end the session here';
    };
}

subtest 'between the rules' => sub {
    my $old = sub ($session) { return refresh($core, token_of($session), {}, cdi => '5.4') };
    my $new = sub ($session) { return refresh($core, token_of($session)) };

    # Old and new by turns, always the newest token.
    my $session = create($core);
    my @line    = ($session);
    for my $step (1 .. 8) {
        $session = $step % 2 ? $old->($session) : $new->($session);
        is $session->{status}, 'OK', "step $step";
        is verify($core, $session->{accessToken}{token}, { checkDatabase => T }, cdi => $_)->{status}, 'OK', "its access token at $_" for qw(5.6 5.4);
        push @line, $session;
    }
    is_deeply hashes($session), [map { hash2(token_of($_)) } @line[8, 7]], 'where that leads';

    # A 5.6 access token verified by the older rules is not promoted, it has no parent.
    my $before = row($session);
    ok !verify($core, $session->{accessToken}{token}, {}, cdi => '5.4')->{accessToken}, 'a token of 5.6 is left alone by the older rules';
    is row($session), $before, 'and nothing is written';

    # A child of the older rules, made current by 5.6, whose access token comes late.
    my $first = create($core);
    my $child = $old->($first);
    my $next  = $new->($child);
    my $late  = verify($core, $child->{accessToken}{token}, {}, cdi => '5.4');
    is_deeply [$late->{status}, exists $late->{accessToken}], ['OK', !!0], 'the token of a child that was rotated out';
    is_deeply hashes($first), [map { hash2(token_of($_)) } $next, $child], 'promotes nothing';

    # The older rules write the key only when it changes.
    $first = create($core);
    refresh($core, token_of($first), { useDynamicSigningKey => F }, cdi => '5.4');
    is $pg->value("SELECT use_static_key FROM session_info WHERE session_handle = '$first->{session}{handle}'"), 't', 'another key is stored';
    is_deeply hashes($first), [hash2(token_of($first)), '-'], 'and only that';
};

done_testing;

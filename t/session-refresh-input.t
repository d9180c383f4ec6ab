# SPDX-License-Identifier: Apache-2.0
# Refreshing: what is refused before the session is looked at, keys, lifetimes, and the two settings about reuse.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use ST::Session qw(T F create header_of payload_of refresh refresh_answer shape verify);
use ST::Stack;

# The reference's words, as recorded clients see them.
use constant FORMAT_ERROR => 'io.supertokens.session.refreshToken.RefreshToken$InvalidRefreshTokenFormatException: ';

my $s    = ST::Stack->new(config => { access_token_validity_jitter => 0 });
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;

sub token_of ($session) { return $session->{refreshToken}{token} }
sub column ($session, $name) { return $pg->value("SELECT $name FROM session_info WHERE session_handle = '$session->{session}{handle}'") }
sub kind ($session) { return substr header_of($session->{accessToken}{token})->{kid}, 0, 1 }

subtest 'tokens that are none' => sub {
    my $session = create($core);
    my $token   = token_of($session);
    my ($sealed, $nonce) = split /[.]/, $token;
    my $flipped = encode_base64(decode_base64($sealed) ^. "\1", q{});
    my %cases   = (
        q{}                         => FORMAT_ERROR . 'version of refresh token not recognised',
        'x'                         => FORMAT_ERROR . 'version of refresh token not recognised',
        '...'                       => FORMAT_ERROR . 'version of refresh token not recognised',
        "$sealed.$nonce"            => FORMAT_ERROR . 'version of refresh token not recognised',
        "$sealed.$nonce.V3"         => FORMAT_ERROR . 'version of refresh token not recognised',
        "$sealed.V2"                => FORMAT_ERROR . 'Refresh token split with dot yielded an array of length: 2',
        "$sealed.$nonce.x.V2"       => FORMAT_ERROR . 'Refresh token split with dot yielded an array of length: 4',
        'V2'                        => FORMAT_ERROR . 'Refresh token split with dot yielded an array of length: 1',
        "*$sealed.$nonce.V2"        => 'Illegal base64 character',
        "$flipped.$nonce.V2"        => 'Tag mismatch',
        encode_base64('x' x 200, q{}) . ".$nonce.V2" => 'Tag mismatch',
        "AAAA.$nonce.V2"            => 'Invalid refresh token',
        ".$nonce.V2"                => 'Invalid refresh token',
        "$sealed." . 'a' x 64 . '.V2' => 'Invalid refresh token',
        "$sealed..V2"               => 'Invalid refresh token',
        'A' x 900_000 . ".$nonce.V2" => 'Invalid refresh token',
    );
    for my $cdi (qw(2.7 5.4 5.6)) {
        is_deeply refresh($core, $_, {}, cdi => $cdi), { status => 'UNAUTHORISED', message => $cases{$_} }, "CDI $cdi: " . substr $_, 0, 12 for sort keys %cases;
    }
    is refresh($core, "$token..")->{status}, 'TOKEN_THEFT_DETECTED', 'dots at the end make it another token of the session';
    for my $mark (qw(v0 V1 v2)) {
        my $other = create($core);
        is refresh($core, token_of($other) =~ s/V2\z/$mark/r)->{recentTokenReuseSubtype}, 'STALE_LINEAGE', "and so does $mark";
    }
};

subtest 'anti-CSRF' => sub {
    my $session = create($core, { enableAntiCsrf => T });
    my $wrong   = { status => 'UNAUTHORISED', message => 'Anti CSRF token missing, or not matching' };
    is_deeply refresh($core, token_of($session), { enableAntiCsrf => T }), $wrong, 'missing';
    is_deeply refresh($core, token_of($session), { enableAntiCsrf => T, antiCsrfToken => $_ }), $wrong, "'$_'" for q{}, 'x', "$session->{antiCsrfToken} ";
    is_deeply refresh($core, token_of($session), { enableAntiCsrf => T, antiCsrfToken => 'x' }, cdi => '2.7'), $wrong, 'in old interfaces as well';
    my $fresh = refresh($core, token_of($session));
    is $fresh->{status}, 'OK', 'not asked for';
    ok !exists $fresh->{antiCsrfToken}, 'then there is none any more';
    is payload_of($fresh->{accessToken}{token})->{antiCsrfToken}, undef, 'nor in the token';
    my $next = refresh($core, token_of($fresh), { enableAntiCsrf => T });
    is $next->{status}, 'OK', 'a token without one is not asked for it';
    is payload_of($next->{accessToken}{token})->{antiCsrfToken}, $next->{antiCsrfToken}, 'and gets one';
};

subtest 'accessTokenValidity' => sub {
    my $session = create($core);
    my $text    = "accessTokenValidity must be greater than 0 and at most the configured access_token_validity (3600000 ms)\n";
    for my $validity (0, -5, 3_600_001) {
        my $answer = refresh_answer($core, token_of($session), { accessTokenValidity => $validity });
        is "$answer->{status} $answer->{text}", "400 $text", "$validity is refused";
    }
    is refresh($core, 'x', { accessTokenValidity => 0 })->{status}, 'UNAUTHORISED', 'after the token was looked at';
    is column($session, 'prev_refresh_token_hash_2'), undef, 'nothing was rotated';
    for my $validity (5000, 3_600_000) {
        $session = refresh($core, token_of($session), { accessTokenValidity => $validity });
        my $claims = payload_of($session->{accessToken}{token});
        is $claims->{exp} - $claims->{iat}, $validity / 1000, "$validity ms";
    }
    my $claims = payload_of(refresh($core, token_of($session), { accessTokenValidity => 0 }, cdi => '5.5')->{accessToken}{token});
    is $claims->{exp} - $claims->{iat}, 3600, 'not known before 5.6';
};

subtest 'which key signs' => sub {
    for (['2.21', {}, 'd'], ['2.21', { useDynamicSigningKey => F }, 'd'], ['3.0', {}, 'd'], ['3.0', { useDynamicSigningKey => F }, 's'], ['4.0', {}, 's'],
        ['4.0', { useDynamicSigningKey => T }, 'd'], ['5.0', { useDynamicSigningKey => F }, 's'], ['5.6', { useDynamicSigningKey => T }, 'd'],
        ['5.6', { useDynamicSigningKey => F }, 's'], ['5.6', { useDynamicSigningKey => F }, 's'], ['2.21', {}, 's']) {
        state $session = create($core);
        my ($cdi, $over, $kind) = @$_;
        my $next = $core->post('/recipe/session/refresh', { refreshToken => token_of($session), enableAntiCsrf => F, %$over }, cdi => $cdi)->{json};
        is kind($next), $kind, "CDI $cdi: $kind";
        is column($session, 'use_static_key'), $kind eq 's' ? 't' : 'f', 'is stored';
        is verify($core, $next->{accessToken}{token})->{status}, 'OK', 'is good';
        $session = $next;
    }
    my $session = create($core);
    my $first   = refresh($core, token_of($session));
    my $retry   = refresh($core, token_of($session), { useDynamicSigningKey => F });
    is kind($retry) . column($session, 'use_static_key'), 'st', 'a retry can change it too';
    my $answer = $core->post('/recipe/session/refresh', { refreshToken => 'x', enableAntiCsrf => F }, cdi => '5.0');
    is "$answer->{status} $answer->{text}", "400 Field name 'useDynamicSigningKey' is invalid in JSON input\n", 'from 5.0 on it must be given';
};

subtest 'generations' => sub {
    my $tokens = 'accessToken{token expiry createdTime}refreshToken{token expiry createdTime}';
    for (['2.7', 2, q{}, 'idRefreshToken{token expiry createdTime}'], ['2.20', 2, q{}, 'idRefreshToken{token expiry createdTime}'], ['2.21', 3, q{}, q{}],
        ['3.0', 4, 'tenantId', q{}], ['4.0', 5, 'tenantId', q{}], ['5.6', 5, 'tenantId', q{}]) {
        my ($cdi, $version, $tenant, $id) = @$_;
        my $user   = $cdi ge '4.0' ? 'userId recipeUserId' : 'userId';
        my $answer = refresh_answer($core, token_of(create($core)), { enableAntiCsrf => T }, cdi => $cdi);
        is shape($answer), "{session{handle $user userDataInJWT{}$tenant}$tokens${id}antiCsrfToken status}", "CDI $cdi";
        my $header = ST::Session::part_text($answer->{json}{accessToken}{token}, 0);
        like $header, qr/"version":"$version"/, 'version of its token';
    }
};

subtest 'a stored payload that no token can hold' => sub {
    my $session = create($core);
    my $stored  = $core->put('/recipe/jwt/data', { sessionHandle => $session->{session}{handle}, userDataInJWT => { rsub => 1 } }, cdi => '3.0');
    is $stored->{json}{status}, 'OK', 'is stored by an old interface';
    is_deeply refresh($core, token_of($session)), { status => 'UNAUTHORISED', message => 'The user payload contains protected field' }, 'refused';
    isnt column($session, 'prev_refresh_token_hash_2'), undef, 'the rotation stays';
    is refresh($core, token_of($session), {}, cdi => '3.1')->{status}, 'TOKEN_THEFT_DETECTED', 'so below 5.6 it is reuse';
};

subtest 'tenant and session' => sub {
    my $session = create($core);
    my $answer  = refresh_answer($core->with(prefix => '/t9'), token_of($session));
    is "$answer->{status} $answer->{text}", '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination '
      . "not found: (, public, t9)\n", 'an unknown tenant in the path';
    for my $cdi (qw(5.6 5.4)) {
        my $gone = create($core);
        $core->post('/recipe/session/remove', { sessionHandles => [$gone->{session}{handle}] });
        is_deeply refresh($core, token_of($gone), {}, cdi => $cdi), { status => 'UNAUTHORISED', message => 'Session missing in db or has expired' }, 'removed';
        my $expired = create($core);
        $pg->query("UPDATE session_info SET expires_at = 1 WHERE session_handle = '$expired->{session}{handle}'");
        is_deeply refresh($core, token_of($expired), {}, cdi => $cdi), { status => 'UNAUTHORISED', message => 'Session missing in db or has expired' }, 'expired';
    }
};

subtest 'no grace period, and reuse is only unauthorised' => sub {
    my %db    = (pg => $pg, db => $pg->create_db('reuse'));
    my $other = ST::Stack->new(%db, config => { refresh_token_rotation_grace_period => 0, recent_token_reuse_behaviour => 'unauthorised' });
    my $door  = $other->core->with(cdi => '5.6');
    my $again = sub ($session, %opt) { return refresh($door, token_of($session), {}, %opt) };
    my $rows  = sub { return $pg->value('SELECT count(*) FROM session_info', 'reuse') };
    my $reuse = sub ($subtype) { return { status => 'UNAUTHORISED', message => 'refresh token reuse detected', recentTokenReuseSubtype => $subtype } };

    my $first  = create($door);
    my $second = $again->($first);
    is_deeply $again->($first), $reuse->('RECENT_PREV'), 'the previous token at once';
    is $rows->(), 0, 'the session is gone';

    $first  = create($door);
    $second = $again->($first, cdi => '5.4');
    $again->($first);
    is_deeply $again->($second), $reuse->('ORPHANED_BRANCH'), 'a displaced child';
    is $rows->(), 0, 'the session is gone';

    $first = create($door);
    $again->($again->($first));
    is $again->($first)->{status}, 'TOKEN_THEFT_DETECTED', 'an unknown line is theft all the same';
    is $rows->(), 0, 'the session is gone';

    $first = create($door);
    $again->($first);
    is $again->($first, cdi => '5.4')->{status}, 'TOKEN_THEFT_DETECTED', 'and so is all reuse below 5.6';
    is $rows->(), 1, 'which leaves the session';
};

done_testing;

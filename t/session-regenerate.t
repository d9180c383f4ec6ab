# SPDX-License-Identifier: Apache-2.0
# A new access token with another payload, that ends when the old one would have ended.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use MIME::Base64 qw(encode_base64url);
use Test::More;
use Time::HiRes qw(sleep time);
use ST::Session qw(T F create forged_jwt forged_legacy header_of key_pair part_text payload_of refresh shape verify);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;

sub regenerate_answer ($token, $payload = undef, %opt) {
    return $core->post('/recipe/session/regenerate', { accessToken => $token, ($payload ? (userDataInJWT => $payload) : ()) }, %opt);
}
sub regenerate (@args) { my $a = regenerate_answer(@args); return $a->{json} // { status => "$a->{status} $a->{text}" } }
sub stored ($session) { return $pg->value("SELECT jwt_user_payload FROM session_info WHERE session_handle = '$session->{session}{handle}'") }

for (['2.20', 2, q{}, q{}], ['2.21', 3, q{}, q{}], ['3.0', 4, q{}, 'tenantId'], ['4.0', 5, 'recipeUserId ', 'tenantId'], ['5.6', 5, 'recipeUserId ', 'tenantId']) {
    my ($cdi, $version, $recipe_user, $tenant) = @$_;
    subtest "CDI $cdi" => sub {
        my $session = create($core, { userDataInJWT => { a => 1 }, enableAntiCsrf => T }, cdi => $cdi);
        my $child   = refresh($core, $session->{refreshToken}{token}, { enableAntiCsrf => T, antiCsrfToken => $session->{antiCsrfToken} }, cdi => '5.4');
        my $token   = $session->{accessToken}{token};
        my $answer  = regenerate_answer($token, { b => 2 }, cdi => $cdi);
        is shape($answer), "{session{handle userId ${recipe_user}userDataInJWT{b}$tenant}accessToken{token expiry createdTime}status}", 'members';
        my $got = $answer->{json};
        is_deeply $got->{session}, { %{ $session->{session} }, userDataInJWT => { b => 2 } }, 'the session';
        is $got->{accessToken}{expiry}, $session->{accessToken}{expiry}, 'ends when the old one would have';
        cmp_ok $got->{accessToken}{createdTime}, '>=', $session->{accessToken}{createdTime}, 'made now';
        is stored($session), '{"b":2}', 'the payload is stored';

        my ($old, $new) = map { payload_of($_) } $token, $got->{accessToken}{token};
        my %same = map { ($_ => $old->{$_}) } qw(sub tId rsub userId sessionHandle refreshTokenHash1 parentRefreshTokenHash1 antiCsrfToken exp expiryTime);
        is_deeply { map { ($_ => $new->{$_}) } keys %same }, \%same, 'the token is otherwise the same';
        is_deeply $version == 2 ? $new->{userData} : { b => $new->{b}, map { ($_ => 1) } grep { $_ eq 'a' } keys %$new }, { b => 2 }, 'with the new payload';
        like part_text($got->{accessToken}{token}, 0), qr/"version":"$version"/, 'of the same version';
        is_deeply verify($core, $got->{accessToken}{token}, { checkDatabase => T }, cdi => '5.6')->{payloadUpdateAvailable}, F, 'and up to date';

        my $again = regenerate($token, undef, cdi => $cdi);
        is_deeply $again->{session}{userDataInJWT}, { b => 2 }, 'without a payload the stored one is used';
        is regenerate($child->{accessToken}{token}, {}, cdi => $cdi)->{status}, 'OK', 'a token with a parent';
        is payload_of(regenerate($child->{accessToken}{token}, {}, cdi => $cdi)->{accessToken}{token})->{parentRefreshTokenHash1},
          payload_of($child->{accessToken}{token})->{parentRefreshTokenHash1}, 'keeps it';
        is stored($session), '{}', 'an empty payload is one';
    };
}

subtest 'keys' => sub {
    my $session = create($core, { useDynamicSigningKey => F });
    is substr(header_of(regenerate($session->{accessToken}{token}, {})->{accessToken}{token})->{kid}, 0, 2), 's-', 'as the session says';
    my $fresh = refresh($core, $session->{refreshToken}{token}, { useDynamicSigningKey => T });
    is substr(header_of(regenerate($session->{accessToken}{token}, {})->{accessToken}{token})->{kid}, 0, 2), 'd-', 'now';
};

subtest 'protected names' => sub {
    my %names = (3 => [qw(sub exp iat sessionHandle refreshTokenHash1 parentRefreshTokenHash1 antiCsrfToken)]);
    $names{4} = [@{ $names{3} }, 'tId'];
    $names{5} = [@{ $names{4} }, 'rsub'];
    my %cdi = (2 => '2.20', 3 => '2.21', 4 => '3.1', 5 => '5.6');
    for my $version (2 .. 5) {
        my $session = create($core, {}, cdi => $cdi{$version});
        for my $name (@{ $names{5} }, 'userId') {
            my $protected = grep { $_ eq $name } @{ $names{$version} // [] };
            my $before    = stored($session);
            my $answer    = regenerate_answer($session->{accessToken}{token}, { $name => 1 });
            is "$answer->{status} " . ($protected ? $answer->{text} : $answer->{json}{status}), $protected ? "400 The user payload contains protected field\n" : '200 OK', "$name in V$version";
            is stored($session), $protected ? $before : qq({"$name":1}), 'stored unless refused';
        }
    }
    my $session = create($core);
    $core->put('/recipe/jwt/data', { sessionHandle => $session->{session}{handle}, userDataInJWT => { rsub => 1 } }, cdi => '3.0');
    my $answer = regenerate_answer($session->{accessToken}{token});
    is "$answer->{status} $answer->{text}", "400 The user payload contains protected field\n", 'stored by an old interface';
};

subtest 'tokens that are not good' => sub {
    my $session = create($core);
    my $token   = $session->{accessToken}{token};
    my $private = key_pair($pg->value('SELECT value FROM session_access_token_signing_keys'))->{private};
    my $header  = part_text($token, 0);
    my %claims  = %{ payload_of($token) };
    my ($head, $body, $signature) = split /[.]/, $token;

    my $expired = forged_jwt($header, { %claims, exp => int(time) - 5 }, $private);
    is_deeply regenerate($expired, { z => 1 }), { status => 'OK', session => { %{ $session->{session} }, userDataInJWT => { z => 1 } } }, 'an expired one gets no new one';
    is stored($session), '{"z":1}', 'but the payload is stored';
    my $protected = regenerate_answer($expired, { rsub => 1 });
    is "$protected->{status} $protected->{text}", "400 The user payload contains protected field\n", 'unless it is refused';
    $core->put('/recipe/jwt/data', { sessionHandle => $session->{session}{handle}, userDataInJWT => { rsub => 1 } }, cdi => '3.0');
    $protected = regenerate_answer($expired);
    is "$protected->{status} $protected->{text}", "400 The user payload contains protected field\n", 'also when it is the stored one';

    my $incomplete = 'Access token does not contain all the information. Maybe the structure has changed?';
    my %less       = %claims;
    delete $less{sessionHandle};
    is_deeply regenerate(forged_jwt($header, \%less, $private), {}), { status => 'UNAUTHORISED', message => "$incomplete sessionHandle" }, 'one that lacks something';

    # The reference never checks the signature here.
    my $before = stored($session);
    for ([$head . '.' . encode_base64url(part_text($token, 1) =~ s/"sub":"user"/"sub":"root"/r) . ".$signature", 'JWT verification failed'],
        [encode_base64url($header =~ s/d-/d-1/r) . ".$body.$signature", 'Key not found'], ['x', 'Invalid JWT'], [q{}, 'Invalid JWT'],
        ["$head.$body", 'Invalid JWT'], [encode_base64url('{}') . ".$body.$signature", 'JWT header missing - typ']) {
        my ($text, $message) = @$_;
        is_deeply regenerate($text, { evil => 1 }), { status => 'UNAUTHORISED', message => $message }, $message;
    }
    is stored($session), $before, 'nothing was stored for them';

    my $unknown = regenerate_answer(forged_jwt($header, { %claims, tId => 't9' }, $private), {});
    is "$unknown->{status} $unknown->{text}", '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination '
      . "not found: (, public, t9)\n", 'an unknown tenant';
    $pg->query("UPDATE session_info SET expires_at = 1 WHERE session_handle = '$session->{session}{handle}'");
    is_deeply regenerate($token, {}), { status => 'UNAUTHORISED', message => 'Session does not exist.' }, 'an expired session';
    $core->post('/recipe/session/remove', { sessionHandles => [$session->{session}{handle}] });
    is_deeply regenerate($token, {}), { status => 'UNAUTHORISED', message => 'Session does not exist.' }, 'a removed one';
};

subtest 'legacy V1' => sub {
    my $session = create($core, {}, cdi => '2.20');
    my $private = key_pair($pg->value('SELECT value FROM session_access_token_signing_keys'))->{private};
    my $v1      = forged_legacy(1, part_text($session->{accessToken}{token}, 1), $private);
    my $got     = regenerate($v1, { a => 5 }, cdi => '2.20');
    is $got->{status}, 'OK', 'is accepted';
    like part_text($got->{accessToken}{token}, 0), qr/"version":"1"/, 'and stays V1';
    is_deeply payload_of($got->{accessToken}{token})->{userData}, { a => 5 }, 'with the payload';
};

done_testing;

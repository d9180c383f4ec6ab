# SPDX-License-Identifier: Apache-2.0
# What clients below CDI 2.21 are told of signing keys, and the settings that count for them only.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Session qw(T F create create_answer forged_legacy header_of is_signed key_pair part_text payload_of refresh shape spki_pem verify verify_answer);
use ST::Stack;

my $s    = ST::Stack->new(config => { access_token_validity => 7200, access_token_validity_jitter => 0 });
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;

my ($I, $A) = (168 * 3_600_000, 7_200_000);
my $FOREVER = 315_360_000_000;
my $KEY     = 'jwtSigningPublicKey jwtSigningPublicKeyExpiryTime';
my $LIST    = ' jwtSigningPublicKeyList[{publicKey expiryTime createdAt}]';

sub app ($name, %config) {
    $core->put('/recipe/multitenancy/app/v2', { appId => $name, coreConfig => \%config })->{json}{createdNew} or die "no app $name\n";
    return $core->with(prefix => "/appid-$name");
}

sub key_info ($j) { return { map { ($_ => $j->{$_}) } grep { /^jwtSigning/ } keys %$j } }

subtest 'handshake' => sub {
    create($core);
    my ($created, $value) = @{ $pg->query('SELECT created_at_time, value FROM session_access_token_signing_keys')->[0] };
    my ($public) = split /[|]/, $value;
    for my $cdi (qw(2.7 2.8 2.9 2.20)) {
        my $list = $cdi =~ /\A2[.][78]\z/ ? 0 : 1;
        my $answer = $core->post('/recipe/handshake', undef, cdi => $cdi);
        is shape($answer), "{status $KEY" . ($list ? $LIST : q{ }) . 'accessTokenBlacklistingEnabled accessTokenValidity refreshTokenValidity}', "CDI $cdi: members";
        is_deeply $answer->{json},
          {
            status                         => 'OK',
            jwtSigningPublicKey            => $public,
            jwtSigningPublicKeyExpiryTime  => $created + $I,
            ($list ? (jwtSigningPublicKeyList => [{ publicKey => $public, createdAt => $created, expiryTime => $created + $I + 2 * $A }]) : ()),
            accessTokenBlacklistingEnabled => F,
            accessTokenValidity            => $A,
            refreshTokenValidity           => 144_000 * 60_000,
          },
          'content';
        is_deeply $core->post('/recipe/handshake', '{"any":"body"}', cdi => $cdi)->{json}, $answer->{json}, 'a body is not looked at';
        my $session = create($core, {}, cdi => $cdi);
        is_deeply key_info($session), key_info($answer->{json}), 'a new session tells the same';
        ok is_signed($session->{accessToken}{token}, spki_pem($public)), 'and is signed with it';
        is_deeply key_info(verify($core, $session->{accessToken}{token}, {}, cdi => $cdi)), key_info($answer->{json}), 'as does verify';
        is_deeply key_info(refresh($core, $session->{refreshToken}{token}, {}, cdi => $cdi)), {}, 'but not refresh';
    }
    for my $cdi (qw(2.21 3.0 5.6)) {
        my $answer = $core->post('/recipe/handshake', {}, cdi => $cdi);
        is "$answer->{status} $answer->{text}", "404 Not found\n", "CDI $cdi: gone";
    }
    is $core->get('/recipe/handshake', cdi => '2.9')->{status}, 405, 'GET is not for it';
};

subtest 'several dynamic keys' => sub {
    my $door = app('several');
    create($door);
    my $key  = $pg->value(q{SELECT value FROM session_access_token_signing_keys WHERE app_id = 'several'});
    my $now  = $pg->value(q{SELECT max(created_at_time) FROM session_access_token_signing_keys WHERE app_id = 'several'});
    # Of last week, of the week before, and one whose time is over.
    my @age = ($I - 600_000, $I + $A, $I + 2 * $A + 60_000);
    $pg->query("INSERT INTO session_access_token_signing_keys (app_id, created_at_time, value) VALUES " . join q{,}, map { "('several', $now - $_, '$key')" } @age);
    $pg->query(q{NOTIFY supertokens_fcgi, '*'});
    ST::Env::wait_until(10, sub { @{ $door->post('/recipe/handshake', undef, cdi => '2.9')->{json}{jwtSigningPublicKeyList} } == 3 });
    my $got = $door->post('/recipe/handshake', undef, cdi => '2.9')->{json};
    is_deeply [map { $_->{createdAt} } @{ $got->{jwtSigningPublicKeyList} }], [$now, $now - $age[0], $now - $age[1]], 'newest first, without the expired one';
    is_deeply [map { $_->{expiryTime} - $_->{createdAt} } @{ $got->{jwtSigningPublicKeyList} }], [($I + 2 * $A) x 3], 'how long they are good for';
    is $got->{jwtSigningPublicKeyExpiryTime}, $now - $age[0] + $I, 'a fresh key does not sign in its first minute';
    my $session = create($door);
    is header_of($session->{accessToken}{token})->{kid}, 'd-' . ($now - $age[0]), 'nor does it for JWTs';
};

subtest 'static key' => sub {
    my $door = app('static', access_token_signing_key_dynamic => F);
    for my $cdi (qw(2.7 2.9)) {
        my $answer = $door->post('/recipe/handshake', undef, cdi => $cdi)->{json};
        my ($public) = split /[|]/, $pg->value(q{SELECT key_string FROM jwt_signing_keys WHERE app_id = 'static'});
        my $created = $pg->value(q{SELECT created_at FROM jwt_signing_keys WHERE app_id = 'static'});
        is_deeply key_info($answer),
          {
            jwtSigningPublicKey           => $public,
            jwtSigningPublicKeyExpiryTime => $FOREVER,
            ($cdi eq '2.9' ? (jwtSigningPublicKeyList => [{ publicKey => $public, createdAt => $created, expiryTime => $created + $FOREVER }]) : ()),
          },
          "CDI $cdi: it lasts forever";
        my $session = create($door, { useDynamicSigningKey => T }, cdi => $cdi);
        ok is_signed($session->{accessToken}{token}, spki_pem($public)), 'tokens are signed with it';
        is verify($door, $session->{accessToken}{token}, {}, cdi => $cdi)->{status}, 'OK', 'and good';
        my $fresh = refresh($door, $session->{refreshToken}{token}, { useDynamicSigningKey => T }, cdi => $cdi);
        ok is_signed($fresh->{accessToken}{token}, spki_pem($public)), 'after a refresh as well';
        my $promoted = verify($door, $fresh->{accessToken}{token}, {}, cdi => $cdi);
        ok is_signed($promoted->{accessToken}{token}, spki_pem($public)), 'and promoted';
    }
    is header_of(create($door)->{accessToken}{token})->{kid} =~ s/-.*//r, 'd', 'from 2.21 on the setting does not count';
};

subtest 'blacklisting' => sub {
    my $door = app('black', access_token_blacklisting => T);
    is $door->post('/recipe/handshake', undef, cdi => '2.20')->{json}{accessTokenBlacklistingEnabled}, T, 'the setting is told';
    for ([$door, 'UNAUTHORISED'], [$core, 'OK']) {
        my ($app, $status) = @$_;
        my $session = create($app, { userDataInJWT => { a => 1 } }, cdi => '2.20');
        my $token   = $session->{accessToken}{token};
        $app->put('/recipe/jwt/data', { sessionHandle => $session->{session}{handle}, userDataInJWT => { a => 2 } });
        my $got = verify($app, $token, { checkDatabase => F }, cdi => '2.20');
        is exists $got->{accessToken} ? 1 : 0, $status eq 'OK' ? 0 : 1, 'with it a changed payload is seen';
        is shape(verify_answer($app, $token, {}, cdi => '2.20')), '{session{handle userId userDataInJWT{a}}' . ($status eq 'OK' ? q{} : 'accessToken{token expiry createdTime}') . "status $KEY$LIST}", 'members';
        $app->post('/recipe/session/remove', { sessionHandles => [$session->{session}{handle}] });
        my $answer = verify_answer($app, $token, { checkDatabase => $status eq 'OK' ? T : F }, cdi => '2.20');
        is $answer->{json}{status}, $status, "a removed session is $status";
        is $answer->{text}, qq({"status":"UNAUTHORISED","message":"Either the session has ended or has been blacklisted"}\n), 'without keys' if $status ne 'OK';
        is verify($app, $token, { checkDatabase => F }, cdi => '2.21')->{status}, 'OK', 'from 2.21 on the setting does not count';
    }
    my $session = create($core, {}, cdi => '2.9');
    my $answer = $core->post('/recipe/session/verify', { accessToken => $session->{accessToken}{token}, doAntiCsrfCheck => F, enableAntiCsrf => F }, cdi => '2.9');
    is $answer->{json}{status}, 'OK', 'checkDatabase is not known';
};

subtest 'promotion of legacy tokens' => sub {
    my $session = create($core, { userDataInJWT => { a => 1 } }, cdi => '2.9');
    my $fresh   = refresh($core, $session->{refreshToken}{token}, {}, cdi => '2.9');
    is shape(part_text($fresh->{accessToken}{token}, 1)), '{userId expiryTime timeCreated sessionHandle refreshTokenHash1 parentRefreshTokenHash1 userData{a}}', 'a token with a parent';
    my $answer = verify_answer($core, $fresh->{accessToken}{token}, {}, cdi => '2.9');
    is shape($answer), "{session{handle userId userDataInJWT{a}}accessToken{token expiry createdTime}status $KEY$LIST}", 'its first use';
    my $minted = $answer->{json}{accessToken};
    is shape(part_text($minted->{token}, 1)), '{userId expiryTime timeCreated sessionHandle refreshTokenHash1 userData{a}}', 'gives one without';
    is_deeply [@{ payload_of($minted->{token}) }{qw(expiryTime timeCreated)}], [@$minted{qw(expiry createdTime)}], 'with these times';
    is $minted->{expiry} - $minted->{createdTime}, $A, 'for the whole time';

    # V1 is nothing that is made any more but stays V1, signed with the dynamic key.
    $fresh = refresh($core, $fresh->{refreshToken}{token}, { }, cdi => '2.9');
    my $private = key_pair($pg->value(q{SELECT value FROM session_access_token_signing_keys WHERE app_id = 'public'}))->{private};
    my $v1      = forged_legacy(1, part_text($fresh->{accessToken}{token}, 1), $private);
    my $got     = verify($core, $v1, {}, cdi => '2.9');
    is part_text($got->{accessToken}{token}, 0), '{"alg":"RS256","typ":"JWT","version":"1"}', 'V1 is exchanged for V1';
    ok is_signed($got->{accessToken}{token}, spki_pem($got->{jwtSigningPublicKey})), 'with the dynamic key';

    # A V2 token of a session with a static key.
    $session = create($core, { useDynamicSigningKey => F });
    $fresh = refresh($core, $session->{refreshToken}{token}, {}, cdi => '2.9');
    $got = verify($core, $fresh->{accessToken}{token}, {}, cdi => '2.9');
    my ($static) = split /[|]/, $pg->value(q{SELECT key_string FROM jwt_signing_keys WHERE app_id = 'public'});
    ok is_signed($got->{accessToken}{token}, spki_pem($static)), 'a session with the static key keeps it';
};

done_testing;

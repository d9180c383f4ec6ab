# SPDX-License-Identifier: Apache-2.0
# Verifying access tokens: without writing from CDI 5.6 on, with promotion before.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Digest::SHA qw(sha256_hex);
use Test::More;
use ST::Session qw(T F create hash2 header_of payload_of refresh shape verify verify_answer);
use ST::Stack;

my $s    = ST::Stack->new(config => { access_token_validity_jitter => 0 });
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;

sub row ($session) { return join q{ }, map { $_ // '-' } @{ $pg->query("SELECT * FROM session_info WHERE session_handle = '$session->{session}{handle}'")->[0] // [] } }

sub hashes ($session) {
    return [map { $_ // '-' } @{ $pg->query("SELECT refresh_token_hash_2, prev_refresh_token_hash_2 FROM session_info
        WHERE session_handle = '$session->{session}{handle}'")->[0] }];
}

sub set_payload ($session, $payload, $cdi = '5.6') {
    return $core->put('/recipe/jwt/data', { sessionHandle => $session->{session}{handle}, userDataInJWT => $payload }, cdi => $cdi)->{json}{status};
}

sub remove ($session) { return $core->post('/recipe/session/remove', { sessionHandles => [$session->{session}{handle}] }) }

subtest 'CDI 5.6' => sub {
    my $session = create($core, { userDataInJWT => { a => { n => undef } } });
    my $token   = $session->{accessToken}{token};
    my $before  = row($session);
    my $answer  = verify_answer($core, $token);
    is shape($answer), '{session{handle userId recipeUserId userDataInJWT{a{n}}tenantId}status}', 'members';
    is_deeply $answer->{json}, { status => 'OK', session => $session->{session} }, 'the answer';
    $answer = verify_answer($core, $token, { checkDatabase => T });
    is_deeply $answer->{json}, { status => 'OK', session => $session->{session}, payloadUpdateAvailable => F }, 'with the database';
    like $answer->{text}, qr/"payloadUpdateAvailable":false,"status":"OK"\}\n\z/, 'in this order';

    is set_payload($session, { a => 2 }), 'OK', 'another payload is stored';
    is_deeply verify($core, $token, { checkDatabase => T }), { status => 'OK', session => $session->{session}, payloadUpdateAvailable => T },
      'the token counts, and the client is told';
    is_deeply verify($core, $token), { status => 'OK', session => $session->{session} }, 'without the database it is not known';
    set_payload($session, { a => { n => undef } });
    is verify($core, $token, { checkDatabase => T })->{payloadUpdateAvailable}, F, 'as it was before';
    is row($session), $before, 'verify writes nothing';

    remove($session);
    is verify($core, $token)->{status}, 'OK', 'a removed session lives on without the database';
    is_deeply verify($core, $token, { checkDatabase => T }),
      { status => 'UNAUTHORISED', message => 'Either the session has ended or has been blacklisted' }, 'with it, it does not';
};

subtest 'when payloads are equal' => sub {
    my $session = create($core, { userDataInJWT => { n => 1, l => [1, 'x'], o => { p => undef } } });
    my $token   = $session->{accessToken}{token};
    for (
        ['{"o":{"p":null},"l":[1,"x"],"n":1}',    F],
        ['{"o":{"p":null},"l":[1.0,"x"],"n":1e0}', F],
        ['{"o":{"p":null},"l":["x",1],"n":1}',    T],
        ['{"o":{},"l":[1,"x"],"n":1}',            T],
        ['{"o":{"p":null},"l":[1,"x"],"n":"1"}',  T],
        ['{"o":{"p":null},"l":[1,"x"],"n":1,"m":null}', T],
        ['{}',                                    T],
      ) {
        my ($stored, $changed) = @$_;
        $core->put('/recipe/jwt/data', qq({"sessionHandle":"$session->{session}{handle}","userDataInJWT":$stored}));
        is verify($core, $token, { checkDatabase => T })->{payloadUpdateAvailable}, $changed, $stored;
    }
};

subtest 'which branches live, CDI 5.6' => sub {
    my $first  = create($core);
    my %token  = (first => $first->{accessToken}{token});
    my $second = refresh($core, $first->{refreshToken}{token});
    my $third  = refresh($core, $second->{refreshToken}{token});
    @token{qw(second third)} = map { $_->{accessToken}{token} } $second, $third;
    my $child = refresh($core, $third->{refreshToken}{token}, {}, cdi => '5.4');
    my $grandchild = refresh($core, $child->{refreshToken}{token}, {}, cdi => '5.4');    # child is promoted by this
    @token{qw(child grandchild)} = map { $_->{accessToken}{token} } $child, $grandchild;

    # Current is child now, previous third; grandchild's parent is child.
    is_deeply hashes($first), [hash2($child->{refreshToken}{token}), hash2($third->{refreshToken}{token})], 'where the session stands';
    my $dead = { status => 'UNAUTHORISED', message => 'rotated-out token branch; refresh required' };
    for (['first', $dead], ['second', $dead], ['third'], ['child'], ['grandchild']) {
        my ($name, $want) = @$_;
        my $got = verify($core, $token{$name}, { checkDatabase => T });
        $want ? is_deeply($got, $want, "$name is dead") : is($got->{status}, 'OK', "$name lives");
        is verify($core, $token{$name})->{status}, 'OK', 'and without the database, until it expires';
    }
    my $sibling = refresh($core, $child->{refreshToken}{token}, {}, cdi => '5.4');
    is verify($core, $sibling->{accessToken}{token}, { checkDatabase => T })->{status}, 'OK', 'a second child of the current one lives too';
    is_deeply hashes($first), [hash2($child->{refreshToken}{token}), hash2($third->{refreshToken}{token})], 'nothing was promoted';
};

for my $cdi (qw(2.21 3.0 4.0 5.4)) {
    subtest "promotion, CDI $cdi" => sub {
        my $session = create($core, { userDataInJWT => { a => 1 }, enableAntiCsrf => T }, cdi => $cdi);
        my %csrf    = (enableAntiCsrf => T, antiCsrfToken => $session->{antiCsrfToken});
        my $before  = row($session);
        my $same    = { status => 'OK', session => $session->{session} };
        is_deeply verify($core, $session->{accessToken}{token}, { checkDatabase => $_ }, cdi => $cdi), $same, "of the first token nothing comes, database $_" for F, T;

        my $fresh = refresh($core, $session->{refreshToken}{token}, { %csrf }, cdi => $cdi);
        is row($session), $before, 'a refresh changes nothing yet';
        my $token = $fresh->{accessToken}{token};
        is payload_of($token)->{parentRefreshTokenHash1}, sha256_hex($session->{refreshToken}{token}), 'the new token tells its parent';
        my $answer = verify_answer($core, $token, {}, cdi => $cdi);
        my $names  = ($cdi ge '4.0' ? 'recipeUserId ' : q{}) . 'userDataInJWT{a}' . ($cdi ge '3.0' ? 'tenantId' : q{});
        is shape($answer), "{session{handle userId $names}accessToken{token expiry createdTime}status}", 'its first use';
        my $minted = $answer->{json}{accessToken};
        is_deeply hashes($session), [map { hash2($_->{refreshToken}{token}) } $fresh, $session], 'makes its refresh token the current one';
        my ($rotated, $expires) = @{ $pg->query("SELECT refresh_token_rotated_at, expires_at FROM session_info WHERE session_handle = '$session->{session}{handle}'")->[0] };
        is $expires - $rotated, 144_000 * 60_000, 'and prolongs the session';

        my ($old, $new) = map { payload_of($_) } $token, $minted->{token};
        is $new->{parentRefreshTokenHash1}, undef, 'the token given in exchange has no parent';
        is_deeply [@$new{qw(refreshTokenHash1 antiCsrfToken sessionHandle sub)}], [@$old{qw(refreshTokenHash1 antiCsrfToken sessionHandle sub)}], 'and otherwise the same';
        is header_of($minted->{token})->{version}, header_of($token)->{version}, 'and the same version';
        is $new->{exp} - $new->{iat}, 3600, 'full validity';
        is "$minted->{createdTime} $minted->{expiry}", 1000 * $new->{iat} . q{ } . 1000 * $new->{exp}, 'as the answer says';
        ok !verify($core, $minted->{token}, {}, cdi => $cdi)->{accessToken}, 'of that token nothing more comes';
        my $after = row($session);
        ok verify($core, $token, {}, cdi => $cdi)->{accessToken}, 'the used one gives another one each time';
        is row($session), $after, 'without a change';

        set_payload($session, { b => 2 }, $cdi);
        ok !verify($core, $minted->{token}, {}, cdi => $cdi)->{accessToken}, 'a changed payload is not seen without the database';
        my $changed = verify($core, $minted->{token}, { checkDatabase => T }, cdi => $cdi);
        is_deeply $changed->{session}{userDataInJWT}, { b => 2 }, 'with it, it is answered';
        my $payload = payload_of($changed->{accessToken}{token});
        is_deeply [@$payload{qw(b a parentRefreshTokenHash1)}], [2, undef, undef], 'with a token that has it';
        is_deeply verify($core, $changed->{accessToken}{token}, { checkDatabase => T }, cdi => $cdi), { status => 'OK', session => $changed->{session} }, 'then all is quiet';

        is verify($core, $session->{accessToken}{token}, { checkDatabase => T }, cdi => $cdi)->{accessToken}{token} ? 1 : 0, 1, 'the first token gets the payload too';
        my $unused = refresh($core, $fresh->{refreshToken}{token}, { %csrf, antiCsrfToken => $fresh->{antiCsrfToken} }, cdi => $cdi);
        remove($session);
        is_deeply verify($core, $unused->{accessToken}{token}, {}, cdi => $cdi), { status => 'UNAUTHORISED', message => 'Session missing in db' },
          'a token with a parent needs the session';
        is_deeply verify($core, $unused->{accessToken}{token}, { checkDatabase => T }, cdi => $cdi),
          { status => 'UNAUTHORISED', message => 'Either the session has ended or has been blacklisted' }, 'or with the database';
    };
}

subtest 'a branch that lost, CDI 5.4' => sub {
    my $session = create($core, {}, cdi => '5.4');
    my ($a, $b) = map { refresh($core, $session->{refreshToken}{token}, {}, cdi => '5.4') } 1, 2;
    ok verify($core, $a->{accessToken}{token}, {}, cdi => '5.4')->{accessToken}, 'one of two children is used';
    is_deeply verify($core, $b->{accessToken}{token}, {}, cdi => '5.4'), { status => 'OK', session => $b->{session} }, 'the other one gets nothing';
    set_payload($session, { x => 1 });
    is verify($core, $b->{accessToken}{token}, { checkDatabase => T }, cdi => '5.4')->{session}{userDataInJWT}{x}, 1, 'unless the payload changed';
    is_deeply hashes($session), [map { hash2($_->{refreshToken}{token}) } $a, $session], 'which promotes nothing';
};

subtest 'a stored payload that the token cannot hold' => sub {
    my $session = create($core, {}, cdi => '5.4');
    my $fresh   = refresh($core, $session->{refreshToken}{token}, {}, cdi => '5.4');
    is set_payload($session, { rsub => 'x' }, '3.0'), 'OK', 'an old interface stores a name that V5 reserves';
    my $answer = verify_answer($core, $fresh->{accessToken}{token}, {}, cdi => '5.4');
    is "$answer->{status} $answer->{text}", "400 The user payload contains protected field\n", 'no token can be made';
    is_deeply hashes($session), [map { hash2($_->{refreshToken}{token}) } $fresh, $session], 'but the promotion stays';
};

subtest 'keys' => sub {
    for my $dynamic (T, F) {
        my $session = create($core, { useDynamicSigningKey => $dynamic }, cdi => '5.4');
        my $fresh   = refresh($core, $session->{refreshToken}{token}, { useDynamicSigningKey => $dynamic }, cdi => '5.4');
        my $minted  = verify($core, $fresh->{accessToken}{token}, {}, cdi => '5.4')->{accessToken}{token};
        is substr(header_of($minted)->{kid}, 0, 2), $dynamic ? 'd-' : 's-', 'a promoted token is signed like its session';
    }
};

subtest 'tokens and interfaces of different generations' => sub {
    my %session = map { my $n = $_->[1]; ($n => create($core, { userDataInJWT => { tId => 'mine', rsub => 'too' } }, cdi => $_->[0])) } ['2.20', 2], ['2.21', 3];
    $session{4} = create($core, { userDataInJWT => { rsub => 'too' } }, cdi => '3.0');
    $session{5} = create($core);
    for my $version (sort keys %session) {
        for my $cdi (qw(2.7 2.9 2.21 3.0 4.0 5.4 5.6)) {
            my $got = verify_answer($core, $session{$version}{accessToken}{token}, { checkDatabase => T }, cdi => $cdi);
            my $in  = $got->{json}{session};
            is_deeply [$got->{json}{status}, $in->{userDataInJWT}, !!exists $in->{tenantId}, $in->{recipeUserId} // '-'],
              ['OK', $session{$version}{session}{userDataInJWT}, $cdi ge '3.0', $cdi ge '4.0' ? 'user' : '-'], "V$version at $cdi";
        }
    }
};

done_testing;

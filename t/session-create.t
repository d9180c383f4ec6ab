# SPDX-License-Identifier: Apache-2.0
# New sessions as each generation of the core driver interface wants them, and what is kept of them.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Digest::SHA qw(sha256_hex);
use JSON::PP    ();
use Test::More;
use ST::Session qw(T F create create_answer create_input hash2 header_of is_signed jwk_pem part_text payload_of shape);
use ST::Stack;

my $s    = ST::Stack->new(config => { access_token_validity_jitter => 0 });
my $core = $s->core;

my $UUID   = qr/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
my $HEX    = qr/[0-9a-f]{64}/;
my $TOKENS = 'accessToken{token expiry createdTime}refreshToken{token expiry createdTime}';
my $ID     = 'idRefreshToken{token expiry createdTime}';
my $KEY    = 'jwtSigningPublicKey jwtSigningPublicKeyExpiryTime';
my $LIST   = "$KEY jwtSigningPublicKeyList[{publicKey expiryTime createdAt}]";
my $V3     = 'sessionHandle refreshTokenHash1 parentRefreshTokenHash1 antiCsrfToken';

# Interface, version of its access tokens, names in session, rest of the answer, names in the token.
my @generations = (
    ['2.7',  2, 'handle userId userDataInJWT{a}', "$TOKENS$ID%sstatus $KEY", undef],
    ['2.8',  2, 'handle userId userDataInJWT{a}', "$TOKENS$ID%sstatus $KEY", undef],
    ['2.9',  2, 'handle userId userDataInJWT{a}', "$TOKENS$ID%sstatus $LIST", undef],
    ['2.20', 2, 'handle userId userDataInJWT{a}', "$TOKENS$ID%sstatus $LIST", undef],
    ['2.21', 3, 'handle userId userDataInJWT{a}', "$TOKENS%sstatus", "iat exp sub $V3 a"],
    ['3.0',  4, 'handle userId userDataInJWT{a}tenantId', "$TOKENS%sstatus", "iat exp sub tId $V3 a"],
    ['3.1',  4, 'handle userId userDataInJWT{a}tenantId', "$TOKENS%sstatus", "iat exp sub tId $V3 a"],
    map { [$_, 5, 'handle userId recipeUserId userDataInJWT{a}tenantId', "$TOKENS%sstatus", "iat exp sub tId rsub $V3 a"] }
      qw(4.0 5.0 5.4 5.6),
);

for my $generation (@generations) {
    my ($cdi, $version, $session_names, $rest, $token_names) = @$generation;
    for my $anti_csrf (F, T) {
        my $answer = create_answer($core, { enableAntiCsrf => $anti_csrf, userDataInJWT => { a => 1 } }, cdi => $cdi);
        is shape($answer), "{session{$session_names}" . sprintf("$rest}", $anti_csrf ? 'antiCsrfToken ' : q{}), "CDI $cdi, anti-CSRF $anti_csrf: the answer's members";
        my $j = $answer->{json};
        is $j->{status}, 'OK', 'status';
        like $j->{session}{handle}, qr/\A$UUID\z/, 'handle';
        like $j->{refreshToken}{token}, qr{\A[A-Za-z0-9+/]+=*[.]$HEX[.]V2\z}, 'refresh token';
        like $j->{idRefreshToken}{token}, qr/\A$UUID\z/, 'id refresh token' if $version == 2;
        like $j->{antiCsrfToken}, qr/\A$UUID\z/, 'anti-CSRF token' if $anti_csrf;
        check_times($j, $version);
        check_token($j, $version, $token_names, $anti_csrf ? $j->{antiCsrfToken} : undef);
        check_row($j, $cdi);
    }
}

sub check_times ($j, $version) {
    my $refresh = $j->{refreshToken};
    is $refresh->{expiry} - $refresh->{createdTime}, 144_000 * 60_000, 'refresh token validity';
    is_deeply [@{ $j->{idRefreshToken} }{qw(expiry createdTime)}], [@$refresh{qw(expiry createdTime)}], 'and of the id' if $version == 2;
    my $access = $j->{accessToken};
    my $unit   = $version > 2 ? 1000 : 1;
    is $access->{createdTime}, $refresh->{createdTime} - $refresh->{createdTime} % $unit, "created, in units of $unit ms";
    is $access->{expiry} - $access->{createdTime}, 3_600_000, 'access token validity';
    return;
}

sub check_token ($j, $version, $names, $anti_csrf) {
    my $token  = $j->{accessToken}{token};
    my %shared = (sessionHandle => $j->{session}{handle}, refreshTokenHash1 => sha256_hex($j->{refreshToken}{token}));
    if ($version == 2) {
        is part_text($token, 0), '{"alg":"RS256","typ":"JWT","version":"2"}', 'header';
        my $want = 'userId expiryTime timeCreated sessionHandle refreshTokenHash1' . ($anti_csrf ? ' antiCsrfToken' : q{});
        is shape(part_text($token, 1)), "{$want userData{a}}", 'names in the token';
        is_deeply payload_of($token),
          {
            %shared,
            userId      => 'user',
            expiryTime  => $j->{accessToken}{expiry},
            timeCreated => $j->{accessToken}{createdTime},
            userData    => { a => 1 },
            ($anti_csrf ? (antiCsrfToken => $anti_csrf) : ()),
          },
          'its content';
        ok is_signed($token, ST::Session::spki_pem($j->{jwtSigningPublicKey})), 'signature';
        return;
    }
    my $header = header_of($token);
    is shape(part_text($token, 0)), '{kid typ version alg}', 'header';
    is_deeply $header, { kid => $header->{kid}, typ => 'JWT', version => "$version", alg => 'RS256' }, 'its content';
    like $header->{kid}, qr/\Ad-\d+\z/, 'a dynamic key';
    is shape(part_text($token, 1)), "{$names}", 'names in the token';
    is_deeply payload_of($token),
      {
        %shared,
        iat                     => $j->{accessToken}{createdTime} / 1000,
        exp                     => $j->{accessToken}{expiry} / 1000,
        sub                     => 'user',
        a                       => 1,
        parentRefreshTokenHash1 => undef,
        antiCsrfToken           => $anti_csrf,
        ($version > 3 ? (tId  => 'public') : ()),
        ($version > 4 ? (rsub => 'user')   : ()),
      },
      'its content';
    my ($jwk) = grep { $_->{kid} eq $header->{kid} } @{ $core->get('/.well-known/jwks.json')->{json}{keys} };
    ok is_signed($token, jwk_pem($jwk)), 'signature';
    return;
}

sub check_row ($j, $cdi) {
    my $row = $s->pg->query("SELECT * FROM session_info WHERE session_handle = '$j->{session}{handle}'")->[0];
    is_deeply $row,
      [
        'public', 'public', $j->{session}{handle}, 'user', hash2($j->{refreshToken}{token}), '{}',
        $j->{refreshToken}{expiry}, $j->{refreshToken}{createdTime}, '{"a":1}', 'f', undef, undef,
      ],
      "CDI $cdi: the stored session";
    return;
}

subtest 'payload and data' => sub {
    my $text = '{"userId":"u","enableAntiCsrf":false,"userDataInDatabase":{"d":null,"n":1.0,"s":"<&\'=>"},'
      . '"userDataInJWT":{"z":null,"i":-5,"big":9223372036854775807,"f":1.0,"e":1e5,"s":"\u00e9\u2028\"/<","l":[1,2.50,{"x":false}],"z":[]}}';
    my $answer = $core->post('/recipe/session', $text, cdi => '5.6');
    my ($echo) = $answer->{text} =~ /"userDataInJWT":(\{.*?\}),"tenantId"/s;
    is $echo, qq({"z":[],"i":-5,"big":9223372036854775807,"f":1.0,"e":1e5,"s":"\xC3\xA9\\u2028\\"/<","l":[1,2.50,{"x":false}]}),
      'the payload is echoed as it was given';
    my ($minted) = part_text($answer->{json}{accessToken}{token}, 1) =~ /"antiCsrfToken":null,(.*)\}\z/;
    like $minted, qr/\A"z":\[\],"i":-5,"big":9223372036854775807,"f":1\.0,"e":100000\.0,"s":".*","l":\[1,2\.5,\{"x":false\}\]\z/,
      'in the token numbers have their normal form';
    my $data = $s->pg->value("SELECT session_data FROM session_info WHERE session_handle = '$answer->{json}{session}{handle}'");
    is $data, '{"d":null,"n":1.0,"s":"<&\'=>"}', 'data is kept as it was given';
    is create_answer($core, { userDataInJWT => { n => 1 } }, cdi => '5.6')->{status}, 200, 'control';
    my $huge = $core->post('/recipe/session', $text =~ s/-5/18446744073709551615/r, cdi => '5.6');
    is $huge->{status}, 500, 'an integer that no token can hold';
};

subtest 'protected names' => sub {
    my @v3    = qw(sub exp iat sessionHandle refreshTokenHash1 parentRefreshTokenHash1 antiCsrfToken);
    my %names = (
        '2.20' => [],
        '2.21' => \@v3,
        '3.1'  => [@v3, 'tId'],
        '4.0'  => [@v3, qw(tId rsub)],
        '5.6'  => [@v3, qw(tId rsub)],
    );
    my $sessions = $s->pg->value('SELECT count(*) FROM session_info');
    for my $cdi (sort keys %names) {
        my %protected = map { ($_ => 1) } @{ $names{$cdi} };
        for my $name (@v3, qw(tId rsub userId kid)) {
            my $answer = create_answer($core, { userDataInJWT => { x => 1, $name => 'v' } }, cdi => $cdi);
            is "$answer->{status} " . ($protected{$name} ? $answer->{text} : $answer->{json}{status}),
              $protected{$name} ? "400 The user payload contains protected field\n" : '200 OK', "$name at $cdi";
            $sessions++ if !$protected{$name};
        }
    }
    is $s->pg->value('SELECT count(*) FROM session_info'), $sessions, 'nothing was stored for those refused';
};

subtest 'accessTokenValidity' => sub {
    for ([1, 1], [3_600_000, 3_600_000], ['"1500"', 1500], ['2500.9', 2500]) {
        my ($given, $want) = @$_;
        my $answer = $core->post('/recipe/session', with_raw(accessTokenValidity => $given), cdi => '5.6');
        my $j      = $answer->{json};
        my $exact  = $j->{refreshToken}{createdTime} + $want;
        is $j->{accessToken}{expiry}, $exact - $exact % 1000, "$given ms";
    }
    my $range = 'accessTokenValidity must be greater than 0 and at most the configured access_token_validity (3600000 ms)';
    my $field = "Field name 'accessTokenValidity' is invalid in JSON input";
    for (['0', $range], ['-1', $range], ['3600001', $range], ['null', $field], ['true', $field], ['"x"', $field], ['{}', $field]) {
        my ($given, $text) = @$_;
        my $answer = $core->post('/recipe/session', with_raw(accessTokenValidity => $given), cdi => '5.6');
        is "$answer->{status} $answer->{text}", "400 $text\n", "$given is refused";
        my $older = $core->post('/recipe/session', with_raw(accessTokenValidity => $given), cdi => '5.5');
        is $older->{json}{accessToken}{expiry} - $older->{json}{accessToken}{createdTime}, 3_600_000, 'and not looked at before 5.6';
    }
};

sub with_raw ($name, $raw) {
    return JSON::PP->new->encode(create_input()) =~ s/\A\{/{"$name":$raw,/r;
}

subtest 'static and dynamic keys' => sub {
    for (['2.21', {}, 'd'], ['2.21', { useDynamicSigningKey => F }, 's'], ['5.6', { useDynamicSigningKey => T }, 'd'],
        ['5.6', { useDynamicSigningKey => F }, 's']) {
        my ($cdi, $over, $kind) = @$_;
        my $j = create($core, $over, cdi => $cdi);
        like header_of($j->{accessToken}{token})->{kid}, qr/\A$kind-/, "CDI $cdi: $kind";
        is $s->pg->value("SELECT use_static_key FROM session_info WHERE session_handle = '$j->{session}{handle}'"),
          $kind eq 's' ? 't' : 'f', 'is remembered';
    }
    my $answer = create_answer($core, { useDynamicSigningKey => F }, cdi => '2.20');
    is $s->pg->value("SELECT use_static_key FROM session_info WHERE session_handle = '$answer->{json}{session}{handle}'"), 'f',
      'before 2.21 the field is not known';
};

subtest 'jitter' => sub {
    my $apart = ST::Stack->new(pg => $s->pg, db => $s->pg->create_db('jitter'), config => { access_token_validity_jitter => 0.25 });
    my %seen;
    for (1 .. 40) {
        my $t = create($apart->core, {}, cdi => '2.20')->{accessToken};
        $seen{ $t->{expiry} - $t->{createdTime} }++;
    }
    my @lives = sort { $a <=> $b } keys %seen;
    cmp_ok scalar(@lives), '>', 30, 'lifetimes differ';
    cmp_ok $lives[0], '>=', 2_700_000, 'at least three quarters';
    cmp_ok $lives[-1], '<=', 3_600_000, 'at most the whole';
    my $exact = create($apart->core, { accessTokenValidity => 2_000_000 }, cdi => '5.6');
    is int($exact->{accessToken}{expiry} / 1000), int(($exact->{refreshToken}{createdTime} + 2_000_000) / 1000), 'none for a given one';
};

done_testing;

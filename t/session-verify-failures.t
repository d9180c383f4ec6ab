# SPDX-License-Identifier: Apache-2.0
# Tokens that are not ours, not whole, or too old: what verify says of each, and that it says nothing else.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use MIME::Base64 qw(encode_base64 encode_base64url);
use Test::More;
use ST::Session qw(T F create forged_jwt forged_legacy header_of key_pair payload_of part_text shape verify verify_answer);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core->with(cdi => '5.6');

my $session = create($core, { userDataInJWT => { a => 1 }, enableAntiCsrf => T });
my $token   = $session->{accessToken}{token};
my ($head, $body, $signature) = split /[.]/, $token;
my $kid     = header_of($token)->{kid};
my $private = key_pair($s->pg->value('SELECT value FROM session_access_token_signing_keys'))->{private};
my $other   = "$private.other";
system('openssl', 'genrsa', '-out', $other, '2048') == 0 or die "openssl genrsa\n";

sub try_refresh ($message) { return { status => 'TRY_REFRESH_TOKEN', message => $message } }

# Every interface from 2.21 on says the same.
sub says ($name, $text, $message, %over) {
    for my $cdi (qw(2.21 4.0 5.6)) {
        is_deeply verify($core, $text, \%over, cdi => $cdi), try_refresh($message), "$name, CDI $cdi";
    }
    return;
}

subtest 'a good one' => sub {
    my $again = forged_jwt(part_text($token, 0), part_text($token, 1), $private);
    is $again, $token, 'what the tests sign is what the service signs';
    is verify($core, $token)->{status}, 'OK', 'good';
    my $text = part_text($token, 0) =~ s/:/: /r;    # of another length, so with padding
    is verify($core, forged_jwt($text, part_text($token, 1), $private))->{status}, 'OK', 'a header with blanks';
    says 'the same header in another alphabet', join('.', encode_base64($text, q{}), $body, $signature), 'JWT verification failed';
};

subtest 'not a JWT' => sub {
    for my $text (q{}, 'x', 'a.b', "$head.$body", "$head.$body.", "$token.x", '..', "$head..$signature", ".$body.$signature", "\x{e9}.\x{e9}.x",
        'x' x 900_000, ('x.' x 1000) . 'x', "x.$body.$signature", encode_base64url('[]') . ".$body.$signature",
        encode_base64url('{"typ":"JWT"') . ".$body.$signature", encode_base64url('null') . ".$body.$signature") {
        says substr(utf8::is_utf8($text) ? 'UTF-8' : $text, 0, 20), $text, 'Invalid JWT';
    }
};

subtest 'headers' => sub {
    for (
        ['{}', 'missing - typ'],
        ['{"typ":{},"alg":"x"}', 'missing - typ'],
        ['{"typ":[]}', 'missing - typ'],
        ['{"typ":null}', 'missing - typ'],
        ['{"typ":"jwt","alg":1}', 'mismatch - typ'],
        ['{"typ":1}', 'mismatch - typ'],
        ['{"typ":"JWT"}', 'missing - alg'],
        ['{"typ":"JWT","alg":{}}', 'missing - alg'],
        ['{"typ":"JWT","alg":"none","version":"9"}', 'mismatch - alg'],
        ['{"typ":"JWT","alg":"HS256"}', 'mismatch - alg'],
        ['{"typ":"JWT","alg":"rs256"}', 'mismatch - alg'],
        ['{"typ":"JWT","alg":"RS256","version":5}', 'mismatch - version'],
        ['{"typ":"JWT","alg":"RS256","version":null}', 'mismatch - version'],
        ['{"typ":"JWT","alg":"RS256","version":"1"}', 'mismatch - version'],
        ['{"typ":"JWT","alg":"RS256","version":"2","kid":"x"}', 'mismatch - version'],
        ['{"typ":"JWT","alg":"RS256","version":"6"}', 'missing - kid'],
        ['{"typ":"JWT","alg":"RS256"}', 'missing - kid'],
        ['{"typ":"JWT","alg":"RS256","kid":5,"version":"5"}', 'mismatch - kid'],
        ['{"typ":"JWT","alg":"RS256","kid":null}', 'mismatch - kid'],
        ['{"typ":"JWT","alg":"RS256","kid":"x","version":"6"}', 'mismatch - version'],
        ['{"typ":"JWT","alg":"RS256","kid":"x","version":"05"}', 'mismatch - version'],
        ['{"typ":"JWT","alg":"RS256","kid":"x","version":""}', 'mismatch - version'],
      ) {
        my ($header, $what) = @$_;
        says $header, encode_base64url($header) . ".$body.$signature", "JWT header $what";
    }
};

subtest 'signatures' => sub {
    my $flipped = $signature =~ s/\A(.)/$1 eq 'A' ? 'B' : 'A'/er;
    says 'a changed signature', "$head.$body.$flipped", 'JWT verification failed';
    says 'a short one', "$head.$body.AAAA", 'JWT verification failed';
    says 'a changed payload', join('.', $head, encode_base64url(part_text($token, 1) =~ s/"a":1/"a":2/r), $signature), 'JWT verification failed';
    says 'another key', forged_jwt(part_text($token, 0), part_text($token, 1), $other), 'JWT verification failed';
    says 'an unknown key', forged_jwt(part_text($token, 0) =~ s/$kid/d-1/r, part_text($token, 1), $other), 'Key not found';
    says 'a key of no kind', forged_jwt(part_text($token, 0) =~ s/$kid/x/r, part_text($token, 1), $other), 'Key not found';
    says 'no base64', "$head.$body.$flipped*", 'JWT verification failed';
    my $static = header_of(create($core, { useDynamicSigningKey => F })->{accessToken}{token})->{kid};
    says 'the id of another key of ours', forged_jwt(part_text($token, 0) =~ s/$kid/$static/r, part_text($token, 1), $private), 'JWT verification failed';
    is verify($core, $token)->{status}, 'OK', 'the good one is still good';
};

my %v5       = %{ payload_of($token) };
my %required = (
    3 => [qw(sub exp iat sessionHandle refreshTokenHash1 parentRefreshTokenHash1 antiCsrfToken)],
    4 => [qw(sub exp iat sessionHandle refreshTokenHash1 parentRefreshTokenHash1 antiCsrfToken tId)],
    5 => [qw(sub exp iat sessionHandle refreshTokenHash1 parentRefreshTokenHash1 antiCsrfToken tId rsub)],
);
my $incomplete = 'Access token does not contain all the information. Maybe the structure has changed?';

sub jwt_with ($version, %changes) {
    my %payload = (%v5, %changes);
    delete $payload{$_} for grep { defined $changes{$_} && $changes{$_} eq 'absent' } keys %changes;
    return forged_jwt({ kid => $kid, typ => 'JWT', version => "$version", alg => 'RS256' }, \%payload, $private);
}

subtest 'missing content' => sub {
    for my $version (3 .. 5) {
        is verify($core, jwt_with($version, x => 5))->{session}{userDataInJWT}{x}, 5, "V$version, complete";
        my @names = @{ $required{$version} };
        for my $i (0 .. $#names) {
            is_deeply verify($core, jwt_with($version, $names[$i] => 'absent')), try_refresh("$incomplete $names[$i]"), "V$version without $names[$i]";
            is_deeply verify($core, jwt_with($version, map { ($_ => 'absent') } @names[$i .. $#names])), try_refresh("$incomplete $names[$i]"), 'and what follows';
        }
    }
    is verify($core, forged_jwt({ kid => $kid, typ => 'JWT', alg => 'RS256' }, \%v5, $private))->{status}, 'OK', 'a header without a version means 5';
    my $jwt = $core->post('/recipe/jwt', { algorithm => 'RS256', jwksDomain => 'd', payload => {}, validity => 100, useStaticSigningKey => F });
    is_deeply verify($core, $jwt->{json}{jwt}), try_refresh("$incomplete sub"), 'a token of the JWT recipe';
    for ([sub => 5], [exp => '"1"'], [iat => -1], [exp => 9_000_000_000_000_000_000], [sessionHandle => []], [antiCsrfToken => 5], [tId => 1], [rsub => {}]) {
        my ($name, $value) = @$_;
        is verify($core, jwt_with(5, $name => $value))->{status}, 'TRY_REFRESH_TOKEN', "$name of another type";
    }
    is_deeply verify($core, forged_jwt({ kid => $kid, typ => 'JWT', alg => 'RS256' }, '[1]', $private)), try_refresh('Invalid JWT'), 'a payload that is no object';
};

subtest 'legacy tokens' => sub {
    my %payload = (
        userId => 'u', expiryTime => 1000 * (time + 100), timeCreated => 1000 * time, sessionHandle => $session->{session}{handle},
        refreshTokenHash1 => $v5{refreshTokenHash1}, userData => { a => { b => 2 } },
    );
    for my $version (1, 2) {
        my $good = forged_legacy($version, \%payload, $private);
        my $got  = verify($core, $good);
        is_deeply [@{ $got->{session} }{qw(userId recipeUserId userDataInJWT tenantId handle)}],
          ['u', 'u', { a => { b => 2 } }, 'public', $payload{sessionHandle}], "V$version";
        for my $name (qw(userId expiryTime timeCreated sessionHandle refreshTokenHash1)) {
            my %less = %payload;
            delete $less{$name};
            is_deeply verify($core, forged_legacy($version, \%less, $private)), try_refresh("$incomplete $name"), "V$version without $name";
        }
        is_deeply verify($core, forged_legacy($version, \%payload, $other)), try_refresh('JWT verification failed'), "V$version of another key";
        is_deeply verify($core, forged_legacy($version, { %payload, expiryTime => 5 }, $private)), try_refresh('Access token expired'), "V$version expired";
    }
    my ($x, $y, $z) = split /[.]/, forged_legacy(2, \%payload, $private);
    is_deeply verify($core, "$x.$y"), try_refresh('Invalid JWT'), 'two parts';
    is_deeply verify($core, join '.', $x =~ s/=//r, $y, $z), try_refresh('JWT header mismatch - version'), 'another encoding of its header';
};

subtest 'time' => sub {
    my $now = time;
    says 'a second ago', jwt_with(5, exp => $now - 1), 'Access token expired';
    says 'long ago',     jwt_with(5, exp => 0),        'Access token expired';
    is verify($core, jwt_with(5, exp => $now + 30))->{status}, 'OK', 'soon';
    is verify($core, jwt_with(5, iat => $now + 1000))->{status}, 'OK', 'when it was made is not looked at';
};

subtest 'anti-CSRF' => sub {
    my $none = create($core)->{accessToken}{token};
    my $csrf = $session->{antiCsrfToken};
    for my $cdi (qw(2.21 5.6)) {
        for ([F, F], [T, F], [F, T]) {
            my %over = (doAntiCsrfCheck => $_->[0], enableAntiCsrf => $_->[1]);
            is verify($core, $_, \%over, cdi => $cdi)->{status}, 'OK', "CDI $cdi: not asked for" for $none, $token;
        }
        my %over = (doAntiCsrfCheck => T, enableAntiCsrf => T);
        is_deeply verify($core, $none, { %over, antiCsrfToken => $csrf }, cdi => $cdi), try_refresh($incomplete), 'the token has none';
        is_deeply verify($core, $token, \%over, cdi => $cdi), try_refresh('anti-csrf check failed'), 'missing';
        is_deeply verify($core, $token, { %over, antiCsrfToken => $_ }, cdi => $cdi), try_refresh('anti-csrf check failed'), "'$_' is wrong"
          for q{}, "$csrf ", uc $csrf, substr($csrf, 1), $csrf =~ s/.\z/x/r;
        is verify($core, $token, { %over, antiCsrfToken => $csrf }, cdi => $cdi)->{status}, 'OK', 'right';
    }
    my %over = (doAntiCsrfCheck => T, enableAntiCsrf => T, antiCsrfToken => 'x', checkDatabase => T);
    $core->post('/recipe/session/remove', { userId => 'user' });
    says 'it comes before the database', $token, 'anti-csrf check failed', %over;
    says 'expiry comes before it', jwt_with(5, exp => 1), 'Access token expired', %over;
    my $answer = verify_answer($core, jwt_with(5, tId => 't9'), \%over);
    is "$answer->{status} $answer->{text}", '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId '
      . "combination not found: (, public, t9)\n", 'the tenant too';
};

subtest 'below 2.21' => sub {
    for (['2.7', q{ }], ['2.9', ' jwtSigningPublicKeyList[{publicKey expiryTime createdAt}]']) {
        my ($cdi, $list) = @$_;
        my $answer = verify_answer($core, 'x', {}, cdi => $cdi);
        is shape($answer), "{status jwtSigningPublicKey jwtSigningPublicKeyExpiryTime${list}message}", "CDI $cdi: a failure has the keys";
        is $answer->{json}{message}, 'Invalid JWT', 'and the message';
    }
};

done_testing;

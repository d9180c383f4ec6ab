# SPDX-License-Identifier: Apache-2.0
# Which sessions the auth door takes, seen by POST /signout (spec: fdi-session 3, 6, 7, 9).
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep);

use ST::Auth    qw(tokens_of);
use ST::Session qw(T create forged_jwt header_of key_pair payload_of);
use ST::Stack;

sub session (%options) { return { recipeList => ['emailPassword', { session => \%options }] } }
my $s = ST::Stack->new(sites => {
    example => {},
    token   => session(antiCsrf                => 'VIA_TOKEN'),
    custom  => session(antiCsrf                => 'VIA_CUSTOM_HEADER'),
    header  => session(getTokenTransferMethod  => 'header'),
    static  => session(useDynamicAccessTokenSigningKey => JSON::PP::false),
    codes   => session(sessionExpiredStatusCode => 440),
});
my %auth = map { ($_ => ST::Auth->new(url => $s->site_url($_))) } qw(example token custom header static codes);

sub fresh (%over) { return create($s->core, {%over}) }
sub live ($session) { return $s->pg->value(qq{SELECT count(*) FROM session_info WHERE session_handle = '$session->{session}{handle}'}) }

sub sign_out ($site, $session, %more) {
    my %cookies = (sAccessToken => $session->{accessToken}{token}, %{ $more{cookies} // {} });
    return $auth{$site}->post('/signout', undef, %more, cookies => \%cookies);
}

sub answers ($got, $message, $name, $status = 401) {
    is $got->{status}, $status, "$name: status";
    is $got->{text}, qq({"message":"$message"}), 'body';
    is_deeply $got->{cookies}, {}, 'nothing is cleared';
    ok !exists $got->{headers}{'front-token'}, 'nor announced';
    return;
}

subtest 'a good session' => sub {
    my $session = fresh();
    my $got     = sign_out(example => $session);
    is $got->{status}, 200, 'status';
    is $got->{text}, '{"status":"OK"}', 'body';
    is $got->{cookies}{$_}{raw}, q{}, "$_ is cleared" for qw(sAccessToken sRefreshToken);
    is $got->{headers}{'front-token'}, 'remove', 'and the front end told';
    ok !exists $got->{headers}{'st-access-token'}, 'only the method in use';
    is live($session), 0, 'the session has ended';
    $session = fresh();
    $got     = $auth{example}->post('/signout', undef, headers => { authorization => "Bearer $session->{accessToken}{token}" });
    is $got->{status}, 200, 'by header';
    is_deeply [$got->{cookies}, $got->{headers}{'st-access-token'}, $got->{headers}{'st-refresh-token'}], [{}, q{}, q{}], 'headers are cleared';
};

subtest 'no session' => sub {
    answers($auth{example}->post('/signout'), 'unauthorised', 'no token');
    my $good = fresh();
    answers($auth{example}->post('/signout', undef, cookies => { sAccessToken => $_ }), 'unauthorised', 'not a token of ours')
      for 'x', 'a.b.c', $good->{refreshToken}{token};
    answers($auth{example}->post('/signout', undef, headers => { authorization => "bearer $good->{accessToken}{token}" }), 'unauthorised', 'bearer in small letters');
    answers(sign_out(header => $good), 'unauthorised', 'a cookie where only headers are allowed');
    answers($auth{codes}->post('/signout'), 'unauthorised', 'with a status code of the site', 440);
    is live($good), 1, 'the session lives';
};

subtest 'tokens that a refresh mends' => sub {
    my $good = fresh();
    my $old  = create($s->core, { accessTokenValidity => 1 }, cdi => '5.6');
    sleep 1.1;
    answers(sign_out(example => $old), 'try refresh token', 'expired');
    my $other = key_pair($s->pg->value('SELECT value FROM session_access_token_signing_keys LIMIT 1'));
    my $token = $good->{accessToken}{token};
    my $forged = forged_jwt({ %{ header_of($token) }, kid => 'd-1' }, payload_of($token), $other->{private});
    answers(sign_out(example => { %$good, accessToken => { token => $forged } }), 'try refresh token', 'an unknown key');
    answers(sign_out(example => $good, cookies => { sIdRefreshToken => 'x' }), 'try refresh token', 'a legacy cookie');
    answers($auth{example}->post('/signout', undef, cookies => "sAccessToken=$token; sAccessToken=$token"), 'try refresh token', 'two cookies');
    answers(sign_out(static => $good), 'try refresh token', 'a dynamic key where static ones are used');
    is sign_out(static => fresh(useDynamicSigningKey => JSON::PP::false))->{status}, 200, 'a static one';
    my $oauth = forged_jwt(header_of($token), { %{ payload_of($token) }, stt => 1 }, $other->{private});
    answers(sign_out(example => { %$good, accessToken => { token => $oauth } }), 'unauthorised', 'an OAuth2 token is no session');
};

subtest 'the header goes before the cookie' => sub {
    my ($one, $two) = (fresh(), fresh());
    my $bearer = { authorization => "Bearer $one->{accessToken}{token}" };
    is sign_out(example => $two, headers => $bearer)->{status}, 200, 'both';
    is_deeply [live($one), live($two)], [0, 1], 'the one of the header has ended';
    is sign_out(example => $two, headers => { authorization => 'Bearer of something else' })->{status}, 200, 'what is no token does not count';
    is live($two), 0, 'and the cookie does';
};

subtest 'anti-csrf by token' => sub {
    my $session = fresh(enableAntiCsrf => T);
    my $token   = $session->{antiCsrfToken};
    answers(sign_out(token => $session), 'try refresh token', 'without it');
    answers(sign_out(token => $session, headers => { 'anti-csrf' => 'wrong' }), 'try refresh token', 'a wrong one');
    answers(sign_out(token => fresh(), headers => { 'anti-csrf' => $token }), 'try refresh token', 'a session without one');
    is sign_out(token => $session, headers => { 'anti-csrf' => $token })->{status}, 200, 'the right one';
    $session = fresh(enableAntiCsrf => T);
    my $refresh = sub ($anti) { return $auth{token}->post('/session/refresh', undef, cookies => { sRefreshToken => $session->{refreshToken}{token} }, headers => { 'anti-csrf' => $anti }) };
    my $got = $refresh->('wrong');
    is $got->{status}, 401, 'refresh with a wrong one';
    is $got->{headers}{'front-token'}, 'remove', 'clears';
    $got = $refresh->($session->{antiCsrfToken});
    is $got->{status}, 200, 'with the right one';
    like $got->{headers}{'anti-csrf'}, qr/\A[\da-f-]{36}\z/, 'brings the next';
    like $got->{headers}{'access-control-expose-headers'}, qr/\bfront-token\b.*\banti-csrf\b/, 'for scripts to read';
};

subtest 'anti-csrf by a header' => sub {
    my $session = fresh();
    answers(sign_out(custom => $session), 'try refresh token', 'without rid');
    is sign_out(custom => $session, headers => { rid => 'anything' })->{status}, 200, 'with it';
};

done_testing;

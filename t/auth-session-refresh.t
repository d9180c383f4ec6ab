# SPDX-License-Identifier: Apache-2.0
# POST /session/refresh through nginx (spec: fdi-session 2 to 4, 6, 9). Sessions are made by the core door.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth    qw(cookie_encode tokens_of);
use ST::Session qw(create payload_of);
use ST::Stack;

# A site of its own domain, whose pages are elsewhere.
my %shop = (
    appInfo    => { apiDomain => 'https://api.shop.example.com', websiteDomain => 'https://www.other.example' },
    recipeList => [{ session => { cookieDomain => '.shop.example.com', olderCookieDomain => q{} } }],
);
my $s    = ST::Stack->new(sites => { example => {}, shop => \%shop });
my $auth = ST::Auth->new(url => $s->site_url('example'));
my $shop = ST::Auth->new(url => $s->site_url('shop'), headers => { rid => 'anti-csrf' });
my $core = $s->core;
my $gone = 'Thu, 01 Jan 1970 00:00:00 GMT';

sub fresh { return create($core, { userId => 'u', userDataInJWT => { iss => 'x', role => 'cook' } }) }
sub by_cookie ($client, $token, %more) { return $client->post('/session/refresh', undef, cookies => { sRefreshToken => $token, %more }) }
sub by_header ($client, $token, %more) { return $client->post('/session/refresh', undef, headers => { authorization => "Bearer $token", %more }) }

subtest 'by cookie' => sub {
    my $old = fresh();
    my $got = by_cookie($auth, $old->{refreshToken}{token});
    is $got->{status}, 200, 'status';
    is $got->{text}, '{}', 'body';
    is $got->{headers}{'content-type'}, 'application/json; charset=utf-8', 'content type';
    is $got->{headers}{'cache-control'}, 'no-store', 'nothing keeps it';
    my ($access, $refresh) = @{ $got->{cookies} }{qw(sAccessToken sRefreshToken)};
    my $date = qr/Expires=\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/;
    like $access->{attributes},  qr{\A; Path=/; $date; HttpOnly; SameSite=Lax\z}, 'attributes of the access token';
    like $refresh->{attributes}, qr{\A; Path=/auth/session/refresh; $date; HttpOnly; SameSite=Lax\z}, 'and of the refresh token';
    is $refresh->{raw}, cookie_encode($refresh->{value}), 'its value is percent-encoded';
    is $got->{headers}{'access-control-expose-headers'}, 'front-token', 'exposed headers';
    ok !exists $got->{headers}{'st-access-token'}, 'no token in a header';
    my $payload = payload_of($access->{value});
    is_deeply $got->{front}, { uid => 'u', ate => $payload->{exp} * 1000, up => $payload }, 'the front token';
    is $payload->{sessionHandle}, $old->{session}{handle}, 'it is the same session';
    is $payload->{role}, 'cook', 'with its payload';
};

subtest 'by header' => sub {
    my $got = by_header($auth, fresh()->{refreshToken}{token});
    is $got->{status}, 200, 'status';
    is_deeply $got->{cookies}, {}, 'no cookies';
    is payload_of($got->{headers}{'st-access-token'})->{sub}, 'u', 'access token';
    is $got->{headers}{'access-control-expose-headers'}, 'front-token, st-access-token, st-refresh-token', 'exposed headers';
    my $again = by_header($auth, $got->{headers}{'st-refresh-token'});
    is $again->{status}, 200, 'the new refresh token is good';

    $got = $auth->post('/session/refresh', undef,
        headers => { authorization => 'Bearer ' . fresh()->{refreshToken}{token} }, cookies => { sRefreshToken => 'other' });
    is $got->{status}, 200, 'the header goes before the cookie';
    is $got->{cookies}{sRefreshToken}{raw}, q{}, 'which is cleared';
    is $got->{front}{uid}, 'u', 'the front token says who it is all the same';
};

subtest 'nothing to refresh' => sub {
    for my $case (['no token', {}], ['a token of nobody', { sRefreshToken => 'x' }], ['an empty one', { sRefreshToken => q{} }]) {
        my ($name, $cookies) = @$case;
        my $got = $auth->post('/session/refresh', undef, cookies => { %$cookies, sIdRefreshToken => 'legacy' });
        is $got->{status}, 401, "$name: status";
        is $got->{text}, '{"message":"unauthorised"}', 'body';
        is $got->{cookies}{$_}{raw}, q{}, "$_ is cleared" for qw(sAccessToken sRefreshToken sIdRefreshToken);
        like $got->{cookies}{$_}{attributes}, qr/Expires=$gone/, "and expired" for qw(sAccessToken sRefreshToken sIdRefreshToken);
        is $got->{headers}{'front-token'}, 'remove', 'front token';
        ok exists $got->{headers}{$_} && $got->{headers}{$_} eq q{}, "$_ is empty" for qw(st-access-token st-refresh-token);
    }
};

subtest 'theft' => sub {
    my $old   = fresh();
    my $new   = tokens_of(by_cookie($auth, $old->{refreshToken}{token}));
    my $newer = by_cookie($auth, $new->{sRefreshToken});
    is $newer->{status}, 200, 'the child of a token makes its parent old';
    my $got = by_cookie($auth, $old->{refreshToken}{token});
    is $got->{status}, 401, 'the old token: status';
    is $got->{text}, '{"message":"token theft detected"}', 'body';
    is $got->{cookies}{sRefreshToken}{raw}, q{}, 'cleared';
    is $s->pg->value(qq{SELECT count(*) FROM session_info WHERE session_handle = '$old->{session}{handle}'}), 0, 'the session has ended';
    is by_cookie($auth, $new->{sRefreshToken})->{status}, 401, 'for everybody';
};

subtest 'cookies of two domains' => sub {
    my $twice = 'sRefreshToken=a; sAccessToken=b; sRefreshToken=c';
    my $got   = $auth->post('/session/refresh', undef, cookies => $twice);
    is $got->{status}, 500, 'without olderCookieDomain nobody knows which';
    is $got->{text}, '{"message":"Internal error"}', 'and the reason is in the log only';
    like $s->service->log_text, qr/set olderCookieDomain/, 'there it is';
    $got = $shop->post('/session/refresh', undef, cookies => $twice);
    is $got->{status}, 200, 'with it: status';
    like $got->{json}{message}, qr/\AThe request contains multiple session cookies\. We are clearing the cookie from olderCookieDomain\./, 'body';
    is_deeply [keys %{ $got->{cookies} }], ['sRefreshToken'], 'just what came twice';
    is $got->{cookies}{sRefreshToken}{attributes}, "; Path=/auth/session/refresh; Expires=$gone; HttpOnly; Secure; SameSite=None", 'is expired for the host itself';
    ok !exists $got->{headers}{'front-token'}, 'no front token';
};

subtest 'another domain, anti-csrf by a header' => sub {
    my $got = by_cookie($shop, fresh()->{refreshToken}{token}, sIdRefreshToken => 'legacy');
    is $got->{status}, 200, 'with rid';
    like $got->{cookies}{sAccessToken}{attributes}, qr{\A; Domain=\.shop\.example\.com; Path=/; Expires=[^;]+; HttpOnly; Secure; SameSite=None\z}, 'attributes';
    like $got->{cookies}{sIdRefreshToken}{attributes}, qr{\A; Domain=\.shop\.example\.com; Path=/; Expires=$gone;}, 'the legacy cookie goes';
    my $plain = ST::Auth->new(url => $s->site_url('shop'));
    is by_cookie($plain, fresh()->{refreshToken}{token})->{status}, 401, 'without rid nobody';
    is by_header($plain, fresh()->{refreshToken}{token})->{status}, 200, 'headers prove it by themselves';
};

done_testing;

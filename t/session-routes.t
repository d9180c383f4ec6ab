# SPDX-License-Identifier: Apache-2.0
# Every operation of the session recipe: who may call it, by which path, and what happens to input of the wrong kind.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Routes qw(check_route make_places text_of);
use ST::Session qw(T F create);
use ST::Stack;

my $s    = ST::Stack->new(ST::Routes::STACK);
my $core = $s->core;
make_places($core);
my $session = create($core);
my $handle  = $session->{session}{handle};

my @rows = (
    ['POST', '/recipe/session', 'tenant',
        { userId => 'u', enableAntiCsrf => F, userDataInJWT => {}, userDataInDatabase => {}, '?accessTokenValidity>5.6' => 5, '?useDynamicSigningKey>2.21' => T }],
    ['GET',  '/recipe/session', 'loose', { sessionHandle => $handle }],
    ['POST', '/recipe/session/verify', 'verify',
        { accessToken => $session->{accessToken}{token}, doAntiCsrfCheck => F, enableAntiCsrf => F, 'checkDatabase>2.21' => F, '?antiCsrfToken' => 'x' }],
    ['POST', '/recipe/session/refresh', 'refresh',
        { refreshToken => 'x', enableAntiCsrf => F, 'useDynamicSigningKey>3.0' => T, '?antiCsrfToken' => 'x', '?accessTokenValidity>5.6' => 5 }],
    ['POST', '/recipe/session/regenerate', 'loose', { accessToken => $session->{accessToken}{token}, '?userDataInJWT' => {} }],
    ['POST', '/recipe/session/remove', 'app', { userId => 'x', '?revokeAcrossAllTenants' => T, '?revokeSessionsForLinkedAccounts' => T }],
    ['GET',  '/recipe/session/user', 'app', { userId => 'x' }],
    ['GET',  '/recipe/session/data', 'loose', { sessionHandle => $handle }],
    ['PUT',  '/recipe/session/data', 'loose', { sessionHandle => $handle, userDataInDatabase => {} }],
    ['GET',  '/recipe/jwt/data', 'loose', { sessionHandle => $handle }],
    ['PUT',  '/recipe/jwt/data', 'loose', { sessionHandle => $handle, userDataInJWT => {} }],
);

check_route($core, @$_) for @rows;

subtest 'ids that no column can hold' => sub {
    for my $id ('x' x 129, "\x{e9}" x 129, 'x' x 20_000) {
        my $answer = $core->post('/recipe/session', ST::Session::create_input(userId => $id));
        is text_of($answer), "400 a value is too long\n", length($id) . ' characters are refused';
    }
    is $core->post('/recipe/session', ST::Session::create_input(userId => "\x{1f600}" x 128))->{status}, 200, '128 characters fit';
};

done_testing;

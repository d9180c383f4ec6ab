# SPDX-License-Identifier: Apache-2.0
# Every operation of the email-password recipe and of those that find users: who may call it, by which path, and what
# happens to input of the wrong kind.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(signup);
use ST::Routes       qw(check_route make_places);
use ST::Stack;

my $s    = ST::Stack->new(ST::Routes::STACK);
my $core = $s->core;
make_places($core);
my $id = signup($core, 'a@example.com');
my %ep = (email => 'a@example.com', password => 'password1');

my @rows = (
    ['POST', '/recipe/signup', 'tenant', \%ep],
    ['POST', '/recipe/signin', 'tenant', \%ep],
    ['GET',  '/recipe/user', 'app',    { '?userId' => $id }],
    ['GET',  '/recipe/user', 'tenant', { '?email'  => 'a@example.com' }],
    ['PUT',  '/recipe/user', 'app', { 'userId<4.0' => $id, 'recipeUserId>4.0' => $id, '+email' => 'a@example.com', '?password' => 'password1' }],
    ['POST', '/recipe/user/password/reset/token',         'tenant', { userId => $id, 'email>4.0' => 'a@example.com' }],
    ['POST', '/recipe/user/password/reset/token/consume', 'tenant', { token => 'x' }],
    ['POST', '/recipe/user/password/reset', 'tenant', { method => 'token', token => 'x', newPassword => 'y' }],
    ['POST', '/recipe/user/passwordhash/import', 'tenant', { email => 'b@example.com', passwordHash => '$2a$04$x', '?hashingAlgorithm' => 'BCRYPT' }],
    ['GET', '/users',       'tenant', { '?includeRecipeIds' => 'emailpassword', '?limit' => 5, '?timeJoinedOrder' => 'ASC', '?email' => 'a' }],
    ['GET', '/users/count', 'tenant', { '?includeRecipeIds' => 'emailpassword', '?allowApproximate' => 'true' }],
    ['GET', '/users/count', 'app',    { '?includeAllTenants' => 'true' }],
    ['GET', '/user/id', 'app', { userId => $id }, '4.0'],
    ['GET', '/users/by-accountinfo', 'tenant', { doUnionOfAccountInfo => 'true', '?email' => 'a', '?phoneNumber' => '1', '?webauthnCredentialId' => 'x' }, '4.0'],
    ['GET', '/migration/mode', 'loose', {}],
    ['GET', '/migration/backfill/progress', 'loose', { '?verify' => 'true' }],
);

check_route($core, @$_) for @rows;

is $core->post('/recipe/signin', \%ep)->{json}{status}, 'OK', 'the user is as before';

done_testing;

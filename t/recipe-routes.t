# SPDX-License-Identifier: Apache-2.0
# Every operation of third-party users, roles and e-mail verification: who may call it, by which path, and what happens to
# input of the wrong kind.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Routes qw(check_route make_places);
use ST::Stack;

my $s    = ST::Stack->new(ST::Routes::STACK);
my $core = $s->core;
make_places($core);
$core->put('/recipe/role', { role => 'r', permissions => ['p'] });

my %address = (userId => 'u', email => 'a@example.com');
my $google  = { id => 'a@example.com', isVerified => JSON::PP::false };

check_route($core, @$_) for (
    ['POST', '/recipe/signinup', 'tenant', { thirdPartyId => 'google', thirdPartyUserId => 'g1', email => $google }],
    ['GET',  '/recipe/users/by-email', 'tenant', { email => 'a@example.com' }],
    ['PUT',  '/recipe/role', 'app', { role => 'r', '?permissions' => ['p'] }],
    ['GET',  '/recipe/roles', 'app', {}],
    ['POST', '/recipe/role/remove', 'app', { role => 'other' }],
    ['GET',  '/recipe/role/permissions', 'app', { role => 'r' }],
    ['POST', '/recipe/role/permissions/remove', 'app', { role => 'r', '?permissions' => ['p'] }],
    ['GET',  '/recipe/permission/roles', 'app', { permission => 'p' }],
    ['PUT',  '/recipe/user/role', 'tenant', { userId => 'u', role => 'r' }],
    ['POST', '/recipe/user/role/remove', 'tenant', { userId => 'u', role => 'r' }],
    ['GET',  '/recipe/user/roles', 'tenant', { userId => 'u' }],
    ['GET',  '/recipe/role/users', 'tenant', { role => 'r' }],
    ['POST', '/recipe/user/email/verify/token', 'tenant', {%address}],
    ['POST', '/recipe/user/email/verify', 'tenant', { method => 'token', token => 'x' }],
    ['GET',  '/recipe/user/email/verify', 'app', {%address}],
    ['POST', '/recipe/user/email/verify/token/remove', 'tenant', {%address}],
    ['POST', '/recipe/user/email/verify/remove', 'app', {%address}],
);

my $thirdparty = $core->with(rid => 'thirdparty');
check_route($thirdparty, 'GET', '/recipe/user', @$_) for (
    ['app',    { '+userId' => 'u' }],
    ['tenant', { '+thirdPartyId' => 'google', '+thirdPartyUserId' => 'g1' }],
);

done_testing;

# SPDX-License-Identifier: Apache-2.0
# Every operation of multi-tenancy: who may call it, by which path, and what happens to input of the wrong kind.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(F T signup);
use ST::Routes       qw(check_route make_places);
use ST::Stack;

my $s    = ST::Stack->new(ST::Routes::STACK);
my $core = $s->core;
make_places($core);
my $id = signup($core, 'a@example.com');

my @lists = ('?firstFactors|null', '?requiredSecondaryFactors|null');
my %v1 = ('?coreConfig|null' => {}, (map { ("$_>5.0" => ['x']) } @lists), map { ("?${_}Enabled" => T) } qw(emailPassword thirdParty passwordless));
my %v2 = ('?coreConfig|null' => {}, map { ($_ => ['x']) } @lists);

sub of ($path, @row) { return [shift @row, "/recipe/multitenancy/$path", @row, '3.0'] }

my %user = ('userId<4.0' => $id, 'recipeUserId>4.0' => $id);
my @rows = (
    # Of the public tenant itself, which every tenant may change.
    of('connectionuridomain',    'PUT', 'tenant', { '?connectionUriDomain' => 'x', %v1 }),
    of('connectionuridomain/v2', 'PUT', 'tenant', { '?connectionUriDomain' => 'x', %v2 }),
    of('app',                    'PUT', 'tenant', { '?appId' => 'x', %v1 }),
    of('app/v2',                 'PUT', 'tenant', { '?appId' => 'x', %v2 }),
    of('tenant',                 'PUT', 'tenant', { '?tenantId' => 'x', %v1 }),
    of('tenant/v2',              'PUT', 'tenant', { '?tenantId' => 'x', %v2 }),
    of('app',                    'PUT', 'public', { '+appId' => 'a1' }),
    of('tenant/v2',              'PUT', 'public', { '+tenantId' => 't2' }),
    (map { of($_, 'GET', 'public', {}) } map { ("$_/list", "$_/list/v2") } qw(connectionuridomain app tenant)),
    of('tenant',                     'GET',  'answer', {}),
    of('tenant/v2',                  'GET',  'answer', {}),
    of('connectionuridomain/remove', 'POST', 'public', { connectionUriDomain => 'one.example.com' }),
    of('app/remove',                 'POST', 'public', { appId => 'a1' }),
    of('tenant/remove',              'POST', 'public', { tenantId => 't2' }),
    of('config/thirdparty',          'PUT',  'tenant', { config => { thirdPartyId => 'x' }, '?skipValidation' => F }),
    of('config/thirdparty/remove',   'POST', 'tenant', { thirdPartyId => 'x' }),
    of('tenant/user',                'POST', 'tenant', \%user),
    of('tenant/user/remove',         'POST', 'tenant', \%user),
);

check_route($core, @$_) for @rows;

is scalar(@{ $core->get('/recipe/multitenancy/tenant/list/v2')->{json}{tenants} }), 2, 'all tenants are as before';

done_testing;

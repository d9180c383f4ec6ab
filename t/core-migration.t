# SPDX-License-Identifier: Apache-2.0
# The two questions about the migration of users to the newer tables: here it is always over.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED put told);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;

sub mode ($core, %opt) { return told($core->get('/migration/mode', %opt)) }
sub progress ($core, $query, %opt) { return told($core->get("/migration/backfill/progress$query", %opt)) }

my $none    = '"mode":"MIGRATED","pendingUsers":0';
my $skipped = "$none," . '"verifySkipped":"migrated"';

subtest 'of the whole service' => sub {
    is mode($core), '200 {"status":"OK","cuds":[{"connectionUriDomain":"","mode":"MIGRATED"}]}', 'one database';
    is progress($core, q{}), qq(200 {"status":"OK","cuds":[{"connectionUriDomain":"",$none}]}), 'progress';
    is progress($core, '?verify=true'), qq(200 {"status":"OK","cuds":[{"connectionUriDomain":"",$skipped}]}), 'looked at more closely';
    is progress($core, "?verify=$_"), qq(200 {"status":"OK","cuds":[{"connectionUriDomain":"",$none}]}), "verify=$_ is no wish" for qw(TRUE 1 yes),
      q{};
    is progress($core, '?verify=true', cdi => $_), qq(200 {"status":"OK","cuds":[{"connectionUriDomain":"",$skipped}]}), "CDI $_" for qw(2.7 3.0 5.6);
};

put($core, 'tenant/v2', { tenantId => 'own', coreConfig => { postgresql_database_name => $s->pg->create_db('own') } });
put($core, 'tenant/v2', { tenantId => 'pool', coreConfig => { postgresql_connection_pool_size => 3 } });
put($core, 'connectionuridomain/v2', { connectionUriDomain => 'one.example.com', coreConfig => { postgresql_database_name => $s->pg->create_db('one') } });
put($core, 'app/v2', { appId => 'a' }, host => 'one.example.com');
put($core, 'app/v2', { appId => 'a' });
is put($core, 'tenant/v2', { tenantId => 't', coreConfig => { postgresql_database_name => 'one' } }, prefix => '/appid-a', host => 'one.example.com'),
  CREATED, 'tenants of several databases';

subtest 'of several databases' => sub {
    my @cuds = map { qq({"connectionUriDomain":"$_",) } q{}, q{}, 'one.example.com';
    is mode($core), '200 {"status":"OK","cuds":[' . join(',', map { qq($_"mode":"MIGRATED"}) } @cuds) . ']}', 'each once, named by its first tenant';
    is progress($core, '?verify=true'), '200 {"status":"OK","cuds":[' . join(',', map { "$_$skipped}" } @cuds) . ']}', 'progress';
};

subtest 'of an app or a domain' => sub {
    for my $at ({ prefix => '/appid-a' }, { host => 'one.example.com' }, { host => 'one.example.com', prefix => '/appid-a' }) {
        is mode($core, %$at), '200 {"status":"OK","mode":"MIGRATED"}', join q{ }, 'mode', %$at;
        is progress($core, q{}, %$at), qq(200 {$none,"status":"OK"}), 'progress';
        is progress($core, '?verify=true', %$at), qq(200 {$skipped,"status":"OK"}), 'looked at more closely';
    }
    is mode($core, prefix => '/appid-a/no-tenant'), '200 {"status":"OK","mode":"MIGRATED"}', 'a tenant in the path does not matter';
    is mode($core, prefix => '/t'), mode($core), 'nor in that of the base app';
    is mode($core, prefix => '/appid-none'),
      '400 AppId or tenantId not found => App with the following connectionURIDomain and appId combination not found: (, none)', 'the app must be there';
};

subtest 'who may ask' => sub {
    put($core, 'app/v2', { appId => 'a', coreConfig => { api_keys => 'key-of-the-customers-app' } });
    is mode($core, prefix => '/appid-a'), '401 Invalid API key', 'with a key of the app';
    is mode($core, prefix => '/appid-a', api_key => 'key-of-the-customers-app'), '200 {"status":"OK","mode":"MIGRATED"}', 'only';
    is mode($core, cdi => '1.0'), '400 cdi-version 1.0 not supported', 'in a version that there is';
    is told($core->post('/migration/mode', {})), '405 Method not supported', 'it is a question';
};

done_testing;

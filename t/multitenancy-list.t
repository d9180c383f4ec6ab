# SPDX-License-Identifier: Apache-2.0
# Lists of tenants, apps and domains: what is in them, in which form, in which order.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED F T get post put);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;

my $base   = '{"tenantId":"public","thirdParty":{"providers":[]},"coreConfig":{}}';
my $closed = ',"thirdParty":{"providers":[]},"firstFactors":[],"coreConfig":{}}';

subtest 'the base tenant alone' => sub {
    is get($core, 'tenant/list/v2'), qq(200 {"status":"OK","tenants":[$base]}), 'tenants';
    is get($core, 'app/list/v2'), qq(200 {"status":"OK","apps":[{"appId":"public","tenants":[$base]}]}), 'apps';
    is get($core, 'connectionuridomain/list/v2'),
      qq(200 {"status":"OK","connectionUriDomains":[{"connectionUriDomain":"","apps":[{"appId":"public","tenants":[$base]}]}]}), 'domains';
};

my $domain = 'one.example.com';
put($core, 'connectionuridomain/v2', { connectionUriDomain => $domain, coreConfig => { postgresql_database_name => $s->pg->create_db('one') } });
put($core, 'app/v2', { appId => $_ }) for qw(z a-1 a);
put($core, 'app/v2', { appId => 'b' }, host => $domain);
put($core, 'tenant/v2', { tenantId => $_ }) for qw(t-1 t1 t z);
put($core, 'tenant/v2', { tenantId => 'x' }, prefix => '/appid-a');
put($core, 'tenant/v2', { tenantId => 'y' }, prefix => '/appid-b', host => $domain);

# domain and app, then tenants
sub whole ($json) {
    return join q{; }, map { my $d = $_->{connectionUriDomain}; map { "$d $_->{appId}: " . join q{ }, map { $_->{tenantId} } @{ $_->{tenants} } } @{ $_->{apps} } }
      @{ $json->{connectionUriDomains} };
}

for my $stored ('without', 'with') {
    subtest "in the order of bytes, $stored a row of the base tenant" => sub {
        my $where = q{connection_uri_domain = '' AND app_id = 'public' AND tenant_id = 'public'};
        is $s->pg->value("SELECT count(*) FROM tenant_configs WHERE $where"), $stored eq 'with' ? 1 : 0, 'as said';
        my $json = $core->get('/recipe/multitenancy/connectionuridomain/list')->{json};
        is whole($json), " a: public x;  a-1: public;  public: public t t-1 t1 z;  z: public; $domain b: public y; $domain public: public",
          'everything';
        is put($core, 'tenant/v2', {}), '200 {"status":"OK","createdNew":false}', 'now it has one';
    };
}

subtest 'parts' => sub {
    my @t = map { qq({"tenantId":"$_"$closed) } qw(t t-1 t1 z);
    is get($core, 'tenant/list/v2'), '200 {"status":"OK","tenants":[' . join(',', $base, @t) . ']}', 'of the base app';
    is get($core, 'tenant/list/v2', prefix => '/appid-a'), qq(200 {"status":"OK","tenants":[$base,{"tenantId":"x"$closed]}), 'of an app';
    is get($core, 'tenant/list/v2', prefix => '/appid-b', host => $domain), qq(200 {"status":"OK","tenants":[$base,{"tenantId":"y"$closed]}),
      'of an app of a domain';
    my ($db) = '"coreConfig":{"postgresql_database_name":"one"}}';
    my $one = $base =~ s/"coreConfig".*/$db/r;
    is get($core, 'app/list/v2', host => $domain),
      qq(200 {"status":"OK","apps":[{"appId":"b","tenants":[$base,{"tenantId":"y"$closed]},{"appId":"public","tenants":[$one]}]}), 'of a domain';
    is get($core, 'tenant/list/v2', prefix => '/appid-b'),
      '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, b, public)', 'not of other domains';
};

subtest 'forms' => sub {
    my $id = { tenantId => 't', requiredSecondaryFactors => ['totp'], firstFactors => ['emailpassword'] };
    put($core, 'tenant/v2', $id, prefix => '/appid-z');
    put($core, 'config/thirdparty', { config => { thirdPartyId => 'google' } }, prefix => '/appid-z/t');
    my $provider = '{"thirdPartyId":"google","clients":[],"userInfoMap":{"fromIdTokenPayload":{},"fromUserInfoAPI":{}}}';
    my $recipes  = '"emailPassword":{"enabled":%s},"thirdParty":{"enabled":%s,"providers":[%s]},"passwordless":{"enabled":%s}';
    my @public   = ('true', 'true', q{}, 'true');
    my $factors  = '"firstFactors":["emailpassword"],"requiredSecondaryFactors":["totp"]';
    my %want     = (
        '4.0' => sprintf(qq({"tenantId":"public",$recipes,"coreConfig":{}},{"tenantId":"t",$recipes,"coreConfig":{}}), @public, 'true', 'false', $provider, 'false'),
        '5.0' => sprintf(qq({"tenantId":"public",$recipes,"coreConfig":{}},{"tenantId":"t",$recipes,$factors,"coreConfig":{}}), @public, 'true', 'true', $provider, 'true'),
        v2    => qq($base,{"tenantId":"t","thirdParty":{"providers":[$provider]},$factors,"coreConfig":{}}),
    );
    my %at = (prefix => '/appid-z');
    is get($core, 'tenant/list', %at, cdi => $_), qq(200 {"status":"OK","tenants":[$want{'4.0'}]}), "CDI $_" for qw(3.0 4.0);
    is get($core, 'tenant/list', %at, cdi => $_), qq(200 {"status":"OK","tenants":[$want{'5.0'}]}), "CDI $_" for qw(5.0 5.6);
    is get($core, 'tenant/list/v2', %at, cdi => $_), qq(200 {"status":"OK","tenants":[$want{v2}]}), "v2, CDI $_" for qw(3.0 5.6);
    for my $list ('app/list', 'connectionuridomain/list') {
        for my $case ([$list, '4.0', '4.0'], [$list, '5.4', '5.0'], ["$list/v2", '5.4', 'v2']) {
            my ($path, $cdi, $form) = @$case;
            like get($core, $path, cdi => $cdi), qr/\{"appId":"z","tenants":\[\Q$want{$form}\E\]\}/, "$path, CDI $cdi";
        }
    }
};

done_testing;

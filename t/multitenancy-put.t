# SPDX-License-Identifier: Apache-2.0
# Making and changing tenants and apps: input, defaults, and the three forms in which a tenant is shown.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED F T UPDATED get post put);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;

my $V1 = '"emailPassword":{"enabled":%s},"thirdParty":{"enabled":%s,"providers":[]},"passwordless":{"enabled":%s}';

sub v1 ($tenant, @flags) {
    return sprintf qq(200 {"tenantId":"$tenant",$V1,"coreConfig":{},"status":"OK"}), map { $_ ? 'true' : 'false' } @flags;
}

sub stored ($app, $tenant) {
    my $rows = $s->pg->query("SELECT email_password_enabled, third_party_enabled, passwordless_enabled, is_first_factors_null, core_config
        FROM tenant_configs WHERE connection_uri_domain = '' AND app_id = '$app' AND tenant_id = '$tenant'");
    return join q{ }, map { join q{ }, @$_ } @$rows;
}

subtest 'the base tenant before anything was stored' => sub {
    is stored('public', 'public'), q{}, 'no row';
    is get($core, 'tenant', cdi => $_), v1('public', 1, 1, 1), "CDI $_" for qw(3.0 3.1 4.0 5.0 5.6);
    is get($core, 'tenant/v2'), '200 {"tenantId":"public","thirdParty":{"providers":[]},"coreConfig":{},"status":"OK"}', 'v2';
};

# path, version, what is stored of a new app's public tenant, and of another tenant: flags, first factors are null, coreConfig
my @defaults = (
    [q{},   '3.0', 't t t t {}', 'f f f f {}'],
    [q{},   '4.0', 't t t t {}', 'f f f f {}'],
    [q{},   '5.0', 't t t t {}', 'f f f t {}'],
    [q{},   '5.6', 't t t t {}', 'f f f t {}'],
    ['/v2', '3.0', 't t t t {}', 't t t f {}'],
    ['/v2', '5.4', 't t t t {}', 't t t f {}'],
);

for my $case (@defaults) {
    my ($form, $cdi, $app_row, $tenant_row) = @$case;
    subtest "new ones by CDI $cdi$form" => sub {
        my $id   = "new$cdi$form" =~ s/[^a-z0-9]/-/gr;
        my %at   = (prefix => "/appid-$id");
        my $answer = $core->put("/recipe/multitenancy/app$form", { appId => $id }, cdi => $cdi);
        is $answer->{text}, qq({"status":"OK","createdNew":true}\n), 'app';
        is $answer->{headers}{'content-type'}, 'application/json;charset=UTF-8', 'as JSON';
        is put($core, "app$form", { appId => $id }, cdi => $cdi), UPDATED, 'again: not new';
        is put($core, "tenant$form", { tenantId => 'other' }, %at, cdi => $cdi), CREATED, 'tenant';
        is put($core, "tenant$form", {}, %at, cdi => $cdi), UPDATED, 'the public tenant came with the app';
        is stored($id, 'public'), $app_row,    'stored of the app';
        is stored($id, 'other'),  $tenant_row, 'stored of the tenant';
        $at{prefix} .= '/other';
        is get($core, 'tenant', %at, cdi => $_), v1('other', 0, 0, 0), "shown by CDI $_" for qw(4.0 5.0);
        is get($core, 'tenant/v2', %at), '200 {"tenantId":"other","thirdParty":{"providers":[]},"firstFactors":[],"coreConfig":{},"status":"OK"}',
          'by v2: nobody can sign in yet';
    };
}

subtest 'one tenant in its forms' => sub {
    put($core, 'tenant/v2', {
        tenantId                 => 'forms',
        firstFactors             => ['otp-email', 'emailpassword', 'my(own).factor_1-2'],
        requiredSecondaryFactors => ['totp', 'emailpassword'],
        coreConfig               => { password_reset_token_lifetime => 1000, ip_deny_regex => undef },
    });
    put($core, 'config/thirdparty', { config => { thirdPartyId => 'google', name => 'G' } }, prefix => '/forms');
    my $providers = '"providers":[{"thirdPartyId":"google","name":"G","clients":[],"userInfoMap":{"fromIdTokenPayload":{},"fromUserInfoAPI":{}}}]';
    my $config    = '"coreConfig":{"ip_deny_regex":null,"password_reset_token_lifetime":1000},"status":"OK"}';
    my $factors   = '"firstFactors":["emailpassword","my(own).factor_1-2","otp-email"],"requiredSecondaryFactors":["emailpassword","totp"]';
    for my $cdi (qw(3.0 4.0)) {
        is get($core, 'tenant', prefix => '/forms', cdi => $cdi),
          qq(200 {"tenantId":"forms","emailPassword":{"enabled":true},"thirdParty":{"enabled":false,$providers},"passwordless":{"enabled":true},$config),
          "CDI $cdi: recipes as the first factors say";
    }
    for my $cdi (qw(5.0 5.6)) {
        is get($core, 'tenant', prefix => '/forms', cdi => $cdi),
          qq(200 {"tenantId":"forms","emailPassword":{"enabled":true},"thirdParty":{"enabled":true,$providers},"passwordless":{"enabled":true},$factors,$config),
          "CDI $cdi: recipes as the flags say";
    }
    is get($core, 'tenant/v2', prefix => '/forms'), qq(200 {"tenantId":"forms","thirdParty":{$providers},$factors,$config), 'v2';
};

my $not_found = '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination not found: ';

subtest 'places that do not exist' => sub {
    is get($core, 'tenant',    prefix => '/nowhere'),              '200 {"status":"TENANT_NOT_FOUND_ERROR"}', 'asked for: an answer';
    is get($core, 'tenant/v2', prefix => '/appid-nowhere/public'), '200 {"status":"TENANT_NOT_FOUND_ERROR"}', 'an app';
    for my $what (qw(tenant tenant/v2 app/v2 connectionuridomain/v2)) {
        is put($core, $what, {}, prefix => '/nowhere'),            "$not_found(, public, nowhere)", "$what: from there nothing is made";
        is put($core, $what, {}, prefix => '/appid-nowhere'),      "$not_found(, nowhere, public)", 'nor from an app';
    }
    is put($core, 'tenant/v2', { tenantId => 'x_y' }, prefix => '/nowhere'), '400 tenantId can only contain letters, numbers and hyphens',
      'the id is looked at first';
    is put($core, 'tenant/v2', { firstFactors => ['a', 'a'] }, prefix => '/nowhere'), "$not_found(, public, nowhere)", 'factors are not';
    is get($core, $_, prefix => '/nowhere'), "$not_found(, public, nowhere)", $_ for qw(tenant/list app/list connectionuridomain/list);
};

# Input that is refused, by v1 from CDI 5.0 on and by v2; with two texts: v1, v2.
my $double = 'input should not contain duplicate values';
my $odd    = 'should contain only 0-9,a-z,A-Z,_,.,- characters';
my @refused = (
    [{ coreConfig => [] },                                                    q{Field name 'coreConfig' is invalid in JSON input}],
    [{ coreConfig => '{}' },                                                  q{Field name 'coreConfig' is invalid in JSON input}],
    [{ firstFactors => 'totp' },                                              q{Field name 'firstFactors' is invalid in JSON input}],
    [{ firstFactors => [1] },                                                 q{Field name 'firstFactors' is invalid in JSON input}],
    [{ firstFactors => [undef] },                                             q{Field name 'firstFactors' is invalid in JSON input}],
    [{ requiredSecondaryFactors => {} },                                      q{Field name 'requiredSecondaryFactors' is invalid in JSON input}],
    [{ firstFactors => ['a', 'b', 'a'] },                                     "firstFactors $double"],
    [{ requiredSecondaryFactors => ['a', 'a'] },                              "requiredSecondaryFactors $double"],
    [{ firstFactors => ['a', 'a'], requiredSecondaryFactors => ['a', 'a'] },  "firstFactors $double"],
    [{ firstFactors => ['a b'] },                                             "firstFactors $odd"],
    [{ firstFactors => [q{}] },                                               "firstFactors $odd"],
    [{ firstFactors => ["\x{e4}"] },                                          "firstFactors $odd"],
    [{ requiredSecondaryFactors => ['a,b'] },                                 "requiredSecondaryFactors $odd"],
    [{ firstFactors => ['!'], requiredSecondaryFactors => ['!'] },            "firstFactors $odd"],
    [{ firstFactors => [map { "f$_" } 1 .. 65] },                             'firstFactors has too many values'],
);

subtest 'input that is refused' => sub {
    for my $case (@refused) {
        my ($input, $text) = @$case;
        is put($core, $_, { tenantId => 'refused', %$input }), "400 $text", "$_: " . join q{, }, sort keys %$input for qw(tenant tenant/v2);
    }
    for my $name (qw(emailPasswordEnabled thirdPartyEnabled passwordlessEnabled)) {
        is put($core, 'tenant', { tenantId => 'refused', $name => $_ }, cdi => '4.0'), "400 Field name '$name' is invalid in JSON input",
          "v1: $name is a boolean"
          for 'true', undef;
        is put($core, 'tenant/v2', { tenantId => 'refused', $name => T }),
          '400 ' . ($name =~ s/(thirdParty|passwordless)Enabled/$1/r) . ' is not a valid input for this API',
          "v2: no $name";
    }
    my %all = (emailPasswordEnabled => F, thirdPartyEnabled => F, passwordlessEnabled => F);
    is put($core, 'app/v2', { %all, appId => '!' }), '400 emailPasswordEnabled is not a valid input for this API', 'in this order, before the id';
    delete $all{emailPasswordEnabled};
    is put($core, 'connectionuridomain/v2', \%all), '400 thirdParty is not a valid input for this API', 'for each kind of target';
    is get($core, 'tenant/v2', prefix => '/refused'), '200 {"status":"TENANT_NOT_FOUND_ERROR"}', 'and none was made';
};

subtest 'what older interfaces do not know is not looked at' => sub {
    is put($core, 'tenant', { tenantId => 'old', firstFactors => 7, requiredSecondaryFactors => ['!', '!'] }, cdi => $_),
      $_ eq '3.0' ? CREATED : UPDATED, "CDI $_"
      for qw(3.0 3.1 4.0);
    is put($core, 'tenant/v2', { tenantId => 'old', firstFactors => 7 }, cdi => '3.0'), q{400 Field name 'firstFactors' is invalid in JSON input},
      'v2 knows them';
    is put($core, 'tenant/v2', { tenantId => 'old', coreConfig => undef, unknown => 1 }), UPDATED,
      'coreConfig null is none; other members are ignored';
    is post($core, 'tenant', {}), '405 Method not supported', 'there is no POST';
    is put($core, 'tenant/v2', {}, cdi => '2.21'), '404 Not found', 'before CDI 3.0 there are no tenants';
};

done_testing;

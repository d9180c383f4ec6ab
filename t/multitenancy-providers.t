# SPDX-License-Identifier: Apache-2.0
# Third-party providers of a tenant: what is kept of them, and how they come and go.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED F T UPDATED get post put);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;

my $map = '"userInfoMap":{"fromIdTokenPayload":{},"fromUserInfoAPI":{}}';

sub put_provider ($config, %at) { return put($core, 'config/thirdparty', qq({"config":$config}), %at) }

sub providers (%at) {
    my ($list) = get($core, 'tenant/v2', %at) =~ /"thirdParty":\{"providers":\[(.*)\]\},?.*"coreConfig":/s;
    return $list;
}

subtest 'the base tenant' => sub {
    my $row = q{SELECT core_config, is_first_factors_null FROM tenant_configs};
    is post($core, 'config/thirdparty/remove', { thirdPartyId => 'google' }), '200 {"status":"OK","didConfigExist":false}', 'has none';
    is_deeply $s->pg->query($row), [], 'asking stores nothing';
    is put_provider('{"thirdPartyId":"google"}'), CREATED, 'gets one';
    is_deeply $s->pg->query($row), [['{}', 't']], 'and a row with it';
    is providers(), qq({"thirdPartyId":"google","clients":[],$map}), 'the least of a provider';
    is get($core, 'tenant', cdi => '4.0'),
      qq(200 {"tenantId":"public","emailPassword":{"enabled":true},"thirdParty":{"enabled":true,"providers":[{"thirdPartyId":"google","clients":[],$map}]},)
      . '"passwordless":{"enabled":true},"coreConfig":{},"status":"OK"}',
      'all else is as before';
    is post($core, 'config/thirdparty/remove', { thirdPartyId => ' google ' }), '200 {"status":"OK","didConfigExist":true}',
      'removed, by its trimmed id';
    is post($core, 'config/thirdparty/remove', { thirdPartyId => 'google' }), '200 {"status":"OK","didConfigExist":false}', 'once';
    is providers(), q{}, 'gone';
};

put($core, 'tenant/v2', { tenantId => 't', firstFactors => ['thirdparty'], requiredSecondaryFactors => ['totp'], coreConfig => { totp_max_attempts => 3 } });
my %t = (prefix => '/t');

# All members, in an order that is not that of the answer; unknown ones, nulls.
my $whole = <<'JSON';
{ "unknown": 1, "requireEmail": false, "name": "Näme \"x\"", "oidcDiscoveryEndpoint": "o", "jwksURI": "j",
  "userInfoMap": { "fromUserInfoAPI": { "emailVerified": "f3", "userId": "f1", "email": null, "x": "y" },
                   "fromIdTokenPayload": { "email": "i2", "userId": "i1", "emailVerified": "i3" }, "z": {} },
  "userInfoEndpointHeaders": { "b": null, "a": "1" }, "userInfoEndpointQueryParams": { "n": 1.0, "l": [1, null, {"o": null}] },
  "userInfoEndpoint": "u", "tokenEndpointBodyParams": {}, "tokenEndpoint": "t", "authorizationEndpointQueryParams": { "x": { "y": null } },
  "authorizationEndpoint": "a",
  "clients": [ { "additionalConfig": { "k": "v", "gone": null, "deep": { "gone": null, "list": [null, { "gone": null }] } }, "forcePKCE": true, "x": 1,
                 "scope": ["s1", "s,2", "s\"3"], "clientSecret": "secret", "clientId": "id", "clientType": "web" },
               { "clientId": "", "clientSecret": null, "scope": [], "forcePKCE": null, "additionalConfig": null } ],
  "thirdPartyId": "  custom  " }
JSON
my $shown = join ',', '{"thirdPartyId":"custom"', '"name":"N' . "\xc3\xa4" . 'me \"x\""',
  '"clients":[{"clientId":"","scope":[]}',
  '{"clientType":"web","clientId":"id","clientSecret":"secret","scope":["s1","s,2","s\"3"],"forcePKCE":true,"additionalConfig":{"k":"v","deep":{"list":[null,{}]}}}]',
  '"authorizationEndpoint":"a","authorizationEndpointQueryParams":{"x":{"y":null}}', '"tokenEndpoint":"t","tokenEndpointBodyParams":{}', '"userInfoEndpoint":"u"',
  '"userInfoEndpointQueryParams":{"n":1.0,"l":[1,null,{"o":null}]}', '"userInfoEndpointHeaders":{"b":null,"a":"1"}',
  '"jwksURI":"j"', '"oidcDiscoveryEndpoint":"o"', '"requireEmail":false',
  '"userInfoMap":{"fromIdTokenPayload":{"userId":"i1","email":"i2","emailVerified":"i3"},"fromUserInfoAPI":{"userId":"f1","emailVerified":"f3"}}}';

subtest 'every member' => sub {
    is put_provider($whole, %t), CREATED, 'stored';
    is providers(%t), $shown, 'shown: in order, without what is unknown or null';
    is put_provider($shown, %t), UPDATED, 'what is shown may be sent';
    is providers(%t), $shown, 'and is the same';
    is get($core, 'tenant/v2', %t) =~ s/.*"firstFactors"/"firstFactors"/r,
      '"firstFactors":["thirdparty"],"requiredSecondaryFactors":["totp"],"coreConfig":{"totp_max_attempts":3},"status":"OK"}',
      'all other settings of the tenant are kept';
    is put($core, 'tenant/v2', { tenantId => 't', firstFactors => undef }), UPDATED, 'a change of the tenant';
    is providers(%t), $shown, 'keeps the provider';
    is put_provider('{"thirdPartyId":"custom","tokenEndpoint":"other"}', %t), UPDATED, 'replaced';
    is providers(%t), qq({"thirdPartyId":"custom","clients":[],"tokenEndpoint":"other",$map}), 'as a whole: nothing is left of the old one';
};

subtest 'several' => sub {
    is put_provider(qq({"thirdPartyId":"$_"}), %t), CREATED, $_ for qw(google facebook github discord);
    is join(q{ }, providers(%t) =~ /"thirdPartyId":"(.*?)"/g), 'github discord custom facebook google',
      'in the order in which SDKs have always got them';
    is put_provider('{"thirdPartyId":"github","name":"G"}', %t), UPDATED, 'one is replaced';
    is join(q{ }, providers(%t) =~ /"thirdPartyId":"(.*?)","name/g), 'github', 'no other';
    is put_provider('{"thirdPartyId":"Github"}', %t), CREATED, 'case counts';
    is post($core, 'config/thirdparty/remove', { thirdPartyId => $_ }, %t), '200 {"status":"OK","didConfigExist":true}',
      "without $_" for qw(Github facebook custom);
    is join(q{ }, sort { $a cmp $b } providers(%t) =~ /"thirdPartyId":"(.*?)"/g), 'discord github google', 'the others stay';
    is providers(), q{}, 'other tenants have none of them';
    is put($core, 'app/v2', { appId => 'a' }), CREATED, 'an app';
    is put_provider('{"thirdPartyId":"google"}', prefix => '/appid-a'), CREATED, 'has its own';
};

subtest 'rows that the reference has written' => sub {
    $s->pg->query(q{UPDATE tenant_thirdparty_providers SET name = NULL WHERE app_id = 'a';
        INSERT INTO tenant_thirdparty_provider_clients (connection_uri_domain, app_id, tenant_id, third_party_id, client_type, client_id, scope, additional_config)
        VALUES ('', 'a', 'public', 'google', 'web', 'w', '{a,NULL}', '{"a":null,"b":1}'), ('', 'a', 'public', 'google', 'mobile', 'm', NULL, NULL)});
    is providers(prefix => '/appid-a'),
      qq({"thirdPartyId":"google","clients":[{"clientType":"web","clientId":"w","scope":["a",null],"additionalConfig":{"b":1}},)
      . qq({"clientType":"mobile","clientId":"m"}],$map}), 'shown alike';
};

subtest 'where there is nothing' => sub {
    my $missing = '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, public, nowhere)';
    is put_provider('{"thirdPartyId":"google"}', prefix => '/nowhere'), $missing, 'put';
    is post($core, 'config/thirdparty/remove', { thirdPartyId => 'google' }, prefix => '/nowhere'), $missing, 'remove';
    is put_provider('{}', prefix => '/nowhere'), q{400 Field name 'thirdPartyId' is invalid in JSON input}, 'the id is looked at first';
    is post($core, 'config/thirdparty', {}), '405 Method not supported', 'no POST';
};

done_testing;

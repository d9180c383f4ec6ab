# SPDX-License-Identifier: Apache-2.0
# Providers that are refused: what is looked at, in which order, and what skipValidation leaves.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Multitenancy qw(CREATED F T UPDATED get post put);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;
my $json = JSON::PP->new->canonical;
my $n    = 0;

my $client = sub (%more) { return { clientId => 'c', %more } };

# The answer when a tenant that has no provider gets this one.
sub fresh ($config, %more) {
    my $tenant = 't' . ++$n;
    put($core, 'tenant/v2', { tenantId => $tenant });
    return put($core, 'config/thirdparty', { config => $config, %more }, prefix => "/$tenant");
}

sub with_config ($id, $additional) { return { thirdPartyId => $id, clients => [{ clientId => 'c', ($additional ? (additionalConfig => $additional) : ()) }] } }

subtest 'the body' => sub {
    my $config = q{400 Field name 'config' is invalid in JSON input};
    my $id     = q{400 Field name 'thirdPartyId' is invalid in JSON input};
    my @cases  = (
        [q{},                                                           '400 Invalid Json Input'],
        ['[]',                                                          '400 Invalid Json Input'],
        ['{}',                                                          $config],
        ['{"config":null}',                                             $config],
        ['{"config":[]}',                                               $config],
        ['{"config":"x"}',                                              $config],
        ['{"config":{}}',                                               $id],
        ['{"config":{"thirdPartyId":null}}',                            $id],
        ['{"config":{"thirdPartyId":7}}',                               $id],
        ['{"config":{"thirdPartyId":"a\u0000b"}}',                      $id],
        ['{"config":{"thirdPartyId":"x"},"skipValidation":"true"}',     q{400 Field name 'skipValidation' is invalid in JSON input}],
        ['{"config":{"thirdPartyId":"x"},"skipValidation":null}',       q{400 Field name 'skipValidation' is invalid in JSON input}],
        ['{"config":{"thirdPartyId":" "}}',                             '400 Invalid third party config: thirdPartyId cannot be null or empty'],
        ['{"config":{"thirdPartyId":"' . 'x' x 29 . '"}}',              '400 thirdPartyId can have at most 28 characters'],
        ['{"config":{"thirdPartyId":"' . "\xc3\xa9" x 28 . '"}}',       CREATED, 'characters, not bytes'],
    );
    is put($core, 'config/thirdparty', $_->[0]), $_->[1], $_->[2] // substr($_->[0], 0, 60) . ' ...' for @cases;
    is post($core, 'config/thirdparty/remove', $_), $id, "remove: $_" for '{}', '{"thirdPartyId":null}', '{"thirdPartyId":[]}';
};

my $long = 'x' x 65;
my @wrong_types = (
    { name => 7 }, { clients => {} }, { clients => ['x'] }, { clients => [undef] }, { authorizationEndpoint => {} }, { authorizationEndpointQueryParams => 'x' },
    { tokenEndpoint => F }, { tokenEndpointBodyParams => [] }, { userInfoEndpoint => 1 },
    { userInfoEndpointQueryParams => 1 }, { userInfoEndpointHeaders => 'x' }, { jwksURI => [] },
    { oidcDiscoveryEndpoint => 1 }, { requireEmail => 'true' }, { requireEmail => 1 }, { userInfoMap => 'x' }, { userInfoMap => { fromUserInfoAPI => [] } },
    { userInfoMap => { fromIdTokenPayload => { email => 1 } } },
    map { { clients => [{ clientId => 'c', %$_ }] } }
      { clientId => 1 }, { clientType => 1 }, { clientSecret => T }, { scope => 'x' }, { scope => [1] }, { scope => {} }, { forcePKCE => 'x' }, { additionalConfig => [] },
);
my @too_long = (
    [{ name => $long }, 'name', 64], [{ userInfoMap => { fromUserInfoAPI => { email => $long } } }, 'email', 64],
    [{ clients => [{ clientId => 'c', clientType => $long }] }, 'clientType', 64], [{ clients => [{ clientId => 'x' x 257 }] }, 'clientId', 256],
    [{ clients => [{ clientId => 'c', scope => ['x' x 129] }] }, 'scope', 128],
);

subtest 'members that cannot be kept' => sub {
    is fresh({ thirdPartyId => 'x', %$_ }), '500 Internal error', 'a wrong type: ' . $json->encode($_) for @wrong_types;
    is fresh({ thirdPartyId => 'x', %{ $_->[0] } }), "400 $_->[1] can have at most $_->[2] characters", "$_->[1] is too long" for @too_long;
    is fresh({ thirdPartyId => 'x', clients => [map { $client->(clientType => "c$_") } 1 .. 257] }), '400 clients has too many values',
      'many clients';
    is fresh({ thirdPartyId => 'x', clients => [$client->(scope => [map { "s$_" } 1 .. 257])] }), '400 scope has too many values', 'many scopes';
    is fresh({ thirdPartyId => 'x', $_ => "a\0b" }), "400 Field name '$_' is invalid in JSON input", "U+0000 in $_" for 'name', 'jwksURI';
    like fresh({ thirdPartyId => 'x', userInfoEndpointHeaders => { a => "a\0b" } }), qr/\A400 /, 'U+0000 in an object';
    is $s->pg->value('SELECT count(*) FROM tenant_thirdparty_providers WHERE tenant_id <> \'public\''), 0, 'none is there';
};

my $duplicate = 'Duplicate clientType was specified in the clients list.';
my $apple     = 'a non empty string value must be specified for keyId, teamId and privateKey in the additionalConfig for Apple provider';
my $google    = 'hd in additionalConfig must be a non empty string value';
my $boxy      = 'a non empty string value must be specified for boxyURL in the additionalConfig for Boxy SAML provider';
my %apple     = (keyId => 'k', teamId => 't', privateKey => 'p');

# provider, text of the refusal (none: it is taken)
my @rules = (
    [{ thirdPartyId => 'x', clients => [$client->(clientType => 'a'), $client->(clientType => 'a')] },                  $duplicate],
    [{ thirdPartyId => 'x', clients => [$client->(), $client->()] },                                                    $duplicate],
    [{ thirdPartyId => 'x', clients => [$client->(clientType => undef), $client->()] },                                 $duplicate],
    [{ thirdPartyId => 'x', clients => [$client->(clientType => q{}), $client->()] },                                   $duplicate],
    [{ thirdPartyId => 'x', clients => [$client->(clientType => 'a'), $client->(), $client->(clientType => 'b')] },     undef],
    [{ thirdPartyId => 'x', clients => [{}] },                                                                          'clientId cannot be null'],
    [{ thirdPartyId => 'x', clients => [{ clientId => undef }] },                                                       'clientId cannot be null'],
    [{ thirdPartyId => 'x', clients => [{}, {}] },                                                                      'clientId cannot be null'],
    [{ thirdPartyId => 'x', clients => [$client->(), {}] },                                                             $duplicate],
    [{ thirdPartyId => 'x', clients => [$client->(scope => ['a', undef])] },                                            'scope array cannot contain a null'],
    [{ thirdPartyId => 'x', clients => [{ scope => [undef] }] },                                                        'clientId cannot be null'],
    [with_config('apple', undef),                                        $apple],
    [with_config('apple', {}),                                           $apple],
    (map { my $key = $_; map { [with_config('apple', { %apple, $key => $_ }), $apple] } undef, q{}, 7, [], { a => 'b' } } sort keys %apple),
    [with_config('apple', { keyId => 'k', teamId => 't' }),              $apple],
    [with_config('apple-for-web', {}),                                   $apple],
    [with_config('apple', \%apple),                                      undef],
    [with_config('apple', { %apple, more => 1 }),                        undef],
    [with_config('my-apple', undef),                                     undef],
    [{ thirdPartyId => 'apple' },                                        undef],
    (map { [with_config('google-workspaces', { hd => $_ }), $google] } q{}, 7, {}, T),
    [with_config('google-workspaces2', { hd => q{} }),                   $google],
    [with_config('google-workspaces', { hd => 'example.com' }),          undef],
    [with_config('google-workspaces', undef),                            undef],
    [with_config('google-workspaces', { hd => undef }),                  undef],
    [with_config('google', { hd => q{} }),                               undef],
    (map { [with_config('boxy-saml', { boxyURL => $_ }), $boxy] } q{}, 7, []),
    [with_config('boxy-saml-1', { boxyURL => q{} }),                     $boxy],
    [with_config('boxy-saml', { boxyURL => 'https://b.example.com' }),   undef],
    [with_config('boxy-saml', {}),                                       undef],
    [{ thirdPartyId => 'apple', clients => [$client->(scope => [undef])] }, 'scope array cannot contain a null'],
);

subtest 'rules' => sub {
    for my $case (@rules) {
        my ($config, $text) = @$case;
        is fresh($config), $text ? "400 Invalid third party config: $text" : CREATED, $json->encode($config);
        is fresh($config, skipValidation => F), $text ? "400 Invalid third party config: $text" : CREATED, 'the same said aloud';
    }
};

subtest 'without validation' => sub {
    is fresh($_, skipValidation => T), CREATED, $json->encode($_)
      for with_config('apple', undef), with_config('google-workspaces', { hd => q{} }), with_config('boxy-saml', { boxyURL => 7 }),
      { thirdPartyId => ' ' }, { thirdPartyId => 'x', clients => [$client->(scope => [undef])] };
    my %skip = (skipValidation => T);
    is fresh({ thirdPartyId => 'x', clients => [$client->(), $client->()] }, %skip), "400 Invalid third party config: $duplicate",
      'two clients of one type cannot be stored';
    is fresh({ thirdPartyId => 'x', clients => [{}] }, %skip), '400 Invalid third party config: clientId cannot be null', 'nor one without id';
};

subtest 'how many' => sub {
    $s->pg->query(q{INSERT INTO tenant_configs (tenant_id, core_config, is_first_factors_null) VALUES ('many', '{}', false);
        INSERT INTO tenant_thirdparty_providers (tenant_id, third_party_id) SELECT 'many', 'p' || n FROM generate_series(1, 256) n});
    put($core, 'tenant/v2', { tenantId => 'many' });
    is put($core, 'config/thirdparty', { config => { thirdPartyId => 'p0' } }, prefix => '/many'), '400 a tenant can have at most 256 providers',
      'another one';
    is put($core, 'config/thirdparty', { config => { thirdPartyId => 'p1' } }, prefix => '/many'), UPDATED, 'one of them';
};

subtest 'the whole list is looked at' => sub {
    my %at = (prefix => '/whole');
    put($core, 'tenant/v2', { tenantId => 'whole' });
    is put($core, 'config/thirdparty', { config => with_config('apple', undef), skipValidation => T }, %at), CREATED, 'one that is not valid';
    is put($core, 'config/thirdparty', { config => { thirdPartyId => 'good' } }, %at), "400 Invalid third party config: $apple", 'hinders others';
    is put($core, 'config/thirdparty', { config => { thirdPartyId => 'good' }, skipValidation => T }, %at), CREATED, 'unless they are not validated';
    is post($core, 'config/thirdparty/remove', { thirdPartyId => 'good' }, %at), "400 Invalid third party config: $apple", 'also to go';
    is put($core, 'tenant/v2', { tenantId => 'whole', firstFactors => ['thirdparty'] }), UPDATED, 'the tenant may change';
    like get($core, 'tenant/v2', %at), qr/"thirdPartyId":"good".*"thirdPartyId":"apple"|"thirdPartyId":"apple".*"thirdPartyId":"good"/,
      'both are there';
    is put($core, 'config/thirdparty', { config => with_config('apple', \%apple) }, %at), UPDATED, 'made valid';
    is post($core, 'config/thirdparty/remove', { thirdPartyId => 'good' }, %at), '200 {"status":"OK","didConfigExist":true}', 'it hinders nobody';
};

done_testing;

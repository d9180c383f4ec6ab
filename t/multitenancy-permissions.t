# SPDX-License-Identifier: Apache-2.0
# Who may make, change, list and remove what: by the path, and by the connection-URI domain in the Host header.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED UPDATED get post put);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;

# Two domains, each with the apps public and a; two apps of the default domain; tenants t of all of these.
for my $domain ('one.example.com', 'two.example.com') {
    my $db = $s->pg->create_db($domain =~ s/[.].*//r);
    is put($core, 'connectionuridomain/v2', { connectionUriDomain => $domain, coreConfig => { postgresql_database_name => $db } }), CREATED, $domain;
    is put($core, 'app/v2', { appId => 'a' }, host => $domain), CREATED, 'with an app';
}
is put($core, 'app/v2', { appId => $_ }), CREATED, "app $_" for qw(a b);
my @apps = map { my @host = $_ ? (host => "$_.example.com") : (); map { { prefix => $_, @host } } q{}, '/appid-a', $host[1] ? () : '/appid-b' } q{},
  'one', 'two';
is put($core, 'tenant/v2', { tenantId => 't' }, %$_), CREATED, 'tenant of ' . join q{ }, %$_ for @apps;

sub at ($place) {
    my ($domain, $prefix) = $place =~ m{\A(\w+:)?(.*)\z};
    return (prefix => $prefix, $domain ? (host => $domain =~ s/:/.example.com/r) : ());
}

my %text = (
    tenant      => '403 You must use the public or same tenant to add/update a tenant',
    same_app    => '403 You must use the same app to create/update a tenant',
    app         => '403 You must use the public or same app to add/update an app',
    app_domain  => '403 You must use the same connection URI domain to create/update an app',
    domain      => '403 You must use the default or same connectionUriDomain to create/update a connectionUriDomain',
    updated     => UPDATED,
);

# from (domain: and path), what, id, answer
my @changes = (
    [q{},                'tenant', 't',      'updated'],
    ['/t',               'tenant', 't',      'updated'],
    ['/t',               'tenant', 'other',  'tenant'],
    ['/appid-a',         'tenant', 't',      'updated'],
    ['/appid-a/t',       'tenant', 't',      'updated'],
    ['/appid-a/t',       'tenant', 'other',  'tenant'],
    ['one:',             'tenant', 't',      'updated'],
    ['one:/appid-a/t',   'tenant', 't',      'updated'],
    ['one:/appid-a/t',   'tenant', 'other',  'tenant'],
    ['/t',               'tenant', 'public', 'updated'],     # the base tenant is everybody's
    ['/appid-a/t',       'tenant', 'public', 'app'],
    ['/appid-a',         'tenant', 'public', 'updated'],
    ['one:/t',           'tenant', 'public', 'updated'],
    [q{},                'app',    'a',      'updated'],
    ['/t',               'app',    'a',      'app'],
    ['/appid-a',         'app',    'a',      'updated'],
    ['/appid-a/t',       'app',    'a',      'app'],
    ['/appid-a',         'app',    'b',      'app'],
    ['/appid-a',         'app',    'new',    'app'],
    ['one:',             'app',    'a',      'updated'],
    ['one:/t',           'app',    'a',      'app'],
    ['one:/appid-a',     'app',    'a',      'updated'],
    ['one:/appid-a',     'app',    'b',      'app'],
    ['/appid-a',         'app',    'public', 'updated'],
    ['one:/appid-a',     'app',    'public', 'updated'],
    [q{},                'connectionuridomain', 'one.example.com', 'updated'],
    ['/t',               'connectionuridomain', 'one.example.com', 'domain'],
    ['/appid-a',         'connectionuridomain', 'one.example.com', 'domain'],
    ['/appid-a',         'connectionuridomain', 'new.example.com', 'domain'],
    ['one:',             'connectionuridomain', 'one.example.com', 'updated'],
    ['one:/appid-a/t',   'connectionuridomain', 'one.example.com', 'updated'],
    ['two:',             'connectionuridomain', 'one.example.com', 'domain'],
    ['one:',             'connectionuridomain', undef,             'updated'],
);
my %id = (tenant => 'tenantId', app => 'appId', connectionuridomain => 'connectionUriDomain');

subtest 'making and changing' => sub {
    for my $case (@changes) {
        my ($from, $what, $id, $want) = @$case;
        for my $form ($what, "$what/v2") {
            is put($core, $form, { defined $id ? ($id{$what} => $id) : () }, at($from)), $text{$want}, "from '$from': $form " . ($id // 'without id');
        }
    }
    is put($core, 'tenant/v2', { tenantId => 'other', coreConfig => { nonsense => 1 } }, prefix => '/t'), $text{tenant},
      'before coreConfig is looked at';
    is put($core, 'tenant/v2', { tenantId => 'other', firstFactors => ['!'] }, prefix => '/t'),
      '400 firstFactors should contain only 0-9,a-z,A-Z,_,.,- characters', 'after the factors';
};

my %lists = (
    'tenant/list'              => '403 Only the public tenantId is allowed to list all tenants associated with this app',
    'app/list'                 => '403 Only the public tenantId and public appId is allowed to list all apps associated with this connection uri domain',
    'connectionuridomain/list' => '403 Only the public tenantId, public appId and default connectionUriDomain is allowed to list all connectionUriDomains and appIds associated with this core',
);
my %may_list = (
    'tenant/list'              => [q{}, '/appid-a', 'one:', 'one:/appid-a'],
    'app/list'                 => [q{}, 'one:'],
    'connectionuridomain/list' => [q{}],
);

subtest 'lists' => sub {
    for my $list (sort keys %lists) {
        my %may = map { ($_ => 1) } @{ $may_list{$list} };
        for my $from (map { ($_, "one:$_") } q{}, '/t', '/appid-a', '/appid-a/t') {
            for my $form ($list, "$list/v2") {
                my $answer = get($core, $form, at($from));
                $may{$from} ? like($answer, qr/\A200 /, "$form from '$from'") : is($answer, $lists{$list}, "$form not from '$from'");
            }
        }
    }
};

my $by_base = '403 Only the public tenantId, public appId and default connectionUriDomain is allowed to delete a connectionUriDomain';
my $by_app  = '403 Only the public tenantId and public appId is allowed to delete an app';
my @removals = (
    [q{},          { tenantId => 'public' },                     '403 Cannot delete public tenant, use remove app API instead'],
    ['/t',         { tenantId => 'public' },                     '403 Cannot delete public tenant, use remove app API instead'],
    ['/t',         { tenantId => 't' },                          '403 Only the public tenantId is allowed to delete a tenant'],
    ['one:/t',     { tenantId => 't' },                          '403 Only the public tenantId is allowed to delete a tenant'],
    [q{},          { appId => 'public' },                        '403 Cannot delete the public app, use remove connection uri domain API instead'],
    ['/appid-a',   { appId => 'public' },                        '403 Cannot delete the public app, use remove connection uri domain API instead'],
    ['/appid-a',   { appId => 'a' },                             $by_app],
    ['/t',         { appId => 'a' },                             $by_app],
    ['one:/t',     { appId => 'a' },                             $by_app],
    [q{},          { appId => 'a' },                             '403 Please delete all tenants except the public tenant for this app before calling the delete API'],
    ['one:',       { appId => 'a' },                             '403 Please delete all tenants except the public tenant for this app before calling the delete API'],
    ['/t',         { connectionUriDomain => 'one.example.com' }, $by_base],
    ['/appid-a',   { connectionUriDomain => 'one.example.com' }, $by_base],
    ['one:',       { connectionUriDomain => 'one.example.com' }, $by_base],
    [q{},          { connectionUriDomain => 'one.example.com' }, '403 Please delete all apps except the public appID for this connectionUriDomain before calling the delete API.'],
);
my %remove = reverse %id;

subtest 'removing' => sub {
    for my $case (@removals) {
        my ($from, $body, $want) = @$case;
        my ($name, $id) = %$body;
        is post($core, "$remove{$name}/remove", $body, at($from)), $want, "from '$from': $name $id";
    }
    is post($core, 'tenant/remove', { tenantId => 't' }, prefix => '/nowhere'),
      '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, public, nowhere)', 'from nowhere';
    is post($core, "$remove{$_->[0]}/remove", { $_->[0] => $_->[1] }, prefix => '/nowhere'), $_->[2], "$_->[0] $_->[1]: said also there"
      for ['tenantId', 'public', '403 Cannot delete public tenant, use remove app API instead'],
      ['tenantId', '!', '400 tenantId can only contain letters, numbers and hyphens'],
      ['appId', 'public', '403 Cannot delete the public app, use remove connection uri domain API instead'],
      ['connectionUriDomain', 'a/b', '400 connectionUriDomain is invalid'];
    like get($core, 'tenant/v2', %$_, prefix => "$_->{prefix}/t"), qr/\A200 \{"tenantId":"t",/, 'all are still there' for @apps;
};

done_testing;

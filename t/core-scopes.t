# SPDX-License-Identifier: Apache-2.0
# Whose data a request is about: tenant scope, app scope, connection-URI domains; and what happens to unknown ones.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Socket::INET ();
use Test::More;
use ST::Env qw(wait_until);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;
my $missing = 'AppId or tenantId not found =>';
my $tenant_missing = "$missing Tenant with the following connectionURIDomain, appId and tenantId combination not found:";
my $app_missing    = "$missing App with the following connectionURIDomain and appId combination not found:";
my $only_public    = 'Only public tenantId can call this app specific API';

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }

# GET with any Host header (undef: none, as HTTP/1.0 allows), as HTTP::Tiny would not send it.
sub get_as ($host, $path) {
    my $socket = IO::Socket::INET->new(PeerAddr => $s->url =~ s{http://}{}r) or die "connect: $@\n";
    my $header = defined $host ? "Host: $host\r\n" : q{};
    print {$socket} "GET $path HTTP/1.0\r\n${header}cdi-version: 5.4\r\n\r\n";
    local $/ = undef;
    my ($head, $body) = split /\r\n\r\n/, <$socket> // q{}, 2;
    my ($status) = $head =~ m{\AHTTP/1[.]1 (\d+)};
    return "$status $body" =~ s/\n\z//r;
}

is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{status}, 'OK', 'a tenant';
is $core->put('/recipe/multitenancy/app/v2', { appId => 'a1' })->{json}{status}, 'OK', 'an app';
is $core->put('/appid-a1/recipe/multitenancy/tenant/v2', { tenantId => 't2' })->{json}{status}, 'OK', 'a tenant of it';

subtest 'tenant scope' => sub {
    my %none = map { ($_ => qq(200 {"status":"UNKNOWN_EMAIL_ERROR"})) } q{}, qw(/t1 /appid-a1 /appid-a1/t2);
    my %all  = (%none, '/t2' => "400 $tenant_missing (, public, t2)", '/appid-a1/t1' => "400 $tenant_missing (, a1, t1)",
        '/appid-a2' => "400 $tenant_missing (, a2, public)", '/appid-a2/t1' => "400 $tenant_missing (, a2, t1)");
    for my $cdi ('3.0', '4.0', '5.0', '5.6') {
        is line($core->get('/recipe/user?email=x', prefix => $_, cdi => $cdi)), $all{$_}, "$_ $cdi" for sort keys %all;
    }
    # one e-mail address, four users
    my %id;
    for my $prefix (sort keys %none) {
        my $got = $core->post('/recipe/signup', { email => 'a@example.com', password => 'secret-1' }, prefix => $prefix);
        $id{ $got->{json}{user}{id} } = $prefix;
        is_deeply $got->{json}{user}{tenantIds}, [$prefix =~ m{/(t\d)} ? $1 : 'public'], "'$prefix' has its own user";
    }
    is scalar keys %id, 4, 'tenants and apps do not share users';
    for my $id (sort keys %id) {
        my $app = $id{$id} =~ m{\A(/appid-a1)} ? $1 : q{};
        is $core->get('/user/id', query => { userId => $id }, prefix => $app)->{json}{status}, 'OK', 'an app knows all users of its tenants';
        is $core->get('/user/id', query => { userId => $id }, prefix => $app ? q{} : '/appid-a1')->{json}{status},
          'UNKNOWN_USER_ID_ERROR', 'and none of another app';
    }
};

subtest 'app scope' => sub {
    my $unknown = qq(200 {"status":"UNKNOWN_USER_ID_ERROR"});
    my @rows    = (
        ['4.0', q{},            $unknown],
        ['5.0', q{},            $unknown],
        ['5.6', '/appid-a1',    $unknown],
        ['5.6', '/public',      $unknown],
        ['5.6', '/appid-a1/public', $unknown],
        ['4.0', '/t1',          $unknown],
        ['4.0', '/t2',          $unknown],                              # the tenant is not looked at
        ['4.0', '/appid-a1/t1', $unknown],
        ['5.0', '/t1',          "403 $only_public"],
        ['5.6', '/t2',          "403 $only_public"],
        ['5.6', '/appid-a1/t2', "403 $only_public"],
        ['5.6', '/appid-a2/t2', "403 $only_public"],
        ['5.6', '/appid-a2',    "400 $app_missing (, a2)"],
        ['4.0', '/appid-a2/t2', "400 $app_missing (, a2)"],
    );
    for (@rows) {
        my ($cdi, $prefix, $wanted) = @$_;
        is line($core->get('/user/id?userId=x', prefix => $prefix, cdi => $cdi)), $wanted, "$cdi $prefix";
    }
    is line($core->get('/t1/telemetry')), "403 $only_public", 'GET /telemetry';
    is line($core->get('/t1/apiversion', cdi => undef)), "403 $only_public", 'GET /apiversion';
    is line($core->get('/t1/requests/stats')), "403 $only_public", 'GET /requests/stats';
    is line($core->get('/t1/user/id')), "400 Field name 'userId' is missing in GET request", 'fields are read before that';
};

subtest 'no scope, or a loose one' => sub {
    for my $prefix (qw(/t1 /t2 /appid-a1/t1)) {
        is line($core->get('/hello', prefix => $prefix)), '200 Hello', "$prefix/hello";
        is $core->get('/user/search/tags', prefix => $prefix)->{status}, 200, "$prefix/user/search/tags";
    }
    is line($core->get('/appid-a2/t1/hello')), "400 $app_missing (, a2)", 'GET /hello needs the app';
    is $core->get('/appid-a2/t1/user/search/tags')->{status}, 200, 'GET /user/search/tags nothing';
};

subtest 'connection-URI domains' => sub {
    my $user = '/recipe/user?email=a@example.com';
    is get_as(undef, '/t9/recipe/user?email=x'), "400 $tenant_missing (, public, t9)", 'no Host header';
    is get_as($_, '/t9/recipe/user?email=x'), "400 $tenant_missing (, public, t9)", "Host: $_ is no domain of ours"
      for 'localhost', 'one.example.com', '[::1]:3567', '127.0.0.1:80';
    $s->pg->query(q{INSERT INTO tenant_configs VALUES
        ('one.example.com', 'public', 'public', '{}', true, true, true, true),
        ('one.example.com', 'a1', 'public', '{}', true, true, true, true),
        ('two.example.com', 'public', 'public', '{}', true, true, true, true)});
    $s->pg->query(q{SELECT pg_notify('supertokens_fcgi', '*')});
    my $known = wait_until(20, sub { get_as('one.example.com', '/t9/recipe/user?email=x') =~ /one/ });
    ok $known, 'a new one is noticed';
    is get_as($_, '/t9/recipe/user?email=x'), "400 $tenant_missing (one.example.com, public, t9)", "Host: $_"
      for 'one.example.com', 'ONE.example.COM', 'one.example.com:3567';
    is get_as('one.example.com', $user) =~ s/ .*//r, 200, 'its public tenant serves';
    is get_as('one.example.com', "/appid-a1$user") =~ s/ .*//r, 200, 'and its app';
    is get_as('one.example.com', "/t1$user"), "400 $tenant_missing (one.example.com, public, t1)", 'it has not the tenants of others';
    is get_as('two.example.com', "/appid-a1$user"), "400 $tenant_missing (two.example.com, a1, public)", 'nor the apps';
    is get_as('three.example.com', "/t1$user") =~ s/ .*//r, 200, 'other names belong to nobody, so they mean the base';
    is get_as('one.example.com', '/hello'), '200 Hello', 'GET /hello';
    is get_as('one.example.com', '/config?pid=1'),
      '403 you can call this only from the base connection uri domain, public app and tenant', 'GET /config is of the base only';
};

subtest 'one domain only' => sub {
    $s->service->write_config(supertokens_saas_load_only_cud => 'two.example.com');
    $s->restart_service;
    is get_as('one.example.com', $_), '400 Connection URI domain is disallowed', "one.example.com$_" for '/hello', '/nothing', '/user/search/tags';
    is get_as('two.example.com',   '/hello'), '200 Hello', 'the one that is allowed';
    is get_as('three.example.com', '/hello'), '200 Hello', 'and the base';
};

done_testing;

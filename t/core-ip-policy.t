# SPDX-License-Identifier: Apache-2.0
# From where one may call: ip_allow_regex and ip_deny_regex of apps and tenants, IPv4 and IPv6.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Socket::IP ();
use Test::More;
use ST::Core;
use ST::Env qw(free_port);
use ST::Stack;

my $has_v6 = do { my $probe = IO::Socket::IP->new(LocalHost => '::1', Listen => 1); defined $probe };
my $port6  = free_port;
my $both   = free_port;    # of a server for both families
my $site   = $has_v6 ? join q{ }, map { "server { listen $_; include core-door.conf; }" } "[::1]:$port6", "[::]:$both ipv6only=off" : q{};
my $s      = ST::Stack->new(nginx => { site => $site });
my $core   = $s->core;
my $core6  = ST::Core->new(url => "http://[::1]:$port6");
my $mapped = ST::Core->new(url => "http://127.0.0.1:$both");

sub status ($client, $path, %opt) { return $client->get($path, %opt)->{status} }

# [name, allow, deny, 127.0.0.1 may, ::1 may]
my @policies = (
    ['none',          undef,                     undef,                       1, 1],
    ['allow-v4',      '127\.0\.0\.1',            undef,                       1, 0],
    ['allow-other',   '10\.0\.0\.1',             undef,                       0, 0],
    ['allow-part',    '127',                     undef,                       0, 0],    # the whole address must match
    ['allow-prefix',  '127\..*',                 undef,                       1, 0],
    ['allow-v6',      '::1',                     undef,                       0, 1],
    ['allow-v6-long', '0:0:0:0:0:0:0:1',         undef,                       0, 1],    # as the reference writes it
    ['allow-both',    '127\.0\.0\.1|::1',        undef,                       1, 1],
    ['deny-v4',       undef,                     '127\.0\.0\.1',              0, 1],
    ['deny-part',     undef,                     '127\.0',                    1, 1],
    ['deny-v6-long',  undef,                     '0:0:0:0:0:0:0:1',           1, 0],
    ['deny-all',      undef,                     '.*',                        0, 0],
    ['deny-wins',     '.*',                      '127\.0\.0\.1|::1',          0, 0],
    ['deny-some',     '.*',                      '10\..*',                    1, 1],
    ['neither',       '10\..*',                  '192\..*',                   0, 0],
    ['blank',         ' ',                       "\t",                        1, 1],
    ['spaces',        ' 127\.0\.0\.1 ',          undef,                       1, 0],
    ['alternatives',  '10\.0\.0\.1|127\.0\.0\.1', undef,                      1, 0],    # both ends bind all of them
);

subtest 'rules' => sub {
    for (@policies) {
        my ($name, $allow, $deny, $v4, $v6) = @$_;
        my %config = (defined $allow ? (ip_allow_regex => $allow) : (), defined $deny ? (ip_deny_regex => $deny) : ());
        is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $name, coreConfig => \%config })->{json}{status}, 'OK', $name;
        is status($core, "/$name/recipe/user?email=x"), $v4 ? 200 : 403, "$name: 127.0.0.1";
        SKIP: {
            skip 'no IPv6 here', 2 if !$has_v6;
            is status($core6, "/$name/recipe/user?email=x"), $v6 ? 200 : 403, "$name: ::1";
            is status($mapped, "/$name/recipe/user?email=x"), $v4 ? 200 : 403, "$name: ::ffff:127.0.0.1, which is 127.0.0.1";
        }
    }
};

subtest 'the answer' => sub {
    my $got = $core->get('/deny-v4/recipe/user?email=x');
    is $got->{status}, 403, 'status';
    is $got->{text}, "Forbidden\n", 'a short text';
    is $got->{headers}{'content-type'}, 'text/html;charset=UTF-8', 'content type';
};

subtest 'it stands before everything else' => sub {
    for my $path (qw(/deny-v4/hello /deny-v4/ /deny-v4/config /deny-v4/apiversion /deny-v4/user/search/tags)) {
        is status($core, $path), 403, "GET $path";
    }
    is status($core, '/deny-v4/recipe/signup'), 403, 'a method that is not there';
    is $core->request('PATCH', '/deny-v4/hello')->{status}, 403, 'one that nobody has';
    is status($core, '/deny-v4/hello', cdi => 'x'),   403, 'a version that makes no sense';
    is status($core, '/deny-v4/hello', cdi => '2.9'), 403, 'or does not know tenants';
    is $core->post('/deny-v4/recipe/signup', '{')->{status}, 403, 'a broken body';
    is status($core, '/deny-v4/nothing/here'), 404, 'a path that names no tenant of its own is not about this one';
};

subtest 'who is asked' => sub {
    my %deny = (coreConfig => { ip_deny_regex => '127\..*' });
    is $core->put('/recipe/multitenancy/app/v2', { appId => 'closed', %deny })->{json}{status}, 'OK', 'an app that is closed';
    is $core->put('/recipe/multitenancy/app/v2', { appId => 'open' })->{json}{status}, 'OK', 'one that is not';
    is $core->put('/appid-open/recipe/multitenancy/tenant/v2', { tenantId => 't1', %deny })->{json}{status}, 'OK', 'with a closed tenant';
    is status($core, '/appid-closed/hello'), 403, 'the app';
    is status($core, '/appid-closed/no-such-tenant/recipe/user?email=x'), 403, 'for an unknown tenant its app is asked';
    is status($core, '/appid-open/no-such-tenant/recipe/user?email=x'), 400, 'which may be open';
    is status($core, '/appid-none/hello'), 400, 'for an unknown app nobody';
    is status($core, '/appid-open/hello'), 200, 'the tenant does not close its app';
    is status($core, '/appid-open/t1/hello'), 403, 'even where the tenant is not looked at otherwise';
    my %open = (coreConfig => { ip_deny_regex => '10\..*' });
    is $core->put('/appid-closed/recipe/multitenancy/tenant/v2', { tenantId => 't1', %open })->{status}, 403, 'nobody gets in to change it';
};

subtest 'headers say nothing' => sub {
    for my $header (qw(x-forwarded-for x-real-ip forwarded true-client-ip remote-addr remote_addr client-ip)) {
        is status($core, '/deny-v4/hello', headers => { $header => '10.0.0.1' }), 403, "$header does not open";
        is status($core, '/allow-v4/hello', headers => { $header => '10.0.0.1' }), 200, "and does not close";
    }
};

subtest 'changed while running' => sub {
    my $change = sub ($config) {
        return $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 'deny-v4', coreConfig => $config })->{json}{status};
    };
    is $change->({ ip_deny_regex => undef }), 'OK', 'the rule goes';
    is status($core, '/deny-v4/hello'), 200, 'at once';
    is $change->({ ip_allow_regex => '10\..*' }), 'OK', 'another comes';
    is status($core, '/deny-v4/hello'), 403, 'at once';
};

subtest 'in the configuration file' => sub {
    $s->service->write_config(ip_deny_regex => '127\..*');
    $s->restart_service;
    is status($core, '/hello'), 403, 'closed';
    is status($core, '/none/hello'), 403, 'tenants inherit it';
    SKIP: {
        skip 'no IPv6 here', 1 if !$has_v6;
        is status($core6, '/hello'), 200, 'for others it is open';
    }
};

done_testing;

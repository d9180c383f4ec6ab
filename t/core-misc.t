# SPDX-License-Identifier: Apache-2.0
# The core's own small endpoints: hello, apiversion, config, telemetry, search tags.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(time);
use ST::Env     qw(wait_until);
use ST::Stack;

my $s    = ST::Stack->new(config => { fcgi_workers => 1 });
my $core = $s->core;
my $pg   = $s->pg;

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }

sub stored ($name, $app = 'public') {
    return $pg->query("SELECT value, created_at_time FROM key_value WHERE app_id = '$app' AND tenant_id = 'public' AND name = '$name'")->[0];
}

is $core->put('/recipe/multitenancy/app/v2', { appId => 'a1', coreConfig => { disable_telemetry => JSON::PP::true } })->{json}{status},
  'OK', 'an app without telemetry';
is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{status}, 'OK', 'a tenant';

subtest '/apiversion' => sub {
    my $got = $core->get('/apiversion', cdi => undef);
    is $got->{text}, '{"versions":[' . join(q{,}, map { qq("$_") }
      qw(2.14 2.13 2.12 2.11 2.10 2.21 2.20 2.19 2.18 2.17 3.0 2.16 3.1 4.0 2.15 5.0 5.1 5.2 5.3 2.7 5.4 2.8 5.5 2.9 5.6)) . "]}\n",
      'in the order of the reference';
    is stored('websiteDomain'), undef, 'nobody has told a domain yet';

    my $now = time * 1000;
    is $core->get('/apiversion', query => { websiteDomain => 'https://example.com', apiDomain => "https://api.example.com/'x" })->{status}, 200;
    my ($site, $api) = (stored('websiteDomain'), stored('apiDomain'));
    is $site->[0], 'https://example.com',        'websiteDomain is kept';
    is $api->[0],  "https://api.example.com/'x", 'apiDomain too';
    cmp_ok abs($site->[1] - $now), '<', 60_000, 'with the time';

    $core->get('/apiversion', query => { websiteDomain => 'https://other.example.com' });
    is stored('websiteDomain')->[0], 'https://other.example.com', 'a later one replaces it';
    is stored('apiDomain')->[0], "https://api.example.com/'x", 'and leaves what it does not name';
    $core->get('/apiversion', query => { websiteDomain => q{} });
    is stored('websiteDomain')->[0], q{}, 'an empty one counts';

    $core->get('/appid-a1/apiversion', query => { apiDomain => 'https://a1.example.com' });
    is stored('apiDomain', 'a1')->[0], 'https://a1.example.com', 'apps have their own';
    is stored('apiDomain')->[0], "https://api.example.com/'x", 'apart from others';

    $pg->query('ALTER TABLE key_value RENAME TO key_value_away');
    my $failed = $core->get('/apiversion', query => { apiDomain => 'x' });
    $pg->query('ALTER TABLE key_value_away RENAME TO key_value');
    is $failed->{text}, $got->{text}, 'the answer does not depend on the database';
    like $s->service->log_text, qr/ WARN .*apiDomain/, 'which is logged';
};

subtest '/config' => sub {
    my $pid = $s->service->master;
    is line($core->get("/config?pid=$pid")), qq(200 {"status":"OK","path":"$s->{service}{config_file}"}), 'the path of the configuration file';
    for my $other ($pid + 1, "0$pid x", "$pid.0", q{}, 'x', -$pid, '99999999999999999999') {
        is line($core->get('/config', query => { pid => $other })), '200 {"status":"NOT_ALLOWED"}', "not for '$other'";
    }
    my $only = '403 you can call this only from the base connection uri domain, public app and tenant';
    is line($core->get('/config')), q(400 Field name 'pid' is missing in GET request), 'without pid';
    is line($core->get("/t1/config?pid=$pid")), $only, 'of a tenant';
    is line($core->get("/appid-a1/config?pid=$pid")), $only, 'of an app';
    is line($core->get("/public/config?pid=$pid")) =~ s/ .*//r, 200, 'the base by its name';
    like line($core->get("/t2/config?pid=$pid")), qr/\A400 AppId or tenantId not found/, 'of an unknown tenant';
    is line($core->get('/t2/config')), q(400 Field name 'pid' is missing in GET request), 'pid is looked for first';
};

subtest '/telemetry' => sub {
    is stored('TELEMETRY_ID'), undef, 'nobody has asked yet';
    my $got = $core->get('/telemetry');
    my $id  = $got->{json}{telemetryId};
    like $id, qr/\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/, 'an id';
    is $got->{text}, qq({"exists":true,"telemetryId":"$id"}\n), 'the whole answer';
    is stored('TELEMETRY_ID')->[0], $id, 'it is stored';
    is $core->get('/telemetry')->{text}, $got->{text}, 'and stays';
    is $core->get('/appid-a1/telemetry')->{text}, qq({"exists":false}\n), 'an app that does not want it';
    is stored('TELEMETRY_ID', 'a1'), undef, 'gets no id';
    $pg->query(q{UPDATE key_value SET value = 'theirs' WHERE name = 'TELEMETRY_ID'});
    is $core->get('/telemetry')->{json}{telemetryId}, 'theirs', 'an id that is there is used';
};

subtest '/user/search/tags' => sub {
    is $core->get($_)->{text}, qq({"status":"OK","tags":["email","phone","provider"]}\n), $_
      for qw(/user/search/tags /t9/user/search/tags /appid-a9/user/search/tags);
};

subtest '/hello and the database' => sub {
    is line($core->get('/hello')), '200 Hello', 'with it';
    $pg->stop;
    my $begun  = time;
    my @got    = map { line($core->get('/hello')) } 1 .. 40;
    my $asked  = grep { /\A503 / } @got;
    my $may_be = 5 + (time - $begun + 1) / 0.2;
    cmp_ok $asked, '>', 0, 'without it GET /hello says so';
    cmp_ok $asked, '<=', $may_be, 'but looks at most five times a second after a burst of five';
    is_deeply [grep { !/\A503 / && $_ ne '200 Hello' } @got], [], 'no other answers';
    $pg->start;
    my $well = wait_until(20, sub { !grep { $_ ne '200 Hello' } map { line($core->get('/hello')) } 1 .. 6 });
    ok $well, 'and again with it';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# Which interface versions are served: the cdi-version header, the limits of an app, versions before tenants.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Stack;

my $s    = ST::Stack->new(cdi => undef);
my $core = $s->core;
my @supported =
  qw(2.7 2.8 2.9 2.10 2.11 2.12 2.13 2.14 2.15 2.16 2.17 2.18 2.19 2.20 2.21 3.0 3.1 4.0 5.0 5.1 5.2 5.3 5.4 5.5 5.6);

# The answer in one line.
sub call ($path, $version, %opt) {
    my $got = $core->get($path, headers => { defined $version ? ('cdi-version' => $version) : () }, %opt);
    return "$got->{status} $got->{text}" =~ s/\n\z//r;
}

subtest 'the versions there are' => sub {
    my $got = $core->get('/apiversion');
    is_deeply [sort @{ $got->{json}{versions} }], [sort @supported], 'GET /apiversion lists them';
    is_deeply [keys %{ $got->{json} }], ['versions'], 'and nothing else';
    for my $version (@supported) {
        is call('/user/search/tags', $version), '200 {"status":"OK","tags":["email","phone","provider"]}', $version;
    }
};

subtest 'headers that are refused' => sub {
    for my $text (q{}, 'a', 'latest', 'v5.4', '5.', '.5', '5..4', '-5', '5,4', '5.4,5.4', '5.4 5.4', '5.x', '+5') {
        is call($_, $text), '400 cdi-version header is invalid', "$_ '$text'" for qw(/user/search/tags /hello /apiversion /);
    }
    for my $text (qw(5.7 5.10 6 6.0 10.0 5.6.1 5.6.0.0.1 99999999999 99999999999999999999999)) {
        is call($_, $text), "400 cdi-version $text not supported", "$_ $text" for qw(/user/search/tags /hello /apiversion /);
    }
};

subtest 'versions that compare well but are none of ours' => sub {
    for my $text (qw(5.6.0 05.6 5.06 2.07 2.7.0 0 1.0 2 2.6 2.22 3 3.2 4 4.1 5)) {
        is call('/user/search/tags', $text), "400 cdi-version $text not supported", "version $text";
        is call('/hello', $text), '200 Hello', "$text is good enough where no version is needed";
        is $core->get('/apiversion', cdi => $text)->{status}, 200, 'as at GET /apiversion';
        is call('/.well-known/nothing', $text), "400 cdi-version $text not supported", 'and not at an unknown path';
    }
};

subtest 'no header means the latest' => sub {
    my $got = $core->post('/recipe/signup', { email => 'a@example.com', password => 'secret-1' });
    ok exists $got->{json}{user}{webauthn}, 'the user object is the one since 5.3';
    is call('/nothing/here', undef), '404 Not found', 'unknown paths are found to be unknown';
};

# [version, answer] with limits 2.21 and 5.0
my @limited = (
    ['2.21', 200],
    ['3.0',  200],
    ['5.0',  200],
    ['5.1',  '400 cdi-version 5.1 not supported'],
    ['5.6',  '400 cdi-version 5.6 not supported'],
    ['2.20', '400 cdi-version 2.20 is lower than the minimum allowed version 2.21'],
    ['2.9',  '400 cdi-version 2.9 is lower than the minimum allowed version 2.21'],
    ['1.0',  '400 cdi-version 1.0 is lower than the minimum allowed version 2.21'],
    ['4.1',  '400 cdi-version 4.1 not supported'],
);

subtest 'limits of an app' => sub {
    my %limits = (supertokens_min_cdi_version => '2.21', supertokens_max_cdi_version => '5.0');
    is $core->put('/recipe/multitenancy/app/v2', { appId => 'a1', coreConfig => \%limits })->{text},
      qq({"status":"OK","createdNew":true}\n), 'an app with both';
    is $core->put('/appid-a1/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{status}, 'OK', 'with a tenant';
    for (@limited) {
        my ($version, $wanted) = @$_;
        $wanted = '200 {"status":"OK","tags":["email","phone","provider"]}' if $wanted eq '200';
        is call('/user/search/tags', $version, prefix => '/appid-a1'), $wanted, $version;
        is call('/user/search/tags', $version, prefix => '/appid-a1/t1'), $wanted, "$version in a tenant" if $version ge '3';
        next if $wanted =~ /200|4.1/;
        is call('/hello', $version, prefix => '/appid-a1'), $wanted, "$version at GET /hello";
    }
    my $user = $core->post('/recipe/signup', { email => 'a@example.com', password => 'secret-1' }, prefix => '/appid-a1');
    ok !exists $user->{json}{user}{webauthn}, 'without a header the maximum counts, not the latest';
    is_deeply [sort @{ $core->get('/apiversion', prefix => '/appid-a1')->{json}{versions} }],
      [sort grep { !/^5[.][1-9]/ } @supported], 'GET /apiversion stops at the maximum and ignores the minimum';
    is call('/user/search/tags', '5.6'), '200 {"status":"OK","tags":["email","phone","provider"]}', 'other apps are not touched';
};

subtest 'an app that does not exist has no limits' => sub {
    my $unknown = 'AppId or tenantId not found => App with the following connectionURIDomain and appId combination not found';
    is call('/telemetry', '5.6', prefix => '/appid-no'), "400 $unknown: (, no)", '5.6';
    is call('/telemetry', '5.7', prefix => '/appid-no'), '400 cdi-version 5.7 not supported', '5.7';
};

subtest 'before tenants' => sub {
    for my $version ('2.7', '2.21', '2.6', '1') {
        is call('/telemetry', $version, prefix => '/t1'), '404 Not found', "$version knows no tenants";
        is call('/hello', $version, prefix => '/t1'), '404 Not found', 'not even at GET /hello';
        is call(q{}, $version, prefix => '/t1'), '404 Not found', 'or at the root';
    }
    is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{status}, 'OK', 'also not one that exists:';
    is call('/telemetry', '2.21', prefix => '/t1'),     '404 Not found', '2.21';
    is call('/telemetry', '3.0',  prefix => '/t1') =~ s/ .*//r, 200, 'while 3.0 does';
    is call('/telemetry', '2.21', prefix => '/public') =~ s/ .*//r, 200, 'and the public tenant may be named';
};

subtest 'limits in the configuration file' => sub {
    $s->service->write_config(supertokens_max_cdi_version => '4.0', supertokens_min_cdi_version => '3.0');
    $s->restart_service;
    is call('/user/search/tags', '5.0'), '400 cdi-version 5.0 not supported', 'maximum';
    is call('/hello', '2.21'), '400 cdi-version 2.21 is lower than the minimum allowed version 3.0', 'minimum';
    is_deeply [sort @{ $core->get('/apiversion')->{json}{versions} }], [sort grep { $_ < 5 } @supported], 'GET /apiversion';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# How tenants, apps and connection-URI domains may be called.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED F UPDATED get post put);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;

# input, answer of the creation. The same for appId, with its name in the texts.
my @ids = (
    ['t1',          CREATED],
    ['t1',          UPDATED],
    [" T1\t",       UPDATED, 'trimmed and in lower case'],
    ['7',           CREATED],
    ['-',           CREATED],
    ['a-b-c',       CREATED],
    ['a' x 64,      CREATED, 'what the column holds'],
    ['a' x 65,      '400 %s can have at most 64 characters'],
    [q{},           '400 %s should not be an empty String'],
    [" \n",         '400 %s should not be an empty String'],
    ['appid-x',     q{400 %s must not start with 'appid-'}],
    ['APPID-x',     q{400 %s must not start with 'appid-'}],
    ['appid-',      q{400 %s must not start with 'appid-'}],
    ['appid-!',     q{400 %s must not start with 'appid-'}],
    ['appid',       CREATED],
    ['a_b',         '400 %s can only contain letters, numbers and hyphens'],
    ['a.b',         '400 %s can only contain letters, numbers and hyphens'],
    ['a b',         '400 %s can only contain letters, numbers and hyphens'],
    ['a/b',         '400 %s can only contain letters, numbers and hyphens'],
    ["\x{e9}",      '400 %s can only contain letters, numbers and hyphens'],
    ["\x{212a}",    '400 %s can only contain letters, numbers and hyphens', 'KELVIN SIGN is no k'],
    ['public',      UPDATED, 'the public one is always there'],
    [' PUBLIC',     UPDATED],
    [undef,         q{400 Field name '%s' is invalid in JSON input}],
    [7,             q{400 Field name '%s' is invalid in JSON input}],
    [['t1'],        q{400 Field name '%s' is invalid in JSON input}],
);

subtest 'tenantId' => sub {
    check_ids('tenantId', 'tenant');
    for my $word (qw(recipe config users hello)) {
        is put($core, 'tenant/v2', { tenantId => $word }), "400 Cannot use '$word' as a tenantId", "$word is part of paths";
        is put($core, 'tenant', { tenantId => uc " $word" }), "400 Cannot use '$word' as a tenantId", 'in any case';
    }
    is put($core, 'tenant/v2', { tenantId => 'user' }), CREATED, 'user is not';
    is put($core, 'tenant/v2', {}), UPDATED, 'without tenantId: the public one';
};

subtest 'appId' => sub {
    check_ids('appId', 'app');
    is put($core, 'app/v2', { appId => 'recipe' }), CREATED, 'words of paths are fine: an app has its prefix';
    is put($core, 'app/v2', {}), UPDATED, 'without appId: the public one';
};

sub check_ids ($name, $what) {
    for my $case (@ids) {
        my ($id, $want, $why) = @$case;
        my $shown = defined $id ? ref $id ? '[...]' : $id =~ s/([^!-~])/sprintf '%%%02x', ord $1/ger : 'null';
        is put($core, "$what/v2", { $name => $id }), $want =~ s/%s/$name/r, "$what: " . substr($shown, 0, 30) . ($why ? ": $why" : q{});
    }
    return;
}

# A domain without a database of its own is refused under its normal name: so the name can be seen.
my $clash = '400 Invalid core config: ConnectionUriDomain:  cannot be mapped to the same user pool as ';
my @domains = (
    ['example.com',       "${clash}example.com"],
    [' Auth.Example.COM', "${clash}auth.example.com"],
    ['localhost',         "${clash}localhost"],
    ['127.0.0.1',         "${clash}127.0.0.1"],
    ['a-b.c-d',           "${clash}a-b.c-d"],
    ['example.com:3567',  "${clash}example.com", 'without its port'],
    ['public',            "${clash}public",      'a name like any other'],
    ['a' x 256,           $clash . 'a' x 256,    'what the column holds'],
    ['a' x 257,           '400 connectionUriDomain can have at most 256 characters'],
    [q{},                 '400 connectionUriDomain should not be an empty String'],
    ["\t ",               '400 connectionUriDomain should not be an empty String'],
    map { [$_, '400 connectionUriDomain is invalid'] } 'https://example.com', 'example.com/x', 'example.com/', 'a..b', '.a', 'a.',
      'a_b', 'a b', 'example.com:', ':80', 'example.com:x', 'a:1:2', '[::1]', "\x{fc}ber.de", '*.example.com', 'user@example.com',
);

subtest 'connectionUriDomain' => sub {
    for my $case (@domains) {
        my ($domain, $want, $why) = @$case;
        for my $what ('connectionuridomain', 'connectionuridomain/v2') {
            is put($core, $what, { connectionUriDomain => $domain }), $want,
              "$what: " . substr($domain =~ s/[^!-~]/?/gr, 0, 30) . ($why ? ": $why" : q{});
        }
    }
    for my $bad (undef, 7, F()) {
        is put($core, 'connectionuridomain/v2', { connectionUriDomain => $bad }), q{400 Field name 'connectionUriDomain' is invalid in JSON input},
          'no string';
    }
    is put($core, 'connectionuridomain/v2', {}), UPDATED, 'without connectionUriDomain: the default one';
};

subtest 'the same rules when something is removed' => sub {
    my %what = (tenantId => 'tenant', appId => 'app', connectionUriDomain => 'connectionuridomain');
    for my $name (sort keys %what) {
        my $what = "$what{$name}/remove";
        is post($core, $what, {}),                    "400 Field name '$name' is invalid in JSON input", "$what: $name is mandatory";
        is post($core, $what, { $name => undef }),    "400 Field name '$name' is invalid in JSON input", 'null';
        is post($core, $what, { $name => ' ' }),      "400 $name should not be an empty String",         'empty';
        is post($core, $what, { $name => 'no.such/one' }),
          '400 ' . ($name eq 'connectionUriDomain' ? "$name is invalid" : "$name can only contain letters, numbers and hyphens"), 'malformed';
        is post($core, $what, q{[]}), '400 Invalid Json Input', 'no object';
    }
    is post($core, 'tenant/remove', { tenantId => 'recipe' }),     q{400 Cannot use 'recipe' as a tenantId},       'reserved';
    is post($core, 'tenant/remove', { tenantId => ' A-B-c ' }),    '200 {"status":"OK","didExist":true}',          'normalised';
    is post($core, 'app/remove', { appId => ' A-B-c ' }),          '200 {"status":"OK","didExist":true}',          'normalised';
    is post($core, 'app/remove', { appId => 'appid-7' }),          q{400 appId must not start with 'appid-'},      'not with the prefix of paths';
};

subtest 'what was made' => sub {
    my $tenants = $core->get('/recipe/multitenancy/tenant/list/v2')->{json}{tenants};
    is_deeply [map { $_->{tenantId} } @$tenants], ['-', '7', 'a' x 64, 'appid', 'public', 't1', 'user'], 'tenants';
    my $apps = $core->get('/recipe/multitenancy/app/list/v2')->{json}{apps};
    is_deeply [map { $_->{appId} } @$apps], ['-', '7', 'a' x 64, 'appid', 'public', 'recipe', 't1'], 'apps';
    like get($core, 'tenant/v2', prefix => '/appid-t1/public'), qr/\A200 \{"tenantId":"public",/, 'an app is reached by its name';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# Who may call: API keys in their two headers, several of them, per app, the SaaS secret, and what needs none.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Stack;

use constant {
    KEY    => 'first-key-of-20-characters',
    SECOND => 'Second=Key-of-20-Characters==',
    OTHER  => 'key-of-another-app-20-chars',
    SAAS   => 'saas-secret-' . 's' x 40,
};

my $s    = ST::Stack->new(config => { api_keys => ' ' . SECOND . ' , ' . KEY });
my $core = $s->core;
my $tags = '200 {"status":"OK","tags":["email","phone","provider"]}';
my $no   = '401 Invalid API key';

sub call ($path, %headers) {
    my $got = $core->get($path, headers => \%headers);
    return "$got->{status} $got->{text}" =~ s/\n\z//r;
}

# [headers, let in]
my @rows = (
    [{}, 0],
    [{ 'api-key'     => KEY },            1],
    [{ 'api-key'     => SECOND },         1],
    [{ 'Api-Key'     => KEY },            1],
    [{ 'api-key'     => ' ' . KEY . ' ' }, 1],
    [{ authorization => KEY },            1],
    [{ authorization => 'Bearer ' . KEY }, 1],
    [{ authorization => 'bearer ' . KEY }, 1],
    [{ authorization => 'BEARER    ' . SECOND }, 1],
    [{ 'api-key' => KEY, authorization => 'Bearer wrong' }, 1],
    [{ 'api-key' => 'wrong', authorization => 'Bearer ' . KEY }, 0],    # the second header is only looked at without the first
    [{ 'api-key' => q{}, authorization => 'Bearer ' . KEY }, 0],
    [{ 'api-key'     => q{} },                     0],
    [{ 'api-key'     => 'wrong' },                 0],
    [{ 'api-key'     => substr KEY, 0, -1 },       0],
    [{ 'api-key'     => KEY . 'x' },               0],
    [{ 'api-key'     => uc KEY },                  0],
    [{ 'api-key'     => 'Bearer ' . KEY },         0],
    [{ 'api-key'     => KEY . ',' . SECOND },      0],
    [{ 'api-key'     => SAAS },                    0],
    [{ authorization => 'Bearer' },                0],
    [{ authorization => 'Bearer ' },               0],
    [{ authorization => 'Bearer' . KEY },          0],
    [{ authorization => 'Basic ' . KEY },          0],
    [{ authorization => 'Bearer Bearer ' . KEY },  0],
    [{ authorization => "Bearer\t" . KEY },        0],
    [{ 'x-api-key'   => KEY },                     0],
    [{ 'api_key'     => KEY },                     0],
);

sub show ($headers) { return join(', ', map { "$_: $headers->{$_}" } sort keys %$headers) || 'no header' }

subtest 'spellings' => sub {
    is call('/user/search/tags', %{ $_->[0] }), $_->[1] ? $tags : $no, show($_->[0]) for @rows;
};

subtest 'what needs no key' => sub {
    for my $path ('/hello', q{}, '/', '/nothing/here', '/config?pid=1', '/.well-known/jwks.json') {
        is call($path) =~ s/ .*//sr, $path eq '/nothing/here' ? 404 : 200, "GET $path";
        is call($path, 'api-key' => 'wrong') =~ s/ .*//sr, $path eq '/nothing/here' ? 404 : 200, 'not even a good one';
    }
    for my $path (qw(/apiversion /telemetry /requests/stats /user/search/tags /recipe/user /user/id /users/by-accountinfo)) {
        is call($path), $no, "GET $path needs one";
    }
    my $got = $core->post('/recipe/signup', 'nonsense');
    is "$got->{status} $got->{text}", "$no\n", 'it is asked for before anything is read';
};

subtest 'apps and tenants' => sub {
    my @key = ('api-key' => KEY);
    my $app = { appId => 'a1', coreConfig => { api_keys => OTHER } };
    is $core->put('/recipe/multitenancy/app/v2', $app, headers => {@key})->{json}{status}, 'OK', 'an app with its own key';
    is $core->put('/recipe/multitenancy/app/v2', { appId => 'a2' }, headers => {@key})->{json}{status}, 'OK', 'one without';
    is $core->put('/appid-a1/recipe/multitenancy/tenant/v2', { tenantId => 't1' }, headers => { 'api-key' => OTHER })->{json}{status},
      'OK', 'a tenant of the first';
    my $email  = '/recipe/user?email=x';
    my $nobody = '200 {"status":"UNKNOWN_EMAIL_ERROR"}';
    my @table  = (
        ['/appid-a1',        KEY,   $no],
        ['/appid-a1',        OTHER, $nobody],
        ['/appid-a1/t1',     OTHER, $nobody],
        ['/appid-a1/t1',     KEY,   $no],
        ['/appid-a1/public', KEY,   $no],
        ['/appid-a2',        KEY,   $nobody],
        ['/appid-a2',        OTHER, $no],
        [q{},                OTHER, $no],
        ['/appid-a1/t2',     KEY,   $no],                # unknown tenant: the app's keys
        ['/appid-a1/t2',     OTHER, qr/\A400 AppId or tenantId not found/],
        ['/t2',              OTHER, $no],
        ['/appid-a3',        OTHER, qr/\A400 AppId or tenantId not found/],    # unknown app: nothing to check
        ['/appid-a3',        q{},   qr/\A400 AppId or tenantId not found/],
    );
    for (@table) {
        my ($prefix, $key, $wanted) = @$_;
        like call($prefix . $email, 'api-key' => $key), ref $wanted ? $wanted : qr/\A\Q$wanted\E\z/, "'$prefix' with '$key'";
    }
};

subtest 'the SaaS secret' => sub {
    $s->service->write_config(supertokens_saas_secret => SAAS);
    $s->restart_service;
    is call('/user/search/tags', 'api-key' => $_), $tags, "$_ is good" for KEY, SECOND, SAAS;
    is call('/user/search/tags', authorization => 'Bearer ' . SAAS), $tags, 'in either header';
    is call('/appid-a1/user/search/tags', 'api-key' => SAAS), $tags, 'for an app with its own key as well';
    is call('/user/search/tags', %$_), $no, show($_) for {}, { 'api-key' => q{} }, { 'api-key' => SAAS . 's' }, { 'api-key' => OTHER };
};

subtest 'no keys' => sub {
    $s->service->write_config(api_keys => undef, supertokens_saas_secret => undef);
    $s->restart_service;
    is call('/user/search/tags', %$_), $tags, show($_) for {}, { 'api-key' => 'any' }, { authorization => 'Bearer any' };
    is call('/appid-a1/user/search/tags'), $no, 'the app keeps its own';
};

unlike $s->service->log_text, qr/first-key|Second=Key|key-of-another|saas-secret/, 'no key is in the log';

done_testing;

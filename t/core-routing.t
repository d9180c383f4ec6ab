# SPDX-License-Identifier: Apache-2.0
# Which paths lead where: apps and tenants in them, spellings of one path, the base path.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;

# Where a request for GET /recipe/user arrives, as "(cud, app, tenant)"; public ones exist and know nobody.
sub arrives ($path) {
    my $got = $core->get("$path?email=nobody");
    return $1 if $got->{text} =~ /combination not found: (\(.*\))\n\z/ && $got->{status} == 400;
    return '(, public, public)' if $got->{text} eq qq({"status":"UNKNOWN_EMAIL_ERROR"}\n);
    return "$got->{status} $got->{text}" =~ s/\n\z//r;
}

my $public = '(, public, public)';
my $not    = '404 Not found';
my $bad    = '400 Invalid path';

my @paths = (
    ['/recipe/user',                     $public],
    ['/public/recipe/user',              $public],
    ['/t1/recipe/user',                  '(, public, t1)'],
    ['/0-a/recipe/user',                 '(, public, 0-a)'],
    ['/appid-a1/recipe/user',            '(, a1, public)'],
    ['/appid-a1/t1/recipe/user',         '(, a1, t1)'],
    ['/appid-a1/public/recipe/user',     '(, a1, public)'],
    ['/appid-a1/appid-t1/recipe/user',   '(, a1, appid-t1)'],
    ['/appid-public/recipe/user',        $public],
    ['/appid-/recipe/user',              $public],
    ['/appid-/t1/recipe/user',           '(, public, t1)'],
    ['/appid-public/public/recipe/user', $public],

    # spellings
    ['/recipe/user/',                            $public],
    ['/appid-a1/t1/recipe/user/',                '(, a1, t1)'],
    ['/RECIPE/User',                             $public],
    ['/AppId-A1/T1/ReCiPe/uSeR',                 '(, a1, t1)'],
    ['//appid-a1///t1//recipe/user//',           '(, a1, t1)'],
    ['/appid-a1;x=1/t1;y=2;z/recipe;/user;a=b',  '(, a1, t1)'],
    ['/%61ppid-a1/%54%31/%72ecipe/use%72',       '(, a1, t1)'],
    ['/x/../t1/./recipe/user',                   '(, public, t1)'],
    ['/appid-a1/./x/y/../../t1/recipe/%75ser/.', '(, a1, t1)'],
    ['/t1/recipe/%2e%2e/recipe/user',            '(, public, t1)'],
    ['/t1/%2E/recipe/user',                      '(, public, t1)'],

    # not ours
    ['/recipe/use',                $not],
    ['/recipe/userx',              $not],
    ['/recipe/user/x',             $not],
    ['/recipe',                    $not],
    ['/user',                      $not],
    ['/t1/t2/recipe/user',         $not],
    ['/t_1/recipe/user',           $not],
    ['/t.1/recipe/user',           $not],
    ['/t%201/recipe/user',         $not],
    ['/t%C3%A4/recipe/user',       $not],
    ['/appid-a_1/recipe/user',     $not],
    ['/appid-a1/t_1/recipe/user',  $not],
    ['/recipe/user%3Femail=x',     $not],
    ['/recipe/user%20',            $not],
    ['/recipe/user%3B',            $not],
    ['/recipe/%2575ser',           $not],
    ['/x/appid-a1/recipe/user',    $not],
    ['/recipe/recipe/user',        $not],
    ['/config/recipe/user',        $not],
    ['/users/recipe/user',         $not],
    ['/hello/recipe/user',         $not],
    ['/appid-a1/users/recipe/user', $not],
    ['/public/users/recipe/user',  $not],

    # refused
    ['/recipe%2Fuser',             $bad],
    ['/recipe/user%2f',            $bad],
    ['/t1%2F..%2Frecipe/user',     $bad],
    ['/t1/..;/recipe/user',        $bad],
    ['/t1/%2e%2e;x/recipe/user',   $bad],
    ['/t1/.;/recipe/user',         $bad],
    ['/t%FF1/recipe/user',         $bad],
    ['/t%C3/recipe/user',          $bad],
);

subtest 'apps and tenants in paths' => sub {
    is arrives($_->[0]), $_->[1], $_->[0] for @paths;
    for my $path ('/../recipe/user', '/t1/../../recipe/user', '/%2e%2e/recipe/user', '/recipe/user%00', '/recipe/user%zz', '/recipe/user%4') {
        is $core->get($path)->{status}, 400, "$path is 400";
    }
};

subtest 'the root' => sub {
    is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{status}, 'OK';
    is $core->put('/recipe/multitenancy/app/v2', { appId => 'a1' })->{json}{status}, 'OK', 'an app and tenants';
    is $core->put('/appid-a1/recipe/multitenancy/tenant/v2', { tenantId => 't2' })->{json}{status}, 'OK';
    for my $path (q{}, '/', '/t1', '/T1/', '/public', '/appid-public', '/appid-/', '/appid-a1', '/appid-a1/', '/appid-a1/t2', '/appid-a1/public/') {
        is $core->get($path)->{text}, "Hello\n", "'$path' says hello";
    }
    for my $path ('/t2', '/appid-a1/t1', '/appid-a1/t2/t2', '/t1/t1', '/favicon.ico', '/recipe/', '/appid-a1/x/y/z') {
        my $got = $core->get($path);
        is "$got->{status} $got->{text}", "404 Not found\n", "$path is not found";
    }
    my $got = $core->get('/appid-a2');
    is $got->{status}, 400, 'an unknown app';
    like $got->{text}, qr/\AAppId or tenantId not found => .*: \(, a2\)\n\z/, 'is named';
};

subtest 'methods of the root and of unknown paths' => sub {
    for my $method (qw(GET POST PUT DELETE)) {
        is $core->request($method, '/')->{text},      "Hello\n",     "$method /";
        is $core->request($method, '/hello')->{text}, "Hello\n",     "$method /hello";
        is $core->request($method, '/x/y')->{status}, 404, "$method /x/y";
    }
};

subtest 'the rid header' => sub {
    for my $rid (undef, 'emailpassword', 'EmailPassword', 'session', q{}, 'x' x 5000) {
        my $got = $core->get('/recipe/user?email=nobody', defined $rid ? (rid => $rid) : ());
        is $got->{text}, qq({"status":"UNKNOWN_EMAIL_ERROR"}\n), 'rid ' . substr $rid // 'absent', 0, 20;
    }
    is $core->get('/hello', rid => 'thirdparty')->{status}, 200, 'elsewhere it means nothing';
};

subtest 'a base path' => sub {
    $s->service->write_config(base_path => '/Base//path/');
    $s->restart_service;
    is arrives('/Base/path/t2/RECIPE/user'), '(, public, t2)', 'what is below it is routed';
    is arrives('/Base/path;x/%74%32//recipe/user/'), '(, public, t2)', 'however it is spelt';
    is $core->get($_)->{text}, "Hello\n", "'$_' says hello" for '/Base/path/', '/Base/path/hello', '/Base/path/t1/';
    my $got = $core->get('/Base/path');
    is $got->{status}, 302, 'the base path itself leads to';
    like $got->{headers}{location}, qr{\A(?:http://127[.]0[.]0[.]1:\d+)?/Base/path/\z}, 'the one with a slash';
    for my $path ('/', '/hello', '/recipe/user', '/Base', '/Base/', '/Base/pathhello', '/Base/paths/hello', '/base/path/hello', '/x/Base/path/hello') {
        is arrives($path), $not, "$path is not found";
    }
    is $core->get('/Base/path/../../hello')->{text}, "Not found\n", 'nor what leads out of it';
};

done_testing;

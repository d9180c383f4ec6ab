# SPDX-License-Identifier: Apache-2.0
# Methods that a path does not have, the order of all checks, and the form of answers that are not JSON.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Stack;

use constant KEY => 'a-key-of-20-characters';

my $s = ST::Stack->new(config => { api_keys => KEY }, api_key => KEY);
my $core = $s->core;

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }

subtest 'methods' => sub {
    my %allow = (
        '/hello'                  => 'GET, POST, PUT, DELETE',
        '/'                       => 'GET, POST, PUT, DELETE',
        '/nothing/here'           => 'GET, POST, PUT, DELETE',
        '/apiversion'             => 'GET',
        '/config'                 => 'GET',
        '/telemetry'              => 'GET',
        '/requests/stats'         => 'GET',
        '/user/search/tags'       => 'GET',
        '/user/id'                => 'GET',
        '/users/by-accountinfo'   => 'GET',
        '/.well-known/jwks.json'  => 'GET',
        '/recipe/signup'          => 'POST',
        '/recipe/signin'          => 'POST',
        '/recipe/user/password/reset'               => 'POST',
        '/recipe/user/password/reset/token'         => 'POST',
        '/recipe/user/password/reset/token/consume' => 'POST',
        '/recipe/user/passwordhash/import'          => 'POST',
    );
    for my $path (sort keys %allow) {
        for my $method (qw(GET POST PUT DELETE HEAD OPTIONS PATCH)) {
            next if $allow{$path} =~ /\b$method\b/;
            my $got = $core->request($method, $path);
            is $got->{status}, 405, "$method $path";
            is $got->{text}, $method eq 'HEAD' ? q{} : "Method not supported\n", 'says so';
            is $got->{headers}{allow}, $allow{$path}, 'and what there is';
        }
    }
    is $core->request('POST', '/nothing')->{status}, 404, 'the methods of the root lead to 404';
    is $core->request('TRACE', '/hello')->{status}, 405, 'TRACE is refused by nginx already';
    for my $method (qw(FOO PROPFIND GETX _X)) {
        my $got = $core->request($method, '/hello');
        is line($got), '501 Method not supported', $method;
    }
    is $core->request('get', '/hello')->{status}, 400, 'small letters are no method';
};

subtest 'where 405 stands' => sub {
    my $patch = sub (%opt) { return line($core->request('PATCH', $opt{path} // '/telemetry', undef, %opt)) };
    is $patch->(api_key => undef), '401 Invalid API key', 'behind the API key';
    is $patch->(cdi => 'x'),   '400 cdi-version header is invalid', 'behind the version';
    is $patch->(cdi => '2.6'), '400 cdi-version 2.6 not supported', 'also one that is not supported';
    is $patch->(path => '/t1/telemetry', cdi => '2.9'), '404 Not found', 'behind versions without tenants';
    is $patch->(path => '/t1/telemetry'), '405 Method not supported', 'before the scope';
    is $patch->(path => '/hello', api_key => undef, cdi => '2.6'), '405 Method not supported', 'without them where the path needs neither';
    is $patch->(path => '/apiversion', api_key => undef), '401 Invalid API key', 'a path that needs a key and no version';
    is $patch->(path => '/apiversion', cdi => '2.6'), '405 Method not supported', 'the same path with the key';
    is line($core->request('FOO', '/telemetry', undef, api_key => undef)), '401 Invalid API key', 'so does 501';
};

# Each request has several faults; the first check that finds one answers.
my @order = (
    ['path before domain and key', '/recipe%2Fsignup', { api_key => undef },             '400 Invalid path'],
    ['key before version',         '/recipe/signup',  { api_key => undef, cdi => 'x' }, '401 Invalid API key'],
    ['key before tenants',         '/t9/recipe/signup', { api_key => undef, cdi => '2.9' }, '401 Invalid API key'],
    ['syntax of the version before its range', '/recipe/signup', { cdi => '9.' },       '400 cdi-version header is invalid'],
    ['range before tenants',       '/t9/recipe/signup', { cdi => '9' },                 '400 cdi-version 9 not supported'],
    ['tenants before support',     '/t9/recipe/signup', { cdi => '2.6' },               '404 Not found'],
    ['support before the body',    '/recipe/signup',  { cdi => '2.6' },                 '400 cdi-version 2.6 not supported'],
    ['body before the tenant',     '/t9/recipe/signup', {},                             '400 Invalid Json Input'],
    ['fields before the tenant',   '/t9/recipe/signup', { body => '{"email":"x"}' },    q(400 Field name 'password' is invalid in JSON input)],
    ['in the order of the fields', '/t9/recipe/signup', { body => '{}' },               q(400 Field name 'email' is invalid in JSON input)],
    ['rules of fields before the tenant', '/t9/recipe/signup', { body => '{"email":"x","password":""}' },
        '400 Password cannot be an empty string'],
    ['the tenant at the end',      '/t9/recipe/signup', { body => '{"email":"x","password":"x"}' },
        '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination '
          . 'not found: (, public, t9)'],
);

subtest 'the order of checks' => sub {
    for (@order) {
        my ($name, $path, $opt, $wanted) = @$_;
        is line($core->post($path, $opt->{body} // '{', %$opt)), $wanted, $name;
    }
};

subtest 'texts' => sub {
    my %answers = (
        200 => [GET => '/hello'],
        400 => [POST => '/recipe/signup'],
        404 => [GET => '/nothing'],
        405 => [PUT => '/recipe/signup'],
        501 => [FOO => '/hello'],
        401 => [GET => '/telemetry', api_key => 'wrong'],
        403 => [GET => '/t1/telemetry'],
    );
    for my $status (sort keys %answers) {
        my ($method, $path, %opt) = @{ $answers{$status} };
        my $got = $core->request($method, $path, undef, %opt);
        is $got->{status}, $status, "$method $path";
        is $got->{headers}{'content-type'}, 'text/html;charset=UTF-8', 'type';
        is $got->{headers}{'content-length'}, length $got->{text}, 'length';
        my $told       = $status >= 500 ? '|x-request-id' : q{};    # for whoever looks into the log
        my @unexpected = grep { !/\A(?:allow|connection|content-length|content-type|date|server$told)\z/ } keys %{ $got->{headers} };
        is_deeply \@unexpected, [], 'and no other headers';
    }
    my $json = $core->get('/user/search/tags');
    is $json->{headers}{'content-type'}, 'application/json;charset=UTF-8', 'JSON';
    is $json->{headers}{'content-length'}, length $json->{text}, 'its length';
    is $core->request('HEAD', '/hello')->{headers}{'content-length'}, length("Method not supported\n"), 'HEAD tells the length it leaves out';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# Every operation of the session recipe: who may call it, by which path, and what happens to input of the wrong kind.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Session qw(T F create);
use ST::Stack;

my $s    = ST::Stack->new(config => { api_keys => 'an-api-key-of-20-characters', fcgi_max_body => 65_536 }, api_key => 'an-api-key-of-20-characters');
my $core = $s->core->with(cdi => '5.6');
$core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' });
my $session = create($core);
my $handle  = $session->{session}{handle};

# scope: tenant, app (403 on a tenant's path from CDI 5.0), loose, or refresh, where the tenant must exist but does not count.
# in: members of good input. ?name: optional; name>cdi: from that version on.
my @rows = (
    ['POST', '/recipe/session', 'tenant',
        { userId => 'u', enableAntiCsrf => F, userDataInJWT => {}, userDataInDatabase => {}, '?accessTokenValidity>5.6' => 5, '?useDynamicSigningKey>2.21' => T }],
    ['GET',  '/recipe/session', 'loose', { sessionHandle => $handle }],
    ['POST', '/recipe/session/verify', 'verify',
        { accessToken => $session->{accessToken}{token}, doAntiCsrfCheck => F, enableAntiCsrf => F, 'checkDatabase>2.21' => F, '?antiCsrfToken' => 'x' }],
    ['POST', '/recipe/session/refresh', 'refresh',
        { refreshToken => 'x', enableAntiCsrf => F, 'useDynamicSigningKey>5.0' => T, '?antiCsrfToken' => 'x', '?accessTokenValidity>5.6' => 5 }],
    ['POST', '/recipe/session/regenerate', 'loose', { accessToken => $session->{accessToken}{token}, '?userDataInJWT' => {} }],
    ['POST', '/recipe/session/remove', 'app', { userId => 'x', '?revokeAcrossAllTenants' => T, '?revokeSessionsForLinkedAccounts' => T }],
    ['GET',  '/recipe/session/user', 'app', { userId => 'x' }],
    ['GET',  '/recipe/session/data', 'loose', { sessionHandle => $handle }],
    ['PUT',  '/recipe/session/data', 'loose', { sessionHandle => $handle, userDataInDatabase => {} }],
    ['GET',  '/recipe/jwt/data', 'loose', { sessionHandle => $handle }],
    ['PUT',  '/recipe/jwt/data', 'loose', { sessionHandle => $handle, userDataInJWT => {} }],
);

sub name_of ($key) { return $key =~ s/\A[?]|>.*//gr }
sub good ($in) { return { map { (name_of($_) => $in->{$_}) } grep { !/\A[?]/ } keys %$in } }

sub call ($method, $path, $in, %opt) {
    my $door = delete $opt{door} // $core;
    return $method eq 'GET' ? $door->get($path, query => $in, %opt) : $door->request($method, $path, $in, %opt);
}
sub text_of ($answer) { return "$answer->{status} $answer->{text}" }

my $not_found = 'AppId or tenantId not found =>';
my %unknown   = (
    app    => "400 $not_found App with the following connectionURIDomain and appId combination not found: (, no-app)\n",
    tenant => "400 $not_found Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, public, t9)\n",
    both   => "400 $not_found Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, no-app, public)\n",
);

for my $row (@rows) {
    my ($method, $path, $scope, $in) = @$row;
    my $good = good($in);
    subtest "$method $path" => sub {
        my $answer = call($method, $path, $good);
        is $answer->{status}, 200, 'good input' or diag $answer->{text};
        is $answer->{headers}{'content-type'}, 'application/json;charset=UTF-8', 'content type';
        like $answer->{text}, qr/\A\{.*\}\n\z/s, 'one line';
        is call($method, uc($path) . q{/}, $good)->{status}, 200, 'capitals and a slash at the end';
        is call($method, "/appid-public/public$path", $good)->{status}, 200, 'the public names';
        is call($method, $path, $good, cdi => undef)->{status}, 200, 'no version means the newest';
        is text_of(call($method, $path, $good, cdi => '2.6')), "400 cdi-version 2.6 not supported\n", 'a version that is not supported';

        is text_of(call($method, $path, $good, door => $core->with(api_key => $_))), "401 Invalid API key\n", 'API key ' . ($_ // 'missing')
          for undef, q{}, 'wrong', 'an-api-key-of-20-character', 'an-api-key-of-20-charactersx';
        is text_of(call('GET', $path, {}, door => $core->with(api_key => undef))), "401 Invalid API key\n", 'before any input is looked at';
        is call($method, $path, $good, door => $core->with(api_key => undef), headers => { authorization => 'Bearer an-api-key-of-20-characters' })->{status}, 200,
          'the key as a bearer token';

        my $app = text_of(call($method, $path, $good, prefix => '/appid-no-app'));
        is $app, $unknown{ $scope =~ /tenant|refresh/ ? 'both' : 'app' }, 'an unknown app';
        check_scope(@$row);
        $method eq 'GET' ? check_query(@$row) : check_body(@$row);
    };
}

sub check_scope ($method, $path, $scope, $in) {
    my $good   = good($in);
    my $forbid = "403 Only public tenantId can call this app specific API\n";
    my %want   = (    # of a tenant that is there, and one that is not, now and at 4.0
        tenant  => ['200', $unknown{tenant}, '200', $unknown{tenant}],
        refresh => ['200', $unknown{tenant}, '200', $unknown{tenant}],
        loose   => [('200') x 4],
        app     => [$forbid, $forbid, '200', '200'],
        verify  => [$forbid, $forbid, '200', '200'],
    );
    my @got = map { my $cdi = $_; map { call($method, $path, $good, prefix => $_, cdi => $cdi) } '/t1', '/t9' } '5.6', '4.0';
    is_deeply [map { $_->{status} == 200 ? '200' : text_of($_) } @got], $want{$scope}, 'the tenant in the path';
    is call($method, $path, $good, prefix => '/t9', cdi => '5.5')->{status}, 200, 'from 5.6 on only' if $scope eq 'verify';
    is text_of(call($method, $path, $good, prefix => '/t1', cdi => '2.21')), "404 Not found\n", 'not before 3.0';
    return;
}

sub check_query ($method, $path, $scope, $in) {
    my ($name) = keys %$in;
    is text_of(call('GET', $path, {})), "400 Field name '$name' is missing in GET request\n", "no $name";
    is call('GET', "$path?$name=a&$name=b", undef)->{status}, 200, 'twice';
    is call('GET', "$path?$name=%00", undef)->{status}, 400, 'with a NUL byte';
    is call('GET', "$path?$name=%zz", undef)->{status} >= 400, !!1, 'with a bad escape';
    is call('GET', "$path?$name=" . 'x' x 20_000, undef)->{status}, 200, 'a long one';
    return;
}

sub check_body ($method, $path, $scope, $in) {
    is text_of(call($method, $path, $_)), "400 Invalid Json Input\n", "body '$_'" for q{}, 'x', '[]', 'null', '{"a":1', '{"a":1}}', "{\"a\":\"\xff\"}", "{'a':1}";
    is call($method, $path, '{"x":"' . 'y' x 70_000 . '"}')->{status}, 413, 'a body that is too large';
    is text_of(call($method, $path, '{"a":' x 200 . '1' . '}' x 200)), "400 Invalid Json Input\n", 'a body that is too deep';
    for my $key (sort keys %$in) {
        my $name     = name_of($key);
        my $value    = $in->{$key};
        my ($since)  = $key =~ />(.*)/;
        my $optional = $key =~ /\A[?]/;
        my $field    = "400 Field name '$name' is invalid in JSON input\n";
        my $kind     = JSON::PP::is_bool($value) ? 'boolean' : ref $value ? 'object' : $value =~ /\A\d+\z/ ? 'number' : 'string';
        my %values   = (boolean => T, object => {}, number => 5, string => 'x', array => ['x']);
        my %all      = (%{ good($in) }, $name => $value);
        delete $values{$kind};
        is text_of(call($method, $path, { %all, $name => $values{$_} })), $field, "$name is no $_" for sort keys %values;
        is text_of(call($method, $path, { %all, $name => undef })), $field, "$name is not null";
        is text_of(call($method, $path, { %all, $name => "a\0b" })), $field, "$name without NUL bytes" if $kind eq 'string';
        delete $all{$name};
        my $missing = call($method, $path, \%all);
        if   ($optional || $path =~ /remove/) { unlike text_of($missing), qr/Field name '$name'/, "$name may be missing" }
        else                                  { is text_of($missing), $field, "$name may not be missing" }
        next if !$since;
        my $before = { '2.21' => '2.20', '5.0' => '2.21', '5.6' => '5.5' }->{$since};
        unlike text_of(call($method, $path, { %{ good($in) }, $name => undef }, cdi => $before)), qr/Field name/, "$name is not known at $before";
    }
    return;
}

subtest 'POST /recipe/handshake' => sub {
    my $ask = sub (%opt) { return text_of($core->request($opt{method} // 'POST', '/recipe/handshake', delete $opt{body}, cdi => '2.20', %opt)) };
    like $ask->(%$_), qr/\A200 \{"status":"OK",/, 'whatever the body' for {}, { body => 'x' }, { body => "\xff" };
    is $ask->(api_key => $_), "401 Invalid API key\n", 'API key ' . ($_ // 'missing') for undef, q{}, 'wrong';
    is $ask->(prefix => $_), "404 Not found\n", "$_: before 3.0 there is only the public tenant" for '/t1', '/t9';
    is $ask->(prefix => '/appid-no-app'), $unknown{app}, 'an unknown app';
    is $ask->(body => 'x' x 70_000) =~ s/ .*//sr, 413, 'a body that is too large';
};

subtest 'ids that no column can hold' => sub {
    for my $id ('x' x 129, "\x{e9}" x 129, 'x' x 20_000) {
        my $answer = $core->post('/recipe/session', ST::Session::create_input(userId => $id));
        is text_of($answer), "400 a value is too long\n", length($id) . ' characters are refused';
    }
    is $core->post('/recipe/session', ST::Session::create_input(userId => "\x{1f600}" x 128))->{status}, 200, '128 characters fit';
};

done_testing;

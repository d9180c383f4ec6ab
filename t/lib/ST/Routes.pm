# SPDX-License-Identifier: Apache-2.0
#
# What holds for every operation of the core door: who may call it, by which path, in which versions, and what happens to
# input of the wrong kind. Each call of check_route is one subtest.
#
#   my $s = ST::Stack->new(ST::Routes::STACK);     # with tenant t1 made by make_places
#   check_route($s->core, 'POST', '/recipe/signin', 'tenant', { email => 'x', password => 'y' });
#
# SCOPE: tenant; app (403 on a tenant's path from CDI 5.0); loose (the tenant in the path does not count); public (a tenant
# that is there must not call it); answer (an answer says that there is no such tenant); verify and refresh as the session
# recipe has them.
# IN: members of good input. ?name: optional, sent with GET only; +name: optional, and sent; name>cdi, name<cdi: from, until
# that version; name|null: may be null. A fourth argument: the first version of the operation.
package ST::Routes;
use v5.36;

use Exporter qw(import);
use JSON::PP ();
use Test::More;

our @EXPORT_OK = qw(check_route make_places text_of);

use constant KEY   => 'an-api-key-of-20-characters';
use constant STACK => (config => { api_keys => KEY, fcgi_max_body => 65_536, bcrypt_log_rounds => 4 }, api_key => KEY, cdi => '5.6');
use constant { T => JSON::PP::true, F => JSON::PP::false };

# The version before one that brought something.
my %before = ('2.21' => '2.20', '3.0' => '2.21', '4.0' => '3.1', '5.0' => '4.0', '5.3' => '5.2', '5.6' => '5.5');

sub make_places ($core) {
    $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', firstFactors => undef })->{status} == 200 or die "no tenant\n";
    return;
}

sub name_of ($key) { return $key =~ s/\A[?+]|[<>|].*//gr }
sub is_optional ($key) { return $key =~ /\A[?+]/ }

sub known_in ($key, $cdi) {
    my ($sign, $limit) = $key =~ /([<>])([\d.]+)/ or return 1;
    my ($have, $want)  = map { my ($major, $minor) = split /[.]/; $major * 100 + $minor } $cdi, $limit;
    return $sign eq '>' ? $have >= $want : $have < $want;
}

# For CDI: what is not known there is sent as well, unless it has another name there.
sub good ($method, $in, $cdi = '5.6') {
    return { map { (name_of($_) => $in->{$_}) } grep { ($method eq 'GET' || !/\A[?]/) && (!/</ || known_in($_, $cdi)) } keys %$in };
}

# Options: door, cdi and those of ST::Core's request.
sub call ($core, $method, $path, $in, %opt) {
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
my $no_tenant = qq(200 {"status":"TENANT_NOT_FOUND_ERROR"}\n);

sub check_route ($core, $method, $path, $scope, $in, $since = '2.7') {
    my $good = good($method, $in);
    return subtest "$method $path @{[sort keys %$good]}" => sub {
        my $answer = call($core, $method, $path, $good);
        is $answer->{status}, 200, 'good input' or diag $answer->{text};
        is $answer->{headers}{'content-type'}, 'application/json;charset=UTF-8', 'content type';
        like $answer->{text}, qr/\A\{.*\}\n\z/s, 'one line';
        is call($core, $method, uc($path) . q{/}, $good)->{status}, 200, 'capitals and a slash at the end';
        is call($core, $method, "/appid-public/public$path", $good)->{status}, 200, 'the public names';
        is call($core, $method, $path, $good, cdi => undef)->{status}, 200, 'no version means the newest';
        is text_of(call($core, $method, $path, $good, cdi => '2.6')), "400 cdi-version 2.6 not supported\n", 'a version that is not supported';
        is text_of(call($core, $method, $path, $good, cdi => $before{$since})), "404 Not found\n", "not before $since" if $before{$since};
        check_key($core, $method, $path, $good);
        check_scope($core, $method, $path, $scope, $in, $since);
        $method eq 'GET' ? check_query($core, $path, $in) : check_body($core, $method, $path, $in);
    };
}

sub check_key ($core, $method, $path, $good) {
    is text_of(call($core, $method, $path, $good, door => $core->with(api_key => $_))), "401 Invalid API key\n", 'API key ' . ($_ // 'missing')
      for undef, q{}, 'wrong', 'an-api-key-of-20-character', 'an-api-key-of-20-charactersx';
    is text_of(call($core, 'GET', $path, {}, door => $core->with(api_key => undef))), "401 Invalid API key\n", 'before any input is looked at';
    my %bearer = (authorization => 'Bearer ' . KEY);
    is call($core, $method, $path, $good, door => $core->with(api_key => undef), headers => \%bearer)->{status}, 200, 'the key as a bearer token';
    return;
}

sub check_scope ($core, $method, $path, $scope, $in, $since) {
    my $forbid = "403 Only public tenantId can call this app specific API\n";
    my %want   = (    # of a tenant that is there, and one that is not, now and at 4.0
        tenant  => ['200', $unknown{tenant}, '200', $unknown{tenant}],
        refresh => ['200', $unknown{tenant}, '200', $unknown{tenant}],
        loose   => [('200') x 4],
        app     => [$forbid, $forbid, '200', '200'],
        verify  => [$forbid, $forbid, '200', '200'],
        public  => ['403', $unknown{tenant}, '403', $unknown{tenant}],
        answer  => ['200', $no_tenant, '200', $no_tenant],
    );
    my @got = map { my $cdi = $_; map { call($core, $method, $path, good($method, $in, $cdi), prefix => $_, cdi => $cdi) } '/t1', '/t9' } '5.6', '4.0';
    my @told = map { $_->{status} == 200 && text_of($_) ne $no_tenant ? '200' : $scope eq 'public' && $_->{status} == 403 ? '403' : text_of($_) } @got;
    is_deeply \@told, $want{$scope}, 'the tenant in the path';
    my $app  = text_of(call($core, $method, $path, good($method, $in), prefix => '/appid-no-app'));
    my %none = (app => $unknown{app}, loose => $unknown{app}, verify => $unknown{app}, tenant => $unknown{both}, refresh => $unknown{both}, public => $unknown{both}, answer => $no_tenant);
    is $app, $none{$scope}, 'an unknown app';
    is call($core, $method, $path, good($method, $in), prefix => '/t9', cdi => '5.5')->{status}, 200, 'from 5.6 on only' if $scope eq 'verify';
    is text_of(call($core, $method, $path, good($method, $in), prefix => '/t1', cdi => '2.21')), "404 Not found\n", 'not before 3.0';
    return;
}

sub check_query ($core, $path, $in) {
    my $good = good('GET', $in);
    for my $key (sort keys %$in) {
        my $name  = name_of($key);
        my %rest  = %$good;
        my $value = delete $rest{$name};
        my $get   = sub ($query) { return call($core, 'GET', "$path?$query", keys %rest ? \%rest : undef) };
        is text_of(call($core, 'GET', $path, \%rest)), "400 Field name '$name' is missing in GET request\n", "no $name" if !is_optional($key);
        is $get->("$name=$value&$name=b")->{status}, 200, "$name twice: the first counts";
        is $get->("$name=%00")->{status}, 400, 'with a NUL byte';
        cmp_ok $get->("$name=%zz")->{status}, '>=', 400, 'with a bad escape';
        like $get->("$name=" . 'x' x 20_000)->{status}, qr/\A(?:200|400)\z/, 'a long one';
    }
    is $core->request('GET', $path, 'x' x 70_000)->{status}, 413, 'a body that is too large';
    return;
}

sub check_body ($core, $method, $path, $in) {
    is text_of(call($core, $method, $path, $_)), "400 Invalid Json Input\n", "body '$_'"
      for q{}, 'x', '[]', 'null', '{"a":1', '{"a":1}}', "{\"a\":\"\xff\"}", "{'a':1}";
    is call($core, $method, $path, '{"x":"' . 'y' x 70_000 . '"}')->{status}, 413, 'a body that is too large';
    is text_of(call($core, $method, $path, '{"a":' x 200 . '1' . '}' x 200)), "400 Invalid Json Input\n", 'a body that is too deep';
    check_member($core, $method, $path, $in, $_) for sort keys %$in;
    return;
}

sub kind_of ($value) {
    return 'boolean' if JSON::PP::is_bool($value);
    return { HASH => 'object', ARRAY => 'array' }->{ ref $value } if ref $value;
    return $value =~ /\A\d+\z/ ? 'number' : 'string';
}

sub check_member ($core, $method, $path, $in, $key) {
    my $name  = name_of($key);
    my $cdi   = $key =~ /<([\d.]+)/ ? $before{$1} : '5.6';
    my $field = "400 Field name '$name' is invalid in JSON input\n";
    my %wrong = (boolean => T, object => {}, number => 5, string => 'x', array => ['x']);
    my %all   = %{ good($method, $in, $cdi) };
    my $with  = sub ($value, $version = $cdi) { return text_of(call($core, $method, $path, { %all, $name => $value }, cdi => $version)) };
    my $kind  = kind_of($in->{$key});
    delete $wrong{$kind};
    is $with->($wrong{$_}), $field, "$name is no $_" for sort keys %wrong;
    $key =~ /[|]null/ ? unlike $with->(undef), qr/Field name/, "$name may be null" : is $with->(undef), $field, "$name is not null";
    is $with->("a\0b"), $field, "$name without NUL bytes" if $kind eq 'string';
    if ($kind eq 'array' && !ref $in->{$key}[0]) {
        is $with->([$_]), $field, "no such element of $name" for 5, T, undef, {}, "a\0b";
    }
    my ($since) = $key =~ />([\d.]+)/;
    unlike $with->(undef, $before{$since}), qr/Field name '$name'/, "$name is not known at $before{$since}" if $since;
    delete $all{$name};
    my $missing = text_of(call($core, $method, $path, \%all, cdi => $cdi));
    if   (is_optional($key) || $path eq '/recipe/session/remove') { unlike $missing, qr/Field name '$name'/, "$name may be missing" }
    else                                                          { is $missing, $field, "$name may not be missing" }
    return;
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# What holds for every operation of the core door: who may call it, by which path, and what becomes of input of the wrong
# kind. Needs a service with the API key KEY, fcgi_max_body 65536 and a tenant t1.
#
#   check_routes($core, ['POST', '/recipe/session', 'tenant', { userId => 'u', '?x>2.21' => T }], [...]);
#
# A row: method, path, scope, members of good input, and options of ST::Core's request (rid).
#   scope: tenant; app (403 on a tenant's path from CDI 5.0); loose; verify (as app, but from 5.6 on only); refresh (the tenant
#   must exist, but does not count).
#   Members: ?name is optional, ~name is needed but not asked for in the usual words, name>cdi exists from that version on.
package ST::Routes;
use v5.36;

use Exporter qw(import);
use JSON::PP ();
use Test::More;

our @EXPORT_OK = qw(check_routes KEY);

use constant KEY => 'an-api-key-of-20-characters';

my $not_found = 'AppId or tenantId not found =>';
my %unknown   = (
    app    => "400 $not_found App with the following connectionURIDomain and appId combination not found: (, no-app)\n",
    tenant => "400 $not_found Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, public, t9)\n",
    both   => "400 $not_found Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, no-app, public)\n",
);

sub name_of ($key) { return $key =~ s/\A[?~]|>.*//gr }
sub good ($in) { return { map { (name_of($_) => $in->{$_}) } grep { !/\A[?]/ } keys %$in } }
sub text_of ($answer) { return "$answer->{status} $answer->{text}" }

sub check_routes ($core, @rows) {
    for my $row (@rows) {
        my ($method, $path, $scope, $in, %opt) = @$row;
        my $call = sub ($with, %more) {
            my $door = delete $more{door} // $core;
            my $at   = ($more{prefix} // q{}) . (delete $more{path} // $path);
            delete $more{prefix};
            return $door->get($at, query => $with, %opt, %more) if $method eq 'GET' && ref $with;
            return $door->request($method, $at, $with, %opt, %more);
        };
        subtest "$method $path" . ($opt{rid} ? " ($opt{rid})" : q{}) => sub {
            check_caller($core, $call, $path, good($in));
            check_scope($call, $scope, good($in));
            $method eq 'GET' ? check_query($call, $path, $in) : check_body($call, $in);
        };
    }
    return;
}

sub check_caller ($core, $call, $path, $good) {
    my $answer = $call->($good);
    is $answer->{status}, 200, 'good input' or diag $answer->{text};
    is $answer->{headers}{'content-type'}, 'application/json;charset=UTF-8', 'content type';
    like $answer->{text}, qr/\A\{.*\}\n\z/s, 'one line';
    is $call->($good, path => uc($path) . q{/})->{status}, 200, 'capitals and a slash at the end';
    is $call->($good, prefix => '/appid-public/public')->{status}, 200, 'the public names';
    is $call->($good, cdi => undef)->{status}, 200, 'no version means the newest';
    is text_of($call->($good, cdi => '2.6')), "400 cdi-version 2.6 not supported\n", 'a version that is not supported';
    for my $key (undef, q{}, 'wrong', substr(KEY, 1), KEY . 'x') {
        is text_of($call->($good, door => $core->with(api_key => $key))), "401 Invalid API key\n", 'API key ' . ($key // 'missing');
    }
    is text_of($call->({}, door => $core->with(api_key => undef))), "401 Invalid API key\n", 'before any input is looked at';
    is $call->($good, door => $core->with(api_key => undef), headers => { authorization => 'Bearer ' . KEY })->{status}, 200, 'the key as a bearer token';
    return;
}

sub check_scope ($call, $scope, $good) {
    my $app = text_of($call->($good, prefix => '/appid-no-app'));
    $scope eq 'refresh'
      ? like $app, qr/\A400 $not_found (?:App|Tenant) with .*no-app/, 'an unknown app'
      : is $app, $unknown{ $scope eq 'tenant' ? 'both' : 'app' }, 'an unknown app';
    my $forbid = "403 Only public tenantId can call this app specific API\n";
    my %want   = (    # of a tenant that is there, and one that is not, now and at 4.0
        tenant  => ['200', $unknown{tenant}, '200', $unknown{tenant}],
        refresh => ['200', $unknown{tenant}, '200', $unknown{tenant}],
        loose   => [('200') x 4],
        app     => [$forbid, $forbid, '200', '200'],
        verify  => [$forbid, $forbid, '200', '200'],
    );
    my @got = map { my $cdi = $_; map { $call->($good, prefix => $_, cdi => $cdi) } '/t1', '/t9' } '5.6', '4.0';
    is_deeply [map { $_->{status} == 200 ? '200' : text_of($_) } @got], $want{$scope}, 'the tenant in the path';
    is $call->($good, prefix => '/t9', cdi => '5.5')->{status}, 200, 'from 5.6 on only' if $scope eq 'verify';
    is text_of($call->($good, prefix => '/t1', cdi => '2.21')), "404 Not found\n", 'not before 3.0';
    return;
}

sub check_query ($call, $path, $in) {
    my $good = good($in);
    my @query = sort keys %$in;
    for my $key (grep { !/\A[?~]/ } @query) {
        my %rest = %$good;
        delete $rest{$key};
        is text_of($call->(\%rest)), "400 Field name '$key' is missing in GET request\n", "no $key";
    }
    for my $name (map { name_of($_) } @query) {
        is $call->({ %$good, $name => ['a', 'b'] })->{status}, 200, "$name twice" if exists $good->{$name};
        cmp_ok $call->(undef, path => "$path?$name=%zz")->{status}, '>=', 400, "$name with a bad escape";
        is $call->({ %$good, $name => "a\0b" })->{status}, 400, "$name with a NUL byte";
        cmp_ok $call->({ %$good, $name => 'x' x 6_000 })->{status}, '<', 500, "a long $name";
    }
    return;
}

sub check_body ($call, $in) {
    is text_of($call->($_)), "400 Invalid Json Input\n", "body '$_'" for q{}, 'x', '[]', 'null', '{"a":1', '{"a":1}}', "{\"a\":\"\xff\"}", "{'a':1}";
    is $call->('{"x":"' . 'y' x 70_000 . '"}')->{status}, 413, 'a body that is too large';
    is text_of($call->('{"a":' x 200 . '1' . '}' x 200)), "400 Invalid Json Input\n", 'a body that is too deep';
    check_member($call, $in, $_) for sort keys %$in;
    return;
}

sub kind_of ($value) {
    return JSON::PP::is_bool($value) ? 'boolean' : ref $value eq 'ARRAY' ? 'array' : ref $value ? 'object' : $value =~ /\A\d+\z/ ? 'number' : 'string';
}

sub check_member ($call, $in, $key) {
    my $name   = name_of($key);
    my $kind   = kind_of($in->{$key});
    my $field  = "400 Field name '$name' is invalid in JSON input\n";
    my %values = (boolean => JSON::PP::true, object => {}, number => 5, string => 'x', array => ['x']);
    my %all    = (%{ good($in) }, $name => $in->{$key});
    delete $values{$kind};
    is text_of($call->({ %all, $name => $values{$_} })), $field, "$name is no $_" for sort keys %values;
    is text_of($call->({ %all, $name => undef })), $field, "$name is not null";
    is text_of($call->({ %all, $name => "a\0b" })), $field, "$name without NUL bytes" if $kind eq 'string';
    if ($kind eq 'array') {
        is text_of($call->({ %all, $name => [$_] })), $field, "no such element in $name" for 5, JSON::PP::true, undef, {}, "a\0b";
    }
    delete $all{$name};
    my $missing = text_of($call->(\%all));
    $key =~ /\A[?~]/ ? unlike $missing, qr/Field name '$name'/, "$name may be missing" : is $missing, $field, "$name may not be missing";
    my ($since) = $key =~ />(.*)/ or return;
    my $before = { '2.8' => '2.7', '2.21' => '2.20', '4.0' => '3.1', '5.0' => '2.21', '5.6' => '5.5' }->{$since};
    unlike text_of($call->({ %{ good($in) }, $name => undef }, cdi => $before)), qr/Field name/, "$name is not known at $before";
    return;
}

1;

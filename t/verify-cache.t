# SPDX-License-Identifier: Apache-2.0
# Answers of the verify door that nginx keeps for a second: which, and for whom.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(time);

use ST::Auth;
use ST::Env     qw(temp_dir wait_until write_file);
use ST::Session qw(create payload_of);
use ST::Stack;

my $dir     = temp_dir('www');
my %require = (any => q{}, admin => '/role=admin', editor => '/role=editor', checked => '/check database', csrf => '/anti-csrf');
mkdir "$dir/$_" or die "$dir/$_: $!\n" for keys %require, 'cache';
write_file("$dir/$_/page", "content\n") for keys %require;
my $conf = "include verify-cache.conf; root $dir;\n";
$conf .= <<"END" for sort keys %require;
location /$_/ {
    auth_request "/st-verify-cached$require{$_}";
    include verify-protect.conf;
    auth_request_set \$cache \$upstream_cache_status;
    add_header X-Cache "\$cache \$st_user_id" always;
    error_page 405 =200 \$uri;
}
END
my $s = ST::Stack->new(
    sites     => { example => { recipeList => [{ session => { antiCsrf => 'VIA_CUSTOM_HEADER' } }] } },
    site_conf => { example => $conf },
    nginx     => { site => "fastcgi_cache_path $dir/cache keys_zone=st_verify:1m inactive=5s use_temp_path=off;" },
);
my $site  = ST::Auth->new(url => $s->site_url);
my $claim = { 'st-role' => { v => ['admin'], t => 1 } };

# What the cache said and who it was: "MISS u1".
sub ask ($path, $session, %more) {
    my $got = $site->request($more{method} // 'GET', undef, undef, at => "/$path/page", cookies => { sAccessToken => $session->{accessToken}{token} }, %more);
    return $got->{status} == 200 ? $got->{headers}{'x-cache'} : "$got->{status} " . ($got->{headers}{'x-cache'} // q{});
}

# On a busy machine a second may be over before the next request.
sub becomes ($wanted, @request) { return wait_until(10, sub { ask(@request) eq $wanted }) }

sub session ($user) { return create($s->core, { userId => $user, userDataInJWT => $claim }) }

subtest 'the same request' => sub {
    my $u = session('u1');
    is ask('any', $u), 'MISS u1', 'is asked for once';
    ok becomes('HIT u1', 'any', $u), 'and remembered, with the user';
    ok wait_until(10, sub { ask('any', $u) ne 'HIT u1' }), 'not for long';
};

subtest 'other requests' => sub {
    my ($u, $v) = (session('u1'), session('u2'));
    is ask('any', $u), 'MISS u1', 'one user';
    is ask('any', $v), 'MISS u2', 'is not another';
    is ask('any', $v, cookies => q{}, headers => { authorization => "Bearer $v->{accessToken}{token}" }), 'MISS u2', 'a header is no cookie';
    is ask('any', $u, headers => { authorization => "Bearer $v->{accessToken}{token}" }), 'MISS u2', 'and goes before it';
    is ask('admin',  $u), 'MISS u1', 'one requirement';
    is ask('editor', $u), '403 ',    'is not another';
    is ask('csrf',   $u), '401 ',    'a location that asks for a header';
    is ask('csrf',   $u, headers => { rid => 'x' }), 'MISS u1', 'gets one';
    ok becomes('HIT u1', 'csrf', $u, headers => { rid => 'x' }), 'once more';
    is ask('csrf',   $u), '401 ', 'and not without it';
    is ask('any',    $u, method => 'POST'), '401 ', 'what passed with GET does not with POST';
    is ask('any', $u, cookies => "sAccessToken=$u->{accessToken}{token}; sAccessToken=x"), '401 ', 'nor with a second cookie';
    is ask('any', $u, cookies => "sIdRefreshToken=x; sAccessToken=$u->{accessToken}{token}"), '401 ', 'nor with a legacy one';
};

subtest 'what is never kept' => sub {
    my $u = session('u3');
    is ask('checked', $u), 'MISS u3', 'what the database says' for 1 .. 2;
    $s->core->post('/recipe/session/remove', { sessionHandles => [$u->{session}{handle}] });
    is ask('checked', $u), '401 ', 'so that an end is an end';
    my $short = create($s->core, { userId => 'u4', accessTokenValidity => 2500 }, cdi => '5.6');
    my $end   = payload_of($short->{accessToken}{token})->{exp};
    my $late  = q{};
    ok wait_until(10, sub { my $over = time > $end; my $got = ask('any', $short); $late .= $got if $over; return $over }), 'a token ends';
    is $late, '401 ', 'and at once nobody passes with it';
    my $nobody = { accessToken => { token => 'x' } };
    is ask('any', $nobody), '401 ', 'nor nobody' for 1 .. 2;
    is ask('any', session('u5')), 'MISS u5', 'who may come back at once';
};

done_testing;

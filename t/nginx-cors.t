# SPDX-License-Identifier: Apache-2.0
# Pages of other origins and the auth door: nginx/cors.conf lets in those of the list, site by site (spec: fdi 6, CORS).
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use HTTP::Tiny ();
use Test::More;

use ST::Stack;

my $s = ST::Stack->new(
    sites     => { one => {}, two => {} },
    auth_conf => { map { ($_ => 'include cors-headers.conf;') } qw(one two) },
    nginx     => { site => <<'END' });
map "$st_site $http_origin" $st_cors_origin {
    default "";
    "one https://app.example.com" $http_origin;
    "two https://two.example.com" $http_origin;
}
include cors.conf;
END
my $http = HTTP::Tiny->new;

sub ask ($method, $origin, %opt) {
    my $url = $s->site_url($opt{site} // 'one') . ($opt{path} // '/auth/session/refresh');
    my %headers = (defined $origin ? (Origin => $origin) : (), $opt{preflight} ? ('Access-Control-Request-Method' => 'POST') : ());
    my $got = $http->request($method, $url, { headers => \%headers });
    return { status => $got->{status}, body => $got->{content} // q{}, vary => $got->{headers}{vary},
        map { (s/access-control-//r => $got->{headers}{$_}) } grep { /^access-control-/ } keys %{ $got->{headers} } };
}

my %allowed  = ('allow-origin' => 'https://app.example.com', 'allow-credentials' => 'true');
my %answered = (
    'allow-methods' => 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    'allow-headers' => 'content-type, rid, fdi-version, anti-csrf, authorization, st-auth-mode',
    'max-age'       => '3600',
);

subtest 'preflight' => sub {
    for my $path (qw(/auth/session/refresh /auth/tenant1/signup /auth/nonsense)) {
        is_deeply ask('OPTIONS', 'https://app.example.com', preflight => 1, path => $path),
          { status => 204, body => q{}, vary => 'Origin', %allowed, %answered }, "$path is answered";
    }
    for my $origin ('https://two.example.com', 'https://app.example.com.evil.org', 'http://app.example.com', 'null', undef) {
        is_deeply ask('OPTIONS', $origin, preflight => 1), { status => 204, body => q{}, vary => 'Origin' },
          'nothing is said to ' . ($origin // 'no origin');
    }
    is ask('OPTIONS', 'https://two.example.com', preflight => 1, site => 'two')->{'allow-origin'}, 'https://two.example.com', 'each site has its list';
};

subtest 'answers' => sub {
    my $got = ask('POST', 'https://app.example.com');
    is $got->{status}, 401, 'a refresh without a session';
    is $got->{$_}, $allowed{$_}, "$_ also with an error" for sort keys %allowed;
    like $got->{'expose-headers'}, qr/\bfront-token\b/, 'scripts may read the front token';
    ok !exists $got->{$_}, "no $_" for sort keys %answered;
    is $got->{vary}, 'Origin', 'caches tell origins apart';
    $got = ask('POST', 'https://evil.example.org');
    is $got->{status}, 401, 'another origin is answered';
    ok !exists $got->{$_}, "without $_" for sort keys %allowed;
    is $got->{vary}, 'Origin', 'but varies';
};

done_testing;

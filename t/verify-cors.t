# SPDX-License-Identifier: Apache-2.0
# A protected application that pages of another origin use: what browsers must be told, also about refusals.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth;
use ST::Peer;
use ST::Session qw(create);
use ST::Stack;

my $page = 'https://www.example.com';
my $app  = ST::Peer->new(otherwise => '/echo');
my $conf = <<"END";
include cors-headers.conf;
location /app/ { auth_request /st-verify; include verify-protect.conf; include verify-proxy.conf; proxy_pass http://127.0.0.1:@{[$app->port]}; }
END
my $http = <<"END";
map "\$st_site \$http_origin" \$st_cors_origin { default ""; "example $page" \$http_origin; }
include cors.conf;
END
my %info = (apiDomain => 'https://api.example.com', websiteDomain => $page);
my $s    = ST::Stack->new(sites => { example => { appInfo => \%info } }, site_conf => { example => $conf }, nginx => { site => $http });
my $api  = ST::Auth->new(url => $s->site_url);
my $user = create($s->core);

sub ask ($method, $origin, %more) {
    my %headers = (origin => $origin, 'sec-fetch-mode' => 'cors', %{ $more{headers} // {} });
    return $api->request($method, undef, undef, at => '/app/x', %more, headers => \%headers);
}

sub allows ($got, $origin, $name) {
    is $got->{headers}{'access-control-allow-origin'}, $origin, $name;
    return is $got->{headers}{'access-control-allow-credentials'}, $origin ? 'true' : undef, 'with cookies';
}

my %session = (cookies => { sAccessToken => $user->{accessToken}{token} });
my $got     = ask(GET => $page, %session);
is $got->{status}, 200, 'with a session';
allows($got, $page, 'our page may read it');
$got = ask(GET => $page);
is "$got->{status} $got->{text}", '401 {"message":"unauthorised"}', 'without one';
allows($got, $page, 'our page learns so');
allows(ask(GET => 'https://evil.example'), undef, 'others do not');

my %preflight = (headers => { 'access-control-request-method' => 'PUT', 'access-control-request-headers' => 'rid' });
$got = ask(OPTIONS => $page, %preflight);
is "$got->{status} $got->{text}", '204 ', 'a preflight request needs none, and does not reach the application';
allows($got, $page, 'our page may go on');
like $got->{headers}{'access-control-allow-methods'}, qr/\bPUT\b/, 'with this method';
like $got->{headers}{'access-control-allow-headers'}, qr/\brid\b/, 'and this header';
allows(ask(OPTIONS => 'https://evil.example', %preflight), undef, 'others may not');
is ask(OPTIONS => $page)->{status}, 401, 'OPTIONS for another reason needs a session';

done_testing;

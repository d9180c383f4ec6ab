# SPDX-License-Identifier: Apache-2.0
#
# The official web SDK on pages of other origins than the API's: CORS, cookies that cross sites, tokens in headers, and what
# stops the forged requests of pages that are not ours.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP qw(encode_json);
use Test::More;
use ST::Chromium;
use ST::Deliver;
use ST::Env qw(free_port);
use ST::Stack timeout => 300;

my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";

my ($pages, $secure_pages, $strangers) = map { free_port() } 1 .. 3;
my %tls = map { ($_ => free_port()) } qw(site sub);

# Of each site: where its pages are.
my %page = (
    port => "http://127.0.0.1:$pages",
    host => "http://localhost:$pages",
    site => "https://app.example.org:$secure_pages",
    sub  => "https://app.example.com:$secure_pages",
);
my %site = (
    port => {},
    host => {},
    site => { appInfo => { apiDomain => "https://api.example.net:$tls{site}" } },
    sub  => {
        appInfo    => { apiDomain => "https://api.example.com:$tls{sub}" },
        recipeList => ['emailPassword', { session => { cookieDomain => '.example.com' } }],
    },
    map { ($_ => { recipeList => ['emailPassword', { session => { antiCsrf => $_ } }] }) } qw(NONE VIA_CUSTOM_HEADER VIA_TOKEN),
);
$site{$_}{appInfo}{websiteDomain} = $page{$_} for keys %page;

my $certificate = ST::Deliver::certificate('example.com');
my $ssl         = "ssl_certificate $certificate; ssl_certificate_key $certificate;";
my $cors        = 'include cors-headers.conf;';
my $origins     = join q{}, map { "\"$_ $page{$_}\" \$http_origin;\n" } sort keys %page;
$origins .= "\"sub https://www.example.com:$secure_pages\" \$http_origin;\n";

my $application = $chromium->application;
my %conf        = map { ($_ => $chromium->bare_page . $application . $cors) } keys %site;
$conf{$_} .= "listen 127.0.0.1:$tls{$_} ssl http2; $ssl" for keys %tls;

my $stack = ST::Stack->new(
    sites     => \%site,
    site_conf => \%conf,
    auth_conf => { map { ($_ => $cors) } keys %site },
    nginx     => { site => <<"END" },
    map "\$st_site \$http_origin" \$st_cors_origin {
        default "";
        $origins
    }
    include cors.conf;
    server {
        listen 127.0.0.1:$pages;
        listen 127.0.0.1:$strangers;
        listen 127.0.0.1:$secure_pages ssl http2;
        $ssl
        @{[$chromium->bare_page]}
    }
END
);

my %places = map { ($_ => { page => $page{$_}, api => $site{$_}{appInfo}{apiDomain} // $stack->site_url($_) }) } keys %page;
$places{stranger}{page} = "http://127.0.0.1:$strangers";
$chromium->run('origins', PLACES => encode_json(\%places));
$chromium->run('csrf', PAGES => "http://127.0.0.1:$strangers", map { ($_ => $stack->site_url($_)) } qw(NONE VIA_CUSTOM_HEADER VIA_TOKEN));
done_testing;

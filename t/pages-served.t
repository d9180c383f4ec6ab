# SPDX-License-Identifier: Apache-2.0
# The login pages as nginx serves them: every page at its address, nothing that a strict Content-Security-Policy forbids.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use HTTP::Tiny ();
use Test::More;

use ST::Env qw(read_file);
use ST::Pages;
use ST::Stack;

my $dir = ST::Pages::build() or plan skip_all => "the pages cannot be built: $@";
my $s   = ST::Stack->new(
    pages => 1,
    sites => {
        example => {},
        other   => { appInfo => { appName => 'Other', websiteBasePath => '/account/pages', apiBasePath => '/api' } },
        closed  => {},
    },
    site_conf => { closed => 'auth_request /st-verify; include verify-protect.conf;' },
);
my $http = HTTP::Tiny->new(max_redirect => 0);
sub get ($path, $site = 'example', %headers) { return $http->get($s->site_url($site) . $path, { headers => \%headers }) }

my @pages = (q{}, qw(sign-up forgot-password verify-email reset-password reset-password?token=abc try-refresh account callback/google callback/my_provider-2));

subtest 'pages' => sub {
    for my $page (@pages) {
        my $got = get("/login/$page");
        is $got->{status}, 200, "/login/$page";
        is $got->{headers}{'content-type'}, 'text/html; charset=utf-8', 'is HTML';
        my @missing = grep { get('/login/' . folder($page) . $_)->{status} != 200 } $got->{content} =~ /(?:src|href)="([^"]+)"/g;
        is_deeply \@missing, [], 'what it loads is there';
    }
    for my $path (qw(/login/nonsense /login/callback/ /login/callback/a/b /login/sign-up/ /login/../pages.conf /login/site/ /login/site/..%2fexample.yaml /login/site/.x)) {
        isnt get($path)->{status}, 200, "$path is none";
    }
    my $got = get('/login?redirectToPath=%2Fa');
    is "$got->{status} $got->{headers}{location}", '308 /login/?redirectToPath=%2Fa', 'the path itself leads to its page';
    is $http->post($s->site_url('example') . '/login/')->{status}, 405, 'a form cannot be posted here';
};

# Addresses in a page are those of its folder.
sub folder ($page) { return $page =~ m{\A([^?]*/)} ? $1 : q{} }

subtest 'headers' => sub {
    for my $path (map { "/login/$_" } @pages, qw(pages.js pages.css site/config.js nonsense)) {
        my %h      = %{ get($path)->{headers} };
        my %policy = map { /(\S+) (.*)/ } split /; /, $h{'content-security-policy'} // q{};
        is_deeply [@policy{qw(default-src script-src style-src connect-src form-action base-uri frame-ancestors)}],
          ["'none'", ("'self'") x 4, ("'none'") x 2], "$path: what browsers may do";
        is_deeply [@h{qw(x-frame-options x-content-type-options referrer-policy cache-control)}], [qw(DENY nosniff no-referrer no-cache)], 'and send on';
        unlike $h{'content-security-policy'} // q{}, qr/unsafe|\*|data:/, 'without exceptions';
    }
    my $etag = get('/login/pages.js')->{headers}{etag};
    is get('/login/pages.js', 'example', 'if-none-match' => $etag)->{status}, 304, 'what has not changed is not sent again';
};

subtest 'a server block that asks the verify door for everything' => sub {
    is get('/', 'closed')->{status}, 401, 'is closed';
    is get($_, 'closed')->{status}, 200, "but not $_" for map { "/login/$_" } @pages, qw(pages.js site/config.js);
    is $http->post($s->site_url('closed') . '/auth/session/refresh')->{content}, '{"message":"unauthorised"}', 'nor the auth door';
    is get('/st-verify', 'closed')->{status}, 404, 'and the verify door is nobody\'s';
};

subtest 'nothing inline' => sub {
    for my $name (qw(index.html callback.html)) {
        my $html = read_file("$dir/$name");
        unlike $html, qr/<script(?![^>]*\bsrc=)/i, "$name: no script";
        unlike $html, qr/<style|\sstyle=|\son[a-z]+=|javascript:/i, 'no style, no handler';
        unlike $html, qr{(?:src|href)="(?:https?:|/)}, 'everything below its own path';
    }
    my $script = read_file("$dir/pages.js");
    unlike $script, qr/\beval\(|new Function|innerHTML|document\.write|insertAdjacentHTML/, 'the script makes no code or markup of texts';
    cmp_ok length $script, '<', 300_000, 'it stays small';
    my $own = join q{}, read_file("$dir/pages.css"), map { read_file("$dir/$_") } qw(index.html callback.html);
    unlike $own, qr{https?://(?!www\.w3\.org)}, 'nothing comes from elsewhere';
};

subtest 'sites' => sub {
    my ($one, $two) = map { get(@$_)->{content} } ['/login/site/config.js', 'example'], ['/account/pages/site/config.js', 'other'];
    like $one, qr/"appName":"Test".*"apiBasePath":"\/auth","websiteBasePath":"\/login"/, 'a site has its settings';
    like $two, qr/"appName":"Other".*"apiBasePath":"\/api","websiteBasePath":"\/account\/pages"/, 'another one its own';
    is get('/account/pages/sign-up', 'other')->{status}, 200, 'under its own path';
    is get('/login/sign-up', 'other')->{status}, 404, 'only';
};

done_testing;

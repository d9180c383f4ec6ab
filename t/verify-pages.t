# SPDX-License-Identifier: Apache-2.0
# Pages that browsers open without a good session lead to the login pages and back; what scripts ask for is answered in JSON.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth    qw(cookie_encode);
use ST::Env     qw(temp_dir write_file);
use ST::Session qw(create F T);
use ST::Stack;

my $dir = temp_dir('www');
mkdir "$dir/$_" or die "$dir/$_: $!\n" for 'members', 'login';
write_file("$dir/$_/page.html", "<p>inside</p>\n") for 'members', 'login';
my $conf = <<"END";
        root $dir;
        location /members/ { auth_request "/st-verify/check database, role=member"; include verify-protect.conf; }
        location /login/ { auth_request /st-verify; include verify-protect.conf; }
        location /loginless/ { auth_request /st-verify; include verify-protect.conf; }
        location /mail/ { auth_request "/st-verify/email verified, role=member"; include verify-protect.conf; }
        location /login/mail/ { auth_request "/st-verify/email verified"; include verify-protect.conf; }
        location /login/any/ { auth_request "/st-verify"; include verify-protect.conf; }
END
# The second site has its pages at another place than its API, at their root.
my %apart = (appInfo => { apiDomain => 'https://api.example.com', websiteDomain => 'https://www.example.com', websiteBasePath => '/' });
my %strict = (appInfo => { appName => '<b>&"' }, recipeList => ['session', { emailVerification => { mode => 'REQUIRED' } }]);
my $s     = ST::Stack->new(
    sites     => { example => {}, apart => \%apart, strict => \%strict },
    site_conf => { map { ($_ => $conf) } qw(example apart strict) },
);
my $site  = ST::Auth->new(url => $s->site_url('example'));
my %page  = (accept => 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8');

sub open_page ($path, %more) {
    my $client = $more{client} // $site;
    return $client->request($more{method} // 'GET', undef, $more{body}, at => $path, headers => { %page, %{ $more{headers} // {} } }, cookies => $more{cookies} // {});
}

sub leads_to ($got, $page, $from, $name, $url = $s->site_url('example') . '/login') {
    is $got->{status}, 302, "$name: status";
    is $got->{headers}{location}, "$url$page?redirectToPath=" . cookie_encode($from), 'to';
    is $got->{headers}{'cache-control'}, 'no-store', 'nobody remembers it';
    return is_deeply $got->{cookies}, {}, 'tokens stay';
}

my $member = create($s->core, { userDataInJWT => { 'st-role' => { v => ['member'], t => 1 } } });
my $guest  = create($s->core);
my $old    = create($s->core, { accessTokenValidity => 1 }, cdi => '5.6');
my $ended  = create($s->core);
$s->core->post('/recipe/session/remove', { sessionHandles => [$ended->{session}{handle}] });
sleep 2;    # until the old one has expired
sub access ($session, %more) { return { sAccessToken => $session->{accessToken}{token}, %more } }

subtest 'pages' => sub {
    is open_page('/members/page.html', cookies => access($member))->{text}, "<p>inside</p>\n", 'a member is let in';
    leads_to(open_page('/members/page.html'), '/', '/members/page.html', 'nobody');
    leads_to(open_page('/members/%C3%A4;p?x=1&y=%2F'), '/', '/members/%C3%A4;p?x=1&y=%2F', 'path and query as they came');
    leads_to(open_page("${_}evil.example/../members/x"), '/', '/evil.example/../members/x', 'nothing that browsers take for another host') for '//', '///', '/\\';
    my $long = '/members/x?' . '%' x 4085;
    leads_to(open_page($long), '/', $long, 'a long address');
    my $got = open_page("$long%" . 'x' x 20_000);
    is "$got->{status} $got->{headers}{location}", "302 @{[$s->site_url('example')]}/login/", 'a longer one is forgotten';
    leads_to(open_page('/members/page.html', cookies => access($old)), '/try-refresh', '/members/page.html', 'an expired token');
    leads_to(open_page('/members/page.html', cookies => access($ended)), '/try-refresh', '/members/page.html', 'a session that has ended');
    leads_to(open_page('/members/page.html', cookies => { sFrontToken => 'x' }), '/try-refresh', '/members/page.html', 'a front end with a session');
    leads_to(open_page('/%2F/members/page.html'), '/', '/%2F/members/page.html', 'an odd path');
    leads_to(open_page('/members/page.html', method => 'HEAD'), '/', '/members/page.html', 'HEAD');
};

sub session (%claims) { return create($s->core, { userDataInJWT => { map { ($_ => { v => $claims{$_}, t => 1 }) } keys %claims } }) }

sub is_no_access ($got, $name) {
    is $got->{status}, 403, "$name: status";
    is $got->{headers}{'content-type'}, 'text/html; charset=utf-8', 'a page';
    return like $got->{text}, qr{\A<!doctype html>.*<main id="no-access"}s, 'that says so';
}

subtest 'a session that lacks something' => sub {
    my $got = open_page('/members/page.html?a=b&c', cookies => access($guest), headers => { 'accept-language' => 'fr-CH, de;q=0.8' });
    is_no_access($got, 'no role');
    like $got->{text}, qr{<html lang="fr">.*<title>Accès refusé · Test</title>.*<h1>Accès refusé</h1>}s, 'in the language of the browser';
    is open_page('/members/', cookies => access($guest), headers => { 'accept-language' => $_->[0] })->{text} =~ /<html lang="(..)">/ ? $1 : q{}, $_->[1], "$_->[0]: $_->[1]"
      for ['de', 'de'], ['es-MX', 'es'], ['it', 'en'], ['"><script>', 'en'];
    my %h = %{ $got->{headers} };
    like $h{'content-security-policy'}, qr/\Adefault-src 'none'; style-src 'self';.* frame-ancestors 'none'\z/, 'browsers run nothing there';
    unlike $h{'content-security-policy'} . $got->{text}, qr/unsafe|<script|<style|style=/, 'there is nothing to run';
    is_deeply [@h{qw(cache-control x-content-type-options referrer-policy)}], [qw(no-store nosniff no-referrer)], 'nobody remembers it';
    is_deeply $got->{cookies}, {}, 'tokens stay';
    my $here = cookie_encode('/members/page.html?a=b&c');
    my $url  = $s->site_url('example');
    is_deeply [$got->{text} =~ /href="([^"]+)"/g], ["/login/icon.svg", "/login/pages.css", "/login/site/style.css", "$url/login/?show=account&amp;redirectToPath=$here", "$url/"],
      'the look is that of the login pages, and the way to another account leads back';
    is open_page('/members/', cookies => access($guest), headers => { accept => 'application/json' })->{json}{message}, 'invalid claim', 'scripts get JSON';
    is open_page('/members/', cookies => access($guest), method => 'POST', body => 'x')->{json}{message}, 'invalid claim', 'and forms';
    is_no_access(open_page('/mail/', cookies => access(session('st-ev' => F, 'st-role' => ['member']))), 'a site that verifies no addresses');
};

subtest 'an address that is not verified' => sub {
    my $strict = ST::Auth->new(url => $s->site_url('strict'));
    my $verify = sub ($path, $claims, $name) {
        return leads_to(open_page($path, client => $strict, cookies => access(session(%$claims))), '/verify-email', $path, $name, $s->site_url('strict') . '/login');
    };
    my %new = ('st-ev' => F, 'st-role' => ['member']);
    $verify->('/mail/x?y=%2F', \%new, 'the location asks');
    $verify->('/loginless/', \%new, 'the site asks');
    $verify->('/loginless/', {}, 'nothing known');
    $verify->('/mail/', { 'st-ev' => F }, 'a role is missing, too');
    is_no_access(open_page('/mail/', client => $strict, cookies => access(session('st-ev' => T))), 'only the role');
    is_no_access(open_page("/login/$_/", client => $strict, cookies => access(session(%new))), 'the page itself') for qw(mail any);
    my $got = open_page('/mail/', client => $strict, cookies => access(session(%new)), headers => { 'sec-fetch-mode' => 'cors' });
    is $got->{json}{claimValidationErrors}[0]{id}, 'st-ev', 'scripts get JSON';
    like open_page('/mail/', client => $strict, cookies => access(session('st-ev' => T)))->{text}, qr{<title>No access · &lt;b&gt;&amp;&quot;</title>}, 'a name is text';
};

subtest 'what is a page' => sub {
    my %not = ('sec-fetch-mode' => 'cors', 'sec-fetch-dest' => 'empty');
    my $got = open_page('/members/page.html', headers => \%not);
    is "$got->{status} $got->{text}", '401 {"message":"unauthorised"}', 'not what a script fetches';
    is open_page('/members/page.html', headers => { accept => $_ })->{status}, 401, "nor $_" for 'application/json', '*/*', q{}, 'text/html2, image/png';
    is open_page('/members/page.html', headers => { accept => '*/*', 'sec-fetch-mode' => 'navigate' })->{status}, 302, 'what a browser says to be one';
    is open_page('/members/page.html', method => 'POST', body => 'x')->{status}, 401, 'not a form';
};

subtest 'login pages' => sub {
    is open_page($_)->{status}, 401, "$_ does not lead to itself" for '/login/page.html', '/login/?x';
    is open_page('/loginless/')->{status}, 302, 'another path does';
};

subtest 'a website elsewhere' => sub {
    my $apart = ST::Auth->new(url => $s->site_url('apart'));
    leads_to(open_page('/members/page.html', client => $apart), '/', '/members/page.html', 'nobody', 'https://www.example.com');
    leads_to(open_page('/members/page.html', client => $apart, cookies => access($old)), '/try-refresh', '/members/page.html', 'an expired token', 'https://www.example.com');
};

done_testing;

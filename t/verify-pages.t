# SPDX-License-Identifier: Apache-2.0
# Pages that browsers open without a good session lead to the login pages and back; what scripts ask for is answered in JSON.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth    qw(cookie_encode);
use ST::Env     qw(temp_dir write_file);
use ST::Session qw(create);
use ST::Stack;

my $dir = temp_dir('www');
mkdir "$dir/$_" or die "$dir/$_: $!\n" for 'members', 'login';
write_file("$dir/$_/page.html", "<p>inside</p>\n") for 'members', 'login';
my $conf = <<"END";
        root $dir;
        location /members/ { auth_request "/st-verify/check database, role=member"; include verify-protect.conf; }
        location /login/ { auth_request /st-verify; include verify-protect.conf; }
        location /loginless/ { auth_request /st-verify; include verify-protect.conf; }
END
# The second site has its pages at another place than its API, at their root.
my %apart = (appInfo => { apiDomain => 'https://api.example.com', websiteDomain => 'https://www.example.com', websiteBasePath => '/' });
my $s     = ST::Stack->new(sites => { example => {}, apart => \%apart }, site_conf => { example => $conf, apart => $conf });
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
    $got = open_page('/members/page.html', cookies => access($guest));
    is $got->{status}, 403, 'a guest may not';
    is $got->{json}{message}, 'invalid claim', 'and is told why';
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

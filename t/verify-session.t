# SPDX-License-Identifier: Apache-2.0
# What the verify door says of sessions, and what applications and clients see of it.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use MIME::Base64 qw(decode_base64url);
use Test::More;

use ST::Auth;
use ST::Peer;
use ST::Session qw(create part_text);
use ST::Stack;

my $app  = ST::Peer->new;
my $conf = <<"END";
        location /app/ { auth_request /st-verify; include verify-protect.conf; include verify-proxy.conf; proxy_pass @{[$app->url('/echo')]}; }
        location /cors/ { auth_request /st-verify/preflight; include verify-protect.conf; include verify-proxy.conf; proxy_pass @{[$app->url('/echo')]}; }
        location /open/ { include verify-proxy.conf; proxy_pass @{[$app->url('/echo')]}; }
        location /checked/ { auth_request "/st-verify/check database"; include verify-protect.conf; include verify-proxy.conf; proxy_pass @{[$app->url('/echo')]}; }
END
my %recipes = (example => ['session', 'userRoles', { emailVerification => { mode => 'OPTIONAL' } }], plain => [{ session => { antiCsrf => 'VIA_CUSTOM_HEADER' } }], header => [{ session => { getTokenTransferMethod => 'header', sessionExpiredStatusCode => 440 } }]);
my $s = ST::Stack->new(
    sites     => { map { ($_ => { recipeList => $recipes{$_} }) } keys %recipes },
    site_conf => { map { ($_ => $conf) } keys %recipes },
);
my $site = ST::Auth->new(url => $s->site_url('example'));

sub ask ($path, $session, %more) {
    my $cookies = $session ? { sAccessToken => $session->{accessToken}{token} } : {};
    return ($more{site} // $site)->request($more{method} // 'GET', undef, $more{body}, cookies => $cookies, %more, at => $path);
}

# The headers that the application got.
sub told ($got) {
    return { map { /\A(X-ST-[\w-]+): (.*)\z/i ? (lc $1 => $2) : () } split /\r\n/, $got->{text} };
}

my %claims = (
    'st-role' => { v => ['editor', "caf\x{e9}, 100%"], t => 1 },
    'st-perm' => { v => [],                            t => 1 },
    'st-ev'   => { v => JSON::PP::true,                t => 1 },
);
my $session = create($s->core, { userId => 'auth0|u,1', userDataInJWT => { iss => 'x', %claims } });

subtest 'a good session' => sub {
    my $got = ask('/app/', $session);
    is $got->{status}, 200, 'passes';
    my $told    = told($got);
    my $payload = delete $told->{'x-st-payload'};
    is_deeply $told, {
        'x-st-user-id'        => 'auth0|u%2C1',
        'x-st-recipe-user-id' => 'auth0|u%2C1',
        'x-st-session-handle' => $session->{session}{handle},
        'x-st-tenant-id'      => 'public',
        'x-st-roles'          => 'editor,caf%C3%A9%2C%20100%25',
        'x-st-email-verified' => 'true',
      },
      'and the application is told whose it is';
    is decode_base64url($payload), part_text($session->{accessToken}{token}, 1), 'with the payload';
    $got = ask('/app/', undef, headers => { authorization => "Bearer $session->{accessToken}{token}" });
    is told($got)->{'x-st-user-id'}, 'auth0|u%2C1', 'by header too';
    ok !(grep { /\Ax-st-/ } keys %{ $got->{headers} }), 'the client is told nothing';
};

subtest 'a CORS preflight' => sub {
    my %headers = (origin => 'https://app.example.com', 'access-control-request-method' => 'POST');
    my sub preflight ($path, $session, @more) { return ask($path, $session, method => 'OPTIONS', headers => \%headers, @more) }
    for my $who (undef, $session) {
        my $got = preflight('/app/', $who);
        is "$got->{status} $got->{text}", '204 ', 'never reaches the application: anybody can send one';
        $got = preflight('/cors/', $who);
        is $got->{status}, 200, 'where it does not say so';
        is_deeply told($got), {}, 'and is told of no session';
    }
    is ask('/cors/', undef, method => 'POST', headers => \%headers)->{status}, 401, 'other methods do not pass';
    delete $headers{origin};
    is preflight($_, undef)->{status}, 401, "nor what is no preflight, at $_" for '/app/', '/cors/';
};

subtest 'what a client makes up' => sub {
    my %lies = map { ("X-ST-$_" => 'admin') } qw(User-Id Recipe-User-Id Session-Handle Tenant-Id Roles Permissions Email-Verified Payload);
    my $got  = ask('/app/', $session, headers => \%lies);
    unlike $got->{text}, qr/admin/, 'never reaches the application';
    is_deeply told(ask('/open/', undef, headers => \%lies)), {}, 'also where no session is asked for';
    is ask('/app/', undef, headers => { %lies, 'ST-Door' => 'core', 'ST-Require' => 'x' })->{status}, 401, 'nor the door';
    is ask('/st-verify', $session)->{status}, 404, 'which is not to be reached from outside';
    is ask('/st-verify/role=admin', $session)->{status}, 404, 'at any of its addresses';
};

subtest 'no session' => sub {
    my $got = ask('/app/', undef);
    is "$got->{status} $got->{text}", '401 {"message":"unauthorised"}', 'none';
    is $got->{headers}{'content-type'}, 'application/json; charset=utf-8', 'in JSON';
    ok !exists $got->{headers}{'front-token'}, 'nothing is cleared';
    my $old = create($s->core, { accessTokenValidity => 1 }, cdi => '5.6');
    sleep 2;
    $got = ask('/app/', $old);
    is "$got->{status} $got->{text}", '401 {"message":"try refresh token"}', 'an expired one';
    my $header = ST::Auth->new(url => $s->site_url('header'));
    is ask('/app/', $session, site => $header)->{status}, 440, 'a cookie where only headers are allowed, with the status of the site';
};

subtest 'bodies and methods' => sub {
    my $got = ask('/app/', $session, method => 'POST', body => 'x' x 60_000);
    is $got->{status}, 200, 'a large body passes';
    like $got->{text}, qr/x{60000}\z/, 'whole';
    $got = ask('/app/', undef, method => 'POST', body => 'x' x 60_000);
    is "$got->{status} $got->{text}", '401 {"message":"unauthorised"}', 'or is refused with the request';
    my $plain = ST::Auth->new(url => $s->site_url('plain'));
    is ask('/app/', $session, site => $plain)->{status}, 200, 'anti-csrf asks nothing of a GET';
    is ask('/app/', $session, site => $plain, method => 'POST', body => 'x')->{text}, '{"message":"try refresh token"}', 'but of a POST';
    is ask('/app/', $session, site => $plain, method => 'POST', body => 'x', headers => { rid => 'y' })->{status}, 200, 'a header';
};

subtest 'refreshed tokens' => sub {
    my $was  = create($s->core);
    my $new  = $site->post('/session/refresh', undef, cookies => { sRefreshToken => $was->{refreshToken}{token} });
    my $row  = sub { return $s->pg->value("SELECT refresh_token_hash_2 FROM session_info WHERE session_handle = '$was->{session}{handle}'") };
    my $hash = $row->();
    my $got  = ask('/app/', undef, cookies => { sAccessToken => $new->{cookies}{sAccessToken}{value} });
    is $got->{status}, 200, 'are good';
    is $row->(), $hash, 'without a write';
    is_deeply $got->{cookies}, {}, 'nor a new token';
    my $again = $site->post('/session/refresh', undef, cookies => { sRefreshToken => $new->{cookies}{sRefreshToken}{value} });
    is $again->{status}, 200, 'and the session refreshes on';
};

subtest 'the database' => sub {
    my $ended = create($s->core);
    is ask('/checked/', $ended)->{status}, 200, 'is asked where that is wanted';
    $s->core->post('/recipe/session/remove', { sessionHandles => [$ended->{session}{handle}] });
    is ask('/app/', $ended)->{status}, 200, 'a session that has ended passes until its token ends';
    my $got = ask('/checked/', $ended);
    is "$got->{status} $got->{text}", '401 {"message":"unauthorised"}', 'but not there';
    is $got->{cookies}{sAccessToken}{raw}, q{}, 'and is cleared';
    is $got->{headers}{'front-token'}, 'remove', 'for the front end as well';
    $s->pg->kill9;
    is ask('/app/', $session)->{status}, 200, 'without it sessions are good';
    is ask('/app/', undef)->{status}, 401, 'or not';
    $got = ask('/checked/', $session);
    is $got->{status}, 503, 'only where it is wanted nobody passes';
    is $got->{headers}{'retry-after'}, 1, 'for now';
};

done_testing;

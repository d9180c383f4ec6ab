# SPDX-License-Identifier: Apache-2.0
# From a path to a route of the auth door (spec: fdi 2), and what is refused before.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth;
use ST::Env qw(free_port);
use ST::Session qw(create);
use ST::Stack;

my %paths = (plain => '/auth', deep => '/api/v1/auth', root => q{});
my $bare  = free_port();
my $conf  = "server { listen 127.0.0.1:$bare; location / { fastcgi_param ST_DOOR auth; include supertokens-fcgi.conf; fastcgi_pass supertokens; }\n"
  . 'location /door { fastcgi_param ST_DOOR back; include supertokens-fcgi.conf; fastcgi_pass supertokens; } }';
my $s = ST::Stack->new(
    sites => {
        (map { ($_ => { appInfo => { apiBasePath => $paths{$_} } }) } keys %paths),
        gateway  => { appInfo => { apiGatewayPath => '/gw' } },
        no_email => { recipeList => ['session'] },
        lost     => { supertokens => { appId => 'nobody' } },
    },
    nginx => { site => $conf },
);
my %auth = map { ($_ => ST::Auth->new(url => $s->site_url($_), base => $paths{$_} // '/auth')) } keys %paths, qw(gateway no_email lost);
my $not_found = '{"message":"Not found"}';

# A path is reached when the route's own answer comes: 401 here, as there is no session.
sub reached ($got, $name)     { return is "$got->{status} $got->{text}", '401 {"message":"unauthorised"}', "$name is reached" }
sub not_reached ($got, $name) { return is "$got->{status} $got->{text}", "404 $not_found", "$name is not" }

subtest 'base paths' => sub {
    reached($auth{$_}->post('/signout'), "/signout below '$paths{$_}'") for sort keys %paths;
    my $plain = $auth{plain};
    reached($plain->post(q{}, undef, at => $_), $_) for '/auth/signout', '/auth/signout/', '/auth/signout?x=/auth/y', '/auth/./signout', '/auth/x/../signout', '/auth/x/%2E%2e/signout';
    not_reached($plain->post(q{}, undef, at => $_), $_) for '/auth//signout', '/auth/SIGNOUT', '/auth/signout//', '/auth/signout/x', '/auth/sign%6Fut', '/auth/', '/auth/.../signout', '/auth/a_b/signout', '/auth/a/b/signout';
};

subtest 'methods' => sub {
    not_reached($auth{plain}->request($_, '/signout'), "$_ /signout") for qw(GET PUT DELETE PATCH);
    my $preflight = $auth{plain}->request('OPTIONS', '/signout');
    is "$preflight->{status} $preflight->{text}", '204 ', 'OPTIONS says nothing: what other origins may do is nginx\'s to say';
    is $auth{plain}->request('HEAD', '/signout')->{status}, 404, 'HEAD neither';
};

subtest 'a gateway in front' => sub {
    reached($auth{gateway}->post('/signout'), 'the path without its prefix');
    my $got = $auth{gateway}->post('/session/refresh');
    like $got->{cookies}{sRefreshToken}{attributes}, qr{Path=/gw/auth/session/refresh;}, 'which the browser sees in cookies';
};

subtest 'tenants' => sub {
    is $s->core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', firstFactors => undef })->{json}{status}, 'OK', 'a tenant';
    reached($auth{plain}->post("/$_/signout"), $_) for qw(t1 public T1);
    my $got = $auth{plain}->post('/nobody/signout');
    is "$got->{status} $got->{text}", '400 {"message":"Unknown tenant: nobody"}', 'an unknown one is told';
    my $session = create($s->core->with(prefix => '/t1'));
    is $auth{plain}->post('/signout', undef, cookies => { sAccessToken => $session->{accessToken}{token} })->{status}, 200, 'the session says of which tenant it is';
    is $s->pg->value(q{SELECT count(*) FROM session_info WHERE tenant_id = 't1'}), 0, 'and ends there';
};

subtest 'rid' => sub {
    reached($auth{plain}->post('/signout', undef, headers => { rid => $_ }), "rid $_") for qw(anti-csrf session emailpassword thirdpartyemailpassword nothing);
};

subtest 'what the site has not' => sub {
    not_reached($auth{no_email}->post('/signup', {}), '/signup without emailPassword');
    my $got = $auth{lost}->post('/signout');
    is "$got->{status} $got->{text}", '500 {"message":"Internal error"}', 'a site whose app does not exist';
    like $s->service->log_text, qr/the app of site lost does not exist/, 'is told in the log';
};

subtest 'nginx' => sub {
    my $none = ST::Auth->new(url => "http://127.0.0.1:$bare");
    is $none->post('/signout')->{status}, 500, 'that names no site';
    like $s->service->log_text, qr/nginx names the site ""/, 'is told in the log';
    my $got = $none->post(q{}, undef, at => '/door', headers => { 'st-door' => 'core' });
    is $got->{status}, 404, 'that names no door there is';
    like $s->service->log_text, qr/no ST_DOOR that there is: "back"/, 'too';
};

subtest 'addresses' => sub {
    my $session = create($s->core->with(prefix => '/t1'));
    is $s->core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', firstFactors => undef, coreConfig => { ip_deny_regex => '127[.].*' } })->{json}{status}, 'OK', 'a tenant with a policy';
    my $got = $auth{plain}->post('/t1/signout');
    is "$got->{status} $got->{text}", '403 {"message":"Forbidden"}', 'keeps others out';
    reached($auth{plain}->post('/signout'), 'its neighbour');
    my %form = (formFields => [{ id => 'email', value => 'a@b.example' }, { id => 'password', value => 'secret-1' }]);
    $got = $auth{plain}->post('/signin', \%form, headers => { 'fdi-version' => '3.0' }, cookies => { sAccessToken => $session->{accessToken}{token} });
    is "$got->{status} $got->{text}", '403 {"message":"Forbidden"}', 'also where a session leads to the tenant';
    $got = $auth{plain}->post('/signout', undef, cookies => { sAccessToken => $session->{accessToken}{token} });
    is "$got->{status} $got->{text}", '403 {"message":"Forbidden"}', 'such a session is not ended';
    $got = $auth{plain}->post('/session/refresh', undef, cookies => { sRefreshToken => $session->{refreshToken}{token} });
    is "$got->{status} $got->{text}", '403 {"message":"Forbidden"}', 'nor is it refreshed';
    is_deeply $got->{cookies}, {}, 'but it stays';
    is $s->pg->value(q{SELECT count(*) FROM session_info WHERE tenant_id = 't1'}), 1, 'there too';
};

done_testing;

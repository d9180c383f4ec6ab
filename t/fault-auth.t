# SPDX-License-Identifier: Apache-2.0
# Every route of the auth door, the verify door and what it says to those it refuses, while memory, PostgreSQL or the
# connection fails.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Auth;
use ST::Env     qw(temp_dir);
use ST::Fault;
use ST::Provider;
use ST::Session qw(T create_input);
use ST::Site;

my $provider = eval { ST::Provider->new };
my @providers = $provider ? ($provider->google) : ();
my $url  = 'http://127.0.0.1:3999';
my %site = (
    appInfo         => { %{ ST::Site::usual()->{appInfo} }, apiDomain => $url, websiteDomain => $url },
    recipeList      => [
        'emailPassword', 'session', 'userRoles',
        { emailVerification => { mode => 'OPTIONAL' } },
        ($provider ? { thirdParty => { signInAndUpFeature => { providers => \@providers } } } : ()),
    ],
    emailDelivery => { directory => temp_dir('mails') },
    webhooks      => [{ id => 'hook', url => 'http://127.0.0.1:1/', secret => 'whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u' }],
);
my $f = ST::Fault->new(sites => { example => JSON::PP->new->canonical->encode(\%site) });
my $n = 0;

sub email { return 'user' . ++$n . '@example.com' }
sub post ($path, $body, %opt) { return $f->made('POST', $path, $body, %opt) }
sub form (%values) { return { formFields => [map { { id => $_, value => $values{$_} } } sort keys %values] } }
sub sweep (@row) { return $f->route('auth', @row) }

sub user { my %in = (email => email(), password => 'password1'); return { %in, id => post('/recipe/signup', \%in)->{user}{id} } }
sub session ($user, %more) { return post('/recipe/session', create_input(userId => $user->{id}, %more)) }
sub tokens ($session) { return { sAccessToken => $session->{accessToken}{token}, sRefreshToken => $session->{refreshToken}{token} } }
sub signed_in ($user) { return (cookies => tokens(session($user))) }
sub reset_token ($user) { return post('/recipe/user/password/reset/token', { userId => $user->{id}, email => $user->{email} })->{token} }
sub verify_token ($user) { return post('/recipe/user/email/verify/token', { userId => $user->{id}, email => $user->{email} })->{token} }

my $user = user();

# ---- passwords ----
sweep(POST => '/signup', sub { return form(email => email(), password => 'password1') });
sweep(POST => '/signin', form(email => $user->{email}, password => 'password1'));
sweep(GET  => '/signup/email/exists',        { email => $user->{email} });
sweep(GET  => '/emailpassword/email/exists', { email => $user->{email} });
sweep(POST => '/user/password/reset/token', form(email => $user->{email}));
sweep(POST => '/user/password/reset', sub { return { %{ form(password => 'password2') }, method => 'token', token => reset_token(user()) } });

# ---- sessions ----
sweep(POST => '/session/refresh', sub { return (undef, signed_in($user)) });
sweep(POST => '/signout', sub { return (undef, signed_in($user)) });

# ---- addresses ----
sweep(POST => '/user/email/verify/token', sub { return (undef, signed_in(user())) });
sweep(POST => '/user/email/verify', sub { return { method => 'token', token => verify_token(user()) } });
sweep(POST => '/user/email/verify', sub { my $new = user(); return ({ method => 'token', token => verify_token($new) }, signed_in($new)) }, name => 'signed in');
sweep(GET  => '/user/email/verify', sub { return (undef, signed_in($user)) });

# ---- providers ----
sweep(GET => '/loginmethods', undef, name => 'with its providers');
if ($provider) {
    my $back = "$url/login/callback/google";
    my $asks = { thirdPartyId => 'google', redirectURIOnProviderDashboard => $back };
    my $way  = sub {
        my $way = $f->ask('auth', 'GET', '/authorisationurl', $asks)->{json};
        my $got = $provider->visit("$way->{urlWithQueryParams}&state=s", user => 'alice');
        my %info = (redirectURIOnProviderDashboard => $back, redirectURIQueryParams => $got);
        $info{pkceCodeVerifier} = $way->{pkceCodeVerifier} if defined $way->{pkceCodeVerifier};
        return { thirdPartyId => 'google', redirectURIInfo => \%info };
    };
    sweep(GET  => '/authorisationurl', $asks);
    sweep(POST => '/signinup', $way, once => 1);
    my $state = MIME::Base64::encode_base64(JSON::PP->new->encode({ frontendRedirectURI => $back }), q{});
    sweep(POST => '/callback/apple', 'code=c&state=' . ST::Provider::encode($state), params => { CONTENT_TYPE => 'application/x-www-form-urlencoded' }, status => 303);
}
else {
    diag 'the routes of providers are left out: node is not installed';
    $f->{done}{"auth $_ -"} = 1 for 'GET /authorisationurl', 'POST /signinup', 'POST /callback/apple';
}

# ---- the verify door ----
my %claims = ('st-role' => { v => ['editor'], t => 1 }, 'st-ev' => { v => T, t => 1 });
my $cookies = tokens(session($user, userDataInJWT => \%claims));
$f->route('verify', GET => '/page', undef, cookies => $cookies, params => { ST_REQUIRE => $_ }, name => $_ || 'any session')
  for q{}, 'role=editor,email verified', 'check database';
$f->route('verify', GET => '/page', sub { return (undef, signed_in($user), params => { ST_REQUIRE => q{} }) }, name => 'a token not seen before');
$f->route('verify', GET => '/page', undef, params => { ST_REQUIRE => q{} }, name => 'no session', status => 401);
$f->route('denied', GET => '/page', undef, params => { ST_REQUIRE => q{}, ST_ERROR => 401 }, name => 'for a script', status => 401);
$f->route('denied', GET => '/page', undef, params => { ST_REQUIRE => q{}, HTTP_ACCEPT => 'text/html' }, name => 'for a browser', status => 302);

# ---- the operations door ----
for my $path (qw(/metrics /health/live /health/ready)) {
    $f->route('ops', $_ => $path) for qw(GET HEAD);
}

$f->finish('auth', 'ops');
done_testing;

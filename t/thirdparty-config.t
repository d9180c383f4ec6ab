# SPDX-License-Identifier: Apache-2.0
# Which providers a tenant has, how browsers are sent to them, and GET /loginmethods.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Digest::SHA  ();
use JSON::PP     ();
use MIME::Base64 ();
use Test::More;

use ST::Auth;
use ST::Env qw(free_port);
use ST::Provider;
use ST::Stack;

my $provider = ST::Provider->new;
my $dead     = 'http://127.0.0.1:' . free_port();
my @two      = (ST::Provider::client(clientType => 'web', scope => ['openid']), { clientType => 'mobile', clientId => 'client-public' });
my %oauth    = (authorizationEndpoint => 'https://login.example.com/auth?fixed=1&scope=x#part', tokenEndpoint => 'https://login.example.com/token',
    userInfoEndpoint => 'https://login.example.com/me');
my $s = ST::Stack->new(
    sites => {
        example => {
            recipeList => $provider->recipes(
                { %{ $provider->google }, includeInNonPublicTenantsByDefault => JSON::PP::true },
                { config => { thirdPartyId => 'github',   clients => [ST::Provider::client()] } },
                { config => { thirdPartyId => 'bitbucket', clients => [ST::Provider::client()] } },
                { config => { thirdPartyId => 'facebook', clients => [ST::Provider::client()] } },
                { config => { thirdPartyId => 'twitter',  clients => [ST::Provider::client()] } },
                $provider->custom(thirdPartyId => 'workspaces', thirdPartyImplementation => 'google-workspaces',
                    clients => [ST::Provider::client(additionalConfig => { hd => 'example.com' })]),
                $provider->custom(thirdPartyId => 'two', clients => \@two),
                { config => { thirdPartyId => 'params', %oauth, clients => [ST::Provider::client()],
                    authorizationEndpointQueryParams => { client_id => undef, prompt => 'log in & more', scope => 'a' } } },
                { config => { thirdPartyId => 'boxy-saml-1', clients => [ST::Provider::client(additionalConfig => { boxyURL => 'https://boxy.example.com' })] } },
                $provider->custom(thirdPartyId => 'dead', oidcDiscoveryEndpoint => "$dead/openid"),
            )
        }
    }
);
my $auth = ST::Auth->new(url => $s->site_url);
my $back = 'http://localhost/callback?x=1&y=a b';

sub ask ($id, %opt) {
    my $prefix = defined $opt{tenant} ? "/$opt{tenant}" : q{};
    my %query  = (thirdPartyId => $id, redirectURIOnProviderDashboard => $back, (defined $opt{client} ? (clientType => $opt{client}) : ()));
    return $auth->get("$prefix/authorisationurl?" . join q{&}, map { "$_=" . ST::Provider::encode($query{$_}) } sort keys %query);
}

# The parameters of the address, and {at}: where it leads.
sub url ($id, %opt) {
    my $got = ask($id, %opt);
    my $url = $got->{json}{urlWithQueryParams} // return { error => "$got->{status} $got->{text}" };
    return { %{ ST::Provider::query($url) }, at => $url =~ s/[?].*//r, verifier => $got->{json}{pkceCodeVerifier} };
}

subtest 'the address of a provider' => sub {
    my $google = url('google');
    my ($challenge, $verifier) = (delete $google->{code_challenge}, delete $google->{verifier});
    is_deeply $google,
      {
        at            => $provider->url('/google/authorize'),
        client_id     => 'client-web',
        redirect_uri  => $back,
        response_type => 'code',
        scope         => 'openid email',
        code_challenge_method => 'S256',
        included_grant_scopes => 'true',
        access_type           => 'offline',
      };
    like $verifier, qr/\A[A-Za-z0-9._~-]{64}\z/, 'a verifier of 64 characters';
    is $challenge, MIME::Base64::encode_base64url(Digest::SHA::sha256($verifier)), 'and its challenge';
    isnt url('google')->{verifier}, $verifier, 'another one each time';
    is ask('google')->{headers}{'cache-control'}, 'no-store';

    my $github = url('github');
    is_deeply [@$github{qw(at scope verifier)}], ['https://github.com/login/oauth/authorize', 'read:user user:email', undef], 'GitHub';
    is url('bitbucket')->{audience}, 'api.atlassian.com', 'Bitbucket';
    is url('facebook')->{at}, 'https://www.facebook.com/v12.0/dialog/oauth', 'Facebook';
    ok url('twitter')->{code_challenge}, 'Twitter with PKCE';
    is url('boxy-saml-1')->{at}, 'https://boxy.example.com/api/oauth/authorize', 'one made from its additionalConfig';
    is url('workspaces')->{hd}, 'example.com', 'Google Workspaces by thirdPartyImplementation';
    is ask('params')->{json}{urlWithQueryParams},
      'https://login.example.com/auth?fixed=1&scope=a&redirect_uri=http%3A%2F%2Flocalhost%2Fcallback%3Fx%3D1%26y%3Da+b'
      . '&response_type=code&prompt=log+in+%26+more#part', 'parameters are set and removed, a query and a fragment stay';
};

subtest 'clients' => sub {
    is url('two', client => 'web')->{client_id},    'client-web',    'chosen by clientType';
    is url('two', client => 'web')->{scope},        'openid',        'with a scope of its own';
    is url('two', client => 'mobile')->{client_id}, 'client-public', 'another one';
    is url('two', client => 'mobile')->{scope},     undef, 'generic providers have no scope';
    for my $case (['two'], ['two', client => 'tv'], ['google', client => 'web']) {
        my $got = ask(@$case);
        is "$got->{status} $got->{json}{message}", '500 The provider is not configured correctly', "none: @$case";
    }
    like $s->service->log_text, qr/Could not find client config for clientType: tv/, 'is logged';
};

subtest 'input' => sub {
    my %want = (
        q{}                          => 'Please provide the thirdPartyId as a GET param',
        '?thirdPartyId=google'       => 'Please provide the redirectURIOnProviderDashboard as a GET param',
        '?thirdPartyId=a&thirdPartyId=b' => 'Please provide the thirdPartyId as a GET param',
        '?thirdPartyId=x&redirectURIOnProviderDashboard=y' => 'the provider x could not be found in the configuration',
    );
    is $auth->get("/authorisationurl$_")->{json}{message}, $want{$_}, "authorisationurl$_" for sort keys %want;
    is ask('google', tenant => 'none')->{status}, 400, 'an unknown tenant';
    is ask('dead')->{status}, 502, 'discovery that cannot be had';
};

sub methods ($tenant = undef, $query = q{}) { return $auth->get((defined $tenant ? "/$tenant" : q{}) . "/loginmethods$query")->{json} }
sub ids ($methods) { return [map { $_->{id} } @{ $methods->{thirdParty}{providers} }] }

subtest 'GET /loginmethods' => sub {
    my $all = methods();
    is_deeply ids($all), [qw(google github bitbucket facebook twitter workspaces params boxy-saml-1 dead)], 'those that can be used, in their order';
    is_deeply [@{ $all->{thirdParty}{providers} }[0, 5, 6]],
      [{ id => 'google', name => 'Google' }, { id => 'workspaces', name => 'Custom' }, { id => 'params' }], 'with their names';
    is_deeply $all->{firstFactors}, ['emailpassword', 'thirdparty'], 'factors';
    is_deeply [map { $all->{$_}{enabled} } qw(emailPassword thirdParty passwordless webauthn)], [JSON::PP::true, JSON::PP::true, JSON::PP::false, JSON::PP::false];
    is_deeply ids(methods(undef, '?clientType=mobile')), ['two'], 'for a kind of client';
    is_deeply [grep { $_->{at} eq 'discovery' && $_->{headers}{host} =~ /^\Q$dead\E/ } @{ $provider->log }], [], 'no provider is asked';
    is $auth->get('/none/loginmethods')->{status}, 400, 'an unknown tenant';
};

subtest 'tenants' => sub {
    $s->core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', firstFactors => ['thirdparty', 'custom-factor'] });
    my $t1 = methods('t1');
    is_deeply ids($t1), ['google'], 'a tenant without its own has those marked for it';
    is_deeply [sort @{ $t1->{firstFactors} }], ['custom-factor', 'thirdparty'], 'and its own factors';
    is $t1->{emailPassword}{enabled}, JSON::PP::false;
    is ask('github', tenant => 't1')->{status}, 400, 'others it does not have';

    my $put = sub ($config) { return $s->core->put('/t1/recipe/multitenancy/config/thirdparty', { config => $config, skipValidation => JSON::PP::true })->{json}{status} };
    is $put->({ thirdPartyId => 'two', name => 'Theirs', clients => [{ clientType => 'web', clientId => 'of-tenant', clientSecret => 'x' }] }), 'OK';
    is $put->({ thirdPartyId => 'own', clients => [{ clientId => 'own', scope => ['s'] }], authorizationEndpoint => 'https://own.example.com/' }), 'OK';
    is_deeply [sort @{ ids(methods('t1')) }], ['own'], 'a tenant with its own has no others';
    is_deeply [sort @{ ids(methods('t1', '?clientType=web')) }], ['two'];
    is url('two', tenant => 't1', client => 'web')->{client_id},    'of-tenant',     'laid over the site\'s: a client takes the place of another';
    is url('two', tenant => 't1', client => 'web')->{scope},        undef,           'as a whole';
    is url('two', tenant => 't1', client => 'mobile')->{client_id}, 'client-public', 'others stay';
    is url('two', tenant => 't1', client => 'web')->{at}, $provider->url('/oidc/authorize'), 'and so does what the tenant does not say';
    is url('own', tenant => 't1')->{at}, 'https://own.example.com/', 'one that the site does not have';
    is url('two', client => 'web')->{client_id}, 'client-web', 'the public tenant keeps the site\'s';

    is $provider->sign_in($auth, 'google', tenant => 'public')->{json}{status}, 'OK', 'signing in to a tenant by name';
    my %own = (thirdPartyId => 'custom', clients => [ST::Provider::client()], oidcDiscoveryEndpoint => $provider->url('/oidc/.well-known/openid-configuration'));
    is $put->(\%own), 'OK';
    my $user = $provider->sign_in($auth, 'custom', tenant => 't1')->{json}{user};
    is_deeply $user->{tenantIds}, ['t1'], 'a provider of the tenant makes users of the tenant';
    $s->core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', firstFactors => ['emailpassword'] });
    is $provider->sign_in($auth, 'custom', tenant => 't1')->{status}, 401, 'not where the factor is off';

    my %of_flags = (tenantId => 't2', emailPasswordEnabled => JSON::PP::false, thirdPartyEnabled => JSON::PP::true, passwordlessEnabled => JSON::PP::true);
    is $s->core->put('/recipe/multitenancy/tenant', \%of_flags, cdi => '5.0')->{json}{status}, 'OK', 'a tenant without a list, where passwords were switched off';
    is_deeply methods('t2')->{firstFactors}, ['thirdparty'], 'has what is left';
    my $form = { formFields => [{ id => 'email', value => 'jane@example.com' }, { id => 'password', value => 'secret-1' }] };
    is $auth->post("/t2/$_", $form)->{status}, 401, "$_ by password is refused" for qw(signup signin);
};

$s->stop;
done_testing;

# SPDX-License-Identifier: Apache-2.0
# Providers that fail, refuse or lie: each is told apart in the answer and in the log, and nobody is signed in.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth;
use ST::Env qw(patience);
use ST::Provider;
use ST::Stack;

my $provider = ST::Provider->new;
my $dead     = 'http://127.0.0.1:1';    # where no other test listens
my %to       = (authorizationEndpoint => $provider->url('/oidc/authorize'), clients => [ST::Provider::client()]);
my $s        = ST::Stack->new(
    sites  => {
        example => {
            recipeList => $provider->recipes(
                $provider->google,
                $provider->github,
                $provider->custom(thirdPartyId => 'secret', clients => [ST::Provider::client(clientSecret => 'a-wrong-secret')]),
                $provider->custom(thirdPartyId => 'workspaces', thirdPartyImplementation => 'google-workspaces',
                    clients => [ST::Provider::client(additionalConfig => { hd => 'example.com' })]),
                $provider->custom(thirdPartyId => 'dead',   oidcDiscoveryEndpoint => "$dead/openid"),
                { config => { %to, thirdPartyId => 'dead-token', tokenEndpoint => "$dead/token", jwksURI => "$dead/jwks" } },
                { config => { %to, thirdPartyId => 'plain', tokenEndpoint => $provider->url('/oidc/token'), userInfoEndpoint => $provider->url('/oidc/userinfo') } },
            )
        }
    }
);
my $auth = ST::Auth->new(url => $s->site_url);

my %MESSAGE = (
    400 => 'The provider does not accept the code, or the tokens are not valid',
    500 => 'The provider is not configured correctly',
    502 => qr/^The provider (?:cannot be reached at the moment|gives an answer that cannot be used)$/,
    504 => 'The provider does not answer in time',
);

# The answer has STATUS and its message, LOG is in the log since MARK, and no session was made.
sub failed ($got, $status, $log, $name) {
    my $mark = $s->{mark} // 0;
    $s->{mark} = $s->service->log_mark;
    return subtest $name => sub {
        is $got->{status}, $status, 'status' or diag $got->{text};
        like $got->{json}{message}, ref $MESSAGE{$status} ? $MESSAGE{$status} : qr/\A\Q$MESSAGE{$status}\E\z/, 'message';
        is_deeply $got->{cookies}, {}, 'no cookies';
        ok !$got->{headers}{'st-access-token'}, 'no tokens';
        like $s->service->log_since($mark), qr/\| $log/, 'log';
    };
}

sub sign_in ($id = 'google', %opt) { return $provider->sign_in($auth, $id, %opt) }

subtest 'denied at the provider' => sub {
    my $got = sign_in('google', decision => 'deny');
    is $got->{status}, 200;
    is_deeply $got->{json}, { status => 'GENERAL_ERROR', message => 'Access was denied at the provider' }, 'is said to the user';
    like $s->service->log_text, qr/INFO .* site example, provider google: denied at the provider/, 'and logged';
    my $body = { thirdPartyId => 'google', redirectURIInfo => { redirectURIOnProviderDashboard => 'http://x/' } };
    for my $case ([server_error => 502], [temporarily_unavailable => 502], [invalid_scope => 500], [unauthorized_client => 500]) {
        $body->{redirectURIInfo}{redirectURIQueryParams} = { error => $case->[0] };
        failed($auth->post('/signinup', $body), $case->[1], ".*came back with error $case->[0]", "sent back with $case->[0]");
    }
    $body->{redirectURIInfo}{redirectURIQueryParams} = { state => 'x' };
    is $auth->post('/signinup', $body)->{status}, 400, 'neither code nor error';
};

subtest 'codes that are not good' => sub {
    my $body = $provider->authorise($auth, 'google');
    my $got = $auth->post('/signinup', $body);
    is $got->{json}{status}, 'OK', 'a code is good once' or diag $got->{text};
    failed($auth->post('/signinup', $body), 400, 'INFO .*token endpoint: invalid_grant', 'a second time it is not');
    $body = $provider->authorise($auth, 'google');
    $body->{redirectURIInfo}{pkceCodeVerifier} = 'x' x 64;
    failed($auth->post('/signinup', $body), 400, 'INFO .*token endpoint: invalid_grant', 'nor with another verifier');
    $body = $provider->authorise($auth, 'google');
    $body->{redirectURIInfo}{redirectURIOnProviderDashboard} .= '/x';
    failed($auth->post('/signinup', $body), 400, 'INFO .*token endpoint: invalid_grant', 'nor from another page');
    $body = $provider->authorise($auth, 'github');
    $body->{redirectURIInfo}{redirectURIQueryParams}{code} = 'made-up';
    failed($auth->post('/signinup', $body), 400, 'INFO .*token endpoint: bad_verification_code', 'GitHub says so with status 200');
    $provider->fault(token => 400, error => 'invalid_request');
    failed(sign_in(), 400, 'INFO .*token endpoint: invalid_request', 'LinkedIn and Twitter call it so');
    $provider->fault(token => 400, error => { code => 100, message => 'This authorization code has been used.' });
    failed(sign_in(), 400, 'INFO .*token endpoint: invalid_grant', 'and Facebook by a number');
};

subtest 'a bad configuration' => sub {
    failed(sign_in('secret'), 500, 'ERROR .*token endpoint: status 401, error invalid_client', 'a wrong client secret');
    $provider->fault(token => 400, error => { code => 1, message => 'Error validating client secret.' });
    failed(sign_in(), 500, 'ERROR .*token endpoint: status 400, error unknown', 'the same at Facebook');
    unlike $s->service->log_text, qr/a-wrong-secret|secret-web/, 'secrets are not logged';
    my %url = (dead => 502, 'dead-token' => 200);
    is $auth->get("/authorisationurl?thirdPartyId=$_&redirectURIOnProviderDashboard=http://x/")->{status}, $url{$_}, "URL of $_"
      for sort keys %url;
};

subtest 'a provider that is down' => sub {
    failed(sign_in('dead-token'), 502, 'WARN .*token endpoint: Couldn\'t connect', 'nobody listens');
    $provider->fault(token => 503);
    failed(sign_in(), 502, 'WARN .*token endpoint: answered with status 503', 'it says that it is');
    $provider->fault(emails => 500);
    failed(sign_in('github'), 502, 'WARN .*list of addresses: answered with status 500', 'in the middle of it');
    $provider->fault(token => 'cut');
    failed(sign_in(), 502, 'WARN .*token endpoint: Transferred a partial file', 'it breaks off');
};

subtest 'answers that cannot be used' => sub {
    for my $how (qw(garbage html array text empty huge redirect 404)) {
        $provider->fault(userinfo => $how);
        failed(sign_in('plain'), 502, 'WARN .*(?:user info endpoint|no user id)', "user info: $how");
    }
    for my $how (qw(garbage html array text empty huge redirect)) {
        $provider->fault(token => $how);
        failed(sign_in('plain'), 502, 'WARN .*token endpoint', "tokens: $how");
    }
    $provider->fault(emails => 'text');
    is sign_in('github')->{json}{status}, 'NO_EMAIL_GIVEN_BY_PROVIDER', 'a list of addresses that is none';
    $provider->fault(user => 'array');
    failed(sign_in('github'), 502, 'WARN .*no user id', 'a user that is none');
};

subtest 'id tokens that are not good' => sub {
    my @cases = (
        ['of another client'     => { claims       => { aud => 'client-other' } },           'another client'],
        ['of several others'     => { claims       => { aud => ['a', 'b'] } },               'another client'],
        ['of nobody'             => { claims       => { aud => undef } },                    'another client'],
        ['of another issuer'     => { claims       => { iss => 'https://evil.example' } },   'another issuer'],
        ['of no issuer'          => { claims       => { iss => undef } },                    'another issuer'],
        ['that has expired'      => { expires_in   => -100 },                                'it has expired'],
        ['that never expires'    => { claims       => { exp => undef } },                    'no exp'],
        ['with a strange time'   => { claims       => { exp => 'tomorrow' } },               'no exp'],
        ['of the future'         => { claims       => { nbf => time + 1000 } },              'not valid yet'],
        ['with a bad signature'  => { tamper       => 'signature' },                         'signature is wrong'],
        ['with other claims'     => { tamper       => 'payload' },                           'signature is wrong'],
        ['without a signature'   => { alg          => 'none' },                              'not accepted'],
        ['with a shared secret'  => { alg          => 'HS256' },                             'not accepted'],
        ['of an unknown key'     => { kid          => 'another' },                           'no published key'],
    );
    for my $case (@cases) {
        my ($name, $knob, $log) = @$case;
        $provider->control('id-token' => $knob);
        failed(sign_in(), 502, "WARN .*id token: .*$log", $name);
    }
    $provider->control('id-token' => { claims => { sub => '7' } });
    failed(sign_in(), 502, 'WARN .*id token and user info are not of the same user', 'of another user than the access token');
    my $users = $s->pg->value('SELECT count(*) FROM thirdparty_users');
    $provider->control('id-token' => { claims => { aud => ['client-web', 'b'] } });
    is sign_in()->{json}{status}, 'OK', 'one of several clients';
    is $s->pg->value('SELECT count(*) FROM thirdparty_users'), $users, 'none of the bad ones has made a user';
};

subtest 'workspaces' => sub {
    my ($other, $own) = map { { 'id-token' => { claims => { hd => $_ } } } } 'other.example.com', 'example.com';
    $provider->control(%$other);
    failed(sign_in('workspaces'), 502, 'WARN .*it is of another workspace', 'another one');
    $provider->control('id-token' => { omit => JSON::PP::true });
    failed(sign_in('workspaces'), 502, 'WARN .*without an id token it is not known of which workspace', 'nothing tells which');
    is sign_in()->{json}{status}, 'OK', 'which others need not say';
    $provider->control(%$own);
    is sign_in('workspaces')->{json}{status}, 'OK', 'the right one';
    $provider->reset;
};

subtest 'a provider that is slow' => sub {
    $s->service->write_config(fcgi_request_timeout => patience(3000));
    $s->restart_service;
    sign_in();
    $s->{mark} = $s->service->log_mark;
    $provider->fault(token => 'slow', ms => patience(20_000));
    failed(sign_in(), 504, 'WARN .*token endpoint: Timeout', 'does not answer in time');
};

is $s->core->get('/hello')->{text}, "Hello\n", 'the service is well';
unlike $s->service->log_text, qr/eyJ|gho_|code_verifier/, 'no token was logged';
$s->stop;
done_testing;

# SPDX-License-Identifier: Apache-2.0
# Signing in with tokens that a client has got from the provider itself, and the input of POST /signinup.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;

use ST::Auth;
use ST::Provider;
use ST::Stack;
use ST::Users;

my $provider = ST::Provider->new;
my $public   = $provider->github(thirdPartyId => 'github-device', clients => [{ clientId => 'client-public' }]);
my $discord  = { config => { thirdPartyId => 'discord', tokenEndpoint => $provider->url('/oidc/token'), userInfoEndpoint => $provider->url('/oidc/users/@me'), clients => [ST::Provider::client()] } };
my $facebook = $provider->facebook(thirdPartyId => 'facebook-device', clients => [{ clientId => 'client-public' }]);
my $s        = ST::Stack->new(sites => { example => { recipeList => [@{ $provider->recipes($provider->google, $provider->github, $public, $discord, $provider->facebook, $facebook) }, { emailVerification => { mode => 'OPTIONAL' } }] } });
my $auth     = ST::Auth->new(url => $s->site_url);

# The provider's answer to a code of its own.
sub tokens ($realm, %opt) {
    my %client = (client_id => $opt{client} // 'client-web', redirect_uri => 'http://app/');
    my $query  = join q{&}, map { "$_=" . ST::Provider::encode($client{$_}) } sort keys %client;
    my $code   = $provider->visit($provider->url("/$realm/authorize?response_type=code&$query"), %opt)->{code};
    my %form   = (%client, grant_type => 'authorization_code', code => $code, client_secret => 'secret-web');
    return JSON::PP::decode_json($provider->{http}->post_form($provider->url("/$realm/token"), \%form)->{content});
}

sub sign_in ($id, $tokens) { return $auth->post('/signinup', { thirdPartyId => $id, oAuthTokens => $tokens }) }

subtest 'tokens of OpenID Connect' => sub {
    my $tokens = tokens('google');
    my $got    = sign_in('google', $tokens);
    is $got->{json}{status}, 'OK', 'both tokens' or diag $got->{text};
    is_deeply $got->{json}{user}{thirdParty}, [{ id => 'google', userId => '1001' }];
    is sign_in('google', { id_token     => $tokens->{id_token} })->{json}{status},     'OK', 'the id token alone';

    my ($header, $payload, $signature) = split /[.]/, $tokens->{id_token};
    my %bad = (
        'the access token alone'   => { access_token => $tokens->{access_token} },
        'that of another user'     => { access_token => tokens('google', user => 'bob')->{access_token}, id_token => $tokens->{id_token} },
        'a made-up access token'   => { access_token => 'made-up', id_token => $tokens->{id_token} },
        'one that no header takes' => { access_token => "a\r\nX-Admin: 1", id_token => $tokens->{id_token} },
        'a changed id token'       => { id_token     => join q{.}, $header, $payload =~ s/./A/r, $signature },
        'half an id token'         => { id_token     => "$header.$payload" },
        'nonsense'                 => { id_token     => 'nonsense' },
        'no tokens'                => {},
        'numbers'                  => { id_token     => 7, access_token => [1] },
        'an access token as id'    => { id_token     => $tokens->{access_token} },
        'an empty token'           => { id_token     => q{}, access_token => q{} },
    );
    for my $name (sort keys %bad) {
        my $answer = sign_in('google', $bad{$name});
        is $answer->{status}, 400, $name;
        is_deeply $answer->{cookies}, {};
    }
    is $s->pg->value('SELECT count(*) FROM thirdparty_users'), 1, 'nobody else has come in';
};

subtest 'access tokens of other applications' => sub {
    my $own = tokens('github')->{access_token};
    is sign_in('github', { access_token => $own })->{json}{status}, 'OK', 'a token of our application';
    $provider->control(client => { id => 'client-evil', secret => 'secret-web' });
    my $other = tokens('github', client => 'client-evil')->{access_token};
    is sign_in('github', { access_token => $other })->{status}, 400, 'one that another application was given';
    is $provider->log->[-1]{at}, 'application', 'is found out by asking';
    $other = tokens('oidc', client => 'client-evil')->{access_token};
    is sign_in('discord', { access_token => $other })->{status}, 400, 'another application at Discord';
    is sign_in('discord', { access_token => tokens('oidc')->{access_token} })->{json}{status}, 'OK', 'and our own';
    is_deeply [map { $_->{at} } @{ $provider->log }], [qw(token application token application user)], 'as it says when asked';
    $provider->log;
    $other = tokens('facebook', client => 'client-evil')->{access_token};
    is sign_in('facebook', { access_token => $other })->{status}, 400, 'another application at Facebook';
    is sign_in('facebook', { access_token => $_ })->{status}, 400, "the token '$_'" for 'made-up', 'client-web|secret-web';
    $own = tokens('facebook')->{access_token};
    is sign_in('facebook', { access_token => $own })->{json}{user}{thirdParty}[0]{userId}, '1001', 'and our own';
    my @log = @{ $provider->log };
    is_deeply [map { $_->{at} } @log], [qw(token application application application token application user)], 'which Facebook is asked';
    is_deeply $log[-2]{params}, { input_token => $own, access_token => 'client-web|secret-web' }, 'by the application';
    is sign_in('facebook-device', { access_token => $own })->{status}, 400, 'which needs a secret there too';
    $provider->control(fault => { at => 'application', how => '400' });
    is sign_in('facebook', { access_token => $own })->{status}, 500, 'a secret that Facebook does not know is our fault';
    $provider->control(fault => { at => 'application', how => '500' });
    is sign_in('facebook', { access_token => $own })->{status}, 502, 'its failure is not';
    $other = tokens('github', client => 'client-evil')->{access_token};
    is sign_in('github-device', { access_token => $other })->{status}, 400, 'which needs a secret of our own';
};

subtest 'input' => sub {
    my %info = (redirectURIOnProviderDashboard => 'http://x/', redirectURIQueryParams => { code => 'x' });
    my @cases = (
        [{}                                                            => 'Please provide the thirdPartyId in request body'],
        [{ thirdPartyId => 7, oAuthTokens => {} }                      => 'Please provide the thirdPartyId in request body'],
        [{ thirdPartyId => 'google' }                                  => 'Please provide one of redirectURIInfo or oAuthTokens in the request body'],
        [{ thirdPartyId => 'google', oAuthTokens => 'x' }              => 'Please provide one of redirectURIInfo or oAuthTokens in the request body'],
        [{ thirdPartyId => 'google', redirectURIInfo => {} }           => 'Please provide the redirectURIOnProviderDashboard in request body'],
        [{ thirdPartyId => 'google', redirectURIInfo => 'x' }          => 'Please provide the redirectURIOnProviderDashboard in request body'],
        [{ thirdPartyId => 'other', redirectURIInfo => \%info }        => 'the provider other could not be found in the configuration'],
        [{ thirdPartyId => 'google', redirectURIInfo => { %info, redirectURIQueryParams => {} } } => 'Please provide the code in redirectURIQueryParams'],
        [{ thirdPartyId => 'google', redirectURIInfo => { %info, redirectURIQueryParams => 'code' } } => 'Please provide the code in redirectURIQueryParams'],
        [{ thirdPartyId => 'google', redirectURIInfo => { %info, redirectURIQueryParams => { code => ['x'] } } } => 'Please provide the code in redirectURIQueryParams'],
    );
    for my $case (@cases) {
        my $got = $auth->post('/signinup', $case->[0]);
        is $got->{status}, 400, JSON::PP->new->canonical->encode($case->[0]);
        is $got->{json}{message}, $case->[1];
    }
    my $got = $auth->post('/signinup', { thirdPartyId => 'google', clientType => 'mobile', oAuthTokens => {} });
    is $got->{status}, 500, 'a client that there is not';
    is $auth->post('/signinup', '{')->{status}, 400, 'no JSON';
    is $auth->get('/signinup')->{status}, 404, 'another method';
    is $auth->post('/other/signinup', { thirdPartyId => 'google', oAuthTokens => {} })->{status}, 400, 'an unknown tenant';
};

subtest 'users of several login methods' => sub {
    my $u       = ST::Users->new($s->pg);
    my $primary = $u->make_primary(sign_in('google', tokens('google', user => 'bob'))->{json}{user}{id});
    my $other   = $u->make_primary($s->core->post('/recipe/signup', { email => 'taken@example.com', password => 'secret-1' })->{json}{user}{id});
    $provider->control(user => { name => 'bob', email => 'taken@example.com' });
    is_deeply sign_in('google', tokens('google', user => 'bob'))->{json},
      {
        status => 'SIGN_IN_UP_NOT_ALLOWED',
        reason => 'Cannot sign in / up because new email cannot be applied to existing account. Please contact support. (ERR_CODE_005)',
      },
      'an address that belongs to another primary user is refused';
    my $linked = $s->core->post('/recipe/signup', { email => 'bob2@example.com', password => 'secret-1' })->{json}{user}{id};
    $u->link($linked, $primary);
    $u->verify($linked, 'bob2@example.com');
    $provider->control(user => { name => 'bob', email => 'bob2@example.com' });
    my $user = sign_in('google', tokens('google', user => 'bob'))->{json}{user};
    is $user->{id}, $primary, 'an address that another login method of the user has verified';
    is_deeply [map { $_->{verified} } @{ $user->{loginMethods} }], [JSON::PP::true, JSON::PP::true], 'is verified';
    is $s->pg->value(q{SELECT count(*) FROM emailverification_verified_emails WHERE email = 'bob2@example.com'}), 2;
};

$s->stop;
done_testing;

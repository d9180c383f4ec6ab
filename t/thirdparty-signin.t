# SPDX-License-Identifier: Apache-2.0
# Signing up and in with a provider, all the way through nginx: OpenID Connect, GitHub's and Apple's own ways.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth;
use ST::Provider;
use ST::Stack;

my $provider = ST::Provider->new;
my $public   = $provider->custom(thirdPartyId => 'public', name => 'Public', clients => [{ clientId => 'client-public' }]);
my $s        = ST::Stack->new(
    sites => {
        example => {
            recipeList => $provider->recipes($provider->google, $provider->github, $provider->apple, $public),
            webhooks   => [{ id => 'hook', url => 'http://127.0.0.1:1/', secret => 'a secret of the webhook' }],
        }
    }
);
my $auth = ST::Auth->new(url => $s->site_url, headers => { 'st-auth-mode' => 'cookie' });

sub users ($sql = q{}) { return $s->pg->value("SELECT count(*) FROM thirdparty_users $sql") }

subtest 'OpenID Connect' => sub {
    my $new = $provider->sign_in($auth, 'google', user => 'alice');
    is $new->{status}, 200;
    is $new->{json}{status}, 'OK';
    is $new->{json}{createdNewRecipeUser}, JSON::PP::true, 'a new user';
    my ($user, $method) = ($new->{json}{user}, $new->{json}{user}{loginMethods}[0]);
    is_deeply $method->{thirdParty}, { id => 'google', userId => '1001' }, 'known by the id that the provider gives';
    is $method->{email}, 'alice@example.com', 'with the address';
    is $method->{verified}, JSON::PP::true, 'that the provider vouches for';
    ok $new->{cookies}{sAccessToken}{value} && $new->{cookies}{sRefreshToken}{value}, 'is signed in';
    is $new->{front}{uid}, $user->{id}, 'as is said to the page';
    is $new->{headers}{'cache-control'}, 'no-store', 'nobody may keep the answer';
    unlike $new->{text}, qr/access_token|id_token/, 'the provider\'s tokens stay here';

    my $again = $provider->sign_in($auth, 'google', user => 'alice');
    is $again->{json}{createdNewRecipeUser}, JSON::PP::false, 'the next time it is the same user';
    is $again->{json}{user}{id}, $user->{id};
    is users(), 1;

    my ($token) = grep { $_->{params}{code} } @{ $provider->log('token') };
    ok length $token->{params}{code_verifier} == 64, 'PKCE is used, as the provider can do it';
    is $token->{params}{client_secret}, 'secret-web', 'with the secret';
};

subtest 'what changes at the provider' => sub {
    my $before = $provider->sign_in($auth, 'google', user => 'bob')->{json}{user};
    is $before->{loginMethods}[0]{verified}, JSON::PP::false, 'an address that the provider does not vouch for';
    $provider->control(user => { name => 'bob', email => 'Robert@Example.com', email_verified => JSON::PP::true });
    my $after = $provider->sign_in($auth, 'google', user => 'bob')->{json}{user};
    is $after->{id}, $before->{id}, 'the same user';
    is $after->{loginMethods}[0]{email}, 'robert@example.com', 'with the new address';
    is $after->{loginMethods}[0]{verified}, JSON::PP::true, 'which is verified';

    is_deeply $provider->sign_in($auth, 'google', user => 'carol')->{json}, { status => 'NO_EMAIL_GIVEN_BY_PROVIDER' }, 'no address';
    $provider->reset;
};

subtest 'GitHub' => sub {
    my $new = $provider->sign_in($auth, 'github', user => 'alice');
    is $new->{json}{status}, 'OK' or diag $new->{text};
    my $method = $new->{json}{user}{loginMethods}[0];
    is_deeply $method->{thirdParty}, { id => 'github', userId => '1001' }, 'an id that is a number';
    is $method->{email}, 'alice@example.com', 'the primary one of the addresses';
    is $method->{verified}, JSON::PP::true;
    isnt $new->{json}{user}{id}, $s->pg->value(q{SELECT user_id FROM thirdparty_users WHERE third_party_id = 'google' LIMIT 1}),
      'another user than the one of another provider with the same address and id';
    my @log = @{ $provider->log };
    is_deeply [map { $_->{at} } @log], [qw(token user emails)], 'three requests';
    is $log[0]{params}{code_verifier}, undef, 'without PKCE';
    like $log[1]{headers}{authorization}, qr/^Bearer gho_/, 'with the access token';
    is $log[1]{headers}{accept}, 'application/vnd.github.v3+json';
    is $provider->sign_in($auth, 'github', user => 'bob')->{json}{user}{loginMethods}[0]{verified}, JSON::PP::false, 'not verified there';
    is $provider->sign_in($auth, 'github', user => 'carol')->{json}{status}, 'NO_EMAIL_GIVEN_BY_PROVIDER', 'no primary address';
};

subtest 'Apple' => sub {
    my $body = $provider->authorise($auth, 'apple', user => 'alice');
    my $back = $body->{redirectURIInfo}{redirectURIQueryParams};
    like $back->{user}, qr/"firstName":"Alice"/, 'the first time the name comes with the code';
    my $new = $auth->post('/signinup', $body);
    is $new->{json}{status}, 'OK' or diag $new->{text};
    is_deeply $new->{json}{user}{thirdParty}, [{ id => 'apple', userId => '1001' }];
    my $again = $provider->sign_in($auth, 'apple', user => 'alice');
    is $again->{json}{user}{id}, $new->{json}{user}{id}, 'the next time it does not, and nobody minds';
    my $sent = $provider->log('token')->[-1];
    like $sent->{params}{client_secret}, qr/\A[^.]+[.][^.]+[.][^.]+\z/, 'the client secret is a token that we sign';
};

subtest 'a client without a secret' => sub {
    is $provider->sign_in($auth, 'public')->{json}{status}, 'OK', 'signs in with PKCE';
    my ($sent) = @{ $provider->log('token') };
    is $sent->{params}{client_secret}, undef, 'and nothing else';
};

subtest 'front ends of older versions' => sub {
    my $old = $provider->sign_in($auth, 'google', request => { headers => { 'fdi-version' => '1.17' } })->{json};
    is_deeply [sort keys %{ $old->{user} }], [qw(email id thirdParty timeJoined)], 'get a user of one login method';
    is $old->{createdNewUser}, JSON::PP::false, 'and the older flag';
};

subtest 'webhooks' => sub {
    my $rows  = $s->pg->query(q{SELECT payload FROM stfcgi_deliveries ORDER BY id});
    my ($first, $second) = map { JSON::PP::decode_json($_->[0]) } @$rows[0, 1];
    is_deeply [map { $_->{type} } $first, $second], ['user.signed_up', 'user.signed_in'], 'are told of sign-up and sign-in';
    my %said = map { my $d = JSON::PP::decode_json($_->[0])->{data}; ("$d->{thirdParty}{id} $d->{thirdParty}{userId}" => $d->{rawUserInfoFromProvider}) } @$rows;
    is $said{'google 1001'}{fromIdTokenPayload}{email}, 'alice@example.com', 'and what the provider says of the user';
    is $said{'google 1001'}{fromUserInfoAPI}{sub}, '1001', 'in both places';
    is_deeply [sort keys %{ $said{'github 1001'}{fromUserInfoAPI} }], ['emails', 'user'], 'of two answers both';
    my ($apple) = grep { $_->{thirdParty}{id} eq 'apple' } map { JSON::PP::decode_json($_->[0])->{data} } @$rows;
    is_deeply $apple->{rawUserInfoFromProvider}{fromIdTokenPayload}{user}, { name => { firstName => 'Alice', lastName => 'Example' }, email => 'alice@example.com' },
      'with the name that Apple tells once';
    unlike join(q{}, map { $_->[0] } @$rows), qr/"(?:access|id)_token"/, 'but no token';
    is $first->{data}{userId}, $s->pg->value(q{SELECT user_id FROM thirdparty_users WHERE third_party_id = 'google' ORDER BY time_joined LIMIT 1});
};

$s->stop;
done_testing;

# SPDX-License-Identifier: Apache-2.0
# POST /callback/apple: the form that Apple has the browser post becomes the query of the callback page, of this site only.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP     ();
use MIME::Base64 qw(encode_base64 encode_base64url);
use Test::More;

use ST::Auth;
use ST::Provider;
use ST::Stack;

my $provider = ST::Provider->new;
my $s        = ST::Stack->new(
    sites => {
        example => {
            appInfo    => { websiteDomain => 'http://127.0.0.1:3999' },
            recipeList => $provider->recipes($provider->apple)
        }
    }
);
my $auth = ST::Auth->new(url => $s->site_url, headers => { 'content-type' => 'application/x-www-form-urlencoded' });

sub state_of ($uri, %more) { return encode_base64(JSON::PP->new->canonical->encode({ frontendRedirectURI => $uri, state => 'abc', %more }), q{}) }
sub form (%form) { return join q{&}, map { "$_=" . ST::Provider::encode($form{$_}) } sort keys %form }
sub post (%form) { return $auth->post('/callback/apple', form(%form)) }

subtest 'the way of a browser' => sub {
    my $callback = 'http://127.0.0.1:3999/login/callback/apple';
    my $url      = $auth->get('/authorisationurl?thirdPartyId=apple&redirectURIOnProviderDashboard=' . ST::Provider::encode($s->site_url . '/auth/callback/apple'))
      ->{json}{urlWithQueryParams};
    is(ST::Provider::query($url)->{response_mode}, 'form_post', 'the answer is asked for as a form');
    my $state = state_of($callback);
    my $back  = $provider->visit("$url&state=" . ST::Provider::encode($state));
    is delete $back->{action}, $s->site_url . '/auth/callback/apple', 'it comes to us';
    my $got = post(%$back);
    is $got->{status}, 303, 'and the browser is sent on';
    is $got->{text}, q{}, 'with nothing but the address';
    is $got->{headers}{'content-type'}, 'text/html; charset=utf-8';
    my $to = $got->{headers}{location};
    like $to, qr/\A\Q$callback\E[?]/, 'of the page';
    is_deeply(ST::Provider::query($to), $back, 'with all that was in the form');
    my %info = (redirectURIOnProviderDashboard => $s->site_url . '/auth/callback/apple', redirectURIQueryParams => ST::Provider::query($to));
    my $signed_in = ST::Auth->new(url => $s->site_url)->post('/signinup', { thirdPartyId => 'apple', redirectURIInfo => \%info });
    is $signed_in->{json}{status}, 'OK', 'which signs in with it';

    my $denied = post(%{ $provider->visit("$url&state=" . ST::Provider::encode($state), decision => 'deny') });
    is(ST::Provider::query($denied->{headers}{location})->{error}, 'user_cancelled_authorize', 'or learns that it was denied');
};

subtest 'addresses' => sub {
    my %want = (
        'http://127.0.0.1:3999'                  => 'http://127.0.0.1:3999?code=1&state=',
        'http://127.0.0.1:3999?code=0&b=2#there' => 'http://127.0.0.1:3999?code=1&b=2&state=',
        'HTTP://127.0.0.1:3999/x'                => 'HTTP://127.0.0.1:3999/x?code=1&state=',
        $s->site_url . '/page'                     => $s->site_url . '/page?code=1&state=',
    );
    for my $uri (sort keys %want) {
        my $got = post(code => 1, state => state_of($uri));
        like $got->{headers}{location} // "$got->{status} $got->{text}", qr/\A\Q$want{$uri}\E/, $uri;
    }
    my $url_form = encode_base64url(JSON::PP::encode_json({ frontendRedirectURI => 'http://127.0.0.1:3999/??>>' }));
    is post(state => $url_form)->{status}, 303, 'a state in the other alphabet';
    my @bad = (
        'https://evil.example.com/',            'http://127.0.0.1:3999.evil.com/',  'http://127.0.0.1:3999@evil.com/',
        'http://127.0.0.1:39990/',        'https://127.0.0.1:3999/',            '//127.0.0.1:3999/',
        '/login/callback/apple',                'javascript:alert(1)',                'http://127.0.0.1:3999\\@evil.com/',
        "http://127.0.0.1:3999/\r\nX-A: 1",   'http://127.0.0.1:3999/ x',         'http://127.0.0.1:3999/?%zz=1',
        q{},                                    'http://127.0.0.1:3999/' . 'x' x 20_000,
    );
    for my $uri (@bad) {
        my $got = post(code => 1, state => state_of($uri));
        is $got->{status}, 400, substr $uri, 0, 60;
        is $got->{headers}{location}, undef;
    }
};

subtest 'forms' => sub {
    is post(code  => 1)->{status}, 400, 'no state';
    is post(state => 'not base64!')->{status}, 400, 'no base64';
    is post(state => encode_base64('no json', q{}))->{status}, 400, 'no JSON';
    is post(state => encode_base64('["x"]', q{}))->{status}, 400, 'no object';
    is post(state => encode_base64('{"frontendRedirectURI":7}', q{}))->{status}, 400, 'no address';
    is $auth->post('/callback/apple', 'state=a&state=b')->{status}, 400, 'two states';
    is $auth->post('/callback/apple', 'state=%zz')->{status},       400, 'no form';
    is $auth->post('/callback/apple', '{}', headers => { 'content-type' => 'application/json' })->{status}, 400, 'JSON';
};

$s->stop;
done_testing;

# SPDX-License-Identifier: Apache-2.0
#
# An unmodified express application with the official Node SDK, using us as its core.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Browser;
use ST::Env qw(free_port);
use ST::Node;
use ST::Stack timeout => 600;

use constant {
    KEY      => 'a-key-of-more-than-twenty-characters',
    EMAIL    => 'ada@example.com',
    PASSWORD => 'analytical1843',
};

my $modules = ST::Node::modules("$RealBin/sdk") or plan skip_all => "the Node SDK cannot be had: $@";

# The core wants an API key.
my $stack = ST::Stack->new(config => { api_keys => KEY });
my ($app, $browser) = start_app(CORE_API_KEY => KEY);

subtest 'sign-up' => sub {
    my $answer = $browser->post('/auth/signup', form(EMAIL, PASSWORD));
    is $answer->{status}, 200, 'is answered';
    is $answer->{json}{status}, 'OK', 'with OK';
    is $answer->{json}{user}{emails}[0], EMAIL, 'and the user';
    ok $answer->{set_cookie}{$_}, "sets $_" for qw(sAccessToken sRefreshToken);
    is $browser->post('/auth/signup', form(EMAIL, PASSWORD))->{json}{status}, 'FIELD_ERROR', 'a second time the e-mail is taken';
};

subtest 'sign-in' => sub {
    $browser->cookies({});
    my $wrong = $browser->post('/auth/signin', form(EMAIL, 'wrong-password1'));
    is $wrong->{json}{status}, 'WRONG_CREDENTIALS_ERROR', 'not with a wrong password';
    is_deeply $wrong->{set_cookie}, {}, 'which gives no cookies';
    my $answer = $browser->post('/auth/signin', form(EMAIL, PASSWORD));
    is $answer->{json}{status}, 'OK', 'with the right one';
    ok $answer->{set_cookie}{$_}, "sets $_" for qw(sAccessToken sRefreshToken);
};

subtest 'a protected route' => sub {
    my $answer = $browser->get('/api/protected');
    is $answer->{status}, 200, 'lets the session in';
    like $answer->{json}{userId}, qr/\A[0-9a-f-]{36}\z/, 'and knows its user';
    my $stranger = ST::Browser->new($browser->{url})->get('/api/protected');
    is $stranger->{status}, 401, 'nobody else';
    is $stranger->{json}{message}, 'unauthorised', 'and says so';
};

subtest 'refresh' => sub {
    my $before = $browser->cookies;
    my $answer = $browser->post('/auth/session/refresh');
    is $answer->{status}, 200, 'is answered';
    for (qw(sAccessToken sRefreshToken)) {
        ok $answer->{set_cookie}{$_}, "sets $_";
        isnt $answer->{set_cookie}{$_}, $before->{$_}, 'to another value';
    }
    is $browser->get('/api/protected')->{status}, 200, 'the new access token works';
};

subtest 'refresh-token theft' => sub {
    sign_in();
    my $stolen = $browser->cookies;
    is $browser->post('/auth/session/refresh')->{status}, 200, 'the owner refreshes';
    is $browser->post('/auth/session/refresh')->{status}, 200, 'and again';
    my $owner = $browser->cookies;

    $browser->cookies($stolen);
    my $theft = $browser->post('/auth/session/refresh');
    is $theft->{status}, 401, 'the old token is refused';
    is $theft->{json}{message}, 'token theft detected', 'as stolen';
    is $theft->{set_cookie}{$_}, q{}, "$_ is removed" for qw(sAccessToken sRefreshToken);

    $browser->cookies($owner);
    is $browser->post('/auth/session/refresh')->{status}, 401, 'and the session is over for the owner too';
};

subtest 'a revoked session' => sub {
    sign_in();
    my $handle = $browser->get('/api/checked')->{json}{handle};
    is $browser->post("/api/revoke/$handle")->{json}{revoked}, JSON::PP::true, 'is revoked by its handle';
    is $browser->get('/api/protected')->{status}, 200, 'its access token is valid until it expires';
    is $browser->get('/api/checked')->{status}, 401, 'but not where the database is asked';
};

subtest 'sign-out' => sub {
    sign_in();
    my $left   = $browser->cookies;
    my $answer = $browser->post('/auth/signout');
    is $answer->{json}{status}, 'OK', 'is answered';
    is $answer->{set_cookie}{$_}, q{}, "$_ is removed" for qw(sAccessToken sRefreshToken);
    is $browser->get('/api/protected')->{status}, 401, 'no session any more';
    $browser->cookies($left);
    is $browser->post('/auth/session/refresh')->{status}, 401, 'the refresh token is dead';
    is $browser->get('/api/checked')->{status}, 401, 'and so is the session';
};

subtest 'an application with a wrong API key' => sub {
    my (undef, $other) = start_app(CORE_API_KEY => 'another-key-of-more-than-twenty');
    my $answer = $other->post('/auth/signin', form(EMAIL, PASSWORD));
    is $answer->{status}, 500, 'gets nowhere';
    like $answer->{text}, qr/status code: 401.*Invalid API key/s, 'because the core refuses the key';
};

subtest 'an application outside ip_allow_regex' => sub {
    $stack->service->write_config(ip_allow_regex => '10\.0\.0\..*');
    $stack->restart_service;
    is $stack->core->get('/hello')->{status}, 403, 'the core refuses this address';
    my $answer = $browser->post('/auth/signin', form(EMAIL, PASSWORD));
    is $answer->{status}, 500, 'and so the application gets nowhere';
    like $answer->{text}, qr/status code: 403/, 'because of the 403';
};

done_testing;

sub start_app (%env) {
    my $port = free_port();
    my $proc = ST::Node::start("$RealBin/sdk/app.js", $modules, PORT => $port, CORE_URL => $stack->url, %env);
    return ($proc, ST::Browser->new("http://127.0.0.1:$port"));
}

sub form ($email, $password) {
    return { formFields => [{ id => 'email', value => $email }, { id => 'password', value => $password }] };
}

sub sign_in {
    $browser->cookies({});
    return is $browser->post('/auth/signin', form(EMAIL, PASSWORD))->{json}{status}, 'OK', 'signed in';
}

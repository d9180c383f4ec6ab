# SPDX-License-Identifier: Apache-2.0
# When a user was last active, and what the activity log says, of what is done at the auth door: as the SDK's calls of the
# core would have it (spec: cdi-misc 1, 2).
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth qw(tokens_of);
use ST::Provider;
use ST::Stack;
use ST::Users;

my $provider = ST::Provider->new;
my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4, fcgi_workers => 1 }, sites => { example => { recipeList => $provider->recipes($provider->google) } });
my $pg   = $s->pg;
my $auth = ST::Auth->new(url => $s->site_url, headers => { 'st-auth-mode' => 'cookie' });
my %form = (formFields => [{ id => 'email', value => 'a@example.com' }, { id => 'password', value => 'password-1' }]);

# A write is due only every five minutes in each process: what was there before goes, with the process.
sub forget () {
    $pg->query('DELETE FROM user_last_active');
    $pg->query('DELETE FROM activity_log');
    return $s->restart_service;
}

sub active () { return [map { $_->[0] } @{ $pg->query('SELECT user_id FROM user_last_active ORDER BY 1') }] }
sub events () { return join q{ }, map { $_->[0] } @{ $pg->query('SELECT event_type FROM activity_log ORDER BY event_type') } }

my $user = $auth->post('/signup', \%form)->{json}{user}{id};
is_deeply active(), [$user], 'a sign-up';
is events(), 'emailpassword_sign_up session_created user_last_active', 'is told';

my $primary = ST::Users->new($pg)->make_primary($s->core->post('/recipe/signup', { email => 'b@example.com', password => 'password-1' })->{json}{user}{id});
ST::Users->new($pg)->link($user, $primary);

forget();
my $signed_in = $auth->post('/signin', \%form);
is_deeply active(), [$primary], 'a sign-in: the primary user';
is events(), 'emailpassword_sign_in session_created user_last_active', 'is told';

forget();
my $refreshed = $auth->post('/session/refresh', undef, cookies => { sRefreshToken => tokens_of($signed_in)->{sRefreshToken} });
is $refreshed->{status}, 200, 'refreshed';
is_deeply active(), [$primary], 'a refresh';
is events(), 'user_last_active', 'is told';

forget();
is $auth->post('/signout', undef, cookies => { sAccessToken => tokens_of($refreshed)->{sAccessToken} }, headers => { rid => 'x' })->{status}, 200, 'signed out';
is $auth->post('/signin', { formFields => [{ id => 'email', value => 'a@example.com' }, { id => 'password', value => 'wrong-1' }] })->{json}{status}, 'WRONG_CREDENTIALS_ERROR', 'a wrong password';
is_deeply active(), [], 'neither makes anybody active';
is events(), q{}, 'or is told';

my $with = $provider->sign_in($auth, 'google', user => 'alice')->{json}{user}{id};
is_deeply active(), [$with], 'with a provider';
is events(), 'session_created thirdparty_sign_up user_last_active', 'is told';
forget();
is $provider->sign_in($auth, 'google', user => 'alice')->{json}{user}{id}, $with, 'again';
is_deeply active(), [$with], 'again';
is events(), 'session_created thirdparty_sign_in user_last_active', 'is told';

$s->stop;
done_testing;

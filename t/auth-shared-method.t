# SPDX-License-Identifier: Apache-2.0
# Front ends before FDI 3.1 sign in with the session looked at: a login method that the session's user has on another tenant
# may then sign in on this one, too (spec: fdi-linking 2, step 2).
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;

use ST::Auth;
use ST::Provider;
use ST::Session qw(create);
use ST::Stack;
use ST::Users;

my $provider = ST::Provider->new;
my $hook     = { id => 'hook', url => 'http://127.0.0.1:1/', secret => 'a secret of the webhook' };
my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4 }, sites => { example => { recipeList => $provider->recipes({ %{ $provider->google }, includeInNonPublicTenantsByDefault => JSON::PP::true }), webhooks => [$hook] } });
my $core = $s->core;
my $auth = ST::Auth->new(url => $s->site_url, headers => { 'st-auth-mode' => 'cookie' });
my $u    = ST::Users->new($s->pg);
$core->put('/recipe/multitenancy/tenant/v2', { tenantId => $_, firstFactors => undef })->{json}{status} eq 'OK' or die for qw(t1 t2);

sub signup ($tenant, $email, $password = 'password-1') {
    return $core->post("$tenant/recipe/signup", { email => $email, password => $password })->{json}{user}{id};
}

# A primary user: one login method on the public tenant, others on others.
my $n = 0;
sub group (@others) {
    my $id = $u->make_primary(signup(q{}, 'main' . ++$n . '@example.com'));
    $u->link($_, $id) for @others;
    return $id;
}

sub sign_in ($user, $email, $password = 'password-1', %more) {
    my %form = (formFields => [{ id => 'email', value => $email }, { id => 'password', value => $password }]);
    my $session = create($core, { userId => $user });
    return $auth->post('/signin', \%form, headers => { 'fdi-version' => '3.0' }, cookies => { sAccessToken => $session->{accessToken}{token} }, %more);
}

sub tenants ($id) { return join q{ }, sort map { $_->[0] } @{ $s->pg->query("SELECT DISTINCT tenant_id FROM recipe_user_tenants WHERE recipe_user_id = '$id'") } }

my $wrong = '200 {"status":"WRONG_CREDENTIALS_ERROR"}';
sub line ($got) { return "$got->{status} $got->{text}" }

subtest 'by password' => sub {
    my $other = signup('/t1', 'there@example.com');
    my $user  = group($other);
    is line(sign_in($user, 'there@example.com', 'password-2')), $wrong, 'a wrong password';
    is line(sign_in($user, 'there@example.com', 'password-1', headers => {})), $wrong, 'a newer front end';
    is line(sign_in(group(), 'there@example.com')), $wrong, 'the session of another user';
    is line(sign_in(signup(q{}, 'single@example.com'), 'there@example.com')), $wrong, 'of one who is not primary';
    is tenants($other), 't1', 'so it stays where it is';
    my $got = sign_in($user, 'there@example.com');
    is $got->{json}{status}, 'OK', 'its own password' or diag $got->{text};
    is $got->{json}{user}{id}, $user, 'signs in the same user';
    is tenants($other), 'public t1', 'and is good on this tenant from now on';
    is_deeply $got->{cookies}, {}, 'the session goes on';
    like $s->pg->value(q{SELECT payload FROM stfcgi_deliveries ORDER BY id DESC LIMIT 1}), qr/"user[.]signed_in".*"recipeUserId":"$other"/, 'webhooks are told';
};

subtest 'one address twice' => sub {
    my @others = (signup('/t1', 'twice@example.com', 'password-1'), signup('/t2', 'twice@example.com', 'password-2'));
    my $user   = group(@others);
    is sign_in($user, 'twice@example.com', 'password-2')->{json}{status}, 'OK', 'the password tells which';
    is_deeply [map { tenants($_) } @others], ['t1', 'public t2'], 'is meant';
    is line(sign_in($user, 'twice@example.com', 'password-1')), $wrong, 'the tenant has one of them now';
};

subtest 'a tenant that the user does not belong to any more' => sub {
    my $other = signup('/t1', 'taken@example.com');
    my $user  = group($other);
    $s->pg->query(q{DELETE FROM primary_user_tenants WHERE tenant_id = 'public' AND account_info_value = 'taken@example.com'});
    $u->make_primary($u->add('passwordless', email => 'taken@example.com'));
    my $got = sign_in($user, 'taken@example.com');
    is line($got), '401 {"message":"unauthorised"}', 'ends the session';
    is $got->{headers}{'front-token'}, 'remove', 'in the browser';
    is tenants($other), 't1', 'and shares nothing';
    is line(sign_in('nobody', 'taken@example.com')), '401 {"message":"unauthorised"}', 'as does a user who is gone';
};

subtest 'with a provider' => sub {
    my $there = $provider->sign_in(ST::Auth->new(url => $s->site_url, base => '/auth/t1'), 'google', user => 'alice');
    my $other = $there->{json}{user}{id} // diag $there->{text};
    my $user  = group($other);
    my $session = create($core, { userId => $user });
    my $got = $provider->sign_in($auth, 'google', user => 'alice', request => { headers => { 'fdi-version' => '3.0' }, cookies => { sAccessToken => $session->{accessToken}{token} } });
    is $got->{json}{status}, 'OK', 'signs in' or diag $got->{text};
    is $got->{json}{user}{id}, $user, 'the same user';
    is $got->{json}{createdNewRecipeUser}, JSON::PP::false, 'not a new one';
    is tenants($other), 'public t1', 'who is good here, too';
    is_deeply $got->{cookies}, {}, 'the session goes on';
};

$s->stop;
done_testing;

# SPDX-License-Identifier: Apache-2.0
# Looking third-party users up, and who else knows them: by id, identity and address; tenants, lists, removal from a tenant.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Session qw(F);
use ST::Stack;
use ST::Users;

my $s    = ST::Stack->new;
my $core = $s->core;
my $u    = ST::Users->new($s->pg);

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub by (%query) { return $core->get('/recipe/user', query => \%query, rid => 'thirdparty') }
sub by_email ($email, %opt) { return $core->get('/recipe/users/by-email', query => { email => $email }, %opt) }

sub signinup ($id, $user, $email, %opt) {
    my $input = { thirdPartyId => $id, thirdPartyUserId => $user, email => { id => $email, isVerified => F } };
    return $core->post('/recipe/signinup', $input, %opt)->{json}{user};
}

my $mine = signinup('google', 'g1', 'a@example.com');
my %identity = (thirdPartyId => 'google', thirdPartyUserId => 'g1');

subtest 'a user alone' => sub {
    for my $cdi (qw(2.7 2.21 3.0 4.0 5.2 5.3 5.6)) {
        my $wanted = signinup('google', 'g1', 'a@example.com', cdi => $cdi);
        for my $query ({ userId => $mine->{id} }, \%identity) {
            is_deeply $core->get('/recipe/user', query => $query, cdi => $cdi, rid => 'thirdparty')->{json}, { status => 'OK', user => $wanted }, "CDI $cdi @{[sort keys %$query]}";
        }
        is_deeply by_email(' A@Example.com', cdi => $cdi)->{json}, { status => 'OK', users => [$wanted] }, 'by address';
    }
};

subtest 'what is asked for' => sub {
    my $one  = '400 Please provide one of userId or (thirdPartyId & thirdPartyUserId)';
    my $only = '400 Please provide only one of userId or (thirdPartyId & thirdPartyUserId)';
    is line(by(@$_)), $one, 'too little' for [], [thirdPartyId => 'google'], [thirdPartyUserId => 'g1'];
    is line(by(userId => $mine->{id}, @$_)), $only, 'too much' for [%identity], [thirdPartyId => 'google'], [thirdPartyUserId => 'g1'], [thirdPartyUserId => q{}];
    is line(by(userId => $_)), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', "the id '$_'" for q{}, 'x', uc $mine->{id}, ST::Users::uuid(), 'x' x 200;
    is line(by(thirdPartyId => $_->[0], thirdPartyUserId => $_->[1])), '200 {"status":"UNKNOWN_THIRD_PARTY_USER_ERROR"}', "the identity @$_"
      for ['google', 'g2'], ['Google', 'g1'], ['goo', 'gle::g1'], [q{}, q{}], ['x' x 3000, 'x'];
    is line(by_email($_)), '200 {"status":"OK","users":[]}', "the address '$_'" for q{}, 'b@example.com', $mine->{id}, 'x' x 3000;
    is line($core->get('/recipe/users/by-email')), q{400 Field name 'email' is missing in GET request}, 'no address';
    like line($core->get('/recipe/users/by-email', prefix => '/no-tenant')), qr/\A400 AppId or tenantId not found/, 'an unknown tenant counts first';
    is $core->put('/recipe/user', { userId => $mine->{id}, email => 'x' }, rid => 'thirdparty')->{status}, 405, 'it cannot be changed here';
    is $core->get('/recipe/user', query => { userId => $mine->{id} }, rid => $_)->{json}{status}, 'UNKNOWN_USER_ID_ERROR', 'not by the rid of e-mail users'
      for 'emailpassword', 'Thirdparty', q{};
};

subtest 'users of other recipes' => sub {
    my $id = $u->add('emailpassword', email => 'ep@example.com');
    is by(userId => $id)->{json}{status}, 'UNKNOWN_USER_ID_ERROR', 'are not found by id';
    is_deeply by_email('ep@example.com')->{json}{users}, [], 'nor by address';
};

subtest 'linked users' => sub {
    my $primary = $u->make_primary($u->add('emailpassword', email => 'l@example.com', joined => 1000));
    my @linked  = map { $u->link(signinup($_, 'l1', 'l@example.com')->{id}, $primary) } qw(google github);
    my $whole   = $core->get('/user/id', query => { userId => $primary })->{json}{user};
    my $reduced = by(userId => $linked[0])->{json}{user};
    is_deeply [$reduced->{id}, $reduced->{isPrimaryUser}, map { $_->{recipeUserId} } @{ $reduced->{loginMethods} }], [$linked[0], $whole->{isPrimaryUser}, $linked[0]],
      'by id: reduced to the one login';
    is_deeply by(thirdPartyId => 'google', thirdPartyUserId => 'l1')->{json}{user}, $whole, 'by identity: whole';
    is_deeply by_email('l@example.com')->{json}{users}, [$whole, $whole], 'by address: once for each login that has it';
    is by(userId => $primary)->{json}{status}, 'UNKNOWN_USER_ID_ERROR', 'the primary id is one of another recipe';
    $u->map_id($linked[1], 'external-1');
    is by(userId => 'external-1')->{json}{user}{id}, 'external-1', 'an external id';
    is by(userId => $linked[1])->{json}{user}{id}, 'external-1', 'and the internal one of the same login';
};

subtest 'tenants' => sub {
    $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' });
    is line($core->get('/recipe/user', query => \%identity, rid => 'thirdparty', prefix => '/t1')), '200 {"status":"UNKNOWN_THIRD_PARTY_USER_ERROR"}', 'an identity of another tenant';
    is_deeply by_email('a@example.com', prefix => '/t1')->{json}{users}, [], 'an address of another tenant';
    is line($core->get('/recipe/user', query => { userId => $mine->{id} }, rid => 'thirdparty', prefix => '/t1')),
      '403 Only public tenantId can call this app specific API', 'ids belong to the app';
    is $core->post('/t1/recipe/multitenancy/tenant/user', { recipeUserId => $mine->{id} })->{json}{wasAlreadyAssociated}, F, 'let in';
    is signinup('google', 'g1', 'a@example.com', prefix => '/t1')->{id}, $mine->{id}, 'it signs in there as itself';
    is_deeply [sort @{ by_email('a@example.com', prefix => '/t1')->{json}{users}[0]{tenantIds} }], ['public', 't1'], 'is found';
    my $handle = $core->post('/t1/recipe/session', { userId => $mine->{id}, enableAntiCsrf => F, userDataInJWT => {}, userDataInDatabase => {} })->{json}{session}{handle};
    $core->put('/recipe/role', { role => 'admin' });
    $core->put('/t1/recipe/user/role', { userId => $mine->{id}, role => 'admin' });
    my $token = $core->post('/t1/recipe/user/email/verify/token', { userId => $mine->{id}, email => 'a@example.com' })->{json}{token};
    is $core->post('/t1/recipe/multitenancy/tenant/user/remove', { recipeUserId => $mine->{id} })->{json}{status}, 'OK', 'sent out again';
    is $core->get('/recipe/session', query => { sessionHandle => $handle })->{json}{status}, 'UNAUTHORISED', 'its session there ends';
    is_deeply $core->get('/t1/recipe/user/roles', query => { userId => $mine->{id} })->{json}{roles}, [], 'its roles there go';
    is $core->post('/t1/recipe/user/email/verify', { method => 'token', token => $token })->{json}{status}, 'EMAIL_VERIFICATION_INVALID_TOKEN_ERROR', 'and its tokens';
    isnt signinup('google', 'g1', 'a@example.com', prefix => '/t1')->{id}, $mine->{id}, 'then the account signs up there as somebody new';
};

subtest 'lists' => sub {
    is ST::Users::count($core, includeRecipeIds => 'thirdparty'), 2, 'counted';
    my $got = $core->get('/users', query => { includeRecipeIds => 'thirdparty', provider => 'goog' });
    is_deeply [sort map { $_->{thirdParty}[0]{userId} } @{ $got->{json}{users} }], ['g1', 'l1'], 'searched by provider';
    is_deeply [map { $_->{id} } @{ $core->get('/users/by-accountinfo', query => { %identity, doUnionOfAccountInfo => 'false' })->{json}{users} }], [$mine->{id}],
      'found by account info';
};

done_testing;

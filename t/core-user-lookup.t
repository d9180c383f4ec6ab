# SPDX-License-Identifier: Apache-2.0
# Finding users of all recipes: GET /user/id, GET /users/by-accountinfo, and the user object they show.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Session qw(shape T F);
use ST::Stack;
use ST::Users;

my $s     = ST::Stack->new(cdi => '5.6');
my $core  = $s->core;
my $pg    = $s->pg;
my $users = ST::Users->new($pg);

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub by_id ($id, %opt) { return $core->get('/user/id', query => { userId => $id }, %opt) }

# The ids that are found, in their order.
sub found (%opt) {
    my %call = map { exists $opt{$_} ? ($_ => delete $opt{$_}) : () } qw(prefix cdi);
    my $got  = $core->get('/users/by-accountinfo', query => { doUnionOfAccountInfo => 'true', %opt }, %call);
    return $got->{status} == 200 ? [map { $_->{id} } @{ $got->{json}{users} }] : line($got);
}

sub method ($recipe, $id, $joined, %more) {
    return { tenantIds => ['public'], recipeUserId => $id, verified => F, timeJoined => $joined, recipeId => $recipe, %more };
}

my @tp = map { $users->add('thirdparty', email => 'same@example.com', tp => ['google', "g$_"], joined => 1000 * $_) } 1, 2;
my $ep = $users->add('emailpassword', email => 'same@example.com', joined => 3000);
my $pl = $users->add('passwordless', email => 'pl@example.com', phone => '+441234567890', joined => 4000);
my $wa = $users->add('webauthn', email => 'wa@example.com', credentials => [qw(cred-1 cred-2)], joined => 5000);
is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{status}, 'OK', 'a tenant';

subtest 'one login method of each recipe' => sub {
    my %google = (thirdParty => { id => 'google', userId => 'g1' });
    my %none   = (isPrimaryUser => F, tenantIds => ['public'], emails => [], phoneNumbers => [], thirdParty => [], webauthn => { credentialIds => [] });
    my %wanted = (
        $tp[0] => { %none, timeJoined => 1000, emails => ['same@example.com'], thirdParty => [$google{thirdParty}],
            loginMethods => [method('thirdparty', $tp[0], 1000, email => 'same@example.com', %google)] },
        $ep => { %none, timeJoined => 3000, emails => ['same@example.com'],
            loginMethods => [method('emailpassword', $ep, 3000, email => 'same@example.com')] },
        $pl => { %none, timeJoined => 4000, emails => ['pl@example.com'], phoneNumbers => ['+441234567890'],
            loginMethods => [method('passwordless', $pl, 4000, email => 'pl@example.com', phoneNumber => '+441234567890')] },
        $wa => { %none, timeJoined => 5000, emails => ['wa@example.com'], webauthn => { credentialIds => [qw(cred-1 cred-2)] },
            loginMethods => [method('webauthn', $wa, 5000, email => 'wa@example.com', webauthn => { credentialIds => [qw(cred-1 cred-2)] })] },
    );
    for my $id (sort keys %wanted) {
        my $got = by_id($id);
        is_deeply $got->{json}, { status => 'OK', user => { id => $id, %{ $wanted{$id} } } }, $wanted{$id}{loginMethods}[0]{recipeId};
    }
    is shape(by_id($tp[0])), '{status user{id isPrimaryUser tenantIds[]timeJoined emails[]phoneNumbers[]thirdParty[{id userId}]webauthn{credentialIds[]}'
      . 'loginMethods[{tenantIds[]recipeUserId verified timeJoined recipeId email thirdParty{id userId}}]}}', 'members in order';
    is shape(by_id($pl)) =~ s/.*loginMethods//r, '[{tenantIds[]recipeUserId verified timeJoined recipeId email phoneNumber}]}}', 'with a phone number';
    is shape(by_id($wa)) =~ s/.*loginMethods//r, '[{tenantIds[]recipeUserId verified timeJoined recipeId email webauthn{credentialIds[]}}]}}', 'with passkeys';
    my $old = by_id($wa, cdi => '5.2')->{json}{user};
    is_deeply $old->{emails}, [], 'before 5.3 a passkey user has no addresses';
    is_deeply $old->{loginMethods}, [method('webauthn', $wa, 5000, email => 'wa@example.com')], 'and a login method without passkeys';
    ok !exists $old->{webauthn}, 'nor a list of them';
};

subtest 'verified' => sub {
    my $phone = $users->add('passwordless', phone => '+441234567891', tenants => ['t1']);
    is by_id($phone)->{json}{user}{loginMethods}[0]{verified}, T, 'a phone number alone is';
    is by_id($pl)->{json}{user}{loginMethods}[0]{verified}, F, 'an address is not by itself';
    $users->verify($pl, 'other@example.com');
    is by_id($pl)->{json}{user}{loginMethods}[0]{verified}, F, 'nor by another one that is';
    $users->verify($pl, 'pl@example.com');
    is by_id($pl)->{json}{user}{loginMethods}[0]{verified}, T, 'by its own it is';
};

subtest 'GET /user/id' => sub {
    is line(by_id($_)), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', "the id '$_'" for q{}, 'x', "$ep ", " $ep", ST::Users::uuid(), 'same@example.com', 'x' x 3000;
    is line($core->get('/user/id')), q(400 Field name 'userId' is missing in GET request), 'no id';
    is by_id($ep, cdi => '4.0')->{json}{user}{id}, $ep, 'since 4.0';
    is by_id($ep, prefix => '/t1')->{status}, 403, 'for the app only';
};

subtest 'GET /users/by-accountinfo' => sub {
    is_deeply found(email => 'same@example.com'), [@tp, $ep], 'an address, oldest first';
    is_deeply found(email => ' Same@Example.com '), [@tp, $ep], 'however it is written';
    is_deeply found(phoneNumber => '+441234567890'), [$pl], 'a number';
    is_deeply found(phoneNumber => ' +441234567890 '), [$pl], 'with blanks around';
    is_deeply found(thirdPartyId => 'google', thirdPartyUserId => 'g2'), [$tp[1]], 'an account of a provider';
    is_deeply found(webauthnCredentialId => 'cred-2'), [$wa], 'a passkey';
    is_deeply found(webauthnCredentialId => 'cred-2', cdi => '5.2'), [], 'which is not looked at before 5.3';
    is_deeply found(email => 'wa@example.com', cdi => '5.2'), [$wa], 'the address of a passkey user';
    is_deeply found(), [], 'nothing';
    is_deeply found(email => q{}), [], 'an empty address';
    is_deeply found(thirdPartyId => 'google::g2', thirdPartyUserId => q{}), [], 'parts are not joined up';
    is_deeply found(email => 'same@example.com', prefix => '/t1'), [], 'in another tenant';
    is_deeply found(email => 'same@example.com', phoneNumber => '+441234567890', webauthnCredentialId => 'cred-1'), [@tp, $ep, $pl, $wa],
      'any of them, and each user once';
    my @all = (doUnionOfAccountInfo => 'false');
    is_deeply found(@all, email => 'same@example.com', thirdPartyId => 'google', thirdPartyUserId => 'g1'), [$tp[0]], 'all of them';
    is_deeply found(@all, email => 'pl@example.com', phoneNumber => '+441234567890'), [$pl], 'of one user';
    is_deeply found(@all, email => 'same@example.com', phoneNumber => '+441234567890'), [], 'not of two';
    is_deeply found(@all, email => 'same@example.com', phoneNumber => q{}), [], 'an empty one is one';
    is_deeply found(@all), [], 'of nothing';
    my $got = $core->get('/users/by-accountinfo', query => { doUnionOfAccountInfo => 'true', email => 'pl@example.com' });
    is $got->{text}, '{"status":"OK","users":[' . (by_id($pl)->{text} =~ s/\A\{"status":"OK","user":|\}\n\z//gr) . "]}\n", 'the user object is the same';
};

subtest 'what is refused' => sub {
    is found(doUnionOfAccountInfo => $_), q(400 'doUnionOfAccountInfo' should be either 'true' or 'false'), "'$_'" for 'True', q{}, '1', 'yes';
    is line($core->get('/users/by-accountinfo?email=x')), q(400 Field name 'doUnionOfAccountInfo' is missing in GET request), 'none';
    is found($_ => 'x'), q(400 If 'thirdPartyId' is provided, 'thirdPartyUserId' must also be provided, and vice versa), "$_ alone"
      for qw(thirdPartyId thirdPartyUserId);
};

subtest 'groups' => sub {
    my $primary = $users->make_primary($users->add('emailpassword', email => 'group@example.com', joined => 20_000));
    my $second  = $users->link($users->add('thirdparty', email => 'group@example.com', tp => ['github', 'h1'], joined => 10_000, tenants => ['t1']), $primary);
    my $third   = $users->link($users->add('passwordless', phone => '+441234567899', joined => 30_000, tenants => ['public', 't1']), $primary);
    my $lone    = $users->add('thirdparty', email => 'group@example.com', tp => ['google', 'h2'], joined => 15_000);
    my $user    = by_id($primary)->{json}{user};
    is_deeply [@$user{qw(id isPrimaryUser timeJoined)}], [$primary, T, 10_000], 'the primary id, the oldest time';
    is_deeply [sort @{ $user->{tenantIds} }], [qw(public t1)], 'all tenants';
    is_deeply $user->{emails}, ['group@example.com'], 'an address once';
    is_deeply [map { $_->{recipeUserId} } @{ $user->{loginMethods} }], [$second, $primary, $third], 'login methods by age';
    is_deeply [map { [sort @{ $_->{tenantIds} }] } @{ $user->{loginMethods} }], [['t1'], ['public'], ['public', 't1']], 'each with its tenants';
    is by_id($_)->{text}, by_id($primary)->{text}, 'by any of its ids' for $second, $third;
    is_deeply found(email => 'group@example.com'), [$primary, $lone], 'a group counts once, by its oldest';
    is_deeply found(email => 'group@example.com', prefix => '/t1'), [$primary], 'in a tenant of one of its login methods';
    is_deeply found(thirdPartyId => 'github', thirdPartyUserId => 'h1'), [], 'it is found by what is in the tenant';
    my %both = (doUnionOfAccountInfo => 'false', email => 'group@example.com', thirdPartyId => 'github', thirdPartyUserId => 'h1');
    is_deeply found(%both), [$primary], 'what else it must have may be in another';
    is_deeply found(%both, phoneNumber => '+441234567899', prefix => '/t1'), [$primary], 'of any login method';

    $users->map_id($primary, 'ext-primary');
    $users->map_id($second,  'ext-second');
    $user = by_id('ext-second')->{json}{user};
    is $user->{id}, 'ext-primary', 'external ids';
    is_deeply [map { $_->{recipeUserId} } @{ $user->{loginMethods} }], ['ext-second', 'ext-primary', $third], 'for each that has one';
    is by_id($_)->{text}, by_id('ext-primary')->{text}, 'the internal ones are still known' for $primary, $second, $third;
    is_deeply found(phoneNumber => '+441234567899'), ['ext-primary'], 'everywhere';
    $users->verify('ext-primary', 'group@example.com');
    is_deeply [map { $_->{verified} } @{ by_id($primary)->{json}{user}{loginMethods} }], [F, T, T], 'verified is the login method with that id';

    $pg->query("DELETE FROM $_ WHERE '$primary' IN (" . (/^emailp/ ? 'user_id' : 'recipe_user_id') . ')')
      for qw(emailpassword_users recipe_user_tenants recipe_user_account_infos);
    $user = by_id('ext-second')->{json}{user};
    is $user->{id}, 'ext-primary', 'when the first login method is gone the id stays';
    is_deeply [map { $_->{recipeUserId} } @{ $user->{loginMethods} }], ['ext-second', $third], 'with the others';
    is_deeply found(email => 'group@example.com'), [$lone], 'its address in this tenant has gone with it';
};

subtest 'a user in no tenant' => sub {
    my $id   = $users->add('emailpassword', email => 'nowhere@example.com', tenants => []);
    my $user = by_id($id)->{json}{user};
    is_deeply [$user->{tenantIds}, $user->{loginMethods}[0]{tenantIds}, $user->{emails}], [[], [], ['nowhere@example.com']], 'is known by id';
    is_deeply found(email => 'nowhere@example.com'), [], 'and not found by address';
};

done_testing;

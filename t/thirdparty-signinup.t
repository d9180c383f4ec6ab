# SPDX-License-Identifier: Apache-2.0
# Signing in and up with a provider's account: the same route for both, what it says in each version, rows, sizes, races.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Parallel qw(parallel);
use ST::Session  qw(T F shape);
use ST::Stack;
use ST::Users;

my $s    = ST::Stack->new;
my $core = $s->core;
my $pg   = $s->pg;
my $u    = ST::Users->new($pg);

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }

sub input ($id, $user, $email, $verified = F) {
    return { thirdPartyId => $id, thirdPartyUserId => $user, email => { id => $email, isVerified => $verified } };
}
sub signinup ($body, %opt) { return $core->post('/recipe/signinup', $body, %opt) }

subtest 'user objects' => sub {
    my $v4 = '{status createdNewUser user{id isPrimaryUser tenantIds[]timeJoined emails[]phoneNumbers[]thirdParty[{id userId}]%sloginMethods[{tenantIds[]'
      . 'recipeUserId verified timeJoined recipeId email thirdParty{id userId}}]}recipeUserId}';
    my %shape = (
        (map { ($_ => '{status createdNewUser user{id timeJoined email thirdParty{id userId}}}') } qw(2.7 2.8 2.21)),
        (map { ($_ => '{status createdNewUser user{id timeJoined tenantIds[]email thirdParty{id userId}}}') } qw(3.0 3.1)),
        (map { ($_ => sprintf $v4, q{}) } qw(4.0 5.0 5.2)),
        (map { ($_ => sprintf $v4, 'webauthn{credentialIds[]}') } qw(5.3 5.4 5.6)),
    );
    for my $cdi (sort keys %shape) {
        my @got = map { signinup(input('google', "g$cdi", "a$cdi\@example.com"), cdi => $cdi) } 1 .. 2;
        is shape($_), $shape{$cdi}, "members, CDI $cdi" for @got;
        is_deeply [map { $_->{json}{createdNewUser} } @got], [T, F], 'signed up, then in';
        is_deeply $got[1]{json}{user}, $got[0]{json}{user}, 'the same user both times';
        my $user = $got[0]{json}{user};
        is_deeply $cdi < 4 ? $user->{thirdParty} : $user->{loginMethods}[0]{thirdParty}, { id => 'google', userId => "g$cdi" }, 'its identity';
        is $got[1]{json}{recipeUserId}, $cdi < 4 ? undef : $user->{id}, 'recipeUserId';
    }
};

subtest 'identities' => sub {
    my @same = (['google', 'x', 'one@example.com'], ['google', 'X', 'one@example.com'], ['Google', 'x', 'one@example.com'], ['github', 'x', 'one@example.com'],
        ['google', ' x', 'one@example.com'], [q{}, 'x', 'one@example.com'], ['google', q{}, 'one@example.com'], [q{}, q{}, 'one@example.com'],
        ['ключ', 'ä', 'one@example.com'], ['a' x 28, 'b' x 256, 'one@example.com'], [q{'"\\}, q{{"\\}}, 'one@example.com']);
    my %id;
    for my $case (@same) {
        my $got  = signinup(input(@$case));
        my $user = $got->{json}{user};
        ok $got->{json}{createdNewUser}, 'taken as it is: ' . join(q{ }, map { substr($_, 0, 10) =~ s/[^ -~]/./gr } @$case[0, 1]) or diag line($got);
        is_deeply [$user->{thirdParty}[0], $user->{emails}], [{ id => $case->[0], userId => $case->[1] }, ['one@example.com']], 'and shown so';
        is signinup(input(@$case))->{json}{user}{id}, $user->{id}, 'the same again';
        $id{ $user->{id} } = 1;
    }
    is scalar(keys %id), scalar(@same), 'one user each, though all have one address';
    is line(signinup(input(@$_))), '400 a value is too long', 'longer than its column'
      for ['a' x 29, 'x', 'a@example.com'], ['google', 'b' x 257, 'a@example.com'], ['google', 'long', 'c' x 257], ['google', 'x' x 60_000, 'x'];
    is signinup(input('google', 'trim', " Ä.B\@Example.com\t"))->{json}{user}{emails}[0], "ä.b\@example.com", 'addresses are normalised';
    ok !signinup(input('google', 'trim', 'ä.b@example.com'))->{json}{createdNewUser}, 'and compared so';
    signinup(input('a::b', 'c', 'a@example.com'));
    is signinup(input('a', 'b::c', 'a@example.com'))->{status}, 500, 'names that read as one identity, of which the database holds one';
};

subtest 'rows' => sub {
    my $user = signinup(input('google', 'rows', 'rows@example.com', T))->{json}{user};
    my ($id, $at) = @$user{qw(id timeJoined)};
    my $rows = sub ($columns, $table) { return $pg->query("SELECT $columns FROM $table WHERE '$id' = " . ($table =~ /^recipe/ ? 'recipe_user_id' : 'user_id') . ' ORDER BY 1, 2, 3, 4') };
    my @infos = (['email', 'rows@example.com', 'google', 'rows'], ['tparty', 'google::rows', q{}, q{}]);
    is_deeply $rows->('*', 'app_id_to_user_id'), [['public', $id, 'thirdparty', $id, 'f', $at, $at]], 'app_id_to_user_id';
    is_deeply $rows->('account_info_type, account_info_value, third_party_id, third_party_user_id, recipe_id, primary_user_id', 'recipe_user_account_infos'),
      [map { [@$_, 'thirdparty', undef] } @infos], 'recipe_user_account_infos';
    is_deeply $rows->('account_info_type, account_info_value, third_party_id, third_party_user_id, recipe_id, tenant_id', 'recipe_user_tenants'),
      [map { [@$_, 'thirdparty', 'public'] } @infos], 'recipe_user_tenants';
    is_deeply $rows->('third_party_id, third_party_user_id, email, time_joined', 'thirdparty_users'), [['google', 'rows', 'rows@example.com', $at]], 'thirdparty_users';
    is $pg->value("SELECT email FROM emailverification_verified_emails WHERE user_id = '$id'"), 'rows@example.com', 'the address is verified';
    my $active = $pg->value("SELECT last_active_time FROM user_last_active WHERE user_id = '$id'");
    ok $at <= $active && $active <= time * 1000 + 1000, 'the last activity';
    signinup(input('google', 'rows', 'rows@example.com'));
    is_deeply $pg->query("SELECT tenant_id, event_type, auth_principal, identifier FROM activity_log WHERE recipe_user_id = '$id' ORDER BY created_at, event_type"),
      [['public', 'thirdparty_sign_up', 'google', 'rows@example.com'], ['public', 'user_last_active', undef, undef],
       ['public', 'thirdparty_sign_in', 'google', 'rows@example.com']], 'the activity log';
    signinup(input('google', 'quiet', 'quiet@example.com'), cdi => '2.7') for 1 .. 2;
    is $pg->value(q{SELECT count(*) FROM activity_log WHERE identifier = 'quiet@example.com'}), 0, 'which 2.7 does not write';
};

subtest 'verified addresses' => sub {
    my $verified = sub ($user, $email) { $pg->value(qq{SELECT count(*) FROM emailverification_verified_emails WHERE user_id = '$user' AND email = '$email'}) };
    for my $case (['2.7', 1], ['2.8', 0], ['3.1', 0], ['4.0', 1], ['5.6', 1]) {
        my ($cdi, $wanted) = @$case;
        my $id = signinup(input('google', "up$cdi", 'v@example.com', T), cdi => $cdi)->{json}{user}{id};
        is $verified->($id, 'v@example.com'), $wanted, "at the sign-up, CDI $cdi";
        $id = signinup(input('google', "in$cdi", 'v@example.com', F), cdi => $cdi)->{json}{user}{id};
        is $verified->($id, 'v@example.com'), 0, 'not when the provider says no';
        signinup(input('google', "in$cdi", 'v@example.com', T), cdi => $cdi) for 1 .. 2;
        is $verified->($id, 'v@example.com'), $wanted, 'at a later sign-in';
        signinup(input('google', "in$cdi", 'v@example.com', F), cdi => $cdi);
        is $verified->($id, 'v@example.com'), $wanted, 'which a no does not undo';
    }
    my $method = sub (@args) { signinup(input('google', 'method', 'm@example.com', @args))->{json}{user}{loginMethods}[0]{verified} };
    is_deeply [map { $method->($_) } F, T, F], [F, T, T], 'the answer tells at once';
    my $id = signinup(input('google', 'mapped', 'mapped@example.com'))->{json}{user}{id};
    $u->map_id($id, 'external-1');
    my $got = signinup(input('google', 'mapped', 'mapped@example.com', T))->{json};
    is_deeply [$got->{recipeUserId}, $got->{user}{loginMethods}[0]{verified}], ['external-1', T], 'a user with an external id';
    ok $core->get('/user/id', query => { userId => 'external-1' })->{json}{user}{loginMethods}[0]{verified}, 'stays verified';
};

subtest 'where it is switched off' => sub {
    my %tenants = (off => { firstFactors => [] }, other => { firstFactors => ['emailpassword'] }, on => { firstFactors => ['thirdparty'] });
    $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $_, %{ $tenants{$_} } }) for keys %tenants;
    my $no = '403 ThirdParty login not enabled for tenant';
    for my $case (['off', '3.0', $no], ['off', '5.0', $no], ['off', '5.1', 200], ['other', '4.0', $no], ['other', '5.0', 200], ['on', '3.0', 200], ['on', '5.6', 200]) {
        my ($tenant, $cdi, $wanted) = @$case;
        my $got = signinup(input('google', "$tenant-$cdi", 'off@example.com'), prefix => "/$tenant", cdi => $cdi);
        is $got->{status} == 200 ? 200 : line($got), $wanted, "$tenant, CDI $cdi";
    }
    my ($here, $there) = map { signinup(input('google', 'both', 'both@example.com'), prefix => $_)->{json}{user} } q{}, '/on';
    isnt $there->{id}, $here->{id}, 'each tenant has its own users';
    is_deeply $there->{tenantIds}, ['on'], 'and the user only that tenant';
};

subtest 'the address in the body' => sub {
    my %base = (thirdPartyId => 'google', thirdPartyUserId => 'body');
    my $bad  = sub ($email, %opt) { line(signinup({ %base, email => $email }, %opt)) };
    is $bad->($_), "400 Field name 'id' is invalid in JSON input", 'no id' for {}, { id => undef, isVerified => T }, { id => 5, isVerified => T }, { id => "a\0b" };
    is $bad->({ id => 'x' }, cdi => $_), "400 Field name 'isVerified' is invalid in JSON input", "no isVerified, CDI $_" for '2.7', '4.0', '5.6';
    is $bad->({ id => 'x', isVerified => $_ }), "400 Field name 'isVerified' is invalid in JSON input", 'of the wrong type' for 'true', undef, {};
    like $bad->({ id => 'x', isVerified => 'any' }, cdi => $_), qr/\A200 /, "not looked at, CDI $_" for '2.8', '3.1';
};

subtest 'at the same time' => sub {
    for my $round (1 .. 3) {
        my @got = parallel(map { sub { $core->with->post('/recipe/signinup', input('google', "race$round", 'race@example.com', T))->{json} } } 1 .. 8);
        is_deeply [map { $_->{status} } @got], [('OK') x 8], 'of eight for one new identity all succeed';
        is scalar(grep { $_->{createdNewUser} } @got), 1, 'one signed up';
        is scalar(keys %{ { map { ($_->{user}{id} => 1) } @got } }), 1, 'and all are one user';
    }
    is $pg->value('SELECT count(*) FROM app_id_to_user_id'), $pg->value('SELECT count(*) FROM thirdparty_users'), 'nothing of the others is left';
};

done_testing;

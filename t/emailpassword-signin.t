# SPDX-License-Identifier: Apache-2.0
# Signing in with a password: right and wrong ones, linked users, external ids, what is remembered of it.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep);
use ST::Session qw(shape);
use ST::Stack;
use ST::Users;

my $s     = ST::Stack->new(config => { bcrypt_log_rounds => 4, fcgi_workers => 1 });
my $core  = $s->core;
my $pg    = $s->pg;
my $users = ST::Users->new($pg);
my $wrong = qq({"status":"WRONG_CREDENTIALS_ERROR"}\n);

sub signup ($email, $password = 'secret-1', %opt) {
    return $core->post('/recipe/signup', { email => $email, password => $password }, %opt)->{json}{user};
}

sub signin ($email, $password = 'secret-1', %opt) {
    return $core->post('/recipe/signin', { email => $email, password => $password }, %opt);
}

sub activity ($where) {
    return $pg->query("SELECT app_id, tenant_id, recipe_user_id, primary_or_recipe_user_id, event_type, status, auth_principal,
        identifier, payload FROM activity_log WHERE $where ORDER BY id");
}

subtest 'the answer' => sub {
    my $user = signup('a@example.com');
    my ($id, $at) = @$user{qw(id timeJoined)};
    for my $cdi (qw(2.7 3.0 4.0 5.0 5.1 5.2 5.3 5.6)) {
        my $got    = signin('a@example.com', 'secret-1', cdi => $cdi);
        my $wanted = $cdi < 4
          ? { user => ST::Users::old_object($id, 'a@example.com', $at, $cdi < 3 ? () : (tenants => ['public'])) }
          : { user => ST::Users::object($id, 'a@example.com', $at, passkeys => $cdi >= 5.3), recipeUserId => $id };
        is_deeply $got->{json}, { status => 'OK', %$wanted }, "CDI $cdi";
        like shape($got), $cdi < 4 ? qr/\A\{status user\{.*\}\}\z/ : qr/\A\{status user\{.*\}recipeUserId\}\z/, 'its members in order';
    }
};

subtest 'passwords' => sub {
    signup('b@example.com', $_->[0], prefix => q{}) for ['Secret-1'];
    is signin('b@example.com', $_)->{text}, $wrong, "'$_' is wrong" for 'secret-1', 'Secret-1 ', ' Secret-1', 'Secret-', 'Secret-11', q{}, '*', 'x' x 70_000;
    is signin($_, 'Secret-1')->{json}{status}, 'OK', 'the address ' . s/[^ -~]/./gr for 'b@example.com', ' B@Example.COM ', "\tb\@example.com\n";
    is signin($_, 'Secret-1')->{text}, $wrong, "'$_' is not" for 'c@example.com', q{}, 'b@example.com.', 'b@example.co', q{b@example.com' OR 1=1 --};

    my $long = 'x' x 71;
    signup('long@example.com', "${long}yz");
    is signin('long@example.com', "${long}y" . 'anything')->{json}{status}, 'OK', 'of a password 72 bytes matter';
    is signin('long@example.com', "${long}z" . 'z')->{text}, $wrong, 'all of them';
    is signin('long@example.com', $long)->{text}, $wrong, 'and they must be there';
    signup('umlaut@example.com', 'ä' x 36 . 'x');
    is signin('umlaut@example.com', 'ä' x 36)->{json}{status}, 'OK', 'bytes, not characters';
    signup('blank@example.com', " \t\x{1F600}\n");
    is signin('blank@example.com', " \t\x{1F600}\n")->{json}{status}, 'OK', 'a password is not trimmed';
    is signin('blank@example.com', "\t\x{1F600}")->{text}, $wrong, 'at either end';
};

subtest 'tenants' => sub {
    for my $tenant (qw(t1 t2)) {
        is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $tenant })->{json}{status}, 'OK', "tenant $tenant";
    }
    signup('t@example.com', 'of-public');
    my $t1 = signup('t@example.com', 'of-t1', prefix => '/t1');
    is signin('t@example.com', 'of-t1')->{text}, $wrong, 'the password of another tenant';
    is signin('t@example.com', 'of-t1', prefix => '/t1')->{json}{user}{id}, $t1->{id}, 'is good there';
    is signin('t@example.com', 'of-t1', prefix => '/t2')->{text}, $wrong, 'where there is no such user';
    $pg->query("INSERT INTO recipe_user_tenants SELECT app_id, recipe_user_id, 't2', recipe_id, account_info_type, account_info_value, '', ''
        FROM recipe_user_tenants WHERE recipe_user_id = '$t1->{id}'");
    my $user = signin('t@example.com', 'of-t1', prefix => '/t2')->{json}{user};
    is_deeply [sort @{ $user->{tenantIds} }], [qw(t1 t2)], 'a user of two tenants';
};

subtest 'linked users' => sub {
    my $old   = $users->add('thirdparty', email => 'tp@example.com', tp => ['google', 'g-1'], joined => 1_000_000);
    my $phone = $users->add('passwordless', phone => '+441234567890', joined => 3_000_000);
    my $mine  = signup('linked@example.com');
    $users->make_primary($old);
    $users->link($_, $old) for $mine->{id}, $phone;
    my $got = signin('linked@example.com')->{json};
    is $got->{user}{id}, $old, 'the user is the whole group';
    is $got->{recipeUserId}, $mine->{id}, 'recipeUserId is the one that signed in';
    ok $got->{user}{isPrimaryUser}, 'primary';
    is $got->{user}{timeJoined}, 1_000_000, 'joined with the oldest';
    is_deeply [map { $_->{recipeId} } @{ $got->{user}{loginMethods} }], [qw(thirdparty passwordless emailpassword)], 'login methods by age';
    is_deeply [sort @{ $got->{user}{emails} }], ['linked@example.com', 'tp@example.com'], 'all addresses';
    is_deeply $got->{user}{phoneNumbers}, ['+441234567890'], 'numbers';
    is_deeply $got->{user}{thirdParty}, [{ id => 'google', userId => 'g-1' }], 'providers';
    is_deeply signin('linked@example.com', 'secret-1', cdi => '3.0')->{json}{user},
      { id => $old, timeJoined => 1_000_000, tenantIds => ['public'], email => 'tp@example.com', thirdParty => { id => 'google', userId => 'g-1' } },
      'older versions see the oldest login method';
    is activity("event_type = 'emailpassword_sign_in' AND identifier = 'linked\@example.com'")->[0][3], $old, 'the activity log has both ids';
    is signin('tp@example.com')->{text}, $wrong, 'the address of another login method is none of this recipe';
};

subtest 'external ids' => sub {
    my $mine = signup('mapped@example.com');
    $users->map_id($mine->{id}, 'external-1');
    my $wanted = ST::Users::object($mine->{id}, 'mapped@example.com', $mine->{timeJoined}, external => 'external-1', passkeys => 1);
    is_deeply signin('mapped@example.com')->{json}, { status => 'OK', user => $wanted, recipeUserId => 'external-1' }, 'are what the answer shows';
    is signin('mapped@example.com', 'secret-1', cdi => '2.7')->{json}{user}{id}, 'external-1', 'in every version';
    $users->verify('external-1', 'mapped@example.com');
    ok signin('mapped@example.com')->{json}{user}{loginMethods}[0]{verified}, 'a verified address belongs to the external id';
    my ($a, $b) = map { sleep 0.01; signup("$_\@example.com")->{id} } qw(oldest younger);
    $users->make_primary($b);
    $users->link($a, $b);
    $users->map_id($a, 'external-a');
    is_deeply [@{ signin('oldest@example.com')->{json}{user} }{qw(id isPrimaryUser)}], [$b, ST::Users::bool(1)], 'a linked one that is mapped: the primary id';
    is signin('oldest@example.com')->{json}{recipeUserId}, 'external-a', 'with its own external one beside it';
    is signin('younger@example.com', 'secret-1', cdi => '3.0')->{json}{user}{id}, 'external-a', 'older versions: the id of the oldest login method';
};

subtest 'what is remembered' => sub {
    my $user = signup('log@example.com');
    my ($id, $at) = @$user{qw(id timeJoined)};
    is_deeply activity("recipe_user_id = '$id'"), [
        ['public', 'public', $id, $id, 'emailpassword_sign_up', 'success', 'email', 'log@example.com', undef],
        ['public', 'public', $id, $id, 'user_last_active', 'success', undef, undef, undef],
      ], 'sign-up';
    my ($app, $active) = @{ $pg->query("SELECT app_id, last_active_time FROM user_last_active WHERE user_id = '$id'")->[0] };
    is $app, 'public', 'last activity';
    ok $at <= $active && $active <= time * 1000 + 1000, 'is from then on';
    my $mark = $pg->value('SELECT max(id) FROM activity_log');
    signin('log@example.com', 'wrong');
    is_deeply activity("id > $mark"), [], 'nothing of a failed sign-in';
    signin(' Log@Example.com') for 1, 2;
    my $row = ['public', 'public', $id, $id, 'emailpassword_sign_in', 'success', 'email', 'log@example.com', undef];
    is_deeply activity("id > $mark"), [$row, $row], 'each sign-in; the last activity not again within five minutes';

    my $imported = $core->post('/recipe/user/passwordhash/import', { email => 'i@example.com', passwordHash => crypt 'secret-1', '$2a$04$' . 'a' x 22 })->{json}{user}{id};
    is_deeply activity("recipe_user_id = '$imported'"), [], 'nothing of an import';
    is $pg->value("SELECT count(*) FROM user_last_active WHERE user_id = '$imported'"), 0, 'it is no activity';
    signin('i@example.com');
    is_deeply [map { $_->[4] } @{ activity("recipe_user_id = '$imported'") }], [qw(emailpassword_sign_in user_last_active)], 'the first sign-in is';
    is $pg->value("SELECT count(*) FROM user_last_active WHERE user_id = '$imported'"), 1, 'with its time';

    $s->restart_service;
    $pg->query("UPDATE user_last_active SET last_active_time = 1 WHERE user_id = '$id'");
    signin('log@example.com');
    cmp_ok $pg->value("SELECT last_active_time FROM user_last_active WHERE user_id = '$id'"), '>', $at - 1, 'a later one moves the time';
    my $t1 = signup('log@example.com', 'secret-1', prefix => '/t1')->{id};
    is_deeply [map { "$_->[1] $_->[4]" } @{ activity("recipe_user_id = '$t1'") }], ['t1 emailpassword_sign_up', 'public user_last_active'], 'of a tenant';

    $pg->query('ALTER TABLE activity_log RENAME TO away');
    my $got = signin('log@example.com');
    $pg->query('ALTER TABLE away RENAME TO activity_log');
    is $got->{json}{status}, 'OK', 'a log that cannot be written keeps nobody out';
};

done_testing;

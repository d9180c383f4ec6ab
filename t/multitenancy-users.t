# SPDX-License-Identifier: Apache-2.0
# Users and their tenants: who may come in. (Who goes out: multitenancy-users-remove.t)
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED get post put signup tenants_of);
use ST::Parallel     qw(parallel);
use ST::Stack;
use ST::Users;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4 });
my $core = $s->core;
my $u    = ST::Users->new($s->pg);
my %t    = (prefix => '/t');

is put($core, 'tenant/v2', { tenantId => $_ }), CREATED, "tenant $_" for qw(t other);

use constant { IN => '200 {"status":"OK","wasAlreadyAssociated":false}', WAS_IN => '200 {"status":"OK","wasAlreadyAssociated":true}' };
my %taken = map { ($_ => qq(200 {"status":"${_}_ALREADY_EXISTS_ERROR"})) } qw(EMAIL PHONE_NUMBER THIRD_PARTY_USER);
my $unknown = '200 {"status":"UNKNOWN_USER_ID_ERROR"}';

sub add ($id, %at) { return post($core, 'tenant/user', { recipeUserId => $id }, %t, %at) }

sub not_allowed ($what, $primary) {
    return qq(200 {"status":"ASSOCIATION_NOT_ALLOWED_ERROR","reason":"Another primary user with $what already exists: $primary"});
}

# Rows of the reservation tables for a tenant: a refusal must leave them alone.
sub rows { return join q{ }, map { $s->pg->value("SELECT count(*) FROM $_") } qw(recipe_user_tenants primary_user_tenants recipe_user_account_infos) }

subtest 'users of each recipe' => sub {
    my %user = (
        emailpassword => signup($core, 'ep@example.com'),
        thirdparty    => $u->add('thirdparty', email => 'tp@example.com', tp => ['google', 'g1']),
        passwordless  => $u->add('passwordless', email => 'pl@example.com', phone => '+441'),
        webauthn      => $u->add('webauthn', email => 'wa@example.com'),
    );
    for my $recipe (sort keys %user) {
        is add($user{$recipe}), IN,     "$recipe comes in";
        is add($user{$recipe}), WAS_IN, 'and is in';
        is tenants_of($core, $user{$recipe}), 'public t', 'in both';
        my $infos = sub ($from) {
            return $s->pg->query("SELECT recipe_id, account_info_type, account_info_value, third_party_id, third_party_user_id
                FROM $from AND recipe_user_id = '$user{$recipe}' ORDER BY 2");
        };
        is_deeply $infos->(q{recipe_user_tenants WHERE tenant_id = 't'}), $infos->('recipe_user_account_infos WHERE true'),
          'with all its identifiers';
    }
    is $core->post('/recipe/signin', { email => 'ep@example.com', password => 'password1' }, %t)->{json}{status}, 'OK', 'with the password of before';
    is $core->post('/recipe/signup', { email => 'ep@example.com', password => 'password1' }, %t)->{json}{status}, 'EMAIL_ALREADY_EXISTS_ERROR',
      'not as somebody new';
};

subtest 'identifiers that somebody of the same recipe has there' => sub {
    my @cases = (
        [$u->add('emailpassword', email => 'ep@example.com', tenants => ['other']),                                 'EMAIL'],
        [$u->add('webauthn', email => 'wa@example.com', tenants => ['other']),                                      'EMAIL'],
        [$u->add('passwordless', email => 'pl@example.com', tenants => ['other']),                                  'EMAIL'],
        [$u->add('passwordless', phone => '+441', tenants => ['other']),                                            'PHONE_NUMBER'],
        [$u->add('passwordless', email => 'new@example.com', phone => '+441', tenants => []),                       'PHONE_NUMBER'],
        [$u->add('thirdparty', email => 'tp@example.com', tp => ['google', 'g1'], tenants => ['other']),            'THIRD_PARTY_USER'],
        [$u->add('thirdparty', email => 'new@example.com', tp => ['google', 'g1'], tenants => []),                  'THIRD_PARTY_USER'],
    );
    my $before = rows();
    is add($_->[0]), $taken{ $_->[1] }, $_->[1] for @cases;
    is rows(), $before, 'nothing was reserved on the way';
};

subtest 'identifiers that users of other kinds may share' => sub {
    is add($u->add('thirdparty', email => 'tp@example.com', tp => ['google', 'g2'])), IN, 'two accounts of a provider with one address';
    is add($u->add('thirdparty', email => 'tp@example.com', tp => ['github', 'g1'])), IN, 'two providers';
    is add($u->add('passwordless', email => 'ep@example.com')), IN, 'two recipes';
    my $primary = $u->make_primary($u->add('thirdparty', email => 'free@example.com', tp => ['google', 'g3'], tenants => ['t']));
    is add($u->add('emailpassword', email => 'free@example.com')), IN, 'a primary user does not stop one that stands alone';
    is tenants_of($core, $primary), 't', 'nor does it notice';
};

subtest 'a group' => sub {
    my $p = $u->make_primary($u->add('emailpassword', email => 'group@example.com'));
    my $r = $u->link($u->add('passwordless', phone => '+442'), $p);
    my $q = $u->link($u->add('thirdparty', email => 'third@example.com', tp => ['google', 'g4'], tenants => []), $p);
    my @infos = ('email group@example.com', 'email third@example.com', 'phone +442', 'tparty google::g4');
    is_deeply $u->reserved($p), [map { "public $_" } @infos], 'its identifiers are reserved where it is';
    is add($r), IN, 'one member comes in';
    is_deeply $u->reserved($p), [map { my $where = $_; map { "$where $_" } @infos } 'public', 't'], 'for it all identifiers of the group are';
    is tenants_of($core, $p), 'public t', 'the user is in both';
    my $methods = $core->get('/user/id', query => { userId => $p })->{json}{user}{loginMethods};
    is join(q{ }, sort map { "$_->{recipeId}:" . join ',', @{ $_->{tenantIds} } } @$methods),
      'emailpassword:public passwordless:public,t thirdparty:', 'with this login only';
    is add($_), IN, 'the others come in too' for $p, $q;
    is add($_), WAS_IN, 'once' for $p, $q, $r;
};

subtest 'two groups' => sub {
    my $there = $u->make_primary($u->add('emailpassword', email => 'there@example.com', tenants => ['t']));
    $u->link($u->add('passwordless', phone => '+443', tenants => ['t']), $there);
    $u->link($u->add('thirdparty', email => 'tp2@example.com', tp => ['google', 'g5'], tenants => ['t']), $there);
    my $email = $u->make_primary($u->add('thirdparty', email => 'there@example.com', tp => ['google', 'g6']));
    my $same  = $u->make_primary($u->add('emailpassword', email => 'there@example.com', tenants => ['other']));
    my $phone = $u->make_primary($u->add('passwordless', phone => '+443'));
    my $third = $u->make_primary($u->add('thirdparty', email => 'tp2@example.com', tp => ['google', 'g5'], tenants => ['other']));
    my $alone = $u->link($u->add('emailpassword', email => 'alone@example.com', tenants => ['other']), $third);
    my $before = rows();
    is add($email), not_allowed('email', $there), 'an e-mail address of another primary user';
    is add($same), not_allowed('email', $there), 'of the same recipe as well: groups are looked at first';
    is add($phone), not_allowed('phone number', $there), 'a phone number';
    is add($third), not_allowed('third party info', $there), 'a provider\'s account, before its e-mail address';
    is add($alone), not_allowed('third party info', $there), 'also when another member has it';
    is rows(), $before, 'nothing was reserved on the way';
    is add($email, prefix => '/other'), not_allowed('email', $same), 'each tenant for itself';
};

subtest 'who is meant' => sub {
    my $id = $u->add('emailpassword', email => 'mapped@example.com');
    $u->map_id($id, 'external-1');
    is add('external-1'), IN, 'an external id';
    is add($id), WAS_IN, 'the internal one of the same user';
    my ($first, $second) = map { $u->add('emailpassword', email => "$_\@example.com") } qw(first second);
    $u->map_id($second, $first);
    is add($first), IN, 'an internal id';
    is tenants_of($core, $second), 'public', 'is not the external one of somebody else';
    is add(" $second\t"), IN, 'blanks around do not count';
    is add($_), $unknown, "unknown: $_" for 'nobody', '00000000-0000-4000-8000-000000000000', 'x' x 200;
    my $ghost = $u->make_primary($u->add('emailpassword', email => 'ghost@example.com'));
    $u->link($u->add('passwordless', phone => '+449'), $ghost);
    $s->pg->query("DELETE FROM $_ WHERE recipe_user_id = '$ghost'") for qw(recipe_user_tenants recipe_user_account_infos);
    is add($ghost), $unknown, 'a login that was deleted while its group stays';
    put($core, 'app/v2', { appId => 'a' });
    put($core, 'tenant/v2', { tenantId => 't' }, prefix => '/appid-a');
    is add($first, prefix => '/appid-a/t'), $unknown, 'a user of another app';
    is add(signup($core, 'app@example.com', prefix => '/appid-a'), prefix => '/appid-a/t'), IN, 'each app has its own';
};

subtest 'input' => sub {
    my $id = $u->add('emailpassword', email => 'input@example.com');
    for my $path ('tenant/user', 'tenant/user/remove') {
        for my $case (['3.0', 'userId', 'recipeUserId'], ['3.1', 'userId', 'recipeUserId'], ['4.0', 'recipeUserId', 'userId'], ['5.4', 'recipeUserId', 'userId']) {
            my ($cdi, $name, $wrong) = @$case;
            like post($core, $path, { $name => $id }, %t, cdi => $cdi), qr/\A200 \{"status":"OK","was(?:Already)?Associated":(?:true|false)\}\z/,
              "$path, CDI $cdi: $name";
            is post($core, $path, { $wrong => $id }, %t, cdi => $cdi), "400 Field name '$name' is invalid in JSON input", "not $wrong";
            is post($core, $path, { $name => ' ' }, %t, cdi => $cdi), q{400 Field name 'userId' cannot be an empty String}, 'not empty';
            is post($core, $path, { $name => undef }, %t, cdi => $cdi), "400 Field name '$name' is invalid in JSON input", 'not null';
        }
        is post($core, $path, { recipeUserId => $id }, prefix => '/nowhere'),
          '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, public, nowhere)', 'no such tenant';
    }
};

subtest 'at the same time' => sub {
    my @alone = map { $u->add('emailpassword', email => 'race@example.com', tenants => []) } 1 .. 6;
    my $in    = sub ($id) { sub { post($core->with, 'tenant/user', { recipeUserId => $id }, %t) } };
    is_deeply [sort { $a cmp $b } parallel(map { $in->($_) } @alone)], [($taken{EMAIL}) x 5, IN], 'one of many with one address';
    my @primary = map { $u->make_primary($u->add('thirdparty', email => 'race2@example.com', tp => ['google', "r$_"], tenants => [])) } 1 .. 6;
    my @answers = parallel(map { $in->($_) } @primary);
    is scalar(grep { $_ eq IN } @answers), 1, 'one of many primary users';
    is scalar(grep { /ASSOCIATION_NOT_ALLOWED/ } @answers), 5, 'the others are told';
    my $p = $u->make_primary($u->add('emailpassword', email => 'many@example.com'));
    my @members = ($p, map { $u->link($u->add('passwordless', phone => "+45$_"), $p) } 1 .. 5);
    is_deeply [parallel(map { $in->($_) } @members)], [(IN) x 6], 'all members of a group';
};

done_testing;

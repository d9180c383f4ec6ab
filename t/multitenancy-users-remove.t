# SPDX-License-Identifier: Apache-2.0
# A user leaves a tenant: what it loses there, and what it keeps.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Multitenancy qw(CREATED get post put session_input signup tenants_of);
use ST::Stack;
use ST::Users;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4 });
my $core = $s->core;
my $u    = ST::Users->new($s->pg);
my %t    = (prefix => '/t');

is put($core, 'tenant/v2', { tenantId => 't' }), CREATED, 'a tenant';

use constant { OUT => '200 {"status":"OK","wasAssociated":true}', WAS_OUT => '200 {"status":"OK","wasAssociated":false}' };

sub drop ($id, %at) { return post($core, 'tenant/user/remove', { recipeUserId => $id }, %t, %at) }

# What other recipes hold of a user, by the id they know it by, in both tenants.
sub furnish ($id) {
    my $far = 4_000_000_000_000;
    for my $tenant ('public', 't') {
        $core->post('/recipe/session', session_input($id), prefix => $tenant eq 't' ? '/t' : q{})->{json} or die "no session\n";
        $s->pg->query("INSERT INTO emailverification_tokens VALUES ('public', '$tenant', '$id', 'x\@example.com', '$tenant $id', $far);
            INSERT INTO user_roles VALUES ('public', '$tenant', '$id', 'admin')");
    }
    $s->pg->query("INSERT INTO totp_users VALUES ('public', '$id');
        INSERT INTO totp_user_devices (app_id, user_id, device_name, secret_key, period, skew, verified, created_at) VALUES ('public', '$id', 'd', 's', 30, 1, true, 0);
        INSERT INTO totp_used_codes VALUES ('public', 'public', '$id', '1', true, $far, 1), ('public', 't', '$id', '1', true, $far, 2);
        INSERT INTO user_metadata VALUES ('public', '$id', '{}'); INSERT INTO emailverification_verified_emails VALUES ('public', '$id', 'x\@example.com')");
    return;
}

# Rows of the user in tenant t, in the public one, and of the whole app.
sub furniture ($id) {
    my $count = sub ($where, @tables) { join q{}, map { $s->pg->value("SELECT count(*) FROM $_ WHERE user_id = '$id' AND $where") } @tables };
    my @of_tenant = qw(session_info emailverification_tokens user_roles totp_used_codes);
    return join q{ }, (map { $count->("tenant_id = '$_'", @of_tenant) } 't', 'public'),
      $count->('true', qw(totp_users totp_user_devices user_metadata emailverification_verified_emails));
}

subtest 'a user of two tenants' => sub {
    my $id = signup($core, 'two@example.com');
    post($core, 'tenant/user', { recipeUserId => $id }, %t);
    furnish($id);
    is furniture($id), '1111 1111 1111', 'with all it has';
    is drop($id), OUT, 'leaves one';
    is furniture($id), '0000 1111 1111', 'loses what it had there, and nothing else';
    is tenants_of($core, $id), 'public', 'is in the other';
    is $core->post('/recipe/signin', { email => 'two@example.com', password => 'password1' }, prefix => $_->[0])->{json}{status}, $_->[1], $_->[2]
      for [q{}, 'OK', 'signs in here'], ['/t', 'WRONG_CREDENTIALS_ERROR', 'not there'];
    is drop($id), WAS_OUT, 'once';
    is $core->post('/recipe/signup', { email => 'two@example.com', password => 'password1' }, %t)->{json}{status}, 'OK',
      'somebody else may take its address';
    is post($core, 'tenant/user', { recipeUserId => $id }, %t), '200 {"status":"EMAIL_ALREADY_EXISTS_ERROR"}', 'then it stays out';
};

subtest 'one that was not in the tenant' => sub {
    my $id = signup($core, 'one@example.com');
    furnish($id);
    is drop($id), WAS_OUT, 'is not in it';
    is furniture($id), '0000 1111 1111', 'what it had there goes all the same';
};

subtest 'one with an external id' => sub {
    my $id = signup($core, 'mapped@example.com');
    post($core, 'tenant/user', { recipeUserId => $id }, %t);
    $u->map_id($id, 'external');
    furnish('external');
    $s->pg->query("INSERT INTO user_roles VALUES ('public', 't', '$id', 'by internal id')");
    is drop($id), OUT, 'leaves by its internal id';
    is furniture('external'), '0000 1111 1111', 'other recipes know the external one';
    is furniture($id), '0010 0000 0000', 'only that';
    is drop('external'), WAS_OUT, 'the external id is the same user';
};

subtest 'the last tenant' => sub {
    my $id = signup($core, 'last@example.com', %t);
    is drop($id), OUT, 'is left';
    is tenants_of($core, $id), q{}, 'the user is there, in none';
    is $core->get('/user/id', query => { userId => $id })->{json}{user}{emails}[0], 'last@example.com', 'with its address';
    is post($core, 'tenant/user', { recipeUserId => $id }), '200 {"status":"OK","wasAlreadyAssociated":false}', 'and may come back anywhere';
    is tenants_of($core, $id), 'public', 'it did';
};

subtest 'a group' => sub {
    my $p = $u->make_primary($u->add('emailpassword', email => 'group@example.com', tenants => ['public', 't']));
    my $r = $u->link($u->add('passwordless', phone => '+442', tenants => ['t']), $p);
    my $all = sub (@tenants) { [map { my $t = $_; map { "$t $_" } 'email group@example.com', 'phone +442' } @tenants] };
    is_deeply $u->reserved($p), $all->('public', 't'), 'in two tenants';
    is drop($p), OUT, 'one member leaves';
    is_deeply $u->reserved($p), $all->('public', 't'), 'the tenant is still the group\'s: another one is there';
    is drop($r), OUT, 'the other one too';
    is_deeply $u->reserved($p), $all->('public'), 'then it is not';
    is tenants_of($core, $p), 'public', 'the user is in the other tenant';
    is drop($p, prefix => q{}), OUT, 'which it leaves as well';
    is_deeply $u->reserved($p), [], 'nothing is reserved any more';
    is tenants_of($core, $p), q{}, 'it is in none';
    my $other = $u->make_primary($u->add('thirdparty', email => 'group@example.com', tp => ['google', 'g'], tenants => ['t']));
    is post($core, 'tenant/user', { recipeUserId => $r }, %t),
      qq(200 {"status":"ASSOCIATION_NOT_ALLOWED_ERROR","reason":"Another primary user with email already exists: $other"}),
      'the way back is closed by who came meanwhile';
    is post($core, 'tenant/user', { recipeUserId => $r }), '200 {"status":"OK","wasAlreadyAssociated":false}', 'not where nobody did';
    is_deeply $u->reserved($p), $all->('public'), 'for the whole group again';
};

subtest 'who is meant' => sub {
    is drop('nobody'), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', 'nobody';
    $core->post('/recipe/session', session_input('nobody'), %t);
    is drop('nobody'), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', 'an id that has a session only';
    is $s->pg->value(q{SELECT count(*) FROM session_info WHERE user_id = 'nobody'}), 1, 'which stays';
    put($core, 'app/v2', { appId => 'a' });
    is drop(signup($core, 'app@example.com'), prefix => '/appid-a'), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', 'a user of another app';
};

done_testing;

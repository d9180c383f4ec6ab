# SPDX-License-Identifier: Apache-2.0
# Roles, their permissions, and who has them.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Parallel qw(parallel);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core;
my $pg   = $s->pg;

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub put ($path, $body, %opt)   { return line($core->put("/recipe/$path", $body, %opt)) }
sub post ($path, $body, %opt)  { return line($core->post("/recipe/$path", $body, %opt)) }
sub get ($path, $query = {}, %opt) { return line($core->get("/recipe/$path", query => $query, %opt)) }

use constant {
    NEW     => '200 {"status":"OK","createdNewRole":true}',
    OLD     => '200 {"status":"OK","createdNewRole":false}',
    OK      => '200 {"status":"OK"}',
    UNKNOWN => '200 {"status":"UNKNOWN_ROLE_ERROR"}',
};
sub list ($name, @values) { return qq(200 {"$name":[) . join(q{,}, map { qq("$_") } @values) . '],"status":"OK"}' }

subtest 'roles' => sub {
    is get('roles'), list('roles'), 'none at first';
    is put('role', { role => 'admin' }), NEW, 'a role';
    is put('role', { role => " admin\t" }), OLD, 'the same, trimmed';
    is put('role', { role => 'Admin', permissions => [] }), NEW, 'another one: case counts';
    is put('role', { role => $_ }), NEW, 'any text' for 'ключ', q{a'b"\\{},c}, 'x' x 255;
    is put('role', { role => 'x' x 256 }), '400 a value is too long', 'of at most 255 characters';
    like get('roles'), qr/"Admin".*"admin"|"admin".*"Admin"/, 'all are listed';
    is post('role/remove', { role => 'ключ ' }), '200 {"status":"OK","didRoleExist":true}', 'removed';
    is post('role/remove', { role => 'ключ' }), '200 {"status":"OK","didRoleExist":false}', 'once';
    is post('role/remove', { role => $_ })  =~ /true/, 1, 'others too' for 'Admin', q{a'b"\\{},c}, 'x' x 255;
    is get('roles'), list('roles', 'admin'), 'one is left';
};

subtest 'permissions' => sub {
    is put('role', { role => 'editor', permissions => ['read', ' write ', 'read'] }), NEW, 'a role with permissions';
    is get('role/permissions', { role => 'editor' }), list('permissions', 'read', 'write'), 'trimmed, each once';
    is put('role', { role => 'editor', permissions => ['write', 'delete'] }), OLD, 'more';
    is put('role', { role => 'editor' }), OLD, 'none more';
    is get('role/permissions', { role => ' editor ' }), list('permissions', 'delete', 'read', 'write'), 'all of them';
    is put('role', { role => 'reader', permissions => ['read'] }), NEW, 'another role';
    is get('permission/roles', { permission => ' read ' }), list('roles', 'editor', 'reader'), 'who may read';
    is get('permission/roles', { permission => $_ }), list('roles'), 'a permission nobody has' for 'Read', 'x' x 3000;
    is get('role/permissions', { role => 'nobody' }), UNKNOWN, 'of an unknown role';
    is get('role/permissions', { role => 'admin' }), list('permissions'), 'of one without any';
    is post('role/permissions/remove', { role => 'editor', permissions => ['write', 'nothing'] }), OK, 'one is taken away';
    is post('role/permissions/remove', { role => 'editor', permissions => [] }), OK, 'none';
    is get('role/permissions', { role => 'editor' }), list('permissions', 'delete', 'read'), 'the rest stays';
    is post('role/permissions/remove', { role => 'editor' }), OK, 'all';
    is get('role/permissions', { role => 'editor' }), list('permissions'), 'nothing stays';
    is get('permission/roles', { permission => 'read' }), list('roles', 'reader'), 'of this role only';
    is post('role/permissions/remove', { role => 'nobody', permissions => ['read'] }), UNKNOWN, 'of an unknown role';
    is put('role', { role => 'long', permissions => ['short', 'x' x 256] }), '400 a value is too long', 'a permission has at most 255 characters';
    is get('role/permissions', { role => 'long' }), UNKNOWN, 'and nothing of it is made';
    my @many = map { sprintf 'p%04d', $_ } 1 .. 2000;
    is put('role', { role => 'many', permissions => \@many }), NEW, 'two thousand';
    is get('role/permissions', { role => 'many' }), list('permissions', @many), 'are kept';
    is post('role/remove', { role => 'many' }), '200 {"status":"OK","didRoleExist":true}', 'and go with their role';
    is $pg->value(q{SELECT count(*) FROM role_permissions WHERE role = 'many'}), 0, 'all of them';
};

subtest 'names' => sub {
    my $empty = q{400 Field name '%s' cannot be an empty String};
    is put('role', { role => " \t" }), sprintf($empty, 'role'), 'an empty role';
    is post($_, { role => q{}, userId => 'u' }), sprintf($empty, 'role'), "$_" for 'role/remove', 'role/permissions/remove', 'user/role/remove';
    is put('user/role', { role => q{}, userId => 'u' }), sprintf($empty, 'role'), 'user/role';
    is get($_, { role => ' ' }), sprintf($empty, 'role'), $_ for 'role/permissions', 'role/users';
    is get('permission/roles', { permission => q{} }), sprintf($empty, 'permission'), 'an empty permission';
    for my $call (\&put, \&post) {
        my $path = $call == \&put ? 'role' : 'role/permissions/remove';
        is $call->($path, { role => 'r', permissions => ['a', ' '] }), q{400 Field name 'permissions' cannot contain an empty string}, 'an empty one in a list';
        is $call->($path, { role => 'r', permissions => ['a', 5] }), q{400 Field name 'permissions' is invalid in JSON input}, 'something else in a list';
        is $call->($path, { role => ' ', permissions => [5] }), sprintf($empty, 'role'), 'the role is looked at first';
    }
};

subtest 'users' => sub {
    my $has = sub ($yes) { sprintf '200 {"status":"OK","didUserAlreadyHaveRole":%s}', $yes ? 'true' : 'false' };
    my $had = sub ($yes) { sprintf '200 {"status":"OK","didUserHaveRole":%s}', $yes ? 'true' : 'false' };
    is put('user/role', { userId => 'u1', role => ' editor' }), $has->(0), 'gets a role';
    is put('user/role', { userId => 'u1', role => 'editor' }), $has->(1), 'once';
    is put('user/role', { userId => 'u1', role => 'nobody' }), UNKNOWN, 'not one that is unknown';
    is put('user/role', { userId => $_, role => 'reader' }), $has->(0), 'the id may be anything' for 'u1', 'u2', ' u1 ', q{}, 'x' x 128;
    is put('user/role', { userId => 'x' x 129, role => 'reader' }), '400 a value is too long', 'of at most 128 characters';
    is get('user/roles', { userId => 'u1' }), list('roles', 'editor', 'reader'), 'its roles';
    is get('user/roles', { userId => $_ }), list('roles'), 'of somebody without any' for 'u9', 'U1', 'x' x 3000;
    is get('role/users', { role => 'editor' }), list('users', 'u1'), 'who is an editor';
    is get('role/users', { role => 'admin' }), list('users'), 'nobody is an admin';
    is get('role/users', { role => 'nobody' }), UNKNOWN, 'an unknown role';
    is post('user/role/remove', { userId => 'u1', role => 'editor ' }), $had->(1), 'loses it';
    is post('user/role/remove', { userId => 'u1', role => 'editor' }), $had->(0), 'once';
    is post('user/role/remove', { userId => 'u1', role => 'nobody' }), UNKNOWN, 'an unknown role';
    is get('user/roles', { userId => 'u1' }), list('roles', 'reader'), 'the other stays';
    is post('role/remove', { role => 'reader' }), '200 {"status":"OK","didRoleExist":true}', 'a role that is removed';
    is get('user/roles', { userId => 'u1' }), list('roles'), 'is taken from all';
    $pg->query(q{INSERT INTO user_roles VALUES ('public', 'public', 'u1', 'orphan')});
    is post('user/role/remove', { userId => 'u1', role => 'orphan' }), UNKNOWN, 'what is left of a role';
    is post('role/remove', { role => 'orphan' }), '200 {"status":"OK","didRoleExist":true}', 'is removed as one';
    is get('user/roles', { userId => 'u1' }), list('roles'), 'and gone';
};

subtest 'tenants and apps' => sub {
    my %t1 = (prefix => '/t1');
    $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' });
    is put('user/role', { userId => 'u1', role => 'editor' }, %t1), '200 {"status":"OK","didUserAlreadyHaveRole":false}', 'roles are those of the app';
    is get('user/roles', { userId => 'u1' }, %t1), list('roles', 'editor'), 'who has them is a matter of the tenant';
    is get('user/roles', { userId => 'u1' }), list('roles'), 'not of the others';
    is get('role/users', { role => 'editor' }, %t1), list('users', 'u1'), 'its users';
    is put('role', { role => 'r' }, %t1), '403 Only public tenantId can call this app specific API', 'roles are made in the app';
    $core->put('/recipe/multitenancy/app/v2', { appId => 'a' });
    is get('roles', {}, prefix => '/appid-a'), list('roles'), 'another app has its own';
    is put('user/role', { userId => 'u1', role => 'editor' }, prefix => '/appid-a'), UNKNOWN, 'and knows no others';
    is post('role/remove', { role => 'editor' }), '200 {"status":"OK","didRoleExist":true}', 'removed from the app';
    is get('user/roles', { userId => 'u1' }, %t1), list('roles'), 'the tenants lose it';
};

subtest 'at the same time' => sub {
    my @same = parallel(map { sub { line($core->with->put('/recipe/role', { role => 'race', permissions => ['a' .. 'z'] })) } } 1 .. 6);
    is_deeply [sort { $a cmp $b } @same], [(OLD) x 5, NEW], 'one of many makes a role';
    my @orders = parallel(map { my @p = $_ % 2 ? 'aa' .. 'zz' : reverse 'aa' .. 'zz'; sub { line($core->with->put('/recipe/role', { role => 'race', permissions => \@p })) } } 1 .. 6);
    is_deeply \@orders, [(OLD) x 6], 'permissions in different orders';
    my @given = parallel(map { sub { line($core->with->put('/recipe/user/role', { userId => 'u', role => 'race' })) } } 1 .. 6);
    is scalar(grep { /false/ } @given), 1, 'one of many gives it';
    for my $round (1 .. 5) {
        put('role', { role => 'gone' });
        parallel((map { my $n = $_; sub { line($core->with->put('/recipe/user/role', { userId => "u$n", role => 'gone' })) } } 1 .. 5),
            sub { line($core->with->post('/recipe/role/remove', { role => 'gone' })) });
        is $pg->value(q{SELECT count(*) FROM user_roles WHERE role = 'gone'}), 0, 'nobody has a role that was removed meanwhile';
    }
};

done_testing;

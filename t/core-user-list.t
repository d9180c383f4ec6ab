# SPDX-License-Identifier: Apache-2.0
# GET /users: order, pages, recipes, tenants, linked users.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use ST::Session qw(shape T F);
use ST::Stack;
use ST::Users;

my $s     = ST::Stack->new(cdi => '5.6');
my $core  = $s->core;
my $users = ST::Users->new($s->pg);

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub list (%opt)  { return ST::Users::list($core, %opt) }
sub names (%opt) { return $users->names($core, %opt) }
sub count (%opt) { return ST::Users::count($core, %opt) }

is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $_ })->{json}{status}, 'OK', "tenant $_" for qw(t1 t2);

# All pages, as [names of the first, ...].
sub pages (%opt) {
    my @pages;
    while (@pages < 50) {
        my $got = list(%opt)->{json};
        push @pages, join q{ }, map { $users->{name}{ $_->{id} } } @{ $got->{users} };
        $opt{paginationToken} = $got->{nextPaginationToken} // return \@pages;
    }
    return 'no end';
}

subtest 'nobody' => sub {
    is line(list()), '200 {"status":"OK","users":[]}', 'an empty list';
    is line($core->get('/users/count')), '200 {"status":"OK","count":0}', 'counted';
};

my $uuid = sub ($n) { return sprintf '%08d-0000-4000-8000-000000000000', $n };
sub add ($name, $recipe, $joined, %opt) { return $users->add($recipe, name => $name, joined => $joined, %opt) }
my $a  = add('a',  'emailpassword', 1000, email => 'anna@one.example');
my $b  = add('b',  'thirdparty',    2000, email => 'bob@two.example', tp => ['Google', 'X1']);
my $c1 = add('c1', 'passwordless',  3000, email => 'carol@one.example', phone => '+441111', id => $uuid->(1));
my $c2 = add('c2', 'passwordless',  3000, phone => '+442222', id => $uuid->(2));
my $c3 = add('c3', 'webauthn',      3000, email => 'car_los@oneill.example', credentials => ['k'], id => $uuid->(3));
my $d  = add('d',  'thirdparty',    4000, email => 'dora@two.example', tp => ['github', 'x2'], tenants => ['public', 't1']);
my $e  = add('e',  'emailpassword', 5000, email => 'eve@one.example', tenants => ['t1']);
my $f  = add('f',  'emailpassword', 6000, email => 'frank@one.example', tenants => []);

subtest 'order and pages' => sub {
    is names(), 'a b c3 c2 c1 d', 'oldest first; of one moment the highest id first';
    is names(timeJoinedOrder => 'ASC'),  'a b c3 c2 c1 d', 'ASC';
    is names(timeJoinedOrder => 'DESC'), 'd c3 c2 c1 b a', 'DESC: ids as before';
    for my $limit (1 .. 7) {
        my @asc  = qw(a b c3 c2 c1 d);
        my @desc = qw(d c3 c2 c1 b a);
        is_deeply pages(limit => $limit), [map { join q{ }, splice @asc, 0, $limit } 1 .. (6 + $limit - 1) / $limit], "pages of $limit";
        is_deeply pages(limit => $limit, timeJoinedOrder => 'DESC'), [map { join q{ }, splice @desc, 0, $limit } 1 .. (6 + $limit - 1) / $limit], 'newest first';
    }
    my $got = list(limit => 2);
    is decode_base64($got->{json}{nextPaginationToken}), "$c3;3000", 'the token names the next user';
    is shape($got) =~ s{users\[.*\]}{users }r, '{status users nextPaginationToken}', 'behind the users';
    my $token = encode_base64("$c2;3000", q{});
    is names(paginationToken => $token), 'c2 c1 d', 'a token of our own making';
    is names(paginationToken => $token, timeJoinedOrder => 'DESC'), 'c2 c1 b a', 'works in the other order';
    is names(paginationToken => encode_base64("$_;2500", q{})), 'c3 c2 c1 d', "it need not be a user's ($_)" for ST::Users::uuid(), 'x';
    is names(paginationToken => encode_base64('x;9000', q{})), q{}, 'behind the end';
};

subtest 'a user who is deleted while the page is read' => sub {
    my $gone = add('gone', 'emailpassword', 1500, email => 'gone@one.example');
    $s->pg->query("DELETE FROM recipe_user_account_infos WHERE recipe_user_id = '$gone'");
    is_deeply pages(limit => 2), ['a', 'b c3', 'c2 c1', 'd'], 'is not shown, but all others are';
    is_deeply pages(limit => 1), ['a', q{}, 'b', 'c3', 'c2', 'c1', 'd'], 'behind him too';
    $s->pg->query("DELETE FROM recipe_user_tenants WHERE recipe_user_id = '$gone'; DELETE FROM emailpassword_users WHERE user_id = '$gone';
        DELETE FROM app_id_to_user_id WHERE user_id = '$gone'");
};

subtest 'users' => sub {
    my $got = list(limit => 1);
    my $one = $core->get('/user/id', query => { userId => $a })->{text} =~ s/\A\{"status":"OK","user":|\}\n\z//gr;
    is $got->{text} =~ s/,"nextP.*//sr, qq({"status":"OK","users":[$one]), 'the user object';
    is_deeply list(limit => 2, cdi => '3.0')->{json}{users}, [
        { recipeId => 'emailpassword', user => ST::Users::old_object($a, 'anna@one.example', 1000, tenants => ['public']) },
        { recipeId => 'thirdparty', user => { id => $b, timeJoined => 2000, tenantIds => ['public'], email => 'bob@two.example',
            thirdParty => { id => 'Google', userId => 'X1' } } },
      ], 'before 4.0: the recipe and the old form';
    is_deeply list(limit => 1, cdi => '2.7')->{json}{users}, [{ recipeId => 'emailpassword', user => ST::Users::old_object($a, 'anna@one.example', 1000) }],
      'before 3.0: without tenants';
    is list(cdi => '3.0')->{status}, 500, 'passkey users have no such form';
};

subtest 'recipes and tenants' => sub {
    my %of = (emailpassword => 'a', thirdparty => 'b d', passwordless => 'c2 c1', webauthn => 'c3', session => q{}, userroles => q{}, q{} => 'a b c3 c2 c1 d',
        ' , thirdparty ,,emailpassword,' => 'a b d', 'thirdparty,thirdparty' => 'b d', ',' => 'a b c3 c2 c1 d');
    for my $ids (sort keys %of) {
        is names(includeRecipeIds => $ids), $of{$ids}, "'$ids'";
        is count(includeRecipeIds => $ids), scalar(split / /, $of{$ids}), 'counted';
    }
    is_deeply pages(includeRecipeIds => 'thirdparty,webauthn', limit => 2), ['b c3', 'd'], 'pages of some';
    is names(prefix => '/t1'), 'd e', 'a tenant has its own';
    is names(prefix => '/t1', includeRecipeIds => 'emailpassword'), 'e', 'of a recipe';
    is names(prefix => '/t2'), q{}, 'or nobody';
    is names(includeRecipeIds => 'emailpassword,Thirdparty'), '400 Unknown recipe ID: Thirdparty', 'unknown ones';
    is count(includeRecipeIds => 'x'), '400 Unknown recipe ID: x', 'are refused';
};

subtest 'what is refused' => sub {
    is names(limit => $_), q(400 Field name 'limit' must be an int in the GET request), "limit '$_'" for 'x', q{}, '1.5', '99999999999';
    is names(limit => $_), '400 limit must a positive integer with min value 1', "limit $_" for 0, -1;
    is names(limit => 0, email => 'x'), '400 limit must a positive integer with min value 1', 'when searching too';
    is names(limit => 501), '400 max limit allowed is 500', 'limit 501';
    is list(limit => 500)->{status}, 200, 'limit 500';
    is names(timeJoinedOrder => $_), '400 timeJoinedOrder can be either ASC OR DESC', "order '$_'" for 'asc', q{}, 'x';
    is names(paginationToken => $_), '400 invalid pagination token', "token '$_'"
      for q{}, 'x', '****', map { encode_base64($_, q{}) } 'x', ';', ';1', 'x;', 'x;y', 'x;1;2', "x\0;1", "\xff;1", 'x;99999999999999999999';
    is names(timeJoinedOrder => 'x', limit => 501, paginationToken => 'x'), '400 timeJoinedOrder can be either ASC OR DESC', 'the order comes first';
    is names(limit => 501, paginationToken => 'x'), '400 max limit allowed is 500', 'then the limit';
    is names(includeRecipeIds => 'x', prefix => '/no'), '400 Unknown recipe ID: x', 'recipes come before the tenant';
    like names(limit => 'x', prefix => '/no'), qr/\A400 AppId or tenantId not found/, 'the others behind it';
};

subtest 'groups' => sub {
    my $primary = $users->make_primary(add('p', 'emailpassword', 9000, email => 'p@group.example', tenants => ['t2']));
    $users->link(add('q', 'thirdparty', 7000, email => 'q@group.example', tp => ['google', 'q'], tenants => ['public', 't2']), $primary);
    $users->link(add('r', 'passwordless', 8000, phone => '+449999', tenants => ['t1']), $primary);
    is names(), 'a b c3 c2 c1 d p', 'are listed by their primary id, at the time of the oldest';
    is names(prefix => '/t2'), 'p', 'once';
    is names(prefix => '/t1'), 'd e p', 'wherever one of the login methods is';
    is names(prefix => '/t2', includeRecipeIds => 'passwordless'), q{}, 'the recipe must be that of a login method there';
    is names(prefix => '/t1', includeRecipeIds => 'passwordless'), 'p', 'as here';
    is scalar @{ list(prefix => '/t1', includeRecipeIds => 'passwordless')->{json}{users}[0]{loginMethods} }, 3, 'but they are shown whole';
    is_deeply [count(), count(prefix => '/t1'), count(prefix => '/t2'), count(includeAllTenants => 'true')], [7, 3, 1, 9], 'counted once';
    is names(email => 'group', prefix => '/t2'), 'p', 'found once';
    is names(email => 'p@', phone => '+44'), q{}, 'one login method must have all that is asked for';
    $users->map_id($primary, 'external');
    my $got = list(timeJoinedOrder => 'DESC', limit => 1)->{json};
    is $got->{users}[0]{id}, 'external', 'by an external id';
    $got = list(limit => 6)->{json};
    is decode_base64($got->{nextPaginationToken}), "$primary;7000", 'a token has the internal one';
    is list(paginationToken => $got->{nextPaginationToken})->{json}{users}[0]{id}, 'external', 'and leads to it';
};

subtest 'many' => sub {
    $s->pg->query(q{INSERT INTO app_id_to_user_id (app_id, user_id, recipe_id, primary_or_recipe_user_id, time_joined, primary_or_recipe_user_time_joined)
        SELECT 'public', id, 'emailpassword', id, 10000 + n / 7, 10000 + n / 7
        FROM (SELECT n, lpad(n::text, 8, '0') || '-1111-4000-8000-000000000000' AS id FROM generate_series(1, 1200) n) x});
    $s->pg->query(q{INSERT INTO recipe_user_account_infos SELECT 'public', user_id, 'emailpassword', 'email', 'many' || user_id || '@example.com', '', '', NULL
        FROM app_id_to_user_id WHERE user_id LIKE '%-1111-%'});
    $s->pg->query(q{INSERT INTO recipe_user_tenants SELECT 'public', user_id, 'public', 'emailpassword', 'email', 'many' || user_id || '@example.com', '', ''
        FROM app_id_to_user_id WHERE user_id LIKE '%-1111-%'});
    my (%seen, $token, $pages);
    do {
        my $got = list(limit => 500, $token ? (paginationToken => $token) : ())->{json};
        $seen{ $_->{id} }++ for @{ $got->{users} };
        $token = $got->{nextPaginationToken};
        $pages++;
    } while $token && $pages < 10;
    is $pages, 3, 'pages of 500';
    is scalar keys %seen, 1207, 'show everybody';
    is_deeply [grep { $_ != 1 } values %seen], [], 'once';
    is scalar @{ list()->{json}{users} }, 100, 'a page has 100 when nothing is said';
    is scalar @{ list(email => 'many')->{json}{users} }, 1000, 'a search finds at most 1000';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# GET /recipe/user: the e-mail user by id or address; and when the recipe is switched off for a tenant.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Stack;
use ST::Users;

my $s     = ST::Stack->new(config => { bcrypt_log_rounds => 4 });
my $core  = $s->core;
my $pg    = $s->pg;
my $users = ST::Users->new($pg);

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub by (%query) { return $core->get('/recipe/user', query => \%query) }

sub signup ($email, %opt) {
    return $core->post('/recipe/signup', { email => $email, password => 'secret-1' }, %opt)->{json}{user};
}

my $mine = signup('a@example.com');
my ($id, $at) = @$mine{qw(id timeJoined)};

subtest 'a user alone' => sub {
    for my $cdi (qw(2.7 2.21 3.0 4.0 5.2 5.3 5.6)) {
        my $wanted = $cdi < 4 ? ST::Users::old_object($id, 'a@example.com', $at, $cdi < 3 ? () : (tenants => ['public']))
          : ST::Users::object($id, 'a@example.com', $at, passkeys => $cdi >= 5.3);
        for my $query ({ userId => $id }, { email => 'a@example.com' }, { email => ' A@Example.com ' }) {
            is_deeply $core->get('/recipe/user', query => $query, cdi => $cdi)->{json}, { status => 'OK', user => $wanted }, "CDI $cdi @{[%$query]}";
        }
    }
};

subtest 'what is asked for' => sub {
    is line(by()), '400 Please provide one of userId or email', 'nothing';
    is line(by(userId => $id, email => 'a@example.com')), '400 Please provide only one of userId or email', 'both';
    is line(by(userId => q{}, email => q{})), '400 Please provide only one of userId or email', 'both, empty';
    is line(by(userId => $_)), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', "the id '$_'"
      for q{}, 'x', 'a@example.com', uc $id, "$id ", ST::Users::uuid(), 'x' x 200;
    is line(by(email => $_)), '200 {"status":"UNKNOWN_EMAIL_ERROR"}', "the address '$_'" for q{}, 'b@example.com', 'a@example', $id, 'x' x 3000;
};

subtest 'other recipes' => sub {
    my $tp = $users->add('thirdparty', email => 'tp@example.com', tp => ['google', 'g-1']);
    is by(userId => $tp)->{json}{status}, 'UNKNOWN_USER_ID_ERROR', 'the id of another recipe';
    is by(email => 'tp@example.com')->{json}{status}, 'UNKNOWN_EMAIL_ERROR', 'its address';
};

subtest 'linked users' => sub {
    my $tp   = $users->add('thirdparty', email => 'old@example.com', tp => ['google', 'g-2'], joined => 1000);
    my $ours = signup('linked@example.com');
    $users->make_primary($tp);
    $users->link($ours->{id}, $tp);
    my $reduced = ST::Users::object($ours->{id}, 'linked@example.com', $ours->{timeJoined}, primary => 1, passkeys => 1);
    is_deeply by(userId => $ours->{id})->{json}{user}, $reduced, 'by id: only that login method, under its own id';
    is_deeply $core->get('/recipe/user', query => { userId => $ours->{id} }, cdi => '3.0')->{json}{user},
      ST::Users::old_object($ours->{id}, 'linked@example.com', $ours->{timeJoined}, tenants => ['public']), 'older versions too';
    is by(userId => $tp)->{json}{status}, 'UNKNOWN_USER_ID_ERROR', 'the primary id is one of another recipe';
    my $whole = by(email => 'linked@example.com')->{json}{user};
    is $whole->{id}, $tp, 'by address: the whole user';
    is_deeply [map { $_->{recipeId} } @{ $whole->{loginMethods} }], [qw(thirdparty emailpassword)], 'with all login methods';
};

subtest 'external ids' => sub {
    my $ours = signup('mapped@example.com');
    $users->map_id($ours->{id}, 'ext/1 +%&;');
    my $wanted = ST::Users::object($ours->{id}, 'mapped@example.com', $ours->{timeJoined}, external => 'ext/1 +%&;', passkeys => 1);
    is_deeply by(userId => $_)->{json}{user}, $wanted, "by '$_'" for 'ext/1 +%&;', $ours->{id};
    is_deeply by(email => 'mapped@example.com')->{json}{user}, $wanted, 'by address';
    $users->map_id(signup('clash@example.com')->{id}, $id);
    is by(userId => $id)->{json}{user}{emails}[0], 'a@example.com', 'an internal id wins over an equal external one';
};

subtest 'scopes' => sub {
    is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{status}, 'OK', 'a tenant';
    my $there = signup('a@example.com', prefix => '/t1');
    is $core->get('/t1/recipe/user?email=a@example.com')->{json}{user}{id}, $there->{id}, 'addresses belong to a tenant';
    is line($core->get("/t1/recipe/user?userId=$id")), '403 Only public tenantId can call this app specific API', 'ids to the app';
    is $core->get("/t1/recipe/user?userId=$id", cdi => '4.0')->{json}{user}{id}, $id, 'before 5.0 the tenant is not looked at';
    is $core->get("/recipe/user?userId=$there->{id}")->{json}{user}{id}, $there->{id}, 'the app finds users of all tenants';
    is line($core->get('/t1/recipe/user')), '400 Please provide one of userId or email', 'the parameters are checked first';
};

# [emailpassword_enabled, first factors (undef: null), enabled for 4.0, 5.0, 5.1]
my @tenants = (
    ['true',  undef,                              1, 1, 1],
    ['true',  [],                                 0, 0, 1],
    ['true',  ['emailpassword'],                  1, 1, 1],
    ['true',  ['thirdparty'],                     0, 1, 1],
    ['true',  ['thirdparty', 'emailpassword'],    1, 1, 1],
    ['false', undef,                              0, 0, 1],
    ['false', ['emailpassword'],                  0, 0, 1],
);

subtest 'switched off' => sub {
    my $off = '403 Email password login not enabled for tenant';
    for my $i (0 .. $#tenants) {
        my ($flag, $factors, @on) = @{ $tenants[$i] };
        my $name = "f$i";
        my $shown = "flag $flag, first factors " . (defined $factors ? "[@$factors]" : 'null');
        is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $name, firstFactors => $factors })->{json}{status}, 'OK', $shown;
        $pg->query("UPDATE tenant_configs SET email_password_enabled = $flag WHERE tenant_id = '$name'");
        is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $name, coreConfig => { totp_max_attempts => 4 } })->{json}{status}, 'OK';
        for my $cdi ('4.0', '5.0', '5.1', '5.6') {
            my $on   = $on[$cdi < 5 ? 0 : $cdi < 5.1 ? 1 : 2];
            my %call = (prefix => "/$name", cdi => $cdi);
            my @got  = map { line($_) } (
                $core->post('/recipe/signup', { email => "$cdi\@example.com", password => 'secret-1' }, %call),
                $core->post('/recipe/signin', { email => 'nobody', password => 'x' }, %call),
                $core->post('/recipe/user/password/reset/token', { userId => 'x', email => 'x' }, %call),
                $core->post('/recipe/user/passwordhash/import', { email => "i$cdi\@example.com", passwordHash => '$2a$04$x' }, %call),
            );
            is_deeply [map { $_ eq $off ? 'off' : s/ .*//r } @got], $on ? [(200) x 4] : [('off') x 4], "CDI $cdi: " . ($on ? 'on' : 'off');
            is $core->get('/recipe/user', query => { email => 'x' }, %call)->{status}, 200, 'looking is always allowed';
            is $core->post('/recipe/user/password/reset/token/consume', { token => 'x' }, %call)->{status}, 200, 'and taking a token';
        }
    }
};

done_testing;

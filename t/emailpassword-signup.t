# SPDX-License-Identifier: Apache-2.0
# Signing up with a password: the user object of every interface version, addresses, duplicates, rows, sizes.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Parallel qw(parallel);
use ST::Session  qw(shape);
use ST::Stack;
use ST::Users;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4 });
my $core = $s->core;
my $pg   = $s->pg;
my $uuid = qr/\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/;

sub signup ($email, %opt) { return $core->post('/recipe/signup', { email => $email, password => 'secret-1' }, %opt) }
sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }

subtest 'user objects' => sub {
    my $v4 = '{status user{id isPrimaryUser tenantIds[]timeJoined emails[]phoneNumbers[]thirdParty[]%sloginMethods[{tenantIds[]'
      . 'recipeUserId verified timeJoined recipeId email}]}recipeUserId}';
    my %shape = (
        (map { ($_ => '{status user{id timeJoined email}}') } qw(2.7 2.9 2.21)),
        (map { ($_ => '{status user{id timeJoined tenantIds[]email}}') } qw(3.0 3.1)),
        (map { ($_ => sprintf $v4, q{}) } qw(4.0 5.0 5.1 5.2)),
        (map { ($_ => sprintf $v4, 'webauthn{credentialIds[]}') } qw(5.3 5.4 5.6)),
    );
    for my $cdi (sort keys %shape) {
        my $got  = signup("a$cdi\@example.com", cdi => $cdi);
        my $user = $got->{json}{user};
        is shape($got), $shape{$cdi}, "members, CDI $cdi";
        like $user->{id}, $uuid, 'the id';
        cmp_ok abs($user->{timeJoined} - time * 1000), '<', 60_000, 'the time';
        my $wanted = $cdi < 4
          ? ST::Users::old_object($user->{id}, "a$cdi\@example.com", $user->{timeJoined}, $cdi < 3 ? () : (tenants => ['public']))
          : ST::Users::object($user->{id}, "a$cdi\@example.com", $user->{timeJoined}, passkeys => $cdi >= 5.3);
        is_deeply $user, $wanted, 'values';
        is $got->{json}{recipeUserId}, $cdi < 4 ? undef : $user->{id}, 'recipeUserId';
    }
};

subtest 'addresses' => sub {
    my %stored = (
        " Random\@Gmail.com\t"      => 'random@gmail.com',
        'no address at all'         => 'no address at all',
        "\x{1}x\@example.com\x{1f}" => 'x@example.com',
        'ÄÖÜ.Ñ@Example.COM'         => 'äöü.ñ@example.com',
        "I\x{130}\@example.com"     => "ii\x{307}\@example.com",
        "ΣΑΣ\@example.com"          => "σας\@example.com",
        "\x{a0}y\@example.com"      => "\x{a0}y\@example.com",    # trimmed is what is not above a blank
        q{}                         => q{},
        q{o'neil"\\@example.com}    => q{o'neil"\\@example.com},
        ('a' x 244) . '@example.com' => ('a' x 244) . '@example.com',
        ('ä' x 244) . '@example.com' => ('ä' x 244) . '@example.com',
    );
    for my $given (sort keys %stored) {
        my $user = signup($given)->{json}{user};
        is_deeply $user->{emails}, [$stored{$given}], "'" . substr($given, 0, 20) =~ s/[^ -~]/./gr . "' is shown as it is stored";
        is $pg->value("SELECT email FROM emailpassword_users WHERE user_id = '$user->{id}'"), $stored{$given}, 'and stored so';
        is signup($given)->{text}, qq({"status":"EMAIL_ALREADY_EXISTS_ERROR"}\n), 'it is taken';
        is signup($stored{$given})->{json}{status}, 'EMAIL_ALREADY_EXISTS_ERROR', 'in its stored form too';
    }
    for my $n (257, 3000, 100_000) {
        is line(signup('a' x $n)), '400 a value is too long', "$n characters are too many";
    }
    is $pg->value(q{SELECT count(*) FROM app_id_to_user_id WHERE NOT EXISTS (SELECT FROM emailpassword_users u
        WHERE u.user_id = app_id_to_user_id.user_id)}), 0, 'refused ones leave nothing behind';
};

subtest 'fake addresses' => sub {
    for my $email ('x@stfakeemail.supertokens.com', 'X.y@StFakeEmail.SuperTokens.com ', 'x@any.fakeemail.com', '.fakeemail.com') {
        my $user = signup($email)->{json}{user};
        ok $user->{loginMethods}[0]{verified}, "$email is verified";
        is_deeply $pg->query("SELECT app_id, email FROM emailverification_verified_emails WHERE user_id = '$user->{id}'"),
          [['public', $user->{emails}[0]]], 'by its row';
    }
    for my $email ('x@fakeemail.com', 'x@stfakeemail.supertokens.com.example.com', 'x@xstfakeemail.supertokens.com') {
        ok !signup($email)->{json}{user}{loginMethods}[0]{verified}, "$email is not";
    }
};

subtest 'rows' => sub {
    my $user = signup('rows@example.com')->{json}{user};
    my ($id, $at) = @$user{qw(id timeJoined)};
    my $rows = sub ($columns, $table) { return $pg->query("SELECT $columns FROM $table WHERE '$id' IN (" . ($table =~ /^recipe/ ? 'recipe_user_id' : 'user_id') . ')') };
    is_deeply $rows->('*', 'app_id_to_user_id'), [['public', $id, 'emailpassword', $id, 'f', $at, $at]], 'app_id_to_user_id';
    is_deeply $rows->('*', 'recipe_user_account_infos'), [['public', $id, 'emailpassword', 'email', 'rows@example.com', q{}, q{}, undef]],
      'recipe_user_account_infos';
    is_deeply $rows->('*', 'recipe_user_tenants'), [['public', $id, 'public', 'emailpassword', 'email', 'rows@example.com', q{}, q{}]],
      'recipe_user_tenants';
    is_deeply $rows->('app_id, email, time_joined', 'emailpassword_users'), [['public', 'rows@example.com', $at]], 'emailpassword_users';
    like $rows->('password_hash', 'emailpassword_users')->[0][0], qr{\A\$2a\$04\$[./A-Za-z0-9]{53}\z}, 'with a bcrypt hash';
    is $pg->value("SELECT count(*) FROM $_ WHERE user_id = '$id'"), 0, "nothing in $_"
      for qw(all_auth_recipe_users emailpassword_user_to_tenant emailverification_verified_emails);
};

subtest 'at the same time' => sub {
    for my $round (1 .. 3) {
        my @status = parallel(map { sub { $core->with->post('/recipe/signup', { email => "race$round\@example.com", password => 'secret-1' })->{json}{status} } } 1 .. 6);
        is_deeply [sort @status], [('EMAIL_ALREADY_EXISTS_ERROR') x 5, 'OK'], 'of six equal sign-ups one wins';
        is $pg->value("SELECT count(*) FROM emailpassword_users WHERE email = 'race$round\@example.com'"), 1, 'one user';
    }
    is $pg->value('SELECT count(*) FROM app_id_to_user_id'), $pg->value('SELECT count(*) FROM emailpassword_users'), 'nothing of the others is left';
};

subtest 'other recipes and tenants' => sub {
    ST::Users->new($pg)->add('passwordless', email => 'other@example.com');
    my $primary = ST::Users->new($pg)->add('thirdparty', email => 'other@example.com', tp => ['google', 'g1']);
    ST::Users->new($pg)->make_primary($primary);
    is signup('other@example.com')->{json}{status}, 'OK', 'an address of other recipes is free, also one of a primary user';
    is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{status}, 'OK', 'another tenant';
    my $user = signup('other@example.com', prefix => '/t1')->{json}{user};
    is_deeply $user, ST::Users::object($user->{id}, 'other@example.com', $user->{timeJoined}, tenants => ['t1'], passkeys => 1), 'has its own users';
};

subtest 'refused' => sub {
    is line($core->post('/recipe/signup', { email => 'b@example.com', password => q{} })), '400 Password cannot be an empty string', 'no password';
    is $core->post('/recipe/signup', { email => 'b@example.com', password => ' ' })->{json}{status}, 'OK', 'a blank is one';
    is line($core->post('/recipe/signup', $_->[0])), "400 Field name '$_->[1]' is invalid in JSON input", "$_->[1] of the wrong kind"
      for [{ password => 'x' }, 'email'], [{ email => 'x' }, 'password'], [{ email => [], password => 'x' }, 'email'], [{ email => 'x', password => 1 }, 'password'];
};

done_testing;

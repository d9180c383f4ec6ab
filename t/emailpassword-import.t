# SPDX-License-Identifier: Apache-2.0
# Users who come with a hash of another system: what is accepted, new and known addresses, the answers.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Parallel qw(parallel);
use ST::Session  qw(shape);
use ST::Stack;
use ST::Users;

my $s     = ST::Stack->new(config => { bcrypt_log_rounds => 4 });
my $core  = $s->core;
my $pg    = $s->pg;
my $users = ST::Users->new($pg);

my $bcrypt   = crypt 'secret-1', '$2a$04$' . 'C' x 21 . '.';
my $other    = crypt 'secret-2', '$2y$05$' . 'D' x 21 . '.';
my $argon2   = '$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQx$C9RhOzREKY8UtdcraCrxMGVm9oDx2/49kHOqbDkoUBo';    # of testPass123
my $firebase = '$f_scrypt$aGFzaA==$c2FsdA==$m=14$r=8$s=Bw==';

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }

sub import_hash ($email, $hash, $algorithm = undef, %opt) {
    my %body = (email => $email, passwordHash => $hash, defined $algorithm ? (hashingAlgorithm => $algorithm) : ());
    return $core->post('/recipe/user/passwordhash/import', \%body, %opt);
}

sub signin ($email, $password, %opt) { return $core->post('/recipe/signin', { email => $email, password => $password }, %opt)->{json}{status} }

subtest 'a new user' => sub {
    for my $cdi (qw(2.7 3.0 4.0 5.3)) {
        my $got  = import_hash(" New$cdi\@Example.com ", " $bcrypt\n", undef, cdi => $cdi);
        my $user = $got->{json}{user};
        my $email  = "new$cdi\@example.com";
        my $wanted = $cdi < 4 ? ST::Users::old_object($user->{id}, $email, $user->{timeJoined}, $cdi < 3 ? () : (tenants => ['public']))
          : ST::Users::object($user->{id}, $email, $user->{timeJoined}, passkeys => $cdi >= 5.3);
        is_deeply $got->{json}, { status => 'OK', user => $wanted, didUserAlreadyExist => ST::Users::bool(0) }, "CDI $cdi";
        like shape($got), qr/\A\{status user\{.*\}didUserAlreadyExist\}\z/, 'members in order';
        is $pg->value("SELECT password_hash FROM emailpassword_users WHERE user_id = '$user->{id}'"), $bcrypt, 'the hash is stored as it is, trimmed';
        is signin($email, 'secret-1'), 'OK', 'the password is good';
    }
    my $fake = import_hash('x@stfakeemail.supertokens.com', $bcrypt)->{json}{user};
    ok !$fake->{loginMethods}[0]{verified}, 'a fake address is not verified by an import';
};

subtest 'a known address' => sub {
    my $known = $core->post('/recipe/signup', { email => 'known@example.com', password => 'secret-0' })->{json}{user};
    my $got   = import_hash('Known@example.com', $other);
    is_deeply $got->{json}, { status => 'OK', user => $known, didUserAlreadyExist => ST::Users::bool(1) }, 'keeps its user';
    is signin('known@example.com', 'secret-2'), 'OK', 'and gets the new password';
    is signin('known@example.com', 'secret-0'), 'WRONG_CREDENTIALS_ERROR', 'in the place of the old one';

    my $primary = $users->make_primary($users->add('thirdparty', email => 'tp@example.com', tp => ['google', 'g'], joined => 1000));
    $users->link($known->{id}, $primary);
    $users->map_id($known->{id}, 'ext-1');
    my $user = import_hash('known@example.com', $bcrypt)->{json}{user};
    is $user->{id}, $primary, 'a linked user is shown whole';
    is $user->{loginMethods}[1]{recipeUserId}, 'ext-1', 'with its external ids';
    is signin('known@example.com', 'secret-1'), 'OK', 'the password is that of the login method';
    is import_hash('tp@example.com', $bcrypt)->{json}{didUserAlreadyExist}, ST::Users::bool(0), 'an address of another recipe is not known';
};

# [hash, algorithm, text of the 400; none: accepted]
my @formats = (
    [$bcrypt,   undef],
    [$bcrypt,   'BCRYPT'],
    [$bcrypt,   ' bcrypt '],
    [$argon2,   undef],
    [$argon2,   'argon2'],
    [$argon2,   'ARGON2'],
    [$firebase, undef],
    ['$2b$10$rubbish',  'BCRYPT'],                # prefixes are all that is looked at
    ['$2x',             undef],
    ['$argon2d',        'ARGON2'],
    ['$argon2idx',      undef],
    ['plain',           undef, 'Password hash is in invalid format'],
    ['$1$abc$def',      undef, 'Password hash is in invalid format'],
    ['$2$04$abc',       undef, 'Password hash is in invalid format'],
    ['$ARGON2ID$v=19',  undef, 'Password hash is in invalid format'],
    ['$f_scrypt$a$b$m=14$r=8',                undef, 'Password hash is in invalid format'],
    ['$f_scrypt$a$b$m=14$r=8$s=Bw==$x',       undef, 'Password hash is in invalid format'],
    ['$f_scrypt$a$b$m=x$r=8$s=Bw==',          undef, 'Password hash is in invalid format'],
    ['$f_scrypt$a$b$m=14$m=8$s=Bw==',         undef, 'Password hash is in invalid format'],
    ['$f_scrypt$a$b$s=Bw==$m=14$r=8',         undef],
    [$argon2,   'BCRYPT', 'Password hash is in invalid BCrypt format'],
    [$bcrypt,   'Argon2', 'Password hash is in invalid Argon2 format'],
    ['plain',   'ARGON2', 'Password hash is in invalid Argon2 format'],
    [$bcrypt,   'SHA1',   'Unsupported password hashing algorithm'],
    [$bcrypt,   'SCRYPT', 'Unsupported password hashing algorithm'],
    ['plain',   'x',      'Unsupported password hashing algorithm'],
    [$bcrypt,   q{},      'Hashing Algorithm cannot be an empty string'],
    [$bcrypt,   " \t",    'Hashing Algorithm cannot be an empty string'],
    [q{},       undef,    'Password hash cannot be an empty string'],
    [" \n",     q{},      'Password hash cannot be an empty string'],
    ['$2a$04$' . 'x' x 249, undef],
    ['$2a$04$' . 'x' x 250, undef, 'a value is too long'],
);

subtest 'formats' => sub {
    for my $i (0 .. $#formats) {
        my ($hash, $algorithm, $text) = @{ $formats[$i] };
        my $got  = import_hash("f$i\@example.com", $hash, $algorithm);
        my $name = join ' as ', substr($hash =~ s/\s/./gr, 0, 30), $algorithm // ();
        is line($got) =~ s/ \{.*//r, defined $text ? "400 $text" : 200, $name;
        next if defined $text || $hash =~ /^\$f_scrypt/;    # without a signer key nobody can sign in with it
        is signin("f$i\@example.com", 'x'), 'WRONG_CREDENTIALS_ERROR', 'it lets nobody in';
    }
    is line(import_hash('f@example.com', $firebase, 'FIREBASE_SCRYPT')) =~ s/ .*//r, 500, 'Firebase by its name needs the signer key';
    is line(import_hash('f@example.com', 'plain', 'FIREBASE_SCRYPT')) =~ s/ .*//r, 500, 'before the text is looked at';
    my $app = { appId => 'a1', coreConfig => { firebase_password_hashing_signer_key => 'c2lnbmVy' } };
    is $core->put('/recipe/multitenancy/app/v2', $app)->{json}{status}, 'OK', 'an app with one';
    is import_hash('f@example.com', $firebase, 'firebase_scrypt', prefix => '/appid-a1')->{json}{status}, 'OK', 'takes it';
    is line(import_hash('f@example.com', $bcrypt, 'FIREBASE_SCRYPT', prefix => '/appid-a1')), '400 Password hash is in invalid Firebase SCrypt format',
      'and nothing else by this name';
};

subtest 'input' => sub {
    my %body = (email => 'i@example.com', passwordHash => $bcrypt);
    for my $field (qw(email passwordHash hashingAlgorithm)) {
        for my $value (undef, 1, []) {
            is line($core->post('/recipe/user/passwordhash/import', { %body, $field => $value })), "400 Field name '$field' is invalid in JSON input", $field;
        }
    }
    is line($core->post('/recipe/user/passwordhash/import', { email => 'x' })), q(400 Field name 'passwordHash' is invalid in JSON input), 'no hash';
    my %there = (prefix => '/no-tenant');
    is line(import_hash('x', q{}, undef, %there)), '400 Password hash cannot be an empty string', 'the fields come before the tenant';
    is line(import_hash('x', 'x', 'x', %there)), '400 Unsupported password hashing algorithm', 'the name of the algorithm too';
    is line(import_hash('x', 'x', undef, %there)) =~ s/ =>.*//r, '400 AppId or tenantId not found', 'the format after it';
    is line(import_hash('x' x 257, $bcrypt)), '400 a value is too long', 'an address that is too long';
    is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{status}, 'OK', 'a tenant';
    is import_hash('known@example.com', $bcrypt, undef, prefix => '/t1')->{json}{didUserAlreadyExist}, ST::Users::bool(0), 'has addresses of its own';
};

subtest 'at the same time' => sub {
    my @got = parallel(map { sub { my $j = $core->with->post('/recipe/user/passwordhash/import', { email => 'race@example.com', passwordHash => $bcrypt })->{json};
            return "$j->{status} $j->{didUserAlreadyExist} $j->{user}{id}" } } 1 .. 6);
    my %ids = map { (split / /)[2] => 1 } @got;
    is_deeply [sort map { s/ [^ ]*\z//r } @got], ['OK 0', ('OK 1') x 5], 'six imports of one address: one makes the user';
    is scalar keys %ids, 1, 'all show it';
};

done_testing;

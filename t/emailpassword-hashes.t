# SPDX-License-Identifier: Apache-2.0
# Signing in against every kind of stored hash, and which kind new passwords get.
use v5.36;
use utf8;
use Encode qw(encode);
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Stack;
use ST::Users;

use constant {
    PASSWORD => 'testPass123',
    SIGNER   => 'gRhC3eDeQOdyEn4bMd9c6kxguWVmcIVq/SKa0JDPFeM6TcEevkaW56sIWfx88OHbJKnCXdWscZx0l2WbCJ1wbg==',
    FIREBASE => 'qZM035es5AXYqavsKD6/rhtxg7t5PhcyRgv5blc3doYbChX8keMfQLq1ra96O2Pf2TP/eZrR5xtPCYN6mX3ESA==$/cj0jC1br5o4+w==',
};

my $s = ST::Stack->new(config => {
    firebase_password_hashing_signer_key => SIGNER,
    bcrypt_log_rounds => 5, argon2_memory_kb => 256, argon2_iterations => 2, argon2_parallelism => 3,
});
my $core = $s->core;
my $pg   = $s->pg;

sub import_hash ($email, $hash) {
    return $core->post('/recipe/user/passwordhash/import', { email => $email, passwordHash => $hash })->{json}{status};
}

sub signin ($email, $password, %opt) {
    my $got = $core->post('/recipe/signin', { email => $email, password => $password }, %opt);
    return $got->{json} ? $got->{json}{status} : $got->{status};
}

sub stored ($email, $app = 'public') { return $pg->value("SELECT password_hash FROM emailpassword_users WHERE email = '$email' AND app_id = '$app'") }

# Of libargon2's own program: type, version, lanes (m=64, t=2, salt "somesalt<lanes>", 32 bytes).
my %argon2 = (
    'i 16 1'  => 'LM3tUTNahB0WPfhnjoSQ5aZ8AC/bppOGQ0mkGYP2XTc',
    'i 16 2'  => 'jwu700lWYwR+F4O6Jt4FBTZ3VCcErPSJDNdRQ+2VRqE',
    'i 16 3'  => 'Jx+F4IDVphATWVBCWhoZV0fZ69/tKNhVH4gBTJTQRYc',
    'i 16 4'  => 'l5dgvRJymAiAzcCQeIF0wUyAosR8lz1WDlgA45MCEVE',
    'i 19 1'  => 'TOnAi7VnOvfCiEiB/mA8ZgY0CE7dZ1UluxufGEFrpmw',
    'i 19 2'  => 'O0Q2cYtsiXnQbZbyQww5ICGZygeC62LWjr1FMjytnTk',
    'i 19 3'  => 'uPsOYd7SAPdFX49zJPL34ZLCrPAVgSePMj70Gdlifss',
    'i 19 4'  => 'l5kXnL/VahkfLCz62ns059+43vXs1+bqKUpRYsew2Tk',
    'd 16 1'  => 'HGO4DUJtFaL7TNRuNWdLiuxti74qSsQUzo4k5LOF15M',
    'd 16 2'  => 'kx4b8QqHl9oULms3ODxXVGCJtut0JfXy2M3WIUWA5uU',
    'd 16 3'  => '6B9zFyFIMgZ1SK3cjzYL5vZTODE+b9SJ4uqnmMGJr8M',
    'd 16 4'  => 'TZI6aIuDxCZFcQHQtb48z7K/qLQU3KPp0g/UQ4AQcjE',
    'd 19 1'  => 'y8YOaDTwUbxN7yNWhqbr38EarVabrXXplJj9aAX4BPU',
    'd 19 2'  => 'IwUdGaHMMwVHh7vHM/rSliij6pcmBzoupalhedR4ugU',
    'd 19 3'  => 'YbPV2SzzBUCwLfg1HVx4/rMS2+sQPJsFtm5zeKiDyyM',
    'd 19 4'  => '6IkP9p/QLRSaai1/AkraFCjOTa0d8ZBQk2ERz1IAY/4',
    'id 16 1' => 'TzOHaVf0dRi+28LeCuEIL0rdzwYyJmhnTCavy61c4x0',
    'id 16 2' => 'P4lw/LN8i9O3UUtHjxt4Gg+KkHwz9k6DJJUlUb+G/80',
    'id 16 3' => 'yVp1jb2LpoTI0TsmSlA8rhD7fWfzW/xsP2GValm/4Rw',
    'id 16 4' => 'CMuFxMh/bEqlY0OSYtx6/N8fwFM794pKm+fIIGQ1/A4',
    'id 19 1' => 'C9RhOzREKY8UtdcraCrxMGVm9oDx2/49kHOqbDkoUBo',
    'id 19 2' => 'NOIYCsLn7BA2d4P61Y4IYIx6DyGHewZd4BhOjYFof9c',
    'id 19 3' => 'LMKpYVtK7vi3dhXMciGyQ+y0F03H9cdeAhQErgAJgMk',
    'id 19 4' => '14k+6wekybB9Q+vSQ0/S2fx4u1j+OwOrL929jqsIeFQ',
);
my %salt = (1 => 'c29tZXNhbHQx', 2 => 'c29tZXNhbHQy', 3 => 'c29tZXNhbHQz', 4 => 'c29tZXNhbHQ0');

sub argon2_text ($kind) {
    my ($type, $version, $lanes) = split / /, $kind;
    return "\$argon2$type\$v=$version\$m=64,t=2,p=$lanes\$$salt{$lanes}\$$argon2{$kind}";
}

sub try_hash ($name, $hash, @wrong) {
    state $n = 0;
    my $email = 'h' . $n++ . '@example.com';
    is import_hash($email, $hash), 'OK', $name;
    is signin($email, PASSWORD), 'OK', 'the password';
    is signin($email, $_), 'WRONG_CREDENTIALS_ERROR', 'not ' . encode('UTF-8', "'$_'") for 'testPass124', q{}, @wrong;
    return;
}

subtest 'argon2' => sub {
    try_hash("argon2$_", argon2_text($_)) for sort keys %argon2;
    try_hash('without a version', argon2_text('i 16 2') =~ s/v=16\$//r);
    try_hash('16 bytes', '$argon2i$v=19$m=32,t=3,p=1$c29tZXNhbHQ$KGJ7wJCQpquUe2SWVVV/Zw');
    try_hash('the size of the reference', '$argon2id$v=19$m=87795,t=1,p=2$c29tZXNhbHQ$Mpe4Yu3ZMIU8rvYdcQKnksOrcnOLFXCCKniQI0xCttk');
};

subtest 'bcrypt' => sub {
    try_hash("\$$_", "\$$_\$05\$CCCCCCCCCCCCCCCCCCCCC.lqGQaExqEyZYPwnOsk4cpwUDQqN1HTK") for qw(2a 2b 2y 2x);
    try_hash('other rounds', '$2a$12$CCCCCCCCCCCCCCCCCCCCC.LsvMSOGJZofsnPOQ.SfyO0Lqez8Rxrm');
    is import_hash('umlaut@example.com', crypt encode('UTF-8', 'pässwörd'), '$2y$04$' . 'C' x 21 . '.'), 'OK', 'of UTF-8';
    is signin('umlaut@example.com', 'pässwörd'), 'OK', 'the password';
    is import_hash('long@example.com', crypt 'x' x 100, '$2b$04$' . 'C' x 21 . '.'), 'OK', 'of 100 bytes';
    is signin('long@example.com', 'x' x 72), 'OK', 'of which 72 count';
};

subtest 'Firebase scrypt' => sub {
    try_hash('the parameters in order', "\$f_scrypt\$${\FIREBASE}\$m=14\$r=8\$s=Bw==");
    try_hash('in another order', "\$f_scrypt\$${\FIREBASE}\$s=Bw==\$m=14\$r=8");
    for my $wrong ('$m=14$r=8$s=Bg==', '$m=13$r=8$s=Bw==', '$m=14$r=7$s=Bw==', '$m=14$r=0$s=Bw==', '$m=0$r=8$s=Bw==', '$m=60$r=8$s=Bw==') {
        my $email = "fb$wrong\@example.com";
        is import_hash($email, "\$f_scrypt\$${\FIREBASE}$wrong"), 'OK', $wrong;
        is signin($email, PASSWORD), 'WRONG_CREDENTIALS_ERROR', 'is another hash';
    }
    my $hash = "\$f_scrypt\$${\FIREBASE}\$m=14\$r=8\$s=Bw==";
    for my $app (['other-key', { firebase_password_hashing_signer_key => 'b3RoZXI=' }, 'WRONG_CREDENTIALS_ERROR'], ['no-key', { firebase_password_hashing_signer_key => undef }, 500]) {
        my ($id, $config, $wanted) = @$app;
        is $core->put('/recipe/multitenancy/app/v2', { appId => $id, coreConfig => $config })->{json}{status}, 'OK', $id;
        is $core->post('/recipe/user/passwordhash/import', { email => 'a@example.com', passwordHash => $hash }, prefix => "/appid-$id")->{json}{status}, 'OK', 'its user';
        is signin('a@example.com', PASSWORD, prefix => "/appid-$id"), $wanted, "signs in with: $wanted";
    }
};

subtest 'hashes that are broken or too costly' => sub {
    my $good = argon2_text('id 19 1');
    my @hashes = (
        q{}, '$', 'plain', PASSWORD, '$2a', '$2a$', '$2a$05$', map({ '$2a$' . $_ . '$' . 'C' x 53 } '00', '03', '20', '30', '31', '99', 'xx', '5 '),
        '$2a$05$' . 'C' x 52, '$2a$05$' . 'C' x 54, '$2a$05$' . '*' x 53, '$2z$05$' . 'C' x 53,
        '$argon2', '$argon2id$', '$argon2x$v=19$m=64,t=2,p=1$c29tZXNhbHQx$C9Rh', '$argon2id$v=19$m=64,t=2,p=1$$',
        "${good}A", substr($good, 0, -1), "$good\$more", $good =~ s/C9Rh/****/r, $good =~ s/v=19/v=18/r,
        map { my ($from, $to) = @$_; $good =~ s/$from/$to/r } ['m=64', 'm=65'], ['m=64', 'm=4294967295'], ['m=64', 'm=-1'], ['m=64', 'm=7'],
        ['t=2', 't=4294967295'], ['t=2', 't=0'], ['p=1', 'p=0'], ['p=1', 'p=16777215'],
    );
    for my $i (0 .. $#hashes) {
        ST::Users->new($pg)->add('emailpassword', email => "b$i\@example.com", hash => $hashes[$i]);
        is signin("b$i\@example.com", PASSWORD), 'WRONG_CREDENTIALS_ERROR', "'$hashes[$i]'";
    }
};

subtest 'new passwords' => sub {
    my $signup = sub ($email, %opt) { return $core->post('/recipe/signup', { email => $email, password => PASSWORD }, %opt)->{json}{user}{id} };
    my $id     = $signup->('new@example.com');
    my $hash   = stored('new@example.com');
    like $hash, qr{\A\$2a\$05\$[./A-Za-z0-9]{53}\z}, 'bcrypt, by default, with the rounds of the configuration';
    is crypt(PASSWORD, $hash), $hash, 'as others compute it';

    my $app = { appId => 'argon', coreConfig => { password_hashing_alg => 'argon2' } };
    is $core->put('/recipe/multitenancy/app/v2', $app)->{json}{status}, 'OK', 'an app with argon2, in small letters';
    my $theirs = $signup->('new@example.com', prefix => '/appid-argon');
    my $argon  = qr{\A\$argon2id\$v=19\$m=256,t=2,p=3\$[+/A-Za-z0-9]{22}\$[+/A-Za-z0-9]{43}\z};
    like stored('new@example.com', 'argon'), $argon, 'argon2id with the parameters of the configuration';
    is signin('new@example.com', PASSWORD, prefix => '/appid-argon'), 'OK', 'the password is good';
    is signin('new@example.com', 'other', prefix => '/appid-argon'), 'WRONG_CREDENTIALS_ERROR', 'another is not';
    isnt stored('new@example.com', 'argon'), do { $signup->('two@example.com', prefix => '/appid-argon'); stored('two@example.com', 'argon') }, 'salts differ';

    $s->service->write_config(password_hashing_alg => 'ARGON2');
    $s->restart_service;
    is signin('new@example.com', PASSWORD), 'OK', 'a changed algorithm: old hashes stay good';
    is stored('new@example.com'), $hash, 'signing in does not replace them';
    is $core->put('/recipe/user', { recipeUserId => $id, password => 'second' })->{json}{status}, 'OK', 'a new password';
    like stored('new@example.com'), $argon, 'gets the new algorithm';
    $pg->query("UPDATE emailpassword_users SET password_hash = '$hash'");
    my $token = $core->post('/recipe/user/password/reset/token', { userId => $id, email => 'new@example.com' })->{json}{token};
    is $core->post('/recipe/user/password/reset', { method => 'token', token => $token, newPassword => 'third' })->{json}{status}, 'OK', 'a reset';
    like stored('new@example.com'), $argon, 'does too';
    is signin('new@example.com', 'third'), 'OK', 'and is good';
};

subtest 'parameters that cannot be used' => sub {
    for my $rounds (3, 31) {
        $s->service->write_config(password_hashing_alg => 'bcrypt', bcrypt_log_rounds => $rounds);
        $s->restart_service;
        is $core->post('/recipe/signup', { email => "r$rounds\@example.com", password => PASSWORD })->{status}, 500, "bcrypt_log_rounds $rounds";
        is signin('new@example.com', PASSWORD), 'WRONG_CREDENTIALS_ERROR', 'others are still compared';
    }
};

done_testing;

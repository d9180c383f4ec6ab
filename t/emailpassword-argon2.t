# SPDX-License-Identifier: Apache-2.0
# Argon2 with fewer places than threads: two workers take turns, everybody is served, other passwords go on.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Parallel qw(parallel);
use ST::Stack;

my $s = ST::Stack->new(
    config => { password_hashing_alg => 'ARGON2', argon2_memory_kb => 16_384, argon2_hashing_pool_size => 1, fcgi_workers => 2, fcgi_hash_slots => 2 },
);
my $core   = $s->core;
my $signin = sub ($email) {
    return sub { $core->with->post('/recipe/signin', { email => $email, password => 'secret-1' })->{json}{status} }
};

my @new = parallel(map { my $n = $_; sub { $core->with->post('/recipe/signup', { email => "$n\@example.com", password => 'secret-1' })->{json}{status} } } 1 .. 6);
is_deeply \@new, [('OK') x 6], 'six sign-ups at once';
like $s->pg->value('SELECT DISTINCT substr(password_hash, 1, 17) FROM emailpassword_users'), qr/\A\$argon2id\$v=19\$m=\z/, 'hashed with Argon2';

my $bcrypt = '$2a$04$cPhsD9MTcTNo4Z7IVZPo5uY.cDNNdB4vnJsYvCjOcHEJ2FHjXT7wy';
$core->post('/recipe/user/passwordhash/import', { email => 'b@example.com', passwordHash => $bcrypt, hashingAlgorithm => 'bcrypt' });
my @got = parallel(map { $_ % 4 ? $signin->(($_ % 6 + 1) . '@example.com') : $signin->('b@example.com') } 1 .. 16);
is_deeply [@got[grep { ($_ + 1) % 4 } 0 .. 15]], [('OK') x 12], 'twelve sign-ins';
is_deeply [@got[3, 7, 11, 15]], [('WRONG_CREDENTIALS_ERROR') x 4], 'and bcrypt among them';

done_testing;

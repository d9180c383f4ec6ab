# SPDX-License-Identifier: Apache-2.0
# supertokens hashing calibrate, also by the reference's name and options: what it prints is a configuration.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Cli qw(cli cli_json);
use ST::Env qw(temp_dir watchdog write_file);

watchdog(300);
my $dir = temp_dir('config');

# The configuration in effect with the lines of TEXT that are keys.
sub configured ($text) {
    my @lines = grep { /^\w+: / && !/^Milli/ } split /\n/, $text;
    my $file  = write_file("$dir/config.yaml", join "\n", 'core_config_version: 0', 'postgresql_user: x', @lines, q{});
    return cli_json('config', 'dump', '--config', $file);
}

subtest 'bcrypt' => sub {
    my ($status, $out, $err) = cli('hashingCalibrate', '--with_alg=bcrypt', '--with_time_per_hash_ms=1');
    is_deeply [$status, $err], [0, q{}], 'by the name of the reference';
    my $config = configured($out);
    is $config->{password_hashing_alg}, 'BCRYPT', 'a configuration';
    my $least = $config->{bcrypt_log_rounds};
    ok 4 <= $least && $least <= 6, 'no time at all: about the least cost';
    my $found = cli_json('hashing', 'calibrate', '--with_alg', 'bcrypt', '--with_time_per_hash_ms', 400);
    cmp_ok $found->{bcrypt_log_rounds}, '>', $least, 'more time: a higher one';
    cmp_ok $found->{millisecondsPerHash}, '>', 0, 'measured';
};

subtest 'argon2' => sub {
    my @args = qw(--with_alg=argon2 --with_time_per_hash_ms=1 --with_argon2_parallelism=3);
    my ($status, $out, $err) = cli('hashingCalibrate', @args);
    is_deeply [$status, $err], [0, q{}], 'by the name of the reference';
    my $config = configured($out);
    is_deeply [@$config{qw(password_hashing_alg argon2_iterations argon2_parallelism argon2_hashing_pool_size argon2_memory_kb)}],
      ['ARGON2', 1, 3, 1, 15 * 1024], 'no time at all: the least memory';
    my @little = ('--with_argon2_max_memory_mb=32', '--with_argon2_hashing_pool_size=4', '--with_argon2_parallelism=1');
    my $found  = cli_json('hashing', 'calibrate', '--with_alg=argon2', '--with_time_per_hash_ms=2000', @little);
    is_deeply [@$found{qw(argon2_memory_kb argon2_hashing_pool_size argon2_parallelism)}], [8 * 1024, 4, 1], 'all memory shared by those at work';
    cmp_ok $found->{argon2_iterations}, '>', 1, 'more passes where memory does not fill the time';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# Where the login pages send a visitor afterwards: to paths of their own origin, and not in circles.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;

use ST::Env qw(temp_dir top_dir watchdog write_file);

watchdog(60);
plan skip_all => 'node is not installed' if !grep { -x "$_/node" } split /:/, $ENV{PATH};

my $dir = temp_dir('redirect');
write_file("$dir/main.mjs", <<"END");
import { safePath, isCircle } from "$dir/redirect.mjs";
import { readFileSync } from "node:fs";
const { paths, visits } = JSON.parse(readFileSync(0, "utf8"));
const stored = new Map();
const storage = { getItem: (k) => stored.get(k) ?? null, setItem: (k, v) => stored.set(k, v) };
console.log(JSON.stringify({
    paths: paths.map((path) => safePath(path, "https://example.com") ?? null),
    circles: visits.map(([path, time]) => isCircle(path, storage, time)),
}));
END
symlink top_dir() . '/web/src/redirect.js', "$dir/redirect.mjs" or die "symlink: $!\n";

sub ask ($question) {
    write_file("$dir/question", JSON::PP->new->ascii->encode($question));
    my $answer = qx{node --preserve-symlinks $dir/main.mjs <$dir/question};
    return JSON::PP->new->utf8->decode($answer);
}

my @good = (['/'], ['/members/'], ['/a?b=c&d=%2F#e'], ['/a//b'], ['/x/../y', '/y'], ['/ö', '/%C3%B6'], ['/https://evil.example/']);
my @bad  = (
    undef, q{}, 'members/', 'https://example.com/', 'https://evil.example/', '//evil.example/', '/\\evil.example/', '\\\\evil.example',
    "/\t/evil.example/", "/\n/evil.example/", 'javascript:alert(1)', ' /a', '/..//evil.example/', '/.//evil.example', { a => 1 }, ['/a'],
);
my $got = ask({ paths => [(map { $_->[0] } @good), @bad], visits => [] });
my @paths = @{ $got->{paths} };
is_deeply [splice @paths, 0, scalar @good], [map { $_->[1] // $_->[0] } @good], 'paths of the own origin';
is_deeply \@paths, [(undef) x @bad], 'nothing else';

my @visits = (['/a', 0], ['/a', 1000], ['/a', 2000], ['/a', 3000], ['/b', 3500], ['/b', 30_000], ['/b', 60_000], ['/b', 90_000], ['/b', 120_000]);
is_deeply [map { $_ ? 1 : 0 } @{ ask({ paths => [], visits => \@visits })->{circles} }], [0, 0, 0, 1, 0, 0, 0, 0, 0],
  'only the same page, again and again within seconds, is a circle';

done_testing;

#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# sql/embed.awk: SQL files become C, and what would be wrong at run time stops the build.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Env qw(temp_dir top_dir write_file);

my $dir = temp_dir('embed');

# Output of the embedder for one file, or undef when it failed. Its complaint is in $why.
my $why;

sub embed ($mode, @texts) {
    my @files;
    for my $text (@texts) {
        push @files, "$dir/file" . @files . '.sql';
        write_file($files[-1], $text);
    }
    my $pid = open my $out, '-|' // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>', "$dir/err" or exit 126;
        exec 'awk', '-v', "mode=$mode", '-f', top_dir() . '/sql/embed.awk', @files or exit 127;
    }
    local $/ = undef;
    my $text = <$out>;
    my $ok   = close $out;
    open my $err, '<', "$dir/err" or die "$dir/err: $!\n";
    $why = <$err> // q{};
    close $err;
    return $ok ? $text : undef;
}

my $good = <<'END';
-- SPDX-License-Identifier: Apache-2.0
-- About the file.

-- name: first_one
-- About the statement.
SELECT 'a\b"c??(;' , "x" -- it's a comment with $9
    , '--', {t}.x
FROM {t} WHERE a = $2 AND b = $1;

-- name: second
UPDATE {t} SET a = $1 WHERE b = $1
-- name: third
SELECT 1 FROM {t} FOR UPDATE
END

like(embed('header', $good), qr/enum stmt \{\s+STMT_first_one,\s+STMT_second,\s+STMT_third,\s+STMT_COUNT\s+\}/, 'constants');
my $source = embed('source', $good);
like($source,
    qr/\Q"SELECT 'a\\b\"c?\?(;' , \"x\" , '--', {t}.x FROM {t} WHERE a = \E\$\Q2 AND b = \E\$1",\s+2, true/,
    'text on one line, without comments, in C\'s spelling');
like($source, qr/\[STMT_second\] = \{"second",\s+"UPDATE .*",\s+1, false, false\}/, 'a write is not repeatable');
like($source, qr/FOR UPDATE",\s+0, false, false\}/, 'nor is a lock');
my $with = 'WITH x AS (SELECT updated_at FROM {t}) SELECT * FROM x';
like(embed('source', "-- name: x\n-- may be stale\n$with"), qr/0, true, true\}/, 'an answer that may be stale');
like(embed('source', "-- name: x\n$with"), qr/0, true, false\}/, 'or not');
ok !embed('source', "-- name: x\n-- may be stale\n$_"), "not where something is written: $_" for 'WITH x AS (UPDATE {t} SET a = 1 RETURNING a) SELECT * FROM x', 'DELETE FROM {t}', "SELECT 1\n-- may be stale";
like(embed('header', $good, "-- name: other\nSELECT 1\n"), qr/STMT_third,\s+STMT_other,/, 'several files');

my $blocks = embed('blocks', <<'END');
-- table: things
-- About it.
CREATE TABLE {things} (a TEXT DEFAULT '{}');
-- kept
CREATE INDEX i ON {things} (a);
-- ensure: some text, "quoted"
DO $$ BEGIN
    PERFORM 'x
y'; END $$;
END
like($blocks, qr/\{"file0", SQL_TABLE, "things",\s+"CREATE TABLE .*;\\n"\s+"-- kept\\n"\s+"CREATE INDEX/, 'a table');
like($blocks, qr/SQL_ENSURE, "some text, \\"quoted\\"",\s+"DO \$\$ BEGIN\\n"\s+"    PERFORM 'x\\n"\s+"y'; END \$\$;\\n"/, 'a block');

my @bad = (
    ["-- name: a\nSELECT 1\n-- name: a\nSELECT 2\n", qr/a is already in/,            'a name twice'],
    ["-- name: a\nSELECT 1; SELECT 2\n",             qr/more than one statement/,    'two statements'],
    ["-- name: a\nSELECT \$2\n",                     qr/parameter \$1 is not used/,  'a gap in the parameters'],
    ["-- name: a\nSELECT \$0\n",                     qr/parameter \$0/,              'parameter 0'],
    ["-- name: a\nSELECT 'x\n'\n",                   qr/must end on the line/,       'a string over two lines'],
    ["-- name: a\n-- name: b\nSELECT 1\n",           qr/a: no SQL text/,             'an empty statement'],
    ["-- name: a\n",                                 qr/a: no SQL text/,             'an empty statement at the end'],
    ["-- name: A b\nSELECT 1\n",                     qr/is not a name/,              'a bad name'],
    ["SELECT 1\n",                                   qr/before the first marker/,    'SQL without a name'],
    ["-- table: a\nCREATE TABLE a ()\n",             qr/only "-- name:" belongs/,    'a block among statements'],
);
for my $case (@bad) {
    my ($text, $complaint, $name) = @$case;
    is(embed('source', $text), undef, "$name stops the build");
    like($why, $complaint, 'and is named');
}
is(embed('source', "-- name: a\nSELECT 1\n", "-- name: a\nSELECT 1\n"), undef, 'a name in two files stops the build');
is(embed('nonsense', "-- name: a\nSELECT 1\n"), undef, 'so does an unknown mode');

done_testing;

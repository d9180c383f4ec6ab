#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# PostgreSQL accepts every statement of the program against the schema that the program makes.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Env qw(read_file top_dir);
use ST::Stack;

my $stack = ST::Stack->new;
my $pg    = $stack->pg;

# Comments go, {table} becomes the table's name, {#table} too: the schema is public and there is no prefix.
sub statements ($file) {
    my ($name, %text);
    for my $line (split /\n/, read_file($file)) {
        if    ($line =~ /^-- name: (\w+)$/)          { $name = $1 }
        elsif (defined $name && $line !~ /^\s*--/)   { $text{$name} .= "$line\n" }
    }
    s/\{#?(\w+)\}/$1/g for values %text;
    return \%text;
}

# What PREPARE takes; the others are sent as they are.
my $preparable = qr/^\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|VALUES)\b/;

for my $file (sort glob top_dir() . '/sql/*.sql') {
    my $texts = statements($file);
    for my $name (sort keys %$texts) {
        next if $texts->{$name} !~ $preparable;
        my $ok = eval { $pg->query("PREPARE $name AS $texts->{$name}"); 1 };
        ok($ok, $name) or diag($@);
    }
}

done_testing;

# SPDX-License-Identifier: Apache-2.0
# The tables are those of SuperTokens 12 with its PostgreSQL plugin 9.7 (t/schema.txt): columns, types, defaults, keys and
# indexes, by their names. Either program may go on with what the other one has made.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Env qw(read_file);
use ST::Stack;

my $s  = ST::Stack->new;
my $pg = $s->pg;

sub lines ($sql) { return map { my ($table, $line) = @$_; [$table, $line] } @{ $pg->query($sql) } }

my $ours       = q{c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition};
my @is_columns = lines(<<"SQL");
SELECT c.relname, a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
       || CASE WHEN a.attidentity = 'a' THEN ' default IDENTITY (always)' ELSE coalesce(' default ' || replace(pg_get_expr(d.adbin, d.adrelid), '::character varying', ''), '') END
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE $ours ORDER BY c.relname, a.attnum
SQL
my @is_constraints = lines(<<"SQL");
SELECT c.relname, k.conname || ': ' || pg_get_constraintdef(k.oid) FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid WHERE $ours
SQL
my @is_indexes = lines(<<"SQL");
SELECT c.relname, i.relname || ': ' || substring(pg_get_indexdef(i.oid) FROM ' USING (.*)')
FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
WHERE $ours AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid)
SQL

sub by_table (@rows) {
    my %found;
    push @{ $found{ $_->[0] } }, $_->[1] =~ s/(\w)\(/$1(/gr for @rows;
    return \%found;
}

my ($columns, $constraints, $indexes) = map { by_table(@$_) } \@is_columns, \@is_constraints, \@is_indexes;

my %wanted;
my $table;
for my $line (split /\n/, read_file("$RealBin/schema.txt")) {
    if    ($line =~ /^(\w+)$/)     { $table = $1 }
    elsif ($line =~ /^  (\w+: .*)/) { push @{ $wanted{$table}{keys} }, $1 }
    elsif ($line =~ /^  (.*)/)      { push @{ $wanted{$table}{columns} }, $1 }
}
# The backfill looks for its users with this one; the reference does not mind it.
my $of_users = $indexes->{app_id_to_user_id};
is_deeply [grep { /_pending_index/ } @$of_users], ['app_id_to_user_id_pending_index: btree (app_id, user_id) WHERE (time_joined = 0)'], 'an index of our own';
@$of_users = grep { !/_pending_index/ } @$of_users;

cmp_ok scalar keys %wanted, '>=', 50, 'tables';

for my $name (sort keys %wanted) {
    is_deeply [sort @{ $columns->{$name} // [] }], [sort @{ $wanted{$name}{columns} }], "$name: columns";
    is_deeply [sort @{ $constraints->{$name} // [] }, @{ $indexes->{$name} // [] }], [sort @{ $wanted{$name}{keys} // [] }], "$name: keys and indexes";
}
is_deeply [sort grep { !$wanted{$_} } keys %$columns], ['stfcgi_deliveries', 'stfcgi_migrations'], 'and tables of our own';

subtest 'activity_log' => sub {
    my @parts = map { $_->[0] } @{ $pg->query(q{SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'activity_log'::regclass ORDER BY 1}) };
    my %right = map {
        my ($year, $month) = (gmtime $_)[5, 4];
        (join(q{ }, 'activity_log_default', map { sprintf 'activity_log_p%04d%02d', $year + 1900 + int(($month + $_) / 12), ($month + $_) % 12 + 1 } 0, 1) => 1)
    } $^T, time;    # a month may end meanwhile
    ok $right{"@parts"}, 'is partitioned: this month, the next, everything else' or diag "@parts";
};

done_testing;

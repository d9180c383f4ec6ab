#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# How much of the database a user, a session and a sign-in take: the rows that the service writes for one of each are
# multiplied in the database, with ids as random as its own, and the growth of tables and indexes is divided by the number.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib", "$RealBin/../t/lib";

use ST::Bench   qw(heading row);
use ST::Pg;
use ST::Session qw(create);
use ST::Stack timeout => 900;

use constant N => $ENV{BENCH_ROWS} // 100_000;

my $s  = ST::Stack->new(cdi => '5.6');
my $pg = $s->pg;
my %in = (email => 'template@example.com', password => 'a good password 1');

create($s->core);    # with the keys that it is signed with
my %before  = rows();
my $id      = $s->core->post('/recipe/signup', \%in)->{json}{user}{id} // die "no user\n";
my %user    = rows();
my $session = create($s->core, { userId => $id, userDataInJWT => { iss => 'https://example.com/auth' } });
my $handle  = $session->{session}{handle};
my %session = rows();
$s->core->post('/recipe/signin', \%in);
my %login = rows();

printf "%d of each.\n\n", N;
measure('a user with e-mail and password', \%before, \%user);
measure('a session',                       \%user,   \%session);
measure('a sign-in',                       \%session, \%login);

# { table => rows }, partitions by their parents' names.
sub rows {
    my $tables = $pg->query(q{SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition});
    return map { ($_->[0] => $pg->value("SELECT count(*) FROM $_->[0]")) } @$tables;
}

sub sizes ($table) {
    return @{ $pg->query("SELECT sum(pg_table_size(id)), sum(pg_indexes_size(id))
        FROM (SELECT relid::oid AS id FROM pg_partition_tree('$table') UNION SELECT '$table'::regclass) AS parts")->[0] };
}

# Every id of a row becomes another one of the same kind (the user's, the address, the session's, hashes), every time a
# later one.
sub multiply ($table) {
    my $columns = $pg->query("SELECT attname, format_type(atttypid, NULL)
        FROM pg_attribute WHERE attrelid = '$table'::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = '' ORDER BY attnum");
    my (@names, @values);
    for my $column (@$columns) {
        my ($name, $type) = @$column;
        push @names, $name;
        my $text = "replace(replace(replace($name\::text, '$id', md5('u' || n)::uuid::text), 'template\@', 'user' || n || '\@'), '$handle', md5('s' || n)::uuid::text)";
        $text = "encode(sha256(('h' || n)::bytea), 'hex')" if $name =~ /token_hash_2\z/;
        $text = 'md5(random()::text)::uuid'                if $type eq 'uuid';
        push @values, $type =~ /char|text|uuid/ ? $text : $type eq 'bigint' ? "$name + n" : $name;
    }
    my $newest = "SELECT * FROM $table" . (grep({ $_->[0] eq 'user_id' } @$columns) ? " WHERE trim(user_id) = '$id'" : q{}) . ' LIMIT 1';
    $pg->query(sprintf 'SET session_replication_role = replica; INSERT INTO %s (%s) SELECT %s FROM (%s) AS one, generate_series(1, %d) AS n ON CONFLICT DO NOTHING',
        $table, join(', ', @names), join(', ', @values), $newest, N);
    return;
}

sub measure ($what, $from, $to) {
    my %sum;
    heading("$what: table", 'rows', 'bytes in the table', 'in indexes');
    for my $table (sort grep { $to->{$_} > ($from->{$_} // 0) } keys %$to) {
        my $rows = $to->{$table} - ($from->{$table} // 0);
        my @was  = sizes($table);
        multiply($table);
        my @is = sizes($table);
        my @per = map { ($is[$_] - $was[$_]) / N * $rows } 0, 1;
        $sum{$_} += $per[$_] for 0, 1;
        row($table, $rows, map { sprintf '%.0f', $_ } @per);
    }
    row('all', q{}, map { sprintf '%.0f', $_ // 0 } @sum{ 0, 1 });
    say '';
    return;
}

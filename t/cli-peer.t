# SPDX-License-Identifier: Apache-2.0
# A database that knows its clients by their system user: root's commands become the user of the service.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Cli qw(supertokens);
use ST::Env qw(read_file temp_dir write_file);
use ST::Stack timeout => 120;

plan skip_all => 'needs root' if $>;
plan skip_all => 'needs mount namespaces' if system('unshare', '-m', 'true') != 0;

# The user supertokens, in a world of our own where its ids are those of nobody.
my $dir    = temp_dir('peer');
my $passwd = write_file("$dir/passwd", read_file('/etc/passwd') =~ s/^supertokens:.*\n//mr . "supertokens:x:65534:65534::/:/bin/false\n");
sub there (@command) {
    my $text = join q{ }, map { "'$_'" } supertokens(), @command;
    my $said = qx{unshare -m sh -c 'mount --bind $passwd /etc/passwd && exec "\$@"' sh $text 2>&1};
    return [$? >> 8, $said =~ s/^profiling:.*\n//mgr];    # what gcov says of files that this user may not write
}

my $s  = ST::Stack->new;
my $pg = $s->pg;
my @config = ('--config', $s->service->{config_file});
write_file("$pg->{data}/pg_ident.conf", "service nobody supertokens\n");
write_file("$pg->{data}/pg_hba.conf",   "local supertokens all peer map=service\nlocal all all trust\n");
$pg->reload;

is_deeply there('dashboard', 'user', 'list', @config), [0, "There are no dashboard users.\n"], 'the user of the service is let in';
is there('migrate', '--dry-run', @config)->[0], 0, 'for a migration, too';
write_file("$dir/other.yaml", read_file($s->service->{config_file}) . "postgresql_password: secret\n");
is there('dashboard', 'user', 'list', '--config', "$dir/other.yaml")->[0], 1, 'with a password root stays root, who is not';

done_testing;

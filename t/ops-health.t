# SPDX-License-Identifier: Apache-2.0
# /health/live and /health/ready: what they say while the database is away, while it lacks a migration, and that probes cost it
# nothing.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep);
use ST::Env qw(wait_until);
use ST::Metrics;
use ST::Stack;

my $s    = ST::Stack->new(config => { fcgi_workers => 1 });
my $core = $s->core;

sub ready ()  { my $got = $core->get('/health/ready', cdi => undef); return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub becomes ($wanted, $name) {
    my $seen = q{};
    wait_until(30, sub { ($seen = ready) eq $wanted });
    return is $seen, $wanted, $name;
}

becomes('200 ready', 'a new service');
is $core->get('/health/live')->{text}, "live\n", 'it lives';
for my $path (qw(/health/live /health/ready /metrics)) {
    my $head = $core->request('HEAD', $path);
    is_deeply [@$head{qw(status text)}], [200, q{}], "HEAD $path";
    my $post = $core->post($path, {});
    is_deeply [$post->{status}, $post->{headers}{allow}], [405, 'GET, HEAD'], "POST $path";
}

subtest 'probes do not load the database' => sub {
    my $trips = sub { my ($n) = ST::Metrics::scrape($core)->{text} =~ /^supertokens_database_round_trips_total\{[^}]*\} (\d+)$/m; return $n };
    ready;
    my $before = $trips->();
    my $start  = time;
    ready for 1 .. 200;
    my $after = $trips->();
    cmp_ok $after - $before, '<=', 4 * (time - $start + 2), '200 of them';
};

subtest 'a migration is missing' => sub {
    my $version = $s->pg->value('SELECT max(version) FROM stfcgi_migrations');
    $s->pg->value("UPDATE stfcgi_migrations SET version = version + 9000 WHERE version = $version RETURNING 1");
    becomes('503 not ready: migrations', 'said so');
    $s->pg->value('UPDATE stfcgi_migrations SET version = version - 9000 WHERE version > 9000 RETURNING 1');
    becomes('200 ready', 'and then that it is there');
};

subtest 'the database is away' => sub {
    $s->pg->stop;
    becomes('503 not ready: database', 'said so');
    is $core->get('/health/live')->{status}, 200, 'it lives nevertheless';
    like ST::Metrics::scrape($core)->{text}, qr/^supertokens_database_connect_failures_total\{[^}]*\} [1-9]/m, 'metrics tell, too';
    $s->pg->start;
    becomes('200 ready', 'it is back');
};

done_testing;

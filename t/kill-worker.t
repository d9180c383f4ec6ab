# SPDX-License-Identifier: Apache-2.0
# Workers and the jobs process are killed under load: the others go on, they come back, and nothing that was
# acknowledged is lost.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep time);

use ST::Env qw(wait_until);
use ST::Load;
use ST::Session qw(create);
use ST::Stack timeout => 240;

use constant { WORKERS => 2, POOL => 4, KILLS => 6, CLIENTS => 3 };

# One slot for password hashes in the whole service, so that whoever is killed often holds it.
my $s = ST::Stack->new(
    pg     => { fsync => 1 },
    config => {
        fcgi_workers                    => WORKERS,
        fcgi_hash_slots                 => 1,
        bcrypt_log_rounds               => 8,
        postgresql_connection_pool_size => POOL,
        max_server_pool_size            => 4,
    },
);
my $service = $s->service;
my $mark    = $service->log_mark;

# The jobs process has no request threads.
sub is_worker ($pid) { return 0 + grep { ST::Env::read_file($_) =~ /^request-/ } glob "/proc/$pid/task/*/comm" }
sub workers () { return grep { is_worker($_) } $service->workers }
sub jobs ()    { return grep { !is_worker($_) } $service->workers }

# Both workers serve, and none of @KILLED is among them.
sub are_back (@killed) {
    my %killed = map { ($_ => 1) } @killed;
    return wait_until(20, sub { my @now = workers; @now == WORKERS && !grep { $killed{$_} } @now });
}

ok are_back(), 'the workers are there';
my $load = ST::Load->new(url => $s->url, clients => CLIENTS);
ok $load->goes_on, 'the load runs';

for my $n (1 .. KILLS) {
    sleep 0.05 + rand 0.3;
    my ($victim, $other) = (workers)[$n % 2, 1 - $n % 2];
    kill 'KILL', $victim;
    ok $load->goes_on(2), "kill $n: every client is served on";
    ok scalar(grep { $_ == $other } workers), 'the other worker is the same one';
    ok are_back($victim), 'the killed one is replaced';
    like $service->log_since($mark), qr/worker $victim was killed by signal 9/, 'and the log says so';
}

my @all = workers;
kill 'KILL', @all;
ok are_back(@all), 'both at once';
ok $load->goes_on, 'and the service is back';

for my $n (1 .. 3) {
    my ($jobs) = jobs;
    kill 'KILL', $jobs;
    ok wait_until(20, sub { my @now = jobs; @now == 1 && $now[0] != $jobs }), "jobs process, kill $n: it is replaced";
}
ok $load->goes_on(20), 'requests go on';    # also for the numbers below

my $sum = $load->stop;
diag ST::Load::told($sum);
is_deeply $sum->{odd}, [], 'every answer that was one was right';
my %failed = %{ ST::Load::statuses($sum) };
delete $failed{200};
my $failures = delete $failed{502} // 0;
is_deeply \%failed, {}, 'what a killed worker was busy with is 502, nothing else fails';
# What was in progress, and what nginx sends into a connection before it notices that it is closed.
cmp_ok $failures, '<=', (KILLS + 1) * CLIENTS * 2, 'and no more than that';
cmp_ok scalar keys %{ $sum->{users} }, '>=', 10, 'users were signed up';
cmp_ok scalar keys %{ $sum->{sessions} }, '>=', 20, 'sessions were made';
is_deeply ST::Load::lost($sum, $s->pg), [], 'everything acknowledged is there';
is_deeply ST::Load::half_users($s->pg), [], 'no user is there in part';

my $ours = 'FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
ok wait_until(10, sub { $s->pg->value("SELECT count(*) $ours") <= WORKERS * POOL + 2 }), 'PostgreSQL has no connections of the dead';
ok wait_until(10, sub { $s->pg->value("SELECT count(*) $ours AND state LIKE 'idle in transaction%'") == 0 }), 'and no transaction of theirs';

# Keys come from shared memory that the jobs process was filling when it was killed.
for my $app (qw(a1 a2 a3)) {
    is $s->core->put('/recipe/multitenancy/app/v2', { appId => $app })->{json}{status}, 'OK', "app $app";
    is create($s->core->with(prefix => "/appid-$app"))->{status}, 'OK', 'signs with a key of its own';
}
is $service->stop, 0, 'the service ends in order';

done_testing;

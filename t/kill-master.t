# SPDX-License-Identifier: Apache-2.0
# The master is killed under load: its children end by themselves, the next master takes the socket at once, and nothing
# that was acknowledged is lost.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Socket::UNIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use ST::Env qw(wait_until);
use ST::Load;
use ST::Stack timeout => 240;

my $s = ST::Stack->new(
    pg     => { fsync => 1 },
    config => { fcgi_workers => 2, bcrypt_log_rounds => 6, postgresql_connection_pool_size => 4, max_server_pool_size => 4 },
);
my $service = $s->service;

sub have_ended (@pids) { return wait_until(30, sub { !grep { -d "/proc/$_" } @pids }) }

# Reaped as well, so that the next one can be told from it.
sub kill_master () {
    my @children = $service->workers;
    kill 'KILL', $service->master;
    $service->proc->wait_end(10);
    return @children;
}

# True when all of its workers serve. The socket says nothing: it may still be that of the one before.
sub start () {
    my $mark = $service->log_mark;
    return eval { $service->start; 1 } && $service->wait_log(qr/Started SuperTokens on/, $mark, 30);
}

my $load = ST::Load->new(url => $s->url, clients => 3);
ok $load->goes_on, 'the load runs';

for my $n (1 .. 3) {
    sleep 0.05 + rand 0.3;
    my @children = kill_master;
    my $died     = time;
    is scalar @children, 3, "kill $n: the master had two workers and a jobs process";
    ok start(), 'the next master starts without waiting for the end of its predecessor\'s children';
    diag sprintf 'it served after %.2f s', time - $died;
    ok $load->goes_on, 'every client is served again';
    ok have_ended(@children), 'the children of the killed one have ended';
    is sprintf('%o', (stat $service->socket_path)[2] & 0777), '660', 'the new socket has the right mode';
}

subtest 'in the middle of a reload' => sub {
    my $mark = $service->log_mark;
    $service->reload;
    ok wait_until(20, sub { $service->workers > 3 || $service->log_since($mark) =~ /was reloaded/ }), 'new workers start';
    my @children = kill_master;
    ok start(), 'the next master starts';
    ok $load->goes_on, 'every client is served again';
    ok have_ended(@children), 'old and new children of the killed one have ended';
};

subtest 'nobody follows' => sub {
    my @children = kill_master;
    ok wait_until(20, sub { !IO::Socket::UNIX->new(Peer => $service->socket_path) && $!{ECONNREFUSED} }),
      'the socket is dead, so that nobody waits for an answer';
    ok have_ended(@children), 'the children end all the same';
    is $s->core->get('/hello')->{status}, 502, 'nginx says so';
    my $connections = sub { $s->pg->value('SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()') };
    ok wait_until(10, sub { $connections->() == 0 }), 'and leave no connection to PostgreSQL';
    ok start(), 'a later master starts';
    ok $load->goes_on, 'and serves';
};

my $sum = $load->stop;
diag ST::Load::told($sum);
is_deeply $sum->{odd}, [], 'every answer that was one was right';
my %others = %{ ST::Load::statuses($sum) };
delete @others{ 200, 502 };
is_deeply \%others, {}, 'without a master it is 502, nothing else';
cmp_ok scalar keys %{ $sum->{users} }, '>=', 5, 'users were signed up';
cmp_ok scalar keys %{ $sum->{sessions} }, '>=', 10, 'sessions were made';
is_deeply ST::Load::lost($sum, $s->pg), [], 'everything acknowledged is there';
is_deeply ST::Load::half_users($s->pg), [], 'no user is there in part';
my $mark = $service->log_mark;
is $service->stop, 0, 'the last master ends in order';
unlike $service->log_since($mark), qr/killed|given up/, 'with all of its children';
ok !-e $service->socket_path, 'and removes the socket';

done_testing;

# SPDX-License-Identifier: Apache-2.0
# PostgreSQL stops answering, but its connections stay: what needs it is 503 within the request's time, what does not goes
# on, and no thread is lost to it.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(time);

use ST::Env qw(at_exit);
use ST::Load;
use ST::Proc;
use ST::Stack timeout => 240;

use constant { LIMIT => 2, CLIENTS => 6 };

my $s = ST::Stack->new(
    pg     => { fsync => 1 },
    config => {
        fcgi_workers                        => 1,
        fcgi_request_timeout                => LIMIT * 1000,
        bcrypt_log_rounds                   => 4,
        postgresql_connection_pool_size     => 4,
        max_server_pool_size                => CLIENTS,
        refresh_token_rotation_grace_period => 300,
    },
);
my ($pg, $service) = ($s->pg, $s->service);
my @children = $service->workers;

my @stopped;
sub go_on () { kill 'CONT', @stopped; @stopped = (); return time }
at_exit(\&go_on);    # or it would not even end

# First the one who starts others.
sub hang () {
    push @stopped, $pg->proc->pid;
    kill 'STOP', @stopped;
    push @stopped, ST::Proc::descendants($pg->proc->pid);
    return kill 'STOP', @stopped;
}

my $load = ST::Load->new(url => $s->url, clients => CLIENTS, pause => 0.05);
ok $load->goes_on, 'the load runs';
hang;
ok $load->every_client(1, sub ($call) { $call->{status} == 503 }, 60), 'PostgreSQL hangs: nobody waits for it in vain';
my $known = time;
ok $load->every_client(2, sub ($call) { $call->{verified} }, 60), 'tokens are verified meanwhile';
my $resumed = go_on;
ok $load->goes_on, 'when PostgreSQL goes on every client is served again';

my $sum = $load->stop;
diag ST::Load::told($sum);
is_deeply $sum->{odd}, [], 'every answer that was one was right';
my %others = %{ ST::Load::statuses($sum) };
delete @others{200, 503};
is_deeply \%others, {}, 'what could not be done was 503, nothing else';

my @later = grep { $_->{at} > $known && $_->{at} < $resumed } @{ $sum->{calls} };
is_deeply [grep { $_->{op} eq 'verify' && $_->{status} != 200 } @later], [], 'tokens were verified always with success';
# From then on only one thread at a time finds out whether it answers again, for which it takes all of the request's time.
my @slow = grep { $_->{s} > LIMIT * 0.9 } @later;
diag sprintf '%d of %d requests took long', scalar @slow, scalar @later;
cmp_ok scalar @slow, '<', @later / 2, 'and most are answered at once';

is_deeply ST::Load::lost($sum, $pg), [], 'everything acknowledged is there';
is_deeply ST::Load::half_users($pg), [], 'no user is there in part';
is_deeply [$service->workers], \@children, 'the processes are the same ones';
is $service->stop, 0, 'the service ends in order';

done_testing;

# SPDX-License-Identifier: Apache-2.0
# Password hashing never holds up other requests: bounded slots, a bounded queue, then 503.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep time);

use ST::Env qw(patience wait_until watchdog);
use ST::Fcgi;

watchdog(150);
my $service = ST::Fcgi::stub(config => { fcgi_hash_queue => 6, fcgi_hash_slots => 1, fcgi_request_timeout => 20_000 });

# A bcrypt cost that takes between a quarter and half a second here.
my $cost = 8;
for (; $cost < 14; $cost++) {
    my $begun = time;
    ST::Fcgi->connect($service)->ask("/hash?$cost");
    last if time - $begun > 0.25;
}

sub hashing ($n) { return map { my $c = ST::Fcgi->connect($service); $c->send(ST::Fcgi::whole("/hash?$cost")); $c } 1 .. $n }

like(ST::Fcgi->connect($service)->ask('/hash?8')->{body}, qr/^\$2[aby]\$08\$.{53}$/, 'a hash is computed');

subtest 'a full queue' => sub {
    my @first = hashing(3);
    sleep 0.1;    # the hash thread has taken some of them
    my @more    = hashing(20);
    my @answers = map { $_->answer(30) } @first, @more;
    my %count;
    $count{ $_->{status} }++ for @answers;
    is_deeply [sort keys %count], [200, 503], 'requests are served or refused';
    cmp_ok $count{200}, '>=', 7, "$count{200} are served";
    cmp_ok $count{200}, '<=', 12, "$count{503} are refused";
    my ($refused) = grep { $_->{status} == 503 } @answers;
    is $refused->{headers}{'retry-after'}, 1, 'with Retry-After';
};

subtest 'cheap requests meanwhile' => sub {
    my $load = ST::Fcgi::load_start(8, sub ($i) { return ST::Fcgi->connect($service)->ask("/hash?$cost")->{status} == 200 });
    sleep 0.3;
    my $c = ST::Fcgi->connect($service);
    my @ms;
    for (1 .. 100) {
        my $begun = time;
        $c->ask('/hello')->{status} == 200 or fail 'a cheap request';
        push @ms, 1000 * (time - $begun);
        sleep 0.01;
    }
    my $sum = ST::Fcgi::load_stop($load);
    @ms = sort { $a <=> $b } @ms;
    note sprintf 'median %.1f ms, 99 %% %.1f ms', @ms[50, 98];
    cmp_ok $ms[50], '<', patience(50), 'are answered at once';
    cmp_ok $sum->{calls}, '>=', 8, 'while passwords are hashed';
};

# New workers that use the changed configuration; the old ones have ended what they were computing.
sub reload (%changes) {
    my $mark = $service->log_mark;
    $service->write_config(%changes);
    $service->reload;
    $service->wait_log(qr/was reloaded/, $mark);
    return wait_until(30, sub { $service->workers == 2 });
}

sub time_of ($path) {
    my $begun = time;
    is(ST::Fcgi->connect($service)->ask($path)->{status}, 200, "$path is served");
    return time - $begun;
}

subtest 'clients that do not wait' => sub {
    reload(fcgi_hash_queue => 60);
    my $alone = time_of("/hash?$cost");
    my @gone  = hashing(50);
    sleep 0.2;
    $_->close for @gone;
    cmp_ok time_of("/hash?$cost"), '<', 8 * $alone, 'the hashes of those that have gone are not computed';

    reload(fcgi_request_timeout => 1000);
    my $long = ST::Fcgi->connect($service);
    $long->send(ST::Fcgi::whole('/hash?16'));    # some seconds
    sleep 0.2;
    my @late = hashing(3);
    is $long->answer(60)->{status}, 200, 'a hash that takes longer than the time limit';
    is_deeply [map { $_->answer->{status} } @late], [503, 503, 503], 'those that could only begin after it are refused';
};

subtest 'a worker that is killed while it hashes' => sub {
    $service->write_config(fcgi_workers => 2, fcgi_request_timeout => 20_000);
    $service->restart;
    my $lost = 0;
    for (1 .. 3) {
        my @hashing = hashing(4);
        sleep 0.15;
        kill 'KILL', $service->workers;
        $lost += grep { $_->answer->{status} == 0 } @hashing;
        wait_until(10, sub { $service->workers == 3 });
    }
    cmp_ok $lost, '>', 0, 'loses its requests';
    is(ST::Fcgi->connect($service)->ask("/hash?$cost")->{status}, 200, 'gives its slot back');
};

is $service->stop, 0, 'the end';
done_testing;

# SPDX-License-Identifier: Apache-2.0
# Password hashing never holds up other requests: bounded slots, a bounded queue, then 503.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Select  ();
use List::Util  qw(min);
use POSIX       qw(ceil);
use Test::More;
use Time::HiRes qw(time);

use ST::Env qw(patience wait_until watchdog);
use ST::Fcgi;

watchdog(150);
my $service = ST::Fcgi::stub(config => { fcgi_hash_queue => 6, fcgi_hash_slots => 1, fcgi_request_timeout => patience(20_000) });

# The shortest of a few: the machine may have had other things to do.
sub seconds ($cost) {
    return min(map { my $begun = time; ST::Fcgi->connect($service)->ask("/hash?$cost"); time - $begun } 1 .. 3);
}

# A bcrypt cost that takes between a quarter and half a second here; LONG is four times that.
my $cost = 8;
my $seconds;
$cost++ until ($seconds = seconds($cost)) > 0.25 || $cost == 14;
my $long = $cost + 2;

sub hashing ($n, $cost) { return map { my $c = ST::Fcgi->connect($service); $c->send(ST::Fcgi::whole("/hash?$cost")); $c } 1 .. $n }

# In the worker that answers.
sub hashes () {
    my %now;
    @now{qw(running queued computed dropped)} = split ' ', ST::Fcgi->connect($service)->ask('/hashes')->{body};
    return \%now;
}
sub one_runs () { return ok(wait_until(10, sub { hashes->{running} }), 'a hash is being computed') }

sub is_waiting ($c) { return !IO::Select->new($c->{socket})->can_read(0) }

like(ST::Fcgi->connect($service)->ask('/hash?8')->{body}, qr/^\$2[aby]\$08\$.{53}$/, 'a hash is computed');

subtest 'a full queue' => sub {
    my ($first) = hashing(1, $long);
    one_runs;
    my @more    = hashing(20, $cost);
    my @answers = map { $_->answer(60) } @more;
    my %count;
    $count{ $_->{status} }++ for @answers;
    is_deeply \%count, { 200 => 6, 503 => 14 }, 'as many as have a place are served, the others refused';
    my ($refused) = grep { $_->{status} == 503 } @answers;
    is $refused->{headers}{'retry-after'}, 1, 'with Retry-After';
    is $first->answer->{status}, 200, 'the first one is served, too';
};

subtest 'cheap requests meanwhile' => sub {
    my @busy = hashing(1, $long + 1);
    one_runs;
    push @busy, hashing(5, $cost);    # one more than there are threads for requests
    is_deeply [map { ST::Fcgi->connect($service)->ask('/hello')->{status} } 1 .. 20], [(200) x 20], 'are answered';
    is scalar(grep { is_waiting($_) } @busy), 6, 'before any of the passwords is hashed';
    is_deeply [map { $_->answer(60)->{status} } @busy], [(200) x 6], 'which they are in the end';
};

# New workers that use the changed configuration; the old ones have ended what they were computing.
sub reload (%changes) {
    my $mark = $service->log_mark;
    $service->write_config(%changes);
    $service->reload;
    $service->wait_log(qr/was reloaded/, $mark);
    return wait_until(30, sub { $service->workers == 2 });
}

subtest 'clients that do not wait' => sub {
    reload(fcgi_hash_queue => 60);
    my ($first) = hashing(1, $long);
    one_runs;
    my @gone = hashing(50, $cost);
    ok wait_until(10, sub { hashes->{queued} == 50 }), 'many wait for it';
    my $before = hashes;
    $_->close for @gone;
    is(ST::Fcgi->connect($service)->ask("/hash?$cost")->{status}, 200, 'one more is served');
    is $first->answer->{status}, 200, 'the first one was';
    ok wait_until(10, sub { hashes->{dropped} == $before->{dropped} + 50 }), 'the hashes of those that have gone are dropped';
    is hashes->{computed}, $before->{computed} + 1, 'and not computed';
};

subtest 'a time limit' => sub {
    my $limit = patience(1);
    my $twice = $cost + ceil(log(2 * $limit / $seconds) / log 2);    # a cost that takes two times as long
    reload(fcgi_request_timeout => 1000 * $limit);
    my ($first) = hashing(1, $twice);
    one_runs;
    my @late = hashing(3, $cost);
    is $first->answer(60)->{status}, 200, 'a hash that takes longer than the time limit';
    is_deeply [map { $_->answer->{status} } @late], [503, 503, 503], 'those that could only begin after it are refused';
};

subtest 'a worker that is killed while it hashes' => sub {
    $service->write_config(fcgi_workers => 2, fcgi_request_timeout => patience(20_000));
    $service->restart;
    my $lost = 0;
    for (1 .. 3) {
        my @hashing = hashing(4, $long);
        one_runs;
        kill 'KILL', $service->workers;
        $lost += grep { $_->answer(60)->{status} == 0 } @hashing;
        wait_until(10, sub { $service->workers == 3 });
    }
    cmp_ok $lost, '>=', 3, 'loses its requests';
    is(ST::Fcgi->connect($service)->ask("/hash?$cost")->{status}, 200, 'gives its slot back');
};

is $service->stop, 0, 'the end';
done_testing;

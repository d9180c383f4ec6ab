# SPDX-License-Identifier: Apache-2.0
# What the processes around the workers do with the database: news of other nodes, and one leader for the jobs.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Env qw(wait_until watchdog);
use ST::Fcgi;
use ST::Pg;

watchdog(120);
plan skip_all => 'not built: ' . ST::Fcgi::program() if !-x ST::Fcgi::program();
my $pg    = ST::Pg->new;
my @nodes = map { ST::Fcgi::stub(config => { $pg->config }) } 1 .. 2;

# Of node N: the generation of everything, that of a slot, and how often the leader's job has run.
sub generations ($n, $slot = 7) { return split ' ', ST::Fcgi->connect($nodes[$n])->ask("/generations?$slot")->{body} }
sub all   ($n) { return (generations($n))[0] }
sub slot  ($n, $slot = 7) { return (generations($n, $slot))[1] }
sub jobs  ($n) { return (generations($n))[2] }

sub both_reach ($what, @values) { return wait_until(20, sub { !grep { $what->($_) < $values[$_] } 0, 1 }) }

# The connections that listen by now.
sub listeners () {
    return map { $_->[0] } @{ $pg->query(q{SELECT pid FROM pg_stat_activity WHERE application_name = 'supertokens-fcgi listener'
        AND query LIKE 'LISTEN%' AND state = 'idle'}) };
}

# Waits until both nodes have others.
sub both_listen_anew (@before) {
    my %before = map { ($_ => 1) } @before;
    return wait_until(20, sub { my @now = listeners; @now == 2 && !grep { $before{$_} } @now });
}

subtest 'news of other nodes' => sub {
    ok both_reach(\&all, 1, 1), 'everything counts as changed when listening begins';
    is slot(0), 0, 'nothing has been heard yet';
    $pg->query(q{NOTIFY supertokens_fcgi, 't 7'});
    ok both_reach(\&slot, 1, 1), 'what one node says, all hear';
    $pg->query(q{NOTIFY supertokens_fcgi, 't 8'});
    ok wait_until(20, sub { slot(1, 8) == 1 }), 'of another slot, too';
    is slot(1), 1, 'the first is not touched by that';
    my @all = map { all($_) + 1 } 0, 1;
    $pg->query(q{NOTIFY supertokens_fcgi, 'words of a newer version'});
    ok both_reach(\&all, @all), 'what is not understood may be anything';
};

subtest 'a lost connection' => sub {
    my @all = map { all($_) + 1 } 0, 1;
    my @before = listeners;
    $pg->query("SELECT pg_terminate_backend($_)") for @before;
    ok both_listen_anew(@before), 'is made again';
    ok both_reach(\&all, @all), 'and everything counts as changed';
    $pg->query(q{NOTIFY supertokens_fcgi, 't 7'});
    ok both_reach(\&slot, 2, 2), 'news arrive again';

    $pg->stop;
    is(ST::Fcgi->connect($nodes[0])->ask('/hello')->{status}, 200, 'without a database the workers go on');
    sleep 1;    # for those who wait longer after each try
    $pg->start;
    ok wait_until(40, sub { listeners == 2 }), 'when it is back, both listen again';
};

subtest 'reload' => sub {
    my @before = listeners;
    $_->reload for @nodes;
    ok both_listen_anew(@before), 'makes the connections anew';
};

subtest 'one leader' => sub {
    my (@before, @runs);
    my $next = sub {    # runs, whose they are
        @before = (jobs(0), jobs(1));
        return wait_until(30, sub { @runs = map { jobs($_) - $before[$_] } 0, 1; $runs[0] + $runs[1] >= 4 });
    };
    # After the reload the other node may take the lead once.
    ok wait_until(30, sub { $next->() && 1 == grep { $_ > 0 } @runs }), 'one node runs the job of all' or diag "@runs";
    my ($leader) = grep { $runs[$_] > 0 } 0, 1;
    my $other = 1 - $leader;
    $nodes[$leader]->stop;
    ok wait_until(20, sub { jobs($other) > $before[$other] + 1 }), 'when it ends, the other one takes over';
    like $nodes[$other]->log_text, qr/this node leads/, 'and says so';
};

$_->stop for grep { $_->proc->alive } @nodes;
ok wait_until(10, sub { $pg->value(q{SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'supertokens%'}) == 0 }),
  'no connection is left';
done_testing;

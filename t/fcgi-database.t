# SPDX-License-Identifier: Apache-2.0
# What the processes around the workers do with the database: news of other nodes, and one leader for the jobs.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep time);

use ST::Env qw(patience wait_until watchdog);
use ST::Fcgi;
use ST::Pg;

watchdog(120);
plan skip_all => 'not built: ' . ST::Fcgi::program() if !-x ST::Fcgi::program();
my $pg    = ST::Pg->new;
my @nodes = map { ST::Fcgi::stub(config => { $pg->config }) } 1 .. 2;

# Of node N: the generation of everything, that of slot 7, and how often the leader's job has run.
sub generations ($n) { return split ' ', ST::Fcgi->connect($nodes[$n])->ask('/generations?7')->{body} }
sub all   ($n) { return (generations($n))[0] }
sub slot  ($n) { return (generations($n))[1] }
sub jobs  ($n) { return (generations($n))[2] }

sub both_reach ($what, $value) { return wait_until(20, sub { $what->(0) >= $value && $what->(1) >= $value }) }
sub listeners () { return $pg->value(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'supertokens-fcgi listener'}) }

subtest 'news of other nodes' => sub {
    ok both_reach(\&all, 1), 'everything counts as changed when listening begins';
    is slot(0), 0, 'nothing has been heard yet';
    my $begun = time;
    $pg->query(q{NOTIFY supertokens_fcgi, 't 7'});
    ok both_reach(\&slot, 1), 'what one node says, all hear';
    cmp_ok time - $begun, '<', patience(2), 'soon';
    $pg->query(q{NOTIFY supertokens_fcgi, 't 8'});
    sleep 0.2;
    is slot(1), 1, 'other slots are not touched';
    my $all = all(0);
    $pg->query(q{NOTIFY supertokens_fcgi, 'words of a newer version'});
    ok wait_until(10, sub { all(0) > $all }), 'what is not understood may be anything';
};

subtest 'a lost connection' => sub {
    my @before = (all(0), all(1));
    $pg->query(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'supertokens-fcgi listener'});
    ok wait_until(20, sub { all(0) > $before[0] && all(1) > $before[1] }), 'is made again, and everything counts as changed';
    $pg->query(q{NOTIFY supertokens_fcgi, 't 7'});
    ok both_reach(\&slot, 2), 'news arrive again';

    $pg->stop;
    is(ST::Fcgi->connect($nodes[0])->ask('/hello')->{status}, 200, 'without a database the workers go on');
    sleep 1;
    $pg->start;
    ok wait_until(40, sub { listeners == 2 }), 'when it is back, both listen again';
};

subtest 'reload' => sub {
    my ($pid) = $pg->value(q{SELECT min(pid) FROM pg_stat_activity WHERE application_name = 'supertokens-fcgi listener'});
    $_->reload for @nodes;
    ok wait_until(20, sub { listeners == 2 && !$pg->value("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid") }),
      'makes the connection anew';
};

subtest 'one leader' => sub {
    ok wait_until(30, sub { jobs(0) + jobs(1) > 0 }), 'somebody leads';
    sleep 1;
    my @before = (jobs(0), jobs(1));
    my @runs;
    wait_until(30, sub { @runs = (jobs(0) - $before[0], jobs(1) - $before[1]); $runs[0] + $runs[1] >= 3 });
    is scalar(grep { $_ > 0 } @runs), 1, "one node runs the job of all (@runs)";
    my ($leader) = grep { $runs[$_] > 0 } 0, 1;
    my $other = 1 - $leader;
    $before[$other] = jobs($other);
    $nodes[$leader]->stop;
    ok wait_until(20, sub { jobs($other) > $before[$other] + 1 }), 'when it ends, the other one takes over';
    like $nodes[$other]->log_text, qr/this node leads/, 'and says so';
};

$_->stop for grep { $_->proc->alive } @nodes;
is $pg->value(q{SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'supertokens%'}), 0, 'no connection is left';
done_testing;

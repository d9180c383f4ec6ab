#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# Nothing that was written is lost, whoever is killed, and the order of each user holds.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use List::Util  qw(uniq);
use Test::More;
use Time::HiRes qw(sleep);

use ST::Deliver qw(add_events add_mail end_leases given_up hook now_ms pending smtp_settings write_site);
use ST::Env     qw(read_file temp_dir wait_until);
use ST::Stack timeout => 240;

my $hooks = ST::Deliver->hooks;
my $held  = ST::Deliver->hooks;
my $smtp  = ST::Deliver->smtp;
my $sites = temp_dir('sites');
write_site($sites, emailDelivery => { smtp => smtp_settings($smtp) },
    webhooks => [hook('fast', $hooks->url('/ok')), hook('held', $held->url('/hold'))]);
my $s  = ST::Stack->new(pg => { fsync => 1 }, config => { fcgi_sites_dir => $sites, fcgi_workers => 1, fcgi_drain_timeout => 1000 });
my $pg = $s->pg;

# The process that has the sender.
sub jobs () { return grep { my $pid = $_; grep { read_file($_) eq "sender\n" } glob "/proc/$pid/task/*/comm" } $s->service->workers }

# As if the leases of the dead were over, once another process has come: PostgreSQL may have gone on with their last statement. That
# those which the other one has by then are over, too, means that some come twice.
sub bury () {
    ok wait_until(20, sub { jobs() == 1 }), 'another one comes';
    return end_leases($pg, now_ms($pg));
}

subtest 'the jobs process is killed' => sub {
    my @users = map { "u$_" } 1 .. 20;
    add_mail($pg, "m$_\@example.com") for 1 .. 20;
    for my $round (1 .. 5) {
        my $before = $hooks->count;
        add_events($pg, 'fast', map { my $n = 3 * $round - $_; map { ($_ => $n) } @users } 2, 1, 0);
        ok $hooks->wait_count($before + 10 + int rand 20), "round $round: some came";
        my ($pid) = jobs;
        kill 'KILL', $pid;
        ok wait_until(10, sub { !-d "/proc/$pid" }), 'killed';
        bury();
    }
    ok wait_until(60, sub { pending($pg) == 0 }), 'all that was written has been sent';
    my $expected = join q{ }, 1 .. 15;
    my @wrong = grep { join(q{ }, uniq split / /, $hooks->history($_)) ne $expected } @users;
    is_deeply [map { "$_: " . $hooks->history($_) } @wrong], [], 'to each user\'s in order';
    my @ids = map { $_->{headers}{'webhook-id'} } $hooks->requests;
    is scalar(uniq @ids), 300, 'what came twice has the same id';
    diag @ids - 300, ' came twice';
    my @to = uniq map { $_->{to} } $smtp->mails;
    is scalar @to, 20, 'all mails came';
    is_deeply given_up($pg), [], 'nothing was given up';
};

subtest 'PostgreSQL is killed' => sub {
    my $n = $hooks->count;
    add_events($pg, 'held', a => 1, b => 1);
    ok wait_until(20, sub { $held->peak == 2 }), 'two are on their way';
    $pg->kill9;
    $held->release;
    ok $held->wait_count(2), 'they arrive';
    ok $s->service->wait_log(qr/mails and webhooks wait for their database/), 'but it cannot be noted';
    $pg->start;
    ok wait_until(30, sub { eval { pending($pg) == 0 } }), 'until PostgreSQL is back';
    is $held->count, 2, 'they are not sent again';
    add_events($pg, 'fast', c => 1);
    ok $hooks->wait_count($n + 1), 'and others follow';
};

subtest 'an orderly stop' => sub {
    unlink "$held->{dir}/release";
    add_events($pg, 'held', map { ($_ => 2) } qw(a b c));
    ok wait_until(20, sub { $held->peak == 3 }), 'three are on their way';
    is $s->service->stop, 0, 'the service stops all the same';
    my $due = $pg->value(q{SELECT count(*) FROM stfcgi_deliveries WHERE due_at <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint});
    is $due, 3, 'and leaves them to whoever comes next';
    $held->release;
    $s->service->start;
    ok wait_until(20, sub { pending($pg) == 0 }), 'who sends them';
    ok $held->wait_count(8), 'the receiver has them all';
    like $held->history('a'), qr/\A1 2 2\z/, 'once more, since it is not known whether they came';
};

done_testing;

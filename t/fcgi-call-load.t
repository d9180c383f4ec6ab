# SPDX-License-Identifier: Apache-2.0
# Servers that hang never hold up other requests, nor calls to others; a worker that ends answers what it called for.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Env qw(wait_until watchdog);
use ST::Fcgi;
use ST::Peer;

watchdog(150);
my $service = ST::Fcgi::stub(config => { fcgi_call_queue => 60, fcgi_request_timeout => 60_000 });

sub calling ($n, $url, $timeout = 50_000) {
    return map { my $c = ST::Fcgi->connect($service); $c->send(ST::Fcgi::whole('/call', body => "$url\n$timeout")); $c } 1 .. $n;
}

sub statuses (@clients) {
    my %count;
    $count{ $_->answer(30)->{status} }++ for @clients;
    return \%count;
}

sub is_answered ($c) { return IO::Select->new($c->{socket})->can_read(0) }

# Those that wait for a connection cannot be seen at the servers.
sub wait_calling ($n) {
    my $c = ST::Fcgi->connect($service);
    return wait_until(10, sub { $c->ask('/calling')->{body} == $n });
}

subtest 'more calls than threads' => sub {
    my ($hanging, $other) = (ST::Peer->new, ST::Peer->new);
    my @waiting = calling(30, $hanging->url('/hold'));
    ok $hanging->wait_connections(16) && wait_calling(30), 'a server that hangs is called';
    my $c = ST::Fcgi->connect($service);
    is_deeply [grep { $_ != 200 } map { $c->ask('/hello')->{status} } 1 .. 200], [], 'cheap requests are answered meanwhile';
    is_deeply statuses(calling(20, $other->url('/hello'))), { 200 => 20 }, 'and calls to others';
    is scalar(grep { is_answered($_) } @waiting), 0, 'while all of the first calls wait';
    is join(q{ }, $hanging->connections, $hanging->peak), '16 16', 'over a limited number of connections';

    is_deeply statuses(calling(10, $hanging->url('/hello'))), { 503 => 10 }, 'one host gets half of the places';
    my @others = calling(30, $other->url('/hold'));
    ok $other->wait_connections(20 + 16) && wait_calling(60), 'another one the other half';
    my ($third) = calling(1, ST::Peer->new->url('/hello'));
    my $refused = $third->answer;
    is $refused->{status}, 503, 'then the places are taken';
    is $refused->{headers}{'retry-after'}, 1, 'with Retry-After';

    $_->release for $hanging, $other;
    is_deeply statuses(@waiting, @others), { 200 => 60 }, 'all are answered in the end';
    is_deeply statuses(calling(1, $hanging->url('/hello'))), { 200 => 1 }, 'and the places are free again';
};

subtest 'calls that wait for a connection' => sub {
    my $hanging = ST::Peer->new;
    my @waiting = calling(30, $hanging->url('/hold'), 1000);
    my @answers = map { $_->answer(30)->{body} } @waiting;
    is scalar(grep { /^timeout/ } @answers), 30, 'have their time limit too';
};

subtest 'clients that do not wait' => sub {
    my $hanging = ST::Peer->new;
    my @gone    = calling(20, $hanging->url('/hold'), 3000);
    $hanging->wait_connections(16);
    $_->close for @gone;
    $hanging->release;
    is_deeply statuses(calling(5, $hanging->url('/hello'))), { 200 => 5 }, 'harm nobody';
};

subtest 'a reload' => sub {
    my $hanging = ST::Peer->new;
    my @waiting = calling(8, $hanging->url('/hold'));
    $hanging->wait_connections(8);
    my $mark = $service->log_mark;
    $service->reload;
    $service->wait_log(qr/was reloaded/, $mark);
    is_deeply statuses(calling(1, ST::Peer->new->url('/hello'))), { 200 => 1 }, 'new workers make calls';
    $hanging->release;
    is_deeply statuses(@waiting), { 200 => 8 }, 'those of the old ones are answered';
    ok wait_until(10, sub { $service->workers == 2 }), 'then they end';
};

subtest 'an end that does not wait' => sub {
    $service->write_config(fcgi_drain_timeout => 300);
    $service->restart;
    my $hanging = ST::Peer->new;
    my @waiting = calling(3, $hanging->url('/hold'));
    $hanging->wait_connections(3);
    $service->stop;
    like $service->log_text, qr/3 requests were given up/, 'is logged';
    ok !$service->proc->alive, 'and is one';
};

subtest 'an end while calls are idle' => sub {
    $service->start;
    is_deeply statuses(calling(1, ST::Peer->new->url('/hello'))), { 200 => 1 }, 'after a call';
    is $service->stop, 0, 'the service ends in order';
};

done_testing;

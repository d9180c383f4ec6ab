# SPDX-License-Identifier: Apache-2.0
# What arrives on a FastCGI connection is distrusted: nothing of one request may reach the next one.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Poll   qw(POLLHUP POLLIN);
use IO::Select ();
use Test::More;
use Time::HiRes qw(sleep);

use ST::Env qw(patience wait_until watchdog);
use ST::Fcgi;

watchdog(90);
my $service = ST::Fcgi::stub(config => { fcgi_max_body => 100_000, fcgi_request_timeout => 20_000 });
my $forged  = ST::Fcgi::whole('/params', params => [REMOTE_ADDR => '198.51.100.66']);

sub connection () { return ST::Fcgi->connect($service) }

subtest 'requests in order' => sub {
    my $c = connection;
    is $c->ask('/hello')->{body}, "Hello\n", 'a request';
    my $second = $c->ask('/request', body => 'x' x 70_000, id => 7);
    like $second->{body}, qr/^method=1 POST\nremote_addr=192[.]0[.]2[.]1\nhost=\nbody=70000$/m, 'another one on the same connection';
    is $second->{id}, 7, 'answered under its number';
    is $second->{more}, q{}, 'and nothing follows';
    my $head = $c->ask('/hello', method => 'HEAD');
    is $head->{body}, q{}, 'HEAD has no body';
    is $head->{headers}{'content-length'}, 6, 'but its length';
    is length $c->ask('/big?1000000')->{body}, 1_000_000, 'an answer of many records';
    is $c->ask('/headers')->{headers}{'x-number'}, 15, 'an answer with many headers';
    my $last = $c->ask('/hello', keep => 0);
    is $last->{status}, 200, 'a last request';
    ok $c->is_closed || $last->{more}, 'after which the connection is closed';
};

subtest 'a body that nobody reads' => sub {
    for my $body ($forged, $forged x 50, ST::Fcgi::record(ST::Fcgi::STDIN_, 1) . $forged) {
        my $c = connection;
        is $c->ask('/hello', body => $body)->{body}, "Hello\n", 'is answered';
        is $c->ask('/pid')->{status}, 200, 'and so is the next request, not what the body held';
    }
    my $c = connection;
    is $c->ask('/hello', body => $forged x 1000)->{status}, 413, 'one that is too long is refused';
    like $c->ask('/pid')->{body}, qr/^\d+$/, 'and not taken for requests either';
};

subtest 'a body that nginx says is not wanted' => sub {
    my @ignored = (params => [ST_BODY => 'ignored']);
    my $c       = connection;
    is $c->ask('/hello', @ignored)->{body}, "Hello\n", 'a request without one';
    is $c->ask('/pid')->{status}, 200, 'and the next on its connection';
    $c->send(ST::Fcgi::head('/hello', @ignored, length => 100_000));
    my $answer = $c->answer;
    is $answer->{body}, "Hello\n", 'one whose body does not come is answered';
    isnt $answer->{more}, q{}, 'and nginx is asked to close the connection';
    $c->send(ST::Fcgi::record(ST::Fcgi::STDIN_, 1, 'x' x 60_000));
    ok $c->is_closed, 'which is the end of it';
    for my $body ($forged, $forged x 1000) {
        $c = connection;
        $c->send(ST::Fcgi::whole('/hello', @ignored, body => $body));
        is $c->answer->{body}, "Hello\n", 'what a body holds';
        ok $c->is_closed, 'is no request';
    }
    like connection->ask('/request', params => [HTTP_ST_BODY => 'ignored'], body => 'abc')->{body}, qr/^body=3$/m, 'a request header says nothing of the kind';
};

subtest 'parameters' => sub {
    my $c = connection;
    my $answer = $c->ask('/params', sentinel => 0);
    is $answer->{status}, 400, 'a list without the sentinel is refused';
    ok $answer->{more} ne q{} && $c->is_closed, 'and the connection closed';

    $c = connection;
    is $c->ask('/hello', sentinel => 0, more => [HTTP_ST_END => 1])->{status}, 400, 'a request header is no sentinel';

    $c = connection;
    like $c->ask('/request', params => [REMOTE_ADDR => '203.0.113.9'])->{body}, qr/^remote_addr=203[.]0[.]113[.]9$/m,
      'of two parameters with one name the first counts';

    my $head = ST::Fcgi::head('/hello');
    for my $n (10, 20, 40, 60, length($head) - 9) {
        $c = connection;
        $c->send(substr $head, 0, $n);
        $c->finish_writing;
        is $c->answer->{status}, 0, "cut after $n bytes: no answer";
    }
    $head = ST::Fcgi::head('/params', more => [map { ("HTTP_X_$_" => 'value') } 1 .. 20]);
    for my $n (20, 40, 200) {
        $c = connection;
        $c->send(substr $head, 0, length($head) - $n);
        $c->finish_writing;
        is $c->answer->{status}, 0, "cut $n bytes before the end, behind the sentinel: no answer";
    }
    $c = connection;
    $c->send(ST::Fcgi::whole('/hello', params => [X => 'y' x 60_000]));
    is $c->answer->{status}, 200, 'large parameters';
};

subtest 'bodies' => sub {
    my $c = connection;
    is $c->ask('/body', body => 'a' x 100_000)->{body}, 'a' x 100_000, 'as long as the limit';
    is $c->ask('/body', body => 'a' x 100_001)->{status}, 413, 'one byte longer';
    is $c->ask('/body', body => 'a' x 3_000_000)->{status}, 413, 'much longer';
    is $c->ask('/body', body => 'abc', length => undef)->{body}, 'abc', 'of unknown length';
    is $c->ask('/body', body => 'a' x 100_000, length => undef)->{body}, 'a' x 100_000, 'as long as the limit';
    is $c->ask('/body', body => 'a' x 100_001, length => undef)->{status}, 413, 'of unknown length and too long';
    is $c->ask('/hello')->{status}, 200, 'after all that the connection is still good';

    for my $length (0, 2, 4, 99_999, 'x', '-1', '3 ', '99999999999999999999') {
        $c = connection;
        my $answer = $c->ask('/body', body => 'abc', length => $length);
        is $answer->{status}, 400, "three bytes that claim to be $length";
        ok $answer->{more} ne q{} && $c->is_closed, 'and the connection is closed';
    }
    $c = connection;
    $c->send(ST::Fcgi::head('/body', length => 1000) . ST::Fcgi::record(ST::Fcgi::STDIN_, 1, 'abc'));
    $c->finish_writing;
    is $c->answer->{status}, 0, 'a sender that goes away in the middle gets no answer';
};

subtest 'other records' => sub {
    my $c = connection;
    $c->send(ST::Fcgi::head('/hello', length => 5) . ST::Fcgi::record(ST::Fcgi::ABORT_REQUEST, 1));
    is $c->answer->{status}, 0, 'an abort ends the connection';
    $c = connection;
    $c->send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    ok $c->is_closed, 'so does HTTP';
    $c = connection;
    $c->send(ST::Fcgi::head('/hello') . ST::Fcgi::record(ST::Fcgi::STDIN_, 9, 'other') . ST::Fcgi::record(ST::Fcgi::STDIN_, 1));
    is $c->answer->{status}, 200, 'records of another number are no part of the request';
};

subtest 'slow peers' => sub {
    my $c = connection;
    my $bytes = ST::Fcgi::whole('/body', body => 'slow');
    my @dead = map { connection } 1 .. 2;
    $_->send(substr $bytes, 0, 100) for @dead;
    while (length $bytes) {
        $c->send(substr $bytes, 0, 20, q{});
        is connection->ask('/hello')->{status}, 200, 'others are served meanwhile' if length($bytes) % 60 < 20;
        sleep 0.05;
    }
    is $c->answer->{body}, 'slow', 'a request in small pieces';
    ok $_->is_closed(60), 'one that does not go on is closed' for @dead;
};

# Closed by the service, whatever there is to read before.
sub hung_up ($c) {
    my $poll = IO::Poll->new;
    $poll->mask($c->{socket} => POLLIN);
    $poll->poll(0);
    return $poll->events($c->{socket}) & POLLHUP;
}

subtest 'peers that do not read' => sub {
    my @deaf = map { connection } 1 .. 3;    # of four threads
    $_->send(ST::Fcgi::whole('/big?8000000')) for @deaf;
    ok(IO::Select->new($_->{socket})->can_read(patience(10)), 'an answer begins') for @deaf;
    is connection->ask('/hello')->{status}, 200, 'others are served meanwhile' for 1 .. 5;
    ok wait_until(30, sub { hung_up($_) }), 'it is closed' for @deaf;
    my $answer = $deaf[0]->answer;
    ok !$answer->{ended}, 'the answer was given up';
    cmp_ok length $answer->{stdout}, '<', 8_000_000, 'in the middle';
    is connection->ask('/big?8000000')->{status}, 200, 'who reads gets all of it';
};

is $service->stop, 0, 'the service ends in order';
like $service->log_text, qr/Goodbye/, 'and says so';
done_testing;

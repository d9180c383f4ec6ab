# SPDX-License-Identifier: Apache-2.0
# The FastCGI layer behind nginx, with the snippets that we ship: kept connections, bodies, clients that go away.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use HTTP::Tiny       ();
use IO::Socket::INET ();
use Test::More;

use ST::Env qw(patience temp_dir wait_until watchdog);
use ST::Fcgi;
use ST::Nginx;

watchdog(120);
my $service = ST::Fcgi::stub(config => { max_server_pool_size => 4 });
my $nginx   = ST::Nginx->new(socket => $service->socket_path);
my $url     = $nginx->core_url;
my $http    = HTTP::Tiny->new(timeout => patience(20));

sub client () { return HTTP::Tiny->new(timeout => patience(20), keep_alive => 1) }

sub raw ($bytes) {
    my $socket = IO::Socket::INET->new(PeerAddr => $url =~ s{http://}{}r) or die "connect: $@\n";
    $socket->autoflush(1);
    print {$socket} $bytes;
    return $socket;
}

sub busy_connections () {
    my ($worker) = $service->workers;
    return scalar grep { (readlink($_) // q{}) =~ /^socket:/ } glob "/proc/$worker/fd/*";
}

subtest 'kept connections do not use up the threads' => sub {
    my $dir  = temp_dir('load');
    my $load = ST::Fcgi::load_start(64, sub ($i) {
        state $client = client;
        state $calls  = do { open my $file, '>', "$dir/$i" or die "$dir/$i: $!\n"; $file };
        my $got = $client->get("$url/slow?20");    # most wait, however slow they are themselves
        syswrite $calls, q{.};
        return ($got->{status} == 200, "$got->{status} $got->{content}");
    });
    my $each_has_had = sub ($n) { return 64 == grep { (-s "$dir/$_" // 0) >= $n } 1 .. 64 };
    ok wait_until(30, sub { $each_has_had->(5) }), 'each of 64 clients is served on 4 threads, again and again';
    is $http->get("$url/hello")->{status}, 200, 'another client is, too';
    my $sum = ST::Fcgi::load_stop($load);
    is_deeply [@{ $sum->{texts} }[0 .. 2]], [undef, undef, undef], "all of $sum->{calls} requests are answered";
    cmp_ok busy_connections, '>', 20, 'nginx keeps its connections';
};

subtest 'bodies' => sub {
    my $body = join q{}, map { chr int rand 256 } 1 .. 300_000;
    is $http->post("$url/body", { content => $body })->{content}, $body, 'with a length';
    my @parts = (substr($body, 0, 1000), substr $body, 1000);
    is $http->post("$url/body", { content => sub { shift @parts } })->{content}, $body, 'in chunks';
    is $http->post("$url/body", { content => 'x' x 1_100_000 })->{status}, 413, 'too long';
    my $answer = $http->get("$url/big?3000000");
    is length $answer->{content}, 3_000_000, 'a long answer arrives whole';
    is $http->request('HEAD', "$url/hello")->{headers}{'content-length'}, 6, 'HEAD';
};

subtest 'headers as large as tokens' => sub {
    my $got = $http->get("$url/header?28000");
    is $got->{status}, 200, 'in an answer';
    is length $got->{headers}{'x-big'}, 28_000, 'arrive whole';
    my $text = $http->get("$url/params", { headers => { Authorization => 'Bearer ' . 'x' x 28_000 } })->{content};
    like $text, qr/^HTTP_AUTHORIZATION=Bearer x{28000}$/m, 'and in a request';
    is $http->get("$url/header?40000")->{status}, 502, 'beyond that nginx gives up';
    is $http->get("$url/hello")->{status}, 200, 'that one request';
};

subtest 'what clients cannot claim' => sub {
    my $got = $http->post("$url/params", { content => 'a=b', headers => { 'St-End' => 'x', 'Remote-Addr' => '6.6.6.6', 'Cdi-Version' => '5.0' } })->{content};
    like $got, qr/^REMOTE_ADDR=127[.]0[.]0[.]1$/m, 'the address is that of the connection';
    like $got, qr/^ST_END=1$/m, 'the sentinel is nginx\'s';
    like $got, qr/^HTTP_CDI_VERSION=5[.]0$/m, 'request headers arrive under names of their own';
};

subtest 'clients that go away' => sub {
    for (1 .. 20) {
        raw("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")->close;
        raw("GET /slow?50 HTTP/1.1\r\nHost: x\r\n\r\n")->close;
        my $socket = raw("GET /big?5000000 HTTP/1.1\r\nHost: x\r\n\r\n");
        sysread $socket, my $some, 1000;
        $socket->close;
    }
    is $http->get("$url/hello")->{status}, 200, 'leave a service that works';
    unlike $service->log_text, qr/ERROR/, 'and has nothing to complain about';
    my $before = busy_connections;
    $nginx->stop;
    ok wait_until(10, sub { busy_connections() < 5 }), 'no connection stays open without nginx' or diag "$before, then " . busy_connections;
};

is $service->stop, 0, 'the service ends in order';
done_testing;

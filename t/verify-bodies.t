# SPDX-License-Identifier: Apache-2.0
# Who is refused is told so at once, whatever becomes of the body that was announced: nobody waits for it, nothing keeps it.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Select       ();
use IO::Socket::INET ();
use Test::More;

use ST::Auth;
use ST::Env     qw(patience temp_dir write_file);
use ST::Session qw(create);
use ST::Stack;

my $dir = temp_dir('www');
mkdir "$dir/members" or die "$dir/members: $!\n";
write_file("$dir/members/file", "inside\n");
my $s = ST::Stack->new(
    config    => { fcgi_workers => 1, max_server_pool_size => 2 },
    sites     => { example => {} },
    site_conf => { example => "root $dir; client_max_body_size 100m; location /members/ { auth_request /st-verify; include verify-protect.conf; }" },
);
my $site = ST::Auth->new(url => $s->site_url);
my $at   = $s->site_url =~ s{.*//}{}r;

sub connection () { return IO::Socket::INET->new(PeerAddr => $at, Timeout => patience(10)) || die "connect: $!\n" }

sub head (@lines) { return join "\r\n", 'POST /members/file HTTP/1.1', 'Host: x', @lines, q{}, q{} }

# The status and text of the next answer, and whether the connection ends with it.
sub answer ($socket) {
    my $in = q{};
    while (IO::Select->new($socket)->can_read(patience(15))) {
        $socket->sysread($in, 65_536, length $in) or last;
        my ($status, $length) = $in =~ /\AHTTP\S+ (\d+) .*^Content-Length: (\d+)\r\n.*?\r\n\r\n/ims or next;
        my $text = substr $in, $+[0];
        return "$status $text" . ($in =~ /^Connection: close\r/m ? ' the end' : q{}) if length $text == $length;
    }
    return "no answer: $in";
}

my $refused = '401 {"message":"unauthorised"}';
my $and_end = "$refused the end";

subtest 'a body that does not come' => sub {
    for my $announced ('Content-Length: 5', 'Content-Length: 100000000', 'Transfer-Encoding: chunked') {
        my $c = connection;
        $c->print(head($announced));
        is answer($c), $and_end, $announced;
    }
    my $c = connection;
    $c->print(head('Content-Length: 100000') . 'x' x 50_000);
    is answer($c), $and_end, 'half of one';
};

subtest 'many of them' => sub {
    my @waiting = map { connection } 1 .. 50;
    $_->print(head('Content-Length: 1000')) for @waiting;
    is $site->get(undef, at => '/members/file')->{status}, 401, 'hold nobody up';
    is_deeply [map { answer($_) } @waiting], [($and_end) x @waiting], 'and are all answered';
};

subtest 'a body that comes' => sub {
    my %got;
    for my $size ((1, 1000, 20_000, 300_000, 5_000_000) x 10) {
        my $got = $site->request('POST', undef, 'x' x $size, at => '/members/file', headers => { 'content-type' => 'text/plain' });
        $got{"$got->{status} $got->{text}"}++;
    }
    is_deeply \%got, { $refused => 50 }, 'makes no difference';
    my $c = connection;
    $c->print(head('Content-Length: 5') . 'hello');
    is answer($c), $and_end, 'a small one';
    $c = connection;
    for my $line ('X: y', 'Content-Length: 0') {
        $c->print(head($line));
        is answer($c), $refused, 'none leaves the connection open';
    }
    my $user = create($s->core);
    is $site->get(undef, at => '/members/file', cookies => { sAccessToken => $user->{accessToken}{token} })->{text}, "inside\n", 'and who may get in does';
};

unlike $s->nginx->proc->log_text, qr/prematurely|reset by peer|Broken pipe|buffered to a temporary file/, 'nginx has nothing to complain about';
done_testing;

# SPDX-License-Identifier: Apache-2.0
#
# A server that the service calls, and that behaves as badly as its path says: a small process of its own that serves
# each connection in a child.
#
#   my $peer = ST::Peer->new;
#   $peer->url('/hello');     # 200 {"hello":"world"}
#   /echo                     what was sent: request line, headers and body
#   /status?503  /slow?200 (ms)  /hold (until release)  /silent (says nothing, until release)
#   /big?100000 (bytes)  /endless (headers)  /cut (ends in the middle)  /noise (not HTTP)  /redirect
#
# A WebSocket is opened at every path; it sends back what comes, frame by frame.
# ST::Peer->new(otherwise => '/echo') serves unknown paths like that one.
package ST::Peer;
use v5.36;

use Digest::SHA      qw(sha1_base64);
use IO::Socket::INET ();
use POSIX            ();
use Time::HiRes      qw(sleep);

use ST::Env qw(at_exit free_port read_file temp_dir wait_until);

my %SERVE = (
    '/hello'    => sub { return (200, 'application/json', '{"hello":"world"}') },
    '/status'   => sub ($self, $r) { return ($r->{query}, 'text/plain', "status $r->{query}\n") },
    '/echo'     => sub ($self, $r) { return (200, 'text/plain', "$r->{head}\r\n\r\n$r->{body}") },
    '/slow'     => sub ($self, $r) { sleep $r->{query} / 1000;   return (200, 'text/plain', "at last\n") },
    '/hold'     => sub ($self, $r) { $self->wait_released;       return (200, 'text/plain', "released\n") },
    '/silent'   => sub ($self, $r) { $self->wait_released;       return },
    '/big'      => sub ($self, $r) { return (200, 'text/plain', 'x' x $r->{query}) },
    '/noise'    => sub ($self, $r) { $r->{socket}->print("220 smtp.example.com ESMTP\r\n"); return },
    '/cut'      => sub ($self, $r) { $r->{socket}->print("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfew"); return },
    '/websocket' => sub ($self, $r) { websocket($r); return },
    '/endless'  => sub ($self, $r) { endless($r->{socket}); return },
    '/redirect' => sub ($self, $r) { return (302, 'text/plain', "elsewhere\n", 'Location: ' . $self->url('/hello')) },
);

sub new ($class, %opt) {
    my $self = bless { %opt, dir => temp_dir('peer'), port => free_port() }, $class;
    $self->{$_} = "$self->{dir}/$_" for qw(released connections);
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $self->{port}, Listen => 512, ReuseAddr => 1)
      or die "listen: $!\n";
    $self->{pid} = fork // die "fork: $!\n";
    $self->run($listener) if !$self->{pid};
    at_exit(sub { local $? = 0; kill 'KILL', -$self->{pid}; waitpid $self->{pid}, 0 });
    return $self;
}

sub port ($self) { return $self->{port} }
sub url ($self, $path) { return "http://127.0.0.1:$self->{port}$path" }

# Lets what holds go on, now and later.
sub release ($self) { return ST::Env::write_file($self->{released}, q{}) }
sub wait_released ($self) { sleep 0.02 until -e $self->{released}; return }

# Connections so far; and the most at one time.
sub connections ($self) { return (split ' ', read_file($self->{connections}))[0] // 0 }
sub peak        ($self) { return (split ' ', read_file($self->{connections}))[1] // 0 }
sub wait_connections ($self, $n) { return wait_until(10, sub { $self->connections >= $n }) }

# ---- the process ----

sub run ($self, $listener) {
    POSIX::setpgid(0, 0);
    my ($all, $now, $peak) = (0, 0, 0);
    local $SIG{CHLD} = 'DEFAULT';
    while (1) {
        my $socket = $listener->accept;
        $now-- while waitpid(-1, POSIX::WNOHANG()) > 0;
        next if !$socket;
        $all++;
        $now++;
        $peak = $now if $now > $peak;
        ST::Env::write_file("$self->{connections}.new", "$all $peak");
        rename "$self->{connections}.new", $self->{connections};
        my $pid = fork // die "fork: $!\n";
        next if $pid;
        $self->serve($socket);
        $socket->close;
        POSIX::_exit(0);
    }
    return;
}

sub serve ($self, $socket) {
    local $SIG{PIPE} = 'IGNORE';
    my $in = q{};
    until ($in =~ /\r\n\r\n/) { $socket->sysread($in, 65_536, length $in) or return }
    my ($head, $body) = split /\r\n\r\n/, $in, 2;
    my ($length) = $head =~ /^Content-Length: (\d+)/mi;
    while (length $body < ($length // 0)) { $socket->sysread($body, 65_536, length $body) or return }
    my ($path, $query) = $head =~ m{\A\S+ (?:http://[^/]+)?([^ ?]*)[?]?(\S*)};
    $path = '/websocket' if $head =~ /^Upgrade: websocket/mi;
    my $serve = $SERVE{$path} // $SERVE{ $self->{otherwise} // q{} } // sub { return (404, 'text/plain', "not found\n") };
    my ($status, $type, $text, @headers) = $serve->($self, { socket => $socket, head => $head, body => $body, query => $query });
    return if !$status;
    my @head = ("HTTP/1.1 $status X", "Content-Type: $type", 'Content-Length: ' . length $text, 'Connection: close', @headers);
    return print {$socket} join("\r\n", @head, q{}, $text);
}

# Small masked frames only (RFC 6455 5.2).
sub websocket ($r) {
    my ($key) = $r->{head} =~ /^Sec-WebSocket-Key: (\S+)/mi or return;
    my @head = ('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: ' . sha1_base64($key . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11') . '=');
    $r->{socket}->syswrite(join "\r\n", @head, q{}, q{});
    while ($r->{socket}->sysread(my $frame, 131)) {
        my ($first, $length, $mask, $data) = unpack 'C C a4 a*', $frame;
        $data ^.= substr $mask x 32, 0, length $data;
        $r->{socket}->syswrite(pack 'C C a*', $first, $length & 127, $data);
    }
    return;
}

sub endless ($socket) {
    print {$socket} "HTTP/1.1 200 OK\r\n";
    1 while print {$socket} 'X-More: ' . 'y' x 1000 . "\r\n";
    return;
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# For the tests of fcgi/: the stub service (t/fcgi/stub_service.c) in the place of the real one, a FastCGI client that
# can also misbehave, and HTTP clients that keep a service busy.
#
#   my $service = ST::Fcgi::stub(config => { fcgi_workers => 1 });
#   my $c = ST::Fcgi->connect($service);
#   my $answer = $c->ask('/hello');               # { status, headers, body, more }
package ST::Fcgi;
use v5.36;

use IO::Select       ();
use IO::Socket::UNIX ();
use Socket           qw(SOCK_STREAM);
use Test::More       ();
use Time::HiRes      qw(time);

use ST::Env qw(build_dir patience);
use ST::Service;

use constant { BEGIN_REQUEST => 1, ABORT_REQUEST => 2, END_REQUEST => 3, PARAMS => 4, STDIN_ => 5, STDOUT_ => 6 };
use constant SIOCOUTQ => 0x5411;    # unix(7)

sub program { return build_dir() . '/t/fcgi-stub' }

# Options as of ST::Service.
sub stub (%opt) {
    Test::More::plan(skip_all => 'not built: ' . program()) if !-x program();
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings)
    *ST::Service::program = \&program;
    my %config = (
        postgresql_user      => 'nobody',
        postgresql_host      => '/nonexistent',
        fcgi_workers         => 1,
        max_server_pool_size => 4,
        fcgi_drain_timeout   => 10_000,
        %{ $opt{config} // {} },
    );
    return ST::Service->new(%opt, config => \%config);
}

# ---- the client ----

sub connect ($class, $service) {    ## no critic (ProhibitBuiltinHomonyms)
    my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $service->socket_path) or die "connect: $!\n";
    return bless { socket => $socket, id => 1 }, $class;
}

sub record ($type, $id, $content = q{}, $padding = 0) {
    return pack('CCnnCx', 1, $type, $id, length $content, $padding) . $content . "\0" x $padding;
}

sub pair ($name, $value) {
    return join(q{}, map { length > 127 ? pack('N', length() | 1 << 31) : pack('C', length) } $name, $value) . $name . $value;
}

# Options: keep (1), method, body, length (default: of the body, undef sends none), params (list of further names and
# values, in front), more (behind the others), sentinel (1), id.
sub head ($path, %opt) {
    my $body   = $opt{body} // q{};
    my $length = exists $opt{length} ? $opt{length} // q{} : length $body;
    my @params = (
        @{ $opt{params} // [] },
        REQUEST_METHOD => $opt{method} // 'POST',
        REQUEST_URI    => $path,
        CONTENT_LENGTH => $length,
        REMOTE_ADDR    => '192.0.2.1',
        (($opt{sentinel} // 1) ? (ST_END => 1) : ()),
        @{ $opt{more} // [] },
    );
    my $text = q{};
    while (my ($name, $value) = splice @params, 0, 2) { $text .= pair($name, $value) }
    my $id = $opt{id} // 1;
    return record(BEGIN_REQUEST, $id, pack('nCx5', 1, $opt{keep} // 1)) . record(PARAMS, $id, $text) . record(PARAMS, $id);
}

sub whole ($path, %opt) {
    my $body = $opt{body} // q{};
    my $id   = $opt{id}   // 1;
    my $text = head($path, %opt);
    $text .= record(STDIN_, $id, substr $body, 0, 65_000, q{}) while length $body;
    return $text . record(STDIN_, $id);
}

sub send ($self, $bytes) {    ## no critic (ProhibitBuiltinHomonyms)
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes;
        return 0 if !defined $n;
        substr $bytes, 0, $n, q{};
    }
    return 1;
}

sub ask ($self, $path, %opt) {
    $self->send(whole($path, %opt));
    return $self->answer;
}

# Reads one answer: status (0: none), headers, body, more (what came behind the end of the request at once). closed: the
# other side has closed.
sub answer ($self, $seconds = 15) {
    my %got = (status => 0, stdout => q{}, more => q{}, headers => {}, body => q{});
    my $in  = q{};
    my $end = time + patience($seconds);
    while (1) {
        while (length $in >= 8) {
            my (undef, $type, $id, $length, $padding) = unpack 'CCnnC', $in;
            last if length $in < 8 + $length + $padding;
            $got{stdout} .= substr $in, 8, $length if $type == STDOUT_;
            substr $in, 0, 8 + $length + $padding, q{};
            if ($type == END_REQUEST) { $got{ended} = 1; $got{id} = $id; $got{more} = $in; $in = q{}; last }
        }
        last if $got{ended};
        if (!IO::Select->new($self->{socket})->can_read($end - time)) { $got{timeout} = 1; last }
        my $n = sysread $self->{socket}, $in, 65_536, length $in;
        if (!$n) { $got{closed} = 1; last }
    }
    my ($head, $body) = split /\r\n\r\n/, $got{stdout}, 2;
    $got{body}    = $body // q{};
    $got{headers} = { map { my ($n, $v) = split /: /, $_, 2; (lc $n => $v) } split /\r\n/, $head // q{} };
    ($got{status}) = ($got{headers}{status} // 0) =~ /(\d+)/;
    return \%got;
}

# Whether the service closes the connection, without sending anything more, within SECONDS.
sub is_closed ($self, $seconds = 5) {
    return 0 if !IO::Select->new($self->{socket})->can_read(patience($seconds));
    my $n = sysread $self->{socket}, my $byte, 1;
    return !$n;
}

# Whether the service has read all that was sent: what it has begun is in progress.
sub is_read ($self) {
    my $left = pack 'i', 0;
    ioctl $self->{socket}, SIOCOUTQ, $left or die "ioctl: $!\n";
    return unpack('i', $left) == 0;
}

sub finish_writing ($self) { return shutdown $self->{socket}, 1 }
sub close          ($self) { return CORE::close $self->{socket} }          ## no critic (ProhibitBuiltinHomonyms)

# ---- load ----

# N processes that each call CODE(number) again and again until stopped; CODE returns false for a failure, text for
# the report. load_stop returns { calls, failures, texts }.
sub load_start ($n, $code) {
    my @children;
    for my $i (1 .. $n) {
        pipe my $read, my $write or die "pipe: $!\n";
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            my ($stop, $calls, @failures) = (0, 0);
            local $SIG{TERM} = sub { $stop = 1 };
            while (!$stop) {
                my ($ok, $text) = $code->($i);
                $calls++;
                push @failures, ($text // '?') =~ s/\n.*//sr if !$ok && !$stop;
            }
            print {$write} join "\n", $calls, @failures;
            CORE::close($write);
            POSIX::_exit(0);
        }
        CORE::close($write);
        push @children, [$pid, $read];
    }
    return \@children;
}

sub load_stop ($children) {
    kill 'TERM', map { $_->[0] } @$children;
    my %sum = (calls => 0, failures => 0, texts => []);
    for my $child (@$children) {
        my $read = $child->[1];
        chomp(my ($calls, @failures) = <$read>);
        waitpid $child->[0], 0;
        $sum{calls}    += $calls // 0;
        $sum{failures} += @failures;
        push @{ $sum{texts} }, @failures;
    }
    return \%sum;
}

1;

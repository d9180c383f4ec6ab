# SPDX-License-Identifier: Apache-2.0
#
# The fault sweep: the N-th allocation, write or database call of a request fails, for N = 1, 2, ... until the request
# meets its N-th no more. The service is the one of the build variant `fault` (src/base/fault.h), with one worker, one
# request thread and one hash thread, and is asked on its socket.
#
#   my $sweep = ST::Fault->new;
#   $sweep->route('core', 'POST', '/recipe/signup', sub { { email => ..., password => ... } });
#   $sweep->finish;
#
# After each fault: the answer is the one without a fault, or an error in our form; the worker lives; and the same request
# again has its right answer. After each route: nothing is half done (ST::Fault::State). At the end: nothing leaked.
#
# ST_FAULTS=all takes every N; otherwise a few of each kind are taken, evenly spread, and what is left out is counted.
package ST::Fault;
use v5.36;

use JSON::PP   ();
use Test::More ();
use Time::HiRes qw(sleep);

use ST::Auth ();
use ST::Env  qw(build_dir top_dir wait_until watchdog);
use ST::Fault::State;
use ST::Fcgi;
use ST::Pg;
use ST::Proc;
use ST::Service;

use constant {
    KINDS => [qw(alloc memory write short lease send answer error retry)],
    FEW   => 2,                # of each kind, where not all are taken
    LIMIT => 5000,             # a request that meets more than this is one that never ends
    NEVER => 1_000_000_000,
    KEY   => 'an-api-key-of-20-characters',
};

my $JSON = JSON::PP->new->utf8->canonical;

sub takes_all { return ($ENV{ST_FAULTS} // q{}) eq 'all' }

sub import ($class, %opt) { watchdog(takes_all() ? 7200 : 300); return }

sub new ($class, %opt) {
    my $build = $ENV{ST_BUILD_FAULT} // top_dir() . '/build-fault';
    Test::More::plan(skip_all => "no build of the variant fault (./dev test makes it): $build") if !-x "$build/supertokens-fcgid";
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings)
    *ST::Service::program = sub { return "$build/supertokens-fcgid" };
    local $ENV{ASAN_OPTIONS} = 'detect_stack_use_after_return=1:allocator_may_return_null=1';
    my $pg   = ST::Pg->new;
    my $self = bless { pg => $pg, build => $build, left_out => 0, requests => 0, faults => 0, seen => {} }, $class;
    $self->{service} = ST::Service->new(
        pg     => $pg,
        config => {
            api_keys                        => KEY,
            fcgi_workers                    => 1,
            fcgi_hash_slots                 => 1,
            max_server_pool_size            => 1,
            postgresql_connection_pool_size => 2,
            bcrypt_log_rounds               => 4,
            %{ $opt{config} // {} },
        },
        env => { map { ($_ => $ENV{$_}) } grep { defined $ENV{$_} } 'ST_FAULT_TRACE' },
        ($opt{sites} ? (sites => $opt{sites}) : ()),
    );
    wait_until(30, sub { eval { $self->core('GET', '/hello')->{status} == 200 } }) or die "the service does not answer\n";
    # The jobs process starts after the worker.
    wait_until(20, sub { 2 == split / /, $self->{workers} = $self->workers }) or die "no worker, or no jobs process\n";
    return $self;
}

sub pg      ($self) { return $self->{pg} }
sub workers ($self) { return join q{ }, $self->{service}->workers }

# ---- one request ----

# Options: cdi, rid, cookies, headers (by their FastCGI names), params (further FastCGI parameters), query, fault.
sub ask ($self, $door, $method, $path, $body = undef, %opt) {
    my %params = (
        ST_DOOR      => $door,
        ST_SITE      => 'example',
        HTTP_API_KEY => KEY,
        CONTENT_TYPE => 'application/json',
        %{ $opt{params} // {} },
    );
    $params{HTTP_CDI_VERSION} = $opt{cdi} // '5.6' if $door eq 'core';
    $params{HTTP_RID}      = $opt{rid}   if defined $opt{rid};
    $params{ST_FAULT}      = $opt{fault} if defined $opt{fault};
    $params{HTTP_COOKIE}   = join '; ', map { "$_=" . ST::Auth::cookie_encode($opt{cookies}{$_}) } sort keys %{ $opt{cookies} } if $opt{cookies};
    if ($method eq 'GET' && ref $body) {
        $path .= '?' . join '&', map { "$_=" . ST::Auth::cookie_encode($body->{$_}) } sort keys %$body;
        $body = undef;
    }
    $self->{requests}++;
    my $text = ref $body ? $JSON->encode($body) : $body // q{};
    my $url  = $door eq 'auth' ? "/auth$path" : $path;
    $self->{connection} //= ST::Fcgi->connect($self->{service});
    my $got = $self->{connection}->ask($url, method => $method, body => $text, params => [%params]);
    delete $self->{connection} if $got->{closed} || $got->{timeout} || $got->{more} ne q{};
    $got->{json} = eval { $JSON->decode($got->{body}) } if ($got->{headers}{'content-type'} // q{}) =~ m{^application/json};
    $self->{seen} = { ($got->{headers}{'st-fault'} // q{}) =~ /(\w+)=(\d+)/g };
    return $got;
}

sub core ($self, $method, $path, $body = undef, %opt) { return $self->ask('core', $method, $path, $body, %opt) }

# The decoded answer of a request that has to succeed.
sub made ($self, $method, $path, $body, %opt) {
    my $got;
    for (1 .. 20) {
        $got = $self->core($method, $path, $body, %opt);
        last if $got->{status} == 200;
        sleep 0.1;    # right after a lost connection the pool may not try again yet
    }
    die "$method $path: $got->{status} $got->{body}\n" if $got->{status} != 200;
    return $got->{json};
}

# ---- the sweep of a route ----

sub outcome ($got) {
    return 'no answer' if !$got->{status};
    return join q{ }, $got->{status}, grep { defined && !ref } ref $got->{json} eq 'HASH' ? $got->{json}{status} : ();
}

sub is_our_error ($door, $got) {
    return 1 if $door eq 'verify' && $got->{status} == 403;    # nginx would make a 500 of anything else
    # libcurl does not always tell a lack of memory from a server that is away.
    my $ours = $door eq q{auth} ? qr{\A50[0234]\z} : qr{\A50[03]\z};
    return 0 if $got->{status} !~ $ours;
    my $type = $got->{headers}{'content-type'} // q{};
    return 1 if $door eq 'ops' && $got->{body} eq q{};         # of HEAD
    return 1 if $type =~ m{^text/(?:html|plain)} && $got->{body} =~ /\A[^\n]+\n?\z/;
    return ref $got->{json} eq 'HASH' && defined $got->{json}{message};
}

# The same request once more, without a fault. Right after a failed connect the pool waits for a moment.
sub again ($self, $row, @request) {
    my $got;
    for (1 .. 20) {
        $got = $self->ask(@$row{qw(door method path)}, @request);
        last if $got->{status} != ($row->{door} eq 'verify' ? 403 : 503);
        sleep 0.1;
    }
    return outcome($got);
}

sub numbers ($self, $total) {
    return 1 .. $total if takes_all() || $total <= FEW;
    $self->{left_out} += $total - FEW;
    my $shift = $self->{turn}++;    # others at each route
    return map { 1 + int(($_ + ($shift % 7) / 7) * $total / FEW) } 0 .. FEW - 1;
}

# One fault. Returns what is wrong, or nothing; sets {fired}.
sub one ($self, $row, $plan) {
    my @request = $row->{make}->();
    my $kind    = $plan =~ s/:.*//r;
    my $got     = $self->ask(@$row{qw(door method path)}, @request, fault => $plan);
    my $told    = outcome($got);
    my $second  = $self->again($row, @request);
    my $fired   = $self->{seen}{fired};
    $row->{undo}->(@request) if $row->{undo};
    $self->{fired} = $fired;
    $self->{faults} += $fired ? 1 : 0;
    my $success = $told eq $row->{first};
    my @wrong;
    push @wrong, 'no answer' if $told eq 'no answer' && $kind ne 'write';
    push @wrong, "$told $got->{body}" =~ s/\s+/ /gr if $told ne 'no answer' && !$success && !is_our_error($row->{door}, $got);
    push @wrong, "then $second" if $second ne $row->{second} && ($success || $second ne $row->{first});
    push @wrong, 'a worker ended' if $self->workers_changed($told);
    return map { "$plan: $_" } @wrong;
}

sub workers_changed ($self, $told) {
    return 0 if $told ne 'no answer';
    my $now     = $self->workers;
    my $changed = $now ne $self->{workers};
    wait_until(20, sub { 2 == split / /, $self->{workers} = $self->workers }) if $changed;
    return $changed;
}

# How many of a kind the request meets.
sub count ($self, $row, $kind) {
    my @request = $row->{make}->();
    $self->ask(@$row{qw(door method path)}, @request, fault => "$kind:@{[NEVER]}");
    my $total = $self->{seen}{seen} // 0;
    $row->{undo}->(@request) if $row->{undo};
    return $total;
}

sub sweep ($self, $row) {
    my @wrong;
    my @kinds = $ENV{ST_FAULT_KINDS} ? split(/,/, $ENV{ST_FAULT_KINDS}) : @{ KINDS() };
    for my $kind (@kinds) {
        my $total = $self->count($row, $kind);
        push @wrong, map { $self->one($row, "$kind:$_") } $self->numbers($total);
        # Another number may be met than the time before, as caches fill.
        for my $n ($total + 1 .. takes_all() ? LIMIT : 0) {
            push @wrong, $self->one($row, "$kind:$n");
            last if !$self->{fired};
        }
    }
    return @wrong;
}

# INPUT: the body (of GET: the query), or code that makes a fresh one and returns it with options as of ask. UNDO is called
# with what it made.
sub route ($self, $door, $method, $path, $input = undef, %opt) {
    return if $ENV{ST_FAULT_ROUTES} && "$door $method $path" !~ /$ENV{ST_FAULT_ROUTES}/;
    my @options = map { ($_ => $opt{$_}) } grep { exists $opt{$_} } qw(cdi rid cookies headers params);
    my $make    = ref $input eq 'CODE' ? sub { my ($body, @more) = $input->(); return ($body, @options, @more) } : sub { return ($input, @options) };
    my %row     = (door => $door, method => $method, path => $path, make => $make, undo => $opt{undo});
    $self->{done}{ join q{ }, $door, $method, $path =~ s/[?].*//r =~ s{^/t1/}{/}r, $opt{rid} // q{-} } = 1;
    my @request = $make->();
    my $got     = $self->ask($door, $method, $path, @request);
    $row{first}  = outcome($got);
    $row{second} = $self->again(\%row, @request);
    $row{undo}->(@request) if $row{undo};
    my $name = "$door $method $path" . ($opt{name} ? " ($opt{name})" : q{});
    if ($got->{status} != ($opt{status} // 200)) { return Test::More::fail("$name: $row{first} $got->{body}") }
    my $before = $self->{faults};
    my @wrong  = $self->sweep(\%row);
    push @wrong, ST::Fault::State::wrong($self->{pg});
    push @wrong, 'a worker ended' if $self->{workers} ne $self->workers;
    my $faults = $self->{faults} - $before;
    Test::More::ok(!@wrong, "$name: $row{first}, then $row{second}; $faults faults") or Test::More::diag(join "\n", splice @wrong, 0, $ENV{ST_FAULT_SHOWN} // 15);
    return;
}

# ---- the end ----

# The routes of DOOR that the binary declares and that were not swept.
sub missing ($self, $door) {
    my @all = map { chomp; $_ } grep { /^$door / } qx($self->{build}/t/list-routes);
    my @missing = grep { !$self->{done}{$_} && !$self->{done}{s/ \S+\z/ -/r} } @all;
    return (scalar(@all), @missing);
}

sub finish ($self, @doors) {
    for my $door ($ENV{ST_FAULT_ROUTES} ? () : @doors) {
        my ($all, @missing) = $self->missing($door);
        Test::More::is(join(', ', @missing), q{}, "all $all routes of the $door door were swept");
    }
    delete $self->{connection};
    Test::More::is($self->{service}->stop, 0, 'the service ends without a leak');
    Test::More::ok($self->{service}->log_text !~ m{Sanitizer|runtime error:}, "no sanitizer found anything");
    Test::More::note("$self->{faults} faults in $self->{requests} requests");
    Test::More::diag("$self->{left_out} further faults are left to ./dev test --faults") if $self->{left_out};
    return;
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# A child process of the test: its output in a log file, ended when the test ends, even when the test is killed
# (the kernel sends the death signal).
package ST::Proc;
use v5.36;

use POSIX qw(:sys_wait_h setsid);
use Scalar::Util qw(weaken);
use Time::HiRes  qw(time);

use ST::Env qw(at_exit read_file tail_of wait_until);

my @started;

# name, cmd (array), log (file, appended to); optional: user (started as root: become that user), death_signal
# (TERM), env (hash replacing the environment), stop_signal (TERM).
sub new ($class, %opt) {
    my $self = bless { death_signal => 'TERM', stop_signal => 'TERM', status => undef, %opt }, $class;
    my @cmd = ('setpriv', '--pdeathsig', $self->{death_signal});
    push @cmd, '--reuid', $opt{user}, '--regid', $opt{user}, '--init-groups' if $opt{user} && !$>;
    push @cmd, '--', @{ $opt{cmd} };

    my $pid = fork // die "fork: $!\n";
    exec_in_child($self, @cmd) if !$pid;
    $self->{pid} = $pid;
    push @started, $self;
    weaken $started[-1];
    at_exit(sub { $self->end });
    return $self;
}

sub exec_in_child ($self, @cmd) {
    setsid();    # Ctrl-C reaches only the one who started us, who then stops things in order
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM PIPE);
    %ENV = %{ $self->{env} } if $self->{env};
    chdir '/';
    open STDIN, '<', '/dev/null';                           ## no critic (RequireCheckedOpen)
    open STDOUT, '>>', $self->{log} or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT     or POSIX::_exit(126);
    no warnings 'exec';                                     ## no critic (ProhibitNoWarnings)
    exec {'setpriv'} @cmd;
    POSIX::_exit(127);
}

sub pid  ($self) { return $self->{pid} }
sub name ($self) { return $self->{name} }

# Exit status as in $?, once it has ended.
sub status ($self) { return $self->alive ? undef : $self->{status} }

sub alive ($self) {
    return 0 if defined $self->{status};
    local $? = 0;    # at the end of the test it is the test's own status
    my $got = waitpid $self->{pid}, WNOHANG;
    return 1 if $got == 0;
    $self->{status} = $got == $self->{pid} ? $? : 0;
    return 0;
}

sub signal ($self, $signal) { return $self->alive && kill $signal, $self->{pid} }

# True when it has ended within SECONDS.
sub wait_end ($self, $seconds) {
    return wait_until($seconds, sub { !$self->alive });
}

# Orderly stop; the exit status. Dies when it takes longer than SECONDS.
sub stop ($self, $seconds = 15) {
    $self->signal($self->{stop_signal});
    if (!$self->wait_end($seconds)) {
        $self->kill9;
        die "$self->{name} did not end within $seconds s of SIG$self->{stop_signal}\n" . $self->tail;
    }
    return $self->{status};
}

# SIGKILL to it and its descendants, whatever their process group.
sub kill9 ($self) {
    kill 'KILL', $self->{pid}, descendants($self->{pid}) if $self->alive;
    $self->wait_end(10);
    return;
}

# At the end of the test: first politely, then whatever is left of its process group, also when it died by itself.
sub end ($self) {
    my $ok  = !$self->alive || eval { $self->stop; 1 };
    my $why = $@;
    kill 'KILL', -$self->{pid};
    die $why if !$ok;
    return;
}

sub log_text ($self) { return read_file($self->{log}) }

sub tail ($self, $lines = 30) { return "--- $self->{name}: $self->{log}\n" . tail_of($self->{log}, $lines) }

sub all_tails {
    my %seen;
    return map { $_->tail } grep { defined && !$seen{ $_->{log} }++ } @started;
}

# Direct children, by process id (their number in scalar context).
sub children ($pid) {
    my @found = sort { $a <=> $b } grep { parent_of($_) == $pid } map { m{(\d+)$} } glob '/proc/[0-9]*';
    return @found;
}

sub descendants ($pid) {
    return map { ($_, descendants($_)) } children($pid);
}

sub parent_of ($pid) {
    my ($ppid) = read_file("/proc/$pid/status") =~ /^PPid:\s*(\d+)/m;
    return $ppid // 0;
}

# Memory in KiB as { rss, pss, private }: pss shares out pages used by several processes.
sub memory ($pid) {
    my %kib = read_file("/proc/$pid/smaps_rollup") =~ /^(\w+):\s+(\d+) kB/mg;
    return { rss => $kib{Rss}, pss => $kib{Pss}, private => ($kib{Private_Clean} // 0) + ($kib{Private_Dirty} // 0) };
}

1;

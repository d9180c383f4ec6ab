# SPDX-License-Identifier: Apache-2.0
#
# What every test needs from its surroundings: places, free ports, waiting, and cleaning up however the test ends.
#
# Environment read: ST_BUILD (build directory, default build/), ST_TEST_TIMEOUT (seconds a test file may take,
# overrides the file's own wish), ST_SLOW (factor on every time-out, for sanitizer builds), ST_KEEP=1 (keep the
# temporary directory), TMPDIR.
package ST::Env;
use v5.36;

use Cwd              qw(realpath);
use Exporter         qw(import);
use File::Basename   qw(dirname);
use File::Path       qw(remove_tree);
use File::Temp       ();
use IO::Socket::INET ();
use Socket           qw(SO_REUSEADDR);
use Time::HiRes      qw(sleep time);

our @EXPORT_OK = qw(SOCKET_DIR_MAX top_dir build_dir bare_environment temp_dir free_port port_is_free at_exit wait_until patience watchdog
  write_file read_file tail_of);

# A unix socket's path must fit into 108 bytes (unix(7)); what our sockets add to the directory is less than 40.
use constant SOCKET_DIR_MAX => 64;

use constant LINE_SHOWN => 300;    # of a log line, when a test fails

my $owner = $$;    # a forked child must not clean up
my @exit_actions;
my $temp_dir;
my $is_test;         # the log files are shown when it fails

sub top_dir { state $dir = realpath(dirname(__FILE__) . '/../../..'); return $dir }

# Known before a test takes its environment away.
my $build_dir = $ENV{ST_BUILD} ? realpath($ENV{ST_BUILD}) // $ENV{ST_BUILD} : top_dir() . '/build';
sub build_dir { return $build_dir }

# The environment for our programs: nothing that configures them, but what sanitizers and gcov want to know.
sub bare_environment {
    return map { ($_ => $ENV{$_}) } grep { defined $ENV{$_} }
      qw(PATH LANG TMPDIR ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS GCOV_ERROR_FILE);
}

# Seconds to wait for something that normally takes a moment.
sub patience ($seconds) { return $seconds * ($ENV{ST_SLOW} || 1) }

# A directory of this process, removed at the end. Others may pass through it: PostgreSQL does not run as root.
sub temp_dir ($name = undef) {
    if (!$temp_dir) {
        my $parent = $ENV{TMPDIR} && length $ENV{TMPDIR} <= SOCKET_DIR_MAX - 12 ? $ENV{TMPDIR} : '/tmp';
        $temp_dir = File::Temp::tempdir('st-XXXXXXXX', DIR => $parent);
        chmod 0711, $temp_dir or die "$temp_dir: $!\n";
    }
    return $temp_dir if !defined $name;
    state %count;
    my $dir = "$temp_dir/$name" . ($count{$name}++ ? $count{$name} : q{});
    mkdir $dir or die "$dir: $!\n";
    chmod 0711, $dir or die "$dir: $!\n";
    return $dir;
}

# CODE runs when the process ends, last registered first, also after die, exit and catchable signals.
sub at_exit ($code) { push @exit_actions, $code; return }

sub port_is_free ($port) {
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1);
    return defined $socket;
}

# Below the range that the kernel takes for outgoing connections. The port is this process's from now on: no other test
# finds it free, nobody answers there, and a server that is told to, and sets SO_REUSEADDR as all do, can listen.
sub free_port {
    state @kept;
    for (1 .. 200) {
        my $port   = 10_000 + int rand 20_000;
        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Proto => 'tcp') or next;
        $socket->sockopt(SO_REUSEADDR, 1);
        push @kept, $socket;
        return $port;
    }
    die "no free TCP port found\n";
}

# Asks CHECK until it answers true; returns that answer, or nothing when SECONDS are over.
sub wait_until ($seconds, $check) {
    my $end   = time + patience($seconds);
    my $pause = 0.005;
    my $answer;
    until (($answer = $check->()) || time > $end) {
        sleep $pause;
        $pause *= 1.5 if $pause < 0.1;
    }
    return $answer;
}

# Called by every test: ends it when it takes longer than SECONDS.
sub watchdog ($seconds) {
    my $limit = patience($ENV{ST_TEST_TIMEOUT} || $seconds);
    $SIG{ALRM} = sub { die "$0: stopped by the watchdog after $limit seconds\n" };
    alarm $limit;
    $is_test = 1;
    return;
}

sub write_file ($path, $text, $mode = 0o644) {
    open my $out, '>:raw', $path or die "$path: $!\n";
    print {$out} $text;
    close $out or die "$path: $!\n";
    chmod $mode, $path;
    return $path;
}

sub read_file ($path) {
    open my $in, '<:raw', $path or return q{};
    local $/ = undef;
    return scalar(<$in>) // q{};
}

sub tail_of ($path, $lines = 30) {
    my @all = grep { length } split /\n/, read_file($path);
    splice @all, 0, @all - $lines if @all > $lines;
    return join q{}, map { substr($_, 0, LINE_SHOWN) . "\n" } @all;
}

sub run_exit_actions {
    while (my $action = pop @exit_actions) {
        eval { $action->(); 1 } or do { print {*STDERR} "# cleaning up: $@"; $? ||= 1 };
    }
    return;
}

for my $signal (qw(INT TERM HUP PIPE)) {
    $SIG{$signal} //= sub { exit 1 };
}

sub failed ($status) { return $status || ($INC{'Test/Builder.pm'} && !Test::Builder->new->is_passing) }

sub show_logs {
    my @tails = ST::Proc->can('all_tails') ? ST::Proc::all_tails() : ();
    print {*STDERR} map { "# $_\n" } map { split /\n/ } @tails;
    return;
}

sub remove_temp_dir {
    return if !$temp_dir;
    if   ($ENV{ST_KEEP}) { print {*STDERR} "# kept: $temp_dir\n" }
    else                 { remove_tree($temp_dir, { safe => 0 }) }
    return;
}

END {
    if ($$ == $owner) {
        alarm 0;
        $SIG{PIPE} = 'IGNORE';
        my $status = $?;
        show_logs() if $is_test && failed($status);
        $? = 0;
        run_exit_actions();
        $status ||= $?;
        remove_temp_dir();
        $? = $status;
    }
}

1;

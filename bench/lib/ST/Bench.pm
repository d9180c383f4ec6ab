# SPDX-License-Identifier: Apache-2.0
#
# Load and what it costs: wrk for the load, /proc for the processor time of all processes of a stack.
package ST::Bench;
use v5.36;

use Exporter   qw(import);
use POSIX      ();
use Time::HiRes qw(sleep);

use ST::Env qw(top_dir);
use ST::Proc;

our @EXPORT_OK = qw(load_of rsa_times row heading ratio settle);

my $TICK = 1e6 / POSIX::sysconf(POSIX::_SC_CLK_TCK());    # microseconds

# Processor time in microseconds that the processes have used so far; their children are given by the caller.
sub cpu_of (@pids) {
    my $sum = 0;
    for my $pid (@pids) {
        open my $in, '<', "/proc/$pid/stat" or next;
        my @fields = split ' ', readline($in) =~ s/^.*\) //r;
        $sum += ($fields[11] + $fields[12]) * $TICK;
    }
    return $sum;
}

# GROUPS: name => process id of the oldest, e.g. (nginx => ..., service => ..., postgres => ...).
sub cpu_groups (%groups) {
    return map { my $name = $_; ($name => cpu_of($groups{$name}, ST::Proc::descendants($groups{$name}))) } keys %groups;
}

# Waits until the processes rest: after a start the jobs process makes signing keys for later.
sub settle (%groups) {
    for (1 .. 90) {
        my %before = cpu_groups(%groups);
        sleep 1;
        my %after = cpu_groups(%groups);
        my $used  = 0;
        $used += $after{$_} - $before{$_} for keys %after;
        return if $used < 30_000;
    }
    return;
}

# Runs wrk. Options: url, script (in bench/wrk/), args, connections, threads, seconds, groups.
# Returns { requests, rate, p50, p99 (ms), errors, cpu => { group => microseconds per request, all => sum } }.
sub load_of (%opt) {
    my $seconds = $opt{seconds} // 5;
    my @cmd = ('wrk', '--latency', '-t', $opt{threads} // 2, '-c', $opt{connections} // 8, '-d', "${seconds}s", '--timeout', '20s');
    push @cmd, '-s', top_dir() . "/bench/wrk/$opt{script}" if $opt{script};
    push @cmd, $opt{url}, '--', @{ $opt{args} // [] };
    my %before = cpu_groups(%{ $opt{groups} });
    open my $out, '-|', @cmd or die "wrk: $!\n";
    my $text = do { local $/ = undef; readline $out };
    close $out;
    my %after = cpu_groups(%{ $opt{groups} });

    my ($requests) = $text =~ /(\d+) requests in/ or die "wrk said:\n$text";
    my %got = (requests => $requests, text => $text);
    ($got{rate}) = $text =~ m{Requests/sec:\s+([\d.]+)};
    for my $p (50, 99) { $got{"p$p"} = milliseconds($text =~ /^\s+$p%\s+([\d.]+)(us|ms|s)/m) }
    ($got{bad})    = $text =~ /Non-2xx or 3xx responses: (\d+)/;
    ($got{broken}) = $text =~ /Socket errors: (.*)/;
    $got{cpu}{$_} = ($after{$_} - $before{$_}) / ($requests || 1) for keys %after;
    $got{cpu}{all} += $got{cpu}{$_} for keys %after;
    warn "  $got{bad} answers were no 2xx: $opt{url}\n" if $got{bad};
    warn "  socket errors: $got{broken}: $opt{url}\n"   if $got{broken};
    return \%got;
}

sub milliseconds ($number, $unit) { return $number * { us => 1e-3, ms => 1, s => 1e3 }->{$unit} }

# Microseconds of one RSA-2048 signature and verification on this machine, now.
sub rsa_times {
    my $text = qx(openssl speed -mr -seconds 2 rsa2048 2>/dev/null);
    my ($sign, $verify) = $text =~ /^\+F2:\d+:2048:([\d.e-]+):([\d.e-]+)/m or die "openssl speed said:\n$text";
    return (1e6 / $sign, 1e6 / $verify);    # it prints operations per second
}

sub heading (@names) {
    say '| ', join(' | ', @names), ' |';
    return say '|', join('|', map { '---' } @names), '|';
}

sub row (@cells) { return say '| ', join(' | ', @cells), ' |' }
sub ratio ($x, $y) { return sprintf '%.2f', $x / $y }

1;

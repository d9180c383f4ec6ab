# SPDX-License-Identifier: Apache-2.0
#
# The same moment for several processes: for tests of races.
#
#   my @answers = parallel(map { sub { $core->with->post(...) } } 1 .. 8);
package ST::Parallel;
use v5.36;

use Exporter qw(import);
use POSIX    ();
use Storable qw(fd_retrieve store_fd);

our @EXPORT_OK = qw(parallel);

# Runs every job in a process of its own, all begun at once; what each returned (one scalar or reference), in their order.
# A job must open its own connections.
sub parallel (@jobs) {
    pipe my $gate, my $open or die "pipe: $!\n";
    my @running = map { start($_, $gate, $open) } @jobs;
    close $gate;
    close $open;    # now they go
    my @results;
    for my $child (@running) {
        my $got = eval { fd_retrieve($child->{out}) };
        waitpid $child->{pid}, 0;
        die "a parallel job failed\n" if !$got;
        push @results, $$got;
    }
    return @results;
}

sub start ($job, $gate, $open) {
    pipe my $out, my $in or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        close $open;
        sysread $gate, my $byte, 1;
        my $result = eval { $job->() } // $@;
        store_fd(\$result, $in);
        close $in;
        POSIX::_exit(0);
    }
    close $in;
    return { pid => $pid, out => $out };
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# A Debian system in a directory: what ST::Chroot and ST::Machine have in common. They say with inside(COMMAND...) how a command
# gets into it.
package ST::Debian;
use v5.36;

use ST::Env qw(read_file write_file);

use constant ENVIRONMENT => (PATH => '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND => 'noninteractive', LC_ALL => 'C.UTF-8', HOME => '/root');

sub command (@command) {
    system(@command) == 0 or die "@command: failed\n";
    return;
}

# The package DEB as FILE, with another version number; WORK: a directory for it.
sub renumbered ($deb, $version, $work, $file) {
    command('dpkg-deb', '-R', $deb, "$work/renumbered");
    command('sed', '-i', "s/^Version: .*/Version: $version/", "$work/renumbered/DEBIAN/control");
    command('dpkg-deb', '--root-owner-group', '-b', "$work/renumbered", $file);
    command('rm', '-rf', "$work/renumbered");
    return;
}

# A copy of BASE, as debootstrap made it, with the name servers of this machine. STARTS: the service that packages may start.
sub copy_of ($base, $dir, $starts = 'nothing') {
    command('cp', '-a', '--reflink=auto', $base, $dir);
    write_file("$dir/usr/sbin/policy-rc.d", "#!/bin/sh\n[ \"\$1\" = $starts ] || exit 101\n", 0o755);
    write_file("$dir/etc/resolv.conf", read_file('/etc/resolv.conf'));
    return;
}

# Exit status and both outputs of a shell command.
sub sh ($self, $script) {
    my $pid = open my $out, '-|' // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT    or POSIX::_exit(126);
        open STDIN,  '<',  '/dev/null' or POSIX::_exit(126);
        %ENV = (ENVIRONMENT);
        exec $self->inside('sh', '-ec', $script);
    }
    local $/ = undef;
    my $text = <$out> // q{};
    close $out;    ## no critic (RequireCheckedClose)
    return ($? >> 8, $text =~ s/\n+\z//r);
}

# The same for what must work.
sub must ($self, $script) {
    my ($status, $text) = $self->sh($script);
    die "$script\n$text\n" if $status;
    return $text;
}

1;

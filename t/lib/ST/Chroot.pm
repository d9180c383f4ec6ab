# SPDX-License-Identifier: Apache-2.0
#
# A Debian system in a directory, to install the package in. Needs root, and namespaces of its own for mounts and processes
# (tools/dev-package.bash sees to that), with which all of it ends.
#
#   my $system = ST::Chroot->new(base => $directory_by_debootstrap, dir => $new, starts => 'postgresql');
#   my ($status, $output) = $system->sh('apt-get install -y nginx');
package ST::Chroot;
use v5.36;

use parent 'ST::Debian';

use POSIX qw(dup2);
use Socket qw(AF_UNIX SOCK_STREAM SOMAXCONN pack_sockaddr_un);

use ST::Env qw(read_file wait_until);

use constant SOCKET_FD => 3;    # the first one that systemd hands over

# Systemd's sandbox, as far as it can be had by mounts: ProtectSystem=strict, PrivateTmp=, ProtectProc=, ProcSubset=.
use constant SANDBOX => <<'END';
for dir in /run/supertokens /var/lib/supertokens; do mount --bind $dir $dir; done
mount -o remount,bind,ro /
mount -t tmpfs tmpfs /tmp
mount -t proc -o subset=pid,hidepid=invisible proc /proc
umask 077
exec setpriv --reuid=supertokens --regid=supertokens --init-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
END

# starts: the service that packages may start, as there is no init.
sub new ($class, %opt) {
    my $self = bless { starts => 'nothing', %opt }, $class;
    ST::Debian::copy_of(@$self{qw(base dir starts)});
    ST::Debian::command('mount', '--bind', $self->{dir}, $self->{dir});
    ST::Debian::command('mount', '-t', 'proc', 'proc', "$self->{dir}/proc");
    mkdir "$self->{dir}/dev/shm";
    ST::Debian::command('mount', '-t', 'tmpfs', 'tmpfs', "$self->{dir}/dev/shm");
    return $self;
}

sub path ($self, $path) { return "$self->{dir}$path" }
sub text ($self, $path) { return read_file($self->path($path)) }

# Permissions and owner, as stat(1) writes them: "640 root supertokens".
sub owner ($self, $path) { return ($self->sh("stat -c '%a %U %G' '$path'"))[1] }

# How ST::Debian gets into it.
sub inside ($self, @command) { return ('chroot', $self->{dir}, @command) }

sub apt ($self, @arguments) { return $self->sh("apt-get -q -y @arguments") }

# Starts what the unit's ExecStart says as systemd would: its user, no privileges, a socket for nginx. Ends with its pid.
sub start_unit ($self, $unit) {
    my ($exec)   = $self->text("/lib/systemd/system/$unit.service") =~ /^ExecStart=(.+)$/m or die "no ExecStart\n";
    my ($listen) = $self->text("/lib/systemd/system/$unit.socket") =~ /^ListenStream=(.+)$/m or die "no ListenStream\n";
    my ($group)  = $self->text("/lib/systemd/system/$unit.socket") =~ /^SocketGroup=(.+)$/m or die "no SocketGroup\n";
    $self->must("install -d -o supertokens -g supertokens /run/supertokens; rm -f $listen");
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        chroot $self->{dir} or POSIX::_exit(126);
        chdir '/';
        local $^F = SOCKET_FD;    # it survives exec
        socket my $socket, AF_UNIX, SOCK_STREAM, 0 or POSIX::_exit(126);
        bind $socket, pack_sockaddr_un($listen) or POSIX::_exit(126);
        listen $socket, SOMAXCONN;
        system "chown supertokens:$group $listen && chmod 660 $listen";
        open STDOUT, '>>', '/var/log/supertokens-test.log' or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        dup2(fileno $socket, SOCKET_FD) if fileno $socket != SOCKET_FD;
        %ENV = (PATH => '/usr/sbin:/usr/bin:/sbin:/bin', LISTEN_FDS => 1, LISTEN_PID => $$);
        exec 'unshare', '--mount', '--propagation', 'private', 'sh', '-ec', SANDBOX, 'sh', split / /, $exec;
    }
    return $pid;
}

sub stop ($self, $pid) {
    kill 'TERM', $pid;
    wait_until(60, sub { waitpid($pid, POSIX::WNOHANG()) != 0 });
    return $? >> 8;
}

# Every file, without what apt, dpkg and logs leave behind.
sub files ($self) {
    my $skip = join q{ -o }, map { "-path '$_'" } qw(/proc /sys /dev /tmp /run /var/cache /var/lib/apt /var/lib/dpkg /var/log
      /var/lib/postgresql /var/lib/nginx /var/lib/systemd/deb-systemd-helper-* /var/lib/ucf);
    return split /\n/, $self->must("find / -xdev \\( $skip \\) -prune -o -print | sort");
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# A Debian system that boots with systemd in a container (systemd-nspawn), without a network. Needs root.
#
#   my $machine = ST::Machine->new(base => $directory_by_debootstrap, dir => $new, deb => $package, packages => ['nginx']);
#   $machine->boot;
#   my ($status, $output) = $machine->sh('systemctl is-active nginx');
package ST::Machine;
use v5.36;

use ST::Env qw(at_exit read_file wait_until write_file);
use ST::Proc;

# What it can install later is fetched now: DEB (as /root/p.deb) with what it depends on.
sub new ($class, %opt) {
    my $self = bless {%opt}, $class;
    command('cp', '-a', '--reflink=auto', $self->{base}, $self->{dir});
    write_file("$self->{dir}/etc/resolv.conf", read_file('/etc/resolv.conf'));
    $self->copy($self->{deb}, '/root/p.deb');
    my $policy = "$self->{dir}/usr/sbin/policy-rc.d";
    write_file($policy, "#!/bin/sh\nexit 101\n", 0o755);
    local %ENV = (PATH => '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND => 'noninteractive', LC_ALL => 'C.UTF-8', HOME => '/root');
    my $apt = 'apt-get -q -y --no-install-recommends';
    my $log = "$self->{dir}.log";
    system("chroot $self->{dir} sh -ec 'apt-get -q update; $apt install systemd systemd-sysv dbus @{$self->{packages}}; $apt -d install /root/p.deb' >$log 2>&1 </dev/null") == 0
      or die read_file($log);
    unlink $policy;
    return $self;
}

sub command (@command) {
    system(@command) == 0 or die "@command: failed\n";
    return;
}

sub copy ($self, $file, $to) { return command('cp', $file, "$self->{dir}$to") }

sub boot ($self) {
    $self->{proc} = ST::Proc->new(
        name => 'machine',
        log  => "$self->{dir}.log",
        env  => { PATH => $ENV{PATH} },
        cmd  => ['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--private-network', '--boot', '--console=pipe', '-D', $self->{dir}],
    );
    wait_until(30, sub { ($self->{init}) = ST::Proc::children($self->{proc}->pid); $self->{init} }) or die "no machine\n";
    wait_until(60, sub { ($self->sh('systemctl is-system-running'))[1] =~ /\A(?:running|degraded)\z/ })
      or die 'the machine does not come up: ' . read_file("$self->{dir}.log");
    return;
}

# Exit status and both outputs of a shell command.
sub sh ($self, $script) {
    my $pid = open my $out, '-|' // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT    or POSIX::_exit(126);
        open STDIN,  '<',  '/dev/null' or POSIX::_exit(126);
        %ENV = (PATH => '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND => 'noninteractive', LC_ALL => 'C.UTF-8', HOME => '/root');
        exec 'nsenter', '-t', $self->{init}, '-m', '-u', '-i', '-n', '-p', '--', 'sh', '-ec', $script;
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

# SIGRTMIN+4 to its init is what `poweroff` is.
sub stop ($self) {
    $self->sh('systemctl poweroff --no-block');
    $self->{proc}->wait_end(60);
    return;
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# A Debian system that boots with systemd in a container (systemd-nspawn), without a network. Needs root.
#
#   my $machine = ST::Machine->new(base => $directory_by_debootstrap, dir => $new, deb => $package, packages => ['nginx']);
#   $machine->boot;
#   my ($status, $output) = $machine->sh('systemctl is-active nginx');
package ST::Machine;
use v5.36;

use parent 'ST::Debian';

use ST::Env qw(read_file wait_until);
use ST::Proc;

# What it can install later is fetched now: DEB (as /root/p.deb) with what it depends on.
sub new ($class, %opt) {
    my $self = bless {%opt}, $class;
    ST::Debian::copy_of(@$self{qw(base dir)});
    $self->copy($self->{deb}, '/root/p.deb');
    local %ENV = (ST::Debian::ENVIRONMENT);
    my $apt = 'apt-get -q -y --no-install-recommends';
    my $log = "$self->{dir}.log";
    system("chroot $self->{dir} sh -ec 'apt-get -q update; $apt install systemd systemd-sysv dbus @{$self->{packages}}; $apt -d install /root/p.deb' >$log 2>&1 </dev/null") == 0
      or die read_file($log);
    unlink "$self->{dir}/usr/sbin/policy-rc.d";
    return $self;
}

sub copy ($self, $file, $to) { return ST::Debian::command('cp', $file, "$self->{dir}$to") }

sub boot ($self) {
    $self->{proc} = ST::Proc->new(
        name => 'machine',
        log  => "$self->{dir}.log",
        env  => { PATH => $ENV{PATH} },
        cmd  => ['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--private-network', '--boot', '--console=pipe', '-D', $self->{dir}],
    );
    wait_until(30, sub { ($self->{init}) = ST::Proc::children($self->{proc}->pid); $self->{init} }) or die "no machine\n";
    my $state;
    wait_until(120, sub { (undef, $state) = $self->sh('systemctl is-system-running'); $state =~ /\A(?:running|degraded)\z/ })
      or die "the machine does not come up: $state\n", ($self->sh('systemctl list-jobs --no-pager; journalctl -b --no-pager -n 50'))[1], "\n", read_file("$self->{dir}.log");
    return;
}

# How ST::Debian gets into it.
sub inside ($self, @command) { return ('nsenter', '-t', $self->{init}, '-m', '-u', '-i', '-n', '-p', '--', @command) }

# SIGRTMIN+4 to its init is what `poweroff` is.
sub stop ($self) {
    $self->sh('systemctl poweroff --no-block');
    $self->{proc}->wait_end(60);
    return;
}

1;

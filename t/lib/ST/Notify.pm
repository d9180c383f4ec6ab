# SPDX-License-Identifier: Apache-2.0
#
# What systemd is told (sd_notify(3)). The kernel keeps ten messages, and the service waits for nobody: so a process of
# its own takes them as they come.
#
#   my $systemd = ST::Notify->new;                     # $systemd->path is NOTIFY_SOCKET
#   my $mark    = $systemd->mark;
#   ok $systemd->hears(qr/^READY=1$/m, $mark);         # since the mark; each message ends with a line feed
#   is $systemd->since($mark), q{}, 'nothing more';
package ST::Notify;
use v5.36;

use IO::Socket::UNIX ();
use POSIX            ();
use Socket           qw(SOCK_DGRAM);

use ST::Env qw(at_exit read_file temp_dir wait_until);

sub new ($class) {
    my $dir   = temp_dir('notify');
    my $self  = bless { path => "$dir/socket", heard => "$dir/heard", marks => 0 }, $class;
    my $inbox = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $self->{path}) or die "notify: $!\n";
    $self->{pid} = fork // die "fork: $!\n";
    $self->take($inbox) if !$self->{pid};
    at_exit(sub { local $? = 0; kill 'KILL', $self->{pid}; waitpid $self->{pid}, 0 });
    return $self;
}

sub take ($self, $inbox) {
    open my $out, '>>:raw', $self->{heard} or POSIX::_exit(1);
    syswrite $out, "$_\n" while defined $inbox->recv($_, 4096);
    POSIX::_exit(0);
}

sub path ($self) { return $self->{path} }

# Where the messages end that were sent until now: they come in order, and this is one of them.
sub mark ($self) {
    my $text = "MARK=$$-" . ++$self->{marks} . "\n";
    my $to   = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $self->{path}) or die "notify: $!\n";
    defined $to->send(substr $text, 0, -1) or die "notify: $!\n";
    my $end;
    wait_until(20, sub { read_file($self->{heard}) =~ /^\Q$text\E/m ? $end = $+[0] : 0 }) or die "nobody takes what systemd is told\n";
    return $end;
}

sub heard ($self, $mark = 0) { return substr(read_file($self->{heard}), $mark) =~ s/^MARK=.*\n//mgr }

# All that was sent since the mark until now.
sub since ($self, $mark) { $self->mark; return $self->heard($mark) }

# Waits for PATTERN.
sub hears ($self, $pattern, $mark = 0) { return wait_until(20, sub { $self->heard($mark) =~ $pattern }) }

1;

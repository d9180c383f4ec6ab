# SPDX-License-Identifier: Apache-2.0
#
# A private PgBouncer in transaction mode on a unix socket.
#
#   my $bouncer = ST::PgBouncer->new(pg => $pg, servers => 3);
#   $bouncer->lead_to($standby);
package ST::PgBouncer;
use v5.36;

use IO::Socket::UNIX ();
use JSON::PP         ();

use ST::Env qw(temp_dir wait_until write_file);
use ST::Pg;
use ST::Proc;

use constant PORT => 6543;    # part of the socket's name

sub program {
    state $program = (grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin')[0];
    return $program;
}

# pg; servers: connections to it at most.
sub new ($class, %opt) {
    my $self = bless { servers => 3, dir => temp_dir('pgbouncer'), %opt }, $class;
    ST::Pg::give_away($self->{dir});
    $self->write_conf;
    return $self->start;
}

sub write_conf ($self) {
    return write_file("$self->{dir}/pgbouncer.ini", join "\n", '[databases]', 'supertokens = ' . $self->{pg}->conninfo,
        '[pgbouncer]', 'listen_addr =', 'listen_port = ' . PORT, "unix_socket_dir = $self->{dir}", 'auth_type = any', 'pool_mode = transaction',
        "default_pool_size = $self->{servers}", 'max_client_conn = 200', 'server_login_retry = 1', 'ignore_startup_parameters = extra_float_digits', q{});
}

sub start ($self) {
    $self->{proc} = ST::Proc->new(
        name        => 'pgbouncer',
        user        => ST::Pg::SYSTEM_USER,
        stop_signal => 'INT',
        log         => write_file("$self->{dir}/log", q{}, 0o666),
        cmd         => [program(), '-q', "$self->{dir}/pgbouncer.ini"],
    );
    wait_until(15, sub { IO::Socket::UNIX->new(Peer => "$self->{dir}/.s.PGSQL." . PORT) }) or die "pgbouncer did not start\n" . $self->{proc}->tail;
    return $self;
}

sub stop ($self) { return $self->{proc}->stop }

# To another server from now on.
sub lead_to ($self, $pg) {
    $self->{pg} = $pg;
    $self->write_conf;
    return $self->{proc}->signal('HUP');
}

# The configuration keys that lead the service here, and past it for what needs a connection of its own.
sub config ($self, $direct_uri) {
    return (
        postgresql_host            => $self->{dir},
        postgresql_port            => PORT,
        fcgi_named_statements      => JSON::PP::false,
        fcgi_listen_connection_uri => $direct_uri,
    );
}

1;

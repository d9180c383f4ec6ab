# SPDX-License-Identifier: Apache-2.0
#
# A private PostgreSQL cluster on a unix socket. Started as root it runs as the user postgres.
#
#   my $pg = ST::Pg->new;                 # running, with an empty database `supertokens`
#   $pg->query('SELECT a, b FROM t');     # [[a, b], ...], NULL is undef
#   $pg->kill9; $pg->start;               # crash and recovery: needs ST::Pg->new(fsync => 1)
#   my $standby = $pg->standby;           # follows; $standby->promote makes it a server of its own
package ST::Pg;
use v5.36;

use Fcntl qw(:flock);

use ST::Env qw(read_file temp_dir wait_until write_file);
use ST::Proc;

use constant {
    USER     => 'supertokens',
    DATABASE => 'supertokens',
    PORT     => 5432,            # part of the socket's name only; nothing listens on TCP
    SYSTEM_USER => 'postgres',
};

# fsync: 1 for tests that kill things (default 0: faster). settings: further server settings. For a cluster that
# outlives the process: data, socket_dir, log (paths; the parent of data must exist).
sub new ($class, %opt) {
    my $self = bless { fsync => 0, settings => {}, %opt }, $class;
    if (!$self->{data}) {
        my $dir = temp_dir('pg');
        $self->{data}       = "$dir/data";
        $self->{socket_dir} = $dir;
        $self->{log}        = "$dir/log";
        give_away($dir);
        copy_template($self->{data});
    }
    elsif (!-e "$self->{data}/PG_VERSION") {
        init($self->{data});
    }
    write_file($self->{log}, q{});
    give_away($self->{log});    # pg_ctl writes to it as well
    $self->start;
    $self->create_db(DATABASE) if !$self->value('SELECT 1 FROM pg_database WHERE datname = ' . quoted(DATABASE), 'postgres');
    return $self;
}

# Another cluster that follows this one, synchronously: what a client was told to be committed is there as well.
sub standby ($self) {
    my $dir      = temp_dir('standby');
    my $name     = $dir =~ s{.*/}{}r;
    my $standby  = bless { fsync => $self->{fsync}, data => "$dir/data", socket_dir => $dir, log => "$dir/log" }, ref $self;
    my $conninfo = sprintf 'host=%s port=%d user=%s application_name=%s', $self->{socket_dir}, PORT, USER, $name;
    write_file($standby->{log}, q{});
    give_away($dir, $standby->{log});
    run_as_system_user(bin_dir() . '/pg_basebackup', '--checkpoint=fast', '--no-sync', '-D', $standby->{data}, '-d', $conninfo);
    write_file("$standby->{data}/standby.signal", q{});
    give_away("$standby->{data}/standby.signal");
    $standby->{settings} = { %{ $self->{settings} }, primary_conninfo => $conninfo };
    $standby->start;
    $self->set(synchronous_standby_names => $name);
    wait_until(30, sub { ($self->value('SELECT sync_state FROM pg_stat_replication', 'postgres') // q{}) eq 'sync' })
      or die "the standby does not follow\n" . $standby->proc->tail;
    return $standby;
}

# A setting of the running server.
sub set ($self, $name, $value) {
    $self->{settings}{$name} = $value;
    $self->write_settings;
    return $self->reload;
}

# Until whoever connects from now on finds the settings and pg_hba.conf as they are.
sub reload ($self) {
    my $loaded = sub { $self->value('SELECT extract(epoch FROM pg_conf_load_time())', 'postgres') };
    my $before = $loaded->();
    $self->query('SELECT pg_reload_conf()', 'postgres');
    wait_until(20, sub { $loaded->() ne $before }) or die "PostgreSQL does not reload\n" . $self->proc->tail;
    return;
}

sub promote ($self) {
    delete $self->{settings}{primary_conninfo};
    $self->value('SELECT pg_promote(true, 60)', 'postgres') eq 't' or die "the standby was not promoted\n" . $self->proc->tail;
    return $self;
}

# Directory of the newest server's programs.
sub bin_dir {
    state $dir = do {
        my @found = sort { ($a =~ /(\d+)/)[0] <=> ($b =~ /(\d+)/)[0] } glob '/usr/lib/postgresql/*/bin';
        my ($path) = grep { -x "$_/postgres" } reverse(@found), split /:/, $ENV{PATH};
        $path // die "PostgreSQL's server programs were not found\n";
    };
    return $dir;
}

sub give_away (@paths) {
    return if $>;
    my (undef, undef, $uid, $gid) = getpwnam SYSTEM_USER or die 'no user ' . SYSTEM_USER . "\n";
    chown $uid, $gid, @paths;
    return;
}

# May the system user pass through this directory?
sub can_reach ($dir) { return eval { run_as_system_user('test', '-x', $dir); 1 } }

# Runs a command to its end as the system user; dies with its output.
sub run_as_system_user (@cmd) {
    unshift @cmd, 'setpriv', '--reuid', SYSTEM_USER, '--regid', SYSTEM_USER, '--init-groups', '--' if !$>;
    my $pid = open my $out, '-|' // die "fork: $!\n";
    if (!$pid) {
        chdir '/';
        open STDERR, '>&', \*STDOUT or exit 126;
        exec {$cmd[0]} @cmd or exit 127;
    }
    local $/ = undef;
    my $text = <$out>;
    close $out or die "$cmd[-1]: @cmd failed:\n$text";
    return $text;
}

sub init ($data) {
    return run_as_system_user(bin_dir() . '/initdb', '--username=' . USER, '--auth=trust', '--encoding=UTF8',
        '--locale=C.UTF-8', '--no-sync', '-D', $data);
}

# A new cluster takes a second to make and a tenth to copy. ./dev test gives all test files one place for the copy.
sub copy_template ($data) {
    my $cache = $ENV{ST_TEST_CACHE};
    return init($data) if !$cache;
    open my $lock, '>>', "$cache/pg.lock" or die "$cache/pg.lock: $!\n";
    flock $lock, LOCK_EX or die "$cache/pg.lock: $!\n";
    if (!-e "$cache/pg/ready") {
        mkdir "$cache/pg";
        give_away("$cache/pg");
        init("$cache/pg/data");
        open my $ready, '>', "$cache/pg/ready" or die "$cache/pg/ready: $!\n";
        close $ready;
    }
    close $lock;
    system('cp', '-a', '--reflink=auto', "$cache/pg/data", $data) == 0 or die "the cluster template could not be copied\n";
    return;
}

# A server that lost the process which started it may still be shutting down.
sub wait_for_predecessor ($self) {
    my ($pid) = read_file("$self->{data}/postmaster.pid") =~ /\A(\d+)/ or return;
    wait_until(30, sub { read_file("/proc/$pid/comm") ne "postgres\n" })
      or die "another PostgreSQL (process $pid) uses $self->{data}\n";
    return;
}

sub write_settings ($self) {
    my %settings = (
        listen_addresses        => q{},
        port                    => PORT,
        unix_socket_directories => $self->{socket_dir},
        fsync                   => $self->{fsync} ? 'on' : 'off',
        full_page_writes        => $self->{fsync} ? 'on' : 'off',
        shared_buffers          => '32MB',
        max_connections         => 100,
        log_line_prefix         => '%m [%p] ',
        jit                     => 'off',
        %{ $self->{settings} },
    );
    my $file = "$self->{data}/postgresql.auto.conf";
    write_file($file, join q{}, map { "$_ = " . quoted($settings{$_}) . "\n" } sort keys %settings);
    give_away($file);
    return;
}

sub start ($self) {
    $self->wait_for_predecessor;
    $self->write_settings;
    $self->{proc} = ST::Proc->new(
        name         => 'postgres',
        user         => SYSTEM_USER,
        stop_signal  => 'INT',         # fast shutdown: does not wait for clients
        death_signal => 'INT',
        log          => $self->{log},
        cmd          => [bin_dir() . '/postgres', '-D', $self->{data}],
    );
    # The last line of this file is the server's state; its first the pid (a crashed server leaves the file).
    my $up = wait_until(60, sub {
        my @line = split /\n/, read_file("$self->{data}/postmaster.pid");
        return 1 if @line >= 8 && $line[0] == $self->{proc}->pid && $line[7] =~ /^(?:ready|standby)/;
        return !$self->{proc}->alive;
    });
    die "PostgreSQL did not start\n" . $self->{proc}->tail if !$up || !$self->{proc}->alive;
    return $self;
}

sub stop  ($self) { return $self->{proc}->stop }
sub kill9 ($self) { return $self->{proc}->kill9 }
sub proc  ($self) { return $self->{proc} }

sub restart ($self) { $self->stop; return $self->start }

# pg_ctl for this server as a shell command: "$ctl stop -m fast", "$ctl start".
sub ctl ($self) {
    my $as = $> ? q{} : 'setpriv --reuid ' . SYSTEM_USER . ' --regid ' . SYSTEM_USER . ' --init-groups -- ';
    return $as . bin_dir() . "/pg_ctl -D $self->{data} -l $self->{log} -s -w";
}

sub socket_dir ($self) { return $self->{socket_dir} }

# For libpq.
sub conninfo ($self, $db = DATABASE) {
    return sprintf 'host=%s port=%d user=%s dbname=%s', $self->{socket_dir}, PORT, USER, $db;
}

# For libpq: whichever of @SERVERS takes writes.
sub primary_uri ($db, @servers) {
    my $hosts = join q{,}, map { $_->{socket_dir} =~ s{/}{%2F}gr . ':' . PORT } @servers;
    return sprintf 'postgresql://%s@%s/%s?target_session_attrs=read-write', USER, $hosts, $db;
}

# The configuration keys that lead the service here.
sub config ($self, $db = DATABASE) {
    return (
        postgresql_host          => $self->{socket_dir},
        postgresql_port          => PORT,
        postgresql_user          => USER,
        postgresql_database_name => $db,
    );
}

sub quoted ($text) { return q{'} . ($text =~ s/'/''/gr) . q{'} }

sub create_db ($self, $db) {
    $self->query(qq{CREATE DATABASE "$db"}, 'postgres');
    return $db;
}

# Rows of the (last) statement, as text.
sub query ($self, $sql, $db = DATABASE) {
    my @cmd = (bin_dir() . '/psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-P', 'null=\\N', '-F', "\x1f", '-R', "\x1e",
        '-d', $self->conninfo($db), '-c', $sql);
    my $pid = open my $out, '-|' // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT or exit 126;
        exec {$cmd[0]} @cmd or exit 127;
    }
    binmode $out, ':encoding(UTF-8)';
    local $/ = undef;
    my $text = <$out> // q{};
    close $out or die "psql: $text\n  in: $sql\n";
    return [] if $text eq q{};
    $text =~ s/\n\z//;
    return [map { row($_) } $text eq q{} ? q{} : split /\x1e/, $text, -1];
}

sub row ($text) {
    return [map { $_ eq '\\N' ? undef : $_ } $text eq q{} ? q{} : split /\x1f/, $text, -1];
}

# The one value of a statement that gives one.
sub value ($self, $sql, $db = DATABASE) {
    my $rows = $self->query($sql, $db);
    return $rows->[0] ? $rows->[0][0] : undef;
}

1;

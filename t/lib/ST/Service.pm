# SPDX-License-Identifier: Apache-2.0
#
# supertokens-fcgid on a unix socket.
#
#   my $service = ST::Service->new(pg => $pg, config => { access_token_validity => 2 }, test_mode => 1);
package ST::Service;
use v5.36;

use IO::Socket::UNIX ();
use JSON::PP         ();

use ST::Env qw(at_exit bare_environment build_dir read_file tail_of temp_dir wait_until write_file);
use ST::Proc;

# What the sanitizers print when they find something; no test may pass over it.
my $SANITIZER = qr/ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:/;

# config: keys of config.yaml (undef writes null). env: environment variables; nothing else is inherited that could
# configure the service. program: another file than that of the build. sites: { name => YAML text } for the auth door. ready: 0 does not wait. For a service that outlives the process: dir, config_file, log.
sub new ($class, %opt) {
    my $self = bless { config => {}, env => {}, ready => 1, %opt }, $class;
    $self->{dir}         //= temp_dir('service');
    $self->{log}         //= "$self->{dir}/log";
    $self->{socket}      //= "$self->{dir}/fcgi.sock";
    mkdir $self->sites_dir if $self->{sites};
    $self->write_site($_, $self->{sites}{$_}) for sort keys %{ $self->{sites} // {} };
    $self->{config_file} //= $self->write_config($self->{sites} ? (fcgi_sites_dir => $self->sites_dir) : ());
    at_exit(sub { $self->check_sanitizers });    # runs after the process has ended
    $self->start;
    return $self;
}

# Writes the configuration file anew, with CHANGES on top of what was given before.
sub write_config ($self, %changes) {
    $self->{config} = { %{ $self->{config} }, %changes };
    return write_file("$self->{dir}/config.yaml", $self->config_text);
}

# What such a file would have.
sub config_text ($self, %changes) {
    my %all = (
        core_config_version => 0,
        log_level           => 'INFO',
        info_log_path       => undef,
        error_log_path      => undef,
        ($self->{pg} ? $self->{pg}->config : ()),
        %{ $self->{config} },
        %changes,
    );
    return join q{}, map { "$_: " . yaml($all{$_}) . "\n" } sort keys %all;
}

sub sites_dir ($self) { return "$self->{dir}/sites.d" }

# Takes effect with reload or restart.
sub write_site ($self, $name, $yaml) {
    return write_file($self->sites_dir . "/$name.yaml", $yaml);
}

# A scalar in YAML 1.2, which takes JSON's.
sub yaml ($value) { return JSON::PP->new->allow_nonref->ascii->encode($value) }

sub program { return build_dir() . '/supertokens-fcgid' }

sub start ($self) {
    my $program = $self->{program} // program();
    die "not built: $program\n" if !-x $program;
    $self->{proc} = ST::Proc->new(
        name => 'supertokens-fcgid',
        log  => $self->{log},
        env  => { bare_environment(), HOME => $ENV{HOME} // '/', MALLOC_ARENA_MAX => 2, %{ $self->{env} } },
        cmd  => [
            $program, '--config', $self->{config_file}, '--socket', $self->{socket}, ($self->{test_mode} ? '--test-mode' : ())
        ],
    );
    $self->wait_ready if $self->{ready};
    return $self;
}

# It accepts connections: at once afterwards a request may still wait for the workers.
sub wait_ready ($self) {
    my $up = wait_until(30, sub { !$self->{proc}->alive || IO::Socket::UNIX->new(Peer => $self->{socket}) });
    die "supertokens-fcgid did not start\n" . $self->{proc}->tail if !$up || !$self->{proc}->alive;
    return;
}

# Orderly stop; returns the exit status as in $?.
sub stop ($self) { return $self->{proc}->stop(20) }

sub restart ($self) { $self->stop; return $self->start }

sub reload ($self) { return $self->{proc}->signal('HUP') }

# Starts what is in the program's place by now. The master that was started stays, for another one that serves.
sub upgrade ($self) { return $self->{proc}->signal('USR2') }

sub proc ($self) { return $self->{proc} }
sub socket_path ($self) { return $self->{socket} }
sub log_text ($self) { return read_file($self->{log}) }

# The text logged since the mark that an earlier log_mark gave.
sub log_mark  ($self)        { return length $self->log_text }
sub log_since ($self, $mark) { return substr $self->log_text, $mark }

# Waits for PATTERN in the log (after MARK); false when it does not come.
sub wait_log ($self, $pattern, $mark = 0, $seconds = 10) {
    return wait_until($seconds, sub { $self->log_since($mark) =~ $pattern });
}

sub master  ($self) { return $self->{proc}->pid }

# The one that serves: its pid is in what the last start has logged.
sub serving ($self) { return ($self->log_text =~ /^.*Started SuperTokens on \S+ with PID: (\d+)/s)[0] }
sub workers ($self) { return ST::Proc::children($self->master) }    # the jobs process among them

# Memory of all processes in KiB.
sub memory ($self) {
    my %sum;
    for my $pid ($self->master, $self->workers) {
        my $one = ST::Proc::memory($pid);
        $sum{$_} += $one->{$_} // 0 for keys %$one;
    }
    return \%sum;
}

sub check_sanitizers ($self) {
    return if $self->log_text !~ $SANITIZER;
    die "a sanitizer found something in supertokens-fcgid\n" . tail_of($self->{log}, 80);
}

1;

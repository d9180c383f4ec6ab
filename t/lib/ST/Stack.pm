# SPDX-License-Identifier: Apache-2.0
#
# PostgreSQL, the service and nginx in one call, and a client for them.
#
#   use ST::Stack;
#   my $s = ST::Stack->new(config => { access_token_validity => 2 }, test_mode => 1);
#   is $s->core->get('/hello')->{text}, 'Hello';
#
# Sites of the auth door, each in a server block on a port of its own:
#
#   my $s = ST::Stack->new(sites => { example => {} });     # ST::Site says what that is
#   my $url = $s->site_url('example') . '/auth/signup';
package ST::Stack;
use v5.36;

use ST::Core;
use ST::Env qw(free_port wait_until watchdog);
use ST::Nginx;
use ST::Pages;
use ST::Pg;
use ST::Service;
use ST::Site;

# `use ST::Stack timeout => 600;` for a test file that may take longer than two minutes.
sub import ($class, %opt) { watchdog($opt{timeout} // 120); return }

# config, env, test_mode, program: the service's. pg: an ST::Pg to share, or a hash of its options. db: another database of it.
# sites: { name => ST::Site's changes, or YAML text with @URL@ in it }. site_conf, auth_conf: { name => text for its server
# block, or for the location of its auth door }.
# pages: 1 serves the login pages of each site, too (build them first: ST::Pages::build).
# nginx: a hash of ST::Nginx options. api_key, cdi: of the client.
sub new ($class, %opt) {
    my $self = bless {}, $class;
    $self->{pg} = ref $opt{pg} eq 'ST::Pg' ? $opt{pg} : ST::Pg->new(%{ $opt{pg} // {} });
    my %config = ($opt{db} ? $self->{pg}->config($opt{db}) : (), %{ $opt{config} // {} });
    $self->{sites} = { map { ($_ => ST::Site->new($_, $opt{sites}{$_}, free_port())) } keys %{ $opt{sites} // {} } };
    $self->{service} = ST::Service->new(
        pg        => $self->{pg},
        config    => \%config,
        env       => $opt{env} // {},
        test_mode => $opt{test_mode},
        program   => $opt{program},
        ($opt{sites} ? (sites => { map { ($_->name => $_->yaml) } values %{ $self->{sites} } }) : ()),
    );
    $self->{nginx} = ST::Nginx->new(
        socket => $self->{service}->socket_path,
        sites  => [map { { $_->server, ($opt{pages} ? (pages => $_->pages) : ()), conf => $opt{site_conf}{ $_->name }, auth_conf => $opt{auth_conf}{ $_->name } } }
              values %{ $self->{sites} }],
        %{ $opt{nginx} // {} },
    );
    $self->write_pages(%{ $opt{env} // {} }) if $opt{pages};
    $self->{core} = ST::Core->new(
        url => $self->{nginx}->core_url,
        map { ($_ => $opt{$_}) } grep { exists $opt{$_} } qw(cdi api_key),
    );
    $self->wait_ready;
    return $self;
}

sub write_pages ($self, %env) {
    my $dir = $self->{nginx}->pages_dir;
    ST::Pages::write_site($dir, $_->name, %env, FCGI_SITES_DIR => $self->{service}->sites_dir) for values %{ $self->{sites} };
    return;
}

sub pg      ($self) { return $self->{pg} }
sub service ($self) { return $self->{service} }
sub nginx   ($self) { return $self->{nginx} }
sub core    ($self) { return $self->{core} }
sub url     ($self) { return $self->{nginx}->core_url }

# Of the one site, or the named one.
sub site ($self, $name = undef) {
    return $self->{sites}{ $name // (sort keys %{ $self->{sites} })[0] // q{} } // die "no such site\n";
}
sub site_url ($self, $name = undef) { return $self->site($name)->url }

# An answer of our own: 403 is one too (IP policy).
sub wait_ready ($self) {
    my $answer = {};
    my $up     = wait_until(30, sub {
        die "supertokens-fcgid ended\n" if !$self->{service}->proc->alive;
        $answer = $self->{core}->get('/hello', cdi => undef);
        return $answer->{status} < 500;
    });
    die "the service does not answer: $answer->{status} $answer->{text}\n" if !$up;
    return $self;
}

# With nginx stopped meanwhile: its idle kept connections would hold the stopping service for seconds.
sub restart_service ($self) {
    $self->{nginx}->stop;
    $self->{service}->restart;
    $self->{nginx}->start;
    return $self->wait_ready;
}

sub stop ($self) { $_->stop for @$self{qw(nginx service pg)}; return }

1;

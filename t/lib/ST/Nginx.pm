# SPDX-License-Identifier: Apache-2.0
#
# A private nginx on 127.0.0.1 with the snippets that we ship in nginx/ and the frame tools/nginx.conf.in.
package ST::Nginx;
use v5.36;

use ST::Env qw(free_port read_file temp_dir top_dir wait_until write_file);
use ST::Pages;
use ST::Proc;

# socket: of the service. Optional: core_port (a free one is found), site (text of further server blocks), sites (those of
# the service, see site_server), values (further placeholders of the snippets), dir, log.
sub new ($class, %opt) {
    my $self = bless { site => q{}, values => {}, %opt }, $class;
    $self->{dir} //= temp_dir('nginx');
    $self->{log} //= "$self->{dir}/log";
    for my $try (1 .. 3) {    # another test may take the port first
        $self->{core_port} = $opt{core_port} // free_port();
        last if eval { $self->start; 1 };
        die $@ if $opt{core_port} || $try == 3;
    }
    return $self;
}

sub core_url ($self) { return "http://127.0.0.1:$self->{core_port}" }
sub proc     ($self) { return $self->{proc} }

sub start ($self) {
    my $pid_file = "$self->{dir}/nginx.pid";
    unlink $pid_file;
    $self->write_conf;
    $self->{proc} = ST::Proc->new(
        name        => 'nginx',
        stop_signal => 'QUIT',
        log         => $self->{log},
        cmd         => [program(), '-p', "$self->{dir}/", '-e', 'stderr', '-c', "$self->{dir}/nginx.conf"],
    );
    my $up = wait_until(15, sub { !$self->{proc}->alive || -s $pid_file });    # written once it listens
    die "nginx did not start\n" . $self->{proc}->tail if !$up || !$self->{proc}->alive;
    return $self;
}

sub reload ($self) { return $self->{proc}->signal('HUP') }
sub stop   ($self) { return $self->{proc}->stop }

# What sites have beside the login pages: ST::Pages::write_site.
sub pages_dir ($self) { return "$self->{dir}/pages" }

sub program {
    my ($path) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin';
    return $path // die "nginx was not found\n";
}

# The server block of a site: name, port, api (its apiBasePath), pages (its websiteBasePath, to serve the login pages there),
# conf (text for it), auth_conf (for the auth door's location).
sub site_server (%site) {
    $site{$_} //= q{} for qw(conf auth_conf);
    $site{conf} .= <<"END" if $site{pages};
        location = $site{pages} { absolute_redirect off; return 308 $site{pages}/\$is_args\$args; }
        location $site{pages}/ { include pages.conf; }
END
    return <<"END";
    server {
        listen 127.0.0.1:$site{port};
        set \$st_site $site{name};
        large_client_header_buffers 2 30k;
        location $site{api}/ {
            include auth-door.conf;
            $site{auth_conf}
        }
        include verify-door.conf;
        $site{conf}
    }
END
}

# The frame and every snippet, with their @PLACEHOLDERS@ filled in.
sub write_conf ($self) {
    my %value = (
        DIR       => $self->{dir},
        SOCKET    => $self->{socket},
        CORE_PORT => $self->{core_port},
        SITE      => join("\n", $self->{site}, map { site_server(%$_) } @{ $self->{sites} // [] }),
        PAGES       => ST::Pages::dir(),
        PAGES_SITES => $self->pages_dir,
        USER_LINE => $> ? q{} : 'user root;',    # the socket is open to the service's own user and group only
        %{ $self->{values} },
    );
    my $top = top_dir();
    for my $from ("$top/tools/nginx.conf.in", glob "$top/nginx/*") {
        next if !-f $from;
        my $text = read_file($from);
        $text =~ s/\@([A-Z_]+)\@/$value{$1} \/\/ die "$from: no value for \@$1\@\n"/ge;
        my ($name) = $from =~ m{([^/]+?)(?:[.]in)?\z};
        write_file("$self->{dir}/$name", $text);
    }
    return;
}

1;

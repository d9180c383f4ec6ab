# SPDX-License-Identifier: Apache-2.0
# What our snippets tell the service and applications, whatever a client sends: the parameters that decide come from nginx
# alone. The stub answers /params with the FastCGI parameters it got.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use HTTP::Tiny ();
use IO::Socket::INET ();
use Test::More;

use ST::Env qw(free_port watchdog);
use ST::Fcgi;
use ST::Nginx;

watchdog(60);
my $service = ST::Fcgi::stub();
my ($port, $app) = (free_port(), free_port());
my $nginx = ST::Nginx->new(
    socket => $service->socket_path,
    site   => <<"END",
server {
    listen 127.0.0.1:$app;
    location / {    # an application that says which headers it got
        default_type text/plain;
        return 200 "id=\$http_x_st_user_id\\nroles=\$http_x_st_roles\\n";
    }
}
server {
    listen 127.0.0.1:$port;
    set \$st_site example;
    large_client_header_buffers 2 30k;
    location /body   { include auth-door.conf; }
    location /params { include auth-door.conf; }
    include verify-door.conf;
    location /no/    { auth_request /st-verify; include verify-protect.conf; proxy_pass http://127.0.0.1:$app; }
    location /open/  { include verify-proxy.conf; proxy_pass http://127.0.0.1:$app; }
    location /php/   {
        include verify-fastcgi.conf;
        fastcgi_param REQUEST_METHOD GET;
        fastcgi_param REMOTE_ADDR \$remote_addr;
        fastcgi_param REQUEST_URI /params;
        fastcgi_param ST_END 1;
        fastcgi_pass supertokens;
    }
}
END
);
my $url  = "http://127.0.0.1:$port";
my $http = HTTP::Tiny->new;

# What a client may try. Names with an underscore are dropped by nginx.
my @forged = ('X-ST-User-Id: evil', 'X-ST-Roles: admin', 'ST-SITE: evil', 'ST_SITE: evil', 'ST_DOOR: core', 'X_ST_USER_ID: evil',
    'Remote-Addr: 1.2.3.4', 'ST-REQUIRE: none', 'ST-ERROR: x', 'Content-Type: text/plain');

sub get ($path, @lines) {
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "connect: $@\n";
    print {$socket} join "\r\n", "GET $path HTTP/1.0", 'Host: x', @lines, q{}, q{};
    local $/ = undef;
    my ($head, $body) = split /\r\n\r\n/, <$socket>, 2;
    return { status => $head =~ /^HTTP\S+ (\d+)/ ? $1 : 0, head => $head, body => $body };
}

# The parameters: of equal names the first counts.
sub params ($path, @lines) {
    my %first;
    for (split /\n/, get($path, @lines)->{body}) { $first{$1} //= $2 if /^([^=]+)=(.*)/ }
    return \%first;
}

subtest 'the auth door' => sub {
    my $p = params('/params', @forged);
    is $p->{ST_DOOR},     'auth',      'is named';
    is $p->{ST_SITE},     'example',   'with its site';
    is $p->{REMOTE_ADDR}, '127.0.0.1', 'and the address is nginx\'s';
    ok !exists $p->{$_}, "a client cannot send $_" for qw(ST_REQUIRE ST_ERROR);
    is $p->{ST_END}, 1, 'to the end';
    is params('/params?a=%2F//b')->{REQUEST_URI}, '/params?a=%2F//b', 'the address is as it was sent';
};

subtest 'bodies' => sub {
    my $big = 'x' x (256 * 1024);
    is $http->post("$url/body", { content => $big })->{content}, $big, 'up to 256 KiB';
    is $http->post("$url/body", { content => "${big}x" })->{status}, 413, 'not more';
};

subtest 'who it is, for applications' => sub {
    is get('/open/', @forged)->{body}, "id=\nroles=\n", 'nobody can say it to an application';
    my $p = params('/php/x', @forged);
    is $p->{HTTP_X_ST_USER_ID}, q{}, 'nor to a FastCGI application';
    is $p->{HTTP_X_ST_ROLES},   q{}, 'whatever it is';
    is $p->{HTTP_REMOTE_ADDR}, '1.2.3.4', 'other headers arrive';
};

subtest 'nobody gets in when the door does not say 200' => sub {
    my $got = get('/no/', @forged);
    isnt $got->{status}, 200, 'the location is closed';
    unlike $got->{body}, qr/id=/, 'and the application was not asked';
    $service->stop;
    is get('/no/')->{status}, 500, 'also without the service';
};

done_testing;

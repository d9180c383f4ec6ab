# SPDX-License-Identifier: Apache-2.0
# The examples of doc/verify-door.md, run as they stand there; only addresses and directories are put in.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Socket::INET ();
use IO::Socket::UNIX ();
use Test::More;

use ST::Auth;
use ST::Env qw(free_port patience read_file temp_dir top_dir wait_until write_file);
use ST::Peer;
use ST::Proc;
use ST::Session qw(create);
use ST::Stack;

my $app = ST::Peer->new(otherwise => '/echo');
my $www = temp_dir('www');
my $fpm = "$www/fpm.sock";
my %example = read_file(top_dir() . '/doc/verify-door.md') =~ /^### ([^\n]+)\n(?:(?!^###).)*?^```nginx\n(.*?)^```$/gms;
my %text    = read_file(top_dir() . '/doc/verify-door.md') =~ /^```(php)\n(.*?)^```$/gms;
is_deeply [sort keys %example], ['A proxied application', 'PHP, or another FastCGI application', 'Pages of other origins', 'Static files', 'WebSockets'], 'the examples';

mkdir "$www/members" or die "$www/members: $!\n";
mkdir "$www/other" or die "$www/other: $!\n";
for my $at ('.', 'members', 'other') {
    write_file("$www/$at/index.html", "at $at\n");
    write_file("$www/$at/hello.php",  $text{php});
    write_file("$www/$at/inside.php", "<?php echo 'at $at';\n");
}

my (%url, @servers);
for my $name (sort keys %example) {
    my $port  = free_port();
    my $block = $example{$name};
    $url{$name} = "http://127.0.0.1:$port";
    $block =~ s/listen 80;/listen 127.0.0.1:$port;/ or die "$name: no listen\n";
    $block =~ s/http:\/\/127[.]0[.]0[.]1:3000/'http:\/\/127.0.0.1:' . $app->port/ge;
    $block =~ s{/srv/www}{$www}g;
    $block =~ s{unix:/run/php/php8.2-fpm.sock}{unix:$fpm}g;
    $block =~ s{include fastcgi_params;}{include /etc/nginx/fastcgi_params;}g;
    next if $name =~ /PHP/ && !-e '/etc/nginx/fastcgi_params';
    push @servers, $block;
}
my $s = ST::Stack->new(
    sites => { example => { recipeList => ['emailPassword', 'session', 'userRoles'] } },
    nginx => { sites => [], site => join "\n", @servers },
);

my $user  = create($s->core, { userId => 'u1' });
my $admin = create($s->core, { userId => 'a1', userDataInJWT => { 'st-role' => { v => ['admin'], t => 1 } } });
my %lie   = (headers => { 'X-ST-User-Id' => 'liar' });

sub ask ($name, $path, $session = undef, %more) {
    my $client = ST::Auth->new(url => $url{$name});
    return $client->get(undef, at => $path, %more, $session ? (cookies => { sAccessToken => $session->{accessToken}{token} }) : ());
}

# Other ways to write /members/ and what is in it.
my @detours = qw(//members/FILE /%6dembers/FILE /x/../members/FILE /members//FILE /members/./FILE /members/%2e%2e/members/FILE /members/%2e%2e/FILE /members/x/..%2f..%2fFILE);

sub page ($name, $path) { return ask($name, $path, undef, headers => { accept => 'text/html' }) }

# Everything that each example has: the doors, and what nobody without a session gets.
sub protects ($name, $path) {
    my $client = ST::Auth->new(url => $url{$name});
    is $client->post('/session/refresh')->{status}, 401, 'the auth door is there';
    is ask($name, $path)->{text}, '{"message":"unauthorised"}', 'scripts get JSON';
    like page($name, $path)->{headers}{location}, qr{/login/[?]redirectToPath=}, 'pages lead to the login page';
    return;
}

subtest 'A proxied application' => sub {
    my $name = 'A proxied application';
    protects($name, '/members/x');
    like ask($name, '/members/x', $user, %lie)->{text}, qr{\AGET /members/x .*X-ST-User-Id: u1\r}s, 'the application is told the user';
    unlike ask($name, '/x', $user, %lie)->{text}, qr/X-ST-/i, 'and nothing where nobody is asked for';
    for my $path (map { s/FILE/x/r } @detours) {
        unlike ask($name, $path)->{text}, qr{\A\S+ /+(?:members|%6dembers)}, "nobody gets to members by $path";
    }
    is ask($name, '/members/a%20b/../%3f?c=%2F', $user)->{text} =~ s/ HTTP.*//sr, 'GET /members/%3F?c=%2F', 'the application sees the path that was judged';
    is ask($name, '/admin/x', $user)->{json}{message}, 'invalid claim', 'a user is no admin';
    like ask($name, '/admin/x', $admin)->{text}, qr/X-ST-User-Id: a1\r\n.*X-ST-Roles: admin\r\n/s, 'an admin is';
    $s->core->post('/recipe/session/remove', { sessionHandles => [$admin->{session}{handle}] });
    is ask($name, '/admin/x', $admin)->{status}, 401, 'as long as the session lives';
};

subtest 'Static files' => sub {
    my $name = 'Static files';
    protects($name, '/members/');
    my $got = ask($name, '/members/', $user);
    is $got->{text}, "at members\n", 'a file for members';
    is $got->{headers}{'cache-control'}, 'no-store', 'which no cache keeps';
    is ask($name, '/index.html')->{text}, "at .\n", 'others are for everybody';
    unlike ask($name, $_)->{text}, qr/at members/, "nobody gets the file by $_" for map { s/FILE/index.html/r } @detours;
    is ask($name, '/members/none', $user)->{status}, 404, 'what is not there';
};

subtest 'WebSockets' => sub {
    my $name   = 'WebSockets';
    my %script = (headers => { origin => 'http://example.com' });
    is ask($name, '/live', undef, %script)->{text}, '{"message":"unauthorised"}', 'none without a session';
    is ask($name, '/live', $user, headers => { origin => 'http://evil.example' })->{text}, '{"message":"Forbidden"}', 'nor from pages of others';
    my $socket = IO::Socket::INET->new(PeerAddr => $url{$name} =~ s{.*//}{}r, Timeout => patience(10)) or die "connect: $!\n";
    my @lines  = (
        'GET /live HTTP/1.1', 'Host: example.com', 'Origin: http://example.com', 'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', "Cookie: sAccessToken=$user->{accessToken}{token}",
    );
    $socket->print(join "\r\n", @lines, q{}, q{});
    my $head = q{};
    until ($head =~ /\r\n\r\n/) { $socket->sysread($head, 4096, length $head) or last }
    like $head, qr{\AHTTP/1.1 101 .*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK[+]xOo=\r}s, 'one with a session opens';
    my $mask = 'mask';
    $socket->print(pack 'C C a4 a*', 0x81, 0x80 | 5, $mask, 'hello' ^. substr $mask x 2, 0, 5);
    $socket->sysread(my $frame, 100);
    is $frame, "\x81\x05hello", 'and speaks';
};

subtest 'Pages of other origins' => sub {
    my $name   = 'Pages of other origins';
    my %script = (origin => 'https://www.example.com', 'sec-fetch-mode' => 'cors');
    my %asks   = (%script, 'access-control-request-method' => 'DELETE', 'access-control-request-headers' => 'rid');
    my sub options ($path, @who) { return ST::Auth->new(url => $url{$name})->request('OPTIONS', undef, undef, at => $path, @who) }
    my sub allows ($got) { return join q{ }, map { $got->{headers}{"access-control-allow-$_"} // '-' } qw(origin credentials) }
    my %member = (cookies => { sAccessToken => $user->{accessToken}{token} });
    for my $path ('/members/index.html', '/api/x') {
        for my $who ([], [%member]) {
            my $got = options($path, @$who, headers => \%asks);
            is "$got->{status} $got->{text}", '204 ', "$path: a preflight is answered, and gets nothing else";
            is allows($got), "$script{origin} true", 'our page may go on';
            like $got->{headers}{'access-control-allow-methods'}, qr/\bDELETE\b/, 'with the method that it asks for';
            is allows(options($path, @$who, headers => { %asks, origin => 'https://evil.example' })), '- -', 'others may not';
        }
        is allows(ask($name, $path, undef, headers => \%script)), "$script{origin} true", 'our page can read what is refused';
        is allows(ask($name, $path, $user, headers => \%script)), "$script{origin} true", 'and what is not';
    }
    is ask($name, '/members/index.html', $user, headers => \%script)->{text}, "at members\n", 'that is the file';
    is options('/members/index.html', @$_, headers => \%script)->{text} =~ /at members/, q{}, 'which no OPTIONS gets' for [], [%member];
};

subtest 'PHP, or another FastCGI application' => sub {
    my $name = 'PHP, or another FastCGI application';
    my ($php) = grep { -x } map { "$_/php-fpm8.2" } split(/:/, $ENV{PATH}), '/usr/sbin';
    plan skip_all => 'php8.2-fpm is not installed'            if !$php;
    plan skip_all => '/etc/nginx/fastcgi_params is not there' if !-e '/etc/nginx/fastcgi_params';
    my $conf = write_file("$www/fpm.conf", "[global]\nerror_log = $www/fpm.log\n[www]\nlisten = $fpm\npm = static\npm.max_children = 1\n" . ($> ? q{} : "user = root\ngroup = root\n"));
    my $proc = ST::Proc->new(name => 'php-fpm', log => "$www/fpm.out", cmd => [$php, '-F', '-n', '-y', $conf, ($> ? () : '-R')]);
    ok wait_until(20, sub { IO::Socket::UNIX->new(Peer => $fpm) }), 'php-fpm runs';
    protects($name, '/members/hello.php');
    is ask($name, '/members/hello.php', $user, %lie)->{text}, 'Hello u1', 'the page is told the user';
    unlike ask($name, $_)->{text}, qr/at members/, "nobody gets the page by $_" for map { s/FILE/inside.php/r } @detours;
    unlike ask($name, '/other/hello.php')->{text}, qr/<[?]php/, 'nor the source of any page';
    is ask($name, '/hello.php', $user, %lie)->{text}, 'Nobody is signed in', 'and nobody where nobody is asked for';
    $proc->stop;
};

done_testing;

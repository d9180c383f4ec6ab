# SPDX-License-Identifier: Apache-2.0
# The site that we ship as an example, nginx/site-example.conf with nginx/sites.d/example.yaml, as it is but for places.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use HTTP::Tiny       ();
use IO::Socket::INET ();
use Test::More;

use ST::Env qw(free_port read_file temp_dir top_dir write_file);
use ST::Stack;

my ($port, $app) = (free_port(), free_port());
my $root = temp_dir('root');
write_file("$root/index.html", 'welcome');
mkdir "$root/members";
write_file("$root/members/index.html", 'for members');

my %place = ('127.0.0.1:8080' => "127.0.0.1:$port", '127.0.0.1:3000' => "127.0.0.1:$app", '/var/www/example' => $root);
my $conf  = read_file(top_dir() . '/nginx/site-example.conf') =~ s/(127\.0\.0\.1:8080|127\.0\.0\.1:3000|\/var\/www\/example)/$place{$1}/gr;
my $yaml  = read_file(top_dir() . '/nginx/sites.d/example.yaml');
my $s     = ST::Stack->new(
    sites => { example => $yaml },
    env   => { SITE_URL => "http://127.0.0.1:$port", MAIL_DIRECTORY => temp_dir('mail') },
    nginx => { site => <<"END" });
server {
    listen 127.0.0.1:$app;
    location / { return 200 "application, id=\$http_x_st_user_id"; }
}
$conf
END
my $http = HTTP::Tiny->new(max_redirect => 0);
sub get ($path, %headers) { return $http->get("http://127.0.0.1:$port$path", { headers => \%headers }) }

# Without the client's help with the path.
sub raw ($path) {
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "connect: $@\n";
    print {$socket} "GET $path HTTP/1.0\r\n\r\n";
    local $/ = undef;
    return scalar <$socket>;
}

is get('/')->{content}, 'welcome', 'everybody sees the public pages';

is get('/login')->{headers}{location}, '/login/', 'the login pages have their place';

subtest 'the auth door' => sub {
    my $got = $http->post("http://127.0.0.1:$port/auth/session/refresh", { headers => { rid => 'session' } });
    is $got->{status},  401,                            'a refresh without a session is refused';
    is $got->{content}, '{"message":"unauthorised"}',   'in its words';
    is get('/authority')->{status}, 404, 'a path that only begins the same is another one';
};

subtest 'what is protected' => sub {
    for my $path (qw(/members/ /members/index.html //members/index.html /%6dembers/index.html /x/../members/index.html /members//index.html)) {
        my $answer = raw($path);
        unlike $answer, qr/for members|^HTTP\S+ 200/, "$path is closed";
    }
    unlike get('/admin/', 'X-ST-User-Id' => 'root')->{content}, qr/application/, 'so is the application';
};

is get('/shop/', 'X-ST-User-Id' => 'root')->{content}, 'application, id=', 'its public part cannot be told who it is';

done_testing;

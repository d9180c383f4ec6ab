#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# A static file behind auth_request and the verify door, next to the same file unprotected and to express with
# supertokens-node's verifySession, all in one run: microseconds of processor time per request.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib", "$RealBin/../t/lib";

use ST::Bench qw(heading load_of ratio row settle);
use ST::Env   qw(free_port temp_dir write_file);
use ST::Node;
use ST::Parallel qw(parallel);
use ST::Stack timeout => 900;

use constant SECONDS => $ENV{BENCH_SECONDS} // 5;
# More than two workers remember (VERIFIED_TOKENS), so that in a circle none is met again in time.
use constant TOKENS => $ENV{BENCH_TOKENS} // 20_000;

my $dir      = temp_dir('www');
my $app_port = free_port();
mkdir "$dir/$_" or die "$dir/$_: $!\n" for qw(open members cached checked express cache);
write_file("$dir/$_/file", 'x' x 1024) for qw(open members cached checked express);
my $conf = <<"END";
        root $dir;
        sendfile on;
        include verify-cache.conf;
        location /members/ { auth_request /st-verify; include verify-protect.conf; }
        location /cached/ { auth_request /st-verify-cached; include verify-protect.conf; }
        location /checked/ { auth_request "/st-verify/check database"; include verify-protect.conf; }
        location /express/ { auth_request /ask-express; }
        location = /ask-express {
            internal;
            proxy_pass http://express/verify;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }
END
my $http = <<"END";
    fastcgi_cache_path $dir/cache keys_zone=st_verify:10m inactive=5s use_temp_path=off;
    upstream express { server 127.0.0.1:$app_port; keepalive 32; }
END
my $stack = ST::Stack->new(
    config    => { log_level => 'WARN' },
    sites     => { bench => { recipeList => ['session'] } },
    site_conf => { bench => $conf },
    nginx     => { site  => $http },
);
my %groups  = (nginx => $stack->nginx->proc->pid, service => $stack->service->proc->pid, postgres => $stack->pg->proc->pid);
my $modules = ST::Node::modules("$RealBin/../t/sdk");
if ($modules) {
    my $node = ST::Node::start("$RealBin/verify.js", $modules, CORE_URL => $stack->url, PORT => $app_port, FILE => "$dir/open/file", NODE_ENV => 'production');
    $groups{express} = $node->pid;
    $stack->{node} = $node;
} else {
    print "Without express: $@\n";
}
my @tokens = map { @$_ } parallel((sub { my $core = $stack->core->with; return [map { token($core, $_) } 1 .. TOKENS / 4] }) x 4);
my $many   = write_file("$dir/tokens", join "\n", @tokens);
my $one    = write_file("$dir/token", $tokens[0]);
settle(%groups);
main();

sub token ($core, $n) {
    my $body = qq({"userId":"user-$n","userDataInJWT":{"iss":"https://example.com/auth"},"userDataInDatabase":{},"enableAntiCsrf":false,"useDynamicSigningKey":true});
    my $got  = $core->post('/recipe/session', $body);
    return $got->{json}{accessToken}{token} // die "session: $got->{status} $got->{text}\n";
}

# The median of three, after a warm-up that node's compiler needs.
sub measure ($url, $tokens) {
    load_of(url => $url, script => 'cookies.lua', args => [$tokens], threads => 1, groups => \%groups, seconds => 2);
    my @got = map { load_of(url => $url, script => 'cookies.lua', args => [$tokens], threads => 1, groups => \%groups, seconds => SECONDS) } 1 .. 3;
    return (sort { $a->{cpu}{all} <=> $b->{cpu}{all} } @got)[1];
}

# Each row as soon as it is measured; those that the others are compared with come first.
sub main {
    my $site = $stack->site_url;
    my @rows = (
        ($modules ? (
            ['express, verifySession and express.static', "http://127.0.0.1:$app_port/static/file", $one],
            ['express, verifySession, from memory', "http://127.0.0.1:$app_port/memory", $one],
            ['auth_request to express', "$site/express/file", $one],
        ) : ()),
        ['the file, unprotected', "$site/open/file", $one],
        ['verify door, a token not seen before', "$site/members/file", $many],
        ['verify door, a token seen before', "$site/members/file", $one],
        ['verify door, nginx remembers for a second', "$site/cached/file", $one],
        ['verify door, check database', "$site/checked/file", $one],
    );
    my @compared = $modules ? map { $_->[0] } @rows[0, 1] : ('none') x 2;
    my %got;
    STDOUT->autoflush(1);
    heading('a file of 1 KiB', qw(nginx service postgres express all requests/s), 'p99 ms', 'of express', 'of express from memory');
    for my $row (@rows) {
        my ($name, @load) = @$row;
        my $g = $got{$name} = measure(@load);
        row($name, (map { sprintf '%.0f', $g->{cpu}{$_} // 0 } qw(nginx service postgres express all)), int $g->{rate},
            sprintf('%.1f', $g->{p99}), map { $got{$_} ? ratio($g->{cpu}{all}, $got{$_}{cpu}{all}) : q{-} } @compared);
    }
    return;
}

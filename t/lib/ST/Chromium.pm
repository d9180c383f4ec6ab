# SPDX-License-Identifier: Apache-2.0
#
# Scenarios of t/browser/ in a headless Chromium, with the official web SDKs.
#
#   my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";
#   my $s = ST::Stack->new(sites => { example => {} }, site_conf => { example => $chromium->bare_page });
#   $chromium->run('password', SITE => $s->site_url);      # a subtest for each scenario of t/browser/password.js
package ST::Chromium;
use v5.36;

use JSON::PP   ();
use Test::More ();

use ST::Env qw(free_port temp_dir top_dir);
use ST::Node;
use ST::Proc;

use constant RUN_SECONDS => 180;

# Nothing, and the reason in $@, when the browser or its packages cannot be had.
sub new ($class) {
    my ($browser) = grep { -x } map { "$_/chromium" } split /:/, $ENV{PATH};
    if (!$browser) { $@ = "chromium is not installed\n"; return }
    my $dir     = top_dir() . '/t/browser';
    my $modules = ST::Node::modules($dir) or return;
    my $self    = bless { browser => $browser, dir => $dir, modules => $modules, pages => temp_dir('pages') }, $class;
    $self->bundle;
    return $self;
}

# The bare page, with the packages as they come from npm.
sub bundle ($self) {
    my $built = ST::Proc->new(
        name => 'esbuild',
        log  => "$self->{pages}/esbuild.log",
        env  => { PATH => $ENV{PATH}, NODE_PATH => $self->{modules} },
        cmd  => [
            "$self->{modules}/.bin/esbuild", "$self->{dir}/bare/page.js", '--bundle', '--log-level=warning',
            "--outfile=$self->{pages}/page.js",
        ],
    );
    my $done = $built->wait_end(60) && $built->status == 0;
    die "esbuild failed\n" . $built->tail if !$done;
    return;
}

# For a site's server block in nginx.
sub bare_page ($self) {
    return <<"END";
        location = /bare/page.js { alias $self->{pages}/page.js; default_type text/javascript; }
        location /bare/ { alias $self->{dir}/bare/; index index.html; default_type text/html; }
END
}

# Starts an application that only says who it is told that it is, below /api/ of a site for those with a session, below /admin/
# for those with the role admin. For the site's server block.
sub application ($self) {
    my $port = free_port();
    push @{ $self->{applications} }, ST::Node::start("$self->{dir}/application.js", $self->{modules}, PORT => $port);
    my %require = (api => q{}, admin => '/role=admin');
    return join q{}, map { <<"END" } sort keys %require;
        location /$_/ {
            auth_request /st-verify$require{$_};
            include verify-protect.conf;
            include verify-proxy.conf;
            proxy_pass http://127.0.0.1:$port;
        }
END
}

# The files of the example site, those for members among them, for its server block. REQUIRED: what makes a member.
sub example_files ($required = q{}) {
    return <<"END";
        root @{[top_dir()]}/web/example;
        default_type text/html;
        index index.html;
        location /members/ {
            auth_request "/st-verify/$required";
            include verify-protect.conf;
            add_header Cache-Control "private, no-cache";
        }
END
}

# Plays t/browser/NAME.js; ENV tells it where things are. One test for each scenario.
sub run ($self, $name, %env) {
    my $dir  = temp_dir('browser');
    my $node = ST::Proc->new(
        name => "$name.js",
        log  => "$dir/log",
        env  => {
            PATH      => $ENV{PATH},
            HOME      => $dir,
            TMPDIR    => $dir,
            NODE_PATH => $self->{modules},
            CHROMIUM  => $self->{browser},
            (map { ($_ => $ENV{$_}) } grep { defined $ENV{$_} } qw(ST_SLOW ST_SCENARIO)),
            %env,
        },
        cmd => ['node', "$self->{dir}/$name.js"],
    );
    my $ended = $node->wait_end(RUN_SECONDS);
    my $seen  = report($node->log_text);
    Test::More::ok($ended && $node->status == 0 && $seen->{done}, "$name.js ran to its end")
      or Test::More::diag($ended ? 'status ' . $node->status : 'it was stopped', "\n$seen->{rest}");
    return;
}

# Turns the lines of a run into tests.
sub report ($text) {
    my (@scenarios, @rest, $done);
    for my $line (split /\n/, $text) {
        my $said = eval { JSON::PP->new->decode($line) };
        if    (ref $said ne 'HASH')  { push @rest,      $line }
        elsif ($said->{done})        { $done = 1 }
        elsif (exists $said->{scenario}) { push @scenarios, { name => $said->{scenario}, said => [] } }
        else                         { push @{ $scenarios[-1]{said} }, $said }
    }
    for my $scenario (@scenarios) {
        Test::More::subtest($scenario->{name} => sub { report_one($_) for @{ $scenario->{said} } });
    }
    return { done => $done, rest => join "\n", @rest };
}

sub report_one ($said) {
    return Test::More::diag($said->{note}) if exists $said->{note};
    Test::More::ok($said->{ok}, $said->{name}) or Test::More::diag($said->{diag});
    return;
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# The login pages of web/: built into the build directory, and what each site has beside them.
package ST::Pages;
use v5.36;

use Digest::SHA qw(sha256_hex);
use Fcntl       qw(:flock);
use File::Find  qw(find);
use File::Path  qw(make_path);

use ST::Env qw(bare_environment build_dir read_file temp_dir top_dir write_file);
use ST::Node;
use ST::Proc;

# Where they are built, and where nginx finds them.
sub dir { return build_dir() . '/web' }

# Builds them unless they are up to date, and returns where they are. Nothing, and the reason in $@, when that cannot be done.
# ABOUT_TO is called when there is something to do.
sub build ($about_to = sub { }) {
    return eval {
        my ($web, $out) = (top_dir() . '/web', dir());
        my $state = state_of($web);
        make_path(build_dir());
        open my $lock, '>>', "$out.lock" or die "$out.lock: $!\n";
        flock $lock, LOCK_EX or die "$out.lock: $!\n";
        if (!-e "$out.state" || read_file("$out.state") ne $state) {
            $about_to->();
            my $modules = ST::Node::modules($web) or die $@;
            run_build("$web/build.mjs", $modules, $out);
            write_file("$out.state", $state);
        }
        $out;
    };
}

sub state_of ($web) {
    my @files;
    find({ no_chdir => 1, wanted => sub { push @files, $_ if -f && !m{/node_modules/} } }, $web);
    return sha256_hex(join "\0", map { ($_, read_file($_)) } sort @files);
}

sub run_build ($program, @arguments) {
    my $node = ST::Proc->new(name => 'node', log => temp_dir('web') . '/log', cmd => ['node', $program, @arguments]);
    my $done = $node->wait_end(120) && $node->status == 0;
    $node->kill9;
    die "node $program failed\n" . $node->tail(20) if !$done;
    return;
}

# What belongs to a site goes to DIR/NAME: config.js, made with the service's environment, and a style sheet of its own, which
# stays.
sub write_site ($dir, $name, %env) {
    make_path("$dir/$name");
    local %ENV = (bare_environment(), POSTGRESQL_USER => 'nobody', %env);
    my $supertokens = build_dir() . '/supertokens';
    my $config      = qx{'$supertokens' site pages --site '$name' 2>&1};
    die $config if $?;
    write_file("$dir/$name/config.js", $config);
    write_file("$dir/$name/style.css", "/* Colours, logo: see pages.css. */\n") if !-e "$dir/$name/style.css";
    return;
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# Node programs of the tests: npm packages of a directory's package-lock.json, installed outside the source tree.
package ST::Node;
use v5.36;

use Digest::SHA    qw(sha256_hex);
use Fcntl          qw(:flock);
use File::Basename qw(dirname);
use File::Copy     qw(copy);
use File::Path     qw(make_path remove_tree);

use ST::Env qw(build_dir free_port port_is_free read_file temp_dir wait_until write_file);
use ST::Proc;

use constant NPM_SECONDS => 300;

# The node_modules for DIR, kept in the build directory under the lock file's hash. Nothing, and the reason in $@, when they
# cannot be had (no node, no network).
sub modules ($dir) {
    return eval {
        for my $program (qw(node npm)) {
            die "$program is not installed\n" if !grep { -x "$_/$program" } split /:/, $ENV{PATH};
        }
        my $place = build_dir() . '/node/' . substr sha256_hex(read_file("$dir/package-lock.json")), 0, 16;
        make_path($place);
        open my $lock, '>>', "$place.lock" or die "$place.lock: $!\n";
        flock $lock, LOCK_EX or die "$place.lock: $!\n";
        install($dir, $place) if !-e "$place/ready";
        "$place/node_modules";
    };
}

sub install ($dir, $place) {
    copy("$dir/$_", "$place/$_") or die "$dir/$_: $!\n" for qw(package.json package-lock.json .npmrc);
    my $npm = ST::Proc->new(
        name => 'npm',
        log  => temp_dir('npm') . '/log',
        cmd  => ['npm', 'ci', '--prefix', $place, '--ignore-scripts', '--no-progress'],
    );
    my $ended = $npm->wait_end(NPM_SECONDS);
    my $ok    = $ended && $npm->status == 0;
    $npm->kill9;
    die "npm ci failed\n" . $npm->tail(10) if !$ok;
    write_file("$place/ready", q{});
    return;
}

# Starts PROGRAM (a .js file) with an environment; it must print "listening" when it serves PORT.
sub start ($program, $modules, %env) {
    my $log  = temp_dir('node') . '/log';
    my $proc = ST::Proc->new(
        name => 'node',
        log  => $log,
        env  => { PATH => $ENV{PATH}, HOME => dirname($log), NODE_PATH => $modules, %env },
        cmd  => ['node', $program],
    );
    wait_until(30, sub { !$proc->alive || $proc->log_text =~ /^listening$/m });
    die "$program did not start\n" . $proc->tail if !$proc->alive;
    return $proc;
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# The `supertokens` command.
#
#   my ($status, $out, $err) = cli('config', 'test', { env => { PORT => 1 }, stdin => "text\n" });
#   my $found = cli_json('user', 'list', '--config', $file);    # dies when it fails
package ST::Cli;
use v5.36;

use Exporter qw(import);
use JSON::PP ();
use POSIX    ();

use ST::Env qw(bare_environment build_dir read_file temp_dir write_file);

our @EXPORT_OK = qw(cli cli_json supertokens);

sub supertokens { return build_dir() . '/supertokens' }

# Exit status, output, errors. Nothing is inherited that could configure it, nor the terminal of whoever runs the test. The
# standard input is empty, or { stdin }.
sub cli (@args) {
    my %opt = ref $args[-1] eq 'HASH' ? %{ pop @args } : ();
    state $dir = temp_dir('cli');
    my $input = write_file("$dir/in", $opt{stdin} // q{});
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        POSIX::setsid();
        %ENV = (bare_environment(), HOME => $dir, %{ $opt{env} // {} });
        open STDIN,  '<', $input     or POSIX::_exit(126);
        open STDOUT, '>', "$dir/out" or POSIX::_exit(126);
        open STDERR, '>', "$dir/err" or POSIX::_exit(126);
        exec {supertokens()} 'supertokens', @args or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? "signal $?" : $? >> 8;
    return ($status, read_file("$dir/out"), read_file("$dir/err"));
}

sub cli_json (@args) {
    my $opt = ref $args[-1] eq 'HASH' ? pop @args : {};
    my ($status, $out, $err) = cli(@args, '--json', $opt);
    die "supertokens @args: status $status: $err" if $status ne '0';
    return JSON::PP->new->utf8->decode($out);
}

1;

# SPDX-License-Identifier: Apache-2.0
# The table of commands: parsing, --help, doc/cli.md, the man pages and the completion all say the same.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Cli qw(cli supertokens);
use ST::Env qw(build_dir read_file top_dir watchdog write_file temp_dir);

watchdog(120);

my ($status, $help) = cli('--help');
my @commands = map { /^  (\w[\w ]*?)(?: [A-Z[]| {2}|$)/ ? $1 : () } split /\n/, $help;
cmp_ok scalar @commands, '>', 15, 'commands';

subtest '--help' => sub {
    for my $command (@commands) {
        my ($one, $text, $err) = cli(split(/ /, $command), '--help');
        is_deeply [$one, $err], [0, q{}], "$command --help";
        like $text, qr/\AUsage: supertokens \Q$command\E/, 'its usage';
    }
    like((cli('config', '--help'))[1], qr/^  config test .*^  config dump /ms, 'of a group');
};

subtest '--version' => sub {
    my @lines = map { s/: .*//r } split /\n/, (cli('--version'))[1];
    shift @lines;
    is_deeply \@lines, ['SuperTokens Core version', 'Plugin Interface version', 'Database Plugin name', 'Database Plugin version',
        'Java version', 'Installation directory'], 'the lines of the reference';
};

subtest 'what is wrong' => sub {
    my @wrong = (
        [['dance']           => qq{Unknown command 'dance'. Please use "supertokens --help" to see the list of available commands}],
        [['config', 'dance'] => qq{Unknown command 'config dance'. Please use "supertokens --help" to see the list of available commands}],
        [['config']                   => qq{Unknown command 'config'. Please use "supertokens --help" to see the list of available commands}],
        [['list', '--site', 'x']      => 'supertokens list has no option --site'],
        [['list', '--nonsense']       => q{supertokens: unexpected argument '--nonsense'}],
        [['list', 'nonsense']         => q{supertokens: unexpected argument 'nonsense'}],
        [['list', '--json=1']         => '--json takes no value'],
        [['migrate', '--config']      => '--config needs a value: FILE'],
        [['stop', '--id=0']           => '--id must be between 1 and 2147483647'],
        [['stop', '--id=1x']          => '--id must be between 1 and 2147483647'],
        [['completion']               => 'supertokens completion: SHELL is missing'],
        [['completion', 'fish']       => q{'fish' is none of: bash zsh}],
        [['hashing', 'calibrate', '--with_alg=md5'] => q{'md5' is none of: argon2 bcrypt}],
        [['hashingCalibrate']         => 'Which algorithm? Name it with --with_alg=argon2 or --with_alg=bcrypt'],
    );
    is_deeply [cli(@{ $_->[0] })], [1, q{}, "$_->[1]\n"], "@{ $_->[0] }" for @wrong;
};

subtest 'the reference manuals' => sub {
    my ($part) = read_file(top_dir() . '/doc/cli.md') =~ /^(## Commands\n.*)/ms;
    my (undef, $markdown) = cli('man', '--markdown');
    ok $part eq $markdown, 'doc/cli.md ends with the commands' or diag 'bring it up to date: supertokens man --markdown';
    for my $page (qw(supertokens.1 supertokens-fcgid.8 supertokens-config.yaml.5)) {
        my $file = build_dir() . "/man/$page";
        my $text = read_file($file);
        ok $text eq (cli('man', $page =~ s/[.]\d\z//r))[1], "$page is what the program says";
        my $warnings = qx{groff -man -Tutf8 -ww -z '$file' 2>&1};
        is $warnings, q{}, 'groff has no warnings' if -x '/usr/bin/groff';
    }
    my $page = read_file(build_dir() . '/man/supertokens.1');
    like $page, qr/^\\fB\Q$_\E\\fR/m, "supertokens(1) has $_" for @commands;
    like read_file(build_dir() . '/man/supertokens-config.yaml.5'), qr/^\\fBfcgi_socket\\fR$/m, 'keys';
    like read_file(build_dir() . '/man/supertokens-fcgid.8'), qr/^\\fB\\-\\-install\\-dir\\fR.*^\\fBHUP\\fR$/ms, 'options and signals';
};

# What bash offers for a line that ends where the cursor is.
sub complete (@words) {
    my $script = build_dir() . '/completion/supertokens';
    my $line   = join q{ }, map { q{'} . ($_ eq q{''} ? q{} : $_) . q{'} } @words;
    my $found  = qx{bash -c '. "\$0"; COMP_WORDS=("\$@"); COMP_CWORD=\$((\$# - 1)); _supertokens; printf "%s\\n" "\${COMPREPLY[@]}"' '$script' supertokens $line};
    return [sort grep { length } split /\n/, $found];
}

subtest 'completion' => sub {
    my %first = map { (/^(\S+)/ ? $1 : q{}) => 1 } @commands;
    is_deeply complete(q{''}), [sort keys %first], 'commands' or diag explain complete(q{''});
    is_deeply complete('co'), ['completion', 'config'], 'their beginnings';
    is_deeply complete('config', 'd'), ['default', 'dump'], 'second words';
    is_deeply complete('config', 'dump', '--c'), ['--config='], 'options';
    is_deeply complete('completion', 'z'), ['zsh'], 'arguments';
    is_deeply complete('hashing', 'calibrate', '--with_alg', '=', 'b'), ['bcrypt'], 'values';
    is_deeply complete('hashing', 'calibrate', '--with_alg', '='), ['argon2', 'bcrypt'], 'all values';
    is_deeply complete('config', 'test', '--config', 'x.yaml', '--j'), ['--json'], 'behind a value';
    my $dir = temp_dir('files');
    write_file("$dir/site.yaml", q{});
    is_deeply complete('config', 'test', '--config', '=', "$dir/si"), ["$dir/site.yaml"], 'files';
    for (['bash', 'supertokens'], ['zsh', '_supertokens']) {
        my ($shell, $file) = @$_;
        is((cli('completion', $shell))[1], read_file(build_dir() . "/completion/$file"), "what is installed for $shell is what the command prints");
    }
    my $zsh = build_dir() . '/completion/_supertokens';
    like read_file($zsh), qr/\A#compdef supertokens\n/, 'zsh finds its script';
    is system("zsh -n '$zsh'"), 0, 'which it can read' if grep { -x "$_/zsh" } split /:/, $ENV{PATH};
};

done_testing;

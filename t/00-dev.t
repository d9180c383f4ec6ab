# SPDX-License-Identifier: Apache-2.0
# ./dev and the tools behind it say what they do and what is wrong.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use File::Path       qw(make_path);
use IO::Socket::INET ();
use Test::More;
use ST::Env qw(read_file temp_dir top_dir watchdog write_file);

watchdog(60);
chdir top_dir() or die "$!\n";

# Output (both streams) and exit status of a shell command.
sub run ($command) {
    my $out = qx{($command) 2>&1};
    return ($out, $? >> 8);
}

subtest 'help' => sub {
    my ($out, $status) = run('./dev help');
    is $status, 0, 'is a command';
    my @names = $out =~ /^  (\w+)/mg;
    ok @names >= 7, 'lists the commands';
    for my $name (grep { $_ ne 'help' } @names) {
        like read_file("tools/dev-$name.bash"), qr/^dev_$name\(\)/m, "$name is there";
    }
    is_deeply [run('./dev')],        [$out, 0], 'is also what ./dev alone says';
    is_deeply [run('./dev --help')], [$out, 0], 'and ./dev --help';
    like read_file('README.md'), qr{^\s*[.]/dev $_\b}m, "README shows ./dev $_" for qw(run test);
};

subtest 'unknown command' => sub {
    my ($out, $status) = run('./dev dance');
    is $status, 2, 'exit status 2';
    like $out, qr{unknown command: dance}, 'is named';
    like $out, qr{^usage:}m,               'and help is shown';
};

subtest 'missing packages' => sub {
    my $as_user = '. tools/packages.bash; id() { echo 1000; }; dpkg-query() { echo unknown; }; die() { echo "$*"; exit 1; }';
    my ($out, $status) = run("bash -c '$as_user; need fuzz; echo passed'");
    is $status, 1, 'without root: exit status 1';
    like $out, qr{apt-get install --no-install-recommends clang libclang-rt-14-dev$}m, 'and the command that installs them';
    unlike $out, qr/passed/, 'and nothing is done';
};

subtest 'a port in use' => sub {
    my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "$!\n";
    my $port  = $taken->sockport;
    my $data  = temp_dir('data');
    my ($out, $status) = run("perl tools/run-stack --core-port $port --data $data/new");
    is $status, 1, 'exit status 1';
    like $out, qr{port $port is in use.*--core-port}, 'says which, and what to do';
    ok !-e "$data/new", 'before anything was started';
};

subtest 'layers' => sub {
    my $tree = temp_dir('tree');
    make_path("$tree/src/base", "$tree/src/db", "$tree/src/session", "$tree/src/emailpassword", "$tree/src/strange");
    write_file("$tree/src/base/a.c",              qq{#include "db/db.h"\n});
    write_file("$tree/src/db/b.c",                qq{#include "base/a.h"\n});
    write_file("$tree/src/session/c.c",           qq{#include "emailpassword/emailpassword.h"\n#include "emailpassword/inner.h"\n});
    write_file("$tree/src/emailpassword/d_cdi.c", qq{#include "core/route.h"\n});
    write_file("$tree/src/strange/e.c",           q{});
    my ($out, $status) = run("tools/lint-layers $tree");
    is $status, 1, 'findings make it fail';
    is_deeply [map { /^(\S+?):/ } split /\n/, $out], ['src/base/a.c', 'src/session/c.c', 'src/strange/e.c'],
      'upward, past the public header, without a layer: and nothing else'
      or diag $out;
};

subtest 'texts' => sub {
    my $tree = temp_dir('tree');
    make_path("$tree/src/base");
    my $licence = "/* SPDX-License-Identifier: Apache-2.0 */\n";
    write_file("$tree/src/base/a.c", "$licence/* strcpy( */\nchar *s = \"atoi(\";\nint f = sprintf(s, s);\n");
    write_file("$tree/src/base/b.c", "int x;\n");
    write_file("$tree/src/base/c.c", "$licence\nconst char *q = \"SELECT 1\";\n");
    write_file("$tree/src/base/d.c", "${licence}int long_one(void)\n{\n" . "    x;\n" x 120 . "}\n");
    my ($out, $status) = run("tools/lint-text $tree");
    is $status, 1, 'findings make it fail';
    like $out, qr{^src/base/a[.]c:4: sprintf}m, 'an unsafe call, with its line';
    unlike $out, qr/strcpy|atoi/, 'but not in comments and strings';
    like $out, qr{^src/base/b[.]c: no SPDX}m,              'a missing licence line';
    like $out, qr{^src/base/c[.]c:3: SQL}m,                'SQL';
    like $out, qr{^src/base/d[.]c:3: long_one: 121 lines}m, 'a long function';
};

subtest 'coverage' => sub {
    my $file = sub ($name, $lines, $branches) {
        return qq({"filename":"$name","line_total":100,"line_covered":$lines,"branch_total":10,"branch_covered":$branches});
    };
    my $report = sub (@files) {
        my $json = temp_dir('coverage') . '/json';
        write_file($json, sprintf '{"files":[%s]}', join q{,}, @files);
        return run("perl tools/coverage-report <$json");
    };
    my ($out, $status) = $report->($file->('src/json/a.c', 95, 9), $file->('src/db/b.c', 80, 0), $file->('src/json/c.c', 80, 9));
    is $status, 0, 'enough is enough';
    my @names = $out =~ m{^ *(src/\S+)}mg;
    is_deeply \@names, [qw(src/db src/db/b.c src/json src/json/c.c src/json/a.c)], 'the most is missing at the top' or diag $out;
    like $out, qr{^src/json  +87[.]5 % of +200 lines +90[.]0 % of +20 branches$}m, 'a folder is the sum of its files';
    ($out, $status) = $report->($file->('src/json/a.c', 84, 10));
    is $status, 1, 'too few lines';
    like $out, qr/^lines of everything +84[.]0 %, at least 85 %: too little$/m, 'and it says so';
    ($out, $status) = $report->($file->('src/crypto/a.c', 100, 8), $file->('src/http/a.c', 100, 9));
    is $status, 1, 'too few branches where they count';
};

done_testing;

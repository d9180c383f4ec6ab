# SPDX-License-Identifier: Apache-2.0
# The documentation does what it says: every block of commands is run, generated parts are current, links lead somewhere.
#
# The comment before a block says where its commands belong: `<!-- run: stack -->` on a machine with the service, nginx
# and PostgreSQL (this file makes one); `package`, with the package being installed (tools/test-package runs those);
# `checkout`, habits of developers. A line's `# => TEXT` is in what the command prints.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Env qw(build_dir read_file temp_dir top_dir wait_until write_file);
use ST::Stack timeout => 300;

my $top   = top_dir();
my @pages = map { s{\A\Q$top\E/}{}r } glob "$top/*.md $top/doc/*.md $top/web/*.md";
my $www   = temp_dir('www');
mkdir "$www/members";
write_file("$www/members/index.html", '<p>members</p>');

my $s = ST::Stack->new(
    sites     => { example => {} },
    site_conf => { example => "root $www; location /members/ { auth_request /st-verify; include verify-protect.conf; }" },
);
wait_until(30, sub { $s->core->get('/health/ready')->{status} == 200 }) or die "not ready\n";    # its first keys take a while
my %real = ('http://127.0.0.1:3567' => $s->url, 'http://127.0.0.1:8080' => $s->site_url, '/etc/supertokens/config.yaml' => $s->service->{config_file});

my sub here ($text) { return $text =~ s{(@{[join '|', map quotemeta, keys %real]})}{$real{$1}}gr }

# Blocks of shell commands: where they belong, their text, their line.
sub blocks ($page) {
    my ($where, $at, $text, @blocks);
    my $n = 0;
    for my $line (split /^/m, read_file("$top/$page")) {
        $n++;
        if    (defined $text && $line =~ /\A\s*```/) { push @blocks, { where => $where, text => $text, line => $at }; undef $text; undef $where }
        elsif (defined $text)                     { $text .= $line }
        elsif ($line =~ /\A<!-- run: (\w+) -->/)  { $where = $1 }
        elsif ($line =~ /\A\s*```(?:sh|bash|shell|console)\b/) { ($text, $at) = (q{}, $n) }
        elsif ($line =~ /\S/)                     { undef $where }
    }
    return @blocks;
}

# A command, and what its comment expects of it.
sub command ($line) {
    my ($text, $expected) = split /\s+# => /, $line, 2;
    return { text => here($text), expected => defined $expected ? here($expected) : undef };
}

# One shell runs the whole block, so that variables stay; what each command prints is kept apart.
sub run_on_stack ($block) {
    my @commands = map { command($_) } grep { /\S/ && !/\A\s*#/ } split /(?<!\\)\n/, $block->{text};
    my $out    = temp_dir('out');
    my $script = join "\n", 'set -eu', map { "{ $commands[$_]{text}\n} >$out/$_ 2>&1" } 0 .. $#commands;
    write_file("$out/script", "$script\n");
    local $ENV{PATH} = build_dir() . ":$ENV{PATH}";
    my $status = system('bash', "$out/script") >> 8;
    my $said   = join q{}, map { -e "$out/$_" ? read_file("$out/$_") : q{} } 0 .. $#commands;
    is $status, 0, "line $block->{line}: the commands succeed" or diag $said;
    for my $n (grep { defined $commands[$_]{expected} } 0 .. $#commands) {
        my $got = -e "$out/$n" ? read_file("$out/$n") : q{};
        ok index($got, $commands[$n]{expected}) >= 0, "line $block->{line}: $commands[$n]{expected}" or diag "$commands[$n]{text}\n$got";
    }
    return;
}

# ./dev COMMAND [FILE...]: the command and the files are there.
sub check_habit ($block) {
    my $help = qx{$top/dev help};
    for my $line (grep { m{\./dev } } split /\n/, $block->{text}) {
        my ($command, @more) = split q{ }, $line =~ s{\A.*?\./dev }{}r =~ s/\s#.*//r;
        like $help, qr/^\Q  $command\E\b/m, "line $block->{line}: ./dev $command";
        ok -e "$top/$_" || -e "$top/t/unit/$_.c", "line $block->{line}: $_" for grep { m{/|\Atest_} } @more;
    }
    return;
}

my %run = (
    stack    => \&run_on_stack,
    checkout => \&check_habit,
    package  => sub ($block) { is system('bash', '-n', write_file(temp_dir('script') . '/s', $block->{text})), 0, "line $block->{line}: is a script" },
);

for my $page (@pages) {
    my @blocks = blocks($page) or next;
    subtest $page => sub {
        for my $block (@blocks) {
            my $run = $run{ $block->{where} // q{} } or do { fail "line $block->{line}: the page does not say where these commands belong"; next };
            $run->($block);
        }
    };
}

# What follows the mark of a page is printed by a program of ours, as arguments of it; ./dev docs writes it anew.
subtest 'generated parts' => sub {
    my $made = 0;
    for my $page (@pages) {
        my ($command, $kept) = read_file("$top/$page") =~ /^<!-- made by: (.*?) -->\n\n(.*)/ms or next;
        $made++;
        ok $kept eq qx{@{[build_dir()]}/$command}, "$page: $command" or diag 'bring it up to date: ./dev docs';
    }
    cmp_ok $made, '>=', 4, 'pages with such parts';
};

# "#Some title" of a page, as sites that show Markdown name it.
sub anchors ($page) {
    return { map { (lc(s/[^\w\s-]//gr) =~ s/ /-/gr => 1) } read_file("$top/$page") =~ /^#+ (.+?)\s*$/mg };
}

subtest 'links' => sub {
    my $links = 0;
    for my $page (@pages) {
        my $dir = $page =~ m{\A(.*/)} ? $1 : q{};
        for my $link (read_file("$top/$page") =~ /\]\(([^)\s]+)\)/g) {
            next if $link =~ m{\A\w+:};
            $links++;
            my ($path, $anchor) = $link =~ /\A([^#]*)#?(.*)/;
            my $to = $path eq q{} ? $page : "$dir$path";
            1 while $to =~ s{[^/]+/\.\./}{};
            next if -e "$top/$to" && (!$anchor || $to !~ /\.md\z/ || anchors($to)->{$anchor});
            fail "$page: $link";
        }
    }
    cmp_ok $links, '>', 40, 'every link within the project leads somewhere';
};

done_testing;

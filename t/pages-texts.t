# SPDX-License-Identifier: Apache-2.0
# The catalogues of the login pages: every text in every language, and one for every error that the service can name.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Encode     qw(decode_utf8);
use File::Find qw(find);
use Test::More;

use ST::Env qw(read_file top_dir watchdog);

watchdog(60);
binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output);
my $src = top_dir() . '/web/src';

# Key => text; what is written twice would be lost.
sub catalogue ($name) {
    my (%texts, @twice);
    for (split /\n/, decode_utf8(read_file("$src/texts/$name.js"))) {
        next if !/^    "?([\w.]+)"?: "(.*)",$/;
        push @twice, $1 if exists $texts{$1};
        $texts{$1} = $2;
    }
    is_deeply \@twice, [], "$name: no key twice";
    return \%texts;
}

my %catalogues = map { m{(\w+)\.js\z} ? ($1 => catalogue($1)) : () } glob "$src/texts/*.js";
is_deeply [sort keys %catalogues], [qw(de en es fr)], 'languages';
my $english = $catalogues{en};
cmp_ok scalar keys %$english, '>', 60, 'texts';

subtest 'every text in every language' => sub {
    for my $name (sort keys %catalogues) {
        my $texts = $catalogues{$name};
        is_deeply [sort keys %$texts], [sort keys %$english], "$name has the same keys";
        is_deeply [grep { $texts->{$_} !~ /\S/ } sort keys %$texts], [], 'no text is empty';
        is_deeply [grep { values_in($texts->{$_}) ne values_in($english->{$_}) } sort keys %$texts], [], 'all have the same {values}';
        next if $name eq 'en';
        my @same = grep { $texts->{$_} eq $english->{$_} && words($english->{$_}) > 12 } sort keys %$texts;
        is_deeply \@same, [], 'nothing is left in English';
    }
};

sub words ($text) { return length $text =~ s/\{\w+\}//gr }
sub values_in ($text) { return join q{ }, sort $text =~ /\{(\w+)\}/g }

my $sources = q{};
find({ no_chdir => 1, wanted => sub { $sources .= read_file($_) if /\.js\z/ && !m{/texts/} } }, $src);

$sources =~ s{//[^\n]*}{}g;

subtest 'used and there' => sub {
    my $topics = join '|', sort { $a cmp $b } keys %{ { map { /\A(\w+)\./ ? ($1 => 1) : () } keys %$english } };
    my %used   = map { ($_ => 1) } $sources =~ /"((?:$topics)\.[\w.]+)"/g;
    is_deeply [grep { !exists $english->{$_} } sort keys %used], [], 'every text that is used is there';
    my @unused = grep { $sources !~ /"\Q$_\E"/ && !/\Afield\.|\Aname\z/ } sort keys %$english;
    is_deeply \@unused, [], 'every text that is there is used';
};

subtest 'errors of the service' => sub {
    my $known = read_file("$src/messages.js");
    my $said  = join "\n", map { read_file(top_dir() . "/src/emailpassword/$_.c") } qw(form validate emailpassword_fdi);
    $said =~ s/"\s*\n\s*"//g;    # one text over two lines
    my @errors = ($said =~ /(?:return|\?|:) "([A-Z][^"]{8,})"/g, $said =~ /add_error\([^;]*"([A-Z][^"]+)"/g, $said =~ /"error", STR\("([^"]+)"\)/g);
    my %errors = map { ($_ => 1) } grep { / / && !/\ADevelopment bug/ } @errors;
    cmp_ok scalar keys %errors, '>', 8, 'there are some' or diag join "\n", keys %errors;
    is_deeply [grep { index($known, $_) < 0 } sort keys %errors], [], 'all of them are translated';
};

done_testing;

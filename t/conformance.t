# SPDX-License-Identifier: Apache-2.0
#
# Replays what the official Node SDK and the reference core said to each other, and compares our answers. Only the
# endpoints of conformance-endpoints.txt count, and of their differing answers only those that do not follow from
# an endpoint that is not done yet.
#
# ST_CONFORMANCE: directory with `replay` and `transcripts/` (default ../shared/conformance).
# ST_CONFORMANCE_ONLY: transcripts to replay, as words or globs separated by commas, e.g. userroles,node.session.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Env qw(read_file temp_dir top_dir write_file);
use ST::Stack timeout => 1800;

use constant SHOWN      => 3;    # differences shown per endpoint
use constant AGAIN_MOST => 20;   # transcripts; more is no matter of time

my $conformance = $ENV{ST_CONFORMANCE} // top_dir() . '/../shared/conformance';
plan skip_all => "no conformance transcripts in $conformance (ST_CONFORMANCE names another place)"
  if !-x "$conformance/replay";

my %done = map { ($_ => 1) } grep { /^\w/ } split /\n/, read_file("$RealBin/conformance-endpoints.txt");

my $stack   = ST::Stack->new(test_mode => 1);
my $results = replay($stack->url, 6, split /,/, $ENV{ST_CONFORMANCE_ONLY} // q{});
my %total;    # endpoint => { equal, differ, follows, shown }
my %differing;    # transcripts
count($_, $results->{$_}) for sort keys %$results;
if (%differing && keys %differing <= AGAIN_MOST) {
    # They judge times to the second. On a busy machine an answer can come too late for that, but not twice.
    diag 'once more, one at a time: ', join ', ', sort keys %differing;
    my $again = replay($stack->url, 1, map { s/\A(.)/[$1]/r } sort keys %differing);    # a glob: the whole name
    $results->{$_} = $again->{$_} for keys %differing;
    %total = %differing = ();
    count($_, $results->{$_}) for sort keys %$results;
}
report();
ok $stack->service->proc->alive, 'the service is still running';
done_testing;

sub replay ($url, $jobs, @only) {
    my $dir  = temp_dir('replay');
    my $json = "$dir/results.json";
    # Where the reference core itself may differ, and where we differ on purpose.
    my $ignore = write_file("$dir/ignore", join q{}, map { read_file($_) } "$conformance/known-unstable.txt",
        "$RealBin/conformance-differences.txt");
    my @cmd = ("$conformance/replay", $url, '--json', $json, '--ignore', $ignore, '--jobs', $jobs, map { ('--only', $_) } @only);
    open my $out, '-|', @cmd or die "$cmd[0]: $!\n";
    my @lines = <$out>;
    close $out;    # its exit status tells of all endpoints, done or not
    note $lines[-1] // 'no output';
    return JSON::PP->new->utf8->decode(read_file($json) || die "the replayer gave no results:\n@lines");
}

# The app that each exchange of a transcript is about, by seq; for those that create one: that one.
sub apps_of ($transcript) {
    my %app;
    for (split /\n/, read_file("$conformance/transcripts/$transcript.jsonl")) {
        my ($seq)    = /\A\{"seq":(\d+)/                         or next;
        my ($base)   = /,"base":"([^"]*)","method"/              or next;
        my ($create) = m{"path":"/recipe/multitenancy/app(?:/v2)?","query".*?"appId":"([^"]+)"};
        $app{$seq} = $create ? "/appid-$create" : $base;
    }
    return \%app;
}

sub plain ($endpoint) { return $endpoint =~ s{ /\{tenant\}/}{ /}r }

sub count ($transcript, $exchanges) {
    my %by_seq = map { ($_->{seq} => $_) } @$exchanges;
    my $app    = apps_of($transcript);
    my %spoilt;    # apps in which something not done yet should have written
    for my $exchange (sort { $a->{seq} <=> $b->{seq} } @$exchanges) {
        my $endpoint = plain($exchange->{endpoint});
        my $where    = $app->{ $exchange->{seq} } // q{};
        if (!$done{$endpoint}) {
            $spoilt{$where} = 1 if !$exchange->{ok} && $endpoint !~ /^GET /;
            next;
        }
        my $t = $total{$endpoint} //= { equal => 0, differ => 0, follows => 0, shown => [] };
        if    ($exchange->{ok})                                           { $t->{equal}++ }
        elsif ($spoilt{$where} || from_undone($exchange, \%by_seq))       { $t->{follows}++ }
        else {
            $t->{differ}++;
            $differing{$transcript} = 1;
            push @{ $t->{shown} }, describe($transcript, $exchange) if @{ $t->{shown} } < SHOWN;
        }
    }
    return;
}

# Does it differ because an earlier exchange gave no value to go on with, and that one is not done yet?
sub from_undone ($exchange, $by_seq) {
    while (defined $exchange->{after}) {
        $exchange = $by_seq->{ $exchange->{after} } // return 0;
        return 1 if !$done{ plain($exchange->{endpoint}) };
    }
    return 0;
}

sub describe ($transcript, $exchange) {
    my @diffs = map { "$_->[0]: $_->[1]" } @{ $exchange->{diffs} };
    splice @diffs, 6;
    return join "\n    ", "$transcript #$exchange->{seq} $exchange->{endpoint} cdi $exchange->{cdi}", $exchange->{test}, @diffs;
}

sub report {
    my @lines;
    for my $endpoint (sort keys %total) {
        my $t    = $total{$endpoint};
        my $line = sprintf '%s: %d of %d equal', $endpoint, $t->{equal}, $t->{equal} + $t->{differ};
        $line .= ", $t->{follows} left out because they follow from endpoints not done" if $t->{follows};
        push @lines, $line;
        ok !$t->{differ}, $line;
        diag "  $_" for @{ $t->{shown} };
    }
    diag join "\n", 'totals:', map { "  $_" } @lines if grep { $_->{differ} } values %total;
    return;
}

# SPDX-License-Identifier: Apache-2.0
#
# GET /metrics as a Prometheus server reads it.
#
#   my $m = ST::Metrics::scrape($s->core);
#   $m->{value}{'supertokens_requests_total{door="core",route="/hello",method="GET",status="2xx"}'}
package ST::Metrics;
use v5.36;

use ST::Env qw(read_file top_dir);

my $NAME   = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $LABEL  = qr/$NAME="(?:[^"\\\n]|\\[\\"n])*"/;
my $NUMBER = qr/[-+]?(?:\d+(?:[.]\d+)?(?:e[-+]?\d+)?|Inf|NaN)/i;

# Dies of a line that is in neither format. { type => { family => type }, help => { family => text }, value => { series => number },
# text, headers }
sub scrape ($core, %opt) {
    my $got = $core->get('/metrics', cdi => undef, %opt);
    die "GET /metrics: $got->{status} $got->{text}\n" if $got->{status} != 200;
    return { parse($got->{text}), text => $got->{text}, headers => $got->{headers} };
}

sub parse ($text) {
    my (%out, $family, $ended);
    for my $line (split /\n/, $text) {
        die "behind the end: $line\n" if $ended;
        if    ($line =~ /\A# HELP ($NAME) (.+)\z/) { $out{help}{$1} = $2; $family = $1 }
        elsif ($line =~ /\A# TYPE ($NAME) (counter|gauge|histogram)\z/ && $1 eq $family) { $out{type}{$1} = $2 }
        elsif ($line eq '# EOF') { $ended = 1 }
        elsif (my ($series, $name, $number) = $line =~ /\A(($NAME)(?:\{$LABEL(?:,$LABEL)*\})?) ($NUMBER)\z/) {
            die "twice: $series\n" if exists $out{value}{$series};
            die "$series stands behind $family\n" if $name !~ /\A$family(?:_bucket|_sum|_count|_total)?\z/;
            $out{value}{$series} = $number;
        }
        else { die "not a line of a metric: $line\n" }
    }
    return (%out, ended => $ended);
}

# The names in the table, as the text format has them, in its order.
sub table {
    my @rows;
    my $text = read_file(top_dir() . '/src/base/metrics.def');
    push @rows, { type => lc $1, name => "supertokens_$2" } while $text =~ /^FAMILY\((\w+), \w+, \w+, \d+, "(\w+)"/mg;
    return @rows;
}

1;

# SPDX-License-Identifier: Apache-2.0
# monitoring/: what dashboard and alerts ask for is there, and the tools that read our files and lines understand them.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Core;
use ST::Env qw(read_file temp_dir top_dir write_file);
use ST::Metrics;
use ST::Stack;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4, log_level => 'INFO' }, sites => { example => {} });
my $core = $s->core;
my $dir  = top_dir() . '/monitoring';
my $tmp  = temp_dir('monitoring');

sub program ($name) {
    my ($path) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};
    return $path;
}

# Families of the text format, with what histograms have behind their name.
my %known = map {
    my $n = $_->{name};
    ($n => 1, $_->{type} eq 'histogram' ? map { ($n . $_ => 1) } qw(_bucket _sum _count) : ())
} ST::Metrics::table;

subtest 'names' => sub {
    my $scrape = ST::Metrics::scrape($core);
    is_deeply [grep { !$scrape->{type}{$_} } map { s/_(?:bucket|sum|count)\z//r } sort keys %known], [], 'the table is what is served';
    my $dashboard = JSON::PP->new->decode(read_file("$dir/grafana/supertokens-fcgi.json"));
    my @queries   = map { $_->{expr} } map { @{ $_->{targets} // [] } } @{ $dashboard->{panels} };
    my %asked     = (dashboard => join("\n", @queries), alerts => read_file("$dir/prometheus/alerts.yaml"));
    for my $who (sort keys %asked) {
        my %names = map { ($_ => 1) } $asked{$who} =~ /\b(supertokens_\w+)/g;
        cmp_ok scalar keys %names, '>', 15, "$who: asks for many";
        is_deeply [grep { !$known{$_} } sort keys %names], [], "$who: all of them exist";
    }
    my %shown = map { (s/_(?:bucket|sum|count)\z//r => 1) } $asked{dashboard} =~ /\b(supertokens_\w+)/g;
    is_deeply [grep { !$shown{ $_->{name} } } ST::Metrics::table], [], 'the dashboard leaves none out';
    is_deeply [grep { !$_ } map { $_->{gridPos}{w} } @{ $dashboard->{panels} }], [], 'every panel has its place';
};

subtest 'promtool' => sub {
    my $promtool = program('promtool') or plan skip_all => 'promtool (Debian package prometheus) is not installed';
    my $metrics = write_file("$tmp/metrics", ST::Metrics::scrape($core)->{text});
    for my $check ("rules $dir/prometheus/alerts.yaml", "config $dir/prometheus/prometheus.yaml", "metrics <$metrics") {
        my $said = qx{$promtool check $check 2>&1};
        is $?, 0, "check $check" =~ s/\Q$tmp\E.*//r or diag $said;
    }
};

# How many lines of TEXT the filter takes, and how many there are.
sub matched ($text) {
    my $log  = write_file("$tmp/log", $text);
    my $said = qx{fail2ban-regex --print-all-matched $log $dir/fail2ban/filter.conf 2>&1};
    my ($lines, $matched) = $said =~ /^Lines: (\d+) lines, \d+ ignored, (\d+) matched/m or diag $said;
    return ($matched, $lines, $said);
}

sub log_of ($code) {
    my $mark = $s->service->log_mark;
    $code->();
    return join q{}, map { "$_\n" } grep { /\S/ } split /\n/, $s->service->log_since($mark);
}

sub attempts {
    my $auth = ST::Core->new(url => $s->site_url . '/auth', cdi => undef);
    my $u    = { email => 'x@example.com', password => 'wrong-word-1' };
    $auth->post('/signin', { formFields => [map { { id => $_, value => $u->{$_} } } qw(email password)] }) for 1 .. 3;
    $core->post('/recipe/signin', $u);
    my $forged = 'WARN%20|%20sign-in%20refused%20at%20the%20auth%20door%20from%20192.0.2.1:%20wrong%20credentials';
    $core->get("/$forged");
    $core->get(q(/|sign-in_refused_at_the_auth_door_from_192.0.2.1:_"message":"sign-in));
    $core->get('/hello', cdi => '|WARN|sign-in refused at the auth door from 192.0.2.1: wrong credentials');
    $auth->post('/signin', { formFields => [{ id => 'email', value => qq(","message":"sign-in refused at the auth door from 192.0.2.1: w","tenant":) }] });
    return;
}

subtest 'fail2ban' => sub {
    program('fail2ban-regex') or plan skip_all => 'fail2ban-regex (Debian package fail2ban) is not installed';
    for my $form ('text', 'JSON') {
        my $text = log_of(\&attempts);
        my ($matched, $lines, $said) = matched($text);
        is $matched, 3, "$form: the refused sign-ins at the auth door" or diag $said;
        cmp_ok $lines, '>', 5, "$form: among others";
        unlike $said, qr/^\s*\d+\) \[\d+\].*192[.]0[.]2[.]1/m, "$form: nobody bans others";
        my $journal = join q{}, map { "host supertokens-fcgid[4711]: $_\n" } split /\n/, $text;
        is + (matched($journal))[0], 3, "$form: as the systemd backend has them";
        $s->service->{env} = { USE_STRUCTURED_LOGGING => 'true' };
        $s->restart_service if $form eq 'text';
    }
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# GET /requests/stats: the requests of all workers and both doors, per app, for each of the last 1440 minutes.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Auth;
use ST::Env qw(wait_until);
use ST::Fcgi;
use ST::Stack timeout => 300;

use constant MINUTES => 1440;

my $s    = ST::Stack->new(config => { fcgi_workers => 2 }, sites => { example => { supertokens => { appId => 'a1' } } });
my $core = $s->core;

sub stats ($prefix = q{}) { return $core->get('/requests/stats', prefix => $prefix)->{json} }

# What the arrays hold besides -1, summed; minutes that are not there yet would be missed.
sub counted ($stats) {
    my @seen = grep { $_ >= 0 } @{ $stats->{averageRequestsPerSecond} };
    my $sum  = 0;
    $sum += $_ * 60 for @seen;
    return sprintf '%.0f', $sum;
}

sub served_by_both () {
    my @busy = grep { my $pid = $_; 1 < grep { (readlink($_) // q{}) =~ /^socket:/ } glob "/proc/$pid/fd/*" } $s->service->workers;
    return @busy >= 2;
}

for my $app (qw(a1 a2)) {
    is $core->put('/recipe/multitenancy/app/v2', { appId => $app })->{json}{status}, 'OK', "app $app";
}
my %deny = (tenantId => 'denied', coreConfig => { ip_deny_regex => '.*' });
is $core->put('/appid-a1/recipe/multitenancy/tenant/v2', \%deny)->{json}{status}, 'OK', 'a tenant nobody may use';

subtest 'before the first minute is over' => sub {
    my $got = $core->get('/requests/stats', prefix => '/appid-a2');
    my $j   = $got->{json};
    like $got->{text}, qr/\A\{"atMinute":\d+,"averageRequestsPerSecond":\[-1[.]0,.*\],"peakRequestsPerSecond":\[-1,.*\],"status":"OK"\}\n\z/, 'its members';
    cmp_ok abs($j->{atMinute} - int(time / 60)), '<=', 1, 'atMinute is this minute';
    for my $list (qw(averageRequestsPerSecond peakRequestsPerSecond)) {
        is scalar @{ $j->{$list} }, MINUTES, "$list has a place for each minute of a day";
        is_deeply [grep { $_ != -1 } @{ $j->{$list} }], [], 'and nothing is known of them';
    }
};

# Of a1: what is counted and what is not. Its creation was a request to the base.
my $load = ST::Fcgi::load_start(6, sub ($i) {
    state $client = $core->with;
    return ($client->get('/hello', prefix => '/appid-a1')->{status} == 200, 'not 200');
});
ok wait_until(30, \&served_by_both), 'both workers have connections';
my $sum = ST::Fcgi::load_stop($load);
is_deeply $sum->{texts}, [], "$sum->{calls} requests";
my $requests = $sum->{calls} + 1;    # one created its tenant

for my $counted (
    [GET => '/nothing'], [GET => '/hello', cdi => 'x'], [PATCH => '/hello'], [GET => '/user/search/tags', cdi => '2.6'],
    [POST => '/recipe/signup'], [GET => '/no-such-tenant/recipe/user'], [GET => '/public/telemetry'],
  )
{
    my ($method, $path, %opt) = @$counted;
    $core->request($method, $path, undef, prefix => '/appid-a1', %opt);
    $requests++;
}
for my $not_counted ([GET => '/denied/hello'], [GET => '/t1/telemetry', cdi => '2.9'], [GET => '/x/y/z'], [GET => '/hello%2F']) {
    my ($method, $path, %opt) = @$not_counted;
    $core->request($method, $path, undef, prefix => '/appid-a1', %opt);
}

# Of the auth door what has reached a tenant.
my $auth = ST::Auth->new(url => $s->site_url);
is $auth->post('/session/refresh')->{status}, 401, 'a refresh';
is $auth->post('/signin', {})->{status}, 400, 'a sign-in';
$requests += 2;
is $auth->post('/nothing')->{status}, 404, 'no route';
is $auth->post('/no-such-tenant/signin', {})->{status}, 400, 'no tenant';
is $auth->post('/denied/signin', {})->{status}, 403, 'one that is closed';

my $minute = int(time / 60);
ok wait_until(75, sub { sleep 1; int(time / 60) > $minute }), 'the minute ends';

subtest 'afterwards' => sub {
    my $j = stats('/appid-a1');
    is counted($j), $requests, 'every request of the app is counted once, whichever worker served it';
    my @average = @{ $j->{averageRequestsPerSecond} };
    my @peak    = @{ $j->{peakRequestsPerSecond} };
    is_deeply [map { $_ >= 0 ? 1 : 0 } @peak], [map { $_ >= 0 ? 1 : 0 } @average], 'both lists begin at the same minute';
    cmp_ok $peak[-1] < 0 ? $peak[-2] : (sort { $b <=> $a } @peak)[0], '>=', (sort { $b <=> $a } @average)[0], 'the peak is at least the average';
    my ($first) = grep { $average[$_] >= 0 } 0 .. $#average;
    is_deeply [grep { $_ < 0 } @average[$first .. $#average]], [], 'from then on no minute is unknown';
    is counted($j), $requests, 'the question itself belongs to this minute';
    is counted(stats('/appid-a2')), 1, 'other apps have their own count';
    is $core->get('/requests/stats', prefix => '/appid-a3')->{status}, 400, 'what does not exist has none';
};

subtest 'a worker dies' => sub {
    my $before = counted(stats('/appid-a1'));
    my ($worker) = $s->service->workers;
    kill 'KILL', $worker;
    ok wait_until(30, sub { !grep { $_ == $worker } $s->service->workers }), 'it is gone';
    ok wait_until(30, sub { $core->get('/hello')->{status} == 200 }), 'others serve';
    cmp_ok counted(stats('/appid-a1')), '>=', $before, 'what it had counted is still there';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# /metrics: its two formats, every row of the table, and that what happens is counted.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use HTTP::Tiny ();
use Test::More;
use ST::Env qw(wait_until);
use ST::Metrics;
use ST::Stack;

my $s = ST::Stack->new(config => { fcgi_workers => 2, bcrypt_log_rounds => 4, log_level => 'INFO' }, sites => { example => {} });
my $core = $s->core;
my $m;

sub scrape (%opt) { return $m = ST::Metrics::scrape($core, %opt) }
sub value ($series) { return $m->{value}{"supertokens_$series"} }
# A request ends a moment after its answer.
sub in_progress ($n) { return wait_until(10, sub { scrape; value('requests_in_progress') == $n }) }
sub route ($path, %l) {
    my %label = (door => 'core', method => 'GET', status => '2xx', %l);
    return value(qq(requests_total{door="$label{door}",route="$path",method="$label{method}",status="$label{status}"})) // 0;
}

subtest 'formats' => sub {
    scrape;
    is $m->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8', 'of Prometheus';
    is $m->{headers}{'cache-control'}, 'no-store', 'not to be kept';
    ok !$m->{ended}, 'without an end';
    is_deeply [map { $m->{type}{ $_->{name} } } ST::Metrics::table], [map { $_->{type} } ST::Metrics::table], 'every row of the table is there';
    is_deeply [grep { !/\Asupertokens_/ } keys %{ $m->{value} }], [], 'nothing else';
    is_deeply [grep { $m->{type}{$_} eq 'counter' xor /_total\z/ } keys %{ $m->{type} }], [], 'counters end with _total';
    scrape(headers => { accept => 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' });
    like $m->{headers}{'content-type'}, qr{\Aapplication/openmetrics-text; version=1\.0\.0}, 'OpenMetrics';
    ok $m->{ended}, 'with an end';
    is $m->{type}{supertokens_requests}, 'counter', 'families of counters are named without _total';
    my $head = $core->request('HEAD', '/metrics');
    is_deeply [@$head{qw(status text)}], [200, q{}], 'HEAD';
};

subtest 'requests' => sub {
    scrape;
    my @before = (route('/hello'), route('none', method => 'PATCH', status => '4xx'), route('/', status => '4xx'));
    $core->get($_) for '/hello', '/HELLO/', '/appid-public/public/hello', '/no/such/route/of-a-client';
    $core->request('PATCH', '/hello');
    scrape;
    is route('/hello') - $before[0], 3, 'counted by the route of the table, however it was written';
    is route('none', method => 'PATCH', status => '4xx') - $before[1], 1, 'without a row by door and method';
    is route('/', status => '4xx') - $before[2], 1, 'unknown paths are those of the root handler';
    unlike $m->{text}, qr/of-a-client/, 'nothing of a path';
    my $series = 'request_duration_seconds_%s{door="core",route="/hello",method="GET"%s}';
    is value(sprintf $series, 'count', q{}), route('/hello'), 'as many in the histogram';
    is value(sprintf $series, 'bucket', ',le="+Inf"'), route('/hello'), 'and in its last bucket';
    cmp_ok value(sprintf $series, 'sum', q{}), '>', 0, 'they took time';
    my @le = map { value(sprintf $series, 'bucket', qq(,le="$_")) } qw(0.0001 0.001 0.1 10);
    is_deeply [sort { $a <=> $b } @le], \@le, 'buckets grow';
};

subtest 'what requests do' => sub {
    my $u = { email => 'who@example.com', password => 'a-secret-word-1' };
    is $core->post('/recipe/signup', $u)->{json}{status}, 'OK', 'a user';
    $core->post('/recipe/signin', { %$u, password => 'wrong-word-1' }) for 1 .. 3;
    scrape;
    is value('hash_jobs_total{algorithm="bcrypt"}'), 4, 'passwords';
    is value('hash_wait_seconds_count'), 4, 'their waiting';
    is value('hash_running') + value('hash_queue_depth'), 0, 'none is left';
    my ($database) = $m->{text} =~ /database_statements_total\{(database="[^"]*")\}/;
    like $database, qr/\Adatabase="\w+@[^"]+"\z/, 'the database has a name';
    unlike $m->{text}, qr/who\@example|secret/, 'nothing of users';
    my ($statements, $trips) = map { value("database_${_}_total{$database}") } qw(statements round_trips);
    cmp_ok $trips, '>=', 5, 'round trips';
    cmp_ok $statements, '>=', $trips, 'statements';
    cmp_ok value("database_pool_connections_open{$database}"), '>=', 1, 'open connections';
    cmp_ok value("database_pool_connections_max{$database}"), '>=', value("database_pool_connections_open{$database}"), 'not more than there may be';
    $core->post('/recipe/signup', $u);
    scrape;
    is value(qq(database_errors_total{$database,class="constraint"})), 1, 'errors have a class';
    ok in_progress(1), 'the scrape itself is in progress';
};

subtest 'keys, jobs, processes' => sub {
    is $core->get('/.well-known/jwks.json')->{status}, 200, 'keys are made';
    ok wait_until(30, sub { scrape; defined value('deliveries_pending') && defined value('signing_key_age_seconds') }), 'measured after a while';
    cmp_ok abs(value('signing_key_age_seconds') + value('signing_key_rotation_seconds') - 168 * 3600), '<', 1, 'age and rest are the interval';
    is value('jobs_leader'), 1, 'this node leads';
    is value('deliveries_pending') + value('deliveries_given_up'), 0, 'nothing to be delivered';
    is value('job_failures_total{task="count mails and webhooks"}'), 0, 'jobs';
    cmp_ok abs(value('job_last_run_timestamp_seconds{task="count mails and webhooks"}') - time), '<', 60, 'their last run';
    is_deeply [map { value(qq(processes{process="$_"})) } qw(master worker jobs)], [1, 2, 1], 'processes';
    cmp_ok value(qq(process_resident_memory_bytes{process="$_"})), '>', 1e6, "memory: $_" for qw(master worker jobs);
    cmp_ok value('process_cpu_seconds_total{process="worker"}'), '>', 0, 'processor time';
    like $m->{text}, qr/^supertokens_build_info\{version="[^"]+",core_version="12\.1\.1"\} 1$/m, 'build';
};

subtest 'a worker dies' => sub {
    my $requests = route('/hello');
    kill KILL => ($s->service->workers)[0];
    # A request that was in the dying worker's hands is a 502.
    ok wait_until(30, sub { eval { scrape } && value('process_restarts_total{process="worker"}') == 1 && value('processes{process="worker"}') == 2 }), 'another one is started';
    is route('/hello'), $requests, 'counters do not fall';
    ok in_progress(1), 'what it left behind is forgotten';
};

subtest 'the doors beside it' => sub {
    my $http = HTTP::Tiny->new;
    $http->get($s->site_url . '/auth/session/verify');
    $http->request('OPTIONS', $s->site_url . '/auth/signin');
    scrape;
    is route('none', door => 'auth', method => 'GET', status => '4xx'), 1, 'auth: no such route';
    is route('none', door => 'auth', method => 'OPTIONS'), 1, 'auth: preflight';
    is $http->get($s->site_url . '/metrics')->{status}, 404, 'sites do not have it';
    cmp_ok route('/metrics', door => 'ops'), '>', 5, 'the scrapes themselves';
};

done_testing;

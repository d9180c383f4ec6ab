# SPDX-License-Identifier: Apache-2.0
# Two nodes on a primary with a synchronous standby. The primary is killed under load, the standby is promoted, and both nodes
# follow by themselves: nothing that was acknowledged is lost. Directly (several hosts in the URI), and through PgBouncer.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep time);

use ST::Env qw(wait_until);
use ST::Load;
use ST::Pg;
use ST::PgBouncer;
use ST::Session qw(create_answer);
use ST::Stack timeout => 400;

my %small = (fcgi_workers => 1, bcrypt_log_rounds => 4, postgresql_connection_pool_size => 4, max_server_pool_size => 4);
my %none  = map { ("postgresql_$_" => undef) } qw(host port user database_name);

# The nodes, by the configuration that leads them to the database.
sub nodes ($pg, %config) { return map { ST::Stack->new(cdi => '5.6', pg => $pg, config => { %small, %config }) } 1 .. 2 }

sub signup ($core, $name) { return $core->post('/recipe/signup', { email => "$name\@example.com", password => 'secret-1' }) }
sub is_up ($core, $name) {
    my $n = 0;
    return wait_until(60, sub { ((signup($core, $name . $n++)->{json} // {})->{status} // q{}) eq 'OK' });
}

# Seconds for which calls that need the database failed, over both loads.
sub outage (@sums) {
    my @failed = sort { $a <=> $b } map { $_->{at} + $_->{s} } grep { $_->{status} != 200 } map { @{ $_->{calls} } } @sums;
    return @failed ? $failed[-1] - $failed[0] : 0;
}

sub check ($pg, @sums) {
    for my $sum (@sums) {
        diag ST::Load::told($sum);
        is_deeply $sum->{odd}, [], 'every answer that was one was right';
        my %failed = %{ ST::Load::statuses($sum) };
        delete @failed{ 200, 503 };
        is_deeply \%failed, {}, 'without the database it is 503, nothing else';
        cmp_ok scalar keys %{ $sum->{users} },    '>=', 2, 'users were signed up';
        cmp_ok scalar keys %{ $sum->{sessions} }, '>=', 5, 'sessions were made';
        is_deeply ST::Load::lost($sum, $pg), [], 'everything acknowledged is there';
    }
    is_deeply ST::Load::half_users($pg), [], 'no user is there in part';
    diag sprintf 'there were failures for %.1f s', outage(@sums);
    return;
}

# LEAD is what an operator does to lead clients to the standby.
sub fail_over ($primary, $standby, $lead, @nodes) {
    my @loads = map { ST::Load->new(url => $_->url, clients => 2) } @nodes;
    ok $_->goes_on(20), 'the load runs' for @loads;
    $primary->kill9;
    my $from = time;
    sleep 1;
    is create_answer($nodes[0]->core)->{status}, 503, 'without a primary there are no sessions';
    $standby->promote;
    $lead->();
    my $promoted = time;
    ok $_->goes_on, 'every client of each node is served again' for @loads;
    diag sprintf 'the primary was away for %.1f s; %.1f s after that all clients had been served', $promoted - $from, time - $promoted;
    is scalar(my @all = $_->service->workers), 2, 'no process has died' for @nodes;
    return map { $_->stop } @loads;
}

subtest 'several hosts' => sub {
    my $primary = ST::Pg->new(fsync => 1);
    $primary->create_db('own');
    my $standby = $primary->standby;
    my @both    = ($primary, $standby);
    my @nodes   = nodes($primary, %none, postgresql_connection_uri => ST::Pg::primary_uri('supertokens', @both));
    my ($one, $two) = map { $_->core } @nodes;
    my %tenant = (tenantId => 'own', coreConfig => { postgresql_connection_uri => ST::Pg::primary_uri('own', @both) }, firstFactors => undef);
    is $one->put('/recipe/multitenancy/tenant/v2', \%tenant)->{json}{status}, 'OK', 'a tenant with a database of its own';
    my $own = $two->with(prefix => '/own');
    is signup($own, 'before')->{json}{status}, 'OK', 'has a user';

    check($standby, fail_over($primary, $standby, sub { }, @nodes));

    is signup($own, 'before')->{json}{status}, 'EMAIL_ALREADY_EXISTS_ERROR', 'the user of the tenant is there';
    ok is_up($own, 'after'), 'and others sign up';
    ok $_->service->wait_log(qr/news of other nodes arrive again/, 0, 40), 'the nodes hear of each other again' for @nodes;
    is $one->put('/recipe/multitenancy/app/v2', { appId => 'a1', coreConfig => { access_token_validity => 20 } })->{json}{status}, 'OK', 'an app, made at one node';
    my $told = sub { return $two->post('/recipe/handshake', undef, cdi => '2.9', prefix => '/appid-a1')->{json}{accessTokenValidity} // 0 };
    is $told->(), 20_000, 'is known to the other';
    $one->put('/recipe/multitenancy/app/v2', { appId => 'a1', coreConfig => { access_token_validity => 25 } });
    ok wait_until(10, sub { $told->() == 25_000 }), 'which hears of changes';
    $_->stop for @nodes;
};

# As when its machine is lost: nothing is refused, and nothing is answered.
subtest 'a primary that hangs' => sub {
    my $primary = ST::Pg->new(fsync => 1);
    my $standby = $primary->standby;
    my @nodes   = nodes($primary, %none, postgresql_connection_uri => ST::Pg::primary_uri('supertokens', $primary, $standby), fcgi_request_timeout => 4000);
    my @loads   = map { ST::Load->new(url => $_->url, clients => 2) } @nodes;
    ok $_->goes_on(20), 'the load runs' for @loads;
    my @hung = ($primary->proc->pid, ST::Proc::descendants($primary->proc->pid));
    kill 'STOP', @hung;
    $standby->promote;
    ok $_->goes_on, 'every client of each node is served again' for @loads;
    check($standby, map { $_->stop } @loads);
    kill 'KILL', @hung;
    $_->stop for @nodes;
};

subtest 'through PgBouncer' => sub {
    plan skip_all => 'no pgbouncer' if !ST::PgBouncer::program();
    my $primary = ST::Pg->new(fsync => 1);
    my $standby = $primary->standby;
    my $bouncer = ST::PgBouncer->new(pg => $primary, servers => 6);
    my @nodes   = nodes($primary, $bouncer->config(ST::Pg::primary_uri('supertokens', $primary, $standby)));

    check($standby, fail_over($primary, $standby, sub { $bouncer->lead_to($standby) }, @nodes));

    ok $_->service->wait_log(qr/news of other nodes arrive again/, 0, 40), 'the nodes hear of each other again' for @nodes;
    $_->stop for @nodes;
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# The connection on which the master hears what other nodes change is lost: afterwards every worker sees what was changed
# meanwhile, and hears again of what is changed later.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep time);

use ST::Env     qw(temp_dir wait_until);
use ST::Session qw(create_answer);
use ST::Stack timeout => 240;

my $s = ST::Stack->new(
    cdi    => '5.6',
    config => { fcgi_workers => 2, access_token_validity_jitter => 0, postgresql_connection_pool_size => 2 },
);
my ($pg, $core) = ($s->pg, $s->core);

my $listener = q{FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%listener' AND query LIKE 'LISTEN%'};
sub listens () {
    return wait_until(60, sub { $pg->value("SELECT count(*) $listener") == 1 });
}

# An app whose configuration is seen in each of its sessions: lifetime of the access token in seconds, 0 for no session.
my $app = $core->with(prefix => '/appid-a1');
is $core->put('/recipe/multitenancy/app/v2', { appId => 'a1', coreConfig => { access_token_validity => 1000 } })->{json}{status}, 'OK', 'an app';

sub validity () {
    my $token = (create_answer($app)->{json} // {})->{accessToken} // { expiry => 0, createdTime => 0 };
    return ($token->{expiry} - $token->{createdTime}) / 1000;
}

# As another node does it; NEWS: what it sends to all.
sub change ($seconds, $news = undef) {
    $pg->query(qq[UPDATE tenant_configs SET core_config = '{"access_token_validity": $seconds}' WHERE app_id = 'a1']);
    $pg->query("NOTIFY supertokens_fcgi, '$news'") if $news;
    return time;
}

# While PostgreSQL is stopped: at a socket that the service does not know.
sub change_unheard ($seconds) {
    local $pg->{socket_dir} = temp_dir('aside');
    ST::Pg::give_away($pg->{socket_dir});
    $pg->start;
    change($seconds);
    return $pg->stop;
}

# By every worker: each of them gets some of so many requests.
sub is_seen ($seconds, $since, $name) {
    ok wait_until(60, sub { !grep { validity != $seconds } 1 .. 20 }), $name;
    diag sprintf 'seen after %.1f s', time - $since;
    return;
}

ok listens, 'the master listens';
is_seen 1000, time, 'the configuration is used';
is_seen 1100, change(1100, q{*}), 'news of another node are heard';
change(1200);
sleep 1;
is validity, 1100, 'and what nobody is told of is not looked for at once';

subtest 'its connection is ended' => sub {
    is $pg->value("SELECT count(pg_terminate_backend(pid)) $listener"), 1, 'by an administrator';
    is_seen 1200, time, 'what was changed before is seen';
    ok listens, 'the master listens again';
    is_seen 1300, change(1300, q{*}), 'and hears';
};

subtest 'PostgreSQL is stopped for longer than it takes to try again' => sub {
    my $mark = $s->service->log_mark;
    $pg->stop;
    is create_answer($app)->{status}, 503, 'requests are refused';
    ok $s->service->wait_log(qr/no news of other nodes until the database can be reached again/, $mark), 'the log tells of it';
    sleep 3;
    change_unheard(1400);
    $pg->start;
    is_seen 1400, time, 'a change while nobody listens is seen';
    ok listens, 'the master listens again';
    is_seen 1500, change(1500, q{*}), 'and hears';
    ok $s->service->wait_log(qr/news of other nodes arrive again/, $mark), 'which the log tells, too';
};

is $s->service->stop, 0, 'the service ends in order';

done_testing;

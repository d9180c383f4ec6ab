# SPDX-License-Identifier: Apache-2.0
# Two services on one database: a key that signs on one of them is published by both, and what is changed at one of them is
# soon known to the other.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep time);
use ST::Env      qw(wait_until);
use ST::Parallel qw(parallel);
use ST::Session  qw(T F create create_answer header_of is_signed jwk_pem refresh verify);
use ST::Stack timeout => 400;

# In the test mode the interval may be short. Keys are made 60 s before they are needed, so with an interval of 61.5 s a new
# one comes every 1.5 s, and always the one before the newest signs.
my %options = (test_mode => 1, config => { access_token_dynamic_signing_key_update_interval => 61.5 / 3600, access_token_validity => 30 });
my $first   = ST::Stack->new(%options);
my $second  = ST::Stack->new(%options, pg => $first->pg);
my $pg      = $first->pg;
my ($a, $b) = map { $_->core->with(cdi => '5.6') } $first, $second;

sub jwks ($core) { return { map { ($_->{kid} => $_) } @{ $core->get('/.well-known/jwks.json')->{json}{keys} } } }

# Uses one node and asks the other one, over and over: what went wrong, and which keys signed.
sub watch ($from, $at, $seconds) {
    my ($x, $y) = ($from->with, $at->with);
    my %seen = (rounds => 0, wrong => [], kids => {});
    my $end = time + $seconds;
    while (time < $end || $seen{rounds} < 3) {
        my $answer = create_answer($x);
        my $token  = $answer->{json}{accessToken}{token} // q{};
        my $kid    = $token ? header_of($token)->{kid} : "none: $answer->{status} $answer->{text}";
        my $jwk    = jwks($y)->{$kid};
        $seen{rounds}++;
        $seen{kids}{$kid}++;
        push @{ $seen{wrong} }, "$kid is not published" if !$jwk;
        push @{ $seen{wrong} }, "$kid has not signed"   if $jwk && !is_signed($token, jwk_pem($jwk));
        my $got = verify($y, $token, { checkDatabase => T });
        push @{ $seen{wrong} }, "$kid: $got->{status} " . ($got->{message} // q{}) if $got->{status} ne 'OK';
    }
    return \%seen;
}

subtest 'keys that change every 1.5 seconds' => sub {
    my $seen = watch($a, $b, 8);
    is_deeply $seen->{wrong}, [], "one client: $seen->{rounds} tokens";
    cmp_ok scalar(keys %{ $seen->{kids} }), '>=', 3, 'signed with several keys';

    my @seen = parallel(map { my @nodes = $_ % 2 ? ($a, $b) : ($b, $a); sub { return watch(@nodes, 8) } } 1 .. 3);
    is_deeply [map { @{ $_->{wrong} } } @seen], [], 'three clients, in both directions';

    # A node that was idle finds more than one change, and its requests come together.
    for my $round (1 .. 3) {
        create($a), sleep 0.2 for 1 .. 20;
        my $kid = header_of(create($a)->{accessToken}{token})->{kid};
        my @sets = parallel(map { sub { return jwks($b->with) } } 1 .. 6);
        is scalar(grep { $_->{$kid} } @sets), 6, "round $round: every one of an idle node's first answers has the key";
    }
};

subtest 'sessions are at home on both nodes' => sub {
    for my $dynamic (T, F) {
        my $session = create($a, { useDynamicSigningKey => $dynamic });
        for my $node ($b, $a, $b) {
            $session = refresh($node, $session->{refreshToken}{token}, { useDynamicSigningKey => $dynamic });
            is $session->{status}, 'OK', 'refreshed by turns';
            is verify($_, $session->{accessToken}{token}, { checkDatabase => T })->{status}, 'OK', 'and verified by both' for $a, $b;
        }
    }
};

subtest 'an interval below a minute' => sub {
    # No key is ever young enough to sign for a minute more, so every use of keys makes another one; of two that are
    # younger than the interval the older one signs.
    my $db = $pg->create_db('short');
    my %short = (test_mode => 1, pg => $pg, db => $db,
        config => { access_token_dynamic_signing_key_update_interval => 20 / 3600, access_token_validity => 60, fcgi_workers => 1 });
    my ($x, $y) = map { ST::Stack->new(%short)->core->with(cdi => '5.6') } 1, 2;
    my $count = sub { return $pg->value('SELECT count(*) FROM session_access_token_signing_keys', $db) };
    my @kids;
    for my $round (1 .. 4) {
        my $before = $count->();
        my $token  = create($x)->{accessToken}{token};
        cmp_ok $count->(), '>', $before, 'signing makes a key';
        my @rows = map { "d-$_->[0]" } @{ $pg->query('SELECT created_at_time FROM session_access_token_signing_keys ORDER BY 1 DESC', $db) };
        push @kids, header_of($token)->{kid};
        is $kids[-1], @rows > 1 ? $rows[1] : $rows[0], 'the second newest signs';
        $before = @rows;
        ok jwks($y)->{ $kids[-1] }, 'the other node publishes it';
        cmp_ok $count->(), '>', $before, 'and has made one for that';
        is verify($y, $token)->{status}, 'OK', 'and verifies with it';
    }
    $pg->query('UPDATE session_access_token_signing_keys SET created_at_time = created_at_time - 20000', $db);
    $pg->query(q{NOTIFY supertokens_fcgi, '*'}, $db);
    wait_until(10, sub { !jwks($x)->{ $kids[-1] } });
    my $token = create($x)->{accessToken}{token};
    ok jwks($y)->{ header_of($token)->{kid} }, 'after their time it is the same';
};

# What one node says of an app or tenant that the other one made.
sub soon ($name, $check) { return ok(wait_until(10, $check), $name) }

sub news_arrive ($round) {
    my $app = "app$round";
    is $b->get('/recipe/jwt/jwks', prefix => "/appid-$app")->{status}, 400, 'an app that is not there';
    is $a->put('/recipe/multitenancy/app/v2', { appId => $app, coreConfig => { access_token_validity => 20 } })->{json}{createdNew}, T, 'is made at one node';
    soon('and soon known to the other', sub { $b->get('/recipe/jwt/jwks', prefix => "/appid-$app")->{status} == 200 });

    my ($x, $y) = map { $_->with(prefix => "/appid-$app") } $a, $b;
    is create_answer($y->with(prefix => "/appid-$app/t1"))->{status}, 400, 'a tenant that is not there';
    is $x->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{createdNew}, T, 'is made';
    soon('and soon known', sub { create_answer($y->with(prefix => "/appid-$app/t1"))->{status} == 200 });

    my $validity = sub { return $y->post('/recipe/handshake', undef, cdi => '2.9')->{json}{accessTokenValidity} };
    is $validity->(), 20_000, 'the setting of the app';
    $x->put('/recipe/multitenancy/app/v2', { appId => $app, coreConfig => { access_token_validity => 25 } });
    soon('is soon changed', sub { $validity->() == 25_000 });

    is $x->post('/recipe/multitenancy/tenant/remove', { tenantId => 't1' })->{json}{didExist}, T, 'the tenant is removed';
    soon('which is soon known', sub { create_answer($y->with(prefix => "/appid-$app/t1"))->{status} == 400 });
    my $token = create($x)->{accessToken}{token};
    is verify($y, $token)->{status}, 'OK', 'keys of the new app are good at both';
    is $a->post('/recipe/multitenancy/app/remove', { appId => $app })->{json}{didExist}, T, 'the app is removed';
    soon('which is soon known', sub { $b->get('/recipe/jwt/jwks', prefix => "/appid-$app")->{status} == 400 });

    # Made again it has other keys.
    $a->put('/recipe/multitenancy/app/v2', { appId => $app });
    my $fresh = create($x);
    soon('an app made again is soon known', sub { verify($y, $fresh->{accessToken}{token})->{status} eq 'OK' });
    is_deeply verify($_, $token), { status => 'TRY_REFRESH_TOKEN', message => 'Key not found' }, 'and tokens of the former one are worth nothing' for $x, $y;
    return;
}

subtest 'news' => sub { news_arrive(1) };

my $LISTENERS = q{application_name = 'supertokens-fcgi listener'};
sub listeners { return [sort map { $_->[0] } @{ $pg->query("SELECT pid FROM pg_stat_activity WHERE $LISTENERS AND datname = 'supertokens' AND query LIKE 'LISTEN%' AND state = 'idle'") }] }

subtest 'the listening connections are killed' => sub {
    my $before = listeners();
    is scalar(@$before), 2, 'each service has one';
    $pg->query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $LISTENERS");
    # Meanwhile something is changed: whoever comes back must know.
    $a->put('/recipe/multitenancy/app/v2', { appId => 'meanwhile' });
    soon('what was changed meanwhile is known', sub { $b->get('/recipe/jwt/jwks', prefix => '/appid-meanwhile')->{status} == 200 });
    ok wait_until(30, sub { my $now = listeners(); @$now == 2 && !grep { my $pid = $_; grep { $_ == $pid } @$before } @$now }), 'they come back';
    is $_->service->proc->alive, 1, 'nothing else ended' for $first, $second;
    news_arrive(2);
};

done_testing;

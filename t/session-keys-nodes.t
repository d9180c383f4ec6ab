# SPDX-License-Identifier: Apache-2.0
# Two services on one database: a key that signs on one of them is published by both, and what is changed at one of them is
# soon known to the other.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep time);
use ST::Env      qw(patience wait_until);
use ST::Parallel qw(parallel);
use ST::Session  qw(T F create create_answer header_of is_signed jwk_pem refresh verify);
use ST::Stack timeout => 400;

# In the test mode the interval may be short. Keys are made 60 s before they are needed, so with an interval of 61.5 s a new
# one comes every 1.5 s, and always the one before the newest signs.
my %options = (test_mode => 1, config => { access_token_dynamic_signing_key_update_interval => 61.5 / 3600, access_token_validity => 30 });
my $first   = ST::Stack->new(%options);
# With several workers, one that has not been asked before would know what has just been changed.
my $second  = ST::Stack->new(%options, config => { %{ $options{config} }, fcgi_workers => 1 }, pg => $first->pg);
my $pg      = $first->pg;
my ($a, $b) = map { $_->core->with(cdi => '5.6') } $first, $second;

sub jwks ($core) { return { map { ($_->{kid} => $_) } @{ $core->get('/.well-known/jwks.json')->{json}{keys} } } }

# Uses one node and asks the other one, over and over, until KEYS keys have signed: what went wrong, and which they were.
sub watch ($from, $at, $keys) {
    my ($x, $y) = ($from->with, $at->with);
    my %seen = (rounds => 0, wrong => [], kids => {});
    my $end = time + patience(60);
    while (time < $end && keys %{ $seen{kids} } < $keys) {
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
    my $seen = watch($a, $b, 4);
    is_deeply $seen->{wrong}, [], 'one client';
    is scalar(keys %{ $seen->{kids} }), 4, "$seen->{rounds} tokens signed with several keys";

    my @seen = parallel(map { my @nodes = $_ % 2 ? ($a, $b) : ($b, $a); sub { return watch(@nodes, 4) } } 1 .. 3);
    is_deeply [map { @{ $_->{wrong} } } @seen], [], 'three clients, in both directions';

    # A node that was idle finds more than one change, and its requests come together.
    for my $round (1 .. 3) {
        for (1 .. 20) { create($a); sleep 0.2 }
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
    # Then keys are made a fifth of the interval before they are needed: here 11.8 of 59 seconds. Time passes by moving the keys.
    my $db    = $pg->create_db('short');
    my %short = (test_mode => 1, pg => $pg, db => $db, config => { access_token_dynamic_signing_key_update_interval => 59 / 3600, access_token_validity => 60 });
    my ($x, $y) = map { ST::Stack->new(%short)->core->with(cdi => '5.6') } 1, 2;
    my $keys = sub { return [map { "d-$_->[0]" } @{ $pg->query('SELECT created_at_time FROM session_access_token_signing_keys ORDER BY 1 DESC', $db) }] };
    my $pass = sub ($age) {    # so many seconds is the newest one old then
        $pg->query("UPDATE session_access_token_signing_keys SET created_at_time = created_at_time - newest + begun
            FROM (SELECT max(created_at_time) AS newest, (1000 * (extract(epoch FROM now()) - $age))::bigint AS begun FROM session_access_token_signing_keys) AS key", $db);
        $pg->query(q{NOTIFY supertokens_fcgi, '*'}, $db);
        my $newest = $keys->()->[0];
        for my $node ($x, $y) {
            wait_until(10, sub { jwks($node)->{$newest} }) or die "no news\n";
        }
    };
    my $signs = sub ($name, $at) {
        my $token = create($x)->{accessToken}{token};
        my $kid   = header_of($token)->{kid};
        is $kid, $keys->()->[$at], $name;
        ok jwks($y)->{$kid}, 'the other node publishes it';
        is verify($y, $token)->{status}, 'OK', 'and verifies with it';
    };
    $signs->('the first key', 0) for 1 .. 3;
    is scalar(@{ $keys->() }), 1, 'is enough';
    $pass->(48);
    $signs->('which signs on when its successor is made', 1);
    is scalar(@{ $keys->() }), 2, 'by one of the nodes only';
    $pass->(12);
    $signs->('until its time is over', 0);
    is scalar(@{ $keys->() }), 2, 'the successor was there';
    $pass->(60);
    $signs->('after a time without requests a new one signs at once', 0);
    is scalar(@{ $keys->() }), 3, 'made just then';
};

subtest 'keys that change every 2 seconds' => sub {
    my $db   = $pg->create_db('shorter');
    my %fast = (test_mode => 1, pg => $pg, db => $db, config => { access_token_dynamic_signing_key_update_interval => 2.5 / 3600, access_token_validity => 30 });
    my ($x, $y) = map { ST::Stack->new(%fast)->core->with(cdi => '5.6') } 1, 2;
    my @seen = parallel(map { my @nodes = $_ % 2 ? ($x, $y) : ($y, $x); sub { return watch(@nodes, 5) } } 1 .. 3);
    is_deeply [map { @{ $_->{wrong} } } @seen], [], 'three clients, in both directions';
    is_deeply [map { scalar keys %{ $_->{kids} } } @seen], [(5) x 3], 'signed with several keys';
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
    my $before;
    ok wait_until(20, sub { $before = listeners(); @$before == 2 }), 'each service has one';
    $a->put('/recipe/multitenancy/app/v2', { appId => 'meanwhile', coreConfig => { access_token_validity => 20 } });
    my $validity = sub { return $b->post('/recipe/handshake', undef, cdi => '2.9', prefix => '/appid-meanwhile')->{json}{accessTokenValidity} };
    soon('a setting', sub { ($validity->() // 0) == 20_000 });

    # The master, which listens, sleeps while its connection is ended and something is changed: the news is lost.
    kill 'STOP', $second->service->master;
    is $validity->(), 20_000, 'which is known';    # and asked for once more, if the news of the app had just come
    $pg->query("SELECT pg_terminate_backend($_)") for @$before;
    ok wait_until(20, sub { my %now = map { ($_ => 1) } @{ listeners() }; !grep { $now{$_} } @$before }), 'nobody listens';
    $a->put('/recipe/multitenancy/app/v2', { appId => 'meanwhile', coreConfig => { access_token_validity => 25 } });
    is $validity->(), 20_000, 'that is changed when nobody listens stays as it was';
    kill 'CONT', $second->service->master;
    soon('until somebody does', sub { $validity->() == 25_000 });
    ok wait_until(30, sub { my $now = listeners(); @$now == 2 && !grep { my $pid = $_; grep { $_ == $pid } @$before } @$now }), 'they come back';
    is $_->service->proc->alive, 1, 'nothing else ended' for $first, $second;
    news_arrive(2);
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# Behind PgBouncer in transaction mode, with fewer connections to PostgreSQL than threads that want one.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Env      qw(wait_until);
use ST::Parallel qw(parallel);
use ST::Pg;
use ST::PgBouncer;
use ST::Session  qw(T F create hash2 header_of is_signed jwk_pem refresh refresh_answer verify);
use ST::Stack timeout => 300;

plan skip_all => 'no pgbouncer' if !ST::PgBouncer::program();

use constant SERVERS => 3;

my $pg      = ST::Pg->new;
my $bouncer = ST::PgBouncer->new(pg => $pg, servers => SERVERS);

my %config = (
    $bouncer->config('postgresql:///supertokens?host=' . $pg->socket_dir . '&port=' . ST::Pg::PORT . '&user=' . ST::Pg::USER),
    fcgi_workers         => 3,
    bcrypt_log_rounds    => 5,
    max_server_pool_size => 4,
);
my $s    = ST::Stack->new(pg => $pg, config => \%config);
my $core = $s->core->with(cdi => '5.6');

# PgBouncer hands on the application names of its clients.
sub backends ($where = 'true') { return $pg->value("SELECT count(*) FROM pg_stat_activity WHERE datname = 'supertokens' AND pid <> pg_backend_pid() AND $where") }

sub life_of_a_user ($core, $email) {
    my %user = (email => $email, password => 'secret-1');
    my @steps;
    my $step = sub ($name, $answer, $want = 'OK') { push @steps, "$name: " . ($answer->{status} // 'none') if ($answer->{status} // q{}) ne $want; return $answer };
    my $id   = $step->('sign-up', $core->post('/recipe/signup', \%user)->{json} // {})->{recipeUserId};
    $step->('sign-up again', $core->post('/recipe/signup', \%user)->{json} // {}, 'EMAIL_ALREADY_EXISTS_ERROR');
    $step->('sign-in', $core->post('/recipe/signin', \%user)->{json} // {});
    $step->('wrong password', $core->post('/recipe/signin', { %user, password => 'x' })->{json} // {}, 'WRONG_CREDENTIALS_ERROR');
    my $session = $step->('create', create($core, { userId => $id, userDataInJWT => { a => 1 } }));
    my $handle  = $session->{session}{handle};
    $step->('verify', verify($core, $session->{accessToken}{token}, { checkDatabase => T }));
    my $fresh = $step->('refresh', refresh($core, $session->{refreshToken}{token}));
    my $retry = $step->('retry', refresh($core, $session->{refreshToken}{token}));
    my $old   = $step->('old refresh', refresh($core, $retry->{refreshToken}{token}, {}, cdi => '5.4'));
    $step->('promotion', verify($core, $old->{accessToken}{token}, {}, cdi => '5.4'));
    $step->('data', $core->put('/recipe/session/data', { sessionHandle => $handle, userDataInDatabase => { d => 2 } })->{json} // {});
    $step->('regenerate', $core->post('/recipe/session/regenerate', { accessToken => $old->{accessToken}{token}, userDataInJWT => { a => 2 } })->{json} // {});
    my $get = $step->('get', $core->get('/recipe/session', query => { sessionHandle => $handle })->{json} // {});
    push @steps, 'content' if ($get->{userDataInDatabase}{d} // 0) != 2 || ($get->{userDataInJWT}{a} // 0) != 2;
    my $removed = $step->('remove', $core->post('/recipe/session/remove', { userId => $id })->{json} // {});
    push @steps, 'removed' if "@{ $removed->{sessionHandlesRevoked} // [] }" ne ($handle // 'none');
    $step->('verify after', verify($core, $old->{accessToken}{token}, { checkDatabase => T }), 'UNAUTHORISED');
    return \@steps;
}

subtest 'one after the other' => sub {
    is_deeply life_of_a_user($core, 'first@example.com'), [], 'a user and a session';
    my $session = create($core);
    my ($jwk) = grep { $_->{kid} eq header_of($session->{accessToken}{token})->{kid} } @{ $core->get('/.well-known/jwks.json')->{json}{keys} };
    ok is_signed($session->{accessToken}{token}, jwk_pem($jwk)), 'tokens are signed with a published key';
    is $pg->value('SELECT count(*) FROM session_access_token_signing_keys'), 1, 'of which there is one';
};

subtest 'tenants and apps' => sub {
    is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', firstFactors => ['emailpassword'] })->{json}{createdNew}, T, 'a tenant';
    is_deeply life_of_a_user($core->with(prefix => '/t1', cdi => '4.0'), 'tenant@example.com'), [], 'has users and sessions';
    is $core->put('/recipe/multitenancy/app/v2', { appId => 'a1', coreConfig => { access_token_validity => 20 } })->{json}{createdNew}, T, 'an app';
    is_deeply life_of_a_user($core->with(prefix => '/appid-a1'), 'first@example.com'), [], 'has users and sessions of its own';
    $core->put('/recipe/multitenancy/app/v2', { appId => 'a1', coreConfig => { access_token_validity => 25 } });
    my $stale = 0;
    for (1 .. 30) {
        my $told = $core->with->post('/recipe/handshake', undef, cdi => '2.9', prefix => '/appid-a1')->{json};
        $stale++ if $told->{accessTokenValidity} != 25_000;
    }
    is $stale, 0, 'a changed setting is known to every worker at once';
};

subtest 'news by the direct connection' => sub {
    ok wait_until(20, sub { backends(q{application_name = 'supertokens-fcgi listener' AND query LIKE 'LISTEN%'}) == 1 }), 'one connection listens';
    my $told = sub { return $core->post('/recipe/handshake', undef, cdi => '2.9', prefix => '/appid-a1')->{json}{accessTokenValidity} };
    is $told->(), 25_000, 'what is known';
    $pg->query(q{UPDATE tenant_configs SET core_config = '{"access_token_validity": 30}' WHERE app_id = 'a1' AND tenant_id = 'public'});
    $pg->query(q{NOTIFY supertokens_fcgi, '*'});
    ok wait_until(10, sub { $told->() == 30_000 }), 'changes when another program tells';
};

subtest 'many at once' => sub {
    my @wrong = parallel(map { my $email = "user$_\@example.com"; sub { return life_of_a_user($core->with, $email) } } 1 .. 10);
    is_deeply [map { @$_ } @wrong], [], 'users and sessions';
    cmp_ok backends(q{application_name NOT LIKE '%listener%' AND application_name NOT LIKE '%lead%' AND application_name <> 'psql'}), '<=', SERVERS + 1,
      'over few connections to PostgreSQL';
    my $session = create($core);
    my @fresh   = parallel(map { sub { return refresh($core->with, $session->{refreshToken}{token}) } } 1 .. 8);
    is_deeply [map { $_->{status} } @fresh], [('OK') x 8], 'refreshes of one token';
    my $current = $pg->value("SELECT refresh_token_hash_2 FROM session_info WHERE session_handle = '$session->{session}{handle}'");
    is scalar(grep { hash2($_->{refreshToken}{token}) eq $current } @fresh), 1, 'one of which is the current one';
};

subtest 'PgBouncer goes and comes back' => sub {
    my $session = create($core);
    $bouncer->stop;
    is refresh_answer($core, $session->{refreshToken}{token})->{status}, 503, 'without it there is no refresh';
    is verify($core, $session->{accessToken}{token})->{status}, 'OK', 'but tokens are verified';
    $bouncer->start;
    my $fresh;
    ok wait_until(30, sub { ($fresh = refresh_answer($core, $session->{refreshToken}{token}))->{status} == 200 }), 'then all is as before';
    is $fresh->{json}{status}, 'OK', 'also the session';
    is_deeply life_of_a_user($core, 'last@example.com'), [], 'users and sessions';
};

unlike $s->service->log_text, qr/SQLSTATE (?:26000|42P05)/, 'no statement was missing or there twice';
done_testing;

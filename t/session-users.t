# SPDX-License-Identifier: Apache-2.0
# Whose session it is: tenants in handles, ids of other systems, linked users, and what is written about activity.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Session qw(T F create create_answer payload_of refresh verify);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;
my $UUID = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

sub signup ($name) {
    return $core->post('/recipe/signup', { email => "$name\@example.com", password => 'secret-1' })->{json}{recipeUserId};
}

sub map_id ($internal, $external) {
    return $pg->query("INSERT INTO userid_mapping (supertokens_user_id, external_user_id) VALUES ('$internal', '$external')");
}

# The other login methods become those of PRIMARY.
sub link_users ($primary, @others) {
    my $ids = join q{,}, map { "'$_'" } $primary, @others;
    return $pg->query("UPDATE app_id_to_user_id SET primary_or_recipe_user_id = '$primary', is_linked_or_is_a_primary_user = true
                       WHERE user_id IN ($ids)");
}

# Ids as create, the token, the row, verify, GET and refresh report them.
sub ids ($session) {
    my $handle = $session->{session}{handle};
    my $token  = payload_of($session->{accessToken}{token});
    my $get    = $core->get('/recipe/session', query => { sessionHandle => $handle })->{json};
    my $fresh  = refresh($core, $session->{refreshToken}{token});
    return {
        create  => ids_of($session->{session}),
        token   => "$token->{sub} $token->{rsub}",
        row     => $pg->value("SELECT user_id FROM session_info WHERE session_handle = '$handle'"),
        verify  => ids_of(verify($core, $session->{accessToken}{token})->{session}),
        get     => ids_of($get),
        refresh => ids_of($fresh->{session}),
    };
}

sub ids_of ($j) { return "$j->{userId} $j->{recipeUserId}" }

sub all_are ($ids, %other) {
    return { (map { ($_ => $ids) } qw(create token verify get refresh)), row => (split / /, $ids, -1)[1], %other };
}

subtest 'user ids' => sub {
    is_deeply ids(create($core, { userId => 'nobody' })), all_are('nobody nobody'), 'an id that is no user';
    is_deeply ids(create($core, { userId => q{} })), all_are(' ', row => q{}), 'an empty one';
    is create_answer($core, { userId => 'x' x 128 })->{status}, 200, 'as long as can be';

    my ($alone, $mapped) = (signup('alone'), signup('mapped'));
    is_deeply ids(create($core, { userId => $alone })), all_are("$alone $alone"), 'a user';

    map_id($mapped, 'ext-mapped');
    for my $id ($mapped, 'ext-mapped') {
        is_deeply ids(create($core, { userId => $id })), all_are('ext-mapped ext-mapped'), 'a mapped user by ' . ($id eq $mapped ? 'internal' : 'external') . ' id';
    }

    my ($primary, $linked) = (signup('primary'), signup('linked'));
    link_users($primary, $linked);
    is_deeply ids(create($core, { userId => $linked })), all_are("$primary $linked"), 'a linked user';
    is_deeply ids(create($core, { userId => $primary })), all_are("$primary $primary"), 'its primary user';

    map_id($primary, 'ext-primary');
    is_deeply ids(create($core, { userId => $linked })), all_are("ext-primary $linked", get => "$primary $linked"),
      'of a mapped primary user GET tells the internal id';
    map_id($linked, 'ext-linked');
    is_deeply ids(create($core, { userId => 'ext-linked' })), all_are('ext-primary ext-linked', get => 'ext-linked ext-linked'),
      'both mapped: GET does not know the primary user of an external id';
};

subtest 'linked after the session began' => sub {
    my ($primary, $later) = (signup('primary-2'), signup('later'));
    my $session = create($core, { userId => $later });
    link_users($primary, $later);
    is ids_of(verify($core, $session->{accessToken}{token})->{session}), "$later $later", 'the token still tells the old ids';
    my $fresh = refresh($core, $session->{refreshToken}{token});
    is ids_of($fresh->{session}), "$primary $later", 'a refresh the new ones';
    is payload_of($fresh->{accessToken}{token})->{sub}, $primary, 'and its token';
    my $old = refresh($core, $fresh->{refreshToken}{token}, {}, cdi => '5.4');
    is ids_of($old->{session}), "$primary $later", 'also before 5.6';
    is ids_of(verify($core, $old->{accessToken}{token}, {}, cdi => '5.4')->{session}), "$primary $later", 'and when it is promoted';
};

subtest 'tenants' => sub {
    is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{createdNew}, T, 'a tenant is made';
    my $session = create($core->with(prefix => '/t1'), { userId => 'u' });
    my $handle  = $session->{session}{handle};
    like $handle, qr/\A${UUID}_t1\z/, 'its handles tell the tenant';
    is $session->{session}{tenantId}, 't1', 'and the answer';
    is payload_of($session->{accessToken}{token})->{tId}, 't1', 'and the token';
    is_deeply $pg->query("SELECT tenant_id, app_id FROM session_info WHERE session_handle = '$handle'"), [['t1', 'public']], 'and the row';

    # The tenant of the token counts, not the path's.
    is verify($core, $session->{accessToken}{token})->{session}{tenantId}, 't1', 'verify';
    is verify($core, $session->{accessToken}{token}, { checkDatabase => T })->{session}{tenantId}, 't1', 'verify with the database';
    is $core->get('/recipe/session', query => { sessionHandle => $handle })->{json}{tenantId}, 't1', 'GET';
    my $fresh = refresh($core, $session->{refreshToken}{token});
    is $fresh->{session}{tenantId}, 't1', 'refresh';
    is payload_of($fresh->{accessToken}{token})->{tId}, 't1', 'and its token';
    is refresh($core->with(prefix => '/t1'), $fresh->{refreshToken}{token})->{status}, 'OK', 'refresh by the path of the tenant';

    my $v3 = create_answer($core->with(prefix => '/t1'), {}, cdi => '2.21');
    is "$v3->{status} $v3->{text}", "404 Not found\n", 'before 3.0 there are no other tenants';

    my $unknown = create_answer($core->with(prefix => '/t9'));
    my $text    = 'AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, public, t9)';
    is "$unknown->{status} $unknown->{text}", "400 $text\n", 'an unknown tenant';

    is $core->post('/recipe/multitenancy/tenant/remove', { tenantId => 't1' })->{json}{didExist}, T, 'the tenant is removed';
    $text =~ s/t9/t1/;
    my %after = (
        verify  => ST::Session::verify_answer($core, $fresh->{accessToken}{token}),
        refresh => ST::Session::refresh_answer($core, $fresh->{refreshToken}{token}),
        get     => $core->get('/recipe/session', query => { sessionHandle => $handle }),
        remove  => $core->post('/recipe/session/remove', { sessionHandles => [$handle] }),
    );
    is "$after{$_}{status} $after{$_}{text}", "400 $text\n", "$_ of its session" for sort keys %after;
};

subtest 'apps' => sub {
    is $core->put('/recipe/multitenancy/app/v2', { appId => 'a1' })->{json}{createdNew}, T, 'an app is made';
    my $app     = $core->with(prefix => '/appid-a1');
    my $session = create($app);
    is verify($app, $session->{accessToken}{token})->{status}, 'OK', 'its token is good there';
    is_deeply verify($core, $session->{accessToken}{token}), { status => 'TRY_REFRESH_TOKEN', message => 'Key not found' }, 'not in another app';
    is refresh($core, $session->{refreshToken}{token})->{status}, 'UNAUTHORISED', 'nor its refresh token';
    is refresh($app, $session->{refreshToken}{token})->{status}, 'OK', 'which is not spoilt by that';
    is $core->get('/recipe/session', query => { sessionHandle => $session->{session}{handle} })->{json}{message}, 'Session does not exist.',
      'nor is the handle known';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# What sessions leave in user_last_active and in the activity log.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Session qw(F create refresh verify);
use ST::Stack;

my $s  = ST::Stack->new(config => { fcgi_workers => 1 });    # the memory of recent writes is a process's own
my $pg = $s->pg;
my $core = $s->core->with(cdi => '5.6');

sub forget_recent { $s->restart_service; $pg->query('DELETE FROM user_last_active'); return $pg->query('DELETE FROM activity_log') }
sub active        { return join q{ }, map { $_->[0] } @{ $pg->query('SELECT user_id FROM user_last_active ORDER BY 1') } }

sub events {
    return $pg->query(q{SELECT event_type, tenant_id, recipe_user_id, primary_or_recipe_user_id, status, auth_principal, identifier, payload
                        FROM activity_log ORDER BY event_type});
}

sub signup ($name) {
    return $core->post('/recipe/signup', { email => "$name\@example.com", password => 'secret-1' })->{json}{recipeUserId};
}

my ($primary, $linked) = (signup('primary'), signup('linked'));
$pg->query("UPDATE app_id_to_user_id SET primary_or_recipe_user_id = '$primary', is_linked_or_is_a_primary_user = true");
$pg->query("INSERT INTO userid_mapping (supertokens_user_id, external_user_id) VALUES ('$primary', 'ext-primary'), ('$linked', 'ext-linked')");
$core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' });

subtest 'a new session' => sub {
    forget_recent();
    my $session = create($core->with(prefix => '/t1'), { userId => $linked });
    is active(), $primary, 'the primary user was active, by its internal id';
    is_deeply events(),
      [
        ['session_created', 't1', 'ext-linked', 'ext-primary', 'success', undef, $session->{session}{handle}, undef],
        ['user_last_active', 'public', $primary, $primary, 'success', undef, undef, undef],
      ],
      'and both events are in the log';
    my $at = $pg->value('SELECT last_active_time FROM user_last_active');
    is $at, $session->{refreshToken}{createdTime}, 'at the time of the session';
    is $pg->value(q{SELECT min(created_at) || ' ' || max(created_at) FROM activity_log}), "$at $at", 'as the events';

    create($core, { userId => 'ext-primary' });
    is $pg->value('SELECT last_active_time FROM user_last_active'), $at, 'within five minutes it is not written again';
    is_deeply [map { $_->[0] } @{ events() }], [qw(session_created session_created user_last_active)], 'only the session is';

    create($core, { userId => 'no-user' });
    is active(), "$primary no-user", 'an id that is no user';
};

for my $cdi ('5.6', '5.4', '2.20') {
    subtest "refresh, CDI $cdi" => sub {
        for my $id ($linked, 'no-user') {
            my $session = create($core, { userId => $id });
            forget_recent();
            is verify($core, $session->{accessToken}{token}, {}, cdi => $cdi)->{status}, 'OK', 'verify';
            is active(), q{}, 'is no activity';
            is refresh($core, 'x', {}, cdi => $cdi)->{status}, 'UNAUTHORISED', 'a refresh that fails';
            is active(), q{}, 'neither';
            my $before = 1000 * time;
            my $fresh = refresh($core, $session->{refreshToken}{token}, {}, cdi => $cdi);
            is $fresh->{status}, 'OK', 'a refresh';
            my $user = $id eq $linked ? $primary : $id;
            is active(), $user, 'is';
            cmp_ok $pg->value('SELECT last_active_time FROM user_last_active'), '>=', $before, 'now';
            is_deeply events(), [['user_last_active', 'public', $user, $user, 'success', undef, undef, undef]], 'and in the log';
            my $at = $pg->value('SELECT last_active_time FROM user_last_active');
            is refresh($core, $fresh->{refreshToken}{token}, {}, cdi => $cdi)->{status}, 'OK', 'the next one';
            is $pg->value('SELECT last_active_time FROM user_last_active'), $at, 'is not written within five minutes';
        }
    };
}

subtest 'a refresh that is refused' => sub {
    my ($session, $other) = map { create($core, { userId => 'careless' }) } 1, 2;
    refresh($core, refresh($core, $session->{refreshToken}{token})->{refreshToken}{token});
    forget_recent();
    is refresh($core, $session->{refreshToken}{token})->{status}, 'TOKEN_THEFT_DETECTED', 'a token that was used long ago';
    is active(), q{}, 'is no activity';
    is refresh($core, $session->{refreshToken}{token})->{message}, 'Session missing in db or has expired', 'nor is one of a session that is gone';
    is active(), q{}, 'which does not count';
    is refresh($core, $other->{refreshToken}{token})->{status}, 'OK', 'a good one just after';
    is active(), 'careless', 'is written';
};

subtest 'remove' => sub {
    for ([$linked, $primary], ['ext-linked', $primary], ['ext-primary', $primary], [$primary, $primary], ['no-user', 'no-user']) {
        my ($id, $user) = @$_;
        forget_recent();
        is_deeply $core->post('/recipe/session/remove', { sessionHandles => ['x'] })->{json}, { status => 'OK', sessionHandlesRevoked => [] }, 'by handle';
        is active(), q{}, 'is no activity';
        is $core->post('/recipe/session/remove', { userId => $id })->{json}{status}, 'OK', 'by user';
        is active(), $user, 'is, even when nothing was there';
    }
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# The sessions of a user: listing and removing them, by user or by handle, in one tenant or in all.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Session qw(T F create);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;

sub list ($core, $user, %query) { return [sort @{ $core->get('/recipe/session/user', query => { userId => $user, %query })->{json}{sessionHandles} // ['?'] }] }
sub remove ($core, %input) { my $a = $core->post('/recipe/session/remove', \%input); return $a->{json} // "$a->{status} $a->{text}" }
sub handles ($core, $user, $n = 1) { return map { create($core, { userId => $user })->{session}{handle} } 1 .. $n }
sub all_handles { return [sort map { $_->[0] } @{ $pg->query('SELECT session_handle FROM session_info') }] }
sub sorted (@list) { return [sort @list] }
sub start_over { return $pg->query('DELETE FROM session_info') }

sub signup ($name) { return $core->post('/recipe/signup', { email => "$name\@example.com", password => 'secret-1' })->{json}{recipeUserId} }

my ($t1, $t2) = map { $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $_ }); $core->with(prefix => "/$_") } qw(t1 t2);
my $unknown = '400 AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, public, %s)' . "\n";

subtest 'listing' => sub {
    start_over();
    my @a  = handles($core, 'a', 3);
    my @a1 = handles($t1, 'a', 2);
    my @b2 = handles($t2, 'b');
    is $core->get('/recipe/session/user?userId=b')->{text}, qq({"status":"OK","sessionHandles":["$b2[0]"]}\n), 'the answer';
    is_deeply list($core, 'a'), sorted(@a, @a1), 'of all tenants';
    is_deeply list($core, 'a', fetchAcrossAllTenants => $_), sorted(@a, @a1), "fetchAcrossAllTenants=$_" for qw(true TRUE True);
    is_deeply list($core, 'a', fetchAcrossAllTenants => $_), sorted(@a), "fetchAcrossAllTenants=$_" for qw(false x 1), q{};
    is_deeply list($t1, 'a', fetchAcrossAllTenants => 'false'), sorted(@a1), 'of the tenant in the path';
    is_deeply list($t2, 'a', fetchAcrossAllTenants => 'false'), [], 'which may have none';
    is_deeply list($core, $_), [], "of '$_'" for 'nobody', q{}, 'a ', 'A', "a' OR 'x'='x";
    for my $cdi (qw(2.7 2.21 4.0 5.6)) {
        is_deeply [sort @{ $core->get('/recipe/session/user?userId=a', cdi => $cdi)->{json}{sessionHandles} }], sorted(@a, @a1), "CDI $cdi";
    }
    my $answer = $t1->get('/recipe/session/user?userId=a');
    is "$answer->{status} $answer->{text}", "403 Only public tenantId can call this app specific API\n", 'all tenants, by the path of one: forbidden';
    is_deeply [sort @{ $t1->get('/recipe/session/user?userId=a', cdi => '4.0')->{json}{sessionHandles} }], sorted(@a, @a1), 'before 5.0 it was allowed';
    $answer = $core->with(prefix => '/t9')->get('/recipe/session/user?userId=a&fetchAcrossAllTenants=false');
    is "$answer->{status} $answer->{text}", sprintf($unknown, 't9'), 'an unknown tenant';
    $pg->query("UPDATE session_info SET expires_at = 1 WHERE session_handle = '$a[0]'");
    is_deeply list($core, 'a'), sorted(@a[1, 2], @a1), 'an expired one is not listed';
};

subtest 'linked and mapped users' => sub {
    start_over();
    my ($primary, $linked, $other) = map { signup($_) } qw(primary linked other);
    $pg->query("UPDATE app_id_to_user_id SET primary_or_recipe_user_id = '$primary', is_linked_or_is_a_primary_user = true WHERE user_id IN ('$primary', '$linked')");
    my ($p, $l, $o) = map { handles($_ eq $linked ? $t1 : $core, $_) } $primary, $linked, $other;
    for my $id ($primary, $linked) {
        is_deeply list($core, $id), sorted($p, $l), 'all of the linked accounts';
        is_deeply list($core, $id, fetchSessionsForAllLinkedAccounts => 'true'), sorted($p, $l), 'asked for';
        is_deeply list($core, $id, fetchSessionsForAllLinkedAccounts => 'false'), [$id eq $primary ? $p : $l], 'or not';
    }
    is_deeply list($t1, $primary, fetchAcrossAllTenants => 'false'), [$l], 'in one tenant';
    is_deeply list($core, $other), [$o], 'of another user only its own';

    # What a session stores is the external id, if there is one when it is made.
    $pg->query("INSERT INTO userid_mapping (supertokens_user_id, external_user_id) VALUES ('$primary', 'ext')");
    my $e = (handles($core, $primary))[0];
    is_deeply list($core, 'ext'), [$e], 'the external id finds what was made with it, and expands to nothing';
    is_deeply list($core, $primary), sorted($p, $l), 'the internal one what was made before';

    is_deeply remove($core, userId => 'ext'), { status => 'OK', sessionHandlesRevoked => [$e] }, 'so does removing';
    is_deeply remove($core, userId => $linked, revokeSessionsForLinkedAccounts => F)->{sessionHandlesRevoked}, [$l], 'of one account';
    ($l) = handles($t1, $linked);
    is_deeply sorted(@{ remove($core, userId => $linked)->{sessionHandlesRevoked} }), sorted($p, $l), 'of all linked accounts';
    is_deeply all_handles(), [$o], 'the rest is still there';
};

subtest 'removing by user' => sub {
    for my $cdi (qw(2.7 2.21 4.0 5.6)) {
        start_over();
        my @a  = handles($core, 'a', 2);
        my @a1 = handles($t1, 'a', 2);
        my ($b) = handles($core, 'b');
        my $door = $core->with(cdi => $cdi);
        my $got = remove($door, userId => 'a', revokeAcrossAllTenants => F);
        is_deeply [$got->{status}, sorted(@{ $got->{sessionHandlesRevoked} })], ['OK', sorted(@a)], "CDI $cdi: in one tenant";
        is_deeply all_handles(), sorted(@a1, $b), 'they are gone';
        is_deeply remove($door, userId => 'a', revokeAcrossAllTenants => F), { status => 'OK', sessionHandlesRevoked => [] }, 'nothing left there';
        is_deeply sorted(@{ remove($door, userId => 'a')->{sessionHandlesRevoked} }), sorted(@a1), 'in all tenants';
        is_deeply all_handles(), [$b], 'they are gone';
    }
    start_over();
    my ($a, $expired) = handles($t1, 'a', 2);
    is remove($t1, userId => 'a'), "403 Only public tenantId can call this app specific API\n", 'all tenants, by the path of one: forbidden';
    is remove($core->with(prefix => '/t9'), userId => 'a', revokeAcrossAllTenants => F), sprintf($unknown, 't9'), 'an unknown tenant';
    $pg->query("UPDATE session_info SET expires_at = 1 WHERE session_handle = '$expired'");
    is_deeply remove($t1, userId => 'a', revokeAcrossAllTenants => F)->{sessionHandlesRevoked}, [$a], 'in the tenant of the path';
    is_deeply all_handles(), [$expired], 'expired ones are left to the housekeeping';
};

subtest 'removing by handle' => sub {
    start_over();
    my @p = handles($core, 'a', 4);
    my @q = handles($t1, 'b', 2);
    my $answer = $core->post('/recipe/session/remove', { sessionHandles => [$p[1]] });
    is $answer->{text}, qq({"status":"OK","sessionHandlesRevoked":["$p[1]"]}\n), 'the answer';
    is_deeply remove($core, sessionHandles => [])->{sessionHandlesRevoked}, [], 'none';
    is_deeply remove($core, sessionHandles => ['x', $p[1], q{}, 'x' x 1000, "$p[0]_t1"])->{sessionHandlesRevoked}, [], 'unknown ones are passed over';
    my $got = remove($core->with(prefix => '/t2'), sessionHandles => [$q[1], $p[2], 'x_t1', $q[0], $p[0], $p[2]]);
    my %seen;
    is_deeply [grep { !$seen{$_}++ } @{ $got->{sessionHandlesRevoked} }], [@q[1, 0], @p[2, 0]], 'grouped by tenant, in the given order; the path does not count';
    is_deeply all_handles(), [$p[3]], 'they are gone';
    $pg->query("UPDATE session_info SET expires_at = 1 WHERE session_handle = '$p[3]'");
    is_deeply remove($core, sessionHandles => [$p[3]])->{sessionHandlesRevoked}, [$p[3]], 'also an expired one';
    is remove($core, sessionHandles => ['x', 'y_t9']), sprintf($unknown, 't9'), 'an unknown tenant';

    my @many = map { sprintf '%08x-0000-4000-8000-%012x%s', $_, $_, $_ % 3 ? q{} : '_t1' } 1 .. 15_000;
    $pg->query(q{INSERT INTO session_info (tenant_id, session_handle, user_id, refresh_token_hash_2, expires_at, created_at_time, use_static_key)
        SELECT CASE WHEN i % 3 = 0 THEN 't1' ELSE 'public' END,
               lpad(to_hex(i), 8, '0') || '-0000-4000-8000-' || lpad(to_hex(i), 12, '0') || CASE WHEN i % 3 = 0 THEN '_t1' ELSE '' END,
               'many', 'x', 9000000000000, 1, false FROM generate_series(1, 15000) i});
    is scalar(@{ list($core, 'many') }), 15_000, 'many are listed';
    is_deeply sorted(@{ remove($core, sessionHandles => \@many)->{sessionHandlesRevoked} }), sorted(@many), 'and removed';
    is_deeply remove($core, sessionHandles => [('x') x 70_000, ('x_t1') x 70_000])->{sessionHandlesRevoked}, [], 'as many as a body can hold, of two tenants';
};

subtest 'input' => sub {
    my $one    = "400 Invalid JSON input - use one of userId or sessionHandles array\n";
    my $only   = "400 Invalid JSON input - %s can only be set if userId is set\n";
    my $field  = "400 Field name '%s' is invalid in JSON input\n";
    my $tenants = sprintf $only, 'revokeAcrossAllTenants';
    my $linked  = sprintf $only, 'revokeSessionsForLinkedAccounts';
    for (
        ['{}', $one], ['{"userId":"a","sessionHandles":[]}', $one], ['{"revokeAcrossAllTenants":true}', $one],
        ['{"userId":"a","sessionHandles":[],"revokeAcrossAllTenants":true}', $one],
        ['{"sessionHandles":[],"revokeAcrossAllTenants":true}', $tenants], ['{"sessionHandles":[],"revokeSessionsForLinkedAccounts":false}', $linked],
        ['{"sessionHandles":[],"revokeSessionsForLinkedAccounts":true,"revokeAcrossAllTenants":true}', $tenants],
        ['{"userId":null}', sprintf $field, 'userId'], ['{"userId":5}', sprintf $field, 'userId'], ['{"sessionHandles":"x"}', sprintf $field, 'sessionHandles'],
        ['{"sessionHandles":null}', sprintf $field, 'sessionHandles'], ['{"sessionHandles":["x",5]}', sprintf $field, 'sessionHandles'],
        ['{"sessionHandles":["x",null]}', sprintf $field, 'sessionHandles'], ['{"userId":"a","revokeAcrossAllTenants":null}', sprintf $field, 'revokeAcrossAllTenants'],
        ['{"userId":"a","revokeSessionsForLinkedAccounts":"x"}', sprintf $field, 'revokeSessionsForLinkedAccounts'], ['[]', "400 Invalid Json Input\n"],
      ) {
        my ($text, $want) = @$_;
        my $answer = $core->post('/recipe/session/remove', $text);
        is "$answer->{status} $answer->{text}", $want, $text;
    }
};

done_testing;

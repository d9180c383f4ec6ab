# SPDX-License-Identifier: Apache-2.0
# fcgi_read_only_connection_uri: lists, searches and counts of users are read from a standby, so that they may be stale;
# everything else, and everything when the standby is away, comes from the primary.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep);

use ST::Env qw(wait_until);
use ST::Pg;
use ST::Stack timeout => 240;

my $primary = ST::Pg->new;
$primary->create_db('own');
my $standby = $primary->standby;
my $uri     = 'postgresql:///?host=' . $standby->socket_dir =~ s{/}{%2F}gr;
my $s       = ST::Stack->new(cdi => '5.4', pg => $primary, config => { fcgi_workers => 2, bcrypt_log_rounds => 4, fcgi_read_only_connection_uri => $uri });
my $core    = $s->core;

sub signup ($core, $name) { return $core->post('/recipe/signup', { email => "$name\@example.com", password => 'secret-1' })->{json}{status} }
sub signin ($core, $name) { return $core->post('/recipe/signin', { email => "$name\@example.com", password => 'secret-1' })->{json}{status} }

# What the operator sees: users by name in the list, the number, and how many a search finds.
sub seen ($core) {
    my $list = $core->get('/users')->{json};
    my @names = sort map { $_->{emails}[0] =~ s/@.*//r } @{ $list->{users} };
    my $found = $core->get('/users', query => { email => 'example.com' })->{json}{users} // [];
    return join q{ }, @names, $core->get('/users/count')->{json}{count}, scalar @$found;
}
sub comes ($core, $want, $name) {
    my $got;
    return ok(wait_until(30, sub { ($got = seen($core)) eq $want }), $name) || diag "seen: $got";
}

# What is committed from now on gets there, but does not appear.
sub hold ($on) {
    my $now = $primary->value('SELECT pg_current_wal_lsn()');
    wait_until(30, sub { $standby->value("SELECT pg_last_wal_replay_lsn() >= '$now'", 'postgres') eq 't' }) if $on;
    $standby->query('SELECT pg_wal_replay_' . ($on ? 'pause' : 'resume') . '()', 'postgres');
    my $state = $on ? 'paused' : 'not paused';
    return wait_until(30, sub { $standby->value('SELECT pg_get_wal_replay_pause_state()', 'postgres') eq $state });
}

is signup($core, 'ann'), 'OK', 'a user';
comes($core, 'ann 1 1', 'is seen');
hold(1);
is signup($core, 'bob'), 'OK', 'another one, while the standby lags behind';
comes($core, 'ann 1 1', 'is not seen yet');    # on a busy machine the primary may have to help out at first
is signin($core, 'bob'), 'OK', 'but signs in';
is signup($core, 'bob'), 'EMAIL_ALREADY_EXISTS_ERROR', 'and exists';
my $id = $core->post('/recipe/signin', { email => 'bob@example.com', password => 'secret-1' })->{json}{user}{id};
is $core->get('/user/id', query => { userId => $id })->{json}{status}, 'OK', 'is found by id';
hold(0);
comes($core, 'ann bob 2 2', 'a moment later all is seen');

subtest 'the standby is away' => sub {
    $primary->set(synchronous_standby_names => q{});
    $standby->kill9;
    is signup($core, 'cat'), 'OK', 'a user';
    is seen($core), 'ann bob cat 3 3', 'is seen at once, by the primary';
    is seen($core), 'ann bob cat 3 3', 'again and again' for 1 .. 3;
    $standby->start;
    my $stale = sub {
        state $n = 0;
        hold(1);
        my $before = seen($core);
        signup($core, 'more' . $n++);
        my $same = seen($core) eq $before;
        hold(0);
        return $same;
    };
    ok wait_until(60, $stale), 'it is asked again when it is back';
};

subtest 'databases of tenants' => sub {
    my $elsewhere = ST::Pg->new;
    my @tenants   = (['own', { postgresql_database_name => 'own' }], ['far', { postgresql_host => $elsewhere->socket_dir }]);
    for my $tenant (@tenants) {
        my $answer = $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $tenant->[0], coreConfig => $tenant->[1], firstFactors => undef });
        is $answer->{json}{status}, 'OK', "tenant $tenant->[0]" or diag $answer->{text};
    }
    my ($own, $far) = map { $core->with(prefix => "/$_") } qw(own far);
    is signup($_, 'dan'), 'OK', 'a user of each' for $own, $far;
    my $count = sub ($core) { return $core->get('/users/count', query => { includeAllTenants => 'false' })->{json}{count} };
    ok wait_until(30, sub { $count->($own) == 1 }), 'is counted';
    hold(1);
    is signup($_, 'eve'), 'OK', 'another one' for $own, $far;
    ok wait_until(30, sub { $count->($own) == 1 }), 'on the same server: the standby is asked for this database, too';
    is $count->($far), 2, 'on another one: it has nothing to do with it';
    hold(0);
};

unlike $s->service->log_text, qr/read-only transaction/, 'nothing is written at the standby';
$s->stop;
done_testing;

# SPDX-License-Identifier: Apache-2.0
# An existing SuperTokens database whose operator chose a schema, a prefix and other names for tables: in LEGACY mode it is
# refused with the command to run, that command brings its users over, and then it is served.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Core;
use ST::Env qw(at_exit build_dir read_file temp_dir wait_until watchdog);
use ST::Nginx;
use ST::Pg;
use ST::Proc;
use ST::Service;

watchdog(150);
my $pg      = ST::Pg->new;
my %names   = (session_info => 'sessions', emailpassword_users => 'people');
my $service = ST::Service->new(
    pg     => $pg,
    config => {
        postgresql_table_schema                   => 'auth_data',
        postgresql_table_names_prefix             => 'st',
        postgresql_session_info_table_name        => $names{session_info},
        postgresql_emailpassword_users_table_name => $names{emailpassword_users},
    },
);
my $nginx = ST::Nginx->new(socket => $service->socket_path);
my $core  = ST::Core->new(url => $nginx->core_url, cdi => '5.4');
my $err   = temp_dir('errors') . '/err';

# {table} is where the operator has it.
sub sql ($text) { return $text =~ s/\{(\w+)\}/'auth_data.' . ($names{$1} || "st_$1")/ger }
sub rows ($text) { return [map { join ' ', map { $_ // 'NULL' } @$_ } @{ $pg->query(sql($text)) }] }

# Status, output and errors of `supertokens migrate`.
sub migrate (@args) {
    my $config = $service->{config_file};
    my $out    = qx{@{[build_dir()]}/supertokens migrate --config $config @args 2>$err};
    return ($? >> 8, $out, read_file($err));
}

sub start_again {
    $nginx->stop;
    $service->start;
    $nginx->start;
    return wait_until(20, sub { $core->get('/hello')->{status} == 200 });
}

my %user = (email => 'first@example.com', password => 'secret-1');

subtest 'a new database under these names' => sub {
    is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' })->{json}{status}, 'OK', 'a tenant';
    $user{id} = $core->post('/recipe/signup', { email => $user{email}, password => $user{password} })->{json}{recipeUserId};
    ok $user{id}, 'a user';
    my $session = $core->post('/recipe/session', { userId => $user{id}, userDataInJWT => {}, userDataInDatabase => {}, enableAntiCsrf => \0, useDynamicSigningKey => \1 });
    is $session->{json}{status}, 'OK', 'a session';
    is $core->post('/recipe/signup', { email => $user{email}, password => 'x' })->{json}{status}, 'EMAIL_ALREADY_EXISTS_ERROR', 'constraints have other names too';
    is $pg->value(q{SELECT count(*) FROM pg_tables WHERE schemaname = 'public'}), 0, 'no table is elsewhere';
    is $pg->value(q{SELECT count(*) FROM pg_tables WHERE schemaname = 'auth_data' AND tablename NOT LIKE 'st\_%'}), 2, 'two are renamed';
    is_deeply rows('SELECT count(*) FROM {session_info}'), [1], 'which are used';
    is $service->stop, 0, 'the end';
};

# As the reference core leaves it in LEGACY mode; the user of before is one of these.
sub id ($n) { return sprintf '%08d-0000-4000-8000-000000000000', $n }
my %id = (first => $user{id}, map { ($_ => id(++state $n)) } qw(nowhere third phone key main linked));
my @account = (
    # name, recipe, primary, time, time of the group, tenants
    [first   => 'emailpassword', undef,  3000, 3000, 'public', 't1'],
    [nowhere => 'emailpassword', undef,  undef, undef],
    [third   => 'thirdparty',    undef,  2000, 2000, 'public'],
    [phone   => 'passwordless',  undef,  2100, 2100, 't1'],
    [key     => 'webauthn',      undef,  2200, 2200, 'public'],
    [main    => 'emailpassword', 'main', 900,  800,  'public'],
    [linked  => 'thirdparty',    'main', 800,  800,  't1'],
);

sub make_legacy {
    my $sql = 'DELETE FROM {primary_user_tenants}; DELETE FROM {recipe_user_tenants}; DELETE FROM {recipe_user_account_infos};'
      . 'TRUNCATE {stfcgi_migrations}; UPDATE {app_id_to_user_id} SET time_joined = 0, primary_or_recipe_user_time_joined = 0;';
    for (@account) {
        my ($name, $recipe, $primary, $time, $group_time, @tenants) = @$_;
        my $main = $id{ $primary // $name };
        my $flag = $primary ? 'true' : 'false';
        $sql .= "INSERT INTO {app_id_to_user_id} (user_id, recipe_id, primary_or_recipe_user_id, is_linked_or_is_a_primary_user)
            VALUES ('$id{$name}', '$recipe', '$main', $flag) ON CONFLICT DO NOTHING;";
        $sql .= "INSERT INTO {all_auth_recipe_users} (tenant_id, user_id, primary_or_recipe_user_id, is_linked_or_is_a_primary_user,
            recipe_id, time_joined, primary_or_recipe_user_time_joined) VALUES ('$_', '$id{$name}', '$main', $flag, '$recipe', $time, $group_time);"
          for @tenants;
    }
    $sql .= "UPDATE {emailpassword_users} SET time_joined = 3000;
        INSERT INTO {emailpassword_users} (user_id, email, password_hash, time_joined) VALUES
            ('$id{nowhere}', 'nowhere\@example.com', 'x', 1700), ('$id{main}', 'main\@example.com', 'x', 900);
        INSERT INTO {thirdparty_users} (user_id, third_party_id, third_party_user_id, email, time_joined) VALUES
            ('$id{third}', 'google', 'g-1', 'third\@example.com', 2000), ('$id{linked}', 'apple', 'a-1', 'main\@example.com', 800);
        INSERT INTO {passwordless_users} (user_id, email, phone_number, time_joined) VALUES ('$id{phone}', 'phone\@example.com', '+49301', 2100);
        INSERT INTO {webauthn_users} (user_id, email, rp_id, time_joined) VALUES ('$id{key}', 'key\@example.com', 'example.com', 2200);";
    $pg->query(sql($sql));
    return;
}

sub state_of_all {
    return [map { @{ rows("SELECT count(*) FROM {$_}") } } qw(app_id_to_user_id recipe_user_account_infos recipe_user_tenants primary_user_tenants stfcgi_migrations)];
}

subtest 'the same in LEGACY mode' => sub {
    make_legacy();
    my $before = state_of_all();
    $service->{ready} = 0;
    $service->start;
    ok $service->proc->wait_end(20), 'is not served';
    is $service->proc->status >> 8, 1, 'status 1';
    like $service->log_text, qr/What caused the crash: The database \(schema auth_data\) holds users .* and run: supertokens migrate\e/, 'the command to run is said';

    my ($status, $out, $errors) = migrate('--dry-run');
    is_deeply [$status, $errors], [0, q{}], 'supertokens migrate --dry-run';
    like $out, qr/^App public: 7 users, 7 to be brought into the new tables/m, 'says what there is to do';
    like $out, qr/^Nothing was changed\.$/m, 'and that it did nothing';
    is_deeply state_of_all(), $before, 'which is true';
};

# Another program at the database, which holds on to what its statements took.
sub program ($name, $sql) {
    return ST::Proc->new(name => $name, log => temp_dir('other') . '/log', env => { PATH => $ENV{PATH}, PGAPPNAME => $name },
        cmd => [ST::Pg::bin_dir() . '/psql', '-X', '-d', $pg->conninfo, '-c', sql("$sql; SELECT pg_sleep(300)")]);
}

sub end_program ($psql) {
    my $name = $psql->name;
    $psql->kill9;
    $pg->query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '$name'");
    return wait_until(10, sub { !$pg->value("SELECT count(*) FROM pg_stat_activity WHERE application_name = '$name'") });
}

subtest 'another core is connected' => sub {
    my $psql = program('PostgreSQL JDBC Driver', 'SELECT 1');
    my $here = q{SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'PostgreSQL JDBC%'};
    ok wait_until(10, sub { $pg->value($here) }), 'as its driver calls itself';
    my ($status, $out, $errors) = migrate();
    is $status, 1, 'then nothing is done';
    like $errors, qr/\AAnother SuperTokens core seems to be connected .* stop it first\n\z/, 'and it is said why';
    like +(migrate('--dry-run'))[1], qr/^Another SuperTokens core seems to be connected/m, 'a dry run says so too';
    ok end_program($psql), 'it is stopped';
};

subtest 'half of it' => sub {
    my $psql = program('holder', "BEGIN; SELECT user_id FROM {app_id_to_user_id} WHERE user_id = '$id{third}' FOR UPDATE");
    ok wait_until(10, sub { $pg->value(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holder' AND query LIKE '%pg_sleep%' AND wait_event = 'PgSleep'}) }),
      'a user is held by another program';
    my ($status, $out, $errors) = migrate();
    is $status, 1, 'which ends the command';
    like $out, qr/^App public: 6 users$/m, 'after all others';
    is $errors, "Users are still waiting: another process works on them. Start again\n", 'with what to do';
    ok end_program($psql), 'it is stopped';
    like +(migrate('--dry-run'))[1], qr/^App public: 7 users, 1 to be brought/m, 'one is left';
    $service->start;
    ok $service->proc->wait_end(20), 'so the database is not served yet';
};

subtest 'supertokens migrate' => sub {
    my ($status, $out, $errors) = migrate();
    is_deeply [$status, $errors], [0, q{}], 'goes on and succeeds' or diag $out;
    like $out, qr/^App public: 1 users\nApp public: done\nThe database is ready\.$/m, 'and says what it did';
    my %name = reverse %id;
    my $named = sub ($text) { return [map { s/([0-9a-f-]{36})/$name{$1} \/\/ $1/ger } @{ rows($text) }] };
    is_deeply $named->('SELECT user_id, time_joined, primary_or_recipe_user_time_joined FROM {app_id_to_user_id} ORDER BY 2, 1'),
      ['linked 800 800', 'main 900 800', 'nowhere 1700 1700', 'third 2000 2000', 'phone 2100 2100', 'key 2200 2200', 'first 3000 3000'], 'times';
    my $infos = q{concat_ws(' ', recipe_id, account_info_type, account_info_value, nullif(third_party_id, ''), nullif(third_party_user_id, ''))};
    my @expected = (
        'first emailpassword email first@example.com',
        'key webauthn email key@example.com',
        'linked thirdparty email main@example.com apple a-1',
        'linked thirdparty tparty apple::a-1',
        'main emailpassword email main@example.com',
        'nowhere emailpassword email nowhere@example.com',
        'phone passwordless email phone@example.com',
        'phone passwordless phone +49301',
        'third thirdparty email third@example.com google g-1',
        'third thirdparty tparty google::g-1',
    );
    my $primary = sub ($line) { return $line =~ /^(?:linked|main) / ? 'main' : 'NULL' };
    is_deeply [sort @{ $named->("SELECT recipe_user_id, $infos, primary_user_id FROM {recipe_user_account_infos}") }],
      [map { "$_ " . $primary->($_) } @expected], 'identifiers';
    my %tenants = map { my ($name, undef, undef, undef, undef, @tenants) = @$_; ($name => \@tenants) } @account;
    is_deeply [sort @{ $named->("SELECT recipe_user_id, $infos, tenant_id FROM {recipe_user_tenants}") }],
      [sort map { my $line = $_; my ($name) = split / /; map { "$line $_" } @{ $tenants{$name} } } @expected], 'in their tenants';
    is_deeply $named->('SELECT tenant_id, account_info_type, account_info_value, primary_user_id FROM {primary_user_tenants} ORDER BY 1, 2'),
      ['public email main@example.com main', 't1 email main@example.com main', 't1 tparty apple::a-1 main'], 'and those of the group';
};

subtest 'then it is served' => sub {
    ok start_again(), 'the service starts';
    for my $prefix (q{}, '/t1') {
        my $got = $core->post("$prefix/recipe/signin", { email => $user{email}, password => $user{password} })->{json};
        is_deeply [@$got{qw(status recipeUserId)}], ['OK', $user{id}], 'the first user signs in' . ($prefix && ' in the other tenant too');
    }
    is $core->get('/users/count', query => { includeAllTenants => 'true' })->{json}{count}, 6, 'all are counted, the group as one';
    my ($status, $out) = migrate('--dry-run');
    is $status, 0, 'a dry run';
    like $out, qr/^App public: 7 users, 0 to be brought/m, 'finds nothing more to do';
    is((migrate())[0], 0, 'the command again is harmless');
    is $core->post('/recipe/signin', { email => $user{email}, password => $user{password} })->{json}{status}, 'OK', 'all is as before';
};

subtest 'what cannot be migrated' => sub {
    $pg->query(sql('ALTER TABLE {key_value} DROP COLUMN tenant_id CASCADE'));
    for my $args ([], ['--dry-run']) {
        my ($status, undef, $errors) = migrate(@$args);
        is $status, 1, join q{ }, 'a database of long ago', @$args;
        like $errors, qr/\ATable st_key_value of schema auth_data has no column tenant_id: .* older than 7/, 'is said to be one';
    }
    $pg->stop;
    my ($status, $out, $errors) = migrate();
    is_deeply [$status, $out], [1, q{}], 'no database';
    like $errors, qr/connection to server .* failed/, 'is said';
    $pg->start;
};

done_testing;

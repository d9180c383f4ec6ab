# SPDX-License-Identifier: Apache-2.0
# What has expired is removed, by the node that leads, in the databases of all tenants and for every app; nothing else is.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Env          qw(wait_until);
use ST::Multitenancy qw(put);
use ST::Session      qw(create);
use ST::Stack timeout => 300;

use constant DAY => 86_400_000;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4, fcgi_workers => 1 });
my $pg   = $s->pg;
my $core = $s->core->with(cdi => '5.6');
my $now  = 1000 * time;

# Where users are: their database, and how they are reached.
$pg->create_db('own');
put($core, 'tenant/v2', { tenantId => 'own', coreConfig => { postgresql_database_name => 'own' } });
put($core, 'app/v2',    { appId    => 'a1' });
my %place = (public => ['supertokens', $core], own => ['own', $core->with(prefix => '/own')], a1 => ['supertokens', $core->with(prefix => '/appid-a1')]);

# What is in a table of a place, sorted.
sub column ($place, $column, $table) {
    my ($db) = @{ $place{$place} };
    my $app = $place eq 'a1' ? 'a1' : 'public';
    return join q{ }, sort map { $_->[0] } @{ $pg->query("SELECT $column FROM $table WHERE app_id = '$app'", $db) };
}

# One of each that has expired and one that has not; what has to stay, by its column and table.
my %stays;
for my $name (sort keys %place) {
    my ($db, $at) = @{ $place{$name} };
    my @users   = map { $at->post('/recipe/signup', { email => "$_-$name\@example.com", password => 'secret-1' })->{json}{recipeUserId} } qw(old new);
    my @handles = map { create($at, { userId => $_ })->{session}{handle} } @users;
    for my $user (@users) {
        $at->post('/recipe/user/password/reset/token', { userId => $user, email => ($user eq $users[0] ? 'old' : 'new') . "-$name\@example.com" });
        $at->post('/recipe/user/email/verify/token', { userId => $user, email => "x-$name\@example.com" });
    }
    $pg->query("UPDATE session_info SET expires_at = $now - 1000 WHERE session_handle = '$handles[0]'",    $db);
    $pg->query("UPDATE emailpassword_pswd_reset_tokens SET token_expiry = $now - 1000 WHERE user_id = '$users[0]'", $db);
    $pg->query("UPDATE emailverification_tokens SET token_expiry = $now - 1000 WHERE user_id = '$users[0]'", $db);
    $stays{$name}{'session_handle session_info'} = $handles[1];
    $stays{$name}{"user_id $_"} = $users[1] for qw(emailpassword_pswd_reset_tokens emailverification_tokens);
}

# Keys belong to apps. That of yesterday may have signed what is still good.
for my $app (qw(public a1)) {
    $pg->query("INSERT INTO session_access_token_signing_keys SELECT app_id, created_at_time - days * @{[DAY]}, value
        FROM session_access_token_signing_keys, unnest(ARRAY[1, 400, 401]::bigint[]) AS days WHERE app_id = '$app'");
    my @keys = sort { $a <=> $b } split q{ }, column($app, 'created_at_time', 'session_access_token_signing_keys');
    is scalar(@keys), 4, "$app: its key and three older ones";
    $stays{$app}{'created_at_time session_access_token_signing_keys'} = join q{ }, @keys[2, 3];
}

# Mails and webhooks: nobody takes the first; the second was given up long ago; the link of the third leads nowhere any more.
my @deliveries = (['forgotten', 'webhook x', '{}', -2 / 24, 'NULL'], ['old', 'mail', '{}', -40, $now - 31 * DAY], ['given-up', 'mail', '{"link":"https://x","to":"y"}', -1, $now - DAY]);
for my $delivery (@deliveries) {
    my ($id, $target, $payload, $days, $failed) = @$delivery;
    my $at = int($now + $days * DAY);
    $pg->query("INSERT INTO stfcgi_deliveries (site, target, message_id, payload, created_at, due_at, give_up_at, failed_at)
        VALUES ('gone', '$target', '$id', '$payload', $at, $at, $at, $failed)");
}

sub delivery ($id) { return join q{ }, @{ $pg->query("SELECT payload, failed_at IS NOT NULL, coalesce(last_error, '') FROM stfcgi_deliveries WHERE message_id = '$id'")->[0] // [] } }

$s->restart_service;    # the minute begins when everything is there
ok wait_until(120, sub { delivery('old') eq q{} }), 'the jobs run a minute after the start: what was given up is forgotten after 30 days';
for my $name (sort keys %stays) {
    subtest $name => sub {
        is column($name, split q{ }), $stays{$name}{$_}, $_ for sort keys %{ $stays{$name} };
    };
}
is delivery('forgotten'), '{} t its site or webhook is not configured any more', 'what nobody takes is given up';
like $s->service->log_text, qr/site gone: webhook x was given up: forgotten: it is not configured any more/, 'and the log says so';
is delivery('given-up'), '{"to": "y"} t ', 'a link is kept only until it has expired';
done_testing;

# SPDX-License-Identifier: Apache-2.0
# supertokens user and tenant: what the doors would show and do, for who operates the service.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Cli qw(cli cli_json);
use ST::Env qw(wait_until);
use ST::Multitenancy qw(signup);
use ST::Session qw(create);
use ST::Stack timeout => 180;
use ST::Users;

my $s      = ST::Stack->new;
my $core   = $s->core;
my @config = ('--config', $s->service->{config_file});
my $users  = ST::Users->new($s->pg);
my $ada    = signup($core, 'ada@example.com');
my $bob    = $users->add('thirdparty', email => "b\e[31mob\@example.com", tp => ['github', '99']);
my $eve    = $users->add('passwordless', phone => '+491701234567');

sub found (@by) { return [map { $_->{id} } cli_json('user', 'find', @by, @config)->{users}->@*] }
sub find_text (@by) { return (cli('user', 'find', @by, @config))[1] }

subtest 'find and show' => sub {
    is_deeply found('--email', ' ADA@example.com'), [$ada], 'by address';
    is_deeply found('--phone', '+491701234567'), [$eve], 'by phone';
    is_deeply found('--third-party', 'github', '--third-party-user', '99'), [$bob], 'by provider';
    $users->map_id($eve, 'external-eve');
    is_deeply found('--id', 'external-eve'), ['external-eve'], 'by a mapped id';
    is_deeply found('--id', 'nobody'), [], 'nobody';
    is find_text('--id', 'nobody'), "No user was found.\n", 'in words';
    like find_text('--email', 'ada@example.com'), qr/\AID +Emails +.*\n\Q$ada\E +ada\@example\.com .* UTC\n\z/, 'as a table';
    is_deeply [cli('user', 'find', @config)], [1, q{}, "By what? Use --email, --phone, --id, or --third-party and --third-party-user\n"], 'by nothing';
    my $shown = cli_json('user', 'show', $ada, @config)->{user};
    my $same  = $core->get('/user/id', query => { userId => $ada })->{json}{user};
    is_deeply $shown, $same, 'show is what the core door shows';
    my $text = (cli('user', 'show', $bob, @config))[1];
    like $text, qr/^Emails: +b\?\[31mob\@example\.com$/m, 'nothing that users chose steers the terminal';
    like $text, qr/^Login methods:\n  Tenant IDs +Recipe user ID .*\n  public +\Q$bob\E .*github 99/m, 'login methods as a table';
    is_deeply [cli('user', 'show', 'nobody', @config)], [1, q{}, "There is no user nobody\n"], 'show of nobody';
};

subtest 'sessions' => sub {
    create($core, { userId => $ada }) for 1 .. 3;
    my @handles = map { $_->{sessionHandle} } cli_json('user', 'sessions', $ada, @config)->{sessions}->@*;
    is scalar @handles, 3, 'sessions';
    my ($status, $out) = cli('user', 'sessions', $ada, @config);
    like $out, qr/\ASession handle +Tenant ID .*\n(?:[0-9a-f-]{36} +public .*UTC\n){3}\z/, 'as a table';
    is_deeply [cli('user', 'revoke', $bob, '--session', $handles[1], @config)], [1, q{}, "The user has no session $handles[1]\n"], 'not by another user';
    is_deeply cli_json('user', 'revoke', $ada, '--session', $handles[1], @config), { sessionsRevoked => 1, sessionHandles => [$handles[1]] }, 'revoke one';
    is_deeply [map { $_->{sessionHandle} } cli_json('user', 'sessions', $ada, @config)->{sessions}->@*], [@handles[0, 2]], 'two are left';
    is cli_json('user', 'revoke', $ada, @config)->{sessionsRevoked}, 2, 'revoke';
    is $s->pg->value('SELECT count(*) FROM session_info'), 0, 'none is left';
    is((cli('user', 'sessions', $ada, @config))[1], "The user has no sessions.\n", 'in words');
};

sub tenants (@more) { return { map { ("$_->{appId}/$_->{tenantId}" => $_) } cli_json('tenant', 'list', @more, @config)->{tenants}->@* } }

subtest 'tenants' => sub {
    is_deeply [keys %{ tenants() }], ['public/public'], 'the one there is';
    my $config = '{"password_reset_token_lifetime": 1000, "postgresql_connection_attributes": "a=b", "ip_deny_regex": null}';
    my ($status, $out, $err) = cli('tenant', 'create', 'T1', '--first-factors', 'emailpassword,thirdparty', '--core-config', '@-', @config, { stdin => $config });
    is_deeply [$status, $err], [0, q{}], 'create' or diag $err;
    like $out, qr/^Tenant ID: +t1$/m, 'shows it';
    ok wait_until(10, sub { $core->get('/t1/recipe/multitenancy/tenant/v2')->{json}{status} eq 'OK' }), 'the running service knows it';
    my $t1 = tenants()->{'public/t1'};
    is_deeply [[sort @{ $t1->{firstFactors} }], $t1->{coreConfig}{password_reset_token_lifetime}], [['emailpassword', 'thirdparty'], 1000], 'as wished';
    is((cli('tenant', 'create', 't1', @config))[2], "There is such a tenant already: supertokens tenant update\n", 'not twice');
    is((cli('tenant', 'update', 't1', '--secondary-factors', 'totp', '--first-factors', 'default', @config))[0], 0, 'update');
    is_deeply [@{ tenants()->{'public/t1'} }{qw(firstFactors requiredSecondaryFactors)}], [undef, ['totp']], 'changed';
    like((cli('tenant', 'update', 't2', @config))[2], qr/\AAppId or tenantId not found/, 'not what is not there');
    is((cli('tenant', 'update', 't1', '--core-config', '{"nonsense":1}', @config))[2], "Invalid core config: Invalid config key: nonsense\n", 'by the rules of the door');
    is((cli('tenant', 'update', 't1', '--core-config', '[]', @config))[2], "--core-config must be a JSON object, or \@FILE with one\n", 'not any JSON');
};

subtest 'apps, secrets, removal' => sub {
    is((cli('tenant', 'create', '--app', 'a1', '--core-config', '{"api_keys":"abcdefghijklmnopqrstuvwxyz"}', @config))[0], 0, 'an app');
    is((cli('tenant', 'create', 't1', '--app', 'a1', @config))[0], 0, 'a tenant of it');
    is_deeply [sort keys %{ tenants('--all') }], ['a1/public', 'a1/t1', 'public/public', 'public/t1'], 'all';
    is_deeply [sort keys %{ tenants('--app', 'a1') }], ['a1/public', 'a1/t1'], 'of the app';
    my ($shown) = (cli('tenant', 'show', '--app', 'a1', @config))[1];
    like $shown, qr/api_keys: +\*{8}/, 'a secret is masked';
    unlike $shown . (cli('tenant', 'list', '--all', '--json', @config))[1], qr/abcdefghijklmnopqrstuvwxyz/, 'everywhere';
    like((cli('tenant', 'remove', 't1', @config))[2], qr/nobody to ask: use --yes/, 'remove asks');
    is_deeply cli_json('tenant', 'remove', 't1', '--yes', @config), { removed => 't1' }, 'or not';
    is_deeply [sort keys %{ tenants('--all') }], ['a1/public', 'a1/t1', 'public/public'], 'only that one';
    is((cli('tenant', 'remove', 'public', '--yes', @config))[2], "Cannot delete public tenant, use remove app API instead\n", 'not the public one');
    ok wait_until(10, sub { $core->get('/t1/recipe/multitenancy/tenant/v2')->{json}{status} ne 'OK' }), 'the running service has taken notice';
};

done_testing;

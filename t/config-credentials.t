# SPDX-License-Identifier: Apache-2.0
# Secrets from credentials of systemd: files in $CREDENTIALS_DIRECTORY with the name of a key, or of its environment
# variable, or of what a site's ${NAME} asks for.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Env qw(bare_environment build_dir temp_dir write_file);
use ST::Session qw(create_answer);
use ST::Stack;

my $KEY  = 'abcdefghij0123456789';
my $dir  = temp_dir('credentials');
my $file = temp_dir('config') . '/config.yaml';

sub give (%credentials) {
    unlink glob "$dir/*";
    write_file("$dir/$_", $credentials{$_}, 0o400) for keys %credentials;
    return;
}

# `supertokens config COMMAND` with these variables: status and text.
sub config ($command, %env) {
    local %ENV = (bare_environment(), CREDENTIALS_DIRECTORY => $dir, %env);
    my $text = qx{@{[build_dir()]}/supertokens config $command --config $file 2>&1};
    return [$? >> 8, $text];
}
sub value ($key, %env) { return (config('dump', %env)->[1] =~ /^$key: "?(.*?)"?(?: *#.*)?$/m)[0] }

write_file($file, "core_config_version: 0\npostgresql_user: from_file\nport: 1\n");

subtest 'what goes before what' => sub {
    give();
    is value('postgresql_user'), 'from_file', 'the file where there is nothing else';
    give(postgresql_user => "from_credential\n", SUPERTOKENS_PORT => '2');
    is value('postgresql_user'), 'from_credential', 'then a credential named like the key';
    is value('port'),            2,                 'or like the variable';
    is value('postgresql_user', POSTGRESQL_USER => 'from_environment'), 'from_environment', 'then the environment';
    is value('postgresql_user', CREDENTIALS_DIRECTORY => "$dir/none"), 'from_file', 'a directory that is not there holds none';
    is value('postgresql_user', CREDENTIALS_DIRECTORY => 'relative'),  'from_file', 'nor does one without a whole path';
};

subtest 'what they hold' => sub {
    give(postgresql_user => "  a \"b\"\\n\r\n\n");
    like config('dump')->[1], qr/^postgresql_user: .*  a .*b/m, 'is taken as it is, but for the line ends';
    give(postgresql_password => 'secret-of-the-database', api_keys => $KEY, postgresql_connection_uri => 'postgresql://u:secret-in-uri@h/db');
    my $dump = config('dump');
    is $dump->[0], 0, 'secrets';
    unlike $dump->[1], qr/secret-|$KEY/, 'are not shown';
    like $dump->[1], qr/^api_keys: .*\*{8}/m, 'but that they are there';
};

subtest 'what is refused' => sub {
    my $dark = "credential 'api_keys' ";
    my %bad  = ("\n" => "${dark}is empty", "$KEY\0" => "${dark}has a NUL in it", 'x' x 20_000 => "'api_keys' is longer than 16384 bytes", 'short' => 'One of the API keys is too short');
    for my $text (sort keys %bad) {
        give(api_keys => $text);
        my $got = config('test');
        is $got->[0], 1, 'a bad one: ' . length($text) . ' bytes';
        like $got->[1], qr/\Q$bad{$text}/, 'with the reason';
        unlike $got->[1], qr/$KEY|xxx/, 'but not the value';
    }
    give(api_keys => $KEY, API_KEYS => $KEY);
    like config('test')->[1], qr/credentials 'api_keys' and 'API_KEYS' are the same key/, 'two for a key';
    give();
    mkdir "$dir/api_keys";
    like config('test')->[1], qr/${dark}cannot be read/, 'a directory';
    rmdir "$dir/api_keys";
    give(PORT => 'not a number', port => 'x');
    is config('test')->[0], 1, 'what is not a number';
};

subtest 'the service' => sub {
    give(api_keys => "$KEY\n", WEBHOOK_SECRET => "secret-of-the-webhook\n");
    my $webhook = { id => 'w', url => 'http://127.0.0.1:1/', secret => '${WEBHOOK_SECRET}' };
    my $s = ST::Stack->new(env => { CREDENTIALS_DIRECTORY => $dir }, api_key => $KEY, sites => { example => { webhooks => [$webhook] } });
    is create_answer($s->core)->{status}, 200, 'asks for the API key of a credential';
    is create_answer($s->core->with(api_key => "${KEY}x"))->{status}, 401, 'and for no other';
    my $mark = $s->service->log_mark;
    give(api_keys => 'another-key-of-20-chars', WEBHOOK_SECRET => "\n");
    $s->service->reload;
    ok $s->service->wait_log(qr/not reloaded.*the credential WEBHOOK_SECRET is empty/, $mark), 'a site whose credential is empty is refused';
    give(api_keys => 'another-key-of-20-chars');
    $s->service->reload;
    ok $s->service->wait_log(qr/not reloaded.*the environment variable WEBHOOK_SECRET is not set/, $mark), 'or not there';
    is create_answer($s->core)->{status}, 200, 'the service goes on as before';
    give(api_keys => 'another-key-of-20-chars', WEBHOOK_SECRET => 'secret-of-the-webhook');
    $s->service->reload;
    ok $s->service->wait_log(qr/was reloaded/, $mark), 'new ones are read by a reload';
    ok ST::Env::wait_until(10, sub { create_answer($s->core)->{status} == 401 }), 'the old key is worth nothing';
    # A process of nginx may still have a connection to a worker of before.
    ok ST::Env::wait_until(10, sub { create_answer($s->core->with(api_key => 'another-key-of-20-chars'))->{status} == 200 }), 'the new one is';
    unlike $s->service->log_text, qr/secret-of|$KEY|another-key/, 'none is in the log';
};

done_testing;

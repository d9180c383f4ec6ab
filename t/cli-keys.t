# SPDX-License-Identifier: Apache-2.0
# supertokens key rotate: a new key signs, old tokens stay valid, and running services follow.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Cli qw(cli cli_json);
use ST::Env qw(wait_until);
use ST::Session qw(create header_of verify);
use ST::Stack timeout => 180;

my $s      = ST::Stack->new;
my $core   = $s->core;
my @config = ('--config', $s->service->{config_file});

sub keys_now { return cli_json('key', 'list', @config)->{keys} }
sub signing  { return (map { $_->{keyId} } grep { $_->{kind} eq 'dynamic' && $_->{signs} } keys_now()->@*)[0] }
sub published { return { map { ($_->{kid} => 1) } $core->get('/.well-known/jwks.json')->{json}{keys}->@* } }
sub token     { return create($core)->{accessToken}{token} }

my $token = token();
my $old   = header_of($token)->{kid};

subtest 'list' => sub {
    ok published()->{$old}, 'published';
    is signing(), $old, 'the key that signs';
    my ($one) = grep { $_->{keyId} eq $old } keys_now()->@*;
    is $one->{expiry} - $one->{timeCreated}, (168 + 2) * 3600 * 1000, 'how long it stays';
    is scalar(grep { $_->{kind} eq 'static' } keys_now()->@*), 1, 'a static one';
    like((cli('key', 'list', @config))[1], qr/^\Q$old\E +dynamic +yes +\d{4}-/m, 'as a table');
    unlike((cli('key', 'list', '--json', @config))[1], qr/PRIVATE|MII/, 'without the keys themselves');
};

subtest 'rotate' => sub {
    my $made = cli_json('key', 'rotate', @config);
    my ($created) = $made->{keyId} =~ /\Ad-(\d+)\z/;
    is $made->{signsAt}, $created + 60_000, 'it signs in a minute';
    is signing(), $old, 'until then the old one does';
    ok wait_until(10, sub { published()->{ $made->{keyId} } }), 'the running service publishes it';
    is header_of(token())->{kid}, $old, 'and signs with the old one';
};

subtest 'rotate --now' => sub {
    my $made = cli_json('key', 'rotate', '--now', @config);
    ok wait_until(10, sub { header_of(token())->{kid} ne $old }), 'the running service signs with another key';
    is verify($core, $token)->{status}, 'OK', 'the old token is still good';
    my $published = published();
    ok $published->{$_}, "$_ is published" for $old, $made->{keyId};
    is scalar(grep { $_->{signs} && $_->{kind} eq 'dynamic' } keys_now()->@*), 1, 'one signs';
};

subtest 'when the key in use is not just made' => sub {
    my $other = ST::Stack->new;
    my @there = ('--config', $other->service->{config_file});
    my $was   = header_of(create($other->core)->{accessToken}{token})->{kid};
    $other->pg->query('UPDATE session_access_token_signing_keys SET created_at_time = created_at_time - 120000');
    $other->restart_service;
    my $made  = cli_json('key', 'rotate', '--now', @there);
    cmp_ok $made->{signsAt}, '<=', time * 1000 + 1000, 'the new one signs at once';
    ok wait_until(10, sub { header_of(create($other->core)->{accessToken}{token})->{kid} eq $made->{keyId} }), 'on the running service';
    isnt $made->{keyId}, $was, 'which is not the old one';
};

done_testing;

#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# Several nodes share the work on one database; slow receivers hold up nobody else.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Deliver qw(add_events add_mail end_leases hook now_ms pending retry_now smtp_settings write_site);
use ST::Env     qw(temp_dir wait_until);
use ST::Multitenancy ();
use ST::Stack timeout => 240;

my $hooks = ST::Deliver->hooks;
my $held  = ST::Deliver->hooks;
my $smtp  = ST::Deliver->smtp;
my $sites = temp_dir('sites');
write_site($sites, emailDelivery => { smtp => smtp_settings($smtp) },
    webhooks => [hook('fast', $hooks->url('/ok')), map { hook("held$_", $held->url('/hold')) } 1 .. 6]);
my %config = (fcgi_sites_dir => $sites, fcgi_workers => 1);
my $one    = ST::Stack->new(config => \%config);
my $pg     = $one->pg;
my $two    = ST::Stack->new(pg => $pg, config => \%config);

subtest 'two nodes' => sub {
    my @users = map { "u$_" } 1 .. 20;
    add_events($pg, 'fast', map { my $n = $_; map { ($_ => $n) } @users } 1 .. 10);
    add_mail($pg, "m$_\@example.com") for 1 .. 20;
    ok wait_until(60, sub { pending($pg) == 0 }), 'all is sent';
    is $hooks->count, 200, 'each webhook once';
    is $smtp->count, 20, 'each mail once';
    is_deeply [grep { $hooks->history($_) ne join q{ }, 1 .. 10 } @users], [], 'in order';
};

subtest 'a node dies' => sub {
    add_events($pg, 'held1', map { ("d$_" => 1) } 1 .. 16);
    ok wait_until(20, sub { $held->peak == 16 }), 'both have as many on their way as one receiver gets';
    $one->service->proc->kill9;
    my $died = now_ms($pg);
    $held->release;
    ok wait_until(20, sub { pending($pg) == 8 }), 'the other one ends its own';
    end_leases($pg, $died);
    ok wait_until(20, sub { pending($pg) == 0 }), 'and takes over those of the dead one when their lease is over';
    unlink "$held->{dir}/release";
};

# Deliveries under a lease of two minutes, however often they have been tried.
sub on_their_way () {
    return $pg->value('SELECT count(*) FROM stfcgi_deliveries WHERE due_at > (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 60000');
}

subtest 'slow receivers' => sub {
    my ($webhooks, $mails) = ($hooks->count, $smtp->count);
    add_events($pg, "held$_", map { ("h$_" => 1) } 1 .. 12) for 1 .. 3;
    ok wait_until(20, sub { on_their_way() == 24 }),
      'eight at a time are on their way to each of them';
    add_events($pg, 'fast', map { ("f$_" => 1) } 1 .. 30);
    add_mail($pg, "n$_\@example.com") for 1 .. 5;
    ok $hooks->wait_count($webhooks + 30), 'others get theirs meanwhile';
    ok $smtp->wait_count($mails + 5), 'mails go out too';
    add_events($pg, "held$_", map { ("h$_" => 2) } 1 .. 12) for 4 .. 6;
    ok wait_until(20, sub { on_their_way() == 32 }), 'with 32 held there are no more';
    add_mail($pg, 'last@example.com');
    ok $smtp->wait_count($mails + 6), 'but mails have places of their own';
    cmp_ok $held->peak, '<=', 32, 'never more';
    $held->release;
    retry_now($pg);    # on a slow machine some have been given up for now
    ok wait_until(60, sub { pending($pg) == 0 }), 'in the end all is sent';
};

subtest 'databases of tenants' => sub {
    $pg->create_db('own');
    is ST::Multitenancy::put($two->core, 'tenant/v2', { tenantId => 'own', coreConfig => { postgresql_database_name => 'own' } }),
      ST::Multitenancy::CREATED(), 'a tenant with a database';
    $pg->query('DROP TABLE stfcgi_deliveries', 'own');    # as after an upgrade
    $two->restart_service;
    my $exists = q{SELECT count(*) FROM pg_tables WHERE tablename = 'stfcgi_deliveries'};
    ok wait_until(20, sub { $pg->value($exists, 'own') }), 'which gets the table';
    my $mails = $smtp->count;
    add_mail($pg, 'tenant@example.com', db => 'own');
    ok $smtp->wait_count($mails + 1, 40), 'its mails go out';
    is $smtp->mail($mails + 1)->{to}, 'tenant@example.com', 'to whom they are for';
};

done_testing;

#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# Mails and webhooks go out over TLS to servers that can be trusted, or not at all, and passwords only over TLS. Names
# below localhost lead to this machine, but are not taken for it.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Deliver qw(add_events add_mail certificate given_up hook pending smtp_settings write_site);
use ST::Env     qw(temp_dir wait_until);
use ST::Stack;

my $known   = certificate('smtp.localhost', 'hooks.localhost');
my $unknown = certificate('smtp.localhost', 'hooks.localhost');
my %login   = (user => 'mailer@shop.example', password => 'PASSWORD-of-mailer');
my %site    = (host => 'smtp.localhost', authUsername => $login{user}, password => $login{password});

# site => [its server, the settings that differ]
my %case = (
    starttls => [{ tls => 'starttls', cert => $known, %login }, {}],
    implicit => [{ tls => 'implicit', cert => $known, %login }, { secure => JSON::PP::true() }],
    clear    => [{ %login }, {}],
    unknown  => [{ tls => 'starttls', cert => $unknown, %login }, {}],
    hidden   => [{ tls => 'implicit', cert => $unknown, %login }, { secure => JSON::PP::true() }],
    wrong    => [{ tls => 'starttls', cert => $known, %login, password => 'another' }, {}],
    address  => [{ tls => 'starttls', cert => $known, %login }, { host => '127.0.0.2' }],
    'local'  => [{%login}, { host => 'localhost' }],
);
my $sites = temp_dir('sites');
my %server;
for my $name (keys %case) {
    my ($options, $settings) = @{ $case{$name} };
    $server{$name} = ST::Deliver->smtp(%$options);
    write_site($sites, site => $name, emailDelivery => { smtp => smtp_settings($server{$name}, %site, %$settings) });
}
my %hooks = (trusted => ST::Deliver->hooks(cert => $known), stranger => ST::Deliver->hooks(cert => $unknown));
write_site($sites, webhooks => [map { hook($_, $hooks{$_}->url('/ok', 'hooks.localhost')) } keys %hooks]);

my $s  = ST::Stack->new(config => { fcgi_sites_dir => $sites, fcgi_workers => 1, fcgi_ca_file => $known });
my $pg = $s->pg;
add_mail($pg, "$_\@example.com", site => $_) for keys %case;
add_events($pg, $_, u => 1) for keys %hooks;

for my $name (qw(starttls implicit local)) {
    ok $server{$name}->wait_count(1), "$name: the mail came";
    my $mail = $server{$name}->mail(1);
    is $mail->{to}, "$name\@example.com", 'the right one';
    is $mail->{tls}, $name eq 'local' ? 'False' : 'True', $name eq 'local' ? 'without TLS' : 'over TLS';
    is $mail->{user}, $login{user}, 'by the right user';
}

sub why ($column, $value) { return $pg->value("SELECT last_error FROM stfcgi_deliveries WHERE $column = '$value'") }

my %reason = (
    clear   => qr/STARTTLS|SSL|TLS/,
    unknown => qr/certificate/,
    hidden  => qr/certificate/,
    wrong   => qr/denied/,
    address => qr/onnect/,
);
for my $name (sort keys %reason) {
    ok wait_until(40, sub { why(site => $name) }), "$name: the mail did not go out";
    like why(site => $name), $reason{$name}, 'for the right reason';
    is $server{$name}->count, 0, 'nothing came there';
}
ok $hooks{trusted}->wait_count(1), 'a webhook over TLS';
ok wait_until(20, sub { why(target => 'webhook stranger') }), 'and one to a stranger';
like why(target => 'webhook stranger'), qr/certificate/, 'who is not trusted';
is $hooks{stranger}->count, 0, 'nothing came there';
is_deeply given_up($pg), [], 'none is given up';
ok wait_until(20, sub { pending($pg) == 6 }), 'all of them are tried again, the others are done with';
unlike $s->service->log_text, qr/PASSWORD|SECRET/, 'no secret is in the log';

done_testing;

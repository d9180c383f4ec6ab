# SPDX-License-Identifier: Apache-2.0
# supertokens delivery: what was given up is listed, sent again when its receiver is mended, or forgotten.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Cli qw(cli cli_json);
use ST::Deliver qw(add_events given_up hook write_site);
use ST::Env qw(temp_dir wait_until);
use ST::Stack timeout => 180;

my $hooks = ST::Deliver->hooks;
my $sites = temp_dir('sites');
write_site($sites, webhooks => [hook('crm', $hooks->url('/some')), hook('other', $hooks->url('/some'))]);
my $s        = ST::Stack->new(config => { fcgi_sites_dir => $sites, fcgi_workers => 1 });
my $pg       = $s->pg;
my @config   = ('--config', $s->service->{config_file});
my @delivery = ('delivery');

sub listed (@more) { return cli_json(@delivery, 'list', @more, @config)->{deliveries} }

# Requests about a user that were taken.
sub arrived ($user) { return grep { $_->{status} == 200 && $_->{json}{data}{userId} eq $user } $hooks->requests }

subtest 'list' => sub {
    is_deeply [cli(@delivery, 'list', @config)], [0, "Nothing was given up.\n", q{}], 'nothing at first';
    $hooks->fail_for('"ann"', '"bob"', '"eve"');
    add_events($pg, 'crm', ann => 1, bob => 1);
    add_events($pg, 'other', eve => 1);
    ok wait_until(20, sub { $pg->value('SELECT count(*) FROM stfcgi_deliveries WHERE last_error IS NOT NULL') == 3 }), 'three fail';
    $pg->query('UPDATE stfcgi_deliveries SET give_up_at = 0, due_at = 0');
    ok wait_until(20, sub { @{ given_up($pg) } == 3 }), 'and are given up';
    my %by_user = map { ($_->{userId} => $_) } @{ listed() };
    is_deeply [sort keys %by_user], [qw(ann bob eve)], 'list';
    is_deeply [@{ $by_user{ann} }{qw(site target what why)}, "$by_user{ann}{canResend}"],
      ['shop', 'webhook crm', 'user.signed_in', 'it was answered with status 500', '1'], 'what is said of one';
    is_deeply [map { $_->{userId} } @{ listed('--target', 'webhook other') }], ['eve'], 'of one webhook';
    is_deeply listed('--site', 'nonsense'), [], 'of a site';
    like((cli(@delivery, 'list', @config))[1], qr/\AMessage ID +Target .*\n(?:msg_\S+ +webhook \w+ .*status 500 .*\n){3}\z/, 'as a table');
};

subtest 'resend' => sub {
    is_deeply [cli(@delivery, 'resend', @config)], [1, q{}, "Which ones? Name a message, --site, --target, or --all\n"], 'not all by mistake';
    $hooks->fail_for;
    my ($ann) = grep { $_->{userId} eq 'ann' } @{ listed() };
    is_deeply cli_json(@delivery, 'resend', $ann->{messageId}, @config), { resent => 1 }, 'one';
    ok wait_until(30, sub { arrived('ann') }), 'arrives now';
    is_deeply [cli(@delivery, 'resend', $ann->{messageId}, @config)],
      [1, q{}, "There is no such message that was given up and can be sent again: $ann->{messageId}\n"], 'only once';
    is_deeply [sort map { $_->{userId} } @{ listed() }], [qw(bob eve)], 'the others stay';
    is cli_json(@delivery, 'resend', '--target', 'webhook crm', @config)->{resent}, 1, 'all of a webhook';
    ok wait_until(30, sub { arrived('bob') }), 'arrive';
};

subtest 'forget' => sub {
    like((cli(@delivery, 'forget', '--all', @config))[2], qr{nobody to ask: use --yes}, 'asks');
    is cli_json(@delivery, 'forget', '--all', '--yes', @config)->{forgotten}, 1, 'or not';
    is_deeply given_up($pg), [], 'gone';
    is scalar arrived('eve'), 0, 'unsent';
};

done_testing;

#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# Webhooks: what arrives and how it is signed, the order of each user, and receivers that fail.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Digest::SHA  qw(hmac_sha256);
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;

use ST::Deliver qw(add_events given_up hook pending retry_now write_site);
use ST::Env     qw(temp_dir wait_until);
use ST::Stack;

my $hooks   = ST::Deliver->hooks;
my $new_key = 'whsec_' . encode_base64('n' x 32, q{});
my $sites   = temp_dir('sites');
write_site($sites, webhooks => [
    hook('crm',      $hooks->url('/some')),
    hook('rotated',  $hooks->url('/ok'), secret => "$new_key " . ST::Deliver::SECRET),
    hook('plain',    $hooks->url('/ok'), secret => 'any text of some length'),
    hook('redirect', $hooks->url('/redirect')),
    hook('endless',  $hooks->url('/endless')),
    hook('later',    $hooks->url('/later?503')),
    hook('cut',      $hooks->url('/cut')),
    hook('stranger', 'https://127.0.0.1:' . $hooks->port . '/ok'),
    map { hook("status-$_", $hooks->url("/status?$_")) } qw(201 404 500),
]);
my $s  = ST::Stack->new(config => { fcgi_sites_dir => $sites, fcgi_workers => 1 });
my $pg = $s->pg;

sub signatures ($request, @keys) {
    my $content = join q{.}, $request->{headers}{'webhook-id'}, $request->{headers}{'webhook-timestamp'}, $request->{body};
    return join q{ }, map { 'v1,' . encode_base64(hmac_sha256($content, $_), q{}) } @keys;
}

# [n, status] of the requests for a user, in the order in which they came.
sub history ($user) {
    return join q{ }, map { "$_->{json}{data}{n}:$_->{status}" } grep { ($_->{json}{data}{userId} // q{}) eq $user } $hooks->requests;
}

sub state_of ($webhook) {
    return $pg->query("SELECT last_error, due_at - (extract(epoch FROM clock_timestamp()) * 1000)::bigint, attempts
        FROM stfcgi_deliveries WHERE target = 'webhook $webhook' AND last_error IS NOT NULL ORDER BY id LIMIT 1")->[0];
}

my $key = decode_base64(ST::Deliver::SECRET =~ s/\Awhsec_//r);

# What failed at the first of them is tried again when a test says so, however long that takes.
$pg->query(<<'SQL');
CREATE FUNCTION put_off() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.due_at := NEW.due_at + 3600000; RETURN NEW; END';
CREATE TRIGGER put_off BEFORE UPDATE OF last_error ON stfcgi_deliveries FOR EACH ROW
    WHEN (NEW.target = 'webhook crm' AND NEW.failed_at IS NULL) EXECUTE FUNCTION put_off();
SQL

subtest 'what arrives' => sub {
    add_events($pg, 'crm', u1 => 1);
    ok $hooks->wait_count(1), 'a request';
    my $request = $hooks->request(1);
    is $request->{line}, 'POST /some HTTP/1.1', 'POST';
    is $request->{headers}{'content-type'}, 'application/json', 'of JSON';
    like $request->{headers}{'user-agent'}, qr{\Asupertokens-fcgi/}, 'by us';
    is_deeply $request->{json}, { type => 'user.signed_in', data => { userId => 'u1', n => 1 } }, 'with the event';
    like $request->{headers}{'webhook-id'}, qr/\Amsg_[0-9a-f-]{36}\z/, 'its id';
    cmp_ok abs(time - $request->{headers}{'webhook-timestamp'}), '<', 120, 'the time';
    is $request->{headers}{'webhook-signature'}, signatures($request, $key), 'signed';
    ok wait_until(10, sub { pending($pg) == 0 }), 'its row is gone';
};

subtest 'other keys' => sub {
    add_events($pg, 'rotated', u1 => 1);
    ok $hooks->wait_count(2), 'with two keys';
    my $request = $hooks->request(2);
    is $request->{headers}{'webhook-signature'}, signatures($request, 'n' x 32, $key), 'there are two signatures';
    add_events($pg, 'plain', u1 => 1);
    ok $hooks->wait_count(3), 'with a text';
    $request = $hooks->request(3);
    is $request->{headers}{'webhook-signature'}, signatures($request, 'any text of some length'), 'that is the key';
};

subtest 'the order of a user' => sub {
    $hooks->fail_for('"ann"');
    add_events($pg, 'crm', map { (ann => $_, bob => $_) } 1 .. 4);
    ok wait_until(20, sub { history('bob') eq '1:200 2:200 3:200 4:200' }), 'bob got all in order, whatever is with ann';
    ok wait_until(20, sub { state_of('crm') }), 'ann\'s first one failed';
    is history('ann'), '1:500', 'and holds up the later ones';
    my $waiting = $pg->query('SELECT attempts, due_at >= min(due_at) FILTER (WHERE attempts > 0) OVER () FROM stfcgi_deliveries ORDER BY id');
    is_deeply $waiting, [[1, 't'], [0, 't'], [0, 't'], [0, 't']], 'which nobody looks at meanwhile';
    retry_now($pg);
    ok wait_until(20, sub { history('ann') eq '1:500 1:500' }), 'tried again: the same one';
    $hooks->fail_for;
    ok wait_until(20, sub { state_of('crm')->[2] == 2 && state_of('crm')->[1] > 0 }), 'and put off';
    retry_now($pg);
    ok wait_until(20, sub { history('ann') eq '1:500 1:500 1:200 2:200 3:200 4:200' }), 'then all in order';
    my @ids = map { $_->{headers}{'webhook-id'} } grep { $_->{json}{data}{userId} eq 'ann' && $_->{json}{data}{n} == 1 } $hooks->requests;
    is $ids[0], $ids[2], 'each attempt has the same id';
};

subtest 'given up' => sub {
    $hooks->fail_for('"eve"');
    add_events($pg, 'crm', eve => 1, eve => 2);
    ok wait_until(20, sub { history('eve') eq '1:500' }), 'one that fails';
    ok wait_until(20, sub { state_of('crm') && state_of('crm')->[1] > 0 }), 'is put off';
    $hooks->fail_for;
    $pg->query(q{UPDATE stfcgi_deliveries SET give_up_at = 0, due_at = 0 WHERE last_error IS NOT NULL});
    ok wait_until(20, sub { @{ given_up($pg) } == 1 }), 'until its time is over';
    is given_up($pg)->[0][2], 'it was answered with status 500', 'with the reason';
    like given_up($pg)->[0][3], qr/"eve"/, 'it is kept';
    retry_now($pg);
    ok wait_until(20, sub { history('eve') eq '1:500 2:200' }), 'the next one goes on';
    $pg->query('UPDATE stfcgi_deliveries SET failed_at = NULL, due_at = 0, give_up_at = due_at + 4102444800000 WHERE failed_at IS NOT NULL');
    ok wait_until(20, sub { history('eve') eq '1:500 2:200 1:200' }), 'an operator may have it sent again';
};

subtest 'receivers that fail' => sub {
    my @failing = qw(redirect later cut stranger status-404 status-500);
    add_events($pg, $_, u1 => 1) for @failing, qw(endless status-201);
    ok wait_until(40, sub { $pg->value('SELECT count(*) FROM stfcgi_deliveries WHERE last_error IS NOT NULL') == @failing }),
      'every one of them';
    ok wait_until(40, sub { pending($pg) == @failing }), 'but 201 will do, and an answer that never ends';
    is state_of('redirect')->[0], 'it was answered with status 302', 'redirects are not followed';
    is state_of('status-404')->[0], 'it was answered with status 404', 'statuses are told';
    is state_of('later')->[0], 'it was answered with status 503', 'Retry-After';
    cmp_ok state_of('later')->[1], '>', 1_800_000, 'is respected';
    my (undef, $left, $attempts) = @{ state_of('status-500') };
    cmp_ok $left, '<=', 6_000 * 3**($attempts - 1), 'the others wait for five seconds at first, then longer';
    like state_of('cut')->[0], qr{\AEmpty reply|\AConnection died}, 'an answer that does not come, on a new connection or on kept ones';
    like state_of('stranger')->[0], qr/SSL|TLS/, 'TLS that is none';
    is_deeply given_up($pg), [], 'none is given up';
};

subtest 'a receiver that is down' => sub {
    $hooks->stop;
    add_events($pg, 'crm', map { ("d$_" => 1) } 1 .. 20);
    my $failed = sub { $pg->value(q{SELECT count(*) FROM stfcgi_deliveries WHERE target = 'webhook crm' AND last_error LIKE '%onnect%'}) };
    ok wait_until(20, sub { $failed->() == 20 }), 'all are put off';
    $hooks->start;
    retry_now($pg);
    ok wait_until(20, sub { !grep { history("d$_") ne '1:200' } 1 .. 20 }), 'and come when it is back';
};

unlike $s->service->log_text, qr/whsec|any text of some length/, 'no key is in the log';

done_testing;

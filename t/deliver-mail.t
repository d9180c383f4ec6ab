#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# Mails by SMTP: what arrives, in which language, and what becomes of those that are refused.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Deliver qw(add_mail given_up pending retry_now smtp_settings write_site);
use ST::Env     qw(temp_dir wait_until);
use ST::Stack;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my $smtp  = ST::Deliver->smtp;
my $sites = temp_dir('sites');
write_site($sites, emailDelivery => { smtp => smtp_settings($smtp, from => { name => "Jörg's \"Shop\", Köln", email => 'shop@example.com' }) });
my $s  = ST::Stack->new(config => { fcgi_sites_dir => $sites, fcgi_workers => 1 });
my $pg = $s->pg;

my $n = 0;    # mails so far

# Adds a mail and waits for it.
sub send_mail ($to, %opt) {
    add_mail($pg, $to, %opt);
    ok $smtp->wait_count(++$n), "the mail to $to came";
    return $smtp->mail($n);
}

subtest 'what arrives' => sub {
    my $mail = send_mail('jane@example.com');
    is $mail->{from}, 'shop@example.com', 'envelope: from';
    is $mail->{to}, 'jane@example.com', 'to';
    is $mail->{defect}, undef, 'it is well-formed';
    is $mail->{'bare line ends'}, 0, 'lines end by CRLF';
    cmp_ok $mail->{'longest line'}, '<=', 78, 'and are short';
    is $mail->{'header From'}, "\"Jörg's \\\"Shop\\\", Köln\" <shop\@example.com>", 'From with a name beyond ASCII';
    is $mail->{'header To'}, '<jane@example.com>' =~ s/[<>]//gr, 'To';
    is $mail->{'header Subject'}, 'Password reset instructions', 'Subject';
    is $mail->{'header Auto-Submitted'}, 'auto-generated', 'no machine is to answer';
    like $mail->{'header Message-ID'}, qr/\A<msg_[0-9a-f-]{36}\@example[.]com>\z/, 'Message-ID';
    my $link = 'https://shop.example/reset?token=SECRET-jane@example.com&tenantId=public';
    like $mail->{text}, qr/^\Q$link\E\r?$/m, 'the text has the link';
    like $mail->{html}, qr/href="\Q@{[$link =~ s,&,&amp;,r]}\E"/, 'the HTML too, escaped';
    like $mail->{html}, qr/prefers-color-scheme: dark/, 'which knows dark mode';
    ok wait_until(10, sub { pending($pg) == 0 }), 'its row is gone';
    is_deeply given_up($pg), [], 'for good';
};

subtest 'languages' => sub {
    like send_mail('a@example.com', language => 'de-AT,en;q=0.5')->{'header Subject'}, qr/Passwort zurücksetzen/, 'German';
    my $fr = send_mail('b@example.com', kind => 'email-verification', language => 'fr');
    is $fr->{'header Subject'}, 'Confirmation de votre adresse e-mail', 'French';
    like $fr->{html}, qr/lang="fr".*Confirmer l’adresse/s, 'in all parts';
    like send_mail('c@example.com', language => 'it,es;q=0.3')->{text}, qr/Restablezca su contraseña/, 'Spanish, the next best';
    is send_mail('d@example.com', language => 'tlh')->{'header Subject'}, 'Password reset instructions', 'others get English';
};

subtest 'odd addresses' => sub {
    is send_mail($_)->{to}, $_, $_ for q{"a b>c"@example.com}, q{o'neil+x@example.com}, 'jörg@example.com';
    my $html = send_mail('"<b>&"@example.com')->{html};
    like $html, qr/&quot;&lt;b&gt;&amp;&quot;\@example.com/, 'are escaped in HTML';
    add_mail($pg, "x\@example.com>\r\nRCPT TO:<y\@example.com");
    ok wait_until(20, sub { @{ given_up($pg) } == 1 }), 'an injected command';
    my ($target, $attempts, $why, $kept) = @{ given_up($pg)->[0] };
    is $why, 'its address is none that can be written to', 'is given up at once';
    unlike $kept, qr/SECRET|link/, 'without keeping the link';
    like $kept, qr/"to":"x\@example.com>/, 'but to whom it was';
    $pg->query('DELETE FROM stfcgi_deliveries');
};

subtest 'a refusal for good' => sub {
    add_mail($pg, $_) for 'refuse-550@example.com', 'spam@example.com';
    ok wait_until(20, sub { @{ given_up($pg) } == 2 }), 'of the recipient, and of the mail';
    is_deeply [map { $_->[1] } @{ given_up($pg) }], [1, 1], 'is taken at its word';
    ok $s->service->wait_log(qr/site shop, mail: delivery \d+ \(msg_\S+\) was given up, attempt 1: .*550/), 'and logged';
    like given_up($pg)->[0][3], qr/"link":".*SECRET/, 'a mail that could be sent later keeps its link until that expires';
    $pg->query('DELETE FROM stfcgi_deliveries');
};

subtest 'a failure that may pass' => sub {
    add_mail($pg, $_) for 'refuse-451@example.com', 'cut@example.com', 'refuse-530@example.com';
    ok wait_until(20, sub { $pg->value('SELECT count(*) FROM stfcgi_deliveries WHERE last_error IS NOT NULL AND due_at > created_at') == 3 }),
      'is tried again later';
    is pending($pg), 3, 'none is given up';
    ok $s->service->wait_log(qr/site shop, mail: delivery \d+ \(msg_\S+\) will be tried again, attempt 1: /), 'the first is logged';
    my $attempts = sub { $pg->value('SELECT min(attempts) FROM stfcgi_deliveries') };
    for my $n (2 .. 3) {
        retry_now($pg);
        ok wait_until(20, sub { $attempts->() >= $n }), "attempt $n";
    }
    $pg->query(q{UPDATE stfcgi_deliveries SET give_up_at = 0, due_at = 0});
    ok wait_until(20, sub { @{ given_up($pg) } == 3 }), 'until its link has expired';
    like join(q{ }, map { $_->[2] } @{ given_up($pg) }), qr/451/, 'with the last reason';
    unlike join(q{ }, map { $_->[3] } @{ given_up($pg) }), qr/SECRET|link/, 'and without the link';
};

unlike $s->service->log_text, qr/SECRET/, 'no link is in the log';
is $smtp->count, $n, 'no mail came twice';

done_testing;

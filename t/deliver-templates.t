#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# Templates of the operator win over the built-in ones, file by file; in development mails are files.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use MIME::QuotedPrint qw(decode_qp);
use Test::More;

use ST::Deliver qw(add_mail given_up pending write_site);
use ST::Env     qw(read_file temp_dir wait_until write_file);
use ST::Stack;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my $box   = temp_dir('box') . '/mails';
my $forms = temp_dir('forms');
my $sites = temp_dir('sites');
write_site($sites, emailDelivery => { directory => $box, templateDirectory => $forms },
    appInfo => { appName => 'A & <B>', map { ($_ => 'http://127.0.0.1:1') } qw(apiDomain websiteDomain) });
my $s  = ST::Stack->new(config => { fcgi_sites_dir => $sites, fcgi_workers => 1 });
my $pg = $s->pg;

sub template ($name, $text) { utf8::encode($text); return write_file("$forms/$name", $text) }
sub files () { my @files = sort glob "$box/*.eml"; return @files }

# The parts of the next mail: subject, txt, html.
sub next_mail (%opt) {
    my $before = files;
    add_mail($pg, $opt{to} // 'jane@example.com', %opt);
    wait_until(20, sub { files > $before }) or return {};
    my $mail = read_file((files)[-1]);
    my ($subject, $txt, $html) = $mail =~ m{^Subject: (.*?)\r\nDate.*text/plain.*?\r\n\r\n(.*?)\r\n--=_.*text/html.*?\r\n\r\n(.*?)\r\n--=_}ms;
    my %part = (subject => $subject, txt => decode_qp($txt), html => decode_qp($html));
    utf8::decode($_) for values %part;
    return \%part;
}

subtest 'a directory for mails' => sub {
    my $mail = next_mail();
    is $mail->{subject}, 'Password reset instructions', 'the built-in mail';
    my ($file) = files;
    like $file, qr{/\d{8}T\d{6}[.]\d{3}Z-msg_[0-9a-f-]{36}[.]eml\z}, 'its file sorts by time';
    is sprintf('%o', (stat $file)[2] & 0777), '600', 'and is for us only';
    ok $s->service->wait_log(qr{mail 'password-reset' to jane\@example[.]com is in \Q$file\E: https://shop[.]example/reset[?]token=SECRET-jane}),
      'the log has the link, for ./dev run';
    like $mail->{html}, qr/A &amp; &lt;B&gt;/, 'the name of the application is escaped in HTML';
    like $mail->{txt}, qr/your account on A & <B>[.]/, 'not in text';
    is_deeply [glob "$box/.*.eml"], [], 'no half-written file is left';
};

subtest 'files in front' => sub {
    template('password-reset.subject', "Neu für {email}\n");
    template('password-reset.de.txt', "{heading} / {link} / {nothing} { }\n");
    template('layout.html', '<style>p {color:red}</style><a href="{link}" title="{appName}">{button}</a>');
    my $mail = next_mail(language => 'de');
    like $mail->{subject}, qr/\A=[?]UTF-8[?]B[?]/, 'a subject for all languages';
    like $mail->{txt}, qr{\APasswort zurücksetzen / https://\S+&tenantId=public / \{nothing\} \{ \}}, 'a text for one';
    is $mail->{html} =~ s/token=.*?&amp;/token=&amp;/r,
      '<style>p {color:red}</style><a href="https://shop.example/reset?token=&amp;tenantId=public" title="A &amp; &lt;B&gt;">Passwort zurücksetzen</a>',
      'a layout for all mails';
    $mail = next_mail(language => 'fr');
    like $mail->{txt}, qr/Un nouveau mot de passe/, 'another language has the built-in text';
    $mail = next_mail(kind => 'email-verification');
    is $mail->{subject}, 'Email verification instructions', 'another kind its subject';
    like $mail->{html}, qr/>Confirm address</, 'in the same layout';
};

subtest 'a language of its own' => sub {
    template('password-reset.it.subject', 'Reimposta la password');
    template('password-reset.it.html',    '<p lang="{language}">{email}: {link}</p>');
    my $mail = next_mail(language => 'it-CH, en;q=0.8');
    is $mail->{subject}, 'Reimposta la password', 'is chosen where there are files';
    like $mail->{html}, qr{<p lang="it">jane\@example.com: https://}, 'one of them';
    like $mail->{txt}, qr/You asked for a new password/, 'and English where there are none';
};

subtest 'files that cannot be used' => sub {
    unlink glob "$forms/*";
    write_file("$forms/password-reset.txt", "\xff\xfe");
    write_file("$forms/password-reset.html", 'x' x (256 * 1024 + 1));
    mkdir "$forms/password-reset.subject";
    my $mail = next_mail();
    is $mail->{subject}, 'Password reset instructions', 'the built-in ones are used';
    like $mail->{txt}, qr/You asked for/, 'for each part';
    for my $why ('txt is not used: it is not in UTF-8', 'html is not used: it is no file, or too long', 'subject is not used: it is no file') {
        like $s->service->log_text, qr/the mail template \Q$forms\E\/password-reset[.]\Q$why/, $why;
    }
};

subtest 'a directory that cannot be written to' => sub {
    rename $box, "$box.away";
    write_file($box, 'a file in its place');
    add_mail($pg, 'later@example.com');
    ok wait_until(20, sub { $pg->value('SELECT last_error FROM stfcgi_deliveries') }), 'the mail waits';
    is $pg->value('SELECT last_error FROM stfcgi_deliveries'), 'Not a directory', 'and says why';
    unlink $box;
    rename "$box.away", $box;
    $pg->query('UPDATE stfcgi_deliveries SET due_at = 0');
    ok wait_until(20, sub { pending($pg) == 0 }), 'until it can be';
};

subtest 'no mail settings' => sub {
    write_site($sites);
    my $mark = $s->service->log_mark;
    my @old  = $s->service->workers;
    $s->service->reload;
    ok $s->service->wait_log(qr/reloaded/, $mark, 30) && wait_until(30, sub { !kill 0, @old }), 'the site has none any more';
    add_mail($pg, 'nobody@example.com');
    ok wait_until(20, sub { @{ given_up($pg) } == 1 }), 'a mail is given up';
    is given_up($pg)->[0][2], 'the site has no mail settings', 'with the reason';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# A forgotten password at the auth door: the mail, the link's token, the new password (spec: fdi-recipes 1.5, 1.6).
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Browser;
use ST::Deliver;
use ST::Stack;
use ST::Users;

my $smtp  = ST::Deliver->smtp;
my %mails = (emailDelivery => { smtp => ST::Deliver::smtp_settings($smtp) });
my $s     = ST::Stack->new(
    config => { bcrypt_log_rounds => 4 },
    sites  => {
        plain    => {%mails},
        nist     => { recipeList => [{ emailPassword => { passwordProfile => 'nist' } }, 'session'], %mails },
        verifies => { recipeList => ['emailPassword', 'session', { emailVerification => { mode => 'OPTIONAL' } }], %mails },
    },
);
my $pg      = $s->pg;
my $users   = ST::Users->new($pg);
my %browser = map { ($_ => ST::Browser->new($s->site_url($_))) } qw(plain nist verifies);
my $invalid = '200 {"status":"RESET_PASSWORD_INVALID_TOKEN_ERROR"}';
my $ok      = '200 {"status":"OK"}';

sub form (%values) { return { formFields => [map { { id => $_, value => $values{$_} } } sort keys %values] } }

sub call ($path, $body, %opt) {
    my $answer = $browser{ $opt{site} // 'plain' }->post("/auth$path", $body);
    return "$answer->{status} $answer->{text}";
}
sub ask ($email, %opt) { return call(($opt{tenant} // q{}) . '/user/password/reset/token', form(email => $email), %opt) }

sub set_password ($token, $password, %opt) {
    return call(($opt{tenant} // q{}) . '/user/password/reset', { %{ form(password => $password) }, token => $token, method => 'token' }, %opt);
}
sub signs_in ($email, $password) { return call('/signin', form(email => $email, password => $password)) =~ /"status":"OK"/ ? 'yes' : 'no' }

sub mails { return $smtp->take_mails($pg) }
sub token ($mail) { return $mail->{link} =~ /[?]token=([^&]+)&/ ? $1 : undef }

call('/signup', form(email => 'jane@example.com', password => 'secret-1'));

subtest 'asking for a mail' => sub {
    is ask('x'), '200 {"status":"FIELD_ERROR","formFields":[{"error":"Email is invalid","id":"email"}]}', 'no address';
    is ask('nobody@example.com'), $ok, 'an unknown address is answered alike';
    is_deeply [mails()], [], 'but nothing is sent';
    is ask(' Jane@Example.com'), $ok, 'a known one';
    my ($mail, @more) = mails();
    is_deeply \@more, [], 'one mail';
    is "$mail->{'header Subject'}, to $mail->{to}", 'Password reset instructions, to jane@example.com', 'what and to whom';
    my $url = $s->site_url('plain');
    like $mail->{link}, qr{\A\Q$url\E/login/reset-password[?]token=[A-Za-z0-9]{128}&tenantId=public\z}, 'the link';
    unlike $s->service->log_text, qr/\Q@{[token($mail)]}/, 'the log does not have the token';
    is $pg->value('SELECT count(*) FROM emailpassword_pswd_reset_tokens'), 1, 'one token';
};

subtest 'setting the password' => sub {
    ask('jane@example.com');
    my ($mail) = mails();
    my $token  = token($mail);
    my $few    = '{"status":"FIELD_ERROR","formFields":[{"error":"Password must contain at least 8 characters, including a number","id":"password"}]}';
    is set_password($token, 'x'), "200 $few", 'a bad password leaves the token';
    is call('/user/password/reset', form(password => 'secret-2')), '400 {"message":"Please provide the password reset token"}', 'no token';
    is set_password(7, 'secret-2'), '400 {"message":"The password reset token must be a string"}', 'no text';
    is set_password('x' x 128, 'secret-2'), $invalid, 'another token';
    is signs_in('jane@example.com', 'secret-1'), 'yes', 'up to now the old password';
    is set_password($token, 'secret-2'), $ok, 'set';
    is join(q{ }, map { signs_in('jane@example.com', "secret-$_") } 1, 2), 'no yes', 'the new password counts';
    is set_password($token, 'secret-3'), $invalid, 'once only';
    is $pg->value('SELECT count(*) FROM emailpassword_pswd_reset_tokens'), 0, 'all tokens of the user are gone';
    is $pg->value('SELECT count(*) FROM emailverification_verified_emails'), 0, 'this site does not verify addresses';
};

subtest 'a password that the address gives away' => sub {
    call('/signup', form(email => 'walther@example.com', password => 'four words of mine'), site => 'nist');
    ask('walther@example.com', site => 'nist');
    my ($mail) = mails();
    like set_password(token($mail), 'walther17', site => 'nist'), qr/"error":"This password is easy to guess from your e-mail address/, 'is refused, where the site is strict';
    is set_password(token($mail), 'other words of mine', site => 'nist'), $ok, 'another one is taken, with the same link';
};

subtest 'an old token' => sub {
    ask('jane@example.com');
    my ($mail) = mails();
    $pg->query('UPDATE emailpassword_pswd_reset_tokens SET token_expiry = 1');
    is set_password(token($mail), 'secret-3'), $invalid, 'is refused';
    is signs_in('jane@example.com', 'secret-2'), 'yes', 'nothing changed';
};

subtest 'the mail proves the address' => sub {
    ask('jane@example.com', site => 'verifies');
    my ($mail) = mails();
    is set_password(token($mail), 'secret-4', site => 'verifies'), $ok, 'set';
    is $pg->value('SELECT email FROM emailverification_verified_emails'), 'jane@example.com', 'verified where a site cares';
};

subtest 'primary users' => sub {
    my $primary = $users->add('thirdparty', email => 'max@example.com', tp => ['google', 'g-1'], joined => 1000);
    $users->make_primary($primary);
    is ask('max@example.com'), $ok, 'a user without a password is answered alike';
    is_deeply [mails()], [], 'but gets no mail';
    my $other = $users->add('thirdparty', email => 'moritz@example.com', tp => ['google', 'g-2'], joined => 2000);
    $users->link($other, $primary);
    is ask('max@example.com'),
      '200 {"status":"PASSWORD_RESET_NOT_ALLOWED","reason":"Reset password link was not created because of account take over risk. '
      . 'Please contact support. (ERR_CODE_001)"}', 'a user with two addresses, neither verified';
    $pg->query("INSERT INTO emailverification_verified_emails (user_id, email) VALUES ('$primary', 'max\@example.com')");
    is ask('max@example.com'), $ok, 'verified';

    my $owner = $users->add('emailpassword', email => 'eve@example.com', joined => 3000);
    $users->make_primary($owner);
    ask('eve@example.com');
    my ($mail) = mails();
    my $second = $users->add('thirdparty', email => 'else@example.com', tp => ['google', 'g-3'], joined => 4000);
    $users->link($second, $owner);
    is set_password(token($mail), 'secret-5'), $invalid, 'linked to another address meanwhile';
    is signs_in('eve@example.com', 'secret-5'), 'no', 'not taken over';
};

subtest 'a token for a user without a password' => sub {
    my $id = $users->add('thirdparty', email => 'tim@example.com', tp => ['google', 'g-4']);
    my $token = $s->core->post('/recipe/user/password/reset/token', { userId => $id, email => 'tim@example.com' })->{json}{token};
    is set_password($token, 'secret-6', site => 'verifies'), $ok, 'made by an SDK';
    is signs_in('tim@example.com', 'secret-6'), 'yes', 'the password is a login of its own';
    is $pg->value(q{SELECT count(*) FROM emailverification_verified_emails WHERE email = 'tim@example.com'}), 1, 'with a verified address';
    $token = $s->core->post('/recipe/user/password/reset/token', { userId => $id, email => 'tim@example.com' })->{json}{token};
    is set_password($token, 'secret-7'), $invalid, 'the address is taken now';
};

subtest 'tenants' => sub {
    $s->core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', firstFactors => ['emailpassword'] });
    is ask('jane@example.com', tenant => '/t1'), $ok, 'of another tenant';
    is_deeply [mails()], [], 'whose users are others';
    call('/t1/signup', form(email => 'jane@example.com', password => 'secret-8'));
    ask('jane@example.com', tenant => '/t1');
    my ($mail) = mails();
    like $mail->{link}, qr/&tenantId=t1\z/, 'the link names the tenant';
    is set_password(token($mail), 'secret-9', tenant => '/t1'), $ok, 'set there';
    is signs_in('jane@example.com', 'secret-9'), 'no', 'and not here';
};

done_testing;

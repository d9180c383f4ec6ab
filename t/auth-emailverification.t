# SPDX-License-Identifier: Apache-2.0
# Verifying an e-mail address at the auth door (spec: fdi-recipes 2): the mail, its link, and the session that learns of it.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP          ();
use MIME::QuotedPrint qw(decode_qp);
use Test::More;

use ST::Auth     qw(tokens_of);
use ST::Env      qw(read_file temp_dir wait_until);
use ST::Parallel qw(parallel);
use ST::Session  qw(F T create payload_of);
use ST::Stack;
use ST::Users;

my $mails = temp_dir('mails');
my @recipes = ('emailPassword', 'session', { emailVerification => { mode => 'REQUIRED' } });
my $s = ST::Stack->new(config => { bcrypt_log_rounds => 4 }, sites => {
    example => { recipeList => \@recipes, emailDelivery => { directory => $mails } },
    without => {},
});
my $core = $s->core;
my $auth = ST::Auth->new(url => $s->site_url('example'));
my $u    = ST::Users->new($s->pg);

my $n = 0;
sub signup (%opt) { return $core->post('/recipe/signup', { email => 'user' . ++$n . '@example.com', password => 'password1' }, %opt)->{json}{user} }
sub address ($user) { return $user->{emails}[0] }

# A session as a browser has it: its cookies.
sub session ($user, $claim = undef, %opt) {
    my $made = $core->post('/recipe/session', { userId => $user->{id}, enableAntiCsrf => F, userDataInJWT => { kept => 1, defined $claim ? ('st-ev' => { v => $claim, t => 1 }) : () },
        userDataInDatabase => {} }, %opt)->{json};
    return { handle => $made->{session}{handle}, cookies => { sAccessToken => $made->{accessToken}{token} } };
}
sub cookies ($session) { return (cookies => $session->{cookies}) }
sub line ($got) { return "$got->{status} $got->{text}" }

# The claim in the session's new access token, and in the database; they are the same, and new.
sub claim ($got, $session) {
    my $token  = tokens_of($got)->{sAccessToken} // return 'no new token';
    my $claim  = payload_of($token)->{'st-ev'};
    my $stored = JSON::PP->new->decode($s->pg->value("SELECT jwt_user_payload FROM session_info WHERE session_handle = '$session->{handle}'"));
    return 'another one in the database' if $stored->{'st-ev'}{t} != $claim->{t};
    return 'an old one' if abs($claim->{t} - time * 1000) > 60_000;
    return 'the rest is lost' if !payload_of($token)->{kept};
    return 'the front end is not told' if $got->{front}{up}{'st-ev'}{t} != $claim->{t};
    return $claim->{v} ? 'true' : 'false';
}

sub mail_texts { return map { decode_qp(read_file($_)) } sort glob "$mails/*" }
sub link_for ($address) {
    my $link;
    wait_until(20, sub { ($link) = map { m{^(http\S+/verify-email[?]\S+)}m ? $1 : () } grep { /\Q$address\E/ } mail_texts() });
    return $link // 'no mail';
}

my $ok      = '200 {"status":"OK"}';
my $already = '200 {"status":"EMAIL_ALREADY_VERIFIED_ERROR"}';
my $invalid = '200 {"status":"EMAIL_VERIFICATION_INVALID_TOKEN_ERROR"}';
sub ask_mail ($session, %opt)       { return $auth->post('/user/email/verify/token', undef, cookies($session), %opt) }
sub verify ($token, $session, %opt) { return $auth->post('/user/email/verify', { method => 'token', token => $token }, ($session ? cookies($session) : ()), %opt) }
sub ask ($session, %opt)            { return $auth->get('/user/email/verify', cookies($session), %opt) }
sub core_token ($user, %opt) { return $core->post('/recipe/user/email/verify/token', { userId => $user->{id}, email => address($user) }, %opt)->{json}{token} }

subtest 'the whole way' => sub {
    my $user    = signup();
    my $session = session($user, F);
    my $got     = ask($session);
    is line($got), '200 {"status":"OK","isVerified":false}', 'not verified';
    is claim($got, $session), 'false', 'the session knows';
    is line($got = ask_mail($session)), $ok, 'a mail';
    is_deeply $got->{cookies}, {}, 'the session, which knows already, stays as it is';
    my $link = link_for(address($user));
    like $link, qr{\A\Q@{[$s->site_url('example')]}\E/login/verify-email\?token=([\w-]{128})&tenantId=public\z}, 'leads to the page of the website';
    my ($token) = $link =~ /token=([^&]+)/;
    is line($got = verify($token, $session)), $ok, 'verified';
    is claim($got, $session), 'true', 'the session learns of it';
    is line(verify($token, $session)), $invalid, 'once';
    is line($got = ask($session)), '200 {"status":"OK","isVerified":true}', 'verified';
    is claim($got, $session), 'true', 'the session is told again';
    is line($got = ask_mail($session)), $already, 'no more mails';
    is claim($got, $session), 'true', 'the session is told';
    is scalar(mail_texts()), 1, 'one mail in all';
};

subtest 'sessions that are behind' => sub {
    my $user = signup();
    for my $case ([undef, 'without the claim'], [T, 'with a wrong one']) {
        my $session = session($user, $case->[0]);
        my $got = ask_mail($session);
        is line($got), $ok, $case->[1];
        is claim($got, $session), 'false', 'is corrected with the mail';
    }
    my $session = session($user, F);
    $core->post('/recipe/user/email/verify', { method => 'token', token => core_token($user) });
    my $got = ask($session);
    is line($got), '200 {"status":"OK","isVerified":true}', 'verified in another browser';
    is claim($got, $session), 'true', 'this one learns of it when it asks';
    $core->post('/recipe/user/email/verify/remove', { userId => $user->{id}, email => address($user) });
    is claim($got = ask($session), $session), 'false', 'taken back';
    my $header = $auth->get('/user/email/verify', headers => { authorization => "Bearer $session->{cookies}{sAccessToken}" });
    is line($header), '200 {"status":"OK","isVerified":false}', 'by header';
    ok $header->{headers}{'st-access-token'} && !%{ $header->{cookies} }, 'the new token comes as the old one did';
};

subtest 'a link in another browser' => sub {
    my ($user, $other) = (signup(), signup());
    my $got = verify(core_token($user), undef);
    is line($got), $ok, 'without a session';
    is_deeply [$got->{cookies}, $got->{front}], [{}, undef], 'makes none';
    $user = signup();
    my $session = session($other, F);
    is line($got = verify(core_token($user), $session)), $ok, 'with that of another user';
    is_deeply $got->{cookies}, {}, 'leaves it alone';
    is line(ask($session)), '200 {"status":"OK","isVerified":false}', 'which is not verified by it';
    is line(verify(core_token($user = signup()), { cookies => { sAccessToken => 'x' } })), $ok, 'a cookie that is no token counts as none';
    my $old = $core->post('/recipe/session', { userId => $user->{id}, enableAntiCsrf => F, userDataInJWT => {}, userDataInDatabase => {}, accessTokenValidity => 1 }, cdi => '5.6')->{json};
    sleep 2;
    my $token = core_token(signup());
    is line(verify($token, { cookies => { sAccessToken => $old->{accessToken}{token} } })), '401 {"message":"try refresh token"}', 'an expired session has to refresh';
    is line(verify($token, undef)), $ok, 'the token is good until then';
};

subtest 'who has no session' => sub {
    for my $call (sub (%opt) { $auth->get('/user/email/verify', %opt) }, sub (%opt) { $auth->post('/user/email/verify/token', undef, %opt) }) {
        is line($call->()), '401 {"message":"unauthorised"}', 'none';
        my $nobody = session({ id => 'nobody' });
        my $got = $call->(cookies($nobody));
        is line($got), '401 {"message":"unauthorised"}', 'one of nobody we know';
        is $got->{cookies}{sAccessToken}{raw}, q{}, 'ends';
        my $gone = session(my $user = signup(), T);
        $core->post('/recipe/session/remove', { sessionHandles => [$gone->{handle}] });
        is line($call->(cookies($gone))), '401 {"message":"unauthorised"}', 'one that was ended, when it is to be changed';
    }
    my $phone = $u->add('passwordless', phone => '+441');
    my $session = session({ id => $phone });
    is line(ask($session)), '200 {"status":"OK","isVerified":true}', 'who has no address is verified';
    my $got = ask_mail($session);
    is line($got), $already, 'and gets no mail';
    is claim($got, $session), 'true', 'the session is told';
};

subtest 'a user who was linked meanwhile' => sub {
    my ($user, $primary) = (signup(), signup());
    my $session = session($user, F);
    my $other   = session($user, F);
    my $token   = core_token($user);
    $u->make_primary($primary->{id});
    $u->link($user->{id}, $primary->{id});
    my $got = verify($token, $session, headers => { 'st-auth-mode' => 'cookie' });
    is line($got), $ok, 'verified';
    my $new = payload_of(tokens_of($got)->{sAccessToken});
    is_deeply [@$new{qw(sub rsub)}, $new->{'st-ev'}{v}], [$primary->{id}, $user->{id}, T], 'gets a session of the primary user';
    ok $got->{cookies}{sRefreshToken}{value}, 'a whole one';
    is $s->pg->value("SELECT count(*) FROM session_info WHERE session_handle IN ('$session->{handle}', '$other->{handle}')"), 0, 'in the place of all that it had';
    is $s->pg->value("SELECT count(*) FROM session_info WHERE user_id = '$user->{id}'"), 1, 'one';
};

subtest 'external ids' => sub {
    my $user = signup();
    $user->{id} = $u->map_id($user->{id}, 'external-1');
    my $session = session($user, F);
    is line(ask_mail($session)), $ok, 'a mail';
    my ($token) = link_for(address($user)) =~ /token=([^&]+)/;
    is line(my $got = verify($token, $session)), $ok, 'its token';
    is claim($got, $session), 'true', 'verifies the user of the session';
};

subtest 'tenants' => sub {
    $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' });
    my $user    = signup(prefix => '/t1');
    my $session = session($user, F, prefix => '/t1');
    is line(ask_mail($session)), $ok, 'asked at no tenant';
    my $link = link_for(address($user));
    like $link, qr/&tenantId=t1\z/, 'the mail is of the tenant of the session';
    my ($token) = $link =~ /token=([^&]+)/;
    is line(verify($token, $session)), $invalid, 'its token is not good elsewhere';
    is line($auth->post('/nowhere/user/email/verify', { method => 'token', token => $token })), '400 {"message":"Unknown tenant: nowhere"}', 'nor nowhere';
    my $got = $auth->post('/t1/user/email/verify', { method => 'token', token => $token }, cookies($session));
    is line($got), $ok, 'there it is';
    is claim($got, $session), 'true', 'and the session knows';
};

subtest 'input' => sub {
    my $missing = '400 {"message":"Please provide the email verification token"}';
    my $wrong   = '400 {"message":"The email verification token must be a string"}';
    my $post    = sub ($body) { line($auth->post('/user/email/verify', $body)) };
    is $post->($_), $missing, 'no token' for {}, { method => 'token' }, { token => undef }, q{};
    is $post->({ token => $_ }), $wrong, 'no string' for 5, T, [], {}, "a\0b";
    is $post->({ method => $_, token => 'x' }), $invalid, 'the method does not count' for 'link', 5, undef;
    is $post->({ token => $_ }), $invalid, 'no token of ours' for q{}, 'x' x 60_000;
    like $post->($_), qr/\A400 /, 'no object' for 'x', '[]', '"x"', '{"token":';
    is $post->({ token => 'x' x 2_000_000 }) =~ /\A413 / ? 413 : 'taken', 413, 'too large';
    is line(ask_mail(session(signup(), F), headers => { 'accept-language' => 'x' x 5000 })), $ok, 'a long list of languages';
    my $without = ST::Auth->new(url => $s->site_url('without'));
    is $without->$_('/user/email/verify')->{status}, 404, 'a site without the recipe' for qw(get post);
    is $auth->put('/user/email/verify', {})->{status}, 404, 'another method';
};

subtest 'at the same time' => sub {
    my $user    = signup();
    my $session = session($user, F);
    my $token   = core_token($user);
    my @got = parallel(map { sub { line(ST::Auth->new(url => $s->site_url('example'))->post('/user/email/verify', { token => $token }, cookies($session))) } } 1 .. 6);
    is_deeply [sort @got], [($invalid) x 5, $ok], 'of six with one token one succeeds';
    is line(ask($session)), '200 {"status":"OK","isVerified":true}', 'verified';
};

done_testing;

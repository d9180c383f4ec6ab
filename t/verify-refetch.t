# SPDX-License-Identifier: Apache-2.0
# Who has verified the address elsewhere gets in: the claim of the session is fetched anew (spec: fdi-session 8.2).
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth    qw(tokens_of);
use ST::Env     qw(temp_dir write_file);
use ST::Session qw(create payload_of F T);
use ST::Stack;
use ST::Users;

my $dir = temp_dir('www');
write_file("$dir/$_", "content\n") for qw(page admin any);
my $conf = <<"END";
location = /page { root $dir; auth_request "/st-verify/email verified"; include verify-protect.conf; }
location = /admin { root $dir; auth_request "/st-verify/email verified, role=admin"; include verify-protect.conf; }
location = /any { root $dir; auth_request /st-verify; include verify-protect.conf; }
END
my %sites = (example => ['session', { emailVerification => { mode => 'OPTIONAL' } }], without => ['session']);
my $s = ST::Stack->new(
    config    => { bcrypt_log_rounds => 4 },
    sites     => { map { ($_ => { recipeList => $sites{$_} }) } keys %sites },
    site_conf => { map { ($_ => $conf) } keys %sites },
);
my $core = $s->core;
my $site = ST::Auth->new(url => $s->site_url('example'));
my $u    = ST::Users->new($s->pg);

my $n = 0;
sub user () { return $core->post('/recipe/signup', { email => 'user' . ++$n . '@example.com', password => 'password1' })->{json}{user} }

# CLAIM: st-ev, or undef for none.
sub session ($user, $claim) {
    return create($core, { userId => $user->{id}, userDataInJWT => { kept => 1, defined $claim ? ('st-ev' => $claim) : () } });
}

sub ask ($path, $session, %more) {
    my $client = delete $more{client} // $site;
    my $got    = $client->get(undef, at => $path, cookies => { sAccessToken => $session->{accessToken}{token} }, %more);
    return "$got->{status} $got->{text}" =~ s/\{"message":"invalid claim".*/invalid/r . ($got->{headers}{location} // q{}) =~ s/.*(?=\/login)//r;
}

sub stored ($session) {
    return $s->pg->value("SELECT jwt_user_payload::jsonb -> 'st-ev' ->> 'v' FROM session_info WHERE session_handle = '$session->{session}{handle}'");
}

my $try     = '401 {"message":"try refresh token"}';
my $invalid = '403 invalid';
my $old     = { v => F, t => 1 };
sub new_claim { return { v => F, t => (time + 3600) * 1000 } }    # stays new for the ten seconds that count, and longer

subtest 'an address that is verified by now' => sub {
    for my $claim ($old, undef) {
        my $user    = user();
        my $session = session($user, $claim);
        is ask('/page', $session), $invalid, 'not yet';
        $u->verify($user->{id}, $user->{emails}[0]);
        is ask('/page', $session), $try, 'then the client is to refresh';
        is ask('/page', $session, headers => { accept => 'text/html' }), '302 /login/try-refresh?redirectToPath=%2Fpage', 'or the page that does it';
        my $got = $site->post('/session/refresh', undef, cookies => { sRefreshToken => $session->{refreshToken}{token} });
        my $new = { accessToken => { token => tokens_of($got)->{sAccessToken} } };
        my $payload = payload_of($new->{accessToken}{token});
        is $payload->{'st-ev'}{v}, T, 'which brings the new claim';
        cmp_ok abs($payload->{'st-ev'}{t} - time * 1000), '<', 60_000, 'as of now';
        is $payload->{kept}, 1, 'beside the others';
        is ask('/page', $new), "200 content\n", 'and lets it in';
        is ask('/admin', $new), $invalid, 'but nowhere else';
    }
};

subtest 'who is not looked up' => sub {
    my $user = user();
    my ($fresh, $other) = (session($user, new_claim()), session($user, { v => 'no', t => 1 }));
    my $late = session($user, $old);
    is ask('/page', $late), $invalid, 'not verified';
    is stored($late), 'false', 'nothing is written';
    $u->verify($user->{id}, $user->{emails}[0]);
    is ask('/page', $fresh), $invalid, 'asked a moment ago';
    is ask('/page', $other), $invalid, 'neither true nor false';
    is ask('/any', $late), "200 content\n", 'where it does not matter';
    is ask('/page', $late, client => ST::Auth->new(url => $s->site_url('without'))), $invalid, 'at a site without the recipe';
    is stored($_), 'false', 'nothing is written' for $late, $fresh;
    is ask('/page', session({ id => 'nobody' }, $old)), $invalid, 'who is no user';
};

subtest 'a session that has been ended' => sub {
    my $user    = user();
    my $session = session($user, $old);
    $u->verify($user->{id}, $user->{emails}[0]);
    $core->post('/recipe/session/remove', { sessionHandles => [$session->{session}{handle}] });
    is ask('/page', $session), $try, 'cannot tell';
    is $site->post('/session/refresh', undef, cookies => { sRefreshToken => $session->{refreshToken}{token} })->{status}, 401, 'until it is refreshed';
};

done_testing;

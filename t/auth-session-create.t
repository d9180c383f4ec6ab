# SPDX-License-Identifier: Apache-2.0
# New sessions at the auth door: how tokens travel, claims, users in answers (spec: fdi 5, fdi-session 3 to 5, 8).
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;

use ST::Auth    qw(tokens_of);
use ST::Session qw(create payload_of);
use ST::Stack;
use ST::Users;

sub session (%options) { return { recipeList => ['emailPassword', { session => \%options }] } }
my $s = ST::Stack->new(
    config => { bcrypt_log_rounds => 4 },
    sites  => {
        plain  => {},
        claims => { recipeList => ['userRoles', 'session', 'emailPassword', { emailVerification => { mode => 'OPTIONAL' } }] },
        roles  => { recipeList => ['session', 'emailPassword', { userRoles => { skipAddingPermissionsToAccessToken => JSON::PP::true } }] },
        token  => session(antiCsrf => 'VIA_TOKEN', exposeAccessTokenToFrontendInCookieBasedAuth => JSON::PP::true),
        header => session(getTokenTransferMethod => 'header'),
        static => session(useDynamicAccessTokenSigningKey => JSON::PP::false, accessTokenPath => '/app/'),
    },
);
my %auth = map { ($_ => ST::Auth->new(url => $s->site_url($_))) } qw(plain claims roles token header static);
my %form = (formFields => [{ id => 'email', value => 'jane@example.com' }, { id => 'password', value => 'secret-1' }]);
my $user = $s->core->post('/recipe/signup', { email => 'jane@example.com', password => 'secret-1' })->{json}{user};

sub sign_in ($site, $mode = 'cookie', %more) {
    my %headers = (($mode ? ('st-auth-mode' => $mode) : ()), %{ $more{headers} // {} });
    return $auth{$site}->post($more{path} // '/signin', { %form, %{ $more{body} // {} } }, %more, headers => \%headers);
}

# The payload's own members, without their times, in order.
sub claims ($got) { return JSON::PP->new->canonical->encode(drop_times(payload_of(tokens_of($got)->{sAccessToken}))) }

sub drop_times ($payload) {
    my %own = map { ($_ => $payload->{$_}) } grep { /\A(?:iss|st-)/ } keys %$payload;
    for my $claim (grep { ref } values %own) { like delete $claim->{t}, qr/\A\d{13}\z/, 'a claim says when it was true' }
    return \%own;
}

subtest 'the way of the tokens' => sub {
    my %by = map { ($_ // 'none' => sign_in('plain', $_)) } 'cookie', 'COOKIE', 'header', 'other', undef;
    for my $mode (qw(cookie COOKIE)) {
        is_deeply [sort keys %{ $by{$mode}{cookies} }], [qw(sAccessToken sRefreshToken)], "$mode: cookies";
        ok !exists $by{$mode}{headers}{'st-access-token'}, 'only';
    }
    for my $mode (qw(header other none)) {
        is_deeply $by{$mode}{cookies}, {}, "$mode: no cookies";
        ok length $by{$mode}{headers}{$_}, $_ for qw(st-access-token st-refresh-token);
    }
    is_deeply sign_in('header')->{cookies}, {}, 'a site can allow headers only';
    for my $got ($by{cookie}, $by{header}) {
        my $payload = payload_of(tokens_of($got)->{sAccessToken});
        is_deeply $got->{front}, { uid => $user->{id}, ate => $payload->{exp} * 1000, up => $payload }, 'the front token';
        is $got->{headers}{'cache-control'}, 'no-store', 'nobody keeps them';
        is $auth{plain}->post('/session/refresh', undef, cookies => { sRefreshToken => tokens_of($got)->{sRefreshToken} })->{status}, 200, 'the session refreshes';
    }
    my $got = sign_in('plain', 'header', cookies => tokens_of($by{cookie}));
    is $got->{cookies}{$_}{raw}, q{}, "$_ of an older session is cleared" for qw(sAccessToken sRefreshToken);
    is $got->{front}{uid}, $user->{id}, 'and the new one told';
    $got = sign_in('plain', 'header', cookies => { sAccessToken => 'x' });
    is_deeply $got->{cookies}, {}, 'what is no token of ours stays';
};

subtest 'options of a site' => sub {
    my $got = sign_in('token');
    like $got->{headers}{'anti-csrf'}, qr/\A[\da-f-]{36}\z/, 'an anti-csrf token';
    is payload_of(tokens_of($got)->{sAccessToken})->{antiCsrfToken}, $got->{headers}{'anti-csrf'}, 'which the access token holds';
    is $got->{headers}{'st-access-token'}, tokens_of($got)->{sAccessToken}, 'the access token for scripts to read';
    is $got->{headers}{'access-control-expose-headers'}, 'front-token, st-access-token, anti-csrf', 'exposed';
    my $refreshed = $auth{token}->post('/session/refresh', undef, cookies => tokens_of($got), headers => { 'anti-csrf' => $got->{headers}{'anti-csrf'} });
    my $out = $auth{token}->post('/signout', undef, cookies => tokens_of($refreshed), headers => { 'anti-csrf' => $refreshed->{headers}{'anti-csrf'} });
    is $out->{headers}{'front-token'}, 'remove', 'a refreshed session signs out';
    ok !exists $out->{headers}{'st-access-token'}, 'and shows nobody its last token';
    ok !exists sign_in('token', 'header')->{headers}{'anti-csrf'}, 'none by header';
    $got = sign_in('static');
    like $got->{cookies}{sAccessToken}{attributes}, qr{; Path=/app;}, 'path of the access token';
    like ST::Session::header_of(tokens_of($got)->{sAccessToken})->{kid}, qr/\As-/, 'signed by a static key';
    is $auth{static}->post('/signout', undef, cookies => tokens_of($got))->{text}, '{"status":"OK"}', 'which is good there';
};

subtest 'claims' => sub {
    my $iss = $s->site_url('plain') . '/auth';
    is claims(sign_in('plain')), qq({"iss":"$iss"}), 'none without their recipes';
    $iss = $s->site_url('claims') . '/auth';
    is claims(sign_in('claims')), qq({"iss":"$iss","st-ev":{"v":false},"st-perm":{"v":[]},"st-role":{"v":[]}}), 'of somebody new';
    $s->core->put('/recipe/role', { role => $_, permissions => ["$_ all", 'read'] }) for qw(cook waiter);
    $s->core->put('/recipe/user/role', { userId => $user->{id}, role => $_ }) for qw(waiter cook);
    my $token = $s->core->post('/recipe/user/email/verify/token', { userId => $user->{id}, email => 'jane@example.com' })->{json}{token};
    $s->core->post('/recipe/user/email/verify', { method => 'token', token => $token });
    is claims(sign_in('claims')),
      qq({"iss":"$iss","st-ev":{"v":true},"st-perm":{"v":["cook all","read","waiter all"]},"st-role":{"v":["cook","waiter"]}}), 'of somebody known';
    my $names = tokens_of(sign_in('claims'))->{sAccessToken};
    like ST::Session::part_text($names, 1), qr/"iss".*"st-role".*"st-perm".*"st-ev"/, 'in the order of the recipes';
    $iss = $s->site_url('roles') . '/auth';
    is claims(sign_in('roles')), qq({"iss":"$iss","st-role":{"v":["cook","waiter"]}}), 'permissions left out';
};

subtest 'an address that another login of the user has verified' => sub {
    my $u   = ST::Users->new($s->pg);
    my $ep  = $s->core->post('/recipe/signup', { email => 'max@example.com', password => 'secret-1' })->{json}{user}{id};
    my $tp  = $u->make_primary($u->add('thirdparty', email => 'max@example.com', tp => ['google', 'g-1'], joined => 1000));
    my %max = (body => { formFields => [{ id => 'email', value => 'max@example.com' }, { id => 'password', value => 'secret-1' }] });
    $u->link($ep, $tp);
    my $ev = sub ($site) { return payload_of(tokens_of(sign_in($site, 'cookie', %max))->{sAccessToken})->{'st-ev'}{v} };
    is $ev->('claims'), JSON::PP::false, 'not before';
    $u->verify($tp, 'max@example.com');
    sign_in('plain', 'cookie', %max);
    is $s->pg->value("SELECT count(*) FROM emailverification_verified_emails WHERE user_id = '$ep'"), 0, 'not at a site that does not care';
    is $ev->('claims'), JSON::PP::true, 'is verified for this one, too';
    is $s->pg->value("SELECT count(*) FROM emailverification_verified_emails WHERE user_id = '$ep'"), 1, 'for good';
};

subtest 'users in answers' => sub {
    my $new = $s->core->get('/user/id', query => { userId => $user->{id} })->{json}{user};
    my $got = sign_in('plain');
    is_deeply $got->{json}{user}, $new, 'the whole user';
    like $got->{text}, qr/\A\{"status":"OK","user":\{"id":.*"isPrimaryUser":.*"tenantIds":.*"emails":.*"phoneNumbers":.*"thirdParty":.*"webauthn":.*"loginMethods":\[\{"recipeId":.*"recipeUserId":.*"tenantIds":.*"email":.*"timeJoined":.*"verified":.*\}\],"timeJoined":\d+\}/, 'in the order of the SDK';
    my %short = (id => $user->{id}, timeJoined => $user->{timeJoined}, email => 'jane@example.com');
    my %want  = ('1.17' => \%short, '1.18' => $new, '1.19' => $new, '2.0' => \%short, '3.0' => $new, '4.2' => $new, '1.16,3.1, 2.0' => $new, '1.17,2.0' => \%short, 'x' => $new);
    is_deeply sign_in('plain', 'cookie', headers => { 'fdi-version' => $_ })->{json}{user}, $want{$_}, "fdi-version $_" for sort keys %want;
};

subtest 'a session that is there' => sub {
    my $expired = create($s->core, { accessTokenValidity => 1 }, cdi => '5.6')->{accessToken}{token};
    sleep 2;
    my %try = (cookies => { sAccessToken => $expired });
    is sign_in('plain', 'cookie', %try)->{status}, 200, 'is not looked at';
    is sign_in('plain', 'cookie', %try, headers => { 'fdi-version' => '3.0' })->{text}, '{"message":"try refresh token"}', 'but before 3.1';
    is sign_in('plain', 'cookie', %try, body => { shouldTryLinkingWithSessionUser => JSON::PP::true })->{status}, 401, 'or when linking is wanted';
    is sign_in('plain', 'cookie', body => { shouldTryLinkingWithSessionUser => JSON::PP::true })->{text}, '{"message":"unauthorised"}', 'which needs one';
    is sign_in('plain', 'cookie', headers => { 'fdi-version' => '3.0' })->{status}, 200, 'before 3.1 it does not';

    my $other = $s->core->post('/recipe/signup', { email => 'joe@example.com', password => 'secret-1' })->{json}{user};
    my %own = map { ($_->[0] => { sAccessToken => create($s->core, { userId => $_->[1]{id} })->{accessToken}{token} }) } [jane => $user], [joe => $other];
    my $kept = sign_in('plain', 'cookie', cookies => $own{jane}, headers => { 'fdi-version' => '3.0' });
    is $kept->{json}{status}, 'OK', 'then one of the same user';
    is_deeply [$kept->{cookies}, $kept->{front}], [{}, undef], 'goes on';
    is sign_in('plain', 'cookie', cookies => $own{joe}, headers => { 'fdi-version' => '3.0' })->{front}{uid}, $user->{id}, 'one of another user is replaced';
    is sign_in('plain', 'cookie', cookies => $own{jane})->{front}{uid}, $user->{id}, 'since 3.1 any is';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# One session by its handle: reading it, its data and its payload, and what is left when its time is over.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep time);
use ST::Session qw(T F create payload_of refresh shape verify);
use ST::Stack;

my $s    = ST::Stack->new;
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;
my $none = { status => 'UNAUTHORISED', message => 'Session does not exist.' };

sub get ($path, $handle, %opt) { return $core->get($path, query => { sessionHandle => $handle }, %opt) }
sub row ($handle, $column)     { return $pg->value("SELECT $column FROM session_info WHERE session_handle = '$handle'") }

# What each operation on a handle answers, as text without line end.
sub operations ($handle, %opt) {
    my %call = (
        'get'      => sub { return get('/recipe/session', $handle, %opt) },
        'get data' => sub { return get('/recipe/session/data', $handle, %opt) },
        'get jwt'  => sub { return get('/recipe/jwt/data', $handle, %opt) },
        'put data' => sub { return $core->put('/recipe/session/data', { sessionHandle => $handle, userDataInDatabase => { x => 1 } }, %opt) },
        'put jwt'  => sub { return $core->put('/recipe/jwt/data', { sessionHandle => $handle, userDataInJWT => { x => 1 } }, %opt) },
    );
    return { map { ($_ => $call{$_}->()) } keys %call };
}

subtest 'reading' => sub {
    my $text    = '{"userId":"u","enableAntiCsrf":false,"userDataInJWT":{"j":null,"n":1.0},"userDataInDatabase":{"d":[1,2.0],"b":{"c":"\u00e9"}}}';
    my $session = $core->post('/recipe/session', $text)->{json};
    my $handle  = $session->{session}{handle};
    for (['2.7', q{}, q{}], ['2.21', q{}, q{}], ['3.0', q{}, ' tenantId'], ['4.0', 'recipeUserId ', ' tenantId'], ['5.6', 'recipeUserId ', ' tenantId']) {
        my ($cdi, $recipe_user, $tenant) = @$_;
        my $answer = get('/recipe/session', $handle, cdi => $cdi);
        is shape($answer), "{sessionHandle userId ${recipe_user}userDataInDatabase{d[]b{c}}expiry userDataInJWT{j n}timeCreated status$tenant}", "CDI $cdi: members";
        is_deeply $answer->{json},
          {
            status        => 'OK',
            sessionHandle => $handle,
            userId        => 'u',
            ($recipe_user ? (recipeUserId => 'u')  : ()),
            ($tenant      ? (tenantId => 'public') : ()),
            userDataInDatabase => { d => [1, 2], b => { c => "\x{e9}" } },
            userDataInJWT      => { j => undef, n => 1 },
            expiry             => $session->{refreshToken}{expiry},
            timeCreated        => $session->{refreshToken}{createdTime},
          },
          'content';
        is get('/recipe/session/data', $handle, cdi => $cdi)->{text}, qq({"status":"OK","userDataInDatabase":{"d":[1,2.0],"b":{"c":"\xc3\xa9"}}}\n), 'data';
        is get('/recipe/jwt/data', $handle, cdi => $cdi)->{text}, qq({"status":"OK","userDataInJWT":{"j":null,"n":1.0}}\n), 'payload';
    }
    my $fresh = refresh($core, $session->{refreshToken}{token});
    my $after = get('/recipe/session', $handle)->{json};
    is_deeply [@$after{qw(expiry timeCreated)}], [$fresh->{refreshToken}{expiry}, $session->{refreshToken}{createdTime}], 'after a refresh it ends later';
};

subtest 'writing' => sub {
    my $handle = create($core)->{session}{handle};
    for my $cdi (qw(2.7 2.21 3.0 5.6)) {
        my $answer = $core->put('/recipe/session/data', qq({"sessionHandle":"$handle","userDataInDatabase":{"cdi":"$cdi","n":1e2,"z":null}}), cdi => $cdi);
        is "$answer->{status} $answer->{text}", qq(200 {"status":"OK"}\n), "CDI $cdi: data";
        is row($handle, 'session_data'), qq({"cdi":"$cdi","n":1e2,"z":null}), 'is stored as given';
        $answer = $core->put('/recipe/jwt/data', qq({"sessionHandle":"$handle","userDataInJWT":{"b":"$cdi","a":-0}}), cdi => $cdi);
        is "$answer->{status} $answer->{text}", qq(200 {"status":"OK"}\n), 'payload';
        is row($handle, 'jwt_user_payload'), qq({"b":"$cdi","a":-0}), 'is stored as given';
    }
    is row($handle, q{expires_at - created_at_time}), 144_000 * 60_000, 'and nothing else changes';
};

subtest 'protected names in a payload' => sub {
    my $handle = create($core)->{session}{handle};
    my @v3     = qw(sub exp iat sessionHandle refreshTokenHash1 parentRefreshTokenHash1 antiCsrfToken);
    my %names  = ('2.20' => [], '2.21' => \@v3, '3.0' => [@v3, 'tId'], '4.0' => [@v3, qw(tId rsub)], '5.6' => [@v3, qw(tId rsub)]);
    for my $cdi (sort keys %names) {
        for my $name (@v3, qw(tId rsub userId)) {
            my $protected = grep { $_ eq $name } @{ $names{$cdi} };
            my $answer    = $core->put('/recipe/jwt/data', { sessionHandle => $handle, userDataInJWT => { $name => 1 } }, cdi => $cdi);
            is "$answer->{status} $answer->{text}", $protected ? "400 The user payload contains protected field\n" : qq(200 {"status":"OK"}\n), "$name at $cdi";
            is row($handle, 'jwt_user_payload'), qq({"$name":1}), 'is stored' if !$protected;
        }
    }
    my $answer = $core->put('/recipe/jwt/data', { sessionHandle => 'x', userDataInJWT => { sub => 1 } });
    is "$answer->{status} $answer->{text}", "400 The user payload contains protected field\n", 'before the session is looked for';
    is $core->put('/recipe/session/data', { sessionHandle => $handle, userDataInDatabase => { sub => 1 } })->{json}{status}, 'OK', 'data may hold any name';
};

subtest 'sessions that are not there' => sub {
    my $expired = create($core)->{session}{handle};
    $pg->query("UPDATE session_info SET expires_at = 1 WHERE session_handle = '$expired'");
    for my $handle ('x', q{}, $expired, "\x{e9}", 'x' x 1000, "' OR '1'='1", '00000000-0000-4000-8000-000000000000', 'x_public') {
        for my $cdi (qw(2.7 5.6)) {
            my $got = operations($handle, cdi => $cdi);
            is_deeply $got->{$_}{json}, $none, "CDI $cdi: $_ of '" . substr($handle, 0, 10) . q{'} for sort keys %$got;
        }
    }
    is row($expired, 'session_data'), '{}', 'nothing is written to an expired one';
    my $text = 'AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination not found: (, public, t9)';
    my $got  = operations('x_t9');
    is "$got->{$_}{status} $got->{$_}{text}", "400 $text\n", "$_ of an unknown tenant" for sort keys %$got;
    $got = operations('x_t9_t8');
    is "$got->{$_}{status} $got->{$_}{text}", "400 $text\n", "$_ with a second mark" for sort keys %$got;
};

subtest 'the tenant of the path does not count' => sub {
    $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $_ }) for qw(t1 t2);
    my $handle = create($core->with(prefix => '/t1'))->{session}{handle};
    for my $prefix (q{}, '/t1', '/t2', '/nowhere') {
        my $got = operations($handle, prefix => $prefix);
        is $got->{$_}{json}{status}, 'OK', "$_ by '$prefix'" for sort keys %$got;
    }
    my $uuid = $handle =~ s/_t1//r;
    my $got = operations("${uuid}_t2");
    is_deeply $got->{$_}{json}, $none, "$_ with another tenant's name" for sort keys %$got;
};

subtest 'time passes' => sub {
    my $short = ST::Stack->new(pg => $pg, db => $pg->create_db('short'), config => { access_token_validity => 1, access_token_validity_jitter => 0 });
    my $door  = $short->core->with(cdi => '5.6');
    my $session = create($door);
    my ($token, $handle) = ($session->{accessToken}{token}, $session->{session}{handle});
    sleep 0.01 while 1000 * time < $session->{accessToken}{expiry} + 2;
    is_deeply verify($door, $token), { status => 'TRY_REFRESH_TOKEN', message => 'Access token expired' }, 'after a second its access token has expired';
    my $fresh = refresh($door, $session->{refreshToken}{token});
    is $fresh->{status}, 'OK', 'a refresh';
    cmp_ok $fresh->{refreshToken}{expiry}, '>', $session->{refreshToken}{expiry}, 'gives it more time';
    $short->service->write_config(refresh_token_validity => 0.02);
    $short->restart_service;
    my $last = refresh($door, $fresh->{refreshToken}{token});
    is $last->{refreshToken}{expiry} - $last->{refreshToken}{createdTime}, 1200, 'or less, when that has been changed';
    sleep 0.01 while 1000 * time < $last->{refreshToken}{expiry} + 2;
    is_deeply $door->get('/recipe/session', query => { sessionHandle => $handle })->{json}, $none, 'then the session has expired';
    for my $cdi (qw(5.6 5.4)) {
        is_deeply refresh($door, $_->{refreshToken}{token}, {}, cdi => $cdi), { status => 'UNAUTHORISED', message => 'Session missing in db or has expired' }, "CDI $cdi: nor refreshed"
          for $last, $fresh, $session;
    }
    is_deeply $door->get('/recipe/session/user', query => { userId => 'user' })->{json}, { status => 'OK', sessionHandles => [] }, 'nor listed';

    # Verify does not look at the session's end.
    $session = create($core);
    $pg->query("UPDATE session_info SET expires_at = 1 WHERE session_handle = '$session->{session}{handle}'");
    is verify($core, $session->{accessToken}{token}, { checkDatabase => T }, cdi => $_)->{status}, 'OK', "CDI $_: verify" for qw(5.4 5.6);
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# Every route of the core door, while memory, PostgreSQL or the connection fails.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Fault;
use ST::Session qw(F T create_input refresh_input verify_input);

my $f = ST::Fault->new;
my $n = 0;

sub fresh ($what = 'x') { return $what . ++$n }
sub email { return fresh('user') . '@example.com' }
sub post ($path, $body, %opt) { return $f->made('POST', $path, $body, %opt) }
sub put ($path, $body, %opt) { return $f->made('PUT', $path, $body, %opt) }
sub sweep (@row) { return $f->route('core', @row) }

sub user { my %in = (email => email(), password => 'password1'); return { %in, id => post('/recipe/signup', \%in)->{user}{id} } }
sub session (%more) { return post('/recipe/session', create_input(%more)) }
sub reset_token ($user) { return post('/recipe/user/password/reset/token', { userId => $user->{id}, email => $user->{email} })->{token} }
sub verify_token ($user) { return post('/recipe/user/email/verify/token', { userId => $user, email => 'a@example.com' })->{token} }

my $user    = user();
my $session = session();
my $handle  = $session->{session}{handle};
my $token   = $session->{accessToken}{token};
put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', firstFactors => undef });
put('/recipe/role', { role => 'r', permissions => ['p'] });

# ---- the service itself ----
sweep($_ => '/hello') for qw(GET POST PUT DELETE);
sweep($_ => '/')      for qw(GET POST PUT DELETE);
sweep(GET => '/apiversion');
sweep(GET => '/config', { pid => $f->{service}->master });
sweep(GET => $_) for qw(/telemetry /requests/stats /user/search/tags /recipe/jwt/jwks /.well-known/jwks.json /migration/mode);
sweep(GET => '/migration/backfill/progress', { verify => 'true' });

# ---- sessions ----
sweep(POST => '/recipe/jwt', { payload => { a => 1 }, algorithm => 'RS256', jwksDomain => 'http://localhost', validity => 60 });
sweep(POST => '/recipe/session', create_input(userDataInJWT => { a => [1, 2] }, userDataInDatabase => { b => 'x' x 100 }));
sweep(GET  => '/recipe/session', { sessionHandle => $handle });
sweep(POST => '/recipe/session/verify', verify_input($token));
sweep(POST => '/recipe/session/verify', verify_input($token, checkDatabase => T), name => 'with the database');
sweep(POST => '/recipe/session/refresh', sub { return refresh_input(session()->{refreshToken}{token}, '5.6') });
sweep(POST => '/recipe/session/regenerate', { accessToken => $token, userDataInJWT => { a => 1 } });
sweep(POST => '/recipe/session/remove', sub { return { sessionHandles => [session()->{session}{handle}] } });
sweep(POST => '/recipe/session/remove', sub { my $id = fresh('s'); session(userId => $id); return { userId => $id } }, name => 'of a user');
sweep(GET  => '/recipe/session/user', { userId => 'user' });
sweep(GET  => $_, { sessionHandle => $handle }) for '/recipe/session/data', '/recipe/jwt/data';
sweep(PUT  => '/recipe/session/data', { sessionHandle => $handle, userDataInDatabase => { a => 1 } });
sweep(PUT  => '/recipe/jwt/data',     { sessionHandle => $handle, userDataInJWT      => { a => 1 } });
sweep(POST => '/recipe/handshake', undef, cdi => '2.9');

# ---- passwords ----
sweep(POST => '/recipe/signup', sub { return { email => email(), password => 'password1' } });
sweep(POST => '/recipe/signin', { email => $user->{email}, password => 'password1' });
sweep(GET  => '/recipe/user', { email => $user->{email} }, rid => 'emailpassword', cdi => '3.0');
sweep(PUT  => '/recipe/user', sub { return { recipeUserId => user()->{id}, email => email(), password => 'password2' } }, rid => 'emailpassword');
sweep(POST => '/recipe/user/password/reset/token', { userId => $user->{id}, email => $user->{email} });
sweep(POST => '/recipe/user/password/reset/token/consume', sub { return { token => reset_token(user()) } });
sweep(POST => '/recipe/user/password/reset', sub { return { method => 'token', token => reset_token(user()), newPassword => 'password3' } }, cdi => '3.0');
sweep(POST => '/recipe/user/passwordhash/import', sub { return { email => email(), passwordHash => '$2a$04$GFCEuRaxzy5jmJmlY7vbouEQ12MMfjX95CmJIdj0wSYYThp8JWhzi', hashingAlgorithm => 'BCRYPT' } });

# ---- users ----
sweep(GET => '/user/id', { userId => $user->{id} });
sweep(GET => '/users/by-accountinfo', { doUnionOfAccountInfo => 'true', email => $user->{email} });
sweep(GET => '/users', { limit => 5, timeJoinedOrder => 'ASC' });
sweep(GET => '/users', { limit => 5, timeJoinedOrder => 'DESC', email => $user->{email}, includeRecipeIds => 'emailpassword' }, name => 'searched');
sweep(GET => '/users/count', { includeAllTenants => 'true' });
sweep(POST => '/recipe/signinup', sub { return { thirdPartyId => 'google', thirdPartyUserId => fresh('g'), email => { id => email(), isVerified => T } } });
sweep(GET => '/recipe/user', { thirdPartyId => 'google', thirdPartyUserId => "g$n" }, rid => 'thirdparty', cdi => '3.0');
sweep(GET => '/recipe/users/by-email', { email => $user->{email} }, cdi => '3.0');

# ---- verified addresses ----
my %address = (userId => 'u', email => 'a@example.com');
sweep(POST => '/recipe/user/email/verify/token', sub { return { userId => fresh('u'), email => 'a@example.com' } });
sweep(POST => '/recipe/user/email/verify', sub { return { method => 'token', token => verify_token(fresh('u')) } });
sweep(GET  => '/recipe/user/email/verify', {%address});
sweep(POST => '/recipe/user/email/verify/token/remove', sub { verify_token('u2'); return { userId => 'u2', email => 'a@example.com' } });
sweep(POST => '/recipe/user/email/verify/remove', sub { post('/recipe/user/email/verify', { method => 'token', token => verify_token('u3') }); return { userId => 'u3', email => 'a@example.com' } });

# ---- roles ----
sub role { my $role = fresh('role'); put('/recipe/role', { role => $role, permissions => ['p', 'q'] }); return $role }
sub remove_role ($in, @) { post('/recipe/role/remove', { role => $in->{role} }); return }
sweep(PUT => '/recipe/role', sub { return { role => fresh('role'), permissions => ['p', 'q'] } }, undo => \&remove_role);
sweep(GET => '/recipe/roles');
sweep(POST => '/recipe/role/remove', sub { return { role => role() } });
sweep(GET  => '/recipe/role/permissions', { role => 'r' });
sweep(POST => '/recipe/role/permissions/remove', sub { return { role => role(), permissions => ['p'] } }, undo => \&remove_role);
sweep(GET  => '/recipe/permission/roles', { permission => 'p' });
sweep(PUT  => '/recipe/user/role', sub { return { userId => fresh('u'), role => 'r' } });
sweep(POST => '/recipe/user/role/remove', sub { my %in = (userId => fresh('u'), role => 'r'); put('/recipe/user/role', \%in); return {%in} });
sweep(GET  => '/recipe/user/roles', { userId => 'u' });
sweep(GET  => '/recipe/role/users', { role => 'r' });

# ---- apps and tenants ----
my $M = '/recipe/multitenancy';
my %level = (connectionuridomain => 'connectionUriDomain', app => 'appId', tenant => 'tenantId');
$f->pg->create_db('other');
my %db    = (connectionuridomain => { coreConfig => { postgresql_database_name => 'other' } });    # each domain has its own
my %names = (connectionuridomain => sub { return fresh('c') . '.example.com' }, app => sub { return fresh('a') }, tenant => sub { return fresh('t') });
for my $level (qw(tenant app connectionuridomain)) {
    my $new    = sub { return { $level{$level} => $names{$level}->(), %{ $db{$level} // {} } } };
    my %more   = (firstFactors => ['emailpassword'], ($level eq 'app' ? (coreConfig => { access_token_validity => 60 }) : ()));
    my $remove = sub ($in, @) { post("$M/$level/remove", { $level{$level} => $in->{ $level{$level} } }); return };
    sweep(PUT  => "$M/$level",    sub { return { %{ $new->() }, emailPasswordEnabled => T } }, undo => $remove, cdi => '4.0');
    sweep(PUT  => "$M/$level/v2", sub { return { %{ $new->() }, %more } }, undo => $remove);
    sweep(GET  => "$M/$level/$_") for qw(list list/v2);
    sweep(POST => "$M/$level/remove", sub { my $in = $new->(); put("$M/$level/v2", { %$in, firstFactors => undef }); return $in });
}
sweep(GET => "$M/$_") for qw(tenant tenant/v2);
my $client = { clientId => 'c', clientSecret => 's' };
sub provider { return { config => { thirdPartyId => fresh('with-client'), clients => [$client] }, skipValidation => T } }
sub remove_provider ($in, @) { post("$M/config/thirdparty/remove", { thirdPartyId => $in->{config}{thirdPartyId} }); return }
sweep(PUT  => "$M/config/thirdparty", \&provider, undo => \&remove_provider);
sweep(POST => "$M/config/thirdparty/remove", sub { my $in = provider(); put("$M/config/thirdparty", $in); return { thirdPartyId => $in->{config}{thirdPartyId} } });
sweep(POST => "/t1$M/tenant/user", sub { return { recipeUserId => user()->{id} } });
sweep(POST => "/t1$M/tenant/user/remove", sub { my %in = (recipeUserId => user()->{id}); post("/t1$M/tenant/user", \%in); return {%in} });

$f->finish('core');
done_testing;

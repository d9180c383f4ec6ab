# SPDX-License-Identifier: Apache-2.0
# Many at once: every worker and every node sees a change, and no change is lost.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Env          qw(read_file wait_until);
use ST::Fcgi;
use ST::Multitenancy qw(CREATED UPDATED get post put signup tenants_of told);
use ST::Parallel     qw(parallel);
use ST::Stack;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4, fcgi_workers => 2 });
my $core = $s->core;

# Open files of each worker, which has request threads, other than the jobs process: more when it serves a connection.
sub open_files {
    my @workers = grep { grep { read_file($_) =~ /^request-/ } glob "/proc/$_/task/*/comm" } $s->service->workers;
    return { map { my $pid = $_; ($pid => scalar(() = glob "/proc/$pid/fd/*")) } @workers };
}

subtest 'both workers see a change at once' => sub {
    my $before = open_files();
    my @clients;
    my $spread = wait_until(20, sub {
        push @clients, ST::Fcgi->connect($s->service);
        ask($clients[-1], 'GET', '/recipe/multitenancy/tenant/v2');
        my $now = open_files();
        return 2 <= grep { $now->{$_} > $before->{$_} + 1 } keys %$now;    # the client, and a database connection
    });
    ok $spread, @clients . ' connections reach both workers';
    for my $round (1 .. 5) {
        my $writer = $clients[$round % @clients];
        like ask($writer, 'PUT', '/recipe/multitenancy/tenant/v2', qq({"tenantId":"t$round"})), qr/"createdNew":true/, "tenant t$round is made";
        my @seen = grep { ask($_, 'GET', "/t$round/recipe/user?email=x") =~ /UNKNOWN_EMAIL_ERROR/ } @clients;
        is @seen, @clients, 'all can use it';
        ask($writer, 'PUT', '/recipe/multitenancy/tenant/v2', qq({"tenantId":"t$round","coreConfig":{"ip_deny_regex":".*"}}));
        my @denied = grep { ask($_, 'GET', "/t$round/recipe/multitenancy/tenant") =~ /Forbidden/ } @clients;
        is @denied, @clients, 'all have its configuration';
        ask($writer, 'POST', '/recipe/multitenancy/tenant/remove', qq({"tenantId":"t$round"}));
        my @gone = grep { ask($_, 'GET', "/t$round/recipe/user?email=x") =~ /not found/ } @clients;
        is @gone, @clients, 'all know that it is gone';
    }
};

sub ask ($client, $method, $path, $body = q{}) {
    my $answer = $client->ask($path, method => $method, body => $body,
        params => [ST_DOOR => 'core', HTTP_HOST => '127.0.0.1', HTTP_CDI_VERSION => '4.0', CONTENT_TYPE => 'application/json', QUERY_STRING => $path =~ /[?](.*)/ ? $1 : q{}]);
    return $answer->{body};
}

subtest 'another node sees it too' => sub {
    my $other = ST::Stack->new(pg => $s->pg)->core;
    like get($other, 'tenant/v2', prefix => '/far'), qr/TENANT_NOT_FOUND/, 'it has looked before';
    is put($core, 'tenant/v2', { tenantId => 'far', firstFactors => ['emailpassword'] }), CREATED, 'made here';
    ok wait_until(10, sub { told($other->get('/recipe/user', prefix => '/far', query => { email => 'x' }, cdi => '3.0')) =~ /UNKNOWN_EMAIL_ERROR/ }),
      'used there';
    signup($other, 'x@example.com', prefix => '/far');
    is $core->post('/recipe/signin', { email => 'x@example.com', password => 'password1' }, prefix => '/far')->{json}{status}, 'OK',
      'by the same users';
};

subtest 'one tenant made by many' => sub {
    my @answers = parallel(map { sub { put($core->with, 'tenant/v2', { tenantId => 'new' }) } } 1 .. 8);
    is_deeply [sort @answers], [(UPDATED) x 7, CREATED], 'is new once';
};

# Each sets a key of its own; all stay.
my @keys = qw(password_reset_token_lifetime email_verification_token_lifetime passwordless_code_lifetime passwordless_max_code_input_attempts
  totp_max_attempts totp_rate_limit_cooldown_sec saml_claims_validity saml_relay_state_validity);

subtest 'keys of one tenant' => sub {
    for my $round (1 .. 4) {
        my @answers = parallel(map { my $key = $_; sub { put($core->with, 'tenant/v2', { tenantId => 'new', coreConfig => { $key => $round } }) } } @keys);
        is_deeply \@answers, [(UPDATED) x @keys], "round $round";
        is_deeply $core->get('/recipe/multitenancy/tenant/v2', prefix => '/new')->{json}{coreConfig}, { map { ($_ => $round) } @keys },
          'none is lost';
    }
};

subtest 'providers, factors and keys of one tenant' => sub {
    my @ids  = map { "provider$_" } 1 .. 6;
    my @jobs = (
        (map { my $id = $_; sub { put($core->with, 'config/thirdparty', { config => { thirdPartyId => $id } }, prefix => '/new') } } @ids),
        sub { put($core->with, 'tenant/v2', { tenantId => 'new', firstFactors => ['a', 'b'] }) },
        sub { put($core->with, 'tenant/v2', { tenantId => 'new', requiredSecondaryFactors => ['c'] }) },
        sub { put($core->with, 'tenant/v2', { tenantId => 'new', coreConfig => { map { ($_ => undef) } @keys } }) },
    );
    is_deeply [parallel(@jobs)], [(CREATED) x @ids, (UPDATED) x 3], 'all at once';
    my $tenant = $core->get('/recipe/multitenancy/tenant/v2', prefix => '/new')->{json};
    is_deeply [sort map { $_->{thirdPartyId} } @{ $tenant->{thirdParty}{providers} }], \@ids, 'providers';
    is_deeply [sort @{ $tenant->{firstFactors} }], ['a', 'b'], 'first factors';
    is_deeply [@$tenant{qw(requiredSecondaryFactors coreConfig)}], [['c'], {}], 'second factors, configuration';
};

subtest 'two domains for one database' => sub {
    $s->pg->create_db('one');
    my %config  = (coreConfig => { postgresql_database_name => 'one' });
    my @answers = parallel(map { my $n = $_; sub { put($core->with, 'connectionuridomain/v2', { connectionUriDomain => "d$n.example.com", %config }) } } 1 .. 4);
    is scalar(grep { $_ eq CREATED } @answers), 1, 'one gets it';
    my $refused = qr/\A400 Invalid core config: ConnectionUriDomain: d\d.example.com cannot be mapped to the same user pool as d\d.example.com\z/;
    is scalar(grep { $_ =~ $refused } @answers), 3, 'the others do not';
};

subtest 'an app against its tenants' => sub {
    put($core, 'app/v2', { appId => 'a' });
    put($core, 'tenant/v2', { tenantId => 't' }, prefix => '/appid-a');
    for my $round (1 .. 4) {
        parallel(
            sub { put($core->with, 'app/v2', { appId => 'a', coreConfig => { access_token_validity => 100 + $round } }) },
            sub { put($core->with, 'tenant/v2', { tenantId => 't', coreConfig => { access_token_validity => 200 + $round } }, prefix => '/appid-a') },
        );
        my ($app, $tenant) = map { $core->get('/recipe/multitenancy/tenant/v2', prefix => $_)->{json}{coreConfig}{access_token_validity} } '/appid-a',
          '/appid-a/t';
        ok !defined $tenant || $tenant == $app, "round $round: they agree";
    }
};

subtest 'removed and made again' => sub {
    my $make   = sub { put($core->with, 'tenant/v2', { tenantId => 'new' }) };
    my $remove = sub { post($core->with, 'tenant/remove', { tenantId => 'new' }) };
    parallel(($make, $remove) x 6);
    put($core, 'tenant/v2', { tenantId => 'new' });
    my $user = signup($core, 'x@example.com', prefix => '/new');
    is tenants_of($core, $user), 'new', 'it works in the end';
};

done_testing;

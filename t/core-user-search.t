# SPDX-License-Identifier: Apache-2.0
# Searching users (GET /users with tags), and counting them (GET /users/count).
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use ST::Session qw(shape T F);
use ST::Stack;
use ST::Users;

my $s     = ST::Stack->new(cdi => '5.6');
my $core  = $s->core;
my $users = ST::Users->new($s->pg);

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub list (%opt)  { return ST::Users::list($core, %opt) }
sub names (%opt) { return $users->names($core, %opt) }
sub count (%opt) { return ST::Users::count($core, %opt) }

is $core->put('/recipe/multitenancy/tenant/v2', { tenantId => $_ })->{json}{status}, 'OK', "tenant $_" for qw(t1 t2);

my $uuid = sub ($n) { return sprintf '%08d-0000-4000-8000-000000000000', $n };
sub add ($name, $recipe, $joined, %opt) { return $users->add($recipe, name => $name, joined => $joined, %opt) }
my $a  = add('a',  'emailpassword', 1000, email => 'anna@one.example');
my $b  = add('b',  'thirdparty',    2000, email => 'bob@two.example', tp => ['Google', 'X1']);
my $c1 = add('c1', 'passwordless',  3000, email => 'carol@one.example', phone => '+441111', id => $uuid->(1));
my $c2 = add('c2', 'passwordless',  3000, phone => '+442222', id => $uuid->(2));
my $c3 = add('c3', 'webauthn',      3000, email => 'car_los@oneill.example', credentials => ['k'], id => $uuid->(3));
my $d  = add('d',  'thirdparty',    4000, email => 'dora@two.example', tp => ['github', 'x2'], tenants => ['public', 't1']);
my $e  = add('e',  'emailpassword', 5000, email => 'eve@one.example', tenants => ['t1']);
my $f  = add('f',  'emailpassword', 6000, email => 'frank@one.example', tenants => []);

my @searches = (
    [{ email => 'anna' },            'a'],
    [{ email => ' ANNA@one ' },      'a'],
    [{ email => 'nna' },             q{}],
    [{ email => 'one.ex' },          'a c1'],
    [{ email => 'one' },             'a c3 c1'],
    [{ email => 'example' },         q{}],
    [{ email => '@one' },            q{}],
    [{ email => 'anna;bob' },        'a b'],
    [{ email => ';;bob; ' },         'b'],
    [{ email => 'car' },             'c3 c1'],
    [{ email => 'car_' },            'c3'],
    [{ email => 'car%' },            q{}],
    [{ email => 'anna@one.example' }, 'a'],
    [{ email => 'anna@one.examplex' }, q{}],
    [{ phone => '+44' },             'c2 c1'],
    [{ phone => '+441;+442' },       'c2 c1'],
    [{ phone => '441' },             q{}],
    [{ provider => 'google' },       'b'],
    [{ provider => 'GOOGLE::x' },    'b'],
    [{ provider => 'g' },            'b d'],
    [{ provider => 'x1' },           q{}],
    [{ email => 'car', phone => '+44' }, 'c1'],
    [{ email => 'two', provider => 'git' }, 'd'],
    [{ email => 'anna', provider => 'g' }, q{}],
    [{ phone => '+44', provider => 'g' }, q{}],
    [{ email => 'dora;anna;carol', phone => '+441', provider => q{ ; } }, 'c1'],
    [{ email => q{}, phone => ';' }, 'a b c3 c2 c1 d'],                            # no tags: the list
);

subtest 'searching' => sub {
    for (@searches) {
        my ($query, $wanted) = @$_;
        my $shown = join ' ', map { "$_='$query->{$_}'" } sort keys %$query;
        is names(%$query), $wanted, $shown;
    }
    is names(email => 'one;two', timeJoinedOrder => 'DESC'), 'd c3 c1 b a', 'newest first';
    is names(email => 'one;two', limit => 1, includeRecipeIds => 'webauthn'), 'a b c3 c1 d', 'limit and recipes do not restrict it';
    is names(email => 'one;two', paginationToken => encode_base64("$d;4000", q{})), 'a b c3 c1 d', 'nor does a token';
    is names(email => 'one;two', limit => 1000), 'a b c3 c1 d', 'limits have no maximum';
    ok !exists list(email => 'one', limit => 1)->{json}{nextPaginationToken}, 'there is no next page';
    is names(email => 'one;two', prefix => '/t1'), 'd e', 'in a tenant';
    is names(email => 'frank'), q{}, 'who is in no tenant is not found';
};

subtest 'counting' => sub {
    is count(), 6, 'the tenant';
    is count(prefix => '/t1'), 2, 'another';
    is count(includeAllTenants => $_), 8, "all of the app ($_), also who is in no tenant" for 'true', 'TRUE';
    is count(includeAllTenants => $_), 6, "'$_' is not true" for 'false', '1', q{}, ' true';
    is count(includeAllTenants => 'true', includeRecipeIds => 'emailpassword'), 3, 'of a recipe';
    is count(includeAllTenants => 'true', prefix => '/t1'), '403 Only public tenantId can call this app specific API', 'which is not for tenants';
    is count(includeAllTenants => 'true', prefix => '/t1', cdi => '4.0'), 8, 'before 5.0 it is';
    like count(prefix => '/no'), qr/\A400 AppId or tenantId not found/, 'an unknown tenant';
    my $got = $core->get('/users/count?allowApproximate=true');
    is shape($got), '{status count approximate asOf}', 'an approximate number would do:';
    is_deeply [@{ $got->{json} }{qw(count approximate)}], [6, F], 'the exact one';
    cmp_ok abs($got->{json}{asOf} - time * 1000), '<', 60_000, 'of now';
    is_deeply $core->get('/users/count?allowApproximate=true', cdi => '5.5')->{json}, { status => 'OK', count => 6 }, 'since 5.6 only';
};

done_testing;

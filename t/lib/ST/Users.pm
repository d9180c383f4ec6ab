# SPDX-License-Identifier: Apache-2.0
#
# For the tests about users: making them by the endpoint of their recipe where there is one, by SQL where the test is not
# about that recipe, and what the interface should say of them.
#
#   my $u = ST::Users->new($s->pg);
#   my $id = $u->add('thirdparty', email => 'a@example.com', tp => ['google', 'g-1'], joined => 1000);
#   $u->make_primary($id); $u->link($other, $id); $u->map_id($id, 'external-1');
package ST::Users;
use v5.36;

use JSON::PP ();

sub new ($class, $pg, $app = 'public') { return bless { pg => $pg, app => $app }, $class }

sub sql ($self, $text) { return $self->{pg}->query($text) }

sub quoted ($text) { return defined $text ? q{'} . ($text =~ s/'/''/gr) . q{'} : 'NULL' }

sub uuid { return sprintf '%08x-%04x-4%03x-8%03x-%012x', map { int rand $_ } 2**32, 2**16, 2**12, 2**12, 2**48 }

# RECIPE: emailpassword, thirdparty, passwordless, webauthn. Options: id, email, phone, tp ([id, user id]), credentials
# (ids of passkeys), tenants (['public']), joined (ms), hash (emailpassword), name (for names below).
sub add ($self, $recipe, %opt) {
    my $id     = $opt{id}     // uuid();
    $self->{name}{$id} = $opt{name};
    my $joined = $opt{joined} // int(time * 1000);
    my ($app, $user) = map { quoted($_) } $self->{app}, $id;
    $self->sql("INSERT INTO app_id_to_user_id (app_id, user_id, recipe_id, primary_or_recipe_user_id, time_joined,
        primary_or_recipe_user_time_joined) VALUES ($app, $user, '$recipe', $user, $joined, $joined)");
    for my $info (infos($recipe, %opt)) {
        my $values = join ', ', map { quoted($_) } @$info;
        $self->sql("INSERT INTO recipe_user_account_infos VALUES ($app, $user, '$recipe', $values)");
        $self->sql("INSERT INTO recipe_user_tenants VALUES ($app, $user, " . quoted($_) . ", '$recipe', $values)")
          for @{ $opt{tenants} // ['public'] };
    }
    my @own =
        $recipe eq 'emailpassword' ? ([email => $opt{email}], [password_hash => $opt{hash} // 'none'])
      : $recipe eq 'thirdparty'    ? ([email => $opt{email}], [third_party_id => $opt{tp}[0]], [third_party_user_id => $opt{tp}[1]])
      : $recipe eq 'passwordless'  ? ([email => $opt{email}], [phone_number => $opt{phone}])
      :                              ([email => $opt{email}], [rp_id => 'example.com']);
    $self->sql("INSERT INTO ${recipe}_users (app_id, user_id, time_joined" . join(q{}, map { ", $_->[0]" } @own)
          . ") VALUES ($app, $user, $joined" . join(q{}, map { ', ' . quoted($_->[1]) } @own) . ')');
    for my $credential (@{ $opt{credentials} // [] }) {
        $self->sql("INSERT INTO webauthn_credentials VALUES ('$credential', $app, 'example.com', $user, 0, '', '[]', $joined, $joined)");
    }
    return $id;
}

# Rows of the reservation tables: type, value, provider's ids.
sub infos ($recipe, %opt) {
    my @provider = $recipe eq 'thirdparty' ? @{ $opt{tp} } : (q{}, q{});
    return ((defined $opt{email} ? ['email', $opt{email}, @provider] : ()), (defined $opt{phone} ? ['phone', $opt{phone}, q{}, q{}] : ()),
        ($recipe eq 'thirdparty' ? ['tparty', join('::', @provider), q{}, q{}] : ()));
}

sub make_primary ($self, $id) {
    my $where = "app_id = '$self->{app}'";
    $self->sql("UPDATE app_id_to_user_id SET is_linked_or_is_a_primary_user = true WHERE $where AND user_id = '$id'");
    $self->sql("UPDATE recipe_user_account_infos SET primary_user_id = '$id' WHERE $where AND recipe_user_id = '$id'");
    $self->sql("INSERT INTO primary_user_tenants SELECT DISTINCT app_id, tenant_id, account_info_type, account_info_value, '$id'
        FROM recipe_user_tenants WHERE $where AND recipe_user_id = '$id'");
    return $id;
}

# Links a recipe user to a primary one, with the group's reservations in all its tenants.
sub link ($self, $id, $primary) {    ## no critic (ProhibitBuiltinHomonyms)
    my $where = "app_id = '$self->{app}'";
    $self->sql("UPDATE app_id_to_user_id SET is_linked_or_is_a_primary_user = true, primary_or_recipe_user_id = '$primary'
        WHERE $where AND user_id = '$id'");
    $self->sql("UPDATE recipe_user_account_infos SET primary_user_id = '$primary' WHERE $where AND recipe_user_id = '$id'");
    $self->sql("UPDATE app_id_to_user_id SET primary_or_recipe_user_time_joined = (SELECT min(time_joined) FROM app_id_to_user_id
        WHERE $where AND primary_or_recipe_user_id = '$primary') WHERE $where AND primary_or_recipe_user_id = '$primary'");
    $self->sql("INSERT INTO primary_user_tenants
        SELECT '$self->{app}', t.tenant_id, i.type, i.value, '$primary'
        FROM (SELECT tenant_id FROM primary_user_tenants WHERE $where AND primary_user_id = '$primary'
              UNION SELECT tenant_id FROM recipe_user_tenants WHERE $where AND recipe_user_id = '$id') t,
             (SELECT account_info_type AS type, account_info_value AS value FROM recipe_user_account_infos
              WHERE $where AND primary_user_id = '$primary') i
        ON CONFLICT DO NOTHING");
    return $id;
}

sub map_id ($self, $id, $external) {
    $self->sql("INSERT INTO userid_mapping (app_id, supertokens_user_id, external_user_id) VALUES ('$self->{app}', '$id', "
          . quoted($external) . ')');
    return $external;
}

sub verify ($self, $id, $email) {
    $self->sql("INSERT INTO emailverification_verified_emails VALUES ('$self->{app}', " . quoted($id) . ', ' . quoted($email) . ')');
    return;
}

# What holds an identifier back for primary users, as "tenant type value".
sub reserved ($self, $primary) {
    my $rows = $self->sql("SELECT tenant_id || ' ' || account_info_type || ' ' || account_info_value FROM primary_user_tenants
        WHERE app_id = '$self->{app}' AND primary_user_id = '$primary' ORDER BY 1");
    return [map { $_->[0] } @$rows];
}

# ---- lists ----

# GET /users with a query; prefix and cdi are the call's.
sub list ($core, %query) {
    my %call = map { exists $query{$_} ? ($_ => delete $query{$_}) : () } qw(prefix cdi);
    return $core->get('/users', query => \%query, %call);
}

# The names that it shows, in their order, or what it says instead.
sub names ($self, $core, %query) {
    my $got = list($core, %query);
    return "$got->{status} $got->{text}" =~ s/\n\z//r if $got->{status} != 200;
    return join q{ }, map { $self->{name}{ $_->{id} } // '?' } @{ $got->{json}{users} };
}

# The number of GET /users/count, or what it says instead.
sub count ($core, %query) {
    my %call = map { exists $query{$_} ? ($_ => delete $query{$_}) : () } qw(prefix cdi);
    my $got = $core->get('/users/count', query => \%query, %call);
    return $got->{status} == 200 ? $got->{json}{count} : "$got->{status} $got->{text}" =~ s/\n\z//r;
}

# ---- what the interface says of an e-mail user that is alone ----

sub bool ($value) { return $value ? JSON::PP::true : JSON::PP::false }

# Since 4.0. Options: verified, tenants, primary, external, passkeys (1: since 5.3).
sub object ($id, $email, $joined, %opt) {
    my $public  = $opt{external} // $id;
    my $tenants = $opt{tenants}  // ['public'];
    my %method  = (tenantIds => $tenants, recipeUserId => $public, verified => bool($opt{verified}), timeJoined => $joined,
        recipeId => 'emailpassword', email => $email);
    return {
        id => $public, isPrimaryUser => bool($opt{primary}), tenantIds => $tenants, timeJoined => $joined, emails => [$email],
        phoneNumbers => [], thirdParty => [], ($opt{passkeys} ? (webauthn => { credentialIds => [] }) : ()), loginMethods => [\%method],
    };
}

# Before 4.0; tenantIds since 3.0.
sub old_object ($id, $email, $joined, %opt) {
    return { id => $opt{external} // $id, timeJoined => $joined, ($opt{tenants} ? (tenantIds => $opt{tenants}) : ()), email => $email };
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# The recipe multitenancy, each answer as one line: 200 {"status":"OK","createdNew":true}, or 400 and the text.
#
#   is put($core, 'tenant/v2', { tenantId => 't1' }), CREATED, 'a tenant';
#   is get($core, 'tenant/list', cdi => '4.0'), '200 {...}';
package ST::Multitenancy;
use v5.36;

use Exporter qw(import);
use JSON::PP ();

our @EXPORT_OK = qw(T F CREATED UPDATED told put get post signup tenants_of session_input);

use constant {
    T       => JSON::PP::true,
    F       => JSON::PP::false,
    CREATED => '200 {"status":"OK","createdNew":true}',
    UPDATED => '200 {"status":"OK","createdNew":false}',
    PATH    => '/recipe/multitenancy/',
};

sub told ($answer) { return "$answer->{status} " . ($answer->{text} =~ s/\n\z//r) }

# Options as of ST::Core's request.
sub put  ($core, $what, $body, %opt) { return told($core->put(PATH . $what, $body, %opt)) }
sub post ($core, $what, $body, %opt) { return told($core->post(PATH . $what, $body, %opt)) }

# Factors in alphabetical order: they are sets.
sub get ($core, $what, %opt) {
    my $text = told($core->get(PATH . $what, %opt));
    return $text =~ s/("(?:firstFactors|requiredSecondaryFactors)":)\[([^\]]*)\]/"$1\[" . join(',', sort split m{,}, $2) . ']'/ger;
}

# A new emailpassword user's id; dies when there is none.
sub signup ($core, $email, %opt) {
    my $answer = $core->post('/recipe/signup', { email => $email, password => 'password1' }, %opt);
    return $answer->{json}{user}{id} // die 'sign-up: ' . told($answer) . "\n";
}

# Tenants of a user, sorted.
sub tenants_of ($core, $user) {
    my $answer = $core->get('/user/id', query => { userId => $user });
    return join q{ }, sort @{ $answer->{json}{user}{tenantIds} // [told($answer)] };
}

# Body of POST /recipe/session.
sub session_input ($user) {
    return { userId => $user, enableAntiCsrf => F, userDataInJWT => {}, userDataInDatabase => {} };
}

1;

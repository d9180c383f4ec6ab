# SPDX-License-Identifier: Apache-2.0
# Sign-up and sign-in by password at the auth door: forms, answers, tokens (spec: fdi-recipes 1.1 to 1.4).
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Browser;
use ST::Stack;

use constant { T => JSON::PP::true, F => JSON::PP::false };

my $s = ST::Stack->new(
    config => { bcrypt_log_rounds => 4 },
    sites  => {
        plain  => {},
        custom => {
            recipeList => [
                {   emailPassword => {
                        passwordProfile => 'nist',
                        signUpFeature   => {
                            formFields => [
                                { id => 'name' },
                                { id => 'age',   optional => T, pattern => '1[89]|[2-9][0-9]', error => 'Grown-ups only' },
                                { id => 'terms', pattern  => 'true', error => 'Please accept the terms' },
                            ],
                        },
                    },
                },
                'session',
            ],
        },
    },
);
my %browser = map { ($_ => ST::Browser->new($s->site_url($_))) } qw(plain custom);

sub form (%values) { return { formFields => [map { { id => $_, value => $values{$_} } } sort keys %values] } }

sub call ($site, $path, $body) {
    my $answer = $browser{$site}->post("/auth$path", $body);
    return "$answer->{status} $answer->{text}";
}
sub errors (@pairs) {
    my @list;
    while (my ($id, $error) = splice @pairs, 0, 2) { push @list, qq({"error":"$error","id":"$id"}) }
    return '200 {"status":"FIELD_ERROR","formFields":[' . join(',', @list) . ']}';
}
sub bad ($text) { return qq(400 {"message":"$text"}) }

my %good = (email => 'jane@example.com', password => 'secret-1');

subtest 'forms that no front end sends' => sub {
    my @cases = (
        [{}, 'Missing input param: formFields'],
        [{ formFields => undef }, 'Missing input param: formFields'],
        [{ formFields => {} }, 'formFields must be an array'],
        [{ formFields => 'x' }, 'formFields must be an array'],
        [{ formFields => [undef] }, 'All elements of formFields must be an object'],
        [{ formFields => [['email']] }, 'All elements of formFields must be an object'],
        [{ formFields => [{ id => 'email' }] }, q{All elements of formFields must contain an 'id' and 'value' field}],
        [{ formFields => [{ value => 'x' }] }, q{All elements of formFields must contain an 'id' and 'value' field}],
        [{ formFields => [{ id => 7, value => 'x' }] }, q{All elements of formFields must contain an 'id' and 'value' field}],
        [form(email => 7, password => 'x'), 'email value must be a string'],
        [form(email => 'x', password => T), 'password value must be a string'],
        [form(%good, extra => 1), 'Are you sending too many formFields?'],
    );
    for my $path ('/signup', '/signin') {
        is call('plain', $path, $_->[0]), bad($_->[1]), "$path: $_->[1]" for @cases;
    }
    my $not_json = 'API input error: Please make sure to pass a valid JSON input in the request body';
    for my $body ('{', '[]', 'null', '7', "{\"formFields\":\"\xff\"}") {
        my $answer = $browser{plain}->post('/auth/signin', $body);
        is "$answer->{status} $answer->{text}", bad($not_json), "body $body";
    }
    is $s->pg->value('SELECT count(*) FROM all_auth_recipe_users') + $s->pg->value('SELECT count(*) FROM emailpassword_users'), 0,
      'nobody was signed up';
};

subtest 'what a person can correct' => sub {
    my $few = 'Password must contain at least 8 characters, including a number';
    is call('plain', '/signup', form(email => 'x', password => 'y')), errors(password => $few, email => 'Email is invalid'), 'both';
    is call('plain', '/signup', form(email => 'x@y.zz')), errors(password => 'Field is not optional'), 'no password';
    is call('plain', '/signup', form(email => q{}, password => q{})), errors(map { ($_ => 'Field is not optional') } qw(password email)), 'empty';
    is call('plain', '/signup', form(email => "a\0b\@example.com", password => 'secret-1')), errors(email => 'Email is invalid'), 'U+0000';
    is call('plain', '/signin', form(email => 'x', password => 'y')), errors(email => 'Email is invalid'), 'sign-in looks at the address only';
    is call('plain', '/signin', form(email => 'x@y.zz')), errors(password => 'Field is not optional'), 'and needs a password';
};

subtest 'sign-up' => sub {
    my $answer = $browser{plain}->post('/auth/signup', form(%good, email => '  Jane@Example.com '));
    is $answer->{json}{status}, 'OK', 'signed up';
    is_deeply $answer->{json}{user}{emails}, ['jane@example.com'], 'trimmed, in lower case';
    ok !exists $answer->{json}{createdNewRecipeUser}, 'it says nothing of a new user';
    ok $answer->{set_cookie}{$_}, "cookie $_" for qw(sAccessToken sRefreshToken);
    ok $answer->{headers}{'front-token'}, 'front token';
    is call('plain', '/signup', form(%good, email => 'JANE@example.com')),
      '200 {"status":"FIELD_ERROR","formFields":[{"id":"email","error":"This email already exists. Please sign in instead."}]}', 'once only';
    like call('plain', '/signup', form(%good, email => 'x@stfakeemail.supertokens.com')), qr/This email already exists/, 'an address of SDKs';
    my $user = $answer->{json}{user}{id};
    is $s->pg->value("SELECT string_agg(event_type, ' ' ORDER BY event_type) FROM activity_log WHERE primary_or_recipe_user_id = '$user'"),
      'emailpassword_sign_up session_created user_last_active', 'activity';
};

subtest 'sign-in' => sub {
    my $answer = $browser{plain}->post('/auth/signin', form(%good));
    is $answer->{json}{status}, 'OK', 'signed in';
    ok $answer->{set_cookie}{$_}, "cookie $_" for qw(sAccessToken sRefreshToken);
    my $wrong = '200 {"status":"WRONG_CREDENTIALS_ERROR"}';
    is call('plain', '/signin', form(%good, password => 'secret-2')), $wrong, 'wrong password';
    is call('plain', '/signin', form(%good, email => 'john@example.com')), $wrong, 'unknown address';
    is call('plain', '/signin', form(%good, email => 'x@stfakeemail.supertokens.com')), $wrong, 'an address of SDKs';
    is $browser{plain}->post('/auth/signin', form(%good, password => 'x'))->{set_cookie}{sAccessToken}, undef, 'no tokens then';
    like $s->service->log_text, qr{auth door called: /auth/signin}, 'the log tells of calls';
    unlike $s->service->log_text, qr/secret-/, 'and not of passwords';
};

subtest 'does an address exist' => sub {
    for my $path ('/emailpassword/email/exists', '/signup/email/exists') {
        my $get = sub ($query) { my $answer = $browser{plain}->get("/auth$path$query"); return "$answer->{status} $answer->{text}" };
        is $get->('?email=%20Jane@example.com'), '200 {"status":"OK","exists":true}',  'yes';
        is $get->('?email=john@example.com'),    '200 {"status":"OK","exists":false}', 'no';
        is $get->($_), bad('Please provide the email as a GET param'), "'$_'" for q{}, '?email=a&email=b';
    }
};

subtest "a site's own fields and the NIST profile" => sub {
    my %all = (%good, email => 'custom@example.com', password => 'only letters', name => 'Jane', terms => 'true');
    is call('custom', '/signup', form(email => 'x', password => 'password1', age => '7', terms => 'no')),
      errors(
        name     => 'Field is not optional',
        age      => 'Grown-ups only',
        terms    => 'Please accept the terms',
        password => 'This password is one of the first that others would try. Please choose another one',
        email    => 'Email is invalid',
      ), 'in the order of the configuration';
    like call('custom', '/signup', form(%all, age => 17)), qr/Grown-ups only/, 'a number is tried as text';
    like call('custom', '/signup', form(%all, password => 'custom@example')), qr/easy to guess from your e-mail address/, 'the address in it';
    like call('custom', '/signup', form(%all, terms => T)), qr/\A200 \{"status":"OK"/, 'good, with a boolean';
    like call('custom', '/signin', form(map { ($_ => $all{$_}) } qw(email password))), qr/\A200 \{"status":"OK"/, 'the same user signs in';
};

subtest 'tenants' => sub {
    $s->core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't3' });
    is call('plain', '/t3/signup', form(%good)), '401 {"message":"unauthorised"}', 'one that is made without first factors has no way to sign in';
    $s->core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't3', firstFactors => undef });
    like call('plain', '/t3/signup', form(%good)), qr/\A200 \{"status":"OK"/, 'null is all that the site has';
    is $s->core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', firstFactors => ['thirdparty'] })->{json}{status}, 'OK', 'a tenant';
    my $answer = $browser{plain}->post('/auth/t1/signin', form(%good));
    is "$answer->{status} $answer->{text}", '401 {"message":"unauthorised"}', 'which does not want passwords';
    $s->core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1', firstFactors => ['emailpassword'] });
    is call('plain', '/t1/signin', form(%good)), '200 {"status":"WRONG_CREDENTIALS_ERROR"}', 'users belong to tenants';
    like call('plain', '/t1/signup', form(%good)), qr/"tenantIds":\["t1"\]/, 'signed up there';
    like call('plain', '/t2/signin', form(%good)), qr/\A400 \{"message":/, 'an unknown tenant';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# What locations can ask of a session, and what clients that do not meet it get (spec: fdi-session 8.2).
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Auth;
use ST::Env     qw(temp_dir write_file);
use ST::Session qw(create F T);
use ST::Stack;

my %require = (
    admin    => 'role=admin',
    spaced   => ' role = admin ,permission=read,  email verified ',
    comma    => 'role=a%2Cb',
    read     => 'permission=read',
    verified => 'email verified',
    mfa      => 'mfa',
    any      => q{},
    early    => 'email unverified',
    csrf     => 'anti-csrf',
    many     => join(',', ('role=admin') x 16),
);
my %wrong = (
    misspelt  => 'roel=admin',
    capital   => 'Role=admin',
    no_value  => 'role',
    empty     => 'role=',
    value     => 'mfa=yes',
    nothing   => 'role=admin,,mfa',
    escape    => 'role=%zz',
    too_many  => join(',', ('role=admin') x 17),
    too_long  => 'role=' . 'x' x 1024,
);
my $dir = temp_dir('www');
mkdir "$dir/$_" or die "$dir/$_: $!\n" for 'in', 'in/side';
write_file("$dir/$_", "content\n") for keys %require, keys %wrong, qw(in/page in/side/page in/style.css);

# Nested locations take auth_request over, and with it what it asks for.
my $conf = join q{}, map { qq{location = /$_ { root $dir; auth_request "/st-verify/@{[$require{$_} // $wrong{$_}]}"; include verify-protect.conf; }\n} } keys %require, keys %wrong;
$conf .= <<"END";
location /in/ {
    root $dir;
    auth_request /st-verify/role=admin;
    include verify-protect.conf;
    location /in/side/ { add_header X-Where inside; }
    location ~ [.]css\$ { auth_request off; }
}
END
my %codes = (recipeList => [{ session => { antiCsrf => 'VIA_TOKEN', invalidClaimStatusCode => 418 } }]);
my %strict = (recipeList => ['session', { emailVerification => { mode => 'REQUIRED' } }]);
my $s    = ST::Stack->new(sites => { example => {}, codes => \%codes, strict => \%strict }, site_conf => { example => $conf, codes => $conf, strict => $conf });
my $site = ST::Auth->new(url => $s->site_url('example'));

sub session (%claims) {
    return create($s->core, { userDataInJWT => { map { ($_ => { v => $claims{$_}, t => 1 }) } keys %claims } });
}

sub ask ($path, $session, %more) {
    my %headers = %{ $more{headers} // {} };
    return ($more{client} // $site)->get(undef, at => "/$path", cookies => { sAccessToken => $session->{accessToken}{token} }, headers => \%headers);
}

sub passes ($path, $session, $name, %more) {
    my $got = ask($path, $session, %more);
    return is "$got->{status} $got->{text}", "200 content\n", $name;
}

sub refused ($path, $session, $errors, $name, %more) {
    my $got = ask($path, $session, %more);
    return is "$got->{status} $got->{text}", qq(403 {"message":"invalid claim","claimValidationErrors":[$errors]}), $name;
}

sub missing ($claim, $value) { return qq({"id":"$claim","reason":{"message":"value does not exist",$value}}) }
sub differs ($claim, $value) { return qq({"id":"$claim","reason":{"message":"wrong value",$value}}) }

my $nobody = session();
my $user   = session('st-role' => ['user'], 'st-perm' => [], 'st-ev' => F);
my $admin  = session('st-role' => ['user', 'admin'], 'st-perm' => ['read'], 'st-ev' => T, 'st-mfa' => T);

subtest 'roles and permissions' => sub {
    passes($_, $admin, $_) for qw(admin read spaced many);
    passes('comma', session('st-role' => ['a,b']), 'a role with a comma');
    refused('admin', $nobody, missing('st-role', '"expectedToInclude":"admin"'), 'no claim');
    refused('admin', $user, differs('st-role', '"expectedToInclude":"admin","actualValue":["user"]'), 'other roles');
    refused('read', $user, differs('st-perm', '"expectedToInclude":"read","actualValue":[]'), 'no permission');
    refused('admin', session('st-role' => 'admin'), differs('st-role', '"expectedToInclude":"admin","actualValue":"admin"'), 'not a list');
};

subtest 'the e-mail address' => sub {
    passes('verified', $admin, 'verified');
    refused('verified', $user, differs('st-ev', '"expectedValue":true,"actualValue":false'), 'not yet');
    refused('verified', $nobody, missing('st-ev', '"expectedValue":true'), 'nothing known');
    refused('verified', session('st-ev' => 'true'), differs('st-ev', '"expectedValue":true,"actualValue":"true"'), 'true as a text is not true');
};

subtest 'a site that requires a verified address' => sub {
    my %strictly = (client => ST::Auth->new(url => $s->site_url('strict')));
    my $expected = differs('st-ev', '"expectedValue":true,"actualValue":false');
    passes($_, $admin, "verified, $_", %strictly) for qw(any verified early many);
    refused($_, $user, $expected, "not yet, $_", %strictly) for qw(any verified);
    refused('any', $nobody, missing('st-ev', '"expectedValue":true'), 'nothing known', %strictly);
    passes('early', $_, 'a location for those', %strictly) for $user, $nobody;
    passes('any', $user, 'at a site that does not');
};

subtest 'other words' => sub {
    passes('mfa', $admin, 'mfa');
    refused('mfa', $_, '{"id":"st-mfa","reason":{"message":"MFA requirement for auth is not satisfied"}}', 'or not') for $nobody, $user;
    my $got = ask('csrf', $admin);
    is "$got->{status} $got->{text}", '401 {"message":"try refresh token"}', 'anti-csrf asks for a header even of a GET';
    is ask('csrf', $admin, headers => { rid => 'x' })->{status}, 200, 'and takes any rid';
    refused('spaced', $nobody, join(',', missing('st-role', '"expectedToInclude":"admin"'), missing('st-perm', '"expectedToInclude":"read"'), missing('st-ev', '"expectedValue":true')), 'all that fails is told');
};

subtest 'a site with codes and tokens of its own' => sub {
    my $client = ST::Auth->new(url => $s->site_url('codes'));
    is ask('admin', $nobody, client => $client)->{status}, 418, 'status';
    is ask('csrf',  $admin,  client => $client)->{status}, 401, 'anti-csrf: a session without a token';
    my $session = create($s->core, { enableAntiCsrf => T });
    is ask('csrf', $session, client => $client, headers => { rid => 'x' })->{status}, 401, 'a header instead of the token';
    is ask('csrf', $session, client => $client, headers => { 'anti-csrf' => $session->{antiCsrfToken} })->{status}, 200, 'the token';
};

subtest 'what nobody understands lets nobody pass' => sub {
    for my $path (sort keys %wrong) {
        my $mark = $s->service->log_mark;
        my $got  = ask($path, $admin);
        is "$got->{status} $got->{text}", '403 {"message":"Forbidden"}', $path;
        like $s->service->log_since($mark), qr/nobody passes a location of site example: ST_REQUIRE holds/, 'and is logged';
    }
    like $s->service->log_text, qr/ST_REQUIRE holds "roel=admin"/, 'with the word';
};

subtest 'locations in locations' => sub {
    my $expected = differs('st-role', '"expectedToInclude":"admin","actualValue":["user"]');
    refused($_, $user, $expected, $_) for qw(in/page in/side/page);
    passes($_, $admin, $_) for qw(in/page in/side/page);
    passes('in/style.css', $nobody, 'unless one says otherwise');
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# What is read from requests: strict JSON in UTF-8, field types, query strings, sizes.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Encode qw(encode);
use Test::More;
use ST::Stack;

my $s    = ST::Stack->new(config => { fcgi_max_body => 20_000, password_hashing_alg => 'BCRYPT', bcrypt_log_rounds => 4 });
my $core = $s->core;
my $json = 'Invalid Json Input';

sub line ($got) { return "$got->{status} $got->{text}" =~ s/\n\z//r }
sub shown ($text) { return "'" . ($text =~ s/[^ -~]/./gr) . "'" }
sub signin ($body, %opt) { return line($core->post('/recipe/signin', $body, %opt)) }

my $wrong = '200 {"status":"WRONG_CREDENTIALS_ERROR"}';

subtest 'not JSON' => sub {
    my $good = q("email":"x","password":"y");
    for my $body (
        q{}, ' ', 'null', 'true', '1', '"x"', '[]', '[{}]', '{', '}', '{}}', '{} {}', '{}x', "{$good", 'email=x&password=y',
        qq({"email":'x',"password":"y"}), qq({email:"x","password":"y"}), "{$good,}", q({"email":"x";"password":"y"}),
        q({"email"="x","password":"y"}), q({"email":"x" "password":"y"}), "{$good} // end", "/* */ {$good}", "# \n{$good}", ")]}'\n{$good}",
        qq({"email":"x\ny","password":"y"}), qq({"email":"x\ty","password":"y"}), q({"email":"\x","password":"y"}),
        q({"email":"\u12g4","password":"y"}), encode('UTF-8', "\x{feff}{$good}"),
        map { "{$good," . qq("n":$_}) } split / /, 'NaN Infinity 01 .5 5. +1 - 0x1 1e TRUE Null tru [1,,2] [1,] {"x"} {1:2} {"a":1,}'
      )
    {
        is signin($body), "400 $json", shown($body);
    }
};

subtest 'JSON' => sub {
    for my $body (
        q({"email":"x","password":"y"}), qq( \r\n\t{ "password" : "y" , "email" : "x" } \n ), q({"email":"x","password":"y","more":[1,-0,1e400,true,null,{}]}),
        q({"email":"\u0078\n\/\ud83d\ude00","password":"y"}), q({"email":"x","email":"z","password":"y"}),
        q({"email":"x","password":"y","deep":) . '[' x 60 . ']' x 60 . '}',
      )
    {
        is signin($body), $wrong, shown($body);
    }
    is signin(q({"email":1,"email":"x","password":"y"})), $wrong, 'of a repeated name the last value counts';
    is signin(q({"email":"x","email":1,"password":"y"})), q(400 Field name 'email' is invalid in JSON input), 'whatever it is';
    is signin(q({"email":"x","password":"y"}), headers => { 'content-type' => $_ }), $wrong, "Content-Type $_ is not looked at"
      for 'text/plain', 'application/json; charset=ISO-8859-1', 'nonsense';
};

subtest 'UTF-8' => sub {
    my $email = "Käfer\x{1F41E}\x{2028}\@Example.com";
    my %type  = (headers => { 'content-type' => 'application/json' });    # without a charset: the reference would read Latin-1
    my $got   = $core->post('/recipe/signup', encode('UTF-8', qq({"email":"$email","password":"pässword"})), %type);
    is $got->{json}{user}{emails}[0], lc $email, 'comes back as it was, in lower case';
    like $got->{text}, qr/\xc3\xa4fer\xf0\x9f\x90\x9e\\u2028\@example/, 'and is written raw, but for U+2028';
    is $core->post('/recipe/signin', { email => $email, password => 'pässword' })->{json}{status}, 'OK', 'passwords too';
    for my $bytes ("\xff", "\xe4", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80") {
        is signin(qq({"email":"x$bytes","password":"y"})), "400 $json", 'not UTF-8: ' . unpack 'H*', $bytes;
    }
};

subtest 'strings' => sub {
    for my $value ('1', '1.5', 'true', 'null', '{}', '[]', '["x"]', '["x","y"]') {
        is signin(qq({"email":$value,"password":"y"})), q(400 Field name 'email' is invalid in JSON input), "the value $value";
    }
    is signin(q({"email":"a\u0000b","password":"y"})), q(400 Field name 'email' is invalid in JSON input), 'NUL in an address';
    is signin(q({"email":"a","password":"y\u0000"})), q(400 Field name 'password' is invalid in JSON input), 'NUL in a password';
    my $put = sub ($more) { return line($core->put('/recipe/user', qq({"recipeUserId":"x"$more}))) };
    is $put->(q(,"email":"x")), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', 'an optional one';
    is $put->(q()), '400 You have to provide either email or password.', 'that is absent';
    is $put->(q(,"email":null)), q(400 Field name 'email' is invalid in JSON input), 'null is not absent';
    is $put->(q(,"email":"x","password":7)), q(400 Field name 'password' is invalid in JSON input), 'a wrong one';
};

subtest 'numbers keep their text' => sub {
    my @texts = qw(0 -0 1.0 1.50 1e400 -1E-5 9007199254740993 18446744073709551616 -99999999999999999999999999999999);
    my $data  = '{"n":[' . join(q{,}, @texts) . ']}';
    my $body  = qq({"userId":"u","enableAntiCsrf":false,"userDataInJWT":{},"userDataInDatabase":$data});
    my $made  = $core->post('/recipe/session', $body);
    my $got   = $core->get('/recipe/session', query => { sessionHandle => $made->{json}{session}{handle} });
    like $got->{text}, qr/"userDataInDatabase":\Q$data\E/, 'from the body to the database and back';
};

subtest 'query strings' => sub {
    my $get = sub ($query) { return line($core->get("/recipe/user?$query")) };
    my $none = '200 {"status":"UNKNOWN_EMAIL_ERROR"}';
    $core->post('/recipe/signup', { email => 'a b+ö@example.com', password => 'secret-1' });
    for my $query ('email=a+b%2B%C3%B6@example.com', 'email=A%20B%2B%c3%96%40EXAMPLE.com', 'x=1&email=a+b%2B%C3%B6@example.com&email=other',
        '%65mail=+a+b%2B%C3%B6@example.com%20', 'email=a+b%2B%C3%B6@example.com&&=&y')
    {
        like $get->($query), qr/"status":"OK"/, $query;
    }
    is $get->($_), $none, $_ for 'email=', 'email', 'email=x&userid=y', 'email=x=y', 'email=x;userId=y', 'email=%2500';
    is $get->('Email=x'), '400 Please provide one of userId or email', 'names have a case';
    like $get->($_), qr/\A400 /, "$_ is refused" for 'email=%zz', 'email=%', 'email=%4', 'x=%zz&email=x', 'email=%ff', 'email=%00', 'email=a%00b';
    is line($core->get('/users/by-accountinfo')), q(400 Field name 'doUnionOfAccountInfo' is missing in GET request), 'a missing one';
    is line($core->get('/user/id?userId=')), '200 {"status":"UNKNOWN_USER_ID_ERROR"}', 'an empty one is there';
};

subtest 'size' => sub {
    my $of = sub ($n) { my $rest = q({"email":"x","password":"y","more":""}); return substr($rest, 0, -2) . 'm' x ($n - length $rest) . q("}) };
    is signin($of->(20_000)), $wrong, 'as large as fcgi_max_body';
    my $got = $core->post('/recipe/signin', $of->(20_001));
    is line($got), '413 Request body too large', 'one byte more';
    is $got->{headers}{'content-type'}, 'text/html;charset=UTF-8', 'content type';
    is $core->post('/recipe/signin', $of->(1_100_000))->{status}, 413, 'what nginx refuses already';
    is signin(q({"email":"x","password":"y"})), $wrong, 'the service goes on';
    is $core->post('/hello', $of->(20_000))->{text}, "Hello\n", 'a body nobody asked for';
    is $core->request('GET', '/hello', 'nonsense')->{text}, "Hello\n", 'also of GET';
    is signin('[' x 20_000), "400 $json", 'depth without end';
    is signin(q({"email":"x","password":"y","deep":) . '[' x 64 . ']' x 64 . '}'), "400 $json", 'too much depth';
};

done_testing;

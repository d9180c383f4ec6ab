# SPDX-License-Identifier: Apache-2.0
# What bodies, queries and headers the auth door takes (spec: fdi 4, 6), and that bad ones leave it alive.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Compress::Zlib       ();
use IO::Compress::Gzip   ();
use IO::Socket::INET     ();
use Test::More;

use ST::Auth;
use ST::Env qw(patience);
use ST::Stack;

my $s    = ST::Stack->new(config => { bcrypt_log_rounds => 4 }, sites => { example => { recipeList => ['emailPassword', 'thirdParty', 'session'] } });
my $auth = ST::Auth->new(url => $s->site_url);
my $good = '{"formFields":[{"id":"email","value":"jane@example.com"},{"id":"password","value":"secret-1"}]}';
my $bad  = '400 {"message":"API input error: Please make sure to pass a valid JSON input in the request body"}';
my $in   = '200 {"status":"WRONG_CREDENTIALS_ERROR"}';

sub sign_in ($body, %headers) {
    my $got = $auth->post('/signin', $body, headers => \%headers);
    return "$got->{status} $got->{text}";
}

subtest 'JSON' => sub {
    is sign_in($good, 'content-type' => $_), $in, "content type '$_'" for 'application/json', 'Application/JSON;charset=UTF-8', 'application/json; charset="utf-16"';
    is sign_in($good, 'content-type' => $_), $bad, "content type '$_'" for 'application/json; charset=latin1', 'application/json; x=y; charset=iso-8859-1';
    # What a page of any site can have a browser send without a preflight, or with none of its own.
    is sign_in($good, 'content-type' => $_), '400 {"message":"API input error: Please make sure to send the content-type header application/json"}', "content type '$_'"
      for 'text/plain', 'text/plain; application/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx', q{};
    is sign_in(q{}, 'content-type' => 'text/plain'), '400 {"message":"Missing input param: formFields"}', 'no body needs no type';
    is sign_in(q{}), '400 {"message":"Missing input param: formFields"}', 'no body is an empty object';
    is sign_in($_), $bad, "body $_" for ' ', '{', '[]', 'null', '"x"', '7', "{'a':1}", '{"a":1}}', "{\"a\":\"\xff\"}", '{"a":NaN}';
    is sign_in('[' x 5000 . ']' x 5000), $bad, 'deep nesting';
};

subtest 'compressed bodies' => sub {
    IO::Compress::Gzip::gzip(\$good => \my $gzip) or die;
    is sign_in($gzip, 'content-encoding' => 'gzip'), $in, 'gzip';
    is sign_in(Compress::Zlib::compress($good), 'content-encoding' => 'deflate'), $in, 'deflate';
    is sign_in($good, 'content-encoding' => 'identity'), $in, 'identity';
    is sign_in($good, 'content-encoding' => $_), $bad, "not really $_" for qw(gzip deflate);
    is sign_in(substr($gzip, 0, -10), 'content-encoding' => 'gzip'), $bad, 'cut off';
    is sign_in($good, 'content-encoding' => 'rot13'), $bad, 'an unknown encoding';
    like sign_in($good, 'content-encoding' => 'br'), qr/\A400 \{"message":"API input error: Brotli decompression not implement, /, 'brotli';
    IO::Compress::Gzip::gzip(\(' ' x 50_000_000 . $good) => \my $bomb) or die;
    like sign_in($bomb, 'content-encoding' => 'gzip'), qr/\A413 /, 'what would become too large';
};

subtest 'forms' => sub {
    my $callback = sub ($body, %headers) { my $got = $auth->post('/callback/apple', $body, headers => { 'content-type' => 'application/x-www-form-urlencoded', %headers }); return "$got->{status} $got->{text}" };
    my $bad_form = '400 {"message":"API input error: Please make sure to pass valid url encoded form in the request body"}';
    is $callback->($_), $bad_form, 'form ' . substr $_, 0, 20 for 'a=%zz', 'a=%ff', '%00=1', join '&', map { "a$_=1" } 1 .. 100;
    is $callback->('{}', 'content-type' => 'application/json'), $bad_form, 'JSON is no form';
    unlike $callback->('a=b&a=c'), qr/url encoded form/, 'a good one';
};

subtest 'queries' => sub {
    my $exists = sub ($query) { my $got = $auth->get("/emailpassword/email/exists?$query"); return "$got->{status} $got->{text}" };
    my $asked  = '200 {"status":"OK","exists":false}';
    my $please = '400 {"message":"Please provide the email as a GET param"}';
    is $exists->($_), $asked,  $_ for 'email=a%40b.example', 'x=1&email=a+b%40c', 'email=a&=b';
    is $exists->($_), $please, "'$_'" for q{}, 'x=1', 'email=a&email=a', 'Email=a';
    is $exists->($_), '400 {"message":"Invalid query string"}', $_ for 'email=%zz', 'email=%ff';
    unlike $exists->('email=%00'), qr/\A(?:200|5)/, 'U+0000';
    my $methods = sub ($query) { my $got = $auth->get("/loginmethods?$query"); return "$got->{status} " . ($got->{json}{status} // $got->{text}) };
    is $methods->($_), '200 OK', "'$_'" for q{}, 'clientType=web', 'clientType=a&clientType=b';
    is $methods->('clientType=%00'), '400 {"message":"Invalid query string"}', 'U+0000 where nothing is needed';
};

subtest 'texts that may be absent' => sub {
    my $signinup = sub ($type) { my $got = $auth->post('/signinup', qq({"thirdPartyId":"none","clientType":$type})); return "$got->{status} $got->{text}" };
    like $signinup->($_), qr/redirectURIInfo/, $_ for '"web"', 'null';
    is $signinup->('"a\\u0000b"'), '400 {"message":"API input error: a text holds U+0000"}', 'U+0000';
};

subtest 'sizes' => sub {
    my $large = '{"formFields":[' . ' ' x 300_000 . ']}';
    my $got   = $auth->post('/signin', $large);
    is $got->{status}, 413, 'a large body';
    my $cookie = 'sRefreshToken=' . 'x' x 30_000;
    is $auth->post('/session/refresh', undef, cookies => $cookie)->{status}, 401, 'a large cookie';
    is $auth->post('/session/refresh', undef, cookies => $cookie . 'x' x 10_000)->{status}, 400, 'one that is too large';
    is $auth->post('/session/refresh', undef, cookies => join '; ', map { "c$_=1" } 1 .. 3000)->{status}, 401, 'many cookies';
    is $auth->post('/signout', undef, headers => { authorization => 'Bearer ' . join '.', ('a' x 10_000) x 3 })->{status}, 401, 'a large token';
    is sign_in($good), $in, 'and all goes on';
};

sub refresh_with (@lines) {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $s->site->port, Timeout => patience(10)) or die "connect: $!\n";
    $socket->print(join "\r\n", 'POST /auth/session/refresh HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Length: 0', @lines, q{}, q{});
    local $/ = undef;
    return scalar <$socket>;
}

subtest 'several Cookie headers' => sub {
    like refresh_with('Cookie: a=1', 'Cookie: sIdRefreshToken=x'), qr/^Set-Cookie: sIdRefreshToken=;/m, 'count as one';
    my @large = map { "Cookie: c$_=" . 'x' x 28_000 } 1 .. 5;
    like refresh_with(@large[0 .. 1]), qr{\AHTTP/1.1 401 }, 'large ones';
    like refresh_with(@large[0 .. $_]), qr{\AHTTP/1.1 400 .*Request Header Or Cookie Too Large}s, "@{[$_ + 1]} of them are too much" for 2 .. 4;
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
# The JWT recipe, and the key sets that others verify with.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(time);    # that of the core may be behind the service's by a tick
use ST::Env qw(read_file);
use ST::Session qw(T F create header_of is_signed jwk_pem key_pair part_text payload_of shape);
use ST::Stack;

my $s    = ST::Stack->new(config => { api_keys => 'an-api-key-of-20-characters' }, api_key => 'an-api-key-of-20-characters');
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;

sub jwt_input (%over) { return { algorithm => 'RS256', jwksDomain => 'https://example.com', payload => {}, validity => 100, %over } }
sub jwt_answer ($over, %opt) { return $core->post('/recipe/jwt', ref $over ? jwt_input(%$over) : $over, %opt) }
sub raw (%over) {    # with JSON text for some fields
    my %text = (algorithm => '"RS256"', jwksDomain => '"d"', payload => '{}', validity => '100', %over);
    return '{' . join(q{,}, map { qq("$_":$text{$_}) } sort keys %text) . '}';
}
sub text_of ($answer) { return "$answer->{status} $answer->{text}" }
sub jwks { return { map { ($_->{kid} => $_) } @{ $core->get('/.well-known/jwks.json')->{json}{keys} } } }

subtest 'a token' => sub {
    my $before = int time;
    my $answer = jwt_answer({ payload => { role => 'x' } });
    is shape($answer), '{status jwt}', 'members';
    my $jwt = $answer->{json}{jwt};
    is shape(part_text($jwt, 0)), '{kid typ alg}', 'header';
    my $header = header_of($jwt);
    is_deeply [@$header{qw(typ alg)}], ['JWT', 'RS256'], 'its content';
    like $header->{kid}, qr/\As-[0-9a-f-]{36}\z/, 'a static key';
    like part_text($jwt, 1), qr/\A\{"iat":\d+,"exp":\d+,"iss":"https:\/\/example\.com","role":"x"\}\z/, 'payload';
    my $claims = payload_of($jwt);
    is $claims->{exp} - $claims->{iat}, 100, 'validity in seconds';
    cmp_ok $claims->{iat}, '>=', $before, 'made now';
    cmp_ok $claims->{iat}, '<=', int time, 'not later';
    ok is_signed($jwt, jwk_pem(jwks()->{ $header->{kid} })), 'signature';
    is header_of(jwt_answer({ algorithm => $_ })->{json}{jwt})->{alg}, 'RS256', "$_ is RS256" for qw(rs256 Rs256);
};

subtest 'which key' => sub {
    for (['2.9', {}, 's'], ['2.20', { useStaticSigningKey => F }, 's'], ['2.21', {}, 's'], ['2.21', { useStaticSigningKey => F }, 'd'], ['5.6', { useStaticSigningKey => F }, 'd'],
        ['5.6', { useStaticSigningKey => T }, 's']) {
        my ($cdi, $over, $kind) = @$_;
        my $jwt = jwt_answer($over, cdi => $cdi)->{json}{jwt};
        my $kid = header_of($jwt)->{kid};
        is substr($kid, 0, 1), $kind, "CDI $cdi " . (exists $over->{useStaticSigningKey} ? "static $over->{useStaticSigningKey}" : q{});
        ok is_signed($jwt, jwk_pem(jwks()->{$kid})), 'signature';
    }
};

subtest 'what the payload overrides' => sub {
    for (
        ['{"iat":5}', qr/\A\{"iat":5,"exp":\d+,"iss":"d"\}\z/],
        ['{"iss":"me","sub":"u"}', qr/\A\{"iat":\d+,"exp":\d+,"iss":"me","sub":"u"\}\z/],
        ['{"a":1,"exp":"never","iat":null,"b":1.0,"iss":{"x":[]}}', qr/\A\{"iat":null,"exp":"never","iss":\{"x":\[\]\},"a":1,"b":1\.0\}\z/],
        ['{"exp":1,"exp":2}', qr/\A\{"iat":\d+,"exp":2,"iss":"d"\}\z/],
        ['{"s":"<&=\'\u00e9\u2028\"","big":18446744073709551615,"e":1e400}', qr/,"s":"<&='\xc3\xa9\\u2028\\"","big":18446744073709551615,"e":1e400\}\z/],
        ['{"kid":"x","alg":"none","sessionHandle":"h"}', qr/,"kid":"x","alg":"none","sessionHandle":"h"\}\z/],
      ) {
        my ($payload, $want) = @$_;
        my $answer = jwt_answer(raw(payload => $payload));
        like part_text($answer->{json}{jwt}, 1), $want, $payload;
    }
    like part_text(jwt_answer(raw(jwksDomain => q{""}))->{json}{jwt}, 1), qr/"iss":""/, 'an empty domain';
};

subtest 'input' => sub {
    my $positive = "400 validity must be greater than or equal to 0\n";
    my $field    = "400 Field name '%s' is invalid in JSON input\n";
    is text_of(jwt_answer(raw(validity => $_))), $positive, "validity $_" for '0', '-1', '-9223372036854775808', '0.9', '"-5"';
    is payload_of(jwt_answer(raw(validity => $_->[0]))->{json}{jwt})->{exp} - time > $_->[1] - 30, 1, "validity $_->[0]" for ['1.9', 1], ['"77"', 77], ['3e3', 3000];
    for my $huge ('9223372036854775807', '9223372036854775000') {
        is payload_of(jwt_answer(raw(validity => $huge))->{json}{jwt})->{exp}, '9223372036854775807', "validity $huge ends with the numbers";
    }
    for my $name (qw(algorithm jwksDomain payload validity)) {
        my %input = %{ jwt_input() };
        delete $input{$name};
        is text_of($core->post('/recipe/jwt', \%input)), sprintf($field, $name), "no $name";
        is text_of(jwt_answer(raw($name => 'null'))), sprintf($field, $name), "$name null";
        is text_of(jwt_answer(raw($name => '[1]'))), sprintf($field, $name), "$name of another type";
    }
    is text_of(jwt_answer(raw(useStaticSigningKey => 'null'))), sprintf($field, 'useStaticSigningKey'), 'useStaticSigningKey null';
    is jwt_answer(raw(useStaticSigningKey => 'null'), cdi => '2.20')->{json}{status}, 'OK', 'not known before 2.21';
    is text_of(jwt_answer(raw(algorithm => qq("$_")))), qq(200 {"status":"UNSUPPORTED_ALGORITHM_ERROR"}\n), "algorithm '$_'" for 'HS256', 'none', q{}, 'RS256 ', 'ES256';
    is text_of(jwt_answer(raw(algorithm => '"x"', validity => 0))), $positive, 'validity comes first';
    is text_of(jwt_answer($_)), "400 Invalid Json Input\n", "body '$_'" for q{}, '[]', 'null', '{', '{"a":1}x';
    is jwt_answer({ payload => { x => 'y' x 600_000 } })->{json}{status}, 'OK', 'a large payload';
    is jwt_answer({ payload => { x => 'y' x 1_100_000 } })->{status}, 413, 'a too large one';
};

subtest 'scope' => sub {
    my $t1 = $core->with(prefix => '/t1');
    $core->put('/recipe/multitenancy/tenant/v2', { tenantId => 't1' });
    my $only = "403 Only public tenantId can call this app specific API\n";
    is text_of($t1->post('/recipe/jwt', jwt_input())), $only, 'a tenant makes no tokens';
    is text_of($t1->post('/recipe/jwt', jwt_input(), cdi => '2.21')), "404 Not found\n", 'before 3.0 there is none';
    is $t1->post('/recipe/jwt', jwt_input(), cdi => '4.0')->{json}{status}, 'OK', 'before 5.0 it was ignored';
    is text_of($t1->post('/recipe/jwt', jwt_input(validity => 0))), "400 validity must be greater than or equal to 0\n", 'input is looked at first';
    is text_of($t1->get('/recipe/jwt/jwks')), $only, 'nor has it keys of its own';
    is $t1->get('/recipe/jwt/jwks', cdi => '4.0')->{json}{status}, 'OK', 'before 5.0 it was ignored';
    my $stranger = $core->with(api_key => undef);
    is text_of($stranger->post('/recipe/jwt', jwt_input())), "401 Invalid API key\n", 'tokens need the API key';
    is text_of($stranger->get('/recipe/jwt/jwks')), "401 Invalid API key\n", 'and so does this list of keys';
    my $unknown = $core->with(prefix => '/appid-x');
    my $text    = "400 AppId or tenantId not found => App with the following connectionURIDomain and appId combination not found: (, x)\n";
    is text_of($unknown->post('/recipe/jwt', jwt_input())), $text, 'an unknown app';
    is text_of($unknown->get('/recipe/jwt/jwks')), $text, 'has no keys';
    is text_of($unknown->get('/.well-known/jwks.json')), $text, 'nor a public list of them';
    is $core->request($_->[0], $_->[1])->{status}, 405, "$_->[0] $_->[1]" for ['GET', '/recipe/jwt'], ['POST', '/recipe/jwt/jwks'], ['POST', '/.well-known/jwks.json'], ['DELETE', '/recipe/jwt'];
};

subtest 'key sets' => sub {
    for my $name ('first', 'second') {
        $core->put('/recipe/multitenancy/app/v2', { appId => $name });
        my $door   = $core->with(prefix => "/appid-$name");
        my $answer = $door->get('/recipe/jwt/jwks');
        is shape($answer), '{keys[{kty kid n e alg use}{kty kid n e alg use}]status}', 'two keys are there from the beginning';
        is $answer->{json}{status}, 'OK', 'status';
        my ($dynamic, $static) = @{ $answer->{json}{keys} };
        is_deeply [@$dynamic{qw(kty e alg use)}], [qw(RSA AQAB RS256 sig)], 'constants';
        my ($created, $value) = @{ $pg->query("SELECT created_at_time, value FROM session_access_token_signing_keys WHERE app_id = '$name'")->[0] };
        my ($kid, $static_value) = @{ $pg->query("SELECT key_id, key_string FROM jwt_signing_keys WHERE app_id = '$name'")->[0] };
        is_deeply [map { $_->{kid} } $dynamic, $static], ["d-$created", $kid], 'the dynamic one first';
        is read_file(jwk_pem($_->[0])), read_file(key_pair($_->[1])->{public}), 'they are the stored ones' for [$dynamic, $value], [$static, $static_value];
        unlike $dynamic->{n}, qr/[^\w-]/, 'in base64url';

        my $rest   = sub { return int(($created + 168 * 3_600_000 - 60_000) / 1000 - time) };
        my $before = $rest->();
        my $public = $core->with(prefix => "/appid-$name", api_key => undef, cdi => undef)->get('/.well-known/jwks.json');
        is_deeply $public->{json}, { keys => $answer->{json}{keys} }, 'the public list needs no API key';
        is $public->{headers}{'content-type'}, 'application/json;charset=UTF-8', 'content type';
        my ($age) = ($public->{headers}{'cache-control'} // q{}) =~ /\Amax-age=(\d+), must-revalidate\z/;
        ok defined $age && $age <= $before && $age >= $rest->(), "may be cached for about $before seconds, until the next key is made";
        is $core->get('/recipe/jwt/jwks', prefix => "/appid-$name")->{headers}{'cache-control'}, undef, 'which the other list does not say';
    }
    is $core->with(prefix => '/t1', api_key => undef)->get('/.well-known/jwks.json')->{status}, 200, 'a tenant in the path is ignored';
    is $core->with(prefix => '/nowhere', api_key => undef)->get('/.well-known/jwks.json')->{status}, 200, 'also an unknown one';
    my @kids = map { [sort map { $_->{kid} } @{ $core->with(prefix => "/appid-$_")->get('/recipe/jwt/jwks')->{json}{keys} }] } qw(first second);
    isnt "@{ $kids[0] }", "@{ $kids[1] }", 'apps have keys of their own';
    is $core->get('/.well-known/jwks.json', cdi => '9.9')->{status}, 400, 'a version too new is refused even here';
};

done_testing;

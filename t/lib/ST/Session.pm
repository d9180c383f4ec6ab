# SPDX-License-Identifier: Apache-2.0
#
# For the tests of sessions and signing keys: the recipe's calls with their usual input, and a second opinion on tokens
# and signatures, for which it asks the openssl program.
#
#   my $s = create($core, { userDataInJWT => { a => 1 } }, cdi => '5.6');      # decoded answer
#   my $v = verify($core, $s->{accessToken}{token}, { checkDatabase => 1 });   # values of input are as JSON::PP takes them
#   is shape($answer), '{session{handle userId}status}';
package ST::Session;
use v5.36;

use Digest::SHA  qw(sha256_hex);
use Exporter     qw(import);
use JSON::PP     ();
use MIME::Base64 qw(decode_base64 decode_base64url encode_base64 encode_base64url);

use ST::Env qw(temp_dir write_file);

our @EXPORT_OK = qw(T F create verify refresh create_answer verify_answer refresh_answer create_input verify_input
  refresh_input shape hash2 part_text header_of payload_of forged_jwt forged_legacy key_pair jwk_pem spki_pem is_signed);

use constant { T => JSON::PP::true, F => JSON::PP::false };

my $JSON = JSON::PP->new->utf8->canonical;

# ---- calls: the *_answer functions give the whole answer, the short ones its decoded body ----

sub create_input (%over) {
    return { userId => 'user', enableAntiCsrf => F, userDataInJWT => {}, userDataInDatabase => {}, %over };
}

sub verify_input ($token, %over) {
    return { accessToken => $token, doAntiCsrfCheck => F, enableAntiCsrf => F, checkDatabase => F, %over };
}

# useDynamicSigningKey only where it must be.
sub refresh_input ($token, $cdi, %over) {
    return { refreshToken => $token, enableAntiCsrf => F, ($cdi >= 5 ? (useDynamicSigningKey => T) : ()), %over };
}

sub create_answer ($core, $over = {}, %opt) { return $core->post('/recipe/session', create_input(%$over), %opt) }

sub verify_answer ($core, $token, $over = {}, %opt) {
    return $core->post('/recipe/session/verify', verify_input($token, %$over), %opt);
}

sub refresh_answer ($core, $token, $over = {}, %opt) {
    return $core->post('/recipe/session/refresh', refresh_input($token, $opt{cdi} // $core->{cdi}, %$over), %opt);
}

sub body ($answer)    { return $answer->{json} // { status => "$answer->{status} $answer->{text}" } }
sub create (@args)    { return body(create_answer(@args)) }
sub verify (@args)    { return body(verify_answer(@args)) }
sub refresh (@args)   { return body(refresh_answer(@args)) }

# ---- what came back ----

# Names of an answer's members in their order, without their values: {session{handle userId}status}. Of an array's
# elements every one is shown.
sub shape ($answer) {
    my $text = ref $answer ? $answer->{text} : $answer;
    my $out  = q{};
    while ($text =~ /\G\s*(?:("(?:[^"\\]|\\.)*")\s*(:?)|([{}\[\]])|,|[^\s,{}\[\]"]+)/gc) {
        my ($string, $is_name, $bracket) = ($1, $2, $3);
        if    ($bracket) { $out .= $bracket }
        elsif ($is_name) { $out .= ($out =~ /[\w-]\z/ ? q{ } : q{}) . substr $string, 1, -1 }
    }
    return $out;
}

# As the core keeps refresh tokens: hash of the hash.
sub hash2 ($token) { return sha256_hex(sha256_hex($token)) }

# Text of a token's first or second part.
sub part_text  ($token, $at) { return decode_base64url((split /[.]/, $token)[$at] =~ tr{+/=}{-_}dr) }
sub header_of  ($token)      { return $JSON->decode(part_text($token, 0)) }
sub payload_of ($token)      { return $JSON->decode(part_text($token, 1)) }

# ---- signatures ----

# The key files of a stored key: { public, private } in PEM. VALUE: base64 SPKI, | or ;, base64 PKCS#8.
sub key_pair ($value) {
    my ($public, $private) = split /[|;]/, $value;
    return { public => pem('PUBLIC KEY', decode_base64($public)), private => pem('PRIVATE KEY', decode_base64($private)) };
}

sub pem ($what, $der) {
    state $n = 0;
    my $text = "-----BEGIN $what-----\n" . encode_base64($der) . "-----END $what-----\n";
    return write_file(pem_dir() . '/' . $n++ . '.pem', $text, 0o600);
}

# Of this process: tests fork.
sub pem_dir { state %dir; return $dir{$$} //= temp_dir("pem-$$") }

sub spki_pem ($base64) { return pem('PUBLIC KEY', decode_base64($base64)) }

# A public key file from a JWK: SubjectPublicKeyInfo by hand (RFC 8017 A.1.1, RFC 3279 2.3.1).
sub jwk_pem ($jwk) {
    my @numbers = map { my $n = decode_base64url($jwk->{$_}); der(0x02, ord $n & 0x80 ? "\0$n" : $n) } qw(n e);
    my $rsa     = der(0x30, pack 'H*', '06092a864886f70d0101010500');
    return pem('PUBLIC KEY', der(0x30, $rsa . der(0x03, "\0" . der(0x30, join q{}, @numbers))));
}

sub der ($tag, $content) {
    my $n      = length $content;
    my $length = $n < 128 ? pack('C', $n) : $n < 256 ? pack('CC', 0x81, $n) : pack('Cn', 0x82, $n);
    return chr($tag) . $length . $content;
}

# Is the token (of either form) signed by the key in this file?
sub is_signed ($token, $pem) {
    my ($text, $signature) = $token =~ /\A(.*)[.]([^.]+)\z/s or return 0;
    my $dir = pem_dir();
    write_file("$dir/text", $text);
    write_file("$dir/signature", decode_base64url($signature =~ tr{+/=}{-_}dr));
    open my $out, '-|', 'openssl', 'dgst', '-sha256', '-verify', $pem, '-signature', "$dir/signature", "$dir/text" or die "openssl: $!\n";
    my $answer = <$out>;
    return close $out && $answer =~ /OK/;
}

sub signature ($text, $pem) {
    my $dir = pem_dir();
    write_file("$dir/text", $text);
    open my $out, '-|:raw', 'openssl', 'dgst', '-sha256', '-sign', $pem, "$dir/text" or die "openssl: $!\n";
    local $/ = undef;
    my $bytes = <$out>;
    close $out or die "openssl dgst -sign failed\n";
    return $bytes;
}

sub json_of ($value) { return ref $value ? $JSON->encode($value) : $value }

# Tokens with any content, signed by a private key. HEADER and PAYLOAD: a hash, or JSON text.
sub forged_jwt ($header, $payload, $pem) {
    my $text = join '.', map { encode_base64url(json_of($_)) } $header, $payload;
    return "$text." . encode_base64url(signature($text, $pem));
}

sub forged_legacy ($version, $payload, $pem) {
    my $head = qq({"alg":"RS256","typ":"JWT","version":"$version"});
    my $text = join '.', map { encode_base64(json_of($_), q{}) } $head, $payload;
    return "$text." . encode_base64(signature($text, $pem), q{});
}

1;

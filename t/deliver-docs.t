#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# The code in doc/webhooks.md verifies what we send, and refuses what we did not.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Digest::SHA  qw(hmac_sha256);
use JSON::PP     ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;

use ST::Deliver qw(add_events hook write_site);
use ST::Env     qw(read_file temp_dir top_dir write_file);
use ST::Stack timeout => 240;

my $hooks = ST::Deliver->hooks;
my $other = 'whsec_' . 'b3RoZXItb3RoZXItb3RoZXItb3RoZXI=';
my $sites = temp_dir('sites');
write_site($sites, webhooks => [hook('one', $hooks->url('/ok')), hook('two', $hooks->url('/ok'), secret => "$other " . ST::Deliver::SECRET)]);
my $s = ST::Stack->new(config => { fcgi_sites_dir => $sites, fcgi_workers => 1 });
add_events($s->pg, $_, u => 1) for qw(one two);
ok $hooks->wait_count(2), 'two webhooks came';

# Cases for the code: headers and body, and whether they are genuine.
my @cases;

sub add_case ($name, $good, $request, %change) {
    my %headers = (%{ $request->{headers} }, %{ $change{headers} // {} });
    delete $headers{$_} for grep { !defined $headers{$_} } keys %headers;
    $_ = "$_" for values %headers;
    return push @cases, { name => $name, good => $good, headers => \%headers, body => $change{body} // $request->{body} };
}

for my $request ($hooks->requests) {
    my $time      = $request->{headers}{'webhook-timestamp'};
    my $signature = $request->{headers}{'webhook-signature'};
    my $n         = split / /, $signature;
    add_case("$n signatures", 1, $request);
    add_case('another body',       0, $request, body => $request->{body} =~ s/"n":1/"n":2/r);
    add_case('another time',       0, $request, headers => { 'webhook-timestamp' => $time + 1 });
    add_case('another id',         0, $request, headers => { 'webhook-id' => 'msg_1' });
    add_case('no time',            0, $request, headers => { 'webhook-timestamp' => undef });
    add_case('no id',              0, $request, headers => { 'webhook-id' => undef });
    add_case('no signature',       0, $request, headers => { 'webhook-signature' => undef });
    add_case('half a signature',   0, $request, headers => { 'webhook-signature' => substr $signature, 0, 20 });
    add_case('another version',    0, $request, headers => { 'webhook-signature' => $signature =~ s/v1,/v2,/gr });
}
for my $case (['of now', 0, 1], ['old', -1000, 0], ['of the future', 1000, 0]) {
    my ($name, $age, $good) = @$case;
    my ($request, $time) = ($hooks->request(1), time + $age);
    my $key       = decode_base64(ST::Deliver::SECRET =~ s/whsec_//r);
    my $signature = encode_base64(hmac_sha256("$request->{headers}{'webhook-id'}.$time.$request->{body}", $key), q{});
    add_case($name, $good, $request, headers => { 'webhook-timestamp' => $time, 'webhook-signature' => "v1,$signature" });
}

my ($doc) = read_file(top_dir() . '/doc/webhooks.md');
my $input = JSON::PP->new->ascii->encode({ secret => ST::Deliver::SECRET, cases => \@cases });

# language => the program's file, what is put behind the code, further files, how it is run, what must be there
my %language = (
    js => ['verify.js', <<'END', {}, 'node verify.js', 'node --version'],
const { secret, cases } = JSON.parse(require("node:fs").readFileSync("cases.json", "utf8"));
console.log(cases.map((c) => (verify(secret, c.headers, Buffer.from(c.body)) ? 1 : 0)).join(" "));
END
    python => ['verify.py', <<'END', {}, 'python3 verify.py', q{python3 -c 'import hmac, json'}],

import json
data = json.load(open("cases.json"))
print(*[int(verify(data["secret"], c["headers"], c["body"].encode())) for c in data["cases"]])
END
    php => ['verify.php', <<'END', {}, 'php verify.php', 'php --version'],

$data = json_decode(file_get_contents('cases.json'), true);
echo implode(' ', array_map(fn($c) => (int)verify($data['secret'], $c['headers'], $c['body']), $data['cases'])), "\n";
END
    go => ['verify.go', q{}, { 'main.go' => <<'END' }, 'go run verify.go main.go', 'go version'],
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

func main() {
	var data struct {
		Secret string
		Cases  []struct {
			Headers map[string]string
			Body    string
		}
	}
	text, _ := os.ReadFile("cases.json")
	if err := json.Unmarshal(text, &data); err != nil {
		panic(err)
	}
	for _, c := range data.Cases {
		n, h := 0, c.Headers
		if Verify(data.Secret, h["webhook-id"], h["webhook-timestamp"], h["webhook-signature"], []byte(c.Body), time.Now()) {
			n = 1
		}
		fmt.Print(n, " ")
	}
}
END
);

for my $name (sort keys %language) {
    my ($file, $tail, $files, $run, $there) = @{ $language{$name} };
    my ($code) = $doc =~ /^```$name\n(.*?)^```$/ms;
  SKIP: {
        ok $code, "$name: there is code" or next;
        skip "$name is not on this machine", 1 if system("$there >/dev/null 2>&1") != 0;
        my $dir = temp_dir($name);
        write_file("$dir/$file", "$code$tail");
        write_file("$dir/$_", $files->{$_}) for keys %$files;
        write_file("$dir/cases.json", $input);
        my @got = split ' ', qx(cd '$dir' && GOCACHE='$dir/cache' GO111MODULE=off $run 2>&1);
        is_deeply { map { ($cases[$_]{name} . " $_" => $got[$_]) } 0 .. $#cases }, { map { ($cases[$_]{name} . " $_" => $cases[$_]{good}) } 0 .. $#cases },
          "$name: it tells the genuine ones" or diag "@got";
    }
}

done_testing;

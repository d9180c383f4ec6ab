# SPDX-License-Identifier: Apache-2.0
# Requests of the service to other servers: what comes of good and bad ones.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Env qw(free_port temp_dir wait_until watchdog write_file);
use ST::Fcgi;
use ST::Peer;
use ST::Proc;

watchdog(120);
my $dead    = free_port();
my %proxies = map { ($_ => "http://127.0.0.1:$dead") } qw(http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY);
my $service = ST::Fcgi::stub(env => \%proxies, config => { fcgi_request_timeout => 20_000 });
my $peer    = ST::Peer->new;

sub call ($url, %opt) {
    my $body = join "\n", $url, $opt{timeout} // 0, $opt{max} // 0, $opt{post} // q{};
    my $got  = ST::Fcgi->connect($service)->ask('/call', body => $body);
    my ($result, $text) = split /\n/, $got->{body}, 2;
    return { result => $result, text => $text, status => $got->{status} };
}

sub result_is ($url, $want, $name, %opt) {
    my $got = call($url, %opt);
    return is $got->{result} =~ s/ .*//r, $want, "$name: $got->{result}";
}

sub threads ($name) { return grep { ST::Env::read_file($_) eq "$name\n" } map { glob "/proc/$_/task/*/comm" } $service->workers }

subtest 'an ordinary call' => sub {
    is threads('caller'), 0, 'no thread is there before the first call';
    is_deeply call($peer->url('/hello')), { result => 'done 200 application/json ', text => '{"hello":"world"}', status => 200 },
      'status, type and content arrive, and no proxy of the environment was asked';
    is threads('caller'), 1, 'one thread makes calls from now on';
    like call($peer->url('/status?503'))->{result}, qr/^done 503 /, 'an error of the other side is an answer';
    my $echo = call($peer->url('/echo?a=b'), post => 'code=1&x=2')->{text};
    like $echo, qr{\APOST /echo\?a=b HTTP/1[.]1\r\n},        'a form is posted';
    like $echo, qr/^Content-Length: 10\r\n/m,                'with its length';
    like $echo, qr/^Accept: application[\/]json\r\n/m,       'with the headers that were asked for';
    like $echo, qr/^User-Agent: supertokens-fcgi\/[\d.]+\r\n/m, 'with our name';
    like $echo, qr/\r\n\r\ncode=1&x=2\z/,                    'and its body';
    like call($peer->url('/redirect'))->{result}, qr/^done 302 /, 'a redirect is not followed';
};

subtest 'servers that fail' => sub {
    result_is("http://127.0.0.1:$dead/", 'failed',  'nobody listens');
    result_is('http://' . 'x' x 64 . '.example/', 'failed', 'a name that there cannot be');    # so that no name server is asked
    result_is($peer->url('/noise'),      'failed',  'an answer that is not HTTP');
    result_is($peer->url('/cut'),        'failed',  'an answer that ends too early');
    result_is($peer->url('/hold'),       'timeout', 'no answer in time', timeout => 300);
    result_is($peer->url('/big?262144'), 'done',    'an answer of the largest size');
    result_is($peer->url('/big?262145'), 'large',   'an answer that is longer');
    result_is($peer->url('/big?1001'),   'large',   'than the caller wants', max => 1000);
    result_is($peer->url('/endless'),    'large',   'headers without end');
    like call($peer->url('/hello'))->{result}, qr/^done 200/, 'the next call is an ordinary one';
};

subtest 'URLs that are not called' => sub {
    my $file = write_file(temp_dir('secret') . '/file', 'secret');
    result_is($_, 'refused', $_) for "file://$file", 'ftp://127.0.0.1/', 'gopher://127.0.0.1/', 'nonsense', q{}, 'http://',
      'http://127.0.0.1:99999/';
    my $got = call("http://user:pass-word\@127.0.0.1:$peer->{port}/hello");
    like $got->{result}, qr/^refused/, 'a password in the URL';
    unlike $got->{result} . $service->log_text, qr/pass-word/, 'is not shown';
};

subtest 'the time that the request has left' => sub {
    $service->write_config(fcgi_request_timeout => 500);
    $service->restart;
    result_is($peer->url('/hold'), 'timeout', 'ends a call', timeout => 10_000);
    $service->write_config(fcgi_request_timeout => 20_000);
    $service->restart;
};

subtest 'a proxy that is configured' => sub {
    $service->write_config(fcgi_call_proxy => $peer->url(q{}));
    $service->restart;
    like call('http://provider.example.com/echo')->{text}, qr{\AGET http://provider[.]example[.]com/echo HTTP}, 'is used';
    $service->write_config(fcgi_call_proxy => undef);
    $service->restart;
};

subtest 'TLS' => sub {
    my $dir  = temp_dir('tls');
    my @ec   = qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2);
    sub openssl (@args) { return system("cd '$args[0]' && openssl @args[1 .. $#args] 2>>log") == 0 || die "openssl @args\n" }
    openssl($dir, 'req -x509', @ec, '-keyout ca.key -out ca.pem -subj /CN=ca');
    openssl($dir, 'req', @ec, '-keyout server.key -out server.csr -subj /CN=provider');
    write_file("$dir/names", "subjectAltName=DNS:localhost\n");
    openssl($dir, 'x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem');
    my $server = ST::Proc->new(
        name => 'openssl',
        log  => "$dir/server.log",
        cmd  => ['openssl', 's_server', '-accept', '127.0.0.1:0', '-cert', "$dir/server.pem", '-key', "$dir/server.key", '-www'],
    );
    my $port = wait_until(10, sub { ($server->log_text =~ /^ACCEPT \S+:(\d+)$/m)[0] }) or die "openssl does not listen\n" . $server->tail;
    result_is("https://localhost:$port/", 'failed', 'an unknown authority');
    $service->write_config(fcgi_ca_file => "$dir/ca.pem");
    $service->restart;
    result_is("https://localhost:$port/", 'done',   'one that is configured');
    result_is("https://127.0.0.1:$port/", 'failed', 'a certificate of another name');
    result_is("http://localhost:$port/",  'failed', 'plain text to it');
    $service->write_config(fcgi_ca_file => "$dir/none.pem");
    $service->restart;
    result_is("https://localhost:$port/", 'failed', 'without the file');
    like $service->log_text, qr{no certificate authorities could be read from \S+/none[.]pem}, 'which is logged';
    $server->stop;
};

is $service->stop, 0, 'the end';
done_testing;

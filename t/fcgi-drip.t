# SPDX-License-Identifier: Apache-2.0
# A request that never stops coming, byte by byte, is given up when its time is over, wherever it is by then.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use Time::HiRes qw(sleep);

use ST::Env qw(wait_until watchdog);
use ST::Fcgi;

watchdog(90);
my $service = ST::Fcgi::stub(config => { fcgi_request_timeout => 1000, max_server_pool_size => 2 });
my %request = (
    'in its parameters' => ST::Fcgi::head('/hello', params => [X => 'x' x 5000]),
    'in its body'       => ST::Fcgi::head('/hello', length => 5000) . ST::Fcgi::record(ST::Fcgi::STDIN_, 1, 'x' x 5000),
);

# Each of the two threads reads one.
my @dripping = map { { name => $_, bytes => $request{$_}, connection => ST::Fcgi->connect($service) } } sort keys %request;
for my $d (@dripping) {
    my $begun = $d->{name} =~ /body/ ? length(ST::Fcgi::head('/hello', length => 5000)) + 20 : 200;
    $d->{connection}->send(substr $d->{bytes}, 0, $begun, q{});
}
wait_until(20, sub {
    for my $d (grep { !$_->{over} } @dripping) {
        $d->{over} = !$d->{connection}->send(substr $d->{bytes}, 0, 1, q{});
    }
    sleep 0.1;
    return !grep { !$_->{over} } @dripping;
});
ok $_->{over} && length $_->{bytes}, "$_->{name}: it is given up" for @dripping;
is(ST::Fcgi->connect($service)->ask('/hello')->{status}, 200, 'its thread serves others');
is $service->stop, 0, 'the service ends in order';
unlike $service->log_text, qr/hangs|busy with one request/, 'and never thought that it hung';
done_testing;

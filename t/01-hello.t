# SPDX-License-Identifier: Apache-2.0
# The whole stack comes up and answers.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Stack;

my $s = ST::Stack->new;

my $hello = $s->core->get('/hello');
is $hello->{status}, 200, 'GET /hello is 200';
like $hello->{text}, qr/\AHello\s*\z/, 'and says Hello';

is $s->core->get('/hello', cdi => undef)->{status}, 200, 'also without a cdi-version header';

my $unknown = $s->core->get('/recipe/nothing/here');
is $unknown->{status}, 404, 'an unknown path is 404';
like $unknown->{text}, qr/\ANot found\s*\z/, 'and says Not found';

ok scalar($s->service->workers), 'the master has worker processes';
is $s->service->stop, 0, 'SIGTERM ends the service with status 0';
is $s->core->get('/hello')->{status}, 502, 'nginx says so when the service is gone';

$s->service->start;
$s->wait_ready;
is $s->core->get('/hello')->{status}, 200, 'and the service comes back on the same database';

done_testing;

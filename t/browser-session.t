# SPDX-License-Identifier: Apache-2.0
#
# The official web SDKs with access tokens that end after two seconds, in front of an application that asks the verify door.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Chromium;
use ST::Stack timeout => 300;

my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";
my $stack    = ST::Stack->new(
    config    => { access_token_validity => 2 },
    test_mode => 1,
    sites     => { example => {} },
    site_conf => { example => $chromium->bare_page . $chromium->application },
);
$chromium->run('session', SITE => $stack->site_url, CORE => $stack->url);
done_testing;

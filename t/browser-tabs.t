# SPDX-License-Identifier: Apache-2.0
#
# Several tabs, thieves and claims, with the official supertokens-web-js.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Chromium;
use ST::Stack timeout => 300;

my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";
my $stack    = ST::Stack->new(
    sites     => { example => { recipeList => [qw(emailPassword session userRoles)] } },
    site_conf => { example => $chromium->bare_page . $chromium->application },
);
$chromium->run('tabs', SITE => $stack->site_url, CORE => $stack->url);
done_testing;

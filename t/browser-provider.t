# SPDX-License-Identifier: Apache-2.0
#
# Signing in with Google-, GitHub- and Apple-like providers in a real browser, through the login pages.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Chromium;
use ST::Pages;
use ST::Provider;
use ST::Stack timeout => 300;

my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";
ST::Pages::build() or plan skip_all => "no login pages: $@";

my $provider = ST::Provider->new;
my @known    = map { $provider->$_ } qw(google github apple custom);
my $stack    = ST::Stack->new(
    pages     => 1,
    sites     => { example => { recipeList => $provider->recipes(@known) } },
    site_conf => { example => ST::Chromium::example_files() },
);
$chromium->run('provider', SITE => $stack->site_url, PROVIDER => $provider->url);
$provider->proc->stop;
$chromium->run('provider-down', SITE => $stack->site_url);
done_testing;

# SPDX-License-Identifier: Apache-2.0
#
# Confirming e-mail addresses with the login pages, in a real browser.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Chromium;
use ST::Env qw(temp_dir);
use ST::Pages;
use ST::Stack timeout => 300;

my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";
ST::Pages::build() or plan skip_all => "no login pages: $@";

my $mails = temp_dir('mails');
my $stack = ST::Stack->new(
    pages => 1,
    sites => {
        example => {
            recipeList    => ['emailPassword', 'session', { emailVerification => { mode => 'REQUIRED' } }],
            emailDelivery => { directory => $mails },
        },
    },
    site_conf => { example => ST::Chromium::example_files() },
);
$chromium->run('confirm', SITE => $stack->site_url, MAILS => $mails);
done_testing;

# SPDX-License-Identifier: Apache-2.0
#
# The login pages in a real browser, before files that nginx protects.
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
    config    => { access_token_validity => 4 },
    test_mode => 1,
    pages     => 1,
    sites     => { example => { emailDelivery => { directory => $mails } } },
    site_conf => { example => ST::Chromium::example_files() },
);
$chromium->run('pages', SITE => $stack->site_url, MAILS => $mails);
done_testing;

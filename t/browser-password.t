# SPDX-License-Identifier: Apache-2.0
#
# E-mail and password in a real browser, with the official supertokens-web-js.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Chromium;
use ST::Env qw(temp_dir);
use ST::Stack timeout => 300;

my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";
my $mails    = temp_dir('mails');
my $stack    = ST::Stack->new(
    sites     => { example => { emailDelivery => { directory => $mails } } },
    site_conf => { example => $chromium->bare_page },
);
$chromium->run('password', SITE => $stack->site_url, MAILS => $mails);
done_testing;

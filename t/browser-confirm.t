# SPDX-License-Identifier: Apache-2.0
#
# Confirming e-mail addresses with the login pages, and what pages say to those who may not open them, in a real browser.
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
my %mode  = (required => 'REQUIRED', optional => 'OPTIONAL');
my $files = $chromium->bare_page . $chromium->application;
my $stack = ST::Stack->new(
    pages => 1,
    sites => {
        map { ($_ => {
            recipeList    => ['emailPassword', 'session', 'userRoles', { emailVerification => { mode => $mode{$_} } }],
            emailDelivery => { directory => $mails },
        }) } keys %mode,
    },
    site_conf => {
        required => ST::Chromium::example_files(),
        optional => $files . ST::Chromium::example_files('email verified'),
    },
);
$chromium->run('confirm', SITE => $stack->site_url('required'), OPTIONAL => $stack->site_url('optional'), MAILS => $mails, CORE => $stack->url);
done_testing;

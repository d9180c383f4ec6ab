# SPDX-License-Identifier: Apache-2.0
#
# The login pages in a real browser, before files that nginx protects.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Chromium;
use ST::Env qw(patience temp_dir);
use ST::Pages;
use ST::Stack timeout => 300;

my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";
ST::Pages::build() or plan skip_all => "no login pages: $@";

my $mails  = temp_dir('mails');
my @fields = (
    { id => 'name' },
    { id => 'age',   optional => JSON::PP::true, pattern => '[0-9]{1,3}', error => 'Please enter a number' },
    { id => 'terms', pattern  => 'true',         error   => 'Please accept the terms' },
);
my @asking = (
    { emailPassword     => { signUpFeature => { formFields => \@fields } } },
    'session',
    { emailVerification => { mode => 'REQUIRED' } },
);
my $stack = ST::Stack->new(
    config    => { access_token_validity => patience(4) },
    test_mode => 1,
    pages     => 1,
    sites     => {
        example => { emailDelivery => { directory => $mails } },
        asking  => { emailDelivery => { directory => $mails }, recipeList => \@asking },
    },
    site_conf => { example => ST::Chromium::example_files(), asking => ST::Chromium::example_files('email verified') },
);
$chromium->run('pages', SITE => $stack->site_url('example'), ASKING => $stack->site_url('asking'), MAILS => $mails);
done_testing;

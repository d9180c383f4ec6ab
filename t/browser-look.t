# SPDX-License-Identifier: Apache-2.0
#
# The login pages and each of their errors in a real browser: accessible, in both themes, down to the width of a phone.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Chromium;
use ST::Env qw(temp_dir);
use ST::Pages;
use ST::Stack timeout => 400;

my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";
ST::Pages::build() or plan skip_all => "no login pages: $@";

my @fields = (
    { id => 'name' },
    { id => 'age',   optional => \1,     pattern => '[0-9]{1,3}', error => 'Please enter a number' },
    { id => 'terms', pattern  => 'true', error   => 'Please accept the terms' },
);
my $stack = ST::Stack->new(
    pages => 1,
    sites => {
        example => {
            recipeList    => [{ emailPassword => { signUpFeature => { formFields => \@fields } } }, 'session', { emailVerification => { mode => 'OPTIONAL' } }],
            emailDelivery => { directory => temp_dir('mails') },
        },
    },
    site_conf => { example => 'types { text/html html; text/css css; }' . ST::Chromium::example_files('role=admin') },
);
$chromium->run('look', SITE => $stack->site_url);
done_testing;

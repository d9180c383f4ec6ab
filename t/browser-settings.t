# SPDX-License-Identifier: Apache-2.0
#
# Sites with other settings than the default ones, with the official supertokens-web-js.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP qw(encode_json);
use Test::More;
use ST::Chromium;
use ST::Env qw(temp_dir);
use ST::Stack timeout => 300;

my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";

my $mails  = temp_dir('mails');
my @fields = (
    { id => 'name' },
    { id => 'age',   optional => JSON::PP::true, pattern => '[0-9]{1,3}', error => 'Please enter a number' },
    { id => 'terms', pattern  => 'true',         error   => 'Please accept the terms' },
);
my %recipes = (
    plain    => ['emailPassword', 'session', 'userRoles'],
    statuses => ['emailPassword', { session => { sessionExpiredStatusCode => 440, invalidClaimStatusCode => 441 } }, 'userRoles'],
    exposed  => ['emailPassword', { session => { exposeAccessTokenToFrontendInCookieBasedAuth => JSON::PP::true } }],
    fields   => [{ emailPassword => { signUpFeature => { formFields => \@fields } } }, 'session'],
    verified => ['emailPassword', 'session', { emailVerification => { mode => 'OPTIONAL' } }],
    older    => ['emailPassword', { session => { cookieDomain => '.example.com', olderCookieDomain => q{} } }],
);
my %site = map { ($_ => { recipeList => $recipes{$_}, emailDelivery => { directory => $mails } }) } keys %recipes;
$site{older}{appInfo} = { apiDomain => 'http://api.example.com', websiteDomain => 'http://api.example.com' };

my $conf  = $chromium->bare_page . $chromium->application;
my $stack = ST::Stack->new(sites => \%site, site_conf => { map { ($_ => $conf) } keys %site });
my %url   = map { ($_ => $stack->site_url($_)) } keys %site;
$url{older} =~ s/127[.]0[.]0[.]1/api.example.com/;
$chromium->run('settings', SITES => encode_json(\%url), CORE => $stack->url, MAILS => $mails);
done_testing;

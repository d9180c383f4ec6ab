# SPDX-License-Identifier: Apache-2.0
# doc/sites.md is what the table of keys says, and the example that we ship is a valid site.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Env qw(build_dir read_file temp_dir top_dir watchdog write_file);

watchdog(60);
my $supertokens = build_dir() . '/supertokens';

subtest 'the page' => sub {
    my ($keys) = read_file(top_dir() . '/doc/sites.md') =~ /^(## Keys\n.*)/ms;
    my $printed = qx{$supertokens site keys};
    is $? >> 8, 0, '`supertokens site keys` prints the reference';
    ok $keys eq $printed, 'doc/sites.md ends with it' or diag 'bring it up to date: supertokens site keys';
    like $printed, qr/^\| `$_` \|/m, "it has $_" for qw(appName cookieSameSite clients\[\].clientSecret \[\].url);
};

# Checks TEXT as the only site; returns what is said.
sub check ($text, %env) {
    state $n = 0;
    my $dir = temp_dir('site' . $n++);
    write_file("$dir/example.yaml", $text);
    local %ENV = (PATH => $ENV{PATH}, POSTGRESQL_USER => 'nobody', FCGI_SITES_DIR => $dir, %env);
    my $said = qx{$supertokens config test 2>&1};
    return $said =~ s/\Q$dir\E\///r;
}

subtest 'the example' => sub {
    my $example = read_file(top_dir() . '/nginx/sites.d/example.yaml');
    is check($example), "The configuration is valid, with 1 site.\n", 'is a valid site';
    is check($example, SITE_URL => 'https://example.com'), "The configuration is valid, with 1 site.\n", 'at another place';
    like check($example, SITE_URL => 'nonsense'), qr/^example\.yaml, line \d+: appInfo\.apiDomain: must be a domain/, 'the place is checked';

    # What is commented out there works too, taken in.
    my $all = $example =~ s/^  directory: .*\n//mr =~ s/^  - session\n//mr =~ s/providers: \[\]/providers:/r;
    $all =~ s/^(\s*)#(?=\s*(?:- )?[\w]+:)/$1/mg;
    $all =~ s/^(\s*)#(?= +- userRoles$|- userRoles$)/$1/mg;
    $all =~ s/cookieDomain: \.example\.com\s+#.*/cookieDomain: .example.com/;
    my %secret = map { ($_ => 'a-secret-long-enough') } qw(GOOGLE_CLIENT_ID GOOGLE_CLIENT_SECRET GITHUB_CLIENT_ID
      GITHUB_CLIENT_SECRET SMTP_PASSWORD CRM_WEBHOOK_SECRET);
    is check($all, %secret, SITE_URL => 'https://www.example.com'), "The configuration is valid, with 1 site.\n", 'and everything in it'
      or diag $all;
    delete $secret{SMTP_PASSWORD};
    like check($all, %secret, SITE_URL => 'https://www.example.com'), qr/SMTP_PASSWORD is not set/, 'with its secrets';
};

done_testing;

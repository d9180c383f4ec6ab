# SPDX-License-Identifier: Apache-2.0
# `supertokens site pages`: what the login pages are told of a site, which everybody can read.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;

use Encode  qw(encode_utf8);
use ST::Env qw(bare_environment build_dir temp_dir watchdog write_file);

watchdog(60);
my $supertokens = build_dir() . '/supertokens';
my $dir         = temp_dir('sites');

# Status and output, with sites.d/NAME.yaml of these texts.
sub run_pages ($sites, @arguments) {
    unlink glob "$dir/*.yaml";
    write_file("$dir/$_.yaml", encode_utf8($sites->{$_})) for keys %$sites;
    local %ENV = (bare_environment(), POSTGRESQL_USER => 'nobody', FCGI_SITES_DIR => $dir, SECRET => 'very-secret-value');
    my $said = qx{$supertokens site pages @arguments 2>&1};
    return ($? >> 8, $said);
}

sub config_of ($text) { return JSON::PP->new->utf8->decode($text =~ /^globalThis\.ST_PAGES = (\{.*\});$/m ? $1 : die "no config: $text\n") }

my $small = <<'END';
appInfo: { appName: Small, apiDomain: 'https://api.example.com', websiteDomain: 'https://example.com' }
recipeList: [emailPassword, session]
END
my $large = <<'END';
appInfo: { appName: "</script>'\"\u2028 Große", apiDomain: 'https://example.com', websiteDomain: 'https://example.com', apiBasePath: /api, websiteBasePath: /login, apiGatewayPath: /gw }
recipeList:
  - emailPassword:
      passwordProfile: nist
      signUpFeature:
        formFields:
          - id: name
          - { id: age, optional: true, pattern: '[0-9]{1,3}', error: Please enter a number }
          - { id: terms, pattern: 'true', error: Please accept }
          - { id: nickname, pattern: '[a-z]+', error: Letters }
          - { id: news, optional: true, pattern: 'true|false', error: Please choose }
  - thirdParty:
      signInAndUpFeature:
        providers:
          - config: { thirdPartyId: google, clients: [{ clientId: abc, clientSecret: '${SECRET}' }] }
  - session
  - emailVerification: { mode: REQUIRED }
emailDelivery: { smtp: { host: mail.example.com, from: { name: X, email: x@example.com }, authUsername: u, password: '${SECRET}' } }
END

my ($status, $said) = run_pages({ small => $small });
is $status, 0, 'the only site needs no name';
is_deeply config_of($said),
  {
    appName => 'Small', apiDomain => 'https://api.example.com', websiteDomain => 'https://example.com',
    apiBasePath => '/auth', websiteBasePath => '/auth', passwordProfile => 'default', signUpFields => [],
  },
  'where things are';

($status, $said) = run_pages({ small => $small, large => $large }, '--site', 'large');
is $status, 0, 'one of several';
my $config = config_of($said);
is $config->{appName}, "</script>'\"\x{2028} Große", 'a name with everything in it';
is_deeply [@$config{qw(apiBasePath websiteBasePath passwordProfile emailVerification)}], [qw(/gw/api /login nist REQUIRED)], 'paths, as browsers see them, and rules';
ok !exists $config->{apiGatewayPath}, 'the gateway is part of the base path, once';
my @fields = map { "$_->{id} $_->{type}" . ($_->{optional} ? ' optional' : q{}) } @{ $config->{signUpFields} };
is_deeply \@fields, ['name text', 'age text optional', 'terms checkbox', 'nickname text', 'news checkbox optional'], 'fields of the form';
unlike $said, qr/very-secret-value|mail\.example\.com|clientId/, 'nothing of what is not for everybody';

is_deeply [run_pages({ small => $small, large => $large })], [1, "Which site? Name it with --site\n"], 'of several one has to be named';
is_deeply [run_pages({ small => $small }, '--site=none')],    [1, "There is no such site\n"],           'an unknown one';
($status, $said) = run_pages({ small => $small =~ s/appName/appNmae/r });
is $status, 1, 'an invalid one';
like $said, qr/^\S+small\.yaml, line 1: appInfo\.appNmae: unknown key/, 'and why';

done_testing;

# SPDX-License-Identifier: Apache-2.0
#
# The identity provider for tests, t/provider/server.js (its top says what it serves and how it is made to misbehave), and
# a user who signs in there without a browser.
#
#   my $provider = ST::Provider->new;                     # or skip_all without node
#   my $s = ST::Stack->new(sites => { example => { recipeList => $provider->recipes($provider->google) } });
#   my $auth = ST::Auth->new(url => $s->site_url);
#   my $got  = $provider->sign_in($auth, 'google', user => 'alice');     # the answer of POST /signinup
package ST::Provider;
use v5.36;

use HTTP::Tiny ();
use JSON::PP   ();
use Test::More ();

use ST::Env qw(free_port patience temp_dir top_dir wait_until);
use ST::Proc;

my $JSON = JSON::PP->new->utf8->canonical;

sub new ($class) {
    my ($node) = grep { -x } map { "$_/node" } split /:/, $ENV{PATH};
    Test::More::plan(skip_all => 'node is not installed') if !$node;
    my $self = bless { port => free_port(), http => HTTP::Tiny->new(timeout => patience(20), max_redirect => 0) }, $class;
    $self->{proc} = ST::Proc->new(
        name => 'provider',
        log  => temp_dir('provider') . '/log',
        cmd  => [$node, top_dir() . '/t/provider/server.js', $self->{port}],
    );
    wait_until(20, sub { !$self->{proc}->alive || $self->{proc}->log_text =~ /^listening$/m });
    die "the provider did not start\n" . $self->{proc}->tail if !$self->{proc}->alive;
    return $self;
}

sub proc ($self) { return $self->{proc} }
sub url ($self, $path = q{}) { return "http://127.0.0.1:$self->{port}$path" }

# ---- knobs ----

sub control ($self, $knob, $value = {}) {
    my $got = $self->{http}->post($self->url("/control/$knob"),
        { headers => { 'content-type' => 'application/json' }, content => $JSON->encode($value) });
    die "/control/$knob: $got->{status} $got->{content}\n" if $got->{status} != 200;
    return $JSON->decode($got->{content});
}

sub fault ($self, $at, $how, %more) { return $self->control(fault => { at => $at, how => $how, %more }) }
sub reset ($self) { return $self->control('reset') }    ## no critic (ProhibitBuiltinHomonyms)

# The requests since the last call; of one endpoint when it is named.
sub log ($self, $at = undef) {                          ## no critic (ProhibitBuiltinHomonyms)
    my $all = $self->control('log');
    return [grep { !defined $at || $_->{at} eq $at } @$all];
}

# ---- configuration ----

# What a site's recipeList is with these providers.
sub recipes ($self, @providers) {
    return ['emailPassword', 'session', { thirdParty => { signInAndUpFeature => { providers => \@providers } } }];
}

sub client (%more) { return { clientId => 'client-web', clientSecret => 'secret-web', %more } }

# Entries of its list of providers; MORE goes into the config.
sub google ($self, %more) {
    my $url = $self->url('/google/.well-known/openid-configuration');
    return { config => { thirdPartyId => 'google', oidcDiscoveryEndpoint => $url, clients => [client()], %more } };
}

sub custom ($self, %more) {
    my $url = $self->url('/oidc/.well-known/openid-configuration');
    return { config => { thirdPartyId => 'custom', name => 'Custom', oidcDiscoveryEndpoint => $url, clients => [client()], %more } };
}

sub github ($self, %more) {
    my %config = (
        thirdPartyId          => 'github',
        authorizationEndpoint => $self->url('/github/login/oauth/authorize'),
        tokenEndpoint         => $self->url('/github/login/oauth/access_token'),
        userInfoEndpoint      => $self->url('/github/user'),
        clients               => [client()],
    );
    return { config => { %config, %more } };
}

sub facebook ($self, %more) {
    my %config = (
        thirdPartyId          => 'facebook',
        authorizationEndpoint => $self->url('/facebook/authorize'),
        tokenEndpoint         => $self->url('/facebook/token'),
        userInfoEndpoint      => $self->url('/facebook/me'),
        clients               => [client()],
    );
    return { config => { %config, %more } };
}

sub apple ($self, %more) {
    my $known  = $self->control('apple');
    my %secret = map { ($_ => $known->{$_}) } qw(keyId teamId privateKey);
    $secret{privateKey} =~ s/\n/\\n/g;
    my %config = (
        thirdPartyId         => 'apple',
        oidcDiscoveryEndpoint => $self->url('/apple/.well-known/openid-configuration'),
        clients              => [{ clientId => $known->{client}, additionalConfig => \%secret }],
    );
    return { config => { %config, %more } };
}

# ---- a user ----

sub decode ($text) { return $text =~ tr/+/ /r =~ s/%([0-9A-F]{2})/chr hex $1/gier }
sub encode ($text) { return $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger }
sub params ($text) { return { map { my ($n, $v) = split /=/, $_, 2; (decode($n) => decode($v // q{})) } split /&/, $text } }
sub query ($url) { return params($url =~ /[?]([^#]*)/ ? $1 : q{}) }

sub unescape ($text) { return $text =~ s/&#(\d+);/chr $1/ger }

sub hidden ($html) {
    return { map { unescape($_) } $html =~ /<input type="hidden" name="([^"]*)" value="([^"]*)">/g };
}

# Opens the address of a consent page, and decides. Returns what the browser would be sent back with; {action} is where
# the form of form_post goes to.
sub visit ($self, $url, %opt) {
    my $page = $self->{http}->get($url);
    return query($page->{headers}{location}) if $page->{status} == 302;
    die "no consent page: $page->{status} $page->{content}\n" if $page->{status} != 200 || $page->{content} !~ /id="approve"/;
    my ($action) = $page->{content} =~ /action="([^"]*)"/;
    my %form = (%{ hidden($page->{content}) }, user => $opt{user} // 'alice', decision => $opt{decision} // 'approve');
    my $got = $self->{http}->post_form($self->url($action), \%form);
    return query($got->{headers}{location}) if $got->{status} == 302;
    my ($back) = $got->{content} =~ /action="([^"]*)"/;
    return { %{ hidden($got->{content}) }, action => unescape($back) };
}

my $CALLBACK = 'http://localhost:3000/login/callback/';

# Options: user, decision; client (clientType); tenant; state.
sub authorise ($self, $auth, $id, %opt) {
    my $prefix = defined $opt{tenant} ? "/$opt{tenant}" : q{};
    my $client = defined $opt{client} ? '&clientType=' . encode($opt{client}) : q{};
    my $url    = $auth->get("$prefix/authorisationurl?thirdPartyId=$id&redirectURIOnProviderDashboard=" . encode($CALLBACK . $id) . $client);
    die "no authorisation URL: $url->{status} $url->{text}\n" if ($url->{json}{status} // q{}) ne 'OK';
    my $back = $self->visit("$url->{json}{urlWithQueryParams}&state=" . encode($opt{state} // 'the-state'), %opt);
    delete $back->{action};
    my %info = (redirectURIOnProviderDashboard => $CALLBACK . $id, redirectURIQueryParams => $back);
    $info{pkceCodeVerifier} = $url->{json}{pkceCodeVerifier} if defined $url->{json}{pkceCodeVerifier};
    return { thirdPartyId => $id, redirectURIInfo => \%info, (defined $opt{client} ? (clientType => $opt{client}) : ()) };
}

# The whole way; the answer of POST /signinup.
sub sign_in ($self, $auth, $id, %opt) {
    my $prefix = defined $opt{tenant} ? "/$opt{tenant}" : q{};
    return $auth->post("$prefix/signinup", $self->authorise($auth, $id, %opt), %{ $opt{request} // {} });
}

1;

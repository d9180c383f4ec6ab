# SPDX-License-Identifier: Apache-2.0
#
# A site of the auth door for a test: its file, and where nginx serves it.
#
#   { }                                               sign-in by password, sessions, API and pages at one place
#   { appInfo => { apiBasePath => '/api' } }          laid over that; undef takes a key away
#   { recipeList => ['session', 'userRoles'] }        lists replace lists
#   "appInfo: ..."                                    or the text of the file
#
# @URL@ in any value becomes the address of the site.
package ST::Site;
use v5.36;

use JSON::PP ();

sub new ($class, $name, $wanted, $port) {
    my $self = bless { name => $name, port => $port }, $class;
    # JSON is YAML.
    my $yaml = ref $wanted ? JSON::PP->new->canonical->pretty->encode(lay_over(usual(), $wanted)) : $wanted;
    $self->{yaml} = $yaml =~ s/\@URL\@/$self->url/ger;
    return $self;
}

sub name ($self) { return $self->{name} }
sub yaml ($self) { return $self->{yaml} }
sub port ($self) { return $self->{port} }
sub url  ($self) { return "http://127.0.0.1:$self->{port}" }

# Its apiBasePath.
sub api ($self) { return $self->{yaml} =~ /\bapiBasePath"?\s*:\s*"?([^"\s]*)/ ? $1 : '/auth' }

# Its websiteBasePath.
sub pages ($self) { return $self->{yaml} =~ /\bwebsiteBasePath"?\s*:\s*"?([^"\s]*)/ ? $1 : '/auth' }

# For ST::Nginx.
sub server ($self) { return (name => $self->name, port => $self->port, api => $self->api) }

sub usual {
    return {
        appInfo => {
            appName         => 'Test',
            apiDomain       => '@URL@',
            websiteDomain   => '@URL@',
            apiBasePath     => '/auth',
            websiteBasePath => '/login',
        },
        recipeList => ['emailPassword', 'session'],
    };
}

sub lay_over ($base, $change) {
    for my $key (keys %$change) {
        if    (!defined $change->{$key}) { delete $base->{$key} }
        elsif (ref $change->{$key} eq 'HASH' && ref $base->{$key} eq 'HASH') { lay_over($base->{$key}, $change->{$key}) }
        else                             { $base->{$key} = $change->{$key} }
    }
    return $base;
}

1;

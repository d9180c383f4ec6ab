# SPDX-License-Identifier: Apache-2.0
#
# What a browser with one of the web SDKs sends: JSON, the SDK's headers, and the cookies it was given.
package ST::Browser;
use v5.36;

use HTTP::Tiny ();
use JSON::PP   ();

use ST::Env qw(patience);

sub new ($class, $url) {
    my $http = HTTP::Tiny->new(timeout => patience(30), max_redirect => 0);
    return bless { url => $url, cookies => {}, http => $http }, $class;
}

# BODY: what becomes JSON, or text that is sent as it is. Answer: status, headers, text, json, set_cookie (name => value; empty when the cookie was removed).
sub request ($self, $method, $path, $body = undef, %headers) {
    $headers{'st-auth-mode'} //= 'cookie';
    $headers{rid}            //= 'anti-csrf';
    $headers{cookie} = join '; ', map { "$_=$self->{cookies}{$_}" } sort keys %{ $self->{cookies} } if %{ $self->{cookies} };
    my %send = (headers => \%headers);
    if (defined $body) {
        $headers{'content-type'} //= 'application/json';
        $send{content} = ref $body ? JSON::PP->new->utf8->encode($body) : $body;
    }
    my $got = $self->{http}->request($method, $self->{url} . $path, \%send);
    return {
        status     => $got->{status},
        headers    => $got->{headers},
        text       => $got->{content},
        json       => scalar eval { JSON::PP->new->utf8->decode($got->{content}) },
        set_cookie => $self->take_cookies($got->{headers}{'set-cookie'}),
    };
}

sub take_cookies ($self, $lines) {
    my %set;
    for my $line (ref $lines ? @$lines : $lines // ()) {
        my ($name, $value) = $line =~ /\A([^=]+)=([^;]*)/ or next;
        $set{$name} = $value;
        if   ($value eq q{}) { delete $self->{cookies}{$name} }
        else                 { $self->{cookies}{$name} = $value }
    }
    return \%set;
}

sub get  ($self, $path)                { return $self->request('GET', $path) }
sub post ($self, $path, $body = undef) { return $self->request('POST', $path, $body) }

# The cookie jar, to be put aside and brought back.
sub cookies ($self, $other = undef) {
    $self->{cookies} = {%$other} if $other;
    return { %{ $self->{cookies} } };
}

1;

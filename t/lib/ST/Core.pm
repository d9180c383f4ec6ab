# SPDX-License-Identifier: Apache-2.0
#
# Client of the core door.
#
#   my $answer = $core->post('/recipe/signup', { email => $e, password => $p }, cdi => '5.4');
#   $answer->{status}, $answer->{json}{status}, $answer->{text}, $answer->{headers}{'content-type'}
package ST::Core;
use v5.36;

use HTTP::Tiny ();
use JSON::PP   ();

use ST::Env qw(patience);

my $JSON = JSON::PP->new->utf8->allow_nonref->canonical;

# url; optional: cdi (version sent when a call names none; undef sends none), api_key, prefix (such as /appid-x/tenant), host (a
# connection-URI domain, sent in the Host header), rid (the recipe, for /recipe/user).
sub new ($class, %opt) {
    my $self = bless { cdi => '5.4', prefix => q{}, %opt }, $class;
    $self->{http} = HTTP::Tiny->new(timeout => patience(30), keep_alive => 1, max_redirect => 0);
    return $self;
}

sub url ($self) { return $self->{url} }

# The same client for another app or tenant, or with another key.
sub with ($self, %changes) { return ST::Core->new(%$self{qw(url cdi api_key prefix host rid)}, %changes) }

# BODY: a hash or array is sent as JSON, text as it is. Options: cdi, api_key, prefix, host, rid, headers (hash), query (hash).
# status is 599 when there was no answer; then text says why.
sub request ($self, $method, $path, $body = undef, %opt) {
    my %set     = (%$self{qw(cdi api_key prefix host rid)}, %opt);
    my %headers = %{ $opt{headers} // {} };
    $headers{'cdi-version'} //= $set{cdi}     if defined $set{cdi};
    $headers{'api-key'}     //= $set{api_key} if defined $set{api_key};
    $headers{rid}           //= $set{rid}     if defined $set{rid};

    my %send = (headers => \%headers);
    if (defined $body) {
        $send{content} = ref $body ? $JSON->encode($body) : $body;
        $headers{'content-type'} //= 'application/json; charset=utf-8';
    }
    my $url = $self->{url} . $set{prefix} . $path;
    if (defined $set{host}) {
        $url =~ s{//[^/:]+}{//$set{host}};
        $send{peer} = '127.0.0.1';
    }
    $url .= ($url =~ /[?]/ ? '&' : '?') . $self->{http}->www_form_urlencode($opt{query}) if $opt{query};

    my $got  = $self->{http}->request($method, $url, \%send);
    my $type = $got->{headers}{'content-type'} // q{};
    return {
        status  => $got->{status},
        headers => $got->{headers},
        text    => $got->{content} // q{},
        json    => $type =~ m{^application/json}i ? scalar eval { $JSON->decode($got->{content}) } : undef,
    };
}

sub get     ($self, $path, %opt)        { return $self->request('GET', $path, undef, %opt) }
sub post    ($self, $path, $body, %opt) { return $self->request('POST', $path, $body, %opt) }
sub put     ($self, $path, $body, %opt) { return $self->request('PUT', $path, $body, %opt) }
sub del     ($self, $path, %opt)        { return $self->request('DELETE', $path, undef, %opt) }

1;

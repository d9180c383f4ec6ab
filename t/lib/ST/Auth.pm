# SPDX-License-Identifier: Apache-2.0
#
# A browser's side of the auth door, without its rules: what a request carries and what the answer sets is said one by one.
#
#   my $auth = ST::Auth->new(url => $s->site_url);
#   my $got  = $auth->post('/session/refresh', undef, cookies => { sRefreshToken => $token });
#   $got->{status}, $got->{json}, $got->{headers}{'front-token'}, $got->{cookies}{sAccessToken}{value}, $got->{front}{uid}
package ST::Auth;
use v5.36;

use Exporter     qw(import);
use HTTP::Tiny   ();
use JSON::PP     ();
use MIME::Base64 qw(decode_base64);

use ST::Env qw(patience);

our @EXPORT_OK = qw(tokens_of cookie_encode);

my $JSON = JSON::PP->new->utf8->allow_nonref->canonical;

# url: of the site. Optional: base (apiBasePath), cookies and headers of every request.
sub new ($class, %opt) {
    my $self = bless { base => '/auth', cookies => {}, headers => {}, %opt }, $class;
    $self->{http} = HTTP::Tiny->new(timeout => patience(30), keep_alive => 1, max_redirect => 0);
    return $self;
}

# As encodeURIComponent does.
sub cookie_encode ($text) { return $text =~ s/([^A-Za-z0-9_.!~*'()-])/sprintf '%%%02X', ord $1/ger }

# BODY: a hash or array is sent as JSON, text as it is. Options: cookies (hash, or the text of the header), headers, at (a
# path of the site instead of one below the base path). status is 599 when there was no answer.
sub request ($self, $method, $path, $body = undef, %opt) {
    my %headers = (%{ $self->{headers} }, %{ $opt{headers} // {} });
    my $cookies = $opt{cookies} // {};
    if (ref $cookies) {
        my %all = (%{ $self->{cookies} }, %$cookies);
        $cookies = join '; ', map { "$_=" . cookie_encode($all{$_}) } sort keys %all;
    }
    $headers{cookie} = $cookies if length $cookies;
    my %send = (headers => \%headers);
    if (defined $body) {
        $send{content} = ref $body ? $JSON->encode($body) : $body;
        $headers{'content-type'} //= 'application/json; charset=utf-8';
    }
    my $got  = $self->{http}->request($method, $self->{url} . ($opt{at} // $self->{base} . $path), \%send);
    my $type = $got->{headers}{'content-type'} // q{};
    return {
        status  => $got->{status},
        headers => $got->{headers},
        text    => $got->{content} // q{},
        json    => $type =~ m{^application/json}i ? scalar eval { $JSON->decode($got->{content}) } : undef,
        cookies => cookies_of($got->{headers}{'set-cookie'}),
        front   => front_of($got->{headers}{'front-token'}),
    };
}

sub get  ($self, $path, %opt)        { return $self->request('GET', $path, undef, %opt) }
sub post ($self, $path, $body = undef, %opt) { return $self->request('POST', $path, $body, %opt) }
sub put  ($self, $path, $body, %opt) { return $self->request('PUT', $path, $body, %opt) }

# { name => { value (decoded), raw, attributes (the text behind the value) } }
sub cookies_of ($set) {
    my %cookies;
    for my $text (ref $set ? @$set : defined $set ? $set : ()) {
        my ($name, $raw, $attributes) = $text =~ /\A([^=]+)=([^;]*)(.*)\z/s or next;
        my $value = $raw =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
        $cookies{$name} = { value => $value, raw => $raw, attributes => $attributes };
    }
    return \%cookies;
}

# The decoded front token; undef: none, or "remove".
sub front_of ($text) { return defined $text && $text ne 'remove' ? scalar eval { $JSON->decode(decode_base64($text)) } : undef }

# The tokens of an answer by name, from cookies and headers.
sub tokens_of ($answer) {
    my %header = (sAccessToken => 'st-access-token', sRefreshToken => 'st-refresh-token');
    return {
        map { ($_ => $answer->{cookies}{$_} ? $answer->{cookies}{$_}{value} : $answer->{headers}{ $header{$_} }) } keys %header
    };
}

1;

# SPDX-License-Identifier: Apache-2.0
#
# An OpenTelemetry collector for tests (t/peer/hooks.py receives), which dies of what the OTLP specification does not
# allow in the JSON encoding of an ExportTraceServiceRequest.
#
#   my $c = ST::Otlp->new;            # $c->endpoint is fcgi_otlp_endpoint
#   my @spans = $c->spans;            # all so far, each with {resource}, {attribute} and {headers} of its message
package ST::Otlp;
use v5.36;

use JSON::PP ();

use ST::Deliver;
use ST::Env qw(wait_until);

sub new ($class) { return bless { peer => ST::Deliver->hooks }, $class }

sub endpoint ($self) { return $self->{peer}->url(q{}) }
sub peer     ($self) { return $self->{peer} }

sub spans ($self) {
    my @spans;
    for my $r ($self->{peer}->requests) {
        $r->{line} eq 'POST /v1/traces HTTP/1.1' or wrong("sent to $r->{line}");
        $r->{headers}{'content-type'} eq 'application/json' or wrong('not said to be JSON');
        for my $span (check_message($r->{body})) { push @spans, { %$span, headers => $r->{headers} } }
    }
    return @spans;
}

# Waits until CODE says yes to the spans; they, or nothing.
sub wait_spans ($self, $code) {
    my @spans;
    return wait_until(20, sub { @spans = $self->spans; $code->(@spans) }) ? @spans : ();
}

sub wrong ($what) { die "OTLP: $what\n" }

sub only ($object, $where, @names) {
    ref $object eq 'HASH' or wrong("$where is no object");
    my %known = map { ($_ => 1) } @names;
    $known{$_} or wrong("$where has a member $_") for keys %$object;
    return;
}

sub check_message ($body) {
    my $message = JSON::PP->new->utf8->decode($body);
    only($message, 'the message', 'resourceSpans');
    my @spans;
    for my $r (@{ $message->{resourceSpans} }) {
        only($r, 'resourceSpans', qw(resource scopeSpans));
        my $resource = attributes($r->{resource}{attributes});
        for my $s (@{ $r->{scopeSpans} }) {
            only($s, 'scopeSpans', qw(scope spans));
            length $s->{scope}{name} or wrong('a scope without a name');
            push @spans, map { check_span($_); $_->{resource} = $resource; $_ } @{ $s->{spans} };
        }
    }
    return @spans;
}

# KeyValue: {"key":"...","value":{"stringValue":"..."}}; intValue is a decimal string.
sub attributes ($list) {
    my %out;
    for my $a (@$list) {
        only($a, 'an attribute', qw(key value));
        exists $out{ $a->{key} } and wrong("two attributes $a->{key}");
        my ($type, @more) = keys %{ $a->{value} };
        wrong("attribute $a->{key} has several values") if @more;
        my $value = $a->{value}{$type};
        my $good  = $type eq 'stringValue' ? is_text($value) : $type eq 'intValue' ? is_text($value) && $value =~ /\A-?\d{1,19}\z/ : 0;
        $good or wrong("attribute $a->{key} is a $type");
        $out{ $a->{key} } = $value;
    }
    return \%out;
}

# A JSON string, not a number.
sub is_text ($value) { return JSON::PP->new->allow_nonref->encode($value) =~ /\A"/ }

sub check_span ($s) {
    only($s, 'a span', qw(traceId spanId parentSpanId name kind startTimeUnixNano endTimeUnixNano attributes status));
    my %id = (traceId => 32, spanId => 16, exists $s->{parentSpanId} ? (parentSpanId => 16) : ());
    for my $name (keys %id) {
        wrong("$name is $s->{$name}") if $s->{$name} !~ /\A(?=.*[^0])[0-9a-f]{$id{$name}}\z/;
    }
    for my $name (qw(startTimeUnixNano endTimeUnixNano)) {
        wrong("$name is $s->{$name}") if !is_text($s->{$name}) || $s->{$name} !~ /\A\d{19}\z/;
    }
    $s->{endTimeUnixNano} ge $s->{startTimeUnixNano} or wrong('a span ends before it begins');
    wrong("kind is $s->{kind}") if is_text($s->{kind}) || $s->{kind} !~ /\A[1-5]\z/;
    length $s->{name} or wrong('a span without a name');
    only($s->{status}, 'a status', qw(code message));
    ($s->{status}{code} // 0) =~ /\A[012]\z/ or wrong("code is $s->{status}{code}");
    $s->{attribute} = attributes(delete $s->{attributes});
    return;
}

1;

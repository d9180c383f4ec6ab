#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# What the auth door has done is told: in the language of the browser, to the webhooks that want it, and never what was
# not done.
use v5.36;
use utf8;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;

use ST::Browser;
use ST::Deliver qw(hook pending smtp_settings);
use ST::Env     qw(wait_until);
use ST::Stack;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my $hooks = ST::Deliver->hooks;
my $smtp  = ST::Deliver->smtp;
my $form  = { signUpFeature => { formFields => [{ id => 'city' }, { id => 'age', optional => JSON::PP::true() }] } };
my $s     = ST::Stack->new(
    config => { bcrypt_log_rounds => 4 },
    sites  => {
        shop => {
            recipeList    => [{ emailPassword => $form }, 'session'],
            emailDelivery => { smtp => smtp_settings($smtp) },
            webhooks      => [hook('all', $hooks->url('/ok?all')), hook('up', $hooks->url('/ok?up'), events => ['signUp'])],
        },
    },
);
my $browser = ST::Browser->new($s->site_url('shop'));

sub form (%values) { return { formFields => [map { { id => $_, value => $values{$_} } } sort keys %values] } }
sub call ($path, $form, %headers) { return $browser->request('POST', "/auth$path", $form, %headers) }

# Requests to a webhook, in the order in which they came.
sub told ($webhook) { return grep { $_->{line} =~ /[?]\Q$webhook\E / } $hooks->requests }

my %jane = (email => 'jane@example.com', password => 'secret-1');
my $id;

subtest 'signing up' => sub {
    call('/signup', form(%jane, city => 'Köln'));
    ok $hooks->wait_count(2), 'both webhooks are told';
    my ($all) = told('all');
    $id = $all->{json}{data}{userId};
    is $s->pg->value('SELECT user_id FROM emailpassword_users'), $id, 'who it was';
    like delete $all->{json}{timestamp}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d{3}Z\z/, 'when';
    is_deeply $all->{json}, {
        type => 'user.signed_up',
        data => {
            site         => 'shop',
            tenantId     => 'public',
            userId       => $id,
            recipeUserId => $id,
            recipeId     => 'emailpassword',
            email        => 'jane@example.com',
            formFields   => { city => 'Köln' },
        },
      }, 'and what';
    is $all->{headers}{'webhook-id'} eq (told('up'))[0]{headers}{'webhook-id'}, q{}, 'each delivery has an id of its own';
    unlike join(q{}, map { $_->{body} } $hooks->requests), qr/secret-1/, 'the password is not told';
};

subtest 'signing in' => sub {
    call('/signin', form(%jane));
    ok $hooks->wait_count(3), 'one webhook is told';
    my $told = (told('all'))[-1]{json};
    is "$told->{type} $told->{data}{userId}", "user.signed_in $id", 'who signed in';
    is $told->{data}{formFields}, undef, 'there is no form';
};

subtest 'what did not happen' => sub {
    call('/signup', form(%jane, city => 'Bonn'));
    call('/signup', form(%jane, email => 'x', city => 'Bonn'));
    call('/signin', form(%jane, password => 'secret-2'));
    call('/user/password/reset/token', form(email => 'nobody@example.com'));
    call('/signin', form(%jane));
    ok $hooks->wait_count(4), 'the next sign-in is told';
    ok wait_until(20, sub { pending($s->pg) == 0 }), 'nothing waits';
    is $hooks->count, 4, 'and nothing else was told';
    is $smtp->count, 0, 'no mail was sent';
};

subtest 'a mail' => sub {
    call('/user/password/reset/token', form(email => $jane{email}), 'accept-language' => 'es-MX,en;q=0.5');
    my ($mail) = $smtp->take_mails($s->pg);
    is $mail->{to}, $jane{email}, 'to the user';
    is $mail->{'header Subject'}, 'Restablecer la contraseña', 'in the language of the browser';
    my ($token) = $mail->{link} =~ /[?]token=([^&]+)/;
    my $set = { %{ form(password => 'secret-3') }, token => $token, method => 'token' };
    like call('/user/password/reset', $set)->{text}, qr/"OK"/, 'its link works';
};

unlike $s->service->log_text, qr/secret-\d|whsec_/, 'no secret is in the log';

done_testing;

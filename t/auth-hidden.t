# SPDX-License-Identifier: Apache-2.0
# Sign-in and reset do not tell whether an account exists: neither the answer nor what is done for it depends on that.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Browser;
use ST::Env qw(temp_dir);
use ST::Stack;
use ST::Users;

my $s = ST::Stack->new(
    config => { bcrypt_log_rounds => 4, log_level => 'DEBUG', fcgi_workers => 1 },
    sites  => { example => { emailDelivery => { directory => temp_dir('mails') } } },
);
my $auth = ST::Browser->new($s->site_url('example'));

sub form (%values) { return { formFields => [map { { id => $_, value => $values{$_} } } sort keys %values] } }

# The answer without its date, and how often the database was asked for it. Of a few times the least: once a minute the
# service reads again what it knows of tenants.
sub traces ($path, $form) {
    my @traces = map { trace($path, $form) } 1 .. 3;
    return (sort { $a->{statements} <=> $b->{statements} } @traces)[0];
}

sub trace ($path, $form) {
    my $mark = $s->service->log_mark;
    my $got  = $auth->post("/auth$path", $form);
    $s->service->wait_log(qr/\Q$path\E took \d+ statements/, $mark);
    my ($statements, $trips) = $s->service->log_since($mark) =~ /\Q$path\E took (\d+) statements in (\d+) round trips/;
    delete $got->{headers}{date};
    return { status => $got->{status}, text => $got->{text}, headers => $got->{headers}, statements => $statements, trips => $trips };
}

ok $auth->post('/auth/signup', form(email => 'jane@example.com', password => 'secret-1'))->{json}{user}, 'somebody';
my $users = ST::Users->new($s->pg);
$users->add('thirdparty', email => 'tim@example.com', tp => ['google', 'g-1']);
$auth = ST::Browser->new($s->site_url('example'));

# What is prepared once for each connection does not count.
for my $email ('jane@example.com', 'nobody@example.com') {
    traces('/signin', form(email => $email, password => 'secret-2'));
    traces('/user/password/reset/token', form(email => $email));
}
$s->pg->query('DELETE FROM emailpassword_pswd_reset_tokens');

subtest 'a wrong password' => sub {
    my $known = traces('/signin', form(email => 'jane@example.com', password => 'secret-2'));
    is $known->{text}, '{"status":"WRONG_CREDENTIALS_ERROR"}', 'is refused';
    cmp_ok $known->{statements}, '>', 0, 'the database was asked';
    is_deeply traces('/signin', form(email => $_, password => 'secret-2')), $known, "as is $_" for 'nobody@example.com', 'tim@example.com';
};

subtest 'a forgotten one' => sub {
    my $known = traces('/user/password/reset/token', form(email => 'jane@example.com'));
    is $known->{text}, '{"status":"OK"}', 'a mail';
    is_deeply traces('/user/password/reset/token', form(email => $_)), $known, "as for $_" for 'nobody@example.com', 'tim@example.com';
    is $s->pg->value('SELECT count(DISTINCT user_id) FROM emailpassword_pswd_reset_tokens'), 1, 'which only one gets';
    is $s->pg->value(q{SELECT count(*) FROM stfcgi_deliveries WHERE target = 'decoy'}), 0, 'and nothing is left of the others';
};

subtest 'passwords that cannot be hashed' => sub {
    $s->service->write_config(password_hashing_alg => 'ARGON2', argon2_memory_kb => 2_000_000_000);
    $s->restart_service;
    is traces('/signin', form(email => 'nobody@example.com', password => 'secret-2'))->{status}, 500, 'are not called wrong';
};

done_testing;

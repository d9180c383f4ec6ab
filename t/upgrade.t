# SPDX-License-Identifier: Apache-2.0
# The program is replaced by SIGUSR2, again and again, under load: no request fails and everything acknowledged is there.
# Then a broken one, and a master that is killed in the middle.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use File::Copy qw(copy);
use HTTP::Tiny ();
use JSON::PP   ();
use Test::More;
use Time::HiRes qw(sleep);

use ST::Env qw(patience temp_dir wait_until write_file);
use ST::Fcgi;
use ST::Load;
use ST::Session qw(create);
use ST::Stack timeout => 300;

use constant UPGRADES => 5;

my $program = temp_dir('program') . '/supertokens-fcgid';

# As a package does it: another file takes the name.
sub install ($from = ST::Service::program()) {
    copy($from, "$program.new") or die "$program.new: $!\n";
    chmod 0755, "$program.new";
    rename "$program.new", $program or die "$program: $!\n";
    return (stat $program)[1];
}

install();
my $s = ST::Stack->new(
    cdi     => '5.6',
    pg      => { fsync => 1 },
    program => $program,
    config  => { fcgi_workers => 2, bcrypt_log_rounds => 8, postgresql_connection_pool_size => 4, max_server_pool_size => 4, access_token_validity_jitter => 0 },
);
my $service = $s->service;
my $token   = create($s->core)->{accessToken}{token};
is $s->core->post('/recipe/signup', { email => 'a@example.com', password => 'pass1word' })->{json}{status}, 'OK', 'a user';

# Connections of their own for every call: one kind needs no database, the other waits for a password hash.
my %calls = (
    '/recipe/session/verify' => { accessToken => $token, map { ($_ => JSON::PP::false) } qw(doAntiCsrfCheck enableAntiCsrf checkDatabase) },
    '/recipe/signin'         => { email => 'a@example.com', password => 'pass1word' },
);
my %body = map { ($_ => JSON::PP->new->encode($calls{$_})) } keys %calls;

sub calls ($n, $path) {
    return ST::Fcgi::load_start($n, sub ($i) {
        my $got = HTTP::Tiny->new(timeout => patience(30), keep_alive => 0)->post($s->url . $path,
            { content => $body{$path}, headers => { 'content-type' => 'application/json', 'cdi-version' => '5.6' } });
        return ($got->{status} == 200 && $got->{content} =~ /"status":"OK"/, "$got->{status} $got->{content}");
    });
}

sub inode_of ($pid) { return (stat "/proc/$pid/exe")[1] }

# The next one serves, and those before it have no workers any more.
sub is_replaced ($inode) {
    my $before = $service->serving;
    $service->upgrade;
    return wait_until(60, sub {
        $service->serving != $before && inode_of($service->serving) == $inode && !grep { ST::Proc::children($_) > 1 } before();
    });
}

# All processes of the program, also of those that were replaced.
sub processes () { return grep { (readlink($_) // q{}) =~ /\A\Q$program\E/ } glob '/proc/[0-9]*/exe' }

sub before () { return grep { $_ != $service->serving } $service->log_text =~ /Started SuperTokens on \S+ with PID: (\d+)/g }

subtest 'under load' => sub {
    my $load   = ST::Load->new(url => $s->url, clients => 3);
    my %others = ('/recipe/session/verify' => calls(2, '/recipe/session/verify'), '/recipe/signin' => calls(2, '/recipe/signin'));
    ok $load->goes_on, 'the load runs';
    for my $n (1 .. UPGRADES) {
        ok is_replaced(install()), "upgrade $n: the new program serves" or last;
        is scalar(my @workers = ST::Proc::children($service->serving)), 3, 'with two workers and a jobs process';
        ok $load->goes_on, 'every client is served on';
    }
    my $sum = $load->stop;
    diag ST::Load::told($sum);
    is_deeply $sum->{odd}, [], 'every answer was right';
    is_deeply [keys %{ ST::Load::statuses($sum) }], [200], 'no request failed';
    cmp_ok scalar keys %{ $sum->{sessions} }, '>=', 3, 'sessions were made';
    is_deeply ST::Load::lost($sum, $s->pg), [], 'everything acknowledged is there';
    is_deeply ST::Load::half_users($s->pg), [], 'no user is there in part';
    for my $path (sort keys %others) {
        my $got = ST::Fcgi::load_stop($others{$path});
        is $got->{failures}, 0, "none of $got->{calls} calls of $path on new connections failed" or diag $got->{texts}[0];
    }
    my $used = sub { return $s->pg->value('SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()') };
    ok wait_until(10, sub { $used->() <= 3 * 4 + 3 }), 'PostgreSQL has no connections of those before';
    is scalar(() = $service->log_text =~ /gave? up|was killed|hangs/g), 0, 'nothing was given up';
};

subtest 'a program that is broken' => sub {
    my %broken = ('not a program' => ['text', qr/cannot be started: Exec format error/], 'one that ends at once' => ["#!/bin/false\n", qr/ended with status 1/]);
    for my $name (sort keys %broken) {
        my ($text, $why) = @{ $broken{$name} };
        my ($mark, $before) = ($service->log_mark, $service->serving);
        install(write_file(temp_dir('broken') . '/file', $text));
        $service->upgrade;
        ok $service->wait_log(qr/the program was not replaced, the service goes on with the one before: [^\n]*$why/, $mark), "$name: the log says so";
        is $service->serving, $before, 'nothing has changed';
        is $s->core->get('/hello')->{status}, 200, 'and the service goes on';
    }
};

subtest 'the serving master is killed in the middle' => sub {
    install();
    my $load = ST::Load->new(url => $s->url, clients => 3);
    ok $load->goes_on, 'the load runs';
    my $mark = $service->log_mark;
    $service->upgrade;
    ok $service->wait_log(qr/starting \S+ to take over/, $mark), 'an upgrade begins';
    cmp_ok scalar(my @all = processes), '>', 3, 'there are processes';
    kill 'KILL', $service->serving;
    ok $service->proc->wait_end(60), 'then the one that was started ends as well';
    isnt $service->proc->status, 0, 'with a failure, so that the service is started again';
    ok wait_until(30, sub { !processes }), 'nothing of the old service is left';
    $mark = $service->log_mark;
    $service->start;
    ok $service->wait_log(qr/Started SuperTokens on/, $mark, 30), 'which works';
    ok $load->goes_on, 'every client is served again';
    my $sum = $load->stop;
    is_deeply $sum->{odd}, [], 'every answer was right';
    is_deeply ST::Load::lost($sum, $s->pg), [], 'everything acknowledged is there';
};

is $service->stop, 0, 'the service ends in order';
ok !-e $service->socket_path, 'and removes the socket';

done_testing;

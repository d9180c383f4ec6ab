# SPDX-License-Identifier: Apache-2.0
# supertokens start, list, status, reload, stop: the reference's words and exit statuses, with a real service.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Socket::UNIX ();
use Test::More;

use ST::Cli qw(cli cli_json);
use ST::Env qw(at_exit build_dir read_file temp_dir wait_until watchdog);
use ST::Pg;
use ST::Service;

watchdog(180);
my $pg  = ST::Pg->new;
my $dir = temp_dir('service');
my $run = temp_dir('run');
my $config_text = ST::Service::config_text({ pg => $pg, config => { port => 4567, fcgi_workers => 2 } });
my $config = ST::Env::write_file("$dir/config.yaml", $config_text);
my @where  = ("--with-temp-dir=$run");
my @start  = ('start', @where, "--with-config=$config", '--socket', "$dir/fcgi.sock");
at_exit(sub { cli('stop', @where) });

my $line = qr/-> Instance PID: (\d+), address: localhost:4567, config file loaded: \Q$config\E\n/;
my $pid;

subtest 'nothing runs' => sub {
    is_deeply [cli('list', @where)], [0, "No SuperTokens instances running.\n", q{}],         'list';
    is_deeply [cli('stop', @where)], [0, "No SuperTokens instances are running.\n", q{}],     'stop';
    is_deeply [cli('status', @where)], [1, "No SuperTokens instances running.\n", q{}],       'status';
    is_deeply cli_json('list', @where), { instances => [] }, 'list --json';
};

subtest 'start' => sub {
    my ($status, $out, $err) = cli(@start, '--with-space=200', '--jmx', '--no-in-mem-db');
    is $status, 0, 'returns when the service serves' or diag $out, $err;
    like $out, qr/\ACommand to be run: \S*supertokens-fcgid --config \Q$config\E.*^Started SuperTokens on localhost:4567 with PID: \d+$/ms, 'its words';
    is $err, join(q{}, map { "--$_\n" } 'with-space is without meaning: there is no Java virtual machine',
        'jmx is without meaning: there is no Java virtual machine', 'no-in-mem-db is without meaning: PostgreSQL is always needed'),
      'what is for Java is accepted';
    ok +IO::Socket::UNIX->new(Peer => "$dir/fcgi.sock"), 'it listens';
};

subtest 'list and status' => sub {
    my ($status, $out) = cli('list', @where);
    ($pid) = $out =~ /\A$line\z/ or diag $out;
    ok $pid, 'list';
    is_deeply cli_json('list', @where), { instances => [{ pid => $pid, host => 'localhost', port => '4567', configFile => $config }] }, 'list --json';
    my ($one) = cli_json('status', @where)->{instances}->@*;
    is $one->{pid}, $pid, 'status';
    is $one->{workers}, 2, 'workers';
    is scalar @{ $one->{processes} }, 3, 'and the jobs process';
    is $one->{database}, 'reachable', 'the database';
    like $one->{version}, qr/\A\d+\.\d+/, 'version';
    cmp_ok $one->{startedAt}, '>', (time - 600) * 1000, 'since when';
    like((cli('status', @where))[1], qr/reachable/, 'for people');
    my $again = "--socket=$dir/other.sock";
    my ($failed, $said) = cli(@start, '--host', '127.0.0.2', $again, '--workers=0');
    is $failed, 1, 'a service that ends at once is an error';
    like $said, qr/--workers must be between/, 'with its words';
};

subtest 'reload' => sub {
    my %before = map { ($_ => 1) } cli_json('status', @where)->{instances}[0]{processes}->@*;
    ST::Env::write_file($config, $config_text =~ s/^fcgi_workers: .*/fcgi_workers: 3/mr);
    my ($status, $out) = cli('reload', @where);
    is $status, 0, 'reload';
    like $out, qr/\ASuperTokens with PID $pid, running on localhost:4567, reads/, 'says which';
    ok wait_until(30, sub {
        my $one = cli_json('status', @where)->{instances}[0];
        $one->{workers} == 3 && !grep { $before{$_} } @{ $one->{processes} };
    }), 'three new workers';
};

subtest 'stop' => sub {
    is_deeply [cli('stop', @where, '--id=1')],
      [1, q{}, "Unknown PID: 1. Please use \"supertokens list\" to list all currently running instances along with their PIDs\n"], 'an unknown id';
    is((cli('uninstall', @where))[0], 1, 'uninstall refuses while it runs');
    is_deeply [cli('stop', @where, "--id=$pid")], [0, "Successfully stopped SuperTokens with PID $pid, running on localhost:4567\n", q{}], 'stop';
    ok !-e "/proc/$pid" || read_file("/proc/$pid/cmdline") eq q{}, 'it is gone';
    like read_file("$run/supertokens.log"), qr/^Goodbye$/m, 'in order';
    ST::Env::write_file("$run/.started/localhost-4567", "$$\n");
    is((cli('list', @where))[1], "No SuperTokens instances running.\n", 'a file that was left over is not believed');
};

subtest 'the database is away' => sub {
    is((cli(@start))[0], 0, 'start');
    $pg->stop;
    my ($status, $out) = cli('status', @where);
    is $status, 1, 'status tells';
    like $out, qr/not reachable/, 'why';
    is((cli('stop', @where))[0], 0, 'stop of all');
};

done_testing;

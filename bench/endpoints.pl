#!/usr/bin/env perl
# SPDX-License-Identifier: Apache-2.0
#
# What requests cost through the whole stack: microseconds of processor time in nginx, workers and PostgreSQL (fsync on),
# next to RSA-2048 operations and to a service that only says hello, in the same run.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib", "$RealBin/../t/lib";

use Time::HiRes qw(sleep time);

use ST::Bench qw(heading load_of ratio row rsa_times settle);
use ST::Env   qw(build_dir temp_dir write_file);
use ST::Fcgi;
use ST::Nginx;
use ST::Stack timeout => 900;

use constant SECONDS => $ENV{BENCH_SECONDS} // 5;

my ($sign, $verify) = rsa_times();
printf "One RSA-2048 signature %.0f us, verification %.1f us.\n\n", $sign, $verify;
my $tmp   = temp_dir('bench');
my $stack = ST::Stack->new(pg => { fsync => 1 }, config => { log_level => 'WARN' });
my %groups = (nginx => $stack->nginx->proc->pid, service => $stack->service->proc->pid, postgres => $stack->pg->proc->pid);
my $core  = $stack->core;
my $user  = create_user('bench@example.com');

memory('idle');
my %trips = round_trips();
hello();
costs();
sign_in();
memory('after load');
start_time();

sub create_user ($email) {
    my $got = $core->post('/recipe/signup', { email => $email, password => 'a good password 1' });
    die "sign-up: $got->{status} $got->{text}\n" if $got->{status} != 200;
    return $got->{json}{user}{id};
}

sub session_body { return qq({"userId":"$user","userDataInJWT":{"iss":"https://example.com/auth"},"userDataInDatabase":{},"enableAntiCsrf":false,"useDynamicSigningKey":true}) }

sub sessions ($n) {
    return map { $core->post('/recipe/session', session_body(), cdi => '5.6')->{json} } 1 .. $n;
}

# Statements and round trips as the service itself counts them, from its debug log.
sub round_trips {
    my $s  = ST::Stack->new(pg => $stack->pg, config => { log_level => 'DEBUG' });
    my $c  = $s->core;
    my %seen;
    for my $round (1, 2) {    # the first one fills caches
        my $mark = $s->service->log_mark;
        my $email = "trips$round\@example.com";
        my $id   = $c->post('/recipe/signup', { email => $email, password => 'a good password 1' })->{json}{user}{id};
        $c->post('/recipe/signin', { email => $email, password => 'a good password 1' });
        my $old = $c->post('/recipe/session', session_body(), cdi => '5.4')->{json};
        my $new = $c->post('/recipe/session', session_body(), cdi => '5.6')->{json};
        my %verify = (doAntiCsrfCheck => \0, enableAntiCsrf => \0);
        $c->post('/recipe/session/verify', { accessToken => $new->{accessToken}{token}, checkDatabase => \0, %verify }, cdi => '5.6');
        $c->post('/recipe/session/refresh', { refreshToken => $new->{refreshToken}{token}, enableAntiCsrf => \0, useDynamicSigningKey => \1 }, cdi => '5.6');
        $c->get("/user/id?userId=$id");
        $c->get('/recipe/session?sessionHandle=' . $old->{session}{handle});
        $c->post('/recipe/session/remove', { sessionHandles => [ $old->{session}{handle} ] });
        %seen = $s->service->log_since($mark) =~ /\| ([A-Z]+ \S+) took (\d+ statements in \d+ round trips)/g;
    }
    $s->$_->stop for qw(nginx service);
    heading('endpoint', 'database');
    row($_, $seen{$_}) for sort keys %seen;
    say '';
    return %seen;
}

sub hello {
    my $stub  = ST::Fcgi::stub(config => { fcgi_workers => scalar($stack->service->workers) - 1, max_server_pool_size => 10 });
    my $front = ST::Nginx->new(socket => $stub->socket_path);
    my %pids  = (nginx => $front->proc->pid, service => $stub->proc->pid);
    my (@ours, @stub);
    settle(%pids, map { ("our $_" => $groups{$_}) } keys %groups);
    for (1 .. 3) {
        push @stub, load_of(url => $front->core_url . '/hello', groups => \%pids, seconds => SECONDS);
        push @ours, load_of(url => $stack->url . '/hello', groups => { %groups{qw(nginx service)} }, seconds => SECONDS);
    }
    my ($o, $s) = map { (sort { $a->{cpu}{all} <=> $b->{cpu}{all} } @$_)[1] } \@ours, \@stub;
    heading('GET /hello, kept connections', 'nginx us', 'service us', 'requests/s', 'to hello world');
    row('hello world in the same loop', sprintf('%.1f', $s->{cpu}{nginx}), sprintf('%.1f', $s->{cpu}{service}), int $s->{rate}, 1);
    row('the core door', sprintf('%.1f', $o->{cpu}{nginx}), sprintf('%.1f', $o->{cpu}{service}), int $o->{rate}, ratio($o->{cpu}{all}, $s->{cpu}{all}));
    my $many = load_of(url => $stack->url . '/hello', groups => \%groups, connections => 128, seconds => SECONDS);
    row('128 connections', sprintf('%.1f', $many->{cpu}{nginx}), sprintf('%.1f', $many->{cpu}{service}), int $many->{rate}, ratio($many->{cpu}{all}, $s->{cpu}{all}));
    say '';
    $_->stop for $front, $stub;
    return;
}

sub cost_row ($name, $got, $unit, $unit_name) {
    return row($name, (map { sprintf '%.0f', $got->{cpu}{$_} // 0 } qw(nginx service postgres all)), int $got->{rate},
        sprintf('%.1f', $got->{p99}), ratio($got->{cpu}{all}, $unit) . " $unit_name");
}

sub costs {
    my @made = sessions(8);
    write_file("$tmp/refresh", join "\n", map { $_->{refreshToken}{token} } @made);
    write_file("$tmp/refresh54", join "\n", map { $_->{refreshToken}{token} } sessions(8));
    my @tokens = map { verify_body($_) } sessions(4000);
    write_file("$tmp/tokens", join "\n", @tokens);

    heading(qw(request nginx service postgres all requests/s p99), 'all, as a multiple');
    cost_row('session create', load_of(url => $stack->url . '/recipe/session', script => 'post.lua', args => [ '5.6', session_body() ], groups => \%groups, seconds => SECONDS), $sign, 'signatures');
    for my $cdi ('5.6', '5.4') {
        cost_row("refresh, CDI $cdi", load_of(url => $stack->url . '/recipe/session/refresh', script => 'refresh.lua', args => [ $cdi, $cdi eq '5.6' ? "$tmp/refresh" : "$tmp/refresh54" ],
            threads => 4, connections => 4, groups => \%groups, seconds => SECONDS), $sign, 'signatures');
    }
    my $one  = load_of(url => $stack->url . '/recipe/session/verify', script => 'post.lua', args => [ '5.6', $tokens[0] ], groups => \%groups, seconds => SECONDS);
    my $many = load_of(url => $stack->url . '/recipe/session/verify', script => 'lines.lua', args => [ '5.6', "$tmp/tokens" ], groups => \%groups, seconds => 1);
    cost_row('verify, tokens not seen before', $many, $verify, 'verifications');
    cost_row('verify, a token seen before', $one, $verify, 'verifications');
    printf "\nIn the worker alone: %s verifications for a token not seen before, %s for one seen before.\n\n",
        ratio($many->{cpu}{service}, $verify), ratio($one->{cpu}{service}, $verify);
    return;
}

sub verify_body ($session) {
    return qq({"accessToken":"$session->{accessToken}{token}","doAntiCsrfCheck":false,"enableAntiCsrf":false,"checkDatabase":false});
}

# Sign-ins at full load, and what they do to cheap requests.
sub sign_in {
    my ($session) = sessions(1);
    my %cheap = (url => $stack->url . '/recipe/session/verify', script => 'post.lua', args => [ '5.6', verify_body($session) ], threads => 1, connections => 2, groups => \%groups);
    my $idle  = load_of(%cheap, seconds => SECONDS);
    my $body  = '{"email":"bench@example.com","password":"a good password 1"}';
    my $pid   = fork // die "fork: $!\n";
    if (!$pid) { # its own exit must not run the clean-up of the stack
        open STDOUT, '>', "$tmp/signin";
        exec 'wrk', '--latency', '-t1', '-c16', '-d', (SECONDS + 2) . 's', '--timeout', '20s', '-s', "$RealBin/wrk/post.lua", $stack->url . '/recipe/signin', '--', '5.4', $body;
    }
    sleep 1;
    my $busy = load_of(%cheap, seconds => SECONDS);
    waitpid $pid, 0;
    open my $in, '<', "$tmp/signin" or die "wrk: $!\n";
    my $text = do { local $/ = undef; readline $in };
    my ($rate) = $text =~ m{Requests/sec:\s+([\d.]+)};
    my ($bad)  = $text =~ /Non-2xx or 3xx responses: (\d+)/;
    heading('session/verify', 'p50 ms', 'p99 ms', 'requests/s');
    row('alone', $idle->{p50}, $idle->{p99}, int $idle->{rate});
    row('while 16 clients sign in', $busy->{p50}, $busy->{p99}, int $busy->{rate});
    printf "\np99 is %s times the idle one; %.1f sign-ins a second meanwhile (bcrypt, cost 11)%s.\n\n", ratio($busy->{p99}, $idle->{p99}), $rate, $bad ? ", $bad refused" : q{};
    return;
}

sub memory ($when) {
    my $pss = 0;
    for my $pid ($stack->service->master, ST::Proc::descendants($stack->service->master)) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or next;
        while (<$in>) { $pss += $1 if /^Pss:\s+(\d+)/ }
    }
    return printf "PSS of master, %d workers and jobs, %s: %.1f MiB.\n\n", scalar($stack->service->workers) - 1, $when, $pss / 1024;
}

# From exec to the first answer through the socket's nginx, on the database as it is.
sub start_time {
    my @took;
    for (1 .. 5) {
        $stack->service->stop;
        my $began = time;
        $stack->service->start;
        until ($core->get('/hello')->{status} == 200) { sleep 0.002 }
        push @took, 1000 * (time - $began);
    }
    return printf "Start to first answer on an existing database: %.0f ms (median of 5).\n", (sort { $a <=> $b } @took)[2];
}

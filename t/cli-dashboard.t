# SPDX-License-Identifier: Apache-2.0
# supertokens dashboard user: accounts as the reference makes them, passwords from standard input or a terminal.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Handle ();
use IPC::Open2 qw(open2);
use Test::More;

use ST::Cli qw(cli cli_json supertokens);
use ST::Env qw(wait_until);
use ST::Stack timeout => 180;

my $s      = ST::Stack->new(config => { bcrypt_log_rounds => 5 });
my @config = ('--config', $s->service->{config_file});
my @user   = ('dashboard', 'user');

sub hash_of ($email) { return $s->pg->value("SELECT password_hash FROM dashboard_users WHERE email = '$email'") }
sub create  ($email, $password = 'password1') { return cli(@user, 'create', $email, '--password-stdin', @config, { stdin => "$password\n" }) }

subtest 'create' => sub {
    my ($status, $out, $err) = create(' Ada@Example.com ');
    is_deeply [$status, $err], [0, q{}], 'create';
    like $out, qr/\AEmail: +ada\@example\.com\nUser ID: +[0-9a-f-]{36}\nTime joined: +\d{4}-/, 'says who';
    my $hash = hash_of('ada@example.com');
    like $hash, qr/\A\$2a\$05\$/, 'hashed as configured';
    is crypt('password1', $hash), $hash, 'the password';
    is_deeply [create('ADA@example.com')], [1, q{}, "There is a dashboard user with this address already\n"], 'twice';
};

subtest 'addresses' => sub {
    my @bad = ('a@b', 'a@bcd', 'a@b.c', '@b.co', 'a@1.2.3.4', 'a@b..com', 'a');
    is_deeply [create($_)], [1, q{}, "This is not an e-mail address: $_\n"], $_ for @bad;
    is((create($_))[0], 0, $_) for 'a@b.co', 'x@y@z.com', 'a b@c.de', 'a@-b.com', 'a@5', 'a@bcde';
};

subtest 'passwords' => sub {
    my %bad = (
        'short1'         => 'Password must contain at least 8 characters, including a number',
        'a1' x 50        => q{Password's length must be lesser than 100 characters},
        '1234567890'     => 'Password must contain at least one alphabet',
        'only-letters'   => 'Password must contain at least one number',
        ' ab1      '     => 'Password must contain at least 8 characters, including a number',
    );
    is_deeply [create('new@example.com', $_)], [1, q{}, "$bad{$_}\n"], $bad{$_} for sort keys %bad;
    is((cli(@user, 'create', 'new@example.com', @config))[0], 1, 'none');
    is hash_of('new@example.com'), undef, 'no account is made';
};

# Creates EMAIL on a terminal, below a shell that outlives Ctrl-C whichever it is. ANSWERS: what is awaited, and what is then
# typed. Returns all that was seen.
sub on_terminal ($email, @answers) {
    my $command = join q{ }, map { "'$_'" } supertokens(), @user, 'create', $email, @config;
    my $pid = open2(my $from, my $to, 'script', '-qec', "trap : INT; $command; echo status \$?; stty -a", '/dev/null');
    my $seen = q{};
    $from->blocking(0);
    $to->autoflush(1);
    while (my ($awaited, $typed) = splice @answers, 0, 2) {
        wait_until(20, sub { sysread $from, $seen, 4096, length $seen; $seen =~ $awaited }) or fail "never seen: $awaited";
        print {$to} $typed if defined $typed;
    }
    close $to;
    waitpid $pid, 0;
    return $seen;
}

subtest 'asked on the terminal' => sub {
    my @twice = (qr/Password: /, "terminal-1\n", qr/The same again: /);
    my $seen  = on_terminal('tty@example.com', @twice, "terminal-1\n", qr/Time joined.*status 0/s);
    unlike $seen, qr/terminal-1/, 'the password is not shown';
    like on_terminal('tty2@example.com', @twice, "terminal-2\n", qr/status \d/), qr/the two passwords differ.*status 1/s, 'twice';
    like on_terminal('tty2@example.com', qr/Password: /, "\cC", qr/status \d.* echo\b/s), qr/no password was read.* echo\b/s, 'Ctrl-C leaves a terminal that shows what is typed';
    is hash_of('tty2@example.com'), undef, 'and no account';
};

subtest 'list, password, delete' => sub {
    my $users = cli_json(@user, 'list', @config)->{users};
    is_deeply [map { $_->{email} } @$users[0, -1]], ['ada@example.com', 'tty@example.com'], 'by age';
    my $ada = $users->[0]{userId};
    is_deeply [sort keys %{ $users->[0] }], [qw(email timeJoined userId)], 'no hash';
    $s->pg->query("INSERT INTO dashboard_user_sessions VALUES ('public', 'one', '$ada', 1, 9000000000000)");
    my ($status, undef, $err) = cli(@user, 'password', 'ada@example.com', '--password-stdin', @config, { stdin => 'password2' });
    is_deeply [$status, $err], [0, q{}], 'password';
    my $hash = hash_of('ada@example.com');
    is crypt('password2', $hash), $hash, 'a new one';
    is $s->pg->value('SELECT count(*) FROM dashboard_user_sessions'), 0, 'sessions are over';
    is_deeply cli_json(@user, 'delete', $ada, @config), { deleted => $ada }, 'delete by id';
    is hash_of('ada@example.com'), undef, 'gone';
    is_deeply [cli(@user, $_->[0], $ada, @{ $_->[1] }, @config, { stdin => 'password3' })], [1, q{}, "There is no dashboard user $ada\n"], "$_->[0]: nobody"
      for ['delete', []], ['password', ['--password-stdin']];
    like((cli(@user, 'list', '--app', 'other', @config))[2], qr/\AAppId or tenantId not found/, 'an unknown app');
};

subtest 'without a database' => sub {
    $s->service->stop;
    $s->pg->stop;
    my ($status, $out, $err) = cli(@user, 'list', @config);
    is_deeply [$status, $out], [1, q{}], 'fails';
    like $err, qr/the database cannot be reached|connect/, 'and says why';
};

done_testing;

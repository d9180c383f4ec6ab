# SPDX-License-Identifier: Apache-2.0
#
# For the tests that kill things: a small load of real sign ups, sessions, refreshes and verifications through nginx, by
# a few processes with kept connections, and the account of everything that was acknowledged to them.
#
#   my $load = ST::Load->new(url => $s->url, clients => 3);
#   ok $load->goes_on, 'it runs';                             # before and after what is done to the service
#   my $sum = $load->stop;
#   is_deeply $sum->{odd}, [], 'no answer is a wrong one';
#   is_deeply ST::Load::lost($sum, $s->pg), [], 'what was acknowledged is there';
#   is_deeply ST::Load::half_users($s->pg), [], 'and users are there as a whole';
package ST::Load;
use v5.36;

use Digest::SHA qw(sha256_hex);
use JSON::PP    ();
use POSIX       ();
use Time::HiRes qw(sleep time);

use ST::Core;
use ST::Env qw(at_exit read_file temp_dir wait_until);

# What may be answered, or happen to a connection, when a process is away: 599 is HTTP::Tiny's for no answer.
my %is_failure = map { ($_ => 1) } 502, 503, 504, 599;

my $JSON = JSON::PP->new->utf8->canonical;

# url; optional: clients (3), pause (seconds between the calls of one client).
sub new ($class, %opt) {
    state $loads = 0;
    my $self = bless { clients => 3, pause => 0.02, pids => [], number => ++$loads, %opt }, $class;
    $self->{dir} = temp_dir('load');
    my $parent = $$;
    for my $n (1 .. $self->{clients}) {
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            eval { client($self, $n, $parent); 1 } or print {*STDERR} "# client $n: $@";
            POSIX::_exit($@ ? 1 : 0);
        }
        push @{ $self->{pids} }, $pid;
    }
    at_exit(sub { $self->kill_clients('KILL') if $$ == $parent });
    return $self;
}

sub kill_clients ($self, $signal) { return kill $signal, @{ $self->{pids} } }

# ---- a client, in its own process ----

# Sessions are few, so each is refreshed often.
my @round = qw(signup create refresh verify refresh hello create refresh refresh verify);
use constant SESSIONS => 4;

sub client ($self, $n, $parent) {
    my $stop = 0;
    $SIG{$_} = 'DEFAULT' for qw(INT HUP PIPE ALRM);
    $SIG{TERM} = sub { $stop = 1 };
    open my $log, '>:raw', "$self->{dir}/$n" or die "log: $!\n";
    $log->autoflush(1);
    my $core  = ST::Core->new(url => $self->{url}, cdi => '5.6');
    my $state = { name => "$self->{number}-$n", core => $core, users => 0, sessions => [] };
    for (my $i = 0; !$stop && getppid == $parent; $i++) {
        my $op = $round[$i % @round];
        my $at = time;
        my ($answer, $done) = __PACKAGE__->can("op_$op")->($state);
        next if !$answer;    # nothing to do it with yet
        my %line = (at => $at, s => time - $at, op => $op, status => 0 + $answer->{status}, %{ $done // {} });
        $line{odd} //= "$answer->{status} $answer->{text}" if $answer->{status} != 200 && !$is_failure{ $answer->{status} };
        print {$log} $JSON->encode(\%line), "\n";
        sleep $self->{pause};
    }
    return;
}

sub is_ok ($answer) { return $answer->{status} == 200 && ($answer->{json}{status} // q{}) eq 'OK' }

# For an answer that came, but is not OK.
sub not_ok ($answer) { return $answer->{status} == 200 ? { odd => $answer->{text} } : {} }

# An address whose sign up got no answer is tried again: it may exist by now.
sub op_signup ($c) {
    my $again = defined $c->{unsure_email};
    my $email = $c->{unsure_email} // sprintf 'load-%s-%d@example.com', $c->{name}, ++$c->{users};
    my $got   = $c->{core}->post('/recipe/signup', { email => $email, password => 'pass1word' });
    undef $c->{unsure_email};
    return ($got, { ack => 'user', id => $c->{user} = $got->{json}{user}{id}, email => $email }) if is_ok($got);
    return ($got) if $again && ($got->{json}{status} // q{}) eq 'EMAIL_ALREADY_EXISTS_ERROR';
    $c->{unsure_email} = $email if $is_failure{ $got->{status} };
    return ($got, not_ok($got));
}

sub op_create ($c) {
    my %in = (userId => $c->{user} // 'nobody', enableAntiCsrf => JSON::PP::false, userDataInJWT => {}, userDataInDatabase => {});
    my $got = $c->{core}->post('/recipe/session', \%in);
    return ($got, not_ok($got)) if !is_ok($got);
    my $session = { handle => $got->{json}{session}{handle}, map { ($_ => $got->{json}{$_}{token}) } qw(refreshToken accessToken) };
    push @{ $c->{sessions} }, $session;
    shift @{ $c->{sessions} } if @{ $c->{sessions} } > SESSIONS;
    return ($got, acknowledged($session));
}

# As the core keeps refresh tokens: hash of the hash.
sub kept ($token) { return sha256_hex(sha256_hex($token)) }

sub acknowledged ($session) { return { ack => 'session', handle => $session->{handle}, hash => kept($session->{refreshToken}) } }

# When there was no answer the next one repeats it with the same token: that must work, whether or not it was done. PostgreSQL
# may get to the first one after the second, as when it hung: to it that is one more repetition, whose token replaces the one
# that was acknowledged (CDI 5.6), and nobody has that. So a token got by repetition, and only that, may be displaced.
sub op_refresh ($c) {
    my $session = $c->{sessions}[0] // return;
    my $before  = $session->{refreshToken};
    my %in      = (refreshToken => $session->{refreshToken}, enableAntiCsrf => JSON::PP::false, useDynamicSigningKey => JSON::PP::true);
    my $got     = $c->{core}->post('/recipe/session/refresh', \%in);
    if ($is_failure{ $got->{status} }) {
        $session->{tried} = 1;
        return ($got, { unsure => $session->{handle} });
    }
    shift @{ $c->{sessions} };
    return ($got, { displaced => $session->{handle} })
      if $session->{repeated} && ($got->{json}{recentTokenReuseSubtype} // q{}) eq 'ORPHANED_BRANCH';
    push @{ $c->{sessions} }, $session;
    return ($got, not_ok($got)) if !is_ok($got);
    $session->{$_} = $got->{json}{$_}{token} for qw(refreshToken accessToken);
    $session->{repeated} = delete $session->{tried};
    return ($got, { %{ acknowledged($session) }, $session->{repeated} ? (before => kept($before)) : () });
}

sub op_verify ($c) {
    my $session = $c->{sessions}[-1] // return;
    my %in = (accessToken => $session->{accessToken}, map { ($_ => JSON::PP::false) } qw(doAntiCsrfCheck enableAntiCsrf checkDatabase));
    my $got = $c->{core}->post('/recipe/session/verify', \%in);
    return ($got, is_ok($got) ? { verified => 1 } : not_ok($got));
}

sub op_hello ($c) { return ($c->{core}->get('/hello')) }

# ---- the account ----

sub lines ($self) {
    my @lines = map { $JSON->decode($_) } map { split /\n/, read_file("$self->{dir}/$_") =~ s/[^\n]+\z//r } 1 .. $self->{clients};
    return [sort { $a->{at} <=> $b->{at} } @lines];
}

# Whether every client gets N more acknowledgements for calls that begin from now on.
sub goes_on ($self, $n = 3, $seconds = 30) { return $self->every_client($n, sub ($call) { $call->{ack} }, $seconds) }

# The same for other answers: those for which WANTED is true.
sub every_client ($self, $n, $wanted, $seconds = 30) {
    my @from = map { -s "$self->{dir}/$_" // 0 } 1 .. $self->{clients};
    my $now  = time;
    return wait_until($seconds, sub {
        for my $i (1 .. $self->{clients}) {
            my $new = substr(read_file("$self->{dir}/$i"), $from[$i - 1]) =~ s/[^\n]+\z//r;
            return 0 if $n > grep { $_->{at} >= $now && $wanted->($_) } map { $JSON->decode($_) } split /\n/, $new;
        }
        return 1;
    });
}

# Ends it: { calls => [...], odd => [texts], users => { id => email }, sessions => { handle => { hash, before, unsure } } }.
sub stop ($self) {
    $self->kill_clients('TERM');
    my @status = map { waitpid $_, 0; $? } @{ $self->{pids} };
    $self->{pids} = [];
    my %sum = (calls => $self->lines, odd => [map { "a client ended with status $_" } grep { $_ } @status], users => {}, sessions => {});
    for my $line (@{ $sum{calls} }) {
        push @{ $sum{odd} }, "$line->{op}: $line->{odd}" if defined $line->{odd};
        $sum{sessions}{ $line->{unsure} }{unsure} = 1    if $line->{unsure};
        delete $sum{sessions}{ $line->{displaced} }      if $line->{displaced};
        next if !$line->{ack};
        if   ($line->{ack} eq 'user') { $sum{users}{ $line->{id} } = $line->{email} }
        else                          { $sum{sessions}{ $line->{handle} } = { hash => $line->{hash}, before => $line->{before} } }
    }
    return \%sum;
}

# How many calls that began in this time had which status: { 200 => 12, 503 => 1 }.
sub statuses ($sum, $from = 0, $to = 9**20) {
    my %count;
    $count{ $_->{status} }++ for grep { $_->{at} >= $from && $_->{at} < $to } @{ $sum->{calls} };
    return \%count;
}

sub slowest ($sum) { return (sort { $b <=> $a } map { $_->{s} } @{ $sum->{calls} })[0] }

# One line for a test's output.
sub told ($sum) {
    my $by_status = statuses($sum);
    my $displaced = grep { $_->{displaced} } @{ $sum->{calls} };
    return sprintf '%d calls (%s), %d users, %d sessions' . ($displaced ? ", $displaced displaced" : q{}) . '; the slowest took %.2f s', scalar @{ $sum->{calls} },
      join(', ', map { "$_: $by_status->{$_}" } sort keys %$by_status), scalar keys %{ $sum->{users} },
      scalar keys %{ $sum->{sessions} }, slowest($sum);
}

# What was acknowledged and is not in the database. A session is there with its last refresh token; where the answer to
# a further refresh was lost, that one may be the previous one, and where it came by repetition, the one before is (op_refresh).
sub lost ($sum, $pg) {
    my %user    = map { ($_->[0] => $_->[1]) } @{ $pg->query('SELECT trim(user_id), email FROM emailpassword_users') };
    my %session = map { ($_->[0] => $_) }
      @{ $pg->query('SELECT session_handle, refresh_token_hash_2, prev_refresh_token_hash_2 FROM session_info') };
    my @lost = map { "user $_ $sum->{users}{$_}" } grep { ($user{$_} // q{}) ne $sum->{users}{$_} } sort keys %{ $sum->{users} };
    for my $handle (sort keys %{ $sum->{sessions} }) {
        my $want = $sum->{sessions}{$handle};
        my (undef, $now, $before) = @{ $session{$handle} // [] };
        my @may_be = (($want->{unsure} ? $want->{hash} : ()), $want->{before} // ());
        my $same   = defined $now && ($now eq $want->{hash} || grep { $_ eq ($before // q{}) } @may_be);
        push @lost, "session $handle" . (defined $now ? ': its last refresh' : q{}) if !$same;
    }
    return \@lost;
}

# Users that lack one of the rows which make a user, and such rows without a user: [id, the tables it is in].
sub half_users ($pg) {
    return $pg->query(<<~'SQL');
        SELECT trim(id), string_agg(part, ' ' ORDER BY part) FROM (
            SELECT user_id AS id, 'app_id_to_user_id' AS part FROM app_id_to_user_id
            UNION ALL SELECT user_id, 'emailpassword_users' FROM emailpassword_users WHERE password_hash <> ''
            UNION ALL SELECT recipe_user_id, 'recipe_user_account_infos' FROM recipe_user_account_infos
            UNION ALL SELECT recipe_user_id, 'recipe_user_tenants' FROM recipe_user_tenants) AS parts
        GROUP BY id HAVING count(*) <> 4 OR count(DISTINCT part) <> 4
        SQL
}

1;

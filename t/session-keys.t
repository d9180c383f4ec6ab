# SPDX-License-Identifier: Apache-2.0
# Signing keys of one service: what is made when, what old databases hold, and what is published while keys are read.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use IO::Handle ();
use Test::More;
use Time::HiRes qw(sleep time);
use ST::Env      qw(temp_dir wait_until write_file);
use ST::Parallel qw(parallel);
use ST::Session  qw(T F create forged_jwt header_of is_signed key_pair part_text payload_of refresh verify);
use ST::Stack;

my $s    = ST::Stack->new(config => { fcgi_workers => 1 });
my $core = $s->core->with(cdi => '5.6');
my $pg   = $s->pg;

sub kids ($core) { return [map { $_->{kid} } @{ $core->get('/.well-known/jwks.json')->{json}{keys} // [] }] }
sub kid_of ($session) { return header_of($session->{accessToken}{token})->{kid} }
sub tell_of_changes { return $pg->query(q{NOTIFY supertokens_fcgi, '*'}) }

sub app ($name, %config) {
    $core->put('/recipe/multitenancy/app/v2', { appId => $name, coreConfig => \%config })->{json}{createdNew} or die "no app $name\n";
    return $core->with(prefix => "/appid-$name");
}

# A key in its stored form, made by the openssl program.
sub new_key {
    my $der = sub (@cmd) { open my $out, '-|:raw', 'openssl', @cmd or die "openssl: $!\n"; local $/ = undef; my $bytes = <$out>; close $out; $bytes };
    my $dir = ST::Session::pem_dir();
    system('openssl', 'genpkey', '-quiet', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', "$dir/new") == 0
      or system("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $dir/new 2>/dev/null") == 0 or die "openssl genpkey\n";
    return join '|', map { MIME::Base64::encode_base64($_, q{}) } $der->(qw(pkey -pubout -outform DER -in), "$dir/new"),
      $der->(qw(pkcs8 -topk8 -nocrypt -outform DER -in), "$dir/new");
}

subtest 'made once' => sub {
    my @kids = @{ kids($core) };
    is scalar(@kids), 2, 'a dynamic and a static key';
    is kid_of(create($core)), $kids[0], 'sign';
    is kid_of(create($core, { useDynamicSigningKey => F })), $kids[1], 'sessions';
    $s->restart_service;
    is_deeply kids($core), \@kids, 'they are the same after a restart';
    my ($value) = $pg->value('SELECT value FROM session_access_token_signing_keys');
    like $value, qr{\A[A-Za-z0-9+/]+=*[|][A-Za-z0-9+/]+=*\z}, 'stored in one line';
    my $key = $pg->value(q{SELECT value FROM key_value WHERE name = 'refresh_token_key'});
    like $key, qr/\A1000:[0-9a-f]{128}:[0-9a-f]{128}\z/, 'the key of refresh tokens';
    my $session = create($core);
    $s->restart_service;
    is refresh($core, $session->{refreshToken}{token})->{status}, 'OK', 'a restart ends no session';
    is $pg->value(q{SELECT value FROM key_value WHERE name = 'refresh_token_key'}), $key, 'nor changes that key';
};

subtest 'the key of very old data' => sub {
    my $old = new_key() =~ s/[|]/;/r;
    for (['dynamic', {}], ['static', { access_token_signing_key_dynamic => F }]) {
        my ($kind, $config) = @$_;
        my $door    = app("old-$kind", %$config);
        my $created = int(1000 * time) - 3_600_000;
        $pg->query("INSERT INTO key_value (app_id, name, value, created_at_time) VALUES ('old-$kind', 'access_token_signing_key', '$old', $created)");
        my $session = create($door, { useDynamicSigningKey => $kind eq 'dynamic' ? T : F });
        like kid_of($session), $kind eq 'dynamic' ? qr/\Ad-$created\z/ : qr/\As-[0-9a-f-]{36}\z/, "it becomes a $kind one";
        ok is_signed($session->{accessToken}{token}, key_pair($old)->{public}), 'and signs';
        is verify($door, $session->{accessToken}{token})->{status}, 'OK', 'and is good';
        is $pg->value("SELECT count(*) FROM key_value WHERE app_id = 'old-$kind' AND name = 'access_token_signing_key'"), 0, 'its former place is empty';
        is scalar(grep { $_ eq kid_of($session) } @{ kids($door) }), 1, 'it is published';
    }
};

subtest 'keys that others made' => sub {
    # Without any news of it.
    my $key = new_key();
    $pg->query("INSERT INTO jwt_signing_keys (key_id, key_string, algorithm, created_at) VALUES ('an-old-id', '$key', 'RS256', 5)");
    my $token  = create($core)->{accessToken}{token};
    my $header = { %{ header_of($token) }, kid => 'an-old-id' };
    is verify($core, forged_jwt($header, part_text($token, 1), key_pair($key)->{private}))->{status}, 'OK', 'an unknown key is looked for';
    is kids($core)->[-1], 'an-old-id', 'and published behind newer ones';
    is verify($core, forged_jwt({ %$header, kid => 'none' }, part_text($token, 1), key_pair($key)->{private}))->{message}, 'Key not found', 'one that is not there';

    $pg->query(q{DELETE FROM jwt_signing_keys WHERE key_id = 'an-old-id'});
    my $good = forged_jwt($header, part_text($token, 1), key_pair($key)->{private});
    is verify($core, $good)->{status}, 'OK', 'a removed one is known for a while';
    tell_of_changes();
    ok wait_until(10, sub { (verify($core, $good)->{message} // q{}) eq 'Key not found' }), 'until there is news';
};

subtest 'a key that cannot be used' => sub {
    my $door = app('broken');
    $pg->query(q{INSERT INTO session_access_token_signing_keys (app_id, created_at_time, value) VALUES ('broken', 9000000000000, 'x|y')});
    my $answer = ST::Session::create_answer($door);
    is $answer->{status}, 500, 'is an error';
    unlike $answer->{text}, qr/x[|]y/, 'which does not tell it';
    unlike $s->service->log_text, qr/x[|]y/, 'nor does the log';
    is create($core)->{status}, 'OK', 'and not one of other apps';
    $pg->query(q{DELETE FROM session_access_token_signing_keys WHERE app_id = 'broken'});
    is create($door)->{status}, 'OK', 'without it all is well';
};

# Another transaction holds the table of keys, so that one thread of the service is reading until it ends: what READER gets, which
# makes it read, what DURING gets meanwhile, and after how many seconds.
sub while_keys_are_read ($sql, $during, $reader) {
    state $dir = temp_dir('moments');
    my ($reading, $asked) = ("$dir/reading", "$dir/asked");
    unlink $reading, $asked;
    open my $psql, '|-', ST::Pg::bin_dir() . '/psql', '-Xq', '-d', $pg->conninfo or die "psql: $!\n";
    $psql->autoflush(1);
    my $locks = sub ($where) {
        return $pg->value("SELECT count(*) FROM pg_locks WHERE relation = 'session_access_token_signing_keys'::regclass AND $where");
    };
    my $is_read = sub { return $locks->(q{mode = 'AccessShareLock' AND NOT granted}) };
    say {$psql} "BEGIN; LOCK TABLE session_access_token_signing_keys IN ACCESS EXCLUSIVE MODE; $sql;";
    wait_until(10, sub { $locks->(q{mode = 'AccessExclusiveLock' AND granted}) }) or die "no lock\n";
    tell_of_changes();
    my @answers = parallel(
        sub { my $got; do { $got = $reader->() } until -e $reading; return $got },    # until the news has come it gets the old ones
        sub { wait_until(10, $is_read); my $begun = time; write_file($asked, q{}); my $got = $during->(); return [$got, time - $begun] },
        sub {
            wait_until(10, $is_read);
            write_file($reading, q{});
            wait_until(10, sub { -e $asked });
            sleep 0.2;    # while the question comes to where it has to wait; one that has not would see the new set anyway
            say {$psql} 'COMMIT;';
            return 1;
        },
    );
    close $psql or die "psql failed\n";
    return ($answers[0], @{ $answers[1] });
}

# Who waits for another one's read goes on with what is known after a second (src/jwt/keys.c), so only a faster answer tells anything.
use constant PATIENCE => 1;

# The kids with a new key, and what READER and DURING get while it is added; DURING is made by a function of the key's time.
sub while_a_key_is_added ($key, $during, $reader) {
    for my $n (1 .. 20) {
        my $created = int(1000 * time);
        my @kids    = ("d-$created", @{ kids($core) });
        my $sql     = "INSERT INTO session_access_token_signing_keys (created_at_time, value) VALUES ($created, '$key')";
        my ($read, $got, $seconds) = while_keys_are_read($sql, $during->($created), $reader);
        return (\@kids, $read, $got) if $seconds < PATIENCE;
    }
    die "the machine is too slow\n";
}

subtest 'while keys are read' => sub {
    my ($key, $private) = map { ($_, key_pair($_)->{private}) } new_key();
    my $token = create($core)->{accessToken}{token};
    my $read  = sub { return kids($core->with) };
    my ($kids, @got) = while_a_key_is_added($key, sub ($created) { return $read }, $read);
    is_deeply \@got, [$kids, $kids], 'after news of a change nobody gets the set of before';

    my $verify = sub ($created) {
        my $foreign = forged_jwt(part_text($token, 0) =~ s/d-\d+/d-$created/r, part_text($token, 1), $private);
        return sub { return verify($core->with, $foreign)->{status} };
    };
    (undef, undef, my $status) = while_a_key_is_added($key, $verify, $read);
    is $status, 'OK', 'nor is a token of the new key refused';
};

done_testing;

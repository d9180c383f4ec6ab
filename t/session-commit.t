# SPDX-License-Identifier: Apache-2.0
# Whether a new session is on disk when it is answered: always, unless fcgi_session_async_commit says otherwise.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use JSON::PP ();
use Test::More;
use ST::Session qw(create refresh);
use ST::Stack;

my $s    = ST::Stack->new(cdi => '5.6');
my $core = $s->core;
my $pg   = $s->pg;

# What each transaction that writes a session or a user was told about its commit.
$pg->query(<<'SQL');
CREATE TABLE told (place text, wait text);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO told VALUES (TG_OP || ' ' || TG_TABLE_NAME, current_setting('synchronous_commit')); RETURN NULL; END $$;
CREATE TRIGGER tell AFTER INSERT OR UPDATE ON session_info FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER tell AFTER INSERT ON emailpassword_users FOR EACH ROW EXECUTE FUNCTION tell();
SQL

sub told_of ($code) {
    $pg->query('TRUNCATE told');
    $code->();
    return { map { ($_->[0] => $_->[1]) } @{ $pg->query('SELECT place, wait FROM told') } };
}

my $n = 0;

sub live {
    $n++;
    my $session = create($core);
    is refresh($core, $session->{refreshToken}{token})->{status}, 'OK', 'a session is made and refreshed';
    is $core->post('/recipe/signup', { email => "u$n\@example.com", password => 'secret-1' })->{json}{status}, 'OK', 'a user signs up';
    return;
}

is_deeply told_of(\&live), { 'INSERT session_info' => 'on', 'UPDATE session_info' => 'on', 'INSERT emailpassword_users' => 'on' },
  'every answer waits for the disk';

$s->service->write_config(fcgi_session_async_commit => JSON::PP::true);
$s->restart_service;
is_deeply told_of(\&live), { 'INSERT session_info' => 'off', 'UPDATE session_info' => 'on', 'INSERT emailpassword_users' => 'on' },
  'or every one but that of a new session';

done_testing;

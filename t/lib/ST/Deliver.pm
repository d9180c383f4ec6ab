# SPDX-License-Identifier: Apache-2.0
#
# What the tests of mails and webhooks share: sites, rows as the doors write them, and the servers that receive
# (t/peer/*.py).
package ST::Deliver;
use v5.36;

use Exporter qw(import);
use JSON::PP ();

use ST::Env qw(read_file temp_dir top_dir wait_until write_file);
use ST::Proc;

our @EXPORT_OK = qw(SECRET add_events add_mail certificate end_leases given_up hook now_ms pending retry_now smtp_settings write_site);

# Of webhooks in tests; the key is the 24 bytes "0123456789abcdefghijklmn".
use constant SECRET => 'whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u';

# Writes DIR/shop.yaml, or that of another site; %MORE are keys of the file. JSON is YAML.
sub write_site ($dir, %more) {
    my $name = delete $more{site} // 'shop';
    my %site = (
        appInfo => { appName => 'Shop', apiDomain => 'http://127.0.0.1:1', websiteDomain => 'http://127.0.0.1:1' },
        recipeList => [{ emailPassword => {} }, 'session'],
        %more,
    );
    return write_file("$dir/$name.yaml", JSON::PP->new->ascii->canonical->encode(\%site));
}

sub hook ($id, $url, %more) { return { id => $id, url => $url, secret => SECRET, %more } }

sub smtp_settings ($peer, %more) {
    return { host => '127.0.0.1', port => $peer->port, from => { name => 'Shop', email => 'shop@example.com' }, %more };
}

my $NOW = q{(extract(epoch FROM clock_timestamp()) * 1000)::bigint};

# One statement with any number of rows (hashes of columns), as deliver_insert writes them.
sub insert ($pg, $db, @rows) {
    my @values = map {
        my $r = $_;
        '(' . join(', ', (map { defined $r->{$_} ? ST::Pg::quoted($r->{$_}) : 'NULL' } qw(site target user_id payload)),
            "'msg_' || gen_random_uuid()", $NOW, $NOW, "$NOW + $r->{lifetime}") . ')'
    } @rows;
    my $columns = 'site, target, user_id, payload, message_id, created_at, due_at, give_up_at';
    return $pg->query("INSERT INTO stfcgi_deliveries ($columns) VALUES " . join(', ', @values), $db);
}

# A certificate that signs itself, with its key: a file for a server, and for those who are to trust it.
sub certificate (@names) {
    my $dir  = temp_dir('certificate');
    my $alt  = join ',', map { "DNS:$_" } @names;
    my @args = ('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', 2,
        '-keyout', "$dir/key", '-out', "$dir/pem", '-subj', '/CN=tests', '-addext', "subjectAltName=$alt");
    system("openssl @args 2>$dir/log") == 0 or die "openssl: " . read_file("$dir/log");
    return write_file("$dir/both.pem", read_file("$dir/pem") . read_file("$dir/key"));
}

sub json ($value) { return JSON::PP->new->canonical->encode($value) }

sub add_mail ($pg, $to, %opt) {
    my %mail = (kind => 'password-reset', to => $to, link => "https://shop.example/reset?token=SECRET-$to&tenantId=public", %opt);
    my %row  = (site => delete $mail{site} // 'shop', target => 'mail', lifetime => delete $mail{lifetime} // 3_600_000);
    my $db   = delete $mail{db} // ST::Pg::DATABASE();
    return insert($pg, $db, { %row, payload => json(\%mail) });
}

# Events n of users to a webhook: pairs of user and number.
sub add_events ($pg, $webhook, @pairs) {
    my @rows;
    while (my ($user, $n) = splice @pairs, 0, 2) {
        push @rows, { site => 'shop', target => "webhook $webhook", user_id => $user, lifetime => 259_200_000,
            payload => json({ type => 'user.signed_in', data => { userId => $user, n => $n } }) };
    }
    return insert($pg, ST::Pg::DATABASE(), @rows);
}

sub pending ($pg) { return $pg->value('SELECT count(*) FROM stfcgi_deliveries WHERE failed_at IS NULL') }

# [target, attempts, last_error, payload] of what was given up.
sub given_up ($pg) {
    return $pg->query('SELECT target, attempts, last_error, payload FROM stfcgi_deliveries WHERE failed_at IS NOT NULL ORDER BY id');
}

# As if the back-off and all leases were over.
sub retry_now ($pg) { return $pg->query('UPDATE stfcgi_deliveries SET due_at = 0 WHERE failed_at IS NULL') }

sub now_ms ($pg) { return $pg->value("SELECT $NOW") }

# As if the leases were over that were taken until NOW (ms): those of a process that is dead.
sub end_leases ($pg, $now) {
    return $pg->query("UPDATE stfcgi_deliveries SET due_at = 0 WHERE failed_at IS NULL AND due_at > $NOW AND due_at <= $now + 120000");
}

# ---- the receivers ----

# ST::Deliver->smtp(tls => 'starttls', user => 'u', password => 'p'), ST::Deliver->hooks
sub smtp ($class, %opt) { return $class->start_peer('smtp', %opt) }
sub hooks ($class, %opt) { return $class->start_peer('hooks', %opt) }

sub start_peer ($class, $kind, %opt) {
    my $self = bless { kind => $kind, dir => temp_dir($kind), options => \%opt }, $class;
    return $self->start;
}

# At the same port as before, if it was stopped.
sub start ($self) {
    my $dir = $self->{dir};
    unlink "$dir/port";
    my %options = (%{ $self->{options} }, $self->{port} ? (port => $self->{port}) : ());
    $self->{proc} = ST::Proc->new(
        name => $self->{kind},
        log  => "$dir/log",
        cmd  => ['python3', '-B', top_dir() . "/t/peer/$self->{kind}.py", $dir, map { "$_=$options{$_}" } sort keys %options],
    );
    $self->{port} = wait_until(20, sub { read_file("$dir/port") }) or die "$self->{kind} did not start\n" . $self->{proc}->tail;
    return $self;
}

sub stop    ($self) { return $self->{proc}->stop }
sub port    ($self) { return $self->{port} }
sub url     ($self, $path, $host = '127.0.0.1') { return ($self->{options}{cert} ? 'https' : 'http') . "://$host:$self->{port}$path" }
sub release ($self) { return write_file("$self->{dir}/release", q{}) }
sub peak    ($self) { return read_file("$self->{dir}/peak") || 0 }

# Bodies that hold one of WORDS are refused at /some.
sub fail_for ($self, @words) { return write_file("$self->{dir}/failing", join "\n", @words) }

sub count ($self) {
    my ($kind, $suffix) = $self->{kind} eq 'smtp' ? ('mail', '.info') : ('request', q{});
    my $n = 0;
    $n++ while -e "$self->{dir}/$kind-" . ($n + 1) . $suffix;
    return $n;
}

# Waits for N of them in all; true when they are there.
sub wait_count ($self, $n, $seconds = 20) { return wait_until($seconds, sub { $self->count >= $n }) }

# Mail N: envelope and headers by name, and the bodies as text and html.
sub mail ($self, $n) {
    my %mail = map { split /: /, $_, 2 } split /\n/, utf8_file("$self->{dir}/mail-$n.info");
    $mail{$_} = utf8_file("$self->{dir}/mail-$n.$_") for qw(text html);
    $mail{raw} = read_file("$self->{dir}/mail-$n.eml");
    return \%mail;
}

# Mails that came since the last time, once all that were written have been sent; each with its link.
sub take_mails ($self, $pg) {
    wait_until(20, sub { pending($pg) == 0 }) or die "mails wait\n";
    my @new = map { $self->mail($_) } ($self->{taken} // 0) + 1 .. $self->count;
    $self->{taken} += @new;
    ($_->{link}) = $_->{text} =~ m{^(https?://\S+)}m for @new;
    return @new;
}

sub mails ($self) { return map { $self->mail($_) } 1 .. $self->count }

sub utf8_file ($path) {
    my $text = read_file($path);
    utf8::decode($text);
    return $text;
}

# Request N: status answered, path, headers by lower-case name, body (bytes) and what it is as JSON.
sub request ($self, $n) {
    my ($status, $rest) = split /\n/, read_file("$self->{dir}/request-$n"), 2;
    my ($head, $body) = split /\r\n\r\n/, $rest, 2;
    my ($line, @headers) = split /\r\n/, $head;
    my %headers = map { my ($name, $value) = split /: ?/, $_, 2; (lc $name => $value) } @headers;
    my $json = eval { JSON::PP->new->utf8->decode($body) };
    return { status => $status, line => $line, headers => \%headers, body => $body, json => $json };
}

# What came for a user, in order: "1 2 3".
sub history ($self, $user) {
    return join q{ }, map { $_->{json}{data}{n} } grep { ($_->{json}{data}{userId} // q{}) eq $user } $self->requests;
}

sub requests ($self) { return map { $self->request($_) } 1 .. $self->count }

1;

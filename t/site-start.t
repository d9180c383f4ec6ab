# SPDX-License-Identifier: Apache-2.0
# Sites in the life of the service: start, reload, `supertokens config test`, `--check`, the environment.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use HTTP::Tiny ();
use Test::More;

use ST::Env qw(build_dir temp_dir wait_until write_file);
use ST::Stack;

my $s       = ST::Stack->new(sites => { example => {}, other => { appInfo => { apiBasePath => '/api/auth' } } }, env => { WEBHOOK_SECRET => 'secret-of-the-webhook' });
my $service = $s->service;
is $s->core->get('/hello')->{status}, 200, 'the service starts with two sites';
isnt $s->site_url('example'), $s->site_url('other'), 'each has a place of its own';

# The service's configuration with these sites, checked by both programs: status and text.
sub check (%site) {
    state $n = 0;
    my $dir = temp_dir('sites' . $n++);
    write_file("$dir/$_.yaml", $site{$_}) for keys %site;
    my $config = write_file("$dir.config.yaml", $s->service->config_text(fcgi_sites_dir => $dir));
    my %got;
    for my $command ('supertokens config test', 'supertokens-fcgid --check') {
        my $out = qx{cd @{[build_dir()]} && ./$command --config $config 2>&1};
        $got{$command} = { status => $? >> 8, text => $out =~ s/\Q$dir/DIR/gr };
    }
    return \%got;
}

my $good = $s->site('example')->yaml;

sub with_webhook (%more) {
    my $webhook = { id => 'w', url => 'http://127.0.0.1:1/', secret => '${WEBHOOK_SECRET}' };
    return ST::Site->new('other', { appInfo => { apiBasePath => '/api/auth' }, webhooks => [$webhook], %more }, 1)->yaml;
}

# What a refresh without tokens is answered at the site "other".
sub refresh_status { return HTTP::Tiny->new->post($s->site_url('other') . '/api/auth/session/refresh')->{status} }

subtest 'checks before a start' => sub {
    my $got = check(a => $good, b => $good);
    is $got->{'supertokens config test'}{text},   "The configuration is valid, with 2 sites.\n", 'config test';
    is $got->{'supertokens-fcgid --check'}{text}, "The configuration is valid.\n",               '--check';
    is $_->{status}, 0, 'status 0' for values %$got;
    $got = check(a => $good, b => "appInfo:\n  appNmae: x\n");
    for my $command (sort keys %$got) {
        is $got->{$command}{status}, 1, "$command refuses a bad one";
        like $got->{$command}{text}, qr{DIR/b\.yaml, line 2: appInfo\.appNmae: unknown key; did you mean appName\?}, 'with file, line, key and reason';
    }
};

subtest 'templates of mails' => sub {
    my $dir   = temp_dir('templates');
    my $site  = ST::Site->new('a', { emailDelivery => { directory => '/nowhere', templateDirectory => $dir } }, 1)->yaml;
    my $says  = sub ($wanted, $name) {
        my $got = check(a => $site);
        for my $command (sort keys %$got) {
            my $text = $got->{$command}{text} =~ s/\Q$dir/DIR/r;
            $wanted eq q{} ? is $got->{$command}{status}, 0, "$command: $name" : like $text, qr{\Q$wanted\E(?:\e\[0m)?$}m, "$command: $name";
        }
    };
    write_file("$dir/$_", "<style>p {color: red}</style>\n{subject} {email} { x } {}\n") for qw(layout.html layout.txt password-reset.subject email-verification.pt-br.html);
    write_file("$dir/$_", "\xff {nonsense}") for qw(README.md password-reset.html~ .password-reset.html.swp);
    $says->(q{}, 'good ones');
    my @bad = (
        ['password-reset.txt',       "Dear\n{email}, {appName} {appname}\n", ', line 2: there is no placeholder named appname'],
        ['password-reset.de.html',   "a\nb\nf\xfcr\n",                       ', line 3: it is not in UTF-8'],
        ['layout.html',              'x' x (256 * 1024 + 1),                  ': it is no file, or too long'],
        ['pasword-reset.html',       'x',                                     ': no mail has a template of this name (doc/mail.md)'],
        ['password-reset.DE.txt',    'x',                                     ': no mail has a template of this name (doc/mail.md)'],
        ['layout.subject',           'x',                                     ': no mail has a template of this name (doc/mail.md)'],
    );
    for (@bad) {
        my ($file, $text, $why) = @$_;
        write_file("$dir/$file", $text);
        $says->("DIR/$file$why", $file);
        unlink "$dir/$file";
    }
    unlink glob "$dir/* $dir/.*.swp";
    rmdir $dir or die "$dir: $!\n";
    $says->('DIR: No such file or directory (emailDelivery.templateDirectory)', 'no directory');
};

subtest 'a reload' => sub {
    my $mark = $service->log_mark;
    $service->write_site('other', "recipeList: [session]\n");
    $service->reload;
    ok $service->wait_log(qr{was not reloaded.*/sites\.d/other\.yaml, line 1: appInfo: is missing}, $mark), 'with a bad site says why';
    is $s->core->get('/hello')->{status}, 200, 'and the service goes on';
    is refresh_status(), 401, 'also with its site as it was';
    $service->write_site('other', with_webhook(recipeList => [{ session => { sessionExpiredStatusCode => 440 } }]));
    $service->reload;
    ok $service->wait_log(qr{was reloaded}, $mark), 'with good ones takes them';
    ok wait_until(10, sub { refresh_status() == 440 }), 'for the requests that come';
};

subtest 'a start' => sub {
    $s->nginx->stop;
    $service->stop;
    delete $service->{env}{WEBHOOK_SECRET};
    ok !eval { $service->start; 1 }, 'without a variable that a site needs fails';
    is $service->proc->status >> 8, 1, 'with status 1';
    like $service->log_text, qr{What caused the crash: \S+/sites\.d/other\.yaml, line \d+: the environment variable WEBHOOK_SECRET is not set}, 'and says which';
    unlike $service->log_text, qr{secret-of-the-webhook}, 'no log line shows the secret';
};

done_testing;

# SPDX-License-Identifier: Apache-2.0
#
# The example site of ./dev run in a real browser.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use Test::More;
use ST::Chromium;
use ST::Env qw(free_port temp_dir top_dir wait_until watchdog);
use ST::Pages;
use ST::Proc;

watchdog(180);
my $chromium = ST::Chromium->new or plan skip_all => "no browser: $@";
ST::Pages::build() or plan skip_all => "no login pages: $@";

my ($core, $site) = map { free_port() } 1 .. 2;
my $run = ST::Proc->new(
    name => 'dev run',
    log  => temp_dir('log') . '/out',
    cmd  => [$^X, top_dir() . '/tools/run-stack', '--core-port', $core, '--site-port', $site, '--data', temp_dir('data')],
);
ok wait_until(60, sub { !$run->alive || $run->log_text =~ /^try:/m }) && $run->alive, './dev run is ready';
$chromium->run('dev-run', SITE => "http://127.0.0.1:$site", TERMINAL => $run->{log});
done_testing;

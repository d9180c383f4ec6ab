# SPDX-License-Identifier: Apache-2.0
# What `make install` puts into place fits together: nginx takes the snippets and the examples from there. The whole package
# is tested by ./dev package --test.
use v5.36;
use FindBin qw($RealBin);
use lib "$RealBin/lib";

use File::Basename qw(basename);
use JSON::PP ();
use Test::More;

use ST::Env qw(build_dir free_port read_file temp_dir top_dir watchdog write_file);
use ST::Nginx;

watchdog(120);

my $dir   = temp_dir('root');
my $build = build_dir();
my $nginx = "$dir/etc/nginx";

sub install (@targets) {
    my $said = qx{make -C '$build' @targets prefix=/usr sysconfdir=/etc localstatedir=/var runstatedir=/run DESTDIR='$dir' 2>&1};
    is($?, 0, "make @targets") || diag $said;
    return;
}

sub is_content ($what) {
    my $said = qx{@{[ST::Nginx::program()]} -t -e stderr -p '$dir' -c '$nginx/nginx.conf' 2>&1};
    is($?, 0, $what) || diag $said;
    return;
}

install(qw(install-exec install-nginx install-systemd install-extras));

subtest 'snippets' => sub {
    for my $file (glob top_dir() . '/nginx/*') {
        my $name = basename($file) =~ s/[.]in\z//r;
        next if -d $file || $name =~ /\A(?:site-|upstream)/;
        my $text = read_file("$nginx/snippets/supertokens/$name");
        ok length $text, "$name is there";
        unlike $text, qr/\@[A-Z]\w*\@/, 'with places filled in';
        my @included = $text =~ /^\s*include ([^;]+);/mg;
        is_deeply [grep { !-e "$nginx/$_" } @included], [], 'and what it includes';
    }
};

subtest 'nginx takes them' => sub {
    my ($site, $core) = (free_port(), free_port());
    write_file("$nginx/nginx.conf", <<"END");
pid $nginx/nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;
    include conf.d/*.conf;
    include sites/*;
}
END
    mkdir "$nginx/sites";
    my $examples = "$dir/usr/share/supertokens-fcgi/examples";
    is_content('the service is known to it');
    write_file("$nginx/sites/example", read_file("$examples/nginx-site-example.conf") =~ s/127[.]0[.]0[.]1:8080/127.0.0.1:$site/r);
    is_content('the example');
    write_file("$nginx/sites/core", read_file("$examples/nginx-site-core.conf") =~ s/127[.]0[.]0[.]1:3567/127.0.0.1:$core/r);
    is_content('the core door');
    like read_file("$nginx/conf.d/supertokens.conf"), qr{server unix:/run/supertokens/fcgi[.]sock}, 'by the socket of the unit';
    like read_file("$nginx/snippets/supertokens/pages.conf"), qr{alias /usr/share/supertokens-fcgi/pages/;}, 'and the pages by their place';
};

subtest 'the rest' => sub {
    ok -x "$dir/usr/sbin/supertokens-fcgid" && -x "$dir/usr/bin/supertokens", 'programs';
    my $unit = read_file("$dir/usr/lib/systemd/system/supertokens.service");
    like $unit, qr{^ExecStart=/usr/sbin/supertokens-fcgid --config /etc/supertokens/config[.]yaml$}m, 'a unit for them';
    like read_file("$dir/usr/lib/sysusers.d/supertokens-fcgi.conf"), qr/^u supertokens /m, 'their user';
    ok -s "$dir/usr/share/doc/supertokens-fcgi/doc/install.md", 'documentation';
    for my $file (map { glob top_dir() . "/monitoring/$_/*" } qw(fail2ban grafana prometheus)) {
        my $name = $file =~ s{.*/monitoring/}{}r;
        ok -s "$dir/usr/share/supertokens-fcgi/$name", "for monitoring: $name";
    }
    install('uninstall-local');
    is qx{find '$dir' -type f ! -path '*/nginx/nginx.*' ! -path '*/nginx/sites/*' ! -path '*bin/supertokens*'}, q{}, 'and all of it can be taken away';
};

# What a package of these sources has to say of others' work.
subtest 'licences' => sub {
    my $lock = JSON::PP->new->decode(read_file(top_dir() . '/web/package-lock.json'))->{packages};
    my $text = read_file(top_dir() . '/debian/copyright');
    for my $path (grep { length && !$lock->{$_}{dev} && !$lock->{$_}{optional} } sort keys %$lock) {
        my $name = $path =~ s{\Anode_modules/}{}r;
        like $text, qr/\Q$name\E/, "$name is named";
        like $lock->{$path}{license}, qr/\A(?:MIT|Apache-2[.]0)\z/, 'under a licence that is there';
    }
};

done_testing;

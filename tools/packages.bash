# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Which Debian 12 packages each purpose needs. One row per package: purpose, package, and where it may also come
# from elsewhere the command that proves it is there.

PACKAGES='
build   autoconf
build   automake
build   gcc
build   make
build   pkgconf
build   libc6-dev
build   libargon2-dev
build   libcrypt-dev
build   libcurl4-openssl-dev
build   libfcgi-dev
build   libjson-c-dev
build   libpcre2-dev
build   libpq-dev
build   libpsl-dev
build   libsodium-dev
build   libssl-dev
build   libunistring-dev
build   libyaml-dev
build   zlib1g-dev
run     nginx               nginx
run     perl
run     postgresql-15
test    groff-base          groff
test    libcmocka-dev
test    pgbouncer           pgbouncer
test    python3-minimal     python3
test    zsh                 zsh
test    systemd             systemd-analyze
monitor fail2ban            fail2ban-regex
monitor prometheus          promtool
php     php8.2-fpm          php-fpm8.2
bench   wrk                 wrk
sdk     ca-certificates
sdk     nodejs              node
sdk     npm                 npm
browser chromium            chromium
coverage gcovr              gcovr
fuzz    clang
fuzz    libclang-rt-14-dev
package blhc
package debhelper
package dpkg-dev
package lintian
package po-debconf
package-test debootstrap   debootstrap
package-test systemd-container systemd-nspawn
lint    clang-format        clang-format
lint    clang-tidy          clang-tidy
lint    cppcheck
lint    libperl-critic-perl
lint    shellcheck
'

is_installed() # package [command]
{
    if [ -n "${2:-}" ] && PATH=$PATH:/usr/sbin command -v "$2" >/dev/null; then
        return 0
    fi
    [ "$(dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | head -n 1)" = installed ]
}

missing_packages() # purpose...
{
    local purpose package command
    while read -r purpose package command; do
        [[ -n $package && " $* " == *" $purpose "* ]] || continue
        is_installed "$package" "$command" || echo "$package"
    done <<<"$PACKAGES"
}

# Installs without starting the services that the packages bring: we run our own.
install_packages() # package...
{
    local policy=/usr/sbin/policy-rc.d made='' log status=0
    log=$(mktemp)
    echo "installing: $*"
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made=yes
    fi
    {
        apt-get update -q &&
            DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
    } >"$log" 2>&1 </dev/null || status=$?
    [ -z "$made" ] || rm -f "$policy"
    [ "$status" = 0 ] || tail -n 30 "$log" >&2
    rm -f "$log"
    return "$status"
}

# Makes sure that everything for the purposes is there, or says what to do and ends.
need() # purpose...
{
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        install_packages "${missing[@]}" || die "the packages above could not be installed"
        return 0
    fi
    die "missing packages; install them with
    sudo apt-get install --no-install-recommends ${missing[*]}"
}

# The same for something that can be done without.
want() # purpose, what is lost without it
{
    local missing
    mapfile -t missing < <(missing_packages "$1")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && install_packages "${missing[@]}"; then
        return 0
    fi
    echo "$2: apt-get install --no-install-recommends ${missing[*]}" >&2
}

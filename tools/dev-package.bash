# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Builds the Debian package twice, in two places, compares, and has it looked over. The packages are left in build/package.

PACKAGE_OUT=$TOP/build/package

# Every file of the sources as they stand here: those that git knows, or all of an unpacked tarball.
package_copy_sources() # directory
{
    if git -C "$TOP" rev-parse --git-dir >/dev/null 2>&1; then
        git -C "$TOP" ls-files -z | tar -C "$TOP" --null --files-from=- --ignore-failed-read -cf - | tar -C "$1" -xf -
    else
        tar -C "$TOP" --exclude=./build --exclude='./build-*' --exclude=./.dev -cf - . | tar -C "$1" -xf -
    fi
}

# The login pages are bundled here, with a network; nothing after this needs one.
package_bundle_pages() # directory
{
    [ ! -f "$1/web/built/index.html" ] || return 0
    need sdk
    "$TOP/tools/build-web"
    cp -R "${ST_BUILD:-$TOP/build}/web" "$1/web/built"
}

# A source tarball, as it would be released.
package_tarball() # work directory: sets TARBALL
{
    local sources=$1/sources
    mkdir -p "$sources"
    package_copy_sources "$sources"
    package_bundle_pages "$sources"
    (
        cd "$sources" || exit
        quietly autoreconf -fi
        quietly ./configure
        quietly env GZIP_ENV=-9n TAR_OPTIONS="--sort=name --owner=0 --group=0 --numeric-owner --mtime=@$SOURCE_DATE_EPOCH" make dist
    )
    TARBALL=$(echo "$sources"/supertokens-fcgi-*.tar.gz)
    [ -f "$TARBALL" ] || die "package: make dist has made no tarball"
}

package_build_once() # directory [user]
{
    local as=()
    mkdir -p "$1"
    tar -C "$1" -xzf "$TARBALL"
    if [ -n "${2:-}" ]; then
        chown -R "$2" "$1"
        as=(setpriv --reuid "$2" --regid nogroup --clear-groups env HOME="$1")
    fi
    (
        cd "$1"/supertokens-fcgi-*/ || exit
        DEB_BUILD_OPTIONS="parallel=$(nproc)" "${as[@]}" dpkg-buildpackage -us -uc >"$1/log" 2>&1 </dev/null
    ) || {
        tail -n 60 "$1/log" >&2
        die "package: the build failed"
    }
}

# All but the record of how they were built.
package_compare() # directory directory
{
    local file bad=0
    for file in "$1"/*.deb "$1"/*.tar.xz "$1"/*.dsc; do
        cmp "$file" "$2/${file##*/}" || bad=1
    done
    [ "$bad" = 0 ] || die "package: two builds differ"
    echo "package: two builds are identical"
}

package_look_over() # directory
{
    lintian --allow-root --fail-on error,warning "$1"/*.changes || die "package: lintian has findings"
    # That programs are position independent is the compiler's default here, which lintian sees in the result.
    blhc --bindnow "$1/log" | cut -c 1-200 | head -n 20
    [ "${PIPESTATUS[0]}" = 0 ] || die "package: blhc misses hardening flags"
    echo "package: lintian and blhc have no findings"
}

# In Debian systems of its own, with their own processes and mounts, which end with it.
package_test() # work directory
{
    local base=$TOP/build/debian-12 mirror
    [ "$(id -u)" = 0 ] || die "package: --test needs root"
    need package-test
    if [ ! -e "$base/ready" ]; then
        mirror=$(awk '$1 == "URIs:" { print $2; exit } $1 == "deb" { print $(/^deb \[/ ? 3 : 2); exit }' \
            /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null)
        rm -rf "$base"
        quietly debootstrap --variant=minbase bookworm "$base" "${mirror:-http://deb.debian.org/debian}"
        touch "$base/ready"
    fi
    mkdir "$1/systems"
    unshare --mount --pid --fork --kill-child --mount-proc "$TOP/tools/test-package" \
        "$PACKAGE_OUT"/supertokens-fcgi_*.deb "$base" "$1/systems"
    rm -rf "$1/systems"
    # Where systemd-nspawn can boot a system: a container that is not allowed to cannot.
    mkdir "$1/machines"
    if systemd-nspawn --quiet --register=no --keep-unit --private-network -D "$base" true 2>"$1/why"; then
        tools/test-systemd "$PACKAGE_OUT"/supertokens-fcgi_*.deb "$base" "$1/machines"
    else
        echo "package: tools/test-systemd is skipped, systemd-nspawn does not work here: $(head -n 1 "$1/why")" >&2
    fi
}

dev_package()
{
    local work test='' other=''
    while [ $# -gt 0 ]; do
        case $1 in
        --test) test=yes ;;
        *) die "package: unknown option $1" ;;
        esac
        shift
    done
    need build package
    work=$(mktemp -d)
    # shellcheck disable=SC2064 # this one
    trap "rm -rf '$work'" EXIT
    SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$TOP/debian/changelog" -S Timestamp)
    export SOURCE_DATE_EPOCH
    package_tarball "$work"
    package_build_once "$work/one"
    # Elsewhere, in another time zone, and as another user where that can be.
    [ "$(id -u)" != 0 ] || other=nobody
    chmod 711 "$work"
    (umask 027 && TZ=Asia/Kolkata LC_ALL=C.UTF-8 package_build_once "$work/two-elsewhere" $other)
    package_compare "$work/one" "$work/two-elsewhere"
    package_look_over "$work/one"
    rm -rf "$PACKAGE_OUT"
    mkdir -p "$PACKAGE_OUT"
    cp "$TARBALL" "$work/one"/supertokens-fcgi*_* "$PACKAGE_OUT"
    ls -l "$PACKAGE_OUT"
    [ -z "$test" ] || package_test "$work"
}

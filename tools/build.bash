# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Out-of-tree builds. Each variant has its own directory, compiler and flags, so they live side by side.

# variant, directory, compiler, flags. Coverage counts what the source says, so without optimization.
VARIANTS='
normal      build           gcc     -O2 -g
sanitize    build-sanitize  gcc     -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
coverage    build-coverage  gcc     -O0 -g -Wno-clobbered -include ../tools/coverage_exit.h --coverage -fprofile-abs-path -fprofile-update=atomic
fault       build-fault     gcc     -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -DST_FAULTS
tsan        build-tsan      gcc     -O1 -g -fno-omit-frame-pointer -fsanitize=thread
fuzz        build-fuzz      clang   -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
'

variant_row() # variant: sets DIR, COMPILER, FLAGS
{
    local name
    while read -r name DIR COMPILER FLAGS; do
        [ "$name" = "$1" ] && return 0
    done <<<"$VARIANTS"
    die "no build variant $1"
}

configure_variant() # variant
{
    local settings
    variant_row "$1"
    settings="CC=$COMPILER CFLAGS=$FLAGS"
    [ "$TOP/configure" -nt "$TOP/configure.ac" ] || (cd "$TOP" && quietly autoreconf -fi)
    if [ ! -f "$TOP/$DIR/Makefile" ] || [ "$(cat "$TOP/$DIR/.settings" 2>/dev/null)" != "$settings" ]; then
        mkdir -p "$TOP/$DIR"
        [ ! -f "$TOP/$DIR/.settings" ] || make --silent -C "$TOP/$DIR" clean >"$TOP/$DIR/clean.log" 2>&1 || true
        (cd "$TOP/$DIR" && quietly "$TOP/configure" --quiet --enable-werror CC="$COMPILER" CFLAGS="$FLAGS")
        echo "$settings" >"$TOP/$DIR/.settings"
    fi
}

# One target after the other: `all` makes the generated sources that the others need.
build() # variant [target...]
{
    local target
    configure_variant "$1"
    for target in all "${@:2}"; do
        make --silent --no-print-directory -C "$TOP/$DIR" -j "$(nproc)" "$target" || die "the build failed"
    done
}

# Runs a command and shows its output only when it fails.
quietly()
{
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 60 "$log" >&2
        rm -f "$log"
        die "failed: $*"
    fi
    rm -f "$log"
}

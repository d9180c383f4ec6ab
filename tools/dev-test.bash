# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Test files run two at a time, the longest first, all in one prove, so that its last lines are the result. What is slow to
# make (a database cluster) is made once and copied by each of them.

LONGEST_FIRST=(t/conformance.t t/sdk-node.t t/browser-pages.t t/browser-provider.t t/browser-origins.t)

# Unit tests, and fuzzers run over their corpus only.
unit_tests()
{
    find "$DIR/t/unit" "$DIR/fuzz" -maxdepth 1 -type f \( -name 'test_*' -o -name 'replay_*' \) -perm -u+x \
        ! -name '*.*' 2>/dev/null | sort
}

system_tests()
{
    local first
    for first in "${LONGEST_FIRST[@]}"; do
        [ ! -f "$first" ] || echo "$first"
    done
    find t -name '*.t' -type f | sort | grep -vxF "$(printf '%s\n' "${LONGEST_FIRST[@]}")"
}

# t/x.t, x.t, t/unit/test_x.c, test_x, replay_x
test_program()
{
    local name=${1##*/}
    name=${name%.c}
    if [ -f "$1" ] && [[ $1 == *.t ]]; then
        echo "$1"
    elif [ -f "t/$name" ]; then
        echo "t/$name"
    elif [ -x "$DIR/t/unit/$name" ]; then
        echo "$DIR/t/unit/$name"
    elif [ -x "$DIR/fuzz/$name" ]; then
        echo "$DIR/fuzz/$name"
    else
        die "no test $1"
    fi
}

# The fault sweeps have a build of their own.
build_faults() # FILE...
{
    local file
    for file in "$@"; do
        if [[ $file == t/fault-*.t ]]; then
            (build fault fault-programs) || exit
            export ST_BUILD_FAULT=$TOP/build-fault
            return
        fi
    done
}

sanitizer_settings() # variant
{
    case $1 in
    sanitize)
        export ST_SLOW=${ST_SLOW:-4}
        export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1}
        export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
        ;;
    tsan)
        export ST_SLOW=${ST_SLOW:-6}
        export TSAN_OPTIONS=${TSAN_OPTIONS:-suppressions=$TOP/t/tsan.supp second_deadlock_stack=1}
        ;;
    esac
}

dev_test()
{
    local variant=normal all=() wanted=() PROVE_OPTIONS=()
    cd "$TOP" || exit
    while [ $# -gt 0 ]; do
        case $1 in
        --sanitize) variant=sanitize ;;
        --tsan) variant=tsan ;;
        --faults)
            export ST_FAULTS=all
            all=(t/fault-*.t)
            ;;
        -v | --verbose) PROVE_OPTIONS+=(--verbose) ;;
        -*) die "test: unknown option $1" ;;
        *) wanted+=("$1") ;;
        esac
        shift
    done
    [ ${#wanted[@]} -gt 0 ] || wanted=(${all[@]+"${all[@]}"})
    run_tests "$variant" ${wanted[@]+"${wanted[@]}"}
}

# Builds a variant and runs the files given, or all.
run_tests() # variant, file...
{
    local variant=$1 files=() file
    shift
    need build run test
    want sdk "t/sdk-node.t, t/browser-*.t and those of the login pages will be skipped without"
    want browser "t/browser-*.t will be skipped without"
    want monitor "parts of t/ops-monitoring.t will be skipped without"
    want php "the PHP example of t/verify-examples.t will be skipped without"
    sanitizer_settings "$variant"
    build "$variant" unit-tests
    export ST_BUILD=$TOP/$DIR

    if [ $# = 0 ]; then
        mapfile -t files < <(system_tests | { [ "$variant" = normal ] && cat || grep -v '^t/fault-'; } && unit_tests)
    fi
    for file in "$@"; do
        files+=("$(test_program "$file")")
    done
    build_faults "${files[@]}"
    ST_TEST_CACHE=$(mktemp -d)
    export ST_TEST_CACHE
    trap 'rm -rf "$ST_TEST_CACHE"' EXIT
    chmod 711 "$ST_TEST_CACHE"
    prove --exec tools/run-test ${PROVE_OPTIONS[@]+"${PROVE_OPTIONS[@]}"} -j 2 "${files[@]}"
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What of the source the tests run. Every process adds its counts to those in build-coverage/ when it ends, so a run can be
# made of parts: ./dev coverage FILE..., then ./dev coverage --add FILE...

# shellcheck source=tools/dev-test.bash
. "$TOP/tools/dev-test.bash"

dev_coverage()
{
    local add='' tests=yes files=() status=0
    while [ $# -gt 0 ]; do
        case $1 in
        --add) add=yes ;;
        --report) add=yes tests='' ;;
        -*) die "coverage: unknown option $1" ;;
        *) files+=("$1") ;;
        esac
        shift
    done
    need build coverage
    build coverage
    [ -n "$add" ] || find "$TOP/$DIR" -name '*.gcda' -delete
    export ST_SLOW=${ST_SLOW:-2}
    export GCOV_ERROR_FILE=/dev/null # what runs as another user cannot add its counts
    [ -z "$tests" ] || (run_tests coverage ${files[@]+"${files[@]}"}) || status=$?
    coverage_report || status=$?
    return "$status"
}

# gcov counts every conditional jump, so those of calls that might throw, or cannot be reached, are left out; so are the copies
# that the compiler makes of the loops over bcrypt's lanes, one for each number of lanes, in which that number is fixed.
coverage_report()
{
    local json status=0
    cd "$TOP" || exit
    json=$(mktemp)
    quietly gcovr --root "$TOP" --filter 'src/' --filter 'fcgi/' --object-directory "$TOP/$DIR" \
        --exclude-throw-branches --exclude-unreachable-branches --exclude-branches-by-pattern '.*EACH_LANE.*' \
        --json-summary "$json" "$TOP/$DIR"
    perl tools/coverage-report <"$json" || status=1
    rm -f "$json"
    return "$status"
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Fuzzers are fuzz/fuzz_<topic>.c for libFuzzer; the make target fuzz-programs links them in build-fuzz/fuzz/. Their corpus
# grows in build-fuzz/corpus/<topic>, beside the committed seeds in fuzz/corpus/<topic>. A minute each finds what a change has
# broken; doc/testing.md says what a release gets.

dev_fuzz()
{
    local seconds=60 names=() name
    while [ $# -gt 0 ]; do
        case $1 in
        --seconds) seconds=${2:?--seconds needs a number} && shift ;;
        -*) die "fuzz: unknown option $1" ;;
        *) names+=("$1") ;;
        esac
        shift
    done
    cd "$TOP" || exit
    if [ ${#names[@]} = 0 ]; then
        mapfile -t names < <(find fuzz -maxdepth 1 -name 'fuzz_*.c' 2>/dev/null | sed 's:.*/fuzz_::; s:[.]c$::' | sort)
    fi
    [ ${#names[@]} -gt 0 ] || die "fuzz: there are no fuzzers in fuzz/"
    need build fuzz
    build fuzz fuzz-programs
    for name in "${names[@]}"; do
        fuzz_one "$name" "$seconds"
    done
}

fuzz_one() # topic, seconds
{
    local program=$TOP/$DIR/fuzz/fuzz_$1 corpus=$TOP/$DIR/corpus/$1 seeds=()
    [ -x "$program" ] || die "fuzz: no fuzzer $1"
    mkdir -p "$corpus"
    [ ! -d "fuzz/corpus/$1" ] || seeds=("fuzz/corpus/$1")
    echo "fuzzing $1 for $2 s"
    "$program" -max_total_time="$2" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$TOP/$DIR/" \
        "$corpus" ${seeds[@]+"${seeds[@]}"} >"$TOP/$DIR/fuzz_$1.log" 2>&1 || {
        tail -n 40 "$TOP/$DIR/fuzz_$1.log" >&2
        die "fuzz: $1 found something; the input is in $DIR/"
    }
    grep -E 'number_of_executed_units|average_exec_per_sec' "$TOP/$DIR/fuzz_$1.log"
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Fuzzers are fuzz/fuzz_<topic>.c for libFuzzer; the make target fuzz-programs links them in build-fuzz/fuzz/. Their corpus
# grows in build-fuzz/corpus/<topic>, beside the committed seeds in fuzz/corpus/<topic>. Each runs for an hour, as many at a
# time as there are processors; --seconds 60 is enough to find what a change has broken.

dev_fuzz()
{
    local seconds=3600 names=() running=() name found=0
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
        [ -x "$TOP/$DIR/fuzz/fuzz_$name" ] || die "fuzz: no fuzzer $name"
    done
    trap 'kill $(jobs -p) 2>/dev/null || true' EXIT # when interrupted
    for name in "${names[@]}"; do
        while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
            wait -n || true # each one's status is asked for below
        done
        fuzz_one "$name" "$seconds" &
        running+=($!)
    done
    for name in "${running[@]}"; do
        wait "$name" || found=1
    done
    [ "$found" = 0 ] || die "fuzz: something was found, see above"
}

fuzz_one() # topic, seconds
{
    local program=$TOP/$DIR/fuzz/fuzz_$1 corpus=$TOP/$DIR/corpus/$1 log=$TOP/$DIR/fuzz_$1.log seeds=()
    mkdir -p "$corpus"
    [ ! -d "fuzz/corpus/$1" ] || seeds=("fuzz/corpus/$1")
    echo "$1: $2 s"
    "$program" -max_total_time="$2" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$TOP/$DIR/" \
        "$corpus" ${seeds[@]+"${seeds[@]}"} >"$log" 2>&1 &
    # shellcheck disable=SC2064 # this one
    trap "kill $!; exit 1" TERM
    wait $! || {
        tail -n 40 "$log" >&2
        die "fuzz: $1 found something; the input is in $DIR/"
    }
    awk -v name="$1" '/number_of_executed_units/ { n = $2 } /average_exec_per_sec/ { rate = $2 }
        END { print name ": " n " inputs, " rate " in a second, nothing found" }' "$log"
}

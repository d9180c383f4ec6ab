# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# name | program below the top (@BUILD@: the build directory) | what it measures
BENCHES='
json      | @BUILD@/bench/json          | reading and writing JSON, next to json-c alone
db        | @BUILD@/bench/db            | prepared statements and pipelines, next to PQexecParams
tokens    | @BUILD@/bench/tokens        | tokens and signatures, next to one RSA-2048 signature
passwords | @BUILD@/bench/password_hash | password hashing, next to crypt_r and plain libargon2
verify    | bench/verify.pl             | a file behind the verify door, next to it unprotected and to express with verifySession
sizes     | bench/sizes.pl              | bytes in the database for a user, a session and a sign-in
endpoints | bench/endpoints.pl          | requests through the whole stack: processor time, latency, memory, start
'

bench_rows()
{
    sed -n 's/ *| */|/gp' <<<"$BENCHES"
}

# Prints the machine and then each benchmark's own lines, in a form that goes into doc/benchmarks.md as it is.
dev_bench()
{
    local name program text ran=0
    [ -n "$(bench_rows)" ] || die "bench: there are no benchmarks yet"
    need build run test bench
    build normal bench-programs
    cd "$TOP" || exit
    export ST_BUILD=$TOP/$DIR
    bench_machine
    while IFS='|' read -r name program text; do
        [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
        printf '\n## %s: %s\n\n' "$name" "$text"
        perl tools/with-pg "${program/@BUILD@/$ST_BUILD}" || die "bench: $name failed"
        ran=$((ran + 1))
    done < <(bench_rows)
    [ "$ran" -gt 0 ] || die "bench: no such benchmark; there are: $(bench_rows | cut -d '|' -f 1 | xargs)"
}

bench_machine()
{
    echo "$(date +%Y-%m-%d), $(git describe --always --dirty 2>/dev/null || echo 'no commit'):" \
        "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1), $(nproc) CPUs," \
        "$(awk '/MemTotal/ { printf "%d GiB", $2 / 1048576 }' /proc/meminfo)," \
        "$(nginx -v 2>&1 | sed 's/.*: //'), PostgreSQL $(perl -It/lib -MST::Pg -e 'print ST::Pg::bin_dir() =~ /(\d+)/')"
}

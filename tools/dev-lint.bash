# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Each step prints its findings, one or more lines each, and nothing else when it is content.

# step | what it looks at
LINT_STEPS='
format     | layout of C code
layers     | who includes whom
text       | unsafe calls, SQL in C, licence lines, lengths
cppcheck   | C, second opinion
tidy       | C, clang-tidy with the static analyzer
shell      | shell scripts
perl       | Perl tests and tools
'

lint_c_files()
{
    find src fcgi t/unit bench fuzz -type f "$@" 2>/dev/null | sort
}

lint_format()
{
    local places
    places=$(lint_c_files \( -name '*.c' -o -name '*.h' \) | xargs -r clang-format --dry-run -Werror 2>&1 |
        sed -n 's/^\([^ :]*\):.*clang-formatted.*/\1/p' | sort | uniq -c)
    [ -z "$places" ] || awk '{ print $2 ": " $1 " places are not laid out by ./dev format" }' <<<"$places"
    [ -z "$places" ]
}

lint_layers()
{
    tools/lint-layers
}

lint_text()
{
    tools/lint-text
}

# What the compiler is told, one flag a line; clang-tidy (and clangd) find it in the build directory.
compile_flags()
{
    printf '%s\n' -std=c17 -D_GNU_SOURCE -I"$TOP/src" -I"$TOP" -I"$TOP/fcgi" -I"$TOP/$DIR" '-DPACKAGE_VERSION="0"'
    pkg-config --cflags-only-I json-c libpq libsodium | xargs -n 1
}

lint_cppcheck()
{
    local flags
    mapfile -t flags < <(compile_flags | grep -- '^-[ID]')
    lint_c_files -name '*.c' ! -path 't/*' |
        xargs -r cppcheck --quiet --std=c11 -j "$(nproc)" --enable=warning,performance,portability --inline-suppr \
            --suppressions-list=tools/cppcheck.suppress --template='{file}:{line}: {message} ({id})' --error-exitcode=1 \
            --library=tools/cppcheck.cfg "${flags[@]}"
}

lint_tidy()
{
    compile_flags >"$TOP/$DIR/compile_flags.txt"
    lint_c_files -name '*.c' ! -path 't/*' ! -path 'bench/*' | xargs -r -P "$(nproc)" -n 4 clang-tidy --quiet -p "$TOP/$DIR" 2>/dev/null
}

# Files whose first line names an interpreter that matches.
scripts() # pattern
{
    find dev .ci tools t sql debian -type f -exec awk -v pattern="^#!.*$1" \
        'FNR == 1 { if ($0 ~ pattern) print FILENAME; nextfile }' {} + 2>/dev/null | sort
}

lint_shell()
{
    scripts '(ba)?sh$' | xargs shellcheck -x tools/*.bash
}

lint_perl()
{
    { scripts perl && find t bench -name '*.t' -o -name '*.pm' -o -name '*.pl'; } | xargs perlcritic --quiet --profile .perlcriticrc
}

lint_step() # name
{
    local log failed=0
    log=$(mktemp)
    "lint_$1" >"$log" 2>&1 || failed=1
    printf '%-10s %s\n' "$1" "$([ "$failed" = 0 ] && echo ok || echo "findings:")"
    sed 's/^/    /' "$log"
    rm -f "$log"
    return "$failed"
}

dev_lint()
{
    local steps=("$@") step bad=()
    need build lint
    cd "$TOP" || exit
    build normal
    [ ${#steps[@]} -gt 0 ] || mapfile -t steps < <(awk 'NF { print $1 }' <<<"$LINT_STEPS")
    for step in "${steps[@]}"; do
        declare -F "lint_$step" >/dev/null || die "lint: no step $step; there are: $(awk 'NF { printf "%s ", $1 }' <<<"$LINT_STEPS")"
        lint_step "$step" || bad+=("$step")
    done
    [ ${#bad[@]} = 0 ] || die "lint: findings in ${bad[*]}"
    echo "lint: 0 findings"
}

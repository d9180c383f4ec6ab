# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

dev_format()
{
    need lint
    cd "$TOP" || exit
    find src fcgi t/unit bench fuzz -type f \( -name '*.c' -o -name '*.h' \) -print0 2>/dev/null | xargs -0 -r clang-format -i
}

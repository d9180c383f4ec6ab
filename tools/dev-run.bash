# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

dev_run()
{
    need build run
    want sdk "there will be no login pages without"
    build normal
    "$TOP/tools/build-web" || echo "run: everything else works" >&2
    exec perl "$TOP/tools/run-stack" "$@"
}

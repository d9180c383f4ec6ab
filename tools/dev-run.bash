# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

dev_run()
{
    need build run
    build normal
    exec perl "$TOP/tools/run-stack" "$@"
}

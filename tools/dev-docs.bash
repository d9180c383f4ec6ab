# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Pages whose second part is printed by a program of ours have a mark before it: `<!-- made by: supertokens ... -->`.

dev_docs()
{
    local page command text
    need build
    build normal
    cd "$TOP" || exit
    for page in doc/*.md; do
        command=$(sed -n 's/^<!-- made by: \(.*\) -->$/\1/p' "$page")
        [ -n "$command" ] || continue
        # shellcheck disable=SC2086 # a program and its arguments
        text=$("$DIR"/$command) || die "$page: $command failed"
        {
            sed '/^<!-- made by: /q' "$page"
            printf '\n%s\n' "$text"
        } >"$page.new"
        if cmp -s "$page" "$page.new"; then rm "$page.new"; else mv "$page.new" "$page" && echo "$page"; fi
    done
}

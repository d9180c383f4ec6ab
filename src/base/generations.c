/* SPDX-License-Identifier: Apache-2.0 */
#include "base/generations.h"

#include <stdio.h>

static const char kind_letters[GENERATION_KINDS] = {'t', 'k'};

/* An app that was removed and made again has other keys. */
void generation_changed(struct generations *g, enum generation_kind kind, unsigned slot)
{
    generation_bump(g, kind, slot);
    if (kind == GENERATION_TENANTS)
        generation_bump(g, GENERATION_KEYS, slot);
}

int generation_payload(char *out, size_t size, enum generation_kind kind, unsigned slot)
{
    return snprintf(out, size, "%c %u", kind_letters[kind], slot);
}

bool generation_apply(struct generations *g, const char *payload)
{
    struct str text = str_of(payload);
    int64_t slot;
    if (str_is(text, STR(GENERATION_EVERYTHING))) {
        generation_bump_all(g);
        return true;
    }
    if (text.n < 3 || text.p[1] != ' ' || !str_to_i64(str_from(text, 2), &slot) || slot < 0 ||
        slot >= GENERATION_SLOTS)
        return false;
    for (int kind = 0; kind < GENERATION_KINDS; kind++)
        if (kind_letters[kind] == text.p[0]) {
            generation_changed(g, (enum generation_kind)kind, (unsigned)slot);
            return true;
        }
    return false;
}

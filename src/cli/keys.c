/* SPDX-License-Identifier: Apache-2.0
 *
 * supertokens key: the signing keys of an app.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "cli/work.h"
#include "jwt/keys.h"

static struct str key_id(struct arena *a, int64_t created)
{
    return arena_printf(a, "d-%" PRId64, created);
}

enum st_err key_list_data(struct work *w)
{
    const struct key_set *set;
    w->layout = (struct layout){.list = "keys", .empty = "There are no keys yet."};
    ST_TRY(work_find_tenant(w));
    const struct tenant *app = w->tenant->app;
    struct key_rules rules = key_rules_of(app->config);
    ST_TRY(keys_current(w->c, app->keyring, app->db, &rules, 0, &set));
    int64_t now = clock_now_ms();
    size_t live = key_set_live(set, &rules), signs = live ? key_choose(set->created, live, now, &rules) : 0;
    json_open(&w->out, "keys", '[');
    for (size_t i = 0; i < set->ndynamic + set->nstatic; i++) {
        bool dynamic = i < set->ndynamic;
        if (dynamic && i >= live)
            continue; /* expired */
        json_open(&w->out, NULL, '{');
        json_add_str(&w->out, "keyId", set->keys[i]->kid);
        json_add_str(&w->out, "kind", dynamic ? STR("dynamic") : STR("static"));
        json_add_bool(&w->out, "signs", i == (dynamic ? signs : set->ndynamic));
        json_add_i64(&w->out, "timeCreated", set->keys[i]->created_at);
        if (dynamic)
            json_add_i64(&w->out, "expiry", key_expires_at(set->created[i], &rules));
        json_close(&w->out, '}');
    }
    json_close(&w->out, ']');
    return ST_OK;
}

enum st_err key_rotate_data(struct work *w)
{
    int64_t created;
    ST_TRY(work_find_tenant(w));
    const struct tenant *app = w->tenant->app;
    struct key_rules rules = key_rules_of(app->config);
    ST_TRY(keys_rotate(w->c, app->keyring, app->db, &rules, w->in->at_once, &created));
    json_add_str(&w->out, "keyId", key_id(w->c->arena, created));
    json_add_i64(&w->out, "signsAt", created + key_publish_ms(&rules));
    return ST_OK;
}

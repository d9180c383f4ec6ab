/* SPDX-License-Identifier: Apache-2.0 */
#include "jwt/key_rules.h"

int64_t key_publish_ms(const struct key_rules *r)
{
    return r->interval_ms < KEY_PUBLISH_MS ? r->interval_ms / 5 : KEY_PUBLISH_MS;
}

int64_t key_rotates_at(int64_t created, const struct key_rules *r)
{
    return created + r->interval_ms;
}

int64_t key_expires_at(int64_t created, const struct key_rules *r)
{
    return created + r->interval_ms + 2 * r->access_validity_ms;
}

int64_t key_keep_since(int64_t now, const struct key_rules *r)
{
    return now - (r->interval_ms + 2 * r->access_validity_ms);
}

size_t key_count_live(const int64_t *created, size_t n, int64_t now, const struct key_rules *r)
{
    size_t live = 0;
    while (live < n && created[live] >= key_keep_since(now, r))
        live++;
    return live;
}

bool key_is_due(const int64_t *created, size_t n, int64_t now, const struct key_rules *r)
{
    return n == 0 || created[0] < now - r->interval_ms + key_publish_ms(r);
}

size_t key_choose(const int64_t *created, size_t n, int64_t now, const struct key_rules *r)
{
    bool unpublished = created[0] + key_publish_ms(r) > now;
    return n >= 2 && unpublished && now < key_rotates_at(created[1], r) ? 1 : 0;
}

int64_t key_set_max_age(int64_t newest_created, int64_t now, const struct key_rules *r)
{
    int64_t left_ms = key_rotates_at(newest_created, r) - key_publish_ms(r) - now;
    return left_ms < 2000 ? 1 : left_ms / 1000;
}

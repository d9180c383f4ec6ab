/* SPDX-License-Identifier: Apache-2.0
 *
 * The public suffix list, private suffixes included (libpsl, with Debian's list where it is newer).
 */
#include <libpsl.h>

#include "site/internal.h"

static void release(void *object)
{
    psl_free(object);
}

static psl_ctx_t *open_list(struct arena *a)
{
    struct arena_cleanup *cleanup = arena_reserve_cleanup(a, release);
    psl_ctx_t *list = psl_latest(NULL);
    if (!list)
        arena_out_of_memory(a);
    cleanup->object = list;
    return list;
}

static bool ends_with(struct str s, struct str end)
{
    return s.n >= end.n && str_is(str_from(s, s.n - end.n), end);
}

struct str site_top_domain(struct arena *a, struct str host)
{
    if (str_starts(host, STR("localhost")) || site_is_ipv4(host))
        return STR("localhost");
    if (ends_with(host, STR(".local")) || str_starts(host, STR("[")))
        return host;
    host = arena_str(a, host);
    const char *domain = psl_registrable_domain(open_list(a), host.p);
    if (domain)
        return arena_str(a, str_of(domain));
    return ends_with(host, STR(".amazonaws.com")) ? host : STR_NONE;
}

bool site_cookie_domain_fits(struct arena *a, struct str host, struct str domain)
{
    struct str bare = str_starts(domain, STR(".")) ? str_from(domain, 1) : domain;
    if (str_is(bare, host))
        return true;
    if (site_is_ipv4(host) || !ends_with(host, ARENA_CONCAT(a, STR("."), bare)))
        return false;
    return !psl_is_public_suffix(open_list(a), arena_str(a, bare).p);
}

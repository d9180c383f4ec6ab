/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages of a tenant's users, searching and counting them (spec: cdi-users 1, 2).
 */
#ifndef ST_USERS_LIST_H
#define ST_USERS_LIST_H

#include "users/user.h"

enum { USERS_PAGE_MAX = 500, USERS_FOUND_MAX = 1000 };

/* A page begins with this user: ID is internal, the time is of the user's oldest login method (ms). */
struct users_cursor {
    struct str id; /* absent: the first page */
    int64_t time_joined_ms;
};

struct users_page_query {
    struct str app, tenant;
    const struct str *recipes; /* users with a login method of one of them; none: of any */
    size_t nrecipes;
    bool newest_first;
    size_t limit; /* at most USERS_PAGE_MAX */
    struct users_cursor from;
};

/* Users by the time they joined, whole, also with login methods that are not in the tenant. NEXT has an
 * absent id after the last page. */
enum st_err users_page(struct ctx *c, struct db *db, const struct users_page_query *q, struct users *out,
                       struct users_cursor *next) ST_MUST_CHECK;

/* Beginnings of identifiers, in lower case. */
struct users_search {
    struct str app, tenant;
    struct users_tags {
        struct str *v;
        size_t n;
    } email, phone, provider;
    bool newest_first;
};

/* Users with one login method in the tenant that fits every kind of tag given, and any of its tags; at most
 * USERS_FOUND_MAX. */
enum st_err users_search(struct ctx *c, struct db *db, const struct users_search *q,
                         struct users *out) ST_MUST_CHECK;

/* TENANT absent: of the whole app in this database, also those in no tenant. */
enum st_err users_count(struct ctx *c, struct db *db, struct str app, struct str tenant,
                        const struct str *recipes, size_t nrecipes, int64_t *out) ST_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The third-party recipe (spec: cdi-thirdparty): users whom a provider such as Google knows. Talking to
 * providers is the auth door's business; here are the users only.
 */
#ifndef ST_THIRDPARTY_THIRDPARTY_H
#define ST_THIRDPARTY_THIRDPARTY_H

#include "tenancy/tenancy.h"
#include "users/user.h"

/* 403 when the tenant does not have the recipe enabled; the rule depends on the interface version. */
enum st_err thirdparty_check_enabled(struct ctx *c, const struct tenant *t, int cdi) ST_MUST_CHECK;

/* A user and its login method of the identity; both NULL when there is none. */
struct thirdparty_candidate {
    const struct user *user;
    const struct login_method *method;
};

/* The login method of an identity among users that were found by it in the tenant (users_find,
 * users_query_call with third_party_id and third_party_user_id). */
struct thirdparty_candidate thirdparty_candidate(const struct users *found, struct str tenant,
                                                 struct str third_party_id, struct str third_party_user_id);

enum thirdparty_result {
    THIRDPARTY_OK,
    THIRDPARTY_EMAIL_CHANGE_NOT_ALLOWED, /* the new address belongs to another primary user of the tenant */
};

struct thirdparty_signinup {
    enum thirdparty_result result;
    bool created;                      /* a sign-up */
    const struct user *user;           /* whole, as it is now; with THIRDPARTY_OK */
    const struct login_method *method; /* of the identity, one of the user's */
};

/* More writes for the same transaction (webhooks: deliver/deliver.h). Called when the outcome is known and
 * nothing has been written yet; fills CALLS and returns their number. May be called again, also with another
 * outcome, when a race was lost: it must leave nothing behind but the calls. */
enum { THIRDPARTY_MORE_CALLS = 24 };
typedef size_t thirdparty_more(struct ctx *c, void *arg, const struct thirdparty_signinup *outcome,
                               struct db_call *calls);

struct thirdparty_signinup_in {
    struct str third_party_id, third_party_user_id; /* as the provider says, "" allowed */
    struct str email;                               /* normalised (http/text.h) */
    bool verified;                                  /* the provider vouches for the address */
    bool quiet;                                     /* the activity log is not told */
    const struct thirdparty_candidate
        *known;            /* what the caller has just read, also "nobody"; NULL: read it */
    thirdparty_more *more; /* or NULL */
    void *more_arg;
};

/* Signs a user in, or up when the tenant does not have the identity yet. A changed address is taken over,
 * also by users that other tenants of the app have for the identity, unless it belongs to other primary users
 * there. One round trip with KNOWN, two without, more for a changed address. ST_BAD_REQUEST: the tenant is
 * gone; an id or address longer than its column. */
enum st_err thirdparty_signinup(struct ctx *c, const struct tenant *t,
                                const struct thirdparty_signinup_in *in,
                                struct thirdparty_signinup *out) ST_MUST_CHECK;

#endif

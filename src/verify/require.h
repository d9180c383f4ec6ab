/* SPDX-License-Identifier: Apache-2.0
 *
 * What a location asks of a session, as nginx says it in ST_REQUIRE: "role=admin, email verified". Words,
 * with commas between them; doc/verify-door.md lists them.
 */
#ifndef ST_VERIFY_REQUIRE_H
#define ST_VERIFY_REQUIRE_H

#include "base/ctx.h"
#include "json/json.h"
#include "json/write.h"

enum { REQUIRE_BYTES = 1024, REQUIRE_CLAIMS = 16 };

struct claim_rule; /* how a claim is compared, and what is said when it does not match */

struct requirements {
    struct {
        const struct claim_rule *rule;
        struct str value; /* for rules that take one */
    } claims[REQUIRE_CLAIMS + 1];
    size_t nclaims;
    bool check_database, anti_csrf;
    bool preflight;  /* CORS preflights pass, and the application answers them */
    bool unverified; /* of the e-mail address, where the site asks for a verified one */
};

/* TEXT absent or empty: nothing beyond a session. False: a word is unknown, has a value that it does not take
 * or lacks one, or there is too much of them; *WRONG is that part. Such a list lets nobody pass. */
bool requirements_read(struct arena *a, struct str text, struct requirements *out, struct str *wrong);

/* What the site asks of every session with emailVerification of mode REQUIRED (spec: fdi-session 8.1, global
 * validator): a verified address, unless the location takes others as well. */
void requirements_add_verified_email(struct requirements *r);

struct claims_failed {
    size_t n;
    bool email; /* that of the verified address is among them */
};

/* Appends {"id":..,"reason":..} to the open array J for every claim of PAYLOAD (an object) that does not
 * match (spec: fdi-session 8.2). */
struct claims_failed requirements_check(const struct requirements *r, json_object *payload,
                                        struct json_out *j);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/verify/: what both of its doors find out about a request.
 */
#ifndef ST_VERIFY_JUDGE_H
#define ST_VERIFY_JUDGE_H

#include "auth/route.h"

struct judgement {
    enum judgement_verdict {
        JUDGED_GOOD,
        JUDGED_NO_SESSION,
        JUDGED_TRY_REFRESH,
        JUDGED_UNAUTHORISED,
        JUDGED_INVALID_CLAIMS, /* ERRORS */
        JUDGED_PREFLIGHT,      /* of CORS, which comes without a session and is not for the application */
        JUDGED_PREFLIGHT_PASSES,
    } verdict;
    struct auth_session session; /* when good */
    json_object *claims;         /* the session's own part of its payload, or NULL where nobody needs it */
    struct str errors;           /* text of the JSON array claimValidationErrors */
    bool email_unverified;       /* the verified address is among them */
    bool from_database;          /* the location asks for it */
};

/* Errors are those of the service, also ST_FORBIDDEN: the address is not allowed, or ST_REQUIRE is wrong. */
enum st_err judge(struct auth_call *k, struct judgement *out) ST_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/session/: what its handler files share, and the handlers that the route table names.
 */
#ifndef ST_SESSION_SESSION_CDI_H
#define ST_SESSION_SESSION_CDI_H

#include "core/route.h"
#include "session/session.h"

/* Members of an answer, trimmed as the interface version wants (spec: cdi-session 3). */
void answer_session(struct core_call *k, const struct session *s);
void answer_token(struct core_call *k, const char *key, const struct session_token *t);
void answer_tokens(struct core_call *k, const struct session_tokens *t);
void answer_failure(struct core_call *k, const char *status, struct str message);
/* Public keys and their ends of life for clients below CDI 2.21 (spec: cdi-session 4); nothing for newer
 * ones. */
enum st_err answer_legacy_keys(struct core_call *k) ST_MUST_CHECK;

/* session_cdi.c: sessions as such. */
struct session_handle_in {
    struct str sessionHandle;
};
extern const struct field session_handle_fields[], session_user_fields[], session_remove_fields[],
    session_data_fields[], session_payload_fields[];
struct session_user_in {
    struct str userId;
    bool fetchAcrossAllTenants, fetchSessionsForAllLinkedAccounts;
    bool has_fetchAcrossAllTenants, has_fetchSessionsForAllLinkedAccounts;
};
struct session_remove_in {
    struct str userId;
    struct strs sessionHandles;
    bool revokeAcrossAllTenants, revokeSessionsForLinkedAccounts;
    bool has_userId, has_sessionHandles, has_revokeAcrossAllTenants, has_revokeSessionsForLinkedAccounts;
};
struct session_content_in {
    struct str sessionHandle;
    json_object *content;
};
route_handler get_session, get_session_user, post_session_remove, get_session_data, put_session_data,
    get_session_payload, put_session_payload;

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * What is to be asked of a provider before it is known who signs in (spec: fdi-recipes 3.2, 3.3): discovery,
 * code for tokens, key set, user info. A flow never waits by itself: flow_step works until it needs an answer
 * of another server, and goes on when that is there.
 *
 *     flow_start(&f, ...);
 *     switch (flow_step(&f)) { case FLOW_CALL: return exchange_await_call(x, &f.call, ...); ... }
 */
#ifndef ST_THIRDPARTY_FLOW_H
#define ST_THIRDPARTY_FLOW_H

#include "http/call.h"
#include "thirdparty/documents.h"
#include "thirdparty/identity.h"

enum flow_next {
    FLOW_CALL,   /* f->call is to be made, then flow_step called again */
    FLOW_DONE,   /* the results are there */
    FLOW_FAILED, /* f->failure and f->why say what happened */
};

enum flow_failure {
    FLOW_NOT_ACCEPTED,  /* the code, or the tokens of the client, are not good (any more) */
    FLOW_UNREACHABLE,   /* the provider cannot be reached, or fails */
    FLOW_TIMED_OUT,     /* it does not answer in time */
    FLOW_BAD_ANSWER,    /* it answers what cannot be used: wrong type, too large, a token that is not good */
    FLOW_MISCONFIGURED, /* it does not know us, or we do not know enough of it */
};

enum flow_goal { FLOW_ENDPOINTS, FLOW_IDENTITY };

struct flow;
typedef enum flow_next flow_step_fn(struct flow *f);

struct flow {
    struct ctx *c;
    struct documents *documents;
    struct provider *provider;
    enum flow_goal goal;
    /* For an identity: a code with what belongs to it, or tokens. Absent where there is none. */
    struct str code, redirect_uri, verifier;
    struct str access_token, id_token;
    bool tokens_of_client;
    /* What Apple tells of a user who is new to it, by way of the browser, so that nothing vouches for it: an
     * object, or NULL. */
    json_object *apple_user;

    struct http_call call;
    struct identity identity;
    enum flow_failure failure;
    char why[160]; /* for the log; holds no secret */

    /* Private to flow*.c. */
    flow_step_fn *step;
    struct flow_document {
        const char *name;
        bool (*is_good)(json_object *value);
        int64_t max_age_ms;
        flow_step_fn *then;
    } const *wanted;
    struct str document_url;
    json_object *document;
    bool keys_asked_again;
    json_object *claims, *user_info, *emails;
};

/* The members above "Private" that are input are set. */
void flow_start(struct flow *f);
enum flow_next flow_step(struct flow *f);

/* Once an identity is there: what the provider said of the user, as an SDK's rawUserInfoFromProvider. Absent
 * when it is too large to be passed on. */
struct str flow_raw_user_info(const struct flow *f);

/* Between the files of a flow. */
enum flow_next flow_fail(struct flow *f, enum flow_failure failure, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The failure that belongs to a call that did not end with status 2xx; WHAT was called. */
enum flow_next flow_call_failed(struct flow *f, const char *what);
/* Goes on with WANTED->then when f->document is there: JSON at URL, at most max_age_ms old unless its server
 * fails. */
enum flow_next flow_need_document(struct flow *f, struct str url, const struct flow_document *wanted);
/* The same with the document anew, whatever its age. */
enum flow_next flow_renew_document(struct flow *f);
enum flow_next flow_get_tokens(struct flow *f);
enum flow_next flow_check_id_token(struct flow *f);
enum flow_next flow_get_user_info(struct flow *f);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The signing keys of an app, and the key of its refresh tokens (spec: cdi-session 1.1, 1.3).
 *
 * A keyring belongs to an app's cache entry and holds an immutable, reference-counted key set. The set is
 * read on first use, when the app's generation changed (base/generations.h), and when a token names a key
 * that is not in it. Keys that are missing are made at first need, in a transaction that decides which node
 * makes them.
 *
 * Lock rule: the keyring's mutex is held for swapping and referencing the set and for marking that a thread
 * is reading; never while talking to the database or allocating.
 */
#ifndef ST_JWT_KEYS_H
#define ST_JWT_KEYS_H

#include "base/ctx.h"
#include "base/generations.h"
#include "crypto/rsa_key.h"
#include "db/db.h"
#include "jwt/key_rules.h"
#include "jwt/key_stock.h"

struct config;
struct keyring;

/* STOCK may be NULL. NULL: out of memory. The app's entry must hold its reference for as long as a request
 * uses it. */
struct keyring *keyring_new(struct str app_id, struct generations *generations, struct key_stock *stock);
struct keyring *keyring_ref(struct keyring *ring);
void keyring_unref(struct keyring *ring); /* NULL is allowed */

struct key_rules
key_rules_of(const struct config *app); /* APP: effective config of the app's public tenant */

/* "All keys": dynamic newest first, then static newest first. Dynamic keys at the end may have expired
 * meanwhile: key_set_live says how many are in force. */
struct key_set {
    struct rsa_key **keys;
    const int64_t *created; /* of the dynamic ones */
    size_t ndynamic, nstatic;
    struct str refresh_token_key; /* secret; STR_NONE: not made yet */
    uint64_t serial;              /* of this process; other keys, other serial */
    atomic_uint references;
};

enum key_need { KEYS_DYNAMIC = 1, KEYS_STATIC = 2, KEYS_REFRESH = 4 };

/* The set in force, with at least what NEEDS (enum key_need, or'ed; 0: whatever there is) names: a dynamic
 * need includes the successor of a key that is about to be rotated out. It lives until the arena is reset.
 * While the database is away a set that was read before stays in use as far as it can. Errors: ST_UNAVAILABLE
 * and others of db_run; ST_INTERNAL when a stored key cannot be used. */
enum st_err keys_current(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                         unsigned needs, const struct key_set **out) ST_MUST_CHECK;

/* Reads the keys again because a token could not be verified with *SET, which is replaced when there are
 * others now. At most once a second for an app, so that forged tokens cost no queries. */
enum st_err keys_reload(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                        const struct key_set **set) ST_MUST_CHECK;

size_t key_set_live(const struct key_set *set, const struct key_rules *rules); /* dynamic keys in force */
/* NULL: not in the set, or expired. */
const struct rsa_key *key_set_find(const struct key_set *set, const struct key_rules *rules, struct str kid);

/* The rest are combinations of these. Keys and texts live until the arena is reset. */
enum st_err keys_for_signing(struct ctx *c, struct keyring *ring, struct db *db,
                             const struct key_rules *rules, bool dynamic,
                             const struct rsa_key **out) ST_MUST_CHECK;
/* *OUT is NULL when there is no such key, also after keys_reload. */
enum st_err keys_find(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                      struct str kid, const struct rsa_key **out) ST_MUST_CHECK;
enum st_err keys_refresh_token_key(struct ctx *c, struct keyring *ring, struct db *db,
                                   const struct key_rules *rules, struct str *out) ST_MUST_CHECK;
/* JSON array of all keys as JWKs, and for how many seconds it may be cached. */
enum st_err keys_jwks_json(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                           struct str *json, int64_t *max_age_s) ST_MUST_CHECK;

/* Makes a new dynamic key now, as if the rotation were due: it is published at once and signs after
 * key_publish_ms, or, AT_ONCE, as soon as a node has read it, which those who cache the JWKS may learn a
 * moment too late. What older keys have signed stays valid until it ends. All nodes are notified. *CREATED
 * names the key. */
enum st_err keys_rotate(struct ctx *c, struct keyring *ring, struct db *db, const struct key_rules *rules,
                        bool at_once, int64_t *created) ST_MUST_CHECK;

/* Housekeeping: removes expired dynamic keys of the app. */
enum st_err keys_delete_expired(struct ctx *c, struct db *db, struct str app_id,
                                const struct key_rules *rules) ST_MUST_CHECK;

#endif

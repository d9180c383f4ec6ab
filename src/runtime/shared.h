/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory that master, workers and jobs share (anonymous mapping made by the master before it forks). Each
 * part belongs to one module, which states its own locking rule; everything survives the death of any
 * process.
 */
#ifndef ST_RUNTIME_SHARED_H
#define ST_RUNTIME_SHARED_H

#include <limits.h>

#include "base/generations.h"
#include "base/metrics.h"
#include "crypto/hash_slots.h"
#include "deliver/wake.h"
#include "jwt/key_stock.h"
#include "runtime/readiness.h"
#include "runtime/stats.h"

struct shared {
    int master_pid;
    char config_file[PATH_MAX];     /* absolute path, "" for none; shown by GET /config */
    struct generations generations; /* what changed in the database: tenants, keys */
    struct hash_slots hash_slots;   /* how many passwords are hashed at once in the whole service */
    struct hash_slots argon2_slots, scrypt_slots; /* and how many of those that take much memory */
    struct key_stock key_stock;                   /* RSA keys made in advance by the jobs process */
    struct deliver_wake deliver;                  /* mails and webhooks were written */
    struct stats stats;                           /* request counters of GET /requests/stats */
    struct metrics metrics;                       /* what GET /metrics shows */
    struct readiness readiness;                   /* what GET /health/ready says */
};

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * RSA keys made in advance. Making one takes about 200 ms, too long for a request, so the jobs process keeps
 * this ring in shared memory full and workers take from it.
 *
 * Lock rule: one robust process-shared mutex, held for copying one key; nothing else is locked while it is
 * held. A process that dies holding it costs the stock's content, which is wiped then.
 */
#ifndef ST_JWT_KEY_STOCK_H
#define ST_JWT_KEY_STOCK_H

#include <pthread.h>

#include "crypto/rsa_key.h"

enum { KEY_STOCK_SIZE = 16 };

struct key_stock {
    pthread_mutex_t lock;
    unsigned first, count;
    struct key_stock_slot {
        size_t n;
        unsigned char der[RSA_KEY_DER_MAX]; /* PKCS#8; wiped when taken */
    } slots[KEY_STOCK_SIZE];
};

int key_stock_init(struct key_stock *s);  /* by the master, before forking. Returns 0 or an errno value. */
void key_stock_wipe(struct key_stock *s); /* by the master, at the end */

/* By the jobs process: makes keys until the ring is full, at most MOST of them (0: no limit), and returns how
 * many. One key takes about 200 ms of processor time. */
unsigned key_stock_fill(struct key_stock *s, unsigned most);
unsigned key_stock_level(struct key_stock *s);

/* A key that no one else gets: from the stock, or made here when S is NULL or empty. The caller wipes DER.
 * False: libcrypto failed. */
bool key_stock_take(struct key_stock *s, unsigned char der[RSA_KEY_DER_MAX], size_t *n);

#endif

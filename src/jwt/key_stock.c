/* SPDX-License-Identifier: Apache-2.0 */
#include "jwt/key_stock.h"

#include <errno.h>
#include <sodium.h>

int key_stock_init(struct key_stock *s)
{
    pthread_mutexattr_t attr;
    memset(s, 0, sizeof *s);
    int err = pthread_mutexattr_init(&attr);
    if (err)
        return err;
    err = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    if (!err)
        err = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    if (!err)
        err = pthread_mutex_init(&s->lock, &attr);
    pthread_mutexattr_destroy(&attr);
    return err;
}

static void forget_all(struct key_stock *s)
{
    sodium_memzero(s->slots, sizeof s->slots);
    s->first = s->count = 0;
}

static bool lock(struct key_stock *s)
{
    int err = pthread_mutex_lock(&s->lock);
    if (err == EOWNERDEAD) {
        forget_all(s); /* a half-copied key must not be used */
        err = pthread_mutex_consistent(&s->lock);
        if (err)
            pthread_mutex_unlock(&s->lock);
    }
    return err == 0;
}

void key_stock_wipe(struct key_stock *s)
{
    if (lock(s)) {
        forget_all(s);
        pthread_mutex_unlock(&s->lock);
    }
}

unsigned key_stock_level(struct key_stock *s)
{
    if (!lock(s))
        return 0;
    unsigned count = s->count;
    pthread_mutex_unlock(&s->lock);
    return count;
}

static bool put(struct key_stock *s, const unsigned char *der, size_t n)
{
    if (!lock(s))
        return false;
    bool room = s->count < KEY_STOCK_SIZE;
    if (room) {
        struct key_stock_slot *slot = &s->slots[(s->first + s->count) % KEY_STOCK_SIZE];
        memcpy(slot->der, der, n);
        slot->n = n;
        s->count++;
    }
    pthread_mutex_unlock(&s->lock);
    return room;
}

unsigned key_stock_fill(struct key_stock *s, unsigned most)
{
    unsigned made = 0;
    bool more = true;
    while (more && (most == 0 || made < most) && key_stock_level(s) < KEY_STOCK_SIZE) {
        unsigned char der[RSA_KEY_DER_MAX];
        size_t n;
        more = rsa_key_generate(der, &n) && put(s, der, n);
        made += more;
        sodium_memzero(der, sizeof der);
    }
    return made;
}

static bool take(struct key_stock *s, unsigned char *der, size_t *n)
{
    if (!lock(s))
        return false;
    bool any = s->count > 0;
    if (any) {
        struct key_stock_slot *slot = &s->slots[s->first];
        *n = slot->n;
        memcpy(der, slot->der, slot->n);
        sodium_memzero(slot, sizeof *slot);
        s->first = (s->first + 1) % KEY_STOCK_SIZE;
        s->count--;
    }
    pthread_mutex_unlock(&s->lock);
    return any;
}

bool key_stock_take(struct key_stock *s, unsigned char der[RSA_KEY_DER_MAX], size_t *n)
{
    return (s && take(s, der, n)) || rsa_key_generate(der, n);
}

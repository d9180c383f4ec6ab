/* SPDX-License-Identifier: Apache-2.0 */
#include "base/held.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { SLOTS = 32 }; /* several apps of one site, and their keys; a collision costs a lock */

struct slot {
    uint64_t owner, key, generation;
    void *object; /* NULL: empty */
    void (*release)(void *);
};

static _Thread_local struct slot slots[SLOTS];
static _Thread_local bool will_end; /* release_all has been registered for this thread */
static pthread_key_t thread_end;
static bool has_thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

uint64_t held_owner(void)
{
    static _Atomic uint64_t last;
    return atomic_fetch_add(&last, 1) + 1;
}

static struct slot *slot_of(uint64_t owner, uint64_t key)
{
    return &slots[(key + owner * 7) % SLOTS];
}

static void empty(struct slot *s)
{
    void *object = s->object;
    s->object = NULL;
    if (object)
        s->release(object);
}

static void release_all(void *all)
{
    struct slot *s = all;
    for (size_t i = 0; i < SLOTS; i++)
        empty(&s[i]);
}

static void make_thread_end(void)
{
    has_thread_end = pthread_key_create(&thread_end, release_all) == 0;
}

/* False: nobody would let go of what the thread holds. */
static bool register_end(void)
{
    if (!will_end) {
        pthread_once(&once, make_thread_end);
        will_end = has_thread_end && pthread_setspecific(thread_end, slots) == 0;
    }
    return will_end;
}

void *held_find(uint64_t owner, uint64_t key, uint64_t generation)
{
    struct slot *s = slot_of(owner, key);
    bool found = s->object && s->owner == owner && s->key == key && s->generation == generation;
    return found ? s->object : NULL;
}

void held_keep(uint64_t owner, uint64_t key, uint64_t generation, void *object, void (*release)(void *))
{
    struct slot *s = slot_of(owner, key);
    if (!register_end()) {
        release(object);
        return;
    }
    empty(s);
    *s = (struct slot){owner, key, generation, object, release};
}

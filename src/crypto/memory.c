/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/memory.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

static _Thread_local bool failed;

static void *noted(void *p, size_t size)
{
    failed = failed || (!p && size > 0);
    return p;
}

static void *get(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return noted(malloc(size), size);
}

static void *resize(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return noted(realloc(p, size), size);
}

static void give_back(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* libcrypto takes them before its first allocation only. Refused: nothing is noted, as without them. */
__attribute__((constructor)) static void watch(void)
{
    (void)CRYPTO_set_mem_functions(get, resize, give_back);
}

void crypto_memory_begin(void)
{
    failed = false;
}

void crypto_memory_check(struct arena *a)
{
    ERR_clear_error();
    if (failed)
        arena_out_of_memory(a);
}

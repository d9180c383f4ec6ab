/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argon2 (RFC 9106) through libargon2, in memory that a thread keeps between hashes (spec: cdi-emailpassword
 * 2).
 *
 * A fresh mapping for every hash costs more in page faults than the hash itself; an arena of huge pages that
 * stays mapped about halves the time. libargon2 overwrites the memory with zeros after each hash. The lanes
 * (p) of one hash are computed one after another in the calling thread: the result is the same, and a hash
 * thread stays within its core.
 */
#ifndef CRYPTO_ARGON2_ARENA_H
#define CRYPTO_ARGON2_ARENA_H

#include <argon2.h>
#include <stddef.h>
#include <stdint.h>

#define ARGON2_ARENA_SALT_BYTES 16
#define ARGON2_ARENA_HASH_BYTES 32
#define ARGON2_ARENA_TEXT_SIZE 128 /* any text that argon2_arena_hash writes, with its NUL */

/* What a hash may cost, whether its parameters come from the configuration or from a stored text. */
#define ARGON2_ARENA_MEMORY_KIB_MAX (4U * 1024 * 1024)
#define ARGON2_ARENA_WORK_KIB_MAX (32U * 1024 * 1024) /* memory x passes, about 20 s */
#define ARGON2_ARENA_LANES_MAX 256U
#define ARGON2_ARENA_FIELD_MAX 192 /* bytes of salt or hash in a stored text */

struct argon2_arena; /* belongs to one thread at a time */

struct argon2_params {
    uint32_t memory_kib; /* m, at least 8 per lane */
    uint32_t passes;     /* t */
    uint32_t lanes;      /* p */
};

enum argon2_arena_result {
    ARGON2_ARENA_OK,         /* hashed; the password matches */
    ARGON2_ARENA_MISMATCH,   /* another password */
    ARGON2_ARENA_MALFORMED,  /* not a text or parameters of argon2 */
    ARGON2_ARENA_OVER_LIMIT, /* well-formed, but above a limit of this page: nothing was computed */
    ARGON2_ARENA_NO_MEMORY   /* the system has not enough memory now: says nothing about the password */
};

/* keep_bytes: the most memory that stays mapped between hashes; a larger hash maps its own and unmaps it.
 * Nothing is mapped before the first hash. NULL when out of memory. */
struct argon2_arena *argon2_arena_create(size_t keep_bytes);
void argon2_arena_destroy(struct argon2_arena *arena);

/* Unmaps the kept memory, for a thread that has been idle for a while. */
void argon2_arena_trim(struct argon2_arena *arena);

/* Writes "$argon2id$v=19$m=..,t=..,p=..$<salt>$<hash>" (or the given type's), "" unless ARGON2_ARENA_OK. */
enum argon2_arena_result argon2_arena_hash(struct argon2_arena *arena, argon2_type type,
                                           const struct argon2_params *params,
                                           const uint8_t salt[ARGON2_ARENA_SALT_BYTES],
                                           const uint8_t *password, size_t password_len,
                                           char out[ARGON2_ARENA_TEXT_SIZE]);

/* Type, version (16 or 19; 16 when absent), parameters, salt and size of the hash come from the text. */
enum argon2_arena_result argon2_arena_verify(struct argon2_arena *arena, const char *text, size_t text_len,
                                             const uint8_t *password, size_t password_len);

#endif

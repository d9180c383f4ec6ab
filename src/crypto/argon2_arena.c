/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/argon2_arena.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 * 1024 * 1024)
#define SMALL_PAGE ((size_t)4096)
#define BLOCK_BYTES ((size_t)1024) /* of argon2 */
#define SALT_BYTES_MIN 8
#define HASH_BYTES_MIN 4

struct block {
    uint8_t *start; /* NULL: none */
    size_t size;
};

struct argon2_arena {
    size_t keep_bytes;
    struct block kept;  /* lives between hashes */
    struct block extra; /* lives for one hash above keep_bytes */
};

struct parsed {
    argon2_type type;
    uint32_t version;
    struct argon2_params params;
    uint8_t salt[ARGON2_ARENA_FIELD_MAX], hash[ARGON2_ARENA_FIELD_MAX];
    size_t salt_len, hash_len;
};

struct cursor {
    const char *at, *end;
};

/* libargon2 hands no context to its allocation callbacks. */
static _Thread_local struct argon2_arena *current;

static void unmap_block(struct block *block)
{
    if (block->start)
        munmap(block->start, block->size);
    *block = (struct block){NULL, 0};
}

static bool fault_in(uint8_t *start, size_t size)
{
#ifdef MADV_POPULATE_WRITE
    if (madvise(start, size, MADV_POPULATE_WRITE) == 0)
        return true;
    if (errno == ENOMEM)
        return false;
#endif
    for (size_t i = 0; i < size; i += SMALL_PAGE) /* kernels before 5.14 */
        ((volatile uint8_t *)start)[i] = 0;
    return true;
}

/* Huge pages need an aligned start, so one more is mapped and the ends are cut off. */
static bool map_block(struct block *block, size_t bytes)
{
    size_t size = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    uint8_t *map = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return false;
    size_t head = (HUGE_PAGE - (uintptr_t)map % HUGE_PAGE) % HUGE_PAGE;
    if (head > 0)
        munmap(map, head);
    if (head < HUGE_PAGE)
        munmap(map + head + size, HUGE_PAGE - head);
    *block = (struct block){map + head, size};
    madvise(block->start, size, MADV_HUGEPAGE); /* where not available: slower, not wrong */
    madvise(block->start, size, MADV_DONTDUMP);
    if (!fault_in(block->start, size)) {
        unmap_block(block);
        return false;
    }
    return true;
}

static int take_memory(uint8_t **memory, size_t bytes)
{
    struct block *block = bytes <= current->keep_bytes ? &current->kept : &current->extra;
    if (block->size < bytes) {
        unmap_block(block);
        if (!map_block(block, bytes))
            return ARGON2_MEMORY_ALLOCATION_ERROR;
    }
    *memory = block->start;
    return ARGON2_OK;
}

static void give_memory(uint8_t *memory, size_t bytes)
{
    /* libargon2 has wiped the memory, unless somebody built it not to. */
    if (!sodium_is_zero(memory, BLOCK_BYTES) || !sodium_is_zero(memory + bytes - BLOCK_BYTES, BLOCK_BYTES))
        sodium_memzero(memory, bytes);
    unmap_block(&current->extra);
}

struct argon2_arena *argon2_arena_create(size_t keep_bytes)
{
    struct argon2_arena *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->keep_bytes = keep_bytes;
    return arena;
}

void argon2_arena_trim(struct argon2_arena *arena)
{
    unmap_block(&arena->kept);
}

void argon2_arena_destroy(struct argon2_arena *arena)
{
    if (arena)
        argon2_arena_trim(arena);
    free(arena);
}

static enum argon2_arena_result check_params(const struct argon2_params *params)
{
    if (params->passes == 0 || params->lanes == 0 || params->memory_kib / 8 < params->lanes)
        return ARGON2_ARENA_MALFORMED;
    if (params->lanes > ARGON2_ARENA_LANES_MAX || params->memory_kib > ARGON2_ARENA_MEMORY_KIB_MAX)
        return ARGON2_ARENA_OVER_LIMIT;
    if (params->passes > ARGON2_ARENA_WORK_KIB_MAX / params->memory_kib)
        return ARGON2_ARENA_OVER_LIMIT;
    return ARGON2_ARENA_OK;
}

/* Computes want->hash_len bytes into out from the salt and parameters in want. */
static enum argon2_arena_result compute(struct argon2_arena *arena, struct parsed *want,
                                        const uint8_t *password, size_t password_len, uint8_t *out)
{
    if (password_len > UINT32_MAX)
        return ARGON2_ARENA_OVER_LIMIT;
    argon2_context context = {
        .out = out,
        .outlen = (uint32_t)want->hash_len,
        .pwd = (uint8_t *)(uintptr_t)password, /* not written to without ARGON2_FLAG_CLEAR_PASSWORD */
        .pwdlen = (uint32_t)password_len,
        .salt = want->salt,
        .saltlen = (uint32_t)want->salt_len,
        .t_cost = want->params.passes,
        .m_cost = want->params.memory_kib,
        .lanes = want->params.lanes,
        .threads = 1,
        .version = want->version,
        .allocate_cbk = take_memory,
        .free_cbk = give_memory,
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    current = arena;
    int rc = argon2_ctx(&context, want->type);
    unmap_block(&arena->extra);
    current = NULL;
    if (rc == ARGON2_OK)
        return ARGON2_ARENA_OK;
    return rc == ARGON2_MEMORY_ALLOCATION_ERROR ? ARGON2_ARENA_NO_MEMORY : ARGON2_ARENA_MALFORMED;
}

enum argon2_arena_result argon2_arena_hash(struct argon2_arena *arena, argon2_type type,
                                           const struct argon2_params *params,
                                           const uint8_t salt[ARGON2_ARENA_SALT_BYTES],
                                           const uint8_t *password, size_t password_len,
                                           char out[ARGON2_ARENA_TEXT_SIZE])
{
    struct parsed want = {.type = type, .version = ARGON2_VERSION_13, .params = *params};
    char salt_text[sodium_base64_ENCODED_LEN(ARGON2_ARENA_SALT_BYTES,
                                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];
    char hash_text[sodium_base64_ENCODED_LEN(ARGON2_ARENA_HASH_BYTES,
                                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];
    out[0] = '\0';
    enum argon2_arena_result result = check_params(params);
    if (result != ARGON2_ARENA_OK)
        return result;
    memcpy(want.salt, salt, ARGON2_ARENA_SALT_BYTES);
    want.salt_len = ARGON2_ARENA_SALT_BYTES;
    want.hash_len = ARGON2_ARENA_HASH_BYTES;
    result = compute(arena, &want, password, password_len, want.hash);
    if (result == ARGON2_ARENA_OK) {
        sodium_bin2base64(salt_text, sizeof salt_text, want.salt, want.salt_len,
                          sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        sodium_bin2base64(hash_text, sizeof hash_text, want.hash, want.hash_len,
                          sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        snprintf(out, ARGON2_ARENA_TEXT_SIZE, "$%s$v=%d$m=%u,t=%u,p=%u$%s$%s", argon2_type2string(type, 0),
                 ARGON2_VERSION_13, params->memory_kib, params->passes, params->lanes, salt_text, hash_text);
    }
    sodium_memzero(want.hash, sizeof want.hash);
    return result;
}

static bool skip_literal(struct cursor *c, const char *literal)
{
    size_t len = strlen(literal);
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, literal, len) != 0)
        return false;
    c->at += len;
    return true;
}

/* Decimal digits without a leading zero; what does not fit counts as the largest value, above every limit. */
static bool read_number(struct cursor *c, uint32_t *out)
{
    const char *start = c->at;
    uint64_t value = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
        value = value * 10 + (uint64_t)(*c->at - '0');
        if (value > UINT32_MAX)
            value = UINT32_MAX;
        c->at++;
    }
    *out = (uint32_t)value;
    return c->at > start && (*start != '0' || c->at == start + 1);
}

/* "$<base 64 without padding>" up to the next '$' or the end. Bytes beyond ASCII are looked for here, because
 * libsodium 1.0.18 takes each of them for a '/'. */
static bool read_field(struct cursor *c, uint8_t *out, size_t *len)
{
    if (!skip_literal(c, "$"))
        return false;
    const char *end = memchr(c->at, '$', (size_t)(c->end - c->at));
    if (!end)
        end = c->end;
    for (const char *p = c->at; p < end; p++) {
        if ((unsigned char)*p >= 0x80)
            return false;
    }
    if (sodium_base642bin(out, ARGON2_ARENA_FIELD_MAX, c->at, (size_t)(end - c->at), NULL, len, NULL,
                          sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
        return false;
    c->at = end;
    return true;
}

static bool parse(struct parsed *out, const char *text, size_t text_len)
{
    struct cursor c = {text, text + text_len};
    if (skip_literal(&c, "$argon2id$"))
        out->type = Argon2_id;
    else if (skip_literal(&c, "$argon2i$"))
        out->type = Argon2_i;
    else if (skip_literal(&c, "$argon2d$"))
        out->type = Argon2_d;
    else
        return false;
    out->version = ARGON2_VERSION_10;
    if (skip_literal(&c, "v=") && (!read_number(&c, &out->version) || !skip_literal(&c, "$")))
        return false;
    if (out->version != ARGON2_VERSION_10 && out->version != ARGON2_VERSION_13)
        return false;
    if (!skip_literal(&c, "m=") || !read_number(&c, &out->params.memory_kib))
        return false;
    if (!skip_literal(&c, ",t=") || !read_number(&c, &out->params.passes))
        return false;
    if (!skip_literal(&c, ",p=") || !read_number(&c, &out->params.lanes))
        return false;
    if (!read_field(&c, out->salt, &out->salt_len) || !read_field(&c, out->hash, &out->hash_len))
        return false;
    return c.at == c.end && out->salt_len >= SALT_BYTES_MIN && out->hash_len >= HASH_BYTES_MIN;
}

enum argon2_arena_result argon2_arena_verify(struct argon2_arena *arena, const char *text, size_t text_len,
                                             const uint8_t *password, size_t password_len)
{
    struct parsed want;
    uint8_t hash[ARGON2_ARENA_FIELD_MAX];
    if (!parse(&want, text, text_len))
        return ARGON2_ARENA_MALFORMED;
    enum argon2_arena_result result = check_params(&want.params);
    if (result == ARGON2_ARENA_OK)
        result = compute(arena, &want, password, password_len, hash);
    if (result == ARGON2_ARENA_OK && sodium_memcmp(hash, want.hash, want.hash_len) != 0)
        result = ARGON2_ARENA_MISMATCH;
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(&want, sizeof want);
    return result;
}

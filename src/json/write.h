/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes compact JSON into a buffer, members in call order, commas by itself. No tree is built: answers have
 * a fixed member order (spec: cdi-conventions 5) and stored JSON text is passed through as it is.
 *
 *     struct json_out j = json_out(arena);
 *     json_open(&j, NULL, '{');  json_add_str(&j, "status", STR("OK"));  json_close(&j, '}');
 *
 * KEY is NULL inside arrays and for the outermost value. Keys are ASCII literals; json_add_member and
 * json_add_name take any.
 */
#ifndef ST_JSON_WRITE_H
#define ST_JSON_WRITE_H

#include "base/buf.h"

struct json_out {
    struct buf buf;
    bool comma; /* the next value needs one before it */
};

static inline struct json_out json_out(struct arena *a)
{
    return (struct json_out){.buf = buf_in(a)};
}

void json_open(struct json_out *j, const char *key, char bracket);
void json_close(struct json_out *j, char bracket);
/* An absent value (p == NULL) is written as null. */
void json_add_str(struct json_out *j, const char *key, struct str value);
void json_add_str_if(struct json_out *j, const char *key, struct str value); /* absent is left out */
void json_add_i64(struct json_out *j, const char *key, int64_t value);
void json_add_double(struct json_out *j, const char *key, double value); /* as json_number: 0.0 */
void json_add_bool(struct json_out *j, const char *key, bool value);
void json_add_null(struct json_out *j, const char *key);
void json_add_raw(struct json_out *j, const char *key, struct str json_text); /* already JSON */
void json_add_member(struct json_out *j, struct str key, struct str json_text);
/* Writes NAME and the colon; the next value, added with a NULL key, belongs to it. For names known at run
 * time. */
void json_add_name(struct json_out *j, struct str name);
void json_add_strs(struct json_out *j, const char *key, const struct str *values, size_t n);
struct str json_done(struct json_out *j);

/* The buffer, after the comma that the next value needs: for text that no json_add_* makes. */
struct buf *json_value(struct json_out *j);

/* The shortest text that reads back as VALUE (subnormal ones: not the shortest), with a point or an exponent;
 * null when VALUE is not finite. */
void json_number(struct buf *b, double value);

/* Escapes into B, with the quotes: " \ and control characters, U+2028, U+2029; the rest as it is. */
void json_quote(struct buf *b, struct str s);

#endif

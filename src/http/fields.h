/* SPDX-License-Identifier: Apache-2.0
 *
 * Declared input: a handler lists its fields once, the reader fills its struct and produces the spec's exact
 * error texts (spec: cdi-conventions 9). Handlers never pick at raw JSON.
 *
 *     struct signup_in { struct str email, password; };
 *     static const struct field signup_fields[] = {
 *         FIELD(struct signup_in, email, FIELD_STRING),
 *         FIELD(struct signup_in, password, FIELD_STRING),
 *         FIELDS_END };
 */
#ifndef ST_HTTP_FIELDS_H
#define ST_HTTP_FIELDS_H

#include "http/exchange.h"
#include "json/json.h"

enum field_type {
    FIELDS_END_MARK,      /* ends a list */
    FIELD_STRING,         /* struct str */
    FIELD_STRING_OR_NULL, /* struct str; JSON null gives STR_NONE */
    FIELD_BOOL,           /* bool */
    FIELD_LONG,   /* int64_t; numbers and strings of an integer; fractions are truncated, others refused */
    FIELD_OBJECT, /* json_object * */
    FIELD_OBJECT_OR_NULL,  /* JSON null gives NULL */
    FIELD_ARRAY,           /* json_object * */
    FIELD_STRINGS,         /* struct strs: array of strings */
    FIELD_STRINGS_OR_NULL, /* JSON null gives v == NULL; an empty array v != NULL, n == 0 */
    QUERY_STRING,          /* struct str from the query string; mandatory unless optional */
    QUERY_LONG,            /* int64_t; "must be a long" text */
    QUERY_INT,             /* int64_t within 32 bits; "must be an int" text */
    QUERY_BOOL,            /* bool: true when the text equals "true" ignoring case */
};

struct strs {
    struct str *v;
    size_t n;
};

struct field {
    const char *name;
    enum field_type type;
    bool optional; /* may be absent, OUT is left as it is (explicit null is still an error unless _OR_NULL) */
    size_t offset; /* of the value in the handler's struct */
    size_t has_offset; /* of a bool that tells whether it was present; SIZE_MAX: none */
    int since, until;  /* CDI versions it exists in, inclusive; 0: no limit */
    size_t max_bytes;  /* of a string's text, or of each of FIELD_STRINGS; 0: the body limit is the limit */
};

#define FIELD(STRUCT, MEMBER, TYPE, ...)                                                                     \
    {                                                                                                        \
        .name = #MEMBER, .type = (TYPE), .offset = offsetof(STRUCT, MEMBER), .has_offset = SIZE_MAX,         \
        __VA_ARGS__                                                                                          \
    }
/* An optional one with its bool `has_<member>` in the struct. */
#define FIELD_OPTIONAL(STRUCT, MEMBER, TYPE, ...)                                                            \
    {                                                                                                        \
        .name = #MEMBER, .type = (TYPE), .optional = true, .offset = offsetof(STRUCT, MEMBER),               \
        .has_offset = offsetof(STRUCT, has_##MEMBER), __VA_ARGS__                                            \
    }
#define FIELDS_END                                                                                           \
    {                                                                                                        \
        .name = NULL, .type = FIELDS_END_MARK, .has_offset = SIZE_MAX                                        \
    }

/* Fills OUT (zeroed by the caller) from the JSON body and the query string, in the order of FIELDS. The body
 * is parsed at the first FIELD_* row that applies to CDI, if there is one. Strings with U+0000 are refused
 * with the field's error (no column can hold them). Errors are ST_BAD_REQUEST with the spec's texts; on one,
 * OUT is partly filled. Values live in the arena. */
enum st_err fields_read(struct ctx *c, const struct http_request *rq, const struct field *fields, int cdi,
                        void *out) ST_MUST_CHECK;

/* The same for the members of an object that was itself a field; QUERY_* rows are skipped. */
enum st_err fields_read_object(struct ctx *c, json_object *object, const struct field *fields, int cdi,
                               void *out) ST_MUST_CHECK;

#endif

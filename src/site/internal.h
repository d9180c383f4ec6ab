/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of src/site/ share. A file is read in this order: YAML into nodes, environment variables put
 * in (nodes.c), nodes into a struct site by the table of keys (keys.c, read.c), the provider configurations
 * into JSON (providers.c), and what follows from several keys, with its checks (complete.c).
 */
#ifndef ST_SITE_INTERNAL_H
#define ST_SITE_INTERNAL_H

#include "base/arena.h"
#include "site/site.h"

enum {
    SITE_FILE_MAX = 256 * 1024, /* bytes */
    SITE_SITES_MAX = 1024,
    SITE_DEPTH_MAX = 16,
    SITE_NODES_MAX = 20000, /* of a file */
    SITE_TEXT_MAX = 16384,  /* bytes of a value, variables put in */
};

/* ---- nodes.c: a YAML file as a tree ---- */

enum site_node_kind { SITE_NODE_NULL, SITE_NODE_SCALAR, SITE_NODE_MAP, SITE_NODE_LIST };

struct site_node {
    enum site_node_kind kind;
    bool plain;      /* scalar without quotes, not from the environment: may be a number, true or false */
    struct str text; /* of a scalar */
    struct str name; /* in a map; unique there */
    unsigned line, name_line;
    struct site_node *first, *next; /* entries of a map or list, in order */
    size_t n;                       /* their number */
};

struct site_source {
    struct arena *scratch; /* for the nodes: gone when the file has been read */
    const char *path;      /* for messages */
    char *const *environment;
    struct site_error *error;
};

/* *OUT is a map, empty for a file of comments. */
enum st_err site_parse(const struct site_source *source, struct str yaml,
                       struct site_node **out) ST_MUST_CHECK;
const struct site_node *site_node_find(const struct site_node *map, struct str name);

/* "PATH, line LINE: KEY: TEXT"; without KEY when it is empty. Returns ST_BAD_REQUEST. Never give it a value
 * of the file: it may be a secret. */
enum st_err site_fail(const struct site_source *source, unsigned line, const char *key, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

/* ---- keys.c: the table ---- */

enum site_key_type {
    SITE_KEY_MAP,    /* has keys of its own, the rows with its path in front */
    SITE_KEY_RECIPE, /* the same: an entry of the list of recipes */
    SITE_KEY_LIST,   /* of maps; the rows of their keys have "[]" behind its path */
    SITE_KEY_STRING, /* struct str */
    SITE_KEY_STRINGS,
    SITE_KEY_INT,
    SITE_KEY_BOOL,    /* true and false, or .choices */
    SITE_KEY_CHOICE,  /* one of .choices: int */
    SITE_KEY_CHOICES, /* a list of them: unsigned, or-ed */
    SITE_KEY_DOMAIN,  /* scheme://host[:port], normalised (spec: fdi 3) */
    SITE_KEY_PATH,    /* normalised */
    SITE_KEY_COOKIE_DOMAIN,
    SITE_KEY_PATTERN, /* const struct pattern * */
    SITE_KEY_CUD,     /* connection-URI domain */
    SITE_KEY_ID,      /* of an app */
    SITE_KEY_URL,
    SITE_KEY_EMAIL,
    SITE_KEY_FILE,   /* absolute path */
    SITE_KEY_NAME,   /* letters, digits, - and _ */
    SITE_KEY_JSON,   /* a map that becomes JSON text, its rows checked: struct str */
    SITE_KEY_FREE,   /* within JSON: a map of anything */
    SITE_KEY_PARAMS, /* within JSON: a map of texts; null takes one away */
};

enum {
    SITE_KEY_REQUIRED = 1 << 0, /* where the map that it belongs to is there */
    SITE_KEY_SECRET = 1 << 1,
    SITE_KEY_SECTION = 1 << 2, /* begins a section of the page */
};

struct site_choice {
    const char *text; /* NULL ends the list */
    int value;
};

struct site_build;
struct site_node;

/* After element I of a list of maps was read from NODE: what the table cannot say, such as that names differ.
 */
typedef enum st_err site_check_element(struct site_build *b, const struct site_node *node, void *elements,
                                       size_t i);

struct site_key {
    const char *path;
    enum site_key_type type;
    unsigned marks;
    size_t offset;                        /* of the member of struct site, or of the list's element */
    size_t count_offset;                  /* of lists: of the member with the number of elements */
    size_t size;                          /* of an element */
    int64_t min, max;                     /* inclusive; of strings the bytes, of lists the entries */
    site_check_element *check;            /* of lists; or NULL */
    const char *fallback, *fallback_help; /* a value as in the file; words for one that depends on others */
    const struct site_choice *choices;
    enum site_recipe recipe; /* of SITE_KEY_RECIPE */
    const char *help;
};

enum { SITE_KEYS_MAX = 128 };
extern const struct site_key site_keys[]; /* path NULL at the end */

/* The row of key NAME of the map of PARENT (NULL: of the file), or NULL. */
const struct site_key *site_key_find(const struct site_key *parent, struct str name);
/* Whether ROW stands directly in the map of PARENT. */
bool site_key_is_in(const struct site_key *row, const struct site_key *parent);
const char *site_key_name(const struct site_key *row); /* the last part of its path */
/* The recipe of a name, in any case; NULL: unknown. */
const struct site_key *site_key_recipe(struct str name);
/* Where NAME, which is unknown in PARENT, may belong, or what could stand there. */
void site_key_suggest(const struct site_key *parent, struct str name, char *out, size_t size);
void site_key_suggest_recipe(struct str name, char *out, size_t size);

/* ---- read.c ---- */

enum { SITE_WHERE_MAX = 256 };

struct site_build {
    const struct site_source *source;
    struct arena *arena; /* of the site */
    struct site *site;
    unsigned lines[SITE_KEYS_MAX]; /* of the keys outside lists that the file has; 0: it has not */
    /* The key that is being read, as messages name it: "webhooks[1].url". */
    char where[SITE_WHERE_MAX];
    size_t where_length;
};

enum st_err site_read(struct site_build *b, const struct site_node *file) ST_MUST_CHECK;
/* The line of a key outside lists, 0 when the file does not have it. */
unsigned site_line(const struct site_build *b, const char *path);

/* Lengthens b->where by ".NAME" or "[I]"; returns what site_leave takes it back with. */
size_t site_enter(struct site_build *b, struct str name);
size_t site_enter_index(struct site_build *b, size_t i);
void site_leave(struct site_build *b, size_t before);
/* site_fail for the key that is being read. */
enum st_err site_wrong(struct site_build *b, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Every name of MAP is a key of PARENT. */
enum st_err site_check_names(struct site_build *b, const struct site_key *parent,
                             const struct site_node *map) ST_MUST_CHECK;
enum st_err site_want_map(struct site_build *b, const struct site_node *node) ST_MUST_CHECK;

/* ---- value.c ---- */

/* One value; which member is filled depends on the type. */
struct site_value {
    struct str text;
    int64_t number; /* also of a choice, of choices and of a boolean */
    const struct pattern *pattern;
    const struct str *list;
    size_t n;
};
enum st_err site_read_value(struct site_build *b, const struct site_key *row, const struct site_node *node,
                            struct site_value *out) ST_MUST_CHECK;

/* ---- providers.c ---- */

site_check_element site_check_provider;
/* The text of the JSON object that the map NODE of ROW describes. */
enum st_err site_read_json(struct site_build *b, const struct site_key *row, const struct site_node *node,
                           struct str *out) ST_MUST_CHECK;

/* ---- complete.c ---- */

site_check_element site_check_field, site_check_webhook;
enum st_err site_complete(struct site_build *b) ST_MUST_CHECK;

/* ---- normalise.c (spec: fdi 3); false with a reason in *WHY ---- */

bool site_normalise_domain(struct arena *a, struct str in, struct str *out, const char **why);
bool site_normalise_path(struct arena *a, struct str in, struct str *out, const char **why);
bool site_normalise_cookie_domain(struct arena *a, struct str in, struct str *out, const char **why);
/* The host of a normalised domain, without the port. */
struct str site_host(struct str domain);
bool site_is_ipv4(struct str host);

/* ---- registrable.c ---- */

/* What decides whether two hosts are of the same site: the registrable domain by the public suffix list,
 * "localhost" for this machine and for addresses (spec: fdi 3). Absent: the host has none. */
struct str site_top_domain(struct arena *a, struct str host);
/* A domain for which browsers take cookies of HOST. */
bool site_cookie_domain_fits(struct arena *a, struct str host, struct str domain);

#endif

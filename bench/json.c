/* SPDX-License-Identifier: Apache-2.0
 *
 * What reading and writing JSON costs, next to json-c alone. Times vary from machine to machine: read the
 * ratios. Prints the best of several rounds, in nanoseconds for one operation.
 */
#include "json/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "json/write.h"

static const struct body {
    const char *name;
    struct str text;
} bodies[] = {
    {"sign-in", STR("{\"email\":\"someone@example.com\",\"password\":\"correct horse battery staple\"}")},
    {"session create", STR("{\"userId\":\"5b0e1c1e-7a4e-4f6f-9a39-0d6a4f7a4b11\",\"enableAntiCsrf\":false,"
                           "\"useDynamicSigningKey\":true,"
                           "\"userDataInJWT\":{\"st-ev\":{\"v\":true,\"t\":1700000000000},\"st-role\":{\"v\":"
                           "[\"admin\",\"editor\"],"
                           "\"t\":1700000000000},\"st-perm\":{\"v\":[\"read:all\",\"write:own\",\"delete:"
                           "own\"],\"t\":1700000000000},"
                           "\"iss\":\"https://api.example.com/auth\",\"phoneNumber\":null,\"score\":12.5},"
                           "\"userDataInDatabase\":{\"note\":\"a \\\"quoted\\\" text with \\u00e4 and "
                           "\xc3\xa4\",\"list\":[1,2,3,4,5]}}")},
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

enum { ROUNDS = 15, OPERATIONS = 4000 };

static struct arena arena;
static volatile size_t sink;

static double best(void (*operation)(struct str text), struct str text)
{
    double fastest = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = now_ns();
        for (int i = 0; i < OPERATIONS; i++)
            operation(text);
        double each = (double)(now_ns() - start) / OPERATIONS;
        fastest = each < fastest ? each : fastest;
    }
    return fastest;
}

static void check_only(struct str text)
{
    sink += json_check(text);
}

static void parse(struct str text)
{
    sink += json_parse(&arena, text) != NULL;
    arena_reset(&arena);
}

static json_object *read_with_json_c(struct str text)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    json_object *value = json_tokener_parse_ex(tokener, text.p, (int)text.n);
    json_tokener_free(tokener);
    return value;
}

static void parse_json_c(struct str text)
{
    json_object *value = read_with_json_c(text);
    sink += value != NULL;
    json_object_put(value);
}

static json_object *printed;

static void print(struct str text)
{
    (void)text;
    sink += json_text(&arena, printed).n;
    arena_reset(&arena);
}

static void print_json_c(struct str text)
{
    (void)text;
    size_t n;
    json_object_to_json_string_length(printed, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
    sink += n;
}

static void answer(struct str id)
{
    struct json_out j = json_out(&arena);
    json_open(&j, NULL, '{');
    json_add_str(&j, "status", STR("OK"));
    json_open(&j, "user", '{');
    json_add_str(&j, "id", id);
    json_add_bool(&j, "isPrimaryUser", false);
    json_add_strs(&j, "tenantIds", (struct str[]){STR("public")}, 1);
    json_add_strs(&j, "emails", (struct str[]){STR("someone@example.com")}, 1);
    json_add_strs(&j, "phoneNumbers", NULL, 0);
    json_add_i64(&j, "timeJoined", 1700000000000);
    json_close(&j, '}');
    json_add_str(&j, "recipeUserId", id);
    json_close(&j, '}');
    sink += json_done(&j).n;
    arena_reset(&arena);
}

static void answer_json_c(struct str id)
{
    json_object *root = json_object_new_object(), *user = json_object_new_object();
    json_object *tenants = json_object_new_array(), *emails = json_object_new_array();
    json_object_object_add(root, "status", json_object_new_string("OK"));
    json_object_object_add(root, "user", user);
    json_object_object_add(user, "id", json_object_new_string_len(id.p, (int)id.n));
    json_object_object_add(user, "isPrimaryUser", json_object_new_boolean(false));
    json_object_array_add(tenants, json_object_new_string("public"));
    json_object_object_add(user, "tenantIds", tenants);
    json_object_array_add(emails, json_object_new_string("someone@example.com"));
    json_object_object_add(user, "emails", emails);
    json_object_object_add(user, "phoneNumbers", json_object_new_array());
    json_object_object_add(user, "timeJoined", json_object_new_int64(1700000000000));
    json_object_object_add(root, "recipeUserId", json_object_new_string_len(id.p, (int)id.n));
    size_t n;
    json_object_to_json_string_length(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
    sink += n;
    json_object_put(root);
}

static void compare(const char *what, double ours, double json_c)
{
    printf("%-32s %8.0f ns %8.0f ns json-c  ratio %.2f\n", what, ours, json_c, ours / json_c);
}

int main(void)
{
    char what[64];
    arena_init(&arena);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        const struct body *b = &bodies[i];
        double json_c = best(parse_json_c, b->text);
        snprintf(what, sizeof what, "%s (%zu bytes): check", b->name, b->text.n);
        compare(what, best(check_only, b->text), json_c);
        snprintf(what, sizeof what, "%s: check and parse", b->name);
        compare(what, best(parse, b->text), json_c);
        printed = read_with_json_c(b->text);
        snprintf(what, sizeof what, "%s: print", b->name);
        compare(what, best(print, b->text), best(print_json_c, b->text));
        json_object_put(printed);
    }
    struct str id = STR("5b0e1c1e-7a4e-4f6f-9a39-0d6a4f7a4b11");
    compare("answer with a user", best(answer, id), best(answer_json_c, id));
    arena_free(&arena);
    return sink == 0;
}

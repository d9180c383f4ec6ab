/* SPDX-License-Identifier: Apache-2.0
 *
 * Listing, searching and counting users at the core door (spec: cdi-users 1, 2).
 */
#include "base/clock.h"
#include "core/route.h"
#include "crypto/base64.h"
#include "http/text.h"
#include "runtime/runtime.h"
#include "users/list.h"

enum { DEFAULT_LIMIT = 100 };

/* ---- recipes ---- */

struct recipes_in {
    struct str includeRecipeIds;
    bool has_includeRecipeIds;
    struct strs recipes; /* read by check_recipes */
};

static const struct field recipes_fields[] = {
    FIELD_OPTIONAL(struct recipes_in, includeRecipeIds, QUERY_STRING),
    FIELDS_END,
};

/* All that may be asked for; users have login methods of four of them. */
static const char *const known_recipes[] = {
    "emailpassword",  "thirdparty", "session",       "emailverification", "jwt",  "passwordless",
    "usermetadata",   "userroles",  "useridmapping", "dashboard",         "totp", "multitenancy",
    "accountlinking", "mfa",        "oauth",         "webauthn",          "saml", "bulkimport",
};

static bool is_known_recipe(struct str name)
{
    for (size_t i = 0; i < sizeof known_recipes / sizeof known_recipes[0]; i++)
        if (str_is_c(name, known_recipes[i]))
            return true;
    return false;
}

/* The parts of TEXT, trimmed, without empty ones. */
static struct strs split_list(struct arena *a, struct str text, char separator)
{
    size_t most = 1;
    for (size_t i = 0; i < text.n; i++)
        most += text.p[i] == separator;
    struct strs list = {.v = ARENA_ARRAY(a, most, struct str)};
    while (text.p) {
        struct str part = str_trim(str_split(&text, separator));
        if (part.n)
            list.v[list.n++] = part;
    }
    return list;
}

static enum st_err check_recipes(struct core_call *k)
{
    struct recipes_in *in = k->in;
    in->recipes = split_list(k->c->arena, in->includeRecipeIds, ',');
    for (size_t i = 0; i < in->recipes.n; i++)
        if (!is_known_recipe(in->recipes.v[i]))
            return ctx_fail(k->c, ST_BAD_REQUEST, "Unknown recipe ID: %.*s", STR_ARG(in->recipes.v[i]));
    return ST_OK;
}

/* ---- GET /users ---- */

struct list_in {
    struct str paginationToken, timeJoinedOrder, email, phone, provider;
    int64_t limit;
    bool has_paginationToken, has_timeJoinedOrder, has_limit, has_email, has_phone, has_provider;
};

static const struct field list_fields[] = {
    FIELD_OPTIONAL(struct list_in, paginationToken, QUERY_STRING),
    FIELD_OPTIONAL(struct list_in, limit, QUERY_INT),
    FIELD_OPTIONAL(struct list_in, timeJoinedOrder, QUERY_STRING),
    FIELD_OPTIONAL(struct list_in, email, QUERY_STRING),
    FIELD_OPTIONAL(struct list_in, phone, QUERY_STRING),
    FIELD_OPTIONAL(struct list_in, provider, QUERY_STRING),
    FIELDS_END,
};

static enum st_err read_order(struct core_call *k, const struct list_in *in, bool *newest_first)
{
    *newest_first = in->has_timeJoinedOrder && str_is(in->timeJoinedOrder, STR("DESC"));
    if (!in->has_timeJoinedOrder || *newest_first || str_is(in->timeJoinedOrder, STR("ASC")))
        return ST_OK;
    return ctx_fail(k->c, ST_BAD_REQUEST, "timeJoinedOrder can be either ASC OR DESC");
}

static enum st_err check_limit(struct core_call *k, const struct list_in *in, bool searching)
{
    if (in->limit > USERS_PAGE_MAX && !searching)
        return ctx_fail(k->c, ST_BAD_REQUEST, "max limit allowed is %d", USERS_PAGE_MAX);
    if (in->limit < 1)
        return ctx_fail(k->c, ST_BAD_REQUEST, "limit must a positive integer with min value 1");
    return ST_OK;
}

/* Base64 of "<user id>;<time joined>". */
static enum st_err read_token(struct core_call *k, const struct list_in *in, struct users_cursor *from)
{
    struct str text;
    *from = (struct users_cursor){.id = STR_NONE};
    if (!in->has_paginationToken)
        return ST_OK;
    if (base64_decode(k->c->arena, BASE64_STANDARD, in->paginationToken, &text) && str_is_utf8(text) &&
        str_find(text, 0) == text.n) {
        struct str rest = text;
        from->id = str_split(&rest, ';');
        if (from->id.n && str_to_i64(rest, &from->time_joined_ms))
            return ST_OK;
    }
    return ctx_fail(k->c, ST_BAD_REQUEST, "invalid pagination token");
}

static struct users_tags read_tags(struct arena *a, struct str text)
{
    struct strs list = split_list(a, email_normalise(a, text), ';');
    return (struct users_tags){list.v, list.n};
}

/* Before 4.0 a user is its oldest login method, with the recipe beside it. */
static enum st_err write_user(struct core_call *k, const struct user *u)
{
    if (k->cdi >= CDI_4_0)
        return user_write(k->c, &k->out, NULL, u, k->cdi);
    json_open(&k->out, NULL, '{');
    json_add_str(&k->out, "recipeId", u->methods[0].recipe_id);
    ST_TRY(user_write(k->c, &k->out, "user", u, k->cdi));
    json_close(&k->out, '}');
    return ST_OK;
}

static enum st_err answer_users(struct core_call *k, const struct users *found,
                                const struct users_cursor *next)
{
    answer_status(k, "OK");
    json_open(&k->out, "users", '[');
    for (size_t i = 0; i < found->n; i++)
        ST_TRY(write_user(k, &found->v[i]));
    json_close(&k->out, ']');
    if (next->id.p) {
        struct str text =
            arena_printf(k->c->arena, "%.*s;%lld", STR_ARG(next->id), (long long)next->time_joined_ms);
        json_add_str(&k->out, "nextPaginationToken", base64_encode(k->c->arena, BASE64_STANDARD, text));
    }
    return ST_OK;
}

static enum st_err get_users(struct core_call *k)
{
    const struct recipes_in *recipes = k->in;
    const struct tenant_id *id = &k->tenant->id;
    struct list_in in = {.limit = DEFAULT_LIMIT};
    struct users_page_query page = {.app = id->app, .tenant = id->tenant, .recipes = recipes->recipes.v};
    struct users_cursor next = {.id = STR_NONE};
    struct users found;
    page.nrecipes = recipes->recipes.n;
    ST_TRY(fields_read(k->c, &k->x->rq, list_fields, k->cdi, &in));
    ST_TRY(read_order(k, &in, &page.newest_first));
    struct users_search search = {.app = id->app,
                                  .tenant = id->tenant,
                                  .email = read_tags(k->c->arena, in.email),
                                  .phone = read_tags(k->c->arena, in.phone),
                                  .provider = read_tags(k->c->arena, in.provider),
                                  .newest_first = page.newest_first};
    bool searching = search.email.n || search.phone.n || search.provider.n;
    ST_TRY(check_limit(k, &in, searching));
    ST_TRY(read_token(k, &in, &page.from));
    page.limit = (size_t)in.limit;
    ST_TRY(searching ? users_search(k->c, k->tenant->db, &search, &found)
                     : users_page(k->c, k->tenant->db, &page, &found, &next));
    return answer_users(k, &found, &next);
}

/* ---- GET /users/count ---- */

struct count_in {
    struct recipes_in recipes; /* first: check_recipes reads it */
    bool includeAllTenants, allowApproximate, has_includeAllTenants, has_allowApproximate;
};

static const struct field count_fields[] = {
    {.name = "includeRecipeIds",
     .type = QUERY_STRING,
     .optional = true,
     .offset = offsetof(struct count_in, recipes.includeRecipeIds),
     .has_offset = SIZE_MAX},
    FIELD_OPTIONAL(struct count_in, includeAllTenants, QUERY_BOOL),
    FIELD_OPTIONAL(struct count_in, allowApproximate, QUERY_BOOL, .since = CDI_5_6),
    FIELDS_END,
};

static enum st_err count_users(struct core_call *k, const struct count_in *in, int64_t *count)
{
    const struct strs *recipes = &in->recipes.recipes;
    struct str app = k->tenant->id.app, tenant = in->includeAllTenants ? STR_NONE : k->tenant->id.tenant;
    struct db *own = k->tenant->db;
    struct tenant_databases dbs = {&own, 1};
    *count = 0;
    if (in->includeAllTenants)
        ST_TRY(tenancy_databases(k->c, service_tenancy(k->service), k->tenant, &dbs));
    for (size_t i = 0; i < dbs.n; i++) {
        int64_t here;
        ST_TRY(users_count(k->c, dbs.v[i], app, tenant, recipes->v, recipes->n, &here));
        *count += here;
    }
    return ST_OK;
}

static enum st_err get_users_count(struct core_call *k)
{
    const struct count_in *in = k->in;
    int64_t count;
    ST_TRY(core_use_scope(k, in->includeAllTenants ? SCOPE_APP : SCOPE_TENANT));
    ST_TRY(count_users(k, in, &count));
    answer_status(k, "OK");
    json_add_i64(&k->out, "count", count);
    if (in->allowApproximate) {
        json_add_bool(&k->out, "approximate", false);
        json_add_i64(&k->out, "asOf", clock_now_ms());
    }
    return ST_OK;
}

const struct route user_list_routes[] = {
    {.path = "/users",
     .method = HTTP_GET,
     .scope = SCOPE_TENANT,
     .fields = recipes_fields,
     .in_size = sizeof(struct recipes_in),
     .check = check_recipes,
     .handler = get_users,
     .itself = list_fields,
     .help = "The users of a tenant, page by page, by time of joining.",
     .statuses = "OK"},
    {.path = "/users/count",
     .method = HTTP_GET,
     .scope = SCOPE_NONE,
     .fields = count_fields,
     .in_size = sizeof(struct count_in),
     .check = check_recipes,
     .handler = get_users_count,
     .help = "How many users a tenant, or the app, has.",
     .statuses = "OK"},
    {.path = NULL},
};

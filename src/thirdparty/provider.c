/* SPDX-License-Identifier: Apache-2.0 */
#include "thirdparty/provider.h"

#include "base/buf.h"
#include "base/random.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "json/json.h"

enum { VERIFIER_LENGTH = 64 };

/* ---- the tenant's list ---- */

static struct str id_of(json_object *config)
{
    return json_str(json_object_object_get(config, "thirdPartyId"));
}

static json_object *fixed_config(struct arena *a, const struct site *site, struct str id)
{
    for (size_t i = 0; i < site->nproviders; i++)
        if (str_is(site->providers[i].id, id))
            return json_parse(a, site->providers[i].config);
    return NULL;
}

void provider_configs_of(struct arena *a, const struct site *site, bool is_public, struct str stored,
                         struct provider_configs *out)
{
    json_object *own = json_parse(a, stored);
    size_t nown = json_object_is_type(own, json_type_array) ? json_object_array_length(own) : 0;
    struct provider_config *v = ARENA_ARRAY(a, nown + site->nproviders + 1, struct provider_config);
    size_t n = 0;
    for (size_t i = 0; i < nown; i++) {
        json_object *config = json_object_array_get_idx(own, i);
        struct str id = id_of(config);
        if (id.n)
            v[n++] = (struct provider_config){id, config, fixed_config(a, site, id)};
    }
    for (size_t i = 0; nown == 0 && i < site->nproviders; i++) {
        const struct site_provider *p = &site->providers[i];
        if (is_public || p->in_non_public_tenants)
            v[n++] = (struct provider_config){p->id, NULL, json_parse(a, p->config)};
    }
    *out = (struct provider_configs){v, n};
}

const struct provider_config *provider_config_find(const struct provider_configs *all, struct str id)
{
    for (size_t i = 0; i < all->n; i++)
        if (str_is(all->v[i].id, id))
            return &all->v[i];
    return NULL;
}

/* ---- one client ---- */

/* Member NAME of the first of the layers that has it: client, tenant, site. */
struct layers {
    json_object *v[3];
};

static json_object *get(const struct layers *l, const char *name)
{
    for (size_t i = 0; i < 3; i++) {
        json_object *value = l->v[i] ? json_object_object_get(l->v[i], name) : NULL;
        if (value)
            return value;
    }
    return NULL;
}

/* An empty string is as good as none. */
static struct str get_text(const struct layers *l, const char *name)
{
    struct str text = json_str(get(l, name));
    return text.n ? text : STR_NONE;
}

static json_object *get_object(const struct layers *l, const char *name)
{
    json_object *value = get(l, name);
    return json_object_is_type(value, json_type_object) ? value : NULL;
}

static const struct provider_kind *kind_of(const struct provider_config *config)
{
    struct layers l = {{NULL, config->stored, config->fixed}};
    json_object *way = get(&l, "thirdPartyImplementation");
    json_object *from = config->stored && json_object_object_get(config->stored, "thirdPartyImplementation")
                            ? config->stored
                            : config->fixed;
    return provider_kind_of(way ? from : config->stored ? config->stored : config->fixed);
}

struct str provider_config_name(const struct provider_config *config)
{
    struct layers l = {{NULL, config->stored, config->fixed}};
    struct str name = get_text(&l, "name");
    return name.p ? name : str_of(kind_of(config)->name);
}

static bool same_type(json_object *client, json_object *other)
{
    return str_is(json_str(json_object_object_get(client, "clientType")),
                  json_str(json_object_object_get(other, "clientType")));
}

static json_object *clients_of(json_object *config)
{
    json_object *clients = config ? json_object_object_get(config, "clients") : NULL;
    return json_object_is_type(clients, json_type_array) ? clients : NULL;
}

/* Entry AT of LIST when TYPE, absent for any, is its type. */
static json_object *client_at(json_object *list, size_t at, struct str type)
{
    json_object *client = json_object_array_get_idx(list, at);
    bool fits = json_object_is_type(client, json_type_object) &&
                (!type.p || str_is(json_str(json_object_object_get(client, "clientType")), type));
    return fits ? client : NULL;
}

static bool is_replaced(json_object *client, json_object *stored)
{
    for (size_t i = 0; stored && i < json_object_array_length(stored); i++)
        if (same_type(client, json_object_array_get_idx(stored, i)))
            return true;
    return false;
}

/* The clients of that type (absent: of any): the tenant's, and those of the site that it does not replace.
 * Returns their number and one of them. */
static size_t count_clients(const struct provider_config *config, struct str type, json_object **client)
{
    json_object *stored = clients_of(config->stored), *fixed = clients_of(config->fixed), *found;
    size_t n = 0;
    for (size_t i = 0; stored && i < json_object_array_length(stored); i++)
        if ((found = client_at(stored, i, type)) != NULL) {
            *client = found;
            n++;
        }
    for (size_t i = 0; fixed && i < json_object_array_length(fixed); i++)
        if ((found = client_at(fixed, i, type)) != NULL && !is_replaced(found, stored)) {
            *client = found;
            n++;
        }
    return n;
}

static struct str map_path(const struct provider_config *config, const char *half, const char *name,
                           struct str fallback)
{
    json_object *const layers[] = {config->stored, config->fixed};
    for (size_t i = 0; i < 2; i++) {
        json_object *map = layers[i] ? json_object_object_get(layers[i], "userInfoMap") : NULL;
        json_object *part =
            json_object_is_type(map, json_type_object) ? json_object_object_get(map, half) : NULL;
        struct str path = json_object_is_type(part, json_type_object)
                              ? json_str(json_object_object_get(part, name))
                              : STR_NONE;
        if (path.n)
            return path;
    }
    return fallback;
}

static struct str or_text(const char *text, const char *fallback)
{
    return str_of(text ? text : fallback);
}

static void read_maps(const struct provider_config *config, struct provider *p)
{
    static const char *const id_token = "fromIdTokenPayload", *const user_info = "fromUserInfoAPI";
    const struct provider_kind *k = p->kind;
    p->from_id_token = (struct user_info_map){
        map_path(config, id_token, "userId", STR("sub")),
        map_path(config, id_token, "email", STR("email")),
        map_path(config, id_token, "emailVerified", STR("email_verified")),
    };
    p->from_user_info = (struct user_info_map){
        map_path(config, user_info, "userId", or_text(k->user_id, "sub")),
        map_path(config, user_info, "email", or_text(k->email, "email")),
        map_path(config, user_info, "emailVerified", or_text(k->email_verified, "email_verified")),
    };
}

static void read_scopes(struct arena *a, const struct layers *l, struct provider *p)
{
    json_object *list = get(l, "scope");
    bool configured = json_object_is_type(list, json_type_array);
    size_t most =
        configured ? json_object_array_length(list) : sizeof p->kind->scopes / sizeof p->kind->scopes[0];
    struct str *scopes = ARENA_ARRAY(a, most + 1, struct str);
    for (size_t i = 0; i < most; i++) {
        struct str scope =
            configured ? json_str(json_object_array_get_idx(list, i)) : str_of(p->kind->scopes[i]);
        if (scope.n)
            scopes[p->nscopes++] = scope;
    }
    p->scopes = configured || p->nscopes ? scopes : NULL;
}

/* ---- endpoints ---- */

struct str provider_additional(const struct provider *p, const char *name)
{
    struct str text = p->additional ? json_str(json_object_object_get(p->additional, name)) : STR_NONE;
    return text.n ? text : STR_NONE;
}

/* "https://Host:1/path" and "host:1/path" become "https://host:1". */
static struct str domain_of(struct arena *a, struct str text)
{
    struct str scheme = STR("https://"), host = str_trim(text);
    for (size_t i = 0; i + 3 <= host.n && i < 6; i++)
        if (memcmp(host.p + i, "://", 3) == 0) {
            scheme = arena_lower(a, str_head(host, i + 3));
            host = str_from(host, i + 3);
            break;
        }
    return ARENA_CONCAT(a, scheme, arena_lower(a, str_head(host, str_find(host, '/'))));
}

/* PATTERN with the base in the place of "@"; absent when there is no base for it. */
static struct str fill_in(struct arena *a, const struct provider *p, const char *pattern)
{
    struct str text = str_of(pattern);
    size_t at = str_find(text, '@');
    if (!pattern || !p->kind->base)
        return text;
    if (at == text.n)
        return text;
    struct str base = provider_additional(p, p->kind->base);
    if (!base.p)
        return STR_NONE;
    if (p->kind->base_is_domain)
        base = domain_of(a, base);
    return ARENA_CONCAT(a, str_head(text, at), base, str_from(text, at + 1));
}

static struct str endpoint(struct arena *a, const struct provider *p, const struct layers *l,
                           const char *name, const char *built_in)
{
    struct str configured = get_text(l, name);
    return configured.p ? configured : fill_in(a, p, built_in);
}

/* Configurations of older versions name the issuer of built-in providers only. */
static struct str with_well_known(struct arena *a, struct str url)
{
    struct str tail = STR("/.well-known/openid-configuration");
    if (url.n >= tail.n && str_is(str_from(url, url.n - tail.n), tail))
        return url;
    return ARENA_CONCAT(a, url.n && url.p[url.n - 1] == '/' ? str_head(url, url.n - 1) : url, tail);
}

static void read_endpoints(struct arena *a, const struct layers *l, struct provider *p)
{
    const struct provider_kind *k = p->kind;
    p->discovery = fill_in(a, p, k->base_discovery);
    if (!p->discovery.p)
        p->discovery = endpoint(a, p, l, "oidcDiscoveryEndpoint", k->discovery);
    if (p->discovery.p && (k->discovery || k->base_discovery))
        p->discovery = with_well_known(a, p->discovery);
    p->authorization_endpoint = endpoint(a, p, l, "authorizationEndpoint", k->authorization);
    p->token_endpoint = endpoint(a, p, l, "tokenEndpoint", k->token);
    p->user_info_endpoint = endpoint(a, p, l, "userInfoEndpoint", k->user_info);
    p->jwks_uri = get_text(l, "jwksURI");
}

static bool get_flag(const struct layers *l, const char *name, bool fallback)
{
    json_object *value = get(l, name);
    return json_object_is_type(value, json_type_boolean) ? json_object_get_boolean(value) : fallback;
}

static bool lists_s256(json_object *methods)
{
    for (size_t i = 0; json_object_is_type(methods, json_type_array) && i < json_object_array_length(methods);
         i++)
        if (str_is(json_str(json_object_array_get_idx(methods, i)), STR("S256")))
            return true;
    return false;
}

struct provider *provider_for_client(struct arena *a, const struct provider_config *config, struct str type,
                                     struct str *why)
{
    json_object *client = NULL;
    size_t n = count_clients(config, type, &client);
    if (n == 0 && type.p)
        *why = arena_printf(a, "Could not find client config for clientType: %.*s", STR_ARG(type));
    else if (n != 1)
        *why = arena_printf(a, "provider %.*s has %zu clients: one must be chosen by clientType",
                            STR_ARG(config->id), n);
    if (n != 1)
        return NULL;
    struct layers l = {{client, config->stored, config->fixed}};
    struct provider *p = ARENA_NEW(a, struct provider);
    p->kind = kind_of(config);
    p->id = config->id;
    p->client_id = json_str(json_object_object_get(client, "clientId"));
    p->client_secret = get_text(&l, "clientSecret");
    p->email_required = get_flag(&l, "requireEmail", !p->kind->email_optional);
    p->additional = get_object(&l, "additionalConfig");
    p->authorization_params = get_object(&l, "authorizationEndpointQueryParams");
    p->token_params = get_object(&l, "tokenEndpointBodyParams");
    p->user_info_params = get_object(&l, "userInfoEndpointQueryParams");
    p->user_info_headers = get_object(&l, "userInfoEndpointHeaders");
    read_scopes(a, &l, p);
    read_maps(config, p);
    read_endpoints(a, &l, p);
    bool has_secret = p->client_secret.p || p->kind->made_secret;
    json_object *methods = get(&l, "codeChallengeMethodsSupported");
    p->pkce_methods_known = methods != NULL;
    p->pkce = get_flag(&l, "forcePKCE", p->kind->pkce) || !has_secret || lists_s256(methods);
    return p;
}

/* ---- discovery ---- */

bool provider_is_discovery(json_object *document)
{
    return json_object_is_type(document, json_type_object) &&
           json_object_is_type(json_object_object_get(document, "issuer"), json_type_string);
}

bool provider_discovered(struct arena *a, struct provider *p, json_object *document, const char **why)
{
    const struct {
        const char *name;
        struct str *endpoint;
    } members[] = {
        {"authorization_endpoint", &p->authorization_endpoint},
        {"token_endpoint", &p->token_endpoint},
        {"userinfo_endpoint", &p->user_info_endpoint},
        {"jwks_uri", &p->jwks_uri},
    };
    bool secure = str_starts(p->discovery, STR("https://"));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        struct str url = json_str(json_object_object_get(document, members[i].name));
        if (members[i].endpoint->p || url.n == 0)
            continue;
        /* What was found over TLS must not lead the client secret away from it. */
        if (secure && !str_starts(url, STR("https://"))) {
            *why = "its OpenID configuration names an endpoint without TLS";
            return false;
        }
        *members[i].endpoint = arena_str(a, url);
    }
    p->issuer = arena_str(a, json_str(json_object_object_get(document, "issuer")));
    if (!p->pkce_methods_known &&
        lists_s256(json_object_object_get(document, "code_challenge_methods_supported")))
        p->pkce = true;
    return true;
}

/* ---- the authorisation URL ---- */

void provider_params(struct params *f, json_object *object)
{
    if (!object)
        return;
    json_object_object_foreach(object, name, value)
    {
        if (!value)
            params_remove(f, str_of(name));
        else if (json_object_is_type(value, json_type_string))
            params_set(f, str_of(name), json_str(value));
        else
            params_set(f, str_of(name), json_text(f->arena, value));
    }
}

static struct str new_verifier(struct arena *a)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; /* 64 */
    unsigned char bytes[VERIFIER_LENGTH];
    char *text = arena_alloc(a, VERIFIER_LENGTH + 1);
    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < VERIFIER_LENGTH; i++)
        text[i] = alphabet[bytes[i] % 64];
    text[VERIFIER_LENGTH] = 0;
    return (struct str){text, VERIFIER_LENGTH};
}

static void add_challenge(struct arena *a, struct params *f, struct str verifier)
{
    unsigned char hash[SHA256_SIZE];
    digest_sha256(verifier, hash);
    params_set(f, STR("code_challenge"),
               base64_encode(a, BASE64_URL_UNPADDED, (struct str){(char *)hash, sizeof hash}));
    params_set(f, STR("code_challenge_method"), STR("S256"));
}

static struct str scope_text(struct arena *a, const struct provider *p)
{
    struct buf text = buf_in(a);
    for (size_t i = 0; i < p->nscopes; i++) {
        buf_add(&text, i ? STR(" ") : STR(""));
        buf_add(&text, p->scopes[i]);
    }
    return buf_str(&text);
}

static void add_built_in_params(const struct provider *p, struct params *f)
{
    const struct provider_kind *k = p->kind;
    for (size_t i = 0; i < 2 && k->authorization_params[i][0]; i++)
        if (!k->params_stand_alone || !p->authorization_params)
            params_set(f, str_of(k->authorization_params[i][0]), str_of(k->authorization_params[i][1]));
}

bool provider_authorization_url(struct arena *a, const struct provider *p, struct str redirect_uri,
                                struct str *url, struct str *verifier, const char **why)
{
    struct params f = params_in(a);
    *verifier = STR_NONE;
    *why = "it has no authorizationEndpoint";
    if (!p->authorization_endpoint.p)
        return false;
    params_set(&f, STR("client_id"), p->client_id);
    params_set(&f, STR("redirect_uri"), redirect_uri);
    params_set(&f, STR("response_type"), STR("code"));
    if (p->scopes)
        params_set(&f, STR("scope"), scope_text(a, p));
    if (p->pkce) {
        *verifier = new_verifier(a);
        add_challenge(a, &f, *verifier);
    }
    add_built_in_params(p, &f);
    provider_params(&f, p->authorization_params);
    if (p->kind->workspace) {
        struct str hd = provider_additional(p, "hd");
        params_set(&f, STR("hd"), hd.p ? hd : STR("*"));
    }
    *why = "its authorizationEndpoint is no URL";
    return params_on_url(&f, p->authorization_endpoint, url);
}

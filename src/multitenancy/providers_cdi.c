/* SPDX-License-Identifier: Apache-2.0
 *
 * Third-party providers of tenants at the core door (spec: cdi-multitenancy 6).
 */
#include "core/route.h"
#include "multitenancy/providers.h"
#include "runtime/runtime.h"

struct put_in {
    json_object *config;
    bool skipValidation, has_skipValidation;
};

static const struct field put_fields[] = {
    FIELD(struct put_in, config, FIELD_OBJECT),
    FIELD_OPTIONAL(struct put_in, skipValidation, FIELD_BOOL),
    FIELDS_END,
};

struct id_in {
    struct str thirdPartyId;
};

static const struct field id_fields[] = {
    FIELD(struct id_in, thirdPartyId, FIELD_STRING),
    FIELDS_END,
};

static enum st_err put_provider(struct core_call *k)
{
    const struct put_in *in = k->in;
    struct id_in config = {STR_NONE};
    bool created;
    ST_TRY(fields_read_object(k->c, in->config, id_fields, k->cdi, &config));
    ST_TRY(core_use_scope(k, SCOPE_TENANT));
    ST_TRY(providers_put(k->c, service_tenancy(k->service), k->tenant->id, str_trim(config.thirdPartyId),
                         in->config, !in->skipValidation, &created));
    answer_status(k, "OK");
    json_add_bool(&k->out, "createdNew", created);
    return ST_OK;
}

static enum st_err remove_provider(struct core_call *k)
{
    const struct id_in *in = k->in;
    bool existed;
    ST_TRY(providers_remove(k->c, service_tenancy(k->service), k->tenant->id, str_trim(in->thirdPartyId),
                            &existed));
    answer_status(k, "OK");
    json_add_bool(&k->out, "didConfigExist", existed);
    return ST_OK;
}

const struct route providers_routes[] = {
    {.path = "/recipe/multitenancy/config/thirdparty",
     .method = HTTP_PUT,
     .scope = SCOPE_NONE,
     .since = CDI_3_0,
     .fields = put_fields,
     .in_size = sizeof(struct put_in),
     .handler = put_provider,
     .help = "Creates or replaces the configuration of a third-party provider of a tenant.",
     .statuses = "OK"},
    {.path = "/recipe/multitenancy/config/thirdparty/remove",
     .method = HTTP_POST,
     .scope = SCOPE_TENANT,
     .since = CDI_3_0,
     .fields = id_fields,
     .in_size = sizeof(struct id_in),
     .handler = remove_provider,
     .help = "Removes the configuration of a third-party provider of a tenant.",
     .statuses = "OK"},
    {.path = NULL},
};

/* SPDX-License-Identifier: Apache-2.0
 *
 * A configuration's connection as libpq keywords. Deployments of the reference bring attributes of its JDBC
 * driver: those with a counterpart are translated, the rest is left out.
 */
#include "config/internal.h"
#include "config/pg.h"

/* What libpq 15 knows, without the identity (which belongs to the keys) and without service and replication.
 */
static const char *const libpq_keywords[] = {
    "application_name",
    "channel_binding",
    "connect_timeout",
    "gssencmode",
    "gsslib",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "options",
    "passfile",
    "requirepeer",
    "sslcert",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "ssl_max_protocol_version",
    "tcp_user_timeout",
    "ssl_min_protocol_version",
    "target_session_attrs",
};

/* A server that is gone is noticed by who waits for it within half a minute, by who only listens within a
 * minute. */
static const char *const defaults[][2] = {
    {"client_encoding", "UTF8"}, {"application_name", "supertokens"}, {"connect_timeout", "5"},
    {"keepalives", "1"},         {"keepalives_idle", "30"},           {"keepalives_interval", "10"},
    {"keepalives_count", "3"},   {"tcp_user_timeout", "30000"},
};

/* VALUE NULL: any value, passed on. */
static const struct {
    const char *jdbc, *value, *keyword, *becomes;
} translations[] = {
    {"ApplicationName", NULL, "application_name", NULL},
    {"connectTimeout", NULL, "connect_timeout", NULL},
    {"kerberosServerName", NULL, "krbsrvname", NULL},
    {"tcpKeepAlive", "true", "keepalives", "1"},
    {"tcpKeepAlive", "false", "keepalives", "0"},
    {"targetServerType", "primary", "target_session_attrs", "primary"},
    {"targetServerType", "master", "target_session_attrs", "primary"},
    {"targetServerType", "secondary", "target_session_attrs", "standby"},
    {"targetServerType", "slave", "target_session_attrs", "standby"},
    {"targetServerType", "preferSecondary", "target_session_attrs", "prefer-standby"},
    {"targetServerType", "preferSlave", "target_session_attrs", "prefer-standby"},
};

enum { MOST = sizeof((struct config_pg_conninfo *)0)->keywords / sizeof(char *) };
_Static_assert(sizeof libpq_keywords / sizeof *libpq_keywords + 6 < MOST,
               "identity, client_encoding and the end; the other defaults are among them");

/* Sets KEYWORD, in place when it is there already. Empty and absent values are left out. */
static void put(struct config_pg_conninfo *out, const char *keyword, const char *value)
{
    size_t i = 0;
    if (!value || !*value)
        return;
    while (out->keywords[i] && strcmp(out->keywords[i], keyword) != 0)
        i++;
    out->keywords[i] = keyword;
    out->values[i] = value;
}

static void put_attribute(struct config_pg_conninfo *out, struct str name, const char *value)
{
    for (size_t i = 0; i < sizeof libpq_keywords / sizeof *libpq_keywords; i++)
        if (str_is_c(name, libpq_keywords[i]))
            put(out, libpq_keywords[i], value);
    for (size_t i = 0; i < sizeof translations / sizeof *translations; i++)
        if (str_is_c(name, translations[i].jdbc) &&
            (!translations[i].value || strcmp(translations[i].value, value) == 0))
            put(out, translations[i].keyword, translations[i].becomes ? translations[i].becomes : value);
}

/* JDBC's ssl=true verifies certificate and name unless its factory does not; leaving it out would silently
 * fall back to libpq's "prefer". An explicit sslmode comes later and wins. */
static void put_jdbc_ssl(struct config_pg_conninfo *out, struct str attributes)
{
    static const char lax[] = "NonValidatingFactory";
    struct str ssl = config_query_get(attributes, "ssl"),
               factory = config_query_get(attributes, "sslfactory");
    if (!ssl.p || str_is_ci(ssl, STR("false")))
        return;
    put(out, "sslmode",
        factory.n && memmem(factory.p, factory.n, lax, sizeof lax - 1) ? "require" : "verify-full");
}

static bool put_attributes(struct config_pg_conninfo *out, struct str attributes)
{
    put_jdbc_ssl(out, attributes);
    while (attributes.p) {
        struct str value = str_split(&attributes, '&'), name = str_split(&value, '=');
        if (!value.p)
            continue;
        value = config_uri_decode(value, &out->memory);
        if (!value.p)
            return false;
        put_attribute(out, name, value.p);
    }
    return true;
}

enum st_err config_pg_conninfo(const struct config *config, enum config_pg_which which,
                               struct config_pg_conninfo *out)
{
    const struct config_pg *pg = &config->pg;
    struct config_uri uri = {0};
    bool memory_failed = false;
    *out = (struct config_pg_conninfo){0};
    const char *over = which == CONFIG_PG_LISTEN      ? config->fcgi_listen_connection_uri
                       : which == CONFIG_PG_READ_ONLY ? config->fcgi_read_only_connection_uri
                                                      : NULL;
    if (over && !config_uri_parse(str_of(over), &uri, &out->memory, &memory_failed)) {
        config_pg_conninfo_free(out);
        return ST_UNAVAILABLE; /* it was parsed when the configuration was built */
    }
    /* Another host without a port is on the default port, not on PgBouncer's. */
    put(out, "host", uri.host.p ? uri.host.p : pg->host);
    put(out, "port", uri.ports.p ? uri.ports.p : uri.host.p ? "5432" : pg->ports);
    put(out, "user", uri.user.p ? uri.user.p : pg->user);
    put(out, "password", uri.password.p ? uri.password.p : pg->password);
    put(out, "dbname", uri.database.p ? uri.database.p : pg->database);
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        put(out, defaults[i][0], defaults[i][1]);
    if (!put_attributes(out, uri.query.p ? uri.query : str_of(pg->attributes))) {
        config_pg_conninfo_free(out);
        return ST_UNAVAILABLE;
    }
    return ST_OK;
}

bool config_pg_has_read_only(const struct config *config)
{
    const struct config *base = config;
    while (base->parent)
        base = base->parent;
    return config->fcgi_read_only_connection_uri && strcmp(config->pg.host, base->pg.host) == 0 &&
           strcmp(config->pg.ports, base->pg.ports) == 0;
}

void config_pg_conninfo_free(struct config_pg_conninfo *conninfo)
{
    config_memory_free(conninfo->memory);
    *conninfo = (struct config_pg_conninfo){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "lead.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config/pg.h"
#include "db/statements.h"

static void connect_to_database(struct lead *l)
{
    struct config_pg_conninfo info;
    PQfinish(l->pg);
    l->pg = NULL;
    if (config_pg_conninfo(l->config, CONFIG_PG_LISTEN, &info) !=
        ST_OK) /* a lock needs a session, as LISTEN does */
        return;
    l->pg = PQconnectdbParams(info.keywords, info.values, 0);
    config_pg_conninfo_free(&info);
}

/* Locking again what the session holds already succeeds too, so one statement takes the lead and confirms it.
 */
static bool ask(struct lead *l)
{
    char tables[CONFIG_PG_TABLE_NAME_SIZE];
    config_pg_table_name(l->config, "key_value", tables); /* two services may share a database */
    const char *const values[] = {tables};
    PGresult *result = PQexecParams(l->pg, statements[STMT_jobs_lead].text, 1, NULL, values, NULL, NULL, 0);
    bool ours = PQresultStatus(result) == PGRES_TUPLES_OK && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return ours;
}

bool lead_is_ours(struct lead *l)
{
    bool ours = l->pg && ask(l);
    if (!ours && (!l->pg || PQstatus(l->pg) != CONNECTION_OK)) {
        connect_to_database(l);
        ours = l->pg && PQstatus(l->pg) == CONNECTION_OK && ask(l);
    }
    if (ours != l->leading)
        LOG_INFO(NULL,
                 ours ? "this node leads: it runs the jobs of all" : "this node does not lead any more");
    l->leading = ours;
    return ours;
}

void lead_close(struct lead *l)
{
    PQfinish(l->pg);
    l->pg = NULL;
}

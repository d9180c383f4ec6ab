/* SPDX-License-Identifier: Apache-2.0
 *
 * Several servers of one database, of which one takes writes. libpq tries them in turn, but when it must not
 * block it never gives one up that does not answer: so they are tried one by one here, each with a part of
 * the time.
 */
#ifndef ST_DB_HOSTS_H
#define ST_DB_HOSTS_H

#include <stdbool.h>

enum { HOSTS_PARAMETERS_MAX = 96, HOSTS_NAME_MAX = 256 };

/* libpq's connection parameters with one host; those not replaced are the caller's strings. */
struct db_host {
    const char *keywords[HOSTS_PARAMETERS_MAX], *values[HOSTS_PARAMETERS_MAX]; /* NULL at the end */
    char host[HOSTS_NAME_MAX], address[HOSTS_NAME_MAX], port[16];
};

/* How many tries the parameters ask for; at least 1. KEYWORDS and VALUES as for PQconnectStartParams.
 * *ORDERED: the first ones are always to be preferred. */
unsigned db_hosts_count(const char *const *keywords, const char *const *values, bool *ordered);
/* Those of try NUMBER, which is taken modulo the count. False: more parameters, or longer names, than there
 * is room for. */
bool db_hosts_pick(const char *const *keywords, const char *const *values, unsigned number,
                   struct db_host *out);

#endif

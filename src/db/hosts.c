/* SPDX-License-Identifier: Apache-2.0 */
#include "db/hosts.h"

#include <stdio.h>

#include "base/str.h"

/* As libpq does: of equal keywords the last counts, and an empty value is none. */
static const char *value_of(const char *const *keywords, const char *const *values, const char *keyword)
{
    const char *value = NULL;
    for (unsigned i = 0; keywords[i]; i++)
        if (strcmp(keywords[i], keyword) == 0 && values[i] && values[i][0])
            value = values[i];
    return value;
}

static unsigned count_parts(const char *list)
{
    unsigned n = 0;
    struct str rest = str_of(list);
    while (rest.p) {
        (void)str_split(&rest, ',');
        n++;
    }
    return n ? n : 1;
}

/* Of one for all, that one. */
static bool take_part(const char *list, unsigned number, char *out, size_t size)
{
    struct str rest = str_of(list), part = str_split(&rest, ',');
    while (number-- > 0 && rest.p)
        part = str_split(&rest, ',');
    return (size_t)snprintf(out, size, "%.*s", STR_ARG(part)) < size;
}

struct lists {
    const char *host, *address, *port, *attributes;
    unsigned n;
    bool standby_first; /* of all hosts, then any */
};

static struct lists read_lists(const char *const *keywords, const char *const *values)
{
    struct lists l = {
        .host = value_of(keywords, values, "host"),
        .address = value_of(keywords, values, "hostaddr"),
        .port = value_of(keywords, values, "port"),
        .attributes = value_of(keywords, values, "target_session_attrs"),
    };
    l.n = count_parts(l.address ? l.address : l.host);
    l.standby_first = l.n > 1 && l.attributes && strcmp(l.attributes, "prefer-standby") == 0;
    return l;
}

unsigned db_hosts_count(const char *const *keywords, const char *const *values, bool *ordered)
{
    struct lists l = read_lists(keywords, values);
    *ordered = l.standby_first;
    return l.standby_first ? 2 * l.n : l.n;
}

static bool is_replaced(const char *keyword)
{
    static const char *const names[] = {"host", "hostaddr", "port", "target_session_attrs"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(keyword, names[i]) == 0)
            return true;
    return false;
}

bool db_hosts_pick(const char *const *keywords, const char *const *values, unsigned number,
                   struct db_host *out)
{
    struct lists l = read_lists(keywords, values);
    unsigned n = 0, host = number % l.n;
    const char *attributes = l.attributes;
    if (l.standby_first)
        attributes = number / l.n % 2 == 0 ? "standby" : "any";
    for (unsigned i = 0; keywords[i]; i++) {
        if (is_replaced(keywords[i]))
            continue;
        if (n + 6 > HOSTS_PARAMETERS_MAX)
            return false;
        out->keywords[n] = keywords[i];
        out->values[n++] = values[i];
    }
    if (!take_part(l.host, host, out->host, sizeof out->host) ||
        !take_part(l.address, host, out->address, sizeof out->address) ||
        !take_part(l.port, host, out->port, sizeof out->port))
        return false;
    const char *const more[][2] = {{"host", out->host},
                                   {"hostaddr", out->address},
                                   {"port", out->port},
                                   {"target_session_attrs", attributes ? attributes : ""}};
    for (unsigned i = 0; i < sizeof more / sizeof more[0]; i++) {
        if (!more[i][1][0])
            continue;
        out->keywords[n] = more[i][0];
        out->values[n++] = more[i][1];
    }
    out->keywords[n] = out->values[n] = NULL;
    return true;
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * What all our connections to other servers have in common: whom we trust, and that nothing but our
 * configuration decides where they go.
 */
#ifndef ST_HTTP_OUTGOING_H
#define ST_HTTP_OUTGOING_H

#include <curl/curl.h>
#include <openssl/x509.h>
#include <stdbool.h>

struct config;

/* The system's certificate authorities and those of fcgi_ca_file; NULL: out of memory. A file that cannot be
 * read is logged: it makes TLS fail, and not everything else. Reading takes some 20 ms: once for a process.
 */
X509_STORE *outgoing_authorities(const struct config *config);

/* TLS 1.2 or newer with a verified certificate, no redirects, no .netrc, no user in the URL, and
 * fcgi_call_proxy whatever the environment says. The store must stay. */
bool outgoing_secure(CURL *easy, const struct config *config, X509_STORE *authorities);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "http/outgoing.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/log.h"
#include "config/config.h"

X509_STORE *outgoing_authorities(const struct config *config)
{
    const char *files[] = {curl_version_info(CURLVERSION_NOW)->cainfo, config->fcgi_ca_file};
    X509_STORE *store = X509_STORE_new();
    /* As libcurl: a certificate that is listed is trusted, also when another one has signed it. */
    if (!store || X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1) {
        X509_STORE_free(store);
        return NULL;
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i] && X509_STORE_load_file(store, files[i]) != 1)
            LOG_ERROR(NULL, "no certificate authorities could be read from %s", files[i]);
    ERR_clear_error();
    return store;
}

static CURLcode use_authorities(CURL *easy, void *ssl_ctx, void *store)
{
    (void)easy;
    SSL_CTX_set1_cert_store(ssl_ctx, store);
    return CURLE_OK;
}

#define SET(OPTION, VALUE) (curl_easy_setopt(easy, (OPTION), (VALUE)) == CURLE_OK)

bool outgoing_secure(CURL *easy, const struct config *config, X509_STORE *authorities)
{
    bool ok = SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
              SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
              SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
              SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
              /* An empty name keeps libcurl from asking the environment. */
              SET(CURLOPT_PROXY, config->fcgi_call_proxy ? config->fcgi_call_proxy : "") &&
              SET(CURLOPT_NOPROXY, "");
    return ok && SET(CURLOPT_CAINFO, NULL) && SET(CURLOPT_CAPATH, NULL) &&
           SET(CURLOPT_SSL_CTX_FUNCTION, use_authorities) && SET(CURLOPT_SSL_CTX_DATA, authorities);
}

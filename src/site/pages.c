/* SPDX-License-Identifier: Apache-2.0 */
#include "site/pages.h"

#include "json/write.h"
#include "policy/pattern.h"

/* A field that only ever says "true", such as the one for the terms of service. */
static bool is_checkbox(const struct site_field *f)
{
    return f->pattern && pattern_match(f->pattern, STR("true")) == PATTERN_MATCH &&
           pattern_match(f->pattern, STR("a")) == PATTERN_NO_MATCH;
}

static void add_fields(struct json_out *out, const struct site_emailpassword *recipe)
{
    json_open(out, "signUpFields", '[');
    for (size_t i = 0; i < recipe->nfields; i++) {
        const struct site_field *f = &recipe->fields[i];
        if (str_is(f->id, STR("email")) || str_is(f->id, STR("password")))
            continue;
        json_open(out, NULL, '{');
        json_add_str(out, "id", f->id);
        json_add_bool(out, "optional", f->optional);
        json_add_str(out, "type", is_checkbox(f) ? STR("checkbox") : STR("text"));
        json_close(out, '}');
    }
    json_close(out, ']');
}

struct str site_pages_config(struct arena *a, const struct site *s)
{
    struct json_out out = json_out(a);
    json_open(&out, NULL, '{');
    json_add_str(&out, "appName", s->app_name);
    json_add_str(&out, "apiDomain", s->api_domain);
    json_add_str(&out, "websiteDomain", s->website_domain);
    json_add_str(&out, "apiBasePath", s->api_base_path); /* what a gateway takes off is part of it */
    json_add_str(&out, "websiteBasePath", s->website_base_path);
    bool nist = s->emailpassword.password_profile == SITE_PASSWORD_NIST;
    json_add_str(&out, "passwordProfile", nist ? STR("nist") : STR("default"));
    if (site_has(s, SITE_EMAILVERIFICATION))
        json_add_str(&out, "emailVerification",
                     s->email_verification_required ? STR("REQUIRED") : STR("OPTIONAL"));
    add_fields(&out, &s->emailpassword);
    json_close(&out, '}');
    return arena_printf(
        a,
        "// What the login pages know of the site (web/README.md has more that can be said here).\n"
        "globalThis.ST_PAGES = %s;\n",
        json_done(&out).p);
}

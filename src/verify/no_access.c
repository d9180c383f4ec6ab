/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/no_access.h"

#include "deliver/language.h"
#include "deliver/template.h"

struct texts {
    const char *language, *title, *text, *hint, *account, *start;
};

/* The languages of the login pages (web/src/texts). */
static const struct texts catalogue[] = {
    {"en", "No access", "You are signed in, but your account may not open this page.",
     "If you think it should, ask whoever looks after this site. With another account you may get in.",
     "Use another account", "Go to the start page"},
    {"de", "Kein Zugriff", "Sie sind angemeldet, aber Ihr Konto darf diese Seite nicht öffnen.",
     "Wenn es das dürfen sollte, wenden Sie sich an die Betreuung dieser Website. Mit einem anderen Konto "
     "kommen Sie vielleicht hinein.",
     "Anderes Konto verwenden", "Zur Startseite"},
    {"fr", "Accès refusé", "Vous êtes connecté, mais votre compte ne peut pas ouvrir cette page.",
     "S’il devait le pouvoir, adressez-vous aux responsables de ce site. Un autre compte y a peut-être "
     "accès.",
     "Utiliser un autre compte", "Aller à la page d’accueil"},
    {"es", "Sin acceso", "Ha iniciado sesión, pero su cuenta no puede abrir esta página.",
     "Si debería poder, diríjase a los responsables de este sitio. Con otra cuenta quizá tenga acceso.",
     "Usar otra cuenta", "Ir a la página de inicio"},
};

/* Classes are those of web/pages.css; without it this is a plain page. No script, no style of its own: the
 * policy below allows none. */
static const char layout[] = "<!doctype html>\n"
                             "<html lang=\"{language}\">\n"
                             "<head>\n"
                             "<meta charset=\"utf-8\">\n"
                             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                             "<meta name=\"color-scheme\" content=\"light dark\">\n"
                             "<meta name=\"robots\" content=\"noindex\">\n"
                             "<title>{title} · {appName}</title>\n"
                             "<link rel=\"icon\" href=\"{base}/icon.svg\">\n"
                             "<link rel=\"stylesheet\" href=\"{base}/pages.css\">\n"
                             "<link rel=\"stylesheet\" href=\"{base}/site/style.css\">\n"
                             "</head>\n"
                             "<body>\n"
                             "<header class=\"brand\">\n"
                             "<span class=\"logo\" aria-hidden=\"true\"></span>\n"
                             "<span class=\"name\">{appName}</span>\n"
                             "</header>\n"
                             "<main id=\"no-access\" class=\"card\">\n"
                             "<h1>{title}</h1>\n"
                             "<p>{text}</p>\n"
                             "<p class=\"hint\">{hint}</p>\n"
                             "<a id=\"link-account\" class=\"button\" href=\"{account}\">{accountText}</a>\n"
                             "</main>\n"
                             "<footer>\n"
                             "<a id=\"link-start\" href=\"{website}/\">{start}</a>\n"
                             "</footer>\n"
                             "</body>\n"
                             "</html>\n";

static const char policy[] = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
                             "form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

static const struct texts *find(struct str language)
{
    for (size_t i = 0; i < sizeof catalogue / sizeof catalogue[0]; i++)
        if (str_is_c(language, catalogue[i].language))
            return &catalogue[i];
    return NULL;
}

static bool is_available(const void *object, struct str language)
{
    (void)object;
    return find(language) != NULL;
}

void no_access_answer(struct auth_call *k, struct str account)
{
    struct arena *a = k->c->arena;
    struct http_response *rs = &k->x->rs;
    struct str wishes = http_param(&k->x->rq, "HTTP_ACCEPT_LANGUAGE");
    const struct texts *t = find(language_choose(a, wishes, is_available, NULL));
    const struct template_value values[] = {
        {"language", str_of(t->language)},
        {"appName", k->site->app_name},
        {"website", k->site->website_domain},
        {"base", k->site->website_base_path},
        {"title", str_of(t->title)},
        {"text", str_of(t->text)},
        {"hint", str_of(t->hint)},
        {"account", account},
        {"accountText", str_of(t->account)},
        {"start", str_of(t->start)},
    };
    rs->status = 403;
    rs->content_type = "text/html; charset=utf-8";
    rs->body = template_fill(a, str_of(layout), values, sizeof values / sizeof values[0], true);
    http_add_header(rs, "Content-Security-Policy", str_of(policy));
    http_add_header(rs, "X-Content-Type-Options", STR("nosniff"));
    http_add_header(rs, "Referrer-Policy", STR("no-referrer"));
    http_add_header(rs, "Cache-Control", STR("no-store"));
}

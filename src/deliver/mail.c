/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/mail.h"

#include "deliver/language.h"
#include "deliver/mime.h"
#include "deliver/template.h"
#include "deliver/texts.h"
#include "json/json.h"

static bool find_kind(struct str name, enum mail_kind *out)
{
    for (int i = 0; i < MAIL_KINDS; i++)
        if (str_is_c(name, mail_kind_names[i])) {
            *out = (enum mail_kind)i;
            return true;
        }
    return false;
}

const char *const mail_placeholders[MAIL_PLACEHOLDERS] = {
    [MAIL_APP_NAME] = "appName", [MAIL_EMAIL] = "email",
    [MAIL_LINK] = "link",        [MAIL_LANGUAGE] = "language",
    [MAIL_SUBJECT] = "subject",  [MAIL_HEADING] = "heading",
    [MAIL_INTRO] = "intro",      [MAIL_BUTTON] = "button",
    [MAIL_IGNORE] = "ignore",    [MAIL_ALTERNATIVE] = "alternative",
    [MAIL_FOOTER] = "footer",
};

struct draft {
    struct ctx *c;
    const struct site *site;
    enum mail_kind kind;
    struct str language;
    struct template_value values[MAIL_PLACEHOLDERS];
};

static bool has_template(const void *object, struct str language)
{
    static const char *const parts[] = {"subject", "txt", "html"};
    const struct draft *d = object;
    for (size_t i = 0; d->site->mail.template_directory.p && i < sizeof parts / sizeof *parts; i++) {
        struct str name =
            arena_printf(d->c->arena, "%s.%.*s.%s", mail_kind_names[d->kind], STR_ARG(language), parts[i]);
        if (template_file(d->c, d->site->mail.template_directory, name).p)
            return true;
    }
    return false;
}

static bool is_available(const void *object, struct str language)
{
    const struct draft *d = object;
    return mail_texts_find(d->kind, language) || has_template(d, language);
}

static void set_values(struct draft *d, struct str to, struct str link)
{
    const struct mail_texts *texts = mail_texts_find(d->kind, d->language);
    if (!texts)
        texts = mail_texts_find(d->kind, STR("en"));
    const struct str values[MAIL_PLACEHOLDERS] = {
        [MAIL_APP_NAME] = d->site->app_name,
        [MAIL_EMAIL] = to,
        [MAIL_LINK] = link,
        [MAIL_LANGUAGE] = d->language,
        [MAIL_SUBJECT] = str_of(texts->subject),
        [MAIL_HEADING] = str_of(texts->heading),
        [MAIL_INTRO] = str_of(texts->intro),
        [MAIL_BUTTON] = str_of(texts->button),
        [MAIL_ALTERNATIVE] = str_of(texts->alternative),
        [MAIL_IGNORE] = str_of(texts->ignore),
        [MAIL_FOOTER] = str_of(texts->footer),
    };
    for (int i = 0; i < MAIL_PLACEHOLDERS; i++)
        d->values[i] = (struct template_value){mail_placeholders[i], values[i]};
    for (int i = MAIL_SUBJECT; i < MAIL_PLACEHOLDERS; i++)
        d->values[i].value = template_fill(d->c->arena, values[i], d->values, MAIL_LANGUAGE, false);
}

/* A part of the mail: the operator's file for kind and language, for the kind, for all kinds, or BUILT_IN. */
static struct str part(const struct draft *d, const char *name, struct str built_in)
{
    struct arena *a = d->c->arena;
    struct str directory = d->site->mail.template_directory, text = STR_NONE;
    const char *kind = mail_kind_names[d->kind];
    const struct str names[] = {
        arena_printf(a, "%s.%.*s.%s", kind, STR_ARG(d->language), name),
        arena_printf(a, "%s.%s", kind, name),
        arena_printf(a, "layout.%s", name),
    };
    for (size_t i = 0; directory.p && !text.p && i < sizeof names / sizeof *names; i++)
        text = template_file(d->c, directory, names[i]);
    return template_fill(a, text.p ? text : built_in, d->values, MAIL_PLACEHOLDERS,
                         strcmp(name, "html") == 0);
}

bool mail_prepare(struct ctx *c, const struct site *site, const struct queue_item *item,
                  struct mail_ready *out, const char **why)
{
    json_object *o = json_parse(c->arena, item->payload);
    struct draft d = {.c = c, .site = site};
    out->kind = json_str(json_object_object_get(o, "kind"));
    out->to = json_str(json_object_object_get(o, "to"));
    out->link = json_str(json_object_object_get(o, "link"));
    *why = "it is not understood";
    if (!find_kind(out->kind, &d.kind) || !out->to.p || !out->link.p)
        return false;
    *why = "its address is none that can be written to";
    if (!mime_is_address(out->to))
        return false;
    *why = "the sender's address is none that can be written from";
    if (!mime_is_address(site->mail.from_email))
        return false;
    d.language = language_choose(c->arena, json_str(json_object_object_get(o, "language")), is_available, &d);
    set_values(&d, out->to, out->link);
    d.values[MAIL_SUBJECT].value = part(&d, "subject", d.values[MAIL_SUBJECT].value);
    out->bytes = mime_message(c->arena, &(struct mime){
                                            .from_name = site->mail.from_name,
                                            .from = site->mail.from_email,
                                            .to = out->to,
                                            .subject = d.values[MAIL_SUBJECT].value,
                                            .id = item->message_id,
                                            .date_ms = item->created_ms,
                                            .text = part(&d, "txt", str_of(mail_layout_txt)),
                                            .html = part(&d, "html", str_of(mail_layout_html)),
                                        });
    return true;
}

struct str mail_without_link(struct arena *a, struct str payload)
{
    json_object *o = json_parse(a, payload);
    if (!json_object_is_type(o, json_type_object))
        return STR("{}");
    json_object_object_del(o, "link");
    return json_text(a, o);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "multitenancy/factors.h"

struct recipe {
    const char *text; /* in error texts */
    struct str factors[4];
    size_t nfactors;
};

static const struct recipe recipes[RECIPES] = {
    [RECIPE_EMAILPASSWORD] = {"emailPassword", {{"emailpassword", 13}}, 1},
    [RECIPE_THIRDPARTY] = {"thirdParty", {{"thirdparty", 10}}, 1},
    [RECIPE_PASSWORDLESS] = {"passwordless",
                             {{"otp-phone", 9}, {"otp-email", 9}, {"link-phone", 10}, {"link-email", 10}},
                             4},
};

static bool has(const struct factors *f, struct str name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_is(f->v[i], name))
            return true;
    return false;
}

static bool has_any(const struct factors *f, const struct recipe *r)
{
    for (size_t i = 0; i < r->nfactors; i++)
        if (has(f, r->factors[i]))
            return true;
    return false;
}

static void add(struct factors *f, struct str name)
{
    f->is_null = false;
    if (!has(f, name) && f->n < FACTORS_MAX)
        f->v[f->n++] = name;
}

static void add_recipe(struct factors *f, const struct recipe *r)
{
    for (size_t i = 0; i < r->nfactors; i++)
        add(f, r->factors[i]);
}

static void remove_recipe(struct factors *f, const struct recipe *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++) {
        struct factors one = {.v = {f->v[i]}, .n = 1};
        if (!has_any(&one, r))
            f->v[kept++] = f->v[i];
    }
    f->n = kept;
}

static void set_null(struct factors *f)
{
    f->is_null = true;
    f->n = 0;
}

static void set_from(struct factors *f, const struct strs *list)
{
    set_null(f);
    f->is_null = list->v == NULL;
    for (size_t i = 0; !f->is_null && i < list->n; i++)
        add(f, list->v[i]);
}

bool factors_enabled_old(const struct factor_state *s, enum recipe_kind recipe)
{
    return s->flag[recipe] && (s->first.is_null || has_any(&s->first, &recipes[recipe]));
}

bool factors_enabled(const struct factor_state *s, enum recipe_kind recipe)
{
    return s->flag[recipe] && (s->first.is_null || s->first.n > 0);
}

static bool is_on(const struct factor_input *in, int recipe)
{
    return in->flag[recipe].given && in->flag[recipe].value;
}

static bool is_off(const struct factor_input *in, int recipe)
{
    return in->flag[recipe].given && !in->flag[recipe].value;
}

enum st_err factors_apply_v1_old(struct factor_state *s, const struct factor_input *in)
{
    struct factors first = s->first;
    bool any_off = false;
    for (int r = 0; r < RECIPES; r++)
        if (is_on(in, r) && !factors_enabled_old(s, (enum recipe_kind)r)) {
            s->flag[r] = true;
            if (!first.is_null)
                add_recipe(&first, &recipes[r]);
        }
    for (int r = 0; r < RECIPES; r++)
        any_off |= !s->flag[r] || is_off(in, r);
    if (first.is_null && any_off)
        for (int r = 0; r < RECIPES; r++)
            add_recipe(&first, &recipes[r]);
    for (int r = 0; r < RECIPES; r++)
        if (!s->flag[r] || is_off(in, r))
            remove_recipe(&first, &recipes[r]);
    s->first = first;
    return ST_OK;
}

static enum st_err check_list(struct ctx *c, const char *name, const struct strs *list)
{
    if (list->n > FACTORS_MAX)
        return ctx_fail(c, ST_BAD_REQUEST, "%s has too many values", name);
    for (size_t i = 0; i < list->n; i++)
        for (size_t before = 0; before < i; before++)
            if (str_is(list->v[i], list->v[before]))
                return ctx_fail(c, ST_BAD_REQUEST, "%s input should not contain duplicate values", name);
    return ST_OK;
}

static enum st_err check_not_empty(struct ctx *c, const char *name, const char *what, const struct strs *list)
{
    if (!list->v || list->n)
        return ST_OK;
    return ctx_fail(c, ST_BAD_REQUEST, "%s cannot be empty. Set null instead to remove all %s.", name, what);
}

static enum st_err check_conflict(struct ctx *c, const char *name, const struct strs *list,
                                  const struct recipe *recipe)
{
    struct factors given;
    set_from(&given, list);
    for (size_t i = 0; i < recipe->nfactors; i++)
        if (has(&given, recipe->factors[i]))
            return ctx_fail(
                c, ST_BAD_REQUEST,
                "Invalid core config: %s should not contain '%.*s' because %s is disabled for the "
                "tenant.",
                name, STR_ARG(recipe->factors[i]), recipe->text);
    return ST_OK;
}

static enum st_err check_v1(struct ctx *c, const struct factor_input *in)
{
    ST_TRY(check_list(c, "firstFactors", &in->first));
    ST_TRY(check_not_empty(c, "firstFactors", "first factors", &in->first));
    ST_TRY(check_list(c, "requiredSecondaryFactors", &in->secondary));
    ST_TRY(check_not_empty(c, "requiredSecondaryFactors", "required secondary factors", &in->secondary));
    for (int r = 0; r < RECIPES; r++)
        if (is_off(in, r)) {
            ST_TRY(check_conflict(c, "firstFactors", &in->first, &recipes[r]));
            ST_TRY(check_conflict(c, "requiredSecondaryFactors", &in->secondary, &recipes[r]));
        }
    return ST_OK;
}

/* Recipes of LIST's factors that are not enabled become so. Tells whether one of them was not asked for by
 * its boolean. */
static bool enable_recipes_of(struct factor_state *s, const struct factors *list,
                              const struct factor_input *in)
{
    bool implied = false;
    for (int r = 0; r < RECIPES; r++)
        if (has_any(list, &recipes[r]) && !factors_enabled(s, (enum recipe_kind)r)) {
            s->flag[r] = true;
            implied |= !is_on(in, r);
        }
    return implied;
}

static void apply_secondary_v1(struct factor_state *s, const struct factor_input *in)
{
    struct factors before = {.is_null = false};
    bool all = true, first_open = !in->has_first && s->first.is_null;
    for (int r = 0; r < RECIPES; r++) {
        bool enabled = (s->flag[r] || is_on(in, r)) && !is_off(in, r);
        all &= enabled;
        if (enabled)
            add_recipe(&before, &recipes[r]);
    }
    set_from(&s->secondary, &in->secondary);
    if (enable_recipes_of(s, &s->secondary, in) && first_open && !all)
        s->first = before;
}

enum st_err factors_apply_v1(struct ctx *c, struct factor_state *s, const struct factor_input *in)
{
    bool revived = false, any_off = false;
    ST_TRY(check_v1(c, in));
    for (int r = 0; r < RECIPES; r++) {
        revived |=
            is_on(in, r) && !factors_enabled(s, (enum recipe_kind)r) && !s->first.is_null && !s->first.n;
        any_off |= is_off(in, r);
    }
    if (revived) {
        memset(s->flag, 0, sizeof s->flag);
        set_null(&s->first);
    }
    for (int r = 0; r < RECIPES; r++)
        if (in->flag[r].given)
            s->flag[r] = in->flag[r].value;
    for (int r = 0; any_off && r < RECIPES; r++)
        if (is_off(in, r)) {
            if (!in->has_first)
                remove_recipe(&s->first, &recipes[r]);
            if (!in->has_secondary)
                remove_recipe(&s->secondary, &recipes[r]);
        }
    if (in->has_first) {
        set_from(&s->first, &in->first);
        enable_recipes_of(s, &s->first, in);
    }
    if (in->has_secondary)
        apply_secondary_v1(s, in);
    if (!s->secondary.n)
        set_null(&s->secondary);
    for (int r = 0; r < RECIPES; r++)
        s->flag[r] |= has_any(&s->first, &recipes[r]) || has_any(&s->secondary, &recipes[r]);
    return ST_OK;
}

enum st_err factors_apply_v2(struct ctx *c, struct factor_state *s, const struct factor_input *in)
{
    ST_TRY(check_list(c, "firstFactors", &in->first));
    ST_TRY(check_list(c, "requiredSecondaryFactors", &in->secondary));
    if (!in->has_first && !in->has_secondary)
        return ST_OK;
    bool all = s->flag[0] && s->flag[1] && s->flag[2];
    if (s->first.is_null && !all) {
        s->first.is_null = false;
        for (int r = 0; r < RECIPES; r++)
            if (s->flag[r])
                add_recipe(&s->first, &recipes[r]);
    }
    for (int r = 0; r < RECIPES; r++)
        s->flag[r] = true;
    if (in->has_first)
        set_from(&s->first, &in->first);
    if (in->has_secondary)
        set_from(&s->secondary, &in->secondary);
    if (!s->secondary.n)
        set_null(&s->secondary);
    return ST_OK;
}

static enum st_err check_names(struct ctx *c, const char *name, const struct factors *f)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_(.)-";
    for (size_t i = 0; i < f->n; i++) {
        bool good = f->v[i].n > 0 && f->v[i].n <= FACTOR_NAME_MAX;
        for (size_t at = 0; good && at < f->v[i].n; at++)
            good = memchr(allowed, f->v[i].p[at], sizeof allowed - 1) != NULL;
        if (!good)
            return ctx_fail(c, ST_BAD_REQUEST, "%s should contain only 0-9,a-z,A-Z,_,.,- characters", name);
    }
    return ST_OK;
}

enum st_err factors_check_names(struct ctx *c, const struct factor_state *s)
{
    ST_TRY(check_names(c, "firstFactors", &s->first));
    return check_names(c, "requiredSecondaryFactors", &s->secondary);
}

bool factors_shown_v2(const struct factor_state *s, struct factors *out)
{
    static const struct {
        enum recipe_kind recipe;
        struct str factor;
    } order[] = {
        {RECIPE_EMAILPASSWORD, {"emailpassword", 13}}, {RECIPE_THIRDPARTY, {"thirdparty", 10}},
        {RECIPE_PASSWORDLESS, {"otp-email", 9}},       {RECIPE_PASSWORDLESS, {"otp-phone", 9}},
        {RECIPE_PASSWORDLESS, {"link-email", 10}},     {RECIPE_PASSWORDLESS, {"link-phone", 10}},
    };
    *out = s->first;
    if (!s->first.is_null)
        return true;
    if (s->flag[0] && s->flag[1] && s->flag[2])
        return false;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (s->flag[order[i].recipe])
            add(out, order[i].factor);
    out->is_null = false;
    return true;
}

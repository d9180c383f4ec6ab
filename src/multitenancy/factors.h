/* SPDX-License-Identifier: Apache-2.0
 *
 * Which recipes and factors a tenant offers: the three sets of rules that the interface has had
 * (spec: cdi-multitenancy 3.1 to 3.5).
 */
#ifndef ST_MULTITENANCY_FACTORS_H
#define ST_MULTITENANCY_FACTORS_H

#include "base/ctx.h"
#include "http/fields.h"

enum recipe_kind { RECIPE_EMAILPASSWORD, RECIPE_THIRDPARTY, RECIPE_PASSWORDLESS, RECIPES };
enum { FACTORS_MAX = 64, FACTOR_NAME_MAX = 128 };

struct factors {
    bool is_null;
    struct str v[FACTORS_MAX];
    size_t n;
};

/* What is stored of a tenant and what the rules change. */
struct factor_state {
    bool flag[RECIPES];
    struct factors first, secondary; /* secondary is never empty and not null */
};

struct factor_input {
    struct {
        bool given, value;
    } flag[RECIPES];
    bool has_first, has_secondary;
    struct strs first, secondary; /* v == NULL: JSON null */
};

enum st_err factors_apply_v1_old(struct factor_state *s, const struct factor_input *in); /* CDI < 5.0 */
enum st_err factors_apply_v1(struct ctx *c, struct factor_state *s,
                             const struct factor_input *in) ST_MUST_CHECK;
enum st_err factors_apply_v2(struct ctx *c, struct factor_state *s,
                             const struct factor_input *in) ST_MUST_CHECK;
enum st_err factors_check_names(struct ctx *c, const struct factor_state *s) ST_MUST_CHECK;

/* Is the recipe offered, as clients below 5.0, and from 5.0 on, are told? */
bool factors_enabled_old(const struct factor_state *s, enum recipe_kind recipe);
bool factors_enabled(const struct factor_state *s, enum recipe_kind recipe);
/* First factors as the v2 form shows them; false: the member is left out. */
bool factors_shown_v2(const struct factor_state *s, struct factors *out);

#endif

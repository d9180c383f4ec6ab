/* SPDX-License-Identifier: Apache-2.0
 *
 * What the login pages of web/ have to know of a site, as the text of their config.js. Nothing secret is in
 * it.
 */
#ifndef ST_SITE_PAGES_H
#define ST_SITE_PAGES_H

#include "base/arena.h"
#include "site/site.h"

struct str site_pages_config(struct arena *a, const struct site *s);

#endif

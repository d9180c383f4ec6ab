/* SPDX-License-Identifier: Apache-2.0
 *
 * The built-in rules for addresses and new passwords (spec: fdi-recipes 1.1). Each returns NULL, or the text
 * for the person at the form.
 */
#ifndef ST_EMAILPASSWORD_VALIDATE_H
#define ST_EMAILPASSWORD_VALIDATE_H

#include "base/str.h"

const char *validate_email(struct str email);

/* The SDKs' rule: 8 to 99 UTF-16 units, a letter and a digit. */
const char *validate_password(struct str password);

/* NIST SP 800-63B 5.1.1.2: 8 to 256 characters of any kind, no rule of composition, but none that everybody
 * tries first: common ones, runs and repetitions, and what CONTEXT (the address, the site's name) gives away.
 */
enum { VALIDATE_CONTEXT = 2 };
const char *validate_password_nist(struct str password, const struct str context[VALIDATE_CONTEXT]);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Mail templates of the operator, checked before they are used (doc/mail.md).
 */
#ifndef ST_DELIVER_TEMPLATE_CHECK_H
#define ST_DELIVER_TEMPLATE_CHECK_H

#include "site/site.h"

/* Looks at the .txt, .html and .subject files of every site's template directory: their names, sizes and
 * encoding, and that each {word} in them is a placeholder. ST_BAD_REQUEST with file, line and reason of the
 * first that is wrong; ST_NOT_FOUND: a directory cannot be read; ST_UNAVAILABLE: out of memory. A file that
 * goes wrong later stops nothing: the next one in order is used, and that is logged. */
enum st_err templates_check(const struct sites *sites, struct site_error *error) ST_MUST_CHECK;

#endif

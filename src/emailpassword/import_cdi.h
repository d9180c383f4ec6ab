/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to src/emailpassword/: the functions of passwordhash/import, for the recipe's route table.
 */
#ifndef ST_EMAILPASSWORD_IMPORT_CDI_H
#define ST_EMAILPASSWORD_IMPORT_CDI_H

#include "core/route.h"

struct import_hash_in {
    struct str email, passwordHash, hashingAlgorithm;
    bool has_hashingAlgorithm;
    const struct import_algorithm *algorithm; /* set by check_import_hash: the named one, or NULL */
};

extern const struct field import_hash_fields[];
enum st_err check_import_hash(struct core_call *k);
enum st_err post_import_hash(struct core_call *k);

#endif

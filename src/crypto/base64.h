/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64 (RFC 4648 sections 4 and 5) by libsodium, whose run time does not depend on the content.
 */
#ifndef ST_CRYPTO_BASE64_H
#define ST_CRYPTO_BASE64_H

#include "base/arena.h"

enum base64_form { BASE64_STANDARD, BASE64_STANDARD_UNPADDED, BASE64_URL, BASE64_URL_UNPADDED };

struct str base64_encode(struct arena *a, enum base64_form form, struct str bytes);
/* For text outside of an arena: bytes needed with the final NUL, and writing them. */
size_t base64_size(enum base64_form form, size_t n);
void base64_write(char *out, size_t size, enum base64_form form, struct str bytes);

/* Exactly this alphabet and padding, no other characters, unused bits zero: one text per value. */
bool base64_decode(struct arena *a, enum base64_form form, struct str text, struct str *out);
/* Either alphabet, even mixed, with or without padding. */
bool base64_decode_lenient(struct arena *a, struct str text, struct str *out);

#endif

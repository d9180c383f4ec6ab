/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password hashes exported from Firebase: scrypt (RFC 7914), whose result encrypts the project's signer key
 * (spec: cdi-emailpassword 2). Only verified, never made.
 *
 * Text: $f_scrypt$<hash>$<salt>$m=<memory cost>$r=<rounds>$s=<salt separator>, the last three in any order.
 */
#ifndef CRYPTO_FIREBASE_SCRYPT_H
#define CRYPTO_FIREBASE_SCRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits on what a text may ask for; the service itself issues m <= 14 and r <= 8 (16 MiB). */
#define FIREBASE_SCRYPT_TEXT_MAX 1024
#define FIREBASE_SCRYPT_MEMORY_MAX ((uint64_t)512 * 1024 * 1024) /* bytes, 128 x r x 2^m: below 5 s */
#define FIREBASE_SCRYPT_ROUNDS_MAX 64
#define FIREBASE_SCRYPT_FIELD_MAX 256 /* bytes of signer key, salt or separator */

enum firebase_scrypt_result {
    FIREBASE_SCRYPT_OK,         /* the password matches */
    FIREBASE_SCRYPT_MISMATCH,   /* another password, or another signer key */
    FIREBASE_SCRYPT_MALFORMED,  /* not such a text, or a signer key that is no base 64 */
    FIREBASE_SCRYPT_OVER_LIMIT, /* well-formed, but above a limit of this page: nothing was computed */
    FIREBASE_SCRYPT_NO_MEMORY   /* the system has not enough memory now: says nothing about the password */
};

/* True of a text with the five values of the shape above; base 64 and limits are not looked at. */
bool firebase_scrypt_is_text(const char *text, size_t text_len);

/* The password is UTF-8; each character beyond ASCII counts as '?'. signer_key is the base 64 text of the
 * configuration key firebase_password_hashing_signer_key. */
enum firebase_scrypt_result firebase_scrypt_verify(const char *text, size_t text_len, const uint8_t *password,
                                                   size_t password_len, const char *signer_key);

#endif

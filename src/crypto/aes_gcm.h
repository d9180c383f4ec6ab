/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-256-GCM (NIST SP 800-38D): 12-byte IV, 16-byte tag after the ciphertext, no additional data.
 */
#ifndef ST_CRYPTO_AES_GCM_H
#define ST_CRYPTO_AES_GCM_H

#include "base/arena.h"

enum { AES_GCM_KEY = 32, AES_GCM_IV = 12, AES_GCM_TAG = 16 };

/* Writes plain.n + AES_GCM_TAG bytes to OUT. An IV must never be used twice with a key. False: out of memory.
 */
bool aes_gcm_seal(const unsigned char key[AES_GCM_KEY], const unsigned char iv[AES_GCM_IV], struct str plain,
                  unsigned char *out);
/* Writes sealed.n - AES_GCM_TAG bytes to OUT. False when SEALED was not made with this key and IV: nothing in
 * OUT may be used then (it is wiped). Jumps away when there is no memory to look at it. */
bool aes_gcm_open(struct arena *a, const unsigned char key[AES_GCM_KEY], const unsigned char iv[AES_GCM_IV],
                  struct str sealed, unsigned char *out);

#endif

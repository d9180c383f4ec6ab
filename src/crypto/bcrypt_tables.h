/* SPDX-License-Identifier: Apache-2.0 */
/* The Blowfish state that bcrypt starts from: the hexadecimal digits of the fraction of pi, in order. */
#ifndef CRYPTO_BCRYPT_TABLES_H
#define CRYPTO_BCRYPT_TABLES_H

#include <stdint.h>

#define BLOWFISH_P_WORDS 18
#define BLOWFISH_S_BOXES 4
#define BLOWFISH_S_WORDS 256

#define BLOWFISH_WORDS (BLOWFISH_P_WORDS + BLOWFISH_S_BOXES * BLOWFISH_S_WORDS)

union blowfish_state {
    struct {
        uint32_t p[BLOWFISH_P_WORDS];
        uint32_t s[BLOWFISH_S_BOXES][BLOWFISH_S_WORDS];
    };
    uint32_t words[BLOWFISH_WORDS]; /* both, in order */
};

extern const union blowfish_state blowfish_initial;

#endif

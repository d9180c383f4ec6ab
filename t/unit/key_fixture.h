/* SPDX-License-Identifier: Apache-2.0
 *
 * A fixed RSA key for tests of tokens, made for them by openssl(1): it protects nothing.
 */
#ifndef ST_T_KEY_FIXTURE_H
#define ST_T_KEY_FIXTURE_H

/* clang-format off */
#define KEY_FIXTURE_SPKI \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx+BSPWdG/y7FXV2o1D3OEQlOJdnLd/F3o7/AsT6SavOowL" \
    "r11VEg+k6r8/rfK6jvkNNUfTLhW5L5An9Po7JA3LOXJF9+Hb8Wb4H+Qa5UDCaon5VDoscyJaIxb+HORRtTe0+NFlR7" \
    "gXACutMRq9tun3KLIb+HeTCHmWtvBZbQTTRS5+MIamULBi9l1c90uoiG4ANsGG+C5/zqfX9Iuq4JOKxQEFptjAMfhk" \
    "auzkaT5CRnyKDMj2nzuRShxSTToh9cNaabkm4FPjZQWDb7hBGXBAEvtiBPbgVe9/MyDU15g1TpDTAvfAN0KNQl7/z6" \
    "wgBmzU7rCt0PfPogjLLyI3Ci8wIDAQAB"
#define KEY_FIXTURE_PKCS8 \
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDH4FI9Z0b/LsVdXajUPc4RCU4l2ct38Xejv8CxPp" \
    "Jq86jAuvXVUSD6Tqvz+t8rqO+Q01R9MuFbkvkCf0+jskDcs5ckX34dvxZvgf5BrlQMJqiflUOixzIlojFv4c5FG1N7" \
    "T40WVHuBcAK60xGr226fcoshv4d5MIeZa28FltBNNFLn4whqZQsGL2XVz3S6iIbgA2wYb4Ln/Op9f0i6rgk4rFAQWm" \
    "2MAx+GRq7ORpPkJGfIoMyPafO5FKHFJNOiH1w1ppuSbgU+NlBYNvuEEZcEAS+2IE9uBV738zINTXmDVOkNMC98A3Qo" \
    "1CXv/PrCAGbNTusK3Q98+iCMsvIjcKLzAgMBAAECggEAG7wu7UJVgbd1v5ztfnYNECQgafQs3bnuBhTnojCylJC3C/" \
    "dlgXI+hz0/cx2Otjo88/W/NZhH2TMtxoDwBiEICxgIkw2FLI+Fh3ecVnTgSMdcgrhtqDrH5Jz7CzFkNAa0sNm7FCwo" \
    "7y8h0dbUDurmEM4OLGKtY82uI0XbJAVnZi7rwq2BFoiLNGzchZInFhf8MBxGRTyXzeBsuZNmmfgxFgLXd2U7HxaBIJ" \
    "rVk1l5/rKc6wJ6EdzbLM6JTCPUV8r6jCRh/KK4SP7PdNgigtV9jb9ifoIaqvz0MrZ8SjO6bkXa3iINmmeniFsBStAG" \
    "vuheLPUor4KPooTlOyrSROzokQKBgQDjz1Itqza6qm+9eQT0TzsDEkg9nZuH9xs4ia3hgI7djNYQegK1cOfn1hRPu0" \
    "YneY+GuQKITR6iJLii2zJdV+502UPDGM6bV/wiXTVgmVtjKIcy3ZPefxnvMEljF1C3yUTy/i6kZZwCRQGMGzMZbssh" \
    "QzfDfihhDfYjLZg1xKZ4ZQKBgQDgnBr3kmA0LkF19gXhayj3uXMpe5eKRQuCfaORwH1VC/HLUb+i0K/m6+7ckEw5EK" \
    "bn/yOc7Fpgyk2/q0CmfnUTEzmhNxyLaAa1OZFqah7a3fvPhtbWeCKw0RpE8rir02PC0z6xhzISzClCAcrLHb9KdOI9" \
    "4dqYjvrDb6fJC4s8dwKBgQDVTsn+8yMy0+X+/vMxo4J5FMRJ1WrNfAakAN6smMitEHNcSDKDHC45OY4ZPhypV7yZhG" \
    "CnqbZ2UnYEH8Tf/DbOeKVnZ7IFaPQwZSBWzCHzDf7SFQGhQ1fQTGFbBHjTLgV+lZys2GulAGI7gzhspv5SrfLn/Rfo" \
    "EL+ZHtc3+WN6tQKBgQCr9tius2L0kHWN2s6lx2WWRGXnXLipJDOrtIWHEdjjREHbaLtP7HbAVeKK++9fwWAIP08E1f" \
    "BcKodcN8FHt4nrEM0OoSM5mGuKVIkA8D6vU0V3ncTebxwgQ/fY0fyRkUbP4uwc/2VW/viXkMeyuxO57cNJnaG/K7jR" \
    "6KqNQklYAQKBgDwEW7IyKgGN6UxsY+Eab+Mc3oHSGFAIyZaOXUHrU6EDLBo53gsrNAZcNgZ1zfL43O7eyHPuYd+fns" \
    "uJZyOmNB57sN5pd1YGnJ8sI/kPkOteLFmnLm/ogLszgYR8+ePWJcq2GOqjdBPHvKSvwBCSWXivkO+CEE/MVScA/E4T" \
    "JM70"
#define KEY_FIXTURE_N \
    "x-BSPWdG_y7FXV2o1D3OEQlOJdnLd_F3o7_AsT6SavOowLr11VEg-k6r8_rfK6jvkNNUfTLhW5L5An9Po7JA3LOXJF" \
    "9-Hb8Wb4H-Qa5UDCaon5VDoscyJaIxb-HORRtTe0-NFlR7gXACutMRq9tun3KLIb-HeTCHmWtvBZbQTTRS5-MIamUL" \
    "Bi9l1c90uoiG4ANsGG-C5_zqfX9Iuq4JOKxQEFptjAMfhkauzkaT5CRnyKDMj2nzuRShxSTToh9cNaabkm4FPjZQWD" \
    "b7hBGXBAEvtiBPbgVe9_MyDU15g1TpDTAvfAN0KNQl7_z6wgBmzU7rCt0PfPogjLLyI3Ci8w"
/* {"alg":"RS256"} . {"a":1}, signed by `openssl dgst -sha256 -sign`. */
#define KEY_FIXTURE_SIGNED "eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ"
#define KEY_FIXTURE_SIGNATURE \
    "pISS75xhXbRT4awSsf_MpEXi-1i8-AgzUrxKzSQeT7g8-WD6uWxyfYNY11AWrXSnfeJ-npqMgN6LjUflF_bDU-d2Zl" \
    "M3D0E0KH3v6NKtKwmKVcWkOKBavim5Vs4SHemSNJ5LF5NhpZcwM9puO3i017iAv_y_VsBGZTwsR5axIFTMRHUVjgOq" \
    "nFkf6U4_xq3KWTooXxCL97ESYRtxkDO5LSSWQZ_xVSDyKcEQbU37cHUw04aOOCIrwt-wJUFxcZJxsJXkrWE-r_3O4y" \
    "TmOOYlHish1_BqFBkJTJv40E__7DKFJplOYImCOAu-d48YfoqCbHQe-s5S2-8YuRQ6tFWvyw"
/* clang-format on */

#define KEY_FIXTURE_TEXT KEY_FIXTURE_SPKI "|" KEY_FIXTURE_PKCS8

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Common to all fuzz targets. A target is linked with libFuzzer (clang -fsanitize=fuzzer,address,undefined)
 * to search, or with replay_main.c to run a corpus with any compiler.
 */
#ifndef ST_FUZZ_H
#define ST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert() also there with NDEBUG. */
#define FUZZ_EXPECT(CONDITION)                                                                               \
    do {                                                                                                     \
        if (!(CONDITION))                                                                                    \
            abort();                                                                                         \
    } while (0)

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Time in milliseconds, and in microseconds for what is counted.
 */
#ifndef ST_BASE_CLOCK_H
#define ST_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_now_ms(void);       /* since the epoch */
int64_t clock_monotonic_ms(void); /* for deadlines and intervals */
int64_t clock_monotonic_us(void); /* for durations */

#endif

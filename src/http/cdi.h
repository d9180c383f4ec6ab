/* SPDX-License-Identifier: Apache-2.0
 *
 * Versions of the core driver interface (spec: cdi-conventions 1). A version is a number: 2.21 is 221, 5.4 is
 * 504.
 */
#ifndef ST_HTTP_CDI_H
#define ST_HTTP_CDI_H

#include "base/ctx.h"

enum cdi {
    CDI_2_7 = 207,
    CDI_2_9 = 209,
    CDI_2_12 = 212,
    CDI_2_21 = 221,
    CDI_3_0 = 300,
    CDI_3_1 = 301,
    CDI_4_0 = 400,
    CDI_5_0 = 500,
    CDI_5_1 = 501,
    CDI_5_2 = 502,
    CDI_5_3 = 503,
    CDI_5_6 = 506,
    CDI_LATEST = CDI_5_6,
};

extern const char *const cdi_versions[]; /* supported ones, NULL at the end; in the order in which the
                                            reference lists them at GET /apiversion */

/* Result of the negotiation: NUMBER is 0 when the version is none of the supported ones (then only routes
 * that need no version may answer, and before_3_0 tells whether it orders below 3.0). */
struct cdi_choice {
    struct str text;
    int number;
    bool before_3_0;
};

/* HEADER absent: the highest allowed. MAX and MIN are the app's configured limits, absent when not set.
 * Errors 400 with the spec's texts, for steps 3 to 5 of the negotiation. */
enum st_err cdi_negotiate(struct ctx *c, struct str header, struct str max, struct str min,
                          struct cdi_choice *out) ST_MUST_CHECK;

/* Component-wise comparison: <0, 0, >0. Both must be well-formed. */
int cdi_compare(struct str a, struct str b);

#endif

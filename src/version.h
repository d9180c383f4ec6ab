/* SPDX-License-Identifier: Apache-2.0
 *
 * ST_CORE_VERSION is the reference core's version whose interface we speak; it is what log lines show.
 * PACKAGE_VERSION, from configure, is ours.
 */
#ifndef ST_VERSION_H
#define ST_VERSION_H

#define ST_CORE_VERSION "12.1.1"

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * A mail as bytes (RFC 5322, 2045 to 2047; RFC 6532 where an address is not ASCII): text and HTML as
 * alternatives, both quoted-printable, lines ended by CRLF.
 */
#ifndef ST_DELIVER_MIME_H
#define ST_DELIVER_MIME_H

#include "base/buf.h"

enum { MIME_ADDRESS_MAX = 320 }; /* bytes */

struct mime {
    struct str from_name; /* any UTF-8; absent or "": only the address */
    struct str from, to;  /* addresses that mime_is_address accepts */
    struct str subject;   /* any UTF-8; control characters become blanks */
    struct str id;        /* for Message-ID and boundary: letters, digits, - and _ */
    int64_t date_ms;      /* since the epoch */
    struct str text, html;
};

/* A mailbox without name that can stand between < and > in a header and in an SMTP command as it is (RFC 5321
 * 4.1.2 with RFC 6531): local part unquoted or quoted, domain or address literal, no control characters. */
bool mime_is_address(struct str s);
bool mime_is_ascii(struct str s);

struct str mime_message(struct arena *a, const struct mime *m);

#endif

/* enabled.h - what ENABLE turned on: RFC 5161, RFC 9051 6.3.1
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_ENABLED_H
#define MSGSTORE_ENABLED_H

#include <stdbool.h>

struct session;

/* Bits of a session's enabled. */
enum enabled {
	ENABLED_CONDSTORE	= 1 << 0,	/* RFC 7162 3.1 */
	ENABLED_QRESYNC		= 1 << 1,	/* RFC 7162 3.2; with CONDSTORE */
	ENABLED_UIDONLY		= 1 << 2,	/* RFC 9586 3 */
	ENABLED_IMAP4REV2	= 1 << 3,	/* RFC 9051 E */
	ENABLED_UTF8		= 1 << 4	/* RFC 9755 3 */
};

/* Whether all of bits are on. */
bool session_enabled(const struct session *, unsigned int bits);

#endif

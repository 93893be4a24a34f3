/* rights.h - rights on a mailbox: RFC 4314 2.1
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_RIGHTS_H
#define MSGSTORE_RIGHTS_H

#include <stdbool.h>

typedef unsigned int rights_t;

#define RIGHT_LOOKUP	(1u << 0)	/* l: in LIST */
#define RIGHT_READ	(1u << 1)	/* r: SELECT, FETCH, SEARCH, COPY from */
#define RIGHT_SEEN	(1u << 2)	/* s: \Seen */
#define RIGHT_WRITE	(1u << 3)	/* w: flags but \Seen and \Deleted */
#define RIGHT_INSERT	(1u << 4)	/* i: APPEND, COPY into */
#define RIGHT_POST	(1u << 5)	/* p: mail to it */
#define RIGHT_CREATE	(1u << 6)	/* k: children */
#define RIGHT_DELETE_MAILBOX (1u << 7)	/* x: delete or rename it */
#define RIGHT_DELETE	(1u << 8)	/* t: \Deleted */
#define RIGHT_EXPUNGE	(1u << 9)	/* e: EXPUNGE */
#define RIGHT_ADMIN	(1u << 10)	/* a: grants */
#define RIGHTS_ALL	((1u << 11) - 1)
#define RIGHTS_FULL	(RIGHTS_ALL & ~RIGHT_ADMIN)

#define RIGHTS_LETTERS	"lrswipkxtea"	/* bit i is letter i */
#define RIGHTS_MAX	16		/* octets of the letters with NUL */

/*
 * "read" (lrs), "write" (lrswipte), "full" (all but a), or letters, with RFC
 * 4314 2.1.1's "c" (kx) and "d" (xte).  False for anything else; empty is false.
 */
bool rights_parse(const char *, rights_t *);
void rights_format(rights_t, char out[RIGHTS_MAX]);

#endif

/* flag.h - system flags: RFC 9051 2.3.2
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_FLAG_H
#define MSGSTORE_FLAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A message's flags are one 64-bit mask: the system flags, then the mailbox's
 * keywords from FLAG_KEYWORD_FIRST on, numbered by the mailbox's database.
 */
#define FLAG_ANSWERED		(UINT64_C(1) << 0)
#define FLAG_FLAGGED		(UINT64_C(1) << 1)
#define FLAG_DELETED		(UINT64_C(1) << 2)
#define FLAG_SEEN		(UINT64_C(1) << 3)
#define FLAG_DRAFT		(UINT64_C(1) << 4)
#define FLAG_SYSTEM		UINT64_C(0x1f)
#define FLAG_KEYWORD_FIRST	5	/* bit number */
#define FLAG_KEYWORDS_MAX	58	/* a mailbox's keywords: bits 5..62 */
#define FLAG_KEYWORD_MAX_OCTETS	100	/* of one keyword's name */

/* The mask of "\Seen" and its like in any case; 0 for anything else, \Recent
 * included. */
uint64_t flag_system(const char *name);
/* The name of system flag bit 0..4, with its backslash. */
const char *flag_system_name(unsigned int bit);
/* Whether name can be a keyword: RFC 9051 9 "flag-keyword" = atom. */
bool flag_keyword_valid(const char *name);

#endif

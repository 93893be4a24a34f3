/* mboxname.h - mailbox names between the wire and the store
 * SPDX-License-Identifier: ISC
 *
 * In the store a name is NFC UTF-8 with MBOXNAME_SEP between levels, and
 * INBOX is written so.  On the wire it is modified UTF-7 (RFC 3501 5.1.3), the
 * configured delimiter between levels.  A level that holds the delimiter (the
 * setting was changed) shows another character for it: U+2215 for '/', U+2216
 * for '\', U+2024 for '.', and that character comes back as the delimiter. */
#ifndef MSGSTORE_MBOXNAME_H
#define MSGSTORE_MBOXNAME_H

#include <stdbool.h>
#include <stddef.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/err.h"

#define MBOXNAME_SEP		'\x1f'
#define MBOXNAME_SEP_S		"\x1f"
#define MBOXNAME_MAX_OCTETS	1000	/* of a whole name in the store */
#define MBOXNAME_LEVEL_MAX_OCTETS 255
#define MBOXNAME_LEVELS_MAX	64

/*
 * The store's name of what the client sent, in a.  "inbox" in any case
 * becomes INBOX, as a name or as the first level of one.  One trailing
 * delimiter is dropped (RFC 3501 6.3.3: CREATE "foo/").  Refused with
 * ERR_USER CANNOT: bad UTF-7, empty levels, controls, U+2028/2029, non-
 * characters, a level "." or ".."; with LIMIT: overlong names.
 */
const struct err *mboxname_from_wire(struct arena *a, const char *wire,
    char delimiter, const char **name_r);
/* Append the wire's form of a store's name (not quoted). */
void mboxname_to_wire(const char *name, char delimiter, struct buf *);
/*
 * The same checks and normalisation for a name that the administrator gives
 * in plain UTF-8 with the delimiter between levels.
 */
const struct err *mboxname_from_utf8(struct arena *a, const char *utf8,
    char delimiter, const char **name_r);
/* Append plain UTF-8 with the delimiter: for people. */
void mboxname_to_utf8(const char *name, char delimiter, struct buf *);

/*
 * Whether a wire name matches a LIST pattern, both on the wire's side and with
 * the reference already put before the pattern: '*' is any octets, '%' any
 * but the delimiter (RFC 9051 6.3.9).  INBOX in any case as the first level
 * matches.  Takes time O(len(pattern) * len(name)) whatever the pattern.
 */
bool mboxname_match(const char *wire, const char *pattern, char delimiter);
/* Whether some name below wire (a child at any depth) could match. */
bool mboxname_match_below(const char *wire, const char *pattern,
    char delimiter);

/* The NFC of UTF-8, in a, for a pattern; NULL when it is not UTF-8. */
const char *mboxname_nfc(struct arena *a, const char *utf8);

/* Levels: the parent's length (0 for a top level name). */
size_t mboxname_parent(const char *name);
/* Whether child is below parent at any depth. */
bool mboxname_is_below(const char *child, const char *parent);

#endif

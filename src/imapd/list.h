/* list.h - LIST: its arguments and its responses
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_LIST_H
#define MSGSTORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "imapd/session.h"
#include "imapd/status.h"

#define LIST_PATTERNS_MAX	1000
/* Longer than any name can be on the wire: 1,000 octets in the store, each three
 * or more of which are at most 8 in modified UTF-7. */
#define LIST_PATTERN_OCTETS	4096
#define LIST_OCTETS_MAX		16384	/* of all patterns, each with the reference */

/* RFC 9051 6.3.9.1, RFC 6154 2: selection options. */
enum list_select {
	LIST_SELECT_SUBSCRIBED	= 1 << 0,
	LIST_SELECT_REMOTE	= 1 << 1,
	LIST_SELECT_RECURSIVE	= 1 << 2,
	LIST_SELECT_SPECIAL_USE	= 1 << 3
};

/* RFC 9051 6.3.9.2, RFC 6154 2: return options. */
enum list_return {
	LIST_RETURN_SUBSCRIBED	= 1 << 0,
	LIST_RETURN_CHILDREN	= 1 << 1,
	LIST_RETURN_SPECIAL_USE	= 1 << 2,
	LIST_RETURN_STATUS	= 1 << 3
};

struct list_args {
	const char	*reference;
	const char	**patterns;	/* n of them */
	size_t		 n;
	bool		 extended;	/* RFC 5258 1: the syntax */
	unsigned int	 select, returns;
	struct status_items status;
};

/* RFC 5258 6 "list", RFC 3501 9 "list" */
const struct err *list_parse(struct arena *, struct parser *, void **args_r);
/* RFC 3501 9 "lsub"; the arguments are a struct list_args too. */
const struct err *lsub_parse(struct arena *, struct parser *, void **args_r);

/* What names are compared with: the reference and one pattern together. */
struct list_pattern {
	const char	*text;
	bool		 utf8;		/* or modified UTF-7 */
};
struct list_patterns {
	struct list_pattern *patterns;
	size_t		 n;
	struct buf	 utf8, utf7;	/* the name in hand, in both forms */
};
/* Patterns that can match nothing are left out. */
void list_patterns(struct session *, const struct list_args *,
    struct list_patterns *set_r);
void list_patterns_clear(struct list_patterns *);
/* name is in the store's form. */
bool list_matches(struct session *, struct list_patterns *, const char *name);
/* Whether name, or something below it, can match. */
bool list_matches_tree(struct session *, struct list_patterns *,
    const char *name);

/* RFC 9051 7.3.1: attributes. */
enum list_attribute {
	LIST_NONEXISTENT	= 1 << 0,
	LIST_NOSELECT		= 1 << 1,
	LIST_HAS_CHILDREN	= 1 << 2,
	LIST_HAS_NO_CHILDREN	= 1 << 3,
	LIST_SUBSCRIBED		= 1 << 4,
	LIST_NO_ACCESS		= 1 << 5	/* RFC 5465 5.9 */
};

struct list_response {
	const char	*name;		/* in the store's form */
	unsigned int	 attributes;
	const char	*special_use;	/* attributes as they are, or NULL */
	bool		 childinfo;	/* RFC 9051 6.3.9.6 */
	const char	*oldname;	/* as on the wire, or NULL */
};
/* what: "LIST" or "LSUB". */
void list_write(struct session *, const char *what,
    const struct list_response *);
/* RFC 3501 6.3.8: names are not rooted, the root is "". */
void list_write_delimiter(struct session *, const char *what);

/*
 * The LIST response of the mailbox at place, which exists: RFC 9051 6.3.2.
 * oldname is a name as the client wrote it, for OLDNAME, or NULL.  What fails is
 * only logged: the command has done its work.
 */
void list_tell(struct session *, const struct place *, const char *oldname);
/*
 * Whether a name that the client wrote is to be told with OLDNAME: full is
 * written otherwise, and the session is IMAP4rev2 (RFC 9051 6.3.9.7).
 */
bool list_is_oldname(struct session *, const char *wire, const char *full);

#endif

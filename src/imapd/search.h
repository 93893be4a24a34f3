/* search.h - what SEARCH asks for: RFC 3501 6.4.4, 9 "search-key"
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SEARCH_H
#define MSGSTORE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "imapd/msgfile.h"
#include "imapd/selected.h"
#include "mail/match.h"
#include "store/mailbox.h"
#include "wire/parser.h"

#define SEARCH_KEYS_MAX		10000	/* of one command */

enum search_op {
	SEARCH_ALL,
	SEARCH_NONE,		/* made from a keyword that nothing has */
	SEARCH_AND,		/* of the children */
	SEARCH_OR,
	SEARCH_SET,		/* sequence numbers or UIDs */
	SEARCH_FLAGS,		/* all of mask are set */
	SEARCH_RECENT,
	SEARCH_KEYWORD,		/* becomes SEARCH_FLAGS */
	SEARCH_BEFORE,		/* INTERNALDATE */
	SEARCH_ON,
	SEARCH_SINCE,
	SEARCH_MODSEQ,
	SEARCH_LARGER,
	SEARCH_SMALLER,
	SEARCH_SENTBEFORE,	/* the Date: field */
	SEARCH_SENTON,
	SEARCH_SENTSINCE,
	SEARCH_HEADER,
	SEARCH_BODY,
	SEARCH_TEXT
};

/* What it takes to answer a key: each level needs all before it. */
enum search_cost {
	COST_HOT,		/* the narrow columns */
	COST_HEADERS,		/* the cached header fields */
	COST_FILE_HEADER,	/* the file's header */
	COST_FILE		/* all of the file */
};

struct search_key {
	struct search_key *next;	/* its neighbour in an AND or OR */
	struct search_key *child;	/* the first of an AND or OR */
	enum search_op	 op;
	bool		 negate;
	enum search_cost cost;		/* by search_prepare() */
	struct seqset	 set;		/* as written; prepared: UIDs */
	bool		 set_is_uid;
	uint64_t	 mask;
	int32_t		 day;
	uint32_t	 size;
	uint64_t	 modseq;
	const char	*name;		/* of a field or a keyword */
	const char	*text;		/* UTF-8 */
	size_t		 text_len;
	struct match	*match;		/* prepared; search_done() frees it */
};

struct search_args {
	struct search_key *root;	/* an AND */
	bool		 modseq;	/* MODSEQ is among the keys */
};

/* RFC 3501 9 "search", behind the name. */
const struct err *search_parse(struct arena *, struct parser *,
    void **args_r);

/* A prepared search over the selected mailbox. */
struct search {
	struct session	*s;
	struct selected	*sel;
	struct search_key *root;
	struct msgfile	 file;
	bool		 all;		/* any message may match, ... */
	struct seqset	 uids;		/* ... or only these */
	unsigned int	 hot, dear;	/* keys of COST_HOT, and of more */
	uint64_t	 damaged;	/* messages that could not be read */
};

/*
 * Resolve sets and keywords, make the needles, sort keys by cost.  ERR_SYNTAX
 * for sequence numbers that do not exist.  search_done() in any case.
 */
const struct err *search_prepare(struct session *, struct search_key *root,
    struct search *);
#define SEARCH_WANT	(SCAN_HEADERS | SCAN_PARTS)	/* of dear keys */
/*
 * Whether m matches, as far as keys up to a cost tell: SEARCH_MAYBE when
 * dearer ones decide.  A message that is gone or damaged does not match; the
 * first damaged one is logged.
 */
enum search_answer { SEARCH_NO, SEARCH_YES, SEARCH_MAYBE };
const struct err *search_test(struct search *, const struct message *m,
    enum search_cost, enum search_answer *answer_r);
void search_done(struct search *);

#endif

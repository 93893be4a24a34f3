/* search.h - what SEARCH asks for: RFC 9051 6.4.4, 9 "search-key"
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
#include "store/textindex.h"
#include "wire/parser.h"
#include "wire/partial.h"

#define SEARCH_KEYS_MAX		10000	/* of one command */

enum search_op {
	SEARCH_ALL,
	SEARCH_NONE,
	SEARCH_AND,		/* of the children */
	SEARCH_OR,
	SEARCH_SET,		/* sequence numbers or UIDs */
	SEARCH_FLAGS,		/* all of mask are set */
	SEARCH_RECENT,
	SEARCH_KEYWORD,
	SEARCH_BEFORE,		/* INTERNALDATE */
	SEARCH_ON,
	SEARCH_SINCE,
	SEARCH_OLDER,		/* RFC 5032 2 */
	SEARCH_YOUNGER,
	SEARCH_SAVEDBEFORE,	/* RFC 8514 4.3 */
	SEARCH_SAVEDON,
	SEARCH_SAVEDSINCE,
	SEARCH_MODSEQ,		/* RFC 7162 3.1.5 */
	SEARCH_LARGER,
	SEARCH_SMALLER,
	SEARCH_SENTBEFORE,	/* the Date: field */
	SEARCH_SENTON,
	SEARCH_SENTSINCE,
	SEARCH_EMAILID,		/* RFC 8474 6 */
	SEARCH_THREADID,
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
	/* As parsed. */
	struct search_key *next;	/* its neighbour in an AND or OR */
	struct search_key *child;	/* the first of an AND or OR */
	enum search_op	 op;
	bool		 negate;
	bool		 fuzzy;		/* RFC 6203 3 */
	bool		 set_is_uid;
	struct seqset	 set;
	uint64_t	 mask;		/* of SEARCH_FLAGS */
	int32_t		 day;
	uint32_t	 size;		/* octets, or seconds */
	uint64_t	 modseq;
	const char	*name;		/* of a field or a keyword */
	const char	*capability;	/* without which the key is BAD */
	const char	*text;		/* UTF-8 */
	size_t		 text_len;
	/* By search_prepare(). */
	enum search_cost cost;
	bool		 none;		/* nothing can match */
	struct seqset	 uids;		/* what set means, without "$" */
	const struct seqset *saved;	/* "$", which all keys share; or NULL */
	uint64_t	 bits;		/* the flags of mask or the keyword */
	int64_t		 when;		/* seconds: size before now */
	struct match	*match;		/* search_done() frees it */
	const unsigned char *id;	/* OBJECTID_OCTETS; NULL: nobody's */
	/* By search_use_index(): what search.db tells, which search_done() frees. */
	bool		 answered;
	struct text_answer answer;
};

/* RFC 9051 9 "search-return-opts" */
enum search_return_opt {
	RETURN_MIN	= 1 << 0,
	RETURN_MAX	= 1 << 1,
	RETURN_ALL	= 1 << 2,
	RETURN_COUNT	= 1 << 3,
	RETURN_SAVE	= 1 << 4,	/* RFC 9051 6.4.4.1 */
	RETURN_PARTIAL	= 1 << 5,	/* RFC 9394 3.1 */
	RETURN_CONTEXT	= 1 << 6,	/* RFC 5267 4.2: a hint */
	RETURN_UPDATE	= 1 << 7,	/* RFC 5267 4.3 */
	RETURN_RELEVANCY = 1 << 8,	/* RFC 6203 4 */
	/* Those that the ESEARCH response has data for. */
	RETURN_DATA	= RETURN_MIN | RETURN_MAX | RETURN_ALL |
			    RETURN_COUNT | RETURN_PARTIAL
};
struct search_return {
	bool		 given;		/* "()" is RETURN_ALL */
	unsigned int	 opts;
	struct partial	 partial;
	struct fetch_args *fetch;	/* of UPDATE: RFC 5465 7, or NULL */
};

struct search_args {
	struct search_return ret;
	struct search_key *root;	/* an AND; NULL with bad_charset */
	bool		 modseq;	/* MODSEQ is among the keys */
	bool		 fuzzy;		/* FUZZY is */
	bool		 charset;	/* one was named ... */
	const struct err *bad_charset;	/* ... that is not known: ERR_USER */
};

/* RFC 9051 9 "search", behind the name. */
const struct err *search_parse(struct arena *, struct parser *,
    void **args_r);

/*
 * SP, then all that SEARCH takes, through the line's end.  When the first word is
 * what, fn reads what belongs to it, before anything else (RFC 7377 4).
 */
bool search_parse_program(struct arena *, struct parser *, const char *what,
    bool (*fn)(struct arena *, struct parser *, void *), void *arg,
    struct search_args *);
/*
 * RFC 5256 5 "search-criteria": the character set and the keys, through the
 * line's end, for commands that search too.
 */
bool search_parse_criteria(struct arena *, struct parser *,
    struct search_args *);

/* A prepared search. */
struct search {
	struct session	*s;
	struct mailbox	*mbox;
	struct selected	*sel;		/* when it is the selected mailbox */
	/* The messages' numbers, for keys that name them: of sel, or own. */
	const struct view *view;
	struct view	 own_view;
	uint32_t	 recent;	/* the first such UID, without sel */
	struct search_key *root;
	struct msgfile	 file;
	const struct seqset *saved;	/* a copy of "$", once a key has it */
	bool		 all;		/* any message may match, ... */
	struct seqset	 uids;		/* ... or only these */
	unsigned int	 hot, dear;	/* keys of COST_HOT, and of more */
	unsigned int	 want;		/* columns for the dear ones */
	int64_t		 now;		/* seconds since 1970 */
	bool		 fuzzy;		/* scores are wanted */
	bool		 indexed;	/* keys are answered by search.db ... */
	uint32_t	 index_upto;	/* ... up to this UID */
	size_t		 index_octets;	/* of memory that the answers take */
	unsigned int	 score_sum, score_n;	/* of the message that is tested */
	uint64_t	 damaged;	/* messages that could not be read */
};

/*
 * Prepare to search a mailbox, the selected one when mbox is NULL: resolve sets
 * and keywords, make the needles, sort keys by cost.  Message numbers that do not
 * exist match nothing (RFC 7377 2).  search_done() in any case; then the keys can
 * be prepared again.
 */
const struct err *search_prepare(struct session *, struct mailbox *mbox,
    struct search_key *root, struct search *);
/* All UIDs that a prepared SEARCH_SET means. */
struct seqset search_key_uids(struct arena *, const struct search_key *);
/*
 * Between search_prepare() and the first test: let search.db answer what it can.
 * What it rules out is not in search->uids then.
 */
void search_use_index(struct search *);
enum search_answer { SEARCH_NO, SEARCH_YES, SEARCH_MAYBE };
/*
 * Whether m matches, as far as keys up to a cost tell: SEARCH_MAYBE when
 * dearer ones decide.  A message that is gone or damaged does not match; the
 * first damaged one is logged.  One that cannot be read now is an error.
 */
const struct err *search_test(struct search *, const struct message *m,
    enum search_cost, enum search_answer *answer_r);
/* Of the message that was tested last: 1 to 100 (RFC 6203 4). */
unsigned int search_score(const struct search *);
/* What search.db tells of a message and one key. */
enum search_answer search_index_answer(const struct search *,
    const struct search_key *, uint32_t uid);
void search_done(struct search *);

/* The messages that were found. */
struct found {
	struct seqset_builder uids;
	uint64_t	 count;
	/* Of the first, of the last, and the highest of all. */
	uint64_t	 modseq_first, modseq_last, modseq;
	/* With FUZZY: an octet for each, 1 to 100. */
	struct buf	 scores;
};
/* That of a UID; 0 when there is none.  *hint starts at 0 and makes a walk in
 * rising order cheap. */
struct score_hint { size_t range, before; };
unsigned int found_score(const struct found *, uint32_t uid,
    struct score_hint *hint);
/*
 * Search the view of the selected mailbox (mbox NULL), or all that is in another.
 * enough: the first so many matches are all that is wanted; 0: all.  ERR_IO when
 * the client is gone.  found_clear() in any case.
 */
const struct err *search_find(struct session *, struct mailbox *mbox,
    struct search_key *root, uint64_t enough, struct found *);
/* Those of the selected mailbox's messages in uids that match. */
const struct err *search_find_among(struct session *,
    struct search_key *root, const struct seqset *uids, struct found *);
/*
 * The same for who reads each message found once more: where all are asked for
 * they are not read here, and may be gone.
 */
const struct err *search_find_unread(struct session *,
    struct search_key *root, struct found *);
void found_clear(struct found *);

/* What speaks against a search before it begins: options that are turned off, a
 * character set that is not known. */
const struct err *search_begin(struct session *, const struct search_args *);

/* "RETURN" was read: the options in parentheses. */
bool search_return_parse(struct parser *, struct search_return *);
/* ERR_SYNTAX when an option belongs to a capability that is turned off. */
const struct err *search_return_check(const struct session *,
    const struct search_return *);
/* How many matches settle what is to be returned; 0: all of them. */
uint64_t search_return_enough(const struct search_return *);
/*
 * What is found goes into "$", when SAVE was given.  found NULL: the search
 * failed, "$" is empty.
 */
void search_return_save(struct session *, const struct search_return *,
    const struct found *);
/* The SEARCH or ESEARCH response: RFC 9051 7.3.4.  modseq: with it. */
void search_return_tell(struct session *, const struct search_return *,
    bool is_uid, bool modseq, const struct found *);
/* The mailbox that an ESEARCH response is of: RFC 7377 2.1 */
struct search_where {
	const char	*mailbox;	/* in the store's form, as the user sees it */
	uint32_t	 uidvalidity;
};
/* The ESEARCH response of one of several mailboxes, always of UIDs. */
void search_return_tell_where(struct session *, const struct search_return *,
    const struct search_where *, bool modseq, const struct found *);
/* The same of n results in the order of a SORT: UIDs to save; and the ESEARCH
 * response, of numbers or UIDs, with their scores where RELEVANCY is wanted. */
void search_return_save_sorted(struct session *, const struct search_return *,
    const struct found *, const uint32_t *uids, size_t n);
const struct err *search_return_tell_sorted(struct session *,
    const struct search_return *, bool is_uid, bool modseq,
    const struct found *, const uint32_t *numbers, size_t n,
    const char *scores);

#endif

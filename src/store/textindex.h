/* textindex.h - search.db: which messages of a mailbox may hold a text
 * SPDX-License-Identifier: ISC
 *
 * What is there may be older than the mailbox, or lost: it is made of the
 * messages alone, and what it does not know is looked for in them.  A message
 * never changes, and its UID is never given again: what was noted once of it
 * stays true.
 *
 * Each message is kept as its words (mail/words.h): one that all words of are
 * known is answered for without a look at its file.  Which words a key is a part
 * of tells an index of three characters in a row (SQLite's FTS5, trigram); each
 * candidate is then compared with the key.
 *
 * No one waits: not who searches for who writes, nor the other way round. */
#ifndef MSGSTORE_TEXTINDEX_H
#define MSGSTORE_TEXTINDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/mailbox.h"
#include "store/uidmap.h"
#include "util/err.h"

struct textindex;

#define TEXTINDEX_LEAST	100	/* messages: fewer are looked at as fast */

/* --- Looking something up --- */

/*
 * Open the index of a mailbox, in the state that it is in now, until it is
 * closed.  NULL in *ix_r when there is none that is fit for use.
 */
void textindex_open(struct mailbox *, struct textindex **ix_r);
void textindex_close(struct textindex *);	/* NULL is fine */
/* It knows messages up to this UID. */
uint32_t textindex_upto(const struct textindex *);

enum text_scope {
	TEXT_HEADERS,		/* of the message and its parts, but not of
				 * messages in it */
	TEXT_BODY,		/* what BODY looks at (match.h) */
	TEXT_SUBJECT,		/* the values of one header field */
	TEXT_FROM,
	TEXT_TO,
	TEXT_CC,
	TEXT_SCOPES
};
#define TEXT_SCOPE(s)	(1u << (s))
/* The scope of a header field's values alone; TEXT_HEADERS: it has none. */
enum text_scope text_scope(const char *name);

/* Of messages up to textindex_upto(): who is in neither set does not hold it. */
struct text_answer {
	struct uidmap	 sure;		/* who hold it */
	struct uidmap	 maybe;		/* who must be looked at */
};
/*
 * Who holds key, len octets of case-mapped text, in one of the scopes (a mask of
 * TEXT_SCOPE()).
 * False when that cannot be told faster than by looking at all of them; nothing is
 * in the answer then.  text_answer_clear() in any case.
 */
bool textindex_find(struct textindex *, unsigned int scopes, const char *key,
    size_t len, struct text_answer *);
/*
 * The same of all that have a header field called name: who may.
 */
bool textindex_find_field(struct textindex *, const char *name,
    struct text_answer *);
void text_answer_clear(struct text_answer *);

/* --- Making it --- */

/*
 * Note more messages, in the order of their UIDs: at most max of them, and about
 * 16 MB.  An index that is damaged, or not of this mailbox, is made anew.
 * *more_r tells that some are left.  Does nothing when another process is at it:
 * *busy_r.
 */
const struct err *textindex_build(struct mailbox *, uint32_t max, bool *more_r,
    bool *busy_r);
/* Remove it; *busy_r tells that it is in use and still there. */
const struct err *textindex_remove(struct mailbox *, bool *busy_r);

struct textindex_state {
	bool		 exists;
	uint32_t	 upto;		/* UID */
	uint64_t	 messages;	/* that were noted, those gone since too */
	uint64_t	 unread;	/* of them, those that are always looked at */
	uint64_t	 words;
	uint64_t	 octets;	/* that it takes on the disk */
};
void textindex_state(struct mailbox *, struct textindex_state *);

#endif

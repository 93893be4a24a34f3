/* textindex-private.h - what the files of search.db share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_TEXTINDEX_PRIVATE_H
#define MSGSTORE_TEXTINDEX_PRIVATE_H

#include "store/mailbox-private.h"
#include "store/textindex.h"

struct textindex {
	struct mailbox	*mbox;
	struct db	*db;
	int		 lockfd;
	bool		 reading;	/* in a transaction */
	bool		 damaged;	/* textindex_close() removes it */
	/* Of table state. */
	uint32_t	 upto;
	uint64_t	 messages;
};

/*
 * A term of table mail is a letter, which tells scope and kind, with the number of
 * a word in hexadecimal digits, or with a gram.
 */
#define TERM_WORD(scope)	("abcdef"[scope])
#define TERM_GRAM(scope)	("uvwxyz"[scope])
/*
 * FTS5 knows no capital from a small letter there, but case-mapped text has both:
 * those that a compatibility character is made of stay small (RFC 5051 2).
 */
void textindex_put_gram(struct buf *, const char *s, size_t len);

/*
 * Of the file search.lock.  Octet 0 is held by who writes.  Octet 1 is shared by
 * all who have search.db open, and held alone by who removes it: a log of a new
 * file must not be read as that of the old one.
 */
enum { LOCK_WRITER, LOCK_USE };
bool textindex_lock(int fd, int octet, short type);	/* F_RDLCK, F_WRLCK, F_UNLCK */
const struct err *textindex_lock_open(struct mailbox *, int *fd_r);

/*
 * Open search.db, with the lock for use taken; NULL in *ix_r when there is none.
 * *fit_r is false for one that must be made anew.  An error is one of reading.
 */
const struct err *textindex_open_file(struct mailbox *, int lockfd,
    struct textindex **ix_r, bool *fit_r);
/*
 * Whether an error of the database means that it must be made anew: all but want of
 * memory, space or descriptors, and a lock that another has.
 */
bool textindex_is_damage(const struct err *);
/* Unlink the files; false: they are in use. */
bool textindex_unlink(struct mailbox *, int lockfd);

#endif

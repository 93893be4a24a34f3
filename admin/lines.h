/* lines.h - lines of a file or a pipe, and messages made of them
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_LINES_H
#define MSGSTORE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/mailbox.h"
#include "util/err.h"

#define LINES_BUFFER	65536	/* octets; longer lines come in pieces */

/* A line, its LF included, or a piece of a very long one. */
struct line {
	const char	*s;	/* until the next call */
	size_t		 len;
	bool		 begins;	/* first piece of its line */
};

struct lines;
struct lines *lines_new(int fd);	/* does not own fd */
void lines_free(struct lines *);	/* NULL is fine */
/* The next piece, or false in *more_r at the end. */
const struct err *lines_next(struct lines *, struct line *, bool *more_r);
uint64_t lines_count(const struct lines *);	/* octets given out so far */

/* Of a whole line: nothing before its line end. */
bool line_is_empty(const struct line *);
/*
 * How many octets are the text, where CRLF is to become LF: without its CRLF.
 * All, where there is none; and where another CR is before it, which would be
 * lost when LF becomes CRLF again.
 */
size_t line_text(const struct line *);
/* Whether a line that begins a field has this field name, in any case. */
bool line_is_field(const struct line *, const char *name);

/*
 * Octets on their way into an upload: LF becomes CRLF, a NUL (which IMAP cannot
 * send, RFC 3501 9 "CHAR8") becomes '?', all else stays as it is.
 */
struct feed {
	struct upload	*up;		/* owned */
	uint64_t	 limit;		/* octets; 0 is none */
	uint64_t	 size;		/* so far, more than limit: too big */
	bool		 cr;		/* the last octet was CR */
	size_t		 len;
	char		 buf[16384];
};

const struct err *feed_open(struct feed *, struct mailbox *, uint64_t limit);
/* What goes beyond the limit is counted and not written. */
const struct err *feed_octets(struct feed *, const void *, size_t len);
const struct err *feed_string(struct feed *, const char *);
bool feed_too_big(const struct feed *);
/* Write what is held; finishes the upload, which is the caller's then. */
const struct err *feed_finish(struct feed *, struct upload **up_r);
void feed_close(struct feed *);		/* also after feed_finish() */

#endif

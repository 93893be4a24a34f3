/* match.h - substring search under i;unicode-casemap: RFC 5051, RFC 9051 6.4.4
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_MATCH_H
#define MSGSTORE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/parts.h"
#include "util/buf.h"
#include "util/err.h"

struct match;

/* How texts are compared: RFC 5255 4.2, RFC 4790 9. */
enum collation {
	COLLATION_UNICODE_CASEMAP,	/* i;unicode-casemap: RFC 5051 */
	COLLATION_ASCII_CASEMAP,	/* i;ascii-casemap */
	COLLATION_OCTET			/* i;octet */
};

/*
 * Append the case-mapped form (RFC 5051 2) of len octets of UTF-8 at s.  Each
 * character is mapped alone: the form of two strings put together is their
 * forms put together.
 * DEVIATION RFC 5051 2: what is not UTF-8 becomes U+FFFD, and the rest is
 * mapped all the same: one wrong octet in a message does not make the text
 * around it sensitive to case.
 */
void casemap(const char *s, size_t len, struct buf *);

/* Append what a collation compares octet by octet. */
void collate(enum collation, const char *s, size_t len, struct buf *);

/* A needle of len octets of UTF-8.  The empty needle is in everything. */
struct match *match_new(enum collation, const char *utf8, size_t len);
/*
 * The same, but words that are nearly those of the needle count: what looks for it
 * says true only when it cannot be met better.  match_begin() before each message;
 * match_score() tells 1 to 100 then, or 0 (fuzzy.h).
 */
struct match *match_new_fuzzy(enum collation, const char *utf8, size_t len);
void match_begin(const struct match *);
unsigned int match_score(const struct match *);
/*
 * One that finds nothing, but is given all that is looked at: case-mapped, in
 * pieces of whole characters; end() where a text ends, and no needle goes on into
 * the next.  A header field that is long is given as a field and as its value,
 * which are read in other pieces.
 */
struct match_sink {
	void	(*feed)(void *, const char *s, size_t len);
	void	(*end)(void *);
	void	*arg;
};
struct match *match_new_sink(const struct match_sink *);
void match_free(struct match *);		/* NULL is fine */

/* Whether the needle is in len octets of UTF-8 at s. */
bool match_utf8(const struct match *, const char *s, size_t len);
/* Whether it is in a header's raw value: unfolded, encoded words decoded. */
bool match_header(const struct match *, const char *value, size_t len);
/* Whether it is in any field of a header block, names included ("Subject: x"),
 * each field unfolded and decoded. */
bool match_header_block(const struct match *, const char *s, size_t len);
/*
 * Whether it is in the decoded text of a part of the message file fd: text
 * parts and nested messages' headers match; other parts never do, but for the
 * empty needle.  Reads the file in pieces; constant memory.  BODY (RFC 9051
 * 6.4.4) is this for all of parts_next().
 */
const struct err *match_part(const struct match *, int fd, const struct part *,
    bool *found_r);
/*
 * Whether it is in the header of a part: that of the message, of a nested one,
 * or the MIME fields.  TEXT (RFC 9051 6.4.4) is match_part() and this for all
 * of parts_next().
 */
const struct err *match_part_header(const struct match *, int fd,
    const struct part *, bool *found_r);

#endif

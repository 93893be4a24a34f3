/* header.h - header fields: RFC 5322 2.2
 * SPDX-License-Identifier: ISC
 *
 * Works on memory that holds octets as received.  Lines end in CRLF; a bare LF
 * counts as a line's end too, and so does CR CR LF, which programs write that
 * make CRLF of LF where it was done before: a header whose lines all end so would
 * take the body with it.  Nothing is trusted: no line has a maximum
 * length, names may be missing, the last line may be unfinished. */
#ifndef MSGSTORE_HEADER_H
#define MSGSTORE_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/arena.h"
#include "util/buf.h"

struct header_field {
	const char	*raw;		/* the field with its line ends */
	size_t		 raw_len;
	const char	*name;		/* without blanks before the colon */
	size_t		 name_len;	/* 0: the line has no colon */
	const char	*value;		/* behind the colon, folds and all */
	size_t		 value_len;	/* without the last line's end */
};

struct header_iter {
	const char	*s, *end;
};

/* Whether a line of len octets, its end among them, has nothing else: it ends a
 * header, and has HEADER_EMPTY_MAX octets at most. */
#define HEADER_EMPTY_MAX	8
bool header_line_is_empty(const char *line, size_t len);

/* Octets of the header block at s: through the empty line that ends it, or
 * all of len when there is none.  A line without a colon does not end it. */
size_t header_length(const char *s, size_t len);

/* Walk the fields of a header block; false after the last (or at the empty
 * line). */
void header_first(struct header_iter *, const char *s, size_t len);
bool header_next(struct header_iter *, struct header_field *);
/* Whether the field has this name, case-insensitive. */
bool header_is(const struct header_field *, const char *name);

/*
 * The value without folds (a line's end before a blank is dropped, RFC 5322 2.2.3),
 * without blanks around it, NULs as '?', cut at max octets, in a.
 */
char *header_unfold(struct arena *a, const struct header_field *, size_t max);

/*
 * The fields that are (not = false) or are not among n names, then the empty
 * line: what BODY[HEADER.FIELDS (...)] gives (RFC 9051 6.4.5).  A block without
 * the empty line gives none: that message has no body.  fn gets the pieces in
 * order; returns the octets in all.  fn may be NULL to count only.
 */
size_t header_filter(const char *s, size_t len, const char *const *names,
    size_t n, bool not, void (*fn)(void *, const char *, size_t), void *arg);

/*
 * The fields that clients ask for most are kept beside the message.  These
 * two say which, so that a request for others goes to the file.
 */
bool header_is_cached(const char *name);
/* Append the cached fields of a header block, raw, then its empty line.  A
 * block whose cached fields exceed HEADER_CACHE_MAX appends nothing: the file
 * answers. */
#define HEADER_CACHE_MAX	16384	/* octets */
void header_cache(const char *s, size_t len, struct buf *);

#endif

/* buf.h - octets that grow
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_BUF_H
#define MSGSTORE_BUF_H

#include <stddef.h>

/* A plain value: { 0 } is an empty buffer.  s may hold NULs, and is not
 * terminated unless buf_str() was called last. */
struct buf {
	char	*s;
	size_t	 len;	/* octets in use */
	size_t	 size;	/* octets allocated */
};

/* Out of memory is fatal() in all of these. */
void buf_clear(struct buf *);		/* frees; the buffer can be used again */
void buf_reset(struct buf *);		/* len = 0, keeps the memory */
void buf_add(struct buf *, const void *, size_t len);
void buf_addc(struct buf *, char);
void buf_adds(struct buf *, const char *);
void buf_addf(struct buf *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* Makes room for len more octets and returns where they go; the caller adds
 * what it wrote to ->len. */
char *buf_room(struct buf *, size_t len);
/* Puts a NUL behind the octets, not counted in len, and returns ->s. */
char *buf_str(struct buf *);

#endif

/* charset.h - character sets to UTF-8: RFC 3629 3
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CHARSET_H
#define MSGSTORE_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define CHARSET_REPLACEMENT	0xfffd	/* stands for what is not valid */
#define CHARSET_HELD_MAX	32	/* octets that converter_feed() may leave */

/*
 * The character that begins at s.  Returns its octets, 1 to 4; 0 when len ends
 * before it does; -1 when no character begins so (RFC 3629 4).
 */
int utf8_get(const char *s, size_t len, uint32_t *c_r);
/* Append a character. */
void utf8_put(uint32_t c, struct buf *);

/* The character of an octet in windows-1252. */
uint32_t charset_1252(unsigned char);

struct converter;
/* From this character set; see decoder_new() for what an unknown one does.
 * NULL: UTF-8, with octets that are not taken for windows-1252. */
struct converter *converter_new(const char *charset);
void converter_free(struct converter *);	/* NULL is fine */
/* Give back what is kept of the sets that were met, so that the next converters
 * are made fast: when a while without any begins. */
void charset_rest(void);
/*
 * Convert len octets at s and append to out.  Returns the octets used: those
 * left, fewer than CHARSET_HELD_MAX, go in front of the next ones.  end: none
 * are left.
 */
size_t converter_feed(struct converter *, const char *s, size_t len, bool end,
    struct buf *out);

#endif

/* buf.c - octets that grow
 * SPDX-License-Identifier: ISC */
#include "util/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"

char *
buf_room(struct buf *b, size_t len)
{
	size_t size = b->size > 0 ? b->size : 256;

	if (len > SIZE_MAX / 4 - b->len)
		fatal("buffer of %zu octets", len);
	while (size < b->len + len)
		size *= 2;
	if (size > b->size) {
		b->s = realloc(b->s, size);
		if (b->s == NULL)
			fatal("out of memory (%zu octets)", size);
		b->size = size;
	}
	return b->s + b->len;
}

void
buf_clear(struct buf *b)
{
	free(b->s);
	*b = (struct buf){ 0 };
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
}

void
buf_add(struct buf *b, const void *s, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_room(b, len), s, len);
	b->len += len;
}

void
buf_addc(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->len++;
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		fatal("vsnprintf: bad format");
	va_start(ap, fmt);
	vsnprintf(buf_room(b, (size_t)len + 1), (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
}

char *
buf_str(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return b->s;
}

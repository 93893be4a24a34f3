/* lines.c - lines of a file or a pipe, and messages made of them
 * SPDX-License-Identifier: ISC */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "util/log.h"

struct lines {
	int		fd;
	bool		eof;
	bool		inside;		/* the last piece did not end its line */
	size_t		pos, len;
	uint64_t	count;
	char		buf[LINES_BUFFER];
};

struct lines *
lines_new(int fd)
{
	struct lines *in = malloc(sizeof(*in));

	if (in == NULL)
		fatal("out of memory");
	memset(in, 0, offsetof(struct lines, buf));
	in->fd = fd;
	return in;
}

void
lines_free(struct lines *in)
{
	free(in);
}

/* Make room at the end and read once. */
static const struct err *
fill(struct lines *in)
{
	ssize_t n;

	memmove(in->buf, in->buf + in->pos, in->len - in->pos);
	in->len -= in->pos;
	in->pos = 0;
	do
		n = read(in->fd, in->buf + in->len, LINES_BUFFER - in->len);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_io("read: %s", strerror(errno));
	if (n == 0)
		in->eof = true;
	in->len += (size_t)n;
	return NULL;
}

const struct err *
lines_next(struct lines *in, struct line *line, bool *more_r)
{
	size_t seen = 0;
	char *lf;

	for (;;) {
		size_t have = in->len - in->pos;
		const struct err *err;

		lf = memchr(in->buf + in->pos + seen, '\n', have - seen);
		if (lf != NULL || in->eof || have == LINES_BUFFER)
			break;
		seen = have;
		err = fill(in);
		if (err != NULL)
			return err;
	}
	line->s = in->buf + in->pos;
	line->len = lf != NULL ? (size_t)(lf + 1 - line->s) :
	    in->len - in->pos;
	line->begins = !in->inside;
	in->inside = lf == NULL;
	in->pos += line->len;
	in->count += line->len;
	*more_r = line->len > 0;
	return NULL;
}

uint64_t
lines_count(const struct lines *in)
{
	return in->count;
}

bool
line_is_empty(const struct line *line)
{
	return line->begins && line->len > 0 && (line->s[0] == '\n' ||
	    (line->len == 2 && line->s[0] == '\r' && line->s[1] == '\n'));
}

bool
line_is_field(const struct line *line, const char *name)
{
	size_t len = strlen(name);

	if (line->len <= len || strncasecmp(line->s, name, len) != 0)
		return false;
	/* RFC 5322 4.5: blanks before the colon are obsolete, and met. */
	while (len < line->len && (line->s[len] == ' ' ||
	    line->s[len] == '\t'))
		len++;
	return len < line->len && line->s[len] == ':';
}

size_t
line_text(const struct line *line)
{
	size_t len = line->len;

	if (len < 2 || line->s[len - 1] != '\n' || line->s[len - 2] != '\r')
		return len;
	/* What is before this piece may be a CR too. */
	if (len == 2 ? !line->begins : line->s[len - 3] == '\r')
		return len;
	return len - 2;
}

const struct err *
feed_open(struct feed *f, struct mailbox *mbox, uint64_t limit)
{
	memset(f, 0, offsetof(struct feed, buf));
	f->limit = limit;
	return upload_new(mbox, &f->up);
}

bool
feed_too_big(const struct feed *f)
{
	return f->limit != 0 && f->size > f->limit;
}

static const struct err *
feed_flush(struct feed *f)
{
	const struct err *err = NULL;

	if (f->len > 0 && !feed_too_big(f))
		err = upload_write(f->up, f->buf, f->len);
	f->len = 0;
	return err;
}

const struct err *
feed_octets(struct feed *f, const void *octets, size_t len)
{
	const char *s = octets;

	for (size_t i = 0; i < len; i++) {
		char c = s[i] == '\0' ? '?' : s[i];

		if (f->len + 2 > sizeof(f->buf)) {
			const struct err *err = feed_flush(f);

			if (err != NULL)
				return err;
		}
		if (c == '\n' && !f->cr) {
			f->buf[f->len++] = '\r';
			f->size++;
		}
		f->buf[f->len++] = c;
		f->size++;
		f->cr = c == '\r';
	}
	return NULL;
}

const struct err *
feed_string(struct feed *f, const char *s)
{
	return feed_octets(f, s, strlen(s));
}

const struct err *
feed_finish(struct feed *f, struct upload **up_r)
{
	const struct err *err = feed_flush(f);

	if (err == NULL)
		err = upload_finish(f->up);
	if (err != NULL)
		return err;
	*up_r = f->up;
	f->up = NULL;
	return NULL;
}

void
feed_close(struct feed *f)
{
	upload_free(f->up);
	f->up = NULL;
}

/* import-mbox.c - read an mbox file, with what is met in practice
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "import.h"
#include "lines.h"
#include "maildate.h"

/*
 * Our own export puts these three at the top, in this order.  They are the
 * file's and not the message's: dropped when they are read back.  Such fields
 * elsewhere were written by others: read, and kept.
 */
static const char *const own_fields[] = { "Status", "X-Status",
    "X-Keywords" };
#define OWN_N	3

struct mbox {
	struct import	*im;
	struct arena	*arena;		/* of one field */
	const char	*file;
	struct lines	*lines;
	struct feed	 feed;
	bool		 open;		/* in a message */
	bool		 header;	/* no empty line yet */
	bool		 skip;		/* the rest of a long "From " line */
	bool		 after_empty;	/* the line before was empty */
	bool		 held_empty;	/* may belong to the next "From " */
	int		 own_n;		/* own fields held; -1: no more of them */
	bool		 own;		/* they were there: others do not count */
	struct buf	 held;		/* their lines */
	bool		 dated;
	struct datetime	 date;
	uint64_t	 flags;
	uint64_t	 number, offset;	/* of the message */
};

/* The value behind the colon of a field that is one piece. */
static char *
field_value(struct mbox *m, const struct line *line)
{
	const char *colon = memchr(line->s, ':', line->len);
	const char *end = line->s + line->len;

	return arena_memdup(m->arena, colon + 1, (size_t)(end - colon - 1));
}

static void
letters_to_flags(struct mbox *m, const char *s)
{
	for (; *s != '\0'; s++)
		switch (*s) {
		case 'R':
			m->flags |= FLAG_SEEN;
			break;
		case 'A':
			m->flags |= FLAG_ANSWERED;
			break;
		case 'F':
			m->flags |= FLAG_FLAGGED;
			break;
		case 'D':
			m->flags |= FLAG_DELETED;
			break;
		case 'T':
			m->flags |= FLAG_DRAFT;
			break;
		}
}

/* Mozilla's four hexadecimal digits: read, replied, flagged, expunged. */
static void
mozilla_to_flags(struct mbox *m, const char *s)
{
	unsigned long bits = strtoul(s, NULL, 16);

	if (bits & 0x0001)
		m->flags |= FLAG_SEEN;
	if (bits & 0x0002)
		m->flags |= FLAG_ANSWERED;
	if (bits & 0x0004)
		m->flags |= FLAG_FLAGGED;
	if (bits & 0x0008)
		m->flags |= FLAG_DELETED;
}

static const struct err *
words_to_keywords(struct mbox *m, char *s)
{
	const struct err *err = NULL;
	char *word;

	while (err == NULL && (word = strsep(&s, " ,\t\r\n")) != NULL)
		if (*word != '\0')
			err = import_keyword(m->im, word, &m->flags);
	return err;
}

/* What a field tells about the message beside its octets. */
static const struct err *
read_field(struct mbox *m, const struct line *line)
{
	/* A header of a gigabyte of such fields takes no more than one. */
	arena_reset(m->arena);
	if (line_is_field(line, "Status") || line_is_field(line, "X-Status"))
		letters_to_flags(m, field_value(m, line));
	else if (line_is_field(line, "X-Keywords") ||
	    line_is_field(line, "X-Mozilla-Keys"))
		return words_to_keywords(m, field_value(m, line));
	else if (line_is_field(line, "X-Mozilla-Status"))
		mozilla_to_flags(m, field_value(m, line));
	else if (!m->dated && line_is_field(line, "Date")) {
		const char *value = field_value(m, line);

		m->dated = maildate_parse(value, strlen(value), &m->date);
	}
	return NULL;
}

/* The held lines: read them, and feed them when they are not our own. */
static const struct err *
release_held(struct mbox *m, bool own)
{
	const struct err *err = NULL;
	char *s = m->held.s, *end = s + m->held.len;

	m->own = own;
	m->own_n = -1;
	while (err == NULL && s < end) {
		char *lf = memchr(s, '\n', (size_t)(end - s));
		struct line line = { .s = s, .begins = true };

		line.len = lf != NULL ? (size_t)(lf + 1 - s) :
		    (size_t)(end - s);
		err = read_field(m, &line);
		s += line.len;
	}
	if (err == NULL && !own)
		err = feed_octets(&m->feed, m->held.s, m->held.len);
	buf_reset(&m->held);
	return err;
}

/* Hold the line when it is the own field that comes next. */
static bool
hold_line(struct mbox *m, const struct line *line)
{
	if (m->own_n < 0 || m->own_n == OWN_N || !line->begins ||
	    line->s[line->len - 1] != '\n' ||
	    !line_is_field(line, own_fields[m->own_n]))
		return false;
	buf_add(&m->held, line->s, line->len);
	m->own_n++;
	return true;
}

static const struct err *
header_line(struct mbox *m, const struct line *line)
{
	const struct err *err = NULL;

	if (hold_line(m, line))
		return NULL;
	if (m->own_n >= 0)
		err = release_held(m, m->own_n == OWN_N &&
		    line->s[0] != ' ' && line->s[0] != '\t');
	if (err == NULL && line->begins && !m->own)
		err = read_field(m, line);
	if (err == NULL && line->begins && m->own && !m->dated &&
	    line_is_field(line, "Date"))
		err = read_field(m, line);
	return err != NULL ? err : feed_octets(&m->feed, line->s, line->len);
}

static const struct err *
message_end(struct mbox *m)
{
	struct upload *up = NULL;
	const struct err *err = NULL;

	if (!m->open)
		return NULL;
	m->open = false;
	if (m->own_n > 0)
		err = release_held(m, m->own_n == OWN_N);
	if (err == NULL && m->feed.size <= 2)	/* an empty line at most */
		import_damaged(m->im, "%s: message %" PRIu64 " at octet %"
		    PRIu64 " is empty", m->file, m->number, m->offset);
	else if (err == NULL && feed_too_big(&m->feed))
		import_damaged(m->im, "%s: message %" PRIu64 " at octet %"
		    PRIu64 " is too large", m->file, m->number, m->offset);
	else if (err == NULL)
		err = feed_finish(&m->feed, &up);
	feed_close(&m->feed);
	buf_reset(&m->held);
	if (up != NULL)
		err = import_message(m->im, up, m->flags, &m->date);
	progress_show(&m->im->progress, lines_count(m->lines),
	    m->im->imported + m->im->n);
	return err;
}

/* Behind the sender, who may have a number for a name, or a month. */
static bool
from_date(const struct line *line, struct datetime *date_r)
{
	const char *s = line->s + 5, *end = line->s + line->len;

	while (s < end && *s != ' ')
		s++;
	return maildate_parse(s, (size_t)(end - s), date_r);
}

static const struct err *
message_begin(struct mbox *m, const struct line *line)
{
	const struct err *err;

	m->dated = from_date(line, &m->date);
	if (!m->dated)
		m->date = admin_now();
	m->header = true;
	m->held_empty = m->own = false;
	m->after_empty = true;	/* an empty message may be without a line */
	m->own_n = 0;
	m->flags = 0;
	m->number++;
	m->offset = lines_count(m->lines) - line->len;
	m->skip = true;
	err = feed_open(&m->feed, m->im->mbox, IMPORT_MESSAGE_MAX);
	if (err == NULL)
		upload_sync_late(m->feed.up);
	m->open = err == NULL;
	return err;
}

/*
 * Whether a "From " line separates messages: it does behind an empty line when
 * it has a date, or but one word: a sentence of a text that nobody quoted
 * ("From here on ...") has neither.
 */
static bool
is_separator(const struct mbox *m, const struct line *line)
{
	struct datetime date;
	size_t n = line->len;

	/* "From :joe" is a field: RFC 5322 4.5. */
	if (!line->begins || n < 5 || memcmp(line->s, "From ", 5) != 0 ||
	    line_is_field(line, "From"))
		return false;
	if (!m->open)
		return true;
	if (!m->after_empty)
		return false;
	while (n > 5 && memchr(" \t\r\n", line->s[n - 1], 4) != NULL)
		n--;
	return memchr(line->s + 5, ' ', n - 5) == NULL ||
	    from_date(line, &date);
}

/* ">From ", ">>From ": one '>' was put before it. */
static bool
is_quoted(const struct line *line)
{
	size_t n = 0;

	if (!line->begins)
		return false;
	while (n < line->len && line->s[n] == '>')
		n++;
	return n > 0 && line->len - n >= 5 &&
	    memcmp(line->s + n, "From ", 5) == 0;
}

static const struct err *
message_line(struct mbox *m, struct line line)
{
	const struct err *err = NULL;
	bool empty = line_is_empty(&line);

	if (m->held_empty)
		err = feed_string(&m->feed, "\n");
	m->held_empty = false;
	m->after_empty = empty;
	if (err != NULL)
		return err;
	if (empty && !m->header) {
		m->held_empty = true;
		return NULL;
	}
	if (is_quoted(&line)) {
		line.s++;
		line.len--;
	}
	if (!m->header)
		return feed_octets(&m->feed, line.s, line.len);
	m->header = !empty;
	return header_line(m, &line);
}

static const struct err *
take_line(struct mbox *m, const struct line *line)
{
	const struct err *err;

	if (is_separator(m, line)) {
		err = message_end(m);
		return err != NULL ? err : message_begin(m, line);
	}
	if (!line->begins && m->skip)
		return NULL;
	m->skip = false;
	if (m->open)
		return message_line(m, *line);
	if (line_is_empty(line))
		return NULL;
	return admin_fail(m->im->a, EX_DATAERR,
	    "%s is no mbox file: it does not begin with a \"From \" line",
	    m->file);
}

const struct err *
import_mbox(struct import *im, int fd, const char *file)
{
	struct mbox m = { .im = im, .file = file };
	const struct err *err = NULL;
	struct line line;
	bool more;

	m.arena = arena_new();
	m.lines = lines_new(fd);
	while ((err = lines_next(m.lines, &line, &more)) == NULL && more) {
		err = take_line(&m, &line);
		if (err != NULL)
			break;
	}
	if (err == NULL)
		err = message_end(&m);
	if (err == NULL)
		err = import_commit(im);
	feed_close(&m.feed);
	buf_clear(&m.held);
	lines_free(m.lines);
	arena_free(m.arena);
	return err;
}

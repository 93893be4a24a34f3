/* match.c - substring search under i;unicode-casemap
 * SPDX-License-Identifier: ISC */
#include "mail/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>

#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/fuzzy.h"
#include "mail/header.h"
#include "util/log.h"

#define PIECE		32768	/* octets read or decoded at a time */
#define SHORT_VALUE	1024	/* octets matched without further memory */
#define DECOMPOSED_MAX	32	/* characters; Unicode's longest has 18 */

struct match {
	enum collation	collation;
	struct fuzzy	*fuzzy;		/* NULL: a substring */
	const struct match_sink *sink;	/* NULL: something is looked for */
	char		*s;		/* case-mapped */
	size_t		 len;
	struct scratch	*scratch;
};

/* Memory that is used again by each search: one for all needles of the process,
 * which look one after the other, as long as there is a needle. */
struct scratch {
	struct buf	unfolded, text, window;
	char		piece[PIECE];
};
static struct scratch *scratch;
static size_t needles;

static struct scratch *
scratch_take(void)
{
	if (needles++ > 0)
		return scratch;
	scratch = malloc(sizeof(*scratch));
	if (scratch == NULL)
		fatal("out of memory");
	scratch->unfolded = scratch->text = scratch->window =
	    (struct buf){ 0 };
	return scratch;
}

static void
scratch_drop(void)
{
	if (--needles > 0)
		return;
	buf_clear(&scratch->unfolded);
	buf_clear(&scratch->text);
	buf_clear(&scratch->window);
	charset_rest();
	free(scratch);
	scratch = NULL;
}

/* What a character maps to, for those met lately. */
struct mapped {
	uint32_t	c;		/* 0: the slot is empty */
	uint8_t		len;
	char		s[11];
};
#define MAPPED_SLOTS	512
static struct mapped mapped[MAPPED_SLOTS];

/* RFC 5051 2 (2): titlecase, then decomposition of any type. */
static void
map_slow(uint32_t c, struct buf *out)
{
	utf8proc_int32_t chars[DECOMPOSED_MAX], title;
	utf8proc_ssize_t n;
	int last = 0;

	/* utf8proc gives the sharp s a capital that UnicodeData.txt has not. */
	title = c == 0xdf ? 0xdf : utf8proc_totitle((utf8proc_int32_t)c);
	n = utf8proc_decompose_char(title, chars, DECOMPOSED_MAX,
	    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &last);
	if (n <= 0 || n > DECOMPOSED_MAX) {
		utf8_put(c, out);
		return;
	}
	for (utf8proc_ssize_t i = 0; i < n; i++)
		utf8_put((uint32_t)chars[i], out);
}

static void
map_char(uint32_t c, struct buf *out)
{
	struct mapped *m = &mapped[c % MAPPED_SLOTS];
	size_t start = out->len, n;

	if (m->c == c) {
		buf_add(out, m->s, m->len);
		return;
	}
	map_slow(c, out);
	n = out->len - start;
	if (n > sizeof(m->s))
		return;
	m->c = c;
	m->len = (uint8_t)n;
	memcpy(m->s, out->s + start, n);
}

/* Four octets below 0x80 in upper case.  Sums set the top bit of those that are
 * at least "a", and of those above "z"; no octet carries into the next. */
static uint32_t
upper_word(uint32_t word)
{
	const uint32_t from = word + (0x80 - 'a') * 0x01010101u;
	const uint32_t above = word + (0x80 - 'z' - 1) * 0x01010101u;

	return word - (((from & ~above) & 0x80808080u) >> 2);
}

/* Upper case of US-ASCII up to the first other octet; returns its length. */
static size_t
map_ascii(const char *s, size_t len, char *out)
{
	size_t i = 0, j;
	unsigned char c, bits;
	uint32_t word;

	/* Blocks of a fixed size: the compiler turns them into wide ones. */
	for (; i + 16 <= len; i += 16) {
		for (bits = 0, j = 0; j < 16; j++)
			bits |= (unsigned char)s[i + j];
		if (bits & 0x80)
			break;
		for (j = 0; j < 16; j++) {
			c = (unsigned char)s[i + j];
			out[i + j] = (char)(c - ((unsigned char)(c - 'a') <
			    26) * 32);
		}
	}
	for (; i + 4 <= len; i += 4) {
		memcpy(&word, s + i, sizeof(word));
		if ((word & 0x80808080u) != 0)
			break;
		word = upper_word(word);
		memcpy(out + i, &word, sizeof(word));
	}
	for (; i < len && (c = (unsigned char)s[i]) < 0x80; i++)
		out[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
	return i;
}

void
casemap(const char *s, size_t len, struct buf *out)
{
	size_t run;
	uint32_t c;
	int n;

	while (len > 0) {
		run = map_ascii(s, len, buf_room(out, len));
		out->len += run;
		s += run;
		len -= run;
		while (len > 0 && (unsigned char)*s >= 0x80) {
			n = utf8_get(s, len, &c);
			if (n <= 0) {
				c = CHARSET_REPLACEMENT;
				n = 1;
			}
			map_char(c, out);
			s += n;
			len -= (size_t)n;
		}
	}
}

void
collate(enum collation collation, const char *s, size_t len, struct buf *out)
{
	size_t run;

	switch (collation) {
	case COLLATION_UNICODE_CASEMAP:
		casemap(s, len, out);
		return;
	case COLLATION_ASCII_CASEMAP:
		while (len > 0) {
			run = map_ascii(s, len, buf_room(out, len));
			out->len += run;
			s += run;
			len -= run;
			for (; len > 0 && (unsigned char)*s >= 0x80; len--)
				buf_addc(out, *s++);
		}
		return;
	case COLLATION_OCTET:
		buf_add(out, s, len);
	}
}

struct match *
match_new(enum collation collation, const char *utf8, size_t len)
{
	struct match *m = calloc(1, sizeof(*m));
	struct buf b = { 0 };

	if (m == NULL)
		fatal("out of memory");
	m->scratch = scratch_take();
	m->collation = collation;
	collate(collation, utf8, len, &b);
	m->s = buf_str(&b);
	m->len = b.len;
	return m;
}

/* A needle without a word in it is looked for as it is. */
struct match *
match_new_fuzzy(enum collation collation, const char *utf8, size_t len)
{
	struct match *m = match_new(collation, utf8, len);

	m->fuzzy = fuzzy_new(m->s, m->len);
	return m;
}

struct match *
match_new_sink(const struct match_sink *sink)
{
	/* Some needle: the empty one is found before anything is read. */
	struct match *m = match_new(COLLATION_UNICODE_CASEMAP, "X", 1);

	m->sink = sink;
	return m;
}

void
match_begin(const struct match *m)
{
	if (m->fuzzy != NULL)
		fuzzy_start(m->fuzzy);
}

unsigned int
match_score(const struct match *m)
{
	return m->fuzzy != NULL ? fuzzy_score(m->fuzzy) : 0;
}

void
match_free(struct match *m)
{
	if (m == NULL)
		return;
	fuzzy_free(m->fuzzy);
	scratch_drop();
	free(m->s);
	free(m);
}

static bool
window_has(const struct match *m)
{
	const struct buf *w = &m->scratch->window;

	if (m->sink != NULL) {
		m->sink->end(m->sink->arg);
		return false;
	}
	if (m->fuzzy != NULL) {
		fuzzy_break(m->fuzzy);
		return fuzzy_score(m->fuzzy) == 100;
	}
	return w->len >= m->len && memmem(w->s, w->len, m->s, m->len) != NULL;
}

/* Begin to search text that comes in pieces. */
static void
stream_start(const struct match *m)
{
	buf_reset(&m->scratch->window);
}

/* Whether the window goes to one that sees all text once. */
static bool
taken(const struct match *m, struct buf *w)
{
	if (m->sink != NULL)
		m->sink->feed(m->sink->arg, w->s, w->len);
	else if (m->fuzzy != NULL)
		fuzzy_feed(m->fuzzy, w->s, w->len);
	else
		return false;
	buf_reset(w);
	return true;
}

/*
 * The next len octets of UTF-8, whole characters.  The last octets of the
 * window stay, as the needle may begin in them; a long needle is not searched
 * for before enough has come to make up for looking at them again.
 */
static bool
stream_feed(const struct match *m, const char *s, size_t len)
{
	struct buf *w = &m->scratch->window;
	size_t keep = m->len - 1, n;

	while (len > 0) {
		n = len;
		if (n > PIECE)
			for (n = PIECE; (s[n] & 0xc0) == 0x80 &&
			    n > PIECE - 4; )
				n--;
		collate(m->collation, s, n, w);
		s += n;
		len -= n;
		if (taken(m, w))
			continue;
		if (w->len < 2 * m->len)
			continue;
		if (window_has(m))
			return true;
		memmove(w->s, w->s + w->len - keep, keep);
		w->len = keep;
	}
	return false;
}

bool
match_utf8(const struct match *m, const char *s, size_t len)
{
	if (m->len == 0)
		return true;
	stream_start(m);
	return stream_feed(m, s, len) || window_has(m);
}

/* Write s without its line ends to out; returns the octets. */
static size_t
unfold(const char *s, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (s[i] != '\r' && s[i] != '\n')
			out[n++] = s[i];
	return n;
}

/*
 * Most values are short and plain: no encoded words, no 8-bit octets.  False
 * in *done_r when this one is not.
 */
static bool
match_short(const struct match *m, const char *s, size_t len, bool *done_r)
{
	char upper[SHORT_VALUE];
	size_t n = 0;

	*done_r = false;
	if (len > SHORT_VALUE || m->fuzzy != NULL || m->sink != NULL ||
	    m->collation == COLLATION_OCTET)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x80 || (c == '=' && i + 1 < len && s[i + 1] == '?'))
			return false;
		if (c != '\r' && c != '\n')
			upper[n++] = (char)(c - ((unsigned char)(c - 'a') <
			    26) * 32);
	}
	*done_r = true;
	return n >= m->len && memmem(upper, n, m->s, m->len) != NULL;
}

/* Octets up to PIECE, cut at a blank where there is one, so that no encoded
 * word is cut in two. */
static size_t
value_piece(const char *s, size_t len)
{
	size_t n = PIECE;

	if (len <= PIECE)
		return len;
	while (n > PIECE / 2 && s[n] != ' ' && s[n] != '\t')
		n--;
	return n > PIECE / 2 ? n : PIECE;
}

bool
match_header(const struct match *m, const char *s, size_t len)
{
	struct buf *unfolded = &m->scratch->unfolded, *text = &m->scratch->text;
	bool found, done;
	size_t n;

	if (m->len == 0)
		return true;
	found = match_short(m, s, len, &done);
	if (done)
		return found;
	stream_start(m);
	for (; len > 0 && !found; s += n, len -= n) {
		n = value_piece(s, len);
		unfolded->len = 0;
		unfolded->len = unfold(s, n, buf_room(unfolded, n));
		buf_reset(text);
		header_decode(unfolded->s, unfolded->len, text);
		found = stream_feed(m, text->s, text->len);
	}
	return found || window_has(m);
}

bool
match_header_block(const struct match *m, const char *s, size_t len)
{
	struct header_iter it;
	struct header_field f;

	if (m->len == 0)
		return true;
	header_first(&it, s, len);
	while (header_next(&it, &f)) {
		if (match_header(m, f.raw, f.raw_len))
			return true;
		if (m->sink != NULL && f.raw_len > PIECE)
			match_header(m, f.value, f.value_len);
	}
	return false;
}

/* Up to size octets at offset; fewer at the file's end. */
static const struct err *
read_at(int fd, void *out, size_t size, uint64_t offset, size_t *n_r)
{
	ssize_t n;

	do {
		n = pread(fd, out, size, (off_t)offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno("message: pread");
	*n_r = (size_t)n;
	return NULL;
}

/* A header that does not fit the piece: map it, within the file. */
static const struct err *
match_mapped(const struct match *m, int fd, uint64_t off, uint64_t len,
    bool *found_r)
{
	uint64_t start = off & ~(uint64_t)(sysconf(_SC_PAGESIZE) - 1);
	struct stat st;
	char *s;

	if (fstat(fd, &st) != 0)
		return err_errno("message: fstat");
	if (st.st_size < 0 || off >= (uint64_t)st.st_size)
		return NULL;
	if (len > (uint64_t)st.st_size - off)
		len = (uint64_t)st.st_size - off;
	if (len > SIZE_MAX / 2)
		return err_internal("message: a header is too long");
	s = mmap(NULL, (size_t)(off - start + len), PROT_READ, MAP_PRIVATE, fd,
	    (off_t)start);
	if (s == MAP_FAILED)
		return err_errno("message: mmap");
	*found_r = match_header_block(m, s + (off - start), (size_t)len);
	munmap(s, (size_t)(off - start + len));
	return NULL;
}

const struct err *
match_part_header(const struct match *m, int fd, const struct part *p,
    bool *found_r)
{
	const struct err *err;
	size_t n = 0;

	*found_r = m->len == 0;
	if (*found_r || p->header_len == 0)
		return NULL;
	if (p->header_len > PIECE)
		return match_mapped(m, fd, p->header_off, p->header_len,
		    found_r);
	err = read_at(fd, m->scratch->piece, (size_t)p->header_len,
	    p->header_off, &n);
	if (err != NULL)
		return err;
	*found_r = match_header_block(m, m->scratch->piece, n);
	return NULL;
}

static const struct err *
match_text(const struct match *m, int fd, const struct part *p, bool *found_r)
{
	struct decoder *d = decoder_new(p->encoding, p->charset);
	struct buf *text = &m->scratch->text;
	const struct err *err = NULL;
	uint64_t off = p->body_off, left = p->body_len;
	size_t n = 0;
	bool end = false;

	stream_start(m);
	while (!end && !*found_r) {
		err = read_at(fd, m->scratch->piece, left < PIECE ?
		    (size_t)left : PIECE, off, &n);
		if (err != NULL)
			break;
		off += n;
		left -= n;
		end = n == 0 || left == 0;
		buf_reset(text);
		decoder_feed(d, m->scratch->piece, n, end, text);
		*found_r = stream_feed(m, text->s, text->len) ||
		    (end && window_has(m));
	}
	decoder_free(d);
	return err;
}

const struct err *
match_part(const struct match *m, int fd, const struct part *p, bool *found_r)
{
	const struct err *err;

	*found_r = m->len == 0;
	if (*found_r)
		return NULL;
	if (p->nested) {
		err = match_part_header(m, fd, p, found_r);
		if (err != NULL || *found_r)
			return err;
	}
	if (p->kind != MIME_LEAF || !p->is_text)
		return NULL;
	return match_text(m, fd, p, found_r);
}

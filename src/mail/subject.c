/* subject.c - the base subject that SORT and THREAD compare
 * SPDX-License-Identifier: ISC
 *
 * The rules are named as in RFC 5256 5.  Text is looked at between two
 * positions, which only come closer. */
#include "mail/subject.h"

#include <string.h>
#include <strings.h>

#include "mail/decode.h"

struct subject {
	const char	*s;
	size_t		 i, n;		/* what is left: from i to below n */
	bool		 reply;
};

/* RFC 5256 2.1 (1): words decoded, all white space a single blank. */
static void
clean(const char *value, size_t len, struct buf *out)
{
	struct buf text = { 0 };
	bool blank = false;
	char c;

	if (len > SUBJECT_MAX)
		len = SUBJECT_MAX;
	header_decode(value, len, &text);
	for (size_t i = 0; i < text.len && out->len < SUBJECT_MAX; i++) {
		c = text.s[i];
		if (c == '\t' || c == '\r' || c == '\n')
			c = ' ';
		if (c != ' ' || !blank)
			buf_addc(out, c);
		blank = c == ' ';
	}
	buf_clear(&text);
}

static size_t
skip_blanks(const struct subject *t, size_t i)
{
	while (i < t->n && t->s[i] == ' ')
		i++;
	return i;
}

/* subj-blob: the position behind one at i, 0 when there is none. */
static size_t
blob(const struct subject *t, size_t i)
{
	if (i >= t->n || t->s[i] != '[')
		return 0;
	for (i++; i < t->n && t->s[i] != '[' && t->s[i] != ']' &&
	    t->s[i] != '\0'; )
		i++;
	return i < t->n && t->s[i] == ']' ? skip_blanks(t, i + 1) : 0;
}

static bool
has_word(const struct subject *t, size_t i, const char *word)
{
	const size_t len = strlen(word);

	return t->n - i >= len && strncasecmp(t->s + i, word, len) == 0;
}

/* *subj-blob subj-refwd: the position behind it, or 0. */
static size_t
refwd(const struct subject *t, size_t i)
{
	size_t end;

	while ((end = blob(t, i)) != 0)
		i = end;
	if (has_word(t, i, "fwd"))
		i += 3;
	else if (has_word(t, i, "re") || has_word(t, i, "fw"))
		i += 2;
	else
		return 0;
	i = skip_blanks(t, i);
	if ((end = blob(t, i)) != 0)
		i = end;
	return i < t->n && t->s[i] == ':' ? i + 1 : 0;
}

/* (2) */
static void
cut_trailers(struct subject *t)
{
	for (;;) {
		if (t->n > t->i && t->s[t->n - 1] == ' ')
			t->n--;
		else if (t->n - t->i >= 5 && has_word(t, t->n - 5, "(fwd)")) {
			t->n -= 5;
			t->reply = true;
		} else
			return;
	}
}

/*
 * (3) to (5).  Of a chain of blobs that leads to no subj-refwd none but the first
 * is looked behind: the others lead to the same place.
 */
static void
cut_leaders(struct subject *t)
{
	size_t end, plain = 0;	/* no subj-refwd between here and there */

	for (;;) {
		t->i = skip_blanks(t, t->i);
		end = t->i >= plain ? refwd(t, t->i) : 0;
		if (end != 0) {
			t->i = end;
			t->reply = true;
			continue;
		}
		if (t->i >= plain)
			for (plain = t->i; (end = blob(t, plain)) != 0; )
				plain = end;
		end = blob(t, t->i);
		if (end == 0 || end >= t->n)
			return;
		t->i = end;
	}
}

void
base_subject(const char *value, size_t len, struct buf *out, bool *reply_r)
{
	struct buf text = { 0 };
	struct subject t = { 0 };

	clean(value, len, &text);
	t.s = text.s;
	t.n = text.len;
	for (;;) {
		cut_trailers(&t);
		cut_leaders(&t);
		/* (6) */
		if (!has_word(&t, t.i, "[fwd:") || t.s[t.n - 1] != ']')
			break;
		t.i += 5;
		t.n -= t.n > t.i;
		t.reply = true;
	}
	if (t.n > t.i)
		buf_add(out, t.s + t.i, t.n - t.i);
	buf_clear(&text);
	*reply_r = t.reply;
}

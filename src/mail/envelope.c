/* envelope.c - ENVELOPE
 * SPDX-License-Identifier: ISC */
#include "mail/envelope.h"

#include <stdbool.h>
#include <string.h>

#include "mail/header.h"
#include "mail/mime.h"
#include "wire/reply.h"

#define FIELD_MAX	(128 * 1024)	/* octets of address fields of one name */
#define WORD_MAX	MIME_VALUE_MAX	/* octets of one string of an address */
#define ENCODED_WORD_MAX 256		/* octets looked at for an encoded word */
#define ROUTE_MAX	1024		/* octets looked at for a route */

/* Text as it is collected: without and with the blanks between words. */
struct words {
	char		*joined;	/* a local part or a domain */
	char		*spaced;	/* a phrase */
	size_t		 joined_len, spaced_len, max;
	unsigned int	 count;		/* words with blanks between them */
};

struct reader {
	struct arena	*arena;
	const char	*s, *end;
	bool		 no_quote, no_comment;	/* none ends from here on */
	bool		 in_group;
	size_t		 max;		/* octets that words can have */
	struct words	 words;		/* before '<', '@' or ',' */
	struct words	 domain;
	char		*comment;	/* the last one, outer parentheses gone */
	size_t		 comment_len;
	struct address	*list;
	size_t		 n, size;
};

static void
words_init(struct reader *r, struct words *w)
{
	w->joined = arena_alloc(r->arena, r->max);
	w->spaced = arena_alloc(r->arena, r->max);
	w->max = r->max;
}

static void
words_reset(struct words *w)
{
	w->joined_len = w->spaced_len = 0;
	w->count = 0;
}

static void
words_add(struct words *w, char c)
{
	if (c == '\0')
		c = '?';
	if (c == '\r' || c == '\n')
		return;
	if (w->joined_len < w->max)
		w->joined[w->joined_len++] = c;
	if (w->spaced_len < w->max)
		w->spaced[w->spaced_len++] = c;
}

/* A blank or comment came before the word that begins now. */
static void
words_space(struct words *w)
{
	if (w->spaced_len > 0 && w->spaced_len < w->max)
		w->spaced[w->spaced_len++] = ' ';
}

static char *
words_joined(struct arena *a, const struct words *w)
{
	return arena_memdup(a, w->joined, w->joined_len);
}

static char *
words_spaced(struct arena *a, const struct words *w)
{
	return arena_memdup(a, w->spaced, w->spaced_len);
}

/*
 * The words as a domain: blanks beside a dot or in a literal vanish (RFC 5322
 * 4.4 "obs-domain"), at another blank it ends.
 */
static char *
words_domain(struct arena *a, const struct words *w)
{
	char *out = arena_alloc(a, w->spaced_len + 1);
	size_t n = 0;

	for (size_t i = 0; i < w->spaced_len; i++) {
		if (w->spaced[i] != ' ') {
			out[n++] = w->spaced[i];
			continue;
		}
		if (out[0] != '[' && (n == 0 || out[n - 1] != '.') &&
		    (i + 1 == w->spaced_len || w->spaced[i + 1] != '.'))
			break;
	}
	return out;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The end of the quoted string or comment that begins at s, or NULL. */
static const char *
closing_quote(const char *s, const char *end)
{
	for (s++; s < end && *s != '"'; s++)
		if (*s == '\\')
			s++;
	return s < end ? s : NULL;
}

static const char *
closing_parenthesis(const char *s, const char *end)
{
	size_t depth = 0;

	for (; s < end; s++) {
		if (*s == '\\')
			s++;
		else if (*s == '(')
			depth++;
		else if (*s == ')' && --depth == 0)
			return s;
	}
	return NULL;
}

static void
keep_comment(struct reader *r, const char *s, const char *end)
{
	r->comment_len = 0;
	for (; s < end && r->comment_len < r->max; s++) {
		if (*s == '\\' && s + 1 < end)
			s++;
		if (*s != '\r' && *s != '\n')
			r->comment[r->comment_len++] = *s == '\0' ? '?' : *s;
	}
}

/* Go over blanks and comments; true when there were any. */
static bool
skip_cfws(struct reader *r)
{
	const char *start = r->s, *close;

	while (r->s < r->end) {
		if (is_space(*r->s)) {
			r->s++;
			continue;
		}
		if (*r->s != '(' || r->no_comment)
			break;
		close = closing_parenthesis(r->s, r->end);
		if (close == NULL) {
			r->no_comment = true;
			break;
		}
		keep_comment(r, r->s + 1, close);
		r->s = close + 1;
	}
	return r->s > start;
}

/* The length of the encoded word (RFC 2047 2) at s: senders forget to quote
 * the comma in "=?utf-8?Q?Doe,_Jane?=".  0 when there is none. */
static size_t
encoded_word(const char *s, const char *end)
{
	unsigned int marks = 0;
	size_t n;

	if (end - s > ENCODED_WORD_MAX)
		end = s + ENCODED_WORD_MAX;
	if (end - s < 8 || s[0] != '=' || s[1] != '?')
		return 0;
	for (n = 2; s + n < end && !is_space(s[n]); n++)
		if (s[n] == '?' && ++marks == 3)
			return s + n + 1 < end && s[n + 1] == '=' ? n + 2 : 0;
	return 0;
}

/* Add a quoted string, an encoded word or one octet; stop octets are the
 * caller's to look for. */
static void
read_word(struct reader *r, struct words *w)
{
	const char *close;
	size_t n;

	if (*r->s == '"') {
		close = r->no_quote ? NULL : closing_quote(r->s, r->end);
		if (close == NULL) {
			r->no_quote = true;
			r->s++;
			return;
		}
		for (r->s++; r->s < close; r->s++) {
			if (*r->s == '\\' && r->s + 1 < close)
				r->s++;
			words_add(w, *r->s);
		}
		r->s++;
		return;
	}
	n = encoded_word(r->s, r->end);
	for (n = n > 0 ? n : 1; n > 0; n--)
		words_add(w, *r->s++);
}

/* Collect words up to one of the octets in stops or the end. */
static void
read_words(struct reader *r, struct words *w, const char *stops)
{
	bool space = false;

	words_reset(w);
	for (;;) {
		if (skip_cfws(r))
			space = true;
		if (r->s >= r->end || (*r->s != '\0' &&
		    strchr(stops, *r->s) != NULL))
			return;
		if (space || w->count == 0) {
			words_space(w);
			w->count++;
		}
		space = false;
		read_word(r, w);
	}
}

/*
 * A domain behind '@': atoms and dots, or a literal; blanks are dropped.  A
 * second '@' makes what was read part of the local part: the last one counts.
 */
static void
read_domain(struct reader *r, struct words *local, const char *stops)
{
	for (;;) {
		r->s++;
		read_words(r, &r->domain, stops);
		if (r->s >= r->end || *r->s != '@')
			return;
		words_add(local, '@');
		for (size_t i = 0; i < r->domain.joined_len; i++)
			words_add(local, r->domain.joined[i]);
	}
}

static struct address *
add_address(struct reader *r)
{
	struct address *list;

	/* The last one is kept free for the end of a group. */
	if (r->n + 1 >= ENVELOPE_ADDRESSES_MAX)
		return NULL;
	if (r->n + 1 >= r->size) {
		r->size = r->size == 0 ? 8 : r->size * 2;
		list = arena_array(r->arena, r->size, sizeof(*list));
		if (r->n > 0)
			memcpy(list, r->list, r->n * sizeof(*list));
		r->list = list;
	}
	return &r->list[r->n++];
}

static void
end_group(struct reader *r)
{
	if (!r->in_group)
		return;
	r->in_group = false;
	r->list[r->n++] = (struct address){ 0 };
}

/* There are none in each other; one that is not ended, the next one ends. */
static void
start_group(struct reader *r)
{
	struct address *addr;

	end_group(r);
	addr = add_address(r);
	if (addr == NULL)
		return;
	r->in_group = true;
	addr->mailbox = words_spaced(r->arena, &r->words);
}

/* RFC 5322 4.4 "obs-route": "@a,@b:" before the address. */
static const char *
read_route(struct reader *r)
{
	const char *colon = r->s;
	struct words *w = &r->domain;

	while (colon < r->end && colon - r->s < ROUTE_MAX && *colon != ':' &&
	    *colon != '>')
		colon++;
	if (colon >= r->end || *colon != ':')
		return NULL;
	read_words(r, w, ":>");
	if (r->s < r->end && *r->s == ':')
		r->s++;
	return words_joined(r->arena, w);
}

/* "<" [route] addr-spec ">"; name is what came before it. */
static void
read_angle(struct reader *r, const char *name)
{
	struct address *addr = add_address(r);
	const char *adl = NULL;
	bool at = false;

	while (r->s < r->end && *r->s == '<')
		r->s++;
	skip_cfws(r);
	if (r->s < r->end && *r->s == '@')
		adl = read_route(r);
	read_words(r, &r->words, "@>,");
	if (r->s < r->end && *r->s == '@') {
		at = true;
		read_domain(r, &r->words, "@>,");
	}
	if (r->s < r->end && *r->s == '>')
		r->s++;
	if (addr == NULL)
		return;
	addr->name = name;
	addr->adl = adl;
	addr->mailbox = words_joined(r->arena, &r->words);
	addr->host = at ? words_domain(r->arena, &r->domain) : "";
}

/*
 * An address without angle brackets.  The comment behind it is its name, as
 * RFC 5322 3.4 tells of legacy implementations.  The host is never NULL, which
 * would be a group: words without '@' get an empty one.
 */
static void
add_plain(struct reader *r, bool at)
{
	struct address *addr;
	const struct words *w = &r->words;

	/* Nothing between two commas is fine: RFC 5322 4.4. */
	if (w->joined_len == 0 && !at)
		return;
	addr = add_address(r);
	if (addr == NULL)
		return;
	addr->host = at ? words_domain(r->arena, &r->domain) : "";
	if (!at && w->count > 1) {
		addr->name = words_spaced(r->arena, w);
		addr->mailbox = "";
		return;
	}
	addr->mailbox = words_joined(r->arena, w);
	if (r->comment_len > 0)
		addr->name = arena_memdup(r->arena, r->comment,
		    r->comment_len);
}

/* "Jane@home <jane@example.com>": what looked like an address was a name. */
static const char *
name_with_at(struct reader *r)
{
	return arena_printf(r->arena, "%s@%s",
	    words_spaced(r->arena, &r->words),
	    words_spaced(r->arena, &r->domain));
}

static void
read_address(struct reader *r)
{
	const char *name;
	bool at = false;

	r->comment_len = 0;
	read_words(r, &r->words, "<@,;:");
	if (r->s < r->end && *r->s == ':') {
		r->s++;
		start_group(r);
		return;
	}
	if (r->s < r->end && *r->s == '@') {
		at = true;
		read_domain(r, &r->words, "<>@,;");
	}
	if (r->s < r->end && *r->s == '<') {
		name = at ? name_with_at(r) : r->words.spaced_len > 0 ?
		    words_spaced(r->arena, &r->words) : NULL;
		read_angle(r, name);
	} else
		add_plain(r, at);
}

size_t
address_parse(struct arena *a, const char *s, size_t len,
    struct address **list_r)
{
	struct reader r = { .arena = a, .s = s, .end = s + len };

	/* No string is longer than what it was read from. */
	r.max = len < WORD_MAX ? len : WORD_MAX;
	words_init(&r, &r.words);
	words_init(&r, &r.domain);
	r.comment = arena_alloc(a, r.max);
	while (r.s < r.end && r.n + 1 < ENVELOPE_ADDRESSES_MAX) {
		skip_cfws(&r);
		if (r.s >= r.end)
			break;
		if (*r.s == ',' || *r.s == ';' || *r.s == '>') {
			/* Outside of a group ';' stands for ',': Outlook. */
			if (*r.s++ == ';')
				end_group(&r);
			continue;
		}
		read_address(&r);
	}
	end_group(&r);
	*list_r = r.list;
	return r.n;
}

enum {
	F_DATE, F_SUBJECT, F_FROM, F_SENDER, F_REPLY_TO, F_TO, F_CC, F_BCC,
	F_IN_REPLY_TO, F_MESSAGE_ID, FIELDS
};

static const char *const field_names[FIELDS] = {
	"Date", "Subject", "From", "Sender", "Reply-To", "To", "Cc", "Bcc",
	"In-Reply-To", "Message-ID"
};

/* What the header has of one name. */
struct found {
	struct header_field	 field;		/* the first */
	struct buf		 more;		/* the values of several */
	bool			 there;
};

static bool
is_recipients(unsigned int i)
{
	return i == F_TO || i == F_CC || i == F_BCC;
}

/*
 * Of fields that may be there once the first counts.  Recipients are put
 * together: some programs write a field for each.
 */
static void
keep_field(struct found *found, unsigned int i, const struct header_field *f)
{
	struct found *to = &found[i];

	if (!to->there) {
		to->field = *f;
		to->there = true;
		return;
	}
	if (!is_recipients(i) || to->more.len + f->value_len > FIELD_MAX ||
	    to->field.value_len > FIELD_MAX)
		return;
	if (to->more.len == 0)
		buf_add(&to->more, to->field.value, to->field.value_len);
	buf_addc(&to->more, ',');
	buf_add(&to->more, f->value, f->value_len);
}

static void
find_fields(const char *header, size_t len, struct found found[FIELDS])
{
	struct header_iter it;
	struct header_field f;

	header_first(&it, header, len);
	while (header_next(&it, &f)) {
		for (unsigned int i = 0; i < FIELDS; i++)
			if (header_is(&f, field_names[i])) {
				keep_field(found, i, &f);
				break;
			}
	}
}

static void
write_nstring(const char *s, struct buf *out)
{
	reply_nstring_buf(out, s, s == NULL ? 0 : strlen(s));
}

static void
write_text(struct arena *a, const struct found *f, struct buf *out)
{
	write_nstring(f->there ? header_unfold(a, &f->field, MIME_VALUE_MAX) :
	    NULL, out);
}

/* False, and nothing written, when there is no address. */
static bool
write_addresses(struct arena *a, const struct found *f, struct buf *out)
{
	const char *s = f->more.len > 0 ? f->more.s : f->field.value;
	size_t len = f->more.len > 0 ? f->more.len : f->field.value_len;
	struct address *list;
	size_t n = 0;

	if (f->there)
		n = address_parse(a, s, len < FIELD_MAX ? len : FIELD_MAX,
		    &list);
	if (n == 0)
		return false;
	buf_addc(out, '(');
	for (size_t i = 0; i < n; i++) {
		buf_addc(out, '(');
		write_nstring(list[i].name, out);
		buf_addc(out, ' ');
		write_nstring(list[i].adl, out);
		buf_addc(out, ' ');
		write_nstring(list[i].mailbox, out);
		buf_addc(out, ' ');
		write_nstring(list[i].host, out);
		buf_addc(out, ')');
	}
	buf_addc(out, ')');
	return true;
}

/* RFC 9051 7.5.2: Sender and Reply-To default to From. */
static void
write_people(struct arena *a, const struct found *found, struct buf *out)
{
	size_t from = out->len, from_len = 0;

	for (unsigned int i = F_FROM; i <= F_BCC; i++) {
		if (!write_addresses(a, &found[i], out)) {
			if (i == F_SENDER || i == F_REPLY_TO) {
				/* buf_add() could move what it copies. */
				buf_room(out, from_len);
				buf_add(out, out->s + from, from_len);
			} else
				buf_adds(out, "NIL");
		}
		if (i == F_FROM)
			from_len = out->len - from;
		buf_addc(out, ' ');
	}
}

void
envelope_write(struct arena *a, const char *header, size_t len,
    struct buf *out)
{
	struct found found[FIELDS] = { 0 };

	find_fields(header, len, found);
	buf_addc(out, '(');
	write_text(a, &found[F_DATE], out);
	buf_addc(out, ' ');
	write_text(a, &found[F_SUBJECT], out);
	buf_addc(out, ' ');
	write_people(a, found, out);
	write_text(a, &found[F_IN_REPLY_TO], out);
	buf_addc(out, ' ');
	write_text(a, &found[F_MESSAGE_ID], out);
	buf_addc(out, ')');
	for (unsigned int i = 0; i < FIELDS; i++)
		buf_clear(&found[i].more);
}

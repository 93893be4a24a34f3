/* resp.c - what is in a FETCH response, for the benchmark's deep checks
 * SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "conn.h"
#include "resp.h"

#define DEPTH_MAX	40

struct at {
	const char *p, *end;
	bool	 fold;		/* case does not matter in strings */
};

static bool value(struct at *, int depth, struct span *text, uint64_t *hash);

static bool
quoted(struct at *a, struct span *text)
{
	text->s = ++a->p;
	while (a->p < a->end && *a->p != '"')
		a->p += *a->p == '\\' ? 2 : 1;
	if (a->p >= a->end)
		return false;
	text->len = (size_t)(a->p++ - text->s);
	return true;
}

static bool
literal(struct at *a, struct span *text)
{
	size_t n = 0;

	for (a->p++; a->p < a->end && isdigit((unsigned char)*a->p); a->p++)
		n = n * 10 + (size_t)(*a->p - '0');
	if (a->end - a->p < 3 || memcmp(a->p, "}\r\n", 3) != 0)
		return false;
	a->p += 3;
	if ((size_t)(a->end - a->p) < n)
		return false;
	text->s = a->p;
	text->len = n;
	a->p += n;
	return true;
}

/* An atom; a section in [] belongs to it with all that is in it. */
static bool
atom(struct at *a, struct span *text)
{
	text->s = a->p;
	while (a->p < a->end && strchr(" ()\r", *a->p) == NULL)
		if (*a->p++ == '[') {
			a->p = memchr(a->p, ']', (size_t)(a->end - a->p));
			if (a->p == NULL)
				return false;
		}
	text->len = (size_t)(a->p - text->s);
	return text->len > 0;
}

/* Of a string's octets; escaped is whether \ stands before some of them. */
static uint64_t
hash_string(const struct at *a, const struct span *text, bool escaped)
{
	char plain[1024];
	size_t n = 0;

	/* What is long is a part of a message. */
	if (text->len > sizeof(plain))
		return hash_octets(3, text->s, text->len);
	for (size_t i = 0; i < text->len; i++) {
		if (escaped && text->s[i] == '\\' && i + 1 < text->len)
			i++;
		plain[n++] = a->fold ? (char)tolower((unsigned char)text->s[i]) :
		    text->s[i];
	}
	return hash_octets(3, plain, n);
}

static bool
list(struct at *a, int depth, uint64_t *hash)
{
	struct span text;
	uint64_t h = 5, inner;

	for (a->p++; a->p < a->end && *a->p != ')'; ) {
		if (*a->p == ' ') {
			a->p++;
			continue;
		}
		if (!value(a, depth + 1, &text, &inner))
			return false;
		h = hash_octets(h, &inner, sizeof(inner));
	}
	if (a->p >= a->end)
		return false;
	a->p++;
	*hash = h;
	return true;
}

static bool
value(struct at *a, int depth, struct span *text, uint64_t *hash)
{
	char upper[64];
	const char *start = a->p;

	if (a->p >= a->end || depth > DEPTH_MAX)
		return false;
	switch (*a->p) {
	case '(':
		if (!list(a, depth, hash))
			return false;
		*text = (struct span){ start, (size_t)(a->p - start) };
		return true;
	case '"':
		if (!quoted(a, text))
			return false;
		*hash = hash_string(a, text, true);
		return true;
	case '{':
		if (!literal(a, text))
			return false;
		*hash = hash_string(a, text, false);
		return true;
	}
	if (!atom(a, text))
		return false;
	for (size_t i = 0; i < text->len && i < sizeof(upper); i++)
		upper[i] = (char)toupper((unsigned char)text->s[i]);
	*hash = hash_octets(7, upper,
	    text->len < sizeof(upper) ? text->len : sizeof(upper));
	return true;
}

bool
resp_number(const char *s, size_t len, const char *word, uint32_t *n_r)
{
	size_t word_len = strlen(word);
	uint32_t n = 0;
	size_t i = 2;

	while (i < len && isdigit((unsigned char)s[i]))
		n = n * 10 + (uint32_t)(s[i++] - '0');
	if (i == 2 || i + 1 + word_len >= len || s[i] != ' ' ||
	    strncasecmp(s + i + 1, word, word_len) != 0)
		return false;
	*n_r = n;
	return true;
}

bool
resp_fetch(const char *s, size_t len, struct resp *r)
{
	struct at a = { s, s + len, false };

	r->count = 0;
	if (!resp_number(s, len, "FETCH (", &r->seq))
		return false;
	a.p = memchr(s, '(', len);
	for (a.p++; a.p < a.end && *a.p != ')'; r->count++) {
		const char *start;

		if (r->count == RESP_ITEMS || !atom(&a, &r->item[r->count].name) ||
		    a.p >= a.end || *a.p != ' ')
			return false;
		start = ++a.p;
		/* Names of media types, encodings, parameters. */
		a.fold = span_is(r->item[r->count].name, "BODYSTRUCTURE");
		if (!value(&a, 0, &r->item[r->count].text,
		    &r->item[r->count].hash))
			return false;
		r->item[r->count].value =
		    (struct span){ start, (size_t)(a.p - start) };
		if (a.p < a.end && *a.p == ' ')
			a.p++;
	}
	return a.end - a.p == 3 && memcmp(a.p, ")\r\n", 3) == 0;
}

int
resp_item(const struct resp *r, const char *name)
{
	size_t len = strlen(name);

	for (unsigned i = 0; i < r->count; i++)
		if (r->item[i].name.len >= len &&
		    strncasecmp(r->item[i].name.s, name, len) == 0 &&
		    (r->item[i].name.len == len || name[len - 1] == '['))
			return (int)i;
	return -1;
}

bool
resp_element(struct span l, unsigned n, struct span *text)
{
	struct at a = { l.s + 1, l.s + l.len, false };
	uint64_t hash;

	if (l.len < 2 || l.s[0] != '(')
		return false;
	for (;;) {
		while (a.p < a.end && *a.p == ' ')
			a.p++;
		if (a.p >= a.end || *a.p == ')')
			return false;
		if (*a.p == '(' && n > 0) {
			if (!list(&a, 0, &hash))
				return false;
		} else if (!value(&a, 0, text, &hash)) {
			return false;
		}
		if (n-- == 0)
			break;
	}
	if (span_is(*text, "NIL"))
		text->len = 0;
	return true;
}

bool
span_is(struct span text, const char *s)
{
	return text.len == strlen(s) && strncasecmp(text.s, s, text.len) == 0;
}

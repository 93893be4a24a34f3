/* mboxname.c - mailbox names between the wire and the store
 * SPDX-License-Identifier: ISC */
#include "wire/mboxname.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <utf8proc.h>

#include "util/log.h"
#include "wire/respcode.h"
#include "wire/utf7.h"

/* Composing shortens: what is longer than this cannot become a name, and
 * putting marks in order takes quadratic time. */
#define RAW_MAX_OCTETS	(3 * MBOXNAME_MAX_OCTETS)

/* The character that stands for the delimiter within a level. */
static const char *
stand_in(char delimiter)
{
	switch (delimiter) {
	case '/':
		return "\xe2\x88\x95";	/* U+2215 DIVISION SLASH */
	case '.':
		return "\xe2\x80\xa4";	/* U+2024 ONE DOT LEADER */
	default:
		return "\xe2\x88\x96";	/* U+2216 SET MINUS */
	}
}

static const struct err *
refuse(const char *why)
{
	return err_user(RESP_CANNOT, "Not a mailbox name: %s", why);
}

/* RFC 5530 3: LIMIT for what another server might take. */
static const struct err *
refuse_size(const char *why)
{
	return err_user(RESP_LIMIT, "Not a mailbox name: %s", why);
}

static bool
is_noncharacter(utf8proc_int32_t c)
{
	return (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

/* RFC 5198 2: what has no place in a name: controls, line ends, noncharacters. */
static const struct err *
check_characters(const char *s, size_t len)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n;

	for (size_t i = 0; i < len; i += (size_t)n) {
		n = utf8proc_iterate((const utf8proc_uint8_t *)s + i,
		    (utf8proc_ssize_t)(len - i), &c);
		if (n <= 0)
			return refuse("it is not UTF-8");
		if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			return refuse("it holds a control character");
		if (c == 0x2028 || c == 0x2029)
			return refuse("it holds a line or paragraph separator");
		if (is_noncharacter(c))
			return refuse("it holds a noncharacter");
	}
	return NULL;
}

/* Delimiters to separators, stand-ins to the delimiter as a character. */
static void
to_levels(struct buf *b, char delimiter)
{
	const char *sub = stand_in(delimiter);
	size_t out = 0;

	for (size_t i = 0; i < b->len; i++) {
		if (b->s[i] == delimiter)
			b->s[out++] = MBOXNAME_SEP;
		else if (b->len - i >= 3 && memcmp(b->s + i, sub, 3) == 0) {
			b->s[out++] = delimiter;
			i += 2;
		} else
			b->s[out++] = b->s[i];
	}
	b->len = out;
}

static const struct err *
check_levels(const char *name)
{
	size_t len, levels = 0;

	if (strlen(name) > MBOXNAME_MAX_OCTETS)
		return refuse_size("it is too long");
	for (;; name += len + 1) {
		len = strcspn(name, MBOXNAME_SEP_S);
		if (len == 0)
			return refuse("it is empty, or a level of it is");
		if (len > MBOXNAME_LEVEL_MAX_OCTETS)
			return refuse_size("a level of it is too long");
		if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
			return refuse("a level of it is \".\" or \"..\"");
		if (++levels > MBOXNAME_LEVELS_MAX)
			return refuse_size("it has too many levels");
		if (name[len] == '\0')
			return NULL;
	}
}

static bool
is_inbox_level(const char *name, char sep)
{
	return strncasecmp(name, "INBOX", 5) == 0 &&
	    (name[5] == '\0' || name[5] == sep);
}

/* b: UTF-8 with the delimiter; it is changed. */
static const struct err *
from_utf8_buf(struct arena *a, struct buf *b, char delimiter,
    const char **name_r)
{
	const struct err *err;
	utf8proc_uint8_t *nfc;
	char *name;

	if (b->len > RAW_MAX_OCTETS)
		return refuse_size("it is too long");
	err = check_characters(b->s, b->len);
	if (err != NULL)
		return err;
	to_levels(b, delimiter);
	if (b->len > 1 && b->s[b->len - 1] == MBOXNAME_SEP)
		b->len--;
	nfc = utf8proc_NFC((const utf8proc_uint8_t *)buf_str(b));
	if (nfc == NULL)
		return refuse("it is not UTF-8");
	name = arena_strdup(a, (const char *)nfc);
	free(nfc);
	err = check_levels(name);
	if (err != NULL)
		return err;
	if (is_inbox_level(name, MBOXNAME_SEP))
		memcpy(name, "INBOX", 5);
	*name_r = name;
	return NULL;
}

const struct err *
mboxname_from_wire(struct arena *a, const char *wire, char delimiter,
    const char **name_r)
{
	const struct err *err;
	struct buf b = { 0 };
	size_t len = strlen(wire);

	/* A character takes at most three times as much in modified UTF-7. */
	if (len > 3 * RAW_MAX_OCTETS)
		err = refuse_size("it is too long");
	else if (!utf7_decode(wire, len, &b))
		err = refuse("it is not modified UTF-7 (RFC 3501 5.1.3)");
	else
		err = from_utf8_buf(a, &b, delimiter, name_r);
	buf_clear(&b);
	return err;
}

const struct err *
mboxname_from_utf8(struct arena *a, const char *utf8, char delimiter,
    const char **name_r)
{
	const struct err *err;
	struct buf b = { 0 };

	buf_adds(&b, utf8);
	err = from_utf8_buf(a, &b, delimiter, name_r);
	buf_clear(&b);
	return err;
}

void
mboxname_to_utf8(const char *name, char delimiter, struct buf *b)
{
	const char stop[] = { MBOXNAME_SEP, delimiter, '\0' };
	size_t len;

	for (;; name += len + 1) {
		len = strcspn(name, stop);
		buf_add(b, name, len);
		if (name[len] == '\0')
			return;
		if (name[len] == MBOXNAME_SEP)
			buf_addc(b, delimiter);
		else
			buf_adds(b, stand_in(delimiter));
	}
}

void
mboxname_to_wire(const char *name, char delimiter, struct buf *b)
{
	struct buf utf8 = { 0 };

	mboxname_to_utf8(name, delimiter, &utf8);
	utf7_encode(utf8.s, utf8.len, b);
	buf_clear(&utf8);
}

/*
 * A pattern without neighbouring wildcards, and the places in it that are
 * reached: alive[j] when what was read so far matches its first j octets.
 * All places move with each octet of the name, so no pattern makes it slow.
 */
struct glob {
	char	*pattern;
	bool	*alive;
	size_t	 len;
	char	 delimiter;
	char	 small[1024];	/* both, when they fit */
};

/* False when the pattern has more literal octets than a name of name_len. */
static bool
glob_init(struct glob *g, const char *pattern, size_t name_len, char delimiter)
{
	size_t plain = 0, wild = 0, size;

	for (const char *p = pattern; *p != '\0'; p++)
		if (*p == '*' || *p == '%')
			wild++;
		else if (++plain > name_len)
			return false;
	if (wild > plain + 1)
		wild = plain + 1;
	size = plain + wild + 1;
	g->delimiter = delimiter;
	g->len = 0;
	g->pattern = g->small;
	if (2 * size > sizeof(g->small) &&
	    (g->pattern = malloc(2 * size)) == NULL)
		fatal("out of memory (%zu octets)", 2 * size);
	for (; *pattern != '\0'; pattern++) {
		char *last = g->len > 0 ? &g->pattern[g->len - 1] : NULL;

		if ((*pattern == '*' || *pattern == '%') && last != NULL &&
		    (*last == '*' || *last == '%')) {
			if (*pattern == '*')
				*last = '*';
		} else
			g->pattern[g->len++] = *pattern;
	}
	g->alive = (bool *)(g->pattern + size);
	memset(g->alive, 0, size);
	g->alive[0] = true;
	return true;
}

static void
glob_clear(struct glob *g)
{
	if (g->pattern != g->small)
		free(g->pattern);
}

/* Wildcards match nothing as well: RFC 3501 6.3.8 "zero or more". */
static void
glob_pass_wildcards(struct glob *g)
{
	for (size_t j = 0; j < g->len; j++)
		if (g->alive[j] && (g->pattern[j] == '*' ||
		    g->pattern[j] == '%'))
			g->alive[j + 1] = true;
}

static bool
octet_matches(char p, char c, bool anycase)
{
	return p == c || (anycase && strncasecmp(&p, &c, 1) == 0);
}

/* Take one octet of the name; false when nothing is alive any more. */
static bool
glob_step(struct glob *g, char c, bool anycase)
{
	bool any = false, from;

	for (size_t j = g->len + 1; j-- > 0;) {
		from = j > 0 && g->alive[j - 1] && g->pattern[j - 1] != '*' &&
		    g->pattern[j - 1] != '%' &&
		    octet_matches(g->pattern[j - 1], c, anycase);
		if (g->alive[j])
			g->alive[j] = j < g->len && (g->pattern[j] == '*' ||
			    (g->pattern[j] == '%' && c != g->delimiter));
		g->alive[j] |= from;
		any |= g->alive[j];
	}
	glob_pass_wildcards(g);
	return any;
}

static bool
glob_name(struct glob *g, const char *wire)
{
	bool inbox = is_inbox_level(wire, g->delimiter);

	glob_pass_wildcards(g);
	for (size_t i = 0; wire[i] != '\0'; i++)
		if (!glob_step(g, wire[i], inbox && i < 5))
			return false;
	return true;
}

bool
mboxname_match(const char *wire, const char *pattern, char delimiter)
{
	struct glob g;
	bool found;

	if (strcmp(pattern, "*") == 0)
		return true;
	if (strcmp(pattern, "%") == 0)
		return strchr(wire, delimiter) == NULL;
	if (!glob_init(&g, pattern, strlen(wire), delimiter))
		return false;
	found = glob_name(&g, wire) && g.alive[g.len];
	glob_clear(&g);
	return found;
}

bool
mboxname_match_below(const char *wire, const char *pattern, char delimiter)
{
	size_t len = strlen(pattern);
	bool found = false;
	struct glob g;

	/* No name ends in a delimiter. */
	if (len == 0 || pattern[len - 1] == delimiter ||
	    !glob_init(&g, pattern, SIZE_MAX, delimiter))
		return false;
	if (glob_name(&g, wire) && glob_step(&g, delimiter, false))
		for (size_t j = 0; j < g.len && !found; j++)
			found = g.alive[j] && g.pattern[j] != delimiter;
	glob_clear(&g);
	return found;
}

const char *
mboxname_nfc(struct arena *a, const char *utf8)
{
	utf8proc_uint8_t *nfc;
	const char *copy;

	/* utf8proc takes surrogates. */
	if (!utf8_valid(utf8, strlen(utf8)))
		return NULL;
	nfc = utf8proc_NFC((const utf8proc_uint8_t *)utf8);
	if (nfc == NULL)
		return NULL;
	copy = arena_strdup(a, (const char *)nfc);
	free(nfc);
	return copy;
}

size_t
mboxname_parent(const char *name)
{
	const char *sep = strrchr(name, MBOXNAME_SEP);

	return sep != NULL ? (size_t)(sep - name) : 0;
}

bool
mboxname_is_below(const char *child, const char *parent)
{
	size_t len = strlen(parent);

	return strncmp(child, parent, len) == 0 && child[len] == MBOXNAME_SEP;
}

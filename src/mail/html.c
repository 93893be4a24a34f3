/* html.c - the text of an HTML body
 * SPDX-License-Identifier: ISC */
#include "mail/html.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/charset.h"

enum {
	TEXT,
	REFERENCE,	/* behind '&' */
	OPEN,		/* behind '<' */
	NAME,		/* of a tag */
	TAG,		/* between name and '>' */
	VALUE,		/* behind '=' in a tag */
	QUOTED,		/* in an attribute's quotes */
	DECLARATION,	/* behind "<!" or "<?" */
	COMMENT		/* behind "<!--" */
};

/* Elements whose content is not read by anyone, ... */
static const char *const skipped[] = {
	"head", "template", "noscript", "svg", "object", "select", "xml"
};
/* ... and those that hold no tags, wherever they are. */
static const char *const raws[] = { "style", "script", "title", "textarea" };

/* Tags that do not end a word. */
static const char *const inlines[] = {
	"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn",
	"em", "font", "i", "ins", "kbd", "label", "mark", "o:p", "q", "s",
	"samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u",
	"var", "wbr"
};

/* Sorted. */
static const struct reference {
	const char	*name;
	uint16_t	 c;
} references[] = {
	{ "AElig", 0xc6 }, { "Aacute", 0xc1 }, { "Acirc", 0xc2 },
	{ "Agrave", 0xc0 }, { "Aring", 0xc5 }, { "Atilde", 0xc3 },
	{ "Auml", 0xc4 }, { "Ccedil", 0xc7 }, { "Dagger", 0x2021 },
	{ "ETH", 0xd0 }, { "Eacute", 0xc9 }, { "Ecirc", 0xca },
	{ "Egrave", 0xc8 }, { "Euml", 0xcb }, { "Iacute", 0xcd },
	{ "Icirc", 0xce }, { "Igrave", 0xcc }, { "Iuml", 0xcf },
	{ "Ntilde", 0xd1 }, { "OElig", 0x152 }, { "Oacute", 0xd3 },
	{ "Ocirc", 0xd4 }, { "Ograve", 0xd2 }, { "Oslash", 0xd8 },
	{ "Otilde", 0xd5 }, { "Ouml", 0xd6 }, { "Scaron", 0x160 },
	{ "THORN", 0xde }, { "Uacute", 0xda }, { "Ucirc", 0xdb },
	{ "Ugrave", 0xd9 }, { "Uuml", 0xdc }, { "Yacute", 0xdd },
	{ "Yuml", 0x178 }, { "aacute", 0xe1 }, { "acirc", 0xe2 },
	{ "acute", 0xb4 }, { "aelig", 0xe6 }, { "agrave", 0xe0 },
	{ "amp", '&' }, { "apos", '\'' }, { "aring", 0xe5 },
	{ "atilde", 0xe3 }, { "auml", 0xe4 }, { "bdquo", 0x201e },
	{ "brvbar", 0xa6 }, { "bull", 0x2022 }, { "ccedil", 0xe7 },
	{ "cedil", 0xb8 }, { "cent", 0xa2 }, { "circ", 0x2c6 },
	{ "copy", 0xa9 }, { "curren", 0xa4 }, { "dagger", 0x2020 },
	{ "deg", 0xb0 }, { "divide", 0xf7 }, { "eacute", 0xe9 },
	{ "ecirc", 0xea }, { "egrave", 0xe8 }, { "emsp", 0x2003 },
	{ "ensp", 0x2002 }, { "eth", 0xf0 }, { "euml", 0xeb },
	{ "euro", 0x20ac }, { "frac12", 0xbd }, { "frac14", 0xbc },
	{ "frac34", 0xbe }, { "ge", 0x2265 }, { "gt", '>' },
	{ "harr", 0x2194 }, { "hearts", 0x2665 }, { "hellip", 0x2026 },
	{ "iacute", 0xed }, { "icirc", 0xee }, { "iexcl", 0xa1 },
	{ "igrave", 0xec }, { "iquest", 0xbf }, { "iuml", 0xef },
	{ "laquo", 0xab }, { "larr", 0x2190 }, { "ldquo", 0x201c },
	{ "le", 0x2264 }, { "lrm", 0x200e }, { "lsaquo", 0x2039 },
	{ "lsquo", 0x2018 }, { "lt", '<' }, { "macr", 0xaf },
	{ "mdash", 0x2014 }, { "micro", 0xb5 }, { "middot", 0xb7 },
	{ "nbsp", 0xa0 }, { "ndash", 0x2013 }, { "ne", 0x2260 },
	{ "not", 0xac }, { "ntilde", 0xf1 }, { "oacute", 0xf3 },
	{ "ocirc", 0xf4 }, { "oelig", 0x153 }, { "ograve", 0xf2 },
	{ "ordf", 0xaa }, { "ordm", 0xba }, { "oslash", 0xf8 },
	{ "otilde", 0xf5 }, { "ouml", 0xf6 }, { "para", 0xb6 },
	{ "permil", 0x2030 }, { "plusmn", 0xb1 }, { "pound", 0xa3 },
	{ "quot", '"' }, { "raquo", 0xbb }, { "rarr", 0x2192 },
	{ "rdquo", 0x201d }, { "reg", 0xae }, { "rlm", 0x200f },
	{ "rsaquo", 0x203a }, { "rsquo", 0x2019 }, { "sbquo", 0x201a },
	{ "scaron", 0x161 }, { "sect", 0xa7 }, { "shy", 0xad },
	{ "sup1", 0xb9 }, { "sup2", 0xb2 }, { "sup3", 0xb3 },
	{ "szlig", 0xdf }, { "thinsp", 0x2009 }, { "thorn", 0xfe },
	{ "tilde", 0x2dc }, { "times", 0xd7 }, { "trade", 0x2122 },
	{ "uacute", 0xfa }, { "ucirc", 0xfb }, { "ugrave", 0xf9 },
	{ "uml", 0xa8 }, { "uuml", 0xfc }, { "yacute", 0xfd },
	{ "yen", 0xa5 }, { "yuml", 0xff }, { "zwj", 0x200d },
	{ "zwnj", 0x200c }
};

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static void
name_add(struct html *h, char c)
{
	if (h->name_len + 1 < sizeof(h->name))
		h->name[h->name_len++] = c;
	h->name[h->name_len] = '\0';
}

static const char *
in_list(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return list[i];
	return NULL;
}
#define IN_LIST(list, name)	in_list(list, sizeof(list) / sizeof(*list), name)

static void
put(struct html *h, const char *s, size_t len, struct buf *out)
{
	if (h->skip == NULL && h->raw == NULL)
		buf_add(out, s, len);
}

/* --- Character references --- */

static int
compare_reference(const void *name, const void *row)
{
	return strcmp(name, ((const struct reference *)row)->name);
}

/* "#8217" or "#x2019"; 0 when it is none. */
static uint32_t
number_of(const char *s)
{
	const int base = s[1] == 'x' || s[1] == 'X' ? 16 : 10;
	const char *digits = s + (base == 16 ? 2 : 1);
	unsigned long n;
	char *end;

	if (!is_digit(*digits) && !(base == 16 && is_letter(*digits)))
		return 0;
	n = strtoul(digits, &end, base);
	if (*end != '\0' || n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff))
		return 0;
	return n >= 0x80 && n < 0xa0 ? charset_1252((unsigned char)n) :
	    (uint32_t)n;
}

/* The reference that name holds; what is none stays as it is. */
static void
end_reference(struct html *h, struct buf *out)
{
	const struct reference *row = NULL;
	uint32_t c = 0;

	if (h->name[0] == '#')
		c = number_of(h->name);
	else
		row = bsearch(h->name, references, sizeof(references) /
		    sizeof(*references), sizeof(*references),
		    compare_reference);
	if (row != NULL)
		c = row->c;
	h->state = TEXT;
	if (c == 0) {
		put(h, "&", 1, out);
		put(h, h->name, h->name_len, out);
	} else if (h->skip == NULL && h->raw == NULL)
		utf8_put(c, out);
}

/* True when c was used up. */
static bool
reference_step(struct html *h, char c, struct buf *out)
{
	if ((is_letter(c) || is_digit(c) || (c == '#' && h->name_len == 0)) &&
	    h->name_len + 1 < sizeof(h->name)) {
		name_add(h, c);
		return true;
	}
	if (h->name_len == 0) {
		h->state = TEXT;
		put(h, "&", 1, out);
		return false;
	}
	end_reference(h, out);
	return c == ';';
}

/* --- Tags --- */

static void
end_tag(struct html *h, struct buf *out)
{
	h->state = TEXT;
	if (h->raw != NULL) {
		if (strcmp(h->name, h->raw) == 0)
			h->raw = NULL;
		return;
	}
	if (!h->closing)
		h->raw = IN_LIST(raws, h->name);
	if (h->skip != NULL) {
		/* A head that is not closed ends where the body begins. */
		if ((h->closing && strcmp(h->name, h->skip) == 0) ||
		    (!h->closing && strcmp(h->skip, "head") == 0 &&
		    strcmp(h->name, "body") == 0))
			h->skip = NULL;
		return;
	}
	if (!h->closing)
		h->skip = IN_LIST(skipped, h->name);
	if (IN_LIST(inlines, h->name) == NULL)
		buf_addc(out, ' ');
}

static void
start_name(struct html *h, char c)
{
	h->name_len = 0;
	name_add(h, (char)(c | 0x20));
	h->state = NAME;
}

/* Behind '<': what no tag begins with is text. */
static bool
open_step(struct html *h, char c, struct buf *out)
{
	if (c == '/' && !h->closing) {
		h->closing = true;
		return true;
	}
	if (is_letter(c) && (h->raw == NULL || h->closing)) {
		start_name(h, c);
		return true;
	}
	if (!h->closing && h->raw == NULL && (c == '!' || c == '?')) {
		h->state = DECLARATION;
		h->dashes = 0;
		return true;
	}
	h->state = TEXT;
	put(h, h->closing ? "</" : "<", h->closing ? 2 : 1, out);
	return false;
}

static void
tag_step(struct html *h, char c, struct buf *out)
{
	if (c == '>') {
		end_tag(h, out);
		return;
	}
	switch (h->state) {
	case NAME:
		if (is_blank(c) || c == '/')
			h->state = TAG;
		else
			name_add(h, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) :
			    c);
		break;
	case TAG:
		if (c == '=')
			h->state = VALUE;
		break;
	default:
		/* Quotes elsewhere mean nothing, or a stray one would take the
		 * rest of the text. */
		if (c == '"' || c == '\'') {
			h->quote = c;
			h->state = QUOTED;
		} else if (!is_blank(c))
			h->state = TAG;
		break;
	}
}

static void
comment_step(struct html *h, char c)
{
	if (c == '-')
		h->dashes++;
	else if (c == '>' && h->dashes >= 2)
		h->state = TEXT;
	else
		h->dashes = 0;
}

static void
declaration_step(struct html *h, char c)
{
	if (c == '>')
		h->state = TEXT;
	else if (c == '-' && h->dashes < 2 && ++h->dashes == 2)
		h->state = COMMENT;
	else if (c != '-')
		h->dashes = 3;		/* no comment any more */
}

/* One octet in any state; true when it was used up. */
static bool
step(struct html *h, char c, struct buf *out)
{
	switch (h->state) {
	case TEXT:
		if (c == '<') {
			h->state = OPEN;
			h->closing = false;
		} else if (c == '&') {
			h->state = REFERENCE;
			h->name_len = 0;
			h->name[0] = '\0';
		} else
			put(h, &c, 1, out);
		return true;
	case REFERENCE:
		return reference_step(h, c, out);
	case OPEN:
		return open_step(h, c, out);
	case QUOTED:
		if (c == h->quote)
			h->state = TAG;
		return true;
	case DECLARATION:
		declaration_step(h, c);
		return true;
	case COMMENT:
		comment_step(h, c);
		return true;
	default:
		tag_step(h, c, out);
		return true;
	}
}

void
html_feed(struct html *h, const char *s, size_t len, bool end, struct buf *out)
{
	size_t i = 0, run;

	while (i < len) {
		run = 0;
		while (h->state == TEXT && i + run < len && s[i + run] != '<' &&
		    s[i + run] != '&')
			run++;
		put(h, s + i, run, out);
		i += run;
		if (i < len && step(h, s[i], out))
			i++;
	}
	if (!end)
		return;
	if (h->state == REFERENCE && h->name_len > 0)
		end_reference(h, out);
	else if (h->state == REFERENCE)
		put(h, "&", 1, out);
	else if (h->state == OPEN)
		put(h, h->closing ? "</" : "<", h->closing ? 2 : 1, out);
}

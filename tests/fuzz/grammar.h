/* grammar.h - whether octets are an envelope or a body: RFC 9051 9
 * SPDX-License-Identifier: ISC
 *
 * Strict readers of what the server writes.  Each goes behind what it reads
 * and returns true, or returns false. */
#ifndef MSGSTORE_GRAMMAR_H
#define MSGSTORE_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct grammar {
	const char	*s, *end;
	const char	*str;		/* the last string: its octets as sent */
	size_t		 str_len;
	unsigned int	 bodies;	/* leaves and multiparts read */
};

static inline bool
g_is(struct grammar *g, const char *want)
{
	size_t len = strlen(want);

	if ((size_t)(g->end - g->s) < len || memcmp(g->s, want, len) != 0)
		return false;
	g->s += len;
	return true;
}

static inline bool
g_number(struct grammar *g)
{
	const char *start = g->s;

	while (g->s < g->end && *g->s >= '0' && *g->s <= '9')
		g->s++;
	return g->s > start;
}

static inline bool
g_literal(struct grammar *g)
{
	size_t n = 0;

	for (; g->s < g->end && *g->s >= '0' && *g->s <= '9'; g->s++) {
		n = n * 10 + (size_t)(*g->s - '0');
		if (n > 100000000)
			return false;
	}
	if (!g_is(g, "}\r\n") || (size_t)(g->end - g->s) < n ||
	    memchr(g->s, '\0', n) != NULL)
		return false;
	g->str = g->s;
	g->str_len = n;
	g->s += n;
	return true;
}

static inline bool
g_string(struct grammar *g)
{
	if (g_is(g, "{"))
		return g_literal(g);
	if (!g_is(g, "\""))
		return false;
	for (g->str = g->s; g->s < g->end && *g->s != '"'; g->s++) {
		if (*g->s == '\\' && (++g->s == g->end ||
		    (*g->s != '"' && *g->s != '\\')))
			return false;
		if (*g->s == '\r' || *g->s == '\n' || *g->s == '\0' ||
		    (*g->s & 0x80))
			return false;
	}
	g->str_len = (size_t)(g->s - g->str);
	return g_is(g, "\"");
}

static inline bool
g_nstring(struct grammar *g)
{
	return g_is(g, "NIL") || g_string(g);
}

static inline bool
g_address(struct grammar *g)
{
	return g_is(g, "(") && g_nstring(g) && g_is(g, " ") && g_nstring(g) &&
	    g_is(g, " ") && g_nstring(g) && g_is(g, " ") && g_nstring(g) &&
	    g_is(g, ")");
}

static inline bool
g_addresses(struct grammar *g)
{
	if (g_is(g, "NIL"))
		return true;
	if (!g_is(g, "(") || !g_address(g))
		return false;
	while (!g_is(g, ")"))
		if (!g_address(g))
			return false;
	return true;
}

static inline bool
g_envelope(struct grammar *g)
{
	if (!g_is(g, "(") || !g_nstring(g) || !g_is(g, " ") || !g_nstring(g))
		return false;
	for (int i = 0; i < 6; i++)
		if (!g_is(g, " ") || !g_addresses(g))
			return false;
	return g_is(g, " ") && g_nstring(g) && g_is(g, " ") && g_nstring(g) &&
	    g_is(g, ")");
}

/* "body-fld-param" */
static inline bool
g_params(struct grammar *g)
{
	if (g_is(g, "NIL"))
		return true;
	if (!g_is(g, "(") || !g_string(g) || !g_is(g, " ") || !g_string(g))
		return false;
	while (!g_is(g, ")"))
		if (!g_is(g, " ") || !g_string(g) || !g_is(g, " ") ||
		    !g_string(g))
			return false;
	return true;
}

static inline bool
g_disposition(struct grammar *g)
{
	return g_is(g, "NIL") || (g_is(g, "(") && g_string(g) &&
	    g_is(g, " ") && g_params(g) && g_is(g, ")"));
}

static inline bool
g_language(struct grammar *g)
{
	if (!g_is(g, "("))
		return g_nstring(g);
	if (!g_string(g))
		return false;
	while (!g_is(g, ")"))
		if (!g_is(g, " ") || !g_string(g))
			return false;
	return true;
}

/* All that extension data may have is there. */
static inline bool
g_extension(struct grammar *g, bool (*first)(struct grammar *))
{
	return g_is(g, " ") && first(g) && g_is(g, " ") && g_disposition(g) &&
	    g_is(g, " ") && g_language(g) && g_is(g, " ") && g_nstring(g);
}

static inline bool
g_str_is(const struct grammar *g, const char *want)
{
	return g->str_len == strlen(want) &&
	    strncasecmp(g->str, want, g->str_len) == 0;
}

static inline bool
g_body(struct grammar *g, bool extended)
{
	bool text, message;

	g->bodies++;
	if (!g_is(g, "("))
		return false;
	if (g->s < g->end && *g->s == '(') {
		while (g->s < g->end && *g->s == '(')
			if (!g_body(g, extended))
				return false;
		return g_is(g, " ") && g_string(g) && (!extended ||
		    g_extension(g, g_params)) && g_is(g, ")");
	}
	if (!g_string(g))
		return false;
	text = g_str_is(g, "TEXT");
	message = g_str_is(g, "MESSAGE");
	if (!g_is(g, " ") || !g_string(g))
		return false;
	message = message && (g_str_is(g, "RFC822") || g_str_is(g, "GLOBAL"));
	if (!g_is(g, " ") || !g_params(g) || !g_is(g, " ") || !g_nstring(g) ||
	    !g_is(g, " ") || !g_nstring(g) || !g_is(g, " ") || !g_string(g) ||
	    !g_is(g, " ") || !g_number(g))
		return false;
	if (message && (!g_is(g, " ") || !g_envelope(g) || !g_is(g, " ") ||
	    !g_body(g, extended)))
		return false;
	if ((message || text) && (!g_is(g, " ") || !g_number(g)))
		return false;
	return (!extended || g_extension(g, g_nstring)) && g_is(g, ")");
}

/* Whether all of len octets at s are it. */
static inline bool
is_body(const char *s, size_t len, bool extended, unsigned int *bodies_r)
{
	struct grammar g = { .s = s, .end = s + len };
	bool ok = g_body(&g, extended) && g.s == g.end;

	*bodies_r = g.bodies;
	return ok;
}

static inline bool
is_envelope(const char *s, size_t len)
{
	struct grammar g = { .s = s, .end = s + len };

	return g_envelope(&g) && g.s == g.end;
}

#endif

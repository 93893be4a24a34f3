/* imapurl.c - URLs of messages and their parts
 * SPDX-License-Identifier: ISC */
#include "wire/imapurl.h"

#include <string.h>
#include <strings.h>

struct cursor {
	const char	*s, *end;
};

/* RFC 5092 11 "bchar", without escapes */
static bool
is_bchar(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._~!$'()*+,&=:@/", c) != NULL);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* word in any case, consumed. */
static bool
take_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->s) < n || strncasecmp(c->s, word, n) != 0)
		return false;
	c->s += n;
	return true;
}

/* RFC 9051 9 "number", or (nz) "nz-number" */
static bool
take_number(struct cursor *c, bool nz, uint32_t *n_r)
{
	const char *start = c->s;
	uint64_t n = 0;

	while (c->s < c->end && *c->s >= '0' && *c->s <= '9' &&
	    n <= UINT32_MAX)
		n = n * 10 + (uint64_t)(*c->s++ - '0');
	if (c->s == start || n > UINT32_MAX || (nz && *start == '0'))
		return false;
	*n_r = (uint32_t)n;
	return true;
}

/*
 * "1*bchar", through the octet before the next ';' (or the slash in front of it)
 * or the end.  Escapes are undone.
 */
static bool
take_text(struct arena *a, struct cursor *c, const char **s_r)
{
	const char *end = memchr(c->s, ';', (size_t)(c->end - c->s));
	char *text, *out;
	int hi, lo;

	if (end == NULL)
		end = c->end;
	else if (end > c->s && end[-1] == '/')
		end--;
	if (end == c->s)
		return false;
	text = out = arena_alloc(a, (size_t)(end - c->s) + 1);
	while (c->s < end) {
		if (*c->s != '%') {
			if (!is_bchar(*c->s))
				return false;
			*out++ = *c->s++;
			continue;
		}
		if (end - c->s < 3 || (hi = hex_value(c->s[1])) < 0 ||
		    (lo = hex_value(c->s[2])) < 0 || (hi | lo) == 0)
			return false;
		*out++ = (char)(hi << 4 | lo);
		c->s += 3;
	}
	*out = '\0';
	*s_r = text;
	return true;
}

/* RFC 5092 7: "." and ".." as a whole segment would be gone or go up. */
static bool
has_dot_segment(const char *s, const char *end)
{
	const char *next;
	size_t n;

	for (; s <= end; s = next + 1) {
		next = memchr(s, '/', (size_t)(end - s));
		if (next == NULL)
			next = end;
		n = (size_t)(next - s);
		if ((n == 1 && s[0] == '.') ||
		    (n == 2 && s[0] == '.' && s[1] == '.'))
			return true;
	}
	return false;
}

/* RFC 5092 11 "imailbox-ref", and the slash behind it */
static bool
take_mailbox(struct arena *a, struct cursor *c, struct imapurl *url)
{
	/* "//" begins the name of a server. */
	if (!take_word(c, "/") || c->s == c->end || *c->s == '/' ||
	    !take_text(a, c, &url->mailbox))
		return false;
	if (take_word(c, ";UIDVALIDITY=") &&
	    !take_number(c, true, &url->uidvalidity))
		return false;
	return take_word(c, "/");
}

bool
imapurl_parse(struct arena *a, const char *s, size_t len,
    struct imapurl *url_r)
{
	struct cursor c = { s, s + len };
	struct imapurl url = { 0 };

	if (len == 0 || len > IMAPURL_MAX_OCTETS ||
	    has_dot_segment(c.s, c.end) ||
	    (*s != ';' && !take_mailbox(a, &c, &url)))
		return false;
	if (!take_word(&c, ";UID=") || !take_number(&c, true, &url.uid))
		return false;
	if (take_word(&c, "/;SECTION=") && !take_text(a, &c, &url.section))
		return false;
	if (take_word(&c, "/;PARTIAL=")) {
		url.partial = true;
		if (!take_number(&c, false, &url.offset) ||
		    (take_word(&c, ".") && !take_number(&c, true, &url.count)))
			return false;
	}
	if (c.s != c.end)
		return false;
	*url_r = url;
	return true;
}

const char *
imapurl_printable(struct arena *a, const char *s, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	char *text, *out;

	if (len > IMAPURL_MAX_OCTETS)
		len = IMAPURL_MAX_OCTETS;
	text = out = arena_alloc(a, len * 3 + 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c > ' ' && c < 0x7f && c != ']' && c != '\\') {
			*out++ = (char)c;
			continue;
		}
		*out++ = '%';
		*out++ = digits[c >> 4];
		*out++ = digits[c & 15];
	}
	*out = '\0';
	return text;
}

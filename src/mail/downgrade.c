/* downgrade.c - internationalised mail for clients that know none
 * SPDX-License-Identifier: ISC */
#include "mail/downgrade.h"

#include <string.h>

#include "wire/base64.h"
#include "wire/reply.h"
#include "wire/utf7.h"

#define WORD_OCTETS	45	/* of UTF-8 in an encoded word: RFC 2047 2 */
#define NOBODY_HOST	"internationalized-address.invalid"

struct cursor {
	const char	*s, *end;
	bool		 changed;
};

/* A nstring as it stands, and the text of one that must be replaced. */
struct nstring {
	const char	*raw;
	size_t		 raw_len;
	const char	*text;		/* NULL: it may stay */
	size_t		 len;
	bool		 nil;
};

static bool
is_ascii(const char *s, size_t len)
{
	uint64_t octets, all = 0;
	size_t i;

	for (i = 0; len - i >= sizeof(octets); i += sizeof(octets)) {
		memcpy(&octets, s + i, sizeof(octets));
		all |= octets;
	}
	for (; i < len; i++)
		all |= s[i] & 0x80u;
	return (all & UINT64_C(0x8080808080808080)) == 0;
}

static bool
take(struct cursor *c, char want)
{
	if (c->s == c->end || *c->s != want)
		return false;
	c->s++;
	return true;
}

static bool
take_quoted(struct cursor *c)
{
	while (c->s < c->end && *c->s != '"')
		c->s += *c->s == '\\' && c->end - c->s > 1 ? 2 : 1;
	return take(c, '"');
}

/* Only literals hold 8-bit octets here: reply_string_buf(). */
static bool
take_literal(struct cursor *c, struct nstring *n)
{
	size_t len = 0;

	for (; c->s < c->end && *c->s >= '0' && *c->s <= '9'; c->s++) {
		if (len > SIZE_MAX / 10 - 1)
			return false;
		len = len * 10 + (size_t)(*c->s - '0');
	}
	if (c->end - c->s < 3 || memcmp(c->s, "}\r\n", 3) != 0 ||
	    (size_t)(c->end - c->s) - 3 < len)
		return false;
	c->s += 3;
	if (!is_ascii(c->s, len) && utf8_valid(c->s, len)) {
		n->text = c->s;
		n->len = len;
	}
	c->s += len;
	return true;
}

static bool
take_nstring(struct cursor *c, struct nstring *n)
{
	bool ok;

	*n = (struct nstring){ .raw = c->s };
	if (take(c, '"'))
		ok = take_quoted(c);
	else if (take(c, '{'))
		ok = take_literal(c, n);
	else {
		ok = c->end - c->s >= 3 && memcmp(c->s, "NIL", 3) == 0;
		c->s += ok ? 3 : 0;
		n->nil = true;
	}
	n->raw_len = (size_t)(c->s - n->raw);
	c->changed |= n->text != NULL;
	return ok;
}

/* RFC 2047 2: words of whole characters. */
static void
add_words(struct buf *b, const char *s, size_t len)
{
	struct buf text = { 0 };
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = len < WORD_OCTETS ? len : WORD_OCTETS;
		while (n < len && (s[n] & 0xc0) == 0x80)
			n--;
		buf_adds(&text, text.len > 0 ? " =?UTF-8?B?" : "=?UTF-8?B?");
		base64_encode(s, n, &text);
		buf_adds(&text, "?=");
	}
	reply_string_buf(b, text.s, text.len);
	buf_clear(&text);
}

static void
add_nstring(struct buf *b, const struct nstring *n)
{
	if (n->text != NULL)
		add_words(b, n->text, n->len);
	else
		buf_add(b, n->raw, n->raw_len);
}

/* RFC 6858 2.1: a name that tells what happened, and nobody's address. */
static void
add_nobody(struct buf *b, const struct nstring *name)
{
	if (name->nil)
		buf_adds(b, "\"(internationalized address)\"");
	else
		add_nstring(b, name);
	buf_adds(b, " NIL \"invalid\" \"" NOBODY_HOST "\"");
}

/* RFC 9051 9 "address"; one without a host is the start of a group. */
static bool
address(struct cursor *c, struct buf *b)
{
	struct nstring part[4];

	if (!take(c, '('))
		return false;
	for (size_t i = 0; i < 4; i++)
		if ((i > 0 && !take(c, ' ')) || !take_nstring(c, &part[i]))
			return false;
	if (!take(c, ')'))
		return false;
	buf_addc(b, '(');
	if (part[1].text != NULL || part[3].text != NULL ||
	    (part[2].text != NULL && !part[3].nil))
		add_nobody(b, &part[0]);
	else
		for (size_t i = 0; i < 4; i++) {
			if (i > 0)
				buf_addc(b, ' ');
			add_nstring(b, &part[i]);
		}
	buf_addc(b, ')');
	return true;
}

static bool
addresses(struct cursor *c, struct buf *b)
{
	struct nstring none;

	if (!take(c, '(')) {
		if (!take_nstring(c, &none) || !none.nil)
			return false;
		buf_adds(b, "NIL");
		return true;
	}
	buf_addc(b, '(');
	do {
		if (!address(c, b))
			return false;
	} while (c->s < c->end && *c->s == '(');
	buf_addc(b, ')');
	return take(c, ')');
}

/* RFC 6858 2.4: what cannot be given is left out. */
static bool
other(struct cursor *c, struct buf *b)
{
	struct nstring n;

	if (!take_nstring(c, &n))
		return false;
	if (n.text != NULL)
		buf_adds(b, "NIL");
	else
		add_nstring(b, &n);
	return true;
}

/* RFC 9051 9 "envelope" */
static bool
envelope(struct cursor *c, struct buf *b)
{
	struct nstring subject;

	if (!take(c, '('))
		return false;
	buf_addc(b, '(');
	if (!other(c, b) || !take(c, ' ') || !take_nstring(c, &subject))
		return false;
	buf_addc(b, ' ');
	add_nstring(b, &subject);
	for (size_t i = 0; i < 6; i++) {
		buf_addc(b, ' ');
		if (!take(c, ' ') || !addresses(c, b))
			return false;
	}
	for (size_t i = 0; i < 2; i++) {
		buf_addc(b, ' ');
		if (!take(c, ' ') || !other(c, b))
			return false;
	}
	buf_addc(b, ')');
	return take(c, ')') && c->s == c->end;
}

bool
envelope_downgrade(const char *s, size_t len, struct buf *b)
{
	struct cursor c = { .s = s, .end = s + len };
	const size_t before = b->len;

	if (is_ascii(s, len))
		return false;
	if (envelope(&c, b) && c.changed)
		return true;
	b->len = before;
	return false;
}

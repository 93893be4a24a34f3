/* reply.c - writes the data of IMAP responses
 * SPDX-License-Identifier: ISC */
#include "wire/reply.h"

#include <string.h>
#include <strings.h>

#include "wire/flag.h"
#include "wire/mboxname.h"
#include "wire/parser.h"
#include "wire/utf7.h"

#define NUMBER_MAX	20	/* digits of a number */
#define QUOTED_MAX	1024	/* octets of a string that is quoted */

/* Where the pieces go: exactly one is set. */
struct sink {
	struct output	*out;
	struct buf	*buf;
};

static void
put(const struct sink *k, const char *s, size_t len)
{
	if (k->out != NULL)
		output_add(k->out, s, len);
	else
		buf_add(k->buf, s, len);
}

static size_t
number_format(char s[NUMBER_MAX], uint64_t n)
{
	size_t len = 1;

	for (uint64_t power = 10; len < NUMBER_MAX && n >= power; power *= 10)
		len++;
	for (size_t i = len; i-- > 0; n /= 10)
		s[i] = (char)('0' + n % 10);
	return len;
}

enum form { FORM_PLAIN, FORM_ESCAPED, FORM_LITERAL };

/* RFC 9051 9 "quoted": tabs apart, controls go in a literal, which no client
 * gets wrong; so does UTF-8 unless utf8. */
static enum form
string_form(const char *s, size_t len, bool utf8)
{
	enum form form = FORM_PLAIN;
	bool eight = false;
	unsigned char c;

	if (len > QUOTED_MAX)
		return FORM_LITERAL;
	for (size_t i = 0; i < len; i++) {
		c = (unsigned char)s[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f ||
		    (c > 0x7f && !utf8))
			return FORM_LITERAL;
		eight |= c > 0x7f;
		if (c == '"' || c == '\\')
			form = FORM_ESCAPED;
	}
	return eight && !utf8_valid(s, len) ? FORM_LITERAL : form;
}

static void
put_escaped(const struct sink *k, const char *s, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++)
		if (s[i] == '"' || s[i] == '\\') {
			put(k, s + from, i - from);
			put(k, "\\", 1);
			from = i;
		}
	put(k, s + from, len - from);
}

/* RFC 9051 9: NUL has no place in a literal either. */
static void
put_literal(const struct sink *k, const char *s, size_t len)
{
	char head[24] = "{";
	size_t n = number_format(head + 1, len) + 1;
	const char *nul;

	memcpy(head + n, "}\r\n", 3);
	put(k, head, n + 3);
	while (len > 0 && (nul = memchr(s, '\0', len)) != NULL) {
		put(k, s, (size_t)(nul - s));
		put(k, "?", 1);
		len -= (size_t)(nul - s) + 1;
		s = nul + 1;
	}
	put(k, s, len);
}

static void
put_string(const struct sink *k, const char *s, size_t len)
{
	enum form form = string_form(s, len,
	    k->out != NULL && output_utf8(k->out));

	if (form == FORM_LITERAL) {
		put_literal(k, s, len);
		return;
	}
	put(k, "\"", 1);
	if (form == FORM_PLAIN)
		put(k, s, len);
	else
		put_escaped(k, s, len);
	put(k, "\"", 1);
}

void
reply_string(struct output *out, const char *s, size_t len)
{
	put_string(&(struct sink){ .out = out }, s, len);
}

void
reply_string_buf(struct buf *b, const char *s, size_t len)
{
	put_string(&(struct sink){ .buf = b }, s, len);
}

void
reply_nstring(struct output *out, const char *s, size_t len)
{
	if (s == NULL)
		output_add(out, "NIL", 3);
	else
		reply_string(out, s, len);
}

void
reply_nstring_buf(struct buf *b, const char *s, size_t len)
{
	if (s == NULL)
		buf_add(b, "NIL", 3);
	else
		reply_string_buf(b, s, len);
}

/* An atom that spells NIL is left to strings: clients take it for none. */
static bool
is_plain_astring(const char *s, size_t len)
{
	if (len == 0 || len > QUOTED_MAX ||
	    (len == 3 && strncasecmp(s, "NIL", 3) == 0))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!parser_is_astring_char((unsigned char)s[i]))
			return false;
	return true;
}

void
reply_astring(struct output *out, const char *s, size_t len)
{
	if (is_plain_astring(s, len))
		output_add(out, s, len);
	else
		reply_string(out, s, len);
}

void
reply_mailbox(struct output *out, const char *name, char delimiter)
{
	struct buf b = { 0 };

	if (output_utf8(out))
		mboxname_to_utf8(name, delimiter, &b);
	else
		mboxname_to_wire(name, delimiter, &b);
	reply_astring(out, b.s != NULL ? b.s : "", b.len);
	buf_clear(&b);
}

void
reply_delimiter(struct output *out, char delimiter)
{
	reply_string(out, &delimiter, 1);
}

void
reply_flags(struct output *out, uint64_t flags, bool recent,
    const char *const *keywords, size_t n)
{
	const char *sep = "(";
	const char *name;
	unsigned int bit;

	if (n > FLAG_KEYWORDS_MAX)
		n = FLAG_KEYWORDS_MAX;
	flags &= (UINT64_C(1) << (FLAG_KEYWORD_FIRST + n)) - 1;
	for (; flags != 0; flags &= flags - 1) {
		bit = (unsigned int)__builtin_ctzll(flags);
		name = bit < FLAG_KEYWORD_FIRST ? flag_system_name(bit) :
		    keywords[bit - FLAG_KEYWORD_FIRST];
		output_add(out, sep, 1);
		output_adds(out, name);
		sep = " ";
	}
	if (recent) {
		output_add(out, sep, 1);
		output_add(out, "\\Recent", 7);
		sep = " ";
	}
	if (*sep == '(')
		output_add(out, "(", 1);
	output_add(out, ")", 1);
}

void
reply_seqset(struct output *out, const struct seqset *set)
{
	struct buf b = { 0 };

	seqset_format(set, &b);
	output_add(out, b.s, b.len);
	buf_clear(&b);
}

void
reply_datetime(struct output *out, const struct datetime *dt)
{
	char s[DATE_TIME_LEN + 3];

	s[0] = '"';
	datetime_format(dt, s + 1);
	s[DATE_TIME_LEN + 1] = '"';
	output_add(out, s, DATE_TIME_LEN + 2);
}

void
reply_number(struct output *out, uint64_t n)
{
	char s[NUMBER_MAX], *room = output_space(out, NUMBER_MAX);

	if (room != NULL)
		output_took(out, number_format(room, n));
	else
		output_add(out, s, number_format(s, n));
}

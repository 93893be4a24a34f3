/* fuzz-parser.c - any octets through every function of the parser
 * SPDX-License-Identifier: ISC
 *
 * The first octet chooses the chunks, the second the limit; then a script of
 * functions up to a newline, one letter each; the rest is the input.  What
 * comes out must not depend on the chunks. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct trial {
	const uint8_t	*script, *s;
	size_t		 script_len, len, limit;
};

static void
add_string(struct buf *b, const char *s)
{
	buf_adds(b, s != NULL ? s : "NIL");
	buf_addc(b, '\n');
}

/* The functions whose result is a string. */
static bool
strings(struct parser *p, int letter, struct buf *b)
{
	const char *s = NULL;
	size_t len = 0;
	bool ok;

	switch (letter) {
	case 't': ok = parser_tag(p, &s); break;
	case 'a': ok = parser_atom(p, &s); break;
	case 'w': ok = parser_word(p, &s); break;
	case 'q': ok = parser_string(p, &s, &len); break;
	case 'A': ok = parser_astring(p, &s, &len); break;
	case 'N': ok = parser_nstring(p, &s, &len); break;
	case 'm': ok = parser_mailbox(p, &s); break;
	case 'M': ok = parser_list_mailbox(p, &s); break;
	default: ok = parser_line(p, 100, &s, &len); break;
	}
	if (!ok)
		return false;
	if (len > 0 && strlen(s) != len)
		abort();
	add_string(b, s);
	return true;
}

static bool
numbers(struct parser *p, int letter, struct buf *b)
{
	struct seqset set;
	uint64_t n64;
	uint32_t n;
	bool ok;

	if (letter == 's') {
		if (!parser_seqset(p, &set))
			return false;
		for (size_t i = 0; i < set.n; i++)
			if (set.ranges[i].first > set.ranges[i].last)
				abort();
		set = seqset_resolve(p->arena, &set, 1000);
		seqset_format(&set, b);
		return true;
	}
	if (letter == '6')
		ok = parser_number64(p, &n64);
	else {
		ok = letter == 'n' ? parser_number(p, &n) :
		    parser_nz_number(p, &n);
		n64 = ok ? n : 0;
	}
	if (ok)
		buf_addf(b, "%llu\n", (unsigned long long)n64);
	return ok;
}

static bool
values(struct parser *p, int letter, struct buf *b)
{
	struct parser_flags flags;
	char text[DATE_TIME_LEN + 1];
	struct datetime dt;
	int32_t day;

	switch (letter) {
	case 'd':
		if (!parser_date(p, &day))
			return false;
		buf_addf(b, "%d\n", (int)day);
		return true;
	case 'D':
		if (!parser_date_time(p, &dt))
			return false;
		datetime_format(&dt, text);
		add_string(b, text);
		return true;
	default:
		if (!parser_flags(p, letter == 'F', &flags))
			return false;
		for (size_t i = 0; i < flags.n; i++)
			add_string(b, flags.keywords[i]);
		return true;
	}
}

static bool
literal(struct parser *p, struct buf *b)
{
	bool nonsync, ok;
	uint64_t size, got = 0;
	char s[37];
	size_t n;

	if (!parser_literal_head(p, &size, &nonsync) || size > 100000 ||
	    !parser_literal_go(p))
		return false;
	while ((n = parser_literal_read(p, s, sizeof(s), &ok)) > 0) {
		buf_add(b, s, n);
		got += n;
	}
	if (ok != (got == size))
		abort();
	return ok;
}

static bool
one(struct parser *p, int letter, struct buf *b)
{
	switch (letter) {
	case ' ':
		return parser_sp(p);
	case '(':
	case ')':
		return parser_char(p, (char)letter);
	case '?':
		parser_opt(p, ' ');
		return true;
	case '.':
		return parser_crlf(p);
	case '{':
		return literal(p, b);
	case 's': case '6': case 'n': case 'z':
		return numbers(p, letter, b);
	case 'd': case 'D': case 'f': case 'F':
		return values(p, letter, b);
	default:
		return strings(p, letter, b);
	}
}

static void
try(const struct trial *t, size_t chunk, struct buf *b)
{
	struct arena *a = arena_new();
	struct input *in = input_new_mem(t->s, t->len, chunk);
	struct parser p;

	for (int commands = 0; commands < 20; commands++) {
		parser_init(&p, a, in, NULL, NULL, t->limit);
		for (size_t i = 0; i < t->script_len; i++)
			if (!one(&p, t->script[i], b)) {
				add_string(b, parser_err(&p)->text);
				break;
			}
		if (!parser_skip(&p, 10000))
			break;
		if (!p.at_end)
			abort();
		buf_addf(b, "at %llu\n", (unsigned long long)input_count(in));
		arena_reset(a);
	}
	input_free(in);
	arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, chunked = { 0 };
	struct trial t;
	const uint8_t *nl;

	if (size < 3 || (nl = memchr(data + 2, '\n', size - 2)) == NULL)
		return 0;
	t.script = data + 2;
	t.script_len = (size_t)(nl - t.script);
	t.s = nl + 1;
	t.len = size - (size_t)(t.s - data);
	t.limit = data[1] < 128 ? data[1] : 100000;
	if (t.script_len > 50)
		return 0;
	try(&t, SIZE_MAX, &whole);
	try(&t, data[0] % 16 + 1, &chunked);
	if (whole.len != chunked.len || (whole.len > 0 &&
	    memcmp(whole.s, chunked.s, whole.len) != 0))
		abort();
	buf_clear(&whole);
	buf_clear(&chunked);
	return 0;
}

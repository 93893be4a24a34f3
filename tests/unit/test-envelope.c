/* test-envelope.c - ENVELOPE and its addresses
 * SPDX-License-Identifier: ISC */
#include "mail/envelope.h"

#include "test.h"

/* "name|adl|mailbox|host" for each, '-' for NULL, blank between. */
static const char *
flat(struct arena *a, const char *s, size_t len)
{
	struct address *list = NULL;
	size_t n = address_parse(a, s, len, &list);
	const char *out = "";

	for (size_t i = 0; i < n; i++)
		out = arena_printf(a, "%s%s%s|%s|%s|%s", out,
		    i > 0 ? " " : "", list[i].name ? list[i].name : "-",
		    list[i].adl ? list[i].adl : "-",
		    list[i].mailbox ? list[i].mailbox : "-",
		    list[i].host ? list[i].host : "-");
	return out;
}

struct row {
	const char	*in, *want;
};

static void
check_rows(const struct row *rows, size_t n)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < n; i++) {
		TEST_ROW("%s", rows[i].in);
		CHECK_STR(flat(a, rows[i].in, strlen(rows[i].in)),
		    rows[i].want);
	}
	arena_free(a);
}

/* RFC 5322 3.4 and the examples of its appendix A. */
static void
addresses_are_parsed(void)
{
	static const struct row rows[] = {
		{ "", "" },
		{ "  \r\n ", "" },
		{ "a@b", "-|-|a|b" },
		{ "John Doe <jdoe@machine.example>",
		    "John Doe|-|jdoe|machine.example" },
		{ "\"Joe Q. Public\" <john.q.public@example.com>",
		    "Joe Q. Public|-|john.q.public|example.com" },
		{ "Mary Smith <mary@x.test>, jdoe@example.org, "
		    "Who? <one@y.test>", "Mary Smith|-|mary|x.test "
		    "-|-|jdoe|example.org Who?|-|one|y.test" },
		{ "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" "
		    "<sysservices@example.net>", "-|-|boss|nil.test "
		    "Giant; \"Big\" Box|-|sysservices|example.net" },
		{ "\"quoted local\"@example.com",
		    "-|-|quoted local|example.com" },
		{ "x@[192.0.2.1]", "-|-|x|[192.0.2.1]" },
		{ "x@[IPv6: 2001:db8::1]", "-|-|x|[IPv6:2001:db8::1]" },
		{ "J\303\266rg <j@\303\266.example>",
		    "J\303\266rg|-|j|\303\266.example" },
		{ "=?utf-8?Q?J=C3=B6rg?= <j@x>", "=?utf-8?Q?J=C3=B6rg?=|-|j|x" },
		{ "A\r\n B <a@b>", "A B|-|a|b" },
	};

	check_rows(rows, TEST_N(rows));
}

static void
groups_have_a_start_and_an_end(void)
{
	static const struct row rows[] = {
		{ "A Group:Ed Jones <joe@where.test>,b@c;, d@e",
		    "-|-|A Group|- Ed Jones|-|joe|where.test -|-|b|c "
		    "-|-|-|- -|-|d|e" },
		{ "Undisclosed recipients:;",
		    "-|-|Undisclosed recipients|- -|-|-|-" },
		{ "undisclosed-recipients:",
		    "-|-|undisclosed-recipients|- -|-|-|-" },
		{ "\"a:b\": ;", "-|-|a:b|- -|-|-|-" },
		{ "g:a@b", "-|-|g|- -|-|a|b -|-|-|-" },
		/* There are no groups in a group: the first was not ended. */
		{ "g:h:a@b;", "-|-|g|- -|-|-|- -|-|h|- -|-|a|b -|-|-|-" },
		{ "g: a@b, h: c@d;, e@f", "-|-|g|- -|-|a|b -|-|-|- "
		    "-|-|h|- -|-|c|d -|-|-|- -|-|e|f" },
		{ ":;", "-|-||- -|-|-|-" },
		{ "a@b;c@d", "-|-|a|b -|-|c|d" },
	};

	check_rows(rows, TEST_N(rows));
}

/* RFC 5322 4.4 and appendix A.6.1 */
static void
obsolete_forms_are_parsed(void)
{
	static const struct row rows[] = {
		{ "Joe Q. Public <john.q.public@example.com>",
		    "Joe Q. Public|-|john.q.public|example.com" },
		{ "Mary Smith <@node.test:mary@example.net>, , "
		    "jdoe@test  . example",
		    "Mary Smith|@node.test|mary|example.net "
		    "-|-|jdoe|test.example" },
		{ "<@a.test,@b.test : c @ d >", "-|@a.test,@b.test|c|d" },
		{ ",,a@b,,", "-|-|a|b" },
		{ "a . \"b c\" . d @ e", "-|-|a.b c.d|e" },
		{ "pete(I am \\) nested (x)) @silly(host).test",
		    "host|-|pete|silly.test" },
		{ "a@b (Jane \\(Doe\\))", "Jane (Doe)|-|a|b" },
		{ "root (Super User)", "Super User|-|root|" },
		{ "Jane (x) Doe <a@b> (y)", "Jane Doe|-|a|b" },
	};

	check_rows(rows, TEST_N(rows));
}

/* None of these may lose an address or look like a group. */
static void
broken_addresses_are_made_the_best_of(void)
{
	static const struct row rows[] = {
		{ "root", "-|-|root|" },
		{ "John Smith", "John Smith|-||" },
		{ "<>", "-|-||" },
		{ "Mailer <>", "Mailer|-||" },
		{ "<a>", "-|-|a|" },
		{ "@b", "-|-||b" },
		{ "a@", "-|-|a|" },
		{ "<@b>", "-|-||b" },
		{ "<a@b", "-|-|a|b" },
		{ "<a@b, c@d>", "-|-|a|b -|-|c|d" },
		{ "<<a@b>>", "-|-|a|b" },
		{ "a@b@c", "-|-|a@b|c" },
		{ "<a@b@c>", "-|-|a@b|c" },
		{ "a@b <c@d>", "a@b|-|c|d" },
		{ "A <a@b> B <c@d>", "A|-|a|b B|-|c|d" },
		{ "\"A <a@b>, c@d", "A|-|a|b -|-|c|d" },
		{ "A (x <a@b>", "A (x|-|a|b" },
		{ "=?utf-8?Q?Doe,_Jane?= <a@b>",
		    "=?utf-8?Q?Doe,_Jane?=|-|a|b" },
		{ "=?utf-8?Q?Doe,", "-|-|=?utf-8?Q?Doe|" },
		{ "\"\" <a@b>", "-|-|a|b" },
		{ "a@b c d", "-|-|a|b" },
		{ "mailto:a@b", "-|-|mailto|- -|-|a|b -|-|-|-" },
	};

	check_rows(rows, TEST_N(rows));
}

static void
nul_and_length_are_respected(void)
{
	struct arena *a = arena_new();

	CHECK_STR(flat(a, "a\0b@c\0d", 7), "-|-|a?b|c?d");
	CHECK_STR(flat(a, "a@bXYZ", 3), "-|-|a|b");
	CHECK_STR(flat(a, "\"a\\", 3), "-|-|a\\|");
	CHECK_STR(flat(a, "(a\\", 3), "-|-|(a\\|");
	arena_free(a);
}

static void
the_list_has_a_maximum(void)
{
	struct arena *a = arena_new();
	struct address *list;
	struct buf b = { 0 };
	size_t n;

	for (int i = 0; i < 2000; i++)
		buf_addf(&b, "a%d@b,", i);
	CHECK(address_parse(a, b.s, b.len, &list) <= ENVELOPE_ADDRESSES_MAX);
	buf_reset(&b);
	buf_adds(&b, "g:");
	for (int i = 0; i < 2000; i++)
		buf_addf(&b, "a%d@b,", i);
	n = address_parse(a, b.s, b.len, &list);
	CHECK(n <= ENVELOPE_ADDRESSES_MAX && n > ENVELOPE_ADDRESSES_MAX - 3);
	/* A group that was cut is ended. */
	CHECK(list[n - 1].mailbox == NULL && list[n - 1].host == NULL);
	buf_clear(&b);
	arena_free(a);
}

static void
envelopes_are_written(void)
{
#define FROM "((NIL NIL \"a\" \"b\"))"
	static const struct row rows[] = {
		{ "", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
		{ "From: a@b\r\n\r\nTo: not@this\r\n", "(NIL NIL " FROM " "
		    FROM " " FROM " NIL NIL NIL NIL NIL)" },
		{ "Subject:\r\nDate: \r\nTo:\r\nIn-Reply-To:\r\n"
		    "Message-ID:\r\nSender: \r\n\r\n",
		    "(\"\" \"\" NIL NIL NIL NIL NIL NIL \"\" \"\")" },
		{ "subject: a\r\n\tb \"q\" \\\r\nSUBJECT: second\r\n",
		    "(NIL \"a\tb \\\"q\\\" \\\\\" NIL NIL NIL NIL NIL NIL NIL "
		    "NIL)" },
		{ "Subject: caf\303\251\r\n", "(NIL {5}\r\ncaf\303\251 NIL NIL "
		    "NIL NIL NIL NIL NIL NIL)" },
		{ "From: a@b\r\nFrom: x@y\r\nSender: s@t\r\nReply-To: r@t\r\n",
		    "(NIL NIL " FROM " ((NIL NIL \"s\" \"t\")) "
		    "((NIL NIL \"r\" \"t\")) NIL NIL NIL NIL NIL)" },
		{ "To: a@b\r\nTo: c@d,\r\n e@f\r\nCc: a@b\r\nBcc: a@b\r\n",
		    "(NIL NIL NIL NIL NIL ((NIL NIL \"a\" \"b\")"
		    "(NIL NIL \"c\" \"d\")(NIL NIL \"e\" \"f\")) " FROM " "
		    FROM " NIL NIL)" },
		{ "To: g:a@b;\r\n", "(NIL NIL NIL NIL NIL "
		    "((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")"
		    "(NIL NIL NIL NIL)) NIL NIL NIL NIL)" },
		{ "Date: d\r\nMessage-Id: <m@i>\r\nIn-Reply-To: <p@i> (x)\r\n",
		    "(\"d\" NIL NIL NIL NIL NIL NIL NIL \"<p@i> (x)\" "
		    "\"<m@i>\")" },
	};
	struct arena *a = arena_new();
	struct buf b = { 0 };

	for (size_t i = 0; i < TEST_N(rows); i++) {
		TEST_ROW("%s", rows[i].in);
		buf_reset(&b);
		envelope_write(a, rows[i].in, strlen(rows[i].in), &b);
		CHECK_STR(buf_str(&b), rows[i].want);
	}
	buf_clear(&b);
	arena_free(a);
}

/* Any of these took time by the square of its length if something were wrong;
 * then the runner's time limit ends this program. */
static void
hostile_fields_take_linear_time(void)
{
	static const char *const pieces[] = {
		"\"\\\"", "(\\(", "(", "\"", "<@,", "<@", "=?a?b?", "a@", "g:",
		"<", "\\", "@", ";", "=?", "a b ",
	};
	struct buf b = { 0 }, out = { 0 };
	struct arena *a;

	for (size_t i = 0; i < TEST_N(pieces); i++) {
		TEST_ROW("%s", pieces[i]);
		a = arena_new();
		buf_reset(&b);
		buf_reset(&out);
		buf_adds(&b, "From: ");
		while (b.len < 1024 * 1024)
			buf_adds(&b, pieces[i]);
		envelope_write(a, b.s, b.len, &out);
		CHECK(out.len > 0 && out.len < 8 * 1024 * 1024);
		arena_free(a);
		a = arena_new();
		buf_reset(&b);
		while (b.len < 1024 * 1024)
			buf_addf(&b, "To: %s\r\n", pieces[i]);
		buf_reset(&out);
		envelope_write(a, b.s, b.len, &out);
		CHECK(out.len > 0 && out.len < 8 * 1024 * 1024);
		arena_free(a);
	}
	buf_clear(&b);
	buf_clear(&out);
}

int
main(void)
{
	TEST(addresses_are_parsed);
	TEST(groups_have_a_start_and_an_end);
	TEST(obsolete_forms_are_parsed);
	TEST(broken_addresses_are_made_the_best_of);
	TEST(nul_and_length_are_respected);
	TEST(the_list_has_a_maximum);
	TEST(envelopes_are_written);
	TEST(hostile_fields_take_linear_time);
	return test_end();
}

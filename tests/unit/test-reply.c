/* test-reply.c - the data of IMAP responses
 * SPDX-License-Identifier: ISC */
#include "wire/reply.h"

#include "wire/flag.h"
#include "wire/mboxname.h"

#include "test.h"

#define S(s)	(s), sizeof(s) - 1

static struct buf b;
static struct output *out;

static void
check_out(const char *want)
{
	CHECK(output_flush(out) == NULL);
	CHECK_STR(buf_str(&b), want);
	buf_reset(&b);
}

static void
strings_are_quoted_or_literals(void)
{
	static const struct {
		const char	*in;
		size_t		 len;
		const char	*want;
	} table[] = {
		{ S(""), "\"\"" }, { S("a b"), "\"a b\"" },
		{ S("a\tb"), "\"a\tb\"" }, { S("a\"b"), "\"a\\\"b\"" },
		{ S("\\"), "\"\\\\\"" }, { S("\"\\\""), "\"\\\"\\\\\\\"\"" },
		{ S("NIL"), "\"NIL\"" },
		{ S("a\r\nb"), "{4}\r\na\r\nb" }, { S("\n"), "{1}\r\n\n" },
		{ S("\x7f"), "{1}\r\n\x7f" }, { S("\x01"), "{1}\r\n\x01" },
		{ S("\xc3\xa9"), "{2}\r\n\xc3\xa9" },
		{ S("a\0b\0"), "{4}\r\na?b?" }, { S("\0"), "{1}\r\n?" },
		{ S("\n\"\\"), "{3}\r\n\n\"\\" },
	};
	struct buf other = { 0 };

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		reply_string(out, table[i].in, table[i].len);
		check_out(table[i].want);
		reply_nstring(out, table[i].in, table[i].len);
		check_out(table[i].want);
		buf_reset(&other);
		reply_string_buf(&other, table[i].in, table[i].len);
		reply_nstring_buf(&other, table[i].in, table[i].len);
		CHECK_INT(other.len, 2 * strlen(table[i].want));
		CHECK(strncmp(buf_str(&other), table[i].want,
		    strlen(table[i].want)) == 0);
	}
	TEST_ROW("NIL");
	reply_nstring(out, NULL, 0);
	check_out("NIL");
	buf_reset(&other);
	reply_nstring_buf(&other, NULL, 0);
	CHECK_STR(buf_str(&other), "NIL");
	buf_clear(&other);
}

static void
long_strings_are_literals(void)
{
	char s[1025];

	memset(s, 'x', sizeof(s));
	reply_string(out, s, 1024);
	CHECK(b.s[0] == '"' && b.len == 1026);
	buf_reset(&b);
	reply_string(out, s, 1025);
	CHECK(strncmp(buf_str(&b), "{1025}\r\nxxx", 11) == 0);
	CHECK_INT(b.len, 8 + 1025);
	buf_reset(&b);
	reply_astring(out, s, 1025);
	CHECK_INT(b.s[0], '{');
	buf_reset(&b);
}

static void
astrings_are_atoms_where_they_can(void)
{
	static const struct {
		const char	*in, *want;
	} table[] = {
		{ "INBOX", "INBOX" }, { "a]b", "a]b" }, { "&-", "&-" },
		{ "", "\"\"" }, { "a b", "\"a b\"" }, { "nil", "\"nil\"" },
		{ "NILE", "NILE" }, { "a*", "\"a*\"" }, { "50%", "\"50%\"" },
		{ "a\\b", "\"a\\\\b\"" }, { "(", "\"(\"" }, { "{1}", "\"{1}\"" },
		{ "\xc3\xa9", "{2}\r\n\xc3\xa9" },
	};

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		reply_astring(out, table[i].in, strlen(table[i].in));
		check_out(table[i].want);
	}
}

static void
mailboxes_leave_in_utf7_with_the_delimiter(void)
{
	static const struct {
		const char	*name;
		char		 delimiter;
		const char	*want;
	} table[] = {
		{ "INBOX", '\\', "INBOX" },
		{ "a" MBOXNAME_SEP_S "b", '\\', "\"a\\\\b\"" },
		{ "a" MBOXNAME_SEP_S "b", '/', "a/b" },
		{ "a" MBOXNAME_SEP_S "b c", '.', "\"a.b c\"" },
		{ "\xc3\xa9&\"", '/', "\"&AOk-&-\\\"\"" },
		{ "", '/', "\"\"" },
		/* A damaged row is no reason to send what is no astring. */
		{ "\xff\r\n", '/', "&,,0ADQAK-" },
	};

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].want);
		reply_mailbox(out, table[i].name, table[i].delimiter);
		check_out(table[i].want);
	}
	TEST_ROW("delimiters");
	reply_delimiter(out, '\\');
	reply_delimiter(out, '/');
	reply_delimiter(out, '.');
	check_out("\"\\\\\"\"/\"\".\"");
}

static void
flags_are_listed(void)
{
	static const char *const keywords[] = { "$Junk", "a", "z" };
	const char *many[FLAG_KEYWORDS_MAX + 5];
	const uint64_t k = UINT64_C(1) << FLAG_KEYWORD_FIRST;

	reply_flags(out, 0, false, NULL, 0);
	reply_flags(out, 0, true, NULL, 0);
	reply_flags(out, FLAG_SYSTEM, false, NULL, 0);
	check_out("()(\\Recent)"
	    "(\\Answered \\Flagged \\Deleted \\Seen \\Draft)");
	reply_flags(out, FLAG_SEEN | k | k << 2, true, keywords, 3);
	check_out("(\\Seen $Junk z \\Recent)");
	reply_flags(out, UINT64_MAX, false, keywords, 2);
	check_out("(\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk a)");
	for (size_t i = 0; i < TEST_N(many); i++)
		many[i] = "k";
	reply_flags(out, UINT64_MAX, false, many, TEST_N(many));
	CHECK_INT(b.len, strlen("(\\Answered \\Flagged \\Deleted \\Seen "
	    "\\Draft)") + 2 * FLAG_KEYWORDS_MAX);
	buf_reset(&b);
}

static void
numbers_sets_and_dates_are_written(void)
{
	static const uint64_t numbers[] = { 0, 9, 10, 4294967295, UINT64_MAX };
	struct seqrange ranges[] = { { 1, 3 }, { 7, 7 } };
	struct seqset set = { .ranges = ranges, .n = 2 };

	for (size_t i = 0; i < TEST_N(numbers); i++) {
		reply_number(out, numbers[i]);
		output_add(out, ",", 1);
	}
	check_out("0,9,10,4294967295,18446744073709551615,");
	reply_seqset(out, &set);
	check_out("1:3,7");
	set.n = 0;
	reply_seqset(out, &set);
	check_out("");
	reply_datetime(out, &(struct datetime){ 837596665, -420 });
	check_out("\"17-Jul-1996 02:44:25 -0700\"");
}

int
main(void)
{
	out = output_new_mem(&b);
	TEST(strings_are_quoted_or_literals);
	TEST(long_strings_are_literals);
	TEST(astrings_are_atoms_where_they_can);
	TEST(mailboxes_leave_in_utf7_with_the_delimiter);
	TEST(flags_are_listed);
	TEST(numbers_sets_and_dates_are_written);
	output_free(out);
	buf_clear(&b);
	return test_end();
}

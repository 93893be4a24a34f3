/* test-downgrade.c - internationalised mail for clients that know none
 * SPDX-License-Identifier: ISC */
#include "mail/downgrade.h"

#include "mail/envelope.h"

#include "test.h"

static struct arena *a;

/* The envelope of a header, downgraded; "(same)" when that is nothing else. */
static const char *
downgraded(const char *header)
{
	struct buf env = { 0 }, out = { 0 };
	const char *text = "(same)";

	envelope_write(a, header, strlen(header), &env);
	if (envelope_downgrade(env.s, env.len, &out))
		text = arena_memdup(a, out.s, out.len);
	else
		CHECK_INT(out.len, 0);
	buf_clear(&env);
	buf_clear(&out);
	return text;
}

static void
envelopes_become_ascii(void)
{
	static const struct {
		const char	*header, *want;
	} table[] = {
		{ "Subject: plain\r\nFrom: a@b\r\n\r\n", "(same)" },
		{ "Subject: caf\xe9\r\n\r\n", "(same)" },
		{ "Subject: caf\xc3\xa9\r\nMessage-ID: <1@x>\r\n\r\n",
		    "(NIL \"=?UTF-8?B?Y2Fmw6k=?=\" NIL NIL NIL NIL NIL NIL NIL "
		    "\"<1@x>\")" },
		/* A name is encoded, its address stays. */
		{ "To: Jos\xc3\xa9 <jose@example.com>, b@c\r\n\r\n",
		    "(NIL NIL NIL NIL NIL ((\"=?UTF-8?B?Sm9zw6k=?=\" NIL \"jose\" "
		    "\"example.com\")(NIL NIL \"b\" \"c\")) NIL NIL NIL NIL)" },
		/* RFC 6858 2.1 */
		{ "To: Fred Foo <fred@\xc3\xa9.com>\r\n\r\n",
		    "(NIL NIL NIL NIL NIL ((\"Fred Foo\" NIL \"invalid\" "
		    "\"internationalized-address.invalid\")) NIL NIL NIL NIL)" },
		{ "To: fr\xc3\xa9" "d@example.com\r\n\r\n",
		    "(NIL NIL NIL NIL NIL ((\"(internationalized address)\" NIL "
		    "\"invalid\" \"internationalized-address.invalid\")) NIL NIL "
		    "NIL NIL)" },
		/* RFC 6858 2.4 */
		{ "Message-ID: <\xc3\xa9@x>\r\nIn-Reply-To: <a@b>\r\n\r\n",
		    "(NIL NIL NIL NIL NIL NIL NIL NIL \"<a@b>\" NIL)" },
	};

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].header);
		CHECK_STR(downgraded(table[i].header), table[i].want);
	}
}

/* Each word is whole characters, and no longer than RFC 2047 2 allows. */
static void
long_subjects_are_several_words(void)
{
	char header[400] = "Subject: ";
	const char *text, *word;

	for (size_t i = 0; i < 100; i++)
		strlcat(header, "\xe2\x82\xac", sizeof(header));
	strlcat(header, "\r\n\r\n", sizeof(header));
	text = downgraded(header);
	for (word = strstr(text, "=?"); word != NULL;
	    word = strstr(word + 1, " =?")) {
		const char *end = strstr(word + 10, "?=");

		if (!CHECK(end != NULL))
			return;
		CHECK(end + 2 - word <= 76);
	}
	CHECK(strstr(text, " =?UTF-8?B?") != NULL);
}

/* What is no envelope is left alone, wherever it ends. */
static void
broken_envelopes_are_left_alone(void)
{
	const char whole[] = "(NIL {3}\r\na\xc3\xa9 ((NIL NIL {2}\r\n\xc3\xa9 "
	    "\"h\")) NIL NIL NIL NIL NIL NIL NIL)";
	struct buf out = { 0 };

	CHECK(envelope_downgrade(whole, sizeof(whole) - 1, &out));
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		buf_reset(&out);
		TEST_ROW("%zu", len);
		CHECK(!envelope_downgrade(whole, len, &out));
		CHECK_INT(out.len, 0);
	}
	CHECK(!envelope_downgrade("({99999999999999999999}\r\n\xc3", 25, &out));
	buf_clear(&out);
}

int
main(void)
{
	a = arena_new();
	TEST(envelopes_become_ascii);
	TEST(long_subjects_are_several_words);
	TEST(broken_envelopes_are_left_alone);
	arena_free(a);
	return test_end();
}

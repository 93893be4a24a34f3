/* test-sasl.c - base64 of the SASL exchange, and PLAIN's message
 * SPDX-License-Identifier: ISC */
#include "wire/base64.h"
#include "wire/sasl.h"

#include "test.h"

#define S(s)	(s), sizeof(s) - 1

static const struct {
	const char	*in, *want;
	size_t		 want_len;
} good[] = {
	/* RFC 4648 10 */
	{ "", S("") },
	{ "Zg==", S("f") },
	{ "Zm8=", S("fo") },
	{ "Zm9v", S("foo") },
	{ "Zm9vYg==", S("foob") },
	{ "Zm9vYmE=", S("fooba") },
	{ "Zm9vYmFy", S("foobar") },
	{ "AAAA", S("\0\0\0") },
	{ "////", S("\xff\xff\xff") },
	{ "+/+/", S("\xfb\xff\xbf") },
};

static const char *const bad[] = {
	"Z", "Zg", "Zg=", "Zm9", "Zm9vY", "=", "==", "====", "Z===", "=AAA",
	"AAA=BBBB", "AA==BBBB", "A=AA", "AA=A",
	/* bits that are not used */
	"Zh==", "Zm9=", "//==",
	/* other characters, and base64url's */
	"Zm 9", "Zm9v\n", "Zm-_", "Zm9\xc3", "!!!!", "Zg==\n",
};

static void
base64_is_decoded(void)
{
	char out[16];
	size_t n;

	for (size_t i = 0; i < TEST_N(good); i++) {
		TEST_ROW("%s", good[i].in);
		n = SIZE_MAX;
		if (CHECK(base64_decode(good[i].in, strlen(good[i].in), out,
		    &n)))
			CHECK_MEM(out, n, good[i].want, good[i].want_len);
	}
}

static void
base64_is_encoded(void)
{
	for (size_t i = 0; i < TEST_N(good); i++) {
		struct buf b = { 0 };

		TEST_ROW("%s", good[i].in);
		base64_encode(good[i].want, good[i].want_len, &b);
		CHECK_STR(buf_str(&b), good[i].in);
		buf_clear(&b);
	}
}

static void
what_is_not_base64_is_refused(void)
{
	char out[16];
	size_t n = 42;

	for (size_t i = 0; i < TEST_N(bad); i++) {
		TEST_ROW("%s", bad[i]);
		CHECK(!base64_decode(bad[i], strlen(bad[i]), out, &n));
		CHECK_INT(n, 42);
	}
	TEST_ROW("NUL");
	CHECK(!base64_decode("Zm\0v", 4, out, &n));
}

static const struct {
	const char	*in;
	const char	*authzid, *authcid, *password;	/* NULL: refused */
} messages[] = {
	{ "AGFsaWNlAHc=", "", "alice", "w" },
	{ "YWxpY2UAYWxpY2UAdw==", "alice", "alice", "w" },
	{ "Ym9iAGFsaWNlAHcgeA==", "bob", "alice", "w x" },
	{ "AMO8AMOkwqc=", "", "\xc3\xbc", "\xc3\xa4\xc2\xa7" },
	{ "=", NULL, NULL, NULL },		/* RFC 4959 3: empty */
	{ "", NULL, NULL, NULL },
	{ "AA==", NULL, NULL, NULL },		/* one NUL */
	{ "AAA=", NULL, NULL, NULL },		/* two NULs */
	{ "AAAA", NULL, NULL, NULL },		/* three NULs */
	{ "YWxpY2U=", NULL, NULL, NULL },	/* no NUL */
	{ "AGFsaWNl", NULL, NULL, NULL },	/* no password's NUL */
	{ "AGFsaWNlAA==", NULL, NULL, NULL },	/* no password */
	{ "AAB3", NULL, NULL, NULL },		/* no authcid */
	{ "AGFsaWNlAHcA", NULL, NULL, NULL },	/* a NUL behind it */
	{ "AGFsaWNlAHcAeA==", NULL, NULL, NULL },	/* a fourth string */
	{ "AGFsaWNlAHc", NULL, NULL, NULL },	/* no base64 */
	{ "*", NULL, NULL, NULL },
};

/* RFC 4616 2 */
static void
plain_messages_are_parsed(void)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < TEST_N(messages); i++) {
		struct sasl_plain plain = { .authcid = "untouched" };
		const struct err *err;
		char *octets;
		size_t len;

		TEST_ROW("%s", messages[i].in);
		err = sasl_decode(a, messages[i].in, strlen(messages[i].in),
		    &octets, &len);
		if (err == NULL)
			err = sasl_plain_parse(a, octets, len, &plain);
		if (messages[i].authcid == NULL) {
			if (CHECK(err != NULL))
				CHECK_INT(err->kind, ERR_SYNTAX);
			CHECK_STR(plain.authcid, "untouched");
			continue;
		}
		CHECK_OK(err);
		CHECK_STR(plain.authzid, messages[i].authzid);
		CHECK_STR(plain.authcid, messages[i].authcid);
		CHECK_STR(plain.password, messages[i].password);
		CHECK(plain.password + strlen(plain.password) <
		    plain.memory + plain.memory_len);
	}
	arena_free(a);
}

int
main(void)
{
	TEST(base64_is_decoded);
	TEST(base64_is_encoded);
	TEST(what_is_not_base64_is_refused);
	TEST(plain_messages_are_parsed);
	return test_end();
}

/* test-oauth.c - messages of OAUTHBEARER and XOAUTH2
 * SPDX-License-Identifier: ISC */
#include "wire/oauth.h"

#include "test.h"

#define S(s)	(s), sizeof(s) - 1

static const struct {
	const char	*in;
	size_t		 len;
	const char	*user, *token;	/* NULL: refused */
} bearers[] = {
	/* RFC 7628 4.1 */
	{ S("n,a=user@example.com,\1host=server.example.com\1port=143\1"
	    "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"),
	  "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==" },
	{ S("n,,\1auth=Bearer x\1\1"), "", "x" },
	{ S("y,,\1auth=bearer  x\1\1"), "", "x" },
	{ S("n,a=a=2Cb=3Dc,\1auth=Bearer x\1\1"), "a,b=c", "x" },
	{ S("n,,\1\1"), "", "" },
	{ S("n,,\1user=x\1\1"), "", "" },
	{ S("n,,\1host=a b\tc\r\n\1auth=Bearer x\1\1"), "", "x" },
	{ S("\1"), NULL, NULL },
	{ S(""), NULL, NULL },
	{ S("n,,"), NULL, NULL },
	{ S("n,,\1"), NULL, NULL },
	{ S("n,\1auth=Bearer x\1\1"), NULL, NULL },
	{ S("p=tls-exporter,,\1auth=Bearer x\1\1"), NULL, NULL },
	{ S("n,b=x,\1auth=Bearer x\1\1"), NULL, NULL },
	{ S("n,a=,\1auth=Bearer x\1\1"), NULL, NULL },
	{ S("n,a=x=,\1auth=Bearer x\1\1"), NULL, NULL },
	{ S("n,a=x=2c,\1auth=Bearer x\1\1"), NULL, NULL },
	{ S("n,,\1auth=Bearer x\1"), NULL, NULL },
	{ S("n,,\1auth=Bearer x\1\1\1"), NULL, NULL },
	{ S("n,,\1auth=Bearer x\1\1more"), NULL, NULL },
	{ S("n,,\1auth=Bearer x\1auth=Bearer y\1\1"), NULL, NULL },
	{ S("n,,\1auth=\1\1"), NULL, NULL },
	{ S("n,,\1auth=Basic x\1\1"), NULL, NULL },
	{ S("n,,\1auth=Bearer \1\1"), NULL, NULL },
	{ S("n,,\1auth=Bearer x y\1\1"), NULL, NULL },
	{ S("n,,\1auth=Bearer x\ny\1\1"), NULL, NULL },
	{ S("n,,\1auth=Bearer =x\1\1"), NULL, NULL },
	{ S("n,,\1auth=Bearer x\1\1\0"), NULL, NULL },
	{ S("n,,\1au\0th=Bearer x\1\1"), NULL, NULL },
	{ S("n,,\1a1=x\1\1"), NULL, NULL },
	{ S("n,,\1=x\1\1"), NULL, NULL },
	{ S("n,,\1host\1\1"), NULL, NULL },
	{ S("n,,\1host=\x80\1\1"), NULL, NULL },
}, x2s[] = {
	{ S("user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2\1\1"),
	  "someuser@example.com", "ya29.vF9dft4qmTc2" },
	{ S("user=\1auth=Bearer x\1\1"), "", "x" },
	{ S("user=a\1\1"), NULL, NULL },
	{ S("auth=Bearer x\1\1"), NULL, NULL },
	{ S("user=a\1user=b\1auth=Bearer x\1\1"), NULL, NULL },
	{ S("user=a\1auth=Bearer x\1"), NULL, NULL },
	{ S("user=a\1auth=Bearer x"), NULL, NULL },
	{ S("user=a"), NULL, NULL },
	{ S(""), NULL, NULL },
};

static void
check(const char *in, size_t len, const char *user, const char *token,
    const struct err *(*parse)(struct arena *, const char *, size_t,
    struct oauth_message *))
{
	struct oauth_message msg = { "untouched", NULL };
	struct arena *a = arena_new();
	const struct err *err;

	TEST_ROW("%s", in);
	err = parse(a, in, len, &msg);
	if (user == NULL) {
		if (CHECK(err != NULL))
			CHECK_INT(err->kind, ERR_SYNTAX);
		CHECK_STR(msg.user, "untouched");
	} else {
		CHECK_OK(err);
		CHECK_STR(msg.user, user);
		CHECK_STR(msg.token, token);
	}
	arena_free(a);
}

static void
messages_of_oauthbearer_are_parsed(void)
{
	for (size_t i = 0; i < TEST_N(bearers); i++)
		check(bearers[i].in, bearers[i].len, bearers[i].user,
		    bearers[i].token, oauth_bearer_parse);
}

static void
messages_of_xoauth2_are_parsed(void)
{
	for (size_t i = 0; i < TEST_N(x2s); i++)
		check(x2s[i].in, x2s[i].len, x2s[i].user, x2s[i].token,
		    oauth_x2_parse);
}

int
main(void)
{
	TEST(messages_of_oauthbearer_are_parsed);
	TEST(messages_of_xoauth2_are_parsed);
	return test_end();
}

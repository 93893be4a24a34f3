/* test-imapurl.c - URLs of messages and their parts
 * SPDX-License-Identifier: ISC */
#include "wire/imapurl.h"

#include "test.h"

static const struct {
	const char	*url;
	struct imapurl	 want;
} good[] = {
	/* RFC 4469 A */
	{ "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER",
	    { "Drafts", 385759045, 20, "HEADER", false, 0, 0 } },
	{ "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=1.MIME",
	    { "Drafts", 385759045, 20, "1.MIME", false, 0, 0 } },
	{ "/Drafts;UIDVALIDITY=385759045/;UID=30",
	    { "Drafts", 385759045, 30, NULL, false, 0, 0 } },
	{ "/INBOX;UIDVALIDITY=785799047/;UID=113330/;section=1.5.9",
	    { "INBOX", 785799047, 113330, "1.5.9", false, 0, 0 } },
	/* RFC 8508 4.2 */
	{ "/Drafts/;UID=3002", { "Drafts", 0, 3002, NULL, false, 0, 0 } },
	/* RFC 5092 9, 9.1 */
	{ "/gray-council;UIDVALIDITY=385759045/;UID=20/;PARTIAL=0.1024",
	    { "gray-council", 385759045, 20, NULL, true, 0, 1024 } },
	{ "/~peter/%E6%97%A5%E6%9C%AC%E8%AA%9E/;uid=1",
	    { "~peter/\346\227\245\346\234\254\350\252\236", 0, 1, NULL,
	    false, 0, 0 } },
	{ "/gray%20council/;UID=1", { "gray council", 0, 1, NULL, false, 0,
	    0 } },
	{ ";UID=20", { NULL, 0, 20, NULL, false, 0, 0 } },
	{ ";uid=20/;section=1.2/;partial=7.9",
	    { NULL, 0, 20, "1.2", true, 7, 9 } },
	{ "/..;UIDVALIDITY=385759045/;UID=20", { "..", 385759045, 20, NULL,
	    false, 0, 0 } },
	{ "/%2e%2E/;UID=20", { "..", 0, 20, NULL, false, 0, 0 } },
	{ "/a/b/c/;UID=1", { "a/b/c", 0, 1, NULL, false, 0, 0 } },
	{ "/a//;UID=1", { "a/", 0, 1, NULL, false, 0, 0 } },
	{ "/%2Fa/;UID=1", { "/a", 0, 1, NULL, false, 0, 0 } },
	{ "/a%3B%5Cb/;UID=1", { "a;\\b", 0, 1, NULL, false, 0, 0 } },
	{ "/a!$'()*+,&=:@~_-./;UID=4294967295", { "a!$'()*+,&=:@~_-.", 0,
	    4294967295, NULL, false, 0, 0 } },
	{ "/a/;UID=1/;SECTION=HEADER.FIELDS%20(DATE%20FROM)",
	    { "a", 0, 1, "HEADER.FIELDS (DATE FROM)", false, 0, 0 } },
	{ "/a/;UID=1/;PARTIAL=4294967295", { "a", 0, 1, NULL, true,
	    4294967295, 0 } },
	{ "/a/;UID=1/;SECTION=1/;PARTIAL=0.4294967295",
	    { "a", 0, 1, "1", true, 0, 4294967295 } },
};

static const char *const bad[] = {
	"", "/", "/;UID=1", "//server/a/;UID=1", "//;UID=1",
	"imap://server/a/;UID=1", "http://x", "a/;UID=1", "../a/;UID=1",
	"/a", "/a/", "/a;UIDVALIDITY=1", "/a?SUBJECT%20x", "/a;UID=1",
	"/a/;UID=", "/a/;UID=0", "/a/;UID=01", "/a/;UID=4294967296",
	"/a/;UID=1x", "/a/;UID=1/", "/a/;UID=1:2", "/a/;UID=*",
	"/a/;UID=99999999999999999999999999",
	"/a;UIDVALIDITY=/;UID=1", "/a;UIDVALIDITY=0/;UID=1",
	"/a;UIDVALIDITY=1;UID=1", "/a/;UIDVALIDITY=1/;UID=1",
	"/a/;UID=1/;SECTION=", "/a/;UID=1;SECTION=1", "/a/;UID=1/;SECTION=a b",
	"/a/;UID=1/;SECTION=1;URLAUTH=anonymous",
	"/a/;UID=1;URLAUTH=anonymous:INTERNAL:0", "/a/;UID=1;EXPIRE=x",
	"/a/;UID=1/;PARTIAL=", "/a/;UID=1/;PARTIAL=1.",
	"/a/;UID=1/;PARTIAL=1.0", "/a/;UID=1/;PARTIAL=.1",
	"/a/;UID=1/;PARTIAL=4294967296", "/a/;UID=1/;PARTIAL=0.1x",
	"/a/;UID=1/;PARTIAL=0.1/;SECTION=1", "/a/;UID=1?x", "/a/;UID=1#x",
	"/a/./b/;UID=1", "/a/../b/;UID=1", "/./;UID=1", "/foo/;UID=20/..",
	"/foo/;UID=20/.", ";UID=1/..", ";SECTION=1", ";PARTIAL=0.1", ";UID",
	"/a b/;UID=1", "/a\\b/;UID=1", "/a\"/;UID=1", "/<a>/;UID=1",
	"/\303\274/;UID=1", "/a[b]/;UID=1", "/a\n/;UID=1", "/a%/;UID=1",
	"/a%2/;UID=1", "/a%zz/;UID=1", "/a%00b/;UID=1",
};

static void
check_same(const struct imapurl *got, const struct imapurl *want)
{
	CHECK_STR(got->mailbox, want->mailbox);
	CHECK_STR(got->section, want->section);
	CHECK_INT(got->uidvalidity, want->uidvalidity);
	CHECK_INT(got->uid, want->uid);
	CHECK_INT(got->partial, want->partial);
	CHECK_INT(got->offset, want->offset);
	CHECK_INT(got->count, want->count);
}

static void
messages_and_parts_have_urls(void)
{
	struct arena *a = arena_new();
	struct imapurl url;

	for (size_t i = 0; i < TEST_N(good); i++) {
		size_t len = strlen(good[i].url);
		/* Of exactly this size, for the sanitizer. */
		char *copy = malloc(len);

		TEST_ROW("%s", good[i].url);
		memcpy(copy, good[i].url, len);
		if (CHECK(imapurl_parse(a, copy, len, &url)))
			check_same(&url, &good[i].want);
		free(copy);
	}
	arena_free(a);
}

static void
all_else_is_refused(void)
{
	struct imapurl url = { .uid = 77 };
	char longest[IMAPURL_MAX_OCTETS + 2];
	struct arena *a = arena_new();

	for (size_t i = 0; i < TEST_N(bad); i++) {
		size_t len = strlen(bad[i]);
		char *copy = malloc(len + 1);

		TEST_ROW("%s", bad[i]);
		memcpy(copy, bad[i], len);
		CHECK(!imapurl_parse(a, copy, len, &url));
		CHECK_INT(url.uid, 77);
		free(copy);
	}
	TEST_ROW("NUL");
	CHECK(!imapurl_parse(a, "/a\0b/;UID=1", 11, &url));
	TEST_ROW("long");
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	memcpy(longest + IMAPURL_MAX_OCTETS - 7, "/;UID=1", 7);
	CHECK(imapurl_parse(a, longest, IMAPURL_MAX_OCTETS, &url));
	memcpy(longest + IMAPURL_MAX_OCTETS - 6, "/;UID=1", 7);
	CHECK(!imapurl_parse(a, longest, IMAPURL_MAX_OCTETS + 1, &url));
	arena_free(a);
}

static void
a_url_is_told_without_breaking_the_response(void)
{
	struct arena *a = arena_new();

	CHECK_STR(imapurl_printable(a, "/a/;UID=1", 9), "/a/;UID=1");
	CHECK_STR(imapurl_printable(a, "", 0), "");
	CHECK_STR(imapurl_printable(a, "a] \\\r\n\303\274\0", 9),
	    "a%5D%20%5C%0D%0A%C3%BC%00");
	CHECK_INT(strlen(imapurl_printable(a, memset(arena_alloc(a, 9000), ']',
	    9000), 9000)), IMAPURL_MAX_OCTETS * 3);
	arena_free(a);
}

int
main(void)
{
	TEST(messages_and_parts_have_urls);
	TEST(all_else_is_refused);
	TEST(a_url_is_told_without_breaking_the_response);
	return test_end();
}

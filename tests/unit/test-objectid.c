/* test-objectid.c - EMAILID and THREADID
 * SPDX-License-Identifier: ISC */
#include "mail/objectid.h"

#include "test.h"
#include "util/buf.h"

static void
hash(const char *s, size_t piece, unsigned char id[OBJECTID_OCTETS])
{
	size_t len = strlen(s), n;
	struct objectid_hash h;

	objectid_begin(&h);
	for (size_t pos = 0; pos < len; pos += n) {
		n = piece < len - pos ? piece : len - pos;
		objectid_add(&h, s + pos, n);
	}
	objectid_end(&h, id);
}

/* What is stored must be found again by every later version. */
static void
ids_are_these_for_ever(void)
{
	unsigned char id[OBJECTID_OCTETS];
	char text[OBJECTID_LEN + 1];

	/* base32(sha512("abc")[:20]) */
	for (size_t piece = 1; piece < 5; piece++) {
		hash("abc", piece, id);
		objectid_format(OBJECTID_EMAIL, id, text);
		CHECK_STR(text, "M3wxtlimtmf5lvtcbone24icbgejon6so");
	}
	hash("", 1, id);
	objectid_format(OBJECTID_THREAD, id, text);
	CHECK_STR(text, "Tz6b6cnl6564l34kufbinm3maa7lcbzaf");
}

static void
ids_are_read_back(void)
{
	unsigned char id[OBJECTID_OCTETS], back[OBJECTID_OCTETS];
	char text[OBJECTID_LEN + 1], other[OBJECTID_LEN + 1];

	for (unsigned int i = 0; i < OBJECTID_OCTETS; i++)
		id[i] = (unsigned char)(i * 37 + 200);
	objectid_format(OBJECTID_EMAIL, id, text);
	CHECK_INT(strlen(text), OBJECTID_LEN);
	CHECK(objectid_parse(OBJECTID_EMAIL, text, OBJECTID_LEN, back));
	CHECK_MEM((char *)back, sizeof(back), id, sizeof(id));
	CHECK(!objectid_parse(OBJECTID_THREAD, text, OBJECTID_LEN, back));
	CHECK(!objectid_parse(OBJECTID_EMAIL, text, OBJECTID_LEN - 1, back));
	CHECK(!objectid_parse(OBJECTID_EMAIL, "", 0, back));
	for (size_t i = 0; i < OBJECTID_LEN; i++) {
		for (const char *bad = "A1=*"; *bad != '\0'; bad++) {
			memcpy(other, text, sizeof(text));
			other[i] = *bad;
			CHECK(!objectid_parse(OBJECTID_EMAIL, other,
			    OBJECTID_LEN, back));
		}
		memcpy(other, text, sizeof(text));
		other[i] = '\0';
		CHECK(!objectid_parse(OBJECTID_EMAIL, other, OBJECTID_LEN,
		    back));
	}
}

/* Of which message-id the THREADID comes; NULL: of the EMAILID. */
static const struct {
	const char	*header, *root;
} roots[] = {
	{ "Subject: x\r\n\r\n", NULL },
	{ "", NULL },
	{ "Message-ID: <a@b>\r\n\r\n", "a@b" },
	{ "message-id:<a@b>", "a@b" },
	{ "Message-ID:\r\n <a@b>\r\n\r\n", "a@b" },
	{ "Message-ID: <a@b>\r\nIn-Reply-To: <c@d>\r\n\r\n", "c@d" },
	{ "References: <e@f> <g@h>\r\nMessage-ID: <a@b>\r\n"
	    "In-Reply-To: <c@d>\r\n\r\n", "e@f" },
	{ "In-Reply-To: <c@d>\r\nReferences: <e@f>\r\n\r\n", "e@f" },
	{ "References:\r\n\t<e@f>\r\n\t<g@h>\r\n\r\n", "e@f" },
	{ "References: (comment) <e@f>\r\n\r\n", "e@f" },
	{ "References: <e@\r\n f>\r\n\r\n", "e@f" },
	{ "References: \r\nIn-Reply-To: <c@d>\r\n\r\n", "c@d" },
	{ "References: <>\r\nMessage-ID: <a@b>\r\n\r\n", "a@b" },
	{ "References: < >\r\nMessage-ID: <a@b>\r\n\r\n", "a@b" },
	{ "Message-ID: bare@id\r\n\r\n", "bare@id" },
	{ "Message-ID: bare@id, other\r\n\r\n", "bare@id" },
	{ "Message-ID: a@b>\r\n\r\n", "a@b" },
	{ "Message-ID: <a@b\r\n\r\n", NULL },
	{ "Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n\r\n", "a@b" },
	{ "Message-ID: \"<c@d>\r\n\r\n", "c@d" },
	{ "Message-ID: <a@b>\r\n\r\nReferences: <in@body>\r\n", "a@b" },
};

static void
threads_have_a_root(void)
{
	unsigned char email[OBJECTID_OCTETS], id[OBJECTID_OCTETS];
	unsigned char want[OBJECTID_OCTETS];
	struct arena *a = arena_new();

	hash("some message", 100, email);
	for (size_t i = 0; i < TEST_N(roots); i++) {
		TEST_ROW("%s", roots[i].header);
		objectid_thread(a, roots[i].header, strlen(roots[i].header),
		    email, id);
		if (roots[i].root != NULL)
			hash(roots[i].root, 100, want);
		else
			memcpy(want, email, sizeof(want));
		CHECK(memcmp(id, want, sizeof(want)) == 0);
	}
	arena_free(a);
}

static void
fields_without_ids_take_little_memory(void)
{
	unsigned char email[OBJECTID_OCTETS], id[OBJECTID_OCTETS];
	struct arena *a = arena_new();
	struct buf b = { 0 };

	hash("some message", 100, email);
	while (b.len < 1024 * 1024)
		buf_adds(&b, "In-Reply-To:<>\n");
	objectid_thread(a, b.s, b.len, email, id);
	CHECK(memcmp(id, email, sizeof(id)) == 0);
	CHECK(arena_used(a) < 512 * 1024);
	buf_clear(&b);
	arena_free(a);
}

int
main(void)
{
	TEST(ids_are_these_for_ever);
	TEST(ids_are_read_back);
	TEST(threads_have_a_root);
	TEST(fields_without_ids_take_little_memory);
	return test_end();
}

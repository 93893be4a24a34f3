/* test-sortkeys.c - what SORT and THREAD ask of a message
 * SPDX-License-Identifier: ISC */
#include "mail/sortkeys.h"

#include "mail/subject.h"
#include "test.h"

/* RFC 5256 2.1, 5 */
static void
subjects_have_a_base(void)
{
	static const struct {
		const char	*in, *want;
		bool		 reply;
	} table[] = {
		{ "hello", "hello", false }, { "", "", false },
		{ " hello  there ", "hello there", false },
		{ "hello\r\n\tthere\t \tyou", "hello there you", false },
		{ "Re: hello", "hello", true }, { "RE:hello", "hello", true },
		{ "re  : hello", "hello", true }, { "fw: hello", "hello", true },
		{ "Fwd: hello", "hello", true }, { "fwd  : x", "x", true },
		{ "Re", "Re", false }, { "Re hello", "Re hello", false },
		{ "Ref: hello", "Ref: hello", false },
		{ "Fwdd: x", "Fwdd: x", false }, { "Aw: x", "Aw: x", false },
		{ "Re: Re: Fwd: re: x", "x", true },
		{ "Re[2]: x", "x", true }, { "Re [2]: x", "x", true },
		{ "Re[2] : x", "x", true }, { "Re[2[3]: x", "Re[2[3]: x", false },
		{ "[list] Re: x", "x", true }, { "Re: [list] x", "x", true },
		{ "[a][b] [c]Re: x", "x", true }, { "[a] x", "x", false },
		{ "[a] [b] x", "x", false }, { "[a] [b]", "[b]", false },
		{ "[a]", "[a]", false }, { "[a", "[a", false },
		{ "[a]]x", "]x", false }, { "[[a]] x", "[[a]] x", false },
		{ "Re:", "", true }, { "Re: Re:", "", true },
		{ "[a] Re:", "", true }, { "Re: [a]", "[a]", true },
		{ "x (fwd)", "x", true }, { "x (FWD) (fwd)  ", "x", true },
		{ "x(fwd)", "x", true }, { "(fwd)", "", true },
		{ "x (fwd) y", "x (fwd) y", false },
		{ "[fwd: x]", "x", true }, { "[Fwd: Re: [l] x (fwd)]", "x", true },
		{ "[fwd: [fwd: x]]", "x", true }, { "[fwd:]", "", true },
		{ "[fwd: x", "[fwd: x", false }, { "Re: [fwd: x]", "x", true },
		{ "[fwd: x] y", "y", false }, { "[fwd: x](fwd)", "x", true },
		{ "=?utf-8?Q?Re=3A_Gr=C3=BC=C3=9Fe?=", "Gr\xc3\xbc\xc3\x9f" "e",
		    true },
		{ "=?utf-8?B?UmU6?= =?utf-8?Q?_x?=", "x", true },
		{ "re: =?us-ascii?Q?[x]_re:_y?=", "y", true },
	};
	struct buf b = { 0 };
	bool reply;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		buf_reset(&b);
		base_subject(table[i].in, strlen(table[i].in), &b, &reply);
		CHECK_STR(buf_str(&b), table[i].want);
		CHECK_INT(reply, table[i].reply);
	}
	buf_clear(&b);
}

/* No rule looks at anything twice for each time it is there. */
static void
long_subjects_take_no_time(void)
{
	static const char *const parts[] = { "[a]", "re:", "[a]re:", "(fwd)",
		"[fwd:", " ", "[", "]", "re[", "=?x?Q?_?=" };
	struct buf in = { 0 }, out = { 0 };
	bool reply;

	for (size_t i = 0; i < TEST_N(parts); i++) {
		TEST_ROW("%s", parts[i]);
		buf_reset(&in);
		buf_reset(&out);
		while (in.len < 1000000)
			buf_adds(&in, parts[i]);
		base_subject(in.s, in.len, &out, &reply);
		CHECK(out.len <= SUBJECT_MAX);
	}
	buf_clear(&in);
	buf_clear(&out);
}

static struct arena *a;
static struct buf packed;

static void
make(const char *header, struct sortkeys *k)
{
	buf_reset(&packed);
	sortkeys_make(a, header, strlen(header), &packed);
	CHECK(sortkeys_unpack(packed.s, packed.len, k));
}

static void
check_text(const struct sortkeys *k, int text, const char *want)
{
	char *s = arena_memdup(a, k->texts[text].s, k->texts[text].len);

	CHECK_STR(s, want);
}

static void
keys_are_made_of_a_header(void)
{
	struct sortkeys k;

	make("Subject: Re: x\r\nDate: 1 Jan 1970 00:00:05 +0000\r\n"
	    "From: =?utf-8?Q?J=C3=BCrgen?= <j@example.org>, b@c\r\n"
	    "To: \r\nTo: Fred Foo <fred@example.org>\r\nCc: c@d\r\n"
	    "Subject: other\r\n\r\n", &k);
	CHECK(k.reply && k.dated);
	CHECK_INT(k.sent, 5);
	check_text(&k, SORTKEY_SUBJECT, "x");
	check_text(&k, SORTKEY_FROM, "j");
	check_text(&k, SORTKEY_TO, "fred");
	check_text(&k, SORTKEY_CC, "c");
	check_text(&k, SORTKEY_DISPLAYFROM, "J\xc3\xbcrgen");
	check_text(&k, SORTKEY_DISPLAYTO, "Fred Foo");
	CHECK_INT(k.id, 0);
	CHECK_INT(k.refs_n, 0);
	make("\r\n", &k);
	CHECK(!k.reply && !k.dated);
	for (int i = 0; i < SORTKEY_TEXTS; i++)
		check_text(&k, i, "");
	/* RFC 5957 3; a group's name is its addr-mailbox. */
	make("From: x@y.z\r\nTo: group: a@b;\r\n\r\n", &k);
	check_text(&k, SORTKEY_DISPLAYFROM, "x@y.z");
	check_text(&k, SORTKEY_TO, "group");
	check_text(&k, SORTKEY_DISPLAYTO, "group");
	make("From: \"\" <x@y.z>\r\n\r\n", &k);
	check_text(&k, SORTKEY_DISPLAYFROM, "x@y.z");
}

/* Each field looks for the first address that those before did not have. */
static void
fields_without_addresses_take_little_memory(void)
{
	static const char *const fields[] = { "To:,\n", "Cc: (\r\n" };
	struct buf b = { 0 };
	struct arena *own;

	for (size_t i = 0; i < TEST_N(fields); i++) {
		TEST_ROW("%s", fields[i]);
		buf_reset(&b);
		while (b.len < 1024 * 1024)
			buf_adds(&b, fields[i]);
		own = arena_new();
		buf_reset(&packed);
		sortkeys_make(own, b.s, b.len, &packed);
		CHECK(arena_used(own) < 1024 * 1024);
		arena_free(own);
	}
	buf_clear(&b);
}

static uint64_t
id_of(const char *id)
{
	return sortkeys_hash(id, strlen(id));
}

/* RFC 5256 3 */
static void
ids_are_normalized(void)
{
	static const struct {
		const char	*in, *want;
	} table[] = {
		{ "<a@b>", "a@b" }, { "<\"a\"@b>", "a@b" },
		{ "<\"a b\"@c>", "a b@c" }, { "<\"a\\\"b\"@c>", "a\"b@c" },
		{ "< a @ b >", "a@b" }, { "<a\r\n @b>", "a@b" },
		{ "(x) <a@b> (y)", "a@b" }, { "text <a@b>", "a@b" },
		{ "<no> <a@b>", "a@b" }, { "<<a@b>", "a@b" },
		{ "<\"<\"@b>", "<@b" },
		{ "a@b", NULL }, { "<a@b", NULL }, { "<>", NULL },
		{ "<a>", NULL }, { "<\"a@b\">", NULL }, { "", NULL },
	};
	struct sortkeys k;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		make(arena_printf(a, "Message-ID: %s\r\n\r\n", table[i].in), &k);
		CHECK(k.id == (table[i].want != NULL ? id_of(table[i].want) :
		    0));
	}
	make("Message-ID: <A@b>\r\n\r\n", &k);
	CHECK(k.id != id_of("a@b"));
}

static void
references_are_found(void)
{
	struct sortkeys k;
	const char *s = "References:";

	make("References: <a@b> <c@d>\r\n <e@f>\r\nIn-Reply-To: <x@y>\r\n\r\n",
	    &k);
	CHECK_INT(k.refs_n, 3);
	CHECK(k.refs[0] == id_of("a@b") && k.refs[2] == id_of("e@f"));
	make("In-Reply-To: your mail <x@y> of <z@z>\r\n\r\n", &k);
	CHECK_INT(k.refs_n, 1);
	CHECK(k.refs[0] == id_of("x@y"));
	make("References: none\r\nIn-Reply-To: <x@y>\r\n\r\n", &k);
	CHECK_INT(k.refs_n, 1);
	make("In-Reply-To: none\r\n\r\n", &k);
	CHECK_INT(k.refs_n, 0);
	for (int i = 1; i <= 200; i++)
		s = arena_printf(a, "%s <%d@x>", s, i);
	make(arena_printf(a, "%s\r\n\r\n", s), &k);
	CHECK_INT(k.refs_n, SORTKEYS_REFS_MAX);
	CHECK(k.refs[0] == id_of("1@x"));
	CHECK(k.refs[1] == id_of("152@x"));
	CHECK(k.refs[SORTKEYS_REFS_MAX - 1] == id_of("200@x"));
}

static void
long_texts_are_cut_between_characters(void)
{
	struct buf b = { 0 };
	struct sortkeys k;

	buf_adds(&b, "Subject: ");
	for (int i = 0; i < SORTKEYS_TEXT_MAX; i++)
		buf_adds(&b, "\xe2\x82\xac");
	buf_adds(&b, "\r\n\r\n");
	make(buf_str(&b), &k);
	CHECK_INT(k.texts[SORTKEY_SUBJECT].len, SORTKEYS_TEXT_MAX / 3 * 3);
	buf_clear(&b);
}

static void
what_is_not_packed_is_refused(void)
{
	struct sortkeys k;
	struct buf b = { 0 };

	make("Subject: abc\r\nFrom: a@b\r\nMessage-ID: <a@b>\r\n"
	    "References: <c@d>\r\n\r\n", &k);
	buf_add(&b, packed.s, packed.len);
	CHECK(sortkeys_unpack(b.s, b.len, &k));
	for (size_t i = 0; i < b.len; i++)
		CHECK(i == b.len - 8 || !sortkeys_unpack(b.s, i, &k));
	b.s[0] = 2;
	CHECK(!sortkeys_unpack(b.s, b.len, &k));
	b.s[0] = 1;
	b.s[11] = 2;		/* a text of 515 octets */
	CHECK(!sortkeys_unpack(b.s, b.len, &k));
	CHECK(!sortkeys_unpack(NULL, 0, &k));
	buf_clear(&b);
}

int
main(void)
{
	a = arena_new();
	TEST(subjects_have_a_base);
	TEST(long_subjects_take_no_time);
	TEST(keys_are_made_of_a_header);
	TEST(fields_without_addresses_take_little_memory);
	TEST(ids_are_normalized);
	TEST(references_are_found);
	TEST(long_texts_are_cut_between_characters);
	TEST(what_is_not_packed_is_refused);
	buf_clear(&packed);
	arena_free(a);
	return test_end();
}

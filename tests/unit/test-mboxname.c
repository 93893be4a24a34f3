/* test-mboxname.c - mailbox names between the wire and the store
 * SPDX-License-Identifier: ISC */
#include "wire/mboxname.h"

#include "test.h"

#define SEP	MBOXNAME_SEP_S

static struct arena *a;

static void
wire_names_come_back(void)
{
	static const struct {
		char		 delimiter;
		const char	*wire, *store, *back;	/* back NULL: as wire */
	} table[] = {
		{ '\\', "a", "a", NULL },
		{ '\\', "a\\b\\c", "a" SEP "b" SEP "c", NULL },
		{ '/', "a/b", "a" SEP "b", NULL },
		{ '.', "a.b", "a" SEP "b", NULL },
		{ '\\', "a/b.c", "a/b.c", NULL },
		{ '\\', "inbox", "INBOX", "INBOX" },
		{ '/', "iNbOx/x", "INBOX" SEP "x", "INBOX/x" },
		{ '/', "x/inbox", "x" SEP "inbox", NULL },
		{ '/', "inboxes", "inboxes", NULL },
		{ '/', "foo/", "foo", "foo" },
		{ '/', "Entw&APw-rfe/&-", "Entw\xc3\xbcrfe" SEP "&", NULL },
		/* "u" and a combining diaeresis become one character. */
		{ '/', "Entwu&Awg-rfe", "Entw\xc3\xbcrfe", "Entw&APw-rfe" },
		{ '/', "&ISs-", "\xc3\x85", "&AMU-" },	/* angstrom sign */
		/* The characters that stand for the delimiter in a level. */
		{ '/', "a&IhU-b", "a/b", NULL },
		{ '\\', "a&IhY-b", "a\\b", NULL },
		{ '.', "a&ICQ-b", "a.b", NULL },
		{ '/', "a&IhY-b", "a\xe2\x88\x96" "b", NULL },
		{ '.', "...", NULL, NULL },
		{ '.', "a&ICQgJCAk-", "a...", NULL },
		{ '\\', "...", "...", NULL },
		{ '\\', ".x", ".x", NULL },
		{ '\\', " a b ", " a b ", NULL },
	};
	const char *name;
	struct buf b = { 0 };

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%c %s", table[i].delimiter, table[i].wire);
		if (table[i].store == NULL) {
			CHECK(mboxname_from_wire(a, table[i].wire,
			    table[i].delimiter, &name) != NULL);
			continue;
		}
		name = NULL;
		CHECK_OK(mboxname_from_wire(a, table[i].wire,
		    table[i].delimiter, &name));
		if (!CHECK_STR(name, table[i].store))
			continue;
		buf_reset(&b);
		mboxname_to_wire(name, table[i].delimiter, &b);
		CHECK_STR(buf_str(&b), table[i].back != NULL ? table[i].back :
		    table[i].wire);
	}
	buf_clear(&b);
}

static void
bad_wire_names_are_refused(void)
{
	static const char *const table[] = {
		"", "/", "//", "/a", "a//b", "a//", ".", "..", "a/.", "a/..",
		"./a", "a/../b", "&AGE-", "a&", "&AOk", "\xc3\xa9", "a\tb",
		("a\x1f" "b"), "&AB8-", "&AAo-", "&AIU-", "&ICg-", "&ICk-",
		"&,,4-", "&,dA-", "&,,8-", "&2D,f,w-", "&AH8-",
	};
	const struct err *err;
	const char *name = "as it was";

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i]);
		err = mboxname_from_wire(a, table[i], '/', &name);
		if (CHECK(err != NULL)) {
			CHECK_INT(err->kind, ERR_USER);
			CHECK_STR(err->code, "CANNOT");
		}
		CHECK_STR(name, "as it was");
	}
}

/* A name of n times s with one '/' between. */
static const char *
repeat(const char *s, size_t n, const char *between)
{
	struct buf b = { 0 };
	char *res;

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_adds(&b, between);
		buf_adds(&b, s);
	}
	res = arena_strdup(a, buf_str(&b));
	buf_clear(&b);
	return res;
}

static void
lengths_are_limited(void)
{
	const char *name;

	CHECK_OK(mboxname_from_wire(a, repeat("a", 255, ""), '/', &name));
	CHECK(mboxname_from_wire(a, repeat("a", 256, ""), '/', &name) != NULL);
	CHECK_OK(mboxname_from_wire(a, repeat("a", 64, "/"), '/', &name));
	CHECK(mboxname_from_wire(a, repeat("a", 65, "/"), '/', &name) != NULL);
	/* 20 levels of 49, 19 separators: 999 octets. */
	name = repeat(repeat("b", 49, ""), 20, "/");
	CHECK_OK(mboxname_from_wire(a, name, '/', &name));
	CHECK_INT(strlen(name), 999);
	name = repeat(repeat("b", 49, ""), 20, "/");
	CHECK(mboxname_from_wire(a, arena_printf(a, "%s/c", name), '/', &name)
	    != NULL);
	/* 85 times three octets are a level of 255. */
	name = repeat("&IKw-", 85, "x");
	CHECK(mboxname_from_wire(a, name, '/', &name) != NULL);
	CHECK(mboxname_from_wire(a, repeat("a", 1000000, ""), '/', &name) !=
	    NULL);
	CHECK(mboxname_from_utf8(a, repeat("a\xcc\x81", 100000, ""), '/', &name)
	    != NULL);
	CHECK(mboxname_from_utf8(a, repeat("\xcc\x81\xcc\xa7", 700, ""), '/',
	    &name) != NULL);
}

static void
the_administrator_writes_utf8(void)
{
	struct buf b = { 0 };
	const char *name;

	CHECK_OK(mboxname_from_utf8(a, "inbox/Entwu\xcc\x88rfe & mehr", '/',
	    &name));
	CHECK_STR(name, "INBOX" SEP "Entw\xc3\xbcrfe & mehr");
	mboxname_to_utf8(name, '\\', &b);
	CHECK_STR(buf_str(&b), "INBOX\\Entw\xc3\xbcrfe & mehr");
	CHECK(mboxname_from_utf8(a, "a\xff", '/', &name) != NULL);
	CHECK(mboxname_from_utf8(a, "a\x1f" "b", '/', &name) != NULL);
	CHECK(mboxname_from_utf8(a, "\xed\xa0\x80", '/', &name) != NULL);
	buf_reset(&b);
	mboxname_to_utf8("a/b" SEP "c\\d", '/', &b);
	CHECK_STR(buf_str(&b), "a\xe2\x88\x95" "b/c\\d");
	buf_clear(&b);
}

static void
patterns_match(void)
{
	static const struct {
		const char	*wire, *pattern;
		bool		 match, below;
	} table[] = {
		{ "INBOX", "*", true, true }, { "a/b", "*", true, true },
		{ "INBOX", "%", true, false }, { "a/b", "%", false, false },
		{ "a", "", false, false }, { "a", "a", true, false },
		{ "a", "A", false, false }, { "a", "b", false, false },
		{ "ab", "a", false, false }, { "a", "ab", false, false },
		{ "a/b", "a/%", true, false }, { "a/b/c", "a/%", false, false },
		{ "a/b/c", "a/*", true, true }, { "a/b/c", "a*c", true, true },
		{ "a", "a/%", false, true }, { "a", "a/*", false, true },
		{ "a/b", "%/%", true, false }, { "a", "%/%", false, true },
		{ "a/b/c", "%/%", false, false },
		{ "a/b/c", "%/%/%", true, false }, { "a/b/c", "%%%", false, false },
		{ "a/b/c", "%*", true, true }, { "a/b/c", "*%", true, true },
		{ "a/b/c", "**", true, true }, { "abc", "a%c", true, false },
		{ "a/c", "a%c", false, false }, { "a/c", "a*c", true, true },
		{ "ac", "a%c", true, false }, { "ac", "a*c", true, true },
		{ "abcbd", "a%b%d", true, false }, { "abcb", "a%b", true, false },
		{ "abcbx", "a%b", false, false },
		{ "aab/aab", "%ab/%ab", true, false },
		{ "x/a/b", "*a/%b", true, true }, { "x/a/y/b", "*a/%b", false, true },
		{ "x/a/y/a/b", "*a/%b", true, true },
		{ "a", "%/", false, false }, { "a", "a//b", false, false },
		{ "a", "a/", false, false }, { "a", "/", false, false },
		{ "a", "b*", false, false }, { "a", "*b", false, true },
		{ "a", "a%", true, false }, { "a", "a%/%", false, true },
		{ "INBOX", "inbox", true, false }, { "INBOX", "iN%", true, false },
		{ "INBOX/x", "inbox/x", true, false },
		{ "INBOX/x", "inbox/X", false, false },
		{ "INBOX", "inbox*", true, true }, { "x/INBOX", "x/inbox", false,
		    false },
		{ "INBOXES", "inboxes", false, false }, { "INBOX", "inboy", false,
		    false },
		{ "Entw&APw-rfe", "Entw%rfe", true, false },
		{ "a\\b", "a\\%", true, false },
	};

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s %s", table[i].wire, table[i].pattern);
		CHECK_INT(mboxname_match(table[i].wire, table[i].pattern, '/'),
		    table[i].match);
		CHECK_INT(mboxname_match_below(table[i].wire, table[i].pattern,
		    '/'), table[i].below);
	}
	TEST_ROW("other delimiters");
	CHECK(mboxname_match("a\\b", "a\\%", '\\'));
	CHECK(!mboxname_match("a\\b", "%", '\\'));
	CHECK(mboxname_match("a/b", "%", '\\'));
	CHECK(mboxname_match("a.b", "%.%", '.'));
}

/* The definition, as it stands: RFC 3501 6.3.8. */
static bool
match_slowly(const char *s, const char *p)
{
	if (*p == '\0')
		return *s == '\0';
	if (*p == '*' || *p == '%')
		return match_slowly(s, p + 1) || (*s != '\0' &&
		    (*p == '*' || *s != '/') && match_slowly(s + 1, p));
	return *s == *p && match_slowly(s + 1, p + 1);
}

static void
all_short_patterns_match_as_defined(void)
{
	static const char letters[] = "ab/", wild[] = "ab/*%";
	char name[6], pattern[6];
	size_t n, c;

	for (n = 0; n < 3 * 3 * 3 * 3 * 3; n++) {
		c = n;
		for (size_t i = 0; i < 5; i++, c /= 3)
			name[i] = letters[c % 3];
		name[5 - n % 4] = '\0';
		for (size_t m = 0; m < 5 * 5 * 5 * 5 * 5; m++) {
			c = m;
			for (size_t i = 0; i < 5; i++, c /= 5)
				pattern[i] = wild[c % 5];
			pattern[5 - m % 5] = '\0';
			TEST_ROW("%s %s", name, pattern);
			if (!CHECK_INT(mboxname_match(name, pattern, '/'),
			    match_slowly(name, pattern)))
				return;
		}
	}
}

static void
no_pattern_takes_long(void)
{
	const char *name = repeat("a", 2000, "");
	const char *pattern = repeat("*a%a", 400, "");

	/* Backtracking would not come back today. */
	CHECK(mboxname_match(name, pattern, '/'));
	CHECK(!mboxname_match(name, arena_printf(a, "%sb", pattern), '/'));
	CHECK(mboxname_match_below(name, arena_printf(a, "%sb", pattern), '/'));
	CHECK(mboxname_match(name, repeat("*", 1000000, "%"), '/'));
	CHECK(!mboxname_match(name, repeat("a", 1000000, ""), '/'));
}

static void
levels_are_told_apart(void)
{
	CHECK_INT(mboxname_parent("a"), 0);
	CHECK_INT(mboxname_parent("a" SEP "b"), 1);
	CHECK_INT(mboxname_parent("ab" SEP "c" SEP "d"), 4);
	CHECK(mboxname_is_below("a" SEP "b", "a"));
	CHECK(mboxname_is_below("a" SEP "b" SEP "c", "a"));
	CHECK(!mboxname_is_below("a", "a"));
	CHECK(!mboxname_is_below("ab", "a"));
	CHECK(!mboxname_is_below("a", "a" SEP "b"));
	CHECK(!mboxname_is_below("b" SEP "b", "a"));
}

int
main(void)
{
	a = arena_new();
	TEST(wire_names_come_back);
	TEST(bad_wire_names_are_refused);
	TEST(lengths_are_limited);
	TEST(the_administrator_writes_utf8);
	TEST(patterns_match);
	TEST(all_short_patterns_match_as_defined);
	TEST(no_pattern_takes_long);
	TEST(levels_are_told_apart);
	arena_free(a);
	return test_end();
}

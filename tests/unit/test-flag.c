/* test-flag.c - system flags and keywords
 * SPDX-License-Identifier: ISC */
#include "wire/flag.h"

#include "test.h"

static void
system_flags_are_known_in_any_case(void)
{
	static const struct {
		const char	*name;
		uint64_t	 mask;
	} table[] = {
		{ "\\Answered", FLAG_ANSWERED }, { "\\FLAGGED", FLAG_FLAGGED },
		{ "\\deleted", FLAG_DELETED }, { "\\sEEN", FLAG_SEEN },
		{ "\\Draft", FLAG_DRAFT }, { "\\Recent", 0 }, { "Seen", 0 },
		{ "\\Seen ", 0 }, { "\\", 0 }, { "", 0 }, { "\\*", 0 },
		{ "$Junk", 0 },
	};

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].name);
		CHECK_INT(flag_system(table[i].name), table[i].mask);
	}
	for (unsigned int bit = 0; bit < FLAG_KEYWORD_FIRST; bit++)
		CHECK_INT(flag_system(flag_system_name(bit)), 1 << bit);
}

static void
keywords_are_atoms(void)
{
	static const struct {
		const char	*name;
		bool		 valid;
	} table[] = {
		{ "$Junk", true }, { "a", true }, { "+1", true },
		{ "NonJunk", true }, { "[x", true }, { "", false },
		{ "a b", false }, { "\\Seen", false }, { "x]", false },
		{ "a(b", false }, { "a{", false }, { "50%", false },
		{ "*", false }, { "a\"", false }, { "a\x7f", false },
		{ "a\x01", false }, { "\xc3\xa9", false }, { "a)", false },
	};
	char name[FLAG_KEYWORD_MAX_OCTETS + 2];

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].name);
		CHECK_INT(flag_keyword_valid(table[i].name), table[i].valid);
	}
	memset(name, 'k', sizeof(name));
	name[FLAG_KEYWORD_MAX_OCTETS + 1] = '\0';
	CHECK(!flag_keyword_valid(name));
	name[FLAG_KEYWORD_MAX_OCTETS] = '\0';
	CHECK(flag_keyword_valid(name));
}

int
main(void)
{
	TEST(system_flags_are_known_in_any_case);
	TEST(keywords_are_atoms);
	return test_end();
}

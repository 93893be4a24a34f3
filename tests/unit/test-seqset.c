/* test-seqset.c - sets of message numbers
 * SPDX-License-Identifier: ISC */
#include "wire/seqset.h"

#include "wire/partial.h"

#include "test.h"

static struct arena *a;

static struct seqset
parse(const char *s)
{
	struct seqset set = { .n = 0 };

	CHECK_OK(seqset_parse(a, s, strlen(s), &set));
	return set;
}

static void
check_format(const struct seqset *set, const char *want)
{
	struct buf b = { 0 };

	seqset_format(set, &b);
	CHECK_STR(buf_str(&b), want);
	buf_clear(&b);
}

static void
sets_are_parsed_and_resolved(void)
{
	static const struct {
		const char	*in;
		uint32_t	 largest;
		const char	*want;
	} table[] = {
		{ "1", 10, "1" }, { "2:4", 10, "2:4" }, { "4:2", 10, "2:4" },
		{ "1:1", 10, "1" }, { "*", 10, "10" }, { "*:*", 10, "10" },
		{ "8:*", 5, "5:8" }, { "*:8", 5, "5:8" }, { "3:*", 5, "3:5" },
		{ "5:*", 5, "5" },
		/* RFC 9051 9 "sequence-set" */
		{ "2,4:7,9,12:*", 15, "2,4:7,9,12:15" },
		{ "*:4,5:7", 10, "4:10" },
		{ "1,2,3", 10, "1:3" }, { "3,1,2", 10, "1:3" },
		{ "1,3", 10, "1,3" }, { "5,5,5", 10, "5" },
		{ "1:10,2:3", 10, "1:10" }, { "2:3,1:10,20", 10, "1:10,20" },
		{ "*", 0, "" }, { "*:*", 0, "" }, { "3:*", 0, "" },
		{ "1,3:*", 0, "1" },
		{ "4294967295", 7, "7" }, { "4294967294", 7, "4294967294" },
		{ "1:4294967295", 7, "1:7" }, { "*:4294967295", 7, "7" },
		{ "4294967294,*", UINT32_MAX, "4294967294:4294967295" },
		{ "*,1", UINT32_MAX, "1,4294967295" },
	};
	struct seqset set;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s of %u", table[i].in, table[i].largest);
		set = parse(table[i].in);
		set = seqset_resolve(a, &set, table[i].largest);
		check_format(&set, table[i].want);
	}
}

static void
what_is_no_set_is_refused(void)
{
	static const char *const table[] = {
		"", ",", "1,", ",1", "1,,2", "1*", "**", "*1", "1:", ":1",
		"1::2", "1:2:3", "0", "01", "1:0", "1:01", "00", "4294967296",
		"99999999999999999999", "-1", "+1", " 1", "1 ", "1, 2", "a",
		"1a", "$", "1;2", "1:*a", "1\n",
	};
	const struct err *err;
	struct seqset set = { .n = 4711 };

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i]);
		err = seqset_parse(a, table[i], strlen(table[i]), &set);
		CHECK(err != NULL && err->kind == ERR_SYNTAX);
		CHECK_INT(set.n, 4711);
	}
	TEST_ROW("a NUL");
	CHECK(seqset_parse(a, "1\0", 2, &set) != NULL);
	CHECK(seqset_parse(a, "1:5", 2, &set) != NULL);
}

static void
members_are_found_and_counted(void)
{
	struct seqset set = parse("3:5,9,20:30"), none = { .n = 0 };

	set = seqset_resolve(a, &set, 100);
	for (uint32_t i = 0; i < 40; i++) {
		TEST_ROW("%u", i);
		CHECK_INT(seqset_has(&set, i), (i >= 3 && i <= 5) || i == 9 ||
		    (i >= 20 && i <= 30));
		CHECK(!seqset_has(&none, i));
	}
	CHECK_INT(seqset_count(&set), 15);
	CHECK_INT(seqset_count(&none), 0);
	set = parse("1:*");
	set = seqset_resolve(a, &set, UINT32_MAX);
	CHECK_INT(seqset_count(&set), UINT32_MAX);
	CHECK(seqset_has(&set, UINT32_MAX) && !seqset_has(&set, 0));
}

static void
a_set_is_clipped(void)
{
	static const struct {
		uint32_t	 first, last;
		const char	*want;
	} table[] = {
		{ 1, 100, "3:5,9,20:30" }, { 1, UINT32_MAX, "3:5,9,20:30" },
		{ 4, 25, "4:5,9,20:25" }, { 5, 20, "5,9,20" }, { 6, 8, "" },
		{ 22, 24, "22:24" }, { 31, 99, "" }, { 1, 2, "" },
		{ 9, 9, "9" }, { 10, 5, "" }, { 25, 22, "" }, { 0, 3, "3" },
	};
	struct seqset all = parse("3:5,9,20:30"), set;

	all = seqset_resolve(a, &all, 100);
	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%u..%u", table[i].first, table[i].last);
		set = seqset_clip(a, &all, table[i].first, table[i].last);
		check_format(&set, table[i].want);
	}
	check_format(&all, "3:5,9,20:30");
}

static void
sets_are_cut(void)
{
	static const struct {
		const char	*x, *y, *both;
	} pairs[] = {
		{ "1:10", "3,5:6,20", "3,5:6" }, { "1,3,5", "2,4,6", "" },
		{ "1:4,6:9", "2:7", "2:4,6:7" }, { "1:3,5", "3:5", "3,5" },
		{ "4294967294", "1:4294967294", "4294967294" },
	};
	static const struct {
		uint64_t	 first, n;
		const char	*want;
	} slices[] = {
		{ 0, 100, "3:5,9,20:30" }, { 0, 0, "" }, { 0, 1, "3" },
		{ 2, 3, "5,9,20" }, { 4, 2, "20:21" }, { 14, 1, "30" },
		{ 14, 5, "30" }, { 15, 1, "" }, { UINT64_MAX, UINT64_MAX, "" },
	};
	struct seqset set = parse("3:5,9,20:30"), x, y, res;

	for (size_t i = 0; i < TEST_N(slices); i++) {
		TEST_ROW("%d", (int)i);
		res = seqset_slice(a, &set, slices[i].first, slices[i].n);
		check_format(&res, slices[i].want);
	}
	for (size_t i = 0; i < TEST_N(pairs); i++) {
		TEST_ROW("%s and %s", pairs[i].x, pairs[i].y);
		x = parse(pairs[i].x);
		y = parse(pairs[i].y);
		res = seqset_intersect(a, &x, &y);
		check_format(&res, pairs[i].both);
		res = seqset_intersect(a, &y, &x);
		check_format(&res, pairs[i].both);
	}
}

static void
a_set_is_built(void)
{
	struct seqset_builder b = { 0 };
	struct seqset set = seqset_built(&b);

	check_format(&set, "");
	for (uint32_t i = 1; i <= 100; i++)
		seqset_add(&b, i);
	seqset_add(&b, 200);
	seqset_add(&b, UINT32_MAX - 1);
	seqset_add(&b, UINT32_MAX);
	set = seqset_built(&b);
	check_format(&set, "1:100,200,4294967294:4294967295");
	CHECK_INT(seqset_count(&set), 103);
	seqset_builder_clear(&b);
	for (uint32_t i = 1; i <= 100000; i += 2)
		seqset_add(&b, i);
	set = seqset_built(&b);
	CHECK_INT(set.n, 50000);
	CHECK(seqset_has(&set, 99999) && !seqset_has(&set, 99998));
	seqset_builder_clear(&b);
}

static void
a_long_set_is_sorted(void)
{
	struct buf b = { 0 };
	struct seqset set;

	for (unsigned int i = 100000; i > 0; i -= 2)
		buf_addf(&b, "%u,", i);
	buf_adds(&b, "1");
	set = parse(buf_str(&b));
	set = seqset_resolve(a, &set, 5);
	CHECK_INT(set.n, 49999 + 1);
	CHECK_INT(set.ranges[0].first, 1);
	CHECK_INT(set.ranges[0].last, 2);
	CHECK_INT(set.ranges[set.n - 1].last, 100000);
	buf_clear(&b);
}

static void
sets_are_united(void)
{
	static const struct {
		const char *a, *b, *want;
	} table[] = {
		{ "1:3", "5", "1:3,5" }, { "1:3", "4", "1:4" },
		{ "2:9", "4:5", "2:9" }, { "7", "1,3,5", "1,3,5,7" },
		{ "4294967295", "4294967294", "4294967294:4294967295" },
	};
	struct seqset x, y;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s and %s", table[i].a, table[i].b);
		x = parse(table[i].a);
		y = parse(table[i].b);
		x = seqset_resolve(a, &x, UINT32_MAX);
		y = seqset_resolve(a, &y, UINT32_MAX);
		x = seqset_union(a, &x, &y);
		check_format(&x, table[i].want);
	}
	x = y = (struct seqset){ .n = 0 };
	x = seqset_union(a, &x, &y);
	CHECK_INT(x.n, 0);
}

/* RFC 9394 3.1 */
static void
partials_are_cut_from_what_there_is(void)
{
	static const struct {
		bool		last;
		uint32_t	a, b;
		uint64_t	count, first, n;
	} table[] = {
		{ false, 1, 500, 23764, 0, 500 },
		{ false, 500, 1, 23764, 0, 500 },
		{ false, 23500, 24000, 23764, 23499, 265 },
		{ false, 24000, 24500, 23764, 0, 0 },
		{ false, 23764, 23764, 23764, 23763, 1 },
		{ false, 1, UINT32_MAX, 3, 0, 3 },
		{ false, 1, 1, 0, 0, 0 },
		{ true, 1, 100, 23764, 23664, 100 },
		{ true, 100, 1, 23764, 23664, 100 },
		{ true, 2, 3, 3, 0, 2 }, { true, 3, 10, 3, 0, 1 },
		{ true, 4, 10, 3, 0, 0 }, { true, 1, UINT32_MAX, 3, 0, 3 },
	};
	uint64_t first, n;

	for (size_t i = 0; i < TEST_N(table); i++) {
		struct partial p = { table[i].last, table[i].a, table[i].b };

		TEST_ROW("%s%u:%u", p.last ? "-" : "", p.a, p.b);
		partial_slice(&p, table[i].count, &first, &n);
		CHECK_INT(first, table[i].first);
		CHECK_INT(n, table[i].n);
	}
}

int
main(void)
{
	a = arena_new();
	TEST(sets_are_parsed_and_resolved);
	TEST(what_is_no_set_is_refused);
	TEST(members_are_found_and_counted);
	TEST(a_set_is_clipped);
	TEST(sets_are_cut);
	TEST(a_set_is_built);
	TEST(a_long_set_is_sorted);
	TEST(sets_are_united);
	TEST(partials_are_cut_from_what_there_is);
	arena_free(a);
	return test_end();
}

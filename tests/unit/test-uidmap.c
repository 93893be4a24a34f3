/* test-uidmap.c - sets of UIDs that are filled in any order
 * SPDX-License-Identifier: ISC */
#include "store/uidmap.h"

#include "test.h"

static void
fill(struct uidmap *m, const uint32_t *uids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		uidmap_add(m, uids[i]);
}

static void
built(const struct uidmap *m, uint32_t gap, const char *want)
{
	struct seqset_builder b = { 0 };
	struct buf text = { 0 };
	struct seqset set;

	uidmap_build(m, gap, &b);
	set = seqset_built(&b);
	seqset_format(&set, &text);
	CHECK_STR(buf_str(&text), want);
	buf_clear(&text);
	seqset_builder_clear(&b);
}

static void
sets_are_built(void)
{
	static const uint32_t uids[] = { 4294967294U, 1, 70000, 65536, 65535,
	    3, 2, 20, 63, 64, 1 };
	struct uidmap m = { 0 };

	CHECK(uidmap_is_empty(&m));
	CHECK(!uidmap_has(&m, 1));
	built(&m, 5, "");
	fill(&m, uids, sizeof(uids) / sizeof(uids[0]));
	CHECK(uidmap_has(&m, 1) && uidmap_has(&m, 65535) &&
	    uidmap_has(&m, 4294967294U));
	CHECK(!uidmap_has(&m, 4) && !uidmap_has(&m, 200000) &&
	    !uidmap_has(&m, 4294967295U) && !uidmap_has(&m, 0));
	CHECK_INT(uidmap_count(&m), 10);
	CHECK(!uidmap_is_empty(&m));
	built(&m, 0, "1:3,20,63:64,65535:65536,70000,4294967294");
	built(&m, 16, "1:3,20,63:64,65535:65536,70000,4294967294");
	built(&m, 17, "1:20,63:64,65535:65536,70000,4294967294");
	built(&m, 5000, "1:64,65535:70000,4294967294");
	uidmap_clear(&m);
	CHECK(uidmap_is_empty(&m));
}

static void
sets_are_joined(void)
{
	static const uint32_t one[] = { 1, 5, 70000, 140000 };
	static const uint32_t two[] = { 5, 6, 70001, 300000 };
	struct uidmap a = { 0 }, b = { 0 }, none = { 0 };

	fill(&a, one, 4);
	fill(&b, two, 4);
	uidmap_or(&a, &b);
	uidmap_or(&a, &none);
	built(&a, 0, "1,5:6,70000:70001,140000,300000");
	uidmap_and(&a, &b);
	built(&a, 0, "5:6,70001,300000");
	uidmap_and(&b, &none);
	CHECK(uidmap_is_empty(&b));
	uidmap_clear(&a);
	uidmap_clear(&b);
}

int
main(void)
{
	TEST(sets_are_built);
	TEST(sets_are_joined);
	return test_end();
}

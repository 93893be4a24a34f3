/* test-view.c - sequence numbers and UIDs, against a plain array
 * SPDX-License-Identifier: ISC */
#include "store/view.h"

#include "test.h"

#define UIDS	600	/* UIDs 1..UIDS are played with */
#define ROUNDS	300

static struct arena *a;

/* The model: the UIDs in the view, in order. */
struct model {
	uint32_t	uids[UIDS];
	uint32_t	n;
};

static struct seqset
random_set(uint32_t low, uint32_t high, unsigned int per_cent)
{
	struct seqset_builder b = { 0 };
	struct seqset built, set;

	for (uint32_t uid = low; uid <= high; uid++)
		if ((unsigned int)rand() % 100 < per_cent)
			seqset_add(&b, uid);
	built = seqset_built(&b);
	set.n = built.n;
	set.ranges = arena_array(a, set.n, sizeof(*set.ranges));
	if (set.n > 0)
		memcpy(set.ranges, built.ranges, set.n * sizeof(*set.ranges));
	seqset_builder_clear(&b);
	return set;
}

static bool
check_against(const struct view *v, const struct model *m)
{
	uint32_t below = 0;
	bool ok = CHECK_INT(v->count, m->n);

	ok &= CHECK_INT(view_last_uid(v), m->n > 0 ? m->uids[m->n - 1] : 0);
	ok &= CHECK_INT(view_uid(v, 0), 0);
	ok &= CHECK_INT(view_uid(v, m->n + 1), 0);
	for (uint32_t seq = 1; ok && seq <= m->n; seq++)
		ok &= CHECK_INT(view_uid(v, seq), m->uids[seq - 1]);
	for (uint32_t uid = 0; ok && uid <= UIDS + 1; uid++) {
		bool is = below < m->n && m->uids[below] == uid;

		ok &= CHECK_INT(view_seq_below(v, uid), below);
		ok &= CHECK_INT(view_seq(v, uid), is ? below + 1 : 0);
		below += is;
	}
	return ok;
}

static void
check_sets(const struct view *v, const struct model *m)
{
	struct seqset wanted = random_set(1, UIDS, 40);
	struct seqset missing = view_missing(v, a, &wanted);
	struct seqset others = view_others(v, a, &wanted);

	struct seqset known = view_known(v, a, &wanted);
	struct seqset seqs = view_seqs(v, a, &wanted);
	struct seqset uids;

	for (uint32_t uid = 0; uid <= UIDS + 1; uid++) {
		const bool in = view_seq(v, uid) > 0;
		const bool is = seqset_has(&wanted, uid);

		CHECK_INT(seqset_has(&missing, uid), is && !in);
		CHECK_INT(seqset_has(&others, uid), in && !is);
	}
	for (uint32_t i = 0; i < m->n; i++) {
		bool in = seqset_has(&wanted, m->uids[i]);

		CHECK(seqset_has(&known, m->uids[i]) == in);
		CHECK(seqset_has(&seqs, i + 1) == in);
	}
	CHECK_INT(seqset_count(&known), seqset_count(&seqs));
	uids = view_uids(v, a, &seqs);
	CHECK_INT(uids.n, known.n);
	for (size_t i = 0; i < uids.n && i < known.n; i++) {
		CHECK_INT(uids.ranges[i].first, known.ranges[i].first);
		CHECK_INT(uids.ranges[i].last, known.ranges[i].last);
	}
}

/* Does to the model what EXPUNGE responses do to a client. */
static void
model_expunge(void *arg, uint32_t seq)
{
	struct model *m = arg;

	if (!CHECK(seq >= 1 && seq <= m->n))
		return;
	memmove(&m->uids[seq - 1], &m->uids[seq],
	    (m->n - seq) * sizeof(m->uids[0]));
	m->n--;
}

static void
a_client_that_counts_agrees(void)
{
	srand(20240229);
	for (int round = 0; round < ROUNDS; round++) {
		struct view v = { 0 };
		struct model m = { .n = 0 };
		uint32_t next = 1;

		TEST_ROW("round %d", round);
		while (next < UIDS) {
			uint32_t high = next + (uint32_t)rand() % 200;
			struct seqset set;

			if (high > UIDS)
				high = UIDS;
			set = random_set(next, high, (unsigned)rand() % 101);
			view_append(&v, &set);
			for (; next <= high; next++)
				if (seqset_has(&set, next))
					m.uids[m.n++] = next;
			set = random_set(1, UIDS, (unsigned)rand() % 60);
			view_expunge(&v, &set, model_expunge, &m);
			for (uint32_t i = 0; i < m.n; i++)
				CHECK(!seqset_has(&set, m.uids[i]));
		}
		if (!check_against(&v, &m))
			break;
		check_sets(&v, &m);
		view_clear(&v);
		arena_reset(a);
	}
}

static void
eight_octets_a_message_at_worst(void)
{
	struct view v = { 0 };
	const uint32_t n = 200000;

	for (uint32_t uid = 1; uid < 2 * n; uid += 2) {
		struct seqrange r = { uid, uid };
		struct seqset one = { &r, 1 };

		view_append(&v, &one);
	}
	CHECK_INT(v.count, n);
	CHECK(v.size * sizeof(*v.ranges) <= (size_t)n * 9 + 64);
	CHECK_INT(view_uid(&v, n), 2 * n - 1);
	view_clear(&v);
}

static void
the_last_uids_do_not_overflow(void)
{
	struct seqrange r = { UINT32_MAX - 3, UINT32_MAX - 1 };
	struct seqset set = { &r, 1 };
	struct view v = { 0 };

	view_append(&v, &set);
	CHECK_INT(view_uid(&v, 3), UINT32_MAX - 1);
	CHECK_INT(view_seq(&v, UINT32_MAX - 1), 3);
	CHECK_INT(view_seq(&v, UINT32_MAX), 0);
	r = (struct seqrange){ 1, UINT32_MAX };
	view_expunge(&v, &set, NULL, NULL);
	CHECK_INT(v.count, 0);
	view_clear(&v);
}

int
main(void)
{
	a = arena_new();
	TEST(a_client_that_counts_agrees);
	TEST(eight_octets_a_message_at_worst);
	TEST(the_last_uids_do_not_overflow);
	arena_free(a);
	return test_end();
}

/* test-thread.c - messages into threads
 * SPDX-License-Identifier: ISC */
#include "mail/thread.h"

#include "test.h"

/* Message i + 1: id, references as letters ('a' is 1), subject (a reply when it
 * begins with '>'), sent, arrived (sent where 0). */
struct row {
	char		 id;
	const char	*refs, *subject;
	int		 sent, arrived;
};

static void
collect(void *arg, struct buf *b)
{
	struct buf *all = arg;

	if (b->len > 0)
		buf_add(all, b->s, b->len);
	buf_reset(b);
}

static void
check_threads(enum thread_alg alg, const struct row *rows, size_t n,
    const char *want)
{
	struct thread_input in = { 0 };
	struct buf out = { 0 };
	uint64_t refs[32];

	for (size_t i = 0; i < n; i++) {
		const char *subject = rows[i].subject;
		struct thread_msg m = { .number = (uint32_t)i + 1,
		    .reply = *subject == '>', .sent = rows[i].sent,
		    .arrived = rows[i].arrived != 0 ? rows[i].arrived :
		    rows[i].sent, .id = (uint64_t)rows[i].id };

		m.subject = (uint64_t)(unsigned char)subject[m.reply];
		for (const char *s = rows[i].refs; *s != '\0'; s++)
			refs[m.refs_n++] = (uint64_t)*s;
		thread_add(&in, &m, refs);
	}
	thread_write(alg, &in, collect, &out);
	CHECK_STR(buf_str(&out), want);
	buf_clear(&out);
	thread_input_clear(&in);
}

#define THREADS(alg, want, ...)	do {					\
	static const struct row rows_[] = { __VA_ARGS__ };		\
	TEST_ROW("%s", want);						\
	check_threads(alg, rows_, TEST_N(rows_), want);			\
} while (0)

static void
subjects_make_threads(void)
{
	THREADS(THREAD_ORDEREDSUBJECT, "(1)", { 'a', "", "x", 1, 0 });
	THREADS(THREAD_ORDEREDSUBJECT, "(1 3)(2)", { 'a', "", "x", 1, 0 },
	    { 'b', "", "y", 2, 0 }, { 'c', "", ">x", 3, 0 });
	THREADS(THREAD_ORDEREDSUBJECT, "(4 (3)(1))(2)", { 'a', "", "x", 9, 0 },
	    { 'b', "", "y", 2, 0 }, { 'c', "", ">x", 3, 0 },
	    { 'd', "", "x", 1, 0 });
	/* One date: the mailbox's order decides. */
	THREADS(THREAD_ORDEREDSUBJECT, "(1)(2 (3)(4))(5)",
	    { 'a', "", "z", 1, 0 }, { 'b', "", "x", 1, 0 },
	    { 'c', "", "x", 1, 0 }, { 'd', "", "x", 1, 0 },
	    { 'e', "", "a", 1, 0 });
	THREADS(THREAD_ORDEREDSUBJECT, "(1 2)", { 'a', "", "", 1, 0 },
	    { 'b', "", "", 2, 0 });
	check_threads(THREAD_ORDEREDSUBJECT, NULL, 0, "");
}

static void
references_make_threads(void)
{
	/* RFC 5256 4 THREAD, with other numbers. */
	THREADS(THREAD_REFERENCES, "(1)(2 3 (4 5)(6 7 8))",
	    { 'a', "", "", 1, 0 }, { 'b', "", "", 2, 0 },
	    { 'c', "b", "", 3, 0 }, { 'd', "bc", "", 4, 0 },
	    { 'e', "bcd", "", 5, 0 }, { 'f', "bc", "", 6, 0 },
	    { 'g', "bcf", "", 7, 0 }, { 'h', "bcfg", "", 8, 0 });
	/* The parent is not there: one child takes its place, two do not. */
	THREADS(THREAD_REFERENCES, "(1)(2)", { 'a', "z", "", 1, 0 },
	    { 'b', "y", "", 2, 0 });
	THREADS(THREAD_REFERENCES, "((1)(2))", { 'a', "z", "", 1, 0 },
	    { 'b', "z", "", 2, 0 });
	THREADS(THREAD_REFERENCES, "(3 (1)(2))", { 'a', "cz", "", 1, 0 },
	    { 'b', "cz", "", 2, 0 }, { 'c', "", "", 3, 0 });
	THREADS(THREAD_REFERENCES, "((1)(2)(3))", { 'a', "xy", "", 1, 0 },
	    { 'b', "xy", "", 2, 0 }, { 'c', "x", "", 3, 0 });
	THREADS(THREAD_REFERENCES, "(1 2)", { 'a', "xyz", "", 1, 0 },
	    { 'b', "xyza", "", 2, 0 });
	/* A parent that comes later, by number or by date. */
	THREADS(THREAD_REFERENCES, "(2 1)", { 'a', "b", "", 1, 0 },
	    { 'b', "", "", 2, 0 });
	THREADS(THREAD_REFERENCES, "(3)(1 2)", { 'a', "", "", 5, 0 },
	    { 'b', "a", "", 1, 0 }, { 'c', "", "", 4, 0 });
	/* Its own references count more than those of others. */
	THREADS(THREAD_REFERENCES, "(1 2 3)", { 'a', "", "", 1, 0 },
	    { 'b', "", "", 2, 0 }, { 'c', "ab", "", 3, 0 });
	THREADS(THREAD_REFERENCES, "(1 (3)(4))(2)", { 'a', "", "", 1, 0 },
	    { 'b', "", "", 2, 0 }, { 'c', "a", "", 3, 0 },
	    { 'd', "bca", "", 4, 0 });
}

/* RFC 5256 3 (1) */
static void
ids_that_come_twice_and_loops(void)
{
	THREADS(THREAD_REFERENCES, "(1 3)(2)", { 'a', "", "", 1, 0 },
	    { 'a', "", "", 2, 0 }, { 'b', "a", "", 3, 0 });
	THREADS(THREAD_REFERENCES, "(1 (2)(3))", { 'a', "", "", 1, 0 },
	    { 'b', "a", "", 2, 0 }, { 'b', "a", "", 3, 0 });
	THREADS(THREAD_REFERENCES, "(1)", { 'a', "a", "", 1, 0 });
	THREADS(THREAD_REFERENCES, "(2 1)", { 'a', "b", "", 1, 0 },
	    { 'b', "a", "", 2, 0 });
	THREADS(THREAD_REFERENCES, "(3 2 1)", { 'a', "b", "", 1, 0 },
	    { 'b', "c", "", 2, 0 }, { 'c', "a", "", 3, 0 });
	THREADS(THREAD_REFERENCES, "(1)(2)", { 0, "", "", 1, 0 },
	    { 0, "", "", 2, 0 });
	THREADS(THREAD_REFERENCES, "(1 2)", { 'a', "", "", 1, 0 },
	    { 'b', "aaa", "", 2, 0 });
}

/* RFC 5256 3 (5) */
static void
subjects_join_threads(void)
{
	THREADS(THREAD_REFERENCES, "(1 2)", { 'a', "", "x", 1, 0 },
	    { 'b', "", ">x", 2, 0 });
	THREADS(THREAD_REFERENCES, "(2 1)", { 'a', "", ">x", 1, 0 },
	    { 'b', "", "x", 2, 0 });
	THREADS(THREAD_REFERENCES, "((1)(2))", { 'a', "", "x", 1, 0 },
	    { 'b', "", "x", 2, 0 });
	THREADS(THREAD_REFERENCES, "((1)(2)(3))", { 'a', "", ">x", 1, 0 },
	    { 'b', "", ">x", 2, 0 }, { 'c', "", ">x", 3, 0 });
	THREADS(THREAD_REFERENCES, "(1)(2)", { 'a', "", "", 1, 0 },
	    { 'b', "", ">", 2, 0 });
	/* A dummy and a message; two dummies. */
	THREADS(THREAD_REFERENCES, "((1)(2)(3))", { 'a', "z", "x", 1, 0 },
	    { 'b', "z", "y", 2, 0 }, { 'c', "", "x", 3, 0 });
	THREADS(THREAD_REFERENCES, "((1)(2)(3)(4))", { 'a', "z", "x", 1, 0 },
	    { 'b', "z", "y", 2, 0 }, { 'c', "w", ">x", 3, 0 },
	    { 'd', "w", "v", 4, 0 });
	/* Only what is at the top is looked at. */
	THREADS(THREAD_REFERENCES, "(1 2)(3)", { 'a', "", "x", 1, 0 },
	    { 'b', "a", "y", 2, 0 }, { 'c', "", "y", 3, 0 });
	/* A reply's replies come along, sorted by date. */
	THREADS(THREAD_REFERENCES, "(3 (4)(1 2))", { 'a', "", ">x", 5, 0 },
	    { 'b', "a", "", 6, 0 }, { 'c', "", "x", 1, 0 },
	    { 'd', "c", "", 2, 0 });
}

/* draft-ietf-morg-inthread */
static void
the_newest_thread_is_last(void)
{
	THREADS(THREAD_REFS, "(2)(1 3)", { 'a', "", "x", 1, 0 },
	    { 'b', "", ">x", 2, 0 }, { 'c', "a", "x", 3, 0 });
	THREADS(THREAD_REFS, "(3)((1)(2))", { 'a', "z", "", 1, 0 },
	    { 'b', "z", "", 2, 9 }, { 'c', "", "", 3, 0 });
	/* By arrival; inside a thread by the dates that were sent. */
	THREADS(THREAD_REFS, "(3)(1 (4)(2))", { 'a', "", "", 9, 1 },
	    { 'b', "a", "", 8, 2 }, { 'c', "", "", 99, 3 },
	    { 'd', "a", "", 7, 4 });
	THREADS(THREAD_REFS, "(1)(2)", { 'a', "", "", 2, 5 },
	    { 'b', "", "", 1, 5 });
}

/* Each message has all others above it; then each names what nobody else
 * does; then long chains are linked at their ends. */
static void
no_mail_takes_long(void)
{
	enum { N = 100000 };
	struct thread_input in = { 0 };
	struct buf out = { 0 };
	uint64_t refs[50];

	for (uint32_t i = 1; i <= N; i++) {
		struct thread_msg m = { .number = i, .id = i, .sent = i,
		    .refs_n = i > 1 };

		refs[0] = i - 1;
		thread_add(&in, &m, refs);
	}
	thread_write(THREAD_REFERENCES, &in, collect, &out);
	CHECK(strncmp(buf_str(&out), "(1 2 3 4 ", 9) == 0);
	CHECK(strchr(out.s + 1, '(') == NULL);
	thread_input_clear(&in);
	for (uint32_t i = 1; i <= N; i++) {
		struct thread_msg m = { .number = i, .id = i, .refs_n = 50 };

		for (unsigned int r = 0; r < 50; r++)
			refs[r] = UINT64_C(1000000) + i * 50 + r;
		thread_add(&in, &m, refs);
	}
	buf_reset(&out);
	thread_write(THREAD_REFS, &in, collect, &out);
	CHECK(strncmp(buf_str(&out), "(1)(2)(3)", 9) == 0);
	thread_input_clear(&in);
	for (uint32_t i = 1; i <= N; i++) {
		struct thread_msg m = { .number = i, .id = i, .refs_n = 2 };

		refs[0] = i < N / 2 ? i + 1 : N / 2;
		refs[1] = i < N / 2 ? i + 1 : 1000000 + i;
		if (i >= N / 2) {
			refs[0] = 1;
			refs[1] = i + 1;
		}
		thread_add(&in, &m, refs);
	}
	buf_reset(&out);
	thread_write(THREAD_REFERENCES, &in, collect, &out);
	CHECK(out.len > N);
	thread_input_clear(&in);
	buf_clear(&out);
}

int
main(void)
{
	TEST(subjects_make_threads);
	TEST(references_make_threads);
	TEST(ids_that_come_twice_and_loops);
	TEST(subjects_join_threads);
	TEST(the_newest_thread_is_last);
	TEST(no_mail_takes_long);
	return test_end();
}

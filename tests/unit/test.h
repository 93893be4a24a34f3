/* test.h - a tiny harness for unit tests: one line of TAP for each function
 * SPDX-License-Identifier: ISC
 *
 *	static void
 *	numbers_are_parsed(void)
 *	{
 *		for (size_t i = 0; i < TEST_N(table); i++) {
 *			TEST_ROW("%s", table[i].in);
 *			CHECK_INT(parse(table[i].in), table[i].want);
 *		}
 *	}
 *
 *	int
 *	main(void)
 *	{
 *		TEST(numbers_are_parsed);
 *		return test_end();
 *	}
 *
 * A check that fails prints where and what, marks the function as failed and
 * goes on; all of them return whether they held, to leave a row early.  Values
 * come first, what is wanted second. */
#ifndef MSGSTORE_TEST_H
#define MSGSTORE_TEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int test_count, test_failed;
static bool test_ok;
static char test_row[256];	/* which row of a table is tried */

#define TEST_N(a)	(sizeof(a) / sizeof((a)[0]))
#define TEST(fn)	test_run(fn, #fn)
#define TEST_ROW(...)	((void)snprintf(test_row, sizeof(test_row), __VA_ARGS__))
#define CHECK(cond)							\
	test_check((cond), __FILE__, __LINE__, "%s", #cond)
#define CHECK_INT(got, want)						\
	test_int((long long)(got), (long long)(want), __FILE__, __LINE__, #got)
#define CHECK_STR(got, want)						\
	test_str((got), (want), __FILE__, __LINE__, #got)
/* Octets, which may hold NULs. */
#define CHECK_MEM(got, got_len, want, want_len)				\
	test_mem((got), (got_len), (want), (want_len), __FILE__, __LINE__, #got)
/* Of a const struct err *: fails with its text when there is one. */
#define CHECK_OK(call) do {						\
	const struct err *test_err = (call);				\
									\
	test_check(test_err == NULL, __FILE__, __LINE__, "%s: %s", #call,	\
	    test_err != NULL ? test_err->text : "");			\
} while (0)

/* Prints octets as a C string would have them. */
static inline void
test_octets(const char *s, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len && i < 400; i++) {
		if (s[i] == '"' || s[i] == '\\')
			printf("\\%c", s[i]);
		else if (s[i] >= 0x20 && s[i] <= 0x7e)
			putchar(s[i]);
		else
			printf("\\%03o", (unsigned char)s[i]);
	}
	printf(len > 400 ? "...\" (%zu octets)" : "\"", len);
}

static inline void
test_fail_head(const char *file, int line)
{
	const char *base = strrchr(file, '/');

	test_ok = false;
	printf("# %s:%d: ", base != NULL ? base + 1 : file, line);
	if (test_row[0] != '\0') {
		test_octets(test_row, strlen(test_row));
		printf(": ");
	}
}

__attribute__((format(printf, 4, 5))) static inline bool
test_check(bool held, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (held)
		return true;
	test_fail_head(file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return false;
}

static inline bool
test_int(long long got, long long want, const char *file, int line,
    const char *what)
{
	return test_check(got == want, file, line, "%s is %lld, not %lld",
	    what, got, want);
}

static inline bool
test_mem(const void *got, size_t got_len, const void *want, size_t want_len,
    const char *file, int line, const char *what)
{
	if (got_len == want_len && (got_len == 0 || (got != NULL &&
	    memcmp(got, want, got_len) == 0)))
		return true;
	test_fail_head(file, line);
	printf("%s is ", what);
	test_octets(got != NULL ? got : "", got != NULL ? got_len : 0);
	printf(", not ");
	test_octets(want, want_len);
	putchar('\n');
	return false;
}

static inline bool
test_str(const char *got, const char *want, const char *file, int line,
    const char *what)
{
	if (got == NULL || want == NULL)
		return test_check(got == want, file, line, "%s is %s, not %s",
		    what, got != NULL ? got : "NULL",
		    want != NULL ? want : "NULL");
	return test_mem(got, strlen(got), want, strlen(want), file, line, what);
}

static inline void
test_run(void (*fn)(void), const char *name)
{
	test_ok = true;
	test_row[0] = '\0';
	fn();
	test_count++;
	test_failed += !test_ok;
	printf("%s %u - ", test_ok ? "ok" : "not ok", test_count);
	for (; *name != '\0'; name++)
		putchar(*name == '_' ? ' ' : *name);
	putchar('\n');
	/* What dies later must not take this along. */
	fflush(stdout);
}

/* The program's exit status; without a test it has failed. */
static inline int
test_end(void)
{
	printf("1..%u\n", test_count);
	return test_failed == 0 && test_count > 0 ? 0 : 1;
}

#endif

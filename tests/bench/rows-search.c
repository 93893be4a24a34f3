/* rows-search.c - SEARCH, SORT and THREAD, held against what the generator knows
 * SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench.h"

struct check {
	struct bench *b;
	struct peer *p;
	const char *word;	/* the response: "SEARCH", "SORT", "THREAD" */
	uint32_t *expected;	/* NULL: the row's own check */
	size_t	 count;
	bool	 seen;
};

static bool
next_number(const char **p, const char *end, uint32_t *n_r)
{
	uint32_t n = 0;

	while (*p < end && !isdigit((unsigned char)**p))
		(*p)++;
	if (*p == end)
		return false;
	while (*p < end && isdigit((unsigned char)**p))
		n = n * 10 + (uint32_t)(*(*p)++ - '0');
	*n_r = n;
	return true;
}

/* The expected numbers in the expected order, and no others. */
static bool
check_list(struct check *k, const char *p, const char *end)
{
	uint32_t n;

	for (size_t i = 0; i < k->count; i++)
		if (!next_number(&p, end, &n) || n != k->expected[i])
			return false;
	return !next_number(&p, end, &n);
}

/* All messages; subjects in ASCII in their order, and equal ones by number.  How
 * others are ordered, peers must agree on. */
static bool
check_subjects(struct check *k, const char *p, const char *end)
{
	struct mail_facts last = { 0 }, f;
	char *seen = calloc(k->b->size + 1, 1);
	uint32_t n, count = 0;
	bool ok = true;

	while (ok && next_number(&p, end, &n)) {
		ok = n >= 1 && n <= k->b->size && !seen[n];
		if (!ok)
			break;
		seen[n] = 1;
		count++;
		mail_facts(k->b->seed, n, &f);
		if (!f.ascii)
			continue;
		if (last.n != 0) {
			int d = strcasecmp(last.base, f.base);

			ok = d < 0 || (d == 0 && last.n < f.n);
		}
		last = f;
	}
	free(seen);
	return ok && count == k->b->size;
}

/* All messages, and each thread in brackets of its own. */
static bool
check_threads(struct check *k, const char *p, const char *end)
{
	char *seen = calloc(k->b->size + 1, 1);
	uint32_t n, count = 0, threads = 0, expected = 0, thread = 0;
	struct mail_facts f;
	bool ok = true;
	int depth = 0;

	while (ok && p < end) {
		if (isdigit((unsigned char)*p)) {
			ok = next_number(&p, end, &n) && n >= 1 &&
			    n <= k->b->size && !seen[n];
			if (!ok)
				break;
			seen[n] = 1;
			count++;
			mail_facts(k->b->seed, n, &f);
			if (thread == 0)
				thread = f.thread;
			ok = f.thread == thread && depth > 0;
			continue;
		}
		if (*p == '(' && depth++ == 0) {
			threads++;
			thread = 0;
		}
		if (*p++ == ')')
			depth--;
	}
	for (n = 1; n <= k->b->size; n++) {
		mail_facts(k->b->seed, n, &f);
		expected += f.parent == 0;
	}
	free(seen);
	return ok && count == k->b->size && threads == expected;
}

static bool
check_answer(void *arg, struct conn *c, const char *s, size_t len)
{
	struct check *k = arg;
	size_t word = strlen(k->word);

	(void)c;
	if (len < word + 4 || strncasecmp(s + 2, k->word, word) != 0 || k->seen)
		return false;
	k->seen = true;
	k->p->meaning = hash_octets(1, s, len);
	s += 2 + word;
	len -= 2 + word;
	if (k->expected != NULL)
		return check_list(k, s, s + len);
	if (k->word[0] == 'T')
		return check_threads(k, s, s + len);
	return check_subjects(k, s, s + len);
}

/* --- What is expected --- */

struct dated {
	int64_t	 date;
	uint32_t n;
};

static int
dated_cmp(const void *left, const void *right)
{
	const struct dated *a = left, *b = right;

	if (a->date != b->date)
		return a->date < b->date ? -1 : 1;
	return a->n < b->n ? -1 : 1;
}

static void
expect_dates(struct check *k)
{
	struct dated *d = calloc(k->b->size, sizeof(*d));
	struct mail_facts f;

	for (uint32_t n = 1; n <= k->b->size; n++) {
		mail_facts(k->b->seed, n, &f);
		d[n - 1] = (struct dated){ f.date, n };
	}
	qsort(d, k->b->size, sizeof(*d), dated_cmp);
	for (uint32_t i = 0; i < k->b->size; i++)
		k->expected[k->count++] = d[i].n;
	free(d);
}

static void
expect_found(struct check *k, const char *row)
{
	struct mail_facts f;

	for (uint32_t n = 1; n <= k->b->size; n++) {
		mail_facts(k->b->seed, n, &f);
		if (strstr(row, "subject") != NULL ? f.in_subject :
		    strstr(row, "body") != NULL ? f.in_body :
		    strstr(row, "text") != NULL ? f.in_text : f.in_header)
			k->expected[k->count++] = n;
	}
}

static bool
row_search(struct bench *b, struct peer *p, struct conn *c)
{
	const char *command = row_now->arg, *row = row_now->name;
	struct check k = { .b = b, .p = p, .word = "SORT" };
	bool ok;

	if (command[0] == 'T')
		k.word = "THREAD";
	else if (strncmp(row, "search", 6) == 0)
		k.word = "SEARCH";
	if (b->round == 0 && strcmp(row, "sort-subject") != 0 &&
	    k.word[0] != 'T') {
		k.expected = calloc(b->size, sizeof(*k.expected));
		if (k.word[1] == 'O')
			expect_dates(&k);
		else
			expect_found(&k, row);
	}
	ok = session_command(b, p, c, command, 1, check_answer, &k);
	free(k.expected);
	return ok && (b->round > 0 || k.seen || conn_fail(c, "no answer"));
}

const struct row rows_search[] = {
	{ "search-subject", row_search, "SEARCH SUBJECT " NEEDLE_SUBJECT, 0 },
	{ "search-body", row_search, "SEARCH BODY " NEEDLE_BODY, 0 },
	{ "search-text", row_search, "SEARCH TEXT " NEEDLE_TEXT, 0 },
	{ "search-header", row_search,
	    "SEARCH HEADER " NEEDLE_FIELD " " NEEDLE_HEADER, 0 },
	{ "sort-date", row_search, "SORT (DATE) UTF-8 ALL", 0 },
	{ "sort-subject", row_search, "SORT (SUBJECT) UTF-8 ALL", 0 },
	{ "thread-references", row_search, "THREAD REFERENCES UTF-8 ALL", 0 },
	{ NULL, NULL, NULL, 0 }
};

/* fuzzy.c - words that are nearly those asked for
 * SPDX-License-Identifier: ISC */
#include "mail/fuzzy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"

#define SCORE_SAME	100
#define SCORE_BEGINS	80
#define SCORE_INSIDE	60
#define SCORE_TYPO	50
#define INSIDE_MIN	3	/* octets that are looked for inside a word */
#define TYPO_MIN	4	/* octets of a word that may have a wrong letter */
#define TYPOS_MIN	8	/* and of one that may have two */

struct word {
	char		s[FUZZY_WORD_OCTETS];
	size_t		len;
	unsigned int	best;
};

struct fuzzy {
	struct word	words[FUZZY_WORDS_MAX];
	size_t		n;
	struct word	open;		/* of the text */
};

/* Whether an octet is part of a word: all that is not US-ASCII is. */
static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c & 0x80) != 0;
}

struct fuzzy *
fuzzy_new(const char *s, size_t len)
{
	struct fuzzy *f = calloc(1, sizeof(*f));
	struct word *word;
	size_t i = 0;

	if (f == NULL)
		fatal("out of memory");
	while (f->n < FUZZY_WORDS_MAX) {
		while (i < len && !is_word(s[i]))
			i++;
		if (i == len)
			break;
		word = &f->words[f->n++];
		for (; i < len && is_word(s[i]); i++)
			if (word->len < sizeof(word->s))
				word->s[word->len++] = s[i];
	}
	if (f->n > 0)
		return f;
	free(f);
	return NULL;
}

void
fuzzy_free(struct fuzzy *f)
{
	free(f);
}

void
fuzzy_start(struct fuzzy *f)
{
	for (size_t i = 0; i < f->n; i++)
		f->words[i].best = 0;
	f->open.len = 0;
}

/*
 * Whether a becomes b by at most max times leaving out, putting in, changing a
 * letter, or exchanging two neighbours.
 */
static bool
is_near(const struct word *a, const struct word *b, unsigned int max)
{
	unsigned char rows[3][FUZZY_WORD_OCTETS + 1], *row, *up, *up2;
	unsigned int cost, least;

	if (a->len > b->len + max || b->len > a->len + max)
		return false;
	for (size_t j = 0; j <= b->len; j++)
		rows[0][j] = (unsigned char)j;
	for (size_t i = 1; i <= a->len; i++) {
		row = rows[i % 3];
		up = rows[(i + 2) % 3];
		up2 = rows[(i + 1) % 3];
		row[0] = (unsigned char)i;
		least = row[0];
		for (size_t j = 1; j <= b->len; j++) {
			cost = up[j - 1] + (a->s[i - 1] != b->s[j - 1]);
			if (up[j] + 1U < cost)
				cost = up[j] + 1U;
			if (row[j - 1] + 1U < cost)
				cost = row[j - 1] + 1U;
			if (i > 1 && j > 1 && a->s[i - 1] == b->s[j - 2] &&
			    a->s[i - 2] == b->s[j - 1] && up2[j - 2] + 1U < cost)
				cost = up2[j - 2] + 1U;
			row[j] = (unsigned char)cost;
			if (cost < least)
				least = cost;
		}
		if (least > max)
			return false;
	}
	return rows[a->len % 3][b->len] <= max;
}

static unsigned int
word_score(const struct word *want, const struct word *got)
{
	if (got->len >= want->len && memcmp(got->s, want->s, want->len) == 0)
		return got->len == want->len ? SCORE_SAME : SCORE_BEGINS;
	if (want->best < SCORE_INSIDE && want->len >= INSIDE_MIN &&
	    got->len > want->len &&
	    memmem(got->s, got->len, want->s, want->len) != NULL)
		return SCORE_INSIDE;
	if (want->best < SCORE_TYPO && want->len >= TYPO_MIN &&
	    is_near(want, got, want->len >= TYPOS_MIN ? 2 : 1))
		return SCORE_TYPO;
	return 0;
}

void
fuzzy_break(struct fuzzy *f)
{
	unsigned int score;

	if (f->open.len == 0)
		return;
	for (size_t i = 0; i < f->n; i++) {
		if (f->words[i].best == SCORE_SAME)
			continue;
		score = word_score(&f->words[i], &f->open);
		if (score > f->words[i].best)
			f->words[i].best = score;
	}
	f->open.len = 0;
}

void
fuzzy_feed(struct fuzzy *f, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_word(s[i]))
			fuzzy_break(f);
		else if (f->open.len < sizeof(f->open.s))
			f->open.s[f->open.len++] = s[i];
	}
}

unsigned int
fuzzy_score(const struct fuzzy *f)
{
	unsigned int sum = 0;
	size_t met = 0;

	for (size_t i = 0; i < f->n; i++) {
		sum += f->words[i].best;
		met += f->words[i].best > 0;
	}
	return met == 0 || met * 2 < f->n ? 0 : sum / (unsigned int)f->n;
}

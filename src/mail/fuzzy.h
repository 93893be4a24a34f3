/* fuzzy.h - words that are nearly those asked for: RFC 6203 3
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_FUZZY_H
#define MSGSTORE_FUZZY_H

#include <stddef.h>

#define FUZZY_WORDS_MAX	16	/* of those asked for; more are left out */
#define FUZZY_WORD_OCTETS 64	/* of a word; what is behind does not count */

struct fuzzy;

/* For text and words of one collation: collate().  NULL when there is no word in
 * the len octets at s. */
struct fuzzy *fuzzy_new(const char *s, size_t len);
void fuzzy_free(struct fuzzy *);		/* NULL is fine */

/* A message begins. */
void fuzzy_start(struct fuzzy *);
/* More of its text; words may go on from piece to piece. */
void fuzzy_feed(struct fuzzy *, const char *s, size_t len);
/* The word that was begun ends here. */
void fuzzy_break(struct fuzzy *);
/*
 * How well the message fits so far, 1 to 100: the mean of the words asked for, each
 * by the best that was met: the word itself is 100, one that begins with it 80, one
 * that it is in 60, one or (in long words) two wrong letters 50.  0 when fewer than
 * half of the words were met.
 */
unsigned int fuzzy_score(const struct fuzzy *);

#endif

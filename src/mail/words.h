/* words.h - the words of case-mapped text, and of what is looked for in it
 * SPDX-License-Identifier: ISC
 *
 * For an index of substrings that stays small.  A word is a run of letters and
 * digits of US-ASCII and of all other characters: what else is in US-ASCII lies
 * between words.  A text without such octets that is in another text lies in one
 * word of that.  Most words are met again and again, and a list of them stays
 * short; those that are met once (numbers, hashes, encoded data, text that has no
 * blanks) would make it long.  By their form these are "odd", and known by the
 * three characters in a row that are in them. */
#ifndef MSGSTORE_WORDS_H
#define MSGSTORE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define WORD_OCTETS_MAX	24	/* longer ones are odd ... */
#define WORD_MIXED_MAX	6	/* ... and with a digit in them these */
#define GRAM_CHARS	3	/* characters in a row */

struct words_sink {
	void	(*word)(void *, const char *s, size_t len);
	void	(*gram)(void *, const char *s, size_t len);	/* of an odd word */
	void	*arg;
};

/* Text that comes in pieces; { .sink = ... } is the start of one. */
struct words {
	const struct words_sink *sink;
	char		 s[WORD_OCTETS_MAX];	/* the word that is begun */
	size_t		 len;
	bool		 digit;			/* there is one in it */
	bool		 odd;			/* s is its end, it was too long */
};
/* len octets of UTF-8, whole characters; and where a text ends. */
void words_feed(struct words *, const char *s, size_t len);
void words_end(struct words *);

/* Whether a word is odd; and whether all words are that it is a part of. */
bool word_is_odd(const char *s, size_t len);
/* Give out the grams of a word. */
void word_grams(const char *s, size_t len, const struct words_sink *);
/* Characters in len octets of UTF-8. */
size_t utf8_chars(const char *s, size_t len);

/*
 * The words of a key.  Of a text that the key is in, an open side may be in the
 * middle of a word; on the other side the word ends.
 */
struct key_word {
	const char	*s;		/* points into the key */
	size_t		 len;
	bool		 open_left, open_right;
};
/* At most max of them; returns how many there are. */
size_t key_words(const char *key, size_t len, struct key_word *words,
    size_t max);

#endif

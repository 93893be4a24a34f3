/* words.c - the words of case-mapped text
 * SPDX-License-Identifier: ISC */
#include "mail/words.h"

#include <string.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Case-mapped text has no small letters of US-ASCII; here they would count. */
static bool
is_word(char c)
{
	return (unsigned char)c >= 0x80 || is_digit(c) ||
	    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Octets of the character at s; all octets of what is no UTF-8 are one each. */
static size_t
char_octets(const char *s, size_t len)
{
	size_t n = 1;

	if ((unsigned char)*s >= 0xc0)
		while (n < len && n < 4 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n++;
	return n;
}

size_t
utf8_chars(const char *s, size_t len)
{
	size_t chars = 0;

	for (size_t n; len > 0; s += n, len -= n, chars++)
		n = char_octets(s, len);
	return chars;
}

/* Give out the grams in len octets; returns how many octets are before the last
 * two characters, which the next gram may begin with. */
static size_t
grams(const char *s, size_t len, const struct words_sink *sink)
{
	size_t at[GRAM_CHARS] = { 0 }, end = 0, chars = 0;

	while (end < len) {
		at[chars++ % GRAM_CHARS] = end;
		end += char_octets(s + end, len - end);
		if (chars >= GRAM_CHARS)
			sink->gram(sink->arg, s + at[chars % GRAM_CHARS],
			    end - at[chars % GRAM_CHARS]);
	}
	return chars < GRAM_CHARS ? 0 : at[(chars + 1) % GRAM_CHARS];
}

void
word_grams(const char *s, size_t len, const struct words_sink *sink)
{
	grams(s, len, sink);
}

static bool
has_digit(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_digit(s[i]))
			return true;
	return false;
}

bool
word_is_odd(const char *s, size_t len)
{
	return len > WORD_OCTETS_MAX ||
	    (len > WORD_MIXED_MAX && has_digit(s, len));
}

/* A further character of the word. */
static void
add(struct words *w, const char *s, size_t n)
{
	size_t used;

	if (w->len + n > sizeof(w->s)) {
		used = grams(w->s, w->len, w->sink);
		w->odd = true;
		memmove(w->s, w->s + used, w->len - used);
		w->len -= used;
	}
	memcpy(w->s + w->len, s, n);
	w->len += n;
	w->digit |= n == 1 && is_digit(*s);
}

void
words_end(struct words *w)
{
	if (w->odd || (w->digit && w->len > WORD_MIXED_MAX))
		grams(w->s, w->len, w->sink);
	else if (w->len > 0)
		w->sink->word(w->sink->arg, w->s, w->len);
	w->len = 0;
	w->digit = w->odd = false;
}

void
words_feed(struct words *w, const char *s, size_t len)
{
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = char_octets(s, len);
		if (is_word(*s))
			add(w, s, n);
		else if (w->len > 0)
			words_end(w);
	}
}

size_t
key_words(const char *key, size_t len, struct key_word *words, size_t max)
{
	size_t n = 0, at = 0, start;

	while (at < len && n < max) {
		if (!is_word(key[at])) {
			at++;
			continue;
		}
		for (start = at; at < len && is_word(key[at]); at++)
			;
		words[n++] = (struct key_word){ .s = key + start,
		    .len = at - start, .open_left = start == 0,
		    .open_right = at == len };
	}
	return n;
}

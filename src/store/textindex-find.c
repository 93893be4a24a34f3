/* textindex-find.c - which messages may hold a text
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/match.h"
#include "mail/words.h"
#include "store/textindex-private.h"
#include "util/log.h"

#define KEY_WORDS_MAX	8	/* of a key; others are for who looks at the mail */
#define GRAMS_MAX	32	/* of a word of a key; the same */
#define NAME_OCTETS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"	\
			"0123456789-_"
#define TERM_OCTETS	(2 * sizeof(uint64_t) + 2)
/* Candidates: to look up one word's messages costs about as much as to look at one
 * message. */
#define WORDS_LEAST	1000
#define WORDS_MOST	1000000		/* however many messages it claims */

/* The words that a word of the key is a part of. */
struct ids {
	int64_t		*ids;
	size_t		 n, max;
	bool		 many;		/* more than max */
};

struct finder {
	struct textindex *ix;
	unsigned int	 scopes;
	const struct err *err;
};

/* --- Messages by term --- */

/* Messages that the FTS5 expression is true for. */
static void
add_mail(struct finder *f, const char *match, struct uidmap *map)
{
	struct db *db = f->ix->db;
	sqlite3_stmt *stmt;
	int64_t uid;
	bool row;

	if (f->err != NULL || (f->err = db_prepare(db,
	    "SELECT rowid FROM mail WHERE mail MATCH ?1", &stmt)) != NULL)
		return;
	sqlite3_bind_text(stmt, 1, match, -1, SQLITE_STATIC);
	while ((f->err = db_step(db, stmt, &row)) == NULL && row) {
		uid = sqlite3_column_int64(stmt, 0);
		/* Others nobody has written: no memory for them. */
		if (uid >= 1 && uid <= f->ix->upto)
			uidmap_add(map, (uint32_t)uid);
	}
	db_done(stmt);
}

static void
add_word(struct finder *f, int64_t id, struct uidmap *map)
{
	char match[TERM_OCTETS];

	for (unsigned int scope = 0; scope < TEXT_SCOPES; scope++) {
		if ((f->scopes & TEXT_SCOPE(scope)) == 0)
			continue;
		snprintf(match, sizeof(match), "%c%llx", TERM_WORD(scope),
		    (unsigned long long)id);
		add_mail(f, match, map);
	}
}

/* An FTS5 expression of the grams of a word, all of which must be there. */
struct expression {
	struct buf	 b;
	const char	*prefix;
	unsigned int	 n;
};

static void
add_term(void *arg, const char *s, size_t len)
{
	struct expression *e = arg;

	if (e->n++ >= GRAMS_MAX)
		return;
	buf_adds(&e->b, e->b.len > 0 ? " AND \"" : "\"");
	buf_adds(&e->b, e->prefix);
	if (*e->prefix != '\0')
		textindex_put_gram(&e->b, s, len);
	else
		buf_add(&e->b, s, len);
	buf_addc(&e->b, '"');
}

static void
grams_expression(struct expression *e, const char *prefix,
    const struct key_word *w)
{
	const struct words_sink sink = { .gram = add_term, .arg = e };

	*e = (struct expression){ .prefix = prefix };
	word_grams(w->s, w->len, &sink);
}

/*
 * Messages that may hold the word as a part of an odd one; few: it is less than a
 * gram, and one that begins so is enough.
 */
static void
add_odd(struct finder *f, const struct key_word *w, bool few,
    struct uidmap *map)
{
	struct expression e;
	char prefix[2] = "";

	for (unsigned int scope = 0; scope < TEXT_SCOPES; scope++) {
		if ((f->scopes & TEXT_SCOPE(scope)) == 0)
			continue;
		prefix[0] = TERM_GRAM(scope);
		grams_expression(&e, prefix, w);
		if (few) {
			add_term(&e, w->s, w->len);
			buf_addc(&e.b, '*');
		}
		if (e.n > 0)
			add_mail(f, buf_str(&e.b), map);
		buf_clear(&e.b);
	}
}

/* --- Words by their parts --- */

static void
take(struct ids *ids, int64_t id)
{
	if (ids->n == ids->max) {
		ids->many = true;
		return;
	}
	ids->ids[ids->n++] = id;
}

/* The candidate is compared: its grams may be in another order. */
static bool
fits(const struct key_word *w, const char *s, size_t len)
{
	if (len < w->len)
		return false;
	if (!w->open_left)
		return memcmp(s, w->s, w->len) == 0;
	if (!w->open_right)
		return memcmp(s + len - w->len, w->s, w->len) == 0;
	return memmem(s, len, w->s, w->len) != NULL;
}

static void
words_with(struct finder *f, const struct key_word *w, struct ids *ids)
{
	struct db *db = f->ix->db;
	struct expression e;
	sqlite3_stmt *stmt;
	const char *s;
	bool row;

	if (f->err != NULL || (f->err = db_prepare(db, "SELECT w.id, w.word "
	    "FROM grams g CROSS JOIN words w ON w.id = g.rowid "
	    "WHERE g.grams MATCH ?1", &stmt)) != NULL)
		return;
	grams_expression(&e, "", w);
	sqlite3_bind_text(stmt, 1, buf_str(&e.b), -1, SQLITE_STATIC);
	while (!ids->many && (f->err = db_step(db, stmt, &row)) == NULL && row) {
		s = (const char *)sqlite3_column_text(stmt, 1);
		if (s != NULL && fits(w, s,
		    (size_t)sqlite3_column_bytes(stmt, 1)))
			take(ids, sqlite3_column_int64(stmt, 0));
	}
	db_done(stmt);
	buf_clear(&e.b);
}

/* The word itself, or all that begin with it. */
static void
words_from(struct finder *f, const struct key_word *w, bool begin,
    struct ids *ids)
{
	struct db *db = f->ix->db;
	struct buf last = { 0 };
	sqlite3_stmt *stmt;
	bool row;

	if (f->err != NULL || (f->err = db_prepare(db, "SELECT id FROM words "
	    "WHERE word BETWEEN ?1 AND ?2", &stmt)) != NULL)
		return;
	buf_add(&last, w->s, w->len);
	/* Behind all words of characters. */
	if (begin)
		buf_addc(&last, '\377');
	sqlite3_bind_text(stmt, 1, w->s, (int)w->len, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, last.s, (int)last.len, SQLITE_STATIC);
	while (!ids->many && (f->err = db_step(db, stmt, &row)) == NULL && row)
		take(ids, sqlite3_column_int64(stmt, 0));
	db_done(stmt);
	buf_clear(&last);
}

/* --- Keys --- */

/*
 * Messages with a word that w is a part of: those with an ordinary one in sure,
 * those that may have an odd one in odd.  False: too many words to tell, or too
 * few characters and not the first ones.
 */
static bool
find_word(struct finder *f, const struct key_word *w, struct uidmap *sure,
    struct uidmap *odd)
{
	const bool open = w->open_left || w->open_right;
	const bool few = utf8_chars(w->s, w->len) < GRAM_CHARS;
	struct ids ids = { .max = f->ix->messages / 2 + WORDS_LEAST };

	if (ids.max > WORDS_MOST)
		ids.max = WORDS_MOST;
	if (few && w->open_left)
		return false;
	if (!word_is_odd(w->s, w->len)) {
		ids.ids = reallocarray(NULL, ids.max, sizeof(*ids.ids));
		if (ids.ids == NULL)
			fatal("out of memory");
		if (open && !few)
			words_with(f, w, &ids);
		else
			words_from(f, w, open, &ids);
		for (size_t i = 0; i < ids.n && !ids.many; i++)
			add_word(f, ids.ids[i], sure);
		free(ids.ids);
	}
	if (!ids.many && (open || word_is_odd(w->s, w->len)))
		add_odd(f, w, few, odd);
	return !ids.many;
}

/* All of the key in one word. */
static bool
find_inside(struct finder *f, const struct key_word *w,
    struct text_answer *answer)
{
	/* A gram that is there is there: nothing is to be looked at. */
	const bool gram = utf8_chars(w->s, w->len) == GRAM_CHARS;

	return find_word(f, w, &answer->sure,
	    gram ? &answer->sure : &answer->maybe);
}

/* Messages that hold a word of each kind; how they stand there is to be seen. */
static bool
find_all(struct finder *f, const struct key_word *words, size_t n,
    struct text_answer *answer)
{
	struct uidmap map;
	bool any = false;

	for (size_t i = 0; i < n && f->err == NULL; i++) {
		map = (struct uidmap){ 0 };
		if (find_word(f, &words[i], &map, &map)) {
			if (any)
				uidmap_and(&answer->maybe, &map);
			else
				uidmap_or(&answer->maybe, &map);
			any = true;
		}
		uidmap_clear(&map);
	}
	return any;
}

static void
add_unread(struct finder *f, struct uidmap *map)
{
	struct db *db = f->ix->db;
	sqlite3_stmt *stmt;
	int64_t uid;
	bool row;

	if (f->err != NULL || (f->err = db_prepare(db,
	    "SELECT uid FROM unread", &stmt)) != NULL)
		return;
	while ((f->err = db_step(db, stmt, &row)) == NULL && row) {
		uid = sqlite3_column_int64(stmt, 0);
		if (uid >= 1 && uid <= f->ix->upto)
			uidmap_add(map, (uint32_t)uid);
	}
	db_done(stmt);
}

/* What is common to all keys: their ends. */
static bool
finish(struct finder *f, bool found, struct text_answer *answer)
{
	if (found)
		add_unread(f, &answer->maybe);
	if (f->err != NULL) {
		f->ix->damaged = textindex_is_damage(f->err);
		log_warning("%s", f->err->text);
	}
	if (f->err == NULL && found)
		return true;
	text_answer_clear(answer);
	return false;
}

bool
textindex_find(struct textindex *ix, unsigned int scopes, const char *key,
    size_t len, struct text_answer *answer)
{
	struct finder f = { .ix = ix, .scopes = scopes };
	struct key_word words[KEY_WORDS_MAX];
	size_t n = key_words(key, len, words, KEY_WORDS_MAX);
	bool found;

	*answer = (struct text_answer){ 0 };
	if (n == 1 && words[0].len == len)
		found = find_inside(&f, &words[0], answer);
	else
		found = find_all(&f, words, n, answer);
	return finish(&f, found, answer);
}

/* A field is searched as a whole, and begins with its name: its words are whole. */
bool
textindex_find_field(struct textindex *ix, const char *name,
    struct text_answer *answer)
{
	struct finder f = { .ix = ix, .scopes = TEXT_SCOPE(TEXT_HEADERS) };
	struct key_word words[KEY_WORDS_MAX];
	struct buf mapped = { 0 };
	size_t n;
	bool found;

	*answer = (struct text_answer){ 0 };
	/* No other octets are safe from what decoding does. */
	if (name[strspn(name, NAME_OCTETS)] != '\0')
		return false;
	casemap(name, strlen(name), &mapped);
	n = key_words(mapped.s, mapped.len, words, KEY_WORDS_MAX);
	for (size_t i = 0; i < n; i++)
		words[i].open_left = words[i].open_right = false;
	found = find_all(&f, words, n, answer);
	buf_clear(&mapped);
	return finish(&f, found, answer);
}

static const struct {
	const char	*name;
	enum text_scope	 scope;
} fields[] = { { "Subject", TEXT_SUBJECT }, { "From", TEXT_FROM },
	{ "To", TEXT_TO }, { "Cc", TEXT_CC } };

enum text_scope
text_scope(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcasecmp(fields[i].name, name) == 0)
			return fields[i].scope;
	return TEXT_HEADERS;
}

void
text_answer_clear(struct text_answer *answer)
{
	uidmap_clear(&answer->sure);
	uidmap_clear(&answer->maybe);
}

/* search-parse.c - the arguments of SEARCH: RFC 9051 9 "search-key"
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "imapd/search.h"
#include "mail/decode.h"
#include "mail/objectid.h"
#include "wire/flag.h"
#include "wire/respcode.h"
#include "wire/utf7.h"

#define ID_MAX_OCTETS	255	/* RFC 8474 7 */
static const char id_chars[] = "abcdefghijklmnopqrstuvwxyz"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

struct parse {
	struct arena	*arena;
	struct parser	*p;
	const char	*charset;	/* NULL: none was given */
	const struct err *bad_charset;	/* NULL: charset is known */
	unsigned int	 keys;
	bool		 modseq;	/* MODSEQ was there */
	bool		 any_fuzzy;	/* FUZZY was there */
	unsigned int	 fuzzy;		/* it is around what is read */
};

enum argument { ARG_NONE, ARG_TEXT, ARG_FIELD, ARG_KEYWORD, ARG_DATE,
	ARG_NUMBER, ARG_SECONDS, ARG_UIDS, ARG_MODSEQ, ARG_UIDAFTER,
	ARG_UIDBEFORE, ARG_ID };

/* RFC 9051 6.4.4, RFC 3501 6.4.4 */
static const struct keyword {
	const char	*word;
	enum argument	 arg;
	enum search_op	 op;
	bool		 negate;
	uint64_t	 mask;
	const char	*field;		/* of ARG_TEXT: the header's name */
	const char	*capability;	/* that it belongs to; NULL: none */
} words[] = {
	{ "ALL",	ARG_NONE, .op = SEARCH_ALL },
	{ "ANSWERED",	ARG_NONE, SEARCH_FLAGS, .mask = FLAG_ANSWERED },
	{ "BCC",	ARG_TEXT, SEARCH_HEADER, .field = "Bcc" },
	{ "BEFORE",	ARG_DATE, .op = SEARCH_BEFORE },
	{ "BODY",	ARG_TEXT, .op = SEARCH_BODY },
	{ "CC",		ARG_TEXT, SEARCH_HEADER, .field = "Cc" },
	{ "DELETED",	ARG_NONE, SEARCH_FLAGS, .mask = FLAG_DELETED },
	{ "DRAFT",	ARG_NONE, SEARCH_FLAGS, .mask = FLAG_DRAFT },
	{ "EMAILID",	ARG_ID, SEARCH_EMAILID, .capability = "OBJECTID" },
	{ "FLAGGED",	ARG_NONE, SEARCH_FLAGS, .mask = FLAG_FLAGGED },
	{ "FROM",	ARG_TEXT, SEARCH_HEADER, .field = "From" },
	{ "HEADER",	ARG_FIELD, .op = SEARCH_HEADER },
	{ "KEYWORD",	ARG_KEYWORD, .op = SEARCH_KEYWORD },
	{ "LARGER",	ARG_NUMBER, .op = SEARCH_LARGER },
	{ "MODSEQ",	ARG_MODSEQ, SEARCH_MODSEQ, .capability = "CONDSTORE" },
	{ "OLD",	ARG_NONE, SEARCH_RECENT, .negate = true },
	{ "OLDER",	ARG_SECONDS, SEARCH_OLDER, .capability = "WITHIN" },
	{ "ON",		ARG_DATE, .op = SEARCH_ON },
	{ "RECENT",	ARG_NONE, .op = SEARCH_RECENT },
	{ "SAVEDATESUPPORTED", ARG_NONE, SEARCH_ALL,
	    .capability = "SAVEDATE" },
	{ "SAVEDBEFORE", ARG_DATE, SEARCH_SAVEDBEFORE,
	    .capability = "SAVEDATE" },
	{ "SAVEDON",	ARG_DATE, SEARCH_SAVEDON, .capability = "SAVEDATE" },
	{ "SAVEDSINCE",	ARG_DATE, SEARCH_SAVEDSINCE, .capability = "SAVEDATE" },
	{ "SEEN",	ARG_NONE, SEARCH_FLAGS, .mask = FLAG_SEEN },
	{ "SENTBEFORE",	ARG_DATE, .op = SEARCH_SENTBEFORE },
	{ "SENTON",	ARG_DATE, .op = SEARCH_SENTON },
	{ "SENTSINCE",	ARG_DATE, .op = SEARCH_SENTSINCE },
	{ "SINCE",	ARG_DATE, .op = SEARCH_SINCE },
	{ "SMALLER",	ARG_NUMBER, .op = SEARCH_SMALLER },
	{ "SUBJECT",	ARG_TEXT, SEARCH_HEADER, .field = "Subject" },
	{ "TEXT",	ARG_TEXT, .op = SEARCH_TEXT },
	{ "THREADID",	ARG_ID, SEARCH_THREADID, .capability = "OBJECTID" },
	{ "TO",		ARG_TEXT, SEARCH_HEADER, .field = "To" },
	{ "UID",	ARG_UIDS, .op = SEARCH_SET },
	{ "UIDAFTER",	ARG_UIDAFTER, SEARCH_SET,
	    .capability = "MESSAGELIMIT" },
	{ "UIDBEFORE",	ARG_UIDBEFORE, SEARCH_SET,
	    .capability = "MESSAGELIMIT" },
	{ "UNANSWERED",	ARG_NONE, SEARCH_FLAGS,
	    .negate = true, .mask = FLAG_ANSWERED },
	{ "UNDELETED",	ARG_NONE, SEARCH_FLAGS,
	    .negate = true, .mask = FLAG_DELETED },
	{ "UNDRAFT",	ARG_NONE, SEARCH_FLAGS,
	    .negate = true, .mask = FLAG_DRAFT },
	{ "UNFLAGGED",	ARG_NONE, SEARCH_FLAGS,
	    .negate = true, .mask = FLAG_FLAGGED },
	{ "UNKEYWORD",	ARG_KEYWORD, SEARCH_KEYWORD, .negate = true },
	{ "UNSEEN",	ARG_NONE, SEARCH_FLAGS,
	    .negate = true, .mask = FLAG_SEEN },
	{ "YOUNGER",	ARG_SECONDS, SEARCH_YOUNGER, .capability = "WITHIN" }
};

static bool parse_key(struct parse *, unsigned int depth,
    struct search_key **key_r);

static struct search_key *
new_key(struct parse *ps, enum search_op op)
{
	struct search_key *key;

	if (ps->keys++ == SEARCH_KEYS_MAX) {
		parser_expected(ps->p, "fewer search keys");
		return NULL;
	}
	key = arena_alloc(ps->arena, sizeof(*key));
	key->op = op;
	key->fuzzy = ps->fuzzy > 0;
	return key;
}

/* --- Arguments --- */

/* A string in the command's character set, as UTF-8. */
static bool
parse_text(struct parse *ps, struct search_key *key)
{
	struct buf b = { 0 };
	const char *s;
	size_t len;

	if (!parser_astring(ps->p, &s, &len))
		return false;
	if (utf8_valid(s, len) && ps->charset == NULL) {
		key->text = s;
		key->text_len = len;
		return true;
	}
	/* What it would be does not matter: the command fails. */
	if (ps->bad_charset != NULL) {
		key->text = "";
		return true;
	}
	if (ps->charset == NULL ||
	    !charset_to_utf8(ps->charset, s, len, &b)) {
		buf_clear(&b);
		return parser_expected(ps->p, ps->charset == NULL ?
		    "UTF-8 in a search string without CHARSET" :
		    "a search string that is valid in its CHARSET");
	}
	key->text = arena_memdup(ps->arena, b.s, b.len);
	key->text_len = b.len;
	buf_clear(&b);
	return true;
}

/* RFC 7162 7 "attr-flag": a keyword, or a backslash and an atom. */
static bool
is_attr_flag(const char *s)
{
	if (*s == '\\')
		s++;
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (!parser_is_atom_char((unsigned char)*s))
			return false;
	return true;
}

/* RFC 7162 7 "search-modsequence".  There is one mod-sequence for all of a
 * message: which entry is meant does not matter (RFC 7162 3.1.5). */
static bool
parse_modseq(struct parse *ps, struct search_key *key)
{
	struct parser *p = ps->p;
	const char *s;

	ps->modseq = true;
	if (parser_peek(p) == '"') {
		if (!parser_string(p, &s, NULL) || !parser_sp(p))
			return false;
		if (strncasecmp(s, "/flags/", 7) != 0 || !is_attr_flag(s + 7))
			return parser_expected(p, "an entry like \"/flags/x\"");
		if (!parser_word(p, &s) || !parser_sp(p))
			return false;
		if (strcmp(s, "PRIV") != 0 && strcmp(s, "SHARED") != 0 &&
		    strcmp(s, "ALL") != 0)
			return parser_expected(p, "priv, shared or all");
	}
	return parser_number64(p, &key->modseq);
}

/* RFC 9738 3.2: all UIDs above or below one. */
static bool
parse_uid_bound(struct parse *ps, bool after, struct search_key *key)
{
	struct seqrange *r = arena_alloc(ps->arena, sizeof(*r));
	uint32_t uid;

	if (!parser_nz_number(ps->p, &uid))
		return false;
	/* 4294967295 is "*" in a set, and no message has it. */
	if (after)
		*r = (struct seqrange){ uid < UINT32_MAX - 1 ? uid + 1 :
		    UINT32_MAX - 1, UINT32_MAX - 1 };
	else
		*r = (struct seqrange){ 1, uid - 1 };
	key->set_is_uid = true;
	key->set = (struct seqset){ .ranges = r, .n = after || uid > 1 };
	return true;
}

/* RFC 8474 7 "objectid".  One that is none of ours is nobody's. */
static bool
parse_id(struct parse *ps, struct search_key *key)
{
	const enum objectid_kind kind = key->op == SEARCH_EMAILID ?
	    OBJECTID_EMAIL : OBJECTID_THREAD;
	unsigned char *id = arena_alloc(ps->arena, OBJECTID_OCTETS);
	const char *s;
	size_t len;

	if (!parser_atom(ps->p, &s))
		return false;
	len = strlen(s);
	if (len > ID_MAX_OCTETS || strspn(s, id_chars) != len)
		return parser_expected(ps->p, "an object id");
	if (objectid_parse(kind, s, len, id))
		key->id = id;
	return true;
}

static bool
parse_argument(struct parse *ps, const struct keyword *word,
    struct search_key *key)
{
	struct parser *p = ps->p;

	if (word->arg != ARG_NONE && !parser_sp(p))
		return false;
	switch (word->arg) {
	case ARG_NONE:
		return true;
	case ARG_FIELD:
		if (!parser_astring(p, &key->name, NULL) || !parser_sp(p))
			return false;
		__attribute__((fallthrough));
	case ARG_TEXT:
		return parse_text(ps, key);
	case ARG_KEYWORD:
		return parser_atom(p, &key->name);
	case ARG_DATE:
		return parser_date(p, &key->day);
	case ARG_NUMBER:
		return parser_number(p, &key->size);
	case ARG_SECONDS:
		return parser_nz_number(p, &key->size);
	case ARG_UIDS:
		key->set_is_uid = true;
		return parser_seqset(p, &key->set);
	case ARG_ID:
		return parse_id(ps, key);
	case ARG_MODSEQ:
		return parse_modseq(ps, key);
	case ARG_UIDAFTER:
	case ARG_UIDBEFORE:
		return parse_uid_bound(ps, word->arg == ARG_UIDAFTER, key);
	}
	return false;
}

static bool
parse_word(struct parse *ps, const struct keyword *word,
    struct search_key **key_r)
{
	struct search_key *key = new_key(ps, word->op);

	if (key == NULL)
		return false;
	key->negate = word->negate;
	key->mask = word->mask;
	key->name = word->field;
	key->capability = word->capability;
	*key_r = key;
	return parse_argument(ps, word, key);
}

/* --- Combinations --- */

/* RFC 3501 6.4.4: NEW is (RECENT UNSEEN). */
static bool
parse_new(struct parse *ps, struct search_key **key_r)
{
	struct search_key *and = new_key(ps, SEARCH_AND);
	struct search_key *recent = new_key(ps, SEARCH_RECENT);
	struct search_key *unseen = new_key(ps, SEARCH_FLAGS);

	if (and == NULL || recent == NULL || unseen == NULL)
		return false;
	unseen->mask = FLAG_SEEN;
	unseen->negate = true;
	recent->next = unseen;
	and->child = recent;
	*key_r = and;
	return true;
}

/* *(SP search-key), put at tail. */
static bool
parse_more(struct parse *ps, unsigned int depth, struct search_key **tail)
{
	while (parser_opt(ps->p, ' ')) {
		if (!parse_key(ps, depth, tail))
			return false;
		tail = &(*tail)->next;
	}
	return true;
}

static bool
parse_parentheses(struct parse *ps, unsigned int depth,
    struct search_key **key_r)
{
	struct search_key *and = new_key(ps, SEARCH_AND);

	if (and == NULL || !parser_char(ps->p, '(') ||
	    !parse_key(ps, depth + 1, &and->child) ||
	    !parse_more(ps, depth + 1, &and->child->next) ||
	    !parser_char(ps->p, ')'))
		return false;
	*key_r = and;
	return true;
}

/* Skips "NOT SP" any number of times. */
static bool
parse_nots(struct parse *ps, const char **word_r, bool *negate_r)
{
	int c;

	for (;;) {
		c = parser_peek(ps->p);
		*word_r = NULL;
		if (c == '(' || c == '*' || c == '$' || (c >= '0' && c <= '9'))
			return true;
		if (!parser_word(ps->p, word_r))
			return false;
		if (strcmp(*word_r, "NOT") != 0)
			return true;
		*negate_r = !*negate_r;
		if (!parser_sp(ps->p))
			return false;
	}
}

static bool parse_rest(struct parse *, unsigned int depth, const char *word,
    struct search_key **key_r);

/*
 * Behind the word OR.  Clients write long chains of it, "OR a OR b OR c d" or
 * "OR OR OR a b c d": whatever the shape, a chain is one list of keys, read
 * without recursion.
 */
static bool
parse_or(struct parse *ps, unsigned int depth, struct search_key **key_r)
{
	struct search_key *or = new_key(ps, SEARCH_OR), **tail;
	unsigned int missing = 2;
	const char *word;
	bool negate;

	if (or == NULL)
		return false;
	tail = &or->child;
	while (missing > 0) {
		negate = false;
		if (!parser_sp(ps->p) || !parse_nots(ps, &word, &negate))
			return false;
		if (word != NULL && strcmp(word, "OR") == 0 && !negate) {
			missing++;
			continue;
		}
		if (!parse_rest(ps, depth + 1, word, tail))
			return false;
		(*tail)->negate ^= negate;
		tail = &(*tail)->next;
		missing--;
	}
	*key_r = or;
	return true;
}

/* RFC 6203 7: FUZZY SP search-key. */
static bool
parse_fuzzy(struct parse *ps, unsigned int depth, struct search_key **key_r)
{
	bool ok;

	ps->any_fuzzy = true;
	ps->fuzzy++;
	ok = parser_sp(ps->p) && parse_key(ps, depth + 1, key_r);
	ps->fuzzy--;
	return ok;
}

/* A key without NOTs; word is its first word, NULL when it starts otherwise. */
static bool
parse_rest(struct parse *ps, unsigned int depth, const char *word,
    struct search_key **key_r)
{
	struct search_key *key;

	if (depth > NESTING_MAX)
		return parser_expected(ps->p, "less nesting");
	if (word == NULL && parser_peek(ps->p) == '(')
		return parse_parentheses(ps, depth, key_r);
	if (word == NULL) {
		if ((key = new_key(ps, SEARCH_SET)) == NULL)
			return false;
		*key_r = key;
		/* RFC 9051 6.4.4.1: "$" is no sequence number. */
		key->set_is_uid = parser_peek(ps->p) == '$';
		return parser_seqset(ps->p, &key->set);
	}
	if (strcmp(word, "OR") == 0)
		return parse_or(ps, depth, key_r);
	if (strcmp(word, "FUZZY") == 0)
		return parse_fuzzy(ps, depth, key_r);
	if (strcmp(word, "NEW") == 0)
		return parse_new(ps, key_r);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(word, words[i].word) == 0)
			return parse_word(ps, &words[i], key_r);
	return parser_expected(ps->p, "a search key");
}

static bool
parse_key(struct parse *ps, unsigned int depth, struct search_key **key_r)
{
	const char *word;
	bool negate = false;

	if (!parse_nots(ps, &word, &negate) ||
	    !parse_rest(ps, depth, word, key_r))
		return false;
	(*key_r)->negate ^= negate;
	return true;
}

/* --- All of it --- */

/* Errors live in a small ring: keep one for later. */
static const struct err *
keep(struct arena *a, const struct err *err)
{
	struct err *copy = arena_alloc(a, sizeof(*copy));

	*copy = *err;
	return copy;
}

/*
 * RFC 9051 6.4.4: NO for a character set that is not known, and not BAD; what is
 * behind it may be BAD all the same.
 */
static void
set_charset(struct parse *ps, const char *charset)
{
	ps->charset = charset;
	if (!charset_known(charset))
		ps->bad_charset = keep(ps->arena,
		    err_user("BADCHARSET (US-ASCII UTF-8)",
		    "The character set %s is not known", charset));
}

/* Behind "CHARSET": SP astring SP. */
static bool
parse_charset(struct parse *ps)
{
	const char *charset;

	if (!parser_sp(ps->p) || !parser_astring(ps->p, &charset, NULL) ||
	    !parser_sp(ps->p))
		return false;
	set_charset(ps, charset);
	return true;
}

/* search-key *(SP search-key), and the line's end. */
static bool
parse_keys(struct parse *ps, const char *word, bool negate,
    struct search_args *args)
{
	struct search_key **first;

	args->root = new_key(ps, SEARCH_AND);
	first = &args->root->child;
	if (!parse_rest(ps, 0, word, first))
		return false;
	(*first)->negate ^= negate;
	if (!parse_more(ps, 0, &(*first)->next) || !parser_crlf(ps->p))
		return false;
	args->modseq = ps->modseq;
	args->fuzzy = ps->any_fuzzy;
	args->charset = ps->charset != NULL;
	args->bad_charset = ps->bad_charset;
	return true;
}

bool
search_parse_criteria(struct arena *a, struct parser *p,
    struct search_args *args)
{
	struct parse ps = { .arena = a, .p = p };
	const char *charset, *word;
	bool negate = false;

	if (!parser_astring(p, &charset, NULL) || !parser_sp(p))
		return false;
	set_charset(&ps, charset);
	return parse_nots(&ps, &word, &negate) &&
	    parse_keys(&ps, word, negate, args);
}

/*
 * RFC 9051 9 "search".  RETURN and CHARSET are no search keys: what comes first
 * tells what it is.
 */
bool
search_parse_program(struct arena *a, struct parser *p, const char *what,
    bool (*fn)(struct arena *, struct parser *, void *), void *arg,
    struct search_args *args)
{
	struct parse ps = { .arena = a, .p = p };
	const char *word;
	bool negate = false;

	if (!parser_sp(p) || !parse_nots(&ps, &word, &negate))
		return false;
	if (what != NULL && word != NULL && !negate &&
	    strcmp(word, what) == 0 && (!fn(a, p, arg) || !parser_sp(p) ||
	    !parse_nots(&ps, &word, &negate)))
		return false;
	if (word != NULL && !negate && strcmp(word, "RETURN") == 0 &&
	    (!search_return_parse(p, &args->ret) || !parser_sp(p) ||
	    !parse_nots(&ps, &word, &negate)))
		return false;
	if (word != NULL && !negate && strcmp(word, "CHARSET") == 0 &&
	    (!parse_charset(&ps) || !parse_nots(&ps, &word, &negate)))
		return false;
	return parse_keys(&ps, word, negate, args);
}

const struct err *
search_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct search_args *args = arena_alloc(a, sizeof(*args));

	if (!search_parse_program(a, p, NULL, NULL, NULL, args))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* fetch-parse.c - the arguments of FETCH: RFC 3501 9 "fetch"
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/fetch.h"
#include "mail/header.h"
#include "wire/reply.h"

struct parse {
	struct arena	*arena;
	struct parser	*p;
	struct fetch_args *args;
	struct fetch_item **tail;
	bool		 list;		/* items are in parentheses */
	bool		 space;		/* one was taken behind PREVIEW */
	const char	*modifier;	/* or that, "(" and this word */
};

static const struct {
	const char	*name;
	enum fetch_kind	 kind;
	unsigned int	 want;
} simple_items[] = {
	{ "UID",		FETCH_UID,		0 },
	{ "FLAGS",		FETCH_FLAGS,		0 },
	{ "MODSEQ",		FETCH_MODSEQ,		0 },
	{ "SAVEDATE",		FETCH_SAVEDATE,		SCAN_DATES },
	{ "INTERNALDATE",	FETCH_INTERNALDATE,	SCAN_DATES },
	{ "RFC822.SIZE",	FETCH_SIZE,		SCAN_SIZE },
	{ "ENVELOPE",		FETCH_ENVELOPE,		SCAN_ENVELOPE },
	{ "BODY",		FETCH_BODY,		SCAN_BODY },
	{ "BODYSTRUCTURE",	FETCH_STRUCTURE,	SCAN_STRUCTURE },
	{ "EMAILID",		FETCH_EMAILID,		SCAN_IDS },
	{ "THREADID",		FETCH_THREADID,		SCAN_IDS }
};

/* RFC 3501 6.4.5: these stand for lists, and are used alone. */
static const struct {
	const char	*name;
	const char	*items[6];
} macros[] = {
	{ "FAST", { "FLAGS", "INTERNALDATE", "RFC822.SIZE" } },
	{ "ALL", { "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE" } },
	{ "FULL", { "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE",
	    "BODY" } }
};

static struct fetch_item *
add_item(struct parse *ps, enum fetch_kind kind, const char *label)
{
	struct fetch_item *item;

	if (ps->args->items_n == FETCH_ITEMS_MAX) {
		parser_expected(ps->p, "fewer data items");
		return NULL;
	}
	item = arena_alloc(ps->arena, sizeof(*item));
	item->kind = kind;
	item->label = label;
	item->label_len = label != NULL ? strlen(label) : 0;
	ps->args->items_n++;
	ps->args->kinds |= 1u << kind;
	*ps->tail = item;
	ps->tail = &item->next;
	return item;
}

/* What is asked for twice is told once. */
static bool
add_simple(struct parse *ps, const char *word, bool *found_r)
{
	*found_r = false;
	for (size_t i = 0; i < sizeof(simple_items) / sizeof(*simple_items);
	    i++) {
		if (strcmp(word, simple_items[i].name) != 0)
			continue;
		*found_r = true;
		ps->args->want |= simple_items[i].want;
		if (ps->args->kinds & 1u << simple_items[i].kind)
			return true;
		return add_item(ps, simple_items[i].kind,
		    simple_items[i].name) != NULL;
	}
	return true;
}

/* --- Sections --- */

/* The columns that the section may need: hot ones alone for BODY[]. */
static unsigned int
section_want(const struct fetch_item *item)
{
	if (item->section == SECTION_ALL && item->path_n == 0)
		return SCAN_SIZE;
	return item->cached ? SCAN_HEADERS | SCAN_PARTS : SCAN_PARTS;
}

/* RFC 3501 9 "section-part", and what may follow its last dot. */
static bool
parse_path(struct parse *ps, struct fetch_item *item, bool *more_r)
{
	uint32_t path[FETCH_PATH_MAX];
	size_t n = 0;
	int c = parser_peek(ps->p);

	*more_r = c != ']';
	while (c >= '0' && c <= '9') {
		if (n == FETCH_PATH_MAX)
			return parser_expected(ps->p, "a shorter part number");
		if (!parser_nz_number(ps->p, &path[n++]))
			return false;
		*more_r = parser_opt(ps->p, '.');
		if (!*more_r)
			break;
		c = parser_peek(ps->p);
	}
	item->path_n = n;
	item->path = arena_array(ps->arena, n, sizeof(*path));
	if (n > 0)
		memcpy(item->path, path, n * sizeof(*path));
	return true;
}

static bool
parse_section_text(struct parse *ps, struct fetch_item *item)
{
	const char *word;

	if (!parser_word(ps->p, &word))
		return false;
	if (strcmp(word, "HEADER") == 0)
		item->section = SECTION_HEADER;
	else if (strcmp(word, "HEADER.FIELDS") == 0)
		item->section = SECTION_FIELDS;
	else if (strcmp(word, "HEADER.FIELDS.NOT") == 0)
		item->section = SECTION_FIELDS_NOT;
	else if (strcmp(word, "TEXT") == 0)
		item->section = SECTION_TEXT;
	else if (strcmp(word, "MIME") == 0 && item->path_n > 0)
		item->section = SECTION_MIME;
	else
		return parser_expected(ps->p, "HEADER, HEADER.FIELDS, "
		    "HEADER.FIELDS.NOT, TEXT, or MIME behind a part number");
	return true;
}

/* RFC 3501 9 "header-list" */
static bool
parse_fields(struct parse *ps, struct fetch_item *item)
{
	const char *names[FETCH_FIELDS_MAX];
	size_t n = 0;

	if (!parser_sp(ps->p) || !parser_char(ps->p, '('))
		return false;
	do {
		if (ps->args->fields_n++ == FETCH_FIELDS_MAX)
			return parser_expected(ps->p, "fewer field names");
		if (!parser_astring(ps->p, &names[n++], NULL))
			return false;
	} while (parser_opt(ps->p, ' '));
	if (!parser_char(ps->p, ')'))
		return false;
	item->fields_n = n;
	item->fields = arena_array(ps->arena, n, sizeof(*names));
	memcpy(item->fields, names, n * sizeof(*names));
	item->cached = item->section == SECTION_FIELDS && item->path_n == 0;
	for (size_t i = 0; i < n; i++)
		item->cached = item->cached && header_is_cached(names[i]);
	return true;
}

/* "<" number "." nz-number ">" */
static bool
parse_partial(struct parse *ps, struct fetch_item *item)
{
	if (!parser_opt(ps->p, '<'))
		return true;
	item->partial = true;
	return parser_number(ps->p, &item->offset) &&
	    parser_char(ps->p, '.') &&
	    parser_nz_number(ps->p, &item->count) && parser_char(ps->p, '>');
}

/* A field name as it was given: an atom where it can be one. */
static void
add_astring(struct buf *b, const char *s)
{
	size_t n = 0;

	while (parser_is_astring_char((unsigned char)s[n]))
		n++;
	if (n > 0 && s[n] == '\0')
		buf_add(b, s, n);
	else
		reply_string_buf(b, s, strlen(s));
}

/* "BODY[1.HEADER.FIELDS (From)]<0>", the way the response names it. */
static void
make_label(struct parse *ps, struct fetch_item *item)
{
	static const char *const names[] = {
		[SECTION_ALL] = "",
		[SECTION_HEADER] = "HEADER",
		[SECTION_FIELDS] = "HEADER.FIELDS (",
		[SECTION_FIELDS_NOT] = "HEADER.FIELDS.NOT (",
		[SECTION_TEXT] = "TEXT",
		[SECTION_MIME] = "MIME"
	};
	struct buf b = { 0 };

	buf_adds(&b, "BODY[");
	for (size_t i = 0; i < item->path_n; i++)
		buf_addf(&b, i > 0 ? ".%u" : "%u", item->path[i]);
	if (item->path_n > 0 && item->section != SECTION_ALL)
		buf_addc(&b, '.');
	buf_adds(&b, names[item->section]);
	for (size_t i = 0; i < item->fields_n; i++) {
		if (i > 0)
			buf_addc(&b, ' ');
		add_astring(&b, item->fields[i]);
	}
	buf_adds(&b, item->fields_n > 0 ? ")]" : "]");
	if (item->partial)
		buf_addf(&b, "<%u>", item->offset);
	item->label = arena_memdup(ps->arena, b.s, b.len);
	item->label_len = b.len;
	buf_clear(&b);
}

/* RFC 3501 9 "section-spec", and the bracket behind it */
static bool
parse_spec(struct parse *ps, struct fetch_item *item)
{
	bool more;

	if (!parse_path(ps, item, &more))
		return false;
	if (more && !parse_section_text(ps, item))
		return false;
	if ((item->section == SECTION_FIELDS ||
	    item->section == SECTION_FIELDS_NOT) && !parse_fields(ps, item))
		return false;
	return parser_char(ps->p, ']');
}

bool
fetch_parse_section(struct arena *a, const char *spec, struct fetch_item *item)
{
	const char *text = arena_printf(a, "%s]", spec);
	const size_t len = strlen(text);
	struct input *in = input_new_mem(text, len, len);
	struct fetch_item *items = NULL;
	struct fetch_args args = { 0 };
	struct parse ps = { .arena = a, .args = &args, .tail = &items };
	struct parser parser;
	bool ok;

	parser_init(&parser, a, in, NULL, NULL, COMMAND_MAX_OCTETS);
	ps.p = &parser;
	*item = (struct fetch_item){ .kind = FETCH_SECTION };
	ok = parse_spec(&ps, item) && input_count(in) == len;
	input_free(in);
	return ok;
}

/* Behind "BODY[" or "BODY.PEEK[". */
static bool
parse_section(struct parse *ps, bool peek)
{
	struct fetch_item *item = add_item(ps, FETCH_SECTION, NULL);

	if (item == NULL || !parse_spec(ps, item) || !parse_partial(ps, item))
		return false;
	make_label(ps, item);
	ps->args->want |= section_want(item);
	ps->args->sets_seen |= !peek;
	ps->args->has_body |= item->section == SECTION_ALL ||
	    item->section == SECTION_TEXT;
	return true;
}

/* --- BINARY --- */

/* RFC 3516 7: behind "BINARY", "BINARY.PEEK" or "BINARY.SIZE" */
static bool
parse_binary(struct parse *ps, enum fetch_kind kind, bool peek)
{
	struct fetch_item *item = add_item(ps, kind, NULL);
	struct buf b = { 0 };
	bool more;

	if (item == NULL || !parser_char(ps->p, '[') ||
	    !parse_path(ps, item, &more))
		return false;
	if (more)
		return parser_expected(ps->p, "a part number");
	if (!parser_char(ps->p, ']') ||
	    (kind == FETCH_BINARY && !parse_partial(ps, item)))
		return false;
	buf_adds(&b, kind == FETCH_BINARY ? "BINARY[" : "BINARY.SIZE[");
	for (size_t i = 0; i < item->path_n; i++)
		buf_addf(&b, i > 0 ? ".%u" : "%u", item->path[i]);
	buf_addc(&b, ']');
	if (item->partial)
		buf_addf(&b, "<%u>", item->offset);
	item->label = arena_memdup(ps->arena, b.s, b.len);
	item->label_len = b.len;
	buf_clear(&b);
	ps->args->want |= section_want(item);
	if (kind == FETCH_BINARY) {
		ps->args->sets_seen |= !peek;
		ps->args->has_body = true;
	}
	return true;
}

/* RFC 3501 6.4.5: the same as sections, under other names. */
static bool
parse_rfc822(struct parse *ps, const char *word)
{
	struct fetch_item *item;

	if ((item = add_item(ps, FETCH_SECTION, word)) == NULL)
		return false;
	if (strcmp(word, "RFC822.HEADER") == 0) {
		item->section = SECTION_HEADER;
	} else {
		item->section = strcmp(word, "RFC822.TEXT") == 0 ?
		    SECTION_TEXT : SECTION_ALL;
		ps->args->sets_seen = true;
		ps->args->has_body = true;
	}
	ps->args->want |= section_want(item);
	return true;
}

/* --- PREVIEW --- */

/*
 * RFC 8970 6: modifiers may follow, one space behind.  What follows a space and
 * is no "(" is the next item; what is in parentheses behind a PREVIEW that
 * stands alone may be the modifiers of FETCH itself (RFC 4466 2.4).
 */
static bool
parse_preview_modifiers(struct parse *ps, bool *lazy_r)
{
	const char *word;

	ps->space = parser_opt(ps->p, ' ');
	if (!ps->space || !parser_opt(ps->p, '('))
		return true;
	do {
		if (!parser_word(ps->p, &word))
			return false;
		if (strcmp(word, "LAZY") != 0 && !ps->list && !*lazy_r) {
			ps->modifier = word;
			return true;
		}
		if (strcmp(word, "LAZY") != 0)
			return parser_expected(ps->p, "LAZY");
		*lazy_r = true;
	} while (parser_opt(ps->p, ' '));
	ps->space = false;
	return parser_char(ps->p, ')');
}

/* Asked for twice it is told once; who does not ask lazily gets it. */
static bool
parse_preview(struct parse *ps)
{
	struct fetch_item *item = ps->args->items;
	bool lazy = false;

	if (!parse_preview_modifiers(ps, &lazy))
		return false;
	ps->args->want |= SCAN_PREVIEW;
	ps->args->preview_now |= !lazy;
	while (item != NULL && item->kind != FETCH_PREVIEW)
		item = item->next;
	if (item != NULL) {
		item->lazy &= lazy;
		return true;
	}
	if ((item = add_item(ps, FETCH_PREVIEW, NULL)) == NULL)
		return false;
	item->lazy = lazy;
	return true;
}

/* --- Items --- */

static bool
parse_item(struct parse *ps, const char *word)
{
	bool found;

	if (strcmp(word, "BODY") == 0 && parser_opt(ps->p, '['))
		return parse_section(ps, false);
	if (strcmp(word, "BODY.PEEK") == 0)
		return parser_char(ps->p, '[') && parse_section(ps, true);
	if (strcmp(word, "BINARY") == 0 || strcmp(word, "BINARY.PEEK") == 0)
		return parse_binary(ps, FETCH_BINARY, word[6] != '\0');
	if (strcmp(word, "BINARY.SIZE") == 0)
		return parse_binary(ps, FETCH_BINARY_SIZE, true);
	if (strcmp(word, "RFC822") == 0 ||
	    strcmp(word, "RFC822.HEADER") == 0 ||
	    strcmp(word, "RFC822.TEXT") == 0)
		return parse_rfc822(ps, word);
	if (strcmp(word, "PREVIEW") == 0)
		return parse_preview(ps);
	if (!add_simple(ps, word, &found))
		return false;
	return found || parser_expected(ps->p, "a FETCH data item");
}

static bool
parse_macro(struct parse *ps, const char *word, bool *found_r)
{
	*found_r = false;
	for (size_t i = 0; i < sizeof(macros) / sizeof(*macros); i++) {
		if (strcmp(word, macros[i].name) != 0)
			continue;
		*found_r = true;
		for (const char *const *name = macros[i].items;
		    *name != NULL; name++)
			if (!parse_item(ps, *name))
				return false;
	}
	return true;
}

static bool
parse_items(struct parse *ps)
{
	const char *word;
	bool found;

	if (!parser_opt(ps->p, '(')) {
		if (!parser_word(ps->p, &word) ||
		    !parse_macro(ps, word, &found))
			return false;
		return found || parse_item(ps, word);
	}
	ps->list = true;
	do {
		ps->space = false;
		if (!parser_word(ps->p, &word) || !parse_item(ps, word))
			return false;
	} while (ps->space || parser_opt(ps->p, ' '));
	return parser_char(ps->p, ')');
}

/* --- Modifiers --- */

static bool
parse_changedsince(struct parse *ps)
{
	struct fetch_args *args = ps->args;
	bool found;

	if (!parser_sp(ps->p) || !parser_number64(ps->p, &args->since))
		return false;
	if (args->since == 0)
		return parser_expected(ps->p, "a mod-sequence from 1");
	args->has_since = true;
	/* RFC 7162 3.1.4.1: it asks for MODSEQ too. */
	return add_simple(ps, "MODSEQ", &found);
}

/* RFC 7162 7 "fetch-modifier", RFC 9394 4: each at most once. */
static bool
parse_modifier(struct parse *ps)
{
	struct fetch_args *args = ps->args;
	const char *word = ps->modifier;

	ps->modifier = NULL;
	if (word == NULL && !parser_word(ps->p, &word))
		return false;
	if (strcmp(word, "CHANGEDSINCE") == 0 && !args->has_since)
		return parse_changedsince(ps);
	if (strcmp(word, "PARTIAL") == 0 && !args->has_partial) {
		args->has_partial = true;
		return parser_sp(ps->p) &&
		    parser_partial(ps->p, &args->partial);
	}
	if (strcmp(word, "VANISHED") != 0 || args->vanished)
		return parser_expected(ps->p, "CHANGEDSINCE, VANISHED or "
		    "PARTIAL, each once");
	args->vanished = true;
	return true;
}

/* RFC 4466 2.4 "fetch-modifiers" */
static bool
parse_modifiers(struct parse *ps)
{
	if (ps->modifier == NULL && !ps->space && !parser_opt(ps->p, ' '))
		return true;
	if (ps->modifier == NULL && !parser_char(ps->p, '('))
		return false;
	do {
		if (!parse_modifier(ps))
			return false;
	} while (parser_opt(ps->p, ' '));
	if (ps->args->vanished && !ps->args->has_since)
		return parser_expected(ps->p, "CHANGEDSINCE with VANISHED");
	return parser_char(ps->p, ')');
}

static void
copy_names(struct arena *a, struct fetch_item *item)
{
	const char **fields = arena_array(a, item->fields_n, sizeof(*fields));
	uint32_t *path = arena_array(a, item->path_n, sizeof(*path));

	for (size_t i = 0; i < item->fields_n; i++)
		fields[i] = arena_strdup(a, item->fields[i]);
	for (size_t i = 0; i < item->path_n; i++)
		path[i] = item->path[i];
	if (item->label != NULL)
		item->label = arena_memdup(a, item->label, item->label_len);
	item->fields = fields;
	item->path = path;
}

struct fetch_args *
fetch_copy(struct arena *a, const struct fetch_args *args)
{
	struct fetch_args *copy = arena_alloc(a, sizeof(*copy));
	struct fetch_item **tail = &copy->items;

	*copy = *args;
	for (const struct fetch_item *item = args->items; item != NULL;
	    item = item->next) {
		*tail = arena_alloc(a, sizeof(**tail));
		**tail = *item;
		copy_names(a, *tail);
		tail = &(*tail)->next;
	}
	return copy;
}

bool
fetch_parse_list(struct arena *a, struct parser *p, struct fetch_args **args_r)
{
	struct fetch_args *args = arena_alloc(a, sizeof(*args));
	struct parse ps = { .arena = a, .p = p, .args = args,
	    .tail = &args->items };

	if (parser_peek(p) != '(')
		return parser_expected(p, "(");
	*args_r = args;
	return parse_items(&ps);
}

const struct err *
fetch_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct fetch_args *args = arena_alloc(a, sizeof(*args));
	struct parse ps = { .arena = a, .p = p, .args = args,
	    .tail = &args->items };

	if (!parser_sp(p) || !parser_seqset(p, &args->set) || !parser_sp(p) ||
	    !parse_items(&ps) || !parse_modifiers(&ps) || !parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* sources.c - which mailboxes a search looks into
 * SPDX-License-Identifier: ISC */
#include "imapd/sources.h"

#include <stdlib.h>
#include <string.h>

#include "util/log.h"
#include "wire/mboxname.h"

static const struct {
	const char	*word;
	bool		 named;		/* mailboxes follow */
} kinds[] = {
	[SOURCE_SELECTED] = { "SELECTED", false },
	[SOURCE_INBOXES] = { "INBOXES", false },
	[SOURCE_PERSONAL] = { "PERSONAL", false },
	[SOURCE_SUBSCRIBED] = { "SUBSCRIBED", false },
	[SOURCE_SUBTREE] = { "SUBTREE", true },
	[SOURCE_SUBTREE_ONE] = { "SUBTREE-ONE", true },
	[SOURCE_MAILBOXES] = { "MAILBOXES", true }
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* --- Parsing --- */

/* RFC 5465 8 "one-or-more-mailbox" */
static bool
parse_names(struct arena *a, struct parser *p, struct source *source,
    size_t *room)
{
	const bool many = parser_opt(p, '(');
	const char **more, *name;
	size_t size = 1;

	source->names = arena_array(a, size, sizeof(*source->names));
	do {
		if (!parser_mailbox(p, &name))
			return false;
		if (*room == 0)
			return parser_expected(p, "fewer mailboxes");
		--*room;
		if (source->n == size) {
			more = arena_array(a, size * 2, sizeof(*more));
			memcpy(more, source->names, size * sizeof(*more));
			source->names = more;
			size *= 2;
		}
		source->names[source->n++] = name;
	} while (many && parser_opt(p, ' '));
	return !many || parser_char(p, ')');
}

bool
sources_parse(struct arena *a, struct parser *p, struct source **list_r)
{
	struct source *list = NULL, **tail = &list;
	size_t room = SOURCE_NAMES_MAX, i;
	const char *word;

	if (!parser_sp(p) || !parser_char(p, '('))
		return false;
	do {
		if (!parser_word(p, &word))
			return false;
		for (i = 0; i < KINDS && strcmp(word, kinds[i].word) != 0; i++)
			;
		if (i == KINDS)
			return parser_expected(p, "which mailboxes");
		if (room == 0)
			return parser_expected(p, "fewer mailboxes");
		room--;
		*tail = arena_alloc(a, sizeof(**tail));
		(*tail)->kind = (enum source_kind)i;
		if (kinds[i].named &&
		    (!parser_sp(p) || !parse_names(a, p, *tail, &room)))
			return false;
		tail = &(*tail)->next;
	} while (parser_opt(p, ' '));
	if (!parser_char(p, ')'))
		return false;
	*list_r = list;
	return true;
}

bool
sources_selected(const struct source *source, bool *others_r)
{
	bool selected = false;

	*others_r = false;
	for (; source != NULL; source = source->next) {
		selected |= source->kind == SOURCE_SELECTED;
		*others_r |= source->kind != SOURCE_SELECTED;
	}
	return selected;
}

/* --- Resolving --- */

struct names {
	struct session	*s;
	const char	**names;
	size_t		 n, size;
};

static void
add_name(struct names *names, const char *full)
{
	if (names->n == names->size) {
		names->size = names->size > 0 ? names->size * 2 : 64;
		names->names = reallocarray(names->names, names->size,
		    sizeof(*names->names));
		if (names->names == NULL)
			fatal("out of memory");
	}
	names->names[names->n++] = full;
}

/* What must hold for a mailbox that was not named itself: with lookup. */
static void
add_if_allowed(struct names *names, const char *full, rights_t need)
{
	struct place place;

	if (session_place_full(names->s, full, &place) == NULL &&
	    place.account != NULL && (place.rights & need) == need)
		add_name(names, full);
}

/* Whether full is base, or below it: any or one level deep. */
static bool
in_tree(const char *full, const char *base, bool deep)
{
	const size_t len = strlen(base);

	if (strncmp(full, base, len) != 0)
		return false;
	if (full[len] == '\0')
		return true;
	return full[len] == MBOXNAME_SEP &&
	    (deep || strchr(full + len + 1, MBOXNAME_SEP) == NULL);
}

/* Mailboxes of an account that begins at root (NULL: the personal one), those in
 * the tree of base (NULL: all). */
static const struct err *
add_account(struct names *names, struct account *account, const char *root,
    const char *base, bool deep)
{
	struct arena *a = names->s->arena;
	struct mailbox_row *rows = NULL;
	const struct err *err;
	const char *full;
	size_t n = 0;

	err = account_list(account, a, false, &rows, &n);
	for (size_t i = 0; err == NULL && i < n; i++) {
		if (rows[i].noselect)
			continue;
		full = rows[i].name;
		if (root != NULL)
			full = *full == '\0' ? root : arena_printf(a, "%s%c%s",
			    root, MBOXNAME_SEP, full);
		if (base == NULL || in_tree(full, base, deep))
			add_if_allowed(names, full, RIGHT_LOOKUP | RIGHT_READ);
	}
	return err;
}

static const struct err *
add_tree(struct names *names, const char *base, bool deep)
{
	struct session *s = names->s;
	const struct err *err;
	struct account *account;
	const char *root;

	err = add_account(names, s->account, NULL, base, deep);
	for (size_t i = 0; err == NULL && i < s->shares_n; i++) {
		if ((s->shares[i].rights & RIGHT_LOOKUP) == 0)
			continue;
		root = arena_printf(s->arena, "%s%c%s", SHARED_ROOT,
		    MBOXNAME_SEP, s->shares[i].name);
		/* Its own root, or one above or below: nothing else is opened. */
		if (!in_tree(root, base, true) && !in_tree(base, root, true))
			continue;
		err = session_share_account(s, &s->shares[i], &account);
		if (err != NULL && err->kind == ERR_USER)
			err = NULL;
		else if (err == NULL)
			err = add_account(names, account, root, base, deep);
	}
	return err;
}

static const struct err *
add_subscribed(struct names *names)
{
	const struct err *err;
	const char **list = NULL;
	size_t n = 0;

	err = account_subscriptions(names->s->account, names->s->arena, &list,
	    &n);
	for (size_t i = 0; err == NULL && i < n; i++)
		add_if_allowed(names, list[i], RIGHT_LOOKUP | RIGHT_READ);
	return err;
}

static const struct err *
add_source(struct names *names, const struct source *source)
{
	const struct err *err = NULL;
	const char *full;

	switch (source->kind) {
	case SOURCE_SELECTED:
		return NULL;
	case SOURCE_INBOXES:
		add_name(names, "INBOX");
		return NULL;
	case SOURCE_PERSONAL:
		return add_account(names, names->s->account, NULL, NULL, true);
	case SOURCE_SUBSCRIBED:
		return add_subscribed(names);
	default:
		break;
	}
	for (size_t i = 0; err == NULL && i < source->n; i++) {
		/* A name that none can have is one that is not there. */
		if (session_name(names->s, source->names[i], &full) != NULL)
			continue;
		if (source->kind == SOURCE_MAILBOXES)
			add_if_allowed(names, full, RIGHT_READ);
		else
			err = add_tree(names, full,
			    source->kind == SOURCE_SUBTREE);
	}
	return err;
}

static int
name_cmp(const void *pa, const void *pb)
{
	return strcmp(*(const char *const *)pa, *(const char *const *)pb);
}

const struct err *
sources_names(struct session *s, const struct source *source,
    const char ***names_r, size_t *n_r)
{
	struct names names = { .s = s };
	const struct err *err = NULL;
	size_t n = 0;

	for (; err == NULL && source != NULL; source = source->next)
		err = add_source(&names, source);
	if (err != NULL) {
		free(names.names);
		return err;
	}
	if (names.n > 0)
		qsort(names.names, names.n, sizeof(*names.names), name_cmp);
	for (size_t i = 0; i < names.n; i++)
		if (n == 0 || strcmp(names.names[n - 1], names.names[i]) != 0)
			names.names[n++] = names.names[i];
	*names_r = arena_array(s->arena, n, sizeof(**names_r));
	if (n > 0)
		memcpy(*names_r, names.names, n * sizeof(*names.names));
	*n_r = n;
	free(names.names);
	return NULL;
}

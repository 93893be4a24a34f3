/* cmd-list.c - LIST: RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "imapd/capability.h"
#include "imapd/list.h"
#include "imapd/report.h"
#include "wire/mboxname.h"

#define NAMES_AT_ONCE	32	/* before the client is looked for */

enum entry_flag {
	E_EXISTS		= 1 << 0,
	E_SUBSCRIBED		= 1 << 1,
	E_CHILDREN		= 1 << 2,	/* that exist */
	E_CHILD_SELECTED	= 1 << 3,	/* one satisfies the selection */
	E_CHILD_HIDDEN		= 1 << 4,	/* one of these is not matched */
	E_MATCHES		= 1 << 5	/* a pattern */
};

/* A name that is there, or that is subscribed. */
struct entry {
	const char	*name;		/* in the store's form */
	struct mailbox_row *row;	/* NULL: no mailbox */
	struct share	*share;		/* NULL: personal */
	unsigned int	 flags;
};

struct lister {
	struct session	*session;
	const struct list_args *args;
	struct list_patterns patterns;
	struct entry	*entries;	/* in the command's arena */
	size_t		 n, size;
	bool		 tells_children, tells_special_use;
};

static void
add(struct lister *l, const char *name, struct mailbox_row *row,
    struct share *share, unsigned int flags)
{
	struct entry *more;

	if (l->n == l->size) {
		l->size = l->size == 0 ? 64 : 2 * l->size;
		more = arena_array(l->session->arena, l->size, sizeof(*more));
		if (l->n > 0)
			memcpy(more, l->entries, l->n * sizeof(*more));
		l->entries = more;
	}
	l->entries[l->n++] = (struct entry){ name, row, share, flags };
}

#define NAMES_AT_ONCE	32	/* before the client is looked for */

/* --- What there is --- */

static const struct err *
add_personal(struct lister *l)
{
	const struct err *err;
	struct mailbox_row *rows;
	size_t n;

	err = account_list(l->session->account, l->session->arena, false,
	    &rows, &n);
	for (size_t i = 0; err == NULL && i < n; i++)
		add(l, rows[i].name, &rows[i], NULL, E_EXISTS);
	return err;
}

static const struct err *
add_share(struct lister *l, struct share *share, const char *root)
{
	struct session *s = l->session;
	const struct err *err;
	struct account *account;
	struct mailbox_row *rows;
	size_t n;

	err = session_share_account(s, share, &account);
	if (err == NULL)
		err = account_list(account, s->arena, false, &rows, &n);
	for (size_t i = 0; err == NULL && i < n; i++)
		add(l, *rows[i].name == '\0' ? root : arena_printf(s->arena,
		    "%s%c%s", root, MBOXNAME_SEP, rows[i].name), &rows[i],
		    share, E_EXISTS);
	return err;
}

/* RFC 4314 4: what may not be looked up is as if it did not exist.  Databases
 * that no pattern can reach stay closed. */
static const struct err *
add_shared(struct lister *l)
{
	struct session *s = l->session;
	const struct err *err;

	if (!session_has_shares(s) ||
	    !list_matches_tree(s, &l->patterns, SHARED_ROOT))
		return NULL;
	add(l, SHARED_ROOT, NULL, NULL, E_EXISTS);
	for (size_t i = 0; i < s->shares_n; i++) {
		struct share *share = &s->shares[i];
		const char *root;

		if ((share->rights & RIGHT_LOOKUP) == 0)
			continue;
		root = arena_printf(s->arena, "%s%c%s", SHARED_ROOT,
		    MBOXNAME_SEP, share->name);
		if (!list_matches_tree(s, &l->patterns, root)) {
			/* Still a child of what is above it. */
			add(l, root, NULL, share, E_EXISTS);
			continue;
		}
		err = add_share(l, share, root);
		/* A client may take what is not told for deleted. */
		if (err != NULL && (err->kind == ERR_IO || err_unavailable(err)))
			return err;
		/* One that is damaged, or just deleted, hides no other. */
		if (err != NULL && err->kind != ERR_USER)
			report_error(s, err);
	}
	return NULL;
}

static const struct err *
add_subscriptions(struct lister *l)
{
	struct session *s = l->session;
	const struct err *err;
	const char **names;
	size_t n;

	if ((l->args->select & LIST_SELECT_SUBSCRIBED) == 0 &&
	    (l->args->returns & LIST_RETURN_SUBSCRIBED) == 0)
		return NULL;
	err = account_subscriptions(s->account, s->arena, &names, &n);
	for (size_t i = 0; err == NULL && i < n; i++)
		add(l, names[i], NULL, NULL, E_SUBSCRIBED);
	return err;
}

/* A parent comes directly before its children: the separator is lowest. */
static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name,
	    ((const struct entry *)b)->name);
}

/* Sort, and make one of a mailbox and its subscription. */
static void
merge(struct lister *l)
{
	size_t n = 0;

	if (l->n > 0)
		qsort(l->entries, l->n, sizeof(*l->entries), compare);
	for (size_t i = 0; i < l->n; i++) {
		struct entry *e = &l->entries[i], *to = &l->entries[n];

		if (n > 0 && strcmp(to[-1].name, e->name) == 0) {
			to[-1].flags |= e->flags;
			if (e->row != NULL) {
				to[-1].row = e->row;
				to[-1].share = e->share;
			}
			continue;
		}
		*to = *e;
		n++;
	}
	l->n = n;
}

/* Whether the first len octets of name are name itself or a parent of it. */
static bool
has_level(const char *name, size_t len)
{
	return strlen(name) >= len &&
	    (name[len] == MBOXNAME_SEP || name[len] == '\0');
}

/*
 * RFC 5258 3.5: parents, of names that are only subscribed, that do not exist.
 * A level that the name before also has is there already.
 */
static void
add_missing_parents(struct lister *l)
{
	const size_t n = l->n;

	for (size_t i = 0; i < n; i++) {
		const char *name = l->entries[i].name, *before, *p;

		if ((l->entries[i].flags & E_EXISTS) != 0)
			continue;
		before = i > 0 ? l->entries[i - 1].name : "";
		for (p = strchr(name, MBOXNAME_SEP); p != NULL;
		    p = strchr(p + 1, MBOXNAME_SEP)) {
			size_t len = (size_t)(p - name);

			if (strncmp(before, name, len) != 0 ||
			    !has_level(before, len))
				add(l, arena_memdup(l->session->arena, name,
				    len), NULL, NULL, 0);
		}
	}
	merge(l);
}

/* --- Selecting --- */

/* RFC 6154 2: another's special use is not this user's. */
static const char *
special_use(const struct lister *l, const struct entry *e)
{
	return l->tells_special_use && e->row != NULL && e->share == NULL ?
	    e->row->special_use : NULL;
}

/* The selection options, RECURSIVEMATCH apart. */
static bool
satisfies(const struct lister *l, const struct entry *e)
{
	if ((l->args->select & LIST_SELECT_SPECIAL_USE) != 0 &&
	    special_use(l, e) == NULL)
		return false;
	if ((l->args->select & LIST_SELECT_SUBSCRIBED) != 0)
		return (e->flags & E_SUBSCRIBED) != 0;
	return (e->flags & E_EXISTS) != 0;
}

static unsigned int
flags_for_parents(const struct lister *l, const struct entry *e)
{
	unsigned int flags = 0;

	if ((e->flags & E_EXISTS) != 0)
		flags |= E_CHILDREN;
	if (satisfies(l, e))
		flags |= E_CHILD_SELECTED |
		    ((e->flags & E_MATCHES) == 0 ? E_CHILD_HIDDEN : 0);
	return flags;
}

/* Tell all parents what is below them: the entries above this one that it is
 * below of are on a stack. */
static const struct err *
look_below(struct lister *l)
{
	struct entry *stack[MBOXNAME_LEVELS_MAX + 2];
	const struct err *err = NULL;
	size_t depth = 0;

	for (size_t i = 0; err == NULL && i < l->n; i++) {
		struct entry *e = &l->entries[i];
		unsigned int flags;

		if (list_matches(l->session, &l->patterns, e->name))
			e->flags |= E_MATCHES;
		while (depth > 0 && !mboxname_is_below(e->name,
		    stack[depth - 1]->name))
			depth--;
		flags = flags_for_parents(l, e);
		for (size_t d = depth; d-- > 0 &&
		    (stack[d]->flags & flags) != flags;)
			stack[d]->flags |= flags;
		/* No name has more levels than there is room for. */
		if (depth < sizeof(stack) / sizeof(stack[0]))
			stack[depth++] = e;
		/* Long patterns and long names take their time. */
		if ((i + 1) % NAMES_AT_ONCE == 0)
			err = output_alive(l->session->out);
	}
	return err;
}

/* --- Telling --- */

static bool
readable(const struct entry *e)
{
	return e->row != NULL && !e->row->noselect &&
	    (e->share == NULL || (e->share->rights & RIGHT_READ) != 0);
}

static unsigned int
attributes(const struct lister *l, const struct entry *e)
{
	unsigned int bits = 0;

	if ((e->flags & E_EXISTS) == 0)
		bits |= LIST_NONEXISTENT;
	else if (!readable(e))
		bits |= LIST_NOSELECT;
	if (l->tells_children && ((e->flags & E_EXISTS) != 0 ||
	    (l->args->returns & LIST_RETURN_CHILDREN) != 0))
		bits |= (e->flags & E_CHILDREN) != 0 ? LIST_HAS_CHILDREN :
		    LIST_HAS_NO_CHILDREN;
	if ((e->flags & E_SUBSCRIBED) != 0)
		bits |= LIST_SUBSCRIBED;
	return bits;
}

static struct place
place_of(struct session *s, const struct entry *e)
{
	return (struct place){
		.account = e->share != NULL ? e->share->account : s->account,
		.name = e->row->name,
		.full = e->name,
		.rights = e->share != NULL ? e->share->rights : RIGHTS_ALL,
		.shared = e->share != NULL
	};
}

/* RFC 5819 2: no STATUS for what cannot be selected; what cannot be found out
 * is dropped. */
static void
tell_status(struct lister *l, const struct entry *e)
{
	const struct place place = place_of(l->session, e);
	const struct err *err;

	err = status_tell(l->session, &l->args->status, &place, e->row);
	if (err != NULL && err->kind != ERR_USER)
		report_error(l->session, err);
}

/* False when there is nothing to tell of the messages; a mailbox that has just
 * gone cannot be selected any more. */
static bool
count(struct lister *l, const struct entry *e, unsigned int *bits)
{
	const struct err *err;

	if ((l->args->returns & LIST_RETURN_STATUS) == 0 || !readable(e) ||
	    !satisfies(l, e))
		return false;
	err = account_count_row(place_of(l->session, e).account, e->row);
	if (err != NULL && err->kind == ERR_USER)
		*bits |= LIST_NOSELECT;
	else if (err != NULL)
		report_error(l->session, err);
	return err == NULL;
}

static void
tell(struct lister *l, const struct entry *e)
{
	struct list_response r = { .name = e->name };
	const bool recursive = (l->args->select & LIST_SELECT_RECURSIVE) != 0;
	bool counted;

	/* RFC 5258 3.3: the two reasons to tell a name. */
	if ((e->flags & E_MATCHES) == 0 || (!satisfies(l, e) &&
	    (!recursive || (e->flags & E_CHILD_HIDDEN) == 0)))
		return;
	r.attributes = attributes(l, e);
	r.special_use = special_use(l, e);
	r.childinfo = recursive && (e->flags & E_CHILD_SELECTED) != 0;
	counted = count(l, e, &r.attributes);
	list_write(l->session, "LIST", &r);
	if (counted)
		tell_status(l, e);
}

/* What belongs to a capability that is off is not known. */
static const struct err *
check(struct lister *l)
{
	const struct list_args *args = l->args;
	struct session *s = l->session;

	if (args->extended && !capability_offered(s, "LIST-EXTENDED"))
		return err_syntax("LIST takes a reference and one pattern");
	if (((args->select & LIST_SELECT_SPECIAL_USE) != 0 ||
	    (args->returns & LIST_RETURN_SPECIAL_USE) != 0) &&
	    !l->tells_special_use)
		return err_syntax("unknown LIST option SPECIAL-USE");
	if ((args->returns & LIST_RETURN_CHILDREN) != 0 && !l->tells_children)
		return err_syntax("unknown LIST option CHILDREN");
	if ((args->returns & LIST_RETURN_STATUS) == 0)
		return NULL;
	if (!capability_offered(s, "LIST-STATUS"))
		return err_syntax("unknown LIST option STATUS");
	return status_check(s, &args->status);
}

static const struct err *
list_run(struct session *s, void *v)
{
	struct lister l = { .session = s, .args = v };
	const struct err *err;

	l.tells_children = capability_offered(s, "CHILDREN");
	l.tells_special_use = capability_offered(s, "SPECIAL-USE");
	err = check(&l);
	if (err != NULL)
		return err;
	/* RFC 3501 6.3.8; RFC 5258 3: in the old syntax only. */
	if (!l.args->extended && *l.args->patterns[0] == '\0') {
		list_write_delimiter(s, "LIST");
		return NULL;
	}
	list_patterns(s, l.args, &l.patterns);
	err = add_personal(&l);
	if (err == NULL)
		err = add_shared(&l);
	if (err == NULL)
		err = add_subscriptions(&l);
	if (err == NULL) {
		merge(&l);
		if ((l.args->select & LIST_SELECT_RECURSIVE) != 0)
			add_missing_parents(&l);
		err = look_below(&l);
		for (size_t i = 0; err == NULL && i < l.n; i++)
			tell(&l, &l.entries[i]);
	}
	list_patterns_clear(&l.patterns);
	return err;
}

const struct cmd cmd_list = {
	.name = "LIST",
	.states = ST_LOGGED_IN,
	.parse = list_parse,
	.run = list_run,
	.rfc = "RFC 9051 6.3.9",
};

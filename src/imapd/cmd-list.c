/* cmd-list.c - LIST and LSUB: RFC 3501 6.3.8, 6.3.9, RFC 3348
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/report.h"
#include "imapd/session.h"
#include "wire/mboxname.h"

/* Longer than any name can be on the wire: 1,000 octets in the store, each three
 * or more of which are at most 8 in modified UTF-7. */
#define PATTERN_MAX_OCTETS	4096

struct list_args {
	const char	*reference, *pattern;
};

/* RFC 3501 9 "list" */
static const struct err *
list_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct list_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_mailbox(p, &args->reference) ||
	    !parser_sp(p) || !parser_list_mailbox(p, &args->pattern) ||
	    !parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/*
 * The pattern that names are compared with.  The reference is simply put before
 * it: names here are not rooted, so nothing in the pattern could override the
 * reference, and RFC 3501 6.3.8 calls that the normal form then.
 */
static const struct err *
make_pattern(struct session *s, const struct list_args *args,
    const char **pattern_r)
{
	const char *pattern = arena_printf(s->arena, "%s%s", args->reference,
	    args->pattern);
	struct buf wire = { 0 };
	const char *name;
	size_t len = strlen(pattern);

	if (len > PATTERN_MAX_OCTETS)
		return err_user(RESP_CANNOT, "The pattern is too long");
	/* A name without wildcards finds the mailbox that SELECT would, though
	 * the client may compose characters in another way (NFC). */
	if (strpbrk(pattern, "*%") == NULL &&
	    pattern[len - 1] != s->conf->delimiter &&
	    mboxname_from_wire(s->arena, pattern, s->conf->delimiter,
	    &name) == NULL) {
		mboxname_to_wire(name, s->conf->delimiter, &wire);
		pattern = arena_strdup(s->arena, buf_str(&wire));
		buf_clear(&wire);
	}
	*pattern_r = pattern;
	return NULL;
}

/* RFC 3501 7.2.2 */
static void
write_row(struct session *s, const char *response, const char *attributes,
    const char *name)
{
	output_addf(s->out, "* %s (%s) ", response, attributes);
	reply_delimiter(s->out, s->conf->delimiter);
	output_adds(s->out, " ");
	reply_mailbox(s->out, name, s->conf->delimiter);
	output_adds(s->out, "\r\n");
}

/* RFC 3501 6.3.8: an empty pattern asks for the delimiter.  Names are not rooted:
 * the root is "". */
static void
write_delimiter(struct session *s, const char *response)
{
	output_addf(s->out, "* %s (\\Noselect) ", response);
	reply_delimiter(s->out, s->conf->delimiter);
	output_adds(s->out, " \"\"\r\n");
}

/* --- LIST --- */

/*
 * Rows come sorted, a parent directly before its children: whether a row has
 * children is known as soon as the next one comes.
 */
struct lister {
	struct session	*session;
	const char	*pattern;
	struct buf	 wire;
	const char	*name;		/* the row that waits, or NULL */
	bool		 noselect;
};

static bool
matches(struct lister *l, const char *name)
{
	buf_reset(&l->wire);
	mboxname_to_wire(name, l->session->conf->delimiter, &l->wire);
	return mboxname_match(buf_str(&l->wire), l->pattern,
	    l->session->conf->delimiter);
}

/* Whether the pattern can match name or something below it. */
static bool
matches_tree(struct lister *l, const char *name)
{
	return matches(l, name) || mboxname_match_below(buf_str(&l->wire),
	    l->pattern, l->session->conf->delimiter);
}

/* Write the row that waits; next (NULL at the end) follows it. */
static void
lister_flush(struct lister *l, const char *next)
{
	bool parent;

	if (l->name == NULL || !matches(l, l->name))
		return;
	parent = next != NULL && mboxname_is_below(next, l->name);
	write_row(l->session, "LIST", l->noselect ?
	    (parent ? "\\Noselect \\HasChildren" :
	    "\\Noselect \\HasNoChildren") :
	    (parent ? "\\HasChildren" : "\\HasNoChildren"), l->name);
}

static void
lister_add(struct lister *l, const char *name, bool noselect)
{
	lister_flush(l, name);
	l->name = name;
	l->noselect = noselect;
}

static const struct err *
list_personal(struct lister *l)
{
	struct session *s = l->session;
	const struct err *err;
	struct mailbox_row *rows;
	size_t n;

	err = account_list(s->account, s->arena, false, &rows, &n);
	if (err != NULL)
		return err;
	for (size_t i = 0; i < n; i++)
		lister_add(l, rows[i].name, rows[i].noselect);
	return NULL;
}

static const struct err *
list_share(struct lister *l, struct share *share, const char *root)
{
	struct session *s = l->session;
	const struct err *err;
	struct account *account;
	struct mailbox_row *rows;
	size_t n;

	err = session_share_account(s, share, &account);
	if (err == NULL)
		err = account_list(account, s->arena, false, &rows, &n);
	if (err != NULL)
		return err;
	for (size_t i = 0; i < n; i++)
		lister_add(l, *rows[i].name == '\0' ? root :
		    arena_printf(s->arena, "%s%c%s", root, MBOXNAME_SEP,
		    rows[i].name), rows[i].noselect);
	return NULL;
}

/* RFC 4314 4: what may not be looked up is as if it did not exist.  Databases
 * that the pattern cannot reach stay closed. */
static const struct err *
list_shared(struct lister *l)
{
	struct session *s = l->session;
	const struct err *err;

	if (!session_has_shares(s) || !matches_tree(l, SHARED_ROOT))
		return NULL;
	lister_add(l, SHARED_ROOT, true);
	for (size_t i = 0; i < s->shares_n; i++) {
		struct share *share = &s->shares[i];
		const char *root;

		if ((share->rights & RIGHT_LOOKUP) == 0)
			continue;
		root = arena_printf(s->arena, "%s%c%s", SHARED_ROOT,
		    MBOXNAME_SEP, share->name);
		if (!matches_tree(l, root)) {
			/* Still a child of the row before it. */
			if (l->name != NULL && strcmp(l->name,
			    SHARED_ROOT) == 0) {
				lister_flush(l, root);
				l->name = NULL;
			}
			continue;
		}
		err = list_share(l, share, root);
		if (err != NULL && err->kind == ERR_IO)
			return err;
		/* One that is damaged, or just deleted, hides no other. */
		if (err != NULL && err->kind != ERR_USER)
			report_error(s, err);
	}
	return NULL;
}

static const struct err *
list_run(struct session *s, void *v)
{
	struct list_args *args = v;
	struct lister l = { .session = s };
	const struct err *err;

	if (*args->pattern == '\0') {
		write_delimiter(s, "LIST");
		return NULL;
	}
	err = make_pattern(s, args, &l.pattern);
	if (err != NULL)
		return err;
	err = list_personal(&l);
	if (err == NULL)
		err = list_shared(&l);
	lister_flush(&l, NULL);
	buf_clear(&l.wire);
	return err;
}

/* --- LSUB --- */

/* Whether the first len octets of name are name itself or a parent of it. */
static bool
has_level(const char *name, size_t len)
{
	return strlen(name) >= len &&
	    (name[len] == MBOXNAME_SEP || name[len] == '\0');
}

/*
 * RFC 3501 6.3.9: when "foo/bar" is subscribed and "foo" is not, "%" gives
 * "foo" as \Noselect.  Names are sorted, a parent directly before those below
 * it: a level that the name before also has was seen already, subscribed or
 * written.
 */
static void
lsub_parents(struct lister *l, const char *name, const char *before)
{
	for (const char *p = strchr(name, MBOXNAME_SEP); p != NULL;
	    p = strchr(p + 1, MBOXNAME_SEP)) {
		size_t len = (size_t)(p - name);
		const char *parent;

		if (before != NULL && strncmp(before, name, len) == 0 &&
		    has_level(before, len))
			continue;
		parent = arena_memdup(l->session->arena, name, len);
		if (matches(l, parent))
			write_row(l->session, "LSUB", "\\Noselect", parent);
	}
}

static const struct err *
lsub_run(struct session *s, void *v)
{
	struct list_args *args = v;
	struct lister l = { .session = s };
	const struct err *err;
	const char **names;
	size_t n, len = strlen(args->pattern);

	if (len == 0) {
		write_delimiter(s, "LSUB");
		return NULL;
	}
	err = make_pattern(s, args, &l.pattern);
	if (err == NULL)
		err = account_subscriptions(s->account, s->arena, &names, &n);
	if (err != NULL)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (args->pattern[len - 1] == '%')
			lsub_parents(&l, names[i], i > 0 ? names[i - 1] : NULL);
		if (matches(&l, names[i]))
			write_row(s, "LSUB", "", names[i]);
	}
	buf_clear(&l.wire);
	return NULL;
}

const struct cmd cmd_list = {
	.name = "LIST",
	.states = ST_LOGGED_IN,
	.parse = list_parse,
	.run = list_run,
	.rfc = "RFC 3501 6.3.8",
};

const struct cmd cmd_lsub = {
	.name = "LSUB",
	.states = ST_LOGGED_IN,
	.parse = list_parse,
	.run = lsub_run,
	.rfc = "RFC 3501 6.3.9",
};

/* cmd-esearch.c - ESEARCH: search in many mailboxes: RFC 7377
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/condstore.h"
#include "imapd/context.h"
#include "imapd/sources.h"

#define PENDING_OCTETS	49152	/* of output, before the next mailbox */

struct esearch_args {
	struct search_args search;
	struct source	*sources;	/* NULL: the selected mailbox */
};

static bool
parse_sources(struct arena *a, struct parser *p, void *arg)
{
	struct esearch_args *args = arg;

	return sources_parse(a, p, &args->sources);
}

/* RFC 7377 4 "esearch" */
static const struct err *
esearch_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct esearch_args *args = arena_alloc(a, sizeof(*args));

	if (!search_parse_program(a, p, "IN", parse_sources, args,
	    &args->search))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* Search one mailbox, the selected one when mbox is NULL.  Without a match
 * nothing is told of it (RFC 7377 2.1). */
static const struct err *
search_one(struct session *s, const struct esearch_args *args,
    struct mailbox *mbox, const char *full)
{
	const struct search_args *search = &args->search;
	struct search_where where = { .mailbox = full, .uidvalidity =
	    mailbox_uidvalidity(mbox != NULL ? mbox : s->selected->mbox) };
	struct found found = { 0 };
	const struct err *err;

	err = search_find(s, mbox, search->root,
	    search_return_enough(&search->ret), &found);
	/* RFC 7377 2.2: only of the selected mailbox alone. */
	if (err == NULL && mbox == NULL)
		search_return_save(s, &search->ret, &found);
	if (err == NULL && found.count > 0)
		search_return_tell_where(s, &search->ret, &where,
		    search->modseq, &found);
	/* RFC 7377 2.2: of the selected mailbox. */
	if (err == NULL && mbox == NULL)
		context_add(s, &search->ret, &(struct context_of){
		    .root = search->root, .is_uid = true, .where = true },
		    &found);
	found_clear(&found);
	return err;
}

/* By name; what went meanwhile is passed over. */
static const struct err *
search_in(struct session *s, const struct esearch_args *args,
    const char *full, bool *selected)
{
	struct mailbox *mbox = NULL;
	const struct err *err;
	struct place place;

	err = session_place_full(s, full, &place);
	if (err == NULL)
		err = session_open(s, &place, false, &mbox);
	if (err != NULL)
		return err->kind == ERR_USER ? NULL : err;
	if (s->selected != NULL && strcmp(mailbox_id(mbox),
	    mailbox_id(s->selected->mbox)) == 0) {
		/* What the client was told of it counts, and only once. */
		err = *selected ? search_one(s, args, NULL, full) : NULL;
		*selected = false;
	} else
		err = search_one(s, args, mbox, full);
	mailbox_close(mbox);
	return err != NULL && err->kind == ERR_USER ? NULL : err;
}

/* What is made for one mailbox, such as the sets of the keys, does not pile up
 * in the command's arena. */
static const struct err *
search_named(struct session *s, const struct esearch_args *args,
    const char *full, bool *selected)
{
	struct arena *command = s->arena;
	const struct err *err;

	s->arena = arena_new();
	err = search_in(s, args, full, selected);
	arena_free(s->arena);
	s->arena = command;
	return err;
}

static const struct err *
search_all(struct session *s, const struct esearch_args *args)
{
	bool others, selected = true;
	const struct err *err = NULL;
	const char **names = NULL;
	size_t n = 0;

	if (args->sources == NULL || sources_selected(args->sources, &others)) {
		err = search_one(s, args, NULL, selected_name(s));
		selected = false;
	}
	if (err == NULL)
		err = sources_names(s, args->sources, &names, &n);
	for (size_t i = 0; err == NULL && i < n; i++) {
		err = search_named(s, args, names[i], &selected);
		if (err == NULL && output_pending(s->out) > PENDING_OCTETS)
			err = output_flush(s->out);
	}
	return err;
}

static const struct err *
esearch_run(struct session *s, void *arg)
{
	struct esearch_args *args = arg;
	struct search_return *ret = &args->search.ret;
	const struct err *err;
	bool others = false, selected;

	selected = args->sources == NULL ||
	    sources_selected(args->sources, &others);
	/* RFC 7377 2.2: BAD, both. */
	if (selected && s->selected == NULL)
		return err_syntax("ESEARCH: select a mailbox first");
	if ((ret->opts & RETURN_SAVE) != 0 && others)
		return err_syntax("SAVE is for the selected mailbox alone");
	/* RFC 7377 2.1 */
	if (!ret->given)
		ret->opts = RETURN_ALL;
	err = search_begin(s, &args->search);
	if (err == NULL) {
		if (args->search.modseq && s->selected != NULL)
			condstore_enable(s);
		err = search_all(s, args);
	}
	if (err != NULL && err->kind != ERR_SYNTAX && s->selected != NULL)
		search_return_save(s, ret, NULL);
	return err;
}

/* Message numbers are not told: EXPUNGE may be. */
const struct cmd cmd_esearch = {
	.name = "ESEARCH",
	.states = ST_LOGGED_IN,
	.parse = esearch_parse,
	.run = esearch_run,
	.rfc = "RFC 7377 2"
};

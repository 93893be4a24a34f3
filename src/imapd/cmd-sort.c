/* cmd-sort.c - SORT and UID SORT: RFC 5256 3, RFC 5267 3
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "imapd/capability.h"
#include "imapd/condstore.h"
#include "imapd/context.h"

struct sort_args {
	struct search_args search;
	struct sort_program program;
};

/* RFC 5256 5 "sort", RFC 5267 5 "extended-sort" */
static const struct err *
sort_args_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct sort_args *args = arena_alloc(a, sizeof(*args));
	const char *word;

	if (!parser_sp(p))
		return parser_err(p);
	if (parser_peek(p) != '(') {
		if (!parser_word(p, &word))
			return parser_err(p);
		if (strcmp(word, "RETURN") != 0) {
			parser_expected(p, "RETURN or sort criteria");
			return parser_err(p);
		}
		if (!search_return_parse(p, &args->search.ret) ||
		    !parser_sp(p))
			return parser_err(p);
	}
	if (!sort_parse(p, &args->program) || !parser_sp(p) ||
	    !search_parse_criteria(a, p, &args->search))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* The order as message numbers, unless UIDs are wanted. */
static size_t
to_numbers(const struct session *s, uint32_t *uids, size_t n)
{
	size_t kept = 0;
	uint32_t seq;

	for (size_t i = 0; i < n; i++)
		if ((seq = view_seq(&s->selected->view, uids[i])) != 0)
			uids[kept++] = seq;
	return kept;
}

static void
tell_sort(struct session *s, const uint32_t *numbers, size_t n, bool modseq,
    const struct found *found)
{
	output_adds(s->out, "* SORT");
	for (size_t i = 0; i < n; i++) {
		output_add(s->out, " ", 1);
		reply_number(s->out, numbers[i]);
	}
	/* RFC 7162 3.1.6 */
	if (modseq && found->count > 0) {
		output_adds(s->out, " (MODSEQ ");
		reply_number(s->out, found->modseq);
		output_adds(s->out, ")");
	}
	output_adds(s->out, "\r\n");
}

static const char *
scores_of(struct session *s, const struct found *found, const uint32_t *uids,
    size_t n)
{
	char *scores = arena_alloc(s->arena, n);
	struct score_hint hint = { 0 };

	for (size_t i = 0; i < n; i++)
		scores[i] = (char)found_score(found, uids[i], &hint);
	return scores;
}

/* What was found and put in order: told, kept in "$", kept up to date. */
static const struct err *
answer(struct session *s, const struct sort_args *args, bool is_uid,
    const struct found *found, uint32_t *numbers, size_t n)
{
	const struct search_args *search = &args->search;
	const struct search_return *ret = &search->ret;
	const struct err *err = NULL;
	uint32_t *uids = NULL;
	const char *scores = NULL;
	const size_t uids_n = n;

	search_return_save_sorted(s, ret, found, numbers, n);
	if (search->modseq)
		condstore_enable(s);
	if (ret->opts & RETURN_UPDATE) {
		uids = arena_array(s->arena, n, sizeof(*uids));
		if (n > 0)
			memcpy(uids, numbers, n * sizeof(*uids));
	}
	if (ret->opts & RETURN_RELEVANCY)
		scores = scores_of(s, found, numbers, n);
	if (!is_uid)
		n = to_numbers(s, numbers, n);
	if (ret->given)
		err = search_return_tell_sorted(s, ret, is_uid,
		    search->modseq, found, numbers, n, scores);
	else
		tell_sort(s, numbers, n, search->modseq, found);
	if (err == NULL)
		context_add(s, ret, &(struct context_of){
		    .root = search->root, .program = &args->program,
		    .order = uids, .n = uids_n, .is_uid = is_uid }, found);
	return err;
}

/* PARTIAL comes with ESORT; the others are CONTEXT=SORT's own. */
static const struct err *
check(const struct session *s, const struct sort_args *args)
{
	const struct search_return *ret = &args->search.ret;

	if (ret->given && capability_off(s, "ESORT"))
		return err_syntax("ESORT is turned off");
	if ((ret->opts & (RETURN_CONTEXT | RETURN_UPDATE)) != 0 &&
	    capability_off(s, "CONTEXT=SORT"))
		return err_syntax("CONTEXT=SORT is turned off");
	return sort_check(s, &args->program, args->search.fuzzy);
}

static const struct err *
do_sort(struct session *s, struct sort_args *args, bool is_uid)
{
	struct search_args *search = &args->search;
	struct found found = { 0 };
	uint32_t *numbers = NULL;
	const struct err *err;
	size_t n = 0;

	err = search_begin(s, search);
	if (err == NULL)
		err = check(s, args);
	if (err == NULL)
		err = search->ret.opts & RETURN_UPDATE ?
		    search_find(s, NULL, search->root, 0, &found) :
		    search_find_unread(s, search->root, &found);
	if (err == NULL)
		err = sort_found(s, s->selected->mbox, &args->program, &found,
		    &numbers, &n);
	if (err == NULL)
		err = answer(s, args, is_uid, &found, numbers, n);
	else if (err->kind != ERR_SYNTAX)
		search_return_save(s, &search->ret, NULL);
	free(numbers);
	found_clear(&found);
	return err;
}

static const struct err *
sort_run(struct session *s, void *args)
{
	return do_sort(s, args, false);
}

static const struct err *
uid_sort_run(struct session *s, void *args)
{
	return do_sort(s, args, true);
}

const struct cmd cmd_sort = {
	.name = "SORT",
	.states = ST_SELECTED,
	.flags = CF_NO_EXPUNGE | CF_NUMBERS,
	.parse = sort_args_parse,
	.run = sort_run,
	.rfc = "RFC 5256 3"
};

const struct cmd cmd_uid_sort = {
	.name = "UID SORT",
	.states = ST_SELECTED,
	.parse = sort_args_parse,
	.run = uid_sort_run,
	.rfc = "RFC 5256 3"
};

/* cmd-search.c - SEARCH and UID SEARCH: RFC 9051 6.4.4, RFC 3501 6.4.4
 * SPDX-License-Identifier: ISC */
#include "imapd/condstore.h"
#include "imapd/context.h"

static const struct err *
do_search(struct session *s, struct search_args *args, bool is_uid)
{
	struct search_return *ret = &args->ret;
	struct found found = { 0 };
	const struct err *err;

	/* RFC 9755 3 */
	if (args->charset && session_enabled(s, ENABLED_UTF8))
		return err_syntax("no CHARSET once UTF8=ACCEPT is enabled");
	err = search_begin(s, args);
	if (err == NULL)
		err = search_find(s, NULL, args->root, search_return_enough(ret),
		    &found);
	if (err == NULL) {
		search_return_save(s, ret, &found);
		if (args->modseq)
			condstore_enable(s);
		search_return_tell(s, ret, is_uid, args->modseq, &found);
		context_add(s, ret, &(struct context_of){ .root = args->root,
		    .is_uid = is_uid }, &found);
	} else if (err->kind != ERR_SYNTAX)
		search_return_save(s, ret, NULL);
	found_clear(&found);
	return err;
}

static const struct err *
search_run(struct session *s, void *args)
{
	return do_search(s, args, false);
}

static const struct err *
uid_search_run(struct session *s, void *args)
{
	return do_search(s, args, true);
}

const struct cmd cmd_search = {
	.name = "SEARCH",
	.states = ST_SELECTED,
	.flags = CF_NO_EXPUNGE | CF_NUMBERS,
	.parse = search_parse,
	.run = search_run,
	.rfc = "RFC 9051 6.4.4"
};

/* RFC 3501 7.4.1: EXPUNGE may be told at the end of the UID form. */
const struct cmd cmd_uid_search = {
	.name = "UID SEARCH",
	.states = ST_SELECTED,
	.parse = search_parse,
	.run = uid_search_run,
	.rfc = "RFC 9051 6.4.9"
};

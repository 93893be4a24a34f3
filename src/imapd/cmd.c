/* cmd.c - the table of commands
 * SPDX-License-Identifier: ISC */
#include "imapd/cmd.h"

#include <stdint.h>
#include <string.h>

const struct cmd *const cmd_table[] = {
	/* RFC 9051 6.1: any state */
	&cmd_capability,
	&cmd_noop,
	&cmd_logout,
	&cmd_id,
	/* RFC 9051 6.2: not authenticated */
	&cmd_authenticate,
	&cmd_login,
	&cmd_starttls,
	/* RFC 9051 6.3: authenticated */
	&cmd_unauthenticate,
	&cmd_enable,
	&cmd_select,
	&cmd_examine,
	&cmd_create,
	&cmd_delete,
	&cmd_rename,
	&cmd_subscribe,
	&cmd_unsubscribe,
	&cmd_list,
	&cmd_lsub,
	&cmd_namespace,
	&cmd_status,
	&cmd_append,
	&cmd_esearch,
	&cmd_comparator,
	&cmd_idle,
	&cmd_notify,
	&cmd_compress,
	/* RFC 9051 6.4: selected */
	&cmd_check,
	&cmd_close,
	&cmd_unselect,
	&cmd_expunge,
	&cmd_search,
	&cmd_cancelupdate,
	&cmd_sort,
	&cmd_thread,
	&cmd_fetch,
	&cmd_store,
	&cmd_copy,
	&cmd_move,
	&cmd_uid_expunge,
	&cmd_replace,
	&cmd_uid_replace,
	&cmd_uid_search,
	&cmd_uid_sort,
	&cmd_uid_thread,
	&cmd_uidbatches,
	&cmd_uid_fetch,
	&cmd_uid_store,
	&cmd_uid_copy,
	&cmd_uid_move,
	NULL
};

const struct cmd *
cmd_find(const char *name)
{
	for (size_t i = 0; cmd_table[i] != NULL; i++)
		if (strcmp(cmd_table[i]->name, name) == 0)
			return cmd_table[i];
	return NULL;
}

const struct err *
cmd_parse_mailbox(struct arena *a, struct parser *p, void **args_r)
{
	const char *name;

	(void)a;
	if (!parser_sp(p) || !parser_mailbox(p, &name) || !parser_crlf(p))
		return parser_err(p);
	*args_r = (void *)(uintptr_t)name;
	return NULL;
}

/* RFC 3501 9 "copy"; RFC 6851 5 "move" */
const struct err *
cmd_parse_set_mailbox(struct arena *a, struct parser *p, void **args_r)
{
	struct cmd_set_mailbox *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_seqset(p, &args->set) || !parser_sp(p) ||
	    !parser_mailbox(p, &args->wire) || !parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* cmd.h - the table of commands
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CMD_H
#define MSGSTORE_CMD_H

#include "util/arena.h"
#include "util/err.h"
#include "wire/parser.h"

struct session;

/* RFC 9051 3: the states a command may be given in. */
enum cmd_state {
	ST_NOT_AUTHENTICATED	= 1 << 0,
	ST_AUTHENTICATED	= 1 << 1,
	ST_SELECTED		= 1 << 2,
	ST_LOGGED_IN		= ST_AUTHENTICATED | ST_SELECTED,
	ST_ANY			= ST_NOT_AUTHENTICATED | ST_LOGGED_IN
};

enum cmd_flag {
	CF_WRITE	= 1 << 0,	/* refused on EXAMINE, by the loop */
	CF_NO_EXPUNGE	= 1 << 1,	/* RFC 9051 7.5.1: no EXPUNGE in its answer */
	CF_NO_SYNC	= 1 << 2,	/* no untagged updates at its end at all */
	CF_NUMBERS	= 1 << 3	/* takes message numbers: not with UIDONLY */
};

struct cmd {
	const char	*name;		/* "UID FETCH" is one name */
	unsigned int	 states;
	unsigned int	 flags;
	/*
	 * Pure: grammar to arguments, from behind the name through CRLF; NULL
	 * for commands without arguments.  Arguments live in the parser's
	 * arena.  Returns parser_err() or an ERR_USER that the grammar alone
	 * decides (the line is then skipped all the same).
	 */
	const struct err *(*parse)(struct arena *, struct parser *, void **args_r);
	/*
	 * Does it; no state checks, no parsing (but for APPEND, AUTHENTICATE
	 * and IDLE, which go on reading by session->parser).  NULL is the
	 * tagged OK, with the text of session_ok() when that was called.
	 */
	const struct err *(*run)(struct session *, void *args);
	/* Called, when it is there, behind the tagged OK in the output. */
	void		(*answered)(struct session *);
	const char	*rfc;
};

/* Every command, ended by NULL, in the order of RFC 9051 6. */
extern const struct cmd *const cmd_table[];
/* name in upper case; NULL when there is none. */
const struct cmd *cmd_find(const char *name);

/* A parse function for SP mailbox CRLF; *args_r is the name as the client wrote
 * it, a const char *. */
const struct err *cmd_parse_mailbox(struct arena *, struct parser *,
    void **args_r);

/* The same for SP sequence-set SP mailbox CRLF; *args_r is one of these. */
struct cmd_set_mailbox {
	struct seqset	 set;
	const char	*wire;		/* the name as the client wrote it */
};
const struct err *cmd_parse_set_mailbox(struct arena *, struct parser *,
    void **args_r);

extern const struct cmd cmd_append, cmd_authenticate, cmd_cancelupdate,
    cmd_capability, cmd_check, cmd_close, cmd_comparator, cmd_compress,
    cmd_copy, cmd_create, cmd_delete, cmd_enable, cmd_esearch, cmd_examine,
    cmd_expunge, cmd_fetch, cmd_id, cmd_idle, cmd_list, cmd_login, cmd_logout,
    cmd_lsub, cmd_move, cmd_namespace, cmd_noop, cmd_notify, cmd_rename,
    cmd_replace, cmd_search, cmd_select, cmd_sort, cmd_starttls, cmd_status,
    cmd_store, cmd_subscribe, cmd_thread, cmd_uid_copy, cmd_uid_expunge,
    cmd_uid_fetch, cmd_uid_move, cmd_uid_replace, cmd_uid_search, cmd_uid_sort,
    cmd_uid_store, cmd_uid_thread, cmd_uidbatches, cmd_unauthenticate,
    cmd_unselect, cmd_unsubscribe;

#endif

/* cmd-create.c - CREATE: RFC 9051 6.3.4, RFC 6154 3, RFC 8474 4.1
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "imapd/capability.h"
#include "imapd/list.h"
#include "imapd/notify.h"
#include "imapd/shared.h"

/* RFC 6154 2: what a mailbox can be for.  \All and \Flagged would show what is
 * in other mailboxes: there is no such thing here. */
static const char *const uses[] = {
	"\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash"
};
#define USES	(sizeof(uses) / sizeof(uses[0]))

struct create_args {
	const char	*mailbox;
	bool		 use;		/* USE was said */
	bool		 wanted[USES];
	const char	*unknown;	/* a use that is none of these, or NULL */
};

/* RFC 6154 6 "use-attr" */
static bool
parse_use(struct parser *p, struct create_args *args)
{
	const char *word;

	if (!parser_char(p, '\\') || !parser_atom(p, &word))
		return false;
	for (size_t i = 0; i < USES; i++)
		if (strcasecmp(uses[i] + 1, word) == 0) {
			args->wanted[i] = true;
			return true;
		}
	args->unknown = word;
	return true;
}

/* RFC 4466 6 "create-params"; RFC 6154 6 "create-param" */
static bool
parse_params(struct parser *p, struct create_args *args)
{
	const char *word;

	if (!parser_char(p, '('))
		return false;
	do {
		if (!parser_word(p, &word))
			return false;
		if (strcmp(word, "USE") != 0 || args->use)
			return parser_expected(p, "USE, once");
		args->use = true;
		if (!parser_sp(p) || !parser_char(p, '('))
			return false;
		if (parser_opt(p, ')'))
			continue;
		do {
			if (!parse_use(p, args))
				return false;
		} while (parser_opt(p, ' '));
		if (!parser_char(p, ')'))
			return false;
	} while (parser_opt(p, ' '));
	return parser_char(p, ')');
}

static const struct err *
create_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct create_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_mailbox(p, &args->mailbox) ||
	    (parser_opt(p, ' ') && !parse_params(p, args)) || !parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* The uses in the store's form, NULL for none. */
static const struct err *
special_use(struct session *s, const struct create_args *args,
    const struct place *place, const char **use_r)
{
	const char *use = NULL;

	if (args->use && !capability_offered(s, "CREATE-SPECIAL-USE"))
		return err_syntax("unknown CREATE parameter USE");
	if (args->unknown != NULL)
		return err_user(RESP_USEATTR, "\\%.40s is not supported",
		    args->unknown);
	for (size_t i = 0; i < USES; i++)
		if (args->wanted[i])
			use = use == NULL ? uses[i] : arena_printf(s->arena,
			    "%s %s", use, uses[i]);
	/* RFC 6154 7: what is one user's is not put before others. */
	if (use != NULL && place->shared)
		return err_user(RESP_USEATTR,
		    "A shared mailbox has no special use");
	*use_r = use;
	return NULL;
}

static const struct err *
create_run(struct session *s, void *v)
{
	const struct create_args *args = v;
	const struct err *err;
	struct mailbox_row row;
	struct place place;
	const char *use = NULL;

	err = shared_new_place(s, args->mailbox, &place);
	if (err == NULL)
		err = session_need(s, &place, RIGHT_CREATE);
	if (err == NULL)
		err = special_use(s, args, &place, &use);
	if (err == NULL)
		notify_own(s, place.full);
	if (err == NULL)
		err = account_create(place.account, place.name, use, &row);
	if (err == NULL && list_is_oldname(s, args->mailbox, place.full))
		list_tell(s, &place, args->mailbox);
	if (err == NULL && capability_offered(s, "OBJECTID"))
		session_ok(s, "[MAILBOXID (" MAILBOXID_FORMAT ")] Mailbox created",
		    row.id);
	return err;
}

const struct cmd cmd_create = {
	.name = "CREATE",
	.states = ST_LOGGED_IN,
	.parse = create_parse,
	.run = create_run,
	.rfc = "RFC 9051 6.3.4",
};

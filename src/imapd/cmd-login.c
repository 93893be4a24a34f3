/* cmd-login.c - LOGIN: RFC 3501 6.2.3
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/login.h"

struct login_args {
	const char	*user;
	char		*password;
};

/* RFC 3501 9 "login" */
static const struct err *
login_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct login_args *args = arena_alloc(a, sizeof(*args));
	const char *password;

	if (!parser_sp(p) || !parser_astring(p, &args->user, NULL) ||
	    !parser_sp(p) || !parser_astring(p, &password, NULL) ||
	    !parser_crlf(p))
		return parser_err(p);
	/* The parser's copy is in the arena, which is ours to clear. */
	args->password = (char *)(uintptr_t)password;
	*args_r = args;
	return NULL;
}

static const struct err *
login_run(struct session *s, void *v)
{
	struct login_args *args = v;
	size_t len = strlen(args->password);
	const struct door_message msg = {
		.type = DOOR_LOGIN,
		.texts = { { args->user, strlen(args->user) },
		    { args->password, len } }
	};
	struct door_message reply;
	const struct err *err;

	/* The door knows enough to refuse by itself. */
	if (login_disabled(s))
		err = login_refused(s);
	else if (len > DOOR_LOGIN_MAX || msg.texts[0].len > DOOR_LOGIN_MAX)
		err = login_too_long(s, args->user);
	else
		err = login_ask(s, &msg, &reply);
	explicit_bzero(args->password, len);
	return err;
}

const struct cmd cmd_login = {
	.name = "LOGIN",
	.states = ST_NOT_AUTHENTICATED,
	.parse = login_parse,
	.run = login_run,
	.rfc = "RFC 3501 6.2.3",
};

/* cmd-logout.c - LOGOUT: RFC 3501 6.1.3
 * SPDX-License-Identifier: ISC */
#include "imapd/session.h"

static const struct err *
logout_run(struct session *s, void *args)
{
	(void)args;
	session_bye(s, "logout", "Logging out");
	s->logout = true;
	return NULL;
}

const struct cmd cmd_logout = {
	.name = "LOGOUT",
	.states = ST_ANY,
	.flags = CF_NO_SYNC,
	.run = logout_run,
	.rfc = "RFC 3501 6.1.3",
};

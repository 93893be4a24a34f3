/* cmd-unauthenticate.c - UNAUTHENTICATE: RFC 8437
 * SPDX-License-Identifier: ISC */
#include "imapd/session.h"

/* RFC 8437 3: never NO. */
static const struct err *
unauthenticate_run(struct session *s, void *args)
{
	(void)args;
	session_unauthenticate(s);
	return NULL;
}

const struct cmd cmd_unauthenticate = {
	.name = "UNAUTHENTICATE",
	.states = ST_LOGGED_IN,
	.flags = CF_NO_SYNC,
	.run = unauthenticate_run,
	.rfc = "RFC 8437 3",
};

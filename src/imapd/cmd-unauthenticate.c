/* cmd-unauthenticate.c - UNAUTHENTICATE: RFC 8437
 * SPDX-License-Identifier: ISC */
#include "imapd/session.h"
#include "util/deflate.h"

/* RFC 8437 3: never NO. */
static const struct err *
unauthenticate_run(struct session *s, void *args)
{
	(void)args;
	session_unauthenticate(s);
	return NULL;
}

/* RFC 8437 4.1 */
static void
unauthenticate_answered(struct session *s)
{
	if (s->compressed)
		deflate_end(s->in, s->out);
	s->compressed = false;
}

const struct cmd cmd_unauthenticate = {
	.name = "UNAUTHENTICATE",
	.states = ST_LOGGED_IN,
	.flags = CF_NO_SYNC,
	.run = unauthenticate_run,
	.answered = unauthenticate_answered,
	.rfc = "RFC 8437 3",
};

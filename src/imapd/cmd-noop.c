/* cmd-noop.c - NOOP: RFC 3501 6.1.2
 * SPDX-License-Identifier: ISC */
#include "imapd/session.h"

/* The loop tells what is new: that is all that NOOP is for. */
static const struct err *
noop_run(struct session *s, void *args)
{
	(void)s;
	(void)args;
	return NULL;
}

const struct cmd cmd_noop = {
	.name = "NOOP",
	.states = ST_ANY,
	.run = noop_run,
	.rfc = "RFC 3501 6.1.2",
};

/* cmd-check.c - CHECK: RFC 3501 6.4.1
 * SPDX-License-Identifier: ISC */
#include "imapd/selected.h"

/* Every commit is on disk when it is answered: nothing is left to do but the
 * look for changes that follows any command. */
static const struct err *
check_run(struct session *s, void *args)
{
	(void)s;
	(void)args;
	return NULL;
}

const struct cmd cmd_check = {
	.name = "CHECK",
	.states = ST_SELECTED,
	.run = check_run,
	.rfc = "RFC 3501 6.4.1"
};

/* cmd-capability.c - CAPABILITY: RFC 3501 6.1.1
 * SPDX-License-Identifier: ISC */
#include "imapd/capability.h"

static const struct err *
capability_run(struct session *s, void *args)
{
	(void)args;
	output_addf(s->out, "* %s\r\n", capability_data(s));
	return NULL;
}

const struct cmd cmd_capability = {
	.name = "CAPABILITY",
	.states = ST_ANY,
	.run = capability_run,
	.rfc = "RFC 3501 6.1.1",
};

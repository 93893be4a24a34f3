/* cmd-namespace.c - NAMESPACE: RFC 2342
 * SPDX-License-Identifier: ISC */
#include "imapd/session.h"
#include "wire/mboxname.h"

/* RFC 2342 6 "Namespace" */
static void
write_namespace(struct session *s, const char *prefix)
{
	struct buf wire = { 0 };

	if (*prefix != '\0') {
		mboxname_to_wire(prefix, s->conf->delimiter, &wire);
		buf_addc(&wire, s->conf->delimiter);
	}
	output_adds(s->out, "((");
	reply_string(s->out, buf_str(&wire), wire.len);
	output_adds(s->out, " ");
	reply_delimiter(s->out, s->conf->delimiter);
	output_adds(s->out, "))");
	buf_clear(&wire);
}

/* RFC 2342 5: NIL for a class that is not available.  To who sees no shared
 * mailbox there is no shared namespace; the answer may differ by user. */
static const struct err *
namespace_run(struct session *s, void *args)
{
	(void)args;
	output_adds(s->out, "* NAMESPACE ");
	write_namespace(s, "");
	output_adds(s->out, " NIL ");
	if (session_has_shares(s))
		write_namespace(s, SHARED_ROOT);
	else
		output_adds(s->out, "NIL");
	output_adds(s->out, "\r\n");
	return NULL;
}

const struct cmd cmd_namespace = {
	.name = "NAMESPACE",
	.states = ST_LOGGED_IN,
	.run = namespace_run,
	.rfc = "RFC 2342 5",
};

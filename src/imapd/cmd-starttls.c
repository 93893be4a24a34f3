/* cmd-starttls.c - STARTTLS: RFC 9051 6.2.1
 * SPDX-License-Identifier: ISC */
#include "imapd/session.h"
#include "wire/respcode.h"

/*
 * Octets behind the command came without TLS, from whoever sits in between: as
 * commands of the session with TLS they would have the client's rights.
 */
static const struct err *
refuse_injection(struct session *s)
{
	output_addf(s->out, "%s BAD [" RESP_CLIENTBUG "] Nothing may come "
	    "between STARTTLS and the handshake\r\n", s->tag);
	return session_bye(s, "injection", "The connection is not safe");
}

/* RFC 9051 6.2.1: the rest is done by the monitor, and by imapd-tls. */
static const struct err *
starttls_run(struct session *s, void *args)
{
	const struct err *err;
	bool more = false;

	(void)args;
	if (input_buffered(s->in) == 0) {
		err = input_wait(s->in, NULL, 0, 0, &more, NULL);
		if (err != NULL)
			return err;
	} else
		more = true;
	if (more)
		return refuse_injection(s);
	s->leave = LEAVE_TLS;
	session_ok(s, "Begin the TLS handshake");
	return NULL;
}

const struct cmd cmd_starttls = {
	.name = "STARTTLS",
	.states = ST_NOT_AUTHENTICATED,
	.run = starttls_run,
	.rfc = "RFC 9051 6.2.1",
};

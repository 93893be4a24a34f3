/* cmd-subscribe.c - SUBSCRIBE, UNSUBSCRIBE: RFC 3501 6.3.6, 6.3.7
 * SPDX-License-Identifier: ISC */
#include "imapd/notify.h"

/*
 * The name need not exist: a client may subscribe before it creates, and
 * a name stays subscribed when its mailbox goes.  Only a shared mailbox that
 * the user may not see is answered like one that does not exist.
 */
static const struct err *
subscribe_run(struct session *s, void *args)
{
	const struct err *err;
	struct place place;

	err = session_place(s, args, &place);
	if (err != NULL)
		return err;
	notify_own(s, place.full);
	return account_subscribe(s->account, place.full, true);
}

/* Any name: also that of a shared mailbox whose grant was revoked. */
static const struct err *
unsubscribe_run(struct session *s, void *args)
{
	const struct err *err;
	const char *full;

	err = session_name(s, args, &full);
	if (err != NULL)
		return err;
	notify_own(s, full);
	return account_subscribe(s->account, full, false);
}

const struct cmd cmd_subscribe = {
	.name = "SUBSCRIBE",
	.states = ST_LOGGED_IN,
	.parse = cmd_parse_mailbox,
	.run = subscribe_run,
	.rfc = "RFC 3501 6.3.6",
};

const struct cmd cmd_unsubscribe = {
	.name = "UNSUBSCRIBE",
	.states = ST_LOGGED_IN,
	.parse = cmd_parse_mailbox,
	.run = unsubscribe_run,
	.rfc = "RFC 3501 6.3.7",
};

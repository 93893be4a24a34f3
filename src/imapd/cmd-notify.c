/* cmd-notify.c - NOTIFY: RFC 5465 3.1
 * SPDX-License-Identifier: ISC */
#include "imapd/notify.h"
#include "imapd/selected.h"

/* RFC 5465 3.1: the code names what is supported. */
#define BADEVENT	"BADEVENT (MessageNew MessageExpunge FlagChange "	\
			"MailboxName SubscriptionChange)"

static const struct err *
notify_run(struct session *s, void *v)
{
	struct notify_args *args = v;
	struct notify *old = s->notify;
	const struct err *err;

	if (args->bad_event)
		return err_user(BADEVENT, "Not all of these events are known");
	if (args->too_many)
		return err_user(RESP_NOTIFICATIONOVERFLOW,
		    "No more than %d groups, and %d names in them",
		    NOTIFY_GROUPS_MAX, NOTIFY_NAMES_MAX);
	/* RFC 5465 3.1: what has accumulated is told first, whatever was asked
	 * for before. */
	if (!args->none) {
		s->notify = NULL;
		err = selected_sync(s, true);
		s->notify = old;
		if (err != NULL)
			return err;
	}
	return notify_start(s, args);
}

const struct cmd cmd_notify = {
	.name = "NOTIFY",
	.states = ST_LOGGED_IN,
	.parse = notify_parse,
	.run = notify_run,
	.answered = notify_keep,
	.rfc = "RFC 5465 3.1",
};

/* cmd-grant.c - mboxadm grant, revoke: RFC 4314 2.1
 * SPDX-License-Identifier: ISC */
#include "admin.h"
#include "store/users.h"

static const struct err *
grant_run(struct admin *a)
{
	rights_t rights;

	if (!rights_parse(a->argv[2], &rights))
		return admin_usage("\"%s\" is neither read, write, full nor "
		    "letters of " RIGHTS_LETTERS, a->argv[2]);
	return grant_set(a->store, a->argv[0], a->argv[1], rights);
}

static const struct err *
revoke_run(struct admin *a)
{
	return grant_remove(a->store, a->argv[0], a->argv[1]);
}

const struct verb verbs_grant[] = {
	{ .words = "grant", .operands = "SHARED USER read|write|full|LETTERS",
	  .help = "set a user's rights on a shared mailbox",
	  .min = 3, .max = 3, .run = grant_run },
	{ .words = "revoke", .operands = "SHARED USER",
	  .help = "take all rights on a shared mailbox from a user",
	  .min = 2, .max = 2, .run = revoke_run },
	{ .words = NULL }
};

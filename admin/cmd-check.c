/* cmd-check.c - mboxadm check
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "admin.h"
#include "store/check.h"
#include "store/users.h"

static void
report(void *arg, enum check_level level, const char *where, const char *text)
{
	static const char *const words[] = {
		[CHECK_OK] = "harmless",
		[CHECK_PROBLEM] = "problem",
		[CHECK_LOST] = "lost"
	};
	struct admin *a = arg;

	out_row(a->out);
	out_str(a->out, "where", where);
	out_str(a->out, "level", words[level]);
	out_str(a->out, "text", text);
}

static void
print_summary(struct admin *a, const struct check_result *r)
{
	if (out_is_json(a->out)) {
		out_uint(a->out, "mailboxes", r->mailboxes);
		out_uint(a->out, "messages", r->messages);
		out_uint(a->out, "problems", r->problems);
		out_uint(a->out, "mended", r->mended);
		out_uint(a->out, "lost", r->lost);
		return;
	}
	printf("%" PRIu64 " mailboxes, %" PRIu64 " messages: %" PRIu64
	    " problems, %" PRIu64 " mended, %" PRIu64 " lost\n", r->mailboxes,
	    r->messages, r->problems, r->mended, r->lost);
}

static const struct err *
check_run(struct admin *a)
{
	struct check_result result = { 0 };
	const char *name = NULL;
	const struct err *err = NULL;
	unsigned int flags = 0;
	struct user user;

	if (a->opt[OPT_REPAIR] != NULL)
		flags |= CHECK_REPAIR;
	if (a->opt[OPT_CONTENTS] != NULL)
		flags |= CHECK_CONTENTS;
	if (a->argc > 0) {
		err = user_find(a->store, a->arena, a->argv[0], &user);
		if (err != NULL)
			return err;
		name = user.name;
	}
	out_record(a->out);
	out_rows(a->out, "findings");
	err = check_store(a->store, name, flags, report, a, &result);
	out_end(a->out);
	print_summary(a, &result);
	out_end(a->out);
	/* What is lost stays a problem until somebody has looked at it. */
	if (result.problems > result.mended || result.lost > 0)
		a->status = EX_DATAERR;
	return err;
}

const struct verb verbs_check[] = {
	{ .words = "check", .operands = "[--repair] [--contents] [USER] "
	      "[--json]",
	  .help = "verify the store, and mend it",
	  .max = 1, .flags = VERB_MENDS,
	  .opts = OPT(OPT_CONTENTS) | OPT(OPT_JSON) | OPT(OPT_REPAIR),
	  .run = check_run },
	{ .words = NULL }
};

/* cmd-app-password.c - mboxadm app-password ...
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include <sysexits.h>

#include "admin.h"
#include "store/credentials.h"
#include "store/db.h"
#include "store/users.h"

static const struct err *
add_run(struct admin *a)
{
	unsigned char hash[HASH_MAX_OCTETS];
	char password[APP_PASSWORD_OCTETS];
	const struct err *err;
	unsigned int seconds;
	int64_t expires = 0;

	if (a->opt[OPT_EXPIRES] != NULL) {
		if (!conf_duration(a->opt[OPT_EXPIRES], &seconds))
			return admin_usage("--expires takes a duration like "
			    "12h or 90d");
		expires = now_seconds() + seconds;
	}
	app_password_make(password);
	(void)app_password_hash(password, hash);
	err = app_password_add(a->store, a->argv[0], a->argv[1], hash,
	    expires);
	if (err == NULL) {
		out_record(a->out);
		out_str(a->out, "password", password);
		out_str(a->out, "expires", expires != 0 ?
		    admin_time_text(a, expires) : NULL);
		out_end(a->out);
	}
	explicit_bzero(password, sizeof(password));
	return err;
}

static const struct err *
list_run(struct admin *a)
{
	struct app_password *list;
	const struct err *err;
	struct user user;
	size_t n;

	err = user_find(a->store, a->arena, a->argv[0], &user);
	if (err == NULL)
		err = app_password_list(a->store, a->arena, user.id, &list,
		    &n);
	if (err != NULL)
		return err;
	out_list(a->out);
	for (size_t i = 0; i < n; i++) {
		out_row(a->out);
		out_str(a->out, "label", list[i].label);
		out_str(a->out, "created", admin_time_text(a,
		    list[i].created));
		/* By the day. */
		out_str(a->out, "used", list[i].used != 0 ?
		    arena_memdup(a->arena, admin_time_text(a, list[i].used),
		    strlen("2024-02-29")) : NULL);
		out_str(a->out, "expires", list[i].expires != 0 ?
		    admin_time_text(a, list[i].expires) : NULL);
	}
	out_end(a->out);
	return NULL;
}

static const struct err *
revoke_run(struct admin *a)
{
	const struct err *err;
	struct user user;

	err = user_find(a->store, a->arena, a->argv[0], &user);
	if (err != NULL)
		return err;
	a->status_missing = EX_DATAERR;
	return app_password_remove(a->store, user.name, a->argv[1]);
}

const struct verb verbs_app_password[] = {
	{ .words = "app-password add",
	  .operands = "USER LABEL [--expires DURATION] [--json]",
	  .help = "make a password for one program, and print it",
	  .min = 2, .max = 2, .opts = OPT(OPT_EXPIRES) | OPT(OPT_JSON),
	  .run = add_run },
	{ .words = "app-password list", .operands = "USER [--json]",
	  .help = "list a user's app passwords",
	  .min = 1, .max = 1, .opts = OPT(OPT_JSON), .run = list_run },
	{ .words = "app-password revoke", .operands = "USER LABEL",
	  .help = "take an app password away",
	  .min = 2, .max = 2, .run = revoke_run },
	{ .words = NULL }
};

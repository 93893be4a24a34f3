/* cmd-shared.c - mboxadm shared ...
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "admin.h"
#include "store/users.h"
#include "wire/respcode.h"

static const struct err *
shared_add_run(struct admin *a)
{
	const struct err *err;
	const char *name;

	err = shared_name(a->arena, a->argv[0], &name);
	if (err == NULL)
		err = shared_add(a->store, name);
	/* There is nothing that a second call could have wanted otherwise. */
	if (err != NULL && err->kind == ERR_USER && err->code != NULL &&
	    strcmp(err->code, RESP_ALREADYEXISTS) == 0) {
		admin_note("there is a shared mailbox %s already", name);
		return NULL;
	}
	return err;
}

static const struct err *
shared_list_run(struct admin *a)
{
	const struct err *err;
	const char **names;
	size_t n;

	err = shared_list(a->store, a->arena, &names, &n);
	if (err != NULL)
		return err;
	out_list(a->out);
	for (size_t i = 0; i < n; i++) {
		struct grant *grants;
		size_t grants_n;

		err = grant_list(a->store, a->arena, names[i], NULL, &grants,
		    &grants_n);
		if (err != NULL)
			break;
		out_row(a->out);
		out_str(a->out, "name", names[i]);
		out_uint(a->out, "grants", grants_n);
	}
	out_end(a->out);
	return err;
}

static const struct err *
shared_show_run(struct admin *a)
{
	const struct err *err;
	struct grant *grants;
	const char *name;
	bool exists;
	size_t n;

	err = shared_name(a->arena, a->argv[0], &name);
	if (err == NULL)
		err = shared_exists(a->store, name, &exists);
	if (err == NULL && !exists)
		err = err_user(RESP_NONEXISTENT,
		    "there is no shared mailbox %s", name);
	if (err == NULL)
		err = grant_list(a->store, a->arena, name, NULL, &grants, &n);
	if (err != NULL)
		return err;
	out_list(a->out);
	for (size_t i = 0; i < n; i++) {
		char letters[RIGHTS_MAX];

		rights_format(grants[i].rights, letters);
		out_row(a->out);
		out_str(a->out, "user", grants[i].user);
		out_str(a->out, "rights", letters);
	}
	out_end(a->out);
	return NULL;
}

static const struct err *
shared_delete_run(struct admin *a)
{
	const struct err *err;
	const char *name;

	err = shared_name(a->arena, a->argv[0], &name);
	return err != NULL ? err : shared_delete(a->store, name);
}

const struct verb verbs_shared[] = {
	{ .words = "shared add", .operands = "NAME",
	  .help = "add a shared mailbox",
	  .min = 1, .max = 1, .run = shared_add_run },
	{ .words = "shared list", .operands = "[--json]",
	  .help = "list the shared mailboxes",
	  .opts = OPT(OPT_JSON), .run = shared_list_run },
	{ .words = "shared show", .operands = "NAME [--json]",
	  .help = "list who may do what in a shared mailbox",
	  .min = 1, .max = 1, .opts = OPT(OPT_JSON), .run = shared_show_run },
	{ .words = "shared delete", .operands = "NAME",
	  .help = "remove a shared mailbox and all mail in it",
	  .min = 1, .max = 1, .run = shared_delete_run },
	{ .words = NULL }
};

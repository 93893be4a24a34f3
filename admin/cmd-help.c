/* cmd-help.c - mboxadm help
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "admin.h"

/* Whether the words asked for begin those of the verb. */
static bool
asked_for(const struct admin *a, const struct verb *v)
{
	const char *p = v->words;

	for (int i = 0; i < a->argc; i++) {
		size_t len = strlen(a->argv[i]);

		if (strncmp(p, a->argv[i], len) != 0 ||
		    (p[len] != ' ' && p[len] != '\0'))
			return false;
		p += len + (p[len] == ' ');
	}
	return true;
}

static void
print_text(const struct verb *v)
{
	printf("  mboxadm %s%s%s\n\t%s\n", v->words,
	    v->operands[0] != '\0' ? " " : "", v->operands, v->help);
}

static const struct err *
help_run(struct admin *a)
{
	const struct verb *v;
	bool json = out_is_json(a->out), some = false;

	if (json)
		out_list(a->out);
	else if (a->argc == 0)
		puts("mboxadm [-s STORE] [-f FILE] VERB ...");
	for (size_t i = 0; (v = verb_at(i)) != NULL; i++) {
		if (!asked_for(a, v))
			continue;
		some = true;
		if (!json) {
			print_text(v);
			continue;
		}
		out_row(a->out);
		out_str(a->out, "verb", v->words);
		out_str(a->out, "operands", v->operands);
		out_str(a->out, "help", v->help);
	}
	if (json)
		out_end(a->out);
	return some ? NULL : admin_usage("no such verb");
}

const struct verb verbs_help[] = {
	{ .words = "help", .operands = "[VERB...] [--json]",
	  .help = "list the verbs",
	  .max = 2, .flags = VERB_NO_CONF | VERB_NO_STORE,
	  .opts = OPT(OPT_JSON), .run = help_run },
	{ .words = NULL }
};

/* cmd-config.c - mboxadm config ...
 * SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "admin.h"

/* The configuration was read before: getting here means that it is good. */
static const struct err *
config_check_run(struct admin *a)
{
	out_record(a->out);
	out_str(a->out, "file", conf_path(a->conf_file));
	out_bool(a->out, "good", true);
	out_end(a->out);
	return NULL;
}

static const struct err *
config_show_run(struct admin *a)
{
	conf_show(a->conf, stdout, a->opt[OPT_JSON] != NULL);
	return NULL;
}

const struct verb verbs_config[] = {
	{ .words = "config check", .operands = "[--json]",
	  .help = "read the configuration and tell what is wrong in it",
	  .flags = VERB_NO_STORE, .opts = OPT(OPT_JSON),
	  .run = config_check_run },
	{ .words = "config show", .operands = "[--json]",
	  .help = "print every setting",
	  .flags = VERB_NO_STORE, .opts = OPT(OPT_JSON),
	  .run = config_show_run },
	{ .words = NULL }
};

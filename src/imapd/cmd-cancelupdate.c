/* cmd-cancelupdate.c - CANCELUPDATE: RFC 5267 4.3.5
 * SPDX-License-Identifier: ISC */
#include "imapd/context.h"

struct tag {
	struct tag	*next;
	const char	*s;
};

/* RFC 5267 5 "CANCELUPDATE" */
static const struct err *
cancelupdate_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct tag *first = NULL, **tail = &first;

	do {
		if (!parser_sp(p))
			return parser_err(p);
		if (parser_peek(p) != '"') {
			parser_expected(p, "a tag in quotes");
			return parser_err(p);
		}
		*tail = arena_alloc(a, sizeof(**tail));
		if (!parser_string(p, &(*tail)->s, NULL))
			return parser_err(p);
		tail = &(*tail)->next;
	} while (parser_peek(p) == ' ');
	if (!parser_crlf(p))
		return parser_err(p);
	*args_r = first;
	return NULL;
}

static const struct err *
cancelupdate_run(struct session *s, void *args)
{
	for (const struct tag *tag = args; tag != NULL; tag = tag->next)
		context_cancel(s, tag->s);
	session_ok(s, "No further updates");
	return NULL;
}

const struct cmd cmd_cancelupdate = {
	.name = "CANCELUPDATE",
	.states = ST_SELECTED,
	.parse = cancelupdate_parse,
	.run = cancelupdate_run,
	.rfc = "RFC 5267 4.3.5"
};

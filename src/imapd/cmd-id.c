/* cmd-id.c - ID: RFC 2971
 * SPDX-License-Identifier: ISC */
#include "config.h"

#include <stddef.h>

#include "imapd/session.h"

/* RFC 2971 4 "id-params-list".  Nothing is done with it (RFC 2971 3), so the
 * limits of RFC 2971 3.3 are left to the command's size. */
static const struct err *
id_parse(struct arena *a, struct parser *p, void **args_r)
{
	const char *field, *value;

	(void)a;
	(void)args_r;
	if (!parser_sp(p))
		return parser_err(p);
	if (!parser_opt(p, '(')) {
		if (!parser_nstring(p, &value, NULL) || (value != NULL &&
		    !parser_expected(p, "NIL or a list")) || !parser_crlf(p))
			return parser_err(p);
		return NULL;
	}
	if (!parser_opt(p, ')')) {
		do {
			if (!parser_string(p, &field, NULL) || !parser_sp(p) ||
			    !parser_nstring(p, &value, NULL))
				return parser_err(p);
		} while (parser_opt(p, ' '));
		if (!parser_char(p, ')'))
			return parser_err(p);
	}
	return parser_crlf(p) ? NULL : parser_err(p);
}

/* The version is only for those who may come in. */
static const struct err *
id_run(struct session *s, void *args)
{
	(void)args;
	output_adds(s->out, "* ID (\"name\" \"" PACKAGE_NAME "\"");
	if (s->state != ST_NOT_AUTHENTICATED)
		output_adds(s->out, " \"version\" \"" PACKAGE_VERSION "\"");
	output_adds(s->out, ")\r\n");
	return NULL;
}

const struct cmd cmd_id = {
	.name = "ID",
	.states = ST_ANY,
	.parse = id_parse,
	.run = id_run,
	.rfc = "RFC 2971 3.1",
};

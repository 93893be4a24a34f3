/* cmd-authenticate.c - AUTHENTICATE: RFC 3501 6.2.2, RFC 4959 3
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/capability.h"
#include "imapd/login.h"
#include "wire/sasl.h"

struct authenticate_args {
	const char	*mechanism;	/* in upper case */
	const char	*initial;	/* the initial response, or NULL */
	size_t		 initial_len;
};

/* RFC 4959 7 "authenticate": its first line. */
static const struct err *
authenticate_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct authenticate_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_word(p, &args->mechanism))
		return parser_err(p);
	if (parser_opt(p, ' ')) {
		if (!parser_line(p, SASL_LINE_MAX, &args->initial,
		    &args->initial_len))
			return parser_err(p);
	} else if (!parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* RFC 4959 3: an empty challenge; the space is part of it. */
static const struct err *
ask(struct session *s, const char **line_r, size_t *len_r)
{
	struct parser *p = &s->parser;
	const struct err *err;

	output_adds(s->out, "+ \r\n");
	err = output_flush(s->out);
	if (err != NULL)
		return err;
	p->at_end = false;	/* the command goes on with a line of its own */
	if (!parser_line(p, SASL_LINE_MAX, line_r, len_r))
		return parser_err(p);
	if (*len_r == 1 && **line_r == '*')
		return err_syntax("AUTHENTICATE cancelled");
	return NULL;
}

static const struct err *
authenticate_plain(struct session *s, const char *line, size_t len)
{
	const struct err *err;
	struct sasl_plain plain;

	err = sasl_plain_parse(s->arena, line, len, &plain);
	if (err != NULL)
		return err;
	err = login_password(s, "PLAIN", plain.authzid, plain.authcid,
	    plain.password);
	explicit_bzero(plain.memory, plain.memory_len);
	return err;
}

static const struct err *
authenticate_run(struct session *s, void *v)
{
	struct authenticate_args *args = v;
	const struct err *err = NULL;
	const char *line = args->initial;
	size_t len = args->initial_len;

	if (strcmp(args->mechanism, "PLAIN") != 0 ||
	    capability_off(s, "AUTH=PLAIN"))
		return err_user(NULL, "There is no such mechanism here");
	if (!login_allowed(s))
		return login_refused(s);
	if (line == NULL)
		err = ask(s, &line, &len);
	if (err != NULL)
		return err;
	err = authenticate_plain(s, line, len);
	/* The parser's copy is in the arena, which is ours to clear. */
	explicit_bzero((char *)(uintptr_t)line, len);
	return err;
}

const struct cmd cmd_authenticate = {
	.name = "AUTHENTICATE",
	.states = ST_NOT_AUTHENTICATED,
	.parse = authenticate_parse,
	.run = authenticate_run,
	.rfc = "RFC 3501 6.2.2",
};

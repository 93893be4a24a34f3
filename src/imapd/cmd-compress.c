/* cmd-compress.c - COMPRESS: RFC 4978 3
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/session.h"
#include "util/deflate.h"

/* RFC 4978 5 */
static const struct err *
compress_parse(struct arena *a, struct parser *p, void **args_r)
{
	const char *algorithm;

	(void)a;
	if (!parser_sp(p) || !parser_word(p, &algorithm) || !parser_crlf(p))
		return parser_err(p);
	if (strcmp(algorithm, "DEFLATE") != 0)
		return err_syntax("DEFLATE is the only algorithm");
	*args_r = NULL;
	return NULL;
}

/* The answer itself is not compressed: see compress_answered(). */
static const struct err *
compress_run(struct session *s, void *args)
{
	(void)args;
	if (s->compressed)
		return err_syntax_code(RESP_COMPRESSIONACTIVE,
		    "DEFLATE is active by COMPRESS");
	session_ok(s, "DEFLATE active");
	return NULL;
}

/* RFC 4978 3: both directions, from behind the CRLF of either line on. */
static void
compress_answered(struct session *s)
{
	deflate_start(s->in, s->out);
	s->compressed = true;
}

const struct cmd cmd_compress = {
	.name = "COMPRESS",
	.states = ST_LOGGED_IN,
	.parse = compress_parse,
	.run = compress_run,
	.answered = compress_answered,
	.rfc = "RFC 4978 3",
};

/* cmd-enable.c - ENABLE: RFC 5161, RFC 9051 6.3.1
 * SPDX-License-Identifier: ISC */
#include <strings.h>

#include "imapd/capability.h"
#include "imapd/enabled.h"
#include "imapd/session.h"

/* RFC 9051 4.3; RFC 9755 3 */
static void
utf8_on(struct session *s)
{
	output_set_utf8(s->out, true);
}

/*
 * What can be turned on.  A row counts only while its word is offered
 * (capability.c); other words are ignored.
 */
static const struct extension {
	const char	 *word;
	unsigned int	  bits;
	void		(*on)(struct session *);	/* or NULL: called once */
} extensions[] = {
	{ "CONDSTORE", ENABLED_CONDSTORE, NULL },
	{ "QRESYNC", ENABLED_QRESYNC | ENABLED_CONDSTORE, NULL },
	{ "UIDONLY", ENABLED_UIDONLY, NULL },
	{ "IMAP4rev2", ENABLED_IMAP4REV2, utf8_on },
	{ "UTF8=ACCEPT", ENABLED_UTF8, utf8_on },
};
#define EXTENSIONS	(sizeof(extensions) / sizeof(extensions[0]))

struct enable_args {
	bool	named[EXTENSIONS];
};

bool
session_enabled(const struct session *s, unsigned int bits)
{
	return (s->enabled & bits) == bits;
}

/* RFC 5161 4 */
static const struct err *
enable_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct enable_args *args = arena_alloc(a, sizeof(*args));
	const char *word;

	do {
		if (!parser_sp(p) || !parser_atom(p, &word))
			return parser_err(p);
		for (size_t i = 0; i < EXTENSIONS; i++)
			if (strcasecmp(extensions[i].word, word) == 0)
				args->named[i] = true;
	} while (parser_peek(p) == ' ');
	if (!parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* RFC 5161 3.1: told is what this command turned on. */
static const struct err *
enable_run(struct session *s, void *v)
{
	const struct enable_args *args = v;
	const unsigned int before = s->enabled;

	output_adds(s->out, "* ENABLED");
	for (size_t i = 0; i < EXTENSIONS; i++) {
		const struct extension *ext = &extensions[i];

		if (!args->named[i] || (ext->bits & ~before) == 0 ||
		    !capability_offered(s, ext->word))
			continue;
		s->enabled |= ext->bits;
		if (ext->on != NULL)
			ext->on(s);
		output_addf(s->out, " %s", ext->word);
	}
	output_adds(s->out, "\r\n");
	return NULL;
}

/* RFC 5161 3.1: only valid before a mailbox is selected. */
const struct cmd cmd_enable = {
	.name = "ENABLE",
	.states = ST_AUTHENTICATED,
	.parse = enable_parse,
	.run = enable_run,
	.rfc = "RFC 5161 3.1",
};

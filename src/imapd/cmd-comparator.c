/* cmd-comparator.c - COMPARATOR: RFC 5255 4.7
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "imapd/session.h"

#define PATTERN_MAX	254	/* octets: RFC 4790 3.1 */

/* The default comes first. */
static const char *const names[] = {
	[COLLATION_UNICODE_CASEMAP] = "i;unicode-casemap",
	[COLLATION_ASCII_CASEMAP] = "i;ascii-casemap",
	[COLLATION_OCTET] = "i;octet"
};
#define NAMES		(sizeof(names) / sizeof(names[0]))

struct pattern {
	struct pattern	*next;
	const char	*s;
};

/* RFC 5255 4.10 "comparator-cmd" */
static const struct err *
comparator_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct pattern *first = NULL, **tail = &first;
	size_t len;

	while (parser_opt(p, ' ')) {
		*tail = arena_alloc(a, sizeof(**tail));
		if (!parser_astring(p, &(*tail)->s, &len))
			return parser_err(p);
		if (len == 0 || len > PATTERN_MAX) {
			parser_expected(p, "a comparator");
			return parser_err(p);
		}
		tail = &(*tail)->next;
	}
	if (!parser_crlf(p))
		return parser_err(p);
	*args_r = first;
	return NULL;
}

/* RFC 4790 3.2: "*" stands for any octets.  Goes back to the last one only. */
static bool
fits(const char *pattern, const char *name)
{
	const char *star = NULL, *at = NULL;

	while (*name != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			at = name;
		} else if (strncasecmp(pattern, name, 1) == 0 &&
		    *pattern != '\0') {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star;
			name = ++at;
		} else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool
matches(const struct pattern *pattern, size_t i)
{
	if (strcasecmp(pattern->s, "default") == 0)
		return i == 0;
	return fits(pattern->s, names[i]);
}

/* RFC 5255 4.8 */
static void
tell(struct session *s, const bool *matched, size_t n)
{
	output_addf(s->out, "* COMPARATOR %s", names[s->collation]);
	if (n > 1) {
		const char *before = " (";

		for (size_t i = 0; i < NAMES; i++) {
			if (!matched[i])
				continue;
			output_addf(s->out, "%s%s", before, names[i]);
			before = " ";
		}
		output_adds(s->out, ")");
	}
	output_adds(s->out, "\r\n");
}

static const struct err *
comparator_run(struct session *s, void *args)
{
	bool matched[NAMES] = { false };
	size_t n = 0, chosen = NAMES;

	for (const struct pattern *p = args; p != NULL; p = p->next)
		for (size_t i = 0; i < NAMES; i++) {
			if (!matches(p, i))
				continue;
			if (chosen == NAMES)
				chosen = i;
			n += !matched[i];
			matched[i] = true;
		}
	if (args != NULL && n == 0)
		return err_user("BADCOMPARATOR", "There is no such comparator");
	if (n > 0)
		s->collation = (enum collation)chosen;
	tell(s, matched, n);
	session_ok(s, "Will use %s for collation", names[s->collation]);
	return NULL;
}

const struct cmd cmd_comparator = {
	.name = "COMPARATOR",
	.states = ST_LOGGED_IN,
	.parse = comparator_parse,
	.run = comparator_run,
	.rfc = "RFC 5255 4.7"
};

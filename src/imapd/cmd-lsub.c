/* cmd-lsub.c - LSUB: RFC 3501 6.3.9
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/list.h"
#include "wire/mboxname.h"

static void
tell(struct session *s, const char *name, unsigned int attributes)
{
	list_write(s, "LSUB", &(struct list_response){ .name = name,
	    .attributes = attributes });
}

/* Whether the first len octets of name are name itself or a parent of it. */
static bool
has_level(const char *name, size_t len)
{
	return strlen(name) >= len &&
	    (name[len] == MBOXNAME_SEP || name[len] == '\0');
}

/*
 * RFC 3501 6.3.9: when "foo/bar" is subscribed and "foo" is not, "%" gives
 * "foo" as \Noselect.  Names are sorted, a parent directly before those below
 * it: a level that the name before also has was seen already, subscribed or
 * written.
 */
static void
tell_parents(struct session *s, struct list_patterns *patterns,
    const char *name, const char *before)
{
	for (const char *p = strchr(name, MBOXNAME_SEP); p != NULL;
	    p = strchr(p + 1, MBOXNAME_SEP)) {
		size_t len = (size_t)(p - name);
		const char *parent;

		if (before != NULL && strncmp(before, name, len) == 0 &&
		    has_level(before, len))
			continue;
		parent = arena_memdup(s->arena, name, len);
		if (list_matches(s, patterns, parent))
			tell(s, parent, LIST_NOSELECT);
	}
}

static const struct err *
lsub_run(struct session *s, void *v)
{
	struct list_args *args = v;
	struct list_patterns patterns;
	const struct err *err;
	const char **names;
	size_t n, len = strlen(args->patterns[0]);

	if (len == 0) {
		list_write_delimiter(s, "LSUB");
		return NULL;
	}
	err = account_subscriptions(s->account, s->arena, &names, &n);
	if (err != NULL)
		return err;
	list_patterns(s, args, &patterns);
	for (size_t i = 0; i < n; i++) {
		if (args->patterns[0][len - 1] == '%')
			tell_parents(s, &patterns, names[i],
			    i > 0 ? names[i - 1] : NULL);
		if (list_matches(s, &patterns, names[i]))
			tell(s, names[i], 0);
	}
	list_patterns_clear(&patterns);
	return NULL;
}

const struct cmd cmd_lsub = {
	.name = "LSUB",
	.states = ST_LOGGED_IN,
	.parse = lsub_parse,
	.run = lsub_run,
	.rfc = "RFC 3501 6.3.9",
};

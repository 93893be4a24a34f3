/* list-parse.c - the grammar of LIST and LSUB
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/list.h"

struct option {
	const char	*name;
	unsigned int	 bit;
};

static const struct option select_options[] = {
	{ "SUBSCRIBED", LIST_SELECT_SUBSCRIBED },
	{ "REMOTE", LIST_SELECT_REMOTE },
	{ "RECURSIVEMATCH", LIST_SELECT_RECURSIVE },
	{ "SPECIAL-USE", LIST_SELECT_SPECIAL_USE },
	{ NULL, 0 }
};

static const struct option return_options[] = {
	{ "SUBSCRIBED", LIST_RETURN_SUBSCRIBED },
	{ "CHILDREN", LIST_RETURN_CHILDREN },
	{ "SPECIAL-USE", LIST_RETURN_SPECIAL_USE },
	{ "STATUS", LIST_RETURN_STATUS },
	{ NULL, 0 }
};

/* RFC 5258 3: what is said twice counts once. */
static bool
option(struct parser *p, const struct option *options, const char *what,
    unsigned int *bits, unsigned int *bit_r)
{
	const char *word;

	if (!parser_word(p, &word))
		return false;
	for (; options->name != NULL; options++)
		if (strcmp(options->name, word) == 0) {
			*bits |= options->bit;
			*bit_r = options->bit;
			return true;
		}
	return parser_expected(p, what);
}

/* RFC 5258 6 "list-select-opts" */
static bool
parse_select(struct parser *p, struct list_args *args)
{
	unsigned int bit;

	if (!parser_char(p, '('))
		return false;
	if (parser_opt(p, ')'))
		return true;
	do {
		if (!option(p, select_options, "a LIST selection option",
		    &args->select, &bit))
			return false;
	} while (parser_opt(p, ' '));
	/* RFC 9051 6.3.9.1; RFC 6154 6: SPECIAL-USE is no base option. */
	if ((args->select & LIST_SELECT_RECURSIVE) != 0 &&
	    (args->select & LIST_SELECT_SUBSCRIBED) == 0)
		return parser_expected(p, "SUBSCRIBED beside RECURSIVEMATCH");
	return parser_char(p, ')');
}

/* RFC 5258 6 "list-return-opts" */
static bool
parse_return(struct parser *p, struct list_args *args)
{
	unsigned int bit;
	const char *word;

	if (!parser_word(p, &word))
		return false;
	if (strcmp(word, "RETURN") != 0)
		return parser_expected(p, "RETURN or the end of the line");
	if (!parser_sp(p) || !parser_char(p, '('))
		return false;
	if (parser_opt(p, ')'))
		return true;
	do {
		if (!option(p, return_options, "a LIST return option",
		    &args->returns, &bit))
			return false;
		/* RFC 5819 4 */
		if (bit == LIST_RETURN_STATUS && (!parser_sp(p) ||
		    !status_parse_items(p, &args->status)))
			return false;
	} while (parser_opt(p, ' '));
	return parser_char(p, ')');
}

static void
add_pattern(struct arena *a, struct list_args *args, const char *pattern,
    size_t *size)
{
	const char **more;

	if (args->n == *size) {
		*size = *size == 0 ? 1 : 2 * *size;
		more = arena_array(a, *size, sizeof(*more));
		if (args->n > 0)
			memcpy(more, args->patterns, args->n * sizeof(*more));
		args->patterns = more;
	}
	args->patterns[args->n++] = pattern;
}

/* RFC 5258 6 "mbox-or-pat" */
static bool
parse_patterns(struct arena *a, struct parser *p, struct list_args *args)
{
	const char *pattern;
	size_t size = 0;

	if (!parser_opt(p, '(')) {
		if (!parser_list_mailbox(p, &pattern))
			return false;
		add_pattern(a, args, pattern, &size);
		return true;
	}
	args->extended = true;
	do {
		if (!parser_list_mailbox(p, &pattern))
			return false;
		/* Beyond the limit only the grammar counts. */
		if (args->n <= LIST_PATTERNS_MAX)
			add_pattern(a, args, pattern, &size);
	} while (parser_opt(p, ' '));
	return parser_char(p, ')');
}

/* What each name is held against. */
static size_t
pattern_octets(const struct list_args *args)
{
	size_t octets = 0;

	for (size_t i = 0; i < args->n; i++) {
		const size_t len = strlen(args->reference) +
		    strlen(args->patterns[i]);

		if (len <= LIST_PATTERN_OCTETS)	/* list_patterns() */
			octets += len;
	}
	return octets;
}

const struct err *
list_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct list_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p))
		return parser_err(p);
	if (parser_peek(p) == '(') {
		args->extended = true;
		if (!parse_select(p, args) || !parser_sp(p))
			return parser_err(p);
	}
	if (!parser_mailbox(p, &args->reference) || !parser_sp(p) ||
	    !parse_patterns(a, p, args))
		return parser_err(p);
	if (parser_opt(p, ' ')) {
		args->extended = true;
		if (!parse_return(p, args))
			return parser_err(p);
	}
	if (!parser_crlf(p))
		return parser_err(p);
	if (args->n > LIST_PATTERNS_MAX)
		return err_user(RESP_LIMIT, "No more than %d patterns",
		    LIST_PATTERNS_MAX);
	if (pattern_octets(args) > LIST_OCTETS_MAX)
		return err_user(RESP_LIMIT, "No more than %d octets of "
		    "patterns", LIST_OCTETS_MAX);
	*args_r = args;
	return NULL;
}

const struct err *
lsub_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct list_args *args = arena_alloc(a, sizeof(*args));
	const char *pattern;
	size_t size = 0;

	if (!parser_sp(p) || !parser_mailbox(p, &args->reference) ||
	    !parser_sp(p) || !parser_list_mailbox(p, &pattern) ||
	    !parser_crlf(p))
		return parser_err(p);
	add_pattern(a, args, pattern, &size);
	*args_r = args;
	return NULL;
}

/* notify-parse.c - the arguments of NOTIFY: RFC 5465 8
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/notify.h"

#define NAMES_FIRST	8	/* room for names, doubled when it is full */

static const struct {
	const char	*name;
	enum notify_filter filter;
} filters[] = {
	{ "SELECTED", NOTIFY_SELECTED },
	{ "SELECTED-DELAYED", NOTIFY_SELECTED_DELAYED },
	{ "PERSONAL", NOTIFY_PERSONAL },
	/* RFC 5465 6.3: mail can be delivered to every mailbox. */
	{ "INBOXES", NOTIFY_PERSONAL },
	{ "SUBSCRIBED", NOTIFY_SUBSCRIBED },
	{ "SUBTREE", NOTIFY_SUBTREE },
	{ "MAILBOXES", NOTIFY_MAILBOXES },
};

static const struct {
	const char	*name;
	unsigned int	 event;
} events[] = {
	{ "MESSAGENEW", NOTIFY_NEW },
	{ "MESSAGEEXPUNGE", NOTIFY_EXPUNGE },
	{ "FLAGCHANGE", NOTIFY_FLAGS },
	{ "MAILBOXNAME", NOTIFY_NAME },
	{ "SUBSCRIPTIONCHANGE", NOTIFY_SUBSCRIPTION },
};

struct parse {
	struct arena	*arena;
	struct parser	*p;
	struct notify_args *args;
	bool		 selected;	/* a group is of the selected mailbox */
	size_t		 names;		/* of all groups */
};

static bool
is_selected(const struct notify_group *g)
{
	return g->filter == NOTIFY_SELECTED ||
	    g->filter == NOTIFY_SELECTED_DELAYED;
}

/* "one-or-more-mailbox" */
static bool
parse_names(struct parse *ps, struct notify_group *g)
{
	size_t size = NAMES_FIRST;
	bool many;

	if (!parser_sp(ps->p))
		return false;
	many = parser_opt(ps->p, '(');
	g->names = arena_array(ps->arena, size, sizeof(*g->names));
	do {
		if (g->n == size) {
			const char **more = arena_array(ps->arena, size *= 2,
			    sizeof(*more));

			memcpy(more, g->names, g->n * sizeof(*more));
			g->names = more;
		}
		if (!parser_mailbox(ps->p, &g->names[g->n]))
			return false;
		/* Beyond the limit only the grammar counts. */
		if (++ps->names > NOTIFY_NAMES_MAX)
			ps->args->too_many = true;
		else
			g->n++;
	} while (many && parser_opt(ps->p, ' '));
	return !many || parser_char(ps->p, ')');
}

static bool
parse_filter(struct parse *ps, struct notify_group *g)
{
	const char *word;
	size_t i;

	if (!parser_word(ps->p, &word))
		return false;
	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (strcmp(filters[i].name, word) == 0)
			break;
	if (i == sizeof(filters) / sizeof(filters[0]))
		return parser_expected(ps->p, "SELECTED, SELECTED-DELAYED, "
		    "INBOXES, PERSONAL, SUBSCRIBED, SUBTREE or MAILBOXES");
	g->filter = filters[i].filter;
	if (is_selected(g) && ps->selected)
		return parser_expected(ps->p, "the selected mailbox once");
	ps->selected |= is_selected(g);
	return (g->filter != NOTIFY_SUBTREE && g->filter != NOTIFY_MAILBOXES) ||
	    parse_names(ps, g);
}

/* *space_r: a space was taken that does not belong to the event. */
static bool
parse_event(struct parse *ps, struct notify_group *g, bool *message_r,
    bool *space_r)
{
	const char *word;

	*space_r = false;
	if (!parser_word(ps->p, &word))
		return false;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (strcmp(events[i].name, word) != 0)
			continue;
		g->events |= events[i].event;
		if (is_selected(g) &&
		    (events[i].event & NOTIFY_MESSAGE_EVENTS) == 0)
			return parser_expected(ps->p, "message events for the "
			    "selected mailbox");
		if (events[i].event != NOTIFY_NEW)
			return true;
		*space_r = parser_opt(ps->p, ' ');
		if (!*space_r || parser_peek(ps->p) != '(')
			return true;
		*space_r = false;
		if (!is_selected(g))
			return parser_expected(ps->p, "no data items but for "
			    "the selected mailbox");
		return fetch_parse_list(ps->arena, ps->p, &g->fetch);
	}
	if (strcmp(word, "NONE") == 0)
		return parser_expected(ps->p, "NONE without parentheses");
	/* RFC 5465 3.1: known to the grammar, or "event-ext". */
	ps->args->bad_event = true;
	*message_r = strcmp(word, "ANNOTATIONCHANGE") == 0;
	return !is_selected(g) || (strcmp(word, "MAILBOXMETADATACHANGE") != 0 &&
	    strcmp(word, "SERVERMETADATACHANGE") != 0) ||
	    parser_expected(ps->p, "message events for the selected mailbox");
}

/* RFC 5465 5: what must come together. */
static bool
check_events(struct parse *ps, const struct notify_group *g, bool annotation)
{
	const unsigned int both = NOTIFY_NEW | NOTIFY_EXPUNGE;
	const unsigned int got = g->events & both;

	if (got == both || (got == 0 && !annotation &&
	    (g->events & NOTIFY_FLAGS) == 0))
		return true;
	return parser_expected(ps->p, "MessageNew and MessageExpunge together");
}

/* RFC 5465 8 "events" */
static bool
parse_events(struct parse *ps, struct notify_group *g)
{
	bool annotation = false, message = false, space;
	const char *word;

	if (!parser_sp(ps->p))
		return false;
	if (!parser_opt(ps->p, '(')) {
		if (!parser_word(ps->p, &word))
			return false;
		return strcmp(word, "NONE") == 0 ||
		    parser_expected(ps->p, "( or NONE");
	}
	do {
		if (!parse_event(ps, g, &message, &space))
			return false;
		annotation |= message;
	} while (space || parser_opt(ps->p, ' '));
	return parser_char(ps->p, ')') && check_events(ps, g, annotation);
}

static bool
parse_groups(struct parse *ps)
{
	struct notify_args *args = ps->args;
	struct notify_group spare, *g;

	args->groups = arena_array(ps->arena, NOTIFY_GROUPS_MAX,
	    sizeof(*args->groups));
	do {
		args->too_many |= args->n == NOTIFY_GROUPS_MAX;
		g = args->too_many ? &spare : &args->groups[args->n++];
		memset(g, 0, sizeof(*g));
		if (!parser_char(ps->p, '(') || !parse_filter(ps, g) ||
		    !parse_events(ps, g) || !parser_char(ps->p, ')'))
			return false;
	} while (parser_opt(ps->p, ' '));
	return true;
}

static bool
parse_set(struct parse *ps)
{
	const char *word;

	if (!parser_sp(ps->p))
		return false;
	if (parser_peek(ps->p) != '(') {
		if (!parser_word(ps->p, &word))
			return false;
		if (strcmp(word, "STATUS") != 0)
			return parser_expected(ps->p, "STATUS or (");
		ps->args->status = true;
		if (!parser_sp(ps->p))
			return false;
	}
	return parse_groups(ps);
}

const struct err *
notify_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct notify_args *args = arena_alloc(a, sizeof(*args));
	struct parse ps = { .arena = a, .p = p, .args = args };
	const char *word;

	if (!parser_sp(p) || !parser_word(p, &word))
		return parser_err(p);
	args->none = strcmp(word, "NONE") == 0;
	if (!args->none && strcmp(word, "SET") != 0)
		parser_expected(p, "SET or NONE");
	else if (!args->none)
		parse_set(&ps);
	if (p->err != NULL || !parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

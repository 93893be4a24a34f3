/* test-notify.c - the arguments of NOTIFY: RFC 5465 8
 * SPDX-License-Identifier: ISC */
#include "imapd/notify.h"

#include "test.h"

#define BOTH	(NOTIFY_NEW | NOTIFY_EXPUNGE)

static const struct {
	const char	*in;
	bool		 ok;
	size_t		 groups;	/* what is wanted of the first one: */
	enum notify_filter filter;
	size_t		 names;
	unsigned int	 events;
} table[] = {
	{ " NONE\r\n", true, 0, 0, 0, 0 },
	{ " set (selected (MessageNew MessageExpunge))\r\n", true, 1,
	    NOTIFY_SELECTED, 0, BOTH },
	{ " SET STATUS (Selected-Delayed (messageexpunge flagchange "
	    "messagenew (uid flags)))\r\n", true, 1, NOTIFY_SELECTED_DELAYED,
	    0, BOTH | NOTIFY_FLAGS },
	{ " SET (inboxes NONE) (personal (MailboxName))\r\n", true, 2,
	    NOTIFY_PERSONAL, 0, 0 },
	{ " SET (subtree (a \"b c\" {1+}\r\nd) (SubscriptionChange "
	    "MailboxName))\r\n", true, 1, NOTIFY_SUBTREE, 3,
	    NOTIFY_NAME | NOTIFY_SUBSCRIPTION },
	{ " SET (mailboxes a\\b (MessageNew MessageExpunge))\r\n", true, 1,
	    NOTIFY_MAILBOXES, 1, BOTH },
	{ " SET (subscribed (X-Other))\r\n", true, 1, NOTIFY_SUBSCRIBED, 0,
	    0 },
	{ "\r\n", false, 0, 0, 0, 0 },
	{ " SET\r\n", false, 0, 0, 0, 0 },
	{ " ALL\r\n", false, 0, 0, 0, 0 },
	{ " NONE \r\n", false, 0, 0, 0, 0 },
	{ " SET STATUS\r\n", false, 0, 0, 0, 0 },
	{ " SET (selected)\r\n", false, 0, 0, 0, 0 },
	{ " SET (selected (NONE))\r\n", false, 0, 0, 0, 0 },
	{ " SET (selected (MessageNew))\r\n", false, 0, 0, 0, 0 },
	{ " SET (personal (FlagChange))\r\n", false, 0, 0, 0, 0 },
	{ " SET (selected (AnnotationChange))\r\n", false, 0, 0, 0, 0 },
	{ " SET (selected (MailboxName))\r\n", false, 0, 0, 0, 0 },
	{ " SET (personal (MessageNew (uid) MessageExpunge))\r\n", false, 0,
	    0, 0, 0 },
	{ " SET (selected NONE) (selected-delayed NONE)\r\n", false, 0, 0, 0,
	    0 },
	{ " SET (subtree NONE)\r\n", false, 0, 0, 0, 0 },
	{ " SET (subtree () NONE)\r\n", false, 0, 0, 0, 0 },
};

static const struct err *
go_ahead(void *arg)
{
	(void)arg;
	return NULL;
}

/* Octets chunk at a time. */
static void
parse(size_t i, size_t chunk)
{
	struct arena *a = arena_new();
	struct input *in = input_new_mem(table[i].in, strlen(table[i].in),
	    chunk);
	const struct notify_args *args;
	const struct err *err;
	struct parser p;
	void *got = NULL;

	TEST_ROW("%s by %zu", table[i].in, chunk);
	parser_init(&p, a, in, go_ahead, NULL, 8192);
	err = notify_parse(a, &p, &got);
	CHECK_INT(err == NULL, table[i].ok);
	if (err == NULL) {
		args = got;
		CHECK_INT(args->n, table[i].groups);
		CHECK_INT(args->none, table[i].groups == 0);
		if (args->n > 0) {
			CHECK_INT(args->groups[0].filter, table[i].filter);
			CHECK_INT(args->groups[0].n, table[i].names);
			CHECK_INT(args->groups[0].events, table[i].events);
		}
		CHECK(p.at_end);
	} else
		CHECK_INT(err->kind, ERR_SYNTAX);
	input_free(in);
	arena_free(a);
}

static void
arguments_are_parsed(void)
{
	for (size_t i = 0; i < TEST_N(table); i++) {
		parse(i, 1);
		parse(i, 4096);
	}
}

/* As many groups as fit into a command: the rest is counted, not kept. */
static void
groups_are_limited(void)
{
	struct arena *a = arena_new();
	struct buf b = { 0 };
	struct input *in;
	struct parser p;
	void *got = NULL;

	buf_adds(&b, " SET");
	for (int i = 0; i < NOTIFY_GROUPS_MAX * 3; i++)
		buf_adds(&b, " (personal NONE)");
	buf_adds(&b, "\r\n");
	in = input_new_mem(b.s, b.len, 4096);
	parser_init(&p, a, in, go_ahead, NULL, 65536);
	CHECK_OK(notify_parse(a, &p, &got));
	CHECK(got != NULL && ((struct notify_args *)got)->too_many);
	CHECK(got != NULL && ((struct notify_args *)got)->n ==
	    NOTIFY_GROUPS_MAX);
	input_free(in);
	buf_clear(&b);
	arena_free(a);
}

int
main(void)
{
	TEST(arguments_are_parsed);
	TEST(groups_are_limited);
	return test_end();
}

/* cmd-status.c - STATUS: RFC 3501 6.3.10
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/selected.h"

enum status_item {
	STATUS_MESSAGES, STATUS_RECENT, STATUS_UIDNEXT, STATUS_UIDVALIDITY,
	STATUS_UNSEEN, STATUS_ITEMS
};

static const char *const item_names[STATUS_ITEMS] = {
	"MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN"
};

struct status_args {
	const char	*mailbox;
	enum status_item items[STATUS_ITEMS];	/* n of them, no doubles */
	size_t		 n;
};

static bool
wants(const struct status_args *args, enum status_item item)
{
	for (size_t i = 0; i < args->n; i++)
		if (args->items[i] == item)
			return true;
	return false;
}

/* RFC 3501 9 "status-att" */
static bool
parse_item(struct parser *p, struct status_args *args)
{
	const char *word;

	if (!parser_word(p, &word))
		return false;
	for (enum status_item i = 0; i < STATUS_ITEMS; i++) {
		if (strcmp(word, item_names[i]) != 0)
			continue;
		if (!wants(args, i))
			args->items[args->n++] = i;
		return true;
	}
	return parser_expected(p, "MESSAGES, RECENT, UIDNEXT, UIDVALIDITY or "
	    "UNSEEN");
}

/* RFC 3501 9 "status" */
static const struct err *
status_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct status_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_mailbox(p, &args->mailbox) ||
	    !parser_sp(p) || !parser_char(p, '('))
		return parser_err(p);
	do {
		if (!parse_item(p, args))
			return parser_err(p);
	} while (parser_opt(p, ' '));
	if (!parser_char(p, ')') || !parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* The messages that the next session to select the mailbox will find \Recent.
 * STATUS must not take that from them. */
static const struct err *
count_recent(struct session *s, const struct place *place, uint32_t uidnext,
    uint32_t *n_r)
{
	const struct err *err;
	struct mailbox *mbox = NULL;
	uint32_t first;

	err = session_open(s, place, false, &mbox);
	if (err != NULL)
		return err;
	err = mailbox_recent(mbox, false, uidnext, &first);
	if (err == NULL && first < uidnext)
		err = mailbox_count_from(mbox, first, n_r);
	mailbox_close(mbox);
	return err;
}

static void
write_status(struct session *s, const struct status_args *args,
    const char *full, const uint32_t values[STATUS_ITEMS])
{
	output_adds(s->out, "* STATUS ");
	reply_mailbox(s->out, full, s->conf->delimiter);
	for (size_t i = 0; i < args->n; i++) {
		output_addf(s->out, "%s%s ", i == 0 ? " (" : " ",
		    item_names[args->items[i]]);
		reply_number(s->out, values[args->items[i]]);
	}
	output_adds(s->out, ")\r\n");
}

static const struct err *
status_run(struct session *s, void *v)
{
	struct status_args *args = v;
	uint32_t values[STATUS_ITEMS] = { 0 };
	const struct err *err;
	struct mailbox_row row;
	struct place place;

	err = session_place(s, args->mailbox, &place);
	if (err == NULL)
		err = session_need(s, &place, RIGHT_READ);
	if (err == NULL)
		err = account_find(place.account, s->arena, place.name, &row);
	if (err == NULL && row.noselect)
		err = err_user(RESP_CANNOT, "This name holds no messages, only "
		    "other mailboxes");
	if (err == NULL && wants(args, STATUS_RECENT) && row.messages > 0)
		err = count_recent(s, &place, row.uidnext,
		    &values[STATUS_RECENT]);
	if (err != NULL)
		return err;
	values[STATUS_MESSAGES] = row.messages;
	values[STATUS_UIDNEXT] = row.uidnext;
	values[STATUS_UIDVALIDITY] = row.uidvalidity;
	values[STATUS_UNSEEN] = row.unseen;
	write_status(s, args, place.full, values);
	return NULL;
}

const struct cmd cmd_status = {
	.name = "STATUS",
	.states = ST_LOGGED_IN,
	.parse = status_parse,
	.run = status_run,
	.rfc = "RFC 3501 6.3.10",
};

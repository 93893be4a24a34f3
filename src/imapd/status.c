/* status.c - the data items of STATUS
 * SPDX-License-Identifier: ISC */
#include "imapd/status.h"

#include <string.h>

#include "imapd/capability.h"
#include "imapd/condstore.h"

static const struct {
	const char	*name;
	const char	*capability;	/* that it belongs to, or NULL */
} items[STATUS_ITEMS] = {
	[STATUS_MESSAGES] = { "MESSAGES", NULL },
	[STATUS_RECENT] = { "RECENT", NULL },
	[STATUS_UIDNEXT] = { "UIDNEXT", NULL },
	[STATUS_UIDVALIDITY] = { "UIDVALIDITY", NULL },
	[STATUS_UNSEEN] = { "UNSEEN", NULL },
	[STATUS_DELETED] = { "DELETED", "IMAP4rev2" },
	/* RFC 8438 3 */
	[STATUS_SIZE] = { "SIZE", "STATUS=SIZE" },
	/* RFC 7889 3.1 */
	[STATUS_APPENDLIMIT] = { "APPENDLIMIT", "APPENDLIMIT" },
	/* RFC 8474 4.3 */
	[STATUS_MAILBOXID] = { "MAILBOXID", "OBJECTID" },
	/* RFC 7162 3.1.7 */
	[STATUS_HIGHESTMODSEQ] = { "HIGHESTMODSEQ", "CONDSTORE" },
};

bool
status_wants(const struct status_items *args, enum status_item item)
{
	for (size_t i = 0; i < args->n; i++)
		if (args->items[i] == item)
			return true;
	return false;
}

/* RFC 9051 9 "status-att" */
static bool
parse_item(struct parser *p, struct status_items *args)
{
	const char *word;

	if (!parser_word(p, &word))
		return false;
	for (enum status_item i = 0; i < STATUS_ITEMS; i++) {
		if (strcmp(word, items[i].name) != 0)
			continue;
		if (!status_wants(args, i))
			args->items[args->n++] = i;
		return true;
	}
	return parser_expected(p, "a status data item, such as MESSAGES");
}

bool
status_parse_items(struct parser *p, struct status_items *args)
{
	if (!parser_char(p, '('))
		return false;
	do {
		if (!parse_item(p, args))
			return false;
	} while (parser_opt(p, ' '));
	return parser_char(p, ')');
}

const struct err *
status_check(struct session *s, const struct status_items *args)
{
	for (size_t i = 0; i < args->n; i++) {
		const char *word = items[args->items[i]].capability;

		if (word != NULL && !capability_offered(s, word))
			return err_syntax("unknown status data item %s",
			    items[args->items[i]].name);
	}
	if (status_wants(args, STATUS_HIGHESTMODSEQ))
		condstore_enable(s);
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
write_value(struct session *s, enum status_item item,
    const struct mailbox_row *row, uint32_t recent)
{
	switch (item) {
	case STATUS_MESSAGES:
		reply_number(s->out, row->messages);
		break;
	case STATUS_RECENT:
		reply_number(s->out, recent);
		break;
	case STATUS_UIDNEXT:
		reply_number(s->out, row->uidnext);
		break;
	case STATUS_UIDVALIDITY:
		reply_number(s->out, row->uidvalidity);
		break;
	case STATUS_UNSEEN:
		reply_number(s->out, row->unseen);
		break;
	case STATUS_DELETED:
		reply_number(s->out, row->deleted);
		break;
	case STATUS_SIZE:
		reply_number(s->out, row->size);
		break;
	case STATUS_APPENDLIMIT:
		reply_number(s->out, capability_append_limit(s));
		break;
	case STATUS_MAILBOXID:
		output_addf(s->out, "(" MAILBOXID_FORMAT ")", row->id);
		break;
	case STATUS_HIGHESTMODSEQ:
		reply_number(s->out, row->highestmodseq);
		break;
	case STATUS_ITEMS:
		break;
	}
}

const struct err *
status_tell(struct session *s, const struct status_items *args,
    const struct place *place, const struct mailbox_row *row)
{
	const struct err *err = NULL;
	uint32_t recent = 0;

	if (status_wants(args, STATUS_RECENT) && row->messages > 0)
		err = count_recent(s, place, row->uidnext, &recent);
	if (err != NULL)
		return err;
	output_adds(s->out, "* STATUS ");
	reply_mailbox(s->out, place->full, s->conf->delimiter);
	for (size_t i = 0; i < args->n; i++) {
		output_adds(s->out, i == 0 ? " (" : " ");
		output_adds(s->out, items[args->items[i]].name);
		output_add(s->out, " ", 1);
		write_value(s, args->items[i], row, recent);
	}
	output_adds(s->out, ")\r\n");
	return NULL;
}

/* cmd-deliver.c - mboxadm deliver: one message from an MTA's pipe
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"
#include "lines.h"
#include "util/log.h"
#include "wire/respcode.h"

#define SENDER_MAX_OCTETS	998	/* one line: RFC 5322 2.1.1 */

/* Where in the message the reading is. */
struct intake {
	struct feed	 feed;
	const char	*sender;	/* NULL: leave Return-Path alone */
	bool		 header;	/* no empty line yet */
	bool		 drop;		/* lines that fold belong to it too */
	bool		 first;		/* nothing was read yet */
};

/* A sender that would end the field and begin another is an attack. */
static const struct err *
deliver_prepare(struct admin *a)
{
	const char *sender = a->opt[OPT_SENDER];

	if (sender == NULL)
		return NULL;
	if (strlen(sender) > SENDER_MAX_OCTETS)
		return admin_usage("the sender has more than %d octets",
		    SENDER_MAX_OCTETS);
	for (const char *p = sender; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return admin_usage("the sender holds a control "
			    "character");
	return NULL;
}

/* RFC 5321 4.4: final delivery puts the return path at the top. */
static const struct err *
write_return_path(struct intake *in)
{
	const char *sender = in->sender;
	const struct err *err;
	size_t len;

	if (sender == NULL)
		return NULL;
	len = strlen(sender);
	if (len >= 2 && sender[0] == '<' && sender[len - 1] == '>') {
		sender++;
		len -= 2;
	}
	err = feed_string(&in->feed, "Return-Path: <");
	if (err == NULL)
		err = feed_octets(&in->feed, sender, len);
	if (err == NULL)
		err = feed_string(&in->feed, ">\n");
	return err;
}

static const struct err *
take_line(struct intake *in, const struct line *line)
{
	bool folded = line->s[0] == ' ' || line->s[0] == '\t';

	if (!in->header)
		return feed_octets(&in->feed, line->s, line->len);
	if (line->begins && in->first) {
		/* What mbox files have, and some MTAs put before a message;
		 * "From : joe" is a field (RFC 5322 4.5). */
		in->drop = line->len > 5 &&
		    memcmp(line->s, "From ", 5) == 0 &&
		    !line_is_field(line, "From");
		in->first = false;
		if (in->drop)
			return NULL;
	}
	if (line_is_empty(line))
		in->header = in->drop = false;
	else if (line->begins && !folded)
		in->drop = in->sender != NULL &&
		    line_is_field(line, "Return-Path");
	return in->drop ? NULL : feed_octets(&in->feed, line->s, line->len);
}

static const struct err *
take_message(struct admin *a, struct intake *in, struct upload **up_r)
{
	struct lines *lines = lines_new(STDIN_FILENO);
	const struct err *err;
	struct line line;
	bool more = true;

	err = write_return_path(in);
	while (err == NULL) {
		err = lines_next(lines, &line, &more);
		if (err != NULL || !more)
			break;
		err = take_line(in, &line);
	}
	if (err == NULL && (in->first || in->feed.size == 0))
		err = admin_fail(a, EX_DATAERR,
		    "there is no message on standard input");
	if (err == NULL && feed_too_big(&in->feed))
		err = admin_fail(a, EX_DATAERR, "the message has %" PRIu64
		    " octets, more than message-size-limit allows (%" PRIu64
		    ")", in->feed.size, in->feed.limit);
	if (err == NULL)
		err = feed_finish(&in->feed, up_r);
	lines_free(lines);
	return err;
}

/* "alice", "alice/Lists", "shared/sales", "shared/sales/Orders". */
static const struct err *
open_account(struct admin *a, const char *to, struct account **account_r,
    const char **mailbox_r)
{
	const char *slash = strchr(to, '/');

	if (slash != NULL && strncmp(to, "shared/", 7) == 0)
		slash = strchr(slash + 1, '/');
	*mailbox_r = slash != NULL ? slash + 1 : "";
	if (slash != NULL)
		to = arena_memdup(a->arena, to, (size_t)(slash - to));
	return admin_account(a, to, account_r);
}

/*
 * The mailbox that was named; mail for one that is not there goes to INBOX:
 * better read in the wrong place than sent back.
 */
static const struct err *
open_mailbox(struct admin *a, struct account *account, const char *name,
    struct mailbox **mbox_r)
{
	const char *inbox = account_kind(account) == ACCOUNT_SHARED ? "." :
	    "INBOX";
	const struct err *err;

	if (name[0] == '\0')
		return admin_mailbox_open(a, account, inbox, false, mbox_r);
	err = admin_mailbox_open(a, account, name, false, mbox_r);
	if (err == NULL || err->kind != ERR_USER)
		return err;
	log_warning("deliver: user=%s mailbox=%s: %s; goes to %s instead",
	    a->argv[0], name, err->text, inbox);
	return admin_mailbox_open(a, account, inbox, false, mbox_r);
}

static const struct err *
deliver(struct admin *a, struct account *account, const char *mailbox)
{
	struct intake in = { .sender = a->opt[OPT_SENDER], .header = true,
	    .first = true };
	struct mailbox *mbox = NULL;
	struct upload *up = NULL;
	const struct err *err;
	struct datetime now = admin_now();
	uint64_t size;
	uint32_t uid;

	err = open_mailbox(a, account, mailbox, &mbox);
	if (err != NULL)
		return err;
	/* It may be deleted while the message comes in: not the sender's fault. */
	a->status_missing = EX_TEMPFAIL;
	err = feed_open(&in.feed, mbox, a->conf->message_size_limit);
	if (err == NULL)
		err = take_message(a, &in, &up);
	if (err == NULL) {
		size = upload_size(up);
		upload_set(up, 0, &now);
		err = mailbox_append(mbox, &up, 1, &uid);
	}
	if (err == NULL)
		log_info("deliver: to=%s from=<%s> mailbox=%s uid=%" PRIu32
		    " size=%" PRIu64, a->argv[0],
		    in.sender != NULL ? in.sender : "", mailbox_id(mbox), uid,
		    size);
	upload_free(up);
	feed_close(&in.feed);
	mailbox_close(mbox);
	return err;
}

/* An MTA that is still writing would take SIGPIPE for the verdict. */
static void
drain_input(void)
{
	char buf[8192];
	ssize_t n;

	if (isatty(STDIN_FILENO))
		return;
	do
		n = read(STDIN_FILENO, buf, sizeof(buf));
	while (n > 0 || (n == -1 && errno == EINTR));
}

static const struct err *
deliver_run(struct admin *a)
{
	struct account *account = NULL;
	const struct err *err;
	const char *mailbox;

	err = open_account(a, a->argv[0], &account, &mailbox);
	if (err == NULL)
		err = deliver(a, account, mailbox);
	account_close(account);
	if (err != NULL)
		drain_input();
	return err;
}

const struct verb verbs_deliver[] = {
	{ .words = "deliver", .operands = "[-f SENDER] USER[/MAILBOX]",
	  .help = "deliver the message on standard input",
	  .min = 1, .max = 1, .flags = VERB_DELIVERS, .opts = OPT(OPT_SENDER),
	  .prepare = deliver_prepare, .run = deliver_run },
	{ .words = NULL }
};

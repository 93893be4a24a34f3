/* cmd-append.c - APPEND: RFC 3501 6.3.11, RFC 3502 6.3.11, RFC 4466 6
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "imapd/append.h"
#include "imapd/capability.h"
#include "imapd/limit.h"
#include "util/log.h"

/* What a client can make one command hold until it ends. */
#define MESSAGES_MAX	200			/* each has a descriptor */
#define MEMORY_MAX	(32 * 1024 * 1024)	/* octets */

struct append_args {
	const char		*wire;
	struct append_message	 first;
};

struct appending {
	struct session	*s;
	struct place	 place;
	struct mailbox	*mbox;
	struct upload	**ups;		/* n of them, room for MESSAGES_MAX */
	size_t		 n;
	size_t		 memory;
};

/* RFC 4466 6 "append", up to where the first message's octets begin */
static const struct err *
append_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct append_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_mailbox(p, &args->wire) ||
	    !append_parse_message(p, &args->first))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

static const struct err *
read_one(struct appending *ap, const struct append_message *m)
{
	const struct err *err;

	if (ap->n == 1 && capability_off(ap->s, "MULTIAPPEND"))
		return err_syntax("MULTIAPPEND is turned off");
	if ((err = limit_append(ap->s, ap->n + 1)) != NULL)
		return err;
	if (ap->n == MESSAGES_MAX || ap->memory > MEMORY_MAX)
		return err_user(RESP_LIMIT, "One APPEND takes at most %d "
		    "messages, with %d MiB of headers and structure",
		    MESSAGES_MAX, MEMORY_MAX / 1024 / 1024);
	err = append_read(ap->s, m, &ap->place, ap->mbox, &ap->ups[ap->n]);
	if (err == NULL)
		ap->memory += upload_memory(ap->ups[ap->n++]);
	return err;
}

/* RFC 3502: messages up to the command's end. */
static const struct err *
read_all(struct appending *ap, const struct append_args *args)
{
	struct parser *p = &ap->s->parser;
	struct append_message m = args->first;
	const struct err *err;

	for (;;) {
		if ((err = read_one(ap, &m)) != NULL)
			return err;
		if (parser_peek(p) != ' ')
			return parser_crlf(p) ? NULL : parser_err(p);
		if (!append_parse_message(p, &m))
			return parser_err(p);
	}
}

/* RFC 4315 3: nothing is disclosed of what may not be selected. */
static void
tell_appended(const struct appending *ap, uint32_t first)
{
	const uint32_t validity = mailbox_uidvalidity(ap->mbox);

	if ((ap->place.rights & RIGHT_READ) == 0)
		return;
	if (ap->n == 1)
		session_ok(ap->s, "[APPENDUID %u %u] Stored", validity, first);
	else
		session_ok(ap->s, "[APPENDUID %u %u:%u] Stored", validity,
		    first, first + (uint32_t)ap->n - 1);
}

static const struct err *
append_all(struct appending *ap, const struct append_args *args)
{
	const struct err *err;
	uint32_t first;

	ap->ups = calloc(MESSAGES_MAX, sizeof(struct upload *));
	if (ap->ups == NULL)
		fatal("out of memory");
	err = read_all(ap, args);
	if (err == NULL)
		err = mailbox_append(ap->mbox, ap->ups, ap->n, &first);
	if (err == NULL)
		tell_appended(ap, first);
	for (size_t i = 0; i < ap->n; i++)
		upload_free(ap->ups[i]);
	free(ap->ups);
	return err;
}

static const struct err *
append_run(struct session *s, void *arg)
{
	const struct append_args *args = arg;
	struct appending ap = { .s = s };
	const struct err *err;

	if ((err = append_check(s, &args->first)) != NULL ||
	    (err = session_place(s, args->wire, &ap.place)) != NULL ||
	    (err = session_need(s, &ap.place, RIGHT_INSERT)) != NULL ||
	    (err = session_open_appended(s, &ap.place, &ap.mbox)) != NULL)
		return err;
	err = append_all(&ap, args);
	if (err == NULL)
		session_keep_appended(s, ap.mbox);
	else
		mailbox_close(ap.mbox);
	return err;
}

const struct cmd cmd_append = {
	.name = "APPEND",
	.states = ST_LOGGED_IN,
	.parse = append_parse,
	.run = append_run,
	.rfc = "RFC 3501 6.3.11"
};

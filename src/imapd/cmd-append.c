/* cmd-append.c - APPEND: RFC 3501 6.3.11, RFC 4315 3, RFC 7888 4
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include <time.h>

#include "imapd/selected.h"

#define PIECE_OCTETS	65536	/* of the message that are in memory at once */

struct append_args {
	const char		*wire;
	struct parser_flags	 flags;
	struct datetime		 date;
	bool			 has_date;
	uint64_t		 size;
};

/* RFC 3501 9 "append", up to the head of its literal */
static const struct err *
append_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct append_args *args = arena_alloc(a, sizeof(*args));
	bool nonsync;

	if (!parser_sp(p) || !parser_mailbox(p, &args->wire) || !parser_sp(p))
		return parser_err(p);
	if (parser_peek(p) == '(' &&
	    (!parser_flags(p, false, &args->flags) || !parser_sp(p)))
		return parser_err(p);
	if (parser_peek(p) == '"') {
		args->has_date = true;
		if (!parser_date_time(p, &args->date) || !parser_sp(p))
			return parser_err(p);
	}
	if (!parser_literal_head(p, &args->size, &nonsync))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* All that can be refused before the octets are sent. */
static const struct err *
append_check(struct session *s, const struct append_args *args)
{
	if (args->size > s->conf->message_size_limit)
		return err_user(RESP_TOOBIG,
		    "A message may have at most %llu octets",
		    (unsigned long long)s->conf->message_size_limit);
	/* RFC 3502 6.3.11: a client that gives up sends an empty literal. */
	if (args->size == 0)
		return err_user(RESP_CANNOT, "A message cannot be empty");
	return NULL;
}

/* The flags that the rights allow to give: RFC 4314 4. */
static const struct err *
append_flags(const struct append_args *args, const struct place *place,
    struct mailbox *mbox, uint64_t *flags_r)
{
	const struct err *err;
	uint64_t keywords = 0;

	if (args->flags.n > 0 && (place->rights & RIGHT_WRITE) != 0) {
		err = mailbox_keyword_mask(mbox, args->flags.keywords,
		    args->flags.n, true, &keywords);
		if (err != NULL)
			return err;
	}
	*flags_r = (args->flags.system | keywords) &
	    rights_flag_mask(place->rights);
	return NULL;
}

/*
 * The literal's octets, into the upload.  What is left unread after a failure
 * the loop drops, like the rest of any refused command.
 */
static const struct err *
append_read(struct session *s, const struct append_args *args,
    struct upload *up)
{
	const size_t size = args->size < PIECE_OCTETS ? (size_t)args->size :
	    PIECE_OCTETS;
	char *piece = arena_alloc(s->arena, size);
	const struct err *err;
	uint64_t since_clock = 0;
	size_t n;
	bool ok;

	if (!parser_literal_go(&s->parser))
		return parser_err(&s->parser);
	while ((n = parser_literal_read(&s->parser, piece, size, &ok)) > 0) {
		if (memchr(piece, '\0', n) != NULL)
			return err_user(RESP_CANNOT,
			    "A message cannot hold a NUL octet");
		if ((err = upload_write(up, piece, n)) != NULL)
			return err;
		/* A long upload is no idle client, a trickle is. */
		if ((since_clock += n) >= PIECE_OCTETS) {
			input_deadline(s->in, s->conf->autologout);
			since_clock = 0;
		}
	}
	if (!ok || !parser_crlf(&s->parser))
		return parser_err(&s->parser);
	return NULL;
}

static struct datetime
now(void)
{
	const time_t when = time(NULL);
	struct datetime dt = { .when = when };
	struct tm tm;

	if (localtime_r(&when, &tm) != NULL)
		dt.zone = (int)(tm.tm_gmtoff / 60);
	return dt;
}

static const struct err *
append_to(struct session *s, const struct append_args *args,
    const struct place *place, struct mailbox *mbox)
{
	struct upload *up = NULL;
	struct datetime date;
	const struct err *err;
	uint64_t flags;
	uint32_t uid;

	if ((err = append_flags(args, place, mbox, &flags)) != NULL ||
	    (err = upload_new(mbox, &up)) != NULL)
		return err;
	err = append_read(s, args, up);
	if (err == NULL) {
		date = args->has_date ? args->date : now();
		upload_set(up, flags, &date);
		err = upload_finish(up);
	}
	if (err == NULL)
		err = mailbox_append(mbox, &up, 1, &uid);
	/* RFC 4315 3: nothing is disclosed of what may not be selected. */
	if (err == NULL && (place->rights & RIGHT_READ) != 0)
		session_ok(s, "[APPENDUID %u %u] Stored",
		    mailbox_uidvalidity(mbox), uid);
	upload_free(up);
	return err;
}

static const struct err *
append_run(struct session *s, void *args)
{
	struct mailbox *mbox = NULL;
	struct place place;
	const struct err *err;

	if ((err = append_check(s, args)) != NULL ||
	    (err = session_place(s, ((struct append_args *)args)->wire,
	    &place)) != NULL ||
	    (err = session_need(s, &place, RIGHT_INSERT)) != NULL ||
	    (err = session_open(s, &place, true, &mbox)) != NULL)
		return err;
	err = append_to(s, args, &place, mbox);
	mailbox_close(mbox);
	return err;
}

const struct cmd cmd_append = {
	.name = "APPEND",
	.states = ST_LOGGED_IN,
	.parse = append_parse,
	.run = append_run,
	.rfc = "RFC 3501 6.3.11"
};

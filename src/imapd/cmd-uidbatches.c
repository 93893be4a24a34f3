/* cmd-uidbatches.c - UIDBATCHES: RFC 10022
 * SPDX-License-Identifier: ISC
 *
 * UID ranges that cut the mailbox into batches of as many messages each, newest
 * first.  They leave no UID out: a batch begins below the one before, and the
 * last one goes down to 1. */
#include <string.h>

#include "imapd/limit.h"
#include "imapd/selected.h"
#include "wire/reply.h"
#include "wire/respcode.h"

/* Smaller batches than this may be refused, ranges of batches with more messages
 * than that too. */
#define BATCH_MIN	500
#define SPAN_MAX	100000

struct uidbatches {
	uint32_t	size;
	uint32_t	first, last;	/* batches, from 1; first is 0 for all */
};

/* "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number] */
static const struct err *
uidbatches_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct uidbatches *args = arena_alloc(a, sizeof(*args));

	*args = (struct uidbatches){ 0 };
	if (!parser_sp(p) || !parser_nz_number(p, &args->size))
		return parser_err(p);
	if (parser_peek(p) == ' ' && (!parser_sp(p) ||
	    !parser_nz_number(p, &args->first) || !parser_char(p, ':') ||
	    !parser_nz_number(p, &args->last)))
		return parser_err(p);
	if (!parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

static const struct err *
refusal(const struct uidbatches *args)
{
	if (args->size < BATCH_MIN)
		return err_user(RESP_TOOFEW, "A batch has at least %d messages",
		    BATCH_MIN);
	if (args->first > args->last)
		return err_syntax_code(RESP_CLIENTBUG,
		    "The first batch comes before the last");
	if (args->first > 0 && (uint64_t)args->size *
	    ((uint64_t)args->last - args->first + 1) > SPAN_MAX)
		return err_user(RESP_TOOMANY, "Ask for batches of %d messages "
		    "together", SPAN_MAX);
	return NULL;
}

/* The lowest UID of the batches before batch i: i is at most the number of
 * batches; UINT32_MAX + 1 before the first. */
static uint64_t
floor_uid(const struct view *v, uint32_t size, uint64_t i)
{
	if (i == 0)
		return (uint64_t)view_last_uid(v) + 1;
	if (i * size >= v->count)
		return 1;
	return view_uid(v, v->count - (uint32_t)(i * size) + 1);
}

static void
tell_batches(struct session *s, const struct view *v, uint32_t size,
    uint64_t first, uint64_t last)
{
	char mark = ' ';

	for (uint64_t i = first; i < last; i++, mark = ',') {
		output_add(s->out, &mark, 1);
		reply_number(s->out, floor_uid(v, size, i) - 1);
		output_add(s->out, ":", 1);
		reply_number(s->out, floor_uid(v, size, i + 1));
	}
}

static const struct err *
uidbatches_run(struct session *s, void *arg)
{
	const struct uidbatches *args = arg;
	const struct view *v = &s->selected->view;
	const uint32_t limit = limit_messages(s);
	uint32_t size = args->size;
	uint64_t batches, first, last;
	const struct err *err;

	if ((err = refusal(args)) != NULL || (err = selected_fill(s)) != NULL)
		return err;
	/* A batch is what one command may work on: RFC 9738 3.1. */
	if (limit > 0 && size > limit)
		size = limit;
	batches = ((uint64_t)v->count + size - 1) / size;
	first = args->first > 0 ? args->first - 1 : 0;
	last = args->first > 0 && args->last < batches ? args->last : batches;
	output_adds(s->out, "* UIDBATCHES (TAG ");
	reply_string(s->out, s->tag, strlen(s->tag));
	output_add(s->out, ")", 1);
	tell_batches(s, v, size, first, last);
	output_adds(s->out, "\r\n");
	return NULL;
}

const struct cmd cmd_uidbatches = {
	.name = "UIDBATCHES",
	.states = ST_SELECTED,
	.parse = uidbatches_parse,
	.run = uidbatches_run,
	.rfc = "RFC 10022"
};

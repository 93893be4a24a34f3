/* progress.c - telling the client that a long command goes on
 * SPDX-License-Identifier: ISC */
#include "imapd/progress.h"

#include <inttypes.h>
#include <string.h>

#include "imapd/capability.h"
#include "util/clock.h"

void
progress_start(struct session *s)
{
	s->progress_due = clock_ms() + (int64_t)s->conf->progress_interval * 1000;
}

/* RFC 9585 4: a tag with "]" would end the response code. */
static void
send_tag(struct session *s)
{
	if (s->tag == NULL || strchr(s->tag, ']') != NULL)
		output_adds(s->out, "NIL");
	else
		reply_string(s->out, s->tag, strlen(s->tag));
}

/* A client that does not read wants no more to read. */
static bool
is_due(struct session *s)
{
	return clock_ms() >= s->progress_due && !capability_off(s, "INPROGRESS") &&
	    (output_pending(s->out) == 0 || output_ready(s->out));
}

static void
sent(struct session *s)
{
	if (output_ready(s->out))
		output_flush(s->out);
	progress_start(s);
}

void
progress_tick(struct session *s, uint64_t done, uint64_t total)
{
	/* RFC 9585 4: what is done is less than all; both are numbers. */
	if (done > UINT32_MAX || total > UINT32_MAX ||
	    (total > 0 && done >= total) || !is_due(s))
		return;
	output_adds(s->out, "* OK [INPROGRESS (");
	send_tag(s);
	output_addf(s->out, " %" PRIu64, done);
	if (total > 0)
		output_addf(s->out, " %" PRIu64 ")] Processed %" PRIu64
		    "%% of the items\r\n", total, done * 100 / total);
	else
		output_addf(s->out, " NIL)] Processed %" PRIu64 " items so "
		    "far\r\n", done);
	sent(s);
}

/* RFC 9585 4: what is known of it is nothing. */
void
progress_some(struct session *s)
{
	if (!is_due(s))
		return;
	output_adds(s->out, "* OK [INPROGRESS (");
	send_tag(s);
	output_adds(s->out, " NIL NIL)] Still at work\r\n");
	sent(s);
}

void
progress_of_mailbox(void *arg, uint64_t done, uint64_t total)
{
	progress_tick(arg, done, total);
}

/* cmd-idle.c - IDLE: RFC 2177
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "imapd/notify.h"
#include "imapd/selected.h"
#include "store/watch.h"

#define REST_AFTER_MS	2000	/* without news memory is given back */
#define DONE_MAX_OCTETS	64	/* of the line that ends it */

struct idle {
	struct watch	*watch;
	const struct selected *watched;	/* whose directory watch has */
	uint64_t	 epoch;		/* of notify_dirs() */
	bool		 rested;
	bool		 refused;	/* nothing more is told, why is in err */
	struct err	 err;
};

static void
idle_arm(struct session *s, struct idle *idle)
{
	int dirs[NOTIFY_DIRS_MAX];
	unsigned int n;

	watch_free(idle->watch);
	n = notify_dirs(s, dirs);
	idle->watch = watch_new(dirs, n, s->conf->inotify);
	idle->watched = s->selected;
	idle->epoch = notify_epoch(s);
}

/*
 * Tell what is new.  An error that is not the connection's waits for DONE: the
 * client takes a tagged reply only then.
 */
static const struct err *
idle_look(struct session *s, struct idle *idle)
{
	const uint64_t count = output_count(s->out);
	const struct err *err;

	/* Forget the wakes, then look: never the other way round. */
	watch_drain(idle->watch);
	if (idle->refused)
		return NULL;
	err = session_refresh(s);
	if (err == NULL)
		err = selected_sync(s, true);
	if (err == NULL)
		err = notify_accounts(s);
	/* What is watched may be another now: arm, and look again. */
	if (idle->watched != s->selected || idle->epoch != notify_epoch(s)) {
		idle_arm(s, idle);
		if (err == NULL)
			err = selected_sync(s, true);
		if (err == NULL)
			err = notify_accounts(s);
	}
	if (err != NULL && err->kind == ERR_IO)
		return err;
	if (err != NULL) {
		idle->refused = true;
		idle->err = *err;
	}
	if (output_count(s->out) != count || !session_rested(s))
		idle->rested = false;
	return output_flush(s->out);
}

/* RFC 2177 lasts for hours: hold nothing that can be had again. */
static void
idle_rest(struct session *s, struct idle *idle)
{
	char tag[TAG_MAX_OCTETS + 1];

	strlcpy(tag, s->tag, sizeof(tag));
	arena_rest(s->arena);
	session_rest(s);
	s->tag = arena_strdup(s->arena, tag);
	idle->rested = true;
}

/* Until the client says something (*input_r) or there may be news. */
static const struct err *
idle_wait(struct session *s, struct idle *idle, bool *input_r)
{
	const int fd = watch_fd(idle->watch);
	const int look = watch_timeout(idle->watch);
	const bool rest = !idle->rested && look > REST_AFTER_MS;
	const struct err *err;
	bool news = false;

	err = input_wait(s->in, &fd, fd != -1, rest ? REST_AFTER_MS : look,
	    input_r, &news);
	if (err != NULL || *input_r || news)
		return err;
	if (!idle->rested)
		idle_rest(s, idle);
	return rest ? input_wait(s->in, &fd, fd != -1, look - REST_AFTER_MS,
	    input_r, &news) : NULL;
}

static const struct err *
idle_done(struct session *s, const struct idle *idle)
{
	const char *line;

	if (!parser_line(&s->parser, DONE_MAX_OCTETS, &line, NULL))
		return parser_err(&s->parser);
	if (strcasecmp(line, "DONE") != 0)
		return err_syntax("expected DONE");
	if (!idle->refused)
		return NULL;
	if (idle->err.kind == ERR_INTERNAL)
		return err_internal_code(idle->err.code, idle->err.client,
		    "%s", idle->err.text);
	return err_user(idle->err.code, "%s", idle->err.text);
}

static const struct err *
idle_run(struct session *s, void *args)
{
	struct idle idle = { 0 };
	const struct err *err;
	bool input = false;

	(void)args;
	output_adds(s->out, "+ idling\r\n");
	input_deadline(s->in, s->conf->autologout_idle != 0 ?
	    s->conf->autologout_idle : s->conf->autologout);
	idle_arm(s, &idle);
	do {
		err = idle_look(s, &idle);
		if (err == NULL)
			err = idle_wait(s, &idle, &input);
	} while (err == NULL && !input);
	if (err == NULL)
		err = idle_done(s, &idle);
	watch_free(idle.watch);
	return err;
}

const struct cmd cmd_idle = {
	.name = "IDLE",
	.states = ST_LOGGED_IN,
	.run = idle_run,
	.rfc = "RFC 2177 3"
};

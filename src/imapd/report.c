/* report.c - the log lines of a session
 * SPDX-License-Identifier: ISC */
#include "imapd/report.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "util/log.h"

static const char *
user_of(const struct session *s)
{
	return s->user != NULL ? s->user : "-";
}

void
report_login(const struct session *s, const char *method)
{
	const char *tls = s->peer.protocol;

	log_info("login user=%s address=%s method=%s%s%s", user_of(s),
	    s->peer.address, method, tls != NULL ? " tls=" : "",
	    tls != NULL ? tls : "");
}

void
report_unauthenticate(const struct session *s)
{
	log_info("logout user=%s address=%s reason=unauthenticate", user_of(s),
	    s->peer.address);
}

/* A name with a blank in it could forge an address for whoever reads the log. */
static void
clean_name(const char *user, char out[USER_NAME_MAX + 1])
{
	strlcpy(out, *user != '\0' ? user : "-", USER_NAME_MAX + 1);
	for (char *p = out; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '=')
			*p = '?';
}

void
report_login_failed(const char *address, const char *user, const char *reason)
{
	char name[USER_NAME_MAX + 1];

	clean_name(user, name);
	log_info("login failed user=%s address=%s reason=%s", name, address,
	    reason);
}

void
report_error(const struct session *s, const struct err *err)
{
	log_error("error user=%s address=%s command=%s: %s", user_of(s),
	    s->peer.address, s->cmd != NULL ? s->cmd->name : "-", err->text);
}

void
report_end(const struct session *s)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	log_info("end user=%s address=%s reason=%s time=%" PRId64 " in=%" PRIu64
	    " out=%" PRIu64 " commands=%" PRIu64 " messages=%" PRIu64,
	    user_of(s), s->peer.address, s->bye != NULL ? s->bye : "closed",
	    (int64_t)ts.tv_sec - s->started, input_count(s->in),
	    output_count(s->out), s->commands, s->messages_out);
}

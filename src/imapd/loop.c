/* loop.c - reads commands, runs them, answers
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include <unistd.h>

#include "imapd/capability.h"
#include "imapd/condstore.h"
#include "imapd/index.h"
#include "imapd/progress.h"
#include "imapd/notify.h"
#include "imapd/report.h"
#include "imapd/selected.h"
#include "imapd/session.h"
#include "imapd/signals.h"
#include "util/hangup.h"

#define SYNTAX_ERRORS_MAX	10	/* in a row before login */
#define LOGIN_FAILURES_MAX	5
/* Messages to the monitor, whose patience (monitor.c) outlasts one command more. */
#define ASKED_MAX		48
#define REST_AFTER_MS		2000	/* without a command memory is given back */
/* Octets of literals that are read and dropped behind a bad command, over
 * what the largest message has. */
#define SKIP_OCTETS		(1024 * 1024)

static const struct err *
flush(void *arg)
{
	return output_flush(arg);
}

/* RFC 9051 4.3; RFC 3501 7.5 */
static const struct err *
go_ahead(void *arg)
{
	output_adds(arg, "+ Ready for literal data\r\n");
	return output_flush(arg);
}

/* --- Reading --- */

static void
begin(struct session *s)
{
	bool login = s->state == ST_NOT_AUTHENTICATED;

	arena_reset(s->arena);
	s->tag = NULL;
	s->cmd = NULL;
	s->ok_text = NULL;
	s->modseq_sent = s->highest_due = s->no_expunge = false;
	s->limit_code = NULL;
	/* Before login one clock runs for all commands together. */
	if (!login)
		input_deadline(s->in, s->conf->autologout);
	parser_init(&s->parser, s->arena, s->in, go_ahead, s->out,
	    login ? COMMAND_LOGIN_MAX_OCTETS : COMMAND_MAX_OCTETS);
	if (!capability_offered(s, "LITERAL+"))
		s->parser.nonsync = capability_offered(s, "LITERAL-") ?
		    PARSER_NONSYNC_SHORT : PARSER_NONSYNC_NONE;
}

/* Most sessions do nothing most of the time.  Errors come again to the parser. */
static const struct err *
await(struct session *s)
{
	bool ready = true;

	if (s->state == ST_NOT_AUTHENTICATED || input_buffered(s->in) > 0)
		return NULL;
	if (session_untidy(s) &&
	    input_wait(s->in, NULL, 0, 0, &ready, NULL) == NULL && !ready)
		session_tidy(s);
	if (notify_is_on(s))
		return notify_wait(s);
	while (s->index_behind && !signals_stop() &&
	    input_wait(s->in, NULL, 0, 0, &ready, NULL) == NULL && !ready)
		index_step(s);
	if (input_wait(s->in, NULL, 0, REST_AFTER_MS, &ready, NULL) == NULL &&
	    !ready) {
		arena_rest(s->arena);
		session_rest(s);
	}
	return NULL;
}

static const struct err *
wrong_state(const struct session *s, const struct cmd *cmd)
{
	if (s->state == ST_NOT_AUTHENTICATED)
		return err_syntax("%s: log in first", cmd->name);
	if ((cmd->states & ST_LOGGED_IN) == 0)
		return err_syntax("%s: logged in already", cmd->name);
	if (s->state == ST_SELECTED)
		return err_syntax("%s: not while a mailbox is selected",
		    cmd->name);
	return err_syntax("%s: select a mailbox first", cmd->name);
}

/* RFC 3501 6.4.8: "UID FETCH" and its like are one name here. */
static const struct err *
read_name(struct session *s)
{
	struct parser *p = &s->parser;
	const struct cmd *cmd;
	const char *name, *second;

	if (!parser_sp(p) || !parser_word(p, &name))
		return parser_err(p);
	s->commands++;
	if (strcmp(name, "UID") == 0) {
		if (!parser_sp(p) || !parser_word(p, &second))
			return parser_err(p);
		name = arena_printf(s->arena, "UID %s", second);
	}
	cmd = cmd_find(name);
	if (cmd == NULL || capability_disables(s, cmd))
		return err_syntax("unknown command %.40s", name);
	if ((cmd->states & s->state) == 0)
		return wrong_state(s, cmd);
	/* RFC 9586 3.2, 3.8 */
	if ((cmd->flags & CF_NUMBERS) != 0 &&
	    session_enabled(s, ENABLED_UIDONLY))
		return err_syntax_code(RESP_UIDREQUIRED, "%s takes message "
		    "numbers, which UIDONLY has done away with", cmd->name);
	s->cmd = cmd;
	return NULL;
}

/* What clients of HTTP, RTSP, SMTP, LMTP and SSH begin with. */
static bool
other_protocol(const char *tag)
{
	static const char *const words[] = { "GET", "HEAD", "POST", "PUT",
	    "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI", "DESCRIBE",
	    "EHLO", "HELO", "LHLO" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(tag, words[i]) == 0)
			return true;
	return strncmp(tag, "SSH-", 4) == 0;
}

/*
 * A browser that a page makes send its request here would hide commands in it;
 * TLS where there is none yet begins with a control octet.  Nothing of that is
 * answered.  All those words are tags too: what follows must be no command.
 */
static const struct err *
drop(struct session *s)
{
	return session_bye(s, "protocol", "This is IMAP, and no other protocol");
}

/* Tag and name. */
static const struct err *
read_head(struct session *s)
{
	bool login = s->state == ST_NOT_AUTHENTICATED;
	struct parser *p = &s->parser;
	const struct err *err;
	const char *tag;
	int c;

	c = parser_peek(p);
	if (login && c >= 0 && c < ' ' && c != '\r' && c != '\n')
		return drop(s);
	if (!parser_tag(p, &tag))
		return parser_err(p);
	/* The beginning of something else is no tag: it may be another's. */
	c = parser_peek(p);
	if (c == ' ' || c == '\r' || c == '\n')
		s->tag = tag;
	err = read_name(s);
	if (err != NULL && err->kind != ERR_IO && login && other_protocol(tag))
		return drop(s);
	return err;
}

static const struct err *
read_arguments(struct session *s, void **args_r)
{
	struct parser *p = &s->parser;

	if (s->cmd->parse != NULL)
		return s->cmd->parse(s->arena, p, args_r);
	return parser_crlf(p) ? NULL : parser_err(p);
}

/* --- Running --- */

/* Errors live in a small ring: keep one while others may be made. */
static const struct err *
keep(struct session *s, const struct err *err)
{
	struct err *copy;

	if (err == NULL)
		return NULL;
	copy = arena_alloc(s->arena, sizeof(*copy));
	*copy = *err;
	return copy;
}

/*
 * Rights may have changed since the last command.  When that closed the selected
 * mailbox, a command that names what it works on goes on; NOOP, IDLE and those
 * of the selected state are about the mailbox that is closed now.
 */
static const struct err *
refresh(struct session *s)
{
	const struct err *err;

	/* RFC 8437 3: it must not fail, and needs no right. */
	if (s->cmd == &cmd_unauthenticate)
		return NULL;
	err = session_refresh(s);
	if (err == NULL || err->kind != ERR_USER)
		return err;
	if (s->cmd == &cmd_logout ||
	    ((s->cmd->states & s->state) != 0 && s->cmd->parse != NULL))
		return NULL;
	return err;
}

/* What other sessions did is told before the tagged reply, whether this
 * command succeeded or not.  A failure here is not the command's. */
static const struct err *
tell_changes(struct session *s)
{
	const struct err *err;

	if ((s->cmd->flags & CF_NO_SYNC) != 0)
		return NULL;
	err = selected_sync(s, (s->cmd->flags & CF_NO_EXPUNGE) == 0 &&
	    !s->no_expunge);
	if (err != NULL && err->kind == ERR_IO)
		return err;
	if (err != NULL)
		report_error(s, err);
	/* RFC 7162 3.2: a client must not take a mod-sequence for its highest
	 * one while it has yet to hear of changes before that. */
	else if (s->modseq_sent && s->selected != NULL &&
	    (s->selected->expunge_waits || s->selected->behind ||
	    s->selected->left_out))
		s->highest_due = true;
	return notify_accounts(s);
}

/* RFC 5530 3: whether the user may not, or asked for it by EXAMINE. */
static const struct err *
read_only(struct session *s)
{
	const struct err *err = selected_need(s, RIGHT_WRITE);

	return err != NULL ? err : err_user(RESP_READ_ONLY,
	    "The mailbox is selected read-only");
}

static const struct err *
run(struct session *s, void *args)
{
	const struct err *err, *told;

	progress_start(s);
	err = refresh(s);
	if (err != NULL)
		return err;
	if ((s->cmd->flags & CF_WRITE) != 0 && s->selected != NULL &&
	    s->selected->readonly)
		err = read_only(s);
	else
		err = s->cmd->run(s, args);
	if (err != NULL && err->kind == ERR_IO)
		return err;
	err = keep(s, err);
	told = tell_changes(s);
	return told != NULL ? told : err;
}

/* --- Answering --- */

/* Read what is left of a command that was refused, so that the next one starts
 * clean. */
static const struct err *
skip(struct session *s)
{
	struct parser *p = &s->parser;
	uint64_t max = SKIP_OCTETS;

	if (p->at_end)
		return NULL;
	if (s->state != ST_NOT_AUTHENTICATED)
		max += s->conf->message_size_limit;
	if (parser_skip(p, max))
		return NULL;
	if (input_error(s->in) != NULL)
		return input_error(s->in);
	return session_bye(s, "flood", "[TOOBIG] Too much data");
}

static void
reply_tagged(struct session *s, const char *status, const char *code,
    const char *text)
{
	output_adds(s->out, s->tag != NULL ? s->tag : "*");
	output_addf(s->out, " %s ", status);
	if (code != NULL)
		output_addf(s->out, "[%s] ", code);
	output_adds(s->out, text);
	output_adds(s->out, "\r\n");
}

/* RFC 7162 3.2.7: in the tagged OK, unless that has a code of its own. */
static void
reply_ok(struct session *s)
{
	const char *code = NULL, *text = s->ok_text;

	if (text == NULL && s->limit_code != NULL)
		text = arena_printf(s->arena, "%s completed for the newest "
		    "messages", s->cmd->name);
	else if (text == NULL)
		text = arena_printf(s->arena, "%s completed", s->cmd->name);
	if (s->limit_code != NULL && *text != '[') {
		code = s->limit_code;
		s->limit_code = NULL;
		if (s->highest_due)
			condstore_tell_highest(s);
	} else if (s->highest_due && *text != '[')
		code = arena_printf(s->arena, "HIGHESTMODSEQ %llu",
		    (unsigned long long)condstore_told(s));
	else if (s->highest_due)
		condstore_tell_highest(s);
	reply_tagged(s, "OK", code, text);
}

/* RFC 9051 7.1: the one place where an error becomes a reply. */
static void
reply(struct session *s, const struct err *err)
{
	if (s->selected == NULL)
		s->highest_due = false;
	if (err != NULL && s->highest_due)
		condstore_tell_highest(s);
	/* RFC 9738 3.1: not in the tagged reply, where that has a code. */
	if (s->limit_code != NULL && (err != NULL ||
	    (s->ok_text != NULL && *s->ok_text == '[')))
		output_addf(s->out, "* NO [%s] Only the newest messages\r\n",
		    s->limit_code);
	if (err == NULL)
		reply_ok(s);
	else if (err->kind == ERR_SYNTAX)
		reply_tagged(s, "BAD", err->code, err->text);
	else if (err->kind == ERR_USER)
		reply_tagged(s, "NO", err->code, err->text);
	else {
		report_error(s, err);
		reply_tagged(s, "NO", err->code, err->client);
	}
}

/* A client that only makes mistakes before login is no mail program. */
static const struct err *
limits(struct session *s, const struct err *err)
{
	if (err != NULL && err->kind == ERR_SYNTAX)
		s->syntax_errors++;
	else
		s->syntax_errors = 0;
	if (s->state != ST_NOT_AUTHENTICATED)
		return NULL;
	if (s->syntax_errors >= SYNTAX_ERRORS_MAX)
		return session_bye(s, "errors", "Too many errors");
	if (s->asked >= ASKED_MAX)
		return session_bye(s, "errors", "Too many attempts to log in");
	if (s->login_failures >= LOGIN_FAILURES_MAX)
		return session_bye(s, "failures", "Too many failed logins");
	return NULL;
}

/* One command, from its tag to its tagged reply. */
static const struct err *
command(struct session *s)
{
	const struct err *err, *skip_err;
	void *args = NULL;

	begin(s);
	err = await(s);
	if (err == NULL)
		err = read_head(s);
	if (err == NULL)
		err = read_arguments(s, &args);
	if (err == NULL)
		err = run(s, args);
	if (err != NULL && err->kind == ERR_IO)
		return err;
	if (s->leave == LEAVE_LOGGED_IN)
		return NULL;
	err = keep(s, err);
	skip_err = skip(s);
	if (skip_err != NULL)
		return skip_err;
	reply(s, err);
	if (err == NULL && s->cmd->answered != NULL)
		s->cmd->answered(s);
	return limits(s, err);
}

/* --- The session --- */

/* RFC 3501 7.1.4 */
void
session_greet(struct session *s)
{
	bool login = s->state == ST_NOT_AUTHENTICATED;

	output_addf(s->out, "* %s [%s] %s\r\n", login ? "OK" : "PREAUTH",
	    capability_data(s), login ? "msgstore ready" :
	    arena_printf(s->arena, "Logged in as %s", s->user));
}

/* RFC 3501 6.2.3: the capabilities save the client a CAPABILITY command. */
void
session_resume(struct session *s, const char *tag)
{
	output_addf(s->out, "%s OK [%s] Logged in\r\n", tag,
	    capability_data(s));
}

/* Say why the session ends, when nobody has, and end it. */
void
session_end(struct session *s)
{
	const struct err *err;

	if (s->bye == NULL && signals_stop())
		session_bye(s, "terminated", "The server is being stopped");
	else if (s->bye == NULL && input_timed_out(s->in))
		session_bye(s, "timeout", s->state == ST_NOT_AUTHENTICATED ?
		    "Autologout; login took too long" :
		    "Autologout; no command for too long");
	else if (s->bye == NULL && input_broken(s->in))
		session_bye(s, "compression", "This is not compressed");
	err = output_flush(s->out);
	if (err != NULL && s->bye == NULL)
		s->bye = "output";
	report_end(s);
	hangup(STDOUT_FILENO, err == NULL && s->bye != NULL &&
	    !s->logout);
}

void
session_run(struct session *s)
{
	const struct err *err = NULL;

	input_on_block(s->in, flush, s->out);
	output_timeout(s->out, s->conf->write_timeout);
	input_deadline(s->in, s->conf->login_timeout);
	while (err == NULL && !s->logout && s->leave == LEAVE_NOT &&
	    !signals_stop()) {
		err = command(s);
		/* Commands that wait would be run for nobody: megabytes of them
		 * may have come in. */
		if (err == NULL)
			err = output_error(s->out);
	}
	if (err != NULL)
		s->leave = LEAVE_NOT;
	if (s->leave == LEAVE_NOT)
		session_end(s);
}

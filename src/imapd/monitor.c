/* monitor.c - lets a client in: the process behind the door
 * SPDX-License-Identifier: ISC */
#include "imapd/monitor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "imapd/door.h"
#include "imapd/login.h"
#include "imapd/report.h"
#include "imapd/signals.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/sanitized.h"
#include "wire/respcode.h"

/* What a door may ask for, and say to the log, before it is taken for broken:
 * more than any client that it serves can make it (loop.c, limits()). */
#define REQUESTS_MAX	64
#define LOG_LINES_MAX	256
#define GRACE_S		30	/* over login-timeout, for slow answers */

struct monitor {
	struct connection *c;
	struct session	*session;	/* the door's copy talks before login */
	bool		 logged_in;	/* the session is; the door is to end */
	struct arena	*arena;		/* of one message */
	struct auth_peer auth_peer;
	struct auth	*auth;		/* NULL until first needed */
	int		 fd;		/* to the door */
	pid_t		 door;
	bool		 killed;	/* by us, for what it said */
	unsigned int	 requests, log_lines;
	unsigned int	 failures;	/* logins before TLS began */
};

enum next { NEXT_MESSAGE, NEXT_SESSION, NEXT_TLS, NEXT_END };

/* --- Answers --- */

static const struct err *
answer(struct monitor *m, enum door_type type, const char *s, size_t len)
{
	const struct door_message msg = {
		.type = type, .texts = { { s, len } }
	};

	return door_send(m->fd, &msg);
}

/* What is wrong here is for the log; the client hears that it is not its fault. */
static const struct err *
refuse(struct monitor *m, const struct err *err)
{
	bool ours = err->kind == ERR_INTERNAL || err->kind == ERR_IO;
	const char *code = err->code != NULL ? err->code : "";
	const char *text = ours ? err->client : err->text;
	struct door_message msg = {
		.type = DOOR_REFUSED,
		.numbers = { ours ? ERR_USER : err->kind }
	};

	if (ours)
		log_error("error user=- address=%s command=login: %s",
		    m->c->peer.address, err->text);
	if (text == NULL)
		text = "Internal error";
	msg.texts[0] = (struct door_text){ code, strlen(code) };
	msg.texts[1] = (struct door_text){ text, strlen(text) };
	return door_send(m->fd, &msg);
}

/* --- Requests --- */

/* A refusal that was an attempt is for the log. */
static const struct err *
refuse_attempt(struct monitor *m, const struct err *err)
{
	const char *reason = auth_reason(m->auth);

	if (err->kind == ERR_USER && *reason != '-')
		report_login_failed(m->c->peer.address, auth_claimed(m->auth),
		    reason);
	return refuse(m, err);
}

/* Who was verified is logged in before the door hears that all is well. */
static const struct err *
welcome(struct monitor *m)
{
	const char *user = auth_user(m->auth);
	const struct err *err;
	int slot = -1;

	err = auth_slot_take(m->c->store, m->c->conf, user, &slot);
	if (err != NULL) {
		report_login_failed(m->c->peer.address, user, "sessions");
		return refuse(m, err);
	}
	session_hold(m->session, slot);
	err = session_login(m->session, user);
	if (err == NULL) {
		m->logged_in = true;
		report_login(m->session, auth_method(m->auth));
		auth_free(m->auth);
		m->auth = NULL;
		return answer(m, DOOR_OK, "", 0);
	}
	session_hold(m->session, -1);
	if (err->kind != ERR_USER)
		return refuse(m, err);
	report_login_failed(m->c->peer.address, user, "account");
	return refuse(m, err_user(RESP_AUTHENTICATIONFAILED,
	    "Authentication failed"));
}

static const struct err *
authenticate(struct monitor *m, const struct door_message *msg)
{
	const struct door_text *text = &msg->texts[msg->type == DOOR_START];
	enum auth_status status = AUTH_CONTINUE;
	struct buf b = { 0 };
	const struct err *err;

	if (msg->type == DOOR_STEP)
		err = auth_step(m->auth, text->s, text->len, &status, &b);
	else
		err = auth_start(m->auth, msg->texts[0].s,
		    msg->numbers[0] != 0 ? text->s : NULL, text->len, &status,
		    &b);
	if (err != NULL)
		err = refuse_attempt(m, err);
	else if (status == AUTH_OK)
		err = welcome(m);
	else
		err = answer(m, DOOR_CONTINUE, b.s != NULL ? b.s : "", b.len);
	buf_clear(&b);
	return err;
}

static const struct err *
login(struct monitor *m, const struct door_message *msg)
{
	const struct err *err;

	err = auth_login(m->auth, msg->texts[0].s, msg->texts[1].s);
	return err != NULL ? refuse_attempt(m, err) : welcome(m);
}

/* Whoever reads the log for addresses to ban must not be told others'. */
static bool
names_another(const struct monitor *m, const char *line)
{
	const char *own = m->c->peer.address;
	size_t len = strlen(own);

	while ((line = strstr(line, "address=")) != NULL) {
		line += strlen("address=");
		if (strncmp(line, own, len) != 0 ||
		    (line[len] != ' ' && line[len] != '\0'))
			return true;
	}
	return false;
}

/* A line that a door wrote is as good as what a client wrote. */
static const struct err *
relay_log(struct monitor *m, const struct door_message *msg)
{
	if (++m->log_lines > LOG_LINES_MAX)
		return err_internal("a door has too much to tell");
	if (msg->numbers[0] > LOG_INFO)
		return err_internal("a door tells of priority %llu",
		    (unsigned long long)msg->numbers[0]);
	if (names_another(m, msg->texts[0].s))
		return err_internal("a door speaks of another address");
	log_relay((int)msg->numbers[0], msg->texts[0].s);
	return NULL;
}

/* The door has said all; the session goes on where it stopped. */
static const struct err *
take_over(struct monitor *m, const struct door_message *msg)
{
	const struct session_start at = door_start(msg);

	if (!m->logged_in)
		return err_internal("a door hands over before login");
	session_take_up(m->session, &at);
	session_resume(m->session, msg->texts[0].s);
	return NULL;
}

static void
need_auth(struct monitor *m)
{
	if (m->auth == NULL)
		m->auth = auth_new(m->c->store, m->c->conf, &m->auth_peer);
}

/*
 * While the door is made, and the client reads the greeting.  Who has to begin TLS
 * first makes a door once more.
 */
static void
prepare(struct monitor *m)
{
	if (!auth_cleartext_allowed(m->c->conf, &m->auth_peer))
		return;
	need_auth(m);
	auth_prepare(m->auth);
}

static const struct err *
serve_request(struct monitor *m, const struct door_message *msg)
{
	if (m->logged_in)
		return err_internal("a door asks after login");
	if (++m->requests > REQUESTS_MAX)
		return err_internal("a door asks too often");
	need_auth(m);
	if (msg->type == DOOR_LOGIN)
		return login(m, msg);
	if (msg->type != DOOR_CANCEL)
		return authenticate(m, msg);
	auth_cancel(m->auth);
	return NULL;
}

static const struct err *
serve_message(struct monitor *m, const struct door_message *msg,
    enum next *next_r)
{
	switch (msg->type) {
	case DOOR_LOGIN:
	case DOOR_START:
	case DOOR_STEP:
	case DOOR_CANCEL:
		return serve_request(m, msg);
	case DOOR_LOG:
		return relay_log(m, msg);
	case DOOR_OVER:
		*next_r = NEXT_SESSION;
		return take_over(m, msg);
	case DOOR_TLS:
		*next_r = NEXT_TLS;
		m->failures = (unsigned int)msg->numbers[0];
		return m->c->peer.starttls && !m->logged_in ? NULL :
		    err_internal("a door wants TLS where there is none");
	default:
		return err_internal("a door says what it cannot mean");
	}
}

/* --- The door's life, seen from here --- */

/* Whoever is told to end tells the door, which tells the client. */
static const struct err *
receive(struct monitor *m, int64_t end, struct door_message *msg_r)
{
	bool told = false;

	for (;;) {
		int64_t left = end - clock_ms();
		const struct err *err;

		if (signals_stop() && !told) {
			kill(m->door, SIGTERM);
			told = true;
		}
		/* A door that is gone, or silent, says nothing of errno: what
		 * an earlier signal left there is no reason to ask again. */
		errno = 0;
		err = door_receive(m->fd, m->arena, true,
		    left > 0 ? (int)left : 0, msg_r);
		if (err == NULL || errno != EINTR)
			return err;
	}
}

/* What was asked may have held a password. */
static void
forget(const struct door_message *msg)
{
	for (size_t i = 0; i < DOOR_TEXTS; i++)
		if (msg->texts[i].len > 0)
			explicit_bzero((char *)(uintptr_t)msg->texts[i].s,
			    msg->texts[i].len);
}

/* Answer until the door has ended, or must be ended. */
static enum next
serve(struct monitor *m)
{
	int64_t end = clock_ms() +
	    1000 * ((int64_t)m->c->conf->login_timeout + GRACE_S);
	enum next next = NEXT_MESSAGE;
	const struct err *err = NULL;
	struct door_message msg;

	while (err == NULL && next == NEXT_MESSAGE) {
		arena_reset(m->arena);
		err = receive(m, end, &msg);
		if (err != NULL)
			break;
		err = serve_message(m, &msg, &next);
		forget(&msg);
	}
	if (err == NULL)
		return next;
	/* The other end of the socket is closed when the client has left. */
	if (err->kind == ERR_IO)
		return NEXT_END;
	log_error("address=%s: %s", m->c->peer.address, err->text);
	m->killed = true;
	kill(m->door, SIGKILL);
	return NEXT_END;
}

static void
bury(struct monitor *m, int options)
{
	int status = 0;

	while (waitpid(m->door, &status, options) == -1)
		if (errno != EINTR)
			return;
	if (WIFSIGNALED(status) && !m->killed)
		log_error("address=%s: the door was ended by signal %d",
		    m->c->peer.address, WTERMSIG(status));
}

/*
 * A door that handed over has no more to do than to end; the client does not wait
 * for that.  The kernel buries it, and whatever else ends later: a session starts no
 * process, unless there may be a next one.  (A sanitizer starts one.)
 */
static void
leave(struct monitor *m, enum next next)
{
	int options = 0;

	if (next == NEXT_SESSION && !m->c->conf->unauthenticate && !SANITIZED) {
		signal(SIGCHLD, SIG_IGN);
		options = WNOHANG;	/* it may have ended before that */
	}
	bury(m, options);
}

/* One door, from its start to its end. */
static enum next
one_door(struct monitor *m)
{
	enum next next;
	int fds[2];

	/* No door is made of a process that has a database open. */
	store_rest(m->c->store);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		fatal("socketpair: %s", strerror(errno));
	m->door = fork();
	if (m->door == -1)
		fatal("fork: %s", strerror(errno));
	if (m->door == 0)
		door_main(m->session, fds[1]);
	close(fds[1]);
	m->fd = fds[0];
	prepare(m);
	next = serve(m);
	close(m->fd);
	leave(m, next);
	return next;
}

/* A client at the connection as it is now, from its greeting on, if it had none. */
static enum next
meet(struct monitor *m, const struct session_start *at)
{
	m->auth_peer = login_peer(&m->c->peer);
	m->session = session_new(m->c->conf, m->c->store, &m->c->peer,
	    STDIN_FILENO, STDOUT_FILENO);
	session_take_up(m->session, at);
	/* The client reads the greeting while the door is made. */
	if (at->greet)
		session_greet(m->session);
	return output_flush(m->session->out) == NULL ? one_door(m) : NEXT_END;
}

/*
 * RFC 9051 6.2.1: what was known of the client is forgotten.  A handshake that
 * fails is told in the log by imapd-tls; the client sees TLS fail.
 */
static enum next
meet_again(struct monitor *m)
{
	const struct session_start at = { .login_failures = m->failures };
	const struct err *err;

	session_free(m->session);
	m->session = NULL;
	auth_free(m->auth);
	m->auth = NULL;
	m->requests = 0;
	err = connection_start_tls(m->c);
	if (err == NULL)
		return meet(m, &at);
	if (err->kind != ERR_IO)
		log_error("address=%s: %s", m->c->peer.address, err->text);
	return NEXT_END;
}

struct session *
monitor_let_in(struct connection *c, const struct session_start *at)
{
	struct monitor m = { .c = c, .arena = arena_new() };
	enum next next = meet(&m, at);

	if (next == NEXT_TLS)
		next = meet_again(&m);
	auth_free(m.auth);
	arena_free(m.arena);
	if (next == NEXT_SESSION)
		return m.session;
	session_free(m.session);
	return NULL;
}

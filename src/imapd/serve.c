/* serve.c - the sessions of a connection, one after the other
 * SPDX-License-Identifier: ISC */
#include "imapd/serve.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "imapd/confine.h"
#include "imapd/door.h"
#include "imapd/monitor.h"
#include "imapd/report.h"
#include "imapd/signals.h"
#include "util/log.h"

struct server {
	struct connection *c;
	struct arena	*arena;
};

/* --- A session --- */

/* The client was told that it is in: what fails now ends the session. */
static void
run(struct connection *c, struct session *s)
{
	const struct err *err;

	/* Mail and the key of TLS are never in one process's reach. */
	connection_close_files(c);
	err = session_confine(s);

	if (err == NULL)
		session_run(s);
	else {
		report_error(s, err);
		session_bye(s, "sandbox", "[UNAVAILABLE] The server cannot "
		    "serve you now");
		session_end(s);
	}
	if (s->leave == LEAVE_UNAUTHENTICATED)
		door_hand_over(s, s->keeper);
	session_free(s);
}

/* --- A session in a process of its own --- */

/*
 * Databases do not live through fork(2): the session is closed, and the child
 * opens it again.  The connection goes along as it is: what the client has sent,
 * and the answer that it has not been given yet.
 */
struct put_down {
	const char	*user;
	struct input	*in;
	struct output	*out;
	int		 slot;		/* among the user's sessions */
	uint64_t	 commands;
	unsigned int	 login_failures;
};

static struct put_down
put_down(struct server *v, struct session *s)
{
	struct put_down p = {
		.user = arena_strdup(v->arena, s->user),
		.in = s->in, .out = s->out, .slot = s->slot,
		.commands = s->commands, .login_failures = s->login_failures
	};

	s->in = NULL;
	s->out = NULL;
	s->slot = -1;
	session_free(s);
	store_rest(v->c->store);
	malloc_trim(0);
	return p;
}

static struct session *
take_up(struct server *v, const struct put_down *p)
{
	struct session *s = session_new(v->c->conf, v->c->store, &v->c->peer,
	    STDIN_FILENO, STDOUT_FILENO);
	const struct err *err = session_login(s, p->user);

	if (err != NULL) {
		/* Gone in between: the answer that waits would not be true. */
		report_error(s, err);
		session_bye(s, "user-gone", "[UNAVAILABLE] Log in again");
		session_end(s);
		session_free(s);
		return NULL;
	}
	input_free(s->in);
	output_free(s->out);
	s->in = p->in;
	s->out = p->out;
	session_hold(s, p->slot);
	s->commands = p->commands;
	s->login_failures = p->login_failures;
	return s;
}

static void __attribute__((noreturn))
child(struct server *v, const struct put_down *p, int channel)
{
	struct session *s = take_up(v, p);

	arena_free(v->arena);
	if (s != NULL) {
		s->keeper = channel;
		run(v->c, s);
	}
	store_close(v->c->store);
	exit(EX_OK);
}

/* Until the session says that the next user is to be let in, or has ended. */
static bool
await(struct server *v, pid_t pid, int channel, struct session_start *at)
{
	struct door_message msg;
	const struct err *err;
	bool told = false;

	do {
		if (signals_stop() && !told) {
			kill(pid, SIGTERM);
			told = true;
		}
		errno = 0;
		err = door_receive(channel, v->arena, true, -1, &msg);
	} while (err != NULL && errno == EINTR);
	if (err != NULL || msg.type != DOOR_OVER)
		return false;
	*at = door_start(&msg);
	return true;
}

/* True when the connection goes on with the next user. */
static bool
keep(struct server *v, struct session *s, struct session_start *at)
{
	struct put_down p;
	int fds[2], status;
	bool again;
	pid_t pid;

	arena_reset(v->arena);
	p = put_down(v, s);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		fatal("socketpair: %s", strerror(errno));
	pid = fork();
	if (pid == -1)
		fatal("fork: %s", strerror(errno));
	if (pid == 0) {
		close(fds[0]);
		child(v, &p, fds[1]);
	}
	close(fds[1]);
	input_free(p.in);
	output_free(p.out);
	if (p.slot != -1)
		close(p.slot);
	again = await(v, pid, fds[0], at);
	close(fds[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		log_error("address=%s: the session was ended by signal %d",
		    v->c->peer.address, WTERMSIG(status));
	return again;
}

/* --- The connection --- */

static const struct err *
preauthenticated(struct server *v, const char *user,
    struct session **session_r)
{
	struct session *s = session_new(v->c->conf, v->c->store, &v->c->peer,
	    STDIN_FILENO, STDOUT_FILENO);
	const struct err *err = session_login(s, user);

	if (err != NULL) {
		session_free(s);
		return err;
	}
	report_login(s, "PREAUTH");
	session_greet(s);
	*session_r = s;
	return NULL;
}

const struct err *
serve(struct connection *c, const char *preauth)
{
	struct server v = { .c = c, .arena = arena_new() };
	struct session_start at = { .greet = true };
	const struct err *err = NULL;
	struct session *s = NULL;

	if (preauth != NULL)
		err = preauthenticated(&v, preauth, &s);
	else
		s = monitor_let_in(c, &at);
	while (s != NULL && c->conf->unauthenticate && keep(&v, s, &at))
		s = monitor_let_in(c, &at);
	if (s != NULL && !c->conf->unauthenticate)
		run(c, s);
	arena_free(v.arena);
	return err;
}

/* door.c - the process that talks to a client before login
 * SPDX-License-Identifier: ISC */
#include "imapd/door.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "imapd/signals.h"
#include "util/log.h"
#include "util/sandbox.h"

/* The descriptors of a door: the client's, /dev/null, and this one. */
#define CHANNEL	(STDERR_FILENO + 1)

static const struct sandbox_call calls[] = {
	SANDBOX_CALLS_COMMON,
	{ SYS_poll, CALL_ANY },
	{ SYS_ppoll, CALL_ANY },
	{ SYS_recvfrom, CALL_ANY },
	{ SYS_sendto, CALL_ANY },
	{ SYS_read, CALL_ANY },
	{ SYS_write, CALL_ANY },
	{ SYS_mmap, CALL_NO_EXEC },
	{ SYS_mprotect, CALL_NO_EXEC },
	{ SYS_setsockopt, CALL_ANY },	/* io.c: the time a write may take */
	{ SYS_shutdown, CALL_ANY },
	{ SYS_ioctl, CALL_ANY },	/* io.c: SIOCOUTQ */
	{ SYS_dup2, CALL_ANY },		/* signals.c: the input ends */
};

/* --- Asking the monitor --- */

const struct err *
door_tell(struct session *s, const struct door_message *msg)
{
	s->asked++;
	return door_send(s->door, msg);
}

const struct err *
door_ask(struct session *s, const struct door_message *msg,
    struct door_message *reply_r)
{
	struct door_message reply;
	const struct err *err;

	err = door_tell(s, msg);
	if (err == NULL)
		err = door_receive(s->door, s->arena, false, -1, &reply);
	if (err != NULL)
		return err;
	if (reply.type != DOOR_REFUSED) {
		*reply_r = reply;
		return NULL;
	}
	if (reply.numbers[0] == ERR_SYNTAX)
		return err_syntax("%s", reply.texts[1].s);
	s->login_failures++;
	return err_user(reply.texts[0].len > 0 ? reply.texts[0].s : NULL, "%s",
	    reply.texts[1].s);
}

/* Every line of the log goes the same way. */
static void
tell_log(int priority, const char *line)
{
	struct door_message msg = {
		.type = DOOR_LOG,
		.numbers = { (uint64_t)priority },
		.texts = { { line, strlen(line) } }
	};

	/* Without a monitor nobody is left to hear of it. */
	(void)door_send(CHANNEL, &msg);
}

/* --- Its life --- */

/* Only the client, the monitor and /dev/null stay. */
static void
keep_descriptors(int channel)
{
	signals_move_null(STDERR_FILENO);
	if (channel != CHANNEL && dup2(channel, CHANNEL) == -1)
		fatal("dup2: %s", strerror(errno));
	closefrom(CHANNEL + 1);
}

/* A monitor that died must not leave a door behind. */
static void
end_with_monitor(pid_t monitor)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == -1 ||
	    getppid() != monitor)
		_exit(EX_TEMPFAIL);
}

static void
enter_sandbox(const struct conf *conf)
{
	const struct sandbox sb = {
		.what = "door",
		.calls = calls,
		.calls_n = sizeof(calls) / sizeof(calls[0]),
		.kill = true,
		.quiet = true,
		.descriptors = CHANNEL + 1
	};
	const struct err *err = sandbox_enter(conf->sandbox, &sb);

	if (err != NULL)
		fatal("%s", err->text);
}

void
door_hand_over(struct session *s, int fd)
{
	char octets[INPUT_BUFFER];
	struct session_start at = session_put_down(s, octets);
	const struct door_message msg = {
		.type = DOOR_OVER,
		.numbers = { at.in, at.out, at.commands,
		    at.login_failures },
		.texts = { { s->tag, strlen(s->tag) },
		    { at.unread, at.unread_len } }
	};

	(void)door_send(fd, &msg);
}

static void
ask_for_tls(struct session *s)
{
	const struct door_message msg = {
		.type = DOOR_TLS, .numbers = { s->login_failures }
	};

	(void)door_tell(s, &msg);
}

struct session_start
door_start(const struct door_message *msg)
{
	return (struct session_start){
		.in = msg->numbers[0], .out = msg->numbers[1],
		.commands = msg->numbers[2],
		.login_failures = (unsigned int)msg->numbers[3],
		.unread = msg->texts[1].s, .unread_len = msg->texts[1].len
	};
}

void
door_main(struct session *s, int channel)
{
	pid_t monitor = getppid();

	keep_descriptors(channel);
	log_redirect(tell_log);
	end_with_monitor(monitor);
	s->store = NULL;
	s->door = CHANNEL;
	enter_sandbox(s->conf);
	session_run(s);
	if (s->leave == LEAVE_LOGGED_IN)
		door_hand_over(s, CHANNEL);
	else if (s->leave == LEAVE_TLS && output_flush(s->out) == NULL)
		ask_for_tls(s);
	session_free(s);
	exit(EX_OK);
}

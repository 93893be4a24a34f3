/* start.c - TLS for a connection: starts imapd-tls
 * SPDX-License-Identifier: ISC */
#include "tls/start.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/program.h"

#define PROGRAM		"imapd-tls"
#define ARGS_MAX	16

struct child {
	char		*argv[ARGS_MAX];
	size_t		 argc;
	char		 client[16], session[16];
	struct buf	 fds;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
};

static void
add_arg(struct child *c, const char *arg)
{
	if (c->argc + 1 == ARGS_MAX)
		fatal("too many arguments for %s", PROGRAM);
	/* It is execve(2) that takes what it does not change as such. */
	memcpy(&c->argv[c->argc++], &arg, sizeof(arg));
}

static void
add_option(struct child *c, const char *option, const char *value)
{
	if (value == NULL)
		return;
	add_arg(c, option);
	add_arg(c, value);
}

/* The child keeps fd at its number: this takes "close on exec" away. */
static void
keep(struct child *c, int fd)
{
	if (posix_spawn_file_actions_adddup2(&c->actions, fd, fd) != 0)
		fatal("out of memory");
}

static void
child_init(struct child *c)
{
	sigset_t none, ours;

	sigemptyset(&none);
	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGCHLD);
	*c = (struct child){ .argc = 0 };
	if (posix_spawn_file_actions_init(&c->actions) != 0 ||
	    posix_spawnattr_init(&c->attr) != 0 ||
	    posix_spawnattr_setsigmask(&c->attr, &none) != 0 ||
	    posix_spawnattr_setsigdefault(&c->attr, &ours) != 0 ||
	    posix_spawnattr_setflags(&c->attr, POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF) != 0)
		fatal("out of memory");
}

static void
child_clear(struct child *c)
{
	posix_spawn_file_actions_destroy(&c->actions);
	posix_spawnattr_destroy(&c->attr);
	buf_clear(&c->fds);
}

static void
add_files(struct child *c, const struct tls_files *files)
{
	if (files == NULL)
		return;
	for (size_t i = 0; i < files->n; i++) {
		buf_addf(&c->fds, "%s%d", i > 0 ? "," : "", files->files[i].fd);
		keep(c, files->files[i].fd);
	}
	add_option(c, "--files", buf_str(&c->fds));
}

static const struct err *
spawn(struct child *c)
{
	char path[PROGRAM_PATH_OCTETS];
	pid_t pid;
	int error;

	program_path(PROGRAM, path);
	c->argv[c->argc] = NULL;
	error = posix_spawn(&pid, path, &c->actions, &c->attr, c->argv,
	    environ);
	if (error == 0)
		return NULL;
	errno = error;
	return err_errno("cannot start %s", path);
}

static const struct err *
info_read(int fd, unsigned int timeout, bool (*stop)(void),
    struct tls_info *info_r)
{
	int64_t end = clock_ms() + (int64_t)timeout * 1000;
	struct tls_info info;
	size_t got = 0;

	while (got < sizeof(info)) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_ms();
		ssize_t octets;
		int n;

		if (stop())
			return err_io("told to end");
		n = left > 0 ? poll(&pfd, 1, (int)left) : 0;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_errno("poll");
		if (n == 0)
			return err_io("the TLS handshake took too long");
		octets = recv(fd, (char *)&info + got, sizeof(info) - got, 0);
		if (octets == -1 && errno == EINTR)
			continue;
		if (octets <= 0)
			return err_io("the TLS handshake failed");
		got += (size_t)octets;
	}
	if (!tls_info_valid(&info))
		return err_internal("%s is not of the same version, or broken",
		    PROGRAM);
	*info_r = info;
	return NULL;
}

const struct err *
tls_start(const char *store, const char *conf_file,
    const struct tls_files *files, int client_fd, const char *address,
    unsigned int timeout, bool (*stop)(void), int *session_fd_r,
    struct tls_info *info_r)
{
	const struct err *err;
	struct child c;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return err_errno("socketpair");
	child_init(&c);
	snprintf(c.client, sizeof(c.client), "%d", client_fd);
	snprintf(c.session, sizeof(c.session), "%d", pair[1]);
	keep(&c, client_fd);
	keep(&c, pair[1]);
	add_arg(&c, PROGRAM);
	add_option(&c, "-s", store);
	add_option(&c, "-f", conf_file);
	add_option(&c, "--client", c.client);
	add_option(&c, "--session", c.session);
	add_option(&c, "--address", address);
	add_files(&c, files);
	err = spawn(&c);
	child_clear(&c);
	close(pair[1]);
	if (err == NULL)
		err = info_read(pair[0], timeout, stop, info_r);
	if (err != NULL) {
		close(pair[0]);
		return err;
	}
	*session_fd_r = pair[0];
	return NULL;
}

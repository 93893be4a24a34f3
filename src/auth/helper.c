/* helper.c - the program that knows whose a token is
 * SPDX-License-Identifier: ISC */
#include "auth/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/log.h"
#include "wire/respcode.h"

#define EX_CANNOT_RUN	127	/* as shells say it */

/* In the child: nothing of ours goes along but the socket. */
static void __attribute__((noreturn))
become(const char *path, int fd, char *const env[])
{
	char *const argv[] = { (char *)(uintptr_t)path, NULL };
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	int null = open("/dev/null", O_WRONLY);
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setpgid(0, 0);
	/* Standard error may be the client's socket. */
	if (null == -1 || dup2(fd, STDIN_FILENO) == -1 ||
	    dup2(fd, STDOUT_FILENO) == -1 || dup2(null, STDERR_FILENO) == -1 ||
	    chdir("/") == -1)
		_exit(EX_CANNOT_RUN);
	closefrom(STDERR_FILENO + 1);
	execve(path, argv, env);
	_exit(EX_CANNOT_RUN);
}

/* What it writes, up to its end; false when the time is over. */
static bool
read_answer(int fd, int64_t end, char *out, size_t size)
{
	size_t len = 0;
	char rest[256];

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_ms();
		bool full = len == size - 1;
		ssize_t n;

		if (left <= 0)
			return false;
		n = poll(&pfd, 1, (int)left);
		if (n == 0 || (n == -1 && errno != EINTR))
			return false;
		if (n == -1)
			continue;
		n = read(fd, full ? rest : out + len,
		    full ? sizeof(rest) : size - 1 - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (!full)
			len += (size_t)n;
	}
	out[len] = '\0';
	return true;
}

/* Its status within the time, or -1: it was killed then. */
static int
wait_for(pid_t pid, int64_t end)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	int status;
	pid_t got;

	/* Its end of the socket is closed: it ends at once, or wants not to. */
	while ((got = waitpid(pid, &status, WNOHANG)) == 0 && clock_ms() < end)
		(void)nanosleep(&pause, NULL);
	if (got == pid)
		return status;
	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return -1;
}

static const struct err *
unavailable(const char *path, const char *what)
{
	log_error("oauth-helper %s: %s", path, what);
	return err_user(RESP_UNAVAILABLE, "Tokens cannot be checked now");
}

/* The first line, which must be all there is. */
static const struct err *
judge(struct arena *a, const char *path, int status, const char *answer,
    const char **user_r)
{
	size_t len = strcspn(answer, "\r\n");

	*user_r = NULL;
	if (status == -1)
		return unavailable(path, "it took too long");
	if (!WIFEXITED(status))
		return unavailable(path, "it was ended by a signal");
	if (WEXITSTATUS(status) == EX_CANNOT_RUN) {
		log_error("oauth-helper %s cannot be run", path);
		return err_user(RESP_CONTACTADMIN,
		    "Tokens cannot be checked here");
	}
	if (WEXITSTATUS(status) == EX_TEMPFAIL)
		return unavailable(path, "it cannot tell now");
	if (WEXITSTATUS(status) != 0)
		return NULL;
	if (len == 0 || answer[len + strspn(answer + len, "\r\n")] != '\0')
		return unavailable(path, "it does not say one name");
	*user_r = arena_memdup(a, answer, len);
	return NULL;
}

/* A socket and no pipes: no SIGPIPE, and one descriptor to wait for. */
static bool
say(int fd, const char *token)
{
	size_t len = strlen(token);

	return send(fd, token, len, MSG_NOSIGNAL) == (ssize_t)len &&
	    send(fd, "\n", 1, MSG_NOSIGNAL) == 1 && shutdown(fd, SHUT_WR) == 0;
}

const struct err *
helper_ask(struct arena *a, const char *path, const struct auth_peer *peer,
    const char *mechanism, const char *token, const char **user_r)
{
	char *env[] = {
		(char *)(uintptr_t)"PATH=/usr/local/bin:/usr/bin:/bin",
		arena_printf(a, "REMOTE_ADDR=%s", peer->address),
		arena_printf(a, "MECHANISM=%s", mechanism), NULL
	};
	int64_t end = clock_ms() + HELPER_TIME_S * 1000;
	char answer[HELPER_NAME_MAX] = "";
	int fds[2], status = -1;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return err_errno("socketpair");
	pid = fork();
	if (pid == 0)
		become(path, fds[1], env);
	close(fds[1]);
	if (pid == -1) {
		close(fds[0]);
		return err_errno("fork");
	}
	/* One that does not want to hear all of it may know all the same. */
	(void)say(fds[0], token);
	if (!read_answer(fds[0], end, answer, sizeof(answer)))
		end = 0;
	close(fds[0]);
	status = wait_for(pid, end);
	return judge(a, path, status, answer, user_r);
}

/* signals.c - being told to end
 * SPDX-License-Identifier: ISC */
#include "imapd/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t stop;
static int null_fd = -1;

/*
 * Standard input becomes /dev/null.  A poll(2) that waits for it is interrupted
 * by the signal, and finds the end of file when it is made again; one that is
 * made later finds it too.  There is no moment at which the signal is lost.
 */
static void
on_stop(int sig)
{
	int num = errno;

	(void)sig;
	stop = 1;
	if (null_fd != -1)
		dup2(null_fd, STDIN_FILENO);
	errno = num;
}

void
signals_init(void)
{
	struct sigaction sa = { .sa_handler = on_stop, .sa_flags = SA_RESTART };

	signal(SIGPIPE, SIG_IGN);
	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGTERM);
	sigaddset(&sa.sa_mask, SIGHUP);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

void
signals_move_null(int fd)
{
	if (null_fd != -1 && null_fd != fd && dup3(null_fd, fd, O_CLOEXEC) == fd)
		null_fd = fd;
}

bool
signals_stop(void)
{
	return stop != 0;
}

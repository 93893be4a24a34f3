/* io.c - what a process's descriptors are
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/io-private.h"

void
io_hold_stdio(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EX_OSERR);
}

int
io_ms_until(int64_t when)
{
	int64_t left;

	if (when == 0)
		return -1;
	left = when - clock_ms();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

enum io_target
io_target(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return IO_OTHER;
	if (S_ISSOCK(st.st_mode))
		return IO_SOCKET;
	if (S_ISFIFO(st.st_mode))
		return IO_PIPE;
	return S_ISCHR(st.st_mode) ? IO_TTY : IO_OTHER;
}

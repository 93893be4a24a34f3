/* probe.c - what a process of imapd could do if a client had taken it over
 * SPDX-License-Identifier: ISC
 *
 * Loaded by LD_PRELOAD in tests.  When the client sends a line "PROBE WHAT
 * ARGUMENT", the process that reads it tries what the line says, with plain system
 * calls, and answers "* PROBE WHAT ERRNO", 0 for a success. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t recv(int fd, void *s, size_t size, int flags);

static long
try_open(const char *path, int flags)
{
	return syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

/* What a door has to say for the log: doormsg.h, DOOR_LOG. */
static long
say(const char *text)
{
	const uint32_t type = 5, size = (uint32_t)strlen(text);
	const uint64_t priority = 6;
	char packet[600];

	memcpy(packet, &type, 4);
	memcpy(packet + 4, &priority, 8);
	memcpy(packet + 12, &size, 4);
	memcpy(packet + 16, text, size);
	return send(3, packet, 16 + size, MSG_NOSIGNAL);
}

static long
attempt(const char *what, const char *arg)
{
	char *const argv[] = { (char *)arg, NULL };

	if (strcmp(what, "read") == 0)
		return try_open(arg, O_RDONLY);
	if (strcmp(what, "write") == 0)
		return try_open(arg, O_WRONLY);
	if (strcmp(what, "create") == 0)
		return try_open(arg, O_WRONLY | O_CREAT | O_EXCL);
	if (strcmp(what, "inet") == 0)
		return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
	if (strcmp(what, "unix") == 0)
		return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	if (strcmp(what, "exec") == 0)
		return syscall(SYS_execve, arg, argv, NULL);
	if (strcmp(what, "fork") == 0)
		return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	if (strcmp(what, "kill") == 0)
		return syscall(SYS_kill, getppid(), 0);
	if (strcmp(what, "descriptor") == 0)
		return syscall(SYS_dup, 0);
	if (strcmp(what, "say") == 0)
		return say(arg);
	errno = ENOSYS;
	return -1;
}

static void
probe(int fd, char *line)
{
	char what[32] = "", arg[512] = "", answer[128];
	int n;

	sscanf(line, "PROBE %31s %511[^\r\n]", what, arg);
	n = snprintf(answer, sizeof(answer), "* PROBE %s %d\r\n", what,
	    attempt(what, arg) == -1 ? errno : 0);
	send(fd, answer, (size_t)n, MSG_NOSIGNAL);
}

ssize_t
recv(int fd, void *s, size_t size, int flags)
{
	static ssize_t (*real)(int, void *, size_t, int);
	char line[1024];
	ssize_t n;

	if (real == NULL)
		real = (ssize_t (*)(int, void *, size_t, int))dlsym(RTLD_NEXT,
		    "recv");
	n = real(fd, s, size, flags);
	if (n < 6 || (size_t)n >= sizeof(line) || memcmp(s, "PROBE ", 6) != 0)
		return n;
	memcpy(line, s, (size_t)n);
	line[n] = '\0';
	probe(fd, line);
	errno = EAGAIN;
	return -1;
}

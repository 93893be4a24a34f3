/* sandbox.h - a process gives up for good what it will never need
 * SPDX-License-Identifier: ISC
 *
 * Landlock for files, a seccomp filter for system calls, limits for the rest.
 * Written without libseccomp: three processes of a connection make a filter, and
 * a table that the compiler made costs none of them anything. */
#ifndef MSGSTORE_SANDBOX_H
#define MSGSTORE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/conf.h"
#include "util/err.h"

enum sandbox_access {
	SANDBOX_READ,		/* files and directories are opened for reading */
	SANDBOX_WRITE		/* also changed, made, linked, renamed, removed */
};

/* A directory with all below it, or a file, that stays open to the process. */
struct sandbox_path {
	int			fd;	/* open in any way, O_PATH too; the caller's */
	enum sandbox_access	access;
};

enum sandbox_rule {
	CALL_ANY,		/* the call is allowed */
	CALL_NO_EXEC,		/* mprotect(2), mmap(2): not with PROT_EXEC */
	CALL_MAP_FILE		/* mmap(2): PROT_EXEC for a file's pages only, and
				 * not together with PROT_WRITE: dlopen(3) */
};

struct sandbox_call {
	uint16_t		nr;	/* SYS_... */
	uint16_t		rule;
};

struct sandbox {
	const char		*what;	/* "door": in log lines */
	const struct sandbox_path *paths;
	size_t			 paths_n;
	/* All other system calls fail with EPERM, or end the process. */
	const struct sandbox_call *calls;
	size_t			 calls_n;
	bool			 kill;
	bool			 quiet;	/* another process says what is lacking */
	/* Numbers of descriptors that there may be: one more than the highest
	 * that is open, so that there is none to spare.  0: as before. */
	unsigned int		 descriptors;
};

/* Calls that every process of ours makes: memory, time, signals, its end.  A
 * part of the table of calls. */
#define SANDBOX_CALLS_COMMON						\
	{ SYS_brk, CALL_ANY }, { SYS_munmap, CALL_ANY },		\
	{ SYS_mremap, CALL_ANY }, { SYS_madvise, CALL_ANY },		\
	{ SYS_futex, CALL_ANY }, { SYS_clock_gettime, CALL_ANY },	\
	{ SYS_gettimeofday, CALL_ANY }, { SYS_getrandom, CALL_ANY },	\
	{ SYS_getpid, CALL_ANY }, { SYS_close, CALL_ANY },		\
	{ SYS_rt_sigaction, CALL_ANY }, { SYS_rt_sigprocmask, CALL_ANY }, \
	{ SYS_rt_sigreturn, CALL_ANY }, { SYS_restart_syscall, CALL_ANY }, \
	{ SYS_exit, CALL_ANY }, { SYS_exit_group, CALL_ANY }

/*
 * Enter it; there is no way out.  No new program gains rights, no core is
 * written, no debugger of the same user attaches, no process is started, TCP,
 * other processes' signals and abstract sockets are out of reach where the
 * kernel knows of them.  What the kernel cannot do is left out with one warning in
 * the log; with SANDBOX_REQUIRED it is an error instead.  SANDBOX_NO: does
 * nothing.  A build with AddressSanitizer, whose runtime makes calls of its own,
 * refuses a few calls in place of all but a few.
 */
const struct err *sandbox_enter(enum conf_sandbox, const struct sandbox *);

/* Whether the kernel has all that sandbox_enter() asks it for. */
bool sandbox_supported(void);

#endif

/* crash.c - run a program and break one of its system calls, or record them
 * SPDX-License-Identifier: ISC
 *
 * usage: crash -s STORE [-o REPORT] [-w] [-c CALL] ACTION -- COMMAND [ARGUMENT ...]
 *
 * Only calls count that name a file below STORE, by a path or a descriptor; with -w
 * only those that change something or lock, with -c those of one name.  ACTION is
 * one of
 *
 *	count		how many are there?
 *	kill N		SIGKILL in place of the N-th
 *	tear N		the N-th write writes half, then SIGKILL
 *	fail ERRNO N	the N-th call that may fail so (by name: ENOSPC) does
 *	full ERRNO N	and all that come after it, up to a SIGUSR1
 *	record		what changes the store, in order, for disk.py
 *	boot		nothing, but the machine looks as if started anew
 *
 * REPORT gets "calls N" at the end, and "hit CALL PATH" when something was done.
 * A call that changes the store and that this program does not know is reported as
 * "unknown": the test then fails.  The exit status is the command's, 128 and the
 * signal's number where one ended it, or 125.
 *
 * A tracer works on any build, static ones and sandboxes included. */
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_CRASH	125
#define TRACEES_MAX	64
#define DATA_MAX	(64 * 1024 * 1024)

/* --- The calls --- */

#define K_CHANGE	0x001		/* changes what is on the disk */
#define K_SPACE		0x002		/* may need space or an inode */
#define K_READ		0x004		/* reads */
#define K_OPEN		0x008		/* makes a descriptor */
#define K_LOCK		0x010
#define K_NAME		0x020		/* makes, changes or removes a name */
#define K_WRITE		0x040		/* octets into a file */
#define K_MEMORY	0x080		/* takes memory, whatever the file */
#define K_CLOSE		0x100
#define K_TIME		0x200

struct call {
	long		 nr;
	const char	*name;
	int		 fd;		/* argument, -1: none */
	int		 at, path;	/* arguments, -1: none; at -1: cwd */
	int		 at2, path2;
	unsigned int	 kind;
};

static const struct call calls[] = {
	{ SYS_read, "read", 0, -1, -1, -1, -1, K_READ },
	{ SYS_pread64, "pread64", 0, -1, -1, -1, -1, K_READ },
	{ SYS_readv, "readv", 0, -1, -1, -1, -1, K_READ },
	{ SYS_preadv, "preadv", 0, -1, -1, -1, -1, K_READ },
	{ SYS_getdents64, "getdents64", 0, -1, -1, -1, -1, K_READ },
	{ SYS_write, "write", 0, -1, -1, -1, -1,
	    K_CHANGE | K_SPACE | K_WRITE },
	{ SYS_pwrite64, "pwrite64", 0, -1, -1, -1, -1,
	    K_CHANGE | K_SPACE | K_WRITE },
	{ SYS_writev, "writev", 0, -1, -1, -1, -1,
	    K_CHANGE | K_SPACE | K_WRITE },
	{ SYS_pwritev, "pwritev", 0, -1, -1, -1, -1,
	    K_CHANGE | K_SPACE | K_WRITE },
	{ SYS_pwritev2, "pwritev2", 0, -1, -1, -1, -1,
	    K_CHANGE | K_SPACE | K_WRITE },
	{ SYS_ftruncate, "ftruncate", 0, -1, -1, -1, -1,
	    K_CHANGE | K_SPACE },
	{ SYS_fallocate, "fallocate", 0, -1, -1, -1, -1,
	    K_CHANGE | K_SPACE },
	{ SYS_copy_file_range, "copy_file_range", 2, -1, -1, -1, -1,
	    K_CHANGE | K_SPACE },
	{ SYS_sendfile, "sendfile", 1, -1, -1, -1, -1, K_READ },
	{ SYS_splice, "splice", 0, -1, -1, -1, -1, K_READ },
	{ SYS_fsync, "fsync", 0, -1, -1, -1, -1, K_CHANGE | K_SPACE },
	{ SYS_fdatasync, "fdatasync", 0, -1, -1, -1, -1,
	    K_CHANGE | K_SPACE },
	{ SYS_syncfs, "syncfs", 0, -1, -1, -1, -1, K_CHANGE | K_SPACE },
	{ SYS_fstat, "fstat", 0, -1, -1, -1, -1, K_READ },
	{ SYS_newfstatat, "newfstatat", -1, 0, 1, -1, -1, K_READ },
	{ SYS_statx, "statx", -1, 0, 1, -1, -1, K_READ },
	{ SYS_faccessat, "faccessat", -1, 0, 1, -1, -1, K_READ },
	{ SYS_faccessat2, "faccessat2", -1, 0, 1, -1, -1, K_READ },
	{ SYS_readlinkat, "readlinkat", -1, 0, 1, -1, -1, K_READ },
	{ SYS_lseek, "lseek", 0, -1, -1, -1, -1, 0 },
	{ SYS_close, "close", 0, -1, -1, -1, -1, K_CLOSE },
	{ SYS_flock, "flock", 0, -1, -1, -1, -1, K_LOCK },
	{ SYS_fcntl, "fcntl", 0, -1, -1, -1, -1, 0 },
	{ SYS_mmap, "mmap", 4, -1, -1, -1, -1, K_MEMORY },
	{ SYS_mremap, "mremap", -1, -1, -1, -1, -1, K_MEMORY },
	{ SYS_brk, "brk", -1, -1, -1, -1, -1, K_MEMORY },
	{ SYS_openat, "openat", -1, 0, 1, -1, -1, K_OPEN | K_READ },
	{ SYS_linkat, "linkat", -1, 0, 1, 2, 3,
	    K_CHANGE | K_SPACE | K_NAME },
	{ SYS_symlinkat, "symlinkat", -1, 1, 2, -1, -1,
	    K_CHANGE | K_SPACE | K_NAME },
	{ SYS_unlinkat, "unlinkat", -1, 0, 1, -1, -1, K_CHANGE | K_NAME },
	{ SYS_renameat2, "renameat2", -1, 0, 1, 2, 3,
	    K_CHANGE | K_SPACE | K_NAME },
	{ SYS_mkdirat, "mkdirat", -1, 0, 1, -1, -1,
	    K_CHANGE | K_SPACE | K_NAME },
	{ SYS_utimensat, "utimensat", -1, 0, 1, -1, -1, K_CHANGE | K_TIME },
	{ SYS_fchmod, "fchmod", 0, -1, -1, -1, -1, K_CHANGE },
	{ SYS_fchmodat, "fchmodat", -1, 0, 1, -1, -1, K_CHANGE },
	{ SYS_fchown, "fchown", 0, -1, -1, -1, -1, K_CHANGE },
	{ SYS_fchownat, "fchownat", -1, 0, 1, -1, -1, K_CHANGE },
#ifdef SYS_renameat
	{ SYS_renameat, "renameat", -1, 0, 1, 2, 3,
	    K_CHANGE | K_SPACE | K_NAME },
#endif
#ifdef SYS_open
	{ SYS_open, "open", -1, -1, 0, -1, -1, K_OPEN | K_READ },
	{ SYS_stat, "stat", -1, -1, 0, -1, -1, K_READ },
	{ SYS_lstat, "lstat", -1, -1, 0, -1, -1, K_READ },
	{ SYS_access, "access", -1, -1, 0, -1, -1, K_READ },
	{ SYS_readlink, "readlink", -1, -1, 0, -1, -1, K_READ },
	{ SYS_link, "link", -1, -1, 0, -1, 1, K_CHANGE | K_SPACE | K_NAME },
	{ SYS_symlink, "symlink", -1, -1, 1, -1, -1,
	    K_CHANGE | K_SPACE | K_NAME },
	{ SYS_unlink, "unlink", -1, -1, 0, -1, -1, K_CHANGE | K_NAME },
	{ SYS_rename, "rename", -1, -1, 0, -1, 1,
	    K_CHANGE | K_SPACE | K_NAME },
	{ SYS_mkdir, "mkdir", -1, -1, 0, -1, -1,
	    K_CHANGE | K_SPACE | K_NAME },
	{ SYS_rmdir, "rmdir", -1, -1, 0, -1, -1, K_CHANGE | K_NAME },
	{ SYS_chmod, "chmod", -1, -1, 0, -1, -1, K_CHANGE },
	{ SYS_chown, "chown", -1, -1, 0, -1, -1, K_CHANGE },
	{ SYS_truncate, "truncate", -1, -1, 0, -1, -1, K_CHANGE | K_SPACE },
#endif
};

static const struct call *
call_find(uint64_t nr)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if ((uint64_t)calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

/* Which kinds may fail with an error. */
static const struct fault {
	const char	*name;
	int		 code;
	unsigned int	 kinds;
} faults[] = {
	{ "ENOSPC", ENOSPC, K_SPACE },
	{ "EDQUOT", EDQUOT, K_SPACE },
	{ "EIO", EIO, K_CHANGE | K_READ | K_OPEN },
	{ "EROFS", EROFS, K_CHANGE },
	{ "EMFILE", EMFILE, K_OPEN },
	{ "ENFILE", ENFILE, K_OPEN },
	{ "ENOMEM", ENOMEM, K_OPEN | K_MEMORY | K_NAME },
	{ "ENOLCK", ENOLCK, K_LOCK }
};

/* --- A call that stands at its entry --- */

struct tracee {
	pid_t		 pid;		/* 0: free */
	bool		 inside;	/* between entry and exit */
	const struct call *call;	/* NULL: of no interest */
	unsigned int	 kind;
	uint64_t	 arg[6];
	char		 path[PATH_MAX + 256], path2[PATH_MAX + 256];
	bool		 in, in2;	/* the store */
	bool		 existed;	/* the path of an open() */
	uint64_t	 offset;	/* of a write */
	int		 result;	/* to put in place of its own, 0: none */
	bool		 changed;	/* its first argument was */
	bool		 kill;		/* at its exit */
};

enum action { COUNT, KILL, TEAR, FAIL, FULL, RECORD, BOOT };

static enum action action = COUNT;
static unsigned long target, count;
static const struct fault *fault;
static bool writes_only, active = false;
static const char *only;		/* a call's name, NULL: all */
static char store[PATH_MAX];
static size_t store_len;
static FILE *report;
static struct tracee tracees[TRACEES_MAX];
static volatile sig_atomic_t relieved;

static void
relieve(int sig)
{
	(void)sig;
	relieved = 1;
}

/* The memory of a tracee: octets read, or -1. */
static ssize_t
peek(pid_t pid, uint64_t at, void *to, size_t len)
{
	struct iovec here = { to, len }, there = { (void *)(uintptr_t)at, len };

	return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

/* A string; pages are read one by one, as the next may not be there. */
static bool
peek_string(pid_t pid, uint64_t at, char *to, size_t size)
{
	size_t n = 0, part;

	while (n < size) {
		part = 4096 - (size_t)((at + n) % 4096);
		if (part > size - n)
			part = size - n;
		if (peek(pid, at + n, to + n, part) != (ssize_t)part)
			return false;
		if (memchr(to + n, '\0', part) != NULL)
			return true;
		n += part;
	}
	return false;
}

static bool
fd_path(pid_t pid, int fd, char *to, size_t size)
{
	char link[64];
	ssize_t n;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, fd);
	n = readlink(link, to, size - 1);
	if (n < 0)
		return false;
	to[n] = '\0';
	return true;
}

/* The file that a directory's descriptor and a path name. */
static bool
at_path(pid_t pid, int dirfd, uint64_t at, char *to, size_t size)
{
	char name[PATH_MAX], dir[PATH_MAX];

	if (!peek_string(pid, at, name, sizeof(name)))
		return false;
	if (name[0] == '/') {
		/* /proc/self is somebody else here. */
		if (strncmp(name, "/proc/self/", 11) == 0)
			return (size_t)snprintf(to, size, "/proc/%d/%s",
			    (int)pid, name + 11) < size;
		return (size_t)snprintf(to, size, "%s", name) < size;
	}
	if (!fd_path(pid, dirfd, dir, sizeof(dir)))
		return false;
	if (name[0] == '\0' || strcmp(name, ".") == 0)
		return (size_t)snprintf(to, size, "%s", dir) < size;
	return (size_t)snprintf(to, size, "%s/%s", dir, name) < size;
}

static bool
in_store(const char *path)
{
	return strncmp(path, store, store_len) == 0 &&
	    (path[store_len] == '/' || path[store_len] == '\0');
}

static bool
has_end(const char *path, const char *end)
{
	size_t a = strlen(path), b = strlen(end);

	return a >= b && strcmp(path + a - b, end) == 0;
}

/* Find out what the call is about; false when it is not about the store. */
static bool
look(struct tracee *t)
{
	const struct call *c = t->call;

	t->in = t->in2 = false;
	t->path[0] = t->path2[0] = '\0';
	if (c->fd >= 0 && fd_path(t->pid, (int)t->arg[c->fd], t->path,
	    sizeof(t->path)))
		t->in = in_store(t->path);
	/* Where the path is NULL the descriptor itself is meant: futimens(). */
	if (c->path >= 0) {
		int at = c->at < 0 ? AT_FDCWD : (int)t->arg[c->at];

		if (t->arg[c->path] == 0 ? fd_path(t->pid, at, t->path,
		    sizeof(t->path)) : at_path(t->pid, at, t->arg[c->path],
		    t->path, sizeof(t->path)))
			t->in = in_store(t->path);
	}
	if (c->path2 >= 0 && at_path(t->pid, c->at2 < 0 ? AT_FDCWD :
	    (int)t->arg[c->at2], t->arg[c->path2], t->path2,
	    sizeof(t->path2)))
		t->in2 = in_store(t->path2);
	return t->in || t->in2;
}

static uint64_t
open_flags(const struct tracee *t)
{
	return t->arg[t->call->at < 0 ? 1 : 2];
}

/* What the arguments make of a call. */
static unsigned int
kind_of(const struct tracee *t)
{
	const unsigned int kind = t->call->kind;
	uint64_t flags;

	if (kind & K_OPEN) {
		flags = open_flags(t);
		if ((flags & (O_CREAT | O_TRUNC)) ||
		    (flags & O_TMPFILE) == O_TMPFILE)
			return kind | K_CHANGE | K_SPACE | K_NAME;
		return kind | ((flags & O_ACCMODE) != O_RDONLY ? K_TIME : 0);
	}
	if (t->call->nr == SYS_fcntl) {
		if (t->arg[1] == F_SETLK || t->arg[1] == F_SETLKW)
			return kind | K_LOCK;
		if (t->arg[1] == F_DUPFD || t->arg[1] == F_DUPFD_CLOEXEC)
			return kind | K_OPEN;
	}
	/* What was locked or closed cannot be refused to be let go. */
	if (t->call->nr == SYS_flock && (t->arg[1] & LOCK_UN) != 0)
		return kind & ~(unsigned int)K_LOCK;
	return kind;
}

/* A lock of a range that is only let go. */
static bool
is_unlock(const struct tracee *t)
{
	struct flock lock;

	return t->call->nr == SYS_fcntl && (t->kind & K_LOCK) &&
	    peek(t->pid, t->arg[2], &lock, sizeof(lock)) == sizeof(lock) &&
	    lock.l_type == F_UNLCK;
}

/* --- Changing a call --- */

#if defined(__x86_64__) || defined(__aarch64__)
static void
registers(pid_t pid, struct user_regs_struct *regs, bool set)
{
	struct iovec v = { regs, sizeof(*regs) };

	if (ptrace(set ? PTRACE_SETREGSET : PTRACE_GETREGSET, pid,
	    (void *)(uintptr_t)NT_PRSTATUS, &v) == -1 && errno != ESRCH)
		err(EXIT_CRASH, "registers");
}
#endif

#if defined(__x86_64__)
/* At the entry: the kernel shall not do it. */
static void
skip_call(pid_t pid)
{
	struct user_regs_struct regs;

	registers(pid, &regs, false);
	regs.orig_rax = (unsigned long long)-1;
	registers(pid, &regs, true);
}

static void
set_result(pid_t pid, long result)
{
	struct user_regs_struct regs;

	registers(pid, &regs, false);
	regs.rax = (unsigned long long)result;
	registers(pid, &regs, true);
}

/* The first or the third. */
static void
set_argument(pid_t pid, int i, uint64_t value)
{
	struct user_regs_struct regs;

	registers(pid, &regs, false);
	*(i == 0 ? &regs.rdi : &regs.rdx) = value;
	registers(pid, &regs, true);
}
#elif defined(__aarch64__)
static void
skip_call(pid_t pid)
{
	int none = -1;
	struct iovec v = { &none, sizeof(none) };

	if (ptrace(PTRACE_SETREGSET, pid,
	    (void *)(uintptr_t)NT_ARM_SYSTEM_CALL, &v) == -1)
		err(EXIT_CRASH, "system call");
}

static void
set_argument(pid_t pid, int i, uint64_t value)
{
	struct user_regs_struct regs;

	registers(pid, &regs, false);
	regs.regs[i] = value;
	registers(pid, &regs, true);
}

static void
set_result(pid_t pid, long result)
{
	set_argument(pid, 0, (uint64_t)result);
}
#else
static void
skip_call(pid_t pid)
{
	(void)pid;
	errx(EXIT_CRASH, "not for this machine");
}

static void
set_result(pid_t pid, long result)
{
	(void)result;
	skip_call(pid);
}

static void
set_argument(pid_t pid, int i, uint64_t value)
{
	(void)i;
	(void)value;
	skip_call(pid);
}
#endif

/* --- Breaking --- */

static void
hit(const struct tracee *t)
{
	if (report != NULL) {
		fprintf(report, "hit %s %s%s%s\n", t->call->name,
		    t->path, t->path2[0] != '\0' ? " " : "", t->path2);
		fflush(report);
	}
}

static void
end_process(struct tracee *t)
{
	hit(t);
	skip_call(t->pid);
	if (kill(t->pid, SIGKILL) == -1)
		err(EXIT_CRASH, "kill");
}

static void
refuse(struct tracee *t)
{
	hit(t);
	/* It answers with where the heap ends, whatever happens. */
	if (t->call->nr == SYS_brk) {
		set_argument(t->pid, 0, 0);
		t->changed = true;
		return;
	}
	skip_call(t->pid);
	t->result = fault->code;
}

static uint64_t
size_of(const struct tracee *t)
{
	char proc[64];
	struct stat st;

	snprintf(proc, sizeof(proc), "/proc/%d/fd/%d", (int)t->pid,
	    (int)t->arg[0]);
	return stat(proc, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Whether the fault can come of this call. */
static bool
may_fail(const struct tracee *t)
{
	if ((t->kind & fault->kinds) == 0)
		return false;
	if (fault->code == ENOLCK)
		return !is_unlock(t);
	/* What is overwritten has its space already. */
	if ((fault->code == ENOSPC || fault->code == EDQUOT) &&
	    t->call->nr == SYS_pwrite64)
		return t->arg[3] + t->arg[2] > size_of(t);
	return true;
}

static void
entered(struct tracee *t)
{
	bool counts;

	switch (action) {
	case FAIL:
	case FULL:
		counts = may_fail(t);
		break;
	case TEAR:
		counts = (t->kind & K_WRITE) != 0;
		break;
	default:
		counts = (!writes_only ||
		    (t->kind & (K_CHANGE | K_LOCK)) != 0) &&
		    (only == NULL || strcmp(t->call->name, only) == 0);
	}
	if (!counts)
		return;
	count++;
	if (action == FULL ? count < target || relieved : count != target)
		return;
	switch (action) {
	case KILL:
		end_process(t);
		break;
	case TEAR:
		hit(t);
		if (t->call->nr == SYS_write || t->call->nr == SYS_pwrite64)
			set_argument(t->pid, 2, t->arg[2] / 2);
		t->kill = true;
		break;
	case FAIL:
	case FULL:
		refuse(t);
		break;
	default:
		break;
	}
}

/* --- Recording --- */

static void
note(const char *what, const char *path, const char *path2)
{
	/* Paths are below the store, and made of no blanks. */
	fprintf(report, "%s %s%s%s\n", what, path + store_len,
	    path2 != NULL ? " " : "", path2 != NULL ? path2 + store_len : "");
}

/* What is behind a descriptor or path of the tracee. */
static void
stat_of(pid_t pid, int fd, const char *path, struct stat *st)
{
	char proc[64];

	snprintf(proc, sizeof(proc), "/proc/%d/fd/%d", (int)pid, fd);
	if ((fd >= 0 ? stat(proc, st) : lstat(path, st)) == -1)
		err(EXIT_CRASH, "%s", fd >= 0 ? proc : path);
}

static uint64_t
inode_of(pid_t pid, int fd, const char *path)
{
	struct stat st;

	stat_of(pid, fd, path, &st);
	return st.st_ino;
}

/* Where a write() of this descriptor will go. */
static uint64_t
position(pid_t pid, int fd)
{
	char proc[64], line[128];
	unsigned long long pos = 0;
	unsigned int flags = 0;
	struct stat st;
	FILE *f;

	snprintf(proc, sizeof(proc), "/proc/%d/fdinfo/%d", (int)pid, fd);
	f = fopen(proc, "re");
	if (f == NULL)
		err(EXIT_CRASH, "%s", proc);
	while (fgets(line, sizeof(line), f) != NULL) {
		sscanf(line, "pos: %llu", &pos);
		sscanf(line, "flags: %o", &flags);
	}
	fclose(f);
	if (flags & O_APPEND) {
		snprintf(proc, sizeof(proc), "/proc/%d/fd/%d", (int)pid, fd);
		if (stat(proc, &st) == -1)
			err(EXIT_CRASH, "%s", proc);
		return (uint64_t)st.st_size;
	}
	return pos;
}

static void
hex(const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(report, "%02x", s[i]);
	fputc('\n', report);
}

/* n octets that a call wrote, from a buffer or the pieces of a vector. */
static unsigned char *
written(const struct tracee *t, size_t n)
{
	const bool vector = t->call->nr == SYS_writev ||
	    t->call->nr == SYS_pwritev || t->call->nr == SYS_pwritev2;
	struct iovec v[1024];
	unsigned char *s;
	size_t done = 0, parts = 1;

	if (n > DATA_MAX || t->arg[2] > (vector ? 1024 : UINT64_MAX))
		errx(EXIT_CRASH, "too much is written at once");
	s = malloc(n + 1);
	if (s == NULL)
		err(EXIT_CRASH, "malloc");
	v[0] = (struct iovec){ (void *)(uintptr_t)t->arg[1], n };
	if (vector) {
		parts = (size_t)t->arg[2];
		if (peek(t->pid, t->arg[1], v, parts * sizeof(v[0])) !=
		    (ssize_t)(parts * sizeof(v[0])))
			err(EXIT_CRASH, "a vector cannot be read");
	}
	for (size_t i = 0; i < parts && done < n; i++) {
		size_t part = v[i].iov_len < n - done ? v[i].iov_len :
		    n - done;

		if (part > 0 && peek(t->pid, (uint64_t)(uintptr_t)
		    v[i].iov_base, s + done, part) != (ssize_t)part)
			err(EXIT_CRASH, "what is written cannot be read");
		done += part;
	}
	return s;
}

static void
record_write(const struct tracee *t, size_t n)
{
	unsigned char *s = written(t, n);

	fprintf(report, "write %" PRIu64 " %" PRIu64 " ",
	    inode_of(t->pid, (int)t->arg[0], NULL), t->offset);
	hex(s, n);
	free(s);
}

/* What the program told: the driver knows then what was acknowledged. */
static void
record_output(struct tracee *t, size_t n)
{
	unsigned char *s = written(t, n);

	fputs("out ", report);
	hex(s, n);
	free(s);
}

static void
record_open(const struct tracee *t, int fd)
{
	const uint64_t flags = open_flags(t);

	if ((flags & O_TMPFILE) == O_TMPFILE)
		fprintf(report, "new %" PRIu64 "\n",
		    inode_of(t->pid, fd, NULL));
	else if ((flags & O_CREAT) && !t->existed)
		fprintf(report, "create %" PRIu64 " %s\n",
		    inode_of(t->pid, fd, NULL), t->path + store_len);
	else if (flags & O_TRUNC)
		fprintf(report, "truncate %" PRIu64 " 0\n",
		    inode_of(t->pid, fd, NULL));
}

static void
record_names(const struct tracee *t)
{
	switch (t->call->name[0]) {
	case 'l':
		fprintf(report, "link %" PRIu64 " %s\n",
		    inode_of(t->pid, -1, t->path2), t->path2 + store_len);
		break;
	case 'u':
		note("unlink", t->path, NULL);
		break;
	case 'r':
		if (t->call->path2 < 0)
			note("unlink", t->path, NULL);
		else
			note(t->call->nr == SYS_renameat2 && (t->arg[4] &
			    RENAME_EXCHANGE) ? "exchange" : "rename", t->path,
			    t->path2);
		break;
	case 'm':
		fprintf(report, "mkdir %" PRIu64 " %s\n",
		    inode_of(t->pid, -1, t->path), t->path + store_len);
		break;
	default:
		note("unknown", t->call->name, NULL);
	}
}

static void
record_time(const struct tracee *t)
{
	struct stat st;

	stat_of(t->pid, t->arg[1] == 0 ? (int)t->arg[0] : -1, t->path, &st);
	fprintf(report, "time %" PRIu64 " %" PRId64 "%09" PRId64 "\n",
	    (uint64_t)st.st_ino, (int64_t)st.st_mtim.tv_sec,
	    (int64_t)st.st_mtim.tv_nsec);
}

static void
record(struct tracee *t, int64_t result)
{
	const long nr = t->call->nr;

	/* A process makes the -shm file anew when nobody has it open. */
	if (has_end(t->path, "-shm") && !(t->kind & K_NAME))
		return;
	if (t->kind & K_WRITE) {
		if (result > 0)
			record_write(t, (size_t)result);
	} else if (t->kind & K_OPEN) {
		if (t->kind & K_CHANGE)
			record_open(t, (int)result);
	} else if (nr == SYS_ftruncate)
		fprintf(report, "truncate %" PRIu64 " %" PRIu64 "\n",
		    inode_of(t->pid, (int)t->arg[0], NULL), t->arg[1]);
	else if (nr == SYS_fsync || nr == SYS_fdatasync)
		fprintf(report, "sync %" PRIu64 "\n",
		    inode_of(t->pid, (int)t->arg[0], NULL));
	else if (nr == SYS_syncfs)
		fputs("syncfs\n", report);
	else if (t->kind & K_NAME)
		record_names(t);
	else if (nr == SYS_mmap && (t->arg[3] & MAP_SHARED) &&
	    (t->arg[2] & PROT_WRITE))
		fprintf(report, "unknown mmap %s\n", t->path);
	else if (nr == SYS_utimensat)
		record_time(t);
	/* Nobody calls chmod; the owner stays the same. */
	else if ((t->kind & K_CHANGE) && !(t->kind & K_TIME) &&
	    nr != SYS_fchown)
		fprintf(report, "unknown %s %s\n", t->call->name, t->path);
}

/* --- The tracer --- */

static struct tracee *
tracee_of(pid_t pid)
{
	struct tracee *unused = NULL;

	for (size_t i = 0; i < TRACEES_MAX; i++) {
		if (tracees[i].pid == pid)
			return &tracees[i];
		if (tracees[i].pid == 0 && unused == NULL)
			unused = &tracees[i];
	}
	if (unused == NULL)
		errx(EXIT_CRASH, "too many processes");
	memset(unused, 0, sizeof(*unused));
	unused->pid = pid;
	return unused;
}

/* Another first octet than the kernel's. */
static void
change_boot(const struct tracee *t)
{
	char other = 'z';
	struct iovec here = { &other, 1 };
	struct iovec there = { (void *)(uintptr_t)t->arg[1], 1 };

	if (process_vm_writev(t->pid, &here, 1, &there, 1, 0) != 1)
		err(EXIT_CRASH, "the boot's number");
}

static bool
is_output(const struct tracee *t)
{
	return (t->call->kind & K_WRITE) && t->arg[0] == STDOUT_FILENO;
}

static void
at_entry(struct tracee *t, const struct ptrace_syscall_info *info)
{
	struct stat st;
	bool ours;

	t->inside = true;
	t->result = 0;
	t->kill = t->changed = false;
	t->call = call_find(info->entry.nr);
	if (t->call == NULL)
		return;
	memcpy(t->arg, info->entry.args, sizeof(t->arg));
	ours = look(t);
	if (action == BOOT) {
		if (t->call->nr != SYS_read || strcmp(t->path,
		    "/proc/sys/kernel/random/boot_id") != 0)
			t->call = NULL;
		return;
	}
	active |= ours;
	t->kind = kind_of(t);
	if (!ours) {
		/* The same memory, whichever file: but not before it begins. */
		ours = active && (t->kind & K_MEMORY) && fault != NULL &&
		    fault->code == ENOMEM;
		if (!ours && !(action == RECORD && is_output(t))) {
			t->call = NULL;
			return;
		}
	}
	if (action == RECORD) {
		t->existed = lstat(t->path, &st) == 0;
		if (t->call->nr == SYS_write || t->call->nr == SYS_writev)
			t->offset = t->in ? position(t->pid, (int)t->arg[0]) :
			    0;
		else
			t->offset = t->arg[3];
	}
	if (ours)
		entered(t);
}

static void
at_exit(struct tracee *t, int64_t result)
{
	t->inside = false;
	if (t->call == NULL)
		return;
	if (action == BOOT) {
		if (result > 0)
			change_boot(t);
		return;
	}
	if (t->kill && kill(t->pid, SIGKILL) == -1)
		err(EXIT_CRASH, "kill");
	if (t->result != 0)
		set_result(t->pid, -t->result);
	else if (t->changed)
		set_argument(t->pid, 0, t->arg[0]);
	else if (action == RECORD && result >= 0) {
		if (t->in || t->in2)
			record(t, result);
		else if (result > 0)
			record_output(t, (size_t)result);
	}
}

static void
stopped(pid_t pid, int status)
{
	struct ptrace_syscall_info info = { 0 };
	struct tracee *t = tracee_of(pid);
	int sig = WSTOPSIG(status), deliver = 0;

	if (sig == (SIGTRAP | 0x80)) {
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid,
		    (void *)sizeof(info), &info) > 0) {
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
				at_entry(t, &info);
			else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
				at_exit(t, info.exit.rval);
				/* That was all; the rest shall be fast. */
				if (action == BOOT && t->call != NULL) {
					ptrace(PTRACE_DETACH, pid, NULL, NULL);
					return;
				}
			}
		}
	} else if (status >> 16 == 0 && sig != SIGSTOP && sig != SIGTRAP)
		deliver = sig;
	ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)deliver);
}

static int
trace(pid_t child)
{
	int status, code = EXIT_CRASH;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		if (pid == -1 && errno == EINTR)
			continue;
		if (pid == -1)
			return code;
		if (WIFSTOPPED(status)) {
			stopped(pid, status);
			continue;
		}
		tracee_of(pid)->pid = 0;
		if (pid == child)
			code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
			    WEXITSTATUS(status);
	}
}

static pid_t
start(char **argv)
{
	pid_t child = fork();
	int status;

	if (child == -1)
		err(EXIT_CRASH, "fork");
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			err(EXIT_CRASH, "ptrace");
		raise(SIGSTOP);
		execvp(argv[0], argv);
		err(EXIT_CRASH, "%s", argv[0]);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		errx(EXIT_CRASH, "the child did not stop");
	if (ptrace(PTRACE_SETOPTIONS, child, NULL,
	    (void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
	    PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
	    PTRACE_O_EXITKILL)) == -1)
		err(EXIT_CRASH, "ptrace");
	ptrace(PTRACE_SYSCALL, child, NULL, NULL);
	return child;
}

_Noreturn static void
usage(void)
{
	fputs("usage: crash -s STORE [-o REPORT] [-w] count | kill N | tear N |"
	    " fail ERRNO N | full ERRNO N | record | boot -- COMMAND ...\n", stderr);
	exit(EXIT_CRASH);
}

static const struct fault *
fault_find(const char *name)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(faults[i].name, name) == 0)
			return &faults[i];
	errx(EXIT_CRASH, "no error %s", name);
}

/* The action and its operands; how many words it has. */
static int
parse_action(char **argv, int argc)
{
	static const struct { const char *name; int words; } actions[] = {
		[COUNT] = { "count", 1 }, [KILL] = { "kill", 2 },
		[TEAR] = { "tear", 2 }, [FAIL] = { "fail", 3 },
		[FULL] = { "full", 3 }, [RECORD] = { "record", 1 },
		[BOOT] = { "boot", 1 }
	};

	for (size_t i = 0; argc > 0 &&
	    i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(argv[0], actions[i].name) != 0)
			continue;
		action = (enum action)i;
		if (argc < actions[i].words)
			usage();
		if (actions[i].words == 3)
			fault = fault_find(argv[1]);
		if (actions[i].words > 1)
			target = strtoul(argv[actions[i].words - 1], NULL, 10);
		return actions[i].words;
	}
	usage();
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = relieve };
	int c, status;

	while ((c = getopt(argc, argv, "+c:o:s:w")) != -1) {
		switch (c) {
		case 'c':
			only = optarg;
			break;
		case 'o':
			report = fopen(optarg, "we");
			if (report == NULL)
				err(EXIT_CRASH, "%s", optarg);
			break;
		case 's':
			if (realpath(optarg, store) == NULL)
				err(EXIT_CRASH, "%s", optarg);
			break;
		case 'w':
			writes_only = true;
			break;
		default:
			usage();
		}
	}
	argv += optind;
	argc -= optind;
	c = parse_action(argv, argc);
	store_len = strlen(store);
	if (store_len == 0 || c + 1 >= argc || strcmp(argv[c], "--") != 0 ||
	    (action == RECORD && report == NULL))
		usage();
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGINT, SIG_IGN);
	status = trace(start(argv + c + 1));
	if (report != NULL) {
		fprintf(report, "calls %lu\n", count);
		if (fclose(report) == EOF)
			err(EXIT_CRASH, "report");
	}
	return status;
}

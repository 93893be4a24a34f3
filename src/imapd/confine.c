/* confine.c - a session keeps only what its user may reach
 * SPDX-License-Identifier: ISC */
#include "imapd/confine.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "util/log.h"
#include "util/sandbox.h"

/* What SQLite, the store, the connection, iconv(3) and the log need. */
static const struct sandbox_call calls[] = {
	/* Often. */
	{ SYS_recvfrom, CALL_ANY }, { SYS_sendto, CALL_ANY },
	{ SYS_poll, CALL_ANY }, { SYS_pread64, CALL_ANY },
	{ SYS_fcntl, CALL_ANY }, { SYS_newfstatat, CALL_ANY },
	{ SYS_fstat, CALL_ANY }, { SYS_pwrite64, CALL_ANY },
	SANDBOX_CALLS_COMMON,
	{ SYS_read, CALL_ANY }, { SYS_write, CALL_ANY },
	{ SYS_readv, CALL_ANY }, { SYS_writev, CALL_ANY },
	{ SYS_sendfile, CALL_ANY }, { SYS_splice, CALL_ANY },
	{ SYS_sendmsg, CALL_ANY }, { SYS_recvmsg, CALL_ANY },
	{ SYS_lseek, CALL_ANY }, { SYS_ppoll, CALL_ANY },
	{ SYS_mmap, CALL_MAP_FILE }, { SYS_mprotect, CALL_NO_EXEC },
	/* Files: Landlock says which. */
	{ SYS_openat, CALL_ANY }, { SYS_flock, CALL_ANY },
	{ SYS_fsync, CALL_ANY }, { SYS_fdatasync, CALL_ANY },
	{ SYS_syncfs, CALL_ANY }, { SYS_ftruncate, CALL_ANY },
	{ SYS_fallocate, CALL_ANY }, { SYS_fadvise64, CALL_ANY },
	{ SYS_getdents64, CALL_ANY }, { SYS_statx, CALL_ANY },
	{ SYS_fstatfs, CALL_ANY }, { SYS_statfs, CALL_ANY },
	{ SYS_mkdirat, CALL_ANY }, { SYS_unlinkat, CALL_ANY },
	{ SYS_renameat, CALL_ANY }, { SYS_renameat2, CALL_ANY },
	{ SYS_linkat, CALL_ANY }, { SYS_utimensat, CALL_ANY },
	{ SYS_fchmod, CALL_ANY }, { SYS_umask, CALL_ANY },
	{ SYS_faccessat, CALL_ANY }, { SYS_faccessat2, CALL_ANY },
	{ SYS_readlinkat, CALL_ANY },
#ifdef SYS_sync_file_range
	{ SYS_sync_file_range, CALL_ANY },
#endif
#ifdef SYS_open		/* calls of old, which glibc and SQLite make on x86 */
	{ SYS_open, CALL_ANY }, { SYS_stat, CALL_ANY },
	{ SYS_lstat, CALL_ANY }, { SYS_access, CALL_ANY },
	{ SYS_readlink, CALL_ANY }, { SYS_unlink, CALL_ANY },
	{ SYS_mkdir, CALL_ANY }, { SYS_rmdir, CALL_ANY },
	{ SYS_rename, CALL_ANY }, { SYS_link, CALL_ANY },
	{ SYS_chmod, CALL_ANY }, { SYS_dup2, CALL_ANY },
#endif
	{ SYS_getcwd, CALL_ANY }, { SYS_dup, CALL_ANY },
	{ SYS_dup3, CALL_ANY },
	{ SYS_inotify_init1, CALL_ANY }, { SYS_inotify_add_watch, CALL_ANY },
	{ SYS_inotify_rm_watch, CALL_ANY },
	/* The connection. */
	{ SYS_setsockopt, CALL_ANY }, { SYS_getsockopt, CALL_ANY },
	{ SYS_shutdown, CALL_ANY }, { SYS_ioctl, CALL_ANY },
	/* Who and when. */
	{ SYS_geteuid, CALL_ANY }, { SYS_getuid, CALL_ANY },
	{ SYS_getegid, CALL_ANY }, { SYS_getgid, CALL_ANY },
	{ SYS_gettid, CALL_ANY }, { SYS_clock_nanosleep, CALL_ANY },
	{ SYS_nanosleep, CALL_ANY }, { SYS_sched_yield, CALL_ANY },
	{ SYS_uname, CALL_ANY }, { SYS_sysinfo, CALL_ANY },
};

#define PATHS_FIXED	8	/* beside the shared mailboxes */

struct reach {
	struct sandbox_path *paths;
	size_t		 n;
};

/* fd -1: there is no such thing, or no right to it, and that is no error. */
static void
reach(struct reach *r, int fd, enum sandbox_access access)
{
	if (fd != -1)
		r->paths[r->n++] = (struct sandbox_path){ fd, access };
}

/*
 * Where the C library lies: iconv(3) loads its character sets from below it, and
 * dlopen(3) what is needed by few.
 */
static int
open_libraries(void)
{
	char path[256];
	const char *slash;
	Dl_info info;

	if (dladdr((void *)(uintptr_t)gnu_get_libc_version, &info) == 0 ||
	    info.dli_fname == NULL ||
	    (slash = strrchr(info.dli_fname, '/')) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%.*s", (int)(slash - info.dli_fname),
	    info.dli_fname);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void
reach_shares(struct session *s, struct reach *r)
{
	struct stat st;
	int fd;

	s->reach = reallocarray(NULL, s->shares_n + 1, sizeof(*s->reach));
	if (s->reach == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < s->shares_n; i++) {
		fd = account_open_dir(s->store, ACCOUNT_SHARED,
		    s->shares[i].name);
		reach(r, fd, SANDBOX_WRITE);
		if (fd != -1 && fstat(fd, &st) == 0)
			s->reach[s->reach_n++] = st.st_ino;
	}
}

/* By inode: one that was deleted and made anew is another one. */
bool
confine_reaches(const struct session *s)
{
	struct stat st;
	size_t j;

	for (size_t i = 0; s->confined && i < s->shares_n; i++) {
		if (account_stat_dir(s->store, ACCOUNT_SHARED,
		    s->shares[i].name, &st) == -1)
			continue;
		for (j = 0; j < s->reach_n && s->reach[j] != st.st_ino; j++)
			;
		if (j == s->reach_n)
			return false;
	}
	return true;
}

static void
reach_all(struct session *s, struct reach *r)
{
	static const char *const users[] = { "users.db", "users.db-wal",
	    "users.db-shm", "users.db-journal" };
	int store = store_fd(s->store);

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		reach(r, openat(store, users[i], O_PATH | O_NOFOLLOW |
		    O_CLOEXEC), SANDBOX_READ);
	reach(r, account_open_dir(s->store, ACCOUNT_USER, s->user),
	    SANDBOX_WRITE);
	reach_shares(s, r);
	reach(r, open_libraries(), SANDBOX_READ);
}

/* What is read once, from where it cannot be read any more. */
static void
read_ahead(void)
{
	tzset();
	store_read_ahead();
}

const struct err *
session_confine(struct session *s)
{
	const struct err *err;
	struct reach r = { NULL, 0 };
	struct sandbox sb = {
		.what = "session",
		.calls = calls,
		.calls_n = sizeof(calls) / sizeof(calls[0])
	};

	if (s->conf->sandbox == SANDBOX_NO)
		return NULL;
	r.paths = reallocarray(NULL, PATHS_FIXED + s->shares_n,
	    sizeof(*r.paths));
	if (r.paths == NULL)
		fatal("out of memory");
	read_ahead();
	reach_all(s, &r);
	sb.paths = r.paths;
	sb.paths_n = r.n;
	err = sandbox_enter(s->conf->sandbox, &sb);
	s->confined = err == NULL;
	for (size_t i = 0; i < r.n; i++)
		close(r.paths[i].fd);
	free(r.paths);
	return err;
}

/* sandbox.c - a process gives up for good what it will never need
 * SPDX-License-Identifier: ISC */
#include "util/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/log.h"
#include "util/sanitized.h"

/* --- Landlock: landlock(7) --- */

/* Versions of the interface, and what came with them. */
#define ABI_REFER	2	/* the first that can move files: what we need */
#define ABI_TRUNCATE	3
#define ABI_NET		4
#define ABI_IOCTL	5
#define ABI_SCOPE	6

/* Not in the headers of Debian 12. */
#define FS_TRUNCATE	(1ULL << 14)
#define FS_IOCTL_DEV	(1ULL << 15)
#define NET_BIND	(1ULL << 0)
#define NET_CONNECT	(1ULL << 1)
#define SCOPE_ABSTRACT	(1ULL << 0)
#define SCOPE_SIGNAL	(1ULL << 1)

struct ruleset {
	uint64_t	fs, net, scoped;
};

#define FILE_READ	((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE)
#define FILE_WRITE	(FILE_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define DIR_READ	(FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR)
#define DIR_WRITE	(DIR_READ | FILE_WRITE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |	\
	LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER)
#define FS_ALL(abi)	(((1ULL << 14) - 1) |				\
	((abi) >= ABI_TRUNCATE ? FS_TRUNCATE : 0) |			\
	((abi) >= ABI_IOCTL ? FS_IOCTL_DEV : 0))

/* The interface's version, 0 when there is none. */
static int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static const struct err *
allow_path(int ruleset, int fd, enum sandbox_access access, uint64_t handled)
{
	bool write = access == SANDBOX_WRITE;
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_errno("fstat");
	if (S_ISDIR(st.st_mode))
		rule.allowed_access = write ? DIR_WRITE : DIR_READ;
	else
		rule.allowed_access = write ? FILE_WRITE : FILE_READ;
	rule.allowed_access &= handled;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
	    &rule, 0) == -1)
		return err_errno("landlock_add_rule");
	return NULL;
}

/*
 * A sanitizer looks at the process in /proc, and writes its findings where
 * MSGSTORE_SANITIZER_DIR says.
 */
static const struct err *
allow_sanitizer(int ruleset, uint64_t handled)
{
	const char *dir = getenv("MSGSTORE_SANITIZER_DIR");
	const struct err *err = NULL;
	int fd;

	if (!SANITIZED)
		return NULL;
	fd = open("/proc/self", O_PATH | O_CLOEXEC);
	if (fd != -1) {
		err = allow_path(ruleset, fd, SANDBOX_READ, handled);
		close(fd);
	}
	fd = dir != NULL ? open(dir, O_PATH | O_CLOEXEC) : -1;
	if (err == NULL && fd != -1)
		err = allow_path(ruleset, fd, SANDBOX_WRITE, handled);
	if (fd != -1)
		close(fd);
	return err;
}

static const struct err *
restrict_files(const struct sandbox *sb)
{
	int abi = landlock_abi();
	struct ruleset attr = { .fs = FS_ALL(abi) };
	size_t size = sizeof(attr.fs);
	const struct err *err = NULL;
	int fd;

	if (abi >= ABI_NET) {
		attr.net = NET_BIND | NET_CONNECT;
		size = offsetof(struct ruleset, scoped);
	}
	if (abi >= ABI_SCOPE) {
		attr.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
		size = sizeof(attr);
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd == -1)
		return err_errno("landlock_create_ruleset");
	for (size_t i = 0; i < sb->paths_n && err == NULL; i++)
		err = allow_path(fd, sb->paths[i].fd, sb->paths[i].access,
		    attr.fs);
	if (err == NULL)
		err = allow_sanitizer(fd, attr.fs);
	if (err == NULL && syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		err = err_errno("landlock_restrict_self");
	close(fd);
	return err;
}

/* --- seccomp(2) --- */

#if defined(__x86_64__)
#define ARCH		AUDIT_ARCH_X86_64
#define CALL_LIMIT	0x40000000	/* from here on calls of x32 */
#elif defined(__aarch64__)
#define ARCH		AUDIT_ARCH_AARCH64
#define CALL_LIMIT	0
#else
#define ARCH		0		/* not known: no filter */
#define CALL_LIMIT	0
#endif

#define FILTER_MAX	512		/* instructions */
#define AT(field)	((uint32_t)offsetof(struct seccomp_data, field))
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define AT_ARG(i)	((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (i)))
#else
#define AT_ARG(i)	((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (i) + 4))
#endif

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short n;
};

static void
emit(struct filter *f, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (f->n == FILTER_MAX)
		fatal("sandbox: the filter is too long");
	f->code[f->n++] = (struct sock_filter){ code, jt, jf, k };
}

#define LOAD(f, at)		emit(f, BPF_LD | BPF_W | BPF_ABS, at, 0, 0)
#define RETURN(f, action)	emit(f, BPF_RET | BPF_K, action, 0, 0)
#define JUMP_EQ(f, k, jt, jf)	emit(f, BPF_JMP | BPF_JEQ | BPF_K, k, jt, jf)
#define JUMP_GE(f, k, jt, jf)	emit(f, BPF_JMP | BPF_JGE | BPF_K, k, jt, jf)
#define JUMP_GT(f, k, jt, jf)	emit(f, BPF_JMP | BPF_JGT | BPF_K, k, jt, jf)
#define JUMP_SET(f, k, jt, jf)	emit(f, BPF_JMP | BPF_JSET | BPF_K, k, jt, jf)

/* Calls that are allowed by their arguments.  The call's number is loaded; it still
 * is when this call is another one. */
static void
filter_rule(struct filter *f, const struct sandbox_call *call, uint32_t deny)
{
	if (call->rule == CALL_NO_EXEC) {
		JUMP_EQ(f, call->nr, 0, 4);
		LOAD(f, AT_ARG(2));
		JUMP_SET(f, PROT_EXEC, 0, 1);
	} else {
		JUMP_EQ(f, call->nr, 0, 7);
		LOAD(f, AT_ARG(2));
		JUMP_SET(f, PROT_EXEC, 0, 4);
		JUMP_SET(f, PROT_WRITE, 2, 0);
		LOAD(f, AT_ARG(3));
		JUMP_SET(f, MAP_ANONYMOUS, 0, 1);
	}
	RETURN(f, deny);
	RETURN(f, SECCOMP_RET_ALLOW);
}

/* Numbers of calls that are allowed whatever their arguments are. */
struct range {
	uint32_t	first, last;
};

#define RANGES_MAX	80

static int
by_number(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Sorted, with neighbours joined. */
static size_t
ranges_of(const struct sandbox *sb, struct range ranges[RANGES_MAX * 2])
{
	size_t all = 0, n = 0;

	for (size_t i = 0; i < sb->calls_n; i++) {
		if (sb->calls[i].rule != CALL_ANY)
			continue;
		if (all == (size_t)RANGES_MAX * 2)
			fatal("sandbox: too many calls");
		ranges[all++] = (struct range){ sb->calls[i].nr,
		    sb->calls[i].nr };
	}
	qsort(ranges, all, sizeof(*ranges), by_number);
	for (size_t i = 0; i < all; i++) {
		if (n > 0 && ranges[i].first <= ranges[n - 1].last + 1)
			ranges[n - 1].last = ranges[i].last;
		else
			ranges[n++] = ranges[i];
	}
	if (n > RANGES_MAX)
		fatal("sandbox: too many ranges of calls");
	return n;
}

/*
 * A binary search: the kernel walks the filter once for each call that there is
 * when it is installed, which took a tenth of a millisecond line by line.  end is
 * where RET ALLOW stands, RET of the refusal behind it.  n ranges take 3n - 1
 * instructions.
 */
static void
filter_search(struct filter *f, const struct range *r, size_t n, size_t end)
{
	size_t left = n / 2;

	if (n == 1) {
		JUMP_GE(f, r->first, 0, (uint8_t)(end - f->n));
		JUMP_GT(f, r->last, (uint8_t)(end - f->n), (uint8_t)(end -
		    f->n - 1));
		return;
	}
	JUMP_GE(f, r[left].first, (uint8_t)(3 * left - 1), 0);
	filter_search(f, r, left, end);
	filter_search(f, r + left, n - left, end);
}

static void
filter_head(struct filter *f, uint32_t deny)
{
	LOAD(f, AT(arch));
	JUMP_EQ(f, ARCH, 1, 0);
	RETURN(f, SECCOMP_RET_KILL_PROCESS);
	LOAD(f, AT(nr));
	if (CALL_LIMIT != 0) {
		JUMP_GE(f, CALL_LIMIT, 0, 1);
		RETURN(f, deny);
	}
}

static void
filter_allow(struct filter *f, const struct sandbox *sb)
{
	uint32_t deny = sb->kill ? SECCOMP_RET_KILL_PROCESS :
	    SECCOMP_RET_ERRNO | EPERM;
	struct range ranges[RANGES_MAX * 2];
	size_t n;

	filter_head(f, deny);
	for (size_t i = 0; i < sb->calls_n; i++)
		if (sb->calls[i].rule != CALL_ANY)
			filter_rule(f, &sb->calls[i], deny);
	n = ranges_of(sb, ranges);
	if (n > 0) {
		filter_search(f, ranges, n, f->n + 3 * n - 1);
		RETURN(f, SECCOMP_RET_ALLOW);
	}
	RETURN(f, deny);
}

/* With a sanitizer: what is told by name is refused. */
static void
filter_refuse(struct filter *f)
{
	static const uint16_t refused[] = {
		SYS_execve, SYS_execveat, SYS_socket, SYS_connect, SYS_bind,
		SYS_listen, SYS_accept4, SYS_mount, SYS_chroot, SYS_unshare,
		SYS_setns, SYS_bpf, SYS_keyctl, SYS_add_key
	};

	filter_head(f, SECCOMP_RET_ERRNO | EPERM);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		JUMP_EQ(f, refused[i], 0, 1);
		RETURN(f, SECCOMP_RET_ERRNO | EPERM);
	}
	RETURN(f, SECCOMP_RET_ALLOW);
}

static bool
seccomp_there(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return ARCH != 0 && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0,
	    &action) == 0;
}

static const struct err *
restrict_calls(const struct sandbox *sb)
{
	struct filter f;
	struct sock_fprog prog = { .filter = f.code };

	f.n = 0;
	if (SANITIZED)
		filter_refuse(&f);
	else
		filter_allow(&f, sb);
	prog.len = f.n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == -1)
		return err_errno("seccomp");
	return NULL;
}

/* --- Limits --- */

static const struct err *
limit(int resource, rlim_t value, const char *name)
{
	struct rlimit rl = { value, value };

	return setrlimit((__rlimit_resource_t)resource, &rl) == -1 ?
	    err_errno("setrlimit %s", name) : NULL;
}

static const struct err *
restrict_limits(const struct sandbox *sb)
{
	const struct err *err;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return err_errno("prctl PR_SET_DUMPABLE");
	err = limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
	/* A sanitizer looks for leaks from a process of its own, at the end. */
	if (err == NULL && !SANITIZED)
		err = limit(RLIMIT_NPROC, 0, "RLIMIT_NPROC");
	if (err == NULL && !SANITIZED && sb->descriptors > 0)
		err = limit(RLIMIT_NOFILE, sb->descriptors, "RLIMIT_NOFILE");
	return err;
}

/* --- All together --- */

bool
sandbox_supported(void)
{
	return landlock_abi() >= ABI_REFER && seccomp_there();
}

static const struct err *
lacking(enum conf_sandbox mode, const struct sandbox *sb, const char *what)
{
	if (mode == SANDBOX_REQUIRED)
		return err_internal("%s: this kernel has no %s, and the "
		    "configuration says \"sandbox = required\"", sb->what, what);
	if (!sb->quiet)
		log_warning("%s: this kernel has no %s: goes on without",
		    sb->what, what);
	return NULL;
}

const struct err *
sandbox_enter(enum conf_sandbox mode, const struct sandbox *sb)
{
	const struct err *err;

	if (mode == SANDBOX_NO)
		return NULL;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_errno("prctl PR_SET_NO_NEW_PRIVS");
	if (landlock_abi() >= ABI_REFER)
		err = restrict_files(sb);
	else
		err = lacking(mode, sb, "Landlock (ABI 2, Linux 5.19)");
	if (err == NULL)
		err = restrict_limits(sb);
	if (err != NULL)
		return err;
	return seccomp_there() ? restrict_calls(sb) :
	    lacking(mode, sb, "seccomp filters");
}

/* test-sandbox.c - what a process in the sandbox can no longer do
 * SPDX-License-Identifier: ISC */
#include "util/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/sanitized.h"

#include "test.h"

static char dir[] = "/tmp/test-sandbox.XXXXXX";

static const struct sandbox_call calls[] = {
	SANDBOX_CALLS_COMMON,
	{ SYS_read, CALL_ANY }, { SYS_write, CALL_ANY },
	{ SYS_openat, CALL_ANY }, { SYS_unlinkat, CALL_ANY },
	{ SYS_linkat, CALL_ANY }, { SYS_mkdirat, CALL_ANY },
	{ SYS_fcntl, CALL_ANY }, { SYS_poll, CALL_ANY },
	{ SYS_mmap, CALL_MAP_FILE }, { SYS_mprotect, CALL_NO_EXEC },
};

/* Each returns 0, or errno. */
static int
open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd == -1)
		return errno;
	close(fd);
	return 0;
}

static int try_passwd(void) { return open_file("/etc/passwd", O_RDONLY); }
static int try_root(void) { return open_file("/", O_RDONLY | O_DIRECTORY); }
static int try_foreign(void) { return open_file("foreign", O_RDONLY); }
static int try_own(void) { return open_file("own/file", O_RDWR); }
static int try_own_new(void) { return open_file("own/new", O_RDWR | O_CREAT); }
static int try_shown(void) { return open_file("shown", O_RDONLY); }
static int try_shown_write(void) { return open_file("shown", O_WRONLY); }
static int try_escape(void) { return open_file("own/../foreign", O_RDONLY); }
static int try_symlink(void) { return open_file("own/link", O_RDONLY); }

static int
try_link(void)
{
	return linkat(AT_FDCWD, "own/file", AT_FDCWD, "own/sub/file", 0) == -1 ?
	    errno : 0;
}

static int
try_link_in(void)
{
	return linkat(AT_FDCWD, "foreign", AT_FDCWD, "own/foreign", 0) == -1 ?
	    errno : 0;
}

static int
try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) == -1 ? errno : 0;
}

static int
try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0) == -1 ? errno : 0;
}

static int
try_exec(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return errno;
}

/* By a call of no meaning, so that a success does no harm. */
static int
try_ptrace(void)
{
	return syscall(SYS_ptrace, 0x4200, getpid(), 0, 0) == -1 ? errno : 0;
}

static int
try_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) == -1 ? errno :
	    0;
}

static int
try_kill(void)
{
	return kill(getppid(), 0) == -1 ? errno : 0;
}

static int
try_map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int
try_protect_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return ENOMEM;
	return mprotect(p, 4096, PROT_READ | PROT_EXEC) == -1 ? errno : 0;
}

static int
try_memory(void)
{
	void *p = malloc(8 << 20);

	if (p == NULL)
		return ENOMEM;
	memset(p, 1, 8 << 20);
	free(p);
	return 0;
}

/* Runs in a process of its own; its exit status is what try returned. */
static int
in_sandbox(enum conf_sandbox mode, bool kill_it, unsigned int descriptors,
    int (*try)(void))
{
	const struct err *err;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct sandbox_path paths[] = {
			{ -1, SANDBOX_WRITE }, { -1, SANDBOX_READ }
		};
		struct sandbox sb = {
			.what = "test", .paths = paths, .paths_n = 2,
			.calls = calls,
			.calls_n = sizeof(calls) / sizeof(calls[0]),
			.kill = kill_it, .descriptors = descriptors
		};

		closefrom(STDERR_FILENO + 1);
		paths[0].fd = open("own", O_PATH);
		paths[1].fd = open("shown", O_PATH);
		err = sandbox_enter(mode, &sb);
		_exit(err != NULL ? 255 : try());
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

static const struct {
	const char	*what;
	int		(*try)(void);
	int		 want;
	bool		 sanitized;	/* the same with a sanitizer */
} table[] = {
	{ "/etc/passwd", try_passwd, EACCES, true },
	{ "/", try_root, EACCES, true },
	{ "a foreign file", try_foreign, EACCES, true },
	{ "one's own file", try_own, 0, true },
	{ "a new file", try_own_new, 0, true },
	{ "a file to read", try_shown, 0, true },
	{ "a file to read, for writing", try_shown_write, EACCES, true },
	{ "out by ..", try_escape, EACCES, true },
	{ "out by a symbolic link", try_symlink, EACCES, true },
	{ "a link within", try_link, 0, true },
	{ "a link from outside", try_link_in, EXDEV, true },
	{ "socket", try_socket, EPERM, true },
	{ "a socket of this machine", try_unix_socket, EPERM, true },
	{ "exec", try_exec, EPERM, true },
	{ "ptrace", try_ptrace, EPERM, false },
	{ "fork", try_fork, EPERM, false },
	{ "kill", try_kill, EPERM, true },
	{ "memory for code", try_map_code, EPERM, false },
	{ "memory that becomes code", try_protect_code, EPERM, false },
	{ "memory", try_memory, 0, true },
};

static void
only_what_was_allowed_can_be_done(void)
{
	for (size_t i = 0; i < TEST_N(table); i++) {
		int got;

		if (SANITIZED && !table[i].sanitized)
			continue;
		TEST_ROW("%s", table[i].what);
		got = in_sandbox(SANDBOX_YES, false, 0, table[i].try);
		/* Signals are Landlock's matter from ABI 6 on. */
		if (SANITIZED && table[i].try == try_kill && got == 0)
			continue;
		CHECK_INT(got, table[i].want);
	}
}

static void
a_call_may_end_the_process(void)
{
	if (!SANITIZED)
		CHECK_INT(in_sandbox(SANDBOX_YES, true, 0, try_socket),
		    256 + SIGSYS);
}

static void
without_a_sandbox_all_is_as_before(void)
{
	CHECK_INT(in_sandbox(SANDBOX_NO, true, 5, try_passwd), 0);
}

static int
try_descriptor(void)
{
	struct pollfd pfd = { .fd = 0 };

	if (poll(&pfd, 1, 0) == -1)
		return 254;
	return fcntl(0, F_DUPFD, 0) == -1 ? errno : 0;
}

static void
no_descriptor_is_to_spare(void)
{
	if (!SANITIZED)
		CHECK_INT(in_sandbox(SANDBOX_YES, false, 5, try_descriptor),
		    EMFILE);
}

/* /proc shows a process that leaves no core as root's. */
static void
no_core_is_left(void)
{
	int hold[2], status;
	struct stat st;
	char path[64], c;
	pid_t pid;

	fflush(stdout);
	if (!CHECK(pipe(hold) == 0))
		return;
	pid = fork();
	if (pid == 0) {
		struct sandbox sb = { .what = "test", .calls = calls,
		    .calls_n = sizeof(calls) / sizeof(calls[0]) };
		bool in = (geteuid() != 0 || setresuid(1, 1, 1) == 0) &&
		    sandbox_enter(SANDBOX_YES, &sb) == NULL;

		if (write(hold[1], in ? "y" : "n", 1) == 1)
			for (;;)
				poll(NULL, 0, -1);
		_exit(1);
	}
	CHECK(read(hold[0], &c, 1) == 1 && c == 'y');
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	CHECK(stat(path, &st) == 0 && st.st_uid == 0);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(hold[0]);
	close(hold[1]);
}

static bool
file_make(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	return fd != -1 && close(fd) == 0;
}

static bool
clean_up(void)
{
	static const char *const files[] = { "own/file", "own/new", "own/link",
	    "own/sub/file", "foreign", "shown" };

	for (size_t i = 0; i < TEST_N(files); i++)
		unlink(files[i]);
	return rmdir("own/sub") == 0 && rmdir("own") == 0 &&
	    chdir("/") == 0 && rmdir(dir) == 0;
}

int
main(void)
{
	if (!sandbox_supported()) {
		puts("1..0 # SKIP this kernel has no Landlock or no seccomp");
		return 0;
	}
	if (mkdtemp(dir) == NULL || chdir(dir) == -1 ||
	    mkdir("own", 0700) == -1 || mkdir("own/sub", 0700) == -1 ||
	    !file_make("own/file") || !file_make("foreign") ||
	    !file_make("shown") || symlink("../foreign", "own/link") == -1)
		return 1;
	TEST(only_what_was_allowed_can_be_done);
	TEST(a_call_may_end_the_process);
	TEST(without_a_sandbox_all_is_as_before);
	TEST(no_descriptor_is_to_spare);
	TEST(no_core_is_left);
	return clean_up() ? test_end() : 1;
}

/* test-ticket.c - the key of session tickets
 * SPDX-License-Identifier: ISC */
#include "tls/ticket.h"

#include <err.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static char dir[] = "/tmp/test-ticket.XXXXXX";
static int dirfd;

static bool
key_now(unsigned char key[TICKET_KEY_OCTETS])
{
	const struct err *error;

	memset(key, 0, TICKET_KEY_OCTETS);
	error = ticket_key(dirfd, key);
	return CHECK(error == NULL);
}

/* Whether the key of now is key, which becomes it. */
static bool
is_same(unsigned char key[TICKET_KEY_OCTETS])
{
	unsigned char old[TICKET_KEY_OCTETS];

	memcpy(old, key, sizeof(old));
	key_now(key);
	return memcmp(old, key, sizeof(old)) == 0;
}

static void
file_is_private(void)
{
	struct stat st;

	if (!CHECK(fstatat(dirfd, TICKET_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0))
		return;
	CHECK(S_ISREG(st.st_mode));
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK_INT(st.st_size, TICKET_KEY_OCTETS);
	CHECK_INT(st.st_uid, geteuid());
	CHECK(faccessat(dirfd, TICKET_FILE ".new", F_OK, 0) == -1);
}

static void
the_key_stays_the_same(void)
{
	unsigned char key[TICKET_KEY_OCTETS];
	static const unsigned char none[TICKET_KEY_OCTETS];

	key_now(key);
	CHECK(memcmp(key, none, sizeof(none)) != 0);
	file_is_private();
	CHECK(is_same(key));
	CHECK(is_same(key));
}

static void
set_age(time_t seconds)
{
	struct timespec ts[2] = { { .tv_sec = time(NULL) - seconds } };

	ts[1] = ts[0];
	CHECK(utimensat(dirfd, TICKET_FILE, ts, 0) == 0);
}

static void
it_is_replaced_when_it_is_old(void)
{
	unsigned char key[TICKET_KEY_OCTETS];

	key_now(key);
	set_age(TICKET_KEY_SECONDS - 30);
	CHECK(is_same(key));
	set_age(TICKET_KEY_SECONDS + 1);
	CHECK(!is_same(key));
	CHECK(is_same(key));
	/* A clock that was set back must not keep it for ever. */
	set_age(-3600);
	CHECK(!is_same(key));
	file_is_private();
}

static void
what_others_could_write_is_replaced(void)
{
	unsigned char key[TICKET_KEY_OCTETS];

	key_now(key);
	CHECK(fchmodat(dirfd, TICKET_FILE, 0644, 0) == 0);
	CHECK(!is_same(key));
	CHECK(linkat(dirfd, TICKET_FILE, dirfd, "link", 0) == 0);
	CHECK(!is_same(key));
	CHECK(unlinkat(dirfd, "link", 0) == 0);
	if (geteuid() == 0) {
		CHECK(fchownat(dirfd, TICKET_FILE, 1, 1, 0) == 0);
		CHECK(!is_same(key));
	}
	CHECK(renameat(dirfd, TICKET_FILE, dirfd, "other") == 0);
	CHECK(symlinkat("other", dirfd, TICKET_FILE) == 0);
	CHECK(!is_same(key));
	CHECK(unlinkat(dirfd, "other", 0) == 0);
	file_is_private();
}

static void
a_wrong_size_is_replaced(void)
{
	unsigned char key[TICKET_KEY_OCTETS];
	static const off_t sizes[] = { 0, 63, 65, 4096 };

	key_now(key);
	for (size_t i = 0; i < TEST_N(sizes); i++) {
		int fd = openat(dirfd, TICKET_FILE, O_WRONLY);

		CHECK(fd != -1 && ftruncate(fd, sizes[i]) == 0);
		close(fd);
		CHECK(!is_same(key));
		file_is_private();
	}
}

/* What a crash of the machine may leave: the size is right, and all know the key. */
static void
zeros_are_replaced(void)
{
	unsigned char key[TICKET_KEY_OCTETS] = { 0 };
	int fd;

	fd = openat(dirfd, TICKET_FILE, O_WRONLY);
	CHECK(fd != -1 && write(fd, key, sizeof(key)) == sizeof(key));
	close(fd);
	CHECK(!is_same(key));
	CHECK(is_same(key));
	file_is_private();
}

/* A process died after it had begun. */
static void
what_was_left_over_is_no_obstacle(void)
{
	unsigned char key[TICKET_KEY_OCTETS];
	int fd;

	key_now(key);
	fd = openat(dirfd, TICKET_FILE ".new", O_WRONLY | O_CREAT, 0600);
	CHECK(fd != -1);
	close(fd);
	set_age(TICKET_KEY_SECONDS + 1);
	CHECK(!is_same(key));
	file_is_private();
}

/* All of those who find that there is none agree on one. */
static void
processes_agree(void)
{
	unsigned char key[TICKET_KEY_OCTETS], other[TICKET_KEY_OCTETS];
	int pipes[2];

	unlinkat(dirfd, TICKET_FILE, 0);
	if (pipe(pipes) == -1)
		err(1, "pipe");
	for (int i = 0; i < 8; i++)
		if (fork() == 0) {
			bool ok = ticket_key(dirfd, key) == NULL &&
			    write(pipes[1], key, sizeof(key)) == sizeof(key);

			_exit(ok ? 0 : 1);
		}
	for (int i = 0; i < 8; i++) {
		int status;

		CHECK(wait(&status) != -1 && status == 0);
		CHECK(read(pipes[0], i == 0 ? key : other, sizeof(key)) ==
		    sizeof(key));
		CHECK(i == 0 || memcmp(key, other, sizeof(key)) == 0);
	}
	close(pipes[0]);
	close(pipes[1]);
	CHECK(is_same(key));
}

static void
without_a_directory_there_is_none(void)
{
	unsigned char key[TICKET_KEY_OCTETS];

	CHECK(ticket_key(-1, key) != NULL);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL ||
	    (dirfd = open(dir, O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "%s", dir);
	TEST(the_key_stays_the_same);
	TEST(it_is_replaced_when_it_is_old);
	TEST(what_others_could_write_is_replaced);
	TEST(a_wrong_size_is_replaced);
	TEST(zeros_are_replaced);
	TEST(what_was_left_over_is_no_obstacle);
	TEST(processes_agree);
	TEST(without_a_directory_there_is_none);
	unlinkat(dirfd, TICKET_FILE, 0);
	rmdir(dir);
	return test_end();
}

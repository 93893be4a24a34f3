/* test-runtime.c - where the sessions' shared files go
 * SPDX-License-Identifier: ISC */
#include "store/runtime.h"

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char top[] = "/tmp/test-runtime.XXXXXX";
static char store[64], given[64], nothing[1];
static struct conf conf;

/* What the descriptor of a good directory is of. */
static bool
is_private_directory(int fd)
{
	struct stat st;

	return CHECK(fstat(fd, &st) == 0) && CHECK(S_ISDIR(st.st_mode)) &&
	    CHECK_INT(st.st_mode & 07777, 0700) &&
	    CHECK_INT(st.st_uid, geteuid()) &&
	    CHECK_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static bool
same_file(int fd, const char *path)
{
	struct stat a, b;

	return CHECK(fstat(fd, &a) == 0) && CHECK(stat(path, &b) == 0) &&
	    CHECK_INT(a.st_ino, b.st_ino) && CHECK_INT(a.st_dev, b.st_dev);
}

/* Where it is, with what conf says. */
static void
expect_at(const char *path)
{
	int fd = -1;

	CHECK_OK(runtime_dir_open(&conf, store, &fd));
	if (!CHECK(fd != -1))
		return;
	is_private_directory(fd);
	same_file(fd, path);
	close(fd);
}

static void
expect_error(const char *want)
{
	const struct err *error;
	int fd = -1;

	error = runtime_dir_open(&conf, store, &fd);
	CHECK_INT(fd, -1);
	if (!CHECK(error != NULL))
		return;
	CHECK_INT(error->kind, ERR_INTERNAL);
	if (!CHECK(strstr(error->text, want) != NULL))
		printf("# %s\n", error->text);
}

/* The directory's name for the store. */
static void
subdirectory(char *path, size_t size)
{
	struct stat st;

	if (stat(store, &st) == -1)
		err(1, "%s", store);
	snprintf(path, size, "%s/%jx-%jx", given, (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
}

static void
it_is_in_the_directory_that_was_given(void)
{
	char path[200];

	conf.runtime_directory = given;
	subdirectory(path, sizeof(path));
	CHECK(access(path, F_OK) == -1);
	expect_at(path);
	expect_at(path);
	CHECK(chmod(given, 0755) == 0);
	expect_at(path);
	CHECK(rmdir(path) == 0);
	CHECK(chmod(given, 0700) == 0);
}

static void
a_directory_that_others_may_write_to_is_refused(void)
{
	conf.runtime_directory = given;
	CHECK(chmod(given, 0770) == 0);
	expect_error("others may write to it");
	CHECK(chmod(given, 01777) == 0);
	expect_error("others may write to it");
	CHECK(chmod(given, 0700) == 0);
}

static void
what_is_no_private_directory_is_refused(void)
{
	char path[200];

	conf.runtime_directory = given;
	subdirectory(path, sizeof(path));
	CHECK(mkdir(path, 0755) == 0);
	expect_error("its mode is not 0700");
	CHECK(rmdir(path) == 0);
	CHECK(symlink(store, path) == 0);
	expect_error(path);
	CHECK(unlink(path) == 0);
}

static void
a_directory_that_is_missing_is_an_error(void)
{
	static char missing[] = "/nowhere/run";

	conf.runtime_directory = missing;
	expect_error("runtime-directory /nowhere/run: No such file");
}

static void
a_directory_of_another_user_is_refused(void)
{
	static char proc[] = "/proc";
	char path[200];

	if (geteuid() != 0) {
		conf.runtime_directory = proc;
		expect_error("it belongs to another user");
		return;
	}
	conf.runtime_directory = given;
	CHECK(chown(given, 1, 1) == 0);
	expect_error("it belongs to another user");
	CHECK(chown(given, 0, 0) == 0);
	subdirectory(path, sizeof(path));
	CHECK(mkdir(path, 0700) == 0 && chown(path, 1, 1) == 0);
	expect_error("it belongs to another user");
	CHECK(rmdir(path) == 0);
}

/* Where /run/msgstore is there it may be used. */
static void
without_one_it_is_in_the_store(void)
{
	char path[200];
	struct stat st;
	int fd = -1;

	snprintf(path, sizeof(path), "%s/run", store);
	conf.runtime_directory = nothing;
	CHECK_OK(runtime_dir_open(&conf, store, &fd));
	if (!CHECK(fd != -1))
		return;
	is_private_directory(fd);
	if (stat(path, &st) == 0)
		same_file(fd, path);
	else
		CHECK(access("/run/msgstore", F_OK) == 0);
	close(fd);
	rmdir(path);
}

int
main(void)
{
	if (mkdtemp(top) == NULL)
		err(1, "%s", top);
	snprintf(store, sizeof(store), "%s/store", top);
	snprintf(given, sizeof(given), "%s/given", top);
	if (mkdir(store, 0700) == -1 || mkdir(given, 0700) == -1)
		err(1, "%s", top);
	TEST(it_is_in_the_directory_that_was_given);
	TEST(a_directory_that_others_may_write_to_is_refused);
	TEST(what_is_no_private_directory_is_refused);
	TEST(a_directory_that_is_missing_is_an_error);
	TEST(a_directory_of_another_user_is_refused);
	TEST(without_one_it_is_in_the_store);
	rmdir(given);
	rmdir(store);
	rmdir(top);
	return test_end();
}

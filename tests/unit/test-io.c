/* test-io.c - buffered octets in and out of a connection
 * SPDX-License-Identifier: ISC */
#include "util/io.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#define BIG	(3 * 1024 * 1024 + 17)	/* more than any socket's buffer */

/* What a descriptor can be. */
enum kind { SOCKETS, SOCKETS_NONBLOCK, PIPE, PIPE_NONBLOCK, KINDS };
static const char *const kind_names[KINDS] = { "sockets",
	"non-blocking sockets", "pipe", "non-blocking pipe" };

/* fds[0] to read from, fds[1] to write to; both of one mode. */
static void
make(enum kind kind, int fds[2])
{
	bool nonblock = kind == SOCKETS_NONBLOCK || kind == PIPE_NONBLOCK;

	if ((kind == PIPE || kind == PIPE_NONBLOCK ? pipe(fds) :
	    socketpair(AF_UNIX, SOCK_STREAM, 0, fds)) == -1)
		err(1, "socketpair");
	for (int i = 0; nonblock && i < 2; i++)
		if (fcntl(fds[i], F_SETFL, O_NONBLOCK | fcntl(fds[i],
		    F_GETFL)) == -1)
			err(1, "fcntl");
}

static void
put(int fd, const char *s)
{
	if (write(fd, s, strlen(s)) != (ssize_t)strlen(s))
		err(1, "write");
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The octet at place i of all that is sent here. */
static unsigned char
octet(size_t i)
{
	return (unsigned char)(i * 7 + (i >> 8) + (i >> 16));
}

static char *
octets(size_t len)
{
	char *s = malloc(len);

	if (s == NULL)
		err(1, "malloc");
	for (size_t i = 0; i < len; i++)
		s[i] = (char)octet(i);
	return s;
}

/* A file with octet(0) and so on. */
static int
make_file(size_t len)
{
	char path[] = "/tmp/test-io.XXXXXX", *s = octets(len);
	int fd = mkstemp(path);

	if (fd == -1 || write(fd, s, len) != (ssize_t)len)
		err(1, "%s", path);
	unlink(path);
	free(s);
	return fd;
}

/*
 * A process that reads fd to its end, at most slice octets at a time with
 * pause ms between, and exits with 0 when they were octet(from) and so on, len
 * of them.
 */
static pid_t
reader(int fd, int other, size_t from, size_t len, size_t slice, int pause)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	unsigned char s[65536];
	pid_t pid = fork();
	size_t got = 0;
	ssize_t n;

	if (pid == -1)
		err(1, "fork");
	if (pid != 0)
		return pid;
	close(other);
	while (poll(&pfd, 1, 10000) == 1 &&
	    (n = read(fd, s, slice)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (s[i] != octet(from + got++))
				_exit(1);
		if (pause > 0)
			poll(NULL, 0, pause);
	}
	_exit(got == len ? 0 : 2);
}

static void
check_reader(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
}

static void
octets_come_in(void)
{
	struct input *in;
	char s[10];
	int fds[2];

	for (enum kind kind = 0; kind < KINDS; kind++) {
		TEST_ROW("%s", kind_names[kind]);
		make(kind, fds);
		in = input_new(fds[0]);
		CHECK_INT(input_buffered(in), 0);
		put(fds[1], "ab\xff" "defgh");
		CHECK_INT(input_peek(in), 'a');
		CHECK_INT(input_count(in), 0);
		CHECK_INT(input_getc(in), 'a');
		CHECK_INT(input_getc(in), 'b');
		CHECK_INT(input_getc(in), 0xff);
		CHECK_INT(input_count(in), 3);
		CHECK_INT(input_buffered(in), 5);
		CHECK_INT(input_read(in, s, 3), 3);
		CHECK_MEM(s, 3, "def", 3);
		CHECK_INT(input_read(in, s, 10), 2);
		CHECK(input_error(in) == NULL);
		close(fds[1]);
		CHECK_INT(input_getc(in), -1);
		CHECK_INT(input_peek(in), -1);
		CHECK_INT(input_read(in, s, 10), 0);
		CHECK_INT(input_count(in), 8);
		if (CHECK(input_error(in) != NULL)) {
			CHECK_STR(input_error(in)->text, "closed by the client");
			CHECK_INT(input_error(in)->kind, ERR_IO);
		}
		CHECK(!input_timed_out(in));
		input_free(in);
		close(fds[0]);
	}
	input_free(NULL);
}

static void
many_octets_come_in(void)
{
	char *want = octets(BIG), *got = malloc(BIG);
	size_t len, n;
	struct input *in;
	struct output *out;
	int fds[2], status, c;
	pid_t pid;

	if (got == NULL)
		err(1, "malloc");
	for (enum kind kind = 0; kind < KINDS; kind++) {
		TEST_ROW("%s", kind_names[kind]);
		make(kind, fds);
		pid = fork();
		if (pid == 0) {
			close(fds[0]);
			out = output_new(fds[1]);
			output_add(out, want, BIG);
			_exit(output_flush(out) == NULL ? 0 : 1);
		}
		close(fds[1]);
		in = input_new(fds[0]);
		len = 0;
		/* Big reads and single octets in turn. */
		while (len < BIG && (n = input_read(in, got + len,
		    BIG - len < 10000 ? BIG - len : 10000)) > 0) {
			len += n;
			c = input_getc(in);
			if (c != -1)
				got[len++] = (char)c;
		}
		CHECK(len == BIG && memcmp(got, want, BIG) == 0);
		CHECK_INT(input_count(in), BIG);
		CHECK_INT(input_getc(in), -1);
		input_free(in);
		close(fds[0]);
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	free(want);
	free(got);
}

static void
memory_comes_in_by_chunks(void)
{
	struct input *in;
	char s[10];

	in = input_new_mem("abcdefg", 7, 3);
	CHECK_INT(input_getc(in), 'a');
	CHECK_INT(input_buffered(in), 2);
	CHECK_INT(input_read(in, s, 10), 2);
	CHECK_INT(input_read(in, s, 10), 3);
	CHECK_INT(input_read(in, s, 10), 1);
	CHECK_INT(s[0], 'g');
	CHECK(input_error(in) == NULL);
	CHECK_INT(input_read(in, s, 10), 0);
	CHECK(input_error(in) != NULL);
	CHECK_INT(input_count(in), 7);
	input_free(in);
}

static void
the_deadline_ends_a_trickle(void)
{
	struct input *in;
	double start;
	int fds[2], status;
	pid_t pid;

	for (enum kind kind = SOCKETS; kind < KINDS; kind += PIPE_NONBLOCK) {
		TEST_ROW("%s", kind_names[kind]);
		make(kind, fds);
		pid = fork();
		if (pid == 0) {
			/* Until the reader has gone. */
			signal(SIGPIPE, SIG_DFL);
			close(fds[0]);
			for (int i = 0; i < 100; i++) {
				put(fds[1], "x");
				poll(NULL, 0, 100);
			}
			_exit(0);
		}
		close(fds[1]);
		in = input_new(fds[0]);
		start = now();
		input_deadline(in, 1);
		while (input_getc(in) != -1)
			;
		CHECK(input_timed_out(in));
		CHECK_STR(input_error(in)->text, "timeout");
		CHECK(now() - start >= 0.99 && now() - start < 5);
		CHECK(input_count(in) > 1);
		input_free(in);
		close(fds[0]);
		CHECK(waitpid(pid, &status, 0) == pid);
	}
}

static const struct err *
count_call(void *arg)
{
	++*(int *)arg;
	return NULL;
}

/* A hook that ends the wait. */
static int calls, writer;

static const struct err *
close_call(void *arg)
{
	calls++;
	close(writer);
	return arg;
}

static const struct err *
fail_call(void *arg)
{
	(void)arg;
	return err_io("hook");
}

static void
the_hook_is_called_before_a_wait_only(void)
{
	struct input *in;
	int fds[2];
	bool ready;

	for (enum kind kind = 0; kind < KINDS; kind++) {
		TEST_ROW("%s", kind_names[kind]);
		calls = 0;
		make(kind, fds);
		writer = fds[1];
		in = input_new(fds[0]);
		input_on_block(in, close_call, NULL);
		put(fds[1], "ab");
		input_getc(in);
		input_getc(in);
		CHECK_INT(calls, 0);
		put(fds[1], "c");
		CHECK_INT(input_getc(in), 'c');
		CHECK_INT(calls, 0);
		CHECK_INT(input_getc(in), -1);
		CHECK_INT(calls, 1);
		input_free(in);
		close(fds[0]);

		make(kind, fds);
		in = input_new(fds[0]);
		input_on_block(in, fail_call, NULL);
		CHECK_INT(input_getc(in), -1);
		CHECK_STR(input_error(in)->text, "hook");
		CHECK(!input_timed_out(in));
		/* The ring of errors forgets, the input does not. */
		for (int i = 0; i < 2 * ERR_RING; i++)
			err_io("other");
		CHECK_STR(input_error(in)->text, "hook");
		CHECK(input_wait(in, NULL, 0, 0, &ready, NULL) != NULL);
		input_free(in);
		close(fds[0]);
		close(fds[1]);
	}
}

static void
a_wait_tells_what_is_there(void)
{
	int fds[2], others[2][2], watch[2], hooked = 0;
	bool input, other[2];
	struct input *in;

	make(SOCKETS, fds);
	for (int i = 0; i < 2; i++) {
		make(PIPE, others[i]);
		watch[i] = others[i][0];
	}
	in = input_new(fds[0]);
	input_on_block(in, count_call, &hooked);
	input = other[0] = other[1] = true;
	CHECK_OK(input_wait(in, watch, 2, 20, &input, other));
	CHECK(!input && !other[0] && !other[1]);
	CHECK_INT(hooked, 1);
	put(others[1][1], "x");
	CHECK_OK(input_wait(in, watch, 2, -1, &input, other));
	CHECK(!input && !other[0] && other[1]);
	put(fds[1], "ab");
	CHECK_OK(input_wait(in, watch, 2, -1, &input, other));
	CHECK(input && !other[0] && other[1]);
	input_getc(in);
	/* What is in the buffer counts, the others are still looked at. */
	CHECK_OK(input_wait(in, watch, 2, -1, &input, other));
	CHECK(input && !other[0] && other[1]);
	input_getc(in);
	CHECK_OK(input_wait(in, watch, 1, 0, &input, other));
	CHECK(!input && !other[0]);
	close(fds[1]);
	CHECK_OK(input_wait(in, watch, 1, -1, &input, other));
	CHECK(input && !other[0]);
	input_free(in);
	close(fds[0]);
	for (int i = 0; i < 2; i++) {
		close(others[i][0]);
		close(others[i][1]);
	}
}

static void
on_alarm(int sig)
{
	(void)sig;
}

/* A signal that arrives again and again must neither end nor prolong it. */
static void
a_wait_ends_at_the_deadline(void)
{
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never = { 0 };
	struct sigaction sa = { .sa_handler = on_alarm };
	const struct err *error;
	struct input *in;
	bool input = true;
	double start;
	int fds[2];

	make(SOCKETS, fds);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	in = input_new(fds[0]);
	start = now();
	input_deadline(in, 1);
	CHECK_OK(input_wait(in, NULL, 0, 100, &input, NULL));
	CHECK(!input && now() - start < 0.9);
	error = input_wait(in, NULL, 0, -1, &input, NULL);
	CHECK(error != NULL && input_timed_out(in));
	CHECK(now() - start >= 0.99 && now() - start < 5);
	input_free(in);
	in = input_new(fds[0]);
	start = now();
	input_deadline(in, 1);
	CHECK_INT(input_getc(in), -1);
	CHECK(input_timed_out(in) && now() - start >= 0.99);
	setitimer(ITIMER_REAL, &never, NULL);
	input_free(in);
	close(fds[0]);
	close(fds[1]);
}

static void
output_is_collected(void)
{
	struct output *out;
	struct buf b = { 0 };
	char s[100];
	int fds[2];

	make(SOCKETS_NONBLOCK, fds);
	out = output_new(fds[1]);
	CHECK(output_flush(out) == NULL);
	output_adds(out, "* OK ");
	output_addf(out, "%d%s", 42, "!");
	output_add(out, "\r\n", 2);
	CHECK_INT(output_pending(out), 10);
	CHECK_INT(output_count(out), 10);
	CHECK_INT(read(fds[0], s, sizeof(s)), -1);
	CHECK(output_flush(out) == NULL);
	CHECK_INT(output_pending(out), 0);
	CHECK_INT(read(fds[0], s, sizeof(s)), 10);
	CHECK_MEM(s, 10, "* OK 42!\r\n", 10);
	output_rest(out);
	output_adds(out, "x");
	output_rest(out);
	CHECK(output_flush(out) == NULL);
	CHECK_INT(read(fds[0], s, sizeof(s)), 1);
	output_free(out);
	close(fds[0]);
	close(fds[1]);

	out = output_new_mem(&b);
	output_addf(out, "%2000d", 7);
	CHECK_INT(b.len, 2000);
	CHECK_INT(b.s[1999], '7');
	CHECK(output_flush(out) == NULL);
	output_free(out);
	output_free(NULL);
	buf_clear(&b);
}

static void
output_of_any_size_arrives(void)
{
	static const size_t sizes[] = { 1, 1000, OUTPUT_BUFFER - 1,
		OUTPUT_BUFFER, OUTPUT_BUFFER + 1, 300000 };
	char *s = octets(BIG);
	struct output *out;
	size_t len;
	int fds[2], flags;
	pid_t pid;

	for (enum kind kind = 0; kind < KINDS; kind++) {
		TEST_ROW("%s", kind_names[kind]);
		make(kind, fds);
		pid = reader(fds[0], fds[1], 0, BIG, 65536, 0);
		close(fds[0]);
		flags = fcntl(fds[1], F_GETFL);
		out = output_new(fds[1]);
		output_timeout(out, 10);
		len = 0;
		for (size_t i = 0; len < BIG; i++) {
			size_t n = sizes[i % TEST_N(sizes)];

			if (n > BIG - len)
				n = BIG - len;
			output_add(out, s + len, n);
			len += n;
		}
		CHECK_OK(output_flush(out));
		CHECK_INT(output_count(out), BIG);
		CHECK_INT(fcntl(fds[1], F_GETFL), flags);
		output_free(out);
		close(fds[1]);
		check_reader(pid);
	}
	free(s);
}

static void
files_of_any_size_arrive(void)
{
	static const size_t sizes[] = { 0, 1, 100, 32768, 32769, 100000, BIG };
	int file = make_file(BIG + 100), fds[2], flags;
	struct output *out;
	pid_t pid;

	for (enum kind kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < TEST_N(sizes); i++) {
			TEST_ROW("%s, %zu", kind_names[kind], sizes[i]);
			make(kind, fds);
			pid = reader(fds[0], fds[1], 10, sizes[i] + 80, 65536,
			    0);
			close(fds[0]);
			flags = fcntl(fds[1], F_GETFL);
			out = output_new(fds[1]);
			output_timeout(out, 10);
			/* What is before, within and behind, in this order. */
			output_file(out, file, 10, 40);
			output_file(out, file, 50, sizes[i]);
			output_file(out, file, 50 + sizes[i], 39);
			output_add(out, (unsigned char[]){ octet(89 +
			    sizes[i]) }, 1);
			CHECK_OK(output_flush(out));
			CHECK_INT(output_count(out), sizes[i] + 80);
			CHECK_INT(fcntl(fds[1], F_GETFL), flags);
			output_free(out);
			close(fds[1]);
			check_reader(pid);
		}
	close(file);
}

static void
a_file_goes_to_memory(void)
{
	int file = make_file(100000);
	struct buf b = { 0 };
	struct output *out = output_new_mem(&b);
	char *want = octets(100000);

	output_adds(out, "x");
	output_file(out, file, 1, 99999);
	CHECK_OK(output_flush(out));
	CHECK_MEM(b.s + 1, b.len - 1, want + 1, 99999);
	output_free(out);
	buf_clear(&b);
	free(want);
	close(file);
}

/* What a literal's size has promised cannot be taken back. */
static void
a_file_that_ends_early_is_an_error(void)
{
	static const struct {
		uint64_t	offset, len;
	} table[] = { { 0, 101 }, { 100, 1 }, { 99, 70000 }, { 0, 1 << 20 },
		{ UINT64_MAX, 1 }, { 1, INT64_MAX }, { 0, UINT64_MAX } };
	int file = make_file(100), fds[2];
	struct output *out;
	pid_t pid;

	for (size_t i = 0; i < TEST_N(table); i++)
		for (enum kind kind = 0; kind < KINDS; kind++) {
			TEST_ROW("%s, row %zu", kind_names[kind], i);
			make(kind, fds);
			pid = reader(fds[0], fds[1], 0, 100, 65536, 0);
			close(fds[0]);
			out = output_new(fds[1]);
			output_file(out, file, table[i].offset, table[i].len);
			output_adds(out, "more");
			CHECK(output_flush(out) != NULL &&
			    output_flush(out)->kind == ERR_IO);
			CHECK_INT(output_pending(out), 0);
			output_free(out);
			close(fds[1]);
			waitpid(pid, NULL, 0);
		}
	close(file);
}

static void
who_does_not_read_is_given_up(void)
{
	int file = make_file(BIG), fds[2];
	char *s = octets(BIG);
	struct output *out;
	double start;

	for (enum kind kind = 0; kind < KINDS; kind++)
		for (int by_file = 0; by_file < 2; by_file++) {
			TEST_ROW("%s%s", kind_names[kind], by_file ? ", file" :
			    "");
			make(kind, fds);
			out = output_new(fds[1]);
			output_timeout(out, 1);
			start = now();
			if (by_file)
				output_file(out, file, 0, BIG);
			else
				output_add(out, s, BIG);
			CHECK(output_flush(out) != NULL);
			CHECK_STR(output_flush(out)->text,
			    "timeout: the client does not read");
			CHECK(now() - start >= 0.99 && now() - start < 8);
			output_free(out);
			close(fds[0]);
			close(fds[1]);
		}
	free(s);
	close(file);
}

static void
who_reads_slowly_is_not(void)
{
	size_t len = 400000;
	int file = make_file(len), fds[2];
	struct output *out;
	double start;
	pid_t pid;

	for (enum kind kind = 0; kind < KINDS; kind++) {
		TEST_ROW("%s", kind_names[kind]);
		make(kind, fds);
		/* 2 s in all, which is more than the limit of 1 s. */
		pid = reader(fds[0], fds[1], 0, len, 20000, 100);
		close(fds[0]);
		out = output_new(fds[1]);
		output_timeout(out, 1);
		start = now();
		output_file(out, file, 0, len);
		CHECK_OK(output_flush(out));
		CHECK(now() - start > 1);
		output_free(out);
		close(fds[1]);
		check_reader(pid);
	}
	close(file);
}

static void
who_has_gone_is_noticed(void)
{
	int file = make_file(100000), fds[2];
	struct output *out;

	for (enum kind kind = 0; kind < KINDS; kind++)
		for (int by_file = 0; by_file < 2; by_file++) {
			TEST_ROW("%s%s", kind_names[kind], by_file ? ", file" :
			    "");
			make(kind, fds);
			close(fds[0]);
			out = output_new(fds[1]);
			if (by_file)
				output_file(out, file, 0, 100000);
			output_adds(out, "x");
			if (CHECK(output_flush(out) != NULL)) {
				CHECK_STR(output_flush(out)->text,
				    "closed by the client");
				CHECK_INT(output_flush(out)->kind, ERR_IO);
			}
			output_free(out);
			close(fds[1]);
		}
	close(file);
}

int
main(void)
{
	TEST(octets_come_in);
	TEST(many_octets_come_in);
	TEST(memory_comes_in_by_chunks);
	TEST(the_deadline_ends_a_trickle);
	TEST(the_hook_is_called_before_a_wait_only);
	TEST(a_wait_tells_what_is_there);
	TEST(a_wait_ends_at_the_deadline);
	TEST(output_is_collected);
	TEST(output_of_any_size_arrives);
	TEST(files_of_any_size_arrive);
	TEST(a_file_goes_to_memory);
	TEST(a_file_that_ends_early_is_an_error);
	TEST(who_does_not_read_is_given_up);
	TEST(who_reads_slowly_is_not);
	TEST(who_has_gone_is_noticed);
	return test_end();
}

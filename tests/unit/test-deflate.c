/* test-deflate.c - compression of a connection: RFC 4978
 * SPDX-License-Identifier: ISC */
#include "util/deflate.h"

#include <sys/socket.h>

#include <err.h>
#include <unistd.h>
#include <zlib.h>

#include "test.h"

#define BIG	(1024 * 1024 + 7)

/* Text that compresses, yet repeats nothing soon. */
static unsigned char *
text(size_t len)
{
	unsigned char *s = malloc(len);
	uint32_t x = 1;

	if (s == NULL)
		errx(1, "out of memory");
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		s[i] = (unsigned char)("etaoin shrdlu\r\n7"[x >> 28]);
	}
	return s;
}

/* The client's side: what it sends for len octets at s, added to b. */
static void
pack(z_stream *z, const void *s, size_t len, int flush, struct buf *b)
{
	unsigned char out[1000];

	z->next_in = (z_const Bytef *)(uintptr_t)s;
	z->avail_in = (uInt)len;
	do {
		z->next_out = out;
		z->avail_out = sizeof(out);
		deflate(z, flush);
		buf_add(b, out, sizeof(out) - z->avail_out);
	} while (z->avail_out == 0);
}

static void
pack_init(z_stream *z)
{
	memset(z, 0, sizeof(*z));
	if (deflateInit2(z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		errx(1, "deflateInit2");
}

/* All that the server sent, as the client sees it. */
static void
unpack(const struct buf *b, size_t from, struct buf *plain)
{
	unsigned char out[1000];
	z_stream z = { 0 };
	int got;

	if (inflateInit2(&z, -15) != Z_OK)
		errx(1, "inflateInit2");
	z.next_in = (z_const Bytef *)(uintptr_t)(b->s + from);
	z.avail_in = (uInt)(b->len - from);
	do {
		z.next_out = out;
		z.avail_out = sizeof(out);
		got = inflate(&z, Z_SYNC_FLUSH);
		buf_add(plain, out, sizeof(out) - z.avail_out);
	} while (got == Z_OK && z.avail_out == 0);
	/* Flushed: the stream stands between two blocks. */
	CHECK(got == Z_OK || got == Z_BUF_ERROR);
	CHECK(z.data_type == 128);
	CHECK(z.avail_in == 0);
	inflateEnd(&z);
}

/* The command is read as it is, what is behind it in the same packet is not;
 * with every chunk, and a rest in between. */
static void
input_in_chunks(size_t chunk)
{
	const size_t len = 100000;
	unsigned char *s = text(len), got[5000];
	struct input *in;
	struct output *out;
	struct buf b = { 0 }, sent = { 0 };
	size_t done = 0, n;
	z_stream z;

	pack_init(&z);
	buf_add(&b, "plain\n", 6);
	for (size_t i = 0; i < len; i += 10000)
		pack(&z, s + i, 10000, Z_SYNC_FLUSH, &b);
	deflateEnd(&z);
	in = input_new_mem(b.s, b.len, chunk);
	out = output_new_mem(&sent);
	for (int i = 0; i < 6; i++)
		CHECK(input_getc(in) == "plain\n"[i]);
	deflate_start(in, out);
	CHECK_INT((long long)input_count(in), 6);
	while ((n = input_read(in, got, sizeof(got))) > 0) {
		CHECK(done + n <= len && memcmp(got, s + done, n) == 0);
		done += n;
		input_rest(in);
	}
	CHECK_INT((long long)done, (long long)len);
	CHECK_INT((long long)input_count(in), (long long)len + 6);
	CHECK(!input_broken(in));
	CHECK(input_error(in) != NULL);
	input_free(in);
	output_free(out);
	buf_clear(&b);
	buf_clear(&sent);
	free(s);
}

/* rest: let go of the memory between flushes. */
static void
output_is_read(bool rest)
{
	unsigned char *s = text(BIG);
	struct buf sent = { 0 }, plain = { 0 };
	struct output *out = output_new_mem(&sent);
	struct input *in = input_new_mem("", 0, 1);
	size_t len = 0, pieces[] = { 1, 100, 5000, 0, 65536, 70000, 3 };
	size_t before;

	output_adds(out, "OK\r\n");
	deflate_start(in, out);
	before = sent.len;
	CHECK_INT((long long)before, 4);
	for (size_t i = 0; len + 70000 < BIG; i++) {
		size_t n = pieces[i % 7];

		output_add(out, s + len, n);
		len += n;
		if (i % 3 == 0) {
			CHECK(output_flush(out) == NULL);
			if (rest)
				output_rest(out);
		}
	}
	CHECK(output_flush(out) == NULL);
	CHECK_INT((long long)output_count(out), (long long)len + 4);
	/* A flush of nothing sends nothing. */
	before = sent.len;
	CHECK(output_flush(out) == NULL);
	if (rest)
		output_rest(out);
	CHECK(output_flush(out) == NULL);
	CHECK_INT((long long)sent.len, (long long)before);
	unpack(&sent, 4, &plain);
	CHECK_INT((long long)plain.len, (long long)len);
	CHECK(memcmp(plain.s, s, len) == 0);
	CHECK(sent.len < len * 3 / 4);
	output_free(out);
	input_free(in);
	buf_clear(&sent);
	buf_clear(&plain);
	free(s);
}

/* A message body goes through it too. */
static void
test_file(void)
{
	char path[] = "/tmp/test-deflate.XXXXXX";
	unsigned char *s = text(BIG);
	struct buf sent = { 0 }, plain = { 0 };
	struct output *out = output_new_mem(&sent);
	struct input *in = input_new_mem("", 0, 1);
	int fd = mkstemp(path);

	if (fd == -1 || write(fd, s, BIG) != BIG)
		err(1, "%s", path);
	unlink(path);
	deflate_start(in, out);
	output_adds(out, "<");
	output_file(out, fd, 5, BIG - 5);
	output_adds(out, ">");
	CHECK(output_flush(out) == NULL);
	unpack(&sent, 0, &plain);
	CHECK_INT((long long)plain.len, BIG - 5 + 2);
	CHECK(memcmp(plain.s + 1, s + 5, BIG - 5) == 0);
	CHECK(plain.s[0] == '<' && plain.s[plain.len - 1] == '>');
	close(fd);
	output_free(out);
	input_free(in);
	buf_clear(&sent);
	buf_clear(&plain);
	free(s);
}

static void
test_broken(void)
{
	static const struct {
		const char *s;
		size_t len;
		bool broken;
	} tests[] = {
		{ "a NOOP\r\n", 8, true },	/* not compressed at all */
		{ "\xff\xff\xff\xff", 4, true },	/* block type 3 */
		{ "\0\1\0\1\0", 5, true },	/* a length and no complement */
		{ "", 0, false },		/* gone */
		{ "\3\0", 2, false },		/* the stream's proper end */
		{ "\3\0more", 6, false },
	};

	for (size_t i = 0; i < TEST_N(tests); i++) {
		struct buf sent = { 0 };
		struct output *out = output_new_mem(&sent);
		struct input *in = input_new_mem(tests[i].s, tests[i].len, 1);

		deflate_start(in, out);
		while (input_getc(in) != -1)
			;
		CHECK(input_error(in) != NULL);
		CHECK_INT(input_broken(in), tests[i].broken);
		input_free(in);
		output_free(out);
		buf_clear(&sent);
	}
}

/* Blocks that hold nothing cost the reader's time, and no limit counts them. */
static void
test_empty_blocks(void)
{
	struct buf b = { 0 }, sent = { 0 };
	struct output *out = output_new_mem(&sent);
	struct input *in;

	for (int i = 0; i < 20000; i++)
		buf_add(&b, "\0\0\0\xff\xff", 5);
	in = input_new_mem(b.s, b.len, 4096);
	deflate_start(in, out);
	CHECK_INT(input_getc(in), -1);
	CHECK(input_broken(in));
	input_free(in);
	output_free(out);
	buf_clear(&b);
	buf_clear(&sent);
}

/* What is in the layer counts as there; what makes no octet does not. */
static void
test_wait(void)
{
	struct buf b = { 0 }, sent = { 0 };
	struct output *out = output_new_mem(&sent);
	unsigned char *s = text(20000), got[20000];
	bool ready;
	struct input *in;
	size_t done = 0;
	int fds[2];
	z_stream z;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
		err(1, "socketpair");
	in = input_new(fds[0]);
	deflate_start(in, out);
	pack_init(&z);
	memset(s, 'x', 20000);
	pack(&z, s, 20000, Z_SYNC_FLUSH, &b);	/* a few octets: one read */
	if (write(fds[1], b.s, b.len) != (ssize_t)b.len)
		err(1, "write");
	while (done < 20000) {
		CHECK(input_wait(in, NULL, 0, 10000, &ready, NULL) == NULL);
		CHECK(ready);
		done += input_read(in, got, 4000);
	}
	CHECK(input_wait(in, NULL, 0, 0, &ready, NULL) == NULL);
	CHECK(!ready);
	input_rest(in);
	/* A block that has begun and holds nothing yet. */
	buf_reset(&b);
	pack(&z, "A", 1, Z_SYNC_FLUSH, &b);
	if (write(fds[1], b.s, 1) != 1)
		err(1, "write");
	CHECK(input_wait(in, NULL, 0, 10, &ready, NULL) == NULL);
	CHECK(!ready);
	input_rest(in);
	if (write(fds[1], b.s + 1, b.len - 1) != (ssize_t)b.len - 1)
		err(1, "write");
	CHECK(input_wait(in, NULL, 0, 10000, &ready, NULL) == NULL);
	CHECK(ready);
	CHECK_INT(input_getc(in), 'A');
	close(fds[1]);
	CHECK(input_wait(in, NULL, 0, 10000, &ready, NULL) == NULL);
	CHECK(ready);
	CHECK_INT(input_getc(in), -1);
	deflateEnd(&z);
	input_free(in);
	output_free(out);
	buf_clear(&b);
	buf_clear(&sent);
	close(fds[0]);
	free(s);
}

static void
test_input(void)
{
	for (size_t chunk = 1; chunk < 100000; chunk = chunk * 3 + 1) {
		TEST_ROW("chunks of %zu", chunk);
		input_in_chunks(chunk);
	}
}

static void
test_output(void)
{
	output_is_read(false);
	output_is_read(true);
}

int
main(void)
{
	TEST(test_input);
	TEST(test_output);
	TEST(test_file);
	TEST(test_broken);
	TEST(test_empty_blocks);
	TEST(test_wait);
	return test_end();
}

/* deflate.c - compression of a connection: RFC 4978
 * SPDX-License-Identifier: ISC */
#include "util/deflate.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "util/log.h"

#define RAW_WINDOW	(-MAX_WBITS)	/* RFC 4978 4: no header, no checksum */
#define LEVEL		4	/* most of what 9 saves, at twice the speed of 6 */
#define MEMORY		8	/* zlib's own choice: while there is traffic */
/* zlib.h: data_type, with the number of bits that are left over. */
#define AT_BLOCK_START	128
#define AT_LAST_END	(AT_BLOCK_START | 64)

/* --- From the client --- */

struct inflater {
	z_stream	 z;
	bool		 live;		/* z has memory */
	bool		 ended;		/* the client's stream is */
	unsigned int	 blocks_left;	/* for inflater_ends() */
	/* What came before, while z has no memory. */
	unsigned char	*window;
	uInt		 window_len;
};

static const struct err *
inflater_wake(struct inflater *in)
{
	memset(&in->z, 0, sizeof(in->z));
	if (inflateInit2(&in->z, RAW_WINDOW) != Z_OK ||
	    (in->window_len > 0 && inflateSetDictionary(&in->z, in->window,
	    in->window_len) != Z_OK))
		fatal("out of memory");
	free(in->window);
	in->window = NULL;
	in->window_len = 0;
	in->live = true;
	return NULL;
}

/* Up to the end of a block at most: the last one is known then, should
 * inflater_ends() be called. */
static const struct err *
inflate_block(struct inflater *in, const unsigned char **s, size_t *len,
    unsigned char *dst, size_t size, size_t *n_r)
{
	int got;

	/* Both are a buffer's size: they fit. */
	in->z.next_in = (z_const Bytef *)(uintptr_t)*s;
	in->z.avail_in = (uInt)*len;
	in->z.next_out = dst;
	in->z.avail_out = (uInt)size;
	got = inflate(&in->z, Z_BLOCK);
	*s = in->z.next_in;
	*len = in->z.avail_in;
	*n_r = size - in->z.avail_out;
	if (got == Z_STREAM_END)
		in->ended = true;
	else if (got == Z_MEM_ERROR)
		fatal("out of memory");
	else if (got != Z_OK && got != Z_BUF_ERROR && *n_r == 0)
		return err_io("what the client sent is not compressed: %s",
		    in->z.msg != NULL ? in->z.msg : "inflate");
	return NULL;
}

static const struct err *
inflater_decode(void *arg, const unsigned char **s, size_t *len,
    unsigned char *dst, size_t size, size_t *n_r)
{
	struct inflater *in = arg;
	const struct err *err;

	if (in->ended) {	/* and what follows is nothing */
		*s += *len;
		*len = 0;
	}
	if (!in->live && *len == 0)
		return NULL;
	if (!in->live && (err = inflater_wake(in)) != NULL)
		return err;
	do {
		err = inflate_block(in, s, len, dst, size, n_r);
	} while (err == NULL && *n_r == 0 && *len > 0 && !in->ended);
	return err;
}

/*
 * Behind the next block that holds nothing, which is what a flush is, or behind
 * the last block of the stream; at a whole octet.
 */
static const struct err *
inflater_ends(void *arg, const unsigned char **s, size_t *len, bool *end_r)
{
	struct inflater *in = arg;
	const struct err *err = NULL;
	unsigned char octet;
	size_t n = 0;

	/* The block that held the command may not have ended itself. */
	if (in->blocks_left == 0)
		in->blocks_left = (in->z.data_type & AT_BLOCK_START) ? 1 : 2;
	while (!in->ended && in->blocks_left > 0 &&
	    (in->z.data_type & AT_LAST_END) != AT_LAST_END) {
		if (*len == 0) {
			*end_r = false;
			return NULL;
		}
		err = inflate_block(in, s, len, &octet, 1, &n);
		if (err == NULL && n > 0)
			err = err_io("more than the last command came in");
		if (err != NULL)
			return err;
		if ((in->z.data_type & AT_BLOCK_START) != 0)
			in->blocks_left--;
	}
	*end_r = true;
	return NULL;
}

/*
 * Between two blocks, and only there, the state is no more than the window,
 * which is as long as what the client said so far, 32 KB at most.  Clients are
 * between two when they wait: they have flushed.
 */
static void
inflater_rest(void *arg)
{
	struct inflater *in = arg;
	uInt len = 0;

	if (!in->live || in->ended || in->z.data_type != AT_BLOCK_START ||
	    inflateGetDictionary(&in->z, NULL, &len) != Z_OK)
		return;
	if (len > 0) {
		in->window = malloc(len);
		if (in->window == NULL)
			fatal("out of memory");
		inflateGetDictionary(&in->z, in->window, &in->window_len);
	}
	inflateEnd(&in->z);
	in->live = false;
}

static void
inflater_free(void *arg)
{
	struct inflater *in = arg;

	if (in->live)
		inflateEnd(&in->z);
	free(in->window);
	free(in);
}

/* --- To the client --- */

struct deflater {
	z_stream	 z;
	bool		 live;
	bool		 finish;	/* the next flush is the last */
};

static const struct err *
deflater_encode(void *arg, const unsigned char **s, size_t *len, bool flush,
    unsigned char *dst, size_t size, size_t *n_r)
{
	struct deflater *out = arg;
	int got;

	if (!out->live) {
		memset(&out->z, 0, sizeof(out->z));
		if (deflateInit2(&out->z, LEVEL, Z_DEFLATED, RAW_WINDOW,
		    MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
			fatal("out of memory");
		out->live = true;
	}
	out->z.next_in = (z_const Bytef *)(uintptr_t)*s;
	out->z.avail_in = *len > UINT_MAX ? UINT_MAX : (uInt)*len;
	out->z.next_out = dst;
	out->z.avail_out = (uInt)size;
	got = deflate(&out->z, !flush ? Z_NO_FLUSH :
	    out->finish ? Z_FINISH : Z_SYNC_FLUSH);
	*len -= (size_t)(out->z.next_in - *s);
	*s = out->z.next_in;
	*n_r = size - out->z.avail_out;
	if (got != Z_OK && got != Z_BUF_ERROR && got != Z_STREAM_END)
		return err_io("deflate: %d", got);
	return NULL;
}

/* What follows a flush may refer to nothing before it: then it is a stream by
 * itself, and nobody can tell that it has a state of its own. */
static void
deflater_rest(void *arg)
{
	struct deflater *out = arg;

	if (out->live)
		deflateEnd(&out->z);
	out->live = false;
}

static void
deflater_finish(void *arg)
{
	struct deflater *out = arg;

	out->finish = true;
}

static void
deflater_free(void *arg)
{
	deflater_rest(arg);
	free(arg);
}

static const struct io_layer inflate_layer = {
	.decode = inflater_decode,
	.ends = inflater_ends,
	.rest = inflater_rest,
	.free = inflater_free,
};

static const struct io_layer deflate_layer = {
	.encode = deflater_encode,
	.finish = deflater_finish,
	.rest = deflater_rest,
	.free = deflater_free,
};

void
deflate_start(struct input *in, struct output *out)
{
	struct inflater *inflater = calloc(1, sizeof(*inflater));
	struct deflater *deflater = calloc(1, sizeof(*deflater));

	if (inflater == NULL || deflater == NULL)
		fatal("out of memory");
	input_layer(in, &inflate_layer, inflater);
	output_layer(out, &deflate_layer, deflater);
}

void
deflate_end(struct input *in, struct output *out)
{
	output_layer_end(out);
	input_layer_end(in);
}

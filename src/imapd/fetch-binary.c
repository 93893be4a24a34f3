/* fetch-binary.c - finds and sends BINARY[...]: RFC 3516 4, RFC 9051 6.4.5
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/fetch.h"
#include "mail/decode.h"
#include "mail/parts.h"
#include "wire/reply.h"
#include "wire/respcode.h"

#define SLICE	16384	/* octets that are decoded at a time */

static bool
is_coded(const struct section_out *out)
{
	return out->encoding == MIME_BASE64 ||
	    out->encoding == MIME_QUOTED_PRINTABLE;
}

/*
 * Decode len octets at s.  fn gets the pieces, until it returns false.
 */
static void
decode(enum mime_encoding encoding, const char *s, size_t len,
    bool (*fn)(void *, const char *, size_t), void *arg)
{
	struct decoder *d = decoder_new_octets(encoding);
	struct buf piece = { 0 };
	size_t n;
	bool end;

	do {
		n = len < SLICE ? len : SLICE;
		end = n == len;
		buf_reset(&piece);
		decoder_feed(d, s, n, end, &piece);
		s += n;
		len -= n;
	} while (fn(arg, piece.s, piece.len) && !end);
	decoder_free(d);
	buf_clear(&piece);
}

/* What a partial asks for of decoded octets. */
struct span {
	uint64_t	 pos;		/* octets that came so far */
	uint64_t	 first, end;
	uint64_t	 len;		/* of those asked for */
	bool		 has_nul;
	struct output	*out;		/* NULL: count only */
};

static bool
take_piece(void *arg, const char *s, size_t len)
{
	struct span *span = arg;
	uint64_t from = span->pos, to = from + len;

	span->pos = to;
	if (from < span->first)
		from = span->first;
	if (to > span->end)
		to = span->end;
	if (from < to) {
		s += from - (span->pos - len);
		span->len += to - from;
		if (span->out != NULL)
			output_add(span->out, s, (size_t)(to - from));
		else if (!span->has_nul)
			span->has_nul = memchr(s, '\0',
			    (size_t)(to - from)) != NULL;
	}
	return span->pos < span->end;
}

/* The octets of the file; coded ones are decoded to learn how many they are. */
static const struct err *
measure(const struct fetch_item *item, struct msgfile *mf,
    struct section_out *out)
{
	struct span span = { .end = UINT64_MAX };
	const struct err *err;
	const char *s;

	if (item->partial) {
		span.first = item->offset;
		span.end = span.first + item->count;
	}
	if (!is_coded(out)) {
		if (span.first > out->coded_len)
			span.first = out->coded_len;
		out->coded_off += span.first;
		out->coded_len -= span.first;
		if (out->coded_len > span.end - span.first)
			out->coded_len = span.end - span.first;
		span.first = 0;
		span.end = out->coded_len;
		out->len = out->coded_len;
	}
	out->off = span.first;
	/* Of what is as it is the size is known: it may be large. */
	if (out->coded_len == 0 || (item->kind == FETCH_BINARY_SIZE &&
	    !is_coded(out)))
		return NULL;
	err = msgfile_range(mf, out->coded_off, out->coded_len, &s);
	if (err != NULL)
		return err;
	if (is_coded(out))
		decode(out->encoding, s, (size_t)out->coded_len, take_piece,
		    &span);
	else
		take_piece(&span, s, (size_t)out->coded_len);
	out->len = span.len;
	out->has_nul = span.has_nul;
	return NULL;
}

const struct err *
binary_find(const struct fetch_item *item, const struct message *m,
    struct msgfile *mf, struct section_out *out)
{
	const struct err *err;
	struct blob parts;
	struct part part;

	*out = (struct section_out){ .encoding = MIME_IDENTITY };
	if (item->path_n == 0) {
		out->coded_len = m->size;
		return measure(item, mf, out);
	}
	if ((err = msgfile_parts(mf, m, &parts)) != NULL)
		return err;
	if (!parts_find(parts.s, parts.len, item->path, item->path_n, &part,
	    NULL)) {
		out->nil = true;
		return NULL;
	}
	if (part.body_off > m->size || part.body_len > m->size - part.body_off)
		return err_internal("message %u: a part lies beyond its end: "
		    "run mboxadm check", m->uid);
	/* RFC 2045 6.4: what holds other parts is not encoded as a whole. */
	if (part.kind == MIME_LEAF)
		out->encoding = part.encoding;
	if (out->encoding == MIME_UNKNOWN)
		return err_user(RESP_UNKNOWN_CTE, "A part is encoded in a way "
		    "that is not known here");
	out->coded_off = part.body_off;
	out->coded_len = part.body_len;
	return measure(item, mf, out);
}

const struct err *
binary_send(const struct section_out *out, const struct message *m,
    struct msgfile *mf, struct output *output)
{
	struct span span = { .first = out->off, .end = out->off + out->len,
	    .out = output };
	const struct err *err;
	const char *s;

	if (out->nil || out->len == 0) {
		output_adds(output, out->nil ? "NIL" : "\"\"");
		return NULL;
	}
	/* RFC 3516 4.3: "literal8" tells that there are NULs. */
	output_adds(output, out->has_nul ? "~{" : "{");
	reply_number(output, out->len);
	output_add(output, "}\r\n", 3);
	if (!is_coded(out)) {
		output_file(output, mf->fd, out->coded_off, out->len);
		return NULL;
	}
	err = msgfile_range(mf, out->coded_off, out->coded_len, &s);
	if (err == NULL) {
		decode(out->encoding, s, (size_t)out->coded_len, take_piece,
		    &span);
		if (span.len == out->len)
			return NULL;
	}
	return err_io("message %u: a part cannot be read again: %s", m->uid,
	    err != NULL ? err->text : "it changed");
}

/* fetch-section.c - finds and sends BODY[...]: RFC 3501 6.4.5
 * SPDX-License-Identifier: ISC */
#include "imapd/fetch.h"
#include "mail/header.h"
#include "mail/parts.h"
#include "wire/reply.h"

/* The partial's share of what there is; a start beyond the end leaves "". */
static void
clip(const struct fetch_item *item, struct section_out *out)
{
	if (!item->partial)
		return;
	if (item->offset >= out->len) {
		out->len = 0;
		return;
	}
	out->off += item->offset;
	out->len -= item->offset;
	if (out->len > item->count)
		out->len = item->count;
}

static const struct err *
fields_source(const struct section_out *out, const struct message *m,
    struct msgfile *mf, const char **s_r, size_t *len_r)
{
	if (out->cached) {
		*s_r = m->headers.s;
		*len_r = m->headers.len;
		return NULL;
	}
	*len_r = (size_t)out->header_len;
	return msgfile_range(mf, out->header_off, out->header_len, s_r);
}

struct runs {
	struct section_out *out;
	const char	*start;
};

static void
add_run(void *arg, const char *s, size_t len)
{
	struct runs *runs = arg;
	struct section_out *out = runs->out;
	const size_t at = (size_t)(s - runs->start);
	const unsigned int n = out->runs_n;

	if (n > SECTION_RUNS)
		return;
	if (n > 0 && out->runs[n - 1].at + out->runs[n - 1].len == at) {
		out->runs[n - 1].len += len;
		return;
	}
	if (n < SECTION_RUNS) {
		out->runs[n].at = at;
		out->runs[n].len = len;
	}
	out->runs_n++;
}

/* out says where the header is; the length of what is left of it. */
static const struct err *
find_fields(const struct fetch_item *item, const struct message *m,
    struct msgfile *mf, struct section_out *out)
{
	struct runs runs = { .out = out };
	const struct err *err;
	size_t len;

	out->fields = true;
	if ((err = fields_source(out, m, mf, &runs.start, &len)) != NULL)
		return err;
	out->len = header_filter(runs.start, len, item->fields,
	    item->fields_n, item->section == SECTION_FIELDS_NOT, add_run,
	    &runs);
	clip(item, out);
	return NULL;
}

/* Where in the file the section is, before fields and partials. */
static bool
locate(const struct fetch_item *item, const struct blob *parts,
    uint64_t *off_r, uint64_t *len_r)
{
	struct part part, inner;

	if (!parts_find(parts->s, parts->len, item->path, item->path_n, &part,
	    &inner))
		return false;
	switch (item->section) {
	case SECTION_ALL:
		*off_r = part.body_off;
		*len_r = part.body_len;
		return true;
	case SECTION_MIME:
		*off_r = part.header_off;
		*len_r = part.header_len;
		return true;
	default:
		break;
	}
	/* RFC 3501 6.4.5: these refer to a message, the outer or a nested. */
	if (item->path_n > 0 && part.kind != MIME_MESSAGE)
		return false;
	if (item->section == SECTION_TEXT) {
		*off_r = inner.body_off;
		*len_r = inner.body_len;
	} else {
		*off_r = inner.header_off;
		*len_r = inner.header_len;
	}
	return true;
}

const struct err *
section_find(const struct fetch_item *item, const struct message *m,
    struct msgfile *mf, struct section_out *out)
{
	const struct err *err;
	struct blob parts;
	uint64_t off, len;

	*out = (struct section_out){ 0 };
	if (item->section == SECTION_ALL && item->path_n == 0) {
		out->len = m->size;
		clip(item, out);
		return msgfile_open(mf);
	}
	/* An empty column: the fields were too large to keep. */
	if (item->cached && m->headers.s != NULL && m->headers.len > 0) {
		out->cached = true;
		return find_fields(item, m, mf, out);
	}
	if ((err = msgfile_parts(mf, m, &parts)) != NULL)
		return err;
	/* A part that does not exist is NIL: "nstring" allows it, and it tells
	 * the client more than an empty part would. */
	if (!locate(item, &parts, &off, &len)) {
		out->nil = true;
		return NULL;
	}
	if (off > m->size || len > m->size - off)
		return err_internal("message %u: a part lies beyond its end: "
		    "run mboxadm check", m->uid);
	if (item->section == SECTION_FIELDS ||
	    item->section == SECTION_FIELDS_NOT) {
		out->header_off = off;
		out->header_len = len;
		return find_fields(item, m, mf, out);
	}
	out->off = off;
	out->len = len;
	clip(item, out);
	return out->len > 0 ? msgfile_open(mf) : NULL;
}

struct window {
	void		(*fn)(void *, const char *, size_t);
	void		*arg;
	uint64_t	 skip, left;
};

/* Pieces of the fields as they come, cut to the partial. */
static void
send_piece(void *arg, const char *s, size_t len)
{
	struct window *w = arg;

	if (w->skip >= len) {
		w->skip -= len;
		return;
	}
	s += w->skip;
	len -= (size_t)w->skip;
	w->skip = 0;
	if (len > w->left)
		len = (size_t)w->left;
	if (len > 0)
		w->fn(w->arg, s, len);
	w->left -= len;
}

const struct err *
section_pieces(const struct fetch_item *item, const struct section_out *out,
    const struct message *m, struct msgfile *mf,
    void (*fn)(void *, const char *, size_t), void *arg)
{
	struct window w = { fn, arg, out->off, out->len };
	const struct err *err;
	const char *s;
	size_t len;

	if ((err = fields_source(out, m, mf, &s, &len)) != NULL)
		return err;
	if (out->runs_n > SECTION_RUNS)
		header_filter(s, len, item->fields, item->fields_n,
		    item->section == SECTION_FIELDS_NOT, send_piece, &w);
	else for (unsigned int i = 0; i < out->runs_n; i++)
		send_piece(&w, s + out->runs[i].at, out->runs[i].len);
	return w.left == 0 ? NULL : err_internal("it changed");
}

static void
to_output(void *arg, const char *s, size_t len)
{
	output_add(arg, s, len);
}

const struct err *
section_send(const struct fetch_item *item, const struct section_out *out,
    const struct message *m, struct msgfile *mf, struct output *output)
{
	const struct err *err;

	if (out->nil || out->len == 0) {
		output_adds(output, out->nil ? "NIL" : "\"\"");
		return NULL;
	}
	output_add(output, "{", 1);
	reply_number(output, out->len);
	output_add(output, "}\r\n", 3);
	if (!out->fields) {
		output_file(output, mf->fd, out->off, out->len);
		return NULL;
	}
	err = section_pieces(item, out, m, mf, to_output, output);
	if (err == NULL)
		return NULL;
	return err_io("message %u: its header cannot be read again: %s",
	    m->uid, err->text);
}

/* bodystructure.c - BODY and BODYSTRUCTURE
 * SPDX-License-Identifier: ISC */
#include "mail/bodystructure.h"

#include <inttypes.h>
#include <string.h>

#include "mail/envelope.h"
#include "wire/reply.h"

/*
 * Octets after which optional values and nested envelopes are NIL.  Many
 * small messages in one can make a structure larger than themselves.
 */
#define STRUCTURE_MAX	(1024 * 1024)

struct writer {
	struct arena	*arena;
	const char	*s;
	bool		 extended;
	struct buf	*out;
	size_t		 start;
};

static bool
is_full(const struct writer *w)
{
	return w->out->len - w->start > STRUCTURE_MAX;
}

static void
write_string(const struct writer *w, const char *s)
{
	reply_string_buf(w->out, s, strlen(s));
}

static void
write_nstring(const struct writer *w, const char *s)
{
	if (s == NULL || is_full(w))
		buf_adds(w->out, "NIL");
	else
		write_string(w, s);
}

static void
write_sp(const struct writer *w)
{
	buf_addc(w->out, ' ');
}

/* "body-fld-param" */
static void
write_params(const struct writer *w, const struct mime_param *params, size_t n)
{
	if (n == 0 || is_full(w)) {
		buf_adds(w->out, "NIL");
		return;
	}
	buf_addc(w->out, '(');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			write_sp(w);
		write_string(w, params[i].name);
		write_sp(w);
		write_string(w, params[i].value);
	}
	buf_addc(w->out, ')');
}

/* "body-fld-dsp SP body-fld-lang SP body-fld-loc" with a space before. */
static void
write_common_extension(const struct writer *w, const struct mime_part *part)
{
	write_sp(w);
	if (part->disposition == NULL) {
		buf_adds(w->out, "NIL");
	} else {
		buf_addc(w->out, '(');
		write_string(w, part->disposition);
		write_sp(w);
		write_params(w, part->disposition_params,
		    part->disposition_params_n);
		buf_addc(w->out, ')');
	}
	write_sp(w);
	if (part->languages_n <= 1) {
		write_nstring(w, part->languages_n == 0 ? NULL :
		    part->languages[0]);
	} else {
		for (size_t i = 0; i < part->languages_n; i++) {
			buf_addc(w->out, i == 0 ? '(' : ' ');
			write_string(w, part->languages[i]);
		}
		buf_addc(w->out, ')');
	}
	write_sp(w);
	write_nstring(w, part->location);
}

static void write_body(const struct writer *, const struct mime_part *);

/* "body-type-mpart"; mime_parse() gives every multipart a part. */
static void
write_multipart(const struct writer *w, const struct mime_part *part)
{
	for (const struct mime_part *p = part->child; p != NULL; p = p->next)
		write_body(w, p);
	write_sp(w);
	write_string(w, part->subtype);
	if (!w->extended)
		return;
	write_sp(w);
	write_params(w, part->params, part->params_n);
	write_common_extension(w, part);
}

/* The envelope and body of the message that the part is. */
static void
write_message(const struct writer *w, const struct mime_part *part)
{
	const struct mime_part *inner = part->child;

	write_sp(w);
	if (is_full(w))
		envelope_write(w->arena, "", 0, w->out);
	else
		envelope_write(w->arena, w->s + inner->header_off,
		    inner->header_len, w->out);
	write_sp(w);
	write_body(w, inner);
}

/* "body-type-1part" */
static void
write_single(const struct writer *w, const struct mime_part *part)
{
	write_string(w, part->type);
	write_sp(w);
	write_string(w, part->subtype);
	write_sp(w);
	write_params(w, part->params, part->params_n);
	write_sp(w);
	write_nstring(w, part->id);
	write_sp(w);
	write_nstring(w, part->description);
	write_sp(w);
	write_string(w, part->encoding_name == NULL ? "7BIT" :
	    part->encoding_name);
	buf_addf(w->out, " %" PRIu64, part->body_len);
	if (part->kind == MIME_MESSAGE)
		write_message(w, part);
	if (part->kind == MIME_MESSAGE || strcmp(part->type, "TEXT") == 0)
		buf_addf(w->out, " %" PRIu64, part->body_lines);
	if (!w->extended)
		return;
	write_sp(w);
	write_nstring(w, part->md5);
	write_common_extension(w, part);
}

/* "body"; goes as deep as the tree, MIME_DEPTH_MAX. */
static void
write_body(const struct writer *w, const struct mime_part *part)
{
	buf_addc(w->out, '(');
	if (part->kind == MIME_MULTIPART)
		write_multipart(w, part);
	else
		write_single(w, part);
	buf_addc(w->out, ')');
}

void
bodystructure_write(struct arena *a, const char *s,
    const struct mime_part *root, bool extended, struct buf *out)
{
	struct writer w = { a, s, extended, out, out->len };

	write_body(&w, root);
}

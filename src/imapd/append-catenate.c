/* append-catenate.c - messages and parts that a URL names: RFC 4469 3
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imapd/append.h"
#include "imapd/capability.h"
#include "imapd/fetch.h"
#include "imapd/selected.h"
#include "util/log.h"
#include "wire/imapurl.h"

#define PIECE_OCTETS	65536	/* of a file that are in memory at once */

struct source {
	struct incoming	*in;
	const struct imapurl *url;
	struct fetch_item item;
	struct msgfile	 file;
	const struct err *err;		/* of take_piece() */
};

/* The words are the same for what is not there and what may not be read. */
static const struct err *
bad_url(struct incoming *in, const char *url, size_t len, const char *why)
{
	struct arena *a = in->s->arena;

	return err_user(arena_printf(a, "BADURL %s", len > 0 ?
	    imapurl_printable(a, url, len) : "\"\""), "%s", why);
}

/* --- The mailbox --- */

/* Open the mailbox that the URL names, or keep the one of the URL before. */
static const struct err *
open_mailbox(struct incoming *in, const char *utf8)
{
	struct session *s = in->s;
	const struct err *err;
	struct place place;

	if (in->source != NULL && strcmp(in->source_name, utf8) == 0)
		return NULL;
	err = session_place_utf8(s, utf8, &place);
	if (err == NULL)
		err = session_need(s, &place, RIGHT_READ);
	if (err != NULL)
		return err;
	mailbox_close(in->source);
	in->source = NULL;
	in->source_name = utf8;
	return session_open(s, &place, false, &in->source);
}

static const struct err *
find_mailbox(struct incoming *in, const struct imapurl *url,
    struct mailbox **mbox_r)
{
	struct selected *sel = in->s->selected;
	const struct err *err;

	if (url->mailbox != NULL) {
		err = open_mailbox(in, url->mailbox);
		if (err != NULL)
			return err;
		*mbox_r = in->source;
	} else if (sel != NULL) {
		/* RFC 4469 3: the base is the selected mailbox. */
		if ((err = selected_need(in->s, RIGHT_READ)) != NULL)
			return err;
		*mbox_r = sel->mbox;
	} else
		return err_user(NULL, "No mailbox is selected");
	if (url->uidvalidity != 0 &&
	    url->uidvalidity != mailbox_uidvalidity(*mbox_r))
		return err_user(NULL, "The mailbox has another UIDVALIDITY");
	return NULL;
}

/* --- The octets --- */

static const struct err *
copy_file(struct source *src, uint64_t off, uint64_t len)
{
	const struct err *err = NULL;
	char *piece = malloc(PIECE_OCTETS);
	ssize_t n;

	if (piece == NULL)
		fatal("out of memory");
	while (err == NULL && len > 0) {
		n = pread(src->file.fd, piece, len < PIECE_OCTETS ?
		    (size_t)len : PIECE_OCTETS, (off_t)off);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			err = err_errno("read message %u", src->file.uid);
		else if (n == 0)
			err = err_internal("message %u: the file became "
			    "shorter", src->file.uid);
		else {
			err = incoming_write(src->in, piece, (size_t)n);
			off += (uint64_t)n;
			len -= (uint64_t)n;
		}
	}
	free(piece);
	return err;
}

/* A piece of a header. */
static void
take_piece(void *arg, const char *s, size_t len)
{
	struct source *src = arg;

	if (src->err == NULL)
		src->err = incoming_write(src->in, s, len);
}

/* As a FETCH would send it: RFC 4469 3. */
static const struct err *
copy_section(struct source *src, const struct message *m)
{
	struct section_out out;
	const struct err *err;

	msgfile_start(&src->file, m);
	err = section_find(&src->item, m, &src->file, &out);
	if (err != NULL)
		return err;
	if (out.nil)
		return err_user(NULL, "There is no such part");
	if (out.len == 0)
		return NULL;
	if ((err = incoming_room(src->in, out.len)) != NULL)
		return err;
	if (!out.fields)
		return copy_file(src, out.off, out.len);
	err = section_pieces(&src->item, &out, m, &src->file, take_piece, src);
	return err != NULL ? err : src->err;
}

static const struct err *
copy_message(struct source *src, struct mailbox *mbox)
{
	struct seqrange range = { src->url->uid, src->url->uid };
	struct seqset uids = { &range, 1 };
	struct scan *scan = NULL;
	const struct err *err;
	struct message m;
	bool found = false;

	err = scan_open(mbox, &uids, SCAN_HEADERS | SCAN_PARTS, 0, &scan);
	if (err != NULL)
		return err;
	err = scan_next(scan, &m, &found);
	if (err == NULL && !found)
		err = err_user(NULL, "There is no such message");
	msgfile_init(&src->file, mbox);
	if (err == NULL)
		err = copy_section(src, &m);
	msgfile_clear(&src->file);
	scan_close(scan);
	return err;
}

static bool
has_code(const struct err *err, const char *code)
{
	return err->code != NULL && strcmp(err->code, code) == 0;
}

static const struct err *
copy_url(struct incoming *in, const struct imapurl *url)
{
	struct source src = { .in = in, .url = url };
	const struct err *err;
	struct mailbox *mbox = NULL;

	if (url->section != NULL && !fetch_parse_section(in->s->arena,
	    url->section, &src.item))
		return err_user(NULL, "This is no section of a message");
	src.item.partial = url->partial;
	src.item.offset = url->offset;
	src.item.count = url->count > 0 ? url->count : UINT32_MAX;
	err = find_mailbox(in, url, &mbox);
	return err != NULL ? err : copy_message(&src, mbox);
}

const struct err *
incoming_url(struct incoming *in, const char *s, size_t len)
{
	const struct err *err;
	struct imapurl url;

	if (!imapurl_parse(in->s->arena, s, len, &url))
		return bad_url(in, s, len, "This is not the URL of a message "
		    "on this server");
	if (url.partial && capability_off(in->s, "URL-PARTIAL"))
		return bad_url(in, s, len, "URL-PARTIAL is turned off");
	err = copy_url(in, &url);
	if (err == NULL || err->kind != ERR_USER || has_code(err, RESP_TOOBIG))
		return err;
	return bad_url(in, s, len, err->text);
}

/* copy.c - COPY and MOVE: a hard link and a row
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "store/mailbox-private.h"
#include "util/log.h"
#include "wire/respcode.h"

#define PROGRESS_EVERY	64	/* messages */

struct copying {
	struct mailbox	*src, *dst;
	struct writer	 w;
	struct scan	*scan;		/* rows of src */
	uint64_t	 bits[FLAG_KEYWORDS_MAX]; /* src's keyword to dst's bit */
	uint64_t	 flag_mask;
	struct seqset_builder from, to;
};

/*
 * The destination's bit for each keyword that a copied message may have.
 * Those the destination has no room for are dropped.
 */
static const struct err *
map_keywords(struct copying *c, uint64_t used)
{
	const char *const *names;
	const struct err *err;
	size_t n;

	err = mailbox_keywords(c->src, &names, &n);
	for (size_t i = 0; err == NULL && i < n; i++) {
		uint64_t bit = UINT64_C(1) << (FLAG_KEYWORD_FIRST + i);

		if ((used & bit & c->flag_mask) == 0)
			continue;
		if (c->src == c->dst) {
			c->bits[i] = bit;
			continue;
		}
		err = keywords_create(c->dst, &names[i], 1);
		if (err != NULL && err->kind == ERR_USER)
			err = NULL;
		else if (err == NULL)
			err = mailbox_keyword_mask(c->dst, &names[i], 1,
			    false, &c->bits[i]);
	}
	return err;
}

static uint64_t
map_flags(const struct copying *c, uint64_t flags)
{
	uint64_t mapped = flags & FLAG_SYSTEM;

	flags &= c->flag_mask;
	mapped &= c->flag_mask;
	for (size_t i = 0; i < FLAG_KEYWORDS_MAX; i++)
		if (flags & (UINT64_C(1) << (FLAG_KEYWORD_FIRST + i)))
			mapped |= c->bits[i];
	return mapped;
}

/* All the flags that messages of the set have. */
static const struct err *
used_flags(struct copying *c, const struct seqset *uids, uint64_t *used_r)
{
	const struct err *err;
	struct message msg;
	struct scan *scan;
	bool more;

	*used_r = 0;
	err = scan_open(c->src, uids, 0, 0, &scan);
	if (err != NULL)
		return err;
	while ((err = scan_next(scan, &msg, &more)) == NULL && more)
		*used_r |= msg.flags;
	scan_close(scan);
	return err;
}

/*
 * The file could not be linked, for err.  src is not locked: where another
 * session expunged and purged the message since its row was read, it is left
 * out like one that was gone before.
 */
static const struct err *
copy_vanished(struct copying *c, uint32_t uid, const struct err *err)
{
	const struct err *why;
	int fd;

	scan_pause(c->scan);		/* what it reads is of the past */
	why = mailbox_message_fd(c->src, uid, &fd);
	if (why == NULL) {
		close(fd);
		return err;
	}
	return why->kind == ERR_USER && why->code != NULL &&
	    strcmp(why->code, RESP_EXPUNGEISSUED) == 0 ? NULL : why;
}

static const struct err *
copy_one(struct copying *c, const struct message *from)
{
	struct message msg = *from;
	struct blob blobs[COLUMNS];
	const struct err *err;

	message_blobs(from, blobs);
	err = writer_next_uid(&c->w, &msg.uid);
	if (err != NULL)
		return err;
	msg.flags = map_flags(c, from->flags);
	msg.modseq = c->w.state.highestmodseq;
	msg.savedate = now_seconds();
	err = place_link(c->dst, c->src, from->uid, msg.uid);
	if (err != NULL) {
		c->w.state.uidnext = msg.uid;
		return copy_vanished(c, from->uid, err);
	}
	c->w.placed = msg.uid + 1;
	err = insert_message(c->dst->db, &msg);
	/* What has no content row is parsed when it is asked for. */
	if (err == NULL && from->envelope.s != NULL)
		err = insert_content(c->dst->db, msg.uid, blobs);
	if (err != NULL)
		return err;
	state_count(&c->w.state, &msg, 1);
	seqset_add(&c->from, from->uid);
	seqset_add(&c->to, msg.uid);
	return NULL;
}

static const struct err *
copy_rows(struct copying *c, const struct seqset *uids)
{
	const uint64_t total = seqset_count(uids);
	const struct err *err;
	struct message msg;
	uint64_t done = 0;
	bool more;

	err = scan_open(c->src, uids, SCAN_ENVELOPE | SCAN_BODY |
	    SCAN_STRUCTURE | SCAN_HEADERS | SCAN_PARTS | SCAN_PREVIEW |
	    SCAN_IDS | SCAN_SORTKEYS | SCAN_DATES, 0, &c->scan);
	if (err != NULL)
		return err;
	while ((err = scan_next(c->scan, &msg, &more)) == NULL && more) {
		/* A copy into the same mailbox meets its own copies. */
		if (c->src == c->dst && msg.uid >= c->w.before.uidnext)
			break;
		err = copy_one(c, &msg);
		if (err != NULL)
			break;
		if (++done % PROGRESS_EVERY == 0)
			mailbox_progress(c->src, done, total);
	}
	scan_close(c->scan);
	return err;
}

static struct seqset
keep_set(struct arena *a, const struct seqset_builder *b)
{
	struct seqset set = seqset_built(b);
	struct seqrange *ranges = arena_array(a, set.n, sizeof(*ranges));

	if (set.n > 0)
		memcpy(ranges, set.ranges, set.n * sizeof(*ranges));
	return (struct seqset){ ranges, set.n };
}

/* The copy inside the writer, until all but the commit is done. */
static const struct err *
copy_in(struct copying *c, const struct seqset *uids, bool whole,
    uint64_t used, uint32_t *missing_r)
{
	struct seqset copied;
	const struct err *err;
	uint64_t wanted, got;

	c->w.state.highestmodseq++;
	err = map_keywords(c, used);
	if (err == NULL)
		err = copy_rows(c, uids);
	if (err != NULL)
		return err;
	copied = seqset_built(&c->from);
	wanted = seqset_count(uids);
	got = seqset_count(&copied);
	*missing_r = (uint32_t)(wanted - got);
	if (whole && got < wanted)
		return err_user(RESP_EXPUNGEISSUED,
		    "Some of the messages were expunged; nothing was copied");
	if (fsync(c->dst->fd) == -1)
		return err_errno("%s: fsync", c->dst->what);
	return NULL;
}

/* After the writer ended, by err or well. */
static void
copy_end(struct copying *c, const struct err *err, size_t keywords,
    struct arena *a, struct copy_result *result, struct copy_result *result_r)
{
	if (c->src != c->dst && (err != NULL || c->from.n == 0))
		keywords_forget(c->dst, keywords);
	if (err == NULL) {
		result->from = keep_set(a, &c->from);
		result->to = keep_set(a, &c->to);
		*result_r = *result;
	}
	seqset_builder_clear(&c->from);
	seqset_builder_clear(&c->to);
}

const struct err *
mailbox_copy(struct mailbox *src, struct mailbox *dst,
    const struct seqset *uids, bool whole, uint64_t flag_mask,
    struct arena *a, struct copy_result *result_r)
{
	struct copying c = { .src = src, .dst = dst, .flag_mask = flag_mask };
	struct copy_result result = { .uidvalidity = dst->uidvalidity };
	const struct err *err;
	uint64_t used;
	size_t keywords;

	err = used_flags(&c, uids, &used);
	if (err == NULL)
		err = writer_begin(&c.w, dst, true);
	if (err != NULL)
		return err;
	keywords = dst->keywords_n;
	err = copy_in(&c, uids, whole, used, &result.missing);
	if (err != NULL || c.from.n == 0) {
		unplace(&c.w);
		writer_abort(&c.w);
	} else
		err = writer_commit(&c.w);
	copy_end(&c, err, keywords, a, &result, result_r);
	return err;
}

/* --- MOVE --- */

static const struct err *
move_in(struct copying *c, const struct seqset *uids, struct writer *from,
    uint32_t *missing_r)
{
	const struct err *err;
	struct seqset copied;
	uint64_t used;
	uint32_t n;

	err = used_flags(c, uids, &used);
	if (err == NULL)
		err = copy_in(c, uids, false, used, missing_r);
	copied = seqset_built(&c->from);
	if (err == NULL && copied.n > 0)
		err = writer_expunge(from, &copied, true, &n);
	if (err == NULL && copied.n > 0 && n != seqset_count(&copied))
		err = err_internal("%s: %u messages went where %llu were moved",
		    c->src->what, n,
		    (unsigned long long)seqset_count(&copied));
	return err;
}

const struct err *
mailbox_move(struct mailbox *src, struct mailbox *dst,
    const struct seqset *uids, uint64_t flag_mask, struct arena *a,
    struct copy_result *result_r)
{
	struct copying c = { .src = src, .dst = dst, .flag_mask = flag_mask };
	struct copy_result result = { .uidvalidity = dst->uidvalidity };
	const struct err *err;
	struct writer other;
	struct pair p = { &c.w, src == dst ? &c.w : &other };
	struct seqset gone, added;
	size_t keywords;

	err = pair_begin(&p, dst, src);
	if (err != NULL)
		return err;
	keywords = dst->keywords_n;
	err = move_in(&c, uids, p.from, &result.missing);
	gone = seqset_built(&c.from);
	added = seqset_built(&c.to);
	if (err != NULL || c.from.n == 0)
		pair_abort(&p);
	else
		err = pair_commit(&p, &gone, &added);
	if (err == NULL && c.from.n > 0)
		purge_unretained(src);
	copy_end(&c, err, keywords, a, &result, result_r);
	return err;
}

/* cmd-store.c - STORE and UID STORE: RFC 3501 6.4.6
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/selected.h"

#define PENDING_OCTETS	49152	/* of output, before the scan is let go */

struct store_args {
	struct seqset		set;
	enum store_op		op;
	bool			silent;
	struct parser_flags	flags;
};

static bool
parse_item(struct parser *p, struct store_args *args)
{
	const char *word;

	args->op = STORE_REPLACE;
	if (parser_opt(p, '+'))
		args->op = STORE_ADD;
	else if (parser_opt(p, '-'))
		args->op = STORE_REMOVE;
	if (!parser_word(p, &word))
		return false;
	args->silent = strcmp(word, "FLAGS.SILENT") == 0;
	if (!args->silent && strcmp(word, "FLAGS") != 0)
		return parser_expected(p, "FLAGS or FLAGS.SILENT");
	return true;
}

/* RFC 3501 9 "store" */
static const struct err *
store_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct store_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_seqset(p, &args->set) || !parser_sp(p) ||
	    !parse_item(p, args) || !parser_sp(p) ||
	    !parser_flags(p, true, &args->flags) || !parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/*
 * What the rights leave of the change: RFC 4314 4.  STORE fails only when
 * none of the flags it names may be changed.
 */
static const struct err *
store_masks(struct session *s, const struct store_args *args,
    uint64_t *flags_r, uint64_t *mask_r)
{
	const struct selected *sel = s->selected;
	const uint64_t may = selected_may_change(sel);
	const bool keywords = args->flags.n > 0;
	const struct err *err;
	uint64_t flags = args->flags.system, bits;
	rights_t need = 0;

	if (flags & FLAG_SEEN)
		need |= RIGHT_SEEN;
	if (flags & FLAG_DELETED)
		need |= RIGHT_DELETE;
	if ((flags & ~(FLAG_SEEN | FLAG_DELETED)) != 0 || keywords)
		need |= RIGHT_WRITE;
	if (need == 0 && args->op == STORE_REPLACE && may == 0)
		need = RIGHT_WRITE;
	if (need != 0 && (need & sel->rights) == 0)
		return selected_need(s, need);
	if (keywords && (sel->rights & RIGHT_WRITE) != 0) {
		err = mailbox_keyword_mask(sel->mbox, args->flags.keywords,
		    args->flags.n, args->op != STORE_REMOVE, &bits);
		if (err != NULL)
			return err;
		flags |= bits;
	}
	*flags_r = flags;
	*mask_r = may;
	return NULL;
}

/* FETCH responses for the whole set; those that are gone are counted. */
static const struct err *
tell_flags(struct session *s, const struct seqset *uids, uint64_t *missing_r)
{
	struct selected *sel = s->selected;
	struct scan *scan = NULL;
	struct change change;
	struct message m;
	const char *const *names;
	const struct err *err;
	uint64_t told = 0;
	size_t names_n, hint = 0;
	uint32_t seq;
	bool more;

	if ((err = mailbox_keywords(sel->mbox, &names, &names_n)) != NULL ||
	    (err = scan_open(sel->mbox, uids, 0, 0, &scan)) != NULL)
		return err;
	while ((err = scan_next(scan, &m, &more)) == NULL && more) {
		if ((seq = selected_seq(sel, m.uid, &hint)) == 0)
			continue;
		change = (struct change){ .uid = m.uid, .flags = m.flags };
		selected_tell_change(s, &change, seq, names, names_n);
		told++;
		if (output_pending(s->out) > PENDING_OCTETS) {
			scan_pause(scan);
			if ((err = output_flush(s->out)) != NULL)
				break;
		}
	}
	scan_close(scan);
	*missing_r = seqset_count(uids) - told;
	return err;
}

static const struct err *
do_store(struct session *s, const struct store_args *args, bool is_uid)
{
	struct selected *sel = s->selected;
	const struct err *err;
	struct seqset uids;
	uint64_t flags = 0, mask = 0, modseq = 0, before, missing = 0;

	if ((err = selected_uids(s, &args->set, is_uid, &uids)) != NULL ||
	    uids.n == 0)
		return err;
	/*
	 * Others' changes first: a row that this command changes too would
	 * count as this session's own doing.  The set was resolved before
	 * that: "*" must not catch a message that arrived meanwhile.
	 */
	if ((err = selected_sync(s, false)) != NULL ||
	    (err = store_masks(s, args, &flags, &mask)) != NULL)
		return err;
	before = sel->told_modseq;
	if ((err = mailbox_store(sel->mbox, &uids, args->op, flags, mask,
	    &modseq)) != NULL ||
	    (err = selected_tell_keywords(s)) != NULL)
		return err;
	if (args->silent) {
		/* RFC 3501 6.4.6: with another's commit in between, the flags
		 * are told all the same. */
		sel->own_modseq = modseq == before + 1 ? modseq : 0;
		return NULL;
	}
	if ((err = tell_flags(s, &uids, &missing)) != NULL)
		return err;
	sel->own_modseq = modseq;
	/* RFC 2180 4.2.3; a UID that is gone is ignored (RFC 3501 6.4.8). */
	if (missing > 0 && !is_uid)
		return err_user(RESP_EXPUNGEISSUED,
		    "Some of the messages no longer exist");
	return NULL;
}

static const struct err *
store_run(struct session *s, void *args)
{
	return do_store(s, args, false);
}

static const struct err *
uid_store_run(struct session *s, void *args)
{
	return do_store(s, args, true);
}

const struct cmd cmd_store = {
	.name = "STORE",
	.states = ST_SELECTED,
	.flags = CF_WRITE | CF_NO_EXPUNGE,
	.parse = store_parse,
	.run = store_run,
	.rfc = "RFC 3501 6.4.6"
};

const struct cmd cmd_uid_store = {
	.name = "UID STORE",
	.states = ST_SELECTED,
	.flags = CF_WRITE,
	.parse = store_parse,
	.run = uid_store_run,
	.rfc = "RFC 3501 6.4.8"
};

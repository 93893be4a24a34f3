/* cmd-store.c - STORE and UID STORE: RFC 3501 6.4.6, RFC 7162 3.1.3
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/condstore.h"
#include "imapd/limit.h"
#include "imapd/selected.h"

#define PENDING_OCTETS	49152	/* of output, before the scan is let go */

struct store_args {
	struct seqset		set;
	enum store_op		op;
	bool			silent;
	bool			conditional;
	uint64_t		unchangedsince;
	struct parser_flags	flags;
};

/* RFC 7162 7 "store-modifier": there is this one, and it comes once. */
static bool
parse_modifiers(struct parser *p, struct store_args *args)
{
	const char *word;

	if (!parser_opt(p, '('))
		return true;
	if (!parser_word(p, &word))
		return false;
	if (strcmp(word, "UNCHANGEDSINCE") != 0)
		return parser_expected(p, "UNCHANGEDSINCE");
	args->conditional = true;
	return parser_sp(p) && parser_number64(p, &args->unchangedsince) &&
	    parser_char(p, ')') && parser_sp(p);
}

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

/* RFC 3501 9 "store", RFC 4466 2.5 */
static const struct err *
store_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct store_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_seqset(p, &args->set) || !parser_sp(p) ||
	    !parse_modifiers(p, args) || !parse_item(p, args) || !parser_sp(p) ||
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

/* What a STORE does, from its arguments to what is told of it. */
struct storing {
	struct session	*s;
	const struct store_args *args;
	bool		 is_uid;
	bool		 down;		/* told from the highest UID down */
	bool		 raced;		/* another committed just before */
	bool		 refused;	/* its answer is NO */
	uint64_t	 modseq;	/* of what was changed; 0: nothing was */
	struct store_if	 cond;
	uint64_t	 missing;	/* messages that are gone */
};

/* RFC 7162 3.1.3: flags of what failed are told too, so that the client need
 * not ask why. */
static void
tell_one(struct storing *st, const struct message *m, const struct seqset *failed,
    uint32_t seq, const char *const *names, size_t names_n)
{
	const struct change change = { .uid = m->uid, .flags = m->flags,
	    .modseq = m->modseq };
	const bool own = m->modseq == st->modseq;
	/* RFC 3501 6.4.6: with another's commit in between, the flags are told
	 * even when it was silent. */
	const bool flags = !st->args->silent || (own && st->raced) ||
	    st->refused || seqset_has(failed, m->uid);

	if (flags || own || st->args->conditional)
		selected_tell_change(st->s, &change, flags, seq, names,
		    names_n);
}

/* FETCH responses for the whole set; those that are gone are counted. */
static const struct err *
tell_flags(struct storing *st, const struct seqset *uids)
{
	const struct seqset failed = seqset_built(&st->cond.failed);
	struct session *s = st->s;
	struct selected *sel = s->selected;
	struct scan *scan = NULL;
	struct message m;
	const char *const *names;
	const struct err *err;
	uint64_t told = 0;
	size_t names_n, hint = 0;
	uint32_t seq;
	bool more;

	if ((err = mailbox_keywords(sel->mbox, &names, &names_n)) != NULL ||
	    (err = scan_open(sel->mbox, uids, st->down ? SCAN_DOWN : 0, 0,
	    &scan)) != NULL)
		return err;
	while ((err = scan_next(scan, &m, &more)) == NULL && more) {
		if ((seq = selected_seq(sel, m.uid, &hint)) == 0)
			continue;
		tell_one(st, &m, &failed, seq, names, names_n);
		told++;
		if (output_pending(s->out) > PENDING_OCTETS) {
			scan_pause(scan);
			if ((err = output_flush(s->out)) != NULL)
				break;
		}
	}
	scan_close(scan);
	if (!st->args->silent || st->args->conditional)
		st->missing = seqset_count(uids) - told;
	return err;
}

/* RFC 2180 4.2.3; a UID that is gone is ignored (RFC 3501 6.4.8). */
static const struct err *
store_result(struct storing *st)
{
	struct seqset set = seqset_built(&st->cond.failed);
	const bool missing = st->missing > 0 && !st->is_uid;
	const struct err *err = NULL;
	struct buf b = { 0 };
	const char *code;

	if (!st->is_uid)
		set = view_seqs(&st->s->selected->view, st->s->arena, &set);
	if (set.n > 0) {
		seqset_format(&set, &b);
		code = arena_printf(st->s->arena, "MODIFIED %s", buf_str(&b));
		if (missing)
			err = err_user(code,
			    "Some of the messages no longer exist");
		else
			session_ok(st->s, "[%s] Conditional STORE failed",
			    code);
		buf_clear(&b);
	} else if (missing)
		err = err_user(RESP_EXPUNGEISSUED,
		    "Some of the messages no longer exist");
	return err;
}

/*
 * DEVIATION RFC 7162 3.1.12: one mod-sequence for all of a message makes +FLAGS
 * and -FLAGS of a system flag fail when another flag changed.
 *
 * Change them.  Others' changes are told first: a row that this command changes
 * too would count as this session's own doing.
 */
static const struct err *
store_change(struct storing *st, const struct seqset *uids)
{
	const struct store_args *args = st->args;
	struct session *s = st->s;
	struct selected *sel = s->selected;
	const struct err *err;
	uint64_t flags = 0, mask = 0, before;

	if ((err = selected_sync(s, false)) != NULL ||
	    (err = store_masks(s, args, &flags, &mask)) != NULL)
		return err;
	/* RFC 7162 3.1.3: a keyword that is not there has no mod-sequence. */
	if (args->op != STORE_REPLACE && args->flags.system == 0)
		st->cond.absent = flags & mask;
	st->cond.unchangedsince = args->unchangedsince;
	before = sel->told_modseq;
	if ((err = mailbox_store_if(sel->mbox, uids, args->op, flags, mask,
	    args->conditional ? &st->cond : NULL, &st->modseq)) != NULL ||
	    (err = selected_tell_keywords(s)) != NULL)
		return err;
	st->raced = st->modseq != 0 && st->modseq != before + 1;
	return NULL;
}

static const struct err *
do_store(struct session *s, const struct store_args *args, bool is_uid)
{
	struct storing st = { .s = s, .args = args, .is_uid = is_uid };
	const struct err *err;
	struct seqset uids;

	if (args->conditional && (err = condstore_need(s)) != NULL)
		return err;
	/* Resolved before anything is told: "*" must not catch a message that
	 * arrived meanwhile. */
	if ((err = selected_uids(s, &args->set, is_uid, &uids)) != NULL ||
	    uids.n == 0)
		return err;
	st.down = limit_uids(s, &uids);
	err = store_change(&st, &uids);
	/* RFC 7162 3.1.3: a client that is aware learns the new mod-sequences
	 * from a silent STORE too. */
	if (err == NULL && (!args->silent || st.raced || condstore_on(s)))
		err = tell_flags(&st, &uids);
	/* Who is answered with NO cannot know what a silent STORE did. */
	if (err == NULL && args->silent && st.missing > 0 && !is_uid) {
		st.refused = true;
		err = tell_flags(&st, &uids);
	}
	if (err == NULL) {
		s->selected->own_modseq = st.modseq;
		err = store_result(&st);
	}
	seqset_builder_clear(&st.cond.failed);
	return err;
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
	.flags = CF_WRITE | CF_NO_EXPUNGE | CF_NUMBERS,
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

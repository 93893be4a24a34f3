/* check-counters.c - a mailbox's counters: of messages.db, and account.db's copy
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>

#include "store/check-pass.h"

/* --- Those of messages.db --- */

/* What the rows give; uidnext and modseqs are the least that they may be. */
const struct err *
pass_count(struct pass *p, struct mailbox_state *s)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(p->m->db, "SELECT "
	    "(SELECT count(*) FROM messages), "
	    "(SELECT count(*) FROM messages WHERE flags & 8 = 0), "
	    "(SELECT count(*) FROM messages WHERE flags & 4 <> 0), "
	    /* A size that is none must not make the sum fail. */
	    "(SELECT coalesce(sum(min(max(size, 0), 4294967296)), 0) "
	    "FROM messages), "
	    "max((SELECT coalesce(max(uid), 0) FROM messages "
	    "  WHERE uid <= " UID_LAST_S "), "
	    " (SELECT coalesce(max(uid), 0) FROM expunged "
	    "  WHERE uid <= " UID_LAST_S "), 0) + 1, "
	    "max(1, (SELECT coalesce(max(modseq), 1) FROM messages "
	    "  WHERE modseq <= " MODSEQ_HONEST_S "), "
	    " (SELECT coalesce(max(modseq), 1) FROM expunged "
	    "  WHERE modseq <= " MODSEQ_HONEST_S ")), "
	    "(SELECT coalesce(max(modseq), 0) FROM expunged "
	    " WHERE modseq BETWEEN 1 AND " MODSEQ_HONEST_S ")", &stmt);
	if (err != NULL)
		return err;
	err = db_step(p->m->db, stmt, &row);
	if (err == NULL && row)
		*s = (struct mailbox_state){
			.messages = (uint32_t)sqlite3_column_int64(stmt, 0),
			.unseen = (uint32_t)sqlite3_column_int64(stmt, 1),
			.deleted = (uint32_t)sqlite3_column_int64(stmt, 2),
			.size = (uint64_t)sqlite3_column_int64(stmt, 3),
			.uidnext = (uint32_t)sqlite3_column_int64(stmt, 4),
			.highestmodseq =
			    (uint64_t)sqlite3_column_int64(stmt, 5),
			.expungemodseq =
			    (uint64_t)sqlite3_column_int64(stmt, 6)
		};
	db_done(stmt);
	return err;
}

/* The stored row, whatever it holds. */
const struct err *
pass_stored(struct pass *p, struct mailbox_state *s, bool *there_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	*s = (struct mailbox_state){ 0 };
	err = db_prepare(p->m->db, "SELECT messages, unseen, deleted, size, "
	    "uidnext, highestmodseq, expungemodseq, purgedmodseq FROM mailbox "
	    "WHERE id = 1", &stmt);
	if (err != NULL)
		return err;
	err = db_step(p->m->db, stmt, there_r);
	if (err == NULL && *there_r) {
		int64_t uidnext = sqlite3_column_int64(stmt, 4);

		s->messages = (uint32_t)sqlite3_column_int64(stmt, 0);
		s->unseen = (uint32_t)sqlite3_column_int64(stmt, 1);
		s->deleted = (uint32_t)sqlite3_column_int64(stmt, 2);
		s->size = (uint64_t)sqlite3_column_int64(stmt, 3);
		s->uidnext = uidnext > 0 && uidnext < UINT32_MAX ?
		    (uint32_t)uidnext : 0;
		s->highestmodseq = (uint64_t)sqlite3_column_int64(stmt, 5);
		s->expungemodseq = (uint64_t)sqlite3_column_int64(stmt, 6);
		s->purgedmodseq = (uint64_t)sqlite3_column_int64(stmt, 7);
		if (s->highestmodseq > MODSEQ_HONEST)
			s->highestmodseq = 0;
		if (s->expungemodseq > s->highestmodseq)
			s->expungemodseq = 0;
	}
	db_done(stmt);
	return err;
}

static const struct err *
store_state(struct pass *p, const struct mailbox_state *s)
{
	return db_run_numbers(p->m->db, "INSERT INTO mailbox VALUES (1, ?1, ?2, "
	    "?3, ?4, ?5, ?6, ?7, 0) ON CONFLICT (id) DO UPDATE SET "
	    "uidnext = ?1, messages = ?2, unseen = ?3, deleted = ?4, "
	    "size = ?5, highestmodseq = ?6, expungemodseq = ?7, "
	    /* What is beyond all: then nothing is remembered for sure. */
	    "purgedmodseq = iif(purgedmodseq BETWEEN 0 AND ?6, purgedmodseq, "
	    "?6)",
	    (int64_t[]){ s->uidnext, s->messages, s->unseen, s->deleted,
	    (int64_t)s->size, (int64_t)s->highestmodseq,
	    (int64_t)s->expungemodseq }, 7);
}

/*
 * Counters against rows.  before: as stored when the pass began; rows that the
 * pass itself mended change them too, which is no finding of its own.
 */
const struct err *
pass_counters(struct pass *p, const struct mailbox_state *before,
    const struct mailbox_state *counted, bool there)
{
	struct mailbox_state now;
	const struct err *err;

	if (!there)
		FOUND(p, CHECK_PROBLEM, "the row with the counters is missing");
	else if (before->messages != counted->messages ||
	    before->unseen != counted->unseen ||
	    before->deleted != counted->deleted ||
	    before->size != counted->size)
		FOUND(p, CHECK_PROBLEM, "counters say %" PRIu32 " messages, %"
		    PRIu32 " unseen, %" PRIu32 " deleted, %" PRIu64 " octets; "
		    "there are %" PRIu32 ", %" PRIu32 ", %" PRIu32 ", %" PRIu64,
		    before->messages, before->unseen, before->deleted,
		    before->size, counted->messages, counted->unseen,
		    counted->deleted, counted->size);
	if (there && (before->uidnext < counted->uidnext ||
	    before->uidnext < p->least_uidnext))
		FOUND(p, CHECK_PROBLEM, "the next UID is not above all that "
		    "are used");
	if (there && (before->highestmodseq < counted->highestmodseq ||
	    before->expungemodseq < counted->expungemodseq ||
	    before->purgedmodseq > before->highestmodseq))
		FOUND(p, CHECK_PROBLEM, "the highest modseq is below one that "
		    "is used");
	if (!p->fix)
		return NULL;
	err = pass_count(p, &now);
	if (err != NULL)
		return err;
	if (now.uidnext < p->uidnext)
		now.uidnext = p->uidnext;
	if (now.highestmodseq < p->modseq)
		now.highestmodseq = p->modseq;
	if (now.expungemodseq < before->expungemodseq)
		now.expungemodseq = before->expungemodseq;
	return store_state(p, &now);
}

/* --- Those of account.db --- */

/*
 * account.db heard of changes that messages.db does not have: an older copy of
 * it.  What clients know of flags and expunges since is told to them anew.
 */
static const struct err *
bring_forward(struct mailbox *m, uint64_t modseq, struct mailbox_state *s)
{
	const int64_t next = (int64_t)modseq + MODSEQ_STEP;
	const struct err *err = db_begin(m->db, true);

	if (err == NULL)
		err = db_run_numbers(m->db, "UPDATE messages SET modseq = ?1",
		    &next, 1);
	if (err == NULL)
		err = changed_rebuild(m->db);
	if (err == NULL)
		err = db_run_numbers(m->db, "UPDATE mailbox SET "
		    "highestmodseq = ?1, purgedmodseq = ?1 - 1", &next, 1);
	err = db_end(m->db, err);
	if (err == NULL)
		stamp_touch(m->fd);
	return err != NULL ? err : mailbox_read_state(m, s);
}

/* The copy in account.db, where it claims to be right. */
const struct err *
check_account_counters(struct check *c, struct mailbox *m, const char *where)
{
	struct arena *a = arena_new();
	struct mailbox_state s;
	struct mailbox_row row;
	const struct err *err;
	bool known, found;

	err = mailbox_lock(m);
	if (err != NULL)
		goto done;
	err = mailbox_read_state(m, &s);
	if (err == NULL)
		err = account_find_row(m->account, a, account_sql_by_id, m->id,
		    &row, &known, &found);
	if (err == NULL && found && known && (row.uidnext != s.uidnext ||
	    row.messages != s.messages || row.unseen != s.unseen ||
	    row.deleted != s.deleted || row.size != s.size ||
	    row.highestmodseq != s.highestmodseq)) {
		bool older = row.highestmodseq > s.highestmodseq;

		if (c->repair && older)
			err = bring_forward(m, row.highestmodseq, &s);
		if (c->repair && err == NULL)
			err = account_counters_set(m->account, m->id, &s);
		if (older)
			check_finding(c, CHECK_PROBLEM, c->repair &&
			    err == NULL, where, "messages.db is older than "
			    "account.db: flags may be those of before");
		else
			check_finding(c, CHECK_PROBLEM, c->repair &&
			    err == NULL, where, "account.db counts %" PRIu32
			    " messages, %" PRIu32 " unseen; messages.db %"
			    PRIu32 ", %" PRIu32, row.messages, row.unseen,
			    s.messages, s.unseen);
	}
	mailbox_unlock(m);
done:
	arena_free(a);
	return err;
}

/* change.c - STORE and EXPUNGE
 * SPDX-License-Identifier: ISC */
#include "store/mailbox-private.h"
#include "util/log.h"

/* Every message: what NULL stands for. */
static const struct seqrange all_uids = { 1, UINT32_MAX };

static struct seqset
whole_set(const struct seqset *uids)
{
	struct seqset all = { (struct seqrange *)(uintptr_t)&all_uids, 1 };

	return uids != NULL ? *uids : all;
}

/* --- STORE --- */

/* What the new flags are, in SQL: ?3 are bits to clear, ?4 bits to set. */
#define NEW_FLAGS	"((flags & ~?3) | ?4)"
/* RFC 7162 3.1.3: ?6 is UNCHANGEDSINCE, ?7 the bits that must be there for it
 * to count, or 0. */
#define PASSES		"(modseq <= ?6 OR (?7 <> 0 AND flags & ?7 = 0))"
#define IS_CHANGED	"uid BETWEEN ?1 AND ?2 AND flags <> " NEW_FLAGS	\
			" AND " PASSES

/* One change of flags. */
struct storing {
	struct writer	 w;
	uint64_t	 clear, set;	/* bits */
	uint64_t	 modseq;	/* that changed rows get */
	bool		 changed;	/* some row was */
	const struct store_if *cond;	/* NULL for none */
};

static const struct err *
store_bind(struct storing *st, const char *sql, struct seqrange r,
    sqlite3_stmt **stmt_r)
{
	const struct err *err = db_prepare(st->w.mbox->db, sql, stmt_r);

	if (err != NULL)
		return err;
	sqlite3_bind_int64(*stmt_r, 1, r.first);
	sqlite3_bind_int64(*stmt_r, 2, r.last);
	sqlite3_bind_int64(*stmt_r, 3, (int64_t)st->clear);
	sqlite3_bind_int64(*stmt_r, 4, (int64_t)st->set);
	sqlite3_bind_int64(*stmt_r, 6, st->cond != NULL ?
	    (int64_t)st->cond->unchangedsince : INT64_MAX);
	sqlite3_bind_int64(*stmt_r, 7, st->cond != NULL ?
	    (int64_t)st->cond->absent : 0);
	return NULL;
}

/* Before the rows that pass change. */
static const struct err *
store_failed(struct storing *st, struct seqrange r,
    struct seqset_builder *failed)
{
	struct mailbox *m = st->w.mbox;
	int64_t uid, next = r.first;
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = store_bind(st, "SELECT uid FROM messages NOT INDEXED "
	    "WHERE uid BETWEEN ?1 AND ?2 AND NOT " PASSES " ORDER BY uid", r,
	    &stmt);
	if (err != NULL)
		return err;
	while ((err = db_step(m->db, stmt, &row)) == NULL && row) {
		uid = sqlite3_column_int64(stmt, 0);
		err = uid_in_order(m, uid, &next, r.last);
		if (err != NULL)
			break;
		seqset_add(failed, (uint32_t)uid);
	}
	db_done(stmt);
	return err;
}

/* How many rows will change, and what that does to the counters. */
static const struct err *
store_count(struct storing *st, struct seqrange r, int64_t *n_r)
{
	struct mailbox_state *state = &st->w.state;
	struct db *db = st->w.mbox->db;
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = store_bind(st, "SELECT count(*), "
	    "total((" NEW_FLAGS " & 8 = 0) - (flags & 8 = 0)), "
	    "total((" NEW_FLAGS " & 4 <> 0) - (flags & 4 <> 0)) "
	    "FROM messages NOT INDEXED WHERE " IS_CHANGED, r, &stmt);
	if (err != NULL)
		return err;
	err = db_step(db, stmt, &row);
	if (err == NULL) {
		*n_r = sqlite3_column_int64(stmt, 0);
		state->unseen += (uint32_t)sqlite3_column_int64(stmt, 1);
		state->deleted += (uint32_t)sqlite3_column_int64(stmt, 2);
	}
	db_done(stmt);
	return err;
}

/* Of other flags there are no counters: the change itself tells whether there
 * was any. */
static const struct err *
store_range(struct storing *st, struct seqrange r)
{
	struct db *db = st->w.mbox->db;
	const struct err *err;
	sqlite3_stmt *stmt;
	int64_t n = 1;

	if (((st->clear | st->set) & (FLAG_SEEN | FLAG_DELETED)) != 0)
		err = store_count(st, r, &n);
	else
		err = NULL;
	if (err != NULL || n == 0)
		return err;
	/* A change that fails is taken back with all the others: no journal of
	 * this statement's own. */
	err = store_bind(st, "UPDATE OR ROLLBACK messages SET flags = "
	    NEW_FLAGS ", modseq = ?5 WHERE " IS_CHANGED, r, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 5, (int64_t)st->modseq);
	err = db_run(db, stmt);
	if (err != NULL || sqlite3_changes64(db_sqlite(db)) == 0)
		return err;
	st->changed = true;
	return changed_flags(db, r, st->modseq);
}

const struct err *
mailbox_store_if(struct mailbox *m, const struct seqset *uids,
    enum store_op op, uint64_t flags, uint64_t mask, struct store_if *cond,
    uint64_t *modseq_r)
{
	struct storing st = { .cond = cond };
	const struct err *err;

	st.clear = op == STORE_ADD ? 0 :
	    op == STORE_REMOVE ? flags & mask : mask;
	st.set = op == STORE_REMOVE ? 0 : flags & mask;
	*modseq_r = 0;
	err = mailbox_db(m);
	if (err != NULL || m->db == NULL || uids->n == 0)
		return err;
	err = writer_begin(&st.w, m, false);
	if (err != NULL)
		return err;
	st.modseq = st.w.state.highestmodseq + 1;
	for (size_t i = 0; err == NULL && i < uids->n; i++) {
		if (cond != NULL)
			err = store_failed(&st, uids->ranges[i],
			    &cond->failed);
		if (err == NULL)
			err = store_range(&st, uids->ranges[i]);
	}
	if (err != NULL || !st.changed) {
		writer_abort(&st.w);
		return err;
	}
	st.w.state.highestmodseq = st.modseq;
	err = writer_commit(&st.w);
	if (err == NULL)
		*modseq_r = st.modseq;
	return err;
}

const struct err *
mailbox_store(struct mailbox *m, const struct seqset *uids, enum store_op op,
    uint64_t flags, uint64_t mask, uint64_t *modseq_r)
{
	return mailbox_store_if(m, uids, op, flags, mask, NULL, modseq_r);
}

/* --- EXPUNGE --- */

/* ?3 tells whether all go; two texts, so that \Deleted is found by its index. */
#define IS_ANY		"uid BETWEEN ?1 AND ?2 AND ?3"
#define IS_DELETED	"uid BETWEEN ?1 AND ?2 AND NOT ?3 AND flags & 4 <> 0"
#define EXPUNGE_COUNT							\
	"SELECT count(*), total(flags & 8 = 0), total(flags & 4 <> 0), "	\
	"total(size) FROM messages WHERE "
#define EXPUNGE_INSERT							\
	"INSERT OR ROLLBACK INTO expunged SELECT uid, flags, ?4, date, "	\
	"zone, savedate, size, ?5, 0 FROM messages WHERE "
#define EXPUNGE_DELETE	"DELETE FROM messages WHERE "

static const struct err *
expunge_bind(struct db *db, const char *sql, struct seqrange r, bool any,
    sqlite3_stmt **stmt_r)
{
	const struct err *err = db_prepare(db, sql, stmt_r);

	if (err != NULL)
		return err;
	sqlite3_bind_int64(*stmt_r, 1, r.first);
	sqlite3_bind_int64(*stmt_r, 2, r.last);
	sqlite3_bind_int(*stmt_r, 3, any);
	return NULL;
}

static const struct err *
expunge_count(struct writer *w, struct seqrange r, bool any, uint32_t *n_r)
{
	struct mailbox_state *s = &w->state;
	struct db *db = w->mbox->db;
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = expunge_bind(db, any ? EXPUNGE_COUNT IS_ANY :
	    EXPUNGE_COUNT IS_DELETED, r, any, &stmt);
	if (err != NULL)
		return err;
	err = db_step(db, stmt, &row);
	if (err == NULL) {
		*n_r = (uint32_t)sqlite3_column_int64(stmt, 0);
		s->messages -= *n_r;
		s->unseen -= (uint32_t)sqlite3_column_int64(stmt, 1);
		s->deleted -= (uint32_t)sqlite3_column_int64(stmt, 2);
		s->size -= (uint64_t)sqlite3_column_int64(stmt, 3);
	}
	db_done(stmt);
	return err;
}

static const struct err *
expunge_range(struct writer *w, struct seqrange r, bool any, uint64_t modseq,
    uint32_t *total)
{
	struct db *db = w->mbox->db;
	const struct err *err;
	sqlite3_stmt *stmt;
	uint32_t n;

	err = expunge_count(w, r, any, &n);
	if (err != NULL || n == 0)
		return err;
	*total += n;
	err = expunge_bind(db, any ? EXPUNGE_INSERT IS_ANY :
	    EXPUNGE_INSERT IS_DELETED, r, any, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 4, (int64_t)modseq);
	sqlite3_bind_int64(stmt, 5, now_seconds());
	err = db_run(db, stmt);
	if (err == NULL)
		err = expunge_bind(db, any ? EXPUNGE_DELETE IS_ANY :
		    EXPUNGE_DELETE IS_DELETED, r, any, &stmt);
	if (err == NULL)
		err = db_run(db, stmt);
	return err != NULL ? err : changed_expunged(db, r);
}

/* Whether there can be anything to expunge: most CLOSEs find nothing. */
static const struct err *
expunge_useless(struct mailbox *m, bool any, bool *yes_r)
{
	struct mailbox_state state;
	const struct err *err = mailbox_state(m, &state);

	if (err == NULL)
		*yes_r = any ? state.messages == 0 : state.deleted == 0;
	return err;
}

const struct err *
writer_expunge(struct writer *w, const struct seqset *uids, bool any,
    uint32_t *n_r)
{
	const uint64_t modseq = w->state.highestmodseq + 1;
	const struct err *err = NULL;

	*n_r = 0;
	for (size_t i = 0; err == NULL && i < uids->n; i++)
		err = expunge_range(w, uids->ranges[i], any, modseq, n_r);
	if (err == NULL && *n_r > 0)
		w->state.highestmodseq = w->state.expungemodseq = modseq;
	return err;
}

/* The expunge has happened; what cannot be purged now waits. */
void
purge_unretained(struct mailbox *m)
{
	const struct err *err;
	uint32_t n;

	if (store_conf(m->account->store)->expunge_retention == 0 &&
	    (err = mailbox_purge(m, UINT32_MAX, &n)) != NULL)
		log_error("%s: purge: %s", m->what, err->text);
}

const struct err *
mailbox_expunge(struct mailbox *m, const struct seqset *uids, bool any,
    uint32_t *n_r)
{
	struct seqset set = whole_set(uids);
	const struct err *err;
	struct writer w;
	uint32_t n;
	bool useless;

	*n_r = 0;
	err = expunge_useless(m, any, &useless);
	if (err != NULL || useless)
		return err;
	err = writer_begin(&w, m, true);
	if (err != NULL)
		return err;
	err = writer_expunge(&w, &set, any, &n);
	if (err != NULL || n == 0) {
		writer_abort(&w);
		return err;
	}
	err = writer_commit(&w);
	if (err != NULL)
		return err;
	*n_r = n;
	purge_unretained(m);
	return NULL;
}

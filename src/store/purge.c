/* purge.c - what becomes of expunged messages
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/mailbox-private.h"
#include "util/log.h"
#include "wire/respcode.h"

#define PURGE_BATCH		1000	/* files per transaction */

/* Of a tombstone that is none: a damaged database may have one of a message that is
 * there, whose file it is. */
#define IS_GONE	"NOT EXISTS (SELECT 1 FROM messages AS m "		\
		"WHERE m.uid = expunged.uid)"

/* UIDs whose files may go, at most max of them. */
static const struct err *
purgeable(struct mailbox *m, uint32_t max, uint32_t *uids, uint32_t *n_r)
{
	int64_t before = now_seconds() - (int64_t)
	    store_conf(m->account->store)->expunge_retention;
	const struct err *err;
	sqlite3_stmt *stmt;
	uint32_t n = 0;
	bool row;

	err = db_prepare(m->db, "SELECT uid FROM expunged WHERE purged = 0 "
	    "AND time <= ?1 AND +uid BETWEEN 1 AND 4294967295 AND " IS_GONE
	    " LIMIT ?2", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, before);
	sqlite3_bind_int64(stmt, 2, max);
	while (n < max && (err = db_step(m->db, stmt, &row)) == NULL && row)
		uids[n++] = (uint32_t)sqlite3_column_int64(stmt, 0);
	db_done(stmt);
	*n_r = n;
	return err;
}

static const struct err *
run_uid(struct mailbox *m, const char *sql, uint32_t uid)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(m->db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	return db_run(m->db, stmt);
}

static const struct err *
purge_one(struct mailbox *m, uint32_t uid)
{
	char name[UID_NAME_OCTETS];
	const struct err *err;

	/* First the file: a crash then only makes this run again. */
	uid_name(uid, name);
	if (unlinkat(m->fd, name, 0) == -1 && errno != ENOENT)
		return err_errno("%s/%s", m->what, name);
	err = delete_content(m->db, uid);
	return err != NULL ? err : run_uid(m,
	    "UPDATE expunged SET purged = 1 WHERE uid = ?1", uid);
}

/* Forget old tombstones, but not that they were. */
static const struct err *
forget_tombstones(struct mailbox *m)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	int64_t before = now_seconds() - (int64_t)
	    store_conf(m->account->store)->tombstone_retention;

	err = db_prepare(m->db, "UPDATE mailbox SET purgedmodseq = "
	    "max(purgedmodseq, coalesce((SELECT max(+modseq) FROM expunged "
	    "WHERE purged = 1 AND time <= ?1), 0))", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, before);
	err = db_run(m->db, stmt);
	if (err == NULL)
		err = db_prepare(m->db,
		    "DELETE FROM expunged WHERE purged = 1 AND time <= ?1",
		    &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, before);
	return db_run(m->db, stmt);
}

static const struct err *
purge_batch(struct mailbox *m, uint32_t max, uint32_t *n_r)
{
	uint32_t uids[PURGE_BATCH];
	const struct err *err;

	err = mailbox_lock(m);
	if (err != NULL)
		return err;
	/* Under the lock: what is expunged by now is not in a backup that begins
	 * later.  One that has begun may still want it. */
	if (backup_running(m->account->store)) {
		mailbox_unlock(m);
		return NULL;
	}
	err = db_begin(m->db, false);
	if (err == NULL)
		err = purgeable(m, max < PURGE_BATCH ? max : PURGE_BATCH, uids,
		    n_r);
	for (uint32_t i = 0; err == NULL && i < *n_r; i++)
		err = purge_one(m, uids[i]);
	if (err == NULL)
		err = forget_tombstones(m);
	err = db_end(m->db, err);
	mailbox_unlock(m);
	return err;
}

const struct err *
mailbox_purge(struct mailbox *m, uint32_t max, uint32_t *n_r)
{
	const struct err *err;
	uint32_t n;

	*n_r = 0;
	err = lost_purge(m);
	if (err == NULL)
		err = mailbox_db(m);
	if (err != NULL || m->db == NULL)
		return err;
	do {
		n = 0;
		err = purge_batch(m, max - *n_r, &n);
		*n_r += n;
	} while (err == NULL && n == PURGE_BATCH && *n_r < max);
	return err;
}

/* --- Undelete --- */

static const struct err *
undelete_rows(struct mailbox *m, const char *sql, uint32_t from, uint32_t to)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(m->db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, from);
	sqlite3_bind_int64(stmt, 2, to);
	return db_run(m->db, stmt);
}

static const struct err *
undelete_content(struct mailbox *m, uint32_t from, uint32_t to)
{
	const struct err *err;

	err = undelete_rows(m, "INSERT OR REPLACE INTO content(uid, "
	    CONTENT_COLUMNS ") SELECT ?2, " CONTENT_COLUMNS " FROM content "
	    "WHERE uid = ?1", from, to);
	if (err == NULL)
		err = undelete_rows(m, "INSERT OR REPLACE INTO ids(uid, "
		    "emailid, threadid) SELECT ?2, emailid, threadid "
		    "FROM ids WHERE uid = ?1", from, to);
	return err != NULL ? err : undelete_rows(m, "INSERT OR REPLACE INTO "
	    "sortkeys(uid, keys) SELECT ?2, keys FROM sortkeys "
	    "WHERE uid = ?1", from, to);
}

/* What comes back is added to back by its old UID. */
static const struct err *
undelete_one(struct writer *w, const struct message *old,
    struct seqset_builder *back)
{
	struct mailbox *m = w->mbox;
	struct message msg = *old;
	char name[UID_NAME_OCTETS];
	const struct err *err;

	/* A purge that was cut off unlinks before it commits. */
	uid_name(old->uid, name);
	if (faccessat(m->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT)
		return NULL;
	err = writer_next_uid(w, &msg.uid);
	if (err != NULL)
		return err;
	msg.flags &= ~FLAG_DELETED;
	msg.modseq = w->state.highestmodseq;
	msg.savedate = now_seconds();
	err = place_link(m, m, old->uid, msg.uid);
	if (err != NULL)
		return err;
	w->placed = msg.uid + 1;
	err = insert_message(m->db, &msg);
	if (err == NULL)
		err = undelete_content(m, old->uid, msg.uid);
	/* Not brought back twice. */
	if (err == NULL)
		err = delete_content(m->db, old->uid);
	if (err == NULL)
		err = run_uid(m, "UPDATE expunged SET purged = 1 "
		    "WHERE uid = ?1", old->uid);
	if (err != NULL)
		return err;
	state_count(&w->state, &msg, 1);
	seqset_add(back, old->uid);
	return NULL;
}

static const struct err *
undelete_range(struct writer *w, struct seqrange r,
    struct seqset_builder *back)
{
	struct mailbox *m = w->mbox;
	const struct err *err;
	int64_t next = r.first;
	struct message msg;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(m->db, "SELECT " MESSAGE_COLUMNS " FROM expunged "
	    "WHERE uid BETWEEN ?1 AND ?2 AND purged = 0 AND " IS_GONE
	    " ORDER BY uid", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, r.first);
	sqlite3_bind_int64(stmt, 2, r.last);
	while ((err = db_step(m->db, stmt, &row)) == NULL && row) {
		msg = (struct message){ 0 };
		message_read(stmt, 0, &msg);
		err = uid_in_order(m, sqlite3_column_int64(stmt, 0), &next,
		    r.last);
		if (err == NULL)
			err = undelete_one(w, &msg, back);
		if (err != NULL)
			break;
	}
	db_done(stmt);
	return err;
}

/* The files live on under new names; a crash leaves the old to mboxadm check. */
static void
unlink_set(struct mailbox *m, const struct seqset *uids)
{
	char name[UID_NAME_OCTETS];

	for (size_t i = 0; i < uids->n; i++) {
		for (uint32_t uid = uids->ranges[i].first;; uid++) {
			uid_name(uid, name);
			unlinkat(m->fd, name, 0);
			if (uid == uids->ranges[i].last)
				break;
		}
	}
}

const struct err *
mailbox_undelete(struct mailbox *m, const struct seqset *uids, uint32_t *n_r)
{
	static const struct seqrange all = { 1, UINT32_MAX };
	const struct seqrange *ranges = uids != NULL ? uids->ranges : &all;
	size_t ranges_n = uids != NULL ? uids->n : 1;
	struct seqset_builder back = { 0 };
	const struct err *err;
	struct seqset old;
	struct writer w;

	*n_r = 0;
	err = mailbox_db(m);
	if (err != NULL || m->db == NULL)
		return err;
	err = writer_begin(&w, m, true);
	if (err != NULL)
		return err;
	w.state.highestmodseq++;
	for (size_t i = 0; err == NULL && i < ranges_n; i++)
		err = undelete_range(&w, ranges[i], &back);
	if (err == NULL && fsync(m->fd) == -1)
		err = err_errno("%s: fsync", m->what);
	if (err != NULL || back.n == 0) {
		unplace(&w);
		writer_abort(&w);
	} else if ((err = writer_commit(&w)) == NULL) {
		old = seqset_built(&back);
		unlink_set(m, &old);
		*n_r = (uint32_t)seqset_count(&old);
	}
	seqset_builder_clear(&back);
	return err;
}

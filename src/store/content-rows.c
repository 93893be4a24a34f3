/* content-rows.c - the rows beside a message's: tables content, ids and sortkeys
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/mailbox-private.h"
#include "util/log.h"

static struct blob
buf_blob(const struct buf *b)
{
	return (struct blob){ b->s != NULL ? b->s : "", b->len };
}

static struct blob
id_blob(const unsigned char *id)
{
	return (struct blob){ (const char *)id, OBJECTID_OCTETS };
}

void
content_blobs(const struct content *c, struct blob blobs[COLUMNS])
{
	blobs[COL_ENVELOPE] = buf_blob(&c->envelope);
	blobs[COL_BODY] = buf_blob(&c->body);
	blobs[COL_STRUCTURE] = buf_blob(&c->structure);
	blobs[COL_HEADERS] = buf_blob(&c->headers);
	blobs[COL_PARTS] = buf_blob(&c->parts);
	blobs[COL_PREVIEW] = buf_blob(&c->preview);
	blobs[COL_EMAILID] = id_blob(c->emailid);
	blobs[COL_THREADID] = id_blob(c->threadid);
	blobs[COL_SORTKEYS] = buf_blob(&c->sortkeys);
}

void
message_blobs(const struct message *m, struct blob blobs[COLUMNS])
{
	blobs[COL_ENVELOPE] = m->envelope;
	blobs[COL_BODY] = m->body;
	blobs[COL_STRUCTURE] = m->structure;
	blobs[COL_HEADERS] = m->headers;
	blobs[COL_PARTS] = m->parts;
	blobs[COL_PREVIEW] = m->preview;
	blobs[COL_EMAILID] = id_blob(m->emailid);
	blobs[COL_THREADID] = id_blob(m->threadid);
	blobs[COL_SORTKEYS] = m->sortkeys;
}

static void
bind(sqlite3_stmt *stmt, int i, const struct blob *blob)
{
	sqlite3_bind_blob64(stmt, i, blob->len > 0 ? blob->s : "", blob->len,
	    SQLITE_STATIC);
}

/* Ids that are not known yet have no row. */
static const struct err *
insert_ids(struct db *db, uint32_t uid, const struct blob blobs[COLUMNS])
{
	const struct err *err;
	sqlite3_stmt *stmt;

	if (blobs[COL_EMAILID].s == NULL || blobs[COL_THREADID].s == NULL)
		return NULL;
	err = db_prepare(db, "INSERT OR REPLACE INTO ids(uid, emailid, "
	    "threadid) VALUES (?1, ?2, ?3)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	bind(stmt, 2, &blobs[COL_EMAILID]);
	bind(stmt, 3, &blobs[COL_THREADID]);
	return db_run(db, stmt);
}

/* The same for these. */
static const struct err *
insert_sortkeys(struct db *db, uint32_t uid, const struct blob *keys)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	if (keys->s == NULL)
		return NULL;
	err = db_prepare(db, "INSERT OR REPLACE INTO sortkeys(uid, keys) "
	    "VALUES (?1, ?2)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	bind(stmt, 2, keys);
	return db_run(db, stmt);
}

const struct err *
insert_content(struct db *db, uint32_t uid, const struct blob blobs[COLUMNS])
{
	const struct err *err;
	sqlite3_stmt *stmt;

	/* An orphan's row may be left from an undelete that was cut off. */
	err = db_prepare(db, "INSERT OR REPLACE INTO content(uid, "
	    CONTENT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	for (int i = 0; i < COL_PREVIEW; i++)
		bind(stmt, i + 2, &blobs[i]);
	if (blobs[COL_PREVIEW].s != NULL)
		bind(stmt, COL_PREVIEW + 2, &blobs[COL_PREVIEW]);
	err = db_run(db, stmt);
	if (err == NULL)
		err = insert_ids(db, uid, blobs);
	return err != NULL ? err : insert_sortkeys(db, uid,
	    &blobs[COL_SORTKEYS]);
}

static const struct err *
run_uid(struct db *db, const char *sql, uint32_t uid)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	return db_run(db, stmt);
}

const struct err *
delete_content(struct db *db, uint32_t uid)
{
	const struct err *err;

	err = run_uid(db, "DELETE FROM content WHERE uid = ?1", uid);
	if (err == NULL)
		err = run_uid(db, "DELETE FROM ids WHERE uid = ?1", uid);
	return err != NULL ? err : run_uid(db,
	    "DELETE FROM sortkeys WHERE uid = ?1", uid);
}

/* --- Rows of older versions --- */

struct filling {
	uint32_t	uids[FILL_MAX];
	uint64_t	sizes[FILL_MAX];
	struct content	contents[FILL_MAX];
	bool		made[FILL_MAX];
	size_t		n;
};

static const struct err *
fill_find(struct mailbox *m, uint32_t first, uint32_t last, struct filling *f)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(m->db, "SELECT m.uid, m.size FROM messages AS m "
	    "NOT INDEXED LEFT JOIN ids AS i USING (uid) "
	    "LEFT JOIN sortkeys AS k USING (uid) WHERE m.uid BETWEEN ?1 "
	    "AND ?2 AND (i.uid IS NULL OR k.uid IS NULL) "
	    "ORDER BY m.uid LIMIT ?3", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, first);
	sqlite3_bind_int64(stmt, 2, last);
	sqlite3_bind_int64(stmt, 3, FILL_MAX);
	while (f->n < FILL_MAX && (err = db_step(m->db, stmt, &row)) == NULL &&
	    row) {
		f->uids[f->n] = (uint32_t)sqlite3_column_int64(stmt, 0);
		f->sizes[f->n++] = (uint64_t)sqlite3_column_int64(stmt, 1);
	}
	db_done(stmt);
	return err;
}

static void
fill_make(struct mailbox *m, struct filling *f, size_t i)
{
	const struct err *err;
	struct stat st;
	int fd;

	err = mailbox_message_fd(m, f->uids[i], &fd);
	if (err == NULL) {
		/* What is not what its row says is for mboxadm check. */
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		    (uint64_t)st.st_size == f->sizes[i])
			err = content_make(fd, f->sizes[i], NULL,
			    &f->contents[i]);
		else
			err = err_internal("its size is not the row's");
		close(fd);
	}
	/* What the row has is not kept: a structure may be large. */
	buf_clear(&f->contents[i].envelope);
	buf_clear(&f->contents[i].body);
	buf_clear(&f->contents[i].structure);
	buf_clear(&f->contents[i].headers);
	buf_clear(&f->contents[i].parts);
	f->made[i] = err == NULL;
	if (err != NULL && err->kind != ERR_USER)
		log_warning("%s/%u: %s", m->what, f->uids[i], err->text);
}

/* Where the message is still there; its other columns stay as they are. */
static const struct err *
fill_store(struct db *db, uint32_t uid, const struct content *content)
{
	struct blob blobs[COLUMNS];
	const struct err *err;
	sqlite3_stmt *stmt;

	content_blobs(content, blobs);
	err = db_prepare(db, "INSERT OR IGNORE INTO ids(uid, emailid, threadid) "
	    "SELECT uid, ?2, ?3 FROM messages WHERE uid = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	bind(stmt, 2, &blobs[COL_EMAILID]);
	bind(stmt, 3, &blobs[COL_THREADID]);
	err = db_run(db, stmt);
	if (err == NULL)
		err = db_prepare(db, "INSERT OR IGNORE INTO sortkeys(uid, "
		    "keys) SELECT uid, ?2 FROM messages WHERE uid = ?1",
		    &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	bind(stmt, 2, &blobs[COL_SORTKEYS]);
	err = db_run(db, stmt);
	if (err == NULL)
		err = db_prepare(db, "UPDATE content SET preview = ?2 "
		    "WHERE uid = ?1 AND preview IS NULL", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	bind(stmt, 2, &blobs[COL_PREVIEW]);
	return db_run(db, stmt);
}

/* No row that a client knows changes: no counter, no modseq, no one wakes. */
static const struct err *
fill_write(struct mailbox *m, const struct filling *f)
{
	const struct err *err;

	err = mailbox_lock(m);
	if (err != NULL)
		return err;
	err = db_begin(m->db, false);
	for (size_t i = 0; err == NULL && i < f->n; i++)
		if (f->made[i])
			err = fill_store(m->db, f->uids[i], &f->contents[i]);
	err = db_end(m->db, err);
	mailbox_unlock(m);
	return mailbox_err(m, err);
}

const struct err *
mailbox_fill(struct mailbox *m, uint32_t first, uint32_t last,
    uint32_t *next_r)
{
	const struct err *err;
	struct filling *f;
	bool any = false;

	*next_r = 0;
	err = mailbox_db(m);
	if (err != NULL || m->db == NULL)
		return err;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		fatal("out of memory");
	err = fill_find(m, first, last, f);
	for (size_t i = 0; err == NULL && i < f->n; i++) {
		fill_make(m, f, i);
		any |= f->made[i];
	}
	if (err == NULL && any)
		err = fill_write(m, f);
	if (err == NULL && f->n == FILL_MAX && f->uids[f->n - 1] < last)
		*next_r = f->uids[f->n - 1] + 1;
	for (size_t i = 0; i < f->n; i++)
		content_clear(&f->contents[i]);
	free(f);
	return err;
}

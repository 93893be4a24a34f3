/* textindex.c - search.db: opening, what it is of, removing
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/textindex-private.h"
#include "util/log.h"
#include "wire/respcode.h"

static const char *const files[] = { "search.db", "search.db-wal",
    "search.db-shm", "search.db-journal", "search.db.new",
    "search.db.new-journal" };
#define LOCK_FILE	"search.lock"
#define FILES_N	(sizeof(files) / sizeof(files[0]))

/* --- Locks --- */

const struct err *
textindex_lock_open(struct mailbox *m, int *fd_r)
{
	int fd = openat(m->fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);

	if (fd == -1)
		return err_errno("%s/" LOCK_FILE, m->what);
	*fd_r = fd;
	return NULL;
}

/* Of the open file, not of the process: SQLite has its own, in another file. */
bool
textindex_lock(int fd, int octet, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = octet, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

void
textindex_put_gram(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		/* An octet that is in no UTF-8. */
		if (s[i] >= 'a' && s[i] <= 'z')
			buf_addc(b, '\377');
		buf_addc(b, s[i]);
	}
}

/* --- Opening --- */

/* Whether messages.db knows the message that was noted last as the same. */
static const struct err *
same_message(struct textindex *ix, const struct blob *emailid, bool *yes_r)
{
	struct seqrange r = { ix->upto, ix->upto };
	struct seqset uids = { &r, 1 };
	struct scan *scan = NULL;
	const struct err *err;
	struct message m;
	bool more;

	*yes_r = emailid->len == 0 || emailid->len == OBJECTID_OCTETS;
	if (ix->upto == 0 || emailid->len == 0 || !*yes_r)
		return NULL;
	err = scan_open(ix->mbox, &uids, SCAN_IDS, 0, &scan);
	if (err == NULL)
		err = scan_next(scan, &m, &more);
	if (err == NULL && more && m.emailid != NULL)
		*yes_r = memcmp(m.emailid, emailid->s, OBJECTID_OCTETS) == 0;
	scan_close(scan);
	return err;
}

/*
 * Whether the index is of this mailbox.  It may have come from a backup, or the
 * mailbox may: then other messages have its UIDs.
 */
static const struct err *
is_fit(struct textindex *ix, sqlite3_stmt *stmt, bool *yes_r)
{
	const char *id = (const char *)sqlite3_column_text(stmt, 0);
	const int64_t upto = sqlite3_column_int64(stmt, 2);
	const int64_t messages = sqlite3_column_int64(stmt, 5);
	struct mailbox_state state;
	const struct err *err;
	struct blob emailid;

	*yes_r = false;
	err = mailbox_state(ix->mbox, &state);
	if (err != NULL)
		return err;
	if (id == NULL || strcmp(id, ix->mbox->id) != 0 ||
	    sqlite3_column_int64(stmt, 1) != ix->mbox->uidvalidity ||
	    upto < 0 || upto >= state.uidnext || messages < 0 ||
	    messages > upto || sqlite3_column_int64(stmt, 4) >
	    (int64_t)state.highestmodseq)
		return NULL;
	ix->upto = (uint32_t)upto;
	ix->messages = (uint64_t)messages;
	emailid.s = sqlite3_column_blob(stmt, 3);
	emailid.len = (size_t)sqlite3_column_bytes(stmt, 3);
	return same_message(ix, &emailid, yes_r);
}

/*
 * The records that tell where FTS5 has its terms: without one it finds nothing, and
 * says nothing of it.  Behind four octets is the number of levels, then that of
 * segments.
 */
static const struct err *
has_terms(struct textindex *ix, bool *yes_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(ix->db, "SELECT "
	    "(NOT EXISTS (SELECT 1 FROM words) OR coalesce((SELECT "
	    " substr(block, 5, 2) <> x'0000' FROM mail_data WHERE id = 10), 0)) "
	    "AND (NOT EXISTS (SELECT 1 FROM words WHERE length(word) >= 3) OR "
	    " coalesce((SELECT substr(block, 5, 2) <> x'0000' "
	    " FROM grams_data WHERE id = 10), 0))", &stmt);
	if (err != NULL)
		return err;
	err = db_step(ix->db, stmt, &row);
	*yes_r = err == NULL && row && sqlite3_column_int(stmt, 0) != 0;
	db_done(stmt);
	return err;
}

static const struct err *
read_state(struct textindex *ix, bool *fit_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	*fit_r = false;
	err = db_prepare(ix->db, "SELECT mailbox, uidvalidity, upto, emailid, "
	    "modseq, messages FROM state WHERE id = 1", &stmt);
	if (err != NULL)
		return err;
	err = db_step(ix->db, stmt, &row);
	if (err == NULL && row)
		err = is_fit(ix, stmt, fit_r);
	db_done(stmt);
	return err != NULL || !*fit_r ? err : has_terms(ix, fit_r);
}

bool
textindex_is_damage(const struct err *err)
{
	return err->kind == ERR_INTERNAL && strcmp(err->code,
	    RESP_SERVERBUG) == 0;
}

const struct err *
textindex_open_file(struct mailbox *m, int lockfd, struct textindex **ix_r,
    bool *fit_r)
{
	const struct err *err;
	struct textindex *ix;

	*ix_r = NULL;
	*fit_r = true;
	if (!textindex_lock(lockfd, LOCK_USE, F_RDLCK) ||
	    faccessat(m->fd, schema_search.file, F_OK, 0) == -1)
		return NULL;
	ix = calloc(1, sizeof(*ix));
	if (ix == NULL)
		fatal("out of memory");
	ix->mbox = m;
	ix->lockfd = lockfd;
	err = db_open(m->path, &schema_search, store_conf(m->account->store),
	    -1, m->what, &ix->db);
	if (err == NULL) {
		/* Nobody is waited for. */
		sqlite3_busy_timeout(db_sqlite(ix->db), 0);
		err = read_state(ix, fit_r);
	}
	if (err != NULL || !*fit_r) {
		*fit_r = err != NULL && !textindex_is_damage(err);
		db_close(ix->db);
		free(ix);
		return *fit_r ? err : NULL;
	}
	*ix_r = ix;
	return NULL;
}

void
textindex_open(struct mailbox *m, struct textindex **ix_r)
{
	const struct err *err = NULL;
	bool fit;
	int fd;

	*ix_r = NULL;
	if (faccessat(m->fd, schema_search.file, F_OK, 0) == -1)
		return;
	fd = openat(m->fd, LOCK_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return;
	/* Without a write-ahead log SQLite makes readers and writers wait. */
	if (store_conf(m->account->store)->journal != JOURNAL_WAL &&
	    !textindex_lock(fd, LOCK_WRITER, F_RDLCK)) {
		close(fd);
		return;
	}
	err = textindex_open_file(m, fd, ix_r, &fit);
	if (*ix_r == NULL) {
		if (err != NULL)
			log_warning("%s: %s", m->what, err->text);
		close(fd);
		return;
	}
	(*ix_r)->reading = true;
	err = db_begin_read((*ix_r)->db);
	if (err == NULL)
		err = read_state(*ix_r, &fit);
	if (err == NULL && fit)
		return;
	textindex_close(*ix_r);
	*ix_r = NULL;
}

void
textindex_close(struct textindex *ix)
{
	if (ix == NULL)
		return;
	if (ix->reading)
		db_end_read(ix->db);
	db_close(ix->db);
	if (ix->damaged && textindex_lock(ix->lockfd, LOCK_WRITER, F_WRLCK))
		textindex_unlink(ix->mbox, ix->lockfd);
	close(ix->lockfd);
	free(ix);
}

uint32_t
textindex_upto(const struct textindex *ix)
{
	return ix->upto;
}

/* --- Removing --- */

/* A file of this name, or what somebody has put there. */
static void
remove_any(struct mailbox *m, const char *name)
{
	if (unlinkat(m->fd, name, 0) == -1 && errno != ENOENT)
		(void)dir_remove(m->fd, name, DIR_LEVELS);
}

/* No process can have a lock that is no file. */
static void
remove_odd_lock(struct mailbox *m)
{
	struct stat st;

	if (fstatat(m->fd, LOCK_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(st.st_mode))
		remove_any(m, LOCK_FILE);
}

bool
textindex_unlink(struct mailbox *m, int lockfd)
{
	if (!textindex_lock(lockfd, LOCK_USE, F_WRLCK))
		return false;
	for (size_t i = 0; i < FILES_N; i++)
		remove_any(m, files[i]);
	textindex_lock(lockfd, LOCK_USE, F_UNLCK);
	return true;
}

const struct err *
textindex_remove(struct mailbox *m, bool *busy_r)
{
	const struct err *err;
	int fd = -1;

	*busy_r = false;
	if (faccessat(m->fd, schema_search.file, F_OK, 0) == -1 &&
	    errno == ENOENT)
		return NULL;
	remove_odd_lock(m);
	err = textindex_lock_open(m, &fd);
	if (err != NULL)
		return err;
	*busy_r = !textindex_lock(fd, LOCK_WRITER, F_WRLCK) ||
	    !textindex_unlink(m, fd);
	close(fd);
	return NULL;
}

/* --- What there is --- */

static uint64_t
count(struct textindex *ix, const char *sql)
{
	sqlite3_stmt *stmt;
	uint64_t n = 0;
	bool row;

	if (db_prepare(ix->db, sql, &stmt) != NULL)
		return 0;
	if (db_step(ix->db, stmt, &row) == NULL && row)
		n = (uint64_t)sqlite3_column_int64(stmt, 0);
	db_done(stmt);
	return n;
}

void
textindex_state(struct mailbox *m, struct textindex_state *state)
{
	struct textindex *ix;
	struct stat st;

	*state = (struct textindex_state){ .exists = false };
	textindex_open(m, &ix);
	if (ix == NULL)
		return;
	state->exists = true;
	state->upto = ix->upto;
	state->messages = ix->messages;
	state->unread = count(ix, "SELECT count(*) FROM unread");
	state->words = count(ix, "SELECT coalesce(max(id), 0) FROM words");
	for (size_t i = 0; i < FILES_N; i++)
		if (fstatat(m->fd, files[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			state->octets += (uint64_t)st.st_blocks * 512;
	textindex_close(ix);
}

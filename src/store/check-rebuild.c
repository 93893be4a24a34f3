/* check-rebuild.c - make messages.db again from a mailbox's files
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mail/content.h"
#include "store/check-private.h"
#include "util/log.h"
#include "wire/mboxname.h"

#define ROWS_PER_COMMIT	1000

struct rebuild {
	struct account	*account;
	const struct mailbox_row *row;
	int		 old, new;	/* directories */
	int		 new_lock;
	char		 new_name[32], old_path[STORE_PATH_OCTETS];
	char		 new_path[STORE_PATH_OCTETS];
	char		 what[256];
	struct db	*from;		/* what can be read of the damaged one */
	struct db	*db;
	struct mailbox_state state;
	uint32_t	 rows;		/* since the last commit */
	struct content	 content;
};

/* --- What the damaged database still tells --- */

/* A statement of the damaged database, or NULL when it gives none. */
static sqlite3_stmt *
ask(struct db *from, const char *sql)
{
	sqlite3_stmt *stmt;

	if (from == NULL || db_prepare(from, sql, &stmt) != NULL)
		return NULL;
	return stmt;
}

/* Whether there is another row; an error ends what can be read. */
static bool
more(struct db *from, sqlite3_stmt *stmt)
{
	bool row;

	return stmt != NULL && db_step(from, stmt, &row) == NULL && row;
}

/* The row of a UID, from the table that sql names. */
static bool
read_row(struct rebuild *r, const char *sql, uint32_t uid,
    struct message *msg, int64_t *time_r)
{
	sqlite3_stmt *stmt = ask(r->from, sql);
	bool found;

	if (stmt == NULL)
		return false;
	sqlite3_bind_int64(stmt, 1, uid);
	found = more(r->from, stmt);
	if (found) {
		*msg = (struct message){ 0 };
		message_read(stmt, 0, msg);
		*time_r = sqlite3_column_int64(stmt, 7);
		found = msg->uid == uid;
	}
	db_done(stmt);
	return found;
}

static const struct err *
copy_keywords(struct rebuild *r)
{
	sqlite3_stmt *in = ask(r->from,
	    "SELECT bit, name FROM keywords ORDER BY bit"), *out;
	const struct err *err = NULL;

	while (err == NULL && more(r->from, in)) {
		const char *name = (const char *)sqlite3_column_text(in, 1);
		int64_t bit = sqlite3_column_int64(in, 0);

		/* In order and without gaps, or the flags mean others. */
		if (name == NULL || !flag_keyword_valid(name) ||
		    bit != FLAG_KEYWORD_FIRST + (int64_t)r->state.keywords ||
		    r->state.keywords == FLAG_KEYWORDS_MAX)
			break;
		err = db_prepare(r->db, "INSERT OR IGNORE INTO keywords "
		    "VALUES (?1, ?2)", &out);
		if (err != NULL)
			break;
		sqlite3_bind_int64(out, 1, bit);
		sqlite3_bind_text(out, 2, name, -1, SQLITE_STATIC);
		err = db_run(r->db, out);
		r->state.keywords++;
	}
	db_done(in);
	return err;
}

/* UIDs and modseqs that were told to clients must not come again. */
static void
read_limits(struct rebuild *r)
{
	sqlite3_stmt *stmt = ask(r->from, "SELECT uidnext, highestmodseq "
	    "FROM mailbox WHERE id = 1");
	int64_t uidnext = 0, modseq = 0;

	if (more(r->from, stmt)) {
		uidnext = sqlite3_column_int64(stmt, 0);
		modseq = sqlite3_column_int64(stmt, 1);
	}
	db_done(stmt);
	/* The row may be damaged too. */
	r->state.uidnext = r->row->uidnext > 0 &&
	    r->row->uidnext < UINT32_MAX ? r->row->uidnext : 1;
	r->state.highestmodseq = r->row->highestmodseq <= MODSEQ_HONEST ?
	    r->row->highestmodseq : 1;
	if (uidnext > r->state.uidnext && uidnext < UINT32_MAX)
		r->state.uidnext = (uint32_t)uidnext;
	if (modseq > (int64_t)r->state.highestmodseq &&
	    modseq <= MODSEQ_HONEST)
		r->state.highestmodseq = (uint64_t)modseq;
	/* What clients were told since the last that is known here. */
	r->state.highestmodseq += MODSEQ_STEP;
}

/* --- The new directory --- */

/* Where the file has as many names as it may: one message copied many times. */
static const struct err *
copy_into(int old, const char *name, int new, const char *as, const char *what)
{
	const struct err *err;
	struct stat st;
	int in, out = -1;

	in = openat(old, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (in == -1 || fstat(in, &st) == -1 || (out = openat(new, as,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777)) == -1)
		err = err_errno("%s/%s", what, name);
	else
		err = place_octets(in, out, what);
	/* The file's time is the INTERNALDATE. */
	if (err == NULL && futimens(out, (struct timespec[2]){ st.st_atim,
	    st.st_mtim }) == -1)
		err = err_errno("%s/%s", what, name);
	if (in != -1)
		close(in);
	if (out != -1)
		close(out);
	return err;
}

/* A file of the old directory also in the new one; missing is no error. */
static const struct err *
link_into(int old, const char *name, int new, const char *as, const char *what)
{
	struct stat st;

	if (linkat(old, name, new, as, 0) == 0 || errno == ENOENT)
		return NULL;
	if (errno == EMLINK)
		return copy_into(old, name, new, as, what);
	/* A directory in a file's place is not worth keeping. */
	if (errno == EPERM && fstatat(old, name, &st,
	    AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return NULL;
	return err_errno("%s/%s", what, name);
}

/* Files that wait to be asked for, or purged: lost.c. */
static const struct err *
keep_lost(struct rebuild *r)
{
	int old = dir_open(r->old, LOST_DIR), new = -1;
	struct arena *a = arena_new();
	const struct err *err = NULL;
	const char **names;
	size_t n = 0;

	/* What is no directory is nobody's mail. */
	if (old != -1)
		err = check_names(a, old, r->what, &names, &n);
	else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		err = err_errno("%s/" LOST_DIR, r->what);
	if (n > 0 && (mkdirat(r->new, LOST_DIR, 0700) == -1 ||
	    (new = dir_open(r->new, LOST_DIR)) == -1))
		err = err_errno("%s/" LOST_DIR, r->what);
	for (size_t i = 0; err == NULL && i < n; i++)
		err = link_into(old, names[i], new, names[i], r->what);
	if (old != -1)
		close(old);
	if (new != -1)
		close(new);
	arena_free(a);
	return err;
}

/* The lock's octets tell which messages are recent. */
static const struct err *
copy_lock(struct rebuild *r, int lockfd)
{
	const struct err *err;
	unsigned char octets[4];

	err = lock_open(r->new, r->what, &r->new_lock);
	/* Nobody writes into the new directory before its counters are told. */
	if (err == NULL)
		err = lock_take(r->new_lock);
	if (err == NULL &&
	    pread(lockfd, octets, sizeof(octets), 0) == sizeof(octets) &&
	    pwrite(r->new_lock, octets, sizeof(octets), 0) != sizeof(octets))
		err = err_errno("%s/lock", r->what);
	return err;
}

static const struct err *
new_directory(struct rebuild *r, int lockfd)
{
	static const char *const ends[] = { "", "-wal", "-journal" };
	struct account *account = r->account;
	const struct err *err;

	snprintf(r->new_name, sizeof(r->new_name), ".new-%s", r->row->id);
	snprintf(r->old_path, sizeof(r->old_path), "%s/%s", account->path,
	    r->row->id);
	snprintf(r->new_path, sizeof(r->new_path), "%s/%s", account->path,
	    r->new_name);
	snprintf(r->what, sizeof(r->what), "%s/%s", account->what, r->row->id);
	err = dir_remove(account->fd, r->new_name, DIR_LEVELS);
	if (err != NULL)
		return err;
	if (mkdirat(account->fd, r->new_name, 0700) == -1 ||
	    (r->new = dir_open(account->fd, r->new_name)) == -1)
		return err_errno("%s/%s", account->what, r->new_name);
	err = copy_lock(r, lockfd);
	for (size_t i = 0; err == NULL && i < 3; i++) {
		char name[40], as[40];

		snprintf(name, sizeof(name), "messages.db%s", ends[i]);
		snprintf(as, sizeof(as), "messages.db.damaged%s", ends[i]);
		err = link_into(r->old, name, r->new, as, r->what);
	}
	return err != NULL ? err : keep_lost(r);
}

/* --- Messages --- */

static const struct err *
commit_some(struct rebuild *r, bool end)
{
	const struct err *err;

	if (!end && ++r->rows < ROWS_PER_COMMIT)
		return NULL;
	r->rows = 0;
	err = db_commit(r->db);
	return err != NULL || end ? err : db_begin(r->db, false);
}

static const struct err *
store_content(struct rebuild *r, uint32_t uid, int fd, uint64_t size)
{
	const struct err *err = content_make(fd, size, NULL, &r->content);
	struct blob blobs[COLUMNS];

	content_blobs(&r->content, blobs);
	return err != NULL ? err : insert_content(r->db, uid, blobs);
}

static const struct err *
store_tombstone(struct rebuild *r, const struct message *msg, int64_t when)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(r->db, "INSERT INTO expunged(" MESSAGE_COLUMNS
	    ", time, purged) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)",
	    &stmt);
	if (err != NULL)
		return err;
	message_bind(stmt, msg);
	sqlite3_bind_int64(stmt, 8, when);
	r->state.expungemodseq = r->state.highestmodseq;
	return db_run(r->db, stmt);
}

/* INTERNALDATE is the file's time; what else there was is kept if readable. */
static void
message_from_file(struct rebuild *r, const struct stat *st,
    struct message *msg)
{
	struct tm tm = { 0 };
	int64_t unused;

	if (!read_row(r, "SELECT " MESSAGE_COLUMNS ", 0 FROM messages "
	    "WHERE uid = ?1", msg->uid, msg, &unused)) {
		localtime_r(&st->st_mtime, &tm);
		msg->date.when = st->st_mtime;
		msg->date.zone = (int)(tm.tm_gmtoff / 60);
		msg->savedate = st->st_mtime;
		msg->flags = 0;
	}
	if (msg->date.zone < -1439 || msg->date.zone > 1439)
		msg->date.zone = 0;
	msg->flags &= (UINT64_C(1) << (FLAG_KEYWORD_FIRST +
	    r->state.keywords)) - 1;
}

/* A message that is in the table of the expunged too stays: pass_tables(). */
static bool
is_expunged(struct rebuild *r, struct message *msg, int64_t *time_r)
{
	struct message there;
	int64_t unused;

	return read_row(r, "SELECT " MESSAGE_COLUMNS ", time FROM expunged "
	    "WHERE uid = ?1 AND purged = 0", msg->uid, msg, time_r) &&
	    !read_row(r, "SELECT " MESSAGE_COLUMNS ", 0 FROM messages "
	    "WHERE uid = ?1", msg->uid, &there, &unused);
}

static const struct err *
rebuild_message(struct rebuild *r, uint32_t uid)
{
	struct message msg = { .uid = uid };
	char name[UID_NAME_OCTETS];
	const struct err *err;
	int64_t expunged;
	struct stat st;
	bool tombstone;
	int fd;

	uid_name(uid, name);
	fd = openat(r->old, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd == -1 && errno != ELOOP)
		return err_errno("%s/%s", r->what, name);
	if (fd != -1 && fstat(fd, &st) == -1) {
		err = err_errno("%s/%s", r->what, name);
		close(fd);
		return err;
	}
	if (fd == -1 || !S_ISREG(st.st_mode)) {
		if (fd != -1)
			close(fd);
		return NULL;	/* what has no business here stays behind */
	}
	tombstone = is_expunged(r, &msg, &expunged);
	if (!tombstone)
		message_from_file(r, &st, &msg);
	msg.size = (uint64_t)st.st_size;
	msg.modseq = r->state.highestmodseq;
	err = link_into(r->old, name, r->new, name, r->what);
	if (err == NULL)
		err = store_content(r, uid, fd, msg.size);
	close(fd);
	if (err == NULL)
		err = tombstone ? store_tombstone(r, &msg, expunged) :
		    insert_message(r->db, &msg);
	if (err == NULL && !tombstone)
		state_count(&r->state, &msg, 1);
	if (uid >= r->state.uidnext)
		r->state.uidnext = uid + 1;
	return err != NULL ? err : commit_some(r, false);
}

static const struct err *
store_state(struct rebuild *r)
{
	const struct mailbox_state *s = &r->state;
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(r->db, "UPDATE mailbox SET uidnext = ?1, "
	    "messages = ?2, unseen = ?3, deleted = ?4, size = ?5, "
	    "highestmodseq = ?6, expungemodseq = ?7, purgedmodseq = ?8",
	    &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, s->uidnext);
	sqlite3_bind_int64(stmt, 2, s->messages);
	sqlite3_bind_int64(stmt, 3, s->unseen);
	sqlite3_bind_int64(stmt, 4, s->deleted);
	sqlite3_bind_int64(stmt, 5, (int64_t)s->size);
	sqlite3_bind_int64(stmt, 6, (int64_t)s->highestmodseq);
	sqlite3_bind_int64(stmt, 7, (int64_t)s->expungemodseq);
	/* Tombstones of before are gone: no VANISHED for those times. */
	sqlite3_bind_int64(stmt, 8, (int64_t)s->highestmodseq - 1);
	return db_run(r->db, stmt);
}

static const struct err *
fill(struct rebuild *r, const uint32_t *uids, size_t n)
{
	const struct conf *conf = store_conf(r->account->store);
	const struct err *err;

	err = db_create(r->new_path, r->new, &schema_messages, conf);
	if (err == NULL)
		err = db_open(r->new_path, &schema_messages, conf, -1, r->what,
		    &r->db);
	if (err == NULL)
		err = db_begin(r->db, false);
	if (err != NULL)
		return err;
	read_limits(r);
	err = copy_keywords(r);
	for (size_t i = 0; err == NULL && i < n; i++)
		err = rebuild_message(r, uids[i]);
	if (err == NULL)
		err = changed_rebuild(r->db);
	if (err == NULL)
		err = store_state(r);
	if (err == NULL)
		err = commit_some(r, true);
	/* All of it on the disk before it takes the old one's place. */
	if (err == NULL && syncfs(r->new) == -1)
		err = err_errno("%s: syncfs", r->what);
	return err;
}

/*
 * The new directory takes the old one's name.  Where two names cannot be
 * exchanged at once, the old directory waits under ".old-ID" meanwhile, where
 * the next check finds it should this one be cut off.
 */
static const struct err *
exchange(struct rebuild *r)
{
	struct account *account = r->account;
	char old_name[32];

	if (renameat2(account->fd, r->new_name, account->fd, r->row->id,
	    RENAME_EXCHANGE) == 0)
		return NULL;
	if (errno != EINVAL && errno != ENOSYS)
		return err_errno("%s", r->what);
	snprintf(old_name, sizeof(old_name), ".old-%s", r->row->id);
	if (renameat(account->fd, r->row->id, account->fd, old_name) == -1 ||
	    renameat(account->fd, r->new_name, account->fd, r->row->id) == -1 ||
	    renameat(account->fd, old_name, account->fd, r->new_name) == -1)
		return err_errno("%s", r->what);
	return NULL;
}

const struct err *
check_rebuild(struct account *account, const struct mailbox_row *row,
    int dirfd, int lockfd, uint64_t *messages_r)
{
	struct rebuild r = { .account = account, .row = row, .old = dirfd,
	    .new = -1, .new_lock = -1 };
	const struct err *err;
	uint32_t *uids = NULL;
	size_t n = 0;

	err = new_directory(&r, lockfd);
	if (err == NULL)
		err = check_uids(dirfd, r.what, &uids, &n);
	/* Read where it lies, with its log; a copy of it is kept. */
	if (err == NULL && faccessat(dirfd, schema_messages.file, F_OK, 0) == 0 &&
	    db_open_any(r.old_path, schema_messages.file, &r.from) != NULL)
		r.from = NULL;
	if (err == NULL)
		err = fill(&r, uids, n);
	db_close(r.db);
	db_close(r.from);
	content_clear(&r.content);
	free(uids);
	if (err == NULL)
		err = account_counters_mark(account, row->id);
	if (err == NULL)
		err = exchange(&r);
	if (err == NULL && fsync(account->fd) == -1)
		err = err_errno("%s: fsync", account->what);
	if (err == NULL)
		err = account_counters_set(account, row->id, &r.state);
	if (r.new_lock != -1)
		close(r.new_lock);
	/* Wakes those who have the old directory open: it is gone. */
	stamp_touch(dirfd);
	if (r.new != -1) {
		stamp_touch(r.new);
		close(r.new);
	}
	if (err == NULL)
		err = dir_remove(account->fd, r.new_name, DIR_LEVELS);
	if (err == NULL)
		*messages_r = r.state.messages;
	return err;
}

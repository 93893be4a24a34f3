/* backup-mailbox.c - one mailbox goes into a backup
 * SPDX-License-Identifier: ISC
 *
 * messages.db is copied as it is at one moment; the files that it names follow.
 * What leaves the mailbox meanwhile keeps its file (purge.c waits), and what has
 * left since the start is in the copy all the same: it may have gone to a
 * mailbox that was copied before. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/backup-private.h"
#include "store/check-private.h"
#include "util/log.h"

#define TRIES		3	/* files that vanish: "mailbox undelete" at work */
#define SETTLED_SECONDS	2	/* by then a change has another timestamp */
#define RECENT_OCTETS	4	/* of the lock file, which tell \Recent */

/* --- What has not changed --- */

static void
later(struct timespec *ts, const struct timespec *other)
{
	if (other->tv_sec > ts->tv_sec || (other->tv_sec == ts->tv_sec &&
	    other->tv_nsec > ts->tv_nsec))
		*ts = *other;
}

/*
 * When messages.db was last written, its log included.  A copy gets this time: one
 * that has it is of the same pages.  0 for a database that was written so lately that
 * a further change may bear the same time.
 */
static struct timespec
written_at(int dirfd)
{
	struct timespec at = { 0, 0 };
	struct stat st;

	if (fstatat(dirfd, schema_messages.file, &st, AT_SYMLINK_NOFOLLOW) == 0)
		at = st.st_mtim;
	if (fstatat(dirfd, "messages.db-wal", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_size > 0)
		later(&at, &st.st_mtim);
	if (at.tv_sec > now_seconds() - SETTLED_SECONDS)
		at = (struct timespec){ 0, 0 };
	return at;
}

static bool
is_unchanged(const struct transfer *t, const struct mailbox *m,
    const char *to)
{
	char path[STORE_PATH_OCTETS];
	struct timespec at;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", to, schema_messages.file);
	if (!t->skip || fstatat(store_fd(t->to), path, &st,
	    AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	at = written_at(m->fd);
	return at.tv_sec != 0 && at.tv_sec == st.st_mtim.tv_sec &&
	    at.tv_nsec == st.st_mtim.tv_nsec;
}

/* --- Files --- */

struct taking {
	struct transfer	*t;
	struct mailbox	*m;
	struct db	*db;		/* the staged copy */
	const char	*to;
	char		 files[STORE_PATH_OCTETS]; /* to, or where it waits */
	uint64_t	 since;
	bool		 last;		/* try: what is missing stays missing */
	bool		 again;		/* something was missing */
	bool		 same;		/* the copy is as the original */
	struct seqset_builder back, purged;
};

static const struct err *
take_file(struct taking *k, uint32_t uid, bool *missing_r)
{
	char path[STORE_PATH_OCTETS], name[UID_NAME_OCTETS];

	uid_name(uid, name);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", k->files, name) >=
	    sizeof(path))
		return err_internal("%s: path too long", k->to);
	return transfer_file(k->t, k->m->fd, name, path, missing_r);
}

/* Calls fn for each row of a statement that gives a UID and a modseq. */
static const struct err *
each_row(struct taking *k, const char *sql, const struct err *(*fn)(
    struct taking *, uint32_t uid, uint64_t modseq))
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(k->db, sql, &stmt);
	if (err != NULL)
		return err;
	while ((err = db_step(k->db, stmt, &row)) == NULL && row) {
		err = fn(k, (uint32_t)sqlite3_column_int64(stmt, 0),
		    (uint64_t)sqlite3_column_int64(stmt, 1));
		if (err != NULL)
			break;
	}
	db_done(stmt);
	return err;
}

static const struct err *
take_message(struct taking *k, uint32_t uid, uint64_t modseq)
{
	const struct err *err;
	bool missing;

	(void)modseq;
	err = take_file(k, uid, &missing);
	if (err != NULL)
		return err;
	if (!missing) {
		k->t->result->messages++;
		if (k->t->options->progress != NULL)
			k->t->options->progress(k->t->options->arg,
			    k->t->result->messages);
		return NULL;
	}
	k->again = true;
	if (k->last)
		transfer_problem(k->t, k->m->what, err_internal("message %u "
		    "has no file; 'mboxadm check' tells more", uid));
	return NULL;
}

static const struct err *
take_expunged(struct taking *k, uint32_t uid, uint64_t modseq)
{
	bool missing, kept = modseq > k->since;
	const struct err *err = take_file(k, uid, &missing);

	if (err != NULL)
		return err;
	if (missing)
		seqset_add(&k->purged, uid);
	else if (kept)
		seqset_add(&k->back, uid);
	/* It may have got another UID meanwhile, that the copy does not know. */
	k->again |= missing && kept;
	return NULL;
}

/* --- Rows --- */

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

/* Whose text is there is not brought back: it came and went, perhaps often. */
static const struct err *
know_texts(struct db *db)
{
	const struct err *err;

	err = db_exec(db, "CREATE TEMP TABLE texts(emailid BLOB PRIMARY KEY) "
	    "WITHOUT ROWID");
	return err != NULL ? err : db_exec(db, "INSERT OR IGNORE INTO texts "
	    "SELECT emailid FROM ids WHERE uid IN (SELECT uid FROM messages)");
}

static const struct err *
is_text_new(struct db *db, uint32_t uid, bool *yes_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	/* A row of an older version has no id. */
	err = db_prepare(db, "SELECT NOT EXISTS (SELECT 1 FROM ids JOIN texts "
	    "USING (emailid) WHERE uid = ?1)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	err = db_step(db, stmt, &row);
	if (err == NULL)
		*yes_r = row && sqlite3_column_int(stmt, 0) != 0;
	db_done(stmt);
	return err != NULL ? err : run_uid(db, "INSERT OR IGNORE INTO texts "
	    "SELECT emailid FROM ids WHERE uid = ?1", uid);
}

static const struct err *
bring_back(struct db *db, uint32_t uid)
{
	const struct err *err;
	bool new;

	err = is_text_new(db, uid, &new);
	if (err != NULL || !new)
		return err;
	err = run_uid(db, "INSERT INTO messages(" MESSAGE_COLUMNS ") "
	    "SELECT uid, flags, (SELECT highestmodseq FROM mailbox), date, "
	    "zone, savedate, size FROM expunged WHERE uid = ?1", uid);
	return err != NULL ? err : run_uid(db,
	    "DELETE FROM expunged WHERE uid = ?1", uid);
}

static const struct err *
set_purged(struct db *db, uint32_t uid)
{
	const struct err *err = delete_content(db, uid);

	return err != NULL ? err : run_uid(db,
	    "UPDATE expunged SET purged = 1 WHERE uid = ?1", uid);
}

static const struct err *
each_uid(struct db *db, const struct seqset_builder *b,
    const struct err *(*fn)(struct db *, uint32_t uid))
{
	const struct seqset set = seqset_built(b);
	const struct err *err = NULL;

	for (size_t i = 0; err == NULL && i < set.n; i++)
		for (uint32_t uid = set.ranges[i].first; err == NULL; uid++) {
			err = fn(db, uid);
			if (uid == set.ranges[i].last)
				break;
		}
	return err;
}

/* Nobody saw the rows as they are in the copy: they get a modseq of their own. */
static const struct err *
set_rows(struct taking *k)
{
	const struct err *err = NULL;

	if (k->back.n > 0) {
		err = db_exec(k->db, "UPDATE mailbox SET highestmodseq = "
		    "highestmodseq + 1");
		if (err == NULL)
			err = know_texts(k->db);
		if (err == NULL)
			err = each_uid(k->db, &k->back, bring_back);
		if (err == NULL)
			err = db_exec(k->db, "UPDATE mailbox SET "
			    "(messages, unseen, deleted, size) = (SELECT "
			    "count(*), coalesce(sum(flags & 8 = 0), 0), "
			    "coalesce(sum(flags & 4 <> 0), 0), "
			    "coalesce(sum(size), 0) FROM messages)");
	}
	if (err == NULL)
		err = each_uid(k->db, &k->purged, set_purged);
	k->same = k->back.n == 0 && k->purged.n == 0;
	return err;
}

/*
 * Out of reach of what was given and lost since: UIDs, and mod-sequences, so that
 * clients read all flags anew (RFC 7162 3.1.2.2) and are told what is missing.
 */
#define STEP_S(n)	#n
#define STEP(n)		STEP_S(n)
static const struct err *
raise_numbers(struct db *db)
{
	const struct err *err;

	err = db_exec(db, "UPDATE mailbox SET uidnext = "
	    "min(uidnext + " STEP(BACKUP_UIDS_STEP) ", 4294967294), "
	    "highestmodseq = highestmodseq + " STEP(BACKUP_UIDS_STEP));
	if (err == NULL)
		err = db_exec(db, "UPDATE mailbox SET expungemodseq = "
		    "highestmodseq, purgedmodseq = highestmodseq");
	return err != NULL ? err : db_exec(db, "UPDATE messages SET "
	    "modseq = (SELECT highestmodseq FROM mailbox)");
}

static const struct err *
change_copy(struct taking *k)
{
	const struct err *err = db_exec(k->db, "BEGIN");

	if (err == NULL)
		err = set_rows(k);
	if (err == NULL && k->t->restore &&
	    k->t->options->uids == BACKUP_UIDS_KEEP) {
		err = raise_numbers(k->db);
		k->same = false;
	}
	if (err == NULL && (!k->same || k->back.n > 0))
		err = changed_rebuild(k->db);
	return db_end(k->db, err);
}

/* --- The mailbox --- */

static const struct err *
take_files(struct taking *k)
{
	const struct err *err;

	seqset_builder_clear(&k->back);
	seqset_builder_clear(&k->purged);
	k->again = false;
	err = each_row(k, "SELECT uid, modseq FROM messages WHERE uid "
	    "BETWEEN 1 AND 4294967295 ORDER BY uid", take_message);
	return err != NULL ? err : each_row(k, "SELECT uid, modseq FROM expunged "
	    "WHERE purged = 0 AND uid BETWEEN 1 AND 4294967295 ORDER BY uid",
	    take_expunged);
}

/* One snapshot and its files; k->again: another is to be taken. */
static const struct err *
take_once(struct taking *k, const char *dir, int dirfd)
{
	const uint64_t messages = k->t->result->messages;
	const struct err *err;

	err = db_snapshot(k->m->db, k->m->lockfd, dir, dirfd,
	    schema_messages.file);
	if (err == NULL)
		err = db_open_any(dir, schema_messages.file, &k->db);
	if (err == NULL)
		err = db_careless(k->db);
	if (err == NULL)
		err = take_files(k);
	if (err == NULL && k->again && !k->last) {
		k->t->result->messages = messages;
		db_close(k->db);
		k->db = NULL;
	}
	return err;
}

static const struct err *
read_copy(struct taking *k, struct mailbox_state *state_r)
{
	struct mailbox staged = *k->m;

	staged.db = k->db;
	return mailbox_read_state(&staged, state_r);
}

static const struct err *
stage_mailbox(struct taking *k, int dirfd, struct mailbox_state *state_r)
{
	const struct timespec at = written_at(k->m->fd);
	const struct timespec never = { 0, 0 };
	char dir[STORE_PATH_OCTETS];
	const struct err *err;

	snprintf(dir, sizeof(dir), "%s/%s", store_path(k->t->stage), k->to);
	for (int try = 1; try <= TRIES; try++) {
		k->last = try == TRIES;
		err = take_once(k, dir, dirfd);
		if (err != NULL || !k->again)
			break;
	}
	if (err == NULL)
		err = change_copy(k);
	if (err == NULL)
		err = read_copy(k, state_r);
	db_close(k->db);
	seqset_builder_clear(&k->back);
	seqset_builder_clear(&k->purged);
	if (err == NULL && utimensat(dirfd, schema_messages.file,
	    (struct timespec[2]){ at, k->same && !k->again ? at : never },
	    0) == -1)
		err = err_errno("%s", k->to);
	return err;
}

/* What it tells of messages that are new to all (\Recent), and no more. */
static const struct err *
copy_lock(const struct mailbox *m, int dirfd, const char *to)
{
	unsigned char recent[RECENT_OCTETS] = { 0 };
	const struct err *err;
	int fd;

	err = lock_open(dirfd, to, &fd);
	if (err != NULL)
		return err;
	if (ftruncate(fd, 0) == -1 || (pread(m->lockfd, recent, sizeof(recent),
	    0) == (ssize_t)sizeof(recent) && pwrite(fd, recent,
	    sizeof(recent), 0) != (ssize_t)sizeof(recent)))
		err = err_errno("%s/lock", to);
	close(fd);
	return err;
}

/*
 * A directory in its place without a row would be no part of the backup of before,
 * as which this one counts up to its end.
 */
static const struct err *
choose_place(struct taking *k)
{
	const int to = store_fd(k->t->to);
	const bool there = faccessat(to, k->to, F_OK,
	    AT_SYMLINK_NOFOLLOW) == 0;

	snprintf(k->files, sizeof(k->files), "%s%s", there ? "" :
	    BACKUP_ARRIVING "/", k->to);
	return there ? NULL : make_dirs(to, k->files);
}

const struct err *
transfer_mailbox(struct transfer *t, struct mailbox *m, const char *to,
    uint64_t since, bool *skipped_r, struct mailbox_state *state_r)
{
	struct taking k = { .t = t, .m = m, .to = to, .since = since };
	const struct err *err;
	int dirfd;

	t->result->mailboxes++;
	*skipped_r = is_unchanged(t, m, to);
	if (*skipped_r)
		return NULL;
	*state_r = (struct mailbox_state){ .uidnext = 1, .highestmodseq = 1 };
	err = choose_place(&k);
	if (err == NULL)
		err = make_dir(store_fd(t->stage), to);
	if (err == NULL)
		err = mailbox_db(m);
	if (err != NULL)
		return err;
	dirfd = dir_open(store_fd(t->stage), to);
	if (dirfd == -1)
		return err_errno("%s", to);
	if (m->db != NULL)
		err = stage_mailbox(&k, dirfd, state_r);
	/* Last: it tells that the rest is there. */
	if (err == NULL)
		err = copy_lock(m, dirfd, to);
	close(dirfd);
	return err;
}

/* --- Into its place --- */

/* The old log goes first: it must not be taken for one of the new database. */
const struct err *
install_db(struct transfer *t, const char *dir, const struct db_schema *schema)
{
	static const char *const ends[] = { "-wal", "-shm", "-journal" };
	char path[STORE_PATH_OCTETS], log[STORE_PATH_OCTETS + 16];
	int to = store_fd(t->to);

	snprintf(path, sizeof(path), "%s%s%s", dir, *dir != '\0' ? "/" : "",
	    schema->file);
	for (size_t i = 0; i < 3; i++) {
		snprintf(log, sizeof(log), "%s%s", path, ends[i]);
		if (unlinkat(to, log, 0) == -1 && errno != ENOENT)
			return err_errno("%s", log);
	}
	if (renameat(store_fd(t->stage), path, to, path) == 0)
		return NULL;
	if (errno == ENOENT && schema == &schema_messages)
		return unlinkat(to, path, 0) == 0 || errno == ENOENT ? NULL :
		    err_errno("%s", path);
	return err_errno("%s", path);
}

const struct err *
install_file(struct transfer *t, const char *path)
{
	return renameat(store_fd(t->stage), path, store_fd(t->to), path) == 0 ||
	    errno == ENOENT ? NULL : err_errno("%s", path);
}

static const struct err *
install_dir(struct transfer *t, const char *to)
{
	char from[STORE_PATH_OCTETS];
	const int dirfd = store_fd(t->to);

	snprintf(from, sizeof(from), BACKUP_ARRIVING "/%s", to);
	if (faccessat(dirfd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	    renameat(dirfd, from, dirfd, to) == 0)
		return NULL;
	return errno == ENOENT ? make_dir(dirfd, to) : err_errno("%s", to);
}

const struct err *
install_mailbox(struct transfer *t, const char *to, bool *staged_r)
{
	const struct err *err = install_dir(t, to);
	char lock[STORE_PATH_OCTETS];

	if (err != NULL)
		return err;
	snprintf(lock, sizeof(lock), "%s/lock", to);
	*staged_r = faccessat(store_fd(t->stage), lock, F_OK,
	    AT_SYMLINK_NOFOLLOW) == 0;
	if (!*staged_r)
		return NULL;
	err = install_db(t, to, &schema_messages);
	return err != NULL ? err : install_file(t, lock);
}

/* --- What is gone --- */

/* UIDs that have files, rising; free() them. */
static const struct err *
uids_of(struct transfer *t, const char *to, uint32_t **uids_r, size_t *n_r)
{
	char dir[STORE_PATH_OCTETS], path[STORE_PATH_OCTETS];
	const struct err *err;
	struct db *db = NULL;
	sqlite3_stmt *stmt = NULL;
	uint32_t *uids = NULL;
	size_t n = 0, size = 0;
	bool row;

	snprintf(dir, sizeof(dir), "%s/%s", store_path(t->to), to);
	snprintf(path, sizeof(path), "%s/%s", to, schema_messages.file);
	*uids_r = NULL;
	*n_r = 0;
	if (faccessat(store_fd(t->to), path, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? NULL : err_errno("%s", path);
	err = db_open_any(dir, schema_messages.file, &db);
	if (err == NULL)
		err = db_prepare(db, "SELECT uid FROM messages UNION ALL "
		    "SELECT uid FROM expunged WHERE purged = 0 ORDER BY uid",
		    &stmt);
	while (err == NULL && (err = db_step(db, stmt, &row)) == NULL && row) {
		if (n == size) {
			size = size == 0 ? 1024 : 2 * size;
			uids = reallocarray(uids, size, sizeof(*uids));
			if (uids == NULL)
				fatal("out of memory");
		}
		uids[n++] = (uint32_t)sqlite3_column_int64(stmt, 0);
	}
	db_done(stmt);
	db_close(db);
	if (err != NULL)
		free(uids);
	else {
		*uids_r = uids;
		*n_r = n;
	}
	return err;
}

static int
uid_compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* search.db is not of a backup; the others are of who used it as a store. */
static bool
may_stay(const char *name, const uint32_t *uids, size_t n)
{
	const uint32_t uid = check_uid_of(name);

	if (uid != 0)
		return n > 0 && bsearch(&uid, uids, n, sizeof(*uids),
		    uid_compare) != NULL;
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strcmp(name, "lock") == 0 ||
	    strcmp(name, schema_messages.file) == 0;
}

static const struct err *
remove_name(struct transfer *t, int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) == 0) {
		t->result->removed += check_uid_of(name) != 0;
		return NULL;
	}
	if (errno == ENOENT)
		return NULL;
	return errno == EISDIR || errno == EPERM ?
	    dir_remove(dirfd, name, DIR_LEVELS) : err_errno("%s", name);
}

const struct err *
clean_mailbox(struct transfer *t, const char *to)
{
	int fd = dir_open(store_fd(t->to), to);
	const struct err *err;
	uint32_t *uids = NULL;
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	if (fd == -1)
		return errno == ENOENT ? NULL : err_errno("%s", to);
	d = fdopendir(fd);
	if (d == NULL) {
		err = err_errno("%s", to);
		close(fd);
		return err;
	}
	err = uids_of(t, to, &uids, &n);
	while (err == NULL && (e = readdir(d)) != NULL)
		if (!may_stay(e->d_name, uids, n))
			err = remove_name(t, dirfd(d), e->d_name);
	closedir(d);
	free(uids);
	return err;
}

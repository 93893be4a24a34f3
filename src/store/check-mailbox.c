/* check-mailbox.c - verify one mailbox: rows against files, counters
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/check-private.h"
#include "util/log.h"
#include "wire/respcode.h"

#define TMP_OLD_SECONDS	(24 * 60 * 60)	/* no append takes that long */

/*
 * One pass over a mailbox.  The first is made without the lock, quietly: it
 * only counts, and what a running session does may look like damage to it.
 * When it counts anything there is a second one under the lock.
 */
struct pass {
	struct check	*c;
	struct mailbox	*m;
	const char	*where;
	bool		 quiet;
	bool		 fix;
	uint64_t	 found;		/* anything at all */
	uint64_t	 modseq;	/* of all changes that mending makes */
	uint32_t	 uidnext;	/* for messages under new UIDs */
	uint32_t	 unused;	/* uidnext when the pass began */
	uint32_t	 least_uidnext;	/* as account.db knows it */
	uint64_t	 least_modseq;
	uint32_t	 messages;
	uint32_t	*files;		/* UIDs of the files */
	size_t		 files_n;
	struct seqset_builder unlinks;	/* files to remove after the commit */
	struct seqset_builder orphans;	/* to put aside, unless they have a row */
};

uint32_t
check_uid_of(const char *name)
{
	uint64_t uid = 0;

	if (name[0] < '1' || name[0] > '9' || strlen(name) > 10)
		return 0;
	for (; *name >= '0' && *name <= '9'; name++)
		uid = uid * 10 + (uint64_t)(*name - '0');
	return *name == '\0' && uid <= UID_LAST ? (uint32_t)uid : 0;
}

static int
uid_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

const struct err *
check_uids(int dirfd, const char *what, uint32_t **uids_r, size_t *n_r)
{
	/* Opened anew: a copy of dirfd would share its offset. */
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	uint32_t *uids = NULL, uid;
	const struct err *err = NULL;
	size_t n = 0, size = 0;
	struct dirent *e;

	if (d == NULL) {
		err = err_errno("%s", what);
		if (fd != -1)
			close(fd);
		return err;
	}
	while (errno = 0, (e = readdir(d)) != NULL) {
		uid = check_uid_of(e->d_name);
		if (uid == 0)
			continue;
		if (n == size) {
			size = size == 0 ? 256 : 2 * size;
			uids = reallocarray(uids, size, sizeof(*uids));
			if (uids == NULL)
				fatal("out of memory");
		}
		uids[n++] = uid;
	}
	/* What cannot be read just now is not lost. */
	if (errno != 0)
		err = err_errno("%s", what);
	closedir(d);
	if (err != NULL) {
		free(uids);
		return err;
	}
	if (n > 0)
		qsort(uids, n, sizeof(*uids), uid_compare);
	*uids_r = uids;
	*n_r = n;
	return NULL;
}

/* --- What all steps use --- */

/* A finding of this pass; mended when the pass may mend. */
#define FOUND(p, level, ...) do {					\
	(p)->found++;							\
	if (!(p)->quiet)						\
		check_finding((p)->c, level, (p)->fix, (p)->where,	\
		    __VA_ARGS__);					\
} while (0)

/* One number that SQL without parameters gives. */
static const struct err *
number_of(struct db *db, const char *sql, int64_t *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	err = db_step(db, stmt, &row);
	*n_r = err == NULL && row ? sqlite3_column_int64(stmt, 0) : 0;
	db_done(stmt);
	return err;
}

/* Run SQL whose parameters are numbers. */
static const struct err *
run_numbers(struct db *db, const char *sql, const int64_t *numbers, int n)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	for (int i = 0; i < n; i++)
		sqlite3_bind_int64(stmt, i + 1, numbers[i]);
	return db_run(db, stmt);
}

static const struct err *
run_uid(struct db *db, const char *sql, uint32_t uid)
{
	return run_numbers(db, sql, (int64_t[]){ uid }, 1);
}

/* UIDs that SQL gives in rising order. */
static const struct err *
uids_of(struct db *db, const char *sql, struct seqset_builder *b)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	while ((err = db_step(db, stmt, &row)) == NULL && row)
		seqset_add(b, (uint32_t)sqlite3_column_int64(stmt, 0));
	db_done(stmt);
	return err;
}

/* fn for each UID of a set. */
static const struct err *
each_uid(struct pass *p, const struct seqset_builder *b,
    const struct err *(*fn)(struct pass *, uint32_t))
{
	const struct err *err = NULL;

	for (size_t i = 0; err == NULL && i < b->n; i++)
		for (uint64_t uid = b->ranges[i].first; err == NULL &&
		    uid <= b->ranges[i].last; uid++)
			err = fn(p, (uint32_t)uid);
	return err;
}

/* What has the name of a message, and is no file, gets out of the way. */
static const struct err *
unlink_one(struct pass *p, uint32_t uid)
{
	char name[UID_NAME_OCTETS];

	uid_name(uid, name);
	if (unlinkat(p->m->fd, name, 0) == 0 || errno == ENOENT)
		return NULL;
	if (errno == EISDIR || errno == EPERM)
		return check_set_aside(p->m->fd, name);
	return err_errno("%s/%s", p->m->what, name);
}

/* --- Keywords and flags --- */

static const struct err *
mend_keyword(struct pass *p, int64_t bit)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	char name[32];

	err = db_prepare(p->m->db, "INSERT OR REPLACE INTO keywords "
	    "VALUES (?1, ?2)", &stmt);
	if (err != NULL)
		return err;
	snprintf(name, sizeof(name), "Unknown-%d", (int)bit);
	sqlite3_bind_int64(stmt, 1, bit);
	sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
	return db_run(p->m->db, stmt);
}

/* Bits are given in order from the first on; their names are atoms. */
static const struct err *
pass_keywords(struct pass *p)
{
	bool good[64] = { false };
	const struct err *err;
	sqlite3_stmt *stmt;
	int64_t last = FLAG_KEYWORD_FIRST - 1, bit, beyond = 0;
	bool row;

	err = db_prepare(p->m->db, "SELECT bit, name FROM keywords", &stmt);
	if (err != NULL)
		return err;
	while ((err = db_step(p->m->db, stmt, &row)) == NULL && row) {
		const char *name = (const char *)sqlite3_column_text(stmt, 1);

		bit = sqlite3_column_int64(stmt, 0);
		if (bit < FLAG_KEYWORD_FIRST ||
		    bit >= FLAG_KEYWORD_FIRST + FLAG_KEYWORDS_MAX) {
			beyond++;
			continue;
		}
		good[bit] = name != NULL && flag_keyword_valid(name) &&
		    strlen(name) == (size_t)sqlite3_column_bytes(stmt, 1);
		if (bit > last)
			last = bit;
	}
	db_done(stmt);
	if (err == NULL && beyond > 0) {
		FOUND(p, CHECK_PROBLEM, "%" PRId64 " keywords have a bit that "
		    "no flag has", beyond);
		if (p->fix)
			err = run_numbers(p->m->db, "DELETE FROM keywords "
			    "WHERE bit NOT BETWEEN ?1 AND ?2", (int64_t[]){
			    FLAG_KEYWORD_FIRST, FLAG_KEYWORD_FIRST +
			    FLAG_KEYWORDS_MAX - 1 }, 2);
	}
	for (bit = FLAG_KEYWORD_FIRST; err == NULL && bit <= last; bit++) {
		if (good[bit])
			continue;
		FOUND(p, CHECK_PROBLEM, "the keyword of bit %d has no name; "
		    "it is called Unknown-%d", (int)bit, (int)bit);
		if (p->fix)
			err = mend_keyword(p, bit);
	}
	return err;
}

static const struct err *
pass_flags(struct pass *p)
{
	struct db *db = p->m->db;
	const struct err *err;
	int64_t keywords, known, n;
	sqlite3_stmt *stmt;
	bool row;

	err = number_of(db, "SELECT count(*) FROM keywords", &keywords);
	if (err != NULL)
		return err;
	if (keywords > FLAG_KEYWORDS_MAX)
		keywords = FLAG_KEYWORDS_MAX;
	known = (int64_t)((UINT64_C(1) << (FLAG_KEYWORD_FIRST + keywords)) - 1);
	err = db_prepare(db, "SELECT count(*) FROM messages "
	    "WHERE flags & ~?1 <> 0", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, known);
	err = db_step(db, stmt, &row);
	n = err == NULL && row ? sqlite3_column_int64(stmt, 0) : 0;
	db_done(stmt);
	if (err != NULL || n == 0)
		return err;
	FOUND(p, CHECK_PROBLEM, "%" PRId64 " messages have flags that no "
	    "keyword names; these flags go", n);
	return p->fix ? run_numbers(db, "UPDATE messages SET "
	    "flags = flags & ?1, modseq = ?2 WHERE flags & ~?1 <> 0",
	    (int64_t[]){ known, (int64_t)p->modseq }, 2) : NULL;
}

#define BAD_MODSEQ	"modseq NOT BETWEEN 1 AND " MODSEQ_HONEST_S

static const struct err *
pass_modseqs(struct pass *p)
{
	const struct err *err;
	int64_t n;

	err = number_of(p->m->db, "SELECT (SELECT count(*) FROM messages "
	    "WHERE " BAD_MODSEQ ") + (SELECT count(*) FROM expunged WHERE "
	    BAD_MODSEQ ")", &n);
	if (err != NULL || n == 0)
		return err;
	FOUND(p, CHECK_PROBLEM, "%" PRId64 " rows have a modseq that cannot "
	    "be", n);
	if (p->fix)
		err = run_numbers(p->m->db, "UPDATE messages SET modseq = ?1 "
		    "WHERE " BAD_MODSEQ, (int64_t[]){ (int64_t)p->modseq }, 1);
	return err != NULL || !p->fix ? err : run_numbers(p->m->db,
	    "UPDATE expunged SET modseq = ?1 WHERE " BAD_MODSEQ,
	    (int64_t[]){ (int64_t)p->modseq }, 1);
}

/* A change in such a block would stay hidden from sessions that look for it. */
static const struct err *
pass_changed(struct pass *p)
{
	const struct err *err;
	int64_t n;

	err = changed_wrong(p->m->db, &n);
	if (err == NULL && n > 0)
		FOUND(p, CHECK_PROBLEM, "%" PRId64 " notes of the last change "
		    "are missing or too old; they are made anew", n);
	return err;
}

/* --- Rows and files --- */

static bool
has_file(const struct pass *p, uint32_t uid)
{
	return p->files_n > 0 && bsearch(&uid, p->files, p->files_n,
	    sizeof(*p->files), uid_compare) != NULL;
}

/* The row goes as if the message was expunged: sessions must hear of it. */
static const struct err *
row_without_file(struct pass *p, uint32_t uid)
{
	struct db *db = p->m->db;
	const struct err *err;

	FOUND(p, CHECK_LOST, "message %" PRIu32 " has no file: it is lost",
	    uid);
	if (!p->fix)
		return NULL;
	err = run_numbers(db, "INSERT OR REPLACE INTO expunged SELECT uid, "
	    "flags, ?2, date, zone, savedate, size, ?3, 1 FROM messages "
	    "WHERE uid = ?1", (int64_t[]){ uid, (int64_t)p->modseq,
	    now_seconds() }, 3);
	if (err == NULL)
		err = run_uid(db, "DELETE FROM messages WHERE uid = ?1", uid);
	if (has_file(p, uid))
		seqset_add(&p->unlinks, uid);
	return err == NULL ? delete_content(db, uid) : err;
}

static const struct err *
row_with_other_size(struct pass *p, uint32_t uid, int64_t size)
{
	const struct err *err;
	struct stat st;

	FOUND(p, CHECK_PROBLEM, "message %" PRIu32 "'s file has not the %"
	    PRId64 " octets that were stored; it counts as it is", uid, size);
	if (!p->fix)
		return NULL;
	err = check_make_content(p->m, uid, &st);
	return err == NULL ? run_numbers(p->m->db, "UPDATE messages SET "
	    "size = ?2, modseq = ?3 WHERE uid = ?1", (int64_t[]){ uid,
	    st.st_size, (int64_t)p->modseq }, 3) : err;
}

/*
 * A file below uidnext that nothing knows: a message whose row was lost.  It
 * gets a new UID, as no session looks for a message that comes below.
 */
static const struct err *
file_without_row(struct pass *p, uint32_t uid)
{
	struct message msg = { .modseq = p->modseq,
	    .savedate = now_seconds() };
	const struct err *err;
	struct stat st;

	if (p->uidnext > UID_LAST) {
		p->found++;
		if (!p->quiet)
			check_finding(p->c, CHECK_PROBLEM, false, p->where,
			    "file %" PRIu32 " has no row, and there is no UID "
			    "left for it", uid);
		return NULL;
	}
	FOUND(p, CHECK_PROBLEM, "file %" PRIu32 " has no row; it becomes a "
	    "message with a new UID", uid);
	if (!p->fix)
		return NULL;
	msg.uid = p->uidnext++;
	err = place_link(p->m, p->m, uid, msg.uid);
	if (err == NULL)
		err = check_make_content(p->m, msg.uid, &st);
	if (err != NULL)
		return err;
	msg.size = (uint64_t)st.st_size;
	msg.date.when = st.st_mtim.tv_sec;
	seqset_add(&p->unlinks, uid);
	return insert_message(p->m->db, &msg);
}

/* A file without a message's row: which of the four kinds is it? */
static const struct err *
file_alone(struct pass *p, uint32_t uid)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool tombstone, purged;
	struct stat st;
	int fd;

	if (uid >= p->unused) {
		/* Where account.db knows of the UID, messages.db may be old. */
		const bool remove = p->fix && uid >= p->least_uidnext;

		FOUND(p, CHECK_OK, "file %" PRIu32 " is from an append that "
		    "did not end, or newer than the databases; %s", uid,
		    remove ? "put into lost" :
		    "the next append puts it into lost");
		if (remove)
			seqset_add(&p->orphans, uid);
		return NULL;
	}
	err = db_prepare(p->m->db, "SELECT purged FROM expunged "
	    "WHERE uid = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	err = db_step(p->m->db, stmt, &tombstone);
	purged = err == NULL && tombstone && sqlite3_column_int(stmt, 0) != 0;
	db_done(stmt);
	if (err != NULL || (tombstone && !purged))
		return err;	/* waits to be purged */
	if (tombstone) {
		FOUND(p, CHECK_OK, "file %" PRIu32 " is of a message that is "
		    "purged%s", uid, p->fix ? ": removed" : "");
		if (p->fix)
			seqset_add(&p->unlinks, uid);
		return NULL;
	}
	fd = check_open_message(p->m, uid, &st);
	if (fd == -1) {
		FOUND(p, CHECK_OK, "%" PRIu32 " is no regular file; it is "
		    "left alone", uid);
		return NULL;
	}
	close(fd);
	return file_without_row(p, uid);
}

/* What the walk finds; mended after it, as the rows are being read. */
struct walk {
	struct seqset_builder lost, alone;
	struct { uint32_t uid; int64_t size; } *sizes;
	size_t		 sizes_n, sizes_size;
};

static void
walk_size(struct walk *w, uint32_t uid, int64_t size)
{
	if (w->sizes_n == w->sizes_size) {
		w->sizes_size = w->sizes_size == 0 ? 16 : 2 * w->sizes_size;
		w->sizes = reallocarray(w->sizes, w->sizes_size,
		    sizeof(*w->sizes));
		if (w->sizes == NULL)
			fatal("out of memory");
	}
	w->sizes[w->sizes_n].uid = uid;
	w->sizes[w->sizes_n++].size = size;
}

/* Rows and files side by side, both in the order of UIDs. */
static const struct err *
walk_rows(struct pass *p, struct walk *w)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	size_t i = 0;
	bool row, there;

	err = db_prepare(p->m->db, "SELECT uid, size FROM messages "
	    "WHERE uid BETWEEN 1 AND " UID_LAST_S " ORDER BY uid", &stmt);
	if (err != NULL)
		return err;
	while ((err = db_step(p->m->db, stmt, &row)) == NULL && row) {
		uint32_t uid = (uint32_t)sqlite3_column_int64(stmt, 0);
		int64_t size = sqlite3_column_int64(stmt, 1);
		char name[UID_NAME_OCTETS];
		struct stat st;

		while (i < p->files_n && p->files[i] < uid)
			seqset_add(&w->alone, p->files[i++]);
		uid_name(uid, name);
		there = i < p->files_n && p->files[i] == uid;
		if (there && fstatat(p->m->fd, name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1) {
			/* What cannot be looked at just now is not lost. */
			if (errno != ENOENT) {
				err = err_errno("%s/%s", p->m->what, name);
				break;
			}
			there = false;
		}
		if (!there || !S_ISREG(st.st_mode))
			seqset_add(&w->lost, uid);
		else if (st.st_size != size)
			walk_size(w, uid, size);
		i += i < p->files_n && p->files[i] == uid;
	}
	db_done(stmt);
	while (i < p->files_n)
		seqset_add(&w->alone, p->files[i++]);
	return err;
}

static const struct err *
pass_files(struct pass *p)
{
	struct walk w = { 0 };
	const struct err *err;

	err = walk_rows(p, &w);
	if (err == NULL)
		err = each_uid(p, &w.lost, row_without_file);
	for (size_t i = 0; err == NULL && i < w.sizes_n; i++)
		err = row_with_other_size(p, w.sizes[i].uid, w.sizes[i].size);
	if (err == NULL)
		err = each_uid(p, &w.alone, file_alone);
	seqset_builder_clear(&w.lost);
	seqset_builder_clear(&w.alone);
	free(w.sizes);
	return err;
}

/* --- Tables against each other --- */

static const struct err *
content_missing(struct pass *p, uint32_t uid)
{
	struct stat st;

	FOUND(p, CHECK_PROBLEM, "message %" PRIu32 " has no content row; its "
	    "file is parsed again", uid);
	return p->fix ? check_make_content(p->m, uid, &st) : NULL;
}

/* A row beyond DB_VALUE_MAX, which nobody can read. */
static const struct err *
content_too_large(struct pass *p, uint32_t uid)
{
	struct stat st;

	FOUND(p, CHECK_PROBLEM, "message %" PRIu32 "'s content row is too "
	    "large to be read; its file is parsed again", uid);
	return p->fix ? check_make_content(p->m, uid, &st) : NULL;
}

static const struct err *
pass_sizes(struct pass *p)
{
	struct seqset_builder b = { 0 };
	const struct err *err;

	err = uids_of(p->m->db, "SELECT uid FROM messages "
	    "JOIN content USING (uid) LEFT JOIN sortkeys USING (uid) "
	    "WHERE length(envelope) + length(body) + length(structure) + "
	    "length(headers) + length(parts) + coalesce(length(preview), 0) + "
	    "coalesce(length(keys), 0) > " DB_VALUE_MAX_S " - 100 ORDER BY uid",
	    &b);
	if (err == NULL)
		err = each_uid(p, &b, content_too_large);
	seqset_builder_clear(&b);
	return err;
}

#define BAD_UID	"uid NOT BETWEEN 1 AND " UID_LAST_S

static const struct err *
pass_tables(struct pass *p)
{
	struct seqset_builder b = { 0 };
	struct db *db = p->m->db;
	const struct err *err;
	int64_t n;

	err = number_of(db, "SELECT (SELECT count(*) FROM messages "
	    "WHERE " BAD_UID ") + (SELECT count(*) FROM expunged "
	    "WHERE " BAD_UID ")", &n);
	if (err == NULL && n > 0) {
		FOUND(p, CHECK_PROBLEM, "%" PRId64 " rows have an impossible "
		    "UID", n);
		if (p->fix)
			err = db_exec(db, "DELETE FROM messages WHERE " BAD_UID
			    "; DELETE FROM expunged WHERE " BAD_UID);
	}
	if (err == NULL)
		err = number_of(db, "SELECT count(*) FROM expunged "
		    "JOIN messages USING (uid)", &n);
	if (err == NULL && n > 0) {
		FOUND(p, CHECK_PROBLEM, "%" PRId64 " messages are marked as "
		    "expunged too; they stay", n);
		if (p->fix)
			err = db_exec(db, "DELETE FROM expunged "
			    "WHERE uid IN (SELECT uid FROM messages)");
	}
	if (err == NULL)
		err = pass_files(p);
	if (err == NULL)
		err = uids_of(db, "SELECT m.uid FROM messages AS m LEFT JOIN "
		    "content AS c USING (uid) WHERE c.uid IS NULL "
		    "ORDER BY m.uid", &b);
	/* The lost are gone when the pass mends; else they were told. */
	if (err == NULL && p->fix)
		err = each_uid(p, &b, content_missing);
	for (size_t i = 0; err == NULL && !p->fix && i < b.n; i++)
		for (uint64_t u = b.ranges[i].first; u <= b.ranges[i].last; u++)
			if (has_file(p, (uint32_t)u))
				content_missing(p, (uint32_t)u);
	seqset_builder_clear(&b);
	if (err == NULL)
		err = pass_sizes(p);
	if (err == NULL && p->fix)
		err = db_exec(db, "DELETE FROM content WHERE uid NOT IN "
		    "(SELECT uid FROM messages) AND uid NOT IN "
		    "(SELECT uid FROM expunged WHERE purged = 0)");
	if (err == NULL && p->fix)
		err = db_exec(db, "DELETE FROM ids WHERE uid NOT IN "
		    "(SELECT uid FROM messages) AND uid NOT IN "
		    "(SELECT uid FROM expunged WHERE purged = 0)");
	if (err == NULL && p->fix)
		err = db_exec(db, "DELETE FROM sortkeys WHERE uid NOT IN "
		    "(SELECT uid FROM messages) AND uid NOT IN "
		    "(SELECT uid FROM expunged WHERE purged = 0)");
	return err;
}

/* --- Counters --- */

/* What the rows give; uidnext and modseqs are the least that they may be. */
static const struct err *
count_state(struct pass *p, struct mailbox_state *s)
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
static const struct err *
stored_state(struct pass *p, struct mailbox_state *s, bool *there_r)
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
	return run_numbers(p->m->db, "INSERT INTO mailbox VALUES (1, ?1, ?2, "
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
static const struct err *
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
	err = count_state(p, &now);
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

/* All steps.  The caller has begun a transaction. */
static const struct err *
pass_run(struct pass *p)
{
	struct mailbox_state before, counted;
	const struct err *err;
	bool there;

	err = check_uids(p->m->fd, p->m->what, &p->files, &p->files_n);
	if (err == NULL)
		err = stored_state(p, &before, &there);
	if (err == NULL)
		err = count_state(p, &counted);
	if (err != NULL)
		return err;
	p->uidnext = before.uidnext > counted.uidnext ? before.uidnext :
	    counted.uidnext;
	if (p->uidnext < p->least_uidnext)
		p->uidnext = p->least_uidnext;
	p->unused = p->uidnext;
	p->messages = counted.messages;
	p->modseq = (before.highestmodseq > counted.highestmodseq ?
	    before.highestmodseq : counted.highestmodseq) + 1;
	if (p->modseq <= p->least_modseq)
		p->modseq = p->least_modseq + 1;
	err = pass_changed(p);
	if (err == NULL)
		err = pass_keywords(p);
	if (err == NULL)
		err = pass_modseqs(p);
	if (err == NULL)
		err = pass_flags(p);
	if (err == NULL)
		err = pass_tables(p);
	return err != NULL ? err : pass_counters(p, &before, &counted, there);
}

static void
pass_clear(struct pass *p)
{
	free(p->files);
	seqset_builder_clear(&p->unlinks);
	seqset_builder_clear(&p->orphans);
}

/* --- Temporary files --- */

static void
check_tmp(struct pass *p)
{
	int fd = dir_open(p->m->fd, "tmp");
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	uint32_t n = 0;
	struct dirent *e;
	struct stat st;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || fstatat(fd, e->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1 || !S_ISREG(st.st_mode) ||
		    st.st_ctim.tv_sec > now_seconds() - TMP_OLD_SECONDS)
			continue;
		n++;
		if (p->c->repair)
			unlinkat(fd, e->d_name, 0);
	}
	closedir(d);
	if (n > 0)
		check_finding(p->c, CHECK_OK, false, p->where, "%" PRIu32
		    " files in tmp are from appends that did not end%s", n,
		    p->c->repair ? ": removed" : "");
}

/* --- The mailbox --- */

static const struct err *
pass_quiet(struct pass *p)
{
	const struct err *err = db_begin_read(p->m->db);

	if (err != NULL)
		return err;
	p->quiet = true;
	err = pass_run(p);
	db_end_read(p->m->db);
	return err;
}

/* A message without a row may have taken its name meanwhile. */
static const struct err *
keep_orphan(struct pass *p, uint32_t uid)
{
	return uid >= p->uidnext ? lost_keep(p->m->fd, p->m->what, uid) : NULL;
}

/* Under the lock: tell, and mend when asked to. */
static const struct err *
pass_loud(struct pass *p)
{
	struct mailbox *m = p->m;
	struct mailbox_state state;
	const struct err *err = NULL;

	p->fix = p->c->repair;
	if (p->fix)
		err = account_counters_mark(m->account, m->id);
	if (err == NULL)
		err = p->fix ? db_begin(m->db, true) : db_begin_read(m->db);
	if (err != NULL)
		return err;
	err = pass_run(p);
	if (err == NULL && p->fix)
		err = changed_rebuild(m->db);
	if (err == NULL && p->fix && fsync(m->fd) == -1)
		err = err_errno("%s: fsync", m->what);
	if (err != NULL || !p->fix) {
		db_rollback(m->db);
		return err;
	}
	err = db_commit(m->db);
	/* Names that nothing knows any more; a crash leaves them for later. */
	if (err == NULL)
		err = each_uid(p, &p->unlinks, unlink_one);
	if (err == NULL)
		err = each_uid(p, &p->orphans, keep_orphan);
	if (err == NULL)
		err = mailbox_read_state(m, &state);
	if (err == NULL)
		err = account_counters_set(m->account, m->id, &state);
	if (err == NULL)
		stamp_touch(m->fd);
	return err;
}

/* *good_r: the database can be read on; *mended_r: rows were changed. */
static const struct err *
check_rows(struct check *c, struct mailbox *m, const struct mailbox_row *row,
    const char *where, bool *good_r, bool *mended_r)
{
	struct pass quiet = { .c = c, .m = m, .where = where,
	    .least_uidnext = row->uidnext,
	    .least_modseq = row->highestmodseq };
	struct pass loud = quiet;
	const struct err *err;

	check_tmp(&quiet);
	err = pass_quiet(&quiet);
	pass_clear(&quiet);
	c->result->messages += quiet.messages;
	*good_r = quiet.found == 0 || c->repair;
	*mended_r = err == NULL && quiet.found > 0 && c->repair;
	if (err != NULL || quiet.found == 0)
		return err;
	err = mailbox_lock(m);
	if (err != NULL)
		return err;
	if (!mailbox_gone(m))
		err = pass_loud(&loud);
	mailbox_unlock(m);
	pass_clear(&loud);
	return err;
}

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
		err = run_numbers(m->db, "UPDATE messages SET modseq = ?1",
		    &next, 1);
	if (err == NULL)
		err = changed_rebuild(m->db);
	if (err == NULL)
		err = run_numbers(m->db, "UPDATE mailbox SET "
		    "highestmodseq = ?1, purgedmodseq = ?1 - 1", &next, 1);
	if (err == NULL)
		err = db_commit(m->db);
	if (err != NULL)
		db_rollback(m->db);
	if (err == NULL)
		stamp_touch(m->fd);
	return err != NULL ? err : mailbox_read_state(m, s);
}

/* The copy in account.db, where it claims to be right. */
static const struct err *
check_copy(struct check *c, struct mailbox *m, const char *where)
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

/* messages.db is missing or damaged. */
static const struct err *
make_again(struct check *c, struct account *account,
    const struct mailbox_row *row, const char *where, enum db_health health,
    const char *text, int dirfd, int lockfd)
{
	const struct err *err = NULL;
	uint64_t messages = 0;

	if (health == DB_MISSING)
		text = "it is missing";
	if (c->repair)
		err = check_rebuild(account, row, dirfd, lockfd, &messages);
	if (err != NULL)
		return err;
	c->result->messages += messages;
	check_finding(c, CHECK_PROBLEM, c->repair, where, "messages.db cannot "
	    "be used (%s); it is made again from the files", text);
	return NULL;
}

/* Files where no message ever was. */
static const struct err *
early_orphans(struct check *c, const char *where, int dirfd,
    const uint32_t *uids, size_t n)
{
	const struct err *err = NULL;

	check_finding(c, CHECK_OK, false, where, "%zu files are from appends "
	    "that did not end, or newer than the databases; %s", n, c->repair ?
	    "put into lost" : "the next appends put them into lost");
	for (size_t i = 0; err == NULL && c->repair && i < n; i++)
		err = lost_keep(dirfd, where, uids[i]);
	return err;
}

/*
 * An older copy of messages.db that was put back: sound in itself, but it knows
 * nothing of UIDs that were given since, which files may have.  account.db and
 * the lock file (what sessions were told of as recent) are the witnesses.
 */
static void
find_older(const char *path, const struct mailbox_row *row, int dirfd,
    int lockfd, enum db_health *health_r, char *text, size_t size)
{
	uint32_t least = row->uidnext, *uids = NULL;
	struct db *db = NULL;
	int64_t uidnext = 0;
	size_t n = 0;

	if (check_uids(dirfd, path, &uids, &n) != NULL)
		n = 0;
	/* The lock file may hold anything: a file must bear it out. */
	if (n > 0 && uids[n - 1] < mailbox_recent_of(lockfd) &&
	    uids[n - 1] >= least)
		least = uids[n - 1] + 1;
	free(uids);
	if (db_open_any(path, schema_messages.file, &db) == NULL &&
	    number_of(db, "SELECT max(coalesce((SELECT uidnext FROM mailbox "
	    "WHERE id = 1), 0), coalesce((SELECT max(uid) FROM messages), 0) "
	    "+ 1)", &uidnext) == NULL && uidnext < least) {
		*health_r = DB_DAMAGED;
		snprintf(text, size, "it is older: UIDs below %" PRIu32
		    " were given, it knows those below %" PRId64, least,
		    uidnext);
	}
	db_close(db);
}

/* Whether messages.db can be used: when it cannot, told and mended. */
static const struct err *
check_database(struct check *c, struct account *account,
    const struct mailbox_row *row, const char *where, bool fresh, int dirfd,
    int lockfd, bool *use_r)
{
	char path[STORE_PATH_OCTETS], what[256], text[CHECK_TEXT_OCTETS];
	enum db_health health;
	const struct err *err;
	uint32_t *uids = NULL;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/%s", account->path, row->id);
	snprintf(what, sizeof(what), "%s/%s", account->what, row->id);
	err = db_health(path, dirfd, &schema_messages, what, &health, text,
	    sizeof(text));
	if (err == NULL && health == DB_GOOD)
		find_older(path, row, dirfd, lockfd, &health, text,
		    sizeof(text));
	*use_r = err == NULL && health == DB_GOOD;
	if (err != NULL || *use_r)
		return err;
	/* Again under the lock: the first message may just have come. */
	err = lock_take(lockfd);
	if (err != NULL)
		return err;
	err = db_health(path, dirfd, &schema_messages, what, &health, text,
	    sizeof(text));
	if (err == NULL && health == DB_GOOD)
		find_older(path, row, dirfd, lockfd, &health, text,
		    sizeof(text));
	if (err == NULL)
		err = check_uids(dirfd, what, &uids, &n);
	*use_r = err == NULL && health == DB_GOOD;
	/* Its path leads nowhere then, or elsewhere. */
	if (check_account_left(c) || check_moved(dirfd,
	    account->fd, row->id)) {
		*use_r = false;
		err = NULL;
	} else if (err == NULL && health == DB_NEWER)
		check_finding(c, CHECK_PROBLEM, false, where,
		    "messages.db: %s; upgrade", text);
	else if (err == NULL && (health == DB_DAMAGED ||
	    (health == DB_MISSING && (row->uidnext > 1 || (fresh && n > 0)))))
		err = make_again(c, account, row, where, health, text, dirfd,
		    lockfd);
	else if (err == NULL && health == DB_MISSING && n > 0)
		err = early_orphans(c, where, dirfd, uids, n);
	free(uids);
	lock_drop(lockfd);
	return err;
}

/* Rows of an older version: nothing is wrong with them, but there is time now. */
static const struct err *
fill_rows(struct mailbox *m)
{
	const struct err *err = NULL;
	uint32_t next = 1;

	while (err == NULL && next != 0)
		err = mailbox_fill(m, next, UINT32_MAX, &next);
	return err;
}

void
check_mailbox(struct check *c, struct account *account,
    const struct mailbox_row *row, const char *where, bool fresh)
{
	struct mailbox *m = NULL;
	const struct err *err;
	bool use = false, mended = false;
	int dirfd, lockfd = -1;

	c->result->mailboxes++;
	dirfd = dir_open(account->fd, row->id);
	if (dirfd == -1) {
		if (errno != ENOENT)
			check_failed(c, where, err_errno("%s", row->id));
		return;
	}
	err = check_lock_open(c, dirfd, where, &lockfd);
	if (err == NULL)
		err = check_database(c, account, row, where, fresh, dirfd,
		    lockfd, &use);
	if (err == NULL && use)
		err = mailbox_open_row(account, row, &m);
	if (err == NULL && use)
		err = check_rows(c, m, row, where, &use, &mended);
	if (err == NULL && use)
		err = check_copy(c, m, where);
	if (err == NULL && use && c->repair)
		err = fill_rows(m);
	if (err == NULL && use && c->contents)
		err = check_contents(c, m, where);
	if (err == NULL && use)
		check_textindex(c, m, where, mended);
	mailbox_close(m);
	/* Not where it was deleted while it was looked at: the directory goes
	 * first, and what is opened by its name then is missing. */
	if (err != NULL && (err->kind != ERR_USER || err->code == NULL ||
	    strcmp(err->code, RESP_NONEXISTENT) != 0) &&
	    !check_moved(dirfd, account->fd, row->id))
		check_failed(c, where, err);
	if (lockfd != -1)
		close(lockfd);
	close(dirfd);
}

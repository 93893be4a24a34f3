/* check-files.c - a mailbox's rows against its files
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/check-pass.h"
#include "util/log.h"

const struct err *
pass_unlink(struct pass *p, uint32_t uid)
{
	char name[UID_NAME_OCTETS];

	uid_name(uid, name);
	if (unlinkat(p->m->fd, name, 0) == 0 || errno == ENOENT)
		return NULL;
	if (errno == EISDIR || errno == EPERM)
		return check_set_aside(p->m->fd, name);
	return err_errno("%s/%s", p->m->what, name);
}

bool
pass_has_file(const struct pass *p, uint32_t uid)
{
	return p->files_n > 0 && bsearch(&uid, p->files, p->files_n,
	    sizeof(*p->files), check_uid_compare) != NULL;
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
	err = db_run_numbers(db, "INSERT OR REPLACE INTO expunged SELECT uid, "
	    "flags, ?2, date, zone, savedate, size, ?3, 1 FROM messages "
	    "WHERE uid = ?1", (int64_t[]){ uid, (int64_t)p->modseq,
	    now_seconds() }, 3);
	if (err == NULL)
		err = pass_run_uid(db, "DELETE FROM messages WHERE uid = ?1", uid);
	if (pass_has_file(p, uid))
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
	return err == NULL ? db_run_numbers(p->m->db, "UPDATE messages SET "
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

const struct err *
pass_files(struct pass *p)
{
	struct walk w = { 0 };
	const struct err *err;

	err = walk_rows(p, &w);
	if (err == NULL)
		err = pass_each(p, &w.lost, row_without_file);
	for (size_t i = 0; err == NULL && i < w.sizes_n; i++)
		err = row_with_other_size(p, w.sizes[i].uid, w.sizes[i].size);
	if (err == NULL)
		err = pass_each(p, &w.alone, file_alone);
	seqset_builder_clear(&w.lost);
	seqset_builder_clear(&w.alone);
	free(w.sizes);
	return err;
}

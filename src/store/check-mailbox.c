/* check-mailbox.c - verify one mailbox: its database, and the passes over it
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/check-pass.h"
#include "wire/respcode.h"

#define TMP_OLD_SECONDS	(24 * 60 * 60)	/* no append takes that long */

/* --- A pass --- */

/* All steps.  The caller has begun a transaction. */
static const struct err *
pass_run(struct pass *p)
{
	struct mailbox_state before, counted;
	const struct err *err;
	bool there;

	err = check_uids(p->m->fd, p->m->what, &p->files, &p->files_n);
	if (err == NULL)
		err = pass_stored(p, &before, &there);
	if (err == NULL)
		err = pass_count(p, &counted);
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
		err = pass_each(p, &p->unlinks, pass_unlink);
	if (err == NULL)
		err = pass_each(p, &p->orphans, keep_orphan);
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
	    db_number(db, "SELECT max(coalesce((SELECT uidnext FROM mailbox "
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
		err = check_account_counters(c, m, where);
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

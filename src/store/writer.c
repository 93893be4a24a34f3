/* writer.c - a change of one mailbox, from the lock to the watchers
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "store/mailbox-private.h"
#include "util/log.h"
#include "wire/respcode.h"

/* messages.db is made at the first change of a mailbox. */
static const struct err *
writer_db(struct mailbox *m)
{
	const struct err *err = mailbox_db(m);

	if (err != NULL || m->db != NULL)
		return err;
	err = db_create(m->path, m->fd, &schema_messages,
	    store_conf(m->account->store));
	return err != NULL ? err : mailbox_db(m);
}

/* The lock file, behind what mailbox_recent() has there: octet 4 tells that a
 * writer is at work, octets 8 to 15 in which boot the last one was. */
#define BUSY_OFFSET	4
#define BOOT_OFFSET	8

static void
busy_write(const struct mailbox *m, unsigned char busy)
{
	if (pwrite(m->lockfd, &busy, 1, BUSY_OFFSET) != 1)
		log_warning("%s/lock: %s", m->what, strerror(errno));
}

bool
mailbox_busy(int lockfd)
{
	unsigned char busy = 0;

	return pread(lockfd, &busy, 1, BUSY_OFFSET) == 1 && busy != 0;
}

/*
 * The copy in account.db.  A failure here does not undo the commit: the mark
 * stays, and the counters are read again when they are next wanted.
 */
static void
writer_tell_account(struct mailbox *m, const struct mailbox_state *state)
{
	const struct err *err = account_counters_set(m->account, m->id, state);

	if (err != NULL)
		log_error("%s: counters: %s", m->what, err->text);
}

/*
 * A commit that changes a page goes where the unseen one is in the log.  It is a
 * change like others: the counters in account.db follow, and watchers wake, also
 * for what the one that died had committed.
 */
static const struct err *
overwrite_unseen(struct mailbox *m)
{
	struct mailbox_state state;
	const struct err *err = mailbox_db(m);

	if (err != NULL || m->db == NULL)
		return err;
	err = account_counters_mark(m->account, m->id);
	if (err == NULL)
		err = db_begin(m->db, true);
	if (err != NULL)
		return err;
	err = db_exec(m->db,
	    "UPDATE mailbox SET highestmodseq = highestmodseq + 1");
	if (err == NULL)
		err = mailbox_read_state(m, &state);
	err = db_end(m->db, err);
	if (err != NULL)
		return err;
	writer_tell_account(m, &state);
	stamp_touch(m->fd);
	return NULL;
}

/* The lock file was opened for reading alone where the disk was read-only then. */
static void
lock_reopen(struct mailbox *m)
{
	int fd;

	if ((fcntl(m->lockfd, F_GETFL) & O_ACCMODE) != O_RDONLY ||
	    lock_open(m->fd, m->what, &fd) != NULL)
		return;
	close(m->lockfd);
	m->lockfd = fd;
}

const struct err *
mailbox_lock(struct mailbox *m)
{
	const struct err *err;
	bool busy;

	lock_reopen(m);
	err = lock_take(m->lockfd);
	if (err != NULL)
		return err;
	m->locked = true;
	busy = mailbox_busy(m->lockfd);
	if (busy)
		err = overwrite_unseen(m);
	if (err != NULL) {
		m->locked = false;
		lock_drop(m->lockfd);
		return mailbox_err(m, err);
	}
	if (!busy)
		busy_write(m, 1);
	intent_recover(m);
	return NULL;
}

void
mailbox_unlock(struct mailbox *m)
{
	busy_write(m, 0);
	m->locked = false;
	lock_drop(m->lockfd);
}

/*
 * Whether nobody wrote since this boot.  A crash of the machine may have taken
 * back flags whose mod-sequences clients know already (RFC 7162 3.1).  Where
 * several machines write in turn each has a boot of its own, and flags are on
 * the disk of another.
 */
static bool
first_since_boot(const struct mailbox *m)
{
	int64_t boot = 0;

	return m->db != NULL &&
	    store_conf(m->account->store)->journal == JOURNAL_WAL &&
	    (pread(m->lockfd, &boot, sizeof(boot), BOOT_OFFSET) !=
	    (ssize_t)sizeof(boot) || boot != boot_number());
}

static void
boot_write(const struct mailbox *m)
{
	const int64_t boot = boot_number();

	if (pwrite(m->lockfd, &boot, sizeof(boot), BOOT_OFFSET) !=
	    (ssize_t)sizeof(boot))
		log_warning("%s/lock: %s", m->what, strerror(errno));
}

const struct err *
writer_begin(struct writer *w, struct mailbox *m, bool durable)
{
	const struct err *err;
	bool begun = false;

	*w = (struct writer){ .mbox = m, .durable = durable };
	err = mailbox_lock(m);
	if (err != NULL)
		return err;
	if (mailbox_gone(m))
		err = mailbox_deleted();
	if (err == NULL)
		err = mailbox_db(m);
	w->first = err == NULL && first_since_boot(m);
	if (err == NULL)
		err = writer_db(m);
	if (err == NULL)
		err = account_counters_mark(m->account, m->id);
	if (err == NULL) {
		err = db_begin(m->db, durable || w->first);
		begun = err == NULL;
	}
	if (err == NULL)
		err = mailbox_read_state(m, &w->before);
	if (err == NULL)
		err = mailbox_check_uidnext(m, w->before.uidnext);
	if (err != NULL) {
		if (begun)
			db_rollback(m->db);
		mailbox_unlock(m);
		return mailbox_err(m, err);
	}
	w->state = w->before;
	if (w->first)
		w->state.highestmodseq += MODSEQ_STEP;
	return NULL;
}

static const struct err *
writer_store_state(struct writer *w)
{
	const struct mailbox_state *s = &w->state;
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(w->mbox->db, "UPDATE mailbox SET uidnext = ?1, "
	    "messages = ?2, unseen = ?3, deleted = ?4, size = ?5, "
	    "highestmodseq = ?6, expungemodseq = ?7", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, s->uidnext);
	sqlite3_bind_int64(stmt, 2, s->messages);
	sqlite3_bind_int64(stmt, 3, s->unseen);
	sqlite3_bind_int64(stmt, 4, s->deleted);
	sqlite3_bind_int64(stmt, 5, (int64_t)s->size);
	sqlite3_bind_int64(stmt, 6, (int64_t)s->highestmodseq);
	sqlite3_bind_int64(stmt, 7, (int64_t)s->expungemodseq);
	return db_run(w->mbox->db, stmt);
}

static void (*on_commit)(void *, const char *, const struct mailbox_state *,
    const struct mailbox_state *);
static void *on_commit_arg;

void
mailbox_on_commit(void (*fn)(void *, const char *,
    const struct mailbox_state *, const struct mailbox_state *), void *arg)
{
	on_commit = fn;
	on_commit_arg = arg;
}

const struct err *
writer_commit_locked(struct writer *w)
{
	struct mailbox *m = w->mbox;
	const struct err *err;

	err = changed_added(m->db, w->before.uidnext, w->state.uidnext,
	    w->state.highestmodseq);
	if (err == NULL)
		err = writer_store_state(w);
	if (err == NULL)
		err = db_commit(m->db);
	if (err != NULL)
		return err;
	if (w->first || w->before.uidnext == 1)
		boot_write(m);
	writer_tell_account(m, &w->state);
	if (on_commit != NULL)
		on_commit(on_commit_arg, m->id, &w->before, &w->state);
	return NULL;
}

void
writer_end(struct writer *w)
{
	struct mailbox *m = w->mbox;

	if (w->noted)
		intent_clear(m, w->notes);
	/* First: who finds no writer at work relies on the stamp. */
	stamp_touch(m->fd);
	mailbox_unlock(m);
}

const struct err *
writer_commit(struct writer *w)
{
	const struct err *err = writer_commit_locked(w);

	if (err != NULL)
		writer_abort(w);
	else
		writer_end(w);
	return err;
}

void
writer_abort(struct writer *w)
{
	struct mailbox *m = w->mbox;

	db_rollback(m->db);
	writer_tell_account(m, &w->before);
	if (w->noted)
		intent_clear(m, w->notes);
	mailbox_unlock(m);
}

const struct err *
writer_finish_expunge(struct mailbox *m, const struct seqset *uids,
    const char *token, uint32_t *n_r)
{
	struct writer w = { .mbox = m, .durable = true,
	    .first = first_since_boot(m) };
	const struct err *err;

	*n_r = 0;
	err = account_counters_mark(m->account, m->id);
	if (err == NULL)
		err = db_begin(m->db, true);
	if (err != NULL)
		return err;
	err = mailbox_read_state(m, &w.before);
	w.state = w.before;
	if (w.first)
		w.state.highestmodseq += MODSEQ_STEP;
	if (err == NULL)
		err = writer_expunge(&w, uids, true, n_r);
	if (err == NULL && token != NULL)
		err = intent_forget(m, token);
	if (err == NULL)
		err = writer_store_state(&w);
	err = db_end(m->db, err);
	if (err != NULL)
		return err;
	if (w.first)
		boot_write(m);
	writer_tell_account(m, &w.state);
	stamp_touch(m->fd);
	return NULL;
}

const struct err *
writer_next_uid(struct writer *w, uint32_t *uid_r)
{
	if (w->state.uidnext > UID_LAST)
		return err_user(RESP_LIMIT, "The mailbox has no UIDs left; "
		    "move its messages to a new one");
	*uid_r = w->state.uidnext++;
	return NULL;
}

void
state_count(struct mailbox_state *s, const struct message *msg, int sign)
{
	uint32_t one = (uint32_t)sign;

	s->messages += one;
	if ((msg->flags & FLAG_SEEN) == 0)
		s->unseen += one;
	if ((msg->flags & FLAG_DELETED) != 0)
		s->deleted += one;
	s->size += (uint64_t)((int64_t)msg->size * sign);
}

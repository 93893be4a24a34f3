/* check-contents.c - octets of messages against what is stored of them
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/content.h"
#include "store/check-private.h"

#define WANTED	(SCAN_ENVELOPE | SCAN_BODY | SCAN_STRUCTURE | SCAN_HEADERS | \
	SCAN_PARTS | SCAN_PREVIEW | SCAN_IDS | SCAN_SORTKEYS | SCAN_SIZE)

int
check_open_message(const struct mailbox *m, uint32_t uid, struct stat *st)
{
	char name[UID_NAME_OCTETS];
	int fd;

	uid_name(uid, name);
	fd = openat(m->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd != -1 && (fstat(fd, st) == -1 || !S_ISREG(st->st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

const struct err *
check_make_content(struct mailbox *m, uint32_t uid, struct stat *st)
{
	int fd = check_open_message(m, uid, st);
	struct content content = { 0 };
	const struct err *err;

	if (fd == -1)
		return err_errno("%s/%" PRIu32, m->what, uid);
	err = content_make(fd, (uint64_t)st->st_size, NULL, &content);
	close(fd);
	if (err == NULL) {
		struct blob blobs[COLUMNS];

		content_blobs(&content, blobs);
		err = insert_content(m->db, uid, blobs);
	}
	content_clear(&content);
	return err;
}

enum verdict { SOUND, OTHER_OCTETS, OTHER_ROWS };

/* What is not stored yet is made from the file when it is asked for. */
static bool
rows_agree(const struct message *m, const struct content *made)
{
	struct blob stored[COLUMNS], fresh[COLUMNS];

	message_blobs(m, stored);
	content_blobs(made, fresh);
	for (int i = 0; i < COLUMNS; i++)
		if (i != COL_EMAILID && stored[i].s != NULL &&
		    (stored[i].len != fresh[i].len || memcmp(stored[i].s,
		    fresh[i].s, fresh[i].len) != 0))
			return false;
	return true;
}

/*
 * RFC 8474 5.1: the EMAILID is of the octets, which never change.  A file that is
 * missing, or has another size, was told of with the rows.
 */
static const struct err *
judge(struct mailbox *mbox, const struct message *m, enum verdict *verdict_r)
{
	struct content made = { 0 };
	const struct err *err;
	struct stat st;
	int fd = check_open_message(mbox, m->uid, &st);

	*verdict_r = SOUND;
	if (fd == -1)
		return NULL;
	if ((uint64_t)st.st_size != m->size) {
		close(fd);
		return NULL;
	}
	err = content_make(fd, m->size, NULL, &made);
	close(fd);
	if (err == NULL && m->emailid != NULL &&
	    memcmp(m->emailid, made.emailid, OBJECTID_OCTETS) != 0)
		*verdict_r = OTHER_OCTETS;
	else if (err == NULL && !rows_agree(m, &made))
		*verdict_r = OTHER_ROWS;
	content_clear(&made);
	return err;
}

/* --- Mending --- */

static const struct err *
has_row(struct db *db, uint32_t uid, bool *yes_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, "SELECT 1 FROM messages WHERE uid = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	err = db_step(db, stmt, yes_r);
	db_done(stmt);
	return err;
}

/* Inside a transaction.  Of what was expunged meanwhile nothing is stored. */
static const struct err *
make_again(struct mailbox *m, uint32_t uid)
{
	const struct err *err;
	struct stat st;
	bool there;

	err = has_row(m->db, uid, &there);
	return err != NULL || !there ? err : check_make_content(m, uid, &st);
}

/* No row that a client knows changes: no counter, no modseq, no one wakes. */
static const struct err *
mend(struct mailbox *m, const uint32_t *uids, size_t n)
{
	const struct err *err = mailbox_lock(m);

	if (err != NULL)
		return err;
	err = db_begin(m->db, true);
	for (size_t i = 0; err == NULL && i < n; i++)
		err = make_again(m, uids[i]);
	err = db_end(m->db, err);
	mailbox_unlock(m);
	return err;
}

/* --- The walk --- */

#define MEND_MAX	200	/* messages in a transaction */

struct contents {
	struct check	*c;
	struct mailbox	*mbox;
	const char	*where;
	uint32_t	 bad[MEND_MAX];
	size_t		 bad_n;
};

static const struct err *
flush(struct contents *w)
{
	const struct err *err = NULL;

	if (w->c->repair && w->bad_n > 0)
		err = mend(w->mbox, w->bad, w->bad_n);
	for (size_t i = 0; i < w->bad_n; i++)
		check_finding(w->c, CHECK_PROBLEM, w->c->repair && err == NULL,
		    w->where, "what is stored of message %" PRIu32 " is not "
		    "what its file gives; it is parsed again", w->bad[i]);
	w->bad_n = 0;
	return err;
}

static void
look(struct contents *w, const struct message *m)
{
	enum verdict verdict;
	const struct err *err = judge(w->mbox, m, &verdict);

	if (err != NULL)
		check_finding(w->c, CHECK_LOST, false, w->where, "message %"
		    PRIu32 " cannot be read (%s); take it from a backup",
		    m->uid, err->text);
	else if (verdict == OTHER_OCTETS)
		check_finding(w->c, CHECK_LOST, false, w->where, "message %"
		    PRIu32 "'s octets are not those that were stored; take it "
		    "from a backup", m->uid);
	else if (verdict == OTHER_ROWS)
		w->bad[w->bad_n++] = m->uid;
}

const struct err *
check_contents(struct check *c, struct mailbox *mbox, const char *where)
{
	struct contents w = { .c = c, .mbox = mbox, .where = where };
	const struct err *err;
	struct message m;
	struct scan *scan;
	bool more;

	err = scan_open(mbox, NULL, WANTED, 0, &scan);
	if (err != NULL)
		return err;
	while ((err = scan_next(scan, &m, &more)) == NULL && more) {
		look(&w, &m);
		if (w.bad_n == MEND_MAX) {
			scan_pause(scan);
			if ((err = flush(&w)) != NULL)
				break;
		}
	}
	scan_close(scan);
	return err != NULL ? err : flush(&w);
}

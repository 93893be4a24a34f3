/* intent.c - a change of two mailboxes that a crash cut in two
 * SPDX-License-Identifier: ISC
 *
 * Before the first of its two commits a change writes down, in the lock file of
 * the mailbox that messages leave, which UIDs go and where to.  The other
 * mailbox's commit holds the same token.  Who finds such a note, and has the
 * lock, knows by the token whether the second commit is still to be made.  Who
 * may not look into the other mailbox leaves the note for others, and adds his
 * own behind it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/mailbox-private.h"
#include "util/log.h"

/* In the lock file, behind what mailbox.c and writer.c keep there. */
#define SIZE_OFFSET	16		/* four octets: of all notes, 0: none */
#define NOTE_OFFSET	20
#define NOTE_MAX	(64 * 1024)	/* more is not noted: RFC 6851 3.3 */
#define DONE		'-'		/* in place of a note's first octet */

#define ARRIVALS_MAX_S	"4096"		/* mailboxes that messages came from */

/* Of what no writer left there is nothing to keep. */
static uint32_t
note_size(const struct mailbox *m)
{
	unsigned char b[4];
	uint32_t size;

	if (pread(m->lockfd, b, sizeof(b), SIZE_OFFSET) != (ssize_t)sizeof(b))
		return 0;
	size = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	    (uint32_t)b[3] << 24;
	return size <= NOTE_MAX ? size : 0;
}

static bool
set_size(const struct mailbox *m, uint32_t n)
{
	const unsigned char b[4] = { (unsigned char)n, (unsigned char)(n >> 8),
	    (unsigned char)(n >> 16), (unsigned char)(n >> 24) };

	return pwrite(m->lockfd, b, sizeof(b), SIZE_OFFSET) ==
	    (ssize_t)sizeof(b);
}

const struct err *
intent_write(const struct mailbox *src, const struct mailbox *dst,
    const struct seqset *uids, char token[MAILBOX_ID_LEN + 1],
    uint32_t *before_r)
{
	const struct err *err = NULL;
	struct buf note = { 0 };

	*before_r = note_size(src);
	mailbox_new_id(token);
	buf_addf(&note, "%s %d %s %s\n", token, dst->account->kind, dst->id,
	    dst->account->name);
	seqset_format(uids, &note);
	buf_addc(&note, '\n');
	/* All of it on the disk before the commit that it is about. */
	if (*before_r + note.len <= NOTE_MAX && (pwrite(src->lockfd, note.s,
	    note.len, NOTE_OFFSET + (off_t)*before_r) != (ssize_t)note.len ||
	    !set_size(src, *before_r + (uint32_t)note.len) ||
	    fdatasync(src->lockfd) == -1))
		err = err_errno("%s/lock", src->what);
	if (err != NULL)
		intent_clear(src, *before_r);
	buf_clear(&note);
	return err;
}

void
intent_clear(const struct mailbox *m, uint32_t before)
{
	if (!set_size(m, before))
		log_warning("%s/lock: %s", m->what, strerror(errno));
}

/*
 * One token of each mailbox that messages came from: the next change of that one
 * begins when its note is settled.  The newest rows have the highest ids.
 */
const struct err *
intent_arrived(struct mailbox *dst, const struct mailbox *src,
    const char *token)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(dst->db, "INSERT OR REPLACE INTO arrival(source, token) "
	    "VALUES (?1, ?2)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, src->id, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, token, -1, SQLITE_STATIC);
	err = db_run(dst->db, stmt);
	return err != NULL ? err : db_exec(dst->db, "DELETE FROM arrival "
	    "WHERE id <= (SELECT max(id) FROM arrival) - " ARRIVALS_MAX_S);
}

const struct err *
intent_forget(struct mailbox *dst, const char *token)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(dst->db, "DELETE FROM arrival WHERE token = ?1",
	    &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, token, -1, SQLITE_STATIC);
	return db_run(dst->db, stmt);
}

/* --- After a crash --- */

struct note {
	char		 token[MAILBOX_ID_LEN + 1], id[MAILBOX_ID_LEN + 1];
	enum account_kind kind;
	char		*name;		/* in the text */
	struct seqset	 uids;
};

/* What no writer left is no note. */
static bool
note_parse(struct arena *a, char *text, size_t len, struct note *note)
{
	char *first = memchr(text, '\n', len), *last = text + len - 1;
	int kind = -1, name = 0;

	if (first == NULL || first == last || *last != '\n' ||
	    memchr(text, '\0', len) != NULL)
		return false;
	*first = *last = '\0';
	if (sscanf(text, "%16[0-9a-f] %d %16[0-9a-f] %n", note->token, &kind,
	    note->id, &name) != 3 || text[name] == '\0' ||
	    strchr(text + name, '/') != NULL || text[name] == '.' ||
	    !mailbox_id_valid(note->id) || !mailbox_id_valid(note->token) ||
	    (kind != ACCOUNT_USER && kind != ACCOUNT_SHARED) ||
	    seqset_parse(a, first + 1, (size_t)(last - first - 1),
	    &note->uids) != NULL)
		return false;
	note->kind = (enum account_kind)kind;
	note->name = text + name;
	note->uids = seqset_resolve(a, &note->uids, UINT32_MAX);
	return true;
}

/*
 * The directory of the other mailbox.  An account that was renamed since is most
 * often that of both mailboxes.
 */
static const char *
other_dir(const struct mailbox *m, const struct note *note,
    char dir[STORE_PATH_OCTETS])
{
	snprintf(dir, STORE_PATH_OCTETS, "%s/%s", m->account->path, note->id);
	if (access(dir, F_OK) == -1)
		snprintf(dir, STORE_PATH_OCTETS, "%s/%s/%s/%s",
		    store_path(m->account->store),
		    account_kind_dir(note->kind), note->name, note->id);
	return dir;
}

static const struct err *
has_token(struct db *db, const char *token, bool *yes_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, "SELECT 1 FROM arrival WHERE token = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, token, -1, SQLITE_STATIC);
	err = db_step(db, stmt, yes_r);
	db_done(stmt);
	return err;
}

/*
 * The other mailbox's lock, if nobody has it, or -1.  Its writer may be dead, and his
 * commit, with the token, in the log where nobody sees it yet.  Whoever has the lock
 * has seen to that; he may be waited for by none who has one, out of order.
 */
static int
lock_other(const char *dir)
{
	char file[STORE_PATH_OCTETS + 8];
	int fd;

	snprintf(file, sizeof(file), "%s/lock", dir);
	fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd != -1 && !lock_try(fd)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* False when nobody can tell now: who has no access to the other mailbox. */
static bool
look_for_token(const struct mailbox *m, const struct note *note, bool *yes_r)
{
	char dir[STORE_PATH_OCTETS], file[STORE_PATH_OCTETS + 16];
	const struct err *err;
	struct db *db = NULL;
	int lockfd;

	*yes_r = false;
	snprintf(file, sizeof(file), "%s/%s", other_dir(m, note, dir),
	    schema_messages.file);
	if (access(file, F_OK) == -1)
		return errno == ENOENT;
	if (db_open_any(dir, schema_messages.file, &db) != NULL)
		return false;
	lockfd = lock_other(dir);
	err = has_token(db, note->token, yes_r);
	if (err == NULL && !*yes_r && lockfd != -1 && mailbox_busy(lockfd))
		err = db_overwrite(db);
	db_close(db);
	if (lockfd != -1)
		close(lockfd);
	return err == NULL;
}

static const struct err *
finish(struct mailbox *m, const struct note *note)
{
	const struct err *err = mailbox_db(m);
	uint32_t n;

	if (err != NULL || m->db == NULL)
		return err;
	err = writer_finish_expunge(m, &note->uids, NULL, &n);
	if (err == NULL && n > 0)
		log_info("%s: %u messages that had been moved when the server "
		    "stopped are gone here now", m->what, n);
	return err;
}

/* Whether the note is settled; what is none is. */
static bool
settle(struct mailbox *m, struct arena *a, char *text, size_t len)
{
	const struct err *err = NULL;
	struct note note;
	bool arrived;

	if (*text == DONE || !note_parse(a, text, len, &note))
		return true;
	if (!look_for_token(m, &note, &arrived))
		return false;
	if (arrived)
		err = finish(m, &note);
	if (err != NULL)
		log_error("%s: finishing a move: %s", m->what, err->text);
	return err == NULL;
}

/* Where the note of two lines that begins at at ends. */
static uint32_t
note_end(const char *text, uint32_t at, uint32_t size)
{
	const char *end = text + at;

	for (int lines = 0; lines < 2; lines++) {
		end = memchr(end, '\n', (size_t)(text + size - end));
		if (end == NULL)
			return size;
		end++;
	}
	return (uint32_t)(end - text);
}

void
intent_recover(struct mailbox *m)
{
	const uint32_t size = note_size(m);
	uint32_t end, left = 0;
	struct arena *a;
	char *text;

	if (size == 0)
		return;
	a = arena_new();
	text = arena_alloc(a, size);
	if (pread(m->lockfd, text, size, NOTE_OFFSET) != (ssize_t)size)
		memset(text, DONE, size);
	for (uint32_t at = 0; at < size; at = end) {
		end = note_end(text, at, size);
		if (!settle(m, a, text + at, end - at))
			left = end;
		else
			/* Those behind it may stay. */
			(void)!pwrite(m->lockfd, &(char){ DONE }, 1,
			    NOTE_OFFSET + (off_t)at);
	}
	if (left < size)
		intent_clear(m, left);
	arena_free(a);
}

void
intent_look(struct mailbox *m)
{
	/* Whoever has the lock is alive, and at work on it. */
	if (note_size(m) == 0 || flock(m->lockfd, LOCK_EX | LOCK_NB) == -1)
		return;
	lock_drop(m->lockfd);
	if (mailbox_lock(m) == NULL)
		mailbox_unlock(m);
}

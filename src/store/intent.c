/* intent.c - a change of two mailboxes that a crash cut in two
 * SPDX-License-Identifier: ISC
 *
 * Before the first of its two commits a change writes down, in the lock file of
 * the mailbox that messages leave, which UIDs go and where to.  The other
 * mailbox's commit holds the same token.  Who finds such a note, and has the
 * lock, knows by the token whether the second commit is still to be made. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/mailbox-private.h"
#include "util/log.h"

/* In the lock file, behind what mailbox.c and writer.c keep there. */
#define SIZE_OFFSET	16		/* four octets: of the note, 0: none */
#define NOTE_OFFSET	20
#define NOTE_MAX	(64 * 1024)	/* more is not noted: RFC 6851 3.3 */

static uint32_t
note_size(const struct mailbox *m)
{
	unsigned char b[4];

	if (pread(m->lockfd, b, sizeof(b), SIZE_OFFSET) != (ssize_t)sizeof(b))
		return 0;
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	    (uint32_t)b[3] << 24;
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
    const struct seqset *uids, char token[MAILBOX_ID_LEN + 1])
{
	const struct err *err = NULL;
	struct buf note = { 0 };

	mailbox_new_id(token);
	buf_addf(&note, "%s %d %s %s\n", token, dst->account->kind, dst->id,
	    dst->account->name);
	seqset_format(uids, &note);
	buf_addc(&note, '\n');
	/* All of it on the disk before the commit that it is about. */
	if (note.len <= NOTE_MAX && (pwrite(src->lockfd, note.s, note.len,
	    NOTE_OFFSET) != (ssize_t)note.len ||
	    !set_size(src, (uint32_t)note.len) ||
	    fdatasync(src->lockfd) == -1))
		err = err_errno("%s/lock", src->what);
	if (err != NULL)
		intent_clear(src);
	buf_clear(&note);
	return err;
}

void
intent_clear(const struct mailbox *m)
{
	if (!set_size(m, 0))
		log_warning("%s/lock: %s", m->what, strerror(errno));
}

const struct err *
intent_arrived(struct mailbox *dst, const char *token)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(dst->db, "INSERT OR REPLACE INTO arrival(id, token) "
	    "VALUES (1, ?1)", &stmt);
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

/* False when nobody can tell now: who has no access to the other mailbox. */
static bool
look_for_token(const struct mailbox *m, const struct note *note, bool *yes_r)
{
	char dir[STORE_PATH_OCTETS], file[STORE_PATH_OCTETS + 16];
	const struct err *err;
	struct db *db = NULL;
	sqlite3_stmt *stmt;
	const char *token;
	bool row = false;

	*yes_r = false;
	snprintf(dir, sizeof(dir), "%s/%s/%s/%s",
	    store_path(m->account->store), note->kind == ACCOUNT_USER ?
	    "users" : "shared", note->name, note->id);
	snprintf(file, sizeof(file), "%s/%s", dir, schema_messages.file);
	if (access(file, F_OK) == -1)
		return errno == ENOENT;
	if (db_open_any(dir, schema_messages.file, &db) != NULL)
		return false;
	err = db_prepare(db, "SELECT token FROM arrival", &stmt);
	if (err == NULL) {
		err = db_step(db, stmt, &row);
		if (err == NULL && row) {
			token = (const char *)sqlite3_column_text(stmt, 0);
			*yes_r = token != NULL &&
			    strcmp(token, note->token) == 0;
		}
		db_done(stmt);
	}
	db_close(db);
	return err == NULL;
}

static const struct err *
finish(struct mailbox *m, const struct note *note)
{
	const struct err *err = mailbox_db(m);
	uint32_t n;

	if (err != NULL || m->db == NULL)
		return err;
	err = writer_finish_expunge(m, &note->uids, &n);
	if (err == NULL && n > 0)
		log_info("%s: %u messages that had been moved when the server "
		    "stopped are gone here now", m->what, n);
	return err;
}

void
intent_recover(struct mailbox *m)
{
	const uint32_t size = note_size(m);
	struct arena *a;
	struct note note;
	const struct err *err = NULL;
	bool arrived, known = true;
	char *text;

	if (size == 0)
		return;
	a = arena_new();
	text = arena_alloc(a, NOTE_MAX + 1);
	if (size <= NOTE_MAX && pread(m->lockfd, text, size, NOTE_OFFSET) ==
	    (ssize_t)size && note_parse(a, text, size, &note)) {
		known = look_for_token(m, &note, &arrived);
		if (known && arrived)
			err = finish(m, &note);
	}
	if (err != NULL)
		log_error("%s: finishing a move: %s", m->what, err->text);
	else if (known)
		intent_clear(m);
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

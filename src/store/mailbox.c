/* mailbox.c - one mailbox: opening, state, keywords, recent
 * SPDX-License-Identifier: ISC */
#include "store/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/mailbox-private.h"
#include "util/log.h"
#include "wire/respcode.h"

/* How many rows UNSEEN may count from either end of the mailbox. */
#define UNSEEN_COUNT_MAX	1000

void
mailbox_close(struct mailbox *m)
{
	if (m == NULL)
		return;
	if (!m->locked)
		db_settle(m->db, m->lockfd);
	db_close(m->db);
	if (m->lockfd != -1)
		close(m->lockfd);
	if (m->fd != -1)
		close(m->fd);
	for (size_t i = 0; i < m->keywords_n; i++)
		free(m->keywords[i]);
	free(m->path);
	free(m->what);
	free(m);
}

/* Another session's DELETE takes the row first, then the directory. */
static const struct err *
dir_missing(struct mailbox *m)
{
	struct arena *a = arena_new();
	struct mailbox_row row;
	const struct err *err;
	bool known, found;

	err = account_find_row(m->account, a, account_sql_by_id, m->id, &row,
	    &known, &found);
	if (err == NULL)
		err = !found || row.noselect ? mailbox_deleted() :
		    err_internal("%s is missing; run 'mboxadm check --repair "
		    "%s'", m->what, m->account->name);
	arena_free(a);
	return err;
}

/* below: "", or where deleted mailboxes are. */
static struct mailbox *
mailbox_new(struct account *account, const struct mailbox_row *row,
    const char *below)
{
	struct mailbox *m = calloc(1, sizeof(*m));

	if (m == NULL || asprintf(&m->path, "%s/%s%s", account->path, below,
	    row->id) == -1 || asprintf(&m->what, "%s/%s%s", account->what,
	    below, row->id) == -1)
		fatal("out of memory");
	m->account = account;
	m->fd = m->lockfd = -1;
	m->uidvalidity = row->uidvalidity;
	m->uidnext = row->uidnext;
	memcpy(m->id, row->id, sizeof(m->id));
	return m;
}

const struct err *
mailbox_open_row(struct account *account, const struct mailbox_row *row,
    struct mailbox **mbox_r)
{
	struct mailbox *m = mailbox_new(account, row, "");
	const struct err *err = NULL;

	m->fd = dir_open(account->fd, row->id);
	if (m->fd == -1 && errno == ENOENT) {
		account_bring_back(account, row->id);
		m->fd = dir_open(account->fd, row->id);
	}
	if (m->fd == -1)
		err = errno == ENOENT ? dir_missing(m) :
		    err_errno("%s", m->what);
	if (err == NULL)
		err = lock_open(m->fd, m->what, &m->lockfd);
	if (err == NULL)
		err = mailbox_db(m);
	if (err == NULL)
		intent_look(m);
	if (err != NULL) {
		if (m->fd != -1)
			err = mailbox_err(m, err);
		mailbox_close(m);
		return err;
	}
	*mbox_r = m;
	return NULL;
}

const struct err *
mailbox_open_deleted(struct account *account, const struct mailbox_row *row,
    struct mailbox **mbox_r)
{
	struct mailbox *m = mailbox_new(account, row, "deleted/");
	const struct err *err = NULL;

	m->fd = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (m->fd == -1)
		err = errno == ENOENT ? mailbox_deleted() :
		    err_errno("%s", m->what);
	if (err == NULL)
		err = lock_open(m->fd, m->what, &m->lockfd);
	if (err == NULL)
		err = mailbox_db(m);
	if (err != NULL)
		mailbox_close(m);
	else
		*mbox_r = m;
	return err;
}

/* Whether m is still what the row tells of: its directory may have been put in
 * another's place by hand. */
static bool
is_of_row(const struct mailbox *m, const struct mailbox_row *row)
{
	struct stat ours, now;

	return strcmp(m->id, row->id) == 0 && fstat(m->fd, &ours) == 0 &&
	    fstatat(m->account->fd, row->id, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ours.st_dev == now.st_dev && ours.st_ino == now.st_ino;
}

/* As if it had just been opened. */
static const struct err *
open_afresh(struct mailbox *m, const struct mailbox_row *row)
{
	const struct err *err = mailbox_db(m);

	m->uidvalidity = row->uidvalidity;
	m->progress = NULL;
	if (err == NULL)
		intent_look(m);
	return err;
}

const struct err *
mailbox_open_again(struct account *account, const char *name,
    struct mailbox *held, struct mailbox **mbox_r)
{
	struct arena *a = arena_new();
	struct mailbox_row row;
	const struct err *err;

	err = account_row(account, a, name, &row);
	if (err == NULL && row.noselect)
		err = err_user(RESP_CANNOT,
		    "This is only a name, not a mailbox");
	if (err == NULL && held != NULL && is_of_row(held, &row)) {
		err = open_afresh(held, &row);
		if (err == NULL) {
			*mbox_r = held;
			held = NULL;
		}
	} else if (err == NULL) {
		err = mailbox_open_row(account, &row, mbox_r);
	}
	mailbox_close(held);
	arena_free(a);
	return err;
}

const struct err *
mailbox_open(struct account *account, const char *name,
    struct mailbox **mbox_r)
{
	return mailbox_open_again(account, name, NULL, mbox_r);
}

/* Whether account.db says that the mailbox never had a message. */
static const struct err *
never_had_messages(struct mailbox *m, bool *yes_r)
{
	struct arena *a;
	struct mailbox_row row;
	const struct err *err;
	bool known, found;

	*yes_r = true;
	a = arena_new();
	err = account_find_row(m->account, a, account_sql_by_id, m->id, &row,
	    &known, &found);
	if (err == NULL && found)
		*yes_r = row.uidnext <= 1;
	arena_free(a);
	return err;
}

/* Whether there is a messages.db; when not, whether that is as it should be. */
static const struct err *
has_database(struct mailbox *m, bool *yes_r)
{
	const struct err *err;
	bool never;

	for (int try = 0; try < 2; try++) {
		*yes_r = faccessat(m->fd, schema_messages.file, F_OK, 0) == 0;
		if (*yes_r)
			return NULL;
		if (errno != ENOENT)
			return err_errno("%s/%s", m->what,
			    schema_messages.file);
		/* A mailbox that was deleted meanwhile is not damaged. */
		if (mailbox_gone(m))
			return NULL;
		err = never_had_messages(m, &never);
		if (err != NULL || never)
			return err;
		/* The first message may have come between the two looks. */
	}
	return err_internal("%s/%s is missing; run 'mboxadm check --repair "
	    "%s'", m->what, schema_messages.file, m->account->name);
}

const struct err *
mailbox_db(struct mailbox *m)
{
	const struct err *err;
	bool yes;

	if (m->db != NULL)
		return NULL;
	err = has_database(m, &yes);
	if (err != NULL || !yes)
		return err;
	return mailbox_err(m, db_open(m->path, &schema_messages,
	    store_conf(m->account->store), m->locked ? -1 : m->lockfd,
	    m->what, &m->db));
}

const char *
mailbox_id(const struct mailbox *m)
{
	return m->id;
}

struct account *
mailbox_account(const struct mailbox *m)
{
	return m->account;
}

const struct err *
mailbox_name(struct mailbox *m, struct arena *a, const char **name_r)
{
	struct mailbox_row row;
	const struct err *err;
	bool known, found;

	err = account_find_row(m->account, a, account_sql_by_id, m->id, &row,
	    &known, &found);
	if (err == NULL && !found)
		err = mailbox_deleted();
	if (err == NULL)
		*name_r = row.name;
	return err;
}

uint32_t
mailbox_uidvalidity(const struct mailbox *m)
{
	return m->uidvalidity;
}

void
mailbox_rest(struct mailbox *m)
{
	db_settle(m->db, m->lockfd);
	db_close(m->db);
	m->db = NULL;
}

bool
mailbox_untidy(const struct mailbox *m)
{
	return m != NULL &&
	    (db_untidy(m->db) || db_untidy(m->account->db));
}

void
mailbox_tidy(struct mailbox *m)
{
	if (m == NULL)
		return;
	db_tidy(m->db, m->lockfd);
	db_tidy(m->account->db, m->account->lockfd);
}

void
mailbox_on_progress(struct mailbox *m,
    void (*fn)(void *, uint64_t done, uint64_t total), void *arg)
{
	m->progress = fn;
	m->progress_arg = arg;
}

void
mailbox_progress(struct mailbox *m, uint64_t done, uint64_t total)
{
	if (m->progress != NULL)
		m->progress(m->progress_arg, done, total);
}

int
mailbox_fd(const struct mailbox *m)
{
	return m->fd;
}

uint64_t
mailbox_stamp(const struct mailbox *m)
{
	return stamp_get(m->fd);
}

bool
mailbox_at_work(const struct mailbox *m)
{
	return mailbox_busy(m->lockfd);
}

static bool
at_its_place(const struct mailbox *m)
{
	struct stat here, there;

	return fstat(m->fd, &here) == 0 &&
	    fstatat(m->account->fd, m->id, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

bool
mailbox_gone(const struct mailbox *m)
{
	return !at_its_place(m) &&
	    !(account_bring_back(m->account, m->id) && at_its_place(m));
}

const struct err *
mailbox_deleted(void)
{
	return err_user(RESP_NONEXISTENT, "The mailbox was deleted");
}

const struct err *
mailbox_err(const struct mailbox *m, const struct err *err)
{
	return err != NULL && err->kind == ERR_INTERNAL && mailbox_gone(m) ?
	    mailbox_deleted() : err;
}

/* --- State --- */

static const struct err *
state_bad(const struct mailbox *m)
{
	return err_internal("%s/%s has bad counters; run 'mboxadm check "
	    "--repair %s'", m->what, schema_messages.file, m->account->name);
}

/* False for what no writer leaves; *state_r is then untouched. */
static bool
state_columns(sqlite3_stmt *stmt, struct mailbox_state *state_r)
{
	int64_t v[9];

	for (int i = 0; i < 9; i++)
		v[i] = sqlite3_column_int64(stmt, i);
	if (v[0] < 1 || v[0] >= UINT32_MAX || v[1] < 0 || v[1] >= v[0] ||
	    v[2] < 0 || v[2] > v[1] || v[3] < 0 || v[3] > v[1] || v[4] < 0 ||
	    v[5] < 1 || v[5] > INT64_MAX / 2 || v[6] < 0 || v[6] > v[5] ||
	    v[8] < 0 || v[8] > v[5])
		return false;
	*state_r = (struct mailbox_state){
		.uidnext = (uint32_t)v[0],
		.messages = (uint32_t)v[1],
		.unseen = (uint32_t)v[2],
		.deleted = (uint32_t)v[3],
		.size = (uint64_t)v[4],
		.highestmodseq = (uint64_t)v[5],
		.expungemodseq = (uint64_t)v[6],
		.keywords = (uint32_t)v[7],
		.purgedmodseq = (uint64_t)v[8]
	};
	return true;
}

const struct err *
mailbox_read_state(struct mailbox *m, struct mailbox_state *state_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(m->db, "SELECT uidnext, messages, unseen, deleted, "
	    "size, highestmodseq, expungemodseq, "
	    "(SELECT count(*) FROM keywords), purgedmodseq FROM mailbox "
	    "WHERE id = 1",
	    &stmt);
	if (err != NULL)
		return err;
	err = db_step(m->db, stmt, &row);
	if (err == NULL && (!row || !state_columns(stmt, state_r)))
		err = state_bad(m);
	db_done(stmt);
	/* UIDs are durable here before account.db hears of them. */
	if (err == NULL && state_r->uidnext < m->uidnext)
		err = err_internal("%s/%s is older than account.db; run "
		    "'mboxadm check --repair %s'", m->what,
		    schema_messages.file, m->account->name);
	return err;
}

const struct err *
mailbox_check_uidnext(struct mailbox *m, uint32_t uidnext)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(m->db, "SELECT max("
	    "(SELECT coalesce(max(uid), 0) FROM messages), "
	    "(SELECT coalesce(max(uid), 0) FROM expunged))", &stmt);
	if (err != NULL)
		return err;
	err = db_step(m->db, stmt, &row);
	if (err == NULL && (!row || sqlite3_column_int64(stmt, 0) >= uidnext))
		err = state_bad(m);
	db_done(stmt);
	return err;
}

const struct err *
mailbox_state(struct mailbox *m, struct mailbox_state *state_r)
{
	const struct err *err = mailbox_db(m);

	if (err != NULL)
		return err;
	if (m->db != NULL)
		return mailbox_read_state(m, state_r);
	*state_r = (struct mailbox_state){ .uidnext = 1, .highestmodseq = 1 };
	return NULL;
}

const struct err *
mailbox_recount(struct account *account, struct mailbox_row *row)
{
	struct mailbox_state state;
	struct mailbox *m = NULL;
	const struct err *err;

	err = mailbox_open_row(account, row, &m);
	if (err == NULL)
		err = mailbox_lock(m);
	if (err == NULL) {
		err = mailbox_state(m, &state);
		if (err == NULL)
			err = account_counters_set(account, m->id, &state);
		mailbox_unlock(m);
	}
	mailbox_close(m);
	if (err == NULL) {
		row->uidnext = state.uidnext;
		row->messages = state.messages;
		row->unseen = state.unseen;
		row->deleted = state.deleted;
		row->size = state.size;
		row->highestmodseq = state.highestmodseq;
	}
	return err;
}

/* --- Keywords --- */

static const struct err *
keywords_load(struct mailbox *m)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	const char *name;
	size_t n = 0;
	bool row;

	err = mailbox_db(m);
	if (err != NULL || m->db == NULL)
		return err;
	err = db_prepare(m->db, "SELECT bit, name FROM keywords ORDER BY bit",
	    &stmt);
	if (err != NULL)
		return err;
	while ((err = db_step(m->db, stmt, &row)) == NULL && row) {
		name = (const char *)sqlite3_column_text(stmt, 1);
		/* Bits are given in order and never taken back. */
		if (name == NULL || !flag_keyword_valid(name) ||
		    n == FLAG_KEYWORDS_MAX || sqlite3_column_int64(stmt, 0) !=
		    (int64_t)(FLAG_KEYWORD_FIRST + n)) {
			err = err_internal("%s has a bad keyword; run "
			    "'mboxadm check --repair'", m->what);
			break;
		}
		if (n == m->keywords_n) {
			m->keywords[n] = strdup(name);
			if (m->keywords[n] == NULL)
				fatal("out of memory");
			m->keywords_n++;
		}
		n++;
	}
	db_done(stmt);
	return err;
}

const struct err *
mailbox_keywords(struct mailbox *m, const char *const **names_r, size_t *n_r)
{
	const struct err *err = keywords_load(m);

	if (err == NULL) {
		*names_r = (const char *const *)m->keywords;
		*n_r = m->keywords_n;
	}
	return err;
}

/* 0 when there is none of the name.  Case does not matter: RFC 9051 2.3.2. */
static uint64_t
keyword_bit(const struct mailbox *m, const char *name)
{
	for (size_t i = 0; i < m->keywords_n; i++)
		if (strcasecmp(m->keywords[i], name) == 0)
			return UINT64_C(1) << (FLAG_KEYWORD_FIRST + i);
	return 0;
}

static const struct err *
keyword_insert(struct mailbox *m, const char *name)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	if (m->keywords_n == FLAG_KEYWORDS_MAX)
		return err_user(RESP_LIMIT, "A mailbox has at most %d keywords",
		    FLAG_KEYWORDS_MAX);
	err = db_prepare(m->db, "INSERT INTO keywords VALUES (?1, ?2)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1,
	    (int64_t)(FLAG_KEYWORD_FIRST + m->keywords_n));
	sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
	err = db_run(m->db, stmt);
	if (err == NULL) {
		m->keywords[m->keywords_n] = strdup(name);
		if (m->keywords[m->keywords_n] == NULL)
			fatal("out of memory");
		m->keywords_n++;
	}
	return err;
}

const struct err *
keywords_create(struct mailbox *m, const char *const *names, size_t n)
{
	const struct err *err;

	err = keywords_load(m);
	for (size_t i = 0; err == NULL && i < n; i++)
		if (keyword_bit(m, names[i]) == 0)
			err = keyword_insert(m, names[i]);
	return err;
}

void
keywords_forget(struct mailbox *m, size_t n)
{
	while (m->keywords_n > n)
		free(m->keywords[--m->keywords_n]);
}

const struct err *
mailbox_keyword_mask(struct mailbox *m, const char *const *names, size_t n,
    bool create, uint64_t *mask_r)
{
	const struct err *err;
	struct writer w;
	uint64_t mask = 0;
	size_t before, missing = 0;

	err = n > 0 ? keywords_load(m) : NULL;
	if (err != NULL)
		return err;
	for (size_t i = 0; i < n; i++)
		missing += keyword_bit(m, names[i]) == 0;
	if (create && missing > 0) {
		before = m->keywords_n;
		err = writer_begin(&w, m, false);
		if (err != NULL)
			return err;
		err = keywords_create(m, names, n);
		if (err == NULL)
			err = writer_commit(&w);
		else
			writer_abort(&w);
		if (err != NULL) {
			keywords_forget(m, before);
			return err;
		}
	}
	for (size_t i = 0; i < n; i++)
		mask |= keyword_bit(m, names[i]);
	*mask_r = mask;
	return NULL;
}

/* --- Recent --- */

/* The lock file's first octets: the first UID no session was told of. */
uint32_t
mailbox_recent_of(int lockfd)
{
	unsigned char b[4];
	uint32_t uid;

	if (pread(lockfd, b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return 1;
	uid = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	    (uint32_t)b[3] << 24;
	return uid > 0 ? uid : 1;
}

static uint32_t
recent_read(const struct mailbox *m)
{
	return mailbox_recent_of(m->lockfd);
}

static void
recent_write(const struct mailbox *m, uint32_t uid)
{
	unsigned char b[4] = { (unsigned char)uid, (unsigned char)(uid >> 8),
	    (unsigned char)(uid >> 16), (unsigned char)(uid >> 24) };

	/* Not worth an error: the messages are then recent once more. */
	if (pwrite(m->lockfd, b, sizeof(b), 0) != (ssize_t)sizeof(b))
		log_warning("%s/lock: %s", m->what, strerror(errno));
}

const struct err *
mailbox_recent(struct mailbox *m, bool claim, uint32_t uidnext,
    uint32_t *first_uid_r)
{
	const struct err *err;
	uint32_t first = recent_read(m);

	if (claim && first < uidnext) {
		err = lock_take(m->lockfd);
		if (err != NULL)
			return err;
		first = recent_read(m);
		if (first < uidnext)
			recent_write(m, uidnext);
		lock_drop(m->lockfd);
	}
	*first_uid_r = first;
	return NULL;
}

/* --- Counting --- */

static const struct err *
count_uids(struct mailbox *m, const char *sql, uint32_t first, uint32_t last,
    uint32_t *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(m->db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, first);
	sqlite3_bind_int64(stmt, 2, last);
	err = db_step(m->db, stmt, &row);
	if (err == NULL)
		*n_r = row ? (uint32_t)sqlite3_column_int64(stmt, 0) : 0;
	db_done(stmt);
	return err;
}

const struct err *
mailbox_count_from(struct mailbox *m, uint32_t first, uint32_t *n_r)
{
	const struct err *err = mailbox_db(m);

	*n_r = 0;
	if (err != NULL || m->db == NULL)
		return err;
	return count_uids(m, "SELECT count(*) FROM messages "
	    "WHERE uid BETWEEN ?1 AND ?2", first, UINT32_MAX, n_r);
}

static const char sql_count_some[] = "SELECT count(*) FROM (SELECT 1 FROM "
	"messages WHERE uid BETWEEN ?1 AND ?2 LIMIT 1001)";

const struct err *
mailbox_first_unseen(struct mailbox *m, uint32_t uidnext, uint32_t *seq_r)
{
	const struct err *err = mailbox_db(m);
	struct mailbox_state state;
	uint32_t uid, n;

	*seq_r = 0;
	if (err == NULL && m->db != NULL)
		err = db_begin_read(m->db);
	if (err != NULL || m->db == NULL)
		return err;
	err = mailbox_read_state(m, &state);
	if (err == NULL)
		err = count_uids(m, "SELECT min(uid) FROM messages WHERE "
		    "flags & 8 = 0 AND uid BETWEEN ?1 AND ?2", 1, uidnext - 1,
		    &uid);
	/* No holes: the UID is the number.  Else count from the nearer end. */
	if (err != NULL || uid == 0)
		goto done;
	if (state.messages == state.uidnext - 1) {
		*seq_r = uid;
		goto done;
	}
	err = count_uids(m, sql_count_some, 1, uid - 1, &n);
	if (err == NULL && n <= UNSEEN_COUNT_MAX) {
		*seq_r = n + 1;
		goto done;
	}
	if (err == NULL)
		err = count_uids(m, sql_count_some, uid, UINT32_MAX, &n);
	if (err == NULL && n <= UNSEEN_COUNT_MAX)
		*seq_r = state.messages - n + 1;
done:
	db_end_read(m->db);
	return err;
}

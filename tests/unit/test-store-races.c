/* test-store-races.c - what others do in between, crashes, and bad databases
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/check-private.h"
#include "store/users.h"
#include "wire/mboxname.h"

#include "test.h"

static const char text[] = "Subject: Numbers\r\n\r\nOne, two.\r\n";

static struct conf conf = { .delimiter = '\\', .expunge_retention = 86400,
    .tombstone_retention = 90 * 86400,
    .journal = JOURNAL_WAL, .inotify = true };
static struct arena *a;
static struct store *store;
static struct account *account;
static char dir[] = "/tmp/test-store-races-XXXXXX";

static bool
refused(const struct err *err, const char *code)
{
	return CHECK(err != NULL && err->kind == ERR_USER &&
	    err->code != NULL) && CHECK_STR(err->code, code);
}

static struct mailbox *
open_mailbox(const char *s)
{
	struct mailbox *m = NULL;

	CHECK_OK(mailbox_open(account, s, &m));
	return m;
}

static void
add_messages(struct mailbox *m, uint32_t n)
{
	struct upload *up;
	uint32_t uid;

	for (uint32_t i = 0; i < n; i++) {
		CHECK_OK(upload_new(m, &up));
		CHECK_OK(upload_write(up, text, sizeof(text) - 1));
		CHECK_OK(upload_finish(up));
		CHECK_OK(mailbox_append(m, &up, 1, &uid));
		upload_free(up);
	}
}

/* A new mailbox with n messages. */
static struct mailbox *
make_mailbox(const char *s, uint32_t n)
{
	struct mailbox *m;

	CHECK_OK(account_create(account, s, NULL, NULL));
	m = open_mailbox(s);
	add_messages(m, n);
	return m;
}

static bool
has_file(struct mailbox *m, const char *name)
{
	return faccessat(mailbox_fd(m), name, F_OK, 0) == 0;
}

static struct seqset
set_of(uint32_t first, uint32_t last)
{
	struct seqrange *r = arena_alloc(a, sizeof(*r));

	*r = (struct seqrange){ first, last };
	return (struct seqset){ r, 1 };
}

/* Expunge and purge at once. */
static void
destroy(struct mailbox *m, uint32_t uid)
{
	struct seqset set = set_of(uid, uid);
	uint32_t n;

	conf.expunge_retention = 0;
	CHECK_OK(mailbox_expunge(m, &set, true, &n));
	conf.expunge_retention = 86400;
	CHECK_INT(n, 1);
}

static void
undelete_leaves_one_file(void)
{
	struct mailbox *m = make_mailbox("undelete", 3);
	uint32_t n;

	CHECK_OK(mailbox_expunge(m, &(struct seqset){
	    (struct seqrange[]){ { 1, 2 } }, 1 }, true, &n));
	/* A purge that was cut off before its commit. */
	CHECK_INT(unlinkat(mailbox_fd(m), "1", 0), 0);
	CHECK_OK(mailbox_undelete(m, NULL, &n));
	CHECK_INT(n, 1);
	CHECK(has_file(m, "4"));
	CHECK(!has_file(m, "2"));
	CHECK(!has_file(m, "5"));
	mailbox_close(m);
}

/* Called when account.db changes: the counters of who wrote by now would be
 * overwritten. */
static unsigned int rebuilt, rebuilt_open;

static int
try_lock(void *arg)
{
	struct mailbox *old = arg;
	int fd = dir_open(account->fd, old->id), lockfd = -1;

	if (!mailbox_gone(old)) {
		close(fd);
		return 0;
	}
	rebuilt++;
	CHECK_OK(lock_open(fd, "new", &lockfd));
	rebuilt_open += lock_try(lockfd);
	close(lockfd);
	close(fd);
	return 0;
}

static void
rebuilt_mailbox_is_locked_until_it_is_counted(void)
{
	struct mailbox *m = make_mailbox("rebuilt", 3);
	struct mailbox_row row;
	uint64_t n = 0;

	CHECK_OK(account_find(account, a, "rebuilt", &row));
	CHECK_OK(lock_take(m->lockfd));
	sqlite3_commit_hook(db_sqlite(account->db), try_lock, m);
	CHECK_OK(check_rebuild(account, &row, m->fd, m->lockfd, &n));
	sqlite3_commit_hook(db_sqlite(account->db), NULL, NULL);
	CHECK_INT(n, 3);
	CHECK_INT(rebuilt, 1);
	CHECK_INT(rebuilt_open, 0);
	mailbox_close(m);
	m = open_mailbox("rebuilt");
	add_messages(m, 1);
	mailbox_close(m);
	CHECK_OK(account_find(account, a, "rebuilt", &row));
	CHECK_INT(row.messages, 4);
}

#define PAGE	4096

/* In the leaf of the messages' table the row of one UID gets another. */
static void
spoil_uid(struct mailbox *m, unsigned char uid, unsigned char as)
{
	unsigned char page[PAGE];
	sqlite3_stmt *stmt;
	bool row, done = false;
	off_t root;
	size_t at;
	int fd;

	CHECK_OK(db_prepare(m->db, "SELECT rootpage FROM sqlite_schema "
	    "WHERE name = 'messages'", &stmt));
	CHECK_OK(db_step(m->db, stmt, &row));
	root = ((off_t)sqlite3_column_int64(stmt, 0) - 1) * PAGE;
	db_done(stmt);
	CHECK_OK(db_exec(m->db, "PRAGMA wal_checkpoint(TRUNCATE)"));
	fd = openat(m->fd, "messages.db", O_RDWR | O_CLOEXEC);
	CHECK(pread(fd, page, PAGE, root) == PAGE && page[0] == 13);
	for (size_t i = 8; i < 8 + (size_t)2 * page[4] && !done; i += 2) {
		/* The length of the row, then its number: one octet each. */
		at = ((size_t)page[i] << 8 | page[i + 1]) + 1;
		done = at < PAGE && page[at] == uid &&
		    pwrite(fd, &as, 1, root + (off_t)at) == 1;
	}
	CHECK(done);
	close(fd);
}

static bool
is_damage(const struct err *err)
{
	return err != NULL && err->kind == ERR_INTERNAL;
}

static const struct err *
scan_all(struct mailbox *m, unsigned int want, unsigned int pause)
{
	struct seqset_builder b = { 0 };
	struct scan *scan = NULL;
	const struct err *err;
	struct message msg;
	unsigned int n = 0;
	bool more = true;

	err = scan_open(m, NULL, want, 0, &scan);
	while (err == NULL && (err = scan_next(scan, &msg, &more)) == NULL &&
	    more) {
		if ((want & SCAN_DOWN) == 0)
			seqset_add(&b, msg.uid);
		if (++n % pause == 0)
			scan_pause(scan);
		if (!CHECK(n < 100))
			break;
	}
	scan_close(scan);
	seqset_builder_clear(&b);
	return err;
}

/* One octet on the disk: SQLite gives what lies there, in the order it has.  Where
 * it must be met, it is. */
static void
read_disorder(struct mailbox *m, bool met)
{
	static const unsigned int wants[] = { 0, SCAN_DATES, SCAN_ENVELOPE,
	    SCAN_ENVELOPE | SCAN_EXPUNGED, SCAN_DOWN,
	    SCAN_ENVELOPE | SCAN_DOWN };
	struct store_if cond = { .unchangedsince = 1 };
	struct seqset all = set_of(1, 5);
	struct seqset_builder b = { 0 };
	struct mailbox *to = open_mailbox("undelete");
	struct change changes[8];
	struct copy_result result;
	uint64_t modseq;
	size_t n;

	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
		for (unsigned int pause = 1; pause < 8; pause++)
			CHECK(is_damage(scan_all(m, wants[i], pause)) || !met ||
			    pause < 7);
	CHECK(is_damage(mailbox_uids(m, 1, 6, 0, &b)) || !met);
	CHECK(is_damage(mailbox_copy(m, to, &all, false, UINT64_MAX, a,
	    &result)) || !met);
	CHECK(is_damage(mailbox_changes(m, 1, 0, 1, 6, changes, 8, &n)) ||
	    !met);
	CHECK(is_damage(mailbox_store_if(m, &all, STORE_ADD, FLAG_DRAFT,
	    UINT64_MAX, &cond, &modseq)) || !met);
	seqset_builder_clear(&cond.failed);
	seqset_builder_clear(&b);
	mailbox_close(to);
}

static void
rows_out_of_order_are_damage(void)
{
	static const struct {
		const char	*name;
		unsigned char	 as;
		bool		 met;	/* else a walk may end before it */
	} rows[] = {
		{ "disorder", 2, true }, { "disorder-same", 3, false },
		{ "disorder-none", 0, false }, { "disorder-high", 9, false }
	};
	struct seqset all = set_of(1, 5);
	struct mailbox *m;
	uint64_t modseq;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		TEST_ROW("%s", rows[i].name);
		m = make_mailbox(rows[i].name, 5);
		CHECK_OK(mailbox_store(m, &all, STORE_ADD, FLAG_SEEN,
		    UINT64_MAX, &modseq));
		spoil_uid(m, 4, rows[i].as);
		mailbox_close(m);
		m = open_mailbox(rows[i].name);
		read_disorder(m, rows[i].met);
		mailbox_close(m);
	}
}

static void
what_is_in_both_tables_is_one_message(void)
{
	struct mailbox *m = make_mailbox("both", 3);
	struct seqset_builder b = { 0 };
	struct scan *scan = NULL;
	struct message msg;
	unsigned int n = 0;
	bool more = true;

	CHECK_OK(db_exec(m->db, "INSERT INTO expunged SELECT uid, flags, "
	    "modseq, date, zone, savedate, size, 1, 0 FROM messages; "
	    "UPDATE mailbox SET expungemodseq = highestmodseq"));
	CHECK_OK(mailbox_uids(m, 1, 4, 0, &b));
	CHECK(b.n == 1 && b.ranges[0].first == 1 && b.ranges[0].last == 3);
	seqset_builder_clear(&b);
	CHECK_OK(scan_open(m, NULL, SCAN_EXPUNGED | SCAN_DATES, 0, &scan));
	while (scan_next(scan, &msg, &more) == NULL && more)
		CHECK_INT(msg.uid, ++n);
	CHECK_INT(n, 3);
	scan_close(scan);
	mailbox_close(m);
}

static struct mailbox *other;

/* Called at the first row that COPY inserts: message 2 goes meanwhile. */
static void
destroy_second(void *arg, int op, const char *db, const char *table,
    sqlite3_int64 row)
{
	(void)arg, (void)op, (void)db, (void)table, (void)row;
	if (has_file(other, "2"))
		destroy(other, 2);
}

static void
copy_leaves_out_what_is_purged_meanwhile(void)
{
	struct mailbox *m = make_mailbox("purged", 3);
	struct mailbox *to = make_mailbox("purged-to", 1);
	struct seqset set = set_of(1, 3);
	struct copy_result result;

	other = open_mailbox("purged");
	sqlite3_update_hook(db_sqlite(to->db), destroy_second, NULL);
	CHECK_OK(mailbox_copy(m, to, &set, false, UINT64_MAX, a, &result));
	CHECK_INT(result.missing, 1);
	CHECK_INT(seqset_count(&result.from), 2);
	CHECK_INT(seqset_count(&result.to), 2);
	CHECK_INT(result.to.ranges[0].first, 2);
	CHECK_INT(result.to.ranges[0].last, 3);
	mailbox_close(other);
	mailbox_close(to);
	mailbox_close(m);
}

/* The head of the index of the write-ahead log: where the last commit ends. */
#define WAL_HEAD	136

/*
 * What a writer leaves that is killed while it waits for the disk: its commit
 * is in the log, and no head tells of it.
 */
static void
append_and_die(const char *s)
{
	char head[WAL_HEAD];
	struct mailbox *m;
	struct upload *up;
	uint32_t uid;
	int fd;

	if (store_open(arena_printf(a, "%s/store", dir), &conf, &store) ||
	    account_open(store, ACCOUNT_USER, "alice", &account) ||
	    mailbox_open(account, s, &m) || upload_new(m, &up) ||
	    upload_finish(up))
		_exit(1);
	fd = openat(mailbox_fd(m), "messages.db-shm", O_RDWR | O_CLOEXEC);
	if (pread(fd, head, sizeof(head), 0) != sizeof(head) ||
	    mailbox_append(m, &up, 1, &uid) ||
	    pwrite(fd, head, sizeof(head), 0) != sizeof(head) ||
	    pwrite(m->lockfd, "\1", 1, 4) != 1)
		_exit(1);
	_exit(0);
}

static void
a_commit_that_nobody_saw_does_not_come_back(void)
{
	struct mailbox *m = make_mailbox("killed", 2), *src;
	struct copy_result result;
	struct seqset set = set_of(1, 2);
	struct mailbox_state state;
	struct mailbox_row row;
	int status, fd;
	pid_t pid;

	src = make_mailbox("killed-from", 1);
	CHECK_OK(mailbox_state(m, &state));
	if ((pid = fork()) == 0)
		append_and_die("killed");
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK_OK(mailbox_state(m, &state));
	CHECK_INT(state.messages, 2);
	CHECK(has_file(m, "3"));
	/* The copy places its file as 3, is refused, and takes it back. */
	refused(mailbox_copy(src, m, &set, true, UINT64_MAX, a, &result),
	    "EXPUNGEISSUED");
	CHECK(!has_file(m, "3"));
	/* With the last connection the index goes; the next reads the log. */
	mailbox_close(m);
	m = open_mailbox("killed");
	CHECK_OK(mailbox_state(m, &state));
	CHECK_OK(account_find(account, a, "killed", &row));
	CHECK_INT(row.messages, state.messages);
	CHECK_INT(row.uidnext, state.uidnext);
	for (uint32_t uid = 1; uid < state.uidnext; uid++)
		if (mailbox_message_fd(m, uid, &fd) == NULL)
			close(fd);
		else
			CHECK(state.messages < uid);
	mailbox_close(src);
	mailbox_close(m);
}

/* The same of a DELETE, and of account.db. */
static void
delete_and_die(const char *s)
{
	char head[WAL_HEAD];
	int fd;

	if (store_open(arena_printf(a, "%s/store", dir), &conf, &store) ||
	    account_open(store, ACCOUNT_USER, "alice", &account))
		_exit(1);
	fd = openat(account->fd, "account.db-shm", O_RDWR | O_CLOEXEC);
	if (pread(fd, head, sizeof(head), 0) != sizeof(head) ||
	    account_delete(account, s) ||
	    pwrite(fd, head, sizeof(head), 0) != sizeof(head))
		_exit(1);
	_exit(0);
}

/* Whoever had account.db open brought the directory back, and the row went when the
 * last of them closed it: no name led to the mail any more. */
static void
a_delete_that_nobody_saw_does_not_come_back(void)
{
	struct mailbox *m;
	struct mailbox_state state = { 0 };
	int status;
	pid_t pid;

	/* With a log that is too short to be carried over at the end. */
	account_close(account);
	CHECK_OK(account_open(store, ACCOUNT_USER, "alice", &account));
	m = make_mailbox("undeleted", 2);
	mailbox_close(m);
	if ((pid = fork()) == 0)
		delete_and_die("undeleted");
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	m = open_mailbox("undeleted");
	mailbox_close(m);
	account_close(account);
	CHECK_OK(account_open(store, ACCOUNT_USER, "alice", &account));
	m = NULL;
	CHECK_OK(mailbox_open(account, "undeleted", &m));
	if (m != NULL)
		CHECK_OK(mailbox_state(m, &state));
	CHECK_INT(state.messages, 2);
	mailbox_close(m);
}

static void
copy_into_itself_ends(void)
{
	struct mailbox *m = make_mailbox("self", 3);
	struct seqset set = set_of(1, 100);
	struct copy_result result;

	CHECK_OK(mailbox_copy(m, m, &set, false, UINT64_MAX, a, &result));
	CHECK_INT(seqset_count(&result.to), 3);
	mailbox_close(m);
}

/* --- MOVE --- */

static int
refuse_commit(void *arg)
{
	(void)arg;
	return 1;
}

static int
die_at_commit(void *arg)
{
	(void)arg;
	_exit(7);
}

static void
has_messages(struct mailbox *m, uint32_t messages)
{
	struct mailbox_state state;
	uint32_t n = 0;
	int fd;

	CHECK_OK(mailbox_state(m, &state));
	CHECK_INT(state.messages, messages);
	CHECK_OK(mailbox_count_from(m, 1, &n));
	CHECK_INT(n, messages);
	CHECK_OK(mailbox_message_fd(m, 1, &fd));
	close(fd);
}

static void
a_move_that_fails_half_way_is_taken_back(void)
{
	struct mailbox *from = make_mailbox("move-from", 3);
	struct mailbox *to = make_mailbox("move-to", 1);
	struct seqset set = set_of(1, 3);
	struct copy_result result = { .uidvalidity = 0 };
	const struct err *err;

	/* Neither commit, then the first alone. */
	sqlite3_commit_hook(db_sqlite(to->db), refuse_commit, NULL);
	err = mailbox_move(from, to, &set, UINT64_MAX, a, &result);
	CHECK(err != NULL && err->kind == ERR_INTERNAL);
	has_messages(from, 3);
	has_messages(to, 1);
	sqlite3_commit_hook(db_sqlite(to->db), NULL, NULL);
	sqlite3_commit_hook(db_sqlite(from->db), refuse_commit, NULL);
	err = mailbox_move(from, to, &set, UINT64_MAX, a, &result);
	CHECK(err != NULL && err->kind == ERR_INTERNAL);
	CHECK_INT(result.uidvalidity, 0);
	has_messages(from, 3);
	has_messages(to, 1);
	/* Nothing is locked, and all goes well later. */
	sqlite3_commit_hook(db_sqlite(from->db), NULL, NULL);
	set = set_of(2, 3);
	CHECK_OK(mailbox_move(from, to, &set, UINT64_MAX, a, &result));
	CHECK_INT(seqset_count(&result.to), 2);
	has_messages(from, 1);
	has_messages(to, 3);
	mailbox_close(from);
	mailbox_close(to);
}

static int
refuse_second_commit(void *arg)
{
	unsigned int *n = arg;

	return ++*n > 1;
}

/* A full disk: each further try added the messages once more. */
static void
a_move_that_can_neither_end_nor_be_taken_back_ends_later(void)
{
	struct mailbox *from = make_mailbox("stuck-from", 3);
	struct mailbox *to = make_mailbox("stuck-to", 1);
	struct seqset set = set_of(1, 2);
	struct copy_result result = { 0 };
	const struct err *err;
	unsigned int n = 0;

	sqlite3_commit_hook(db_sqlite(to->db), refuse_second_commit, &n);
	sqlite3_commit_hook(db_sqlite(from->db), refuse_commit, NULL);
	err = mailbox_move(from, to, &set, UINT64_MAX, a, &result);
	CHECK(err != NULL && err->kind == ERR_INTERNAL);
	CHECK(err != NULL && strstr(err->client, "in the other mailbox") != NULL);
	has_messages(from, 3);
	has_messages(to, 3);
	sqlite3_commit_hook(db_sqlite(to->db), NULL, NULL);
	sqlite3_commit_hook(db_sqlite(from->db), NULL, NULL);
	CHECK_OK(mailbox_move(from, to, &set, UINT64_MAX, a, &result));
	CHECK_INT(result.missing, 2);
	has_messages(from, 1);
	has_messages(to, 3);
	mailbox_close(from);
	mailbox_close(to);
}

/* What a process does that dies when one of the move's commits comes. */
static uint32_t die_first = 1, die_last = 3;

static void
move_and_die(bool second, const char *src, const char *dst)
{
	struct seqset set = set_of(die_first, die_last);
	struct mailbox *to;
	struct copy_result result;
	struct store *own;
	char path[64];

	snprintf(path, sizeof(path), "%s/store", dir);
	CHECK_OK(store_open(path, &conf, &own));
	CHECK_OK(account_open(own, ACCOUNT_USER, "alice", &account));
	other = open_mailbox(src);
	to = open_mailbox(dst);
	sqlite3_commit_hook(db_sqlite(second ? other->db : to->db),
	    die_at_commit, NULL);
	mailbox_move(other, to, &set, UINT64_MAX, a, &result);
	_exit(1);
}

static void
crash_in_move(bool second, const char *src, const char *dst)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		move_and_die(second, src, dst);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/*
 * Before the first commit nothing has happened, though a note is left; after it
 * who opens the mailbox finishes the move (intent.c).
 */
static void
a_crash_in_a_move_is_mended(void)
{
	struct mailbox *from = make_mailbox("die-from", 3), *to;
	struct mailbox *watcher = open_mailbox("die-from");

	mailbox_close(from);
	mailbox_close(make_mailbox("die-to", 1));
	crash_in_move(false, "die-from", "die-to");
	from = open_mailbox("die-from");
	to = open_mailbox("die-to");
	has_messages(from, 3);
	has_messages(to, 1);
	mailbox_close(from);
	mailbox_close(to);
	crash_in_move(true, "die-from", "die-to");
	has_messages(watcher, 3);
	from = open_mailbox("die-from");
	to = open_mailbox("die-to");
	has_messages(from, 0);
	has_messages(watcher, 0);
	has_messages(to, 4);
	mailbox_close(from);
	mailbox_close(to);
	mailbox_close(watcher);
}

/* What arrived is in the log, and nobody sees it: it is to stay so when the messages
 * are left where they were. */
static void
an_arrival_that_nobody_saw_does_not_come_back(void)
{
	struct mailbox *from, *to;
	char head[WAL_HEAD];
	int fd;

	mailbox_close(make_mailbox("unseen-from", 3));
	to = make_mailbox("unseen-to", 1);
	has_messages(to, 1);
	fd = openat(mailbox_fd(to), "messages.db-shm", O_RDWR | O_CLOEXEC);
	CHECK(pread(fd, head, sizeof(head), 0) == sizeof(head));
	crash_in_move(true, "unseen-from", "unseen-to");
	CHECK(pwrite(fd, head, sizeof(head), 0) == sizeof(head));
	close(fd);
	/* It died before its counters were told. */
	CHECK_OK(db_exec(account->db, "UPDATE mailboxes SET uidnext = 2, "
	    "boot = 0 WHERE name = 'unseen-to'"));
	has_messages(to, 1);
	from = open_mailbox("unseen-from");
	has_messages(from, 3);
	mailbox_close(to);
	to = open_mailbox("unseen-to");
	has_messages(to, 1);
	mailbox_close(to);
	mailbox_close(from);
}

/* Somebody else's message under the UID that was to come is no proof. */
static void
a_move_that_did_not_arrive_takes_nothing(void)
{
	struct mailbox *from, *to;

	mailbox_close(make_mailbox("die-to-2", 1));
	mailbox_close(make_mailbox("die-from-2", 3));
	crash_in_move(false, "die-from-2", "die-to-2");
	to = open_mailbox("die-to-2");
	add_messages(to, 3);
	mailbox_close(to);
	from = open_mailbox("die-from-2");
	has_messages(from, 3);
	mailbox_close(from);
}

/* The token of the first was kept in one place, and the second took that. */
static void
a_second_move_to_the_same_place_leaves_the_first_to_be_finished(void)
{
	struct mailbox *one, *two, *to;

	mailbox_close(make_mailbox("die-one", 3));
	mailbox_close(make_mailbox("die-two", 2));
	mailbox_close(make_mailbox("die-both", 1));
	crash_in_move(true, "die-one", "die-both");
	crash_in_move(true, "die-two", "die-both");
	one = open_mailbox("die-one");
	two = open_mailbox("die-two");
	to = open_mailbox("die-both");
	has_messages(one, 0);
	has_messages(two, 0);
	has_messages(to, 6);
	mailbox_close(one);
	mailbox_close(two);
	mailbox_close(to);
}

/*
 * Who cannot look into the other mailbox cannot tell, and must not forget either
 * when he moves messages himself.
 */
static void
a_move_that_nobody_can_judge_yet_waits(void)
{
	struct mailbox *from, *one, *two;

	mailbox_close(make_mailbox("wait-from", 3));
	mailbox_close(make_mailbox("wait-two", 1));
	one = make_mailbox("wait-one", 1);
	crash_in_move(true, "wait-from", "wait-one");
	CHECK_OK(db_exec(one->db, "ALTER TABLE arrival RENAME TO away"));
	from = open_mailbox("wait-from");
	add_messages(from, 2);
	has_messages(from, 5);
	mailbox_close(from);
	die_first = 4, die_last = 5;
	crash_in_move(true, "wait-from", "wait-two");
	die_first = 1, die_last = 3;
	from = open_mailbox("wait-from");
	has_messages(from, 3);
	CHECK_OK(db_exec(one->db, "ALTER TABLE away RENAME TO arrival"));
	mailbox_close(from);
	from = open_mailbox("wait-from");
	two = open_mailbox("wait-two");
	has_messages(from, 0);
	has_messages(one, 4);
	has_messages(two, 3);
	mailbox_close(from);
	mailbox_close(one);
	mailbox_close(two);
}

static void
a_move_into_itself_is_one_commit(void)
{
	struct mailbox *m = make_mailbox("move-self", 3);
	struct seqset set = set_of(2, 3);
	struct copy_result result;
	struct mailbox_state state;

	CHECK_OK(mailbox_move(m, m, &set, UINT64_MAX, a, &result));
	CHECK_INT(result.from.ranges[0].first, 2);
	CHECK_INT(result.to.ranges[0].first, 4);
	CHECK_INT(result.missing, 0);
	has_messages(m, 3);
	CHECK_OK(mailbox_state(m, &state));
	CHECK_INT(state.uidnext, 6);
	set = set_of(2, 4);
	CHECK_OK(mailbox_move(m, m, &set, UINT64_MAX, a, &result));
	CHECK_INT(result.missing, 2);
	CHECK_INT(seqset_count(&result.to), 1);
	has_messages(m, 3);
	mailbox_close(m);
}

/* --- The write-ahead log --- */

static off_t
log_size(struct mailbox *m)
{
	struct stat st;

	return fstatat(mailbox_fd(m), "messages.db-wal", &st, 0) == 0 ?
	    st.st_size : -1;
}

/* Changes of one flag, back and forth; the largest size that the log had. */
static off_t
change_flags(struct mailbox *m, unsigned int n)
{
	struct seqset set = set_of(1, 1);
	off_t most = 0, size;
	uint64_t modseq;

	for (unsigned int i = 0; i < n; i++) {
		CHECK_OK(mailbox_store(m, &set, i % 2 == 0 ? STORE_ADD :
		    STORE_REMOVE, FLAG_SEEN, FLAG_SEEN, &modseq));
		size = log_size(m);
		if (size > most)
			most = size;
	}
	return most;
}

#define PAGE	4096	/* octets in the log for each page, and a bit */
#define BEGUN	(32 + 24 + PAGE)	/* a log that has just been begun anew */

/* Or who opens the mailbox next has all of it to read. */
static void
a_log_is_carried_over_when_a_session_rests(void)
{
	struct mailbox *m = make_mailbox("log-rest", 1);

	CHECK(change_flags(m, 100) > 64 * PAGE);
	mailbox_rest(m);
	CHECK_INT(log_size(m), BEGUN);
	/* A small one may stay: the two syncs are dearer. */
	CHECK(change_flags(m, 2) > 0);
	mailbox_rest(m);
	CHECK(log_size(m) > 0);
	mailbox_close(m);
}

static void
a_log_is_bounded_while_its_writer_goes_on(void)
{
	struct mailbox *m = make_mailbox("log-bound", 1);
	off_t most = change_flags(m, 3000);

	CHECK(most > 900 * PAGE);
	CHECK(most < 1100 * PAGE);
	mailbox_close(m);
}

/* Waiting for the lock before a rest could take as long as another's change. */
static void
a_log_is_left_alone_while_another_has_the_lock(void)
{
	struct mailbox *m = make_mailbox("log-lock", 1);
	off_t size = change_flags(m, 100);
	int fd;

	CHECK_OK(lock_open(mailbox_fd(m), "log-lock", &fd));
	CHECK(lock_try(fd));
	mailbox_rest(m);
	CHECK_INT(log_size(m), size);
	close(fd);
	change_flags(m, 1);
	mailbox_rest(m);
	CHECK_INT(log_size(m), BEGUN);
	mailbox_close(m);
}

/* As a session does when the disk was read-only, and when it waits. */
static void
a_scan_goes_on_after_the_database_was_opened_anew(void)
{
	struct mailbox *m = make_mailbox("scan-anew", 3);

	for (int i = 0; i < 2; i++) {
		struct scan *scan;
		struct message msg;
		unsigned int n = 0;
		bool more;

		CHECK_OK(scan_open(m, NULL, 0, 0, &scan));
		while (scan_next(scan, &msg, &more) == NULL && more)
			n++;
		scan_close(scan);
		CHECK_INT(n, 3);
		db_rest(m->db);
	}
	mailbox_close(m);
}

static void
a_message_is_never_taken_for_an_orphan(void)
{
	struct mailbox *m = make_mailbox("uidnext", 3);
	struct upload *up;
	const struct err *err;
	struct stat one, two;
	uint32_t uid;

	CHECK(fstatat(mailbox_fd(m), "3", &one, 0) == 0);
	CHECK_OK(db_exec(m->db, "DELETE FROM messages WHERE uid = 2;"
	    "UPDATE mailbox SET uidnext = 2, messages = 1, unseen = 1"));
	CHECK_OK(upload_new(m, &up));
	CHECK_OK(upload_finish(up));
	err = mailbox_append(m, &up, 1, &uid);
	CHECK(err != NULL && err->kind == ERR_INTERNAL);
	CHECK(has_file(m, "2"));
	CHECK_OK(db_exec(m->db, "UPDATE mailbox SET uidnext = 3"));
	err = mailbox_append(m, &up, 1, &uid);
	CHECK(err != NULL && err->kind == ERR_INTERNAL);
	CHECK(fstatat(mailbox_fd(m), "3", &two, 0) == 0);
	CHECK(one.st_ino == two.st_ino);
	upload_free(up);
	mailbox_close(m);
}

static void
bad_counters_are_refused(void)
{
	static const char *const bad[] = {
		"uidnext = 0", "uidnext = -1", "uidnext = 4294967296 + 5",
		"uidnext = 4294967295", "messages = 5", "messages = -1",
		"unseen = 4", "unseen = -1", "deleted = 4294967296",
		"size = -1", "highestmodseq = 0",
		"highestmodseq = 9223372036854775807", "expungemodseq = -1",
		"expungemodseq = 100"
	};
	struct mailbox *m = make_mailbox("counters", 3);
	struct mailbox_state state;

	for (size_t i = 0; i < TEST_N(bad); i++) {
		const struct err *err;

		TEST_ROW("%s", bad[i]);
		CHECK_OK(db_begin(m->db, false));
		CHECK_OK(db_exec(m->db, arena_printf(a,
		    "UPDATE mailbox SET %s", bad[i])));
		err = mailbox_state(m, &state);
		CHECK(err != NULL && err->kind == ERR_INTERNAL &&
		    strstr(err->text, "mboxadm check") != NULL);
		db_rollback(m->db);
		CHECK_OK(mailbox_state(m, &state));
	}
	mailbox_close(m);
}

static void
rows_with_impossible_uids_do_no_harm(void)
{
	struct mailbox *m = make_mailbox("uids", 2);
	struct seqset_builder b = { 0 };
	bool known;
	uint32_t n;

	CHECK_OK(db_exec(m->db, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL "
	    "SELECT x + 1 FROM c WHERE x < 1500) "
	    "INSERT INTO expunged SELECT -x, 0, 9, 0, 0, 0, 0, 0, 0 FROM c"));
	CHECK_OK(mailbox_purge(m, UINT32_MAX, &n));
	CHECK_INT(n, 0);
	CHECK_OK(mailbox_expunged(m, 0, INT64_MAX, UINT32_MAX, &b, &known));
	CHECK(known);
	CHECK_INT(b.n, 0);
	seqset_builder_clear(&b);
	mailbox_close(m);
}

static void
a_mailbox_deleted_meanwhile_is_no_damage(void)
{
	struct mailbox_row row, *rows;
	struct mailbox *m = make_mailbox("gone", 1), *late = NULL;
	struct upload *up = NULL;
	size_t n;

	CHECK_OK(account_row(account, a, "gone", &row));
	conf.expunge_retention = 0;
	CHECK_OK(account_delete(account, "gone"));
	conf.expunge_retention = 86400;
	refused(mailbox_open_row(account, &row, &late), "NONEXISTENT");
	refused(upload_new(m, &up), "NONEXISTENT");
	mailbox_close(m);
	CHECK_OK(account_list(account, a, true, &rows, &n));
}

static void
a_stamp_differs_after_each_commit(void)
{
	struct mailbox *m = make_mailbox("stamp", 1);
	struct seqset set = set_of(1, 1);
	struct timespec old[2] = { { .tv_nsec = UTIME_OMIT } };
	struct stat st;
	uint64_t stamp, modseq;

	/* The kernel's time of a file that comes, the same as long before. */
	CHECK(fstat(mailbox_fd(m), &st) == 0);
	old[1] = st.st_mtim;
	stamp = mailbox_stamp(m);
	CHECK_OK(mailbox_store(m, &set, STORE_ADD, FLAG_SEEN, FLAG_SYSTEM,
	    &modseq));
	CHECK(mailbox_stamp(m) != stamp);
	CHECK(futimens(mailbox_fd(m), old) == 0);
	CHECK(mailbox_stamp(m) != stamp);
	/* The clock was set back. */
	old[0] = old[1] = (struct timespec){ .tv_sec = st.st_mtim.tv_sec +
	    3600 };
	CHECK(futimens(mailbox_fd(m), old) == 0);
	CHECK_OK(mailbox_store(m, &set, STORE_REMOVE, FLAG_SEEN, FLAG_SYSTEM,
	    &modseq));
	CHECK(fstat(mailbox_fd(m), &st) == 0);
	CHECK(st.st_mtim.tv_sec > old[1].tv_sec || st.st_mtim.tv_nsec > 0);
	mailbox_close(m);
}

/* All changes, max at a time. */
static size_t
count_changes(struct mailbox *m, uint64_t since, uint64_t own, size_t max)
{
	struct change changes[8];
	uint32_t first = 1;
	size_t n, sum = 0;

	do {
		CHECK_OK(mailbox_changes(m, since, own, first, 100, changes,
		    max, &n));
		for (size_t i = 0; i < n; i++) {
			CHECK(changes[i].uid >= first);
			first = changes[i].uid + 1;
		}
		sum += n;
	} while (n == max);
	return sum;
}

static void
many_changes_come_in_pieces(void)
{
	struct mailbox *m = make_mailbox("changes", 20);
	struct seqset set = set_of(5, 20);
	struct mailbox_state state;
	uint64_t modseq;

	CHECK_OK(mailbox_state(m, &state));
	CHECK_OK(mailbox_store(m, &set, STORE_ADD, FLAG_SEEN, FLAG_SYSTEM,
	    &modseq));
	set = set_of(7, 8);
	CHECK_OK(mailbox_store(m, &set, STORE_ADD, FLAG_FLAGGED, FLAG_SYSTEM,
	    &modseq));
	for (size_t max = 1; max <= 8; max++) {
		TEST_ROW("%zu", max);
		CHECK_INT(count_changes(m, state.highestmodseq, 0, max), 16);
		CHECK_INT(count_changes(m, state.highestmodseq, modseq, max),
		    14);
		CHECK_INT(count_changes(m, modseq - 1, 0, max), 2);
		CHECK_INT(count_changes(m, modseq, 0, max), 0);
	}
	mailbox_close(m);
}

static uint32_t
uidvalidity(const char *s)
{
	struct mailbox_row row = { .uidvalidity = 0 };

	CHECK_OK(account_row(account, a, s, &row));
	return row.uidvalidity;
}

/* RFC 9051 2.3.1.1 */
static void
uidvalidity_of_a_name_only_grows(void)
{
	uint32_t first, second;

	CHECK_OK(account_create(account, "old", NULL, NULL));
	CHECK_OK(account_create(account, "old\x1f" "below", NULL, NULL));
	CHECK_OK(account_create(account, "new", NULL, NULL));
	CHECK_OK(account_create(account, "new\x1f" "below", NULL, NULL));
	first = uidvalidity("old");
	/* A name that was never used: all stays, there and back. */
	CHECK_OK(account_rename(account, "old", "unused"));
	CHECK_INT(uidvalidity("unused"), first);
	CHECK_OK(account_rename(account, "unused", "old"));
	CHECK_INT(uidvalidity("old"), first);
	/* A name that a younger mailbox had. */
	second = uidvalidity("new\x1f" "below");
	CHECK_OK(account_delete(account, "new\x1f" "below"));
	CHECK_OK(account_delete(account, "new"));
	CHECK_OK(account_rename(account, "old", "new"));
	CHECK(uidvalidity("new") > second);
	CHECK(uidvalidity("new\x1f" "below") > second);
	CHECK(uidvalidity("new") != uidvalidity("new\x1f" "below"));
	/* And one that is made now is greater still. */
	first = uidvalidity("new\x1f" "below");
	CHECK_OK(account_create(account, "old", NULL, NULL));
	CHECK(uidvalidity("old") > first);
	CHECK(uidvalidity("old") > uidvalidity("new"));
	/* When all names were forgotten, none comes back with less. */
	first = uidvalidity("old");
	CHECK_OK(db_exec(account->db, "UPDATE account SET uidvalidity = "
	    "4000000000; WITH RECURSIVE c(x) AS (SELECT 1 UNION "
	    "ALL SELECT x + 1 FROM c WHERE x < 10001) "
	    "INSERT INTO former SELECT 'x' || x, 4000000000 FROM c"));
	CHECK_OK(account_rename(account, "old", "unused"));
	CHECK(uidvalidity("unused") > 4000000000);
	CHECK_OK(account_delete(account, "unused"));
}

static void
a_rename_keeps_the_limits(void)
{
	struct buf b = { 0 };

	CHECK_OK(account_create(account, "deep", NULL, NULL));
	buf_adds(&b, "chain");
	for (int i = 1; i < MBOXNAME_LEVELS_MAX; i++)
		buf_adds(&b, MBOXNAME_SEP_S "x");
	CHECK_OK(account_create(account, buf_str(&b), NULL, NULL));
	refused(account_rename(account, "chain", "deep" MBOXNAME_SEP_S "y"),
	    "LIMIT");
	CHECK_OK(account_rename(account, "chain", "chain2"));
	buf_clear(&b);
}

static void
a_user_is_not_renamed_over_mail(void)
{
	struct user user;
	char path[200];

	CHECK_OK(user_add(store, "ann", NULL, NULL, 0));
	CHECK_OK(user_add(store, "bob", NULL, NULL, 0));
	snprintf(path, sizeof(path), "%s/store/users/carol", dir);
	CHECK_INT(mkdir(path, 0700), 0);
	strlcat(path, "/mail", sizeof(path));
	CHECK_INT(mkdir(path, 0700), 0);
	refused(user_rename(store, "ann", "carol"), "ALREADYEXISTS");
	CHECK_OK(user_find(store, a, "ann", &user));
	refused(user_rename(store, "ann", "bob"), "ALREADYEXISTS");
	CHECK_OK(user_rename(store, "ann", "anne"));
	refused(user_find(store, a, "ann", &user), "NONEXISTENT");
	CHECK_OK(user_find(store, a, "anne", &user));
}

int
main(void)
{
	char path[64];

	a = arena_new();
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/store", dir);
	CHECK_OK(store_init(path, &conf));
	CHECK_OK(store_open(path, &conf, &store));
	CHECK_OK(user_add(store, "alice", NULL, NULL, 0));
	CHECK_OK(account_open(store, ACCOUNT_USER, "alice", &account));
	TEST(undelete_leaves_one_file);
	TEST(rebuilt_mailbox_is_locked_until_it_is_counted);
	TEST(rows_out_of_order_are_damage);
	TEST(what_is_in_both_tables_is_one_message);
	TEST(copy_leaves_out_what_is_purged_meanwhile);
	TEST(a_commit_that_nobody_saw_does_not_come_back);
	TEST(a_delete_that_nobody_saw_does_not_come_back);
	TEST(copy_into_itself_ends);
	TEST(a_move_that_fails_half_way_is_taken_back);
	TEST(a_crash_in_a_move_is_mended);
	TEST(a_move_that_can_neither_end_nor_be_taken_back_ends_later);
	TEST(an_arrival_that_nobody_saw_does_not_come_back);
	TEST(a_move_that_did_not_arrive_takes_nothing);
	TEST(a_second_move_to_the_same_place_leaves_the_first_to_be_finished);
	TEST(a_move_that_nobody_can_judge_yet_waits);
	TEST(a_move_into_itself_is_one_commit);
	TEST(a_log_is_carried_over_when_a_session_rests);
	TEST(a_log_is_bounded_while_its_writer_goes_on);
	TEST(a_log_is_left_alone_while_another_has_the_lock);
	TEST(a_scan_goes_on_after_the_database_was_opened_anew);
	TEST(a_message_is_never_taken_for_an_orphan);
	TEST(bad_counters_are_refused);
	TEST(rows_with_impossible_uids_do_no_harm);
	TEST(a_mailbox_deleted_meanwhile_is_no_damage);
	TEST(a_stamp_differs_after_each_commit);
	TEST(many_changes_come_in_pieces);
	TEST(uidvalidity_of_a_name_only_grows);
	TEST(a_rename_keeps_the_limits);
	TEST(a_user_is_not_renamed_over_mail);
	account_close(account);
	store_close(store);
	arena_free(a);
	dir_remove(AT_FDCWD, dir, 8);
	return test_end();
}

/* test-changed.c - what changed after a mod-sequence, held against all rows
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/mailbox-private.h"
#include "store/users.h"

#include "test.h"

#define MESSAGES	4400	/* more blocks than are taken by the index */
#define ROUNDS		300

static const char text[] = "Subject: Numbers\r\n\r\nOne, two.\r\n";

static struct conf conf = { .delimiter = '\\', .expunge_retention = 86400,
    .tombstone_retention = 90 * 86400,
    .journal = JOURNAL_WAL, .inotify = true };
static struct arena *a;
static struct mailbox *m;
static char dir[] = "/tmp/test-changed-XXXXXX";

static void
append_one(void)
{
	struct upload *up;
	uint32_t uid;

	CHECK_OK(upload_new(m, &up));
	CHECK_OK(upload_write(up, text, sizeof(text) - 1));
	CHECK_OK(upload_finish(up));
	CHECK_OK(mailbox_append(m, &up, 1, &uid));
	upload_free(up);
}

static struct mailbox_state
state(void)
{
	struct mailbox_state s;

	CHECK_OK(mailbox_state(m, &s));
	return s;
}

/* Nothing, where all of them are gone. */
static void
copy(uint32_t first, uint32_t last)
{
	struct seqrange r = { first, last };
	struct seqset set = { &r, 1 };
	struct copy_result result;
	const struct err *err;

	err = mailbox_copy(m, m, &set, UINT64_MAX, false, a, &result);
	CHECK(err == NULL || err->kind == ERR_USER);
}

/* As many messages as the test wants, each copy as large as all before. */
static void
fill(void)
{
	append_one();
	for (uint32_t n = 1; n < MESSAGES; n = state().messages)
		copy(1, n < MESSAGES - n ? n : MESSAGES - n);
}

/* UID and mod-sequence of each row that a scan finds changed, summed up. */
struct sum {
	size_t		n;
	uint64_t	hash;
};

static void
sum_add(struct sum *sum, uint32_t uid, uint64_t modseq, uint64_t flags)
{
	sum->n++;
	sum->hash = (sum->hash ^ uid ^ modseq << 32 ^ flags << 56) *
	    UINT64_C(0x100000001b3);
}

static struct sum
by_scan(uint64_t since, uint64_t own, uint32_t first, uint32_t below)
{
	struct seqrange r = { first, below - 1 };
	struct seqset set = { &r, 1 };
	struct sum sum = { 0 };
	struct scan *scan = NULL;
	struct message msg;
	bool more = true;

	if (first >= below)
		return sum;
	CHECK_OK(scan_open(m, &set, 0, 0, &scan));
	while (scan_next(scan, &msg, &more) == NULL && more)
		if (msg.modseq > since && msg.modseq != own)
			sum_add(&sum, msg.uid, msg.modseq, msg.flags);
	scan_close(scan);
	return sum;
}

static struct sum
by_changes(uint64_t since, uint64_t own, uint32_t first, uint32_t below,
    size_t max)
{
	static struct change changes[1000];
	struct sum sum = { 0 };
	size_t n;

	do {
		CHECK_OK(mailbox_changes(m, since, own, first, below, changes,
		    max, &n));
		for (size_t i = 0; i < n; i++) {
			CHECK(changes[i].uid >= first);
			first = changes[i].uid + 1;
			sum_add(&sum, changes[i].uid, changes[i].modseq,
			    changes[i].flags);
		}
	} while (n == max);
	return sum;
}

static uint32_t
up_to(uint64_t n)
{
	return n == 0 ? 0 : (uint32_t)((uint64_t)rand() % n);
}

static void
compare(uint64_t since, uint64_t own)
{
	const struct mailbox_state s = state();
	const uint32_t first = up_to(4) == 0 ? 1 + up_to(s.uidnext) : 1;
	const uint32_t below = up_to(4) == 0 ? 1 + up_to(s.uidnext) : s.uidnext;
	const size_t max = 1 + up_to(up_to(2) == 0 ? 9 : 999);
	const struct sum want = by_scan(since, own, first, below);
	const struct sum got = by_changes(since, own, first, below, max);

	CHECK_INT(got.n, want.n);
	CHECK(got.hash == want.hash);
}

/* One that is drawn by lot; the mod-sequence that it gave, or 0. */
static uint64_t
change_something(void)
{
	const struct mailbox_state s = state();
	const uint32_t first = 1 + up_to(s.uidnext);
	const uint32_t spans[] = { 1, 1, 3, 64, 200, UINT32_MAX - first };
	const uint32_t span = spans[up_to(6)];
	struct seqrange r = { first, first + span - 1 };
	struct seqset set = { &r, 1 };
	uint64_t modseq = 0;
	uint32_t n;

	switch (up_to(8)) {
	case 0:
		append_one();
		break;
	case 1:
		copy(first, first + up_to(130));
		break;
	case 2:
		if (span < 300)
			CHECK_OK(mailbox_expunge(m, &set, true, &n));
		break;
	default:
		CHECK_OK(mailbox_store(m, &set, up_to(2) == 0 ? STORE_ADD :
		    STORE_REMOVE, up_to(2) == 0 ? FLAG_SEEN : FLAG_DRAFT,
		    UINT64_MAX, &modseq));
	}
	return modseq;
}

static void
changes_are_those_that_a_scan_finds(void)
{
	uint64_t seen[8], own = 0;
	int64_t wrong;

	srand(1);
	fill();
	for (size_t i = 0; i < 8; i++)
		seen[i] = state().highestmodseq;
	for (size_t i = 0; i < ROUNDS; i++) {
		TEST_ROW("%zu", i);
		seen[up_to(8)] = state().highestmodseq;
		own = change_something();
		compare(seen[up_to(8)], up_to(2) == 0 ? own : 0);
		compare(up_to(20) == 0 ? 0 : state().highestmodseq - 1, 0);
	}
	CHECK_OK(changed_wrong(m->db, &wrong));
	CHECK_INT(wrong, 0);
}

/* What an expunge leaves of the table is not more than the messages need. */
static void
blocks_go_with_their_messages(void)
{
	struct seqrange r = { 1, UINT32_MAX };
	struct seqset set = { &r, 1 };
	sqlite3_stmt *stmt = NULL;
	uint32_t n;
	bool row;

	CHECK_OK(mailbox_expunge(m, &set, true, &n));
	CHECK_OK(db_prepare(m->db, "SELECT count(*) FROM changed", &stmt));
	CHECK_OK(db_step(m->db, stmt, &row));
	CHECK_INT(sqlite3_column_int64(stmt, 0), 0);
	db_done(stmt);
}

/* What is wrong is noticed, and made anew. */
static void
wrong_blocks_are_counted(void)
{
	int64_t n;

	append_one();
	CHECK_OK(db_exec(m->db, "UPDATE changed SET modseq = modseq - 1"));
	CHECK_OK(changed_wrong(m->db, &n));
	CHECK_INT(n, 1);
	CHECK_OK(db_exec(m->db, "DELETE FROM changed"));
	CHECK_OK(changed_wrong(m->db, &n));
	CHECK_INT(n, 1);
	CHECK_OK(changed_rebuild(m->db));
	CHECK_OK(changed_wrong(m->db, &n));
	CHECK_INT(n, 0);
	compare(0, 0);
}

int
main(void)
{
	struct account *account;
	struct store *store;
	char path[64];

	a = arena_new();
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/store", dir);
	CHECK_OK(store_init(path, &conf));
	CHECK_OK(store_open(path, &conf, &store));
	CHECK_OK(user_add(store, "alice", NULL, NULL, 0));
	CHECK_OK(account_open(store, ACCOUNT_USER, "alice", &account));
	CHECK_OK(mailbox_open(account, "INBOX", &m));
	TEST(changes_are_those_that_a_scan_finds);
	TEST(blocks_go_with_their_messages);
	TEST(wrong_blocks_are_counted);
	mailbox_close(m);
	account_close(account);
	store_close(store);
	arena_free(a);
	dir_remove(AT_FDCWD, dir, 8);
	return test_end();
}

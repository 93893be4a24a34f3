/* test-log.c - when the write-ahead log is carried over
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/mailbox-private.h"
#include "store/users.h"

#include "test.h"

#define LARGE		1500	/* rows of a page each: more than is left lying */
#define ROW_OCTETS	4000
#define BEGUN		(32 + 24 + 4096)	/* a header and a page */

static struct conf conf = { .delimiter = '\\', .expunge_retention = 86400,
    .tombstone_retention = 90 * 86400,
    .journal = JOURNAL_WAL, .inotify = true };
static struct account *account;
static struct mailbox *m;
static char dir[] = "/tmp/test-log-XXXXXX";

/* A commit of n messages with a page each. */
static void
commit(uint32_t n)
{
	static char octets[ROW_OCTETS];
	const struct blob blobs[COLUMNS] = {
		[COL_ENVELOPE] = { octets, sizeof(octets) },
		[COL_BODY] = { "", 0 }, [COL_STRUCTURE] = { "", 0 },
		[COL_HEADERS] = { "", 0 }, [COL_PARTS] = { "", 0 }
	};
	struct message msg = { .size = 1 };
	struct writer w;

	CHECK_OK(writer_begin(&w, m, false));
	msg.modseq = ++w.state.highestmodseq;
	while (n-- > 0) {
		CHECK_OK(writer_next_uid(&w, &msg.uid));
		CHECK_OK(insert_message(m->db, &msg));
		CHECK_OK(insert_content(m->db, msg.uid, blobs));
		state_count(&w.state, &msg, 1);
	}
	CHECK_OK(writer_commit(&w));
}

static int64_t
log_size(void)
{
	struct stat st;

	return CHECK(fstatat(mailbox_fd(m), "messages.db-wal", &st, 0) == 0) ?
	    st.st_size : -1;
}

/* The log is begun anew there too: that waits for the disk, which no client does. */
static void
a_large_commit_is_carried_over_when_it_is_asked_for(void)
{
	commit(1);
	CHECK(!mailbox_untidy(m));
	mailbox_tidy(m);
	CHECK(log_size() > 0);
	commit(LARGE);
	CHECK(mailbox_untidy(m));
	CHECK(log_size() > LARGE * ROW_OCTETS);
	mailbox_tidy(m);
	CHECK(!mailbox_untidy(m));
	CHECK_INT(log_size(), BEGUN);
}

static void
the_next_commit_does_it_when_nobody_asks(void)
{
	commit(LARGE);
	CHECK(mailbox_untidy(m));
	commit(1);
	CHECK(!mailbox_untidy(m));
	CHECK_INT(log_size(), 0);
}

static void
who_has_the_lock_is_left_to_do_it(void)
{
	int fd;

	commit(LARGE);
	CHECK_OK(lock_open(mailbox_fd(m), "test", &fd));
	CHECK_OK(lock_take(fd));
	mailbox_tidy(m);
	CHECK(mailbox_untidy(m));
	close(fd);
	mailbox_tidy(m);
	CHECK(!mailbox_untidy(m));
}

static void
a_mailbox_that_is_closed_leaves_no_large_log(void)
{
	commit(LARGE);
	mailbox_rest(m);
	CHECK(!mailbox_untidy(m));
	CHECK_INT(log_size(), BEGUN);
}

int
main(void)
{
	struct store *store;
	char path[64];

	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/store", dir);
	CHECK_OK(store_init(path, &conf));
	CHECK_OK(store_open(path, &conf, &store));
	CHECK_OK(user_add(store, "alice", NULL, NULL, 0));
	CHECK_OK(account_open(store, ACCOUNT_USER, "alice", &account));
	CHECK_OK(mailbox_open(account, "INBOX", &m));
	TEST(a_large_commit_is_carried_over_when_it_is_asked_for);
	TEST(the_next_commit_does_it_when_nobody_asks);
	TEST(who_has_the_lock_is_left_to_do_it);
	TEST(a_mailbox_that_is_closed_leaves_no_large_log);
	mailbox_close(m);
	account_close(account);
	store_close(store);
	dir_remove(AT_FDCWD, dir, 8);
	return test_end();
}

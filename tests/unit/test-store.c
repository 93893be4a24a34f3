/* test-store.c - users, mailboxes and messages in a store of its own
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/content.h"
#include "store/db.h"
#include "store/mailbox.h"
#include "store/store-private.h"
#include "store/users.h"

#include "test.h"

static const char text[] = "From: Ann <ann@example.org>\r\n"
    "To: bob@example.org\r\nSubject: Numbers\r\n\r\nOne, two.\r\n";

static struct conf conf = { .delimiter = '\\', .expunge_retention = 86400,
	.tombstone_retention = 90 * 86400,
    .journal = JOURNAL_WAL, .inotify = true };
static struct arena *a;
static struct store *store;
static struct account *account;
static char dir[] = "/tmp/test-store-XXXXXX";

/* Whether err is an ERR_USER with this code. */
static bool
refused(const struct err *err, const char *code)
{
	return CHECK(err != NULL && err->kind == ERR_USER &&
	    err->code != NULL) && CHECK_STR(err->code, code);
}

/* "a/b" is what a name of two levels looks like here. */
static const char *
name(const char *s)
{
	char *out = arena_strdup(a, s);

	for (char *p = out; *p != '\0'; p++)
		if (*p == '/')
			*p = '\x1f';
	return out;
}

static void
check_names(const char *want)
{
	struct mailbox_row *rows;
	struct buf b = { 0 };
	size_t n;

	CHECK_OK(account_list(account, a, true, &rows, &n));
	for (size_t i = 0; i < n; i++) {
		buf_addf(&b, "%s%s%s", i > 0 ? " " : "",
		    rows[i].noselect ? "!" : "", rows[i].name);
	}
	for (size_t i = 0; i < b.len; i++)
		if (b.s[i] == '\x1f')
			b.s[i] = '/';
	CHECK_STR(buf_str(&b), want);
	buf_clear(&b);
}

static void
users_are_added_verified_and_refused(void)
{
	static const char *const mailboxes[] = { "Sent", "Trash" };
	struct user user;

	CHECK_OK(user_add(store, "Alice", "secret", mailboxes, 2));
	refused(user_add(store, "alice", NULL, NULL, 0), "ALREADYEXISTS");
	refused(user_add(store, "../x", NULL, NULL, 0), "CANNOT");
	refused(user_add(store, "", NULL, NULL, 0), "CANNOT");
	refused(user_set_password(store, "nobody", "x"), "NONEXISTENT");
	CHECK_OK(user_set_may(store, "alice", MAY_CREATE));
	CHECK_OK(user_find(store, a, "alice", &user));
	CHECK_STR(user.name, "alice");
	CHECK_INT(user.may, MAY_CREATE);
	CHECK_OK(account_open(store, ACCOUNT_USER, "alice", &account));
	check_names("INBOX Sent Trash");
}

static void
grants_come_and_go_with_users_and_shares(void)
{
	struct grant *grants;
	size_t n;
	uint64_t stamp = store_stamp(store);

	CHECK_OK(shared_add(store, "Sales"));
	refused(shared_add(store, "sales"), "ALREADYEXISTS");
	refused(shared_add(store, "a/b"), "CANNOT");
	refused(shared_add(store, ".x"), "CANNOT");
	refused(grant_set(store, "sales", "nobody", RIGHT_READ), "NONEXISTENT");
	refused(grant_set(store, "none", "alice", RIGHT_READ), "NONEXISTENT");
	CHECK_OK(grant_set(store, "sales", "alice", RIGHT_READ));
	CHECK(store_stamp(store) != stamp);
	CHECK_OK(grant_set(store, "SALES", "alice", RIGHTS_FULL));
	CHECK_OK(grant_list(store, a, NULL, "alice", &grants, &n));
	if (CHECK_INT(n, 1)) {
		CHECK_STR(grants[0].shared, "Sales");
		CHECK_INT(grants[0].rights, RIGHTS_FULL);
	}
	CHECK_OK(grant_remove(store, "Sales", "alice"));
	CHECK_OK(grant_remove(store, "Sales", "alice"));
	CHECK_OK(grant_set(store, "Sales", "alice", RIGHT_READ));
	CHECK_OK(shared_delete(store, "sales"));
	CHECK_OK(grant_list(store, a, NULL, NULL, &grants, &n));
	CHECK_INT(n, 0);
}

static void
mailboxes_are_created_renamed_and_deleted(void)
{
	CHECK_OK(account_create(account, name("a/b/c"), NULL, NULL));
	check_names("INBOX Sent Trash a a/b a/b/c");
	refused(account_create(account, name("a/b"), NULL, NULL),
	    "ALREADYEXISTS");
	refused(account_rename(account, "a", name("a/b/d")), "CANNOT");
	refused(account_rename(account, "a", "Sent"), "ALREADYEXISTS");
	refused(account_rename(account, "none", "x"), "NONEXISTENT");
	CHECK_OK(account_create(account, "ab", NULL, NULL));
	CHECK_OK(account_rename(account, name("a/b"), name("x/y")));
	check_names("INBOX Sent Trash a ab x x/y x/y/c");
	CHECK_OK(account_delete(account, "x"));
	check_names("INBOX Sent Trash a ab !x x/y x/y/c");
	refused(account_delete(account, "x"), "HASCHILDREN");
	refused(account_delete(account, "INBOX"), "CANNOT");
	CHECK_OK(account_create(account, "x", NULL, NULL));
	CHECK_OK(account_delete(account, "x"));
	CHECK_OK(account_delete(account, name("x/y/c")));
	CHECK_OK(account_delete(account, name("x/y")));
	CHECK_OK(account_delete(account, "ab"));
	CHECK_OK(account_delete(account, "a"));
	check_names("INBOX Sent Trash");
}

static struct mailbox *
open_mailbox(const char *s)
{
	struct mailbox *m = NULL;

	CHECK_OK(mailbox_open(account, s, &m));
	return m;
}

static uint32_t
append(struct mailbox *m, uint64_t flags)
{
	struct upload *up = NULL;
	uint32_t uid = 0;

	CHECK_OK(upload_new(m, &up));
	CHECK_OK(upload_write(up, text, sizeof(text) - 1));
	upload_set(up, flags, &(struct datetime){ 1000000000, 120 });
	CHECK_OK(upload_finish(up));
	CHECK_OK(mailbox_append(m, &up, 1, &uid));
	upload_free(up);
	return uid;
}

static void
check_counters(struct mailbox *m, const char *s, uint32_t uidnext,
    uint32_t messages, uint32_t unseen, uint32_t deleted)
{
	struct mailbox_state st;
	struct mailbox_row row;

	CHECK_OK(mailbox_state(m, &st));
	CHECK_INT(st.uidnext, uidnext);
	CHECK_INT(st.messages, messages);
	CHECK_INT(st.unseen, unseen);
	CHECK_INT(st.deleted, deleted);
	CHECK_INT(st.size, messages * (sizeof(text) - 1));
	CHECK_OK(account_find(account, a, s, &row));
	CHECK_INT(row.uidnext, uidnext);
	CHECK_INT(row.messages, messages);
	CHECK_INT(row.unseen, unseen);
	CHECK_INT(row.deleted, deleted);
	CHECK_INT(row.size, st.size);
	CHECK_INT(row.highestmodseq, st.highestmodseq);
}

static struct seqset
set_of(uint32_t first, uint32_t last)
{
	struct seqrange *r = arena_alloc(a, sizeof(*r));

	*r = (struct seqrange){ first, last };
	return (struct seqset){ r, 1 };
}

static void
counters_follow_every_change(void)
{
	struct mailbox *m = open_mailbox("INBOX");
	struct seqset set;
	uint64_t stamp, modseq;
	uint32_t n;

	check_counters(m, "INBOX", 1, 0, 0, 0);
	stamp = mailbox_stamp(m);
	for (uint32_t i = 1; i <= 10; i++)
		CHECK_INT(append(m, i <= 4 ? FLAG_SEEN : 0), i);
	CHECK(mailbox_stamp(m) != stamp);
	check_counters(m, "INBOX", 11, 10, 6, 0);
	set = set_of(3, 6);
	CHECK_OK(mailbox_store(m, &set, STORE_ADD, FLAG_DELETED | FLAG_SEEN,
	    UINT64_MAX, &modseq));
	CHECK(modseq > 0);
	check_counters(m, "INBOX", 11, 10, 4, 4);
	CHECK_OK(mailbox_store(m, &set, STORE_ADD, FLAG_DELETED | FLAG_SEEN,
	    UINT64_MAX, &modseq));
	CHECK_INT(modseq, 0);
	set = set_of(6, 9);
	CHECK_OK(mailbox_store(m, &set, STORE_REPLACE, FLAG_FLAGGED,
	    FLAG_SYSTEM, &modseq));
	check_counters(m, "INBOX", 11, 10, 5, 3);
	set = set_of(5, 10);
	CHECK_OK(mailbox_expunge(m, &set, false, &n));
	CHECK_INT(n, 1);
	check_counters(m, "INBOX", 11, 9, 5, 2);
	CHECK_OK(mailbox_expunge(m, NULL, false, &n));
	CHECK_INT(n, 2);
	check_counters(m, "INBOX", 11, 7, 5, 0);
	CHECK_OK(mailbox_undelete(m, NULL, &n));
	CHECK_INT(n, 3);
	check_counters(m, "INBOX", 14, 10, 5, 0);
	CHECK_OK(mailbox_undelete(m, NULL, &n));
	CHECK_INT(n, 0);
	mailbox_close(m);
}

/* want: what makes the store walk its tables, or take many rows at once. */
static void
scan_with_pauses(struct mailbox *m, unsigned int want)
{
	struct seqrange ranges[] = { { 1, 2 }, { 4, 8 }, { 100, 200 } };
	struct seqset set = { ranges, 3 };
	static const uint32_t uids[] = { 1, 2, 6, 7, 8 };
	const size_t n = TEST_N(uids);
	struct scan *scan = NULL;
	struct message msg;
	size_t i = 0;
	bool more;

	/* 3, 4, 5 were expunged; UIDs 1..13 have holes there. */
	CHECK_OK(scan_open(m, &set, want, UINT32_MAX, &scan));
	for (;;) {
		CHECK_OK(scan_next(scan, &msg, &more));
		if (!more || !CHECK(i < n))
			break;
		CHECK_INT(msg.uid, uids[want & SCAN_DOWN ? n - 1 - i : i]);
		i++;
		CHECK_INT(msg.date.when, want & SCAN_DATES ? 1000000000 : 0);
		CHECK_INT(msg.date.zone, want & SCAN_DATES ? 120 : 0);
		CHECK((msg.size > 0) == ((want & (SCAN_SIZE |
		    SCAN_ENVELOPE)) != 0));
		CHECK((want & SCAN_ENVELOPE) == 0 || memmem(msg.envelope.s,
		    msg.envelope.len, "Numbers", 7) != NULL);
		CHECK(msg.body.s == NULL);
		if (i % 2 == 0)
			scan_pause(scan);
	}
	CHECK_INT(i, n);
	scan_close(scan);
}

static void
a_scan_pauses_and_goes_on(void)
{
	struct mailbox *m = open_mailbox("INBOX");

	scan_with_pauses(m, SCAN_ENVELOPE | SCAN_HEADERS | SCAN_DATES);
	scan_with_pauses(m, SCAN_ENVELOPE | SCAN_DOWN);
	scan_with_pauses(m, 0);
	scan_with_pauses(m, SCAN_DATES);
	scan_with_pauses(m, SCAN_SIZE | SCAN_DOWN);
	scan_with_pauses(m, SCAN_DATES | SCAN_SIZE | SCAN_EXPUNGED);
	mailbox_close(m);
}

/* They have a statement each, and the next ones take these over. */
static void
scans_of_one_kind_run_side_by_side(void)
{
	struct mailbox *m = open_mailbox("INBOX");
	struct seqset first = set_of(1, 2), last = set_of(7, 8);
	struct scan *one, *other;
	struct message msg;
	bool more;

	for (int i = 0; i < 12; i++) {
		const unsigned int want = i % 2 == 0 ? 0 : SCAN_ENVELOPE;

		CHECK_OK(scan_open(m, &first, want, 0, &one));
		CHECK_OK(scan_next(one, &msg, &more));
		CHECK(more && msg.uid == 1);
		CHECK_OK(scan_open(m, &last, want, 0, &other));
		CHECK_OK(scan_next(other, &msg, &more));
		CHECK(more && msg.uid == 7);
		CHECK_OK(scan_next(one, &msg, &more));
		CHECK(more && msg.uid == 2);
		if (i % 3 == 0)
			scan_close(one);
		CHECK_OK(scan_next(other, &msg, &more));
		CHECK(more && msg.uid == 8);
		scan_close(other);
		if (i % 3 != 0)
			scan_close(one);
		/* What was given back goes with the database. */
		if (i % 5 == 4)
			mailbox_rest(m);
	}
	mailbox_close(m);
}

static void
a_session_sees_what_it_was_told(void)
{
	struct mailbox *m = open_mailbox("INBOX"), *other;
	struct mailbox_state told;
	struct seqset_builder b = { 0 };
	bool known;
	struct seqset set = set_of(1, 1), uids;
	uint32_t n, before;
	uint64_t modseq;
	struct change changes[2];
	size_t changes_n;

	CHECK_OK(mailbox_state(m, &told));
	CHECK_OK(mailbox_uids(m, 1, told.uidnext, told.highestmodseq, &b));
	uids = seqset_built(&b);
	before = (uint32_t)seqset_count(&uids);
	CHECK_INT(before, told.messages);

	other = open_mailbox("INBOX");
	append(other, 0);
	CHECK_OK(mailbox_expunge(other, &set, true, &n));
	CHECK_INT(n, 1);
	set = set_of(2, 9);
	CHECK_OK(mailbox_store(other, &set, STORE_ADD, FLAG_ANSWERED,
	    UINT64_MAX, &modseq));
	seqset_builder_clear(&b);
	CHECK_OK(mailbox_uids(m, 1, told.uidnext, told.highestmodseq, &b));
	uids = seqset_built(&b);
	CHECK_INT(seqset_count(&uids), before);
	seqset_builder_clear(&b);
	CHECK_OK(mailbox_expunged(m, told.highestmodseq, INT64_MAX,
	    told.uidnext, &b, &known));
	CHECK(known);
	uids = seqset_built(&b);
	CHECK_INT(seqset_count(&uids), 1);
	CHECK(seqset_has(&uids, 1));
	seqset_builder_clear(&b);

	CHECK_OK(mailbox_changes(m, told.highestmodseq, 0, 1, told.uidnext,
	    changes, 2, &changes_n));
	if (CHECK_INT(changes_n, 2)) {
		CHECK_INT(changes[0].uid, 2);
		CHECK_INT(changes[1].uid, 6);
		CHECK(changes[0].flags & FLAG_ANSWERED);
	}
	CHECK_OK(mailbox_changes(m, told.highestmodseq, modseq, 1,
	    told.uidnext, changes, 2, &changes_n));
	CHECK_INT(changes_n, 0);
	mailbox_close(other);
	mailbox_close(m);
}

static void
copies_keep_dates_and_keywords(void)
{
	static const char *const names[] = { "$Junk", "Later" };
	struct mailbox *m = open_mailbox("INBOX"), *sent = open_mailbox("Sent");
	struct copy_result result;
	struct seqset set = set_of(6, 7);
	struct stat one, two;
	uint64_t mask, modseq;
	const char *const *got;
	size_t n;
	int fd;

	CHECK_OK(mailbox_keyword_mask(m, names, 2, true, &mask));
	CHECK_OK(mailbox_store(m, &set, STORE_ADD, mask, mask, &modseq));
	set = set_of(7, 8);
	CHECK_OK(mailbox_copy(m, sent, &set, true, UINT64_MAX, a, &result));
	CHECK_INT(result.uidvalidity, mailbox_uidvalidity(sent));
	CHECK_INT(result.from.ranges[0].first, 7);
	CHECK_INT(result.to.ranges[0].first, 1);
	CHECK_INT(seqset_count(&result.to), 2);
	CHECK_OK(mailbox_keywords(sent, &got, &n));
	CHECK_INT(n, 2);
	CHECK_OK(mailbox_message_fd(m, 7, &fd));
	fstat(fd, &one);
	close(fd);
	CHECK_OK(mailbox_message_fd(sent, 1, &fd));
	fstat(fd, &two);
	close(fd);
	CHECK(one.st_ino == two.st_ino);
	CHECK_INT(two.st_mtim.tv_sec, 1000000000);
	/* UID 1 was expunged: the whole copy is refused, or it is left out. */
	set = set_of(1, 2);
	refused(mailbox_copy(m, sent, &set, true, UINT64_MAX, a, &result),
	    "EXPUNGEISSUED");
	check_counters(sent, "Sent", 3, 2, 2, 0);
	CHECK_OK(mailbox_copy(m, sent, &set, false, 0, a, &result));
	CHECK_INT(result.missing, 1);
	check_counters(sent, "Sent", 4, 3, 3, 0);
	mailbox_close(sent);
	mailbox_close(m);
}

static void
recent_belongs_to_the_first_who_claims(void)
{
	struct mailbox *m = open_mailbox("Sent"), *other = open_mailbox("Sent");
	uint32_t first;

	CHECK_OK(mailbox_recent(m, false, 4, &first));
	CHECK_INT(first, 1);
	CHECK_OK(mailbox_recent(m, true, 4, &first));
	CHECK_INT(first, 1);
	CHECK_OK(mailbox_recent(other, true, 4, &first));
	CHECK_INT(first, 4);
	append(other, 0);
	CHECK_OK(mailbox_recent(other, true, 5, &first));
	CHECK_INT(first, 4);
	CHECK_OK(mailbox_recent(m, true, 5, &first));
	CHECK_INT(first, 5);
	mailbox_close(other);
	mailbox_close(m);
}

static void
an_orphan_is_replaced(void)
{
	struct mailbox *m = open_mailbox("Trash");
	struct stat st;
	int fd;

	/* What a crash between the file's name and the commit leaves. */
	append(m, 0);
	fd = openat(mailbox_fd(m), "2", O_WRONLY | O_CREAT | O_EXCL, 0400);
	CHECK(fd != -1);
	close(fd);
	CHECK_INT(append(m, 0), 2);
	CHECK_OK(mailbox_message_fd(m, 2, &fd));
	CHECK(fstat(fd, &st) == 0);
	CHECK_INT(st.st_size, sizeof(text) - 1);
	close(fd);
	mailbox_close(m);
}

static void
counters_marked_by_a_crash_are_read_again(void)
{
	struct mailbox *m = open_mailbox("Trash");
	struct mailbox_state wrong = { .uidnext = 1, .messages = 66 };

	CHECK_OK(account_counters_set(account, mailbox_id(m), &wrong));
	CHECK_OK(account_counters_mark(account, mailbox_id(m)));
	check_counters(m, "Trash", 3, 2, 2, 0);
	mailbox_close(m);
}

static void
a_deleted_mailbox_is_gone_for_those_who_have_it(void)
{
	struct mailbox *m;
	struct upload *up;
	uint64_t stamp;
	uint32_t uid, n;

	conf.expunge_retention = 0;
	CHECK_OK(account_purge(account, &n));
	conf.expunge_retention = 86400;
	CHECK_OK(account_create(account, "Old", NULL, NULL));
	m = open_mailbox("Old");
	append(m, 0);
	CHECK(!mailbox_gone(m));
	stamp = mailbox_stamp(m);
	CHECK_OK(upload_new(m, &up));
	CHECK_OK(upload_write(up, text, sizeof(text) - 1));
	CHECK_OK(account_delete(account, "Old"));
	CHECK(mailbox_gone(m));
	CHECK(mailbox_stamp(m) != stamp);
	CHECK_OK(upload_finish(up));
	refused(mailbox_append(m, &up, 1, &uid), "NONEXISTENT");
	upload_free(up);
	refused(upload_new(m, &up), "NONEXISTENT");
	mailbox_close(m);
	CHECK_OK(account_purge(account, &n));
	CHECK_INT(n, 0);
	conf.expunge_retention = 0;
	CHECK_OK(account_purge(account, &n));
	CHECK_INT(n, 1);
	conf.expunge_retention = 86400;
}

static void
inbox_renamed_leaves_an_empty_inbox(void)
{
	struct mailbox_row old, inbox, moved;

	CHECK_OK(account_find(account, a, "INBOX", &old));
	CHECK_OK(account_rename(account, "INBOX", name("INBOX/2001")));
	CHECK_OK(account_find(account, a, "INBOX", &inbox));
	CHECK_OK(account_find(account, a, name("INBOX/2001"), &moved));
	CHECK_INT(inbox.messages, 0);
	CHECK_INT(moved.messages, old.messages);
	CHECK_STR(moved.id, old.id);
	CHECK(inbox.uidvalidity > old.uidvalidity);
}

static void
purge_unlinks_files_and_keeps_tombstones(void)
{
	struct mailbox *m = open_mailbox("Sent");
	struct seqset set = set_of(1, 2);
	struct seqset_builder b = { 0 };
	bool known;
	const struct err *err;
	uint32_t n;
	int fd;

	CHECK_OK(mailbox_expunge(m, &set, true, &n));
	CHECK_OK(mailbox_purge(m, UINT32_MAX, &n));
	CHECK_INT(n, 0);
	CHECK_OK(mailbox_message_fd(m, 1, &fd));
	close(fd);
	conf.expunge_retention = 0;
	CHECK_OK(mailbox_purge(m, UINT32_MAX, &n));
	conf.expunge_retention = 86400;
	CHECK_INT(n, 2);
	err = mailbox_message_fd(m, 1, &fd);
	refused(err, "EXPUNGEISSUED");
	CHECK_OK(mailbox_expunged(m, 0, INT64_MAX, UINT32_MAX, &b, &known));
	CHECK(known);
	CHECK_INT(b.ranges[0].last, 2);
	seqset_builder_clear(&b);
	mailbox_close(m);
}

static void
a_lost_database_is_told_and_not_made_anew(void)
{
	struct mailbox *m = open_mailbox("Trash");
	const struct err *err;

	CHECK_INT(unlinkat(mailbox_fd(m), "messages.db", 0), 0);
	mailbox_close(m);
	m = NULL;
	err = mailbox_open(account, "Trash", &m);
	CHECK(err != NULL && err->kind == ERR_INTERNAL &&
	    strstr(err->text, "mboxadm check") != NULL);
	mailbox_close(m);
}

static void
users_are_renamed_and_deleted(void)
{
	struct user user;

	account_close(account);
	account = NULL;
	CHECK_OK(user_rename(store, "alice", "carol"));
	refused(user_find(store, a, "alice", &user), "NONEXISTENT");
	CHECK_OK(account_open(store, ACCOUNT_USER, "carol", &account));
	account_close(account);
	CHECK_OK(user_delete(store, "carol"));
	refused(user_delete(store, "carol"), "NONEXISTENT");
	refused(account_open(store, ACCOUNT_USER, "carol", &account),
	    "NONEXISTENT");
}

/* Values of fields that are as long as can be, of octets that are quoted. */
static void
add_long(struct buf *b, const char *name, size_t len)
{
	buf_addf(b, "%s: \"", name);
	for (size_t i = 0; i < len; i += 2)
		buf_adds(b, "\\\"");
	buf_adds(b, "\"\r\n");
}

static void
add_people(struct buf *b)
{
	static const char *const names[] = { "From", "Sender", "Reply-To",
	    "To", "Cc", "Bcc" };

	for (size_t i = 0; i < 6; i++) {
		buf_addf(b, "%s: ", names[i]);
		for (int j = 0; j < 1000; j++) {
			buf_addc(b, '"');
			for (int k = 0; k < 60; k++)
				buf_adds(b, "\\\"");
			buf_adds(b, "\"@b,");
		}
		buf_adds(b, "\r\n");
	}
}

/* DB_VALUE_MAX is more than twice what the most hostile message makes. */
static void
rows_of_content_are_small_enough(void)
{
	struct content c = { 0 };
	struct buf b = { 0 };
	int fd = memfd_create("message", MFD_CLOEXEC);
	size_t row;

	add_people(&b);
	add_long(&b, "Subject", 10000);
	buf_adds(&b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (int i = 0; i < 2000; i++) {
		buf_adds(&b, "--b\r\n");
		add_long(&b, "Content-ID", 10000);
		add_long(&b, "Content-Description", 10000);
		add_long(&b, "Content-Type: a/b; c", 10000);
		add_long(&b, "Content-Disposition: d; e", 10000);
		if (i % 2 == 0) {
			buf_adds(&b, "Content-Type: message/rfc822\r\n\r\n");
			add_people(&b);
		}
		buf_adds(&b, "\r\n");
	}
	CHECK(write(fd, b.s, b.len) == (ssize_t)b.len);
	CHECK_OK(content_make(fd, b.len, NULL, &c));
	row = c.envelope.len + c.body.len + c.structure.len + c.headers.len +
	    c.parts.len + c.preview.len + c.sortkeys.len;
	CHECK(row > 2 * 1024 * 1024);
	if (!CHECK(row < DB_VALUE_MAX / 2))
		printf("# %zu octets\n", row);
	content_clear(&c);
	buf_clear(&b);
	close(fd);
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
	CHECK_OK(store_init(path, &conf));
	CHECK_OK(store_open(path, &conf, &store));
	TEST(users_are_added_verified_and_refused);
	TEST(grants_come_and_go_with_users_and_shares);
	TEST(mailboxes_are_created_renamed_and_deleted);
	TEST(counters_follow_every_change);
	TEST(a_scan_pauses_and_goes_on);
	TEST(scans_of_one_kind_run_side_by_side);
	TEST(a_session_sees_what_it_was_told);
	TEST(copies_keep_dates_and_keywords);
	TEST(recent_belongs_to_the_first_who_claims);
	TEST(an_orphan_is_replaced);
	TEST(counters_marked_by_a_crash_are_read_again);
	TEST(a_deleted_mailbox_is_gone_for_those_who_have_it);
	TEST(inbox_renamed_leaves_an_empty_inbox);
	TEST(purge_unlinks_files_and_keeps_tombstones);
	TEST(a_lost_database_is_told_and_not_made_anew);
	TEST(users_are_renamed_and_deleted);
	TEST(rows_of_content_are_small_enough);
	store_close(store);
	arena_free(a);
	dir_remove(AT_FDCWD, dir, 8);
	return test_end();
}

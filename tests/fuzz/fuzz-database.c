/* fuzz-database.c - databases that somebody else has written in
 * SPDX-License-Identifier: ISC
 *
 * The input is steps that spoil one database of a small store: values of any type
 * in any row, other rows, any SQL, any octets of the file.  A client then reads and
 * changes all there is, before and after a repair.  Nobody crashes, waits for ever
 * or is shown what belongs to another user, and a repair that says it is whole is. */
#include <stdint.h>

#include "store/check.h"
#include "store/textindex.h"
#include "store.h"

#define TABLES_MAX	32
#define COLUMNS_MAX	32
#define STEPS_MAX	20
#define SQL_STEPS	200000	/* of SQLite's machine, that an input may take */
#define SECRET		"c4nary-of-bob"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char inbox[MAILBOX_ID_LEN + 1];	/* alice's */
static char root[MAILBOX_ID_LEN + 1];	/* of sales */

static const char secret[] = "From: " SECRET "\r\nSubject: " SECRET "\r\n\r\n"
    SECRET "\r\n";

/* What the client says. */
static const char reads[] =
    "a1 LIST \"\" * RETURN (SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES "
    "UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ MAILBOXID RECENT))\r\n"
    "a2 LSUB \"\" *\r\n"
    "a3 ENABLE QRESYNC\r\n"
    "a4 SELECT INBOX\r\n"
    "a5 FETCH 1:* (UID FLAGS INTERNALDATE SAVEDATE RFC822.SIZE ENVELOPE BODY "
    "BODYSTRUCTURE EMAILID THREADID PREVIEW MODSEQ)\r\n"
    "a6 FETCH 1:* (BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (From Subject)] "
    "BODY.PEEK[1] BODY.PEEK[2.HEADER] BODY.PEEK[3.MIME] BODY.PEEK[2.1] "
    "BINARY.PEEK[3] BINARY.SIZE[1])\r\n"
    "a7 SEARCH RETURN (ALL COUNT MIN MAX) OR TEXT plain FROM ann\r\n"
    "a8 UID SEARCH OR OR KEYWORD x MODSEQ 1 OR OR SENTSINCE 1-Jan-1990 LARGER 10 "
    "OR UNSEEN SAVEDBEFORE 1-Jan-2030\r\n"
    "a9 SEARCH BODY two\r\n"
    "b1 SEARCH OR HEADER Message-ID example SUBJECT parts\r\n"
    "b2 SORT (DATE SUBJECT FROM SIZE ARRIVAL CC TO DISPLAYFROM) UTF-8 ALL\r\n"
    "b3 THREAD REFERENCES UTF-8 ALL\r\n"
    "b4 THREAD ORDEREDSUBJECT UTF-8 ALL\r\n"
    "b5 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)\r\n"
    "b6 SELECT INBOX (QRESYNC (1 1 1:20))\r\n"
    "b7 ESEARCH IN (personal) RETURN (COUNT ALL) SUBJECT parts\r\n"
    "b8 SELECT shared\\sales\r\n"
    "b9 FETCH 1:* (FLAGS ENVELOPE BODY.PEEK[])\r\n"
    "c1 SEARCH FUZZY TEXT letter\r\n"
    "c2 NAMESPACE\r\n";
static const char writes[] =
    "d1 SELECT INBOX\r\n"
    "d2 STORE 1:* +FLAGS (\\Seen new-word)\r\n"
    "d3 STORE 1:* (UNCHANGEDSINCE 3) -FLAGS (x)\r\n"
    "d4 COPY 1:* a\r\n"
    "d5 MOVE 1 a\\b\r\n"
    "d6 COPY 1:* shared\\sales\r\n"
    "d7 APPEND INBOX (\\Deleted y) {12+}\r\nSubject: s\r\n\r\n"
    "d8 REPLACE 1 INBOX {12+}\r\nSubject: r\r\n\r\n"
    "d9 STORE 2 +FLAGS.SILENT (\\Deleted)\r\n"
    "e1 EXPUNGE\r\n"
    "e2 CREATE a\\c\r\n"
    "e3 RENAME a z\r\n"
    "e4 RENAME INBOX old\r\n"
    "e5 DELETE z\\b\r\n"
    "e6 SUBSCRIBE z\r\n"
    "e7 SELECT shared\\sales\r\n"
    "e8 MOVE 1 INBOX\r\n"
    "e9 CLOSE\r\n"
    "f1 LOGOUT\r\n";

/* --- The store --- */

static void
sql_open(const char *path, sqlite3 **sql_r)
{
	assert(sqlite3_open(path, sql_r) == SQLITE_OK);
	sqlite3_db_config(*sql_r, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
}

/* Take STRICT away, so that any value can be stored. */
static void
relax(const char *path)
{
	sqlite3 *sql;

	sql_open(path, &sql);
	assert(sqlite3_exec(sql, "PRAGMA writable_schema = ON; "
	    "UPDATE sqlite_schema SET sql = replace(replace(sql, "
	    "'STRICT, WITHOUT', 'WITHOUT'), ') STRICT', ')') "
	    "WHERE type = 'table'", NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(sql);
}

/* Give it back, whatever is in the tables now. */
static void
tighten(sqlite3 *sql)
{
	sqlite3_exec(sql, "PRAGMA writable_schema = ON; "
	    "UPDATE sqlite_schema SET sql = CASE WHEN sql LIKE '%WITHOUT ROWID' "
	    "THEN replace(sql, 'WITHOUT ROWID', 'STRICT, WITHOUT ROWID') "
	    "ELSE sql || ' STRICT' END WHERE type = 'table' AND sql LIKE '%)' "
	    "OR sql LIKE '%) WITHOUT ROWID'; PRAGMA writable_schema = OFF",
	    NULL, NULL, NULL);
}

/* The file of the store that a letter stands for. */
static const char *
file_of(const char *top, char letter_of, char path[512])
{
	static const char files[][32] = { "users.db", "auth.db",
	    "users/alice/account.db", "shared/sales/account.db" };
	const char *const id = letter_of == 's' ? root : inbox;

	switch (letter_of) {
	case 'u': case 'p': case 'a': case 'A':
		snprintf(path, 512, "%s/%s", top, files[letter_of == 'u' ? 0 :
		    letter_of == 'p' ? 1 : letter_of == 'a' ? 2 : 3]);
		break;
	case 'i':
		snprintf(path, 512, "%s/users/alice/%s/search.db", top, id);
		break;
	default:
		snprintf(path, 512, "%s/%s/%s/messages.db", top,
		    letter_of == 's' ? "shared/sales" : "users/alice", id);
	}
	return path;
}

static void
find_id(struct account *account, const char *name, char *id)
{
	struct arena *a = arena_new();
	struct mailbox_row row;

	must(account_find(account, a, name, &row));
	memcpy(id, row.id, sizeof(row.id));
	arena_free(a);
}

/* One message is expunged, one has keywords. */
static void
change(struct account *account)
{
	static const char *const words[] = { "x", "y" };
	struct seqrange second = { 2, 2 }, third = { 3, 3 };
	struct mailbox *mbox = NULL;
	uint64_t mask, modseq;
	uint32_t n;

	must(mailbox_open(account, "INBOX", &mbox));
	must(mailbox_keyword_mask(mbox, words, 2, true, &mask));
	must(mailbox_store(mbox, &(struct seqset){ .ranges = &third, .n = 1 },
	    STORE_ADD, mask | FLAG_SEEN, mask | FLAG_SEEN, &modseq));
	must(mailbox_expunge(mbox, &(struct seqset){ .ranges = &second, .n = 1 },
	    true, &n));
	assert(n == 1);
	mailbox_close(mbox);
}

static void
make_index(struct account *account)
{
	struct mailbox *mbox = NULL;
	bool more, busy;

	must(mailbox_open(account, "INBOX", &mbox));
	must(textindex_build(mbox, UINT32_MAX, &more, &busy));
	assert(!more && !busy);
	mailbox_close(mbox);
}

static void
fill(const char *path)
{
	const char *more[] = { "a", "a\037b", "Sent" };
	struct account *account = NULL;
	struct store *store = NULL;

	must(store_init(path, conf));
	must(store_open(path, conf, &store));
	must(user_add(store, "alice", NULL, more, 3));
	must(user_add(store, "bob", NULL, NULL, 0));
	must(shared_add(store, "sales"));
	must(grant_set(store, "sales", "alice", RIGHTS_ALL));
	must(account_open(store, ACCOUNT_USER, "bob", &account));
	put(account, "INBOX", secret);
	account_close(account);
	must(account_open(store, ACCOUNT_USER, "alice", &account));
	put(account, "INBOX", letter);
	put(account, "INBOX", letter);
	put(account, "INBOX", parts);
	put(account, "INBOX", letter);
	put(account, "a\x1f" "b", letter);
	make_index(account);
	change(account);
	find_id(account, "INBOX", inbox);
	account_close(account);
	must(account_open(store, ACCOUNT_SHARED, "sales", &account));
	put(account, "", letter);
	find_id(account, "", root);
	account_close(account);
	store_close(store);
}

static void
fill_and_relax(const char *path)
{
	char file[512];

	fill(path);
	for (const char *s = "upaAmsi"; *s != '\0'; s++)
		relax(file_of(path, *s, file));
}

/* --- Spoiling --- */

struct input {
	const uint8_t	*s, *end;
};

static unsigned int
take(struct input *in)
{
	return in->s < in->end ? *in->s++ : 0;
}

static uint64_t
take_number(struct input *in, unsigned int octets)
{
	uint64_t n = 0;

	while (octets-- > 0)
		n = n << 8 | take(in);
	return n;
}

/* Octets behind their number. */
static const char *
take_octets(struct input *in, size_t *len_r)
{
	const char *s;
	size_t len = take(in);

	s = (const char *)in->s;
	if (len > (size_t)(in->end - in->s))
		len = (size_t)(in->end - in->s);
	in->s += len;
	*len_r = len;
	return s;
}

static int
nothing_outside(void *arg, int action, const char *a, const char *b,
    const char *c, const char *d)
{
	(void)arg, (void)a, (void)b, (void)c, (void)d;
	return action == SQLITE_ATTACH || action == SQLITE_DETACH ?
	    SQLITE_DENY : SQLITE_OK;
}

static int
long_enough(void *arg)
{
	return --*(int *)arg <= 0;
}

/* The first column of what sql gives, the n-th row by the input; NULL: none. */
static char *
pick(sqlite3 *sql, const char *query, unsigned int n)
{
	sqlite3_stmt *stmt = NULL;
	char *names[TABLES_MAX], *name;
	unsigned int count = 0;

	if (sqlite3_prepare_v2(sql, query, -1, &stmt, NULL) != SQLITE_OK)
		return NULL;
	while (count < TABLES_MAX && sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_text(stmt, 0) != NULL)
		names[count++] = strdup((const char *)
		    sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	name = count > 0 ? strdup(names[n % count]) : NULL;
	while (count > 0)
		free(names[--count]);
	return name;
}

static void
bind_value(sqlite3_stmt *stmt, struct input *in)
{
	static const int64_t edges[] = { 0, 1, -1, INT32_MAX, INT32_MIN,
	    UINT32_MAX, (int64_t)UINT32_MAX + 1, (int64_t)UINT32_MAX + 2,
	    INT64_MAX, INT64_MIN, INT64_MAX - 1, 1LL << 53, 253402300800,
	    -62167219201, 63, 64 };
	const char *s;
	double real;
	uint64_t n;
	size_t len;

	switch (take(in)) {
	case 'i':
		sqlite3_bind_int64(stmt, 1, (int64_t)take_number(in, 8));
		break;
	case 'e':
		sqlite3_bind_int64(stmt, 1, edges[take(in) %
		    (sizeof(edges) / sizeof(edges[0]))]);
		break;
	case 't':
		s = take_octets(in, &len);
		sqlite3_bind_text(stmt, 1, s, (int)len, SQLITE_TRANSIENT);
		break;
	case 'b':
		s = take_octets(in, &len);
		sqlite3_bind_blob(stmt, 1, s, (int)len, SQLITE_TRANSIENT);
		break;
	case 'r':
		n = take_number(in, 8);
		memcpy(&real, &n, sizeof(real));
		sqlite3_bind_double(stmt, 1, real);
		break;
	case 'z':
		sqlite3_bind_zeroblob(stmt, 1, (int)take_number(in, 3));
		break;
	case 's':
		sqlite3_bind_int(stmt, 1, (int8_t)take(in));
		break;
	default:
		sqlite3_bind_null(stmt, 1);
	}
}

/* The row's columns, the one called name as a parameter. */
static void
columns_with(sqlite3 *sql, const char *table, const char *name, struct buf *b)
{
	sqlite3_stmt *stmt = NULL;
	const char *between = "";
	const char *column;

	if (sqlite3_prepare_v2(sql, "SELECT name FROM pragma_table_info(?1)", -1,
	    &stmt, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		column = (const char *)sqlite3_column_text(stmt, 0);
		if (column != NULL)
			buf_addf(b, "%s%s", between, strcmp(column, name) == 0 ?
			    "?1" : column);
		between = ", ";
	}
	sqlite3_finalize(stmt);
}

/*
 * Change a value, add a row with it, or remove the row.  Rows are counted in the
 * order of the second column, as that of the ids is another in each store.
 */
static void
spoil_row(sqlite3 *sql, unsigned int how, struct input *in)
{
	char *table, *key = NULL, *second = NULL, *column = NULL, query[256];
	sqlite3_stmt *stmt = NULL;
	struct buf b = { 0 };
	unsigned int row;

	table = pick(sql, "SELECT name FROM sqlite_schema WHERE type = 'table' "
	    "ORDER BY name", take(in));
	if (table == NULL)
		return;
	snprintf(query, sizeof(query), "SELECT name FROM "
	    "pragma_table_info('%.100s') ORDER BY cid", table);
	column = pick(sql, query, take(in));
	key = pick(sql, query, 0);
	second = pick(sql, query, 1);
	row = take(in) % 8;
	if (column == NULL)
		goto done;
	if (how == 'I') {
		buf_addf(&b, "INSERT OR REPLACE INTO %s SELECT ", table);
		columns_with(sql, table, column, &b);
		buf_addf(&b, " FROM %s ORDER BY %s, %s LIMIT 1 OFFSET %u",
		    table, second, key, row);
	} else if (how == 'V') {
		buf_addf(&b, "UPDATE OR REPLACE %s SET %s = ?1 WHERE %s = "
		    "(SELECT %s FROM %s ORDER BY %s, %s LIMIT 1 OFFSET %u)",
		    table, column, key, key, table, second, key, row);
	} else {
		buf_addf(&b, "DELETE FROM %s WHERE %s = (SELECT %s FROM %s "
		    "ORDER BY %s, %s LIMIT 1 OFFSET %u)", table, key, key,
		    table, second, key, row);
	}
	if (sqlite3_prepare_v2(sql, buf_str(&b), -1, &stmt, NULL) == SQLITE_OK) {
		if (how != 'D')
			bind_value(stmt, in);
		sqlite3_step(stmt);
	}
	sqlite3_finalize(stmt);
done:
	buf_clear(&b);
	free(table);
	free(column);
	free(key);
	free(second);
}

static void
run_sql(sqlite3 *sql, struct input *in)
{
	size_t len;
	const char *s = take_octets(in, &len);
	char *text = strndup(s, len);

	assert(text != NULL);
	sqlite3_exec(sql, text, NULL, NULL, NULL);
	free(text);
}

/* Octets of the file. */
static void
spoil_octets(const char *path, struct input *in)
{
	size_t len, at = (size_t)take_number(in, 3);
	const char *s = take_octets(in, &len);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd == -1)
		return;
	assert(fstat(fd, &st) == 0);
	if (st.st_size > 0)
		assert(pwrite(fd, s, len, (off_t)(at % (size_t)st.st_size)) ==
		    (ssize_t)len);
	close(fd);
}

static void
spoil(const char *path, struct input *in)
{
	int left = SQL_STEPS / 1000;
	bool strict = take(in) % 2 == 0;
	unsigned int how;
	sqlite3 *sql;

	sql_open(path, &sql);
	sqlite3_set_authorizer(sql, nothing_outside, NULL);
	sqlite3_progress_handler(sql, 1000, long_enough, &left);
	sqlite3_limit(sql, SQLITE_LIMIT_LENGTH, 1 << 26);
	for (int i = 0; i < STEPS_MAX && in->s < in->end; i++) {
		how = take(in);
		if (how == 'P')
			break;
		if (how == 'Q')
			run_sql(sql, in);
		else
			spoil_row(sql, how, in);
	}
	sqlite3_exec(sql, "ROLLBACK", NULL, NULL, NULL);
	if (strict)
		tighten(sql);
	sqlite3_close(sql);
	while (in->s < in->end)
		spoil_octets(path, in);
}

/* --- What comes of it --- */

static void
talk(struct store *store, const char *text)
{
	struct buf out = { 0 };

	(void)store_talk(store, text, strlen(text), SIZE_MAX, &out);
	/* Her own, and what she is granted, but nothing of bob's. */
	assert(memmem(out.s != NULL ? out.s : "", out.len, SECRET,
	    strlen(SECRET)) == NULL);
	buf_clear(&out);
}

static void
found(void *arg, enum check_level level, const char *where, const char *text)
{
	(void)arg, (void)level;
	if (getenv("FUZZ_SHOW") != NULL)
		fprintf(stderr, "%d %s: %s\n", (int)level, where, text);
}

static void
check(struct store *store, bool repair, struct check_result *result)
{
	const struct err *err;

	*result = (struct check_result){ 0 };
	err = check_store(store, NULL, repair ? CHECK_REPAIR |
	    CHECK_CONTENTS : 0, found, NULL, result);
	if (err != NULL) {
		found(NULL, CHECK_LOST, "check", err->text);
		result->lost++;
	}
}

/* A set of UIDs up to that which the index says. */
static void
check_uids(const struct uidmap *map, uint32_t upto)
{
	struct seqset_builder b = { 0 };

	uidmap_build(map, 0, &b);
	assert(b.n == 0 || (b.ranges[0].first >= 1 &&
	    b.ranges[b.n - 1].last <= upto));
	seqset_builder_clear(&b);
}

/*
 * What SEARCH looks up, in an index that may be anything: imapd does so in mailboxes
 * with more messages only.  Whatever it answers is about messages that it knows.
 */
static void
look_up(struct mailbox *mbox)
{
	static const char *const keys[] = { "ONE", "TWO.", "ANN <ANN@EXAMPLE",
	    "CAF", "PL", "1@EXAMPLE.ORG", "0123456789ABCDEF", "\303\251", "" };
	struct textindex_state state;
	struct text_answer answer;
	struct textindex *ix;

	textindex_state(mbox, &state);
	textindex_open(mbox, &ix);
	if (ix == NULL)
		return;
	for (size_t i = 0; i <= sizeof(keys) / sizeof(keys[0]); i++) {
		if (i < sizeof(keys) / sizeof(keys[0]))
			(void)textindex_find(ix, i % 2 == 0 ?
			    TEXT_SCOPE(TEXT_HEADERS) | TEXT_SCOPE(TEXT_BODY) :
			    TEXT_SCOPE(TEXT_FROM) | TEXT_SCOPE(TEXT_BODY),
			    keys[i], strlen(keys[i]), &answer);
		else
			(void)textindex_find_field(ix, "Message-ID", &answer);
		check_uids(&answer.sure, textindex_upto(ix));
		check_uids(&answer.maybe, textindex_upto(ix));
		text_answer_clear(&answer);
	}
	textindex_close(ix);
}

/* Then what "mboxadm index" does; a second time there is nothing left. */
static void
index_again(struct mailbox *mbox)
{
	bool more = true, busy = false;

	for (int i = 0; i < 3; i++) {
		look_up(mbox);
		if (textindex_build(mbox, 10, &more, &busy) != NULL)
			return;
	}
	look_up(mbox);
}

/* What goes through the store's own functions, as mboxadm calls them. */
static void
tidy(struct store *store)
{
	struct account *account = NULL;
	struct mailbox *mbox = NULL;
	struct seqrange all = { 1, UINT32_MAX };
	uint32_t n;

	if (account_open(store, ACCOUNT_USER, "alice", &account) != NULL)
		return;
	if (mailbox_open(account, "INBOX", &mbox) == NULL) {
		index_again(mbox);
		(void)mailbox_undelete(mbox, &(struct seqset){ .ranges = &all,
		    .n = 1 }, &n);
		(void)mailbox_fill(mbox, 1, UINT32_MAX, &n);
		(void)mailbox_purge(mbox, 10, &n);
	}
	mailbox_close(mbox);
	(void)account_purge(account, &n);
	account_close(account);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .s = data, .end = data + size };
	struct check_result result;
	struct store *store = NULL;
	char path[512], file[512];

	if (size < 2 || memmem(data, size, SECRET, strlen(SECRET)) != NULL)
		return -1;
	if (dir == NULL) {
		log_error_aborts = false;
		store_set_up("fuzz-database", fill_and_relax);
	}
	store_again(path);
	spoil(file_of(path, (char)take(&in), file), &in);
	must(store_open(path, conf, &store));
	talk(store, reads);
	check(store, false, &result);
	talk(store, writes);
	tidy(store);
	check(store, true, &result);
	if (result.lost == 0 && result.problems == result.mended) {
		check(store, false, &result);
		assert(result.problems == 0);
	}
	talk(store, reads);
	store_close(store);
	return 0;
}

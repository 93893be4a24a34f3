/* scan.c - reading messages
 * SPDX-License-Identifier: ISC */
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

#define SCAN_COLUMNS	(SCAN_ENVELOPE | SCAN_BODY | SCAN_STRUCTURE |	\
			 SCAN_HEADERS | SCAN_PARTS | SCAN_PREVIEW)
#define SCAN_WIDE	(SCAN_COLUMNS | SCAN_IDS | SCAN_SORTKEYS)
#define BATCH_ROWS	512
#define BATCH_OCTETS	65536	/* of sort keys */

/* A row of the narrow table, or of that of sort keys. */
struct row {
	uint32_t	uid;
	int		zone;
	uint64_t	flags, modseq, size;
	int64_t		when, savedate;
	size_t		keys, keys_len;	/* where the batch has them */
};

/*
 * Rows of one table come many at a time: SQLite hands them to take_row() as it
 * walks the table, and not one by one to a caller.
 */
struct batch {
	size_t		n, next;
	struct buf	keys;
	struct row	rows[BATCH_ROWS];
};

struct scan {
	struct mailbox	*mbox;
	const struct seqset *uids;	/* NULL: all */
	unsigned int	 want;
	sqlite3_stmt	*stmt;		/* NULL: no database, no messages */
	uint64_t	 told_modseq;
	size_t		 range;		/* the range that comes or is on */
	struct seqrange	 left;		/* what there was of it when it began */
	uint32_t	 last;		/* the last UID given; 0: none */
	uint32_t	 met;		/* the last UID that was read */
	const struct err *err;		/* of one that cannot be */
	bool		 running;	/* the statement has rows to come */
	struct batch	*batch;		/* or NULL: one row a step */
};

void
message_read(sqlite3_stmt *stmt, int i, struct message *msg)
{
	msg->uid = (uint32_t)sqlite3_column_int64(stmt, i);
	msg->flags = (uint64_t)sqlite3_column_int64(stmt, i + 1);
	msg->modseq = (uint64_t)sqlite3_column_int64(stmt, i + 2);
	msg->date.when = sqlite3_column_int64(stmt, i + 3);
	msg->date.zone = sqlite3_column_int(stmt, i + 4);
	msg->savedate = sqlite3_column_int64(stmt, i + 5);
	msg->size = (uint64_t)sqlite3_column_int64(stmt, i + 6);
}

/* --- The order of rows --- */

/*
 * SQLite walks a damaged table as it lies: UIDs that come twice, or from outside of
 * what was asked for, would end the session, or let a scan that goes on behind the
 * last one go round for ever.
 */
const struct err *
uid_in_order(const struct mailbox *m, int64_t uid, int64_t *next, int64_t last)
{
	if (uid < *next || uid > last)
		return err_internal("%s/%s has rows that are not in order; run "
		    "'mboxadm check --repair %s'", m->what,
		    schema_messages.file, m->account->name);
	*next = uid + 1;
	return NULL;
}

static const struct err *
in_order(struct scan *s, int64_t uid)
{
	const bool down = s->want & SCAN_DOWN;
	int64_t next = s->left.first, last = s->left.last;
	const struct err *err;

	if (s->met != 0 && down && last >= s->met)
		last = (int64_t)s->met - 1;
	else if (s->met != 0 && !down && next <= s->met)
		next = (int64_t)s->met + 1;
	err = uid_in_order(s->mbox, uid, &next, last);
	if (err == NULL)
		s->met = (uint32_t)uid;
	return err;
}

/* --- Statements --- */

static const struct {
	unsigned int	 want;
	const char	*name;
} content_columns[] = {
	{ SCAN_ENVELOPE, "envelope" },
	{ SCAN_BODY, "body" },
	{ SCAN_STRUCTURE, "structure" },
	{ SCAN_HEADERS, "headers" },
	{ SCAN_PARTS, "parts" },
	{ SCAN_PREVIEW, "preview" }
};
#define CONTENT_COLUMNS_N	(sizeof(content_columns) / sizeof(*content_columns))

static void
select_sql(const struct scan *s, const char *table, bool gone, char *sql,
    size_t size)
{
	size_t len;

	len = (size_t)snprintf(sql, size, "SELECT m.uid, flags, modseq, %d%s%s",
	    gone, s->want & SCAN_DATES ? ", date, zone, savedate" : "",
	    s->want & SCAN_SIZE ? ", size" : "");
	for (size_t i = 0; i < CONTENT_COLUMNS_N; i++)
		if (s->want & content_columns[i].want)
			len += (size_t)snprintf(sql + len, size - len, ", %s",
			    content_columns[i].name);
	if (s->want & SCAN_IDS)
		len += (size_t)snprintf(sql + len, size - len,
		    ", emailid, threadid");
	if (s->want & SCAN_SORTKEYS)
		len += (size_t)snprintf(sql + len, size - len, ", keys");
	len += (size_t)snprintf(sql + len, size - len, " FROM %s m", table);
	if (s->want & SCAN_COLUMNS)
		len += (size_t)snprintf(sql + len, size - len,
		    " LEFT JOIN content c ON c.uid = m.uid");
	if (s->want & SCAN_IDS)
		len += (size_t)snprintf(sql + len, size - len,
		    " LEFT JOIN ids i ON i.uid = m.uid");
	if (s->want & SCAN_SORTKEYS)
		len += (size_t)snprintf(sql + len, size - len,
		    " LEFT JOIN sortkeys k ON k.uid = m.uid");
	snprintf(sql + len, size - len, " WHERE m.uid BETWEEN ?1 AND ?2%s",
	    gone ? " AND modseq > ?3" : "");
}

static void
take_narrow(const struct scan *s, struct row *row, int n,
    sqlite3_value **values)
{
	int i = 2;

	row->flags = (uint64_t)sqlite3_value_int64(values[0]);
	row->modseq = (uint64_t)sqlite3_value_int64(values[1]);
	if (s->want & SCAN_DATES && n >= i + 3) {
		row->when = sqlite3_value_int64(values[i++]);
		row->zone = sqlite3_value_int(values[i++]);
		row->savedate = sqlite3_value_int64(values[i++]);
	}
	if (s->want & SCAN_SIZE && n > i)
		row->size = (uint64_t)sqlite3_value_int64(values[i]);
}

static void
take_keys(struct batch *batch, struct row *row, sqlite3_value *value)
{
	const void *keys = sqlite3_value_blob(value);

	row->keys = batch->keys.len;
	row->keys_len = keys != NULL ? (size_t)sqlite3_value_bytes(value) : 0;
	if (row->keys_len > BATCH_OCTETS)
		row->keys_len = 0;	/* not ours */
	buf_add(&batch->keys, keys, row->keys_len);
}

/* SQL's scan_row(scan, uid, flags, modseq, ...) and scan_row(scan, uid, keys):
 * true when the batch is full. */
static void
take_row(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct scan *s = n >= 3 ? sqlite3_value_pointer(values[0], "scan") :
	    NULL;
	struct batch *batch = s != NULL ? s->batch : NULL;
	struct row *row;

	if (batch == NULL || batch->n == BATCH_ROWS)
		return;
	s->err = in_order(s, sqlite3_value_int64(values[1]));
	if (s->err != NULL) {
		sqlite3_result_int(context, 1);
		return;
	}
	row = &batch->rows[batch->n++];
	*row = (struct row){
		.uid = (uint32_t)sqlite3_value_int64(values[1])
	};
	if (s->want & SCAN_SORTKEYS)
		take_keys(batch, row, values[2]);
	else if (n >= 4)
		take_narrow(s, row, n - 2, values + 2);
	sqlite3_result_int(context, batch->n == BATCH_ROWS ||
	    batch->keys.len >= BATCH_OCTETS);
}

static const struct err *
batch_prepare(struct scan *s)
{
	struct db *db = s->mbox->db;
	const struct err *err = db_function(db, "scan_row", take_row);
	char sql[256];

	if (err != NULL)
		return err;
	snprintf(sql, sizeof(sql), "SELECT 1 FROM %s NOT INDEXED "
	    "WHERE uid BETWEEN ?1 AND ?2 AND scan_row(?3, uid, %s%s%s) "
	    "ORDER BY uid%s",
	    s->want & SCAN_SORTKEYS ? "sortkeys" : "messages",
	    s->want & SCAN_SORTKEYS ? "keys" : "flags, modseq",
	    s->want & SCAN_DATES ? ", date, zone, savedate" : "",
	    s->want & SCAN_SIZE ? ", size" : "",
	    s->want & SCAN_DOWN ? " DESC" : "");
	err = db_take(db, sql, &s->stmt);
	if (err != NULL)
		return err;
	s->batch = malloc(sizeof(*s->batch));
	if (s->batch == NULL)
		fatal("out of memory");
	s->batch->n = s->batch->next = 0;
	s->batch->keys = (struct buf){ 0 };
	return NULL;
}

static const struct err *
scan_prepare(struct scan *s)
{
	struct db *db = s->mbox->db;
	char sql[1024];
	size_t len;

	if ((s->want & (SCAN_WIDE | SCAN_EXPUNGED)) == 0 ||
	    s->want == SCAN_SORTKEYS)
		return batch_prepare(s);
	select_sql(s, "messages", false, sql, sizeof(sql));
	if (s->want & SCAN_EXPUNGED) {
		len = strlcat(sql, " UNION ALL ", sizeof(sql));
		select_sql(s, "expunged", true, sql + len, sizeof(sql) - len);
	}
	strlcat(sql, s->want & SCAN_DOWN ? " ORDER BY 1 DESC" :
	    " ORDER BY 1", sizeof(sql));
	return db_take(db, sql, &s->stmt);
}

const struct err *
scan_open(struct mailbox *m, const struct seqset *uids, unsigned int want,
    uint64_t told_modseq, struct scan **scan_r)
{
	const struct err *err = mailbox_db(m);
	struct scan *s;

	if (err != NULL)
		return err;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		fatal("out of memory");
	s->mbox = m;
	s->uids = uids;
	/* Where a column is missing the file's octets tell. */
	s->want = want & SCAN_WIDE && want != SCAN_SORTKEYS ?
	    want | SCAN_SIZE : want;
	s->told_modseq = told_modseq;
	if (m->db != NULL)
		err = scan_prepare(s);
	if (err != NULL) {
		scan_close(s);
		return err;
	}
	*scan_r = s;
	return NULL;
}

void
scan_pause(struct scan *s)
{
	if (s->running)
		sqlite3_reset(s->stmt);
	s->running = false;
}

void
scan_close(struct scan *s)
{
	if (s == NULL)
		return;
	if (s->stmt != NULL)
		db_give(s->mbox->db, s->stmt);
	if (s->batch != NULL)
		buf_clear(&s->batch->keys);
	free(s->batch);
	free(s);
}

/* What is left of a range behind the last UID that was given. */
static bool
scan_left(const struct scan *s, struct seqrange *r)
{
	if (s->last == 0)
		return true;
	if (s->want & SCAN_DOWN) {
		if (r->last >= s->last)
			r->last = s->last - 1;
	} else if (r->first <= s->last) {
		if (s->last == UINT32_MAX)
			return false;
		r->first = s->last + 1;
	}
	return r->first <= r->last;
}

/* Start the statement on what is left of the range; false: no range is left. */
static bool
scan_start(struct scan *s)
{
	const size_t n = s->uids != NULL ? s->uids->n : 1;
	struct seqrange r;

	for (;; s->range++) {
		if (s->range >= n)
			return false;
		r = (struct seqrange){ 1, UINT32_MAX };
		if (s->uids != NULL)
			r = s->uids->ranges[s->want & SCAN_DOWN ?
			    n - 1 - s->range : s->range];
		if (scan_left(s, &r))
			break;
	}
	s->left = r;
	sqlite3_bind_int64(s->stmt, 1, r.first);
	sqlite3_bind_int64(s->stmt, 2, r.last);
	if (s->batch != NULL)
		sqlite3_bind_pointer(s->stmt, 3, s, "scan", NULL);
	else if (s->want & SCAN_EXPUNGED)
		sqlite3_bind_int64(s->stmt, 3, (int64_t)s->told_modseq);
	s->running = true;
	return true;
}

static struct blob
column_blob(sqlite3_stmt *stmt, int i)
{
	struct blob blob = { NULL, 0 };

	if (sqlite3_column_type(stmt, i) == SQLITE_NULL)
		return blob;
	blob.s = sqlite3_column_blob(stmt, i);
	blob.len = (size_t)sqlite3_column_bytes(stmt, i);
	if (blob.s == NULL)
		blob.s = "";
	return blob;
}

/* An id of another length is none: the file tells. */
static const unsigned char *
column_id(sqlite3_stmt *stmt, int i)
{
	struct blob blob = column_blob(stmt, i);

	return blob.len == OBJECTID_OCTETS ? (const unsigned char *)blob.s :
	    NULL;
}

/* The narrow columns, from the first on; returns the next one's number. */
static int
read_narrow(struct scan *s, struct message *msg)
{
	sqlite3_stmt *stmt = s->stmt;
	int i = 4;

	msg->uid = (uint32_t)sqlite3_column_int64(stmt, 0);
	msg->flags = (uint64_t)sqlite3_column_int64(stmt, 1);
	msg->modseq = (uint64_t)sqlite3_column_int64(stmt, 2);
	msg->expunged = sqlite3_column_int(stmt, 3) != 0;
	if (s->want & SCAN_DATES) {
		msg->date.when = sqlite3_column_int64(stmt, i++);
		msg->date.zone = sqlite3_column_int(stmt, i++);
		msg->savedate = sqlite3_column_int64(stmt, i++);
	}
	if (s->want & SCAN_SIZE)
		msg->size = (uint64_t)sqlite3_column_int64(stmt, i++);
	return i;
}

static void
scan_read(struct scan *s, struct message *msg)
{
	struct blob *const blobs[] = { &msg->envelope, &msg->body,
	    &msg->structure, &msg->headers, &msg->parts, &msg->preview };
	int column;

	*msg = (struct message){ 0 };
	column = read_narrow(s, msg);
	for (size_t i = 0; i < CONTENT_COLUMNS_N; i++)
		if (s->want & content_columns[i].want)
			*blobs[i] = column_blob(s->stmt, column++);
	if (s->want & SCAN_IDS) {
		msg->emailid = column_id(s->stmt, column);
		msg->threadid = column_id(s->stmt, column + 1);
		column += 2;
	}
	if (s->want & SCAN_SORTKEYS)
		msg->sortkeys = column_blob(s->stmt, column);
	s->last = msg->uid;
}

/* Step until there is a row or a full batch; false: neither is left. */
static const struct err *
scan_step(struct scan *s, bool *row_r)
{
	const struct err *err;

	*row_r = false;
	while (s->running || (s->stmt != NULL && scan_start(s))) {
		err = db_step(s->mbox->db, s->stmt, row_r);
		if (err != NULL)
			scan_pause(s);
		if (err != NULL || *row_r)
			return err;
		scan_pause(s);
		s->range++;
	}
	return NULL;
}

static const struct err *
batch_next(struct scan *s, struct message *msg, bool *more_r)
{
	struct batch *batch = s->batch;
	const struct err *err;
	const struct row *row;
	bool full;

	if (batch->next == batch->n) {
		batch->n = batch->next = 0;
		buf_reset(&batch->keys);
		err = scan_step(s, &full);
		if (err == NULL)
			err = s->err;
		if (err != NULL)
			return err;
		*more_r = batch->n > 0;
		if (batch->n == 0)
			return NULL;
		s->last = batch->rows[batch->n - 1].uid;
	}
	row = &batch->rows[batch->next++];
	*msg = (struct message){ .uid = row->uid, .flags = row->flags,
	    .modseq = row->modseq, .size = row->size,
	    .date = { .when = row->when, .zone = row->zone },
	    .savedate = row->savedate };
	if (s->want & SCAN_SORTKEYS)
		msg->sortkeys = (struct blob){ row->keys_len > 0 ?
		    batch->keys.s + row->keys : "", row->keys_len };
	*more_r = true;
	return NULL;
}

const struct err *
scan_next(struct scan *s, struct message *msg, bool *more_r)
{
	const struct err *err;

	int64_t uid = 0;

	if (s->batch != NULL)
		return batch_next(s, msg, more_r);
	/* One that is marked as expunged too comes of both tables. */
	do {
		if ((err = scan_step(s, more_r)) != NULL || !*more_r)
			return err;
		uid = sqlite3_column_int64(s->stmt, 0);
	} while (s->want & SCAN_EXPUNGED && uid > 0 && uid == s->met);
	err = in_order(s, uid);
	if (err == NULL)
		scan_read(s, msg);
	return err;
}

/* --- Files --- */

static const struct err *
was_expunged(struct mailbox *m, uint32_t uid, bool *yes_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	*yes_r = true;
	err = mailbox_db(m);
	if (err != NULL || m->db == NULL)
		return err;
	err = db_prepare(m->db, "SELECT 1 FROM messages WHERE uid = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	err = db_step(m->db, stmt, &row);
	db_done(stmt);
	if (err == NULL)
		*yes_r = !row;
	return err;
}

const struct err *
mailbox_message_fd(struct mailbox *m, uint32_t uid, int *fd_r)
{
	char name[UID_NAME_OCTETS];
	const struct err *err;
	struct stat st;
	bool expunged;
	int fd, num;

	uid_name(uid, name);
	/* What is no file must not make anybody wait, nor be read. */
	fd = openat(m->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*fd_r = fd;
		return NULL;
	}
	num = errno;
	if (fd != -1) {
		close(fd);
		return err_internal("%s/%s is no file; run 'mboxadm check %s'",
		    m->what, name, m->account->name);
	}
	if (num != ENOENT)
		return err_errno("%s/%s", m->what, name);
	if (mailbox_gone(m))
		return mailbox_deleted();
	err = was_expunged(m, uid, &expunged);
	if (err != NULL)
		return err;
	if (expunged)
		return err_user(RESP_EXPUNGEISSUED, "The message was expunged");
	return err_internal("%s/%s is missing; run 'mboxadm check %s'",
	    m->what, name, m->account->name);
}

/* --- UIDs alone --- */

static const struct err *
add_uids(struct mailbox *m, sqlite3_stmt *stmt, uint32_t first, uint32_t below,
    struct seqset_builder *b)
{
	const struct err *err;
	int64_t uid, next = first;
	bool row;

	while ((err = db_step(m->db, stmt, &row)) == NULL && row) {
		uid = sqlite3_column_int64(stmt, 0);
		/* It may be in both tables. */
		if (uid == next - 1 && next > first)
			continue;
		err = uid_in_order(m, uid, &next, (int64_t)below - 1);
		if (err != NULL)
			break;
		seqset_add(b, (uint32_t)uid);
	}
	db_done(stmt);
	return err;
}

static const struct err *
add_expunged(struct mailbox *m, uint64_t since, uint64_t upto,
    uint32_t below_uid, struct seqset_builder *b)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(m->db, "SELECT uid FROM expunged "
	    "INDEXED BY expunged_modseq WHERE modseq > ?1 AND modseq <= ?3 "
	    "AND uid > 0 AND uid < ?2 ORDER BY uid", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, (int64_t)since);
	sqlite3_bind_int64(stmt, 2, below_uid);
	sqlite3_bind_int64(stmt, 3, (int64_t)upto);
	return add_uids(m, stmt, 1, below_uid, b);
}

const struct err *
mailbox_expunged(struct mailbox *m, uint64_t since, uint64_t upto,
    uint32_t below_uid, struct seqset_builder *b, bool *known_r)
{
	const struct err *err = mailbox_db(m);
	struct mailbox_state state;

	*known_r = true;
	if (err != NULL || m->db == NULL)
		return err;
	/* One state for both: a purge must not come between. */
	err = db_begin_read(m->db);
	if (err != NULL)
		return err;
	err = mailbox_read_state(m, &state);
	if (err == NULL && since < state.purgedmodseq)
		*known_r = false;
	else if (err == NULL && since < state.expungemodseq)
		err = add_expunged(m, since, upto, below_uid, b);
	db_end_read(m->db);
	return err;
}

static const struct err *
add_all(struct mailbox *m, uint32_t first, uint32_t below_uid,
    struct seqset_builder *b)
{
	struct seqrange range = { first, below_uid - 1 };
	struct seqset uids = { &range, 1 };
	struct scan *scan = NULL;
	const struct err *err;
	struct message msg;
	bool more;

	if (first >= below_uid)
		return NULL;
	err = scan_open(m, &uids, 0, 0, &scan);
	while (err == NULL && (err = scan_next(scan, &msg, &more)) == NULL &&
	    more)
		seqset_add(b, msg.uid);
	scan_close(scan);
	return err;
}

static const char sql_uids_told[] = "SELECT uid FROM messages "
	"WHERE uid >= ?1 AND uid < ?2 UNION ALL "
	"SELECT uid FROM expunged WHERE modseq > ?3 AND uid >= ?1 "
	"AND uid < ?2 ORDER BY 1";

const struct err *
mailbox_uids(struct mailbox *m, uint32_t first, uint32_t below_uid,
    uint64_t told_modseq, struct seqset_builder *b)
{
	const struct err *err = mailbox_db(m);
	struct mailbox_state state;
	sqlite3_stmt *stmt;
	bool told;

	if (err != NULL || m->db == NULL)
		return err;
	/* One state for both: else an expunge in between would hide a UID. */
	err = db_begin_read(m->db);
	if (err != NULL)
		return err;
	err = mailbox_read_state(m, &state);
	told = err == NULL && state.expungemodseq > told_modseq;
	if (err == NULL && !told)
		err = add_all(m, first, below_uid, b);
	else if (err == NULL)
		err = db_prepare(m->db, sql_uids_told, &stmt);
	if (err == NULL && told) {
		sqlite3_bind_int64(stmt, 1, first);
		sqlite3_bind_int64(stmt, 2, below_uid);
		sqlite3_bind_int64(stmt, 3, (int64_t)told_modseq);
		err = add_uids(m, stmt, first, below_uid, b);
	}
	db_end_read(m->db);
	return err;
}

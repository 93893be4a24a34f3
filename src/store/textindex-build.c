/* textindex-build.c - notes messages in search.db
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/header.h"
#include "mail/match.h"
#include "mail/words.h"
#include "store/textindex-private.h"
#include "util/log.h"

#define BATCH_OCTETS	(UINT64_C(16) << 20)	/* of messages, one at least */
#define FILES_AT_ONCE	64		/* messages, before the scan is let go */
/* Terms of one message, each once.  One with more is never noted but looked at
 * each time: a mail of invented words would fill the disk with them. */
#define TERMS_MAX	32768
#define TERMS_KEPT	65536	/* of all messages, before a new one begins */
#define SLOTS		(4U * (TERMS_KEPT + TERMS_MAX) / 3)

/* A word or a gram, as it was met. */
struct term {
	size_t		 at;		/* in strings */
	int64_t		 id;		/* of a word: 0 until it is asked for */
	uint32_t	 hash;
	uint32_t	 seen[TEXT_SCOPES];	/* the message that has it */
	uint8_t		 len;
	bool		 gram;
};

/* What table state tells, when a batch is committed. */
struct noted {
	struct mailbox_state state;
	uint32_t	 upto;
	bool		 has_emailid;
	unsigned char	 emailid[OBJECTID_OCTETS];
	uint64_t	 messages;
};

struct builder {
	struct mailbox	*mbox;
	struct textindex *ix;
	struct match	*match;
	struct words	 words;
	enum text_scope	 scope;
	/* Terms of this message and of others before it. */
	struct term	*terms;
	uint32_t	 terms_n;
	uint32_t	*slots;		/* 1 + the place in terms, by hash; 0: none */
	struct buf	 strings;
	uint32_t	 number;	/* of the message, from 1 */
	/* Those of this one: the place in terms, and the scope. */
	struct {
		uint32_t	 place;
		uint8_t		 scope;
	} mine[TERMS_MAX];
	uint32_t	 mine_n;
	bool		 full;		/* there were more */
	struct buf	 doc;
	int64_t		 next_id;
	struct content	 content;
	struct noted	 noted;
};

/* --- Terms --- */

static uint32_t
hash(const char *s, size_t len, bool gram)
{
	uint32_t h = UINT32_C(2166136261) ^ gram;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * UINT32_C(16777619);
	return h ^ h >> 15;
}

static struct term *
term(struct builder *b, const char *s, size_t len, bool gram)
{
	const uint32_t h = hash(s, len, gram);
	uint32_t i = (uint32_t)((uint64_t)h * SLOTS >> 32);
	struct term *t;

	for (; b->slots[i] != 0; i = i + 1 == SLOTS ? 0 : i + 1) {
		t = &b->terms[b->slots[i] - 1];
		if (t->hash == h && t->len == len && t->gram == gram &&
		    memcmp(b->strings.s + t->at, s, len) == 0)
			return t;
	}
	t = &b->terms[b->terms_n++];
	b->slots[i] = b->terms_n;
	*t = (struct term){ .at = b->strings.len, .hash = h,
	    .len = (uint8_t)len, .gram = gram };
	buf_add(&b->strings, s, len);
	return t;
}

static void
note(struct builder *b, const char *s, size_t len, bool gram)
{
	struct term *t;

	if (b->full)
		return;
	t = term(b, s, len, gram);
	if (t->seen[b->scope] == b->number)
		return;
	t->seen[b->scope] = b->number;
	b->mine[b->mine_n].place = (uint32_t)(t - b->terms);
	b->mine[b->mine_n++].scope = (uint8_t)b->scope;
	b->full = b->mine_n == TERMS_MAX;
}

static void
note_word(void *arg, const char *s, size_t len)
{
	note(arg, s, len, false);
}

static void
note_gram(void *arg, const char *s, size_t len)
{
	note(arg, s, len, true);
}

static void
feed(void *arg, const char *s, size_t len)
{
	struct builder *b = arg;

	words_feed(&b->words, s, len);
}

static void
text_ends(void *arg)
{
	struct builder *b = arg;

	words_end(&b->words);
}

/* --- Reading a message --- */

static const struct err *
open_message(struct builder *b, const struct message *m, int *fd_r)
{
	const struct err *err;
	struct stat st;

	err = mailbox_message_fd(b->mbox, m->uid, fd_r);
	if (err != NULL)
		return err;
	if (fstat(*fd_r, &st) == -1)
		err = err_errno("fstat message %u", m->uid);
	else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != m->size)
		err = err_internal("message %u: the file's size is not the "
		    "row's", m->uid);
	if (err != NULL)
		close(*fd_r);
	return err;
}

static const struct err *
read_part(struct builder *b, const struct message *m, int fd,
    const struct part *part)
{
	const struct err *err = NULL;
	bool found;

	if (part->header_off > m->size ||
	    part->header_len > m->size - part->header_off)
		return err_internal("message %u: a part lies beyond its end",
		    m->uid);
	b->scope = TEXT_HEADERS;
	if (!part->nested)
		err = match_part_header(b->match, fd, part, &found);
	b->scope = TEXT_BODY;
	return err != NULL ? err : match_part(b->match, fd, part, &found);
}

/* The fields that have a scope of their own. */
static const struct err *
read_fields(struct builder *b, const struct message *m)
{
	struct header_iter iter;
	struct header_field field;
	char name[8];

	/* They were too large to keep: SEARCH reads the file too. */
	if (m->headers.s == NULL || m->headers.len == 0)
		return err_internal("message %u: its fields are not kept",
		    m->uid);
	header_first(&iter, m->headers.s, m->headers.len);
	while (header_next(&iter, &field)) {
		if (field.name_len >= sizeof(name))
			continue;
		memcpy(name, field.name, field.name_len);
		name[field.name_len] = '\0';
		b->scope = text_scope(name);
		if (b->scope != TEXT_HEADERS)
			match_header(b->match, field.value, field.value_len);
	}
	return NULL;
}

static const struct err *
read_parts(struct builder *b, const struct message *m, int fd)
{
	struct blob parts = m->parts;
	const struct err *err = NULL;
	struct part part;
	size_t pos = 0;

	if (parts.s == NULL || parts.len == 0) {
		err = content_make(fd, m->size, NULL, &b->content);
		parts = (struct blob){ b->content.parts.s,
		    b->content.parts.len };
	}
	while (err == NULL && parts_next(parts.s, parts.len, &pos, &part))
		err = read_part(b, m, fd, &part);
	return err;
}

static void
forget_terms(struct builder *b)
{
	memset(b->slots, 0, SLOTS * sizeof(*b->slots));
	b->terms_n = 0;
	b->strings.len = 0;
}

static const struct err *
read_message(struct builder *b, const struct message *m)
{
	const struct err *err;
	int fd;

	if (b->terms_n > TERMS_KEPT)
		forget_terms(b);
	b->number++;
	b->mine_n = 0;
	b->full = false;
	err = open_message(b, m, &fd);
	if (err != NULL)
		return err;
	err = read_parts(b, m, fd);
	close(fd);
	if (err == NULL)
		err = read_fields(b, m);
	return err;
}

/* --- Writing --- */

static const struct err *
insert(struct builder *b, const char *sql, int64_t id, const char *s,
    size_t len)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(b->ix->db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, id);
	sqlite3_bind_text64(stmt, 2, s, len, SQLITE_STATIC, SQLITE_UTF8);
	return db_run(b->ix->db, stmt);
}

static const struct err *
new_word(struct builder *b, struct term *t)
{
	const char *s = b->strings.s + t->at;
	const struct err *err;

	t->id = b->next_id++;
	err = insert(b, "INSERT INTO words(id, word) VALUES (?1, ?2)", t->id,
	    s, t->len);
	if (err == NULL && utf8_chars(s, t->len) >= GRAM_CHARS)
		err = insert(b, "INSERT INTO grams(rowid, word) "
		    "VALUES (?1, ?2)", t->id, s, t->len);
	return err;
}

static const struct err *
word_id(struct builder *b, struct term *t)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(b->ix->db, "SELECT id FROM words WHERE word = ?1",
	    &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, b->strings.s + t->at, t->len,
	    SQLITE_STATIC);
	err = db_step(b->ix->db, stmt, &row);
	if (err == NULL && row)
		t->id = sqlite3_column_int64(stmt, 0);
	db_done(stmt);
	return err != NULL || row ? err : new_word(b, t);
}

static void
put_hex(struct buf *b, uint64_t n)
{
	char digits[16];
	size_t i = sizeof(digits);

	do {
		digits[--i] = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n != 0);
	buf_add(b, digits + i, sizeof(digits) - i);
}

static const struct err *
make_doc(struct builder *b)
{
	const struct err *err = NULL;
	enum text_scope scope;
	struct term *t;

	b->doc.len = 0;
	for (uint32_t i = 0; err == NULL && i < b->mine_n; i++) {
		t = &b->terms[b->mine[i].place];
		scope = (enum text_scope)b->mine[i].scope;
		if (!t->gram && t->id == 0)
			err = word_id(b, t);
		buf_addc(&b->doc, t->gram ? TERM_GRAM(scope) :
		    TERM_WORD(scope));
		if (t->gram)
			textindex_put_gram(&b->doc, b->strings.s + t->at,
			    t->len);
		else
			put_hex(&b->doc, (uint64_t)t->id);
		buf_addc(&b->doc, ' ');
	}
	return err;
}

static const struct err *
write_unread(struct builder *b, uint32_t uid)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(b->ix->db, "INSERT INTO unread(uid) VALUES (?1)",
	    &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, uid);
	return db_run(b->ix->db, stmt);
}

/* What cannot be read is no error: it is met again by who looks for something. */
static const struct err *
note_message(struct builder *b, const struct message *m)
{
	const struct err *err, *failed = read_message(b, m);
	struct noted *noted = &b->noted;

	if (failed != NULL || b->full)
		err = write_unread(b, m->uid);
	else {
		err = make_doc(b);
		if (err == NULL)
			err = insert(b, "INSERT INTO mail(rowid, terms) "
			    "VALUES (?1, ?2)", m->uid, b->doc.s != NULL ?
			    b->doc.s : "", b->doc.len);
	}
	noted->upto = m->uid;
	noted->messages++;
	noted->has_emailid = m->emailid != NULL;
	if (noted->has_emailid)
		memcpy(noted->emailid, m->emailid, OBJECTID_OCTETS);
	return err;
}

static const struct err *
write_state(struct textindex *ix, const struct noted *n)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(ix->db, "INSERT OR REPLACE INTO state(id, "
	    "mailbox, uidvalidity, upto, emailid, modseq, messages) "
	    "VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, ix->mbox->id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, ix->mbox->uidvalidity);
	sqlite3_bind_int64(stmt, 3, n->upto);
	if (n->has_emailid)
		sqlite3_bind_blob(stmt, 4, n->emailid, OBJECTID_OCTETS,
		    SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 5, (int64_t)n->state.highestmodseq);
	sqlite3_bind_int64(stmt, 6, (int64_t)n->messages);
	return db_run(ix->db, stmt);
}

static const struct err *
read_next_id(struct builder *b)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(b->ix->db,
	    "SELECT coalesce(max(id), 0) + 1 FROM words", &stmt);
	if (err != NULL)
		return err;
	err = db_step(b->ix->db, stmt, &row);
	if (err == NULL)
		b->next_id = sqlite3_column_int64(stmt, 0);
	b->ix->damaged = err == NULL && b->next_id < 1;
	if (b->ix->damaged)
		err = err_internal("%s/%s has bad words", b->mbox->what,
		    schema_search.file);
	db_done(stmt);
	return err;
}

/* --- A batch --- */

static const struct err *
note_messages(struct builder *b, uint32_t max, bool *more_r)
{
	struct seqrange r = { b->noted.upto + 1, UINT32_MAX };
	struct seqset uids = { &r, 1 };
	struct scan *scan = NULL;
	const struct err *err;
	uint64_t octets = 0;
	struct message m;
	uint32_t n = 0;

	err = scan_open(b->mbox, &uids, SCAN_PARTS | SCAN_HEADERS |
	    SCAN_IDS, 0, &scan);
	while (err == NULL && (err = scan_next(scan, &m, more_r)) == NULL &&
	    *more_r && n < max && octets < BATCH_OCTETS) {
		err = note_message(b, &m);
		octets += m.size;
		if (++n % FILES_AT_ONCE == 0)
			scan_pause(scan);
	}
	scan_close(scan);
	return err;
}

static const struct err *
build_batch(struct builder *b, uint32_t max, bool *more_r)
{
	struct db *db = b->ix->db;
	const struct err *err;
	int code;

	/* Before the messages are read: no later state is promised. */
	err = mailbox_state(b->mbox, &b->noted.state);
	if (err == NULL)
		err = db_exec(db, "PRAGMA cache_size=-8192");
	if (err == NULL)
		err = db_begin(db, false);
	if (err != NULL)
		return err;
	err = read_next_id(b);
	if (err == NULL)
		err = note_messages(b, max, more_r);
	if (err == NULL)
		err = write_state(b->ix, &b->noted);
	if (err == NULL)
		err = db_commit(db);
	if (err != NULL) {
		/* Or is it one of messages.db? */
		code = sqlite3_errcode(db_sqlite(db));
		b->ix->damaged |= textindex_is_damage(err) &&
		    code != SQLITE_OK && code != SQLITE_ROW &&
		    code != SQLITE_DONE;
		db_rollback(db);
	}
	return err;
}

static struct builder *
builder_new(struct textindex *ix, const struct match_sink *sink,
    const struct words_sink *words)
{
	struct builder *b = calloc(1, sizeof(*b));

	if (b == NULL ||
	    (b->terms = calloc(TERMS_KEPT + TERMS_MAX + 1,
	    sizeof(*b->terms))) == NULL ||
	    (b->slots = calloc(SLOTS, sizeof(*b->slots))) == NULL)
		fatal("out of memory");
	b->mbox = ix->mbox;
	b->ix = ix;
	b->match = match_new_sink(sink);
	b->words.sink = words;
	b->noted.upto = ix->upto;
	b->noted.messages = ix->messages;
	return b;
}

static void
builder_free(struct builder *b)
{
	match_free(b->match);
	content_clear(&b->content);
	buf_clear(&b->strings);
	buf_clear(&b->doc);
	free(b->terms);
	free(b->slots);
	free(b);
}

static const struct err *
build(struct textindex *ix, uint32_t max, bool *more_r)
{
	struct match_sink sink = { feed, text_ends, NULL };
	struct words_sink words = { note_word, note_gram, NULL };
	struct builder *b = builder_new(ix, &sink, &words);
	const struct err *err;

	sink.arg = words.arg = b;
	err = build_batch(b, max, more_r);
	if (err != NULL && mailbox_gone(ix->mbox))
		err = NULL;
	builder_free(b);
	return err;
}

/* A new and empty one. */
static const struct err *
make(struct mailbox *m, int lockfd, struct textindex **ix_r, bool *busy_r)
{
	struct textindex fresh = { .mbox = m, .lockfd = lockfd };
	const struct err *err;
	const struct noted none = { .upto = 0 };
	bool fit;

	*busy_r = !textindex_unlink(m, lockfd);
	if (*busy_r)
		return NULL;
	textindex_lock(lockfd, LOCK_USE, F_RDLCK);
	err = db_create(m->path, m->fd, &schema_search,
	    store_conf(m->account->store));
	if (err == NULL)
		err = db_open(m->path, &schema_search,
		    store_conf(m->account->store), -1, m->what, &fresh.db);
	if (err == NULL)
		err = db_begin(fresh.db, false);
	if (err == NULL)
		err = write_state(&fresh, &none);
	if (err == NULL)
		err = db_commit(fresh.db);
	db_close(fresh.db);
	return err != NULL ? err : textindex_open_file(m, lockfd, ix_r, &fit);
}

const struct err *
textindex_build(struct mailbox *m, uint32_t max, bool *more_r, bool *busy_r)
{
	struct textindex *ix = NULL;
	const struct err *err = NULL;
	bool fit;
	int fd;

	*more_r = *busy_r = false;
	if (mailbox_gone(m) || (err = mailbox_db(m)) != NULL ||
	    m->db == NULL || (err = textindex_lock_open(m, &fd)) != NULL)
		return err;
	*busy_r = !textindex_lock(fd, LOCK_WRITER, F_WRLCK);
	if (!*busy_r) {
		err = textindex_open_file(m, fd, &ix, &fit);
		if (err == NULL && ix == NULL)
			err = make(m, fd, &ix, busy_r);
	}
	if (ix == NULL) {
		close(fd);
		return err;
	}
	err = build(ix, max, more_r);
	/* Or each session that searches would read all of the log first. */
	if (err == NULL)
		db_settle_alone(ix->db);
	textindex_close(ix);
	return err;
}

/* check-rows.c - a mailbox's rows by themselves and against each other
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "store/check-pass.h"

/* --- Keywords and flags --- */

static const struct err *
mend_keyword(struct pass *p, int64_t bit)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	char name[32];

	err = db_prepare(p->m->db, "INSERT OR REPLACE INTO keywords "
	    "VALUES (?1, ?2)", &stmt);
	if (err != NULL)
		return err;
	snprintf(name, sizeof(name), "Unknown-%d", (int)bit);
	sqlite3_bind_int64(stmt, 1, bit);
	sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
	return db_run(p->m->db, stmt);
}

/* Bits are given in order from the first on; their names are atoms. */
const struct err *
pass_keywords(struct pass *p)
{
	bool good[64] = { false };
	const struct err *err;
	sqlite3_stmt *stmt;
	int64_t last = FLAG_KEYWORD_FIRST - 1, bit, beyond = 0;
	bool row;

	err = db_prepare(p->m->db, "SELECT bit, name FROM keywords", &stmt);
	if (err != NULL)
		return err;
	while ((err = db_step(p->m->db, stmt, &row)) == NULL && row) {
		const char *name = (const char *)sqlite3_column_text(stmt, 1);

		bit = sqlite3_column_int64(stmt, 0);
		if (bit < FLAG_KEYWORD_FIRST ||
		    bit >= FLAG_KEYWORD_FIRST + FLAG_KEYWORDS_MAX) {
			beyond++;
			continue;
		}
		good[bit] = name != NULL && flag_keyword_valid(name) &&
		    strlen(name) == (size_t)sqlite3_column_bytes(stmt, 1);
		if (bit > last)
			last = bit;
	}
	db_done(stmt);
	if (err == NULL && beyond > 0) {
		FOUND(p, CHECK_PROBLEM, "%" PRId64 " keywords have a bit that "
		    "no flag has", beyond);
		if (p->fix)
			err = db_run_numbers(p->m->db, "DELETE FROM keywords "
			    "WHERE bit NOT BETWEEN ?1 AND ?2", (int64_t[]){
			    FLAG_KEYWORD_FIRST, FLAG_KEYWORD_FIRST +
			    FLAG_KEYWORDS_MAX - 1 }, 2);
	}
	for (bit = FLAG_KEYWORD_FIRST; err == NULL && bit <= last; bit++) {
		if (good[bit])
			continue;
		FOUND(p, CHECK_PROBLEM, "the keyword of bit %d has no name; "
		    "it is called Unknown-%d", (int)bit, (int)bit);
		if (p->fix)
			err = mend_keyword(p, bit);
	}
	return err;
}

const struct err *
pass_flags(struct pass *p)
{
	struct db *db = p->m->db;
	const struct err *err;
	int64_t keywords, known, n;
	sqlite3_stmt *stmt;
	bool row;

	err = db_number(db, "SELECT count(*) FROM keywords", &keywords);
	if (err != NULL)
		return err;
	if (keywords > FLAG_KEYWORDS_MAX)
		keywords = FLAG_KEYWORDS_MAX;
	known = (int64_t)((UINT64_C(1) << (FLAG_KEYWORD_FIRST + keywords)) - 1);
	err = db_prepare(db, "SELECT count(*) FROM messages "
	    "WHERE flags & ~?1 <> 0", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, known);
	err = db_step(db, stmt, &row);
	n = err == NULL && row ? sqlite3_column_int64(stmt, 0) : 0;
	db_done(stmt);
	if (err != NULL || n == 0)
		return err;
	FOUND(p, CHECK_PROBLEM, "%" PRId64 " messages have flags that no "
	    "keyword names; these flags go", n);
	return p->fix ? db_run_numbers(db, "UPDATE messages SET "
	    "flags = flags & ?1, modseq = ?2 WHERE flags & ~?1 <> 0",
	    (int64_t[]){ known, (int64_t)p->modseq }, 2) : NULL;
}

#define BAD_MODSEQ	"modseq NOT BETWEEN 1 AND " MODSEQ_HONEST_S

const struct err *
pass_modseqs(struct pass *p)
{
	const struct err *err;
	int64_t n;

	err = db_number(p->m->db, "SELECT (SELECT count(*) FROM messages "
	    "WHERE " BAD_MODSEQ ") + (SELECT count(*) FROM expunged WHERE "
	    BAD_MODSEQ ")", &n);
	if (err != NULL || n == 0)
		return err;
	FOUND(p, CHECK_PROBLEM, "%" PRId64 " rows have a modseq that cannot "
	    "be", n);
	if (p->fix)
		err = db_run_numbers(p->m->db, "UPDATE messages SET modseq = ?1 "
		    "WHERE " BAD_MODSEQ, (int64_t[]){ (int64_t)p->modseq }, 1);
	return err != NULL || !p->fix ? err : db_run_numbers(p->m->db,
	    "UPDATE expunged SET modseq = ?1 WHERE " BAD_MODSEQ,
	    (int64_t[]){ (int64_t)p->modseq }, 1);
}

/* A change in such a block would stay hidden from sessions that look for it. */
const struct err *
pass_changed(struct pass *p)
{
	const struct err *err;
	int64_t n;

	err = changed_wrong(p->m->db, &n);
	if (err == NULL && n > 0)
		FOUND(p, CHECK_PROBLEM, "%" PRId64 " notes of the last change "
		    "are missing or too old; they are made anew", n);
	return err;
}

/* --- Tables against each other --- */

static const struct err *
content_again(struct pass *p, uint32_t uid, const char *why)
{
	struct stat st;

	FOUND(p, CHECK_PROBLEM, "message %" PRIu32 "%s; its file is parsed "
	    "again", uid, why);
	return p->fix ? check_make_content(p->m, uid, &st) : NULL;
}

static const struct err *
content_missing(struct pass *p, uint32_t uid)
{
	return content_again(p, uid, " has no content row");
}

/* A row beyond DB_VALUE_MAX, which nobody can read. */
static const struct err *
content_too_large(struct pass *p, uint32_t uid)
{
	return content_again(p, uid, "'s content row is too large to be read");
}

static const struct err *
pass_sizes(struct pass *p)
{
	struct seqset_builder b = { 0 };
	const struct err *err;

	err = pass_uids(p->m->db, "SELECT uid FROM messages "
	    "JOIN content USING (uid) LEFT JOIN sortkeys USING (uid) "
	    "WHERE length(envelope) + length(body) + length(structure) + "
	    "length(headers) + length(parts) + coalesce(length(preview), 0) + "
	    "coalesce(length(keys), 0) > " DB_VALUE_MAX_S " - 100 ORDER BY uid",
	    &b);
	if (err == NULL)
		err = pass_each(p, &b, content_too_large);
	seqset_builder_clear(&b);
	return err;
}

#define WITHOUT_MESSAGE(table)	"DELETE FROM " table " WHERE "		\
	"uid NOT IN (SELECT uid FROM messages) AND "				\
	"uid NOT IN (SELECT uid FROM expunged WHERE purged = 0)"
#define BAD_UID	"uid NOT BETWEEN 1 AND " UID_LAST_S

const struct err *
pass_tables(struct pass *p)
{
	struct seqset_builder b = { 0 };
	struct db *db = p->m->db;
	const struct err *err;
	int64_t n;

	err = db_number(db, "SELECT (SELECT count(*) FROM messages "
	    "WHERE " BAD_UID ") + (SELECT count(*) FROM expunged "
	    "WHERE " BAD_UID ")", &n);
	if (err == NULL && n > 0) {
		FOUND(p, CHECK_PROBLEM, "%" PRId64 " rows have an impossible "
		    "UID", n);
		if (p->fix)
			err = db_exec(db, "DELETE FROM messages WHERE " BAD_UID
			    "; DELETE FROM expunged WHERE " BAD_UID);
	}
	if (err == NULL)
		err = db_number(db, "SELECT count(*) FROM expunged "
		    "JOIN messages USING (uid)", &n);
	if (err == NULL && n > 0) {
		FOUND(p, CHECK_PROBLEM, "%" PRId64 " messages are marked as "
		    "expunged too; they stay", n);
		if (p->fix)
			err = db_exec(db, "DELETE FROM expunged "
			    "WHERE uid IN (SELECT uid FROM messages)");
	}
	if (err == NULL)
		err = pass_files(p);
	if (err == NULL)
		err = pass_uids(db, "SELECT m.uid FROM messages AS m LEFT JOIN "
		    "content AS c USING (uid) WHERE c.uid IS NULL "
		    "ORDER BY m.uid", &b);
	/* The lost are gone when the pass mends; else they were told. */
	if (err == NULL && p->fix)
		err = pass_each(p, &b, content_missing);
	for (size_t i = 0; err == NULL && !p->fix && i < b.n; i++)
		for (uint64_t u = b.ranges[i].first; u <= b.ranges[i].last; u++)
			if (pass_has_file(p, (uint32_t)u))
				content_missing(p, (uint32_t)u);
	seqset_builder_clear(&b);
	if (err == NULL)
		err = pass_sizes(p);
	if (err == NULL && p->fix)
		err = db_exec(db, WITHOUT_MESSAGE("content") "; "
		    WITHOUT_MESSAGE("ids") "; " WITHOUT_MESSAGE("sortkeys"));
	return err;
}

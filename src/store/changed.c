/* changed.c - which messages changed after a mod-sequence
 * SPDX-License-Identifier: ISC
 *
 * An index of the messages' mod-sequences would take most of the time of a STORE
 * of many.  Table changed has one row for each block of 64 UIDs instead: the
 * highest mod-sequence in it, or one above.  A block without messages needs no
 * row; one with messages must have it. */
#include "store/mailbox-private.h"

#define BLOCK_BITS	6
/* In SQL: the block of a UID, and the first and the last UID of a block. */
#define BLOCK(uid)	"(" uid " >> 6)"
#define FIRST		"(block << 6)"
#define LAST		"((block << 6) + 63)"

#define FEW_BLOCKS	64	/* so many are sorted, if need be */

/* Messages of such blocks, which block's row tells. */
#define CHANGES(how)							\
	"SELECT uid, flags, m.modseq FROM changed AS c " how " "		\
	"CROSS JOIN messages AS m NOT INDEXED "				\
	"WHERE c.modseq > ?1 AND block BETWEEN " BLOCK("?3") " AND "	\
	BLOCK("(?4 - 1)") " AND uid BETWEEN " FIRST " AND " LAST " "	\
	"AND +uid >= ?3 AND +uid < ?4 AND m.modseq > ?1 "		\
	"AND m.modseq <> ?2 "

static const char sql_few[] =
	CHANGES("INDEXED BY changed_modseq") "ORDER BY uid LIMIT ?5";
static const char sql_many[] =
	CHANGES("NOT INDEXED") "ORDER BY block, uid LIMIT ?5";

/*
 * The index gives a few blocks at once.  Of more than one piece all that is in them
 * would be sorted for each piece; a walk by UID goes on where the last one ended.
 */
static const struct err *
choose(struct mailbox *m, uint64_t since, const char **sql_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(m->db, "SELECT count(*) FROM (SELECT 1 FROM changed "
	    "INDEXED BY changed_modseq WHERE modseq > ?1 LIMIT ?2)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, (int64_t)since);
	sqlite3_bind_int64(stmt, 2, FEW_BLOCKS + 1);
	err = db_step(m->db, stmt, &row);
	if (err == NULL)
		*sql_r = row && sqlite3_column_int64(stmt, 0) > FEW_BLOCKS ?
		    sql_many : sql_few;
	db_done(stmt);
	return err;
}

const struct err *
mailbox_changes(struct mailbox *m, uint64_t since, uint64_t own,
    uint32_t first_uid, uint32_t below_uid, struct change *changes, size_t max,
    size_t *n_r)
{
	const struct err *err = mailbox_db(m);
	const char *sql;
	sqlite3_stmt *stmt;
	int64_t next = first_uid;
	size_t n = 0;
	bool row;

	*n_r = 0;
	if (err != NULL || m->db == NULL)
		return err;
	err = choose(m, since, &sql);
	if (err == NULL)
		err = db_prepare(m->db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, (int64_t)since);
	sqlite3_bind_int64(stmt, 2, (int64_t)own);
	sqlite3_bind_int64(stmt, 3, first_uid);
	sqlite3_bind_int64(stmt, 4, below_uid);
	sqlite3_bind_int64(stmt, 5, (int64_t)max);
	while (n < max && (err = db_step(m->db, stmt, &row)) == NULL && row) {
		changes[n++] = (struct change){
			.uid = (uint32_t)sqlite3_column_int64(stmt, 0),
			.flags = (uint64_t)sqlite3_column_int64(stmt, 1),
			.modseq = (uint64_t)sqlite3_column_int64(stmt, 2)
		};
		err = uid_in_order(m, changes[n - 1].uid, &next,
		    UINT32_MAX);
		if (err != NULL)
			break;
	}
	db_done(stmt);
	if (err == NULL)
		*n_r = n;
	return err;
}

/* --- Keeping it --- */

const struct err *
changed_added(struct db *db, uint32_t first, uint32_t below, uint64_t modseq)
{
	const struct err *err = NULL;
	sqlite3_stmt *stmt;

	if (first >= below)
		return NULL;
	for (uint32_t block = first >> BLOCK_BITS; err == NULL &&
	    block <= (below - 1) >> BLOCK_BITS; block++) {
		err = db_prepare(db, "INSERT OR REPLACE INTO changed "
		    "VALUES (?1, ?2)", &stmt);
		if (err != NULL)
			return err;
		sqlite3_bind_int64(stmt, 1, block);
		sqlite3_bind_int64(stmt, 2, (int64_t)modseq);
		err = db_run(db, stmt);
	}
	return err;
}

/* modseq 0: the text names none. */
static const struct err *
run_range(struct db *db, const char *sql, struct seqrange r, uint64_t modseq)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, r.first);
	sqlite3_bind_int64(stmt, 2, r.last);
	if (modseq != 0)
		sqlite3_bind_int64(stmt, 3, (int64_t)modseq);
	return db_run(db, stmt);
}

const struct err *
changed_flags(struct db *db, struct seqrange r, uint64_t modseq)
{
	return run_range(db, "UPDATE OR ROLLBACK changed SET modseq = ?3 "
	    "WHERE block BETWEEN " BLOCK("?1") " AND " BLOCK("?2")
	    " AND EXISTS (SELECT 1 FROM messages NOT INDEXED WHERE uid "
	    "BETWEEN max(?1, " FIRST ") AND min(?2, " LAST ") "
	    "AND messages.modseq = ?3)", r, modseq);
}

const struct err *
changed_expunged(struct db *db, struct seqrange r)
{
	return run_range(db, "DELETE FROM changed WHERE block BETWEEN "
	    BLOCK("?1") " AND " BLOCK("?2") " AND NOT EXISTS (SELECT 1 FROM "
	    "messages NOT INDEXED WHERE uid BETWEEN " FIRST " AND " LAST ")",
	    r, 0);
}

const struct err *
changed_rebuild(struct db *db)
{
	const struct err *err = db_exec(db, "DELETE FROM changed");

	return err != NULL ? err : db_exec(db, "INSERT INTO changed SELECT "
	    BLOCK("uid") " AS block, max(modseq) FROM messages "
	    "GROUP BY block");
}

const struct err *
changed_wrong(struct db *db, int64_t *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(db, "SELECT count(*) FROM (SELECT " BLOCK("uid")
	    " AS b, max(modseq) AS top FROM messages GROUP BY b) "
	    "LEFT JOIN changed ON block = b "
	    "WHERE modseq IS NULL OR modseq < top", &stmt);
	if (err != NULL)
		return err;
	err = db_step(db, stmt, &row);
	if (err == NULL)
		*n_r = sqlite3_column_int64(stmt, 0);
	db_done(stmt);
	return err;
}

/* check-pass.c - what the steps of a check share
 * SPDX-License-Identifier: ISC */
#include "store/check-pass.h"

const struct err *
pass_run_uid(struct db *db, const char *sql, uint32_t uid)
{
	return db_run_numbers(db, sql, (int64_t[]){ uid }, 1);
}

const struct err *
pass_uids(struct db *db, const char *sql, struct seqset_builder *b)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	while ((err = db_step(db, stmt, &row)) == NULL && row)
		seqset_add(b, (uint32_t)sqlite3_column_int64(stmt, 0));
	db_done(stmt);
	return err;
}

const struct err *
pass_each(struct pass *p, const struct seqset_builder *b,
    const struct err *(*fn)(struct pass *, uint32_t))
{
	const struct err *err = NULL;

	for (size_t i = 0; err == NULL && i < b->n; i++)
		for (uint64_t uid = b->ranges[i].first; err == NULL &&
		    uid <= b->ranges[i].last; uid++)
			err = fn(p, (uint32_t)uid);
	return err;
}

/* db-query.c - statements whose parameters and results are numbers
 * SPDX-License-Identifier: ISC */
#include "store/db.h"

const struct err *
db_number(struct db *db, const char *sql, int64_t *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	err = db_step(db, stmt, &row);
	*n_r = err == NULL && row ? sqlite3_column_int64(stmt, 0) : 0;
	db_done(stmt);
	return err;
}

const struct err *
db_run_numbers(struct db *db, const char *sql, const int64_t *numbers, int n)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	for (int i = 0; i < n; i++)
		sqlite3_bind_int64(stmt, i + 1, numbers[i]);
	return db_run(db, stmt);
}

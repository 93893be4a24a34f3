/* db-shape.c - whether a database has the tables that its version says
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "util/buf.h"

/* What a program that reads by name depends on; never the SQL's spelling, which
 * ALTER TABLE of one SQLite may leave otherwise than that of another. */
static const char sql_shape[] =
	"SELECT m.type, m.name, p.name, p.type FROM sqlite_schema AS m "
	"LEFT JOIN pragma_table_info(m.name) AS p "
	"ON m.type IN ('table', 'view') "
	"WHERE m.name NOT GLOB 'sqlite_*' ORDER BY m.type, m.name, p.cid";

/* SQLite's code; all that it has is added to b. */
static int
read_shape(sqlite3 *sql, struct buf *b)
{
	sqlite3_stmt *stmt;
	int code;

	if (sqlite3_prepare_v2(sql, sql_shape, -1, &stmt, NULL) != SQLITE_OK)
		return sqlite3_errcode(sql);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
		for (int i = 0; i < 4; i++) {
			const char *s = (const char *)sqlite3_column_text(stmt,
			    i);

			buf_adds(b, s != NULL ? s : "");
			buf_add(b, "\n", 1);
		}
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* The same of a database that is made for it, in memory. */
static const struct err *
make_shape(const struct db_schema *schema, int version, struct buf *b)
{
	const struct err *err = NULL;
	sqlite3 *sql = NULL;
	int code;

	code = sqlite3_open(":memory:", &sql);
	for (int i = 0; code == SQLITE_OK && i < version &&
	    schema->steps[i] != NULL; i++)
		code = sqlite3_exec(sql, schema->steps[i], NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = read_shape(sql, b);
	if (code != SQLITE_OK)
		err = err_internal("the tables of %s: %s", schema->file,
		    sqlite3_errstr(code));
	sqlite3_close(sql);
	return err;
}

const struct err *
db_shape_same(struct db *db, const struct db_schema *schema, int version,
    bool *same_r)
{
	/* A check looks at many of one kind. */
	static const struct db_schema *made;
	static int made_version;
	static struct buf want;
	const struct err *err = NULL;
	struct buf got = { 0 };

	if (made != schema || made_version != version) {
		made = NULL;
		buf_clear(&want);
		err = make_shape(schema, version, &want);
		if (err != NULL)
			return err;
		made = schema;
		made_version = version;
	}
	if (read_shape(db_sqlite(db), &got) != SQLITE_OK)
		err = db_error(db, "schema");
	else
		*same_r = got.len == want.len &&
		    memcmp(got.s, want.s, got.len) == 0;
	buf_clear(&got);
	return err;
}

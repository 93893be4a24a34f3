/* test-sqlheap.c - memory for SQLite: sizes, contents, giving back
 * SPDX-License-Identifier: ISC */
#include "store/sqlheap.h"

#include <sqlite3.h>
#include <stdint.h>

#include "test.h"

#define PIECES	600

static unsigned char *pieces[PIECES];
static int sizes[PIECES];

static bool
holds(const unsigned char *s, int size, int octet)
{
	for (int i = 0; i < size; i++)
		if (s[i] != (unsigned char)octet)
			return false;
	return true;
}

static void
begin(void)
{
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlheap_config();
	CHECK_INT(sqlite3_initialize(), SQLITE_OK);
}

static void
end(void)
{
	CHECK_INT(sqlite3_shutdown(), SQLITE_OK);
	sqlheap_rest();
}

static void
every_size_has_room(void)
{
	static const int large[] = { 65535, 65536, 65537, 131063, 131064,
	    131065, 131072, 131073, 1000000 };
	char *p;

	begin();
	for (int size = 1; size < 20000; size++) {
		TEST_ROW("%d", size);
		p = sqlite3_malloc(size);
		if (!CHECK(p != NULL))
			break;
		CHECK(sqlite3_msize(p) >= (sqlite3_uint64)size);
		CHECK(sqlite3_msize(p) <= (sqlite3_uint64)size +
		    (sqlite3_uint64)size / 8 + 16);
		CHECK_INT((uintptr_t)p % 8, 0);
		memset(p, 1, (size_t)size);
		sqlite3_free(p);
	}
	for (size_t i = 0; i < TEST_N(large); i++) {
		TEST_ROW("%d", large[i]);
		p = sqlite3_malloc(large[i]);
		CHECK(sqlite3_msize(p) >= (sqlite3_uint64)large[i]);
		memset(p, 1, (size_t)large[i]);
		sqlite3_free(p);
	}
	end();
}

/* Pieces of all sizes come, grow, shrink and go; none touches another. */
static void
pieces_keep_their_octets(void)
{
	uint32_t random = 1;
	int i, before;

	begin();
	for (int round = 0; round < 60000; round++) {
		random = random * 1664525 + 1013904223;
		i = (int)((random >> 8) % PIECES);
		if (pieces[i] != NULL && !CHECK(holds(pieces[i], sizes[i], i)))
			break;
		if (random >> 30 == 0) {
			sqlite3_free(pieces[i]);
			pieces[i] = NULL;
			continue;
		}
		random = random * 1664525 + 1013904223;
		before = pieces[i] != NULL ? sizes[i] : 0;
		sizes[i] = 1 + (int)((random >> 8) % (random >> 29 == 0 ?
		    200000 : 3000));
		pieces[i] = sqlite3_realloc(pieces[i], sizes[i]);
		if (!CHECK(pieces[i] != NULL))
			break;
		CHECK(holds(pieces[i], before < sizes[i] ? before : sizes[i],
		    i));
		memset(pieces[i], i, (size_t)sizes[i]);
	}
	for (i = 0; i < PIECES; i++) {
		sqlite3_free(pieces[i]);
		pieces[i] = NULL;
	}
	end();
}

static void
fill(sqlite3 *db)
{
	CHECK_INT(sqlite3_exec(db, "CREATE TABLE t(a PRIMARY KEY, b);"
	    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
	    "i < 3000) INSERT INTO t SELECT i, zeroblob(i % 700) FROM n;"
	    "CREATE INDEX t_b ON t(b); DELETE FROM t WHERE a % 3 = 0;",
	    NULL, NULL, NULL), SQLITE_OK);
}

static int
first_column(void *arg, int n, char **columns, char **names)
{
	(void)n;
	(void)names;
	snprintf(arg, 64, "%s", columns[0]);
	return 0;
}

/* The second time it begins with nothing, as after a session's long wait. */
static void
databases_live_in_it(void)
{
	char text[64];
	sqlite3 *db;

	for (int i = 0; i < 3; i++) {
		begin();
		CHECK_INT(sqlite3_open(":memory:", &db), SQLITE_OK);
		fill(db);
		sqlite3_exec(db, "PRAGMA integrity_check", first_column, text,
		    NULL);
		CHECK_STR(text, "ok");
		sqlite3_exec(db, "SELECT count(*) || ' ' || sum(length(b)) "
		    "FROM t", first_column, text, NULL);
		CHECK_STR(text, "2000 665500");
		CHECK_INT(sqlite3_close(db), SQLITE_OK);
		end();
	}
}

/* Nothing is given back while something of it is in use. */
static void
rest_keeps_what_is_used(void)
{
	char *p;

	begin();
	p = sqlite3_malloc(100);
	memset(p, 7, 100);
	sqlheap_rest();
	CHECK(holds((unsigned char *)p, 100, 7));
	sqlite3_free(p);
	end();
}

int
main(void)
{
	TEST(every_size_has_room);
	TEST(pieces_keep_their_octets);
	TEST(databases_live_in_it);
	TEST(rest_keeps_what_is_used);
	return test_end();
}

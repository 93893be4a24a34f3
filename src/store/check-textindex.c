/* check-textindex.c - whether search.db is sound
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/check-private.h"
#include "store/textindex-private.h"

/* What SQLite's integrity_check does not look into. */
static void
verify(struct mailbox *m, enum db_health *health_r, char *text, size_t size)
{
	static const char *const checks[] = {
		"INSERT INTO grams(grams) VALUES ('integrity-check')",
		"INSERT INTO mail(mail) VALUES ('integrity-check')"
	};
	const struct err *err;
	struct textindex *ix = NULL;
	bool fit = true;
	int fd;

	if ((err = textindex_lock_open(m, &fd)) != NULL) {
		if (errno == EISDIR || errno == ELOOP || errno == ENXIO) {
			*health_r = DB_DAMAGED;
			strlcpy(text, err->text, size);
		}
		return;
	}
	/* Who writes it meets damage by itself. */
	if (!textindex_lock(fd, LOCK_WRITER, F_WRLCK) ||
	    textindex_open_file(m, fd, &ix, &fit) != NULL || ix == NULL) {
		close(fd);
		if (fit)
			return;
		*health_r = DB_DAMAGED;
		snprintf(text, size, "it is not of this mailbox");
		return;
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (*health_r == DB_GOOD &&
		    (err = db_exec(ix->db, checks[i])) != NULL &&
		    textindex_is_damage(err)) {
			*health_r = DB_DAMAGED;
			strlcpy(text, sqlite3_errmsg(db_sqlite(ix->db)), size);
		}
	textindex_close(ix);
}

void
check_textindex(struct check *c, struct mailbox *m, const char *where,
    bool mended)
{
	char text[CHECK_TEXT_OCTETS];
	enum db_health health;
	const struct err *err;
	bool busy = true;

	err = db_health(m->path, m->fd, &schema_search, m->what, &health, text,
	    sizeof(text));
	if (err != NULL)
		check_failed(c, where, err);
	if (err != NULL || health == DB_MISSING || health == DB_NEWER)
		return;
	if (health == DB_GOOD)
		verify(m, &health, text, sizeof(text));
	/* It may have been made of what was wrong. */
	if (health == DB_GOOD && mended)
		textindex_remove(m, &busy);
	if (health == DB_GOOD)
		return;
	if (c->repair && textindex_remove(m, &busy) != NULL)
		busy = true;
	check_finding(c, CHECK_PROBLEM, c->repair && !busy, where,
	    "search.db cannot be used (%s); it is made again from the messages",
	    text);
}

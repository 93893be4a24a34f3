/* backup-restore.c - an account or a mailbox of a backup comes into a store in use
 * SPDX-License-Identifier: ISC
 *
 * First all of it goes to "restore.new" in the store's directory, where nobody
 * looks; who is cut off goes on there.  Then it is renamed into its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/backup-private.h"
#include "store/users-private.h"
#include "store/users.h"
#include "util/log.h"
#include "wire/respcode.h"

#define PLACE	"restore.new"

struct coming {
	struct transfer	 t;
	struct arena	*a;
	struct conf	 plain;
	struct store	*from;
	struct backup_options options;
};

static const struct err *
place_open(struct coming *c)
{
	struct transfer *t = &c->t;
	const struct err *err;
	char path[STORE_PATH_OCTETS];

	snprintf(path, sizeof(path), "%s/" PLACE, store_path(t->into));
	err = make_dir(store_fd(t->into), PLACE);
	if (err == NULL)
		err = store_open_bare(path, &t->plain, &t->to);
	if (err == NULL)
		err = make_dir(store_fd(t->to), "users");
	if (err == NULL)
		err = make_dir(store_fd(t->to), "shared");
	return err != NULL ? err : stage_open(t);
}

/* Both stores are locked: nothing is purged here, nothing comes there. */
static const struct err *
begin(struct coming *c, struct store *store, const char *dir,
    const struct backup_options *options, struct backup_result *result)
{
	const struct err *err;

	*result = (struct backup_result){ 0 };
	*c = (struct coming){ .a = arena_new(), .plain = *store_conf(store),
	    .options = *options };
	c->plain.journal = JOURNAL_ROLLBACK;
	err = backup_open(dir, &c->plain, options->incomplete, &c->from);
	if (err != NULL)
		return err;
	transfer_init(&c->t, c->from, &c->options, result);
	c->t.restore = true;
	c->t.clean = true;
	c->t.into = store;
	err = backup_lock(store_fd(store), store_path(store), &c->t.into_lock);
	if (err == NULL)
		err = backup_lock(store_fd(c->from), dir, &c->t.from_lock);
	return err;
}

/* What has come to its place is gone here. */
static const struct err *
end(struct coming *c, const struct err *err)
{
	const struct err *left = NULL;

	if (c->t.into != NULL && c->t.to != NULL && err == NULL)
		left = dir_remove(store_fd(c->t.into), PLACE, DIR_LEVELS);
	/* It is there whatever becomes of this. */
	if (left != NULL)
		log_warning("%s is left: %s", PLACE, left->text);
	if (c->from != NULL)
		transfer_end(&c->t);
	store_close(c->from);
	arena_free(c->a);
	return err;
}

static const struct err *
sync_dir(int dirfd, const char *name)
{
	const struct err *err = NULL;
	int fd = dir_open(dirfd, name);

	if (fd == -1 || fsync(fd) == -1)
		err = err_errno("%s: fsync", name);
	if (fd != -1)
		close(fd);
	return err;
}

static bool
is_missing(const struct err *err)
{
	return err != NULL && err->code != NULL &&
	    strcmp(err->code, RESP_NONEXISTENT) == 0;
}

/* --- A mailbox --- */

static const struct err *
is_free(struct account *account, struct arena *a, const char *name)
{
	struct mailbox_row row;
	const struct err *err = account_row(account, a, name, &row);

	if (is_missing(err) || (err == NULL && row.noselect))
		return NULL;
	return err != NULL ? err : err_user(RESP_ALREADYEXISTS, "there is a "
	    "mailbox of that name; restore it under another name");
}

static const struct err *
find_mailbox(struct coming *c, struct account *from, const char *name,
    struct mailbox_row *row)
{
	const struct err *err = account_row(from, c->a, name, row);

	if (is_missing(err) || (err == NULL && row->noselect))
		return err_user(RESP_NONEXISTENT, "there is no such mailbox "
		    "in the backup");
	return err;
}

static const struct err *
bring_mailbox(struct coming *c, struct account *from,
    const struct mailbox_row *row, const char *to,
    struct mailbox_state *state_r)
{
	struct transfer *t = &c->t;
	struct mailbox *m = NULL;
	const struct err *err;
	bool skipped, staged;

	err = make_dir(store_fd(t->to), from->what);
	if (err == NULL)
		err = make_dir(store_fd(t->stage), from->what);
	if (err == NULL)
		err = mailbox_open_row(from, row, &m);
	if (err == NULL)
		err = transfer_mailbox(t, m, to, UINT64_MAX, &skipped,
		    state_r);
	mailbox_close(m);
	if (err == NULL)
		err = transfer_whole(t);
	if (err == NULL)
		err = transfer_flush(t);
	if (err == NULL)
		err = install_mailbox(t, to, &staged);
	if (err == NULL)
		err = clean_mailbox(t, to);
	return err != NULL ? err : transfer_sync(t);
}

/* Under an id of its own: the one that it has in the backup may be in use. */
static const struct err *
place_mailbox(struct coming *c, struct account *account, const char *from,
    const char *name, uint32_t uidnext)
{
	char id[MAILBOX_ID_LEN + 1], to[64];
	const struct err *err = make_dir(account->fd, "deleted");

	if (err != NULL)
		return err;
	mailbox_new_id(id);
	snprintf(to, sizeof(to), "deleted/%s", id);
	if (renameat(store_fd(c->t.to), from, account->fd, to) == -1)
		return err_errno("%s/%s", account->what, to);
	err = sync_dir(account->fd, "deleted");
	return err != NULL ? err : account_adopt(account, name, id, uidnext);
}

const struct err *
backup_restore_mailbox(struct account *account, const char *dir,
    const char *from, const char *to, const struct backup_options *options,
    struct backup_result *result)
{
	struct account *source = NULL;
	struct mailbox_state state;
	struct mailbox_row row;
	const struct err *err;
	const char *path = "";
	struct coming c;

	err = begin(&c, account->store, dir, options, result);
	/* It is a new mailbox in any case. */
	c.options.uids = BACKUP_UIDS_NEW;
	if (err == NULL)
		err = is_free(account, c.a, to);
	if (err == NULL)
		err = account_open(c.from, account->kind, account->name,
		    &source);
	if (err == NULL)
		err = find_mailbox(&c, source, from, &row);
	if (err == NULL)
		err = place_open(&c);
	if (err == NULL) {
		path = arena_printf(c.a, "%s/%s", source->what, row.id);
		err = bring_mailbox(&c, source, &row, path, &state);
	}
	if (err == NULL)
		err = place_mailbox(&c, account, path, to, state.uidnext);
	account_close(source);
	return end(&c, err);
}

/* --- An account --- */

/* The name as it is spelled in the backup, and what is known of a user. */
static const struct err *
find_account(struct coming *c, enum account_kind kind, const char *given,
    struct user *user)
{
	const struct err *err;
	const char **names;
	size_t n;

	if (kind == ACCOUNT_USER)
		return user_find(c->from, c->a, given, user);
	err = shared_list(c->from, c->a, &names, &n);
	for (size_t i = 0; err == NULL && i < n; i++)
		if (strcasecmp(names[i], given) == 0) {
			*user = (struct user){ .name = names[i] };
			return NULL;
		}
	return err != NULL ? err : err_user(RESP_NONEXISTENT, "there is no "
	    "shared mailbox '%s' in the backup", given);
}

static const struct err *
must_lack(struct db *users, enum account_kind kind, const char *name)
{
	const struct err *err;
	bool yes;

	err = users_has(users, kind == ACCOUNT_USER ?
	    "SELECT 1 FROM users WHERE name = ?1" :
	    "SELECT 1 FROM shared WHERE name = ?1", name, &yes);
	if (err == NULL && yes)
		err = err_user(RESP_ALREADYEXISTS, "%s/%s is in the store; "
		    "restore its mailboxes one by one, under other names",
		    account_kind_dir(kind), name);
	return err;
}

static const struct err *
bring_account(struct coming *c, enum account_kind kind, const char *name)
{
	struct transfer *t = &c->t;
	const struct err *err;

	err = stage_account(t, kind, name);
	if (err == NULL)
		err = transfer_account(t, kind, name);
	if (err == NULL)
		err = transfer_whole(t);
	if (err == NULL)
		err = transfer_flush(t);
	if (err == NULL)
		err = install_account(t, kind, name);
	return err != NULL ? err : transfer_sync(t);
}

/* The id of before is another's when the user was renamed since. */
static const struct err *
choose_id(struct db *users, struct user *user, int64_t *id_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool taken;

	*id_r = user->id;
	err = db_prepare(users, "SELECT 1 FROM users WHERE id = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, user->id);
	err = db_step(users, stmt, &taken);
	db_done(stmt);
	if (err == NULL && taken)
		*id_r = user_new_id();
	return err;
}

/* Rows of one user in auth.db, whose id may be another here. */
static const struct err *
copy_auth(struct db *from, struct db *to, const char *select,
    const char *insert, int64_t from_id, int64_t to_id)
{
	const struct err *err;
	sqlite3_stmt *in, *out;
	bool row;

	err = db_prepare(from, select, &in);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(in, 1, from_id);
	while ((err = db_step(from, in, &row)) == NULL && row) {
		err = db_prepare(to, insert, &out);
		if (err != NULL)
			break;
		sqlite3_bind_int64(out, 1, to_id);
		for (int i = 0; i < sqlite3_column_count(in); i++)
			sqlite3_bind_value(out, i + 2,
			    sqlite3_column_value(in, i));
		err = db_run(to, out);
		if (err != NULL)
			break;
	}
	db_done(in);
	return err;
}

static const struct err *
bring_credentials(struct db *from, struct db *to, int64_t from_id,
    int64_t to_id)
{
	const struct err *err = credentials_forget(to, to_id);

	if (err == NULL)
		err = db_begin(to, true);
	if (err != NULL)
		return err;
	err = copy_auth(from, to, "SELECT password, scram FROM credentials "
	    "WHERE user = ?1", "INSERT INTO credentials(user, password, scram) "
	    "VALUES (?1, ?2, ?3)", from_id, to_id);
	if (err == NULL)
		err = copy_auth(from, to, "SELECT label, hash, created, used, "
		    "expires FROM app_passwords WHERE user = ?1", "INSERT INTO "
		    "app_passwords(user, label, hash, created, used, expires) "
		    "VALUES (?1, ?2, ?3, ?4, ?5, ?6)", from_id, to_id);
	return auth_end(to, err);
}

static const struct err *
insert_user(struct db *users, const struct user *user, int64_t id)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(users, "INSERT INTO users(name, id, may, created, "
	    "capabilities_off, search_index) VALUES (?1, ?2, ?3, ?4, ?5, "
	    "nullif(?6, -1))", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, user->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, id);
	sqlite3_bind_int64(stmt, 3, user->may);
	sqlite3_bind_int64(stmt, 4, user->created);
	sqlite3_bind_text(stmt, 5, user->capabilities_off, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 6, user->search_index);
	return db_run(users, stmt);
}

static const struct err *
insert_shared(struct db *users, const char *name)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(users, "INSERT INTO shared VALUES (?1, ?2)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, now_seconds());
	return db_run(users, stmt);
}

/* Those whose other side is in the store. */
static const struct err *
bring_grants(struct db *from, struct db *to, enum account_kind kind,
    const char *name)
{
	const struct err *err;
	sqlite3_stmt *in, *out;
	bool row;

	err = db_prepare(from, kind == ACCOUNT_USER ?
	    "SELECT shared, user, rights FROM grants WHERE user = ?1" :
	    "SELECT shared, user, rights FROM grants WHERE shared = ?1", &in);
	if (err != NULL)
		return err;
	sqlite3_bind_text(in, 1, name, -1, SQLITE_STATIC);
	while ((err = db_step(from, in, &row)) == NULL && row) {
		err = db_prepare(to, "INSERT OR IGNORE INTO grants "
		    "SELECT s.name, u.name, ?3 FROM shared s, users u "
		    "WHERE s.name = ?1 AND u.name = ?2", &out);
		if (err != NULL)
			break;
		for (int i = 0; i < 3; i++)
			sqlite3_bind_value(out, i + 1,
			    sqlite3_column_value(in, i));
		err = db_run(to, out);
		if (err != NULL)
			break;
	}
	db_done(in);
	return err;
}

/* Inside a transaction on users.db: the row and what belongs to it. */
static const struct err *
insert_rows(struct coming *c, struct db *users, struct db *auth,
    enum account_kind kind, struct user *user)
{
	struct db *old_users, *old_auth;
	const struct err *err;
	int64_t id;

	err = store_users_db(c->from, &old_users);
	if (err != NULL || kind == ACCOUNT_SHARED) {
		if (err == NULL)
			err = insert_shared(users, user->name);
		return err != NULL ? err : bring_grants(old_users, users, kind,
		    user->name);
	}
	err = store_auth_db(c->from, &old_auth);
	if (err == NULL)
		err = choose_id(users, user, &id);
	if (err == NULL)
		err = bring_credentials(old_auth, auth, user->id, id);
	if (err == NULL)
		err = insert_user(users, user, id);
	return err != NULL ? err : bring_grants(old_users, users, kind,
	    user->name);
}

/*
 * Among the accounts, where a check finds what is left of a restore that was cut
 * off as it finds what is left of a removal.
 */
static const struct err *
move_aside(struct coming *c, enum account_kind kind, const char *name,
    char aside[ACCOUNT_DIR_OCTETS])
{
	struct store *store = c->t.into;
	char dir[ACCOUNT_DIR_OCTETS];
	const struct err *err;

	err = account_set_aside(store, kind, name);
	if (err == NULL)
		err = account_aside(store, kind, name, dir, aside);
	if (err == NULL && renameat(store_fd(c->t.to), arena_printf(c->a,
	    "%s/%s", account_kind_dir(kind), name), store_fd(store),
	    aside) == -1)
		err = err_errno("%s", aside);
	return err;
}

static const struct err *
place_account(struct coming *c, enum account_kind kind, struct user *user)
{
	struct store *store = c->t.into;
	char aside[ACCOUNT_DIR_OCTETS];
	struct db *users, *auth;
	const struct err *err;
	bool moved = false;

	err = store_auth_db(store, &auth);
	if (err == NULL)
		err = users_begin(store, &users);
	if (err != NULL)
		return err;
	err = must_lack(users, kind, user->name);
	if (err == NULL)
		err = move_aside(c, kind, user->name, aside);
	if (err == NULL) {
		err = account_move_begin(store, aside, arena_printf(c->a,
		    "%s/%s", account_kind_dir(kind), user->name));
		moved = err == NULL;
	}
	if (err == NULL)
		err = insert_rows(c, users, auth, kind, user);
	return users_end_moved(store, users, moved, err);
}

const struct err *
backup_restore_account(struct store *store, const char *dir,
    enum account_kind kind, const char *name,
    const struct backup_options *options, struct backup_result *result)
{
	const struct err *err;
	struct db *users;
	struct user user;
	struct coming c;

	err = begin(&c, store, dir, options, result);
	if (err == NULL)
		err = find_account(&c, kind, name, &user);
	if (err == NULL)
		err = store_users_db(store, &users);
	if (err == NULL)
		err = must_lack(users, kind, user.name);
	if (err == NULL)
		err = place_open(&c);
	if (err == NULL)
		err = bring_account(&c, kind, user.name);
	if (err == NULL)
		err = place_account(&c, kind, &user);
	return end(&c, err);
}

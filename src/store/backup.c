/* backup.c - a copy of a whole store in use, and a store from it
 * SPDX-License-Identifier: ISC
 *
 * First all databases of accounts are copied, which are small: they tell what was
 * there at the start.  Then mailbox by mailbox, which takes its time.  At last all
 * databases are renamed into their places, and what is gone is removed.  Until
 * then the backup is as it was before, with some files more. */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/backup-private.h"
#include "store/check-private.h"
#include "store/credentials.h"
#include "store/users-private.h"
#include "store/users.h"
#include "util/hmac.h"
#include "util/log.h"
#include "wire/respcode.h"

#define STARTS_MAX	10	/* before what does not hold still is an error */
#define USERS_COPY	"users.db" DB_COPY_END

void
transfer_problem(struct transfer *t, const char *where, const struct err *err)
{
	t->result->problems++;
	if (t->options->problem != NULL)
		t->options->problem(t->options->arg, where, err->text);
}

/*
 * A mailbox that cannot be read keeps none of the others from being copied; a
 * place that takes nothing more does.
 */
const struct err *
transfer_failed(struct transfer *t, const char *where,
    const struct err *failed)
{
	static const char probe[4096];
	struct err copy = *failed;
	const struct err *err = NULL;
	int fd;

	fd = openat(store_fd(t->stage), "probe", O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, probe, sizeof(probe)) !=
	    (ssize_t)sizeof(probe) || fsync(fd) == -1)
		err = err_errno("%s", store_path(t->to));
	if (fd != -1)
		close(fd);
	unlinkat(store_fd(t->stage), "probe", 0);
	transfer_problem(t, where, &copy);
	return err;
}

/* --- What there is --- */

struct names {
	const char	**names;
	size_t		 n;
	bool		*failed;	/* could not be copied */
};

struct all {
	struct transfer	*t;
	struct arena	*a;
	struct names	 of[2];		/* by enum account_kind */
};

static const struct err *
list_accounts(struct all *all)
{
	struct names *users = &all->of[ACCOUNT_USER];
	struct names *shared = &all->of[ACCOUNT_SHARED];
	const struct err *err;
	struct user *list;

	err = user_list(all->t->stage, all->a, &list, &users->n);
	if (err == NULL)
		users->names = arena_array(all->a, users->n,
		    sizeof(*users->names));
	for (size_t i = 0; err == NULL && i < users->n; i++)
		users->names[i] = list[i].name;
	if (err == NULL)
		err = shared_list(all->t->stage, all->a, &shared->names,
		    &shared->n);
	if (err != NULL)
		return err;
	names_sort(users->names, users->n);
	names_sort(shared->names, shared->n);
	users->failed = arena_array(all->a, users->n, sizeof(bool));
	shared->failed = arena_array(all->a, shared->n, sizeof(bool));
	return NULL;
}

/* For each that has not failed; what fails is a problem unless it is fatal. */
static const struct err *
each_account(struct all *all, enum account_kind kind, bool fatal,
    const struct err *(*fn)(struct transfer *, enum account_kind,
    const char *name))
{
	struct names *of = &all->of[kind];
	const struct err *err;

	for (size_t i = 0; i < of->n; i++) {
		if (of->failed[i])
			continue;
		err = fn(all->t, kind, of->names[i]);
		if (err != NULL && fatal)
			return err;
		if (err == NULL)
			continue;
		of->failed[i] = true;
		err = transfer_failed(all->t, arena_printf(all->a, "%s/%s",
		    account_kind_dir(kind), of->names[i]), err);
		if (err != NULL)
			return err;
	}
	return NULL;
}

static const struct err *
both_kinds(struct all *all, bool fatal, const struct err *(*fn)(
    struct transfer *, enum account_kind, const char *name))
{
	const struct err *err = each_account(all, ACCOUNT_USER, fatal, fn);

	return err != NULL ? err : each_account(all, ACCOUNT_SHARED, fatal, fn);
}

/* --- The start --- */

/* Both under one lock: who is in the one has credentials in the other. */
static const struct err *
stage_users(struct transfer *t)
{
	const char *dir = store_path(t->stage);
	const struct err *err;
	struct db *users, *auth;
	int fd = store_fd(t->stage);

	err = store_users_db(t->from, &users);
	if (err == NULL)
		err = store_auth_db(t->from, &auth);
	if (err == NULL)
		err = store_lock(t->from);
	if (err != NULL)
		return err;
	err = account_move_undo(t->from, users);
	if (err == NULL)
		err = db_snapshot(users, -1, dir, fd, schema_users.file);
	if (err == NULL)
		err = db_snapshot(auth, -1, dir, fd, schema_auth.file);
	store_unlock(t->from, false);
	return err;
}

/*
 * Mailboxes of shared ones before any account is staged.  Messages can go from these
 * to a user's mailbox, and the other way; whichever is copied first, there must be
 * no gap between: so what leaves a shared mailbox counts from before the users'
 * accounts are staged, and those of shared ones are staged after them.
 */
struct early {
	struct early	*next;
	const char	*account;
	struct mailbox_row row;
};

static const struct err *
look_early(struct all *all, const char *name, struct early **list)
{
	struct account *account = NULL;
	struct mailbox_row *rows = NULL;
	const struct err *err;
	struct early *e;
	size_t n = 0;

	err = account_open(all->t->from, ACCOUNT_SHARED, name, &account);
	if (err == NULL)
		err = account_list(account, all->a, true, &rows, &n);
	for (size_t i = 0; err == NULL && i < n; i++) {
		if (rows[i].noselect)
			continue;
		e = arena_alloc(all->a, sizeof(*e));
		e->account = name;
		e->row = rows[i];
		e->next = *list;
		*list = e;
	}
	account_close(account);
	return err;
}

/* What is damaged is told when its turn comes. */
static const struct err *
list_early(struct all *all, struct early **list_r)
{
	const struct err *err;
	const char **names;
	size_t n = 0;

	*list_r = NULL;
	err = shared_list(all->t->from, all->a, &names, &n);
	for (size_t i = 0; err == NULL && i < n; i++)
		(void)look_early(all, names[i], list_r);
	return err;
}

static const struct err *
set_early(struct account *stage, const struct early *e, bool *there_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(stage->db, "UPDATE mailboxes SET highestmodseq = ?2 "
	    "WHERE id = ?1 AND noselect = 0", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, e->row.id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, (int64_t)e->row.highestmodseq);
	err = db_run(stage->db, stmt);
	*there_r = sqlite3_changes(db_sqlite(stage->db)) > 0;
	return err;
}

/* *again_r: a mailbox was deleted between; where its messages went is not known. */
static const struct err *
count_from_early(struct all *all, const char *name, struct early *list,
    bool *again_r)
{
	struct account *stage = NULL;
	const struct err *err;
	bool there = true;

	err = account_open(all->t->stage, ACCOUNT_SHARED, name, &stage);
	if (err == NULL)
		err = db_careless(stage->db);
	if (err == NULL)
		err = db_exec(stage->db, "BEGIN");
	if (err == NULL)
		err = db_exec(stage->db,
		    "UPDATE mailboxes SET highestmodseq = 1");
	for (struct early *e = list; err == NULL && e != NULL; e = e->next) {
		if (strcmp(e->account, name) != 0)
			continue;
		err = set_early(stage, e, &there);
		*again_r |= err == NULL && !there;
	}
	if (err == NULL)
		err = db_exec(stage->db, "COMMIT");
	account_close(stage);
	return err;
}

static const struct err *
stage_all_once(struct all *all, bool *again_r)
{
	struct names *shared = &all->of[ACCOUNT_SHARED];
	const struct err *err;
	struct early *list;

	err = list_early(all, &list);
	if (err == NULL)
		err = stage_users(all->t);
	if (err == NULL)
		err = list_accounts(all);
	if (err == NULL)
		err = both_kinds(all, false, stage_account);
	for (size_t i = 0; err == NULL && i < shared->n; i++)
		if (!shared->failed[i])
			err = count_from_early(all, shared->names[i], list,
			    again_r);
	return err;
}

const struct err *
stage_open(struct transfer *t)
{
	char path[STORE_PATH_OCTETS];
	const struct err *err;

	store_close(t->stage);
	t->stage = NULL;
	transfer_forget(t);
	err = dir_remove(store_fd(t->to), BACKUP_STAGE, DIR_LEVELS);
	if (err == NULL)
		err = make_dir(store_fd(t->to), BACKUP_STAGE);
	if (err != NULL)
		return err;
	snprintf(path, sizeof(path), "%s/" BACKUP_STAGE, store_path(t->to));
	err = store_open_bare(path, &t->plain, &t->stage);
	if (err == NULL)
		err = make_dir(store_fd(t->stage), "users");
	return err != NULL ? err : make_dir(store_fd(t->stage), "shared");
}

static const struct err *
stage_all(struct all *all)
{
	const struct err *err = NULL;
	bool again = true;

	for (int i = 0; err == NULL && again && i < STARTS_MAX; i++) {
		again = false;
		all->t->result->problems = 0;
		err = stage_open(all->t);
		if (err == NULL)
			err = stage_all_once(all, &again);
	}
	if (err == NULL && again)
		err = err_internal_code(RESP_UNAVAILABLE, "Try again later",
		    "shared mailboxes are deleted all the time; try again");
	return err;
}

/* --- The end --- */

static int
name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
names_sort(const char **names, size_t n)
{
	if (n > 0)
		qsort(names, n, sizeof(*names), name_compare);
}

bool
names_have(const char *const *names, size_t n, const char *name)
{
	return n > 0 && bsearch(&name, names, n, sizeof(*names),
	    name_compare) != NULL;
}

/* Accounts that are gone. */
static const struct err *
clean_kind(struct all *all, enum account_kind kind)
{
	const char *dir = account_kind_dir(kind), **names;
	int fd = dir_open(store_fd(all->t->to), dir);
	const struct err *err;
	size_t n = 0;

	if (fd == -1)
		return err_errno("%s", dir);
	err = check_names(all->a, fd, dir, &names, &n);
	for (size_t i = 0; err == NULL && i < n; i++)
		if (!names_have(all->of[kind].names, all->of[kind].n,
		    names[i]))
			err = dir_remove(fd, names[i], DIR_LEVELS);
	close(fd);
	return err;
}

const struct err *
transfer_sync(struct transfer *t)
{
	return syncfs(store_fd(t->to)) == 0 ? NULL :
	    err_errno("%s: syncfs", store_path(t->to));
}

/* Last, so that a store that is restored is none before. */
static const struct err *
install_users(struct transfer *t)
{
	const struct err *err;
	struct db *users;

	err = store_users_db(t->stage, &users);
	if (err != NULL)
		return err;
	users_keep_copy(t->stage, users);
	store_rest(t->stage);
	err = install_file(t, USERS_COPY);
	if (err == NULL)
		err = install_file(t, "lock");
	if (err == NULL)
		err = install_db(t, "", &schema_auth);
	if (err == NULL)
		err = transfer_sync(t);
	return err != NULL ? err : install_db(t, "", &schema_users);
}

static const struct err *
install_all(struct all *all)
{
	struct transfer *t = all->t;
	const struct err *err;

	/* From here on it is neither the old nor the new. */
	t->mark.complete = false;
	err = transfer_flush(t);
	if (err == NULL)
		err = transfer_sync(t);
	if (err == NULL)
		err = mark_write(store_fd(t->to), store_path(t->to), &t->mark);
	if (err == NULL)
		err = both_kinds(all, true, install_account);
	if (err == NULL)
		err = clean_kind(all, ACCOUNT_USER);
	if (err == NULL)
		err = clean_kind(all, ACCOUNT_SHARED);
	return err != NULL ? err : install_users(t);
}

static const struct err *
finish(struct transfer *t)
{
	const struct err *err = transfer_sync(t);

	store_close(t->stage);
	t->stage = NULL;
	transfer_forget(t);
	if (err == NULL)
		err = dir_remove(store_fd(t->to), BACKUP_STAGE, DIR_LEVELS);
	if (err == NULL)
		err = dir_remove(store_fd(t->to), BACKUP_ARRIVING, DIR_LEVELS);
	if (err != NULL)
		return err;
	t->mark.complete = t->result->problems == 0;
	t->mark.ended = now_seconds();
	if (!t->restore)
		return mark_write(store_fd(t->to), store_path(t->to), &t->mark);
	if (unlinkat(store_fd(t->to), BACKUP_MARK, 0) == -1 && errno != ENOENT)
		return err_errno(BACKUP_MARK);
	return fsync(store_fd(t->to)) == 0 ? NULL :
	    err_errno("%s: fsync", store_path(t->to));
}

const struct err *
transfer_whole(const struct transfer *t)
{
	if (!t->restore || t->result->problems == 0 || t->options->incomplete)
		return NULL;
	return err_user(RESP_CANNOT, "not all could be restored, so nothing is; "
	    "try again, or take what there is with --incomplete");
}

static const struct err *
run(struct transfer *t)
{
	struct all all = { .t = t, .a = arena_new() };
	const struct err *err;

	err = make_dir(store_fd(t->to), "users");
	if (err == NULL)
		err = make_dir(store_fd(t->to), "shared");
	if (err == NULL)
		err = stage_all(&all);
	if (err == NULL)
		err = both_kinds(&all, false, transfer_account);
	if (err == NULL)
		err = transfer_whole(t);
	if (err == NULL)
		err = install_all(&all);
	if (err == NULL)
		err = finish(t);
	arena_free(all.a);
	return err;
}

/* --- The place --- */

static const struct err *
not_empty(const char *path)
{
	return err_user(RESP_CANNOT, "%s is not empty, and holds no backup: "
	    "choose another directory", path);
}

/* What is there may be left from a start that was cut off at once. */
static const struct err *
look_at_place(struct transfer *t, bool *some_r)
{
	static const char *const ours[] = { BACKUP_MARK "~", "backup.lock",
	    "lost+found" };
	struct arena *a = arena_new();
	const struct err *err;
	const char **names;
	size_t n = 0, strange = 0;

	err = mark_read(store_fd(t->to), store_path(t->to), some_r, &t->mark);
	if (err == NULL && !*some_r)
		err = check_names(a, store_fd(t->to), store_path(t->to),
		    &names, &n);
	for (size_t i = 0; i < n; i++) {
		bool is_ours = false;

		for (size_t j = 0; j < sizeof(ours) / sizeof(ours[0]); j++)
			is_ours |= strcmp(names[i], ours[j]) == 0;
		strange += !is_ours;
	}
	if (err == NULL && strange > 0)
		err = not_empty(store_path(t->to));
	arena_free(a);
	return err;
}

/* One inside the other would hold itself. */
static const struct err *
are_apart(const char *a, const char *b)
{
	char x[PATH_MAX], y[PATH_MAX];
	size_t n, m;

	if (realpath(a, x) == NULL || realpath(b, y) == NULL)
		return err_errno("%s", b);
	n = strlen(x);
	m = strlen(y);
	if (strncmp(x, y, n < m ? n : m) != 0 ||
	    (n < m && y[n] != '/') || (m < n && x[m] != '/'))
		return NULL;
	return err_user(RESP_CANNOT, "the store %s and its copy %s cannot lie "
	    "in each other", a, b);
}

static const struct err *
open_place(struct transfer *t, const char *path)
{
	const struct err *err;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return err_user(NULL, "cannot make %s: %s", path,
		    strerror(errno));
	if (access(path, R_OK | W_OK | X_OK) == -1)
		return err_user(NULL, "%s: %s; it must belong to the owner of "
		    "the store", path, strerror(errno));
	err = store_open_bare(path, &t->plain, &t->to);
	if (err == NULL)
		err = are_apart(store_path(t->from), store_path(t->to));
	if (err == NULL)
		err = backup_lock(store_fd(t->from), store_path(t->from),
		    &t->from_lock);
	if (err == NULL)
		err = backup_lock(store_fd(t->to), store_path(t->to),
		    &t->to_lock);
	return err;
}

void
transfer_init(struct transfer *t, struct store *from,
    const struct backup_options *options, struct backup_result *result)
{
	*t = (struct transfer){ .from = from, .options = options,
	    .result = result, .from_lock = -1, .to_lock = -1, .into_lock = -1,
	    .files_fd = -1,
	    .plain = *store_conf(from) };
	t->plain.journal = JOURNAL_ROLLBACK;
	t->links = links_new();
	*result = (struct backup_result){ 0 };
}

void
transfer_end(struct transfer *t)
{
	transfer_forget(t);
	links_free(t->links);
	store_close(t->stage);
	if (t->to != NULL)
		backup_unlock(store_fd(t->to), t->to_lock);
	backup_unlock(store_fd(t->from), t->from_lock);
	if (t->into != NULL)
		backup_unlock(store_fd(t->into), t->into_lock);
	store_close(t->to);
}

/*
 * Another store's backup is not to be replaced by this one's: by that of a new
 * store, for one, which somebody made because the old one was lost.  One that has
 * no secret, or none that can be read, is no good for that store.
 */
static const struct err *
is_anothers(struct transfer *t, bool some)
{
	unsigned char ours[SECRET_OCTETS], theirs[SECRET_OCTETS];
	bool known = false, other;

	/* Made for the first backup, so that the second one knows it. */
	if (credentials_secret(t->from, ours) != NULL || !some)
		return NULL;
	if (credentials_secret_in(store_path(t->to), theirs, &known) != NULL)
		known = false;
	other = known && !octets_same(ours, theirs, sizeof(ours));
	explicit_bzero(ours, sizeof(ours));
	explicit_bzero(theirs, sizeof(theirs));
	return !other ? NULL : err_user(RESP_CANNOT, "%s is the backup of "
	    "another store, which it would take the place of: choose another "
	    "directory", store_path(t->to));
}

/* A mark that says what it is before there is anything else. */
static const struct err *
begin_backup(struct transfer *t)
{
	const bool copies = t->options->copies;
	const struct err *err;
	bool some = false;

	err = look_at_place(t, &some);
	if (err != NULL)
		return err;
	if (some && t->mark.restore)
		return err_user(RESP_CANNOT, "%s is a store that is being "
		    "restored", store_path(t->to));
	err = is_anothers(t, some);
	if (err != NULL)
		return err;
	t->skip = some && (!copies || t->mark.copies);
	t->clean = some && !t->mark.complete;
	if (!some || !t->mark.complete) {
		t->mark = (struct backup_mark){ .begun = now_seconds() };
		err = mark_write(store_fd(t->to), store_path(t->to), &t->mark);
	}
	t->mark.copies = copies;
	t->mark.begun = now_seconds();
	t->mark.ended = 0;
	return err;
}

const struct err *
backup_store(struct store *from, const char *dir,
    const struct backup_options *options, struct backup_result *result)
{
	const struct err *err;
	struct transfer t;

	transfer_init(&t, from, options, result);
	err = open_place(&t, dir);
	if (err == NULL)
		err = begin_backup(&t);
	if (err == NULL)
		err = run(&t);
	transfer_end(&t);
	return err;
}

/* --- Back --- */

const struct err *
backup_open(const char *dir, const struct conf *plain, bool incomplete,
    struct store **from_r)
{
	const struct err *err;
	struct backup_mark mark;

	err = backup_mark_read(dir, &mark);
	if (err == NULL && mark.restore)
		err = err_user(RESP_CANNOT, "%s is a store that is being "
		    "restored", dir);
	if (err == NULL && !mark.complete && !incomplete)
		err = err_user(RESP_CANNOT, "the backup in %s is not complete; "
		    "'mboxadm backup' completes it, and with --incomplete what "
		    "there is can be restored", dir);
	return err != NULL ? err : store_open(dir, plain, from_r);
}

/* Whether an earlier restore is there, and whether it has come to its end. */
static const struct err *
begin_restore(struct transfer *t, bool *done_r)
{
	const struct err *err;
	bool some = false;

	*done_r = false;
	err = look_at_place(t, &some);
	if (err == NULL && some && !t->mark.restore)
		err = err_user(RESP_CANNOT, "%s is a backup, and no place for "
		    "a store", store_path(t->to));
	if (err != NULL)
		return err;
	*done_r = some && faccessat(store_fd(t->to), schema_users.file, F_OK,
	    AT_SYMLINK_NOFOLLOW) == 0;
	t->clean = some;
	t->mark = (struct backup_mark){ .restore = true,
	    .begun = now_seconds() };
	return *done_r ? NULL : mark_write(store_fd(t->to), store_path(t->to),
	    &t->mark);
}

const struct err *
backup_restore(const char *dir, const char *path, const struct conf *conf,
    const struct backup_options *options, struct backup_result *result)
{
	struct conf plain = *conf;
	struct store *from = NULL;
	const struct err *err;
	struct transfer t;
	bool done;

	plain.journal = JOURNAL_ROLLBACK;
	*result = (struct backup_result){ 0 };
	err = backup_open(dir, &plain, options->incomplete, &from);
	if (err != NULL)
		return err;
	transfer_init(&t, from, options, result);
	t.restore = true;
	err = open_place(&t, path);
	if (err == NULL)
		err = begin_restore(&t, &done);
	if (err == NULL)
		err = done ? finish(&t) : run(&t);
	transfer_end(&t);
	store_close(from);
	return err;
}

/* store.c - a store: a directory that holds everything
 * SPDX-License-Identifier: ISC */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/credentials.h"
#include "store/store-private.h"
#include "util/log.h"

#define REMOVE_TRIES	10

struct store {
	char		*path;
	const struct conf *conf;
	int		 fd, lockfd;	/* lockfd: -1 until first needed */
	struct db	*users;		/* NULL until first needed */
	struct db	*auth;		/* likewise; closed after login */
};

int
dir_open(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
}

static const struct err *
dir_empty(int dirfd, const char *name, unsigned int depth)
{
	const struct err *err = NULL;
	struct dirent *e;
	DIR *d = NULL;
	int fd;

	fd = dir_open(dirfd, name);
	if (fd == -1)
		return errno == ENOENT ? NULL : err_errno("%s", name);
	d = fdopendir(fd);
	if (d == NULL) {
		err = err_errno("%s", name);
		close(fd);
		return err;
	}
	while (err == NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, e->d_name, 0) == 0 || errno == ENOENT)
			continue;
		if ((errno == EISDIR || errno == EPERM) && depth > 0)
			err = dir_remove(fd, e->d_name, depth - 1);
		else
			err = err_errno("%s/%s", name, e->d_name);
	}
	closedir(d);
	return err;
}

const struct err *
dir_remove(int dirfd, const char *name, unsigned int depth)
{
	const struct err *err;

	/* A session that still has it open may add a file meanwhile. */
	for (int try = 0; try < REMOVE_TRIES; try++) {
		err = dir_empty(dirfd, name, depth);
		if (err != NULL ||
		    unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return err;
		if (errno != ENOTEMPTY && errno != EEXIST)
			break;
	}
	return err_errno("%s", name);
}

int64_t
boot_number(void)
{
	static int64_t number;
	char id[64] = "";
	uint64_t hash = UINT64_C(14695981039346656037);
	int fd;

	if (number != 0)
		return number;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		if (read(fd, id, sizeof(id) - 1) == -1)
			id[0] = '\0';
		close(fd);
	}
	/* Unknown: no copy of counters is trusted (msgstore(7)). */
	if (id[0] == '\0')
		arc4random_buf(&hash, sizeof(hash));
	for (const char *p = id; *p != '\0'; p++)	/* FNV-1a */
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	number = (int64_t)(hash & INT64_MAX) | 1;
	return number;
}

void
store_read_ahead(void)
{
	char octet;

	boot_number();
	sqlite3_randomness((int)sizeof(octet), &octet);
}

static bool
dir_is_empty(int fd)
{
	bool empty = true;
	struct dirent *e;
	DIR *d;
	int copy = dup(fd);

	if (copy == -1 || (d = fdopendir(copy)) == NULL) {
		if (copy != -1)
			close(copy);
		return false;
	}
	rewinddir(d);
	while (errno = 0, (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    strcmp(e->d_name, "lost+found") != 0)
			empty = false;
	empty &= errno == 0;
	closedir(d);
	return empty;
}

/* users.db is made last: its presence means that the store is whole. */
static const struct err *
store_make(const char *path, int fd, const struct conf *conf)
{
	const struct err *err;
	int lockfd;

	err = lock_open(fd, path, &lockfd);
	if (err != NULL)
		return err;
	err = lock_take(lockfd);
	if (err != NULL) {
		close(lockfd);
		return err;
	}
	if (faccessat(fd, schema_users.file, F_OK, 0) == 0)
		goto done;
	if ((mkdirat(fd, "users", 0700) == -1 && errno != EEXIST) ||
	    (mkdirat(fd, "shared", 0700) == -1 && errno != EEXIST) ||
	    fchmod(fd, 0700) == -1) {
		err = err_errno("%s", path);
		goto done;
	}
	err = db_create(path, fd, &schema_auth, conf);
	if (err == NULL)
		err = db_create(path, fd, &schema_users, conf);
done:
	close(lockfd);
	return err;
}

/* Whether all that is in the directory is what a cut-off init left. */
static bool
dir_is_begun(int fd)
{
	return faccessat(fd, "lock", F_OK, 0) == 0;
}

/* Whether there are accounts, of which users.db should tell. */
static bool
dir_has_accounts(int fd)
{
	static const char *const kinds[] = { "users", "shared" };
	bool some = false;

	for (size_t i = 0; i < 2; i++) {
		int dir = dir_open(fd, kinds[i]);

		if (dir == -1)
			continue;
		some |= !dir_is_empty(dir);
		close(dir);
	}
	return some;
}

static const struct err *
lost_users(const char *path)
{
	return err_user(NULL, "%s has lost its %s; 'mboxadm check --repair' "
	    "makes it again", path, schema_users.file);
}

const struct err *
store_init(const char *path, const struct conf *conf)
{
	const struct err *err = NULL;
	int fd;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return err_user(NULL, "cannot make %s: %s", path,
		    strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_user(NULL, "cannot open %s: %s", path,
		    strerror(errno));
	if (faccessat(fd, schema_users.file, F_OK, 0) != 0) {
		if (dir_has_accounts(fd))
			err = lost_users(path);
		else if (!dir_is_begun(fd) && !dir_is_empty(fd))
			err = err_user(NULL, "%s is not empty and is no "
			    "store; choose an empty directory", path);
		else
			err = store_make(path, fd, conf);
	}
	close(fd);
	return err;
}

/* Which may lack users.db: all of it, that with accounts, none. */
enum lacking { BARE, DAMAGED, WHOLE };

static const struct err *
open_any(const char *path, const struct conf *conf, enum lacking what,
    struct store **store_r)
{
	struct store *store;
	char real[STORE_PATH_OCTETS];
	int fd;

	if (path[0] != '/' && realpath(path, real) != NULL)
		path = real;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_user(NULL, "no store at %s (%s); 'mboxadm init' "
		    "makes one", path, strerror(errno));
	if (faccessat(fd, schema_users.file, F_OK, 0) != 0 && what != BARE &&
	    !(what == DAMAGED && dir_has_accounts(fd))) {
		const struct err *err = dir_has_accounts(fd) ?
		    lost_users(path) : err_user(NULL, "%s has no %s, so it is "
		    "no store; 'mboxadm init' makes one", path,
		    schema_users.file);

		close(fd);
		return err;
	}
	store = calloc(1, sizeof(*store));
	if (store == NULL || (store->path = strdup(path)) == NULL)
		fatal("out of memory");
	store->conf = conf;
	store->fd = fd;
	store->lockfd = -1;
	*store_r = store;
	return NULL;
}

const struct err *
store_open(const char *path, const struct conf *conf, struct store **store_r)
{
	return open_any(path, conf, WHOLE, store_r);
}

const struct err *
store_open_damaged(const char *path, const struct conf *conf,
    struct store **store_r)
{
	return open_any(path, conf, DAMAGED, store_r);
}

const struct err *
store_open_bare(const char *path, const struct conf *conf,
    struct store **store_r)
{
	return open_any(path, conf, BARE, store_r);
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	db_close(store->users);
	db_close(store->auth);
	if (store->lockfd != -1)
		close(store->lockfd);
	close(store->fd);
	free(store->path);
	free(store);
}

const struct conf *
store_conf(const struct store *store)
{
	return store->conf;
}

const char *
store_path(const struct store *store)
{
	return store->path;
}

int
store_fd(const struct store *store)
{
	return store->fd;
}

uint64_t
store_stamp(const struct store *store)
{
	return stamp_get(store->fd);
}

void
store_rest(struct store *store)
{
	db_close(store->users);
	store->users = NULL;
	credentials_close(store);
	db_rest_all();
}

bool
store_awake(const struct store *store)
{
	(void)store;	/* a process has one */
	return db_any_open();
}

void
credentials_close(struct store *store)
{
	db_close(store->auth);
	store->auth = NULL;
}

static const struct err *
store_lockfd(struct store *store)
{
	if (store->lockfd != -1)
		return NULL;
	return lock_open(store->fd, store->path, &store->lockfd);
}

const struct err *
store_users_db(struct store *store, struct db **db_r)
{
	const struct err *err;

	if (store->users == NULL) {
		err = store_lockfd(store);
		if (err == NULL)
			err = db_open(store->path, &schema_users, store->conf,
			    store->lockfd, store->path, &store->users);
		if (err != NULL)
			return err;
	}
	*db_r = store->users;
	return NULL;
}

const struct err *
store_auth_db(struct store *store, struct db **db_r)
{
	const struct err *err;
	struct db *users;

	if (store->auth == NULL) {
		/* First: it brings a store of before up to date. */
		err = store_users_db(store, &users);
		if (err == NULL && faccessat(store->fd, schema_auth.file, F_OK,
		    0) == -1 && errno == ENOENT)
			err = err_internal("%s is missing in %s: put it back "
			    "from a backup, or 'mboxadm check --repair' makes "
			    "one without passwords", schema_auth.file,
			    store->path);
		if (err == NULL)
			err = db_open(store->path, &schema_auth, store->conf,
			    store->lockfd, store->path, &store->auth);
		if (err != NULL)
			return err;
	}
	*db_r = store->auth;
	return NULL;
}

const struct err *
store_lock(struct store *store)
{
	const struct err *err = store_lockfd(store);

	return err != NULL ? err : lock_take(store->lockfd);
}

void
store_unlock(struct store *store, bool changed)
{
	lock_drop(store->lockfd);
	if (changed)
		stamp_touch(store->fd);
}

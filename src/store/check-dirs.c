/* check-dirs.c - what is in a directory: names, and messages by their UIDs
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/check-private.h"
#include "util/log.h"

/* fn for each name but "." and "..". */
static const struct err *
each_name(int dirfd, const char *what, void (*fn)(void *, const char *),
    void *arg)
{
	/* Opened anew: a copy of dirfd would share its offset. */
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	const struct err *err = NULL;
	struct dirent *e;

	if (d == NULL) {
		err = err_errno("%s", what);
		if (fd != -1)
			close(fd);
		return err;
	}
	while (errno = 0, (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			fn(arg, e->d_name);
	/* What cannot be read just now is not lost. */
	if (errno != 0)
		err = err_errno("%s", what);
	closedir(d);
	return err;
}

/* --- Names --- */

struct names {
	struct arena	*a;
	const char	**names;
	size_t		 n, size;
};

static int
name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_name(void *arg, const char *name)
{
	struct names *s = arg;

	if (s->n == s->size) {
		const char **grown;

		s->size = s->size == 0 ? 64 : 2 * s->size;
		grown = arena_array(s->a, s->size, sizeof(*grown));
		if (s->n > 0)
			memcpy(grown, s->names, s->n * sizeof(*grown));
		s->names = grown;
	}
	s->names[s->n++] = arena_strdup(s->a, name);
}

const struct err *
check_names(struct arena *a, int dirfd, const char *what,
    const char ***names_r, size_t *n_r)
{
	struct names s = { .a = a };
	const struct err *err = each_name(dirfd, what, add_name, &s);

	if (err != NULL)
		return err;
	if (s.n > 0)
		qsort(s.names, s.n, sizeof(*s.names), name_compare);
	*names_r = s.names;
	*n_r = s.n;
	return NULL;
}

/* --- UIDs --- */

struct uids {
	uint32_t	*uids;
	size_t		 n, size;
};

uint32_t
check_uid_of(const char *name)
{
	uint64_t uid = 0;

	if (name[0] < '1' || name[0] > '9' || strlen(name) > 10)
		return 0;
	for (; *name >= '0' && *name <= '9'; name++)
		uid = uid * 10 + (uint64_t)(*name - '0');
	return *name == '\0' && uid <= UID_LAST ? (uint32_t)uid : 0;
}

int
check_uid_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
add_uid(void *arg, const char *name)
{
	const uint32_t uid = check_uid_of(name);
	struct uids *s = arg;

	if (uid == 0)
		return;
	if (s->n == s->size) {
		s->size = s->size == 0 ? 256 : 2 * s->size;
		s->uids = reallocarray(s->uids, s->size, sizeof(*s->uids));
		if (s->uids == NULL)
			fatal("out of memory");
	}
	s->uids[s->n++] = uid;
}

const struct err *
check_uids(int dirfd, const char *what, uint32_t **uids_r, size_t *n_r)
{
	struct uids s = { 0 };
	const struct err *err = each_name(dirfd, what, add_uid, &s);

	if (err != NULL) {
		free(s.uids);
		return err;
	}
	if (s.n > 0)
		qsort(s.uids, s.n, sizeof(*s.uids), check_uid_compare);
	*uids_r = s.uids;
	*n_r = s.n;
	return NULL;
}

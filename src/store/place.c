/* place.c - message files: unnamed first, then named by their UID
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/mailbox-private.h"

#define COPY_OCTETS	65536

void
uid_name(uint32_t uid, char name[UID_NAME_OCTETS])
{
	snprintf(name, UID_NAME_OCTETS, "%u", uid);
}

const struct err *
place_new(struct mailbox *m, char name[TMP_NAME_OCTETS], int *fd_r)
{
	char id[MAILBOX_ID_LEN + 1];
	int fd;

	name[0] = '\0';
	fd = openat(m->fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0400);
	if (fd == -1 && (errno == EOPNOTSUPP || errno == EISDIR ||
	    errno == ENOENT || errno == EINVAL)) {
		/* CephFS through FUSE and some overlays have no O_TMPFILE. */
		if (mkdirat(m->fd, "tmp", 0700) == -1 && errno != EEXIST)
			return err_errno("%s/tmp", m->what);
		mailbox_new_id(id);
		snprintf(name, TMP_NAME_OCTETS, "tmp/%s", id);
		fd = openat(m->fd, name, O_RDWR | O_CREAT | O_EXCL |
		    O_CLOEXEC | O_NOFOLLOW, 0400);
	}
	if (fd == -1)
		return err_errno("%s: new message file", m->what);
	*fd_r = fd;
	return NULL;
}

static int
link_fd(struct mailbox *m, int fd, const char *tmp_name, const char *name)
{
	char proc[64];

	if (tmp_name[0] != '\0')
		return linkat(m->fd, tmp_name, m->fd, name, 0);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, proc, m->fd, name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	/* Without /proc: allowed to who opened it, on newer kernels. */
	return errno == ENOENT ? linkat(fd, "", m->fd, name, AT_EMPTY_PATH) :
	    -1;
}

const struct err *
place_fd(struct mailbox *m, int fd, const char *tmp_name, uint32_t uid)
{
	char name[UID_NAME_OCTETS];

	uid_name(uid, name);
	if (link_fd(m, fd, tmp_name, name) == 0)
		return NULL;
	if (errno == EEXIST) {
		const struct err *err = lost_keep(m->fd, m->what, uid);

		if (err != NULL)
			return err;
		if (link_fd(m, fd, tmp_name, name) == 0)
			return NULL;
	}
	return err_errno("%s/%s", m->what, name);
}

const struct err *
place_octets(int in, int out, const char *what)
{
	char b[COPY_OCTETS];
	ssize_t n;

	while ((n = read(in, b, sizeof(b))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(out, b + done, (size_t)(n - done));
			if (w == -1 && errno == EINTR)
				w = 0;
			if (w == -1)
				return err_errno("%s: copy", what);
		}
		if (n == -1)
			return err_errno("%s: copy", what);
	}
	if (fdatasync(out) == -1)
		return err_errno("%s: fdatasync", what);
	return NULL;
}

/* Where a link is refused: another file system, or too many links. */
static const struct err *
place_copy(struct mailbox *dst, struct mailbox *src, const char *from,
    uint32_t to)
{
	char tmp[TMP_NAME_OCTETS] = "";
	const struct err *err = NULL;
	struct stat st;
	int in, out = -1;

	in = openat(src->fd, from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	if (in == -1)
		return err_errno("%s/%s", src->what, from);
	err = place_new(dst, tmp, &out);
	if (err == NULL)
		err = place_octets(in, out, dst->what);
	/* The file's time is the INTERNALDATE, for a repair. */
	if (err == NULL && fstat(in, &st) == 0)
		futimens(out, (struct timespec[2]){ st.st_atim, st.st_mtim });
	if (err == NULL)
		err = place_fd(dst, out, tmp, to);
	if (tmp[0] != '\0')
		unlinkat(dst->fd, tmp, 0);
	if (out != -1)
		close(out);
	close(in);
	return err;
}

const struct err *
place_link(struct mailbox *dst, struct mailbox *src, uint32_t from,
    uint32_t to)
{
	char a[UID_NAME_OCTETS], b[UID_NAME_OCTETS];

	uid_name(from, a);
	uid_name(to, b);
	if (linkat(src->fd, a, dst->fd, b, 0) == 0)
		return NULL;
	if (errno == EEXIST) {
		const struct err *err = lost_keep(dst->fd, dst->what, to);

		if (err != NULL)
			return err;
		if (linkat(src->fd, a, dst->fd, b, 0) == 0)
			return NULL;
	}
	if (errno == EMLINK || errno == EXDEV || errno == EPERM)
		return place_copy(dst, src, a, to);
	return err_errno("%s/%s", src->what, a);
}

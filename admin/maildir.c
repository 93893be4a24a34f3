/* maildir.c - a process that opens the files of a Maildir for its parent
 * SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "import.h"
#include "util/log.h"
#include "util/privs.h"

/* Descriptors on their way count against a limit: unix(7) ETOOMANYREFS. */
#define SOCKET_BUFFER	16384	/* octets */

struct maildir {
	int	sock;
	pid_t	pid;
};

struct entry {
	char	*name;
	bool	 in_new;
};

struct listing {
	struct entry	*entries;
	size_t		 n, size;
};

/* --- The process that reads --- */

static void
send_item(int sock, const struct maildir_item *item, int fd)
{
	union {
		struct cmsghdr	align;
		char		space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct maildir_item copy = *item;
	struct iovec iov = { .iov_base = &copy, .iov_len = sizeof(copy) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd != -1) {
		struct cmsghdr *c;

		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		_exit(EX_IOERR);	/* the parent gave up */
}

static void
send_kind(int sock, enum maildir_kind kind, const char *name, uint64_t count)
{
	struct maildir_item item = { .kind = kind, .error = errno,
	    .count = count };

	strlcpy(item.name, name, sizeof(item.name));
	send_item(sock, &item, -1);
}

static int
entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
listing_add(struct listing *l, const char *name, bool in_new)
{
	if (l->n == l->size) {
		l->size = l->size == 0 ? 256 : l->size * 2;
		l->entries = reallocarray(l->entries, l->size,
		    sizeof(*l->entries));
	}
	if (l->entries == NULL ||
	    (l->entries[l->n].name = strdup(name)) == NULL)
		_exit(EX_OSERR);
	l->entries[l->n++].in_new = in_new;
}

static void
listing_clear(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->entries[i].name);
	free(l->entries);
	*l = (struct listing){ 0 };
}

/*
 * Names in a directory: those with a leading dot or those without, which are
 * the folders and the messages.  False when it cannot be read.
 */
static bool
listing_read(struct listing *l, int dirfd, bool dots, bool in_new)
{
	/* Opened anew: the offset of dirfd is shared by its copies. */
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return false;
	}
	while ((d = readdir(dir)) != NULL)
		if ((d->d_name[0] == '.') == dots &&
		    strcmp(d->d_name, ".") != 0 &&
		    strcmp(d->d_name, "..") != 0)
			listing_add(l, d->d_name, in_new);
	closedir(dir);
	return true;
}

static int
open_dir(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
}

/* Regular files alone: O_NONBLOCK for a FIFO that somebody put there. */
static int
open_file(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	struct stat st;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

static void
send_messages(int sock, const struct listing *l, int cur, int new)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct entry *e = &l->entries[i];
		struct maildir_item item = { .kind = e->in_new ? MAILDIR_NEW :
		    MAILDIR_CUR };
		int fd = open_file(e->in_new ? new : cur, e->name);

		if (fd == -1) {
			send_kind(sock, MAILDIR_UNREADABLE, e->name, 0);
			continue;
		}
		strlcpy(item.name, e->name, sizeof(item.name));
		send_item(sock, &item, fd);
		close(fd);
	}
}

static void
listing_sort(struct listing *l)
{
	if (l->n > 1)
		qsort(l->entries, l->n, sizeof(*l->entries), entry_compare);
}

static void
send_folder(int sock, int dirfd, const char *name)
{
	struct listing l = { 0 };
	int new = open_dir(dirfd, "new"), error = errno;
	int cur = open_dir(dirfd, "cur"), keywords;

	if (cur == -1 || !listing_read(&l, cur, false, false) ||
	    (new != -1 && !listing_read(&l, new, false, true))) {
		send_kind(sock, MAILDIR_NOT, name, 0);
	} else {
		listing_sort(&l);
		send_kind(sock, MAILDIR_FOLDER, name, l.n);
		if (new == -1 && error != ENOENT) {
			errno = error == ENOTDIR ? ELOOP : error;
			send_kind(sock, MAILDIR_UNREADABLE, "new", 0);
		}
		keywords = open_file(dirfd, "dovecot-keywords");
		if (keywords != -1) {
			struct maildir_item item = { .kind = MAILDIR_KEYWORDS };

			send_item(sock, &item, keywords);
			close(keywords);
		} else if (errno != ENOENT)
			send_kind(sock, MAILDIR_UNREADABLE, "dovecot-keywords",
			    0);
		send_messages(sock, &l, cur, new);
	}
	listing_clear(&l);
	if (cur != -1)
		close(cur);
	if (new != -1)
		close(new);
}

/* Whether it is a directory, though perhaps by way of a link. */
static bool
leads_to_dir(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* Maildir++: folders lie beside each other, their names begin with a dot. */
static void
send_subfolders(int sock, int dirfd)
{
	struct listing l = { 0 };

	if (!listing_read(&l, dirfd, true, false)) {
		send_kind(sock, MAILDIR_NOT, "", 0);
		return;
	}
	listing_sort(&l);
	for (size_t i = 0; i < l.n; i++) {
		const char *name = l.entries[i].name;
		int fd = open_dir(dirfd, name), error = errno;

		if (fd == -1) {
			/* No files: .qmail, .mailfilter */
			if (leads_to_dir(dirfd, name)) {
				errno = error == ENOTDIR ? ELOOP : error;
				send_kind(sock, MAILDIR_NOT, name, 0);
			}
			continue;
		}
		if (faccessat(fd, "cur", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			send_folder(sock, fd, name);
		else if (errno != ENOENT)
			send_kind(sock, MAILDIR_NOT, name, 0);
		close(fd);
	}
	listing_clear(&l);
}

/* Root becomes whoever owns the Maildir, or when that is root the store. */
static const struct err *
become_reader(struct admin *a, int dirfd)
{
	struct stat st;
	char path[40];

	if (geteuid() != 0)
		return NULL;
	if (fstat(dirfd, &st) == -1)
		return err_errno("Maildir");
	if (st.st_uid == 0)
		return privs_become_owner(a->store_path);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dirfd);
	return privs_become_owner(path);
}

static void
read_maildir(struct admin *a, int sock, int dirfd, bool recursive)
{
	const struct err *err = become_reader(a, dirfd);

	if (err != NULL) {
		fprintf(stderr, "mboxadm: %s\n", err->text);
		errno = EPERM;
		send_kind(sock, MAILDIR_NOT, "", 0);
		_exit(EX_NOPERM);
	}
	send_folder(sock, dirfd, "");
	if (recursive)
		send_subfolders(sock, dirfd);
	send_kind(sock, MAILDIR_END, "", 0);
	_exit(0);
}

/* --- The process that stores --- */

const struct err *
maildir_open(struct admin *a, const char *path, bool recursive,
    struct maildir **maildir_r)
{
	int socks[2], size = SOCKET_BUFFER, dirfd;
	const struct err *err;
	struct maildir *m;
	pid_t pid;

	err = admin_open(a, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, &dirfd);
	if (err != NULL)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    socks) == -1)
		return err_errno("socketpair");
	setsockopt(socks[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	pid = fork();
	if (pid == -1)
		return err_errno("fork");
	if (pid == 0) {
		close(socks[0]);
		read_maildir(a, socks[1], dirfd, recursive);
	}
	close(socks[1]);
	close(dirfd);
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		fatal("out of memory");
	m->sock = socks[0];
	m->pid = pid;
	*maildir_r = m;
	return NULL;
}

void
maildir_close(struct maildir *m)
{
	if (m == NULL)
		return;
	close(m->sock);		/* ends the reader's next write */
	while (waitpid(m->pid, NULL, 0) == -1 && errno == EINTR)
		;
	free(m);
}

const struct err *
maildir_next(struct maildir *m, struct maildir_item *item, int *fd_r)
{
	union {
		struct cmsghdr	align;
		char		space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = item, .iov_len = sizeof(*item) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space) };
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(m->sock, &msg, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_errno("Maildir's reader");
	if (n != (ssize_t)sizeof(*item))
		return err_internal("the process that reads the Maildir ended "
		    "early");
	item->name[sizeof(item->name) - 1] = '\0';
	*fd_r = -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd_r, CMSG_DATA(c), sizeof(*fd_r));
	return NULL;
}

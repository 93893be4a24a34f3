/* watch.c - to be woken when a directory's stamp changes
 * SPDX-License-Identifier: ISC */
#include "store/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "util/log.h"

#define POLL_MS		1000	/* between two looks at the stamps */
#define LOOK_MS		60000	/* the same with inotify: for what wakes nobody */

struct watch {
	int	fd;		/* inotify's, or -1 */
};

static bool
watch_add(int fd, int dir)
{
	char proc[64];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", dir);
	return inotify_add_watch(fd, proc, IN_ATTRIB | IN_DELETE_SELF |
	    IN_MOVE_SELF | IN_ONLYDIR) != -1;
}

struct watch *
watch_new(const int *dirs, unsigned int n, bool use_inotify)
{
	static bool logged;
	struct watch *w = calloc(1, sizeof(*w));
	int num = 0;

	if (w == NULL)
		fatal("out of memory");
	w->fd = -1;
	if (!use_inotify)
		return w;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd == -1)
		num = errno;
	for (unsigned int i = 0; num == 0 && i < n; i++)
		if (!watch_add(w->fd, dirs[i]))
			num = errno;
	if (num == 0)
		return w;
	if (!logged)
		log_warning("no inotify (%s), looking each second; see "
		    "fs.inotify.max_user_instances in sysctl(8)",
		    strerror(num));
	logged = true;
	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
	return w;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	if (w->fd != -1)
		close(w->fd);
	free(w);
}

int
watch_fd(const struct watch *w)
{
	return w->fd;
}

int
watch_timeout(const struct watch *w)
{
	return w->fd != -1 ? LOOK_MS : POLL_MS;
}

void
watch_drain(struct watch *w)
{
	char events[4096];

	if (w->fd != -1)
		while (read(w->fd, events, sizeof(events)) > 0)
			;
}

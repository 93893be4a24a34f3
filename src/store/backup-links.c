/* backup-links.c - files that have several names, where they are copied
 * SPDX-License-Identifier: ISC
 *
 * A message that was copied is one file in both mailboxes.  A place that takes no
 * links to the store's files still can have one file for both names.  Remembered
 * are those that were met in this run. */
#include <stdlib.h>
#include <string.h>

#include "store/backup-private.h"
#include "util/log.h"

#define SLOTS_FIRST	1024	/* a power of two */
#define LINKS_MAX	500000	/* some 60 MB; more are copied each */

struct link {
	dev_t		 dev;
	ino_t		 ino;
	char		*path;		/* below to; NULL: a free slot */
};

struct links {
	struct link	*slots;
	size_t		 n, size;
};

struct links *
links_new(void)
{
	struct links *l = calloc(1, sizeof(*l));

	if (l == NULL || (l->slots = calloc(SLOTS_FIRST,
	    sizeof(*l->slots))) == NULL)
		fatal("out of memory");
	l->size = SLOTS_FIRST;
	return l;
}

void
links_free(struct links *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->size; i++)
		free(l->slots[i].path);
	free(l->slots);
	free(l);
}

/* Where it is, or would be. */
static struct link *
slot_of(const struct links *l, dev_t dev, ino_t ino)
{
	size_t i = (size_t)((uint64_t)ino * UINT64_C(0x9e3779b97f4a7c15) >>
	    20) & (l->size - 1);

	while (l->slots[i].path != NULL &&
	    (l->slots[i].ino != ino || l->slots[i].dev != dev))
		i = (i + 1) & (l->size - 1);
	return &l->slots[i];
}

static void
grow(struct links *l)
{
	struct links bigger = { .size = 2 * l->size, .n = l->n };

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < l->size; i++)
		if (l->slots[i].path != NULL)
			*slot_of(&bigger, l->slots[i].dev, l->slots[i].ino) =
			    l->slots[i];
	free(l->slots);
	*l = bigger;
}

const char *
links_find(const struct links *l, const struct stat *st)
{
	return slot_of(l, st->st_dev, st->st_ino)->path;
}

void
links_add(struct links *l, const struct stat *st, const char *path)
{
	struct link *link;

	if (l->n == LINKS_MAX)
		return;
	if (2 * l->n >= l->size)
		grow(l);
	link = slot_of(l, st->st_dev, st->st_ino);
	if (link->path != NULL)
		return;
	*link = (struct link){ .dev = st->st_dev, .ino = st->st_ino,
	    .path = strdup(path) };
	if (link->path == NULL)
		fatal("out of memory");
	l->n++;
}

/* cache.c - remembers that a password was right
 * SPDX-License-Identifier: ISC */
#include "auth/cache.h"

#include <string.h>

#include "auth/table.h"
#include "util/hmac.h"

struct set {
	struct cache_entry	ways[CACHE_WAYS];
};
#define TABLE_OCTETS	(CACHE_SETS * sizeof(struct set))

static size_t
place(const unsigned char *mac)
{
	return ((size_t)mac[0] << 8 | mac[1]) % CACHE_SETS;
}

/* A clock that was put back must not make an entry live on. */
static bool
lives(const struct cache_entry *e, int64_t now, unsigned int lifetime)
{
	return e->until > now && e->until - now <= (int64_t)lifetime;
}

const struct err *
cache_find(int dirfd, const unsigned char *mac, int64_t now,
    unsigned int lifetime, bool *found_r)
{
	const struct err *err;
	struct set set;
	int fd;

	err = table_open(dirfd, CACHE_FILE, TABLE_OCTETS, &fd);
	if (err != NULL)
		return err;
	err = table_read(fd, place(mac), &set, sizeof(set));
	table_close(fd);
	if (err != NULL)
		return err;
	*found_r = false;
	for (size_t i = 0; i < CACHE_WAYS; i++)
		if (octets_same(set.ways[i].mac, mac, CACHE_MAC_OCTETS) &&
		    lives(&set.ways[i], now, lifetime))
			*found_r = true;
	return NULL;
}

const struct err *
cache_add(int dirfd, const unsigned char *mac, int64_t now,
    unsigned int lifetime)
{
	const struct err *err;
	struct cache_entry *e;
	struct set set;
	int fd;

	err = table_open(dirfd, CACHE_FILE, TABLE_OCTETS, &fd);
	if (err != NULL)
		return err;
	err = table_read(fd, place(mac), &set, sizeof(set));
	if (err != NULL)
		goto done;
	e = &set.ways[0];
	for (size_t i = 0; i < CACHE_WAYS; i++) {
		if (octets_same(set.ways[i].mac, mac, CACHE_MAC_OCTETS)) {
			e = &set.ways[i];
			break;
		}
		/* The one that has died, or will first. */
		if (!lives(&set.ways[i], now, lifetime) ||
		    (lives(e, now, lifetime) && set.ways[i].until < e->until))
			e = &set.ways[i];
	}
	memcpy(e->mac, mac, CACHE_MAC_OCTETS);
	e->until = now + lifetime;
	err = table_write(fd, place(mac), &set, sizeof(set));
done:
	table_close(fd);
	return err;
}

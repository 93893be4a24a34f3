/* guess.c - counts failed logins, to slow down who guesses passwords
 * SPDX-License-Identifier: ISC */
#include "auth/guess.h"

#include <string.h>

#include "auth/table.h"

#define COUNT_MAX	1000000

struct set {
	struct guess_entry	ways[GUESS_WAYS];
};

/* --- One set --- */

/* What the entry counts now: anything may be in the file. */
static void
decay(struct guess_entry *e, int64_t now)
{
	if (e->failed > now || now - e->failed >= GUESS_FORGET_S)
		e->count = 0;
	if (e->count > COUNT_MAX)
		e->count = COUNT_MAX;
	if (e->good > now || now - e->good >= GUESS_GOOD_S)
		e->good = 0;
	if (e->count == 0 && e->good == 0)
		e->key = 0;
}

/* What gives way first has the least value. */
static uint64_t
value(const struct guess_entry *e)
{
	if (e->key == 0)
		return 0;
	/* A login counts as much as a user's last failures before refusal. */
	return ((uint64_t)(e->count + (e->good != 0 ? 8 : 0)) << 32) +
	    (e->failed > e->good ? e->failed : e->good);
}

/* The entry of key, in the place of another when there is none. */
static struct guess_entry *
entry(struct set *set, uint64_t key, int64_t now)
{
	struct guess_entry *least = NULL, *found = NULL;

	for (size_t i = 0; i < GUESS_WAYS; i++) {
		struct guess_entry *e = &set->ways[i];

		if (e->key == key && found == NULL)
			found = e;
		decay(e, now);
		if (least == NULL || value(e) < value(least))
			least = e;
	}
	if (found == NULL) {
		found = least;
		*found = (struct guess_entry){ .key = key };
	}
	found->key = key;	/* though it may have nothing to tell any more */
	return found;
}

static bool
has(const struct set *set, uint64_t key)
{
	for (size_t i = 0; i < GUESS_WAYS; i++)
		if (set->ways[i].key == key)
			return true;
	return false;
}

/* --- The table --- */

/* One key's set, read; e is NULL when it is not there and was not to be made. */
struct place {
	struct set	 set;
	size_t		 at;
	struct guess_entry *e;
};

static const struct err *
look(int fd, uint64_t key, int64_t now, bool make, struct place *p)
{
	const struct err *err;

	p->at = key % GUESS_SETS;
	err = table_read(fd, p->at, &p->set, sizeof(p->set));
	if (err == NULL)
		p->e = make || has(&p->set, key) ?
		    entry(&p->set, key, now) : NULL;
	return err;
}

/*
 * Change by one.  Two keys may share a set: each is read when it is needed.  What
 * gave way to others does not come back to count less: the login that is noted
 * just now might have to go for it.
 */
static const struct err *
count(int fd, uint64_t key, int64_t now, int by)
{
	const struct err *err;
	struct place p;

	if (key == 0)
		return NULL;
	err = look(fd, key, now, by > 0, &p);
	if (err != NULL || p.e == NULL)
		return err;
	if (by > 0) {
		p.e->count++;
		p.e->failed = (uint32_t)now;
	} else if (p.e->count > 0)
		p.e->count--;
	return table_write(fd, p.at, &p.set, sizeof(p.set));
}

static unsigned int
delay_ms(unsigned int n, unsigned int most)
{
	unsigned int ms = GUESS_STEP_MS;

	if (n <= GUESS_FREE - 1)
		return 0;
	for (n -= GUESS_FREE; n > 0 && ms < most * 1000; n--)
		ms *= 2;
	return ms < most * 1000 ? ms : most * 1000;
}

/* The count that holds, and whether it is the pair's own. */
static const struct err *
holds(int fd, const struct guess_keys *keys, int64_t now, uint32_t *count_r,
    bool *good_r)
{
	const struct err *err;
	struct place p;

	err = look(fd, keys->pair, now, true, &p);
	if (err != NULL)
		return err;
	*good_r = p.e->good != 0;
	*count_r = p.e->count;
	if (*good_r)
		return NULL;
	err = look(fd, keys->user, now, true, &p);
	if (err != NULL)
		return err;
	*count_r = p.e->count;
	if (keys->address == 0)
		return NULL;
	err = look(fd, keys->address, now, true, &p);
	if (err == NULL && p.e->count > *count_r)
		*count_r = p.e->count;
	return err;
}

const struct err *
guess_attempt(int dirfd, const struct guess_keys *keys,
    const struct guess_limits *limits, int64_t now, unsigned int *delay_r,
    bool *refused_r)
{
	const struct err *err;
	uint32_t n = 0;
	bool good = false;
	int fd;

	err = table_open(dirfd, GUESS_FILE, GUESS_SETS * sizeof(struct set),
	    &fd);
	if (err != NULL)
		return err;
	err = holds(fd, keys, now, &n, &good);
	if (err != NULL)
		goto done;
	*refused_r = limits->failures != 0 && n >= limits->failures;
	*delay_r = *refused_r ? limits->delay * 1000 :
	    delay_ms(n + 1, limits->delay);
	if (*refused_r)
		goto done;
	if (good)
		err = count(fd, keys->pair, now, 1);
	else {
		err = count(fd, keys->user, now, 1);
		if (err == NULL)
			err = count(fd, keys->address, now, 1);
	}
done:
	table_close(fd);
	return err;
}

const struct err *
guess_good(int dirfd, const struct guess_keys *keys, int64_t now)
{
	const struct err *err;
	struct place p;
	bool was_good;
	int fd;

	err = table_open(dirfd, GUESS_FILE, GUESS_SETS * sizeof(struct set),
	    &fd);
	if (err != NULL)
		return err;
	err = look(fd, keys->pair, now, true, &p);
	if (err != NULL)
		goto done;
	was_good = p.e->good != 0;
	p.e->count = 0;
	p.e->good = (uint32_t)now;
	err = table_write(fd, p.at, &p.set, sizeof(p.set));
	if (err == NULL && !was_good)
		err = count(fd, keys->user, now, -1);
	if (err == NULL && !was_good)
		err = count(fd, keys->address, now, -1);
done:
	table_close(fd);
	return err;
}

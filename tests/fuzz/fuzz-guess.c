/* fuzz-guess.c - tables of failed and right logins that hold anything
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/cache.h"
#include "auth/guess.h"

#define NOW	1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/fuzz-guess.XXXXXX";
static int dirfd_ = -1;

static void
clean(void)
{
	unlinkat(dirfd_, GUESS_FILE, 0);
	unlinkat(dirfd_, CACHE_FILE, 0);
	rmdir(dir);
}

/* Key 1 is in the second set, a MAC of zeros in the first. */
static void
fill(const char *name, size_t at, const uint8_t *data, size_t size)
{
	int fd = openat(dirfd_, name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || pwrite(fd, data, size, (off_t)at) != (ssize_t)size)
		abort();
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct guess_limits limits = { 5, 4 };
	static const unsigned char mac[CACHE_MAC_OCTETS];
	const struct guess_keys keys = { 1, 1 + GUESS_SETS, 1 + 2 * GUESS_SETS };
	unsigned int delay = 0;
	bool refused = false, found = false;

	if (dirfd_ == -1) {
		if (mkdtemp(dir) == NULL ||
		    (dirfd_ = open(dir, O_RDONLY)) == -1)
			abort();
		atexit(clean);
	}
	fill(GUESS_FILE, GUESS_WAYS * sizeof(struct guess_entry), data, size);
	fill(CACHE_FILE, 0, data, size);
	if (guess_attempt(dirfd_, &keys, &limits, NOW, &delay, &refused) !=
	    NULL || delay > 4000)
		abort();
	if (guess_good(dirfd_, &keys, NOW) != NULL)
		abort();
	/* Who logged in just now may go on. */
	if (guess_attempt(dirfd_, &keys, &limits, NOW, &delay, &refused) !=
	    NULL || refused || delay != 0)
		abort();
	if (cache_find(dirfd_, mac, NOW, 600, &found) != NULL ||
	    cache_add(dirfd_, mac, NOW, 600) != NULL ||
	    cache_find(dirfd_, mac, NOW, 600, &found) != NULL || !found)
		abort();
	return 0;
}

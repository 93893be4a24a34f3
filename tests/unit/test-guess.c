/* test-guess.c - counts of failed logins, and the cache of right ones
 * SPDX-License-Identifier: ISC */
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

#include "auth/cache.h"
#include "auth/guess.h"

#include "test.h"

#define NOW	1700000000

static char dir[] = "/tmp/test-guess.XXXXXX";
static int dirfd_;

static const struct guess_limits limits = { .failures = 5, .delay = 4 };

static void
empty(void)
{
	unlinkat(dirfd_, GUESS_FILE, 0);
	unlinkat(dirfd_, CACHE_FILE, 0);
}

/* The delay in ms, or -1 when it is refused. */
static int
attempt(uint64_t user, uint64_t address, uint64_t pair, int64_t now)
{
	struct guess_keys keys = { user, address, pair };
	unsigned int delay = 77;
	bool refused = false;

	CHECK_OK(guess_attempt(dirfd_, &keys, &limits, now, &delay, &refused));
	if (refused)
		CHECK_INT(delay, 4000);
	return refused ? -1 : (int)delay;
}

static void
good(uint64_t user, uint64_t address, uint64_t pair, int64_t now)
{
	struct guess_keys keys = { user, address, pair };

	CHECK_OK(guess_good(dirfd_, &keys, now));
}

static void
failures_are_slowed_down_and_then_refused(void)
{
	static const int want[] = { 0, 0, 500, 1000, 2000, -1, -1 };

	empty();
	for (size_t i = 0; i < TEST_N(want); i++)
		CHECK_INT(attempt(11, 13, 15, NOW + (int64_t)i), want[i]);
	/* Others are not. */
	CHECK_INT(attempt(17, 19, 21, NOW), 0);
	/* The same user elsewhere, another one from there. */
	CHECK_INT(attempt(11, 19, 23, NOW + 5), -1);
	CHECK_INT(attempt(17, 13, 25, NOW + 5), -1);
	/* What is refused does not prolong it: the fifth was at NOW + 4. */
	CHECK_INT(attempt(11, 13, 15, NOW + 4 + GUESS_FORGET_S - 1), -1);
	CHECK_INT(attempt(11, 13, 15, NOW + 4 + GUESS_FORGET_S), 0);
}

static void
the_longest_delay_holds(void)
{
	struct guess_limits never = { .failures = 0, .delay = 3 };
	struct guess_limits none = { .failures = 0, .delay = 0 };
	struct guess_keys keys = { 11, 0, 15 };
	unsigned int delay = 0;
	bool refused = true;

	empty();
	for (int i = 0; i < 100; i++)
		CHECK_OK(guess_attempt(dirfd_, &keys, &never, NOW, &delay,
		    &refused));
	CHECK_INT(delay, 3000);
	CHECK(!refused);
	CHECK_OK(guess_attempt(dirfd_, &keys, &none, NOW, &delay, &refused));
	CHECK_INT(delay, 0);
}

static void
a_login_is_no_failure(void)
{
	empty();
	for (int i = 0; i < 50; i++) {
		CHECK_INT(attempt(11, 13, 15, NOW), 0);
		good(11, 13, 15, NOW);
	}
	/* Other users from there still have all their tries. */
	CHECK_INT(attempt(17, 13, 25, NOW), 0);
	CHECK_INT(attempt(17, 13, 25, NOW), 0);
	CHECK_INT(attempt(17, 13, 25, NOW), 500);
}

static void
a_login_elsewhere_does_not_reset(void)
{
	empty();
	for (int i = 0; i < 4; i++)
		attempt(11, 13, 15, NOW);
	CHECK_INT(attempt(11, 19, 23, NOW), 2000);
	good(11, 19, 23, NOW);
	CHECK_INT(attempt(11, 13, 15, NOW), 2000);
	CHECK_INT(attempt(11, 13, 15, NOW), -1);
	/* From there it is not locked out, for a week. */
	CHECK_INT(attempt(11, 19, 23, NOW), 0);
	good(11, 19, 23, NOW);
	for (int i = 0; i < 5; i++)
		attempt(11, 29, 31, NOW + GUESS_GOOD_S - 1);
	CHECK_INT(attempt(11, 29, 31, NOW + GUESS_GOOD_S - 1), -1);
	CHECK_INT(attempt(11, 19, 23, NOW + GUESS_GOOD_S - 1), 0);
	CHECK_INT(attempt(11, 19, 23, NOW + GUESS_GOOD_S), -1);
}

static void
many_addresses_do_not_wash_a_user_out(void)
{
	empty();
	for (int i = 0; i < 5; i++)
		attempt(11, 13, 15, NOW);
	/* 20,000 names and addresses that share the set of 11. */
	for (uint64_t i = 1; i <= 20000; i++)
		attempt(11 + i * 2 * GUESS_SETS,
		    11 + (i * 2 + 1) * GUESS_SETS, 3, NOW + 1);
	CHECK_INT(attempt(11, 13, 15, NOW + 2), -1);
}

/* Whatever is in the file: answers are in range, and the table works on. */
static void
a_file_of_anything_is_a_table(void)
{
	static const unsigned char fill[] = { 0xff, 0x00, 0x7f, 0x65 };
	static char octets[100000];

	for (size_t i = 0; i < TEST_N(fill); i++) {
		int fd = openat(dirfd_, GUESS_FILE, O_RDWR | O_CREAT | O_TRUNC,
		    0600);
		int ms;

		TEST_ROW("%02x", fill[i]);
		memset(octets, fill[i], sizeof(octets));
		if (write(fd, octets, sizeof(octets)) != sizeof(octets))
			CHECK(false);
		close(fd);
		ms = attempt(11, 13, 15, NOW);
		CHECK(ms >= -1 && ms <= 4000);
		good(11, 13, 15, NOW);
		CHECK_INT(attempt(11, 13, 15, NOW), 0);
	}
}

static bool
cached(const char *mac, int64_t now, unsigned int lifetime)
{
	bool found = false;

	CHECK_OK(cache_find(dirfd_, (const unsigned char *)mac, now, lifetime,
	    &found));
	return found;
}

static void
the_cache_forgets(void)
{
	char mac[CACHE_MAC_OCTETS + 1] = "0123456789abcdef0123456789abcdef";
	const unsigned char *m = (const unsigned char *)mac;

	empty();
	CHECK(!cached(mac, NOW, 600));
	CHECK_OK(cache_add(dirfd_, m, NOW, 600));
	CHECK(cached(mac, NOW, 600));
	CHECK(cached(mac, NOW + 599, 600));
	CHECK(!cached(mac, NOW + 600, 600));
	/* The clock was put back, or the setting made shorter. */
	CHECK(!cached(mac, NOW - 1, 600));
	CHECK(!cached(mac, NOW, 60));
	mac[31] ^= 1;
	CHECK(!cached(mac, NOW, 600));
	/* A set takes more than it has room for; the last is there. */
	for (int i = 0; i < 2 * CACHE_WAYS; i++) {
		mac[20] = (char)i;
		CHECK_OK(cache_add(dirfd_, m, NOW + i, 600));
		CHECK(cached(mac, NOW + i, 600));
	}
}

int
main(void)
{
	if (mkdtemp(dir) == NULL || (dirfd_ = open(dir, O_RDONLY)) == -1)
		err(1, "%s", dir);
	TEST(failures_are_slowed_down_and_then_refused);
	TEST(the_longest_delay_holds);
	TEST(a_login_is_no_failure);
	TEST(a_login_elsewhere_does_not_reset);
	TEST(many_addresses_do_not_wash_a_user_out);
	TEST(a_file_of_anything_is_a_table);
	TEST(the_cache_forgets);
	empty();
	rmdir(dir);
	return test_end();
}

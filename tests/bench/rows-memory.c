/* rows-memory.c - what many sessions that wait take from the machine
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define SETTLE_SECONDS	4	/* servers give back what they do not need by then */
#define GONE_TRIES	300	/* of 100 ms, for processes to end */

/* kB; 0 where it cannot be read. */
static double
number_after(const char *path, const char *key)
{
	double n = 0;
	char line[256];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0) {
			n = strtod(line + strlen(key), NULL);
			break;
		}
	fclose(f);
	return n;
}

/*
 * Free pages that each CPU keeps at hand for itself, which MemAvailable has left out.
 * Kernels since 6.7 let these lists grow and shrink by themselves: by 75 MB on a
 * machine with 24 GB and two CPUs, which is 75 KB for each of 1,000 sessions.
 */
static double
kept_by_cpus(void)
{
	double pages = 0, n;
	char line[256];
	FILE *f = fopen("/proc/zoneinfo", "r");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, " count: %lf", &n) == 1)
			pages += n;
	fclose(f);
	return pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static double
pss_of(const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/smaps_rollup", pid);
	return number_after(path, "Pss:");
}

struct memory {
	double available, pss, own;	/* kB */
	unsigned processes;
};

/* The processes in the peer's cgroup; without one the row is not run. */
static void
look(const struct peer *p, struct memory *m)
{
	char path[512], pid[32];
	FILE *f;

	memset(m, 0, sizeof(*m));
	snprintf(path, sizeof(path), "%s/cgroup.procs", p->cgroup);
	if ((f = fopen(path, "r")) != NULL) {
		while (fscanf(f, "%31s", pid) == 1) {
			m->processes++;
			m->pss += pss_of(pid);
		}
		fclose(f);
	}
	m->own = pss_of("self");
	m->available = number_after("/proc/meminfo", "MemAvailable:") +
	    kept_by_cpus();
}

/* The page cache, which the machine takes back when it likes, is not counted. */
static void
settle(void)
{
	int fd;

	sync();
	sleep(SETTLE_SECONDS);
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (fd != -1) {
		if (write(fd, "3\n", 2) != 2)
			fprintf(stderr, "the page cache stays\n");
		close(fd);
	}
	usleep(300000);
}

static bool
idle(struct bench *b, struct peer *p, struct conn *c, bool tls)
{
	const char *s;
	size_t len;

	if (p->bare)
		return conn_open(c, p->port, NULL);
	if (!session_start(b, p, c, tls))
		return false;
	conn_put(c, "IDLE");
	if (!conn_flush(c))
		return false;
	do {
		if (!conn_read(c, &s, &len))
			return false;
	} while (s[0] == '*');
	return s[0] == '+' || conn_fail(c, "no IDLE: %.*s", (int)len, s);
}

static void
shrink(struct conn *c)
{
	buf_clear(&c->in);
	buf_clear(&c->out);
	buf_clear(&c->done);
	c->used = 0;
}

static void
hang_up(struct peer *p, struct conn *all, unsigned count, unsigned processes)
{
	struct memory m;

	for (unsigned i = 0; i < count; i++)
		conn_close(&all[i]);
	for (unsigned i = 0; i < GONE_TRIES; i++) {
		look(p, &m);
		if (m.processes <= processes)
			break;
		usleep(100000);
	}
}

static bool
row_memory(struct bench *b, struct peer *p, struct conn *c)
{
	unsigned n, count = b->sessions;
	bool tls = row_now->arg != NULL, ok = true;
	struct conn *all;
	struct memory before, after;

	if (p->cgroup == NULL)
		return conn_fail(c, "takes root, for a cgroup");
	if (b->round == 0)	/* the libraries are in memory from now on */
		count = count < 5 ? count : 5;
	all = calloc(count, sizeof(*all));
	settle();
	look(p, &before);
	for (n = 0; n < count && ok; n++) {
		ok = idle(b, p, &all[n], tls) ||
		    conn_fail(c, "session %u: %.200s", n + 1, all[n].error);
		shrink(&all[n]);
	}
	settle();
	look(p, &after);
	hang_up(p, all, n, before.processes);
	free(all);
	if (!ok)
		return false;
	emit(b, p, "pss_kb", (after.pss - before.pss) / count);
	emit(b, p, "taken_kb", (before.available - after.available -
	    (after.own - before.own)) / count);
	emit(b, p, "processes",
	    ((double)after.processes - before.processes) / count);
	return true;
}

const struct row rows_memory[] = {
	{ "memory", row_memory, NULL, 2 },
	{ "memory-tls", row_memory, "tls", 2 },
	{ NULL, NULL, NULL, 2 }
};

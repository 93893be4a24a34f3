/* measure.c - the time on the wall, the servers' and the client's on the CPU
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define STILL_US	4000	/* no CPU time for so long: the server is still */
#define STILL_TRIES	75

uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t
client_ns(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (uint64_t)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000000 +
	    (uint64_t)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) * 1000;
}

/* cgroup v2 has usage_usec in cpu.stat, v1 nanoseconds in cpuacct.usage. */
static bool
cgroup_cpu(const char *dir, uint64_t *ns_r)
{
	char path[512];
	unsigned long long n;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/cpu.stat", dir);
	if ((f = fopen(path, "r")) != NULL) {
		found = fscanf(f, "usage_usec %llu", &n) == 1;
		fclose(f);
		*ns_r = n * 1000;
	}
	if (found)
		return true;
	snprintf(path, sizeof(path), "%s/cpuacct.usage", dir);
	if ((f = fopen(path, "r")) != NULL) {
		found = fscanf(f, "%llu", &n) == 1;
		fclose(f);
		*ns_r = n;
	}
	return found;
}

struct proc {
	pid_t pid, parent;
	uint64_t ticks;		/* its own and its reaped children's */
	bool of_tree;
};

static bool
proc_read(const char *pid, struct proc *p)
{
	char path[64], line[1024], *s;
	unsigned long long t[4];
	int parent, got;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	if ((f = fopen(path, "r")) == NULL)
		return false;
	s = fgets(line, sizeof(line), f);
	fclose(f);
	if (s == NULL || (s = strrchr(line, ')')) == NULL)
		return false;
	got = sscanf(s + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
	    "%llu %llu %llu %llu", &parent, &t[0], &t[1], &t[2], &t[3]);
	*p = (struct proc){ atoi(pid), parent, t[0] + t[1] + t[2] + t[3],
	    false };
	return got == 5;
}

/* Without a cgroup: the tree of processes, to the tick (10 ms). */
static uint64_t
tree_cpu(pid_t root)
{
	static struct proc procs[65536];
	unsigned count = 0;
	uint64_t ticks = 0;
	bool grown = true;
	struct dirent *e;
	DIR *d = opendir("/proc");

	if (d == NULL)
		return 0;
	while (count < 65536 && (e = readdir(d)) != NULL)
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
		    proc_read(e->d_name, &procs[count])) {
			procs[count].of_tree = procs[count].pid == root;
			count++;
		}
	closedir(d);
	while (grown) {
		grown = false;
		for (unsigned i = 0; i < count; i++)
			for (unsigned j = 0; j < count && !procs[i].of_tree; j++)
				if (procs[j].of_tree &&
				    procs[j].pid == procs[i].parent)
					grown = procs[i].of_tree = true;
	}
	for (unsigned i = 0; i < count; i++)
		if (procs[i].of_tree)
			ticks += procs[i].ticks;
	return ticks * 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

uint64_t
peer_cpu(const struct peer *p)
{
	uint64_t ns;

	if (p->cgroup != NULL && cgroup_cpu(p->cgroup, &ns))
		return ns;
	return tree_cpu(p->pid);
}

/* Processes of sessions that are over still have to end. */
static uint64_t
cpu_when_still(const struct peer *p)
{
	uint64_t before = peer_cpu(p), now;

	for (unsigned i = 0; i < STILL_TRIES; i++) {
		usleep(STILL_US);
		now = peer_cpu(p);
		if (now == before)
			break;
		before = now;
	}
	return before;
}

void
measure_begin(struct measure *m, const struct peer *p)
{
	memset(m, 0, sizeof(*m));
	m->cpu = cpu_when_still(p);
}

void
measure_go(struct measure *m)
{
	m->client_start = client_ns();
	m->wall_start = now_ns();
}

void
measure_pause(struct measure *m)
{
	m->wall += now_ns() - m->wall_start;
	m->client += client_ns() - m->client_start;
}

void
measure_end(const struct bench *b, const struct peer *p, struct measure *m,
    unsigned ops)
{
	m->cpu = cpu_when_still(p) - m->cpu;
	emit(b, p, "wall_us", (double)m->wall / ops / 1000);
	emit(b, p, "cpu_us", (double)m->cpu / ops / 1000);
	emit(b, p, "client_us", (double)m->client / ops / 1000);
}

void
emit(const struct bench *b, const struct peer *p, const char *measure,
    double value)
{
	if (b->round > 0)
		printf("%s\t%u\t%s\t%u\t%s\t%.2f\n", b->row, b->size, p->name,
		    b->round, measure, value);
}

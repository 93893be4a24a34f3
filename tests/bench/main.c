/* main.c - the benchmark's client: servers take turns, row by row
 * SPDX-License-Identifier: ISC
 *
 * usage: bench-client [OPTION ...] fill | run
 *
 *	--peer name=NAME,port=N[,tls=N][,cgroup=DIR][,pid=N][,cache=GLOB]
 *	    [,rows=ROW:ROW...][,slow=USER][,bare=yes]
 *					a server; more of them take turns
 *	--size N --seed N		messages, and which ones
 *	--rows ROW,ROW...		these alone
 *	--rounds N			measurements of each row and server
 *	--limit SECONDS			a row that takes longer has 3 rounds
 *	--sessions N --folders N	of the rows memory and list-status
 *	--password WORD --ca FILE	for both users; the servers' certificate
 *
 * Prints lines of six fields with tabs between: row, messages, server, round,
 * measure, value.  A server that answers wrongly gets "error" and the reason, and
 * no more figures in that row. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench.h"

#define PEERS_MAX	8
#define FILL_CHUNKS	8
#define LIMIT_ROUNDS	3

const struct row *row_now;

static const struct row *const families[] = {
	rows_session, rows_fetch, rows_search, rows_change, rows_folders,
	rows_idle, rows_memory,
};

static void
usage(void)
{
	fprintf(stderr, "usage: bench-client [option ...] fill | run\n");
	exit(64);
}

static unsigned
number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s == '\0' || *end != '\0' || n > 100000000)
		errx(64, "%s: no number", s);
	return (unsigned)n;
}

static void
peer_add(struct bench *b, char *spec)
{
	struct peer *p;
	char *key;

	if (b->peer_count == PEERS_MAX)
		errx(64, "too many servers");
	p = &b->peers[b->peer_count++];
	while ((key = strsep(&spec, ",")) != NULL) {
		char *value = strchr(key, '=');

		if (value == NULL)
			usage();
		*value++ = '\0';
		if (strcmp(key, "name") == 0)
			p->name = value;
		else if (strcmp(key, "port") == 0)
			p->port = number(value);
		else if (strcmp(key, "tls") == 0)
			p->tls_port = number(value);
		else if (strcmp(key, "cgroup") == 0)
			p->cgroup = *value != '\0' ? value : NULL;
		else if (strcmp(key, "pid") == 0)
			p->pid = (pid_t)number(value);
		else if (strcmp(key, "cache") == 0)
			p->cache = value;
		else if (strcmp(key, "rows") == 0)
			p->rows = value;
		else if (strcmp(key, "slow") == 0)
			p->slow = value;
		else if (strcmp(key, "bare") == 0)
			p->bare = true;
		else
			usage();
	}
	if (p->name == NULL || p->port == 0)
		usage();
}

/* Whether name is one of the words between separators. */
static bool
among(const char *list, const char *name, char separator)
{
	size_t len = strlen(name);

	for (const char *p = list; p != NULL; p = strchr(p, separator)) {
		p += *p == separator;
		if (strncmp(p, name, len) == 0 &&
		    (p[len] == '\0' || p[len] == separator))
			return true;
	}
	return false;
}

static void
failed(struct bench *b, struct peer *p, const char *why)
{
	p->out = true;
	fprintf(stderr, "%s %u %s: %s\n", b->row, b->size, p->name, why);
	printf("%s\t%u\t%s\t%u\terror\t", b->row, b->size, p->name, b->round);
	for (; *why != '\0'; why++)
		putchar(*why >= ' ' && *why <= '~' ? *why : ' ');
	putchar('\n');
}

/* Servers that both answer rightly may still answer differently. */
static void
compare(struct bench *b)
{
	const struct peer *first = NULL;

	for (unsigned i = 0; i < b->peer_count; i++) {
		struct peer *p = &b->peers[i];

		if (p->out || p->meaning == 0)
			continue;
		if (first == NULL)
			first = p;
		else if (first->meaning != p->meaning)
			printf("%s\t%u\t%s\t0\tdiffers\t%s\n", b->row, b->size,
			    p->name, first->name);
	}
}

static void
row_run(struct bench *b, const struct row *row)
{
	uint64_t start;

	row_now = row;
	for (unsigned i = 0; i < b->peer_count; i++) {
		struct peer *p = &b->peers[i];

		p->out = p->rows != NULL && !among(p->rows, row->name, ':');
		p->digest = p->meaning = 0;
	}
	start = now_ns();
	for (b->round = 0; b->round <= b->rounds; b->round++) {
		if ((b->round > LIMIT_ROUNDS &&
		    now_ns() - start > b->limit * 1000000000ull) ||
		    (row->rounds > 0 && b->round > row->rounds))
			break;
		for (unsigned i = 0; i < b->peer_count; i++) {
			struct peer *p = &b->peers[i];
			struct conn c = { 0 };

			b->row = row->name;
			if (!p->out && !row->run(b, p, &c))
				failed(b, p, c.error);
			conn_close(&c);
		}
		if (b->round == 0)
			compare(b);
		fflush(stdout);
	}
}

/* Part by part in turns: whoever is disturbed is not disturbed alone. */
static void
fill_all(struct bench *b)
{
	struct conn conns[PEERS_MAX] = { 0 };
	uint32_t last = 0;

	for (unsigned i = 0; i < b->peer_count; i++)
		if (!session_login(b, &b->peers[i], &conns[i], USER_MAIL, false))
			errx(1, "%s: %s", b->peers[i].name, conns[i].error);
	for (b->round = 1; b->round <= FILL_CHUNKS; b->round++) {
		uint32_t first = last + 1;

		last = (uint32_t)((uint64_t)b->size * b->round / FILL_CHUNKS);
		for (unsigned i = 0; i < b->peer_count && first <= last; i++)
			if (!fill(b, &b->peers[i], &conns[i], first, last))
				errx(1, "%s: %s", b->peers[i].name,
				    conns[i].error);
	}
	for (unsigned i = 0; i < b->peer_count; i++) {
		struct peer *p = &b->peers[i];

		if (!session_select(b, &conns[i]) || !session_end(&conns[i]) ||
		    !fill_folders(b, p, &conns[i]))
			errx(1, "%s: %s", p->name, conns[i].error);
		conn_close(&conns[i]);
	}
}

/* A descriptor for each session that waits. */
static void
limits_raise(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "peer", required_argument, NULL, 'p' },
		{ "size", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "rows", required_argument, NULL, 'r' },
		{ "rounds", required_argument, NULL, 'R' },
		{ "limit", required_argument, NULL, 'l' },
		{ "sessions", required_argument, NULL, 'S' },
		{ "folders", required_argument, NULL, 'f' },
		{ "password", required_argument, NULL, 'w' },
		{ "ca", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 }
	};
	static struct peer peers[PEERS_MAX];
	struct bench b = { .seed = 1, .size = 1000, .rounds = 5, .folders = 500,
	    .sessions = 1000, .limit = 60, .password = "secret",
	    .peers = peers };
	const char *rows = NULL;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'p': peer_add(&b, optarg); break;
		case 'n': b.size = number(optarg); break;
		case 's': b.seed = number(optarg); break;
		case 'r': rows = optarg; break;
		case 'R': b.rounds = number(optarg); break;
		case 'l': b.limit = number(optarg); break;
		case 'S': b.sessions = number(optarg); break;
		case 'f': b.folders = number(optarg); break;
		case 'w': b.password = optarg; break;
		case 'c': b.ca = optarg; break;
		default: usage();
		}
	if (argc - optind != 1 || b.peer_count == 0 || b.size == 0)
		usage();
	limits_raise();
	if (strcmp(argv[optind], "fill") == 0) {
		fill_all(&b);
		return 0;
	}
	if (strcmp(argv[optind], "run") != 0)
		usage();
	for (unsigned f = 0; f < sizeof(families) / sizeof(families[0]); f++)
		for (const struct row *r = families[f]; r->name != NULL; r++)
			if (rows == NULL || among(rows, r->name, ','))
				row_run(&b, r);
	return 0;
}

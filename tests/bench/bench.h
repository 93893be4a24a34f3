/* bench.h - a run of the benchmark: servers side by side, rows, measures
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_BENCH_BENCH_H
#define MSGSTORE_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "conn.h"
#include "mail.h"

#define USER_MAIL	"bench"		/* whose INBOX is filled */
#define USER_FOLDERS	"folders"	/* who has many mailboxes */

/* A server that is measured. */
struct peer {
	char	*name;
	unsigned port, tls_port;
	char	*cgroup;	/* a cgroup's directory; NULL: there is none */
	pid_t	 pid;		/* its first process */
	char	*cache;		/* glob(3) pattern of files that are made by reading */
	char	*rows;		/* "a:b", those that it takes part in; NULL: all */
	char	*slow;		/* the user of USER_MAIL's mail with a slow hash */
	bool	 bare;		/* it greets, and knows no command */
	bool	 out;		/* of this row: it has failed */
	uint64_t digest;	/* what it answered when it was checked deeply */
	uint64_t meaning;	/* the same in no server's own spelling; 0: not known */
};

struct bench {
	uint64_t seed;
	uint32_t size;		/* messages in INBOX */
	unsigned rounds, folders, sessions;
	unsigned limit;		/* seconds of a row after which 3 rounds do */
	const char *password, *ca;
	struct peer *peers;
	unsigned peer_count;
	const char *row;
	unsigned round;		/* 0: not measured, answers are checked deeply */
};

/* A row measures the peer once.  False: the connection's error tells why. */
struct row {
	const char *name;
	bool	 (*run)(struct bench *, struct peer *, struct conn *);
	const void *arg;
	unsigned rounds;	/* at most; 0: as many as one likes */
};
extern const struct row rows_session[], rows_fetch[], rows_search[],
    rows_change[], rows_folders[], rows_idle[], rows_memory[];
/* The row that runs, for its arg. */
extern const struct row *row_now;

bool fill(struct bench *, struct peer *, struct conn *, uint32_t first,
    uint32_t last);
bool fill_folders(struct bench *, struct peer *, struct conn *);

/* --- Measures: measure.c --- */

struct measure {
	uint64_t wall, client, cpu;	/* ns */
	uint64_t wall_start, client_start;
};
uint64_t now_ns(void);
/* CPU time of all the peer's processes, those that have ended too. */
uint64_t peer_cpu(const struct peer *);
void measure_begin(struct measure *, const struct peer *);
/* Only between these two does time count; the servers' CPU time counts always. */
void measure_go(struct measure *);
void measure_pause(struct measure *);
/* Waits until the server is still, and prints what one of ops operations took. */
void measure_end(const struct bench *, const struct peer *, struct measure *,
    unsigned ops);
void emit(const struct bench *, const struct peer *, const char *measure,
    double value);

/* --- Sessions: rows-session.c --- */

bool session_login(struct bench *, struct peer *, struct conn *,
    const char *user, bool tls);
/* ... and INBOX, which must have b->size messages, is selected. */
bool session_start(struct bench *, struct peer *, struct conn *, bool tls);
bool session_select(struct bench *, struct conn *);
bool session_end(struct conn *);
/* One command in a new session, measured.  check sees its answer in round 0; later
 * answers must be the same octets. */
bool session_command(struct bench *, struct peer *, struct conn *,
    const char *command, unsigned ops, conn_cb *check, void *arg);
bool same_answer(struct bench *, struct peer *, struct conn *);

#endif

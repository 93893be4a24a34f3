/* rows-folders.c - LIST with the STATUS of many mailboxes
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "folders.h"

#define CHILDREN	9

void
folder_name(unsigned i, char *name, size_t size)
{
	unsigned above = i / (CHILDREN + 1), child = i % (CHILDREN + 1);

	if (child == 0)
		snprintf(name, size, "Project %u", above);
	else
		snprintf(name, size, "Project %u/Topic %u", above, child);
}

unsigned
folder_messages(unsigned i)
{
	return 1 + i % 5;
}

struct check {
	uint64_t lists, statuses;
};

static bool
check_line(void *arg, struct conn *c, const char *s, size_t len)
{
	struct check *k = arg;
	unsigned above, child = 0, messages, unseen;
	const char *list, *item;
	char line[300];

	if (len >= sizeof(line))
		return false;
	memcpy(line, s, len);
	line[len] = '\0';
	if (strncmp(line, "* LIST ", 7) == 0) {
		k->lists++;
		return true;
	}
	if (strncmp(line, "* STATUS ", 9) != 0)
		return false;
	k->statuses++;
	if (strstr(line, "INBOX") != NULL)
		return true;
	if (sscanf(line, "* STATUS \"Project %u/Topic %u", &above, &child) < 1 ||
	    (list = strrchr(line, '(')) == NULL ||
	    (item = strstr(list, "MESSAGES ")) == NULL ||
	    sscanf(item, "MESSAGES %u", &messages) != 1 ||
	    (item = strstr(list, "UNSEEN ")) == NULL ||
	    sscanf(item, "UNSEEN %u", &unseen) != 1)
		return false;
	if (messages != folder_messages(above * (CHILDREN + 1) + child) ||
	    unseen != messages / 2)
		return conn_fail(c, "wrong: %.100s", line);
	return true;
}

/* RFC 5819: "LIST-STATUS" */
static bool
row_list_status(struct bench *b, struct peer *p, struct conn *c)
{
	struct check k = { 0 };
	struct measure m;

	if (!session_login(b, p, c, USER_FOLDERS, false))
		return false;
	measure_begin(&m, p);
	measure_go(&m);
	if (!conn_do(c, check_line, &k, "LIST \"\" \"*\" "
	    "RETURN (STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY))"))
		return false;
	measure_pause(&m);
	if (k.statuses != b->folders + 1 || k.lists != k.statuses)
		return conn_fail(c, "%llu mailboxes, not %u",
		    (unsigned long long)k.statuses, b->folders + 1);
	measure_end(b, p, &m, 1);
	return session_end(c);
}

const struct row rows_folders[] = {
	{ "list-status", row_list_status, NULL, 0 },
	{ NULL, NULL, NULL, 0 }
};

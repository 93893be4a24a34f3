/* fuzz-command.c - any octets as the arguments of every command
 * SPDX-License-Identifier: ISC
 *
 * "=SEARCH ALL" CRLF: the first octet tells how long a command may be, '-' is a
 * short one; then comes a command's name, and all that is behind it are the
 * arguments.  What comes out must not depend on the chunks. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "imapd/cmd.h"

#define SHORT_OCTETS	512		/* a limit that inputs reach */
#define STACK_OCTETS	(512 * 1024)	/* without a limit nesting would need more */
#define MEMORY_OCTETS	4096		/* of the arena for any command */
/* For one octet that was read: SEARCH's keys in "1 1 1" are the worst. */
#define MEMORY_FACTOR	160

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	bool		ok, has_args, skipped;
	struct err	err;
	size_t		used;		/* of the arena */
	uint64_t	parsed, read;	/* octets; read with what was skipped */
};

/* The command with the longest name that the octets begin with; "UID FETCH" is
 * one name.  NULL: there is none, or it has no arguments. */
static const struct cmd *
choose(const uint8_t *s, size_t len)
{
	const struct cmd *found = NULL;
	size_t found_len = 0, n;

	for (size_t i = 0; cmd_table[i] != NULL; i++) {
		n = strlen(cmd_table[i]->name);
		if (cmd_table[i]->parse == NULL || n > len ||
		    n < found_len || memcmp(s, cmd_table[i]->name, n) != 0)
			continue;
		found = cmd_table[i];
		found_len = n;
	}
	return found;
}

static void
small_stack(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) == -1 ||
	    limit.rlim_cur == STACK_OCTETS)
		return;
	limit.rlim_cur = STACK_OCTETS;
	assert(setrlimit(RLIMIT_STACK, &limit) == 0);
}

/*
 * Linear in what was read.  But a literal's memory is there before its octets
 * are, which only the limit bounds when they never come.
 */
static void
check_memory(const struct outcome *out, size_t limit)
{
	size_t bound = MEMORY_OCTETS + MEMORY_FACTOR * (size_t)out->parsed;

	assert(out->used <= bound + (out->ok ? 0 : limit));
}

static void
check_end(const struct outcome *out, struct parser *p, const uint8_t *s)
{
	if (out->ok) {
		/* APPEND and REPLACE alone stop at the head of a literal, or at
		 * the beginning of CATENATE. */
		assert(out->parsed > 0);
		if (s[out->parsed - 1] == '(') {
			assert(!p->at_end && p->skip_literal == 0);
			return;
		}
		assert(s[out->parsed - 1] == '\n');
		assert(p->at_end || p->skip_literal == p->literal_size);
		return;
	}
	assert(out->err.kind == ERR_SYNTAX || out->err.kind == ERR_USER ||
	    out->err.kind == ERR_IO);
	assert(strpbrk(out->err.text, "\r\n") == NULL);
}

static void
try(const struct cmd *cmd, size_t limit, const uint8_t *s, size_t len,
    size_t chunk, struct outcome *out)
{
	struct arena *a = arena_new();
	struct input *in = input_new_mem(s, len, chunk);
	const struct err *err;
	struct parser p;
	void *args = NULL;

	memset(out, 0, sizeof(*out));
	parser_init(&p, a, in, NULL, NULL, limit);
	err = cmd->parse(a, &p, &args);
	out->ok = err == NULL;
	out->has_args = args != NULL;
	if (err != NULL) {
		out->err.kind = err->kind;
		out->err.code = err->code;
		strlcpy(out->err.text, err->text, sizeof(out->err.text));
	}
	out->used = arena_used(a);
	out->parsed = input_count(in);
	check_memory(out, limit);
	check_end(out, &p, s);
	/* The next command starts where this one ends. */
	out->skipped = parser_skip(&p, 100000);
	assert(!out->skipped || p.at_end);
	assert(out->used == arena_used(a));
	out->read = input_count(in);
	input_free(in);
	arena_free(a);
}

static void
compare(const struct outcome *a, const struct outcome *b)
{
	assert(a->ok == b->ok && a->has_args == b->has_args);
	assert(a->skipped == b->skipped && a->used == b->used);
	assert(a->parsed == b->parsed && a->read == b->read);
	assert(a->err.kind == b->err.kind && a->err.code == b->err.code);
	assert(strcmp(a->err.text, b->err.text) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome all, sevens, ones;
	const struct cmd *cmd;
	size_t limit, name_len;

	if (size == 0 || (cmd = choose(data + 1, size - 1)) == NULL)
		return -1;
	small_stack();
	limit = data[0] == '-' ? SHORT_OCTETS : COMMAND_MAX_OCTETS;
	name_len = strlen(cmd->name);
	data += 1 + name_len;
	size -= 1 + name_len;
	try(cmd, limit, data, size, SIZE_MAX, &all);
	try(cmd, limit, data, size, 7, &sevens);
	try(cmd, limit, data, size, 1, &ones);
	compare(&all, &sevens);
	compare(&all, &ones);
	return 0;
}

/* fuzz-sortkeys.c - any octets as a header, as packed keys and as references
 * SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "mail/sortkeys.h"
#include "mail/subject.h"
#include "mail/thread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is made can be read, and a base subject does not become another one. */
static void
header(const char *s, size_t len)
{
	struct arena *a = arena_new();
	struct buf packed = { 0 }, base = { 0 };
	struct sortkeys k;
	bool reply;

	sortkeys_make(a, s, len, &packed);
	assert(sortkeys_unpack(packed.s, packed.len, &k));
	for (int i = 0; i < SORTKEY_TEXTS; i++)
		assert(k.texts[i].len <= SORTKEYS_TEXT_MAX);
	base_subject(s, len, &base, &reply);
	assert(base.len == 0 || (base.s[0] != ' ' &&
	    base.s[base.len - 1] != ' '));
	buf_clear(&base);
	buf_clear(&packed);
	arena_free(a);
}

static void
stored(const char *s, size_t len)
{
	struct sortkeys k;

	if (!sortkeys_unpack(s, len, &k))
		return;
	assert(k.refs_n <= SORTKEYS_REFS_MAX);
	for (int i = 0; i < SORTKEY_TEXTS; i++)
		assert(k.texts[i].s >= s &&
		    k.texts[i].s + k.texts[i].len <= s + len);
}

struct told {
	size_t		 messages;
	int		 depth;
};

/* Every message is told once, and all that is opened is closed. */
static void
count(void *arg, struct buf *b)
{
	struct told *told = arg;

	for (size_t i = 0; i < b->len; i++) {
		told->depth += b->s[i] == '(' ? 1 : b->s[i] == ')' ? -1 : 0;
		assert(told->depth >= 0);
		if (b->s[i] >= '0' && b->s[i] <= '9' && (i + 1 == b->len ||
		    b->s[i + 1] < '0' || b->s[i + 1] > '9'))
			told->messages++;
	}
	buf_reset(b);
}

/* Each octet of a message: its id, its subject, and references up to a 0. */
static void
threads(enum thread_alg alg, const uint8_t *s, size_t len)
{
	struct thread_input in = { 0 };
	struct told told = { 0 };
	uint64_t refs[8];
	uint32_t n = 0;

	for (size_t i = 0; i + 2 < len && n < 1000; i += 2) {
		struct thread_msg m = { .number = ++n, .id = s[i] % 64,
		    .subject = s[i + 1] % 8, .reply = s[i + 1] & 8,
		    .sent = s[i + 1] >> 4, .arrived = s[i] >> 4 };

		for (; i + 2 < len && s[i + 2] != 0 && m.refs_n < 8; i++)
			refs[m.refs_n++] = s[i + 2] % 64;
		thread_add(&in, &m, refs);
	}
	thread_write(alg, &in, count, &told);
	assert(told.depth == 0 && told.messages == n);
	thread_input_clear(&in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	header((const char *)data, size);
	stored((const char *)data, size);
	threads(THREAD_ORDEREDSUBJECT, data, size);
	threads(THREAD_REFERENCES, data, size);
	threads(THREAD_REFS, data, size);
	return 0;
}

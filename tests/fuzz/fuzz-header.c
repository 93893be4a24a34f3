/* fuzz-header.c - header fields, addresses, parameters
 * SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "grammar.h"
#include "mail/downgrade.h"
#include "mail/envelope.h"
#include "mail/header.h"
#include "mail/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
count(void *arg, const char *s, size_t len)
{
	(void)s;
	*(size_t *)arg += len;
}

/* Fields lie behind each other without a gap, each value inside its field. */
static void
check_fields(struct arena *a, const char *s, size_t len)
{
	struct header_iter it;
	struct header_field f;
	struct mime_param *params;
	const char *at = s;
	char *value;
	size_t n;

	header_first(&it, s, len);
	while (header_next(&it, &f)) {
		assert(f.raw == at && f.raw_len > 0);
		assert(f.name >= f.raw && f.value >= f.raw);
		assert(f.name + f.name_len <= f.raw + f.raw_len);
		assert(f.value + f.value_len <= f.raw + f.raw_len);
		at += f.raw_len;
		value = header_unfold(a, &f, 100);
		assert(strlen(value) <= 100 && strchr(value, '\n') == NULL);
		value = header_unfold(a, &f, MIME_VALUE_MAX);
		n = params_parse(a, value, &params);
		assert(n <= MIME_PARAMS_MAX);
		for (size_t i = 0; i < n; i++)
			assert(params[i].name[0] != '\0' &&
			    params[i].value != NULL);
		params_get(a, params, n, "BOUNDARY");
	}
	assert(at <= s + len);
}

static void
check_filters(const char *s, size_t len)
{
	static const char *const names[] = { "From", "a", "Content-Type" };
	size_t with, without, seen = 0;
	struct header_iter it;
	struct header_field f;
	struct buf b = { 0 };

	with = header_filter(s, len, names, 3, false, count, &seen);
	assert(seen == with);
	without = header_filter(s, len, names, 3, true, count, &seen);
	assert(seen == with + without);
	/* Together they are the header and one more empty line. */
	assert(with + without >= header_length(s, len) &&
	    with + without <= header_length(s, len) +
	    HEADER_EMPTY_MAX);
	header_cache(s, len, &b);
	assert(b.len <= HEADER_CACHE_MAX + HEADER_EMPTY_MAX && b.len <= len);
	header_first(&it, b.s, b.len);
	while (header_next(&it, &f))
		assert(f.name_len > 0);
	buf_clear(&b);
}

static void
check_addresses(struct arena *a, const char *s, size_t len)
{
	struct address *list = NULL;
	size_t n = address_parse(a, s, len, &list);
	bool group = false;

	assert(n <= ENVELOPE_ADDRESSES_MAX);
	for (size_t i = 0; i < n; i++) {
		if (list[i].host != NULL) {
			assert(list[i].mailbox != NULL);
			continue;
		}
		/* Starts and ends of groups take turns. */
		assert((list[i].mailbox == NULL) == group);
		assert(list[i].name == NULL && list[i].adl == NULL);
		group = !group;
	}
	assert(!group);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	struct arena *a = arena_new();
	struct buf b = { 0 }, surrogate = { 0 };

	check_fields(a, s, header_length(s, size));
	check_filters(s, size);
	check_addresses(a, s, size);
	envelope_write(a, s, size, &b);
	assert(is_envelope(b.s, b.len));
	if (envelope_downgrade(b.s, b.len, &surrogate))
		assert(is_envelope(surrogate.s, surrogate.len));
	buf_clear(&surrogate);
	buf_clear(&b);
	arena_free(a);
	return 0;
}

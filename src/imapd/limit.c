/* limit.c - how many messages one command may work on
 * SPDX-License-Identifier: ISC */
#include "imapd/limit.h"

#include "imapd/capability.h"

uint32_t
limit_messages(const struct session *s)
{
	return capability_off(s, "MESSAGELIMIT") ? 0 : s->conf->message_limit;
}

uint32_t
limit_saves(const struct session *s)
{
	if (limit_messages(s) > 0)
		return limit_messages(s);
	return capability_off(s, "SAVELIMIT") ? 0 : s->conf->save_limit;
}

/* The newest of them, as many as max. */
static struct seqset
newest(struct session *s, const struct seqset *uids, uint32_t max)
{
	return seqset_slice(s->arena, uids, seqset_count(uids) - max, max);
}

bool
limit_uids(struct session *s, struct seqset *uids)
{
	const uint32_t max = limit_messages(s);

	if (max == 0 || seqset_count(uids) <= max)
		return false;
	*uids = newest(s, uids, max);
	s->limit_code = arena_printf(s->arena, "MESSAGELIMIT %u %u", max,
	    uids->ranges[0].first);
	return true;
}

const struct err *
limit_copy(struct session *s, const struct seqset *uids)
{
	const uint32_t max = limit_saves(s);
	struct seqset last;

	if (max == 0 || seqset_count(uids) <= max)
		return NULL;
	last = newest(s, uids, max);
	return err_user(arena_printf(s->arena, "MESSAGELIMIT %u %u", max,
	    last.ranges[0].first), "Too many messages to copy, try a smaller "
	    "subset");
}

const struct err *
limit_append(struct session *s, uint64_t n)
{
	const uint32_t max = limit_saves(s);

	if (max == 0 || n <= max)
		return NULL;
	return err_user(arena_printf(s->arena, "MESSAGELIMIT %u", max),
	    "Too many messages to append at once, nothing was");
}

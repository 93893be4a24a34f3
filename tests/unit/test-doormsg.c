/* test-doormsg.c - messages between door and monitor
 * SPDX-License-Identifier: ISC */
#include "imapd/doormsg.h"

#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static char packet[DOOR_PACKET_MAX];

static size_t
encode(enum door_type type, uint64_t number, const char *a, size_t a_len,
    const char *b, size_t b_len)
{
	const struct door_message msg = {
		.type = type, .numbers = { number, number + 1, number + 2 },
		.texts = { { a, a_len }, { b, b_len } }
	};

	return door_encode(&msg, packet);
}

static void
what_is_written_is_read(void)
{
	struct arena *a = arena_new();
	struct door_message msg;
	size_t len = encode(DOOR_OVER, 7, "a1", 2, "x\0y", 3);

	CHECK(door_decode(a, packet, len, true, &msg));
	CHECK_INT(msg.type, DOOR_OVER);
	CHECK_INT(msg.numbers[0], 7);
	CHECK_INT(msg.numbers[2], 9);
	CHECK_STR(msg.texts[0].s, "a1");
	CHECK_MEM(msg.texts[1].s, msg.texts[1].len, "x\0y", 3);
	CHECK_INT(msg.texts[1].s[3], 0);
	arena_free(a);
}

/* Each length but the right one, and each type from the wrong side. */
static void
nothing_else_is_taken(void)
{
	static const struct {
		enum door_type	type;
		bool		from_door;
	} table[] = {
		{ DOOR_LOGIN, true }, { DOOR_START, true },
		{ DOOR_STEP, true }, { DOOR_CANCEL, true },
		{ DOOR_LOG, true }, { DOOR_TLS, true }, { DOOR_OVER, true },
		{ DOOR_OK, false }, { DOOR_CONTINUE, false },
		{ DOOR_REFUSED, false }
	};
	struct arena *a = arena_new();
	struct door_message msg;

	for (size_t i = 0; i < TEST_N(table); i++) {
		size_t len = encode(table[i].type, 1, "one", 3, "two", 3);

		TEST_ROW("type %d", (int)table[i].type);
		CHECK(door_decode(a, packet, len, table[i].from_door, &msg));
		CHECK(!door_decode(a, packet, len, !table[i].from_door, &msg));
		CHECK(!door_decode(a, packet, len + 1, table[i].from_door,
		    &msg));
		for (size_t n = 0; n < len; n++)
			CHECK(!door_decode(a, packet, n, table[i].from_door,
			    &msg));
	}
	arena_free(a);
}

static void
types_that_are_none(void)
{
	static const uint32_t types[] = { 0, DOOR_TYPES, 255, UINT32_MAX };
	struct arena *a = arena_new();
	struct door_message msg;

	for (size_t i = 0; i < TEST_N(types); i++) {
		memset(packet, 0, sizeof(packet));
		memcpy(packet, &types[i], sizeof(types[i]));
		for (size_t len = 0; len < 64; len++)
			CHECK(!door_decode(a, packet, len, true, &msg) &&
			    !door_decode(a, packet, len, false, &msg));
	}
	arena_free(a);
}

static void
long_texts_are_refused_on_both_sides(void)
{
	static char big[DOOR_TEXT_MAX + 1];
	struct arena *a = arena_new();
	struct door_message msg;
	uint32_t size = DOOR_TEXT_MAX + 1;
	size_t len;

	CHECK_INT(encode(DOOR_STEP, 0, big, sizeof(big), NULL, 0), 0);
	CHECK_INT(encode(DOOR_LOGIN, 0, big, 1025, "x", 1), 0);
	len = encode(DOOR_STEP, 0, big, DOOR_TEXT_MAX, NULL, 0);
	CHECK(door_decode(a, packet, len, true, &msg));
	memcpy(packet + 4, &size, sizeof(size));
	CHECK(!door_decode(a, packet, len + 1, true, &msg));
	arena_free(a);
}

static void
over_a_socket(void)
{
	const struct door_message msg = { .type = DOOR_STEP,
	    .texts = { { "abc", 3 } } };
	struct arena *a = arena_new();
	struct door_message got;
	const struct err *err;
	int fds[2];

	if (!CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0))
		return;
	CHECK_OK(door_send(fds[0], &msg));
	CHECK_OK(door_receive(fds[1], a, true, 1000, &got));
	CHECK_STR(got.texts[0].s, "abc");
	/* The wrong side, too little, too much, the end of time, the end. */
	CHECK_OK(door_send(fds[0], &msg));
	err = door_receive(fds[1], a, false, 1000, &got);
	CHECK(err != NULL && err->kind == ERR_INTERNAL);
	CHECK_INT(send(fds[0], "x", 1, 0), 1);
	err = door_receive(fds[1], a, true, 1000, &got);
	CHECK(err != NULL && err->kind == ERR_INTERNAL);
	memset(packet, 0, sizeof(packet));
	packet[0] = DOOR_STEP;
	CHECK_INT(send(fds[0], packet, sizeof(packet), 0), sizeof(packet));
	err = door_receive(fds[1], a, true, 1000, &got);
	CHECK(err != NULL && err->kind == ERR_INTERNAL);
	err = door_receive(fds[1], a, true, 0, &got);
	CHECK(err != NULL && err->kind == ERR_INTERNAL);
	close(fds[0]);
	err = door_receive(fds[1], a, true, 1000, &got);
	CHECK(err != NULL && err->kind == ERR_IO);
	close(fds[1]);
	arena_free(a);
}

int
main(void)
{
	TEST(what_is_written_is_read);
	TEST(nothing_else_is_taken);
	TEST(types_that_are_none);
	TEST(long_texts_are_refused_on_both_sides);
	TEST(over_a_socket);
	return test_end();
}

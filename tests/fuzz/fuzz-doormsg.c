/* fuzz-doormsg.c - what a door or a monitor takes for a message has one form
 * SPDX-License-Identifier: ISC
 *
 * The first octet says whose message it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "imapd/doormsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char packet[DOOR_PACKET_MAX];
	struct door_message msg;
	struct arena *a;

	if (size == 0)
		return 0;
	a = arena_new();
	if (door_decode(a, data + 1, size - 1, (*data & 1) != 0, &msg)) {
		if (door_encode(&msg, packet) != size - 1 ||
		    memcmp(packet, data + 1, size - 1) != 0)
			abort();
		for (size_t i = 0; i < DOOR_TEXTS; i++)
			if (msg.texts[i].s != NULL &&
			    msg.texts[i].s[msg.texts[i].len] != '\0')
				abort();
	}
	arena_free(a);
	return 0;
}

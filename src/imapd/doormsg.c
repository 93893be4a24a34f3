/* doormsg.c - what a door and its monitor say to each other
 * SPDX-License-Identifier: ISC */
#include "imapd/doormsg.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static const struct shape {
	bool		from_door;
	uint8_t		numbers, texts;
	uint16_t	max[DOOR_TEXTS];	/* octets of a text */
} shapes[DOOR_TYPES] = {
	[DOOR_LOGIN] =	  { true, 0, 2, { DOOR_LOGIN_MAX, DOOR_LOGIN_MAX } },
	[DOOR_START] =	  { true, 1, 2, { DOOR_MECHANISM_MAX, DOOR_TEXT_MAX } },
	[DOOR_STEP] =	  { true, 0, 1, { DOOR_TEXT_MAX, 0 } },
	[DOOR_CANCEL] =	  { true, 0, 0, { 0, 0 } },
	[DOOR_LOG] =	  { true, 1, 1, { 1024, 0 } },
	[DOOR_TLS] =	  { true, 1, 0, { 0, 0 } },
	[DOOR_OVER] =	  { true, 4, 2, { 256, 4096 } },
	[DOOR_OK] =	  { false, 0, 1, { DOOR_TEXT_MAX, 0 } },
	[DOOR_CONTINUE] = { false, 0, 1, { DOOR_TEXT_MAX, 0 } },
	[DOOR_REFUSED] =  { false, 1, 2, { 64, 1024 } },
};

/* The packet: the type, the numbers, the texts' lengths, the texts. */

static const struct shape *
shape_of(uint32_t type, bool from_door)
{
	if (type == 0 || type >= DOOR_TYPES ||
	    shapes[type].from_door != from_door)
		return NULL;
	return &shapes[type];
}

/* Takes size octets off the packet's front. */
static bool
take(const char **s, size_t *len, void *out, size_t size)
{
	if (*len < size)
		return false;
	memcpy(out, *s, size);
	*s += size;
	*len -= size;
	return true;
}

static bool
take_text(struct arena *a, const char **s, size_t *len, uint32_t size,
    struct door_text *text)
{
	char *copy;

	if (*len < size)
		return false;
	copy = arena_alloc(a, (size_t)size + 1);
	text->s = copy;
	text->len = size;
	take(s, len, copy, size);
	copy[size] = '\0';
	return true;
}

bool
door_decode(struct arena *a, const void *packet, size_t len, bool from_door,
    struct door_message *msg_r)
{
	struct door_message msg = { 0 };
	const struct shape *shape;
	uint32_t type, sizes[DOOR_TEXTS];
	const char *s = packet;

	if (!take(&s, &len, &type, sizeof(type)))
		return false;
	shape = shape_of(type, from_door);
	if (shape == NULL)
		return false;
	msg.type = (enum door_type)type;
	for (size_t i = 0; i < shape->numbers; i++)
		if (!take(&s, &len, &msg.numbers[i], sizeof(msg.numbers[i])))
			return false;
	for (size_t i = 0; i < shape->texts; i++)
		if (!take(&s, &len, &sizes[i], sizeof(sizes[i])) ||
		    sizes[i] > shape->max[i])
			return false;
	for (size_t i = 0; i < shape->texts; i++)
		if (!take_text(a, &s, &len, sizes[i], &msg.texts[i]))
			return false;
	if (len != 0)
		return false;
	*msg_r = msg;
	return true;
}

static char *
put(char *s, const void *octets, size_t len)
{
	if (len > 0)
		memcpy(s, octets, len);
	return s + len;
}

size_t
door_encode(const struct door_message *msg, void *packet)
{
	const struct shape *shape = &shapes[msg->type];
	uint32_t type = msg->type, size;
	char *s = packet;

	s = put(s, &type, sizeof(type));
	for (size_t i = 0; i < shape->numbers; i++)
		s = put(s, &msg->numbers[i], sizeof(msg->numbers[i]));
	for (size_t i = 0; i < shape->texts; i++) {
		if (msg->texts[i].len > shape->max[i])
			return 0;
		size = (uint32_t)msg->texts[i].len;
		s = put(s, &size, sizeof(size));
	}
	for (size_t i = 0; i < shape->texts; i++)
		s = put(s, msg->texts[i].s, msg->texts[i].len);
	return (size_t)(s - (char *)packet);
}

const struct err *
door_send(int fd, const struct door_message *msg)
{
	char packet[DOOR_PACKET_MAX];
	size_t len = door_encode(msg, packet);
	ssize_t n;

	if (len == 0)
		return err_internal("a message between door and monitor is too "
		    "long");
	do {
		n = send(fd, packet, len, MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	explicit_bzero(packet, len);
	return n == (ssize_t)len ? NULL : err_io("send: %s", strerror(errno));
}

static const struct err *
await(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int n = poll(&pfd, 1, ms);

	if (n == 1)
		return NULL;
	return n == 0 ? err_internal("no message came in time") :
	    err_io("poll: %s", strerror(errno));
}

const struct err *
door_receive(int fd, struct arena *a, bool from_door, int ms,
    struct door_message *msg_r)
{
	char packet[DOOR_PACKET_MAX];
	const struct err *err = await(fd, ms);
	ssize_t n;
	bool ok;

	if (err != NULL)
		return err;
	do {
		n = recv(fd, packet, sizeof(packet), MSG_TRUNC);
	} while (n == -1 && errno == EINTR);
	if (n <= 0)
		return err_io("%s", n == 0 ? "closed" : strerror(errno));
	ok = (size_t)n <= sizeof(packet) &&
	    door_decode(a, packet, (size_t)n, from_door, msg_r);
	explicit_bzero(packet, sizeof(packet));
	return ok ? NULL : err_internal("a wrong message came from the %s",
	    from_door ? "door" : "monitor");
}

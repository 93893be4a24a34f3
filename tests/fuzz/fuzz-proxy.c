/* fuzz-proxy.c - headers of the PROXY protocol, read as imapd reads them
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/net.h"
#include "wire/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t have = 0, want = PROXY_FIRST;
	enum proxy_status status = PROXY_MORE;
	struct proxy_header header;
	char text[NET_TEXT];

	while (status == PROXY_MORE && want <= size) {
		unsigned char *copy;

		if (want <= have || want > PROXY_HEADER_MAX)
			abort();
		have = want;
		/* A copy of its own, so that reading beyond it is seen. */
		copy = malloc(have);
		if (copy == NULL)
			abort();
		memcpy(copy, data, have);
		status = proxy_parse(copy, have, &want, &header);
		free(copy);
	}
	if (status == PROXY_DONE && header.has_address)
		net_text(&header.address, text);
	return 0;
}

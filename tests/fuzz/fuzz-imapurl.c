/* fuzz-imapurl.c - URLs of messages; one that is taken is taken when it is
 * written again, and means the same
 * SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "util/buf.h"
#include "wire/imapurl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
escape(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		buf_addf(b, "%%%02x", (unsigned char)*s);
}

static void
write_url(struct buf *b, const struct imapurl *url)
{
	if (url->mailbox != NULL) {
		buf_addc(b, '/');
		escape(b, url->mailbox);
		if (url->uidvalidity != 0)
			buf_addf(b, ";uidvalidity=%u", url->uidvalidity);
		buf_addc(b, '/');
	}
	buf_addf(b, ";uid=%u", url->uid);
	if (url->section != NULL) {
		buf_adds(b, "/;section=");
		escape(b, url->section);
	}
	if (url->partial)
		buf_addf(b, "/;partial=%u", url->offset);
	if (url->count != 0)
		buf_addf(b, ".%u", url->count);
}

static int
differ(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct imapurl url, again;
	struct buf b = { 0 };
	const char *text;

	text = imapurl_printable(a, (const char *)data, size);
	for (const char *p = text; *p != '\0'; p++)
		assert(*p > ' ' && *p < 0x7f && *p != ']' && *p != '\\');
	if (imapurl_parse(a, (const char *)data, size, &url)) {
		assert(url.uid != 0 && (url.count == 0 || url.partial));
		write_url(&b, &url);
		if (b.len <= IMAPURL_MAX_OCTETS) {
			assert(imapurl_parse(a, b.s, b.len, &again));
			assert(again.uid == url.uid &&
			    again.uidvalidity == url.uidvalidity &&
			    again.partial == url.partial &&
			    again.offset == url.offset &&
			    again.count == url.count);
			assert(!differ(again.mailbox, url.mailbox) &&
			    !differ(again.section, url.section));
		}
	}
	buf_clear(&b);
	arena_free(a);
	return 0;
}

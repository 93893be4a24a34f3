/* content.c - all that is stored of a message beside its octets
 * SPDX-License-Identifier: ISC */
#include "mail/content.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "mail/bodystructure.h"
#include "mail/charset.h"
#include "mail/envelope.h"
#include "mail/header.h"
#include "mail/mime.h"
#include "mail/parts.h"
#include "mail/preview.h"
#include "mail/sortkeys.h"
#include "util/arena.h"

/* Octets up to which a message's pages are mapped at once, not one by one. */
#define POPULATE_MAX	(256 * 1024)

static void
fill_ids(struct arena *a, const char *s, size_t len, size_t header,
    const unsigned char *emailid, struct content *c)
{
	struct objectid_hash h;

	if (emailid != NULL)
		memcpy(c->emailid, emailid, sizeof(c->emailid));
	else {
		objectid_begin(&h);
		objectid_add(&h, s, len);
		objectid_end(&h, c->emailid);
	}
	objectid_thread(a, s, header, c->emailid, c->threadid);
}

static void
fill(const char *s, size_t len, const unsigned char *emailid,
    struct content *c)
{
	struct arena *a = arena_new();
	const struct mime_part *root = mime_parse(a, s, len);
	size_t header = (size_t)root->header_len;

	envelope_write(a, s, header, &c->envelope);
	bodystructure_write(a, s, root, false, &c->body);
	bodystructure_write(a, s, root, true, &c->structure);
	header_cache(s, header, &c->headers);
	parts_pack(root, &c->parts);
	preview_write(s, root, &c->preview);
	sortkeys_make(a, s, header, &c->sortkeys);
	fill_ids(a, s, len, header, emailid, c);
	charset_rest();
	arena_free(a);
}

static void
content_reset(struct content *c)
{
	buf_reset(&c->envelope);
	buf_reset(&c->body);
	buf_reset(&c->structure);
	buf_reset(&c->headers);
	buf_reset(&c->parts);
	buf_reset(&c->preview);
	buf_reset(&c->sortkeys);
}

const struct err *
content_make(int fd, uint64_t size, const unsigned char *emailid,
    struct content *content)
{
	struct stat st;
	char *s;

	content_reset(content);
	if (size == 0) {
		fill("", 0, emailid, content);
		return NULL;
	}
	/* Touching pages behind a file's end would be a SIGBUS. */
	if (fstat(fd, &st) != 0)
		return err_errno("message: fstat");
	if (st.st_size < 0 || (uint64_t)st.st_size < size)
		return err_internal("message: the file has %lld octets "
		    "instead of %llu", (long long)st.st_size,
		    (unsigned long long)size);
	if (size > SIZE_MAX / 2)
		return err_internal("message: %llu octets are too many",
		    (unsigned long long)size);
	s = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE |
	    (size <= POPULATE_MAX ? MAP_POPULATE : 0), fd, 0);
	if (s == MAP_FAILED)
		return err_errno("message: mmap of %llu octets",
		    (unsigned long long)size);
	fill(s, (size_t)size, emailid, content);
	munmap(s, (size_t)size);
	return NULL;
}

void
content_clear(struct content *c)
{
	buf_clear(&c->envelope);
	buf_clear(&c->body);
	buf_clear(&c->structure);
	buf_clear(&c->headers);
	buf_clear(&c->parts);
	buf_clear(&c->preview);
	buf_clear(&c->sortkeys);
}

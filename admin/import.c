/* import.c - messages of other formats on their way into a mailbox
 * SPDX-License-Identifier: ISC */
#include "import.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "util/log.h"
#include "wire/respcode.h"

static void
forget_keywords(struct import *im)
{
	for (size_t i = 0; i < im->keywords_n; i++)
		free(im->keywords[i].name);
	im->keywords_n = 0;
}

static void
forget_uploads(struct import *im)
{
	for (size_t i = 0; i < im->n; i++)
		upload_free(im->ups[i]);
	im->n = 0;
}

const struct err *
import_mailbox(struct import *im, struct mailbox *mbox)
{
	const struct err *err = import_commit(im);

	forget_keywords(im);
	mailbox_close(im->mbox);
	im->mbox = mbox;
	return err;
}

const struct err *
import_keyword(struct import *im, const char *name, uint64_t *flags)
{
	const struct err *err;
	uint64_t mask;

	if (!flag_keyword_valid(name) ||
	    strlen(name) > FLAG_KEYWORD_MAX_OCTETS)
		return NULL;
	for (size_t i = 0; i < im->keywords_n; i++)
		if (strcasecmp(im->keywords[i].name, name) == 0) {
			*flags |= im->keywords[i].mask;
			return NULL;
		}
	err = mailbox_keyword_mask(im->mbox, &name, 1, true, &mask);
	if (err != NULL && err->kind == ERR_USER && err->code != NULL &&
	    strcmp(err->code, RESP_LIMIT) == 0) {
		progress_hide(&im->progress);
		if (!im->keywords_full)
			admin_note("%s; further ones are left out", err->text);
		im->keywords_full = true;
		return NULL;
	}
	if (err != NULL)
		return err;
	*flags |= mask;
	if (im->keywords_n == FLAG_KEYWORDS_MAX)
		return NULL;
	im->keywords[im->keywords_n].name = strdup(name);
	if (im->keywords[im->keywords_n].name == NULL)
		fatal("out of memory");
	im->keywords[im->keywords_n++].mask = mask;
	return NULL;
}

const struct err *
import_message(struct import *im, struct upload *up, uint64_t flags,
    const struct datetime *date)
{
	upload_set(up, flags, date);
	im->ups[im->n++] = up;
	return im->n == IMPORT_BATCH ? import_commit(im) : NULL;
}

const struct err *
import_commit(struct import *im)
{
	const struct err *err;
	uint32_t uid;

	if (im->n == 0)
		return NULL;
	err = mailbox_append(im->mbox, im->ups, im->n, &uid);
	if (err == NULL)
		im->imported += im->n;
	forget_uploads(im);
	return err;
}

void
import_damaged(struct import *im, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	progress_hide(&im->progress);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Names in a Maildir are its owner's: no commands to the terminal. */
	for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';	/* U+0080 to U+009F */
	fprintf(stderr, "mboxadm: left out: %s\n", text);
	im->damaged++;
	im->a->status = EX_DATAERR;
}

void
import_end(struct import *im)
{
	struct out *o = im->a->out;

	progress_hide(&im->progress);
	forget_uploads(im);
	forget_keywords(im);
	mailbox_close(im->mbox);
	im->mbox = NULL;
	if (out_is_json(o)) {
		out_record(o);
		out_uint(o, "imported", im->imported);
		out_uint(o, "damaged", im->damaged);
		out_end(o);
		return;
	}
	printf("imported %" PRIu64 " messages", im->imported);
	if (im->damaged > 0)
		printf(", left out %" PRIu64, im->damaged);
	putchar('\n');
}

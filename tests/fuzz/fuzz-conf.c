/* fuzz-conf.c - any octets as msgstore.conf(5)
 * SPDX-License-Identifier: ISC */
#include <sys/mman.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct err *
load(const void *s, size_t len, struct conf **conf_r)
{
	const struct err *err;
	char path[64];
	int fd = memfd_create("conf", MFD_CLOEXEC);

	if (fd == -1 || write(fd, s, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = conf_load(path, conf_r);
	close(fd);
	return err;
}

static char *
show(const struct conf *conf, bool json, size_t *len_r)
{
	char *s = NULL;
	FILE *f = open_memstream(&s, len_r);

	if (f == NULL)
		abort();
	conf_show(conf, f, json);
	if (fclose(f) != 0)
		abort();
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *conf, *again;
	char *first, *second;
	size_t len, len2;

	if (load(data, size, &conf) != NULL)
		return 0;
	free(show(conf, true, &len));
	/* What is shown means the same. */
	first = show(conf, false, &len);
	if (load(first, len, &again) != NULL)
		abort();
	second = show(again, false, &len2);
	if (len != len2 || memcmp(first, second, len) != 0)
		abort();
	free(first);
	free(second);
	conf_free(conf);
	conf_free(again);
	return 0;
}

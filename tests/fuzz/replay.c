/* replay.c - run a fuzzer's corpus through it once, with any compiler
 * SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *s;

	if (f == NULL || fstat(fileno(f), &st) == -1)
		err(1, "%s", path);
	/* Of exactly this size, so that a sanitizer sees each step too far. */
	s = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
	if (s == NULL || fread(s, 1, (size_t)st.st_size, f) !=
	    (size_t)st.st_size)
		err(1, "%s", path);
	fclose(f);
	LLVMFuzzerTestOneInput(s, (size_t)st.st_size);
	free(s);
}

int
main(int argc, char *argv[])
{
	char path[4096];
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	/* What every fuzzer has to cope with. */
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		if ((dir = opendir(argv[i])) == NULL)
			err(1, "%s", argv[i]);
		while ((entry = readdir(dir)) != NULL) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i],
			    entry->d_name);
			replay(path);
			n++;
		}
		closedir(dir);
	}
	if (n == 0)
		errx(1, "no corpus");
	printf("# %d inputs\n", n);
	return 0;
}

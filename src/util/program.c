/* program.c - where the other programs are
 * SPDX-License-Identifier: ISC */
#include "util/program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
program_path(const char *name, char path_r[PROGRAM_PATH_OCTETS])
{
	char self[PROGRAM_PATH_OCTETS];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = NULL;

	if (len > 0) {
		self[len] = '\0';
		slash = strrchr(self, '/');
	}
	if (slash != NULL) {
		*slash = '\0';
		if (snprintf(path_r, PROGRAM_PATH_OCTETS, "%s/%s", self,
		    name) < PROGRAM_PATH_OCTETS && access(path_r, X_OK) == 0)
			return;
	}
	snprintf(path_r, PROGRAM_PATH_OCTETS, "%s/%s", SBINDIR, name);
}

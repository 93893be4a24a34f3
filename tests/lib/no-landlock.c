/* no-landlock.c - a kernel without Landlock, for one program
 * SPDX-License-Identifier: ISC
 *
 * Loaded by LD_PRELOAD in tests.  src/util/sandbox.c asks by syscall(2). */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

long
syscall(long number, ...)
{
	static long (*real)(long, ...);
	long a[4];
	va_list ap;

	if (number == SYS_landlock_create_ruleset) {
		errno = ENOSYS;
		return -1;
	}
	if (real == NULL)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	va_start(ap, number);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return real(number, a[0], a[1], a[2], a[3]);
}

/* confine.c - imapd-tls gives up what the relay does not need
 * SPDX-License-Identifier: ISC */
#include "tls/confine.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/sandbox.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const struct sandbox_call relay_calls[] = {
	SANDBOX_CALLS_COMMON,
	{ SYS_mmap, CALL_NO_EXEC }, { SYS_mprotect, CALL_NO_EXEC },
	{ SYS_read, CALL_ANY }, { SYS_write, CALL_ANY },
	{ SYS_writev, CALL_ANY },
	{ SYS_lseek, CALL_ANY },		/* dprintf(3) to the journal */
	{ SYS_recvfrom, CALL_ANY },
	{ SYS_sendto, CALL_ANY },		/* syslog(3) too */
	{ SYS_sendmsg, CALL_ANY }, { SYS_recvmsg, CALL_ANY },
	{ SYS_shutdown, CALL_ANY },
#ifdef SYS_poll
	{ SYS_poll, CALL_ANY }, { SYS_time, CALL_ANY },
#endif
	{ SYS_ppoll, CALL_ANY },
	{ SYS_newfstatat, CALL_ANY }, { SYS_fstat, CALL_ANY },
	{ SYS_getrusage, CALL_ANY }		/* GnuTLS's random numbers */
};

/* One more than the highest descriptor of these: the client, the session,
 * standard error, and the log. */
static unsigned int
descriptors(void)
{
	unsigned int n = 3;

	while (n < 16 && fcntl((int)n, F_GETFD) != -1)
		n++;
	return n;
}

const struct err *
confine_relay(enum conf_sandbox mode)
{
	const struct sandbox sb = { .what = "imapd-tls", .calls = relay_calls,
	    .calls_n = N(relay_calls), .descriptors = descriptors() };

	return sandbox_enter(mode, &sb);
}

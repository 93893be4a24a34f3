/* progress.c - a bar on a terminal while much is done
 * SPDX-License-Identifier: ISC */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "util/clock.h"

#define BAR_WIDTH	40	/* columns */
#define REDRAW_MS	100

void
progress_begin(struct progress *p, uint64_t total)
{
	*p = (struct progress){ .on = isatty(STDERR_FILENO) == 1,
	    .total = total };
}

void
progress_show(struct progress *p, uint64_t done, uint64_t messages)
{
	char bar[BAR_WIDTH + 1] = "";
	double part;
	int64_t now;

	if (!p->on)
		return;
	now = clock_ms();
	if (p->drawn != 0 && now - p->drawn < REDRAW_MS)
		return;
	p->drawn = now;
	if (p->total == 0) {
		fprintf(stderr, "\r%" PRIu64 " messages\033[K", messages);
		return;
	}
	part = done >= p->total ? 1.0 : (double)done / (double)p->total;
	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < (int)(part * BAR_WIDTH) ? '#' : '.';
	fprintf(stderr, "\r[%s] %3d%% %" PRIu64 " messages\033[K", bar,
	    (int)(part * 100), messages);
}

void
progress_hide(struct progress *p)
{
	if (p->on && p->drawn != 0)
		fputs("\r\033[K", stderr);
	p->drawn = 0;
}

/* clock.h - time that only goes forward
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CLOCK_H
#define MSGSTORE_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment before the process began: CLOCK_MONOTONIC. */
int64_t clock_ms(void);

#endif

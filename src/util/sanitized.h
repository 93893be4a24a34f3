/* sanitized.h - whether the build has AddressSanitizer: SANITIZED is 1 or 0
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SANITIZED_H
#define MSGSTORE_SANITIZED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif

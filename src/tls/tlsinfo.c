/* tlsinfo.c - what imapd-tls tells imapd of a connection
 * SPDX-License-Identifier: ISC */
#include "tls/tlsinfo.h"

#include <string.h>

#include "wire/utf7.h"

bool
tls_text_clean(const char *s, size_t size)
{
	size_t len = strnlen(s, size);

	for (size_t i = 0; i < len; i++)
		if (s[i] <= 0x20 || s[i] > 0x7e)
			return false;
	return len < size;
}

bool
tls_name_clean(const char *s, size_t size)
{
	size_t len = strnlen(s, size);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return len < size && utf8_valid(s, len);
}

#define CLEAN(text)	tls_text_clean((text), sizeof(text))

bool
tls_info_valid(const struct tls_info *info)
{
	if (info->magic != TLS_INFO_MAGIC || info->version != TLS_INFO_VERSION ||
	    (info->exporter_len != 0 &&
	    info->exporter_len != sizeof(info->exporter)) ||
	    info->end_point_len > sizeof(info->end_point) ||
	    info->resumed > 1 || info->client_verified > 1 ||
	    info->client_emails > TLS_EMAILS_MAX)
		return false;
	if (!CLEAN(info->protocol) || !CLEAN(info->cipher) ||
	    !CLEAN(info->server_name) ||
	    !tls_name_clean(info->client_name, sizeof(info->client_name)))
		return false;
	for (uint32_t i = 0; i < info->client_emails; i++)
		if (!CLEAN(info->client_email[i]) ||
		    info->client_email[i][0] == '\0')
			return false;
	return info->protocol[0] != '\0' && (info->client_verified == 1 ||
	    (info->client_name[0] == '\0' && info->client_emails == 0));
}

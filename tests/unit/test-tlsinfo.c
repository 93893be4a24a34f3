/* test-tlsinfo.c - what imapd-tls tells imapd
 * SPDX-License-Identifier: ISC */
#include "tls/tlsinfo.h"

#include "test.h"

static const struct tls_info good = { .magic = TLS_INFO_MAGIC,
    .version = TLS_INFO_VERSION, .protocol = "TLS1.3",
    .cipher = "AES-256-GCM", .exporter_len = 32, .end_point_len = 32,
    .server_name = "mail.example.org", .client_verified = 1,
    .client_name = "J\xc3\xb6rg B", .client_emails = 2,
    .client_email = { "j@example.org", "b@example.org" } };

static void
a_good_one_is_taken(void)
{
	struct tls_info info = good;

	CHECK(tls_info_valid(&info));
	info.exporter_len = 0;
	info.end_point_len = 0;
	info.server_name[0] = '\0';
	CHECK(tls_info_valid(&info));
}

#define BROKEN(what) do {						\
	struct tls_info info = good;					\
									\
	what;								\
	test_check(!tls_info_valid(&info), __FILE__, __LINE__, "%s", #what);	\
} while (0)

static void
a_broken_one_is_refused(void)
{
	BROKEN(info.magic++);
	BROKEN(info.version++);
	BROKEN(info.exporter_len = 31);
	BROKEN(info.end_point_len = 65);
	BROKEN(info.resumed = 2);
	BROKEN(info.client_verified = 2);
	BROKEN(info.client_verified = 0);
	BROKEN(info.client_emails = 5);
	BROKEN(info.client_emails = 3);
	BROKEN(info.protocol[0] = '\0');
	BROKEN(memset(info.protocol, 'x', sizeof(info.protocol)));
	BROKEN(memset(info.cipher, 'x', sizeof(info.cipher)));
	BROKEN(info.server_name[4] = '\n');
	BROKEN(info.server_name[4] = ' ');
	BROKEN(info.client_name[1] = 'x');
	BROKEN(info.client_name[0] = '\r');
	BROKEN(memset(info.client_name, 'x', sizeof(info.client_name)));
	BROKEN(info.client_email[1][0] = (char)0xc3);
}

int
main(void)
{
	TEST(a_good_one_is_taken);
	TEST(a_broken_one_is_refused);
	return test_end();
}

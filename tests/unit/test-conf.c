/* test-conf.c - msgstore.conf(5)
 * SPDX-License-Identifier: ISC */
#include "util/conf.h"

#include <err.h>
#include <unistd.h>

#include "util/buf.h"

#include "test.h"

static char path[] = "/tmp/test-conf.XXXXXX";

static void
write_file(const char *s, size_t len)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(s, 1, len, f) != len || fclose(f) != 0)
		err(1, "%s", path);
}

/* The configuration of a file with text, NULL after an error. */
static struct conf *
load(const char *text)
{
	const struct err *error;
	struct conf *conf = NULL;

	write_file(text, strlen(text));
	error = conf_load(path, &conf);
	CHECK((error == NULL) == (conf != NULL));
	if (error != NULL)
		printf("# %s\n", error->text);
	return conf;
}

/* Its error's text without the file's name. */
static const char *
load_error(const char *text, size_t len)
{
	const struct err *error;
	struct conf *conf = NULL;

	write_file(text, len);
	error = conf_load(path, &conf);
	CHECK(conf == NULL);
	conf_free(conf);
	if (!CHECK(error != NULL))
		return "";
	CHECK_INT(error->kind, ERR_USER);
	CHECK(strncmp(error->text, path, strlen(path)) == 0);
	return error->text + strlen(path);
}

static void
check_defaults(const struct conf *conf)
{
	CHECK_INT(conf->delimiter, '\\');
	CHECK_INT(conf->cleartext_login, CLEARTEXT_LOOPBACK);
	CHECK_INT(conf->autologout, 1800);
	CHECK_INT(conf->autologout_idle, 0);
	CHECK_INT(conf->login_timeout, 60);
	CHECK_INT(conf->write_timeout, 300);
	CHECK_INT(conf->message_size_limit, 100 * 1024 * 1024);
	CHECK_INT(conf->expunge_retention, 86400);
	CHECK_INT(conf->tombstone_retention, 90 * 86400);
	CHECK_INT(conf->message_limit, 0);
	CHECK_INT(conf->save_limit, 0);
	CHECK_INT(conf->progress_interval, 10);
	CHECK_INT(conf->journal, JOURNAL_WAL);
	CHECK_INT(conf->search_index, true);
	CHECK_INT(conf->inotify, true);
	CHECK_INT(conf->sandbox, SANDBOX_YES);
	CHECK(conf_words_hold(conf->auth_mechanisms, "scram-sha-256"));
	CHECK(!conf_words_hold(conf->auth_mechanisms, "LOGIN"));
	CHECK_STR(conf->oauth_helper, "");
	CHECK_INT(conf->login_cache, 600);
	CHECK_INT(conf->login_delay, 4);
	CHECK_INT(conf->login_failures, 20);
	CHECK_INT(conf->max_sessions_per_user, 100);
	CHECK_STR(conf->capabilities_off, "");
	CHECK_STR(conf->administrator, "postmaster");
	CHECK_STR(conf->proxy_trusted, "127.0.0.1 ::1");
	CHECK_STR(conf->runtime_directory, "");
	CHECK_INT(conf->tls_certificate.n, 0);
	CHECK_INT(conf->tls_key.n, 0);
	CHECK_STR(conf->tls_client_ca, "");
	CHECK(strncmp(conf->tls_priority, "NORMAL:-VERS-ALL:", 17) == 0);
}

static void
an_empty_file_means_the_defaults(void)
{
	static const char *const texts[] = { "", "\n", "# delimiter = /\n",
		"\r\n \t\r\n   # x\n#", "delimiter = \\", "autologout=30m\n" };
	struct conf *conf;

	for (size_t i = 0; i < TEST_N(texts); i++) {
		TEST_ROW("%s", texts[i]);
		conf = load(texts[i]);
		if (conf != NULL)
			check_defaults(conf);
		conf_free(conf);
	}
}

static void
every_key_is_set(void)
{
	struct conf *conf = load("delimiter = /\ncleartext-login=yes\r\n"
	    "  autologout =  2h \nautologout-idle = \"45s\"\n"
	    "login-timeout = 1d\nwrite-timeout=1s\n"
	    "message-size-limit=2g\nexpunge-retention = 0\n"
	    "tombstone-retention = 1d\nmessage-limit = 1000\n"
	    "save-limit = 2147483647\nprogress-interval = 0\n"
	    "journal = rollback\nsearch-index = no\ninotify = no\n"
	    "capabilities-off =  IDLE\t\tLITERAL+ \n"
	    "administrator = \"Ann = \"IT\" # 2 \"\n"
	    "runtime-directory = /run/x y\n"
	    "tls-certificate = /a b\ntls-key = k1\ntls-certificate =\n"
	    "tls-certificate = c2\ntls-key=/k2\ntls-client-ca = /ca\n"
	    "tls-priority = NORMAL");

	if (!CHECK(conf != NULL))
		return;
	CHECK_INT(conf->delimiter, '/');
	CHECK_INT(conf->cleartext_login, CLEARTEXT_YES);
	CHECK_INT(conf->autologout, 7200);
	CHECK_INT(conf->autologout_idle, 45);
	CHECK_INT(conf->login_timeout, 86400);
	CHECK_INT(conf->write_timeout, 1);
	CHECK_INT(conf->message_size_limit, 2LL << 30);
	CHECK_INT(conf->expunge_retention, 0);
	CHECK_INT(conf->tombstone_retention, 86400);
	CHECK_INT(conf->message_limit, 1000);
	CHECK_INT(conf->save_limit, INT32_MAX);
	CHECK_INT(conf->progress_interval, 0);
	CHECK_INT(conf->journal, JOURNAL_ROLLBACK);
	CHECK_INT(conf->search_index, false);
	CHECK_INT(conf->inotify, false);
	CHECK_STR(conf->capabilities_off, "IDLE LITERAL+");
	CHECK_STR(conf->administrator, "Ann = \"IT\" # 2 ");
	CHECK_STR(conf->runtime_directory, "/run/x y");
	if (CHECK_INT(conf->tls_certificate.n, 2)) {
		CHECK_STR(conf->tls_certificate.values[0], "/a b");
		CHECK_STR(conf->tls_certificate.values[1], "c2");
	}
	if (CHECK_INT(conf->tls_key.n, 2)) {
		CHECK_STR(conf->tls_key.values[0], "k1");
		CHECK_STR(conf->tls_key.values[1], "/k2");
	}
	CHECK_STR(conf->tls_client_ca, "/ca");
	CHECK_STR(conf->tls_priority, "NORMAL");
	conf_free(conf);
}

static void
bad_lines_are_named(void)
{
	static const struct {
		const char	*in, *want;	/* want: how the text begins */
	} table[] = {
		{ "\n\ndelimiter = x\n", ":3: delimiter cannot be \"x\": it must "
		    "be one of \\, /, ." },
		{ "delimiter =\n", ":1: delimiter cannot be \"\"" },
		{ "delimiter = //\n", ":1: delimiter cannot be \"//\"" },
		{ "cleartext-login = maybe\n", ":1: cleartext-login cannot be "
		    "\"maybe\": it must be one of no, yes, loopback" },
		{ "inotify = Yes\n", ":1: inotify cannot be \"Yes\": it must be "
		    "one of no, yes" },
		{ "journal = delete\n", ":1: journal cannot be \"delete\": it "
		    "must be one of wal, rollback" },
		{ "autologout = 30\n", ":1: autologout cannot be \"30\": it must "
		    "be a duration like 30s, 30m, 12h or 7d, up to 3650d" },
		{ "autologout = 0\n", ":1: autologout cannot be" },
		{ "autologout = 0s\n", ":1: autologout cannot be" },
		{ "autologout = 5x\n", ":1: autologout cannot be" },
		{ "autologout = 5mm\n", ":1: autologout cannot be" },
		{ "autologout = -5m\n", ":1: autologout cannot be" },
		{ "autologout = m\n", ":1: autologout cannot be" },
		{ "autologout = 5 m\n", ":1: autologout cannot be" },
		{ "autologout = 3651d\n", ":1: autologout cannot be" },
		{ "autologout = 99999999999999999999s\n", ":1: autologout "
		    "cannot be" },
		{ "expunge-retention = 1\n", ":1: expunge-retention cannot be "
		    "\"1\": it must be a duration like 30s, 30m, 12h or 7d, or "
		    "0, up to 3650d" },
		{ "message-limit = 1K\n", ":1: message-limit cannot be \"1K\": "
		    "it must be a number from 0 to 2147483647" },
		{ "message-limit = -1\n", ":1: message-limit cannot be" },
		{ "save-limit = 2147483648\n", ":1: save-limit cannot be" },
		{ "message-size-limit = 1023\n", ":1: message-size-limit cannot "
		    "be \"1023\": it must be a size like 500000, 512K, 100M or "
		    "1G, from 1K to 2G" },
		{ "message-size-limit = 3G\n", ":1: message-size-limit cannot" },
		{ "message-size-limit = 17179869185G\n",
		    ":1: message-size-limit cannot" },
		{ "message-size-limit = 1MB\n", ":1: message-size-limit cannot" },
		{ "message-size-limit = M\n", ":1: message-size-limit cannot" },
		{ "message-size-limit =\n", ":1: message-size-limit cannot" },
		{ "message-size-limit = 99999999999999999999\n",
		    ":1: message-size-limit cannot" },
		{ "message-size-limit = 18446744073709551617K\n",
		    ":1: message-size-limit cannot" },
		{ "capabilities-off = a(b\n", ":1: capabilities-off cannot be" },
		{ "administrator = \n", ":1: administrator cannot be \"\": it "
		    "must be 1 to 200 printable US-ASCII characters" },
		{ "administrator = J\xc3\xb6rg\n", ":1: administrator cannot" },
		{ "runtime-directory = run\n", ":1: runtime-directory cannot be "
		    "\"run\": it must be empty, or a path that begins with /, "
		    "up to 512 printable US-ASCII characters" },
		{ "runtime-directory = /a\tb\n", ":1: runtime-directory cannot" },
		{ "tls-certificate = a/b\n", ":1: tls-certificate cannot be "
		    "\"a/b\": it must be empty, a path that begins with /, or a "
		    "credential's name without /, 16 times at most" },
		{ "tls-key = ..\n", ":1: tls-key cannot be \"..\"" },
		{ "tls-client-ca = ./x\n", ":1: tls-client-ca cannot be \"./x\": "
		    "it must be empty, a path that begins with /, or a "
		    "credential's name without /" },
		{ "tls-client-ca = x\ntls-client-ca = y\n", ":2: tls-client-ca "
		    "is set a second time" },
		{ "tls-priority =\n", ":1: tls-priority cannot be \"\"" },
		{ "delimiter\n", ":1: expected \"key = value\"" },
		{ "= x\n", ":1: expected \"key = value\"" },
		{ "delimiter = \"/\n", ":1: the value of delimiter has no '\"' "
		    "at its end" },
		{ "delimiter = \"\n", ":1: the value of delimiter has no '\"'" },
		{ "inotify = no\n#\ninotify = no\n", ":3: inotify is set a "
		    "second time" },
		{ "Delimiter = /\n", ":1: unknown key \"Delimiter\", did you "
		    "mean \"delimiter\"?; the keys are: delimiter, "
		    "cleartext-login, autologout, autologout-idle, "
		    "login-timeout, write-timeout, message-size-limit, "
		    "expunge-retention, tombstone-retention, message-limit, "
		    "save-limit, progress-interval, journal, search-index, "
		    "inotify, " },
		{ "autologout-ilde = 5m\n", ":1: unknown key "
		    "\"autologout-ilde\", did you mean \"autologout-idle\"?" },
		{ "x = y\n", ":1: unknown key \"x\"; the keys are: delimiter" },
		{ "a-key-that-is-longer-than-any-there-is-or-ever-will-be = y",
		    ":1: unknown key \"a-key-that-is-longer" },
	};

	for (size_t i = 0; i < TEST_N(table); i++) {
		const char *got = load_error(table[i].in, strlen(table[i].in));
		size_t len = strlen(table[i].want);

		TEST_ROW("%s", table[i].in);
		CHECK_MEM(got, strlen(got) < len ? strlen(got) : len,
		    table[i].want, len);
	}
}

static void
a_list_has_an_end(void)
{
	struct buf b = { 0 };
	struct conf *conf;
	const char *got;

	for (int i = 0; i < CONF_LIST_MAX; i++)
		buf_addf(&b, "tls-key = /%d\n", i);
	conf = load(buf_str(&b));
	if (CHECK(conf != NULL))
		CHECK_STR(conf->tls_key.values[15], "/15");
	conf_free(conf);
	buf_adds(&b, "tls-key = /x\n");
	got = load_error(b.s, b.len);
	CHECK(strncmp(got, ":17: tls-key cannot be", 22) == 0);
	buf_clear(&b);
}

static void
no_text_file_is_refused(void)
{
	char s[5000];
	struct conf *conf;

	CHECK_STR(load_error("\ninotify = \0", 12),
	    ":2: a NUL, so not a text file");
	memset(s, ' ', sizeof(s));
	CHECK_STR(load_error(s, 4097), ":1: longer than 4096 octets");
	s[4096] = '\0';
	conf = load(s);
	CHECK(conf != NULL);
	conf_free(conf);
}

static void
only_the_default_file_may_be_missing(void)
{
	const struct err *error;
	struct conf *conf = NULL;

	unsetenv("MSGSTORE_CONF");
	CHECK_STR(conf_path(NULL), "/etc/msgstore.conf");
	CHECK_STR(conf_path("x"), "x");
	setenv("MSGSTORE_CONF", "/nowhere/y", 1);
	CHECK_STR(conf_path(NULL), "/nowhere/y");
	CHECK_STR(conf_path("x"), "x");
	error = conf_load(NULL, &conf);
	if (CHECK(error != NULL))
		CHECK_STR(error->text, "/nowhere/y: No such file or directory");
	error = conf_load("/nowhere/z", &conf);
	if (CHECK(error != NULL))
		CHECK_STR(error->text, "/nowhere/z: No such file or directory");
	error = conf_load("/tmp", &conf);
	if (CHECK(error != NULL))
		CHECK_STR(error->text, "/tmp: Is a directory");
	CHECK(conf == NULL);
	write_file("delimiter = .", 13);
	setenv("MSGSTORE_CONF", path, 1);
	CHECK_OK(conf_load(NULL, &conf));
	CHECK(conf != NULL && conf->delimiter == '.');
	conf_free(conf);
	conf_free(NULL);
	unsetenv("MSGSTORE_CONF");
}

static void
the_store_is_named(void)
{
	unsetenv("MSGSTORE");
	CHECK_STR(conf_store_path(NULL), "/var/lib/msgstore");
	CHECK_STR(conf_store_path("x"), "x");
	setenv("MSGSTORE", "/y", 1);
	CHECK_STR(conf_store_path(NULL), "/y");
	CHECK_STR(conf_store_path("x"), "x");
	setenv("MSGSTORE", "", 1);
	CHECK_STR(conf_store_path(NULL), "/var/lib/msgstore");
}

/* What conf_show() prints; the caller frees. */
static char *
shown(const struct conf *conf, bool json)
{
	char *s = NULL;
	size_t len;
	FILE *f = open_memstream(&s, &len);

	if (f == NULL)
		err(1, "open_memstream");
	conf_show(conf, f, json);
	if (fclose(f) != 0)
		err(1, "open_memstream");
	return s;
}

static void
what_is_shown_can_be_read_back(void)
{
	static const char *const texts[] = { "",
		"delimiter = .\ncleartext-login = no\nautologout = 90s\n"
		"autologout-idle = 5m\nlogin-timeout = 61s\nwrite-timeout = 1d\n"
		"message-size-limit = 1234567\nexpunge-retention = 36h\n"
		"tombstone-retention = 30d\nmessage-limit = 5000\n"
		"save-limit = 7\nprogress-interval = 3s\n"
		"journal = rollback\nsearch-index = no\ninotify = no\nsandbox = required\n"
		"unauthenticate = yes\nproxy-trusted = 10.0.0.0/8 ::1\n"
		"auth-mechanisms = PLAIN LOGIN\noauth-helper = /x y\n"
		"login-cache = 1h\nlogin-delay = 2s\nlogin-failures = 5\n"
		"max-sessions-per-user = 9\n"
		"capabilities-off = IDLE ID\nadministrator = \"\"x\" \"\n"
		"runtime-directory = /run/x\ntls-certificate = /a\n"
		"tls-certificate = b\ntls-key = \" k\"\ntls-client-ca = /ca\n"
		"tls-priority = NORMAL\n" };
	char *first, *second;
	struct conf *conf;

	for (size_t i = 0; i < TEST_N(texts); i++) {
		TEST_ROW("%s", texts[i]);
		conf = load(texts[i]);
		if (conf == NULL)
			continue;
		first = shown(conf, false);
		conf_free(conf);
		conf = load(first);
		if (conf != NULL) {
			second = shown(conf, false);
			CHECK_STR(second, first);
			if (i > 0)
				CHECK_STR(second, texts[i]);
			free(second);
		}
		conf_free(conf);
		free(first);
	}
}

static void
json_is_shown(void)
{
	struct conf *conf = load("administrator = a\"\\b\n"
	    "tls-certificate = /a\ntls-certificate = b\ntls-priority = x\n");
	char *s;

	if (conf == NULL)
		return;
	s = shown(conf, true);
	CHECK_STR(s, "{\"delimiter\": \"\\\\\", \"cleartext-login\": "
	    "\"loopback\", \"autologout\": 1800, \"autologout-idle\": 0, "
	    "\"login-timeout\": 60, \"write-timeout\": 300, "
	    "\"message-size-limit\": 104857600, \"expunge-retention\": 86400, "
	    "\"tombstone-retention\": 7776000, \"message-limit\": 0, "
	    "\"save-limit\": 0, \"progress-interval\": 10, "
	    "\"journal\": \"wal\", \"search-index\": true, \"inotify\": true, \"sandbox\": \"yes\", "
	    "\"unauthenticate\": false, \"proxy-trusted\": \"127.0.0.1 ::1\", "
	    "\"auth-mechanisms\": \"SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS "
	    "SCRAM-SHA-256 SCRAM-SHA-1 EXTERNAL OAUTHBEARER XOAUTH2 PLAIN\", "
	    "\"oauth-helper\": \"\", \"login-cache\": 600, "
	    "\"login-delay\": 4, \"login-failures\": 20, "
	    "\"max-sessions-per-user\": 100, "
	    "\"capabilities-off\": \"\", \"administrator\": \"a\\\"\\\\b\", "
	    "\"runtime-directory\": \"\", "
	    "\"tls-certificate\": [\"/a\", \"b\"], \"tls-key\": [], "
	    "\"tls-client-ca\": \"\", \"tls-priority\": \"x\"}\n");
	free(s);
	conf_free(conf);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		err(1, "%s", path);
	close(fd);
	TEST(an_empty_file_means_the_defaults);
	TEST(every_key_is_set);
	TEST(bad_lines_are_named);
	TEST(a_list_has_an_end);
	TEST(no_text_file_is_refused);
	TEST(only_the_default_file_may_be_missing);
	TEST(the_store_is_named);
	TEST(what_is_shown_can_be_read_back);
	TEST(json_is_shown);
	unlink(path);
	return test_end();
}

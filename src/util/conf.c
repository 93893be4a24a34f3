/* conf.c - msgstore.conf(5)
 * SPDX-License-Identifier: ISC */
#include "util/conf.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/buf.h"
#include "util/log.h"
#include "util/net.h"

#define CONF_DEFAULT	"/etc/msgstore.conf"
#define STORE_DEFAULT	"/var/lib/msgstore"
#define LINE_MAX_OCTETS	4096		/* of one line, its end not counted */
#define TEXT_MAX_OCTETS	200		/* of administrator: fits a response */
#define PATH_MAX_OCTETS	512	/* of a file's or a directory's name */
#define DURATION_MAX	(3650 * 86400)	/* seconds */
#define COUNT_MOST	INT32_MAX
/* What GnuTLS calls them: TLS 1.2 and 1.3, ciphers that authenticate, keys that
 * are gone afterwards, no SHA-1; which of these is left to the client. */
#define TLS_PRIORITY	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"	\
	"-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:+AES-128-GCM:"	\
	"+AES-256-GCM:+CHACHA20-POLY1305:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1"
#define SIZE_LEAST	1024
/* Sizes are 32-bit numbers on the wire: RFC 3501 9 "msg-att-static". */
#define SIZE_MOST	(UINT64_C(2) << 30)

enum type { TYPE_CHAR, TYPE_ENUM, TYPE_BOOL, TYPE_DURATION, TYPE_SIZE,
	TYPE_COUNT, TYPE_WORDS, TYPE_MECHANISMS, TYPE_NETS, TYPE_TEXT,
	TYPE_DIRECTORY, TYPE_FILE, TYPE_FILES };

struct key {
	const char	*name;
	enum type	 type;
	size_t		 offset;	/* in struct conf */
	const char	*value;		/* the default, as in the file */
	const char	*choices[4];	/* of an enum: in the order of its values */
	uint64_t	 min;		/* of a duration */
};

#define AT(member)	offsetof(struct conf, member)

/* What src/auth/ knows; in the order of the default, LOGIN behind it. */
#define MECHANISMS_DEFAULT	"SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS "	\
	"SCRAM-SHA-256 SCRAM-SHA-1 EXTERNAL OAUTHBEARER XOAUTH2 PLAIN"
#define MECHANISMS	MECHANISMS_DEFAULT " LOGIN"

static const struct key keys[] = {
	{ "delimiter", TYPE_CHAR, AT(delimiter), "\\", { "\\", "/", "." }, 0 },
	{ "cleartext-login", TYPE_ENUM, AT(cleartext_login), "loopback",
	    { "no", "yes", "loopback" }, 0 },
	{ "autologout", TYPE_DURATION, AT(autologout), "30m", { NULL }, 1 },
	{ "autologout-idle", TYPE_DURATION, AT(autologout_idle), "0",
	    { NULL }, 0 },
	{ "login-timeout", TYPE_DURATION, AT(login_timeout), "60s",
	    { NULL }, 1 },
	{ "write-timeout", TYPE_DURATION, AT(write_timeout), "5m",
	    { NULL }, 1 },
	{ "message-size-limit", TYPE_SIZE, AT(message_size_limit), "100M",
	    { NULL }, 0 },
	{ "expunge-retention", TYPE_DURATION, AT(expunge_retention), "1d",
	    { NULL }, 0 },
	{ "tombstone-retention", TYPE_DURATION, AT(tombstone_retention), "90d",
	    { NULL }, 0 },
	{ "message-limit", TYPE_COUNT, AT(message_limit), "0", { NULL }, 0 },
	{ "save-limit", TYPE_COUNT, AT(save_limit), "0", { NULL }, 0 },
	{ "progress-interval", TYPE_DURATION, AT(progress_interval), "10s",
	    { NULL }, 0 },
	{ "journal", TYPE_ENUM, AT(journal), "wal", { "wal", "rollback" }, 0 },
	{ "search-index", TYPE_BOOL, AT(search_index), "yes",
	    { "no", "yes" }, 0 },
	{ "inotify", TYPE_BOOL, AT(inotify), "yes", { "no", "yes" }, 0 },
	{ "sandbox", TYPE_ENUM, AT(sandbox), "yes",
	    { "no", "yes", "required" }, 0 },
	{ "unauthenticate", TYPE_BOOL, AT(unauthenticate), "no",
	    { "no", "yes" }, 0 },
	{ "proxy-trusted", TYPE_NETS, AT(proxy_trusted), "127.0.0.1 ::1",
	    { NULL }, 0 },
	{ "auth-mechanisms", TYPE_MECHANISMS, AT(auth_mechanisms),
	    MECHANISMS_DEFAULT, { NULL }, 0 },
	{ "oauth-helper", TYPE_DIRECTORY, AT(oauth_helper), "", { NULL }, 0 },
	{ "login-cache", TYPE_DURATION, AT(login_cache), "10m", { NULL }, 0 },
	{ "login-delay", TYPE_DURATION, AT(login_delay), "4s", { NULL }, 0 },
	{ "login-failures", TYPE_COUNT, AT(login_failures), "20", { NULL }, 0 },
	{ "max-sessions-per-user", TYPE_COUNT, AT(max_sessions_per_user), "100",
	    { NULL }, 0 },
	{ "capabilities-off", TYPE_WORDS, AT(capabilities_off), "",
	    { NULL }, 0 },
	{ "administrator", TYPE_TEXT, AT(administrator), "postmaster",
	    { NULL }, 0 },
	{ "runtime-directory", TYPE_DIRECTORY, AT(runtime_directory), "",
	    { NULL }, 0 },
	{ "tls-certificate", TYPE_FILES, AT(tls_certificate), "",
	    { NULL }, 0 },
	{ "tls-key", TYPE_FILES, AT(tls_key), "", { NULL }, 0 },
	{ "tls-client-ca", TYPE_FILE, AT(tls_client_ca), "", { NULL }, 0 },
	{ "tls-priority", TYPE_TEXT, AT(tls_priority), TLS_PRIORITY,
	    { NULL }, 0 },
};
#define KEYS_N	(sizeof(keys) / sizeof(keys[0]))

static const struct {
	char		unit;
	unsigned int	seconds;
} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
#define UNITS_N	(sizeof(units) / sizeof(units[0]))

/* Decimal digits at s; NULL when there are none or they are too many. */
static const char *
read_number(const char *s, uint64_t *n_r)
{
	uint64_t n = 0;

	if (!isdigit((unsigned char)*s))
		return NULL;
	for (; isdigit((unsigned char)*s); s++) {
		if (n > UINT32_MAX)
			return NULL;
		n = n * 10 + (uint64_t)(*s - '0');
	}
	*n_r = n;
	return s;
}

static bool
duration_parse(const char *s, uint64_t min, unsigned int *seconds_r)
{
	const char *unit;
	uint64_t n;

	unit = read_number(s, &n);
	if (unit == NULL)
		return false;
	if (*unit == '\0') {
		/* Of what, says no other number but 0. */
		if (n != 0)
			return false;
	} else {
		size_t i = 0;

		while (i < UNITS_N && units[i].unit != *unit)
			i++;
		if (i == UNITS_N || unit[1] != '\0')
			return false;
		n *= units[i].seconds;
	}
	if (n < min || n > DURATION_MAX)
		return false;
	*seconds_r = (unsigned int)n;
	return true;
}

static bool
size_parse(const char *s, uint64_t *octets_r)
{
	static const char powers[] = "KMG";
	const char *unit, *power;
	uint64_t n;

	unit = read_number(s, &n);
	if (unit == NULL)
		return false;
	power = *unit != '\0' ? strchr(powers, toupper((unsigned char)*unit)) :
	    NULL;
	if (power != NULL) {
		unsigned int shift = 10 * (unsigned int)(power - powers + 1);

		/* What is lost at the top would make a good size of it. */
		if (n > SIZE_MOST >> shift)
			return false;
		n <<= shift;
		unit++;
	}
	if (*unit != '\0' || n < SIZE_LEAST || n > SIZE_MOST)
		return false;
	*octets_r = n;
	return true;
}

static bool
count_parse(const char *s, uint32_t *n_r)
{
	const char *end;
	uint64_t n;

	end = read_number(s, &n);
	if (end == NULL || *end != '\0' || n > COUNT_MOST)
		return false;
	*n_r = (uint32_t)n;
	return true;
}

static void
set_string(char **where, const char *s)
{
	free(*where);
	*where = strdup(s);
	if (*where == NULL)
		fatal("out of memory");
}

/* Words that can be capabilities, with one space between them. */
bool
conf_words(const char *s, char **where)
{
	struct buf b = { 0 };
	size_t len;

	for (; *(s += strspn(s, " \t")) != '\0'; s += len) {
		len = strcspn(s, " \t");
		if (strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
		    "wxyz0123456789+-=._:/") < len) {
			buf_clear(&b);
			return false;
		}
		if (b.len > 0)
			buf_addc(&b, ' ');
		buf_add(&b, s, len);
	}
	set_string(where, buf_str(&b));
	buf_clear(&b);
	return true;
}

/* Whether s is printable US-ASCII and not too long. */
static bool
is_printable(const char *s, size_t max)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	return len <= max;
}

static bool
nets_parse(const char *s, char **where)
{
	size_t len;

	for (const char *p = s; *(p += strspn(p, " \t")) != '\0'; p += len) {
		len = strcspn(p, " \t");
		if (!net_valid(p, len))
			return false;
	}
	return conf_words(s, where);
}

static bool
text_parse(const char *s, char **where)
{
	if (*s == '\0' || !is_printable(s, TEXT_MAX_OCTETS))
		return false;
	set_string(where, s);
	return true;
}

static bool
mechanisms_parse(const char *s, char **where)
{
	char word[32];
	size_t len;

	for (const char *p = s; *(p += strspn(p, " \t")) != '\0'; p += len) {
		len = strcspn(p, " \t");
		if (len >= sizeof(word))
			return false;
		memcpy(word, p, len);
		word[len] = '\0';
		if (!conf_words_hold(MECHANISMS, word))
			return false;
	}
	return conf_words(s, where);
}

static bool
directory_parse(const char *s, char **where)
{
	if ((*s != '\0' && *s != '/') || !is_printable(s, PATH_MAX_OCTETS))
		return false;
	set_string(where, s);
	return true;
}

/* "" is none.  What has no '/' first is a credential's name, systemd.exec(5). */
static bool
is_file(const char *s)
{
	if (*s == '/' || *s == '\0')
		return is_printable(s, PATH_MAX_OCTETS);
	return is_printable(s, NAME_MAX) && strchr(s, '/') == NULL &&
	    strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

static bool
file_parse(const char *s, char **where)
{
	if (!is_file(s))
		return false;
	set_string(where, s);
	return true;
}

static bool
files_parse(const char *s, struct conf_list *list)
{
	if (!is_file(s) || list->n == CONF_LIST_MAX)
		return false;
	if (*s != '\0')
		set_string(&list->values[list->n++], s);
	return true;
}

/* The place of s among the key's choices, -1 for none. */
static int
choice(const struct key *key, const char *s)
{
	for (int i = 0; i < 4 && key->choices[i] != NULL; i++)
		if (strcmp(key->choices[i], s) == 0)
			return i;
	return -1;
}

static bool
value_set(struct conf *conf, const struct key *key, const char *s)
{
	void *where = (char *)conf + key->offset;
	int i;

	switch (key->type) {
	case TYPE_DURATION:
		return duration_parse(s, key->min, where);
	case TYPE_SIZE:
		return size_parse(s, where);
	case TYPE_COUNT:
		return count_parse(s, where);
	case TYPE_WORDS:
		return conf_words(s, where);
	case TYPE_NETS:
		return nets_parse(s, where);
	case TYPE_TEXT:
		return text_parse(s, where);
	case TYPE_MECHANISMS:
		return mechanisms_parse(s, where);
	case TYPE_DIRECTORY:
		return directory_parse(s, where);
	case TYPE_FILE:
		return file_parse(s, where);
	case TYPE_FILES:
		return files_parse(s, where);
	case TYPE_CHAR:
	case TYPE_ENUM:
	case TYPE_BOOL:
		break;
	}
	i = choice(key, s);
	if (i == -1)
		return false;
	if (key->type == TYPE_CHAR)
		*(char *)where = *s;
	else if (key->type == TYPE_BOOL)
		*(bool *)where = i != 0;
	else
		memcpy(where, &i, sizeof(i));
	return true;
}
_Static_assert(sizeof(enum conf_cleartext) == sizeof(int) &&
    sizeof(enum conf_journal) == sizeof(int) &&
    sizeof(enum conf_sandbox) == sizeof(int), "enums are set as an int");

/* What a key may be set to, for people. */
static void
describe(const struct key *key, struct buf *b)
{
	switch (key->type) {
	case TYPE_DURATION:
		buf_addf(b, "a duration like 30s, 30m, 12h or 7d%s, up to "
		    "3650d", key->min == 0 ? ", or 0" : "");
		return;
	case TYPE_SIZE:
		buf_adds(b, "a size like 500000, 512K, 100M or 1G, from 1K to "
		    "2G");
		return;
	case TYPE_COUNT:
		buf_addf(b, "a number from 0 to %d", COUNT_MOST);
		return;
	case TYPE_WORDS:
		buf_adds(b, "capabilities with blanks between, as in \"IDLE "
		    "LITERAL+\"");
		return;
	case TYPE_NETS:
		buf_adds(b, "addresses and networks with blanks between, as in "
		    "\"127.0.0.1 10.1.0.0/16 2001:db8::/32\"");
		return;
	case TYPE_TEXT:
		buf_addf(b, "1 to %d printable US-ASCII characters",
		    TEXT_MAX_OCTETS);
		return;
	case TYPE_MECHANISMS:
		buf_adds(b, "some of these, with blanks between: " MECHANISMS);
		return;
	case TYPE_DIRECTORY:
		buf_addf(b, "empty, or a path that begins with /, up to %d "
		    "printable US-ASCII characters", PATH_MAX_OCTETS);
		return;
	case TYPE_FILE:
	case TYPE_FILES:
		buf_adds(b, "empty, a path that begins with /, or a "
		    "credential's name without /");
		if (key->type == TYPE_FILES)
			buf_addf(b, ", %d times at most", CONF_LIST_MAX);
		return;
	case TYPE_CHAR:
	case TYPE_ENUM:
	case TYPE_BOOL:
		break;
	}
	for (int i = 0; i < 4 && key->choices[i] != NULL; i++)
		buf_addf(b, "%s%s", i > 0 ? ", " : "one of ", key->choices[i]);
}

/* How many letters must be changed, put in or left out (both short). */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t row[32], la = strlen(a), lb = strlen(b), diagonal, above;

	if (la >= 32 || lb >= 32)
		return 32;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			above = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return row[lb];
}

/* A file that is being read. */
struct source {
	const char	*path;
	FILE		*f;
	unsigned int	 line;
	bool		 seen[KEYS_N];
	char		 text[LINE_MAX_OCTETS + 1];
};

static const struct err *
unknown_key(const struct source *src, const char *name)
{
	const struct err *err;
	struct buf b = { 0 };
	size_t best = 4, d;
	const char *close = NULL;

	for (size_t i = 0; i < KEYS_N; i++) {
		d = edit_distance(name, keys[i].name);
		if (d < best) {
			best = d;
			close = keys[i].name;
		}
		buf_addf(&b, "%s%s", i > 0 ? ", " : "", keys[i].name);
	}
	err = err_user(NULL, "%s:%u: unknown key \"%.64s\"%s%s%s; the keys are: "
	    "%s", src->path, src->line, name,
	    close != NULL ? ", did you mean \"" : "",
	    close != NULL ? close : "", close != NULL ? "\"?" : "",
	    buf_str(&b));
	buf_clear(&b);
	return err;
}

static const struct err *
bad_value(const struct source *src, const struct key *key, const char *value)
{
	const struct err *err;
	struct buf b = { 0 };

	describe(key, &b);
	err = err_user(NULL, "%s:%u: %s cannot be \"%.64s\": it must be %s",
	    src->path, src->line, key->name, value, buf_str(&b));
	buf_clear(&b);
	return err;
}

static const struct err *
set(struct source *src, struct conf *conf, const char *name, const char *value)
{
	size_t i = 0;

	while (i < KEYS_N && strcmp(keys[i].name, name) != 0)
		i++;
	if (i == KEYS_N)
		return unknown_key(src, name);
	if (src->seen[i] && keys[i].type != TYPE_FILES)
		return err_user(NULL, "%s:%u: %s is set a second time",
		    src->path, src->line, name);
	src->seen[i] = true;
	if (!value_set(conf, &keys[i], value))
		return bad_value(src, &keys[i], value);
	return NULL;
}

/* Cuts the blanks at both ends of s, in place. */
static char *
trim(char *s)
{
	size_t len;

	s += strspn(s, " \t\r");
	len = strlen(s);
	while (len > 0 && strchr(" \t\r", s[len - 1]) != NULL)
		len--;
	s[len] = '\0';
	return s;
}

static const struct err *
line_parse(struct source *src, struct conf *conf)
{
	char *name = trim(src->text), *value;
	size_t len;

	if (*name == '\0' || *name == '#')
		return NULL;
	value = strchr(name, '=');
	if (value == NULL || value == name)
		return err_user(NULL, "%s:%u: expected \"key = value\"",
		    src->path, src->line);
	*value++ = '\0';
	name = trim(name);
	value = trim(value);
	len = strlen(value);
	if (*value == '"') {
		if (len < 2 || value[len - 1] != '"')
			return err_user(NULL, "%s:%u: the value of %.64s has no "
			    "'\"' at its end", src->path, src->line, name);
		value[len - 1] = '\0';
		value++;
	}
	return set(src, conf, name, value);
}

/* The next line into src->text; false in *more_r after the last. */
static const struct err *
line_read(struct source *src, bool *more_r)
{
	size_t len = 0;
	int c;

	src->line++;
	while ((c = getc(src->f)) != EOF && c != '\n') {
		if (c == '\0')
			return err_user(NULL, "%s:%u: a NUL, so not a text "
			    "file", src->path, src->line);
		if (len == LINE_MAX_OCTETS)
			return err_user(NULL, "%s:%u: longer than %d octets",
			    src->path, src->line, LINE_MAX_OCTETS);
		src->text[len++] = (char)c;
	}
	if (c == EOF && ferror(src->f))
		return err_user(NULL, "%s: %s", src->path, strerror(errno));
	src->text[len] = '\0';
	*more_r = c != EOF || len > 0;
	return NULL;
}

static const struct err *
file_read(const char *path, bool may_miss, struct conf *conf)
{
	const struct err *err = NULL;
	struct source *src;
	bool more = true;

	src = calloc(1, sizeof(*src));
	if (src == NULL)
		fatal("out of memory");
	src->path = path;
	src->f = fopen(path, "re");
	if (src->f == NULL) {
		if (errno != ENOENT || !may_miss)
			err = err_user(NULL, "%s: %s", path, strerror(errno));
		goto done;
	}
	while (err == NULL && more) {
		err = line_read(src, &more);
		if (err == NULL && more)
			err = line_parse(src, conf);
	}
	fclose(src->f);
done:
	free(src);
	return err;
}

static const char *
first_set(const char *arg, const char *variable, const char *otherwise)
{
	const char *s = arg != NULL ? arg : getenv(variable);

	return s != NULL && (arg != NULL || *s != '\0') ? s : otherwise;
}

const char *
conf_path(const char *file)
{
	return first_set(file, "MSGSTORE_CONF", CONF_DEFAULT);
}

const char *
conf_store_path(const char *arg)
{
	return first_set(arg, "MSGSTORE", STORE_DEFAULT);
}

const struct err *
conf_load(const char *file, struct conf **conf_r)
{
	bool named = first_set(file, "MSGSTORE_CONF", NULL) != NULL;
	const struct err *err;
	struct conf *conf;

	conf = calloc(1, sizeof(*conf));
	if (conf == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < KEYS_N; i++)
		if (!value_set(conf, &keys[i], keys[i].value))
			fatal("the default of %s is bad", keys[i].name);
	err = file_read(conf_path(file), !named, conf);
	if (err != NULL) {
		conf_free(conf);
		return err;
	}
	*conf_r = conf;
	return NULL;
}

static void
list_clear(struct conf_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->values[i]);
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	free(conf->auth_mechanisms);
	free(conf->oauth_helper);
	free(conf->capabilities_off);
	free(conf->administrator);
	free(conf->proxy_trusted);
	free(conf->runtime_directory);
	list_clear(&conf->tls_certificate);
	list_clear(&conf->tls_key);
	free(conf->tls_client_ca);
	free(conf->tls_priority);
	free(conf);
}

static void
duration_show(unsigned int seconds, FILE *f)
{
	size_t i = 0;

	if (seconds == 0) {
		fputs("0", f);
		return;
	}
	while (seconds % units[i].seconds != 0)
		i++;
	fprintf(f, "%u%c", seconds / units[i].seconds, units[i].unit);
}

static void
size_show(uint64_t octets, FILE *f)
{
	static const char *const suffix[] = { "", "K", "M", "G" };
	size_t i = 0;

	while (i < 3 && octets % 1024 == 0) {
		octets /= 1024;
		i++;
	}
	fprintf(f, "%" PRIu64 "%s", octets, suffix[i]);
}

/* Quoted where the file's syntax would take something away from it. */
static void
text_show(const char *s, FILE *f)
{
	size_t len = strlen(s);
	bool quote = len == 0 || *s == '"' || *s == ' ' || s[len - 1] == ' ';

	fprintf(f, quote ? "\"%s\"" : "%s", s);
}

static void
json_string(const char *s, FILE *f)
{
	putc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putc('\\', f);
		putc(*s, f);
	}
	putc('"', f);
}

/* For JSON. */
static void
list_show(const struct conf_list *list, FILE *f)
{
	putc('[', f);
	for (size_t i = 0; i < list->n; i++) {
		fputs(i > 0 ? ", " : "", f);
		json_string(list->values[i], f);
	}
	putc(']', f);
}

static void
value_show(const struct conf *conf, const struct key *key, FILE *f, bool json)
{
	const void *where = (const char *)conf + key->offset;
	void (*text)(const char *, FILE *) = json ? json_string : text_show;
	bool yes;
	int i;

	switch (key->type) {
	case TYPE_CHAR:
		text((char[]){ *(const char *)where, '\0' }, f);
		break;
	case TYPE_ENUM:
		memcpy(&i, where, sizeof(i));
		text(key->choices[i], f);
		break;
	case TYPE_BOOL:
		yes = *(const bool *)where;
		fputs(json ? (yes ? "true" : "false") : key->choices[yes], f);
		break;
	case TYPE_DURATION:
		if (json)
			fprintf(f, "%u", *(const unsigned int *)where);
		else
			duration_show(*(const unsigned int *)where, f);
		break;
	case TYPE_SIZE:
		if (json)
			fprintf(f, "%" PRIu64, *(const uint64_t *)where);
		else
			size_show(*(const uint64_t *)where, f);
		break;
	case TYPE_COUNT:
		fprintf(f, "%u", *(const uint32_t *)where);
		break;
	case TYPE_WORDS:
	case TYPE_NETS:
	case TYPE_TEXT:
	case TYPE_MECHANISMS:
	case TYPE_DIRECTORY:
	case TYPE_FILE:
		text(*(char *const *)where, f);
		break;
	case TYPE_FILES:
		list_show(where, f);
		break;
	}
}

/* As the file has it: a line for each value of a list. */
static void
plain_show(const struct conf *conf, const struct key *key, FILE *f)
{
	const struct conf_list *list =
	    (const void *)((const char *)conf + key->offset);

	if (key->type == TYPE_FILES && list->n > 0) {
		for (size_t i = 0; i < list->n; i++) {
			fprintf(f, "%s = ", key->name);
			text_show(list->values[i], f);
			putc('\n', f);
		}
		return;
	}
	fprintf(f, "%s = ", key->name);
	if (key->type == TYPE_FILES)
		text_show("", f);
	else
		value_show(conf, key, f, false);
	putc('\n', f);
}

void
conf_show(const struct conf *conf, FILE *f, bool json)
{
	for (size_t i = 0; i < KEYS_N; i++) {
		if (!json) {
			plain_show(conf, &keys[i], f);
			continue;
		}
		fprintf(f, "%s\"%s\": ", i > 0 ? ", " : "{", keys[i].name);
		value_show(conf, &keys[i], f, true);
	}
	if (json)
		fputs("}\n", f);
}

bool
conf_words_hold(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (words != NULL && *words != '\0') {
		size_t n = strcspn(words, " ");

		if (n == len && strncasecmp(words, word, n) == 0)
			return true;
		words += n;
		words += strspn(words, " ");
	}
	return false;
}

bool
conf_duration(const char *s, unsigned int *seconds_r)
{
	return duration_parse(s, 1, seconds_r);
}

/* fuzz-session.c - any octets as what a client says in a whole session
 * SPDX-License-Identifier: ISC
 *
 * The first octet chooses the chunks; the rest is the client's, who is logged
 * in.  Each session has a fresh copy of a small store.  Whatever it says, there
 * is no internal error, the answers have the grammar's form and the client's
 * count of messages, and the store is in order at the end. */
#include <stdint.h>
#include <zlib.h>

#include "store/check.h"
#include "store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* --- The store --- */

static void
fill(const char *path)
{
	const char *more[] = { "a", "a\x1f" "b" };
	struct account *account = NULL;
	struct store *store = NULL;

	must(store_init(path, conf));
	must(store_open(path, conf, &store));
	must(user_add(store, "alice", NULL, more, 2));
	must(shared_add(store, "sales"));
	must(grant_set(store, "sales", "alice", RIGHTS_ALL));
	must(account_open(store, ACCOUNT_USER, "alice", &account));
	put(account, "INBOX", letter);
	put(account, "INBOX", parts);
	put(account, "INBOX", letter);
	put(account, "a\x1f" "b", letter);
	account_close(account);
	must(account_open(store, ACCOUNT_SHARED, "sales", &account));
	put(account, "", letter);
	account_close(account);
	store_close(store);
}

/* --- What was answered: RFC 3501 9 "response" --- */

struct answer {
	const char	*s, *end;
	uint32_t	 exists;	/* the client's count of messages */
};

static const char *
line_end(struct answer *a)
{
	const char *s = memmem(a->s, (size_t)(a->end - a->s), "\r\n", 2);

	assert(s != NULL);
	return s;
}

/* "resp-text" and its like: printable ASCII to the line's end. */
static void
read_text(struct answer *a)
{
	const char *end = line_end(a);

	for (; a->s < end; a->s++)
		assert(*a->s >= ' ' && *a->s <= '~');
	a->s += 2;
}

static void
read_quoted(struct answer *a)
{
	for (a->s++; *a->s != '"'; a->s++) {
		if (*a->s == '\\') {
			a->s++;
			assert(*a->s == '"' || *a->s == '\\');
		}
		assert(*a->s >= 1 && *a->s != '\r' && *a->s != '\n');
	}
	a->s++;
}

static void
read_literal(struct answer *a)
{
	char *end;
	unsigned long n = strtoul(a->s + 1, &end, 10);
	const bool is_literal8 = a->s[-1] == '~';	/* RFC 3516 7 */

	assert(strncmp(end, "}\r\n", 3) == 0);
	assert((size_t)(a->end - end) > n + 3);
	assert((memchr(end + 3, '\0', n) != NULL) == is_literal8);
	a->s = end + 3 + n;
}

/* Strings are whole, parentheses have their partner. */
static void
read_data(struct answer *a)
{
	unsigned int depth = 0;

	while (*a->s != '\r') {
		switch (*a->s) {
		case '"':
			read_quoted(a);
			continue;
		case '{':
			read_literal(a);
			continue;
		case '(':
			depth++;
			break;
		case ')':
			assert(depth-- > 0);
			break;
		default:
			assert(*a->s >= ' ' && *a->s <= '~');
		}
		a->s++;
	}
	assert(depth == 0 && strncmp(a->s, "\r\n", 2) == 0);
	a->s += 2;
}

static bool
starts(const char *s, const char *word)
{
	return strncmp(s, word, strlen(word)) == 0;
}

/* RFC 7162 3.2.10.2: each UID was counted before. */
static void
count_vanished(struct answer *a, const char *s)
{
	unsigned long first, last;
	char *end;

	do {
		first = last = strtoul(s, &end, 10);
		if (*end == ':')
			last = strtoul(end + 1, &end, 10);
		assert(first > 0 && first <= last &&
		    last - first < a->exists);
		a->exists -= (uint32_t)(last - first + 1);
		s = end + 1;
	} while (*end == ',');
	assert(starts(end, "\r\n"));
}

static void
count(struct answer *a)
{
	char *word;
	unsigned long n = strtoul(a->s, &word, 10);

	if (starts(a->s, "VANISHED ") && a->s[9] != '(')
		count_vanished(a, a->s + 9);
	if (word == a->s || starts(word, " UIDFETCH ("))
		return;
	if (starts(word, " EXISTS\r\n"))
		a->exists = (uint32_t)n;
	else if (starts(word, " EXPUNGE\r\n"))
		assert(n > 0 && n <= a->exists--);
	else if (starts(word, " FETCH ("))
		assert(n > 0 && n <= a->exists);
	else
		assert(starts(word, " RECENT\r\n") && n <= a->exists);
}

static void
read_untagged(struct answer *a)
{
	static const char *const texts[] = { "OK ", "NO ", "BAD ", "BYE ",
	    "PREAUTH " };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (starts(a->s, texts[i])) {
			read_text(a);
			return;
		}
	count(a);
	read_data(a);
}

/* b ends in a NUL. */
static void
check_answer(const struct buf *b)
{
	struct answer a = { .s = b->s, .end = b->s + b->len };
	const char *word;

	assert(starts(a.s, "* PREAUTH "));
	while (a.s < a.end) {
		if (starts(a.s, "* ")) {
			a.s += 2;
			read_untagged(&a);
			continue;
		}
		word = strchr(a.s, ' ');
		assert(word != NULL && (starts(a.s, "+ ") ||
		    starts(word, " OK ") || starts(word, " NO ") ||
		    starts(word, " BAD ")));
		read_text(&a);
	}
}

/* --- A session --- */

/*
 * Add to plain what is compressed from there on; returns how many octets that
 * takes, or 0 when it is no stream that was flushed, or had its end.
 */
static size_t
inflated(const char *s, size_t len, struct buf *plain)
{
	z_stream z = { 0 };
	bool good;
	int got;

	assert(inflateInit2(&z, -MAX_WBITS) == Z_OK);
	z.next_in = (z_const Bytef *)(uintptr_t)s;
	z.avail_in = (uInt)len;
	do {
		z.next_out = (Bytef *)buf_room(plain, 4096);
		z.avail_out = 4096;
		got = inflate(&z, Z_SYNC_FLUSH);
		plain->len += 4096 - z.avail_out;
	} while (got == Z_OK && z.avail_out == 0);
	good = got == Z_STREAM_END || ((got == Z_OK || got == Z_BUF_ERROR) &&
	    z.avail_in == 0 && z.data_type == 128);
	inflateEnd(&z);
	return good ? len - z.avail_in : 0;
}

/* What the client sees of what was sent behind answers to COMPRESS; their words
 * may be in a message too. */
static void
decompress(struct buf *b)
{
	static const char ok[] = " OK DEFLATE active\r\n";
	struct buf plain = { 0 };
	const char *s = b->s, *end = b->s + b->len, *found;
	size_t len, n;

	while ((found = memmem(s, (size_t)(end - s), ok, strlen(ok))) != NULL) {
		found += strlen(ok);
		buf_add(&plain, s, (size_t)(found - s));
		len = plain.len;
		n = inflated(found, (size_t)(end - found), &plain);
		if (n == 0)
			plain.len = len;
		s = found + n;
	}
	buf_add(&plain, s, (size_t)(end - s));
	buf_clear(b);
	*b = plain;
}

static void
found(void *arg, enum check_level level, const char *where, const char *text)
{
	(void)arg;
	if (level != CHECK_OK)
		fatal("%s: %s", where, text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check_result result = { 0 };
	struct store *store = NULL;
	struct buf out = { 0 };
	char path[512];

	if (size == 0)
		return -1;
	if (dir == NULL)
		store_set_up("fuzz-session", fill);
	store_again(path);
	must(store_open(path, conf, &store));
	must(store_talk(store, data + 1, size - 1, data[0] == '=' ? SIZE_MAX :
	    (size_t)data[0] % 16 + 1, &out));
	decompress(&out);
	buf_str(&out);
	check_answer(&out);
	buf_clear(&out);
	must(check_store(store, NULL, CHECK_CONTENTS, found, NULL, &result));
	store_close(store);
	return 0;
}

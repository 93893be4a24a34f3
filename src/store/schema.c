/* schema.c - the tables of the five databases
 * SPDX-License-Identifier: ISC
 *
 * A step that was released never changes: what comes later is a further step. */
#include "store/db.h"

#include "store/store-private.h"

static const char *const users_steps[] = {
	"CREATE TABLE users("
	" name TEXT PRIMARY KEY,"
	" password TEXT,"			/* crypt(5), NULL: none */
	" may INTEGER NOT NULL,"		/* users.h MAY_... */
	" created INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE shared("
	" name TEXT PRIMARY KEY COLLATE NOCASE,"
	" created INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE grants("
	" shared TEXT NOT NULL COLLATE NOCASE"
	"  REFERENCES shared ON UPDATE CASCADE ON DELETE CASCADE,"
	" user TEXT NOT NULL"
	"  REFERENCES users ON UPDATE CASCADE ON DELETE CASCADE,"
	" rights TEXT NOT NULL,"		/* RFC 4314 2.1 letters */
	" PRIMARY KEY (shared, user)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX grants_user ON grants(user);",
	/* Words with one space between, as in msgstore.conf(5). */
	"ALTER TABLE users ADD COLUMN capabilities_off TEXT NOT NULL DEFAULT '';",
	/* What auth.db knows a user by: a renaming does not change it. */
	"ALTER TABLE users ADD COLUMN id INTEGER NOT NULL DEFAULT 0;"
	"UPDATE users SET id = random() & 9223372036854775807;"
	"CREATE UNIQUE INDEX users_id ON users(id);",
#define USERS_STEP_WITHOUT_PASSWORD	3
	/* Passwords are in auth.db by now: credentials_take_over(). */
	"ALTER TABLE users DROP COLUMN password;",
	/* None of them is left in the file or its log when this is taken. */
	"SELECT 1",
	/* NULL: as in msgstore.conf(5). */
	"ALTER TABLE users ADD COLUMN search_index INTEGER;",
	NULL
};

static const char *const auth_steps[] = {
	"CREATE TABLE credentials("
	" user INTEGER PRIMARY KEY,"		/* users.id of users.db */
	" password TEXT,"			/* crypt(5), NULL: none */
	" scram BLOB"				/* credentials.c, NULL: none */
	") STRICT;"
	"CREATE TABLE app_passwords("
	" user INTEGER NOT NULL,"
	" label TEXT NOT NULL,"
	" hash BLOB NOT NULL,"			/* SHA-256 */
	" created INTEGER NOT NULL,"
	" used INTEGER NOT NULL,"		/* 0: never */
	" expires INTEGER NOT NULL,"		/* 0: never */
	" PRIMARY KEY (user, label)"
	") STRICT, WITHOUT ROWID;"
	/* The store's own: salts of unknown users, keys of files in memory. */
	"CREATE TABLE secret("
	" id INTEGER PRIMARY KEY CHECK (id = 1),"
	" octets BLOB NOT NULL"
	") STRICT;",
	NULL
};

static const char *const account_steps[] = {
	/* uidvalidity: the last one given; the next is greater. */
	"CREATE TABLE account("
	" id INTEGER PRIMARY KEY CHECK (id = 1),"
	" uidvalidity INTEGER NOT NULL"
	") STRICT;"
	"INSERT INTO account VALUES (1, 0);"
	"CREATE TABLE mailboxes("
	" id TEXT PRIMARY KEY,"			/* the directory's name */
	" name TEXT NOT NULL UNIQUE,"
	" special_use TEXT,"
	" noselect INTEGER NOT NULL,"
	" uidvalidity INTEGER NOT NULL,"
	/* A copy of messages.db's counters, right when boot is this boot's. */
	" uidnext INTEGER NOT NULL DEFAULT 1,"
	" messages INTEGER NOT NULL DEFAULT 0,"
	" unseen INTEGER NOT NULL DEFAULT 0,"
	" deleted INTEGER NOT NULL DEFAULT 0,"
	" size INTEGER NOT NULL DEFAULT 0,"
	" highestmodseq INTEGER NOT NULL DEFAULT 1,"
	" boot INTEGER NOT NULL DEFAULT 0"
	") STRICT, WITHOUT ROWID;"
	/* Names that mailboxes left, with the highest UIDVALIDITY of each; under
	 * U+001F, which is no name, the highest of names forgotten. */
	"CREATE TABLE former("
	" name TEXT PRIMARY KEY,"
	" uidvalidity INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE subscriptions("
	" name TEXT PRIMARY KEY"
	") STRICT, WITHOUT ROWID;",
	NULL
};

static const char *const messages_steps[] = {
	"CREATE TABLE mailbox("
	" id INTEGER PRIMARY KEY CHECK (id = 1),"
	" uidnext INTEGER NOT NULL,"
	" messages INTEGER NOT NULL,"
	" unseen INTEGER NOT NULL,"
	" deleted INTEGER NOT NULL,"
	" size INTEGER NOT NULL,"
	" highestmodseq INTEGER NOT NULL,"
	" expungemodseq INTEGER NOT NULL,"
	" purgedmodseq INTEGER NOT NULL"	/* of forgotten tombstones */
	") STRICT;"
	"INSERT INTO mailbox VALUES (1, 1, 0, 0, 0, 0, 1, 0, 0);"
	"CREATE TABLE keywords("
	" bit INTEGER PRIMARY KEY,"		/* of messages.flags */
	" name TEXT NOT NULL UNIQUE COLLATE NOCASE"
	") STRICT;"
	/* Narrow: what a listing of all messages reads. */
	"CREATE TABLE messages("
	" uid INTEGER PRIMARY KEY,"
	" flags INTEGER NOT NULL,"		/* flag.h */
	" modseq INTEGER NOT NULL,"
	" date INTEGER NOT NULL,"		/* INTERNALDATE, seconds */
	" zone INTEGER NOT NULL,"		/* minutes east */
	" savedate INTEGER NOT NULL,"
	" size INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX messages_modseq ON messages(modseq);"
	"CREATE INDEX messages_unseen ON messages(uid) WHERE flags & 8 = 0;"
	"CREATE INDEX messages_deleted ON messages(uid) WHERE flags & 4 <> 0;"
	/* Wide: made once from the message's octets. */
	"CREATE TABLE content("
	" uid INTEGER PRIMARY KEY,"
	" envelope BLOB NOT NULL,"
	" body BLOB NOT NULL,"
	" structure BLOB NOT NULL,"
	" headers BLOB NOT NULL,"
	" parts BLOB NOT NULL"
	") STRICT;"
	/* Tombstones.  purged: the file and the content are gone. */
	"CREATE TABLE expunged("
	" uid INTEGER PRIMARY KEY,"
	" flags INTEGER NOT NULL,"
	" modseq INTEGER NOT NULL,"
	" date INTEGER NOT NULL,"
	" zone INTEGER NOT NULL,"
	" savedate INTEGER NOT NULL,"
	" size INTEGER NOT NULL,"
	" time INTEGER NOT NULL,"		/* of the expunge, seconds */
	" purged INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX expunged_modseq ON expunged(modseq);"
	"CREATE INDEX expunged_waiting ON expunged(time) WHERE purged = 0;"
	"CREATE INDEX expunged_purged ON expunged(time) WHERE purged = 1;",
	/* What comes of the octets alone (objectid.h); rows of before have none
	 * until mailbox_fill().  A table of its own, as it is listed whole. */
	"CREATE TABLE ids("
	" uid INTEGER PRIMARY KEY,"
	" emailid BLOB NOT NULL,"
	" threadid BLOB NOT NULL"
	") STRICT;"
	"ALTER TABLE content ADD COLUMN preview BLOB;",
	/* Of SORT and THREAD (sortkeys.h), listed whole too. */
	"CREATE TABLE sortkeys("
	" uid INTEGER PRIMARY KEY,"
	" keys BLOB NOT NULL"
	") STRICT;",
	/* The last change of two mailboxes that was committed here: intent.c. */
	"CREATE TABLE arrival("
	" id INTEGER PRIMARY KEY CHECK (id = 1),"
	" token TEXT NOT NULL"
	") STRICT;",
	/* Blocks of 64 UIDs with their highest mod-sequence: changed.c. */
	"CREATE TABLE changed("
	" block INTEGER PRIMARY KEY,"		/* UID / 64 */
	" modseq INTEGER NOT NULL"
	") STRICT;"
	"INSERT INTO changed SELECT uid >> 6 AS block, max(modseq) "
	"FROM messages GROUP BY block;"
	"CREATE INDEX changed_modseq ON changed(modseq);"
	"DROP INDEX messages_modseq;",
	/* Of each mailbox that messages came from: its id, the last token. */
	"ALTER TABLE arrival RENAME TO arrival_before;"
	"CREATE TABLE arrival("
	" id INTEGER PRIMARY KEY,"
	" source TEXT NOT NULL UNIQUE,"
	" token TEXT NOT NULL"
	") STRICT;"
	"INSERT INTO arrival SELECT id, '', token FROM arrival_before;"
	"DROP TABLE arrival_before;",
	NULL
};

static const char *const search_steps[] = {
	/* What it is of, and how far it goes: textindex.c. */
	"CREATE TABLE state("
	" id INTEGER PRIMARY KEY CHECK (id = 1),"
	" mailbox TEXT NOT NULL,"
	" uidvalidity INTEGER NOT NULL,"
	" upto INTEGER NOT NULL,"		/* the last UID that was noted */
	" emailid BLOB,"			/* of that message */
	" modseq INTEGER NOT NULL,"		/* of the mailbox then */
	" messages INTEGER NOT NULL"
	") STRICT;"
	/* Messages that could not be read, or are too much. */
	"CREATE TABLE unread("
	" uid INTEGER PRIMARY KEY"
	") STRICT;"
	"CREATE TABLE words("
	" id INTEGER PRIMARY KEY,"
	" word TEXT NOT NULL UNIQUE"
	") STRICT;"
	/* Which words hold three characters in a row; rowid is words.id. */
	"CREATE VIRTUAL TABLE grams USING fts5(word, content='', columnsize=0,"
	" detail=none, tokenize='trigram case_sensitive 1');"
	/* Which messages hold a word or a gram; rowid is the UID. */
	"CREATE VIRTUAL TABLE mail USING fts5(terms, content='', columnsize=0,"
	" detail=none, tokenize='ascii');"
	/* Octets of memory before a segment is written. */
	"INSERT INTO mail(mail, rank) VALUES ('hashsize', 8388608);"
	"INSERT INTO grams(grams, rank) VALUES ('hashsize', 4194304);",
	NULL
};

const struct db_schema schema_users = {
	"users.db", 0x4d535455, users_steps,		/* "MSTU" */
	USERS_STEP_WITHOUT_PASSWORD, credentials_take_over, true
};
const struct db_schema schema_auth = {
	"auth.db", 0x4d534155, auth_steps, 0, NULL, true	/* "MSAU" */
};
const struct db_schema schema_account = {
	"account.db", 0x4d535441, account_steps, 0, NULL, false	/* "MSTA" */
};
const struct db_schema schema_messages = {
	"messages.db", 0x4d53544d, messages_steps, 0, NULL, false	/* "MSTM" */
};
const struct db_schema schema_search = {
	"search.db", 0x4d535453, search_steps, 0, NULL, false	/* "MSTS" */
};

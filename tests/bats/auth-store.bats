# auth-store.bats - credentials in a database of their own
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
bats_require_minimum_version 1.5.0
load ../lib/imap

sql() {
	as_owner sqlite3 "$1" "$2"
}

# login NAME USER PASSWORD WANT: in a session of its own.
login() {
	imap_start "$1" --login
	imap "$1" "l1 LOGIN $2 $3"
	expect_only "l1 $4"
}

# Make the store one of before auth.db: hashes in users.db.
make_old() {
	local name hash

	sql "$MSGSTORE/users.db" "
	    DROP INDEX users_id;
	    ALTER TABLE users RENAME TO new;
	    CREATE TABLE users(name TEXT PRIMARY KEY, password TEXT,
		may INTEGER NOT NULL, created INTEGER NOT NULL)
		STRICT, WITHOUT ROWID;
	    ATTACH '$MSGSTORE/auth.db' AS auth;
	    PRAGMA foreign_keys = 0;
	    INSERT INTO users SELECT name, password, may, created FROM new
		LEFT JOIN auth.credentials ON id = user;
	    DROP TABLE new;
	    DROP TABLE grants;
	    CREATE TABLE grants(
		shared TEXT NOT NULL COLLATE NOCASE
		    REFERENCES shared ON UPDATE CASCADE ON DELETE CASCADE,
		user TEXT NOT NULL
		    REFERENCES users ON UPDATE CASCADE ON DELETE CASCADE,
		rights TEXT NOT NULL, PRIMARY KEY (shared, user)
		) STRICT, WITHOUT ROWID;
	    CREATE INDEX grants_user ON grants(user);
	    PRAGMA user_version = 1"
	rm "$MSGSTORE"/auth.db*
	same 3 "$(sql "$MSGSTORE/users.db" 'SELECT count(*) FROM users')"
	same 2 "$(sql "$MSGSTORE/users.db" \
	    'SELECT count(password) FROM users')"
}

# No hash is left in users.db or beside it.
no_hash_left() {
	run ! grep -aq 'y\$j9T' "$MSGSTORE"/users.db*
}

@test "auth.db: users.db knows nothing of passwords" {
	no_hash_left
	[[ $(sql "$MSGSTORE/auth.db" 'SELECT password FROM credentials') == *'$y$'* ]]
	same 600 "$(stat -c %a "$MSGSTORE/auth.db")"
}

@test "auth.db: a store of before is brought up to date when it is opened" {
	make_old
	login a alice wonderland OK
	login b bob wrong NO
	login c bob builder OK
	no_hash_left
	same 2 "$(sql "$MSGSTORE/auth.db" 'SELECT count(*) FROM credentials')"
	# The keys of SCRAM come with the first password.
	same 2 "$(sql "$MSGSTORE/auth.db" 'SELECT count(scram) FROM credentials')"
	mboxadm check
}

@test "auth.db: mboxadm brings a store of before up to date too" {
	make_old
	same true "$(mboxadm user show alice --json | python3 -c \
	    'import json, sys; print(str(json.load(sys.stdin)["password"]).lower())')"
	no_hash_left
	login a alice wonderland OK
}

@test "auth.db: what a cut-off change to it left is replaced" {
	make_old
	# auth.db is there, with rows of ids that were never committed.
	cp "$TEMPLATE/auth.db" "$MSGSTORE/auth.db"
	own "$MSGSTORE/auth.db"
	login a alice wonderland OK
	same 2 "$(sql "$MSGSTORE/auth.db" 'SELECT count(*) FROM credentials')"
}

@test "auth.db: many processes bring a store up to date at once" {
	make_old
	local i pids=()
	for ((i = 0; i < 6; i++)); do
		mboxadm user list >"$BATS_TEST_TMPDIR/list.$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	login a alice wonderland OK
	login b bob builder OK
}

@test "auth.db: a program that is killed while it brings a store up to date" {
	local round
	make_old
	cp -a "$MSGSTORE" "$BATS_TEST_TMPDIR/old"
	# At whatever line the clock hits it.
	for ((round = 1; round <= 12; round++)); do
		rm -rf "$MSGSTORE"
		cp -a "$BATS_TEST_TMPDIR/old" "$MSGSTORE"
		timeout -s KILL "0.$(printf %03d $((round * 2)))" mboxadm user list \
		    >"$BATS_TEST_TMPDIR/list" 2>&1 || :
		run -0 mboxadm user list
		[[ $output == *$'alice\tcreate,rename,delete\tyes'* ]]
		run -0 mboxadm check
		no_hash_left
	done
	login a alice wonderland OK
}

@test "auth.db: renaming keeps the password, deleting forgets it" {
	mboxadm user rename alice alicia
	login a alicia wonderland OK
	login b alice wonderland 'NO [AUTHENTICATIONFAILED]'
	mboxadm user delete alicia
	same 1 "$(sql "$MSGSTORE/auth.db" 'SELECT count(*) FROM credentials')"
	mboxadm user add --no-password alicia
	login c alicia wonderland 'NO [AUTHENTICATIONFAILED]'
}

@test "auth.db: a password is changed, and taken away" {
	mboxadm user passwd --password-stdin alice <<<other
	login a alice wonderland 'NO [AUTHENTICATIONFAILED]'
	login b alice other OK
	mboxadm user passwd --no-password alice
	login c alice other 'NO [AUTHENTICATIONFAILED]'
}

@test "check: auth.db is missing, damaged, or holds what is nobody's" {
	sql "$MSGSTORE/auth.db" "INSERT INTO credentials VALUES (7, 'x', NULL)"
	run -0 mboxadm check --repair
	same 2 "$(sql "$MSGSTORE/auth.db" 'SELECT count(*) FROM credentials')"
	as_owner sqlite3 "$MSGSTORE/auth.db" 'PRAGMA wal_checkpoint(TRUNCATE)'
	# The tree of app_passwords, which no password of a user is in.
	python3 - "$MSGSTORE/auth.db" "$(sql "$MSGSTORE/auth.db" \
	    "SELECT rootpage FROM sqlite_schema WHERE name = 'app_passwords'")" <<-'END'
		import sys
		with open(sys.argv[1], 'r+b') as f:
		    f.seek(4096 * (int(sys.argv[2]) - 1))
		    f.write(b'\xff' * 4096)
	END
	run -65 mboxadm check
	[[ $output == *$'auth.db\tproblem'* ]]
	run mboxadm check --repair
	run -0 mboxadm check
	[[ -e $MSGSTORE/auth.db.damaged ]]
	login a alice wonderland OK
	rm "$MSGSTORE"/auth.db*
	login b alice wonderland 'NO [SERVERBUG]'
	expect_log 'auth.db is missing'
	run -65 mboxadm check
	[[ $output == *$'auth.db\tproblem\tit is missing'* ]]
	run mboxadm check --repair
	run -0 mboxadm check
	login c alice wonderland 'NO [AUTHENTICATIONFAILED]'
	mboxadm user passwd --password-stdin alice <<<again
	login d alice again OK
}

#!/usr/bin/env bats
# cap-objectid.bats - EMAILID and THREADID (RFC 8474)
# SPDX-License-Identifier: ISC
load ../lib/imap

crlf MESSAGE_A <<'EOM'
Subject: Message A
Message-ID: <fake.1521475657.54797@example.com>

Hello
EOM
crlf MESSAGE_B <<'EOM'
Subject: Re: Message A
Message-ID: <fake.1521475657.21213@example.org>
References: <fake.1521475657.54797@example.com>

Answer
EOM
crlf MESSAGE_C <<'EOM'
Subject: Message C
Message-ID: <fake.1521475657.60280@example.com>

Another
EOM
crlf MESSAGE_D <<'EOM'
Subject: no id at all

Text
EOM

# objectids SEQ: its EMAILID and THREADID, from the last answer.
objectids() {
	local -; set +T
	local line re="^\* $1 FETCH \(.*EMAILID \((M[a-z2-7]{32})\) THREADID \((T[a-z2-7]{32})\)"

	for line in "${ANSWER[@]}"; do
		[[ ! $line =~ $re ]] || echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
	done
}

id_of() {
	printf %s "$1" | sha512sum | cut -c1-40 | xxd -r -p | base32 | tr '[:upper:]' '[:lower:]'
}

@test "EMAILID and THREADID: the example (RFC 8474 5.3)" {
	imap_start a --select INBOX
	append a INBOX "$MESSAGE_A"
	append a INBOX "$MESSAGE_B"
	append a INBOX "$MESSAGE_C"
	append a INBOX "$MESSAGE_D"
	imap_ok a 'a1 FETCH 1:* (EMAILID THREADID)'
	expect_only '* 1 FETCH (EMAILID (M' '* 2 FETCH (EMAILID (M' \
	    '* 3 FETCH (EMAILID (M' '* 4 FETCH (EMAILID (M' 'a1 OK'
	local root
	root=$(id_of fake.1521475657.54797@example.com)
	same "M$(id_of "$MESSAGE_A") T$root" "$(objectids 1)"
	same "M$(id_of "$MESSAGE_B") T$root" "$(objectids 2)"
	same "M$(id_of "$MESSAGE_C") T$(id_of fake.1521475657.60280@example.com)" \
	    "$(objectids 3)"
	same "M$(id_of "$MESSAGE_D") T$(id_of "$MESSAGE_D")" "$(objectids 4)"
}

@test "EMAILID: a copy has the same, in another mailbox and account too (RFC 8474 5.1)" {
	mboxadm grant sales alice lrswit >/dev/null
	imap_start a --select INBOX
	imap_ok a 'a0 CREATE foo'
	append a INBOX "$MESSAGE_A"
	append a INBOX "$MESSAGE_B"
	imap_ok a 'a1 FETCH 2 (EMAILID THREADID)'
	local ids
	ids=$(objectids 2)
	imap_ok a 'a2 COPY 2 foo'
	imap_ok a 'a3 COPY 2 shared\sales'
	imap_ok a 'a4 COPY 2 INBOX'
	imap_ok a 'a5 FETCH 3 (EMAILID THREADID)'
	same "$ids" "$(objectids 3)"
	imap_ok a 'a6 SELECT foo'
	imap_ok a 'a7 UID FETCH 1:* (EMAILID THREADID)'
	same "$ids" "$(objectids 1)"
	imap_ok a 'a8 SELECT shared\sales'
	imap_ok a 'a9 FETCH 1 (EMAILID THREADID)'
	same "$ids" "$(objectids 1)"
}

@test "EMAILID: the same octets have the same, a changed one another (RFC 8474 5.1)" {
	imap_start a --select INBOX
	append a INBOX "$MESSAGE_A" '(\Seen)' ' 7-Feb-1994 22:43:04 -0800'
	append a INBOX "$MESSAGE_A"
	append a INBOX "${MESSAGE_A}x"
	imap_ok a 'a1 FETCH 1:3 (EMAILID THREADID)'
	same "$(objectids 1)" "$(objectids 2)"
	[[ $(objectids 3) != "$(objectids 1)" ]]
	same "$(objectids 1 | cut -d' ' -f2)" "$(objectids 3 | cut -d' ' -f2)"
}

@test "EMAILID: in any order, once, alone, and in UID FETCH with UID first" {
	imap_start a --select INBOX
	append a INBOX "$MESSAGE_A"
	imap_ok a 'a1 FETCH 1 threadid'
	expect_only '~^\* 1 FETCH \(THREADID \(T[a-z2-7]{32}\)\)$' 'a1 OK'
	imap_ok a 'a2 UID FETCH 1 (FLAGS EmailID EMAILID)'
	expect_only '~^\* 1 FETCH \(UID 1 FLAGS \(.*\) EMAILID \(M[a-z2-7]{32}\)\)$' 'a2 OK'
	imap a 'a3 FETCH 1 EMAILIDS'
	expect_only 'a3 BAD'
	imap a 'a4 FETCH 1 (EMAILID (X))'
	expect_only 'a4 BAD'
}

@test "EMAILID: messages.db made again from the files gives the same" {
	imap_start a --select INBOX
	append a INBOX "$MESSAGE_A"
	append a INBOX "$MESSAGE_B"
	imap_ok a 'a1 FETCH 1:2 (EMAILID THREADID)'
	local one two dir
	one=$(objectids 1) two=$(objectids 2)
	imap_ok a 'a2 LOGOUT'
	imap_close a
	dir=$(find "$MSGSTORE/users/alice" -name messages.db)
	rm "$dir" "$dir"-*
	run mboxadm check --repair alice
	imap_start b --select INBOX
	imap_ok b 'b1 FETCH 1:2 (EMAILID THREADID)'
	same "$one" "$(objectids 1)"
	same "$two" "$(objectids 2)"
}

# rows_of SQL: of the database, which a session that ends may still tidy up.
rows_of() {
	as_owner sqlite3 -cmd '.timeout 20000' \
	    "$(find "$MSGSTORE/users/alice" -name messages.db)" "$1"
}

# The database as an older version left it.
make_old() {
	rows_of 'DELETE FROM ids; UPDATE content SET preview = NULL'
}

@test "EMAILID: rows of an older version are filled when they are asked for" {
	imap_start a
	seed a INBOX 250
	imap_ok a 'a0 SELECT INBOX'
	imap_ok a 'a1 FETCH 1:* (UID EMAILID THREADID PREVIEW)'
	local before=("${ANSWER[@]}")
	imap_ok a 'a2 LOGOUT'
	imap_close a
	make_old
	imap_start b --select INBOX
	imap_ok b 'b1 FETCH 7:* (UID EMAILID)'
	same 244 "$(rows_of 'SELECT count(*) FROM ids')"
	imap_ok b 'a1 FETCH 1:* (UID EMAILID THREADID PREVIEW)'
	same "${before[*]}" "${ANSWER[*]}"
	same 250 "$(rows_of 'SELECT count(*) FROM ids')"
	same 250 "$(rows_of 'SELECT count(preview) FROM content')"
}

@test "EMAILID: a schema of before is brought forward, its messages are there" {
	imap_start a
	append a INBOX "$MESSAGE_A"
	imap_ok a 'a1 LOGOUT'
	imap_eof a
	imap_ended a
	local db table
	db=$(find "$MSGSTORE/users/alice" -name messages.db)
	{
		cat "$TESTS_DIR/fixtures/messages-1.sql"
		echo "PRAGMA journal_mode = WAL; PRAGMA user_version = 1;"
		echo "PRAGMA application_id = $((0x4d53544d));"
	} | as_owner sqlite3 "$db.old"
	{
		echo "ATTACH '$db' AS now; DELETE FROM main.mailbox;"
		for table in mailbox messages content; do
			as_owner sqlite3 "$db.old" "SELECT 'INSERT INTO main.$table('
			    || group_concat(name) || ') SELECT ' ||
			    group_concat(name) || ' FROM now.$table;' FROM
			    pragma_table_info('$table')"
		done
	} | as_owner sqlite3 "$db.old"
	as_owner rm -f "$db-wal" "$db-shm"
	as_owner mv "$db.old" "$db"
	same 1 "$(rows_of 'PRAGMA user_version')"
	imap_start b --select INBOX
	imap_ok b 'b1 FETCH 1 (EMAILID PREVIEW BODY.PEEK[TEXT])'
	expect_item PREVIEW Hello
	expect "~EMAILID \(M$(id_of "$MESSAGE_A")\)"
	append b INBOX "$MESSAGE_B"
	imap_ok b 'b2 FETCH 2 PREVIEW'
	expect_item PREVIEW Answer
	imap_ok b 'b3 FETCH 1:* (UID) (CHANGEDSINCE 1)'
	expect '* 1 FETCH (UID 1 MODSEQ' '* 2 FETCH (UID 2 MODSEQ'
	mboxadm check
}

@test "EMAILID: repair fills rows of an older version, and finds nothing wrong" {
	imap_start a
	seed a INBOX 3
	imap_ok a 'a1 LOGOUT'
	imap_close a
	make_old
	mboxadm check alice
	mboxadm check --repair alice
	same 3 "$(rows_of 'SELECT count(*) FROM ids')"
	same 3 "$(rows_of 'SELECT count(preview) FROM content')"
}

@test "EMAILID: two sessions fill together; what is expunged meanwhile is answered" {
	imap_start a
	seed a INBOX 120
	imap_ok a 'a1 SELECT INBOX'
	make_old
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 60:120 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 EXPUNGE'
	imap_send a 'a2 FETCH 1:* (EMAILID)'
	imap_send b 'b3 FETCH 1:* (EMAILID)'
	imap_recv a a2
	expect '* 1 FETCH (EMAILID (M' '* 120 FETCH (EMAILID (M' 'a2 OK'
	imap_recv b b3
	expect '* 1 FETCH (EMAILID (M' '* 59 FETCH (EMAILID (M' 'b3 OK'
	same 59 "$(rows_of 'SELECT count(*) FROM ids')"
	# A copy of what has none yet has none, until it is asked for.
	make_old
	imap_ok b 'b4 COPY 1 INBOX'
	imap_ok b 'b5 FETCH 60 (EMAILID THREADID)'
	[[ -n $(objectids 60) ]]
}

@test "EMAILID: expunged and purged messages leave no row behind" {
	conf 'expunge-retention = 0'
	imap_start a
	seed a INBOX 3
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 STORE 2 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a3 EXPUNGE'
	same '1 3' "$(rows_of 'SELECT group_concat(uid, " ") FROM ids')"
}

@test "SEARCH EMAILID, THREADID (RFC 8474 6)" {
	local email thread id

	imap_start a
	append a INBOX "Message-ID: <1@x>${CRLF}$CRLF"
	append a INBOX "Message-ID: <2@x>${CRLF}References: <1@x>${CRLF}$CRLF"
	append a INBOX "Message-ID: <3@x>${CRLF}$CRLF"
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 's2 COPY 1 INBOX'
	imap_ok a 's3 FETCH 1 (EMAILID THREADID)'
	[[ ${ANSWER[0]} =~ EMAILID\ \(([^\)]*)\)\ THREADID\ \(([^\)]*)\) ]]
	email=${BASH_REMATCH[1]} thread=${BASH_REMATCH[2]}
	imap_ok a "q SEARCH EMAILID $email"
	expect '=* SEARCH 1 4'
	imap_ok a "q SEARCH THREADID $thread"
	expect '=* SEARCH 1 2 4'
	imap_ok a "q SEARCH THREADID $thread NOT EMAILID $email"
	expect '=* SEARCH 2'
	imap_ok a "q SEARCH OR UID 3 EMAILID $email"
	expect '=* SEARCH 1 3 4'
	# What is none of ours is nobody's: an id of the other kind, another's.
	for id in "$thread" x M123 'M_-09azAZ' "${email,,}"; do
		imap_ok a "q SEARCH EMAILID $id"
		expect '=* SEARCH'
	done
	sqlite3 "$MSGSTORE"/users/alice/*/messages.db 'DELETE FROM ids'
	imap_ok a "q SEARCH EMAILID $email"
	expect '=* SEARCH 1 4'
	for id in '' '""' "\"$email\"" a.b 'a+b' "$(printf 'x%.0s' {1..256})"; do
		imap a "q SEARCH EMAILID $id"
		expect_only 'q BAD' || die "for: $id"
	done
}

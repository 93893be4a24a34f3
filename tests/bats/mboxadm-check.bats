#!/usr/bin/env bats
# mboxadm-check.bats - every kind of damage is found, and mended
# SPDX-License-Identifier: ISC
load ../lib/mboxadm

# finds REGEX ...: check finds these and fails; --repair mends; all is well then.
finds() {
	local re
	run -65 mboxadm check
	for re in "$@"; do
		grep -qE -- "$re" <<<"$output" || die "not found: $re ($output)"
	done
	run mboxadm check --repair
	for re in "$@"; do
		grep -qE -- "$re" <<<"$output" || die "not told: $re ($output)"
	done
	run -0 mboxadm check
}

# damage FILE: octets that no database has, in the middle of it.
damage() {
	as_owner rm -f "$1-wal" "$1-shm"
	echo 'this is no database, whatever its name may tell' |
	    as_owner tee "$1" >/dev/null
}

# fold FILE: all that is in the write-ahead log into the file.
fold() {
	sql "$1" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
}

# The root page of an index: its rows no longer fit the table.
spoil_index() {
	local page
	fold "$DB"
	page=$(sql "$DB" "SELECT rootpage FROM sqlite_schema
	    WHERE name = 'messages_unseen'")
	as_owner dd if=/dev/zero of="$DB" bs=4096 seek=$((page - 1)) count=1 \
	    conv=notrunc status=none
}

fill() {
	deliver alice one two three
	DIR=$(dir_of alice INBOX)
	DB=$DIR/messages.db
}

uids() {
	printf 'a SELECT INBOX\r\nb UID SEARCH ALL\r\nc LOGOUT\r\n' |
	    imapd --preauth alice | tr -d '\r' | sed -n 's/^\* SEARCH //p'
}

validity() {
	mboxadm mailbox status alice INBOX | cut -f 7
}

@test "check: a store in order, its summary, JSON, one user" {
	fill
	run -0 mboxadm check
	same '19 mailboxes, 3 messages: 0 problems, 0 mended, 0 lost' "$output"
	same 3 "$(mboxadm check alice --json | json 'd["messages"]')"
	same '[]' "$(mboxadm check --json | json 'd["findings"]')"
	run -0 mboxadm check --repair
	fails 67 mboxadm check nobody
}

@test "check: a row without its file is a lost message" {
	fill
	rm "$DIR/2"
	run -65 mboxadm check --json
	same lost "$(json 'd["findings"][0]["level"]' <<<"$output")"
	finds $'^users/alice/INBOX\tlost\tmessage 2 '
	same '1 3' "$(uids)"
	same "$(printf 'one\nthree')" "$(subjects alice INBOX)"
}

@test "check: a file without a row comes back under a new UID" {
	fill
	sql "$DB" 'DELETE FROM messages WHERE uid = 2;
	    DELETE FROM content WHERE uid = 2;
	    UPDATE mailbox SET messages = 2, unseen = 2,
	    size = (SELECT sum(size) FROM messages)'
	finds 'file 2 has no row'
	same '1 3 4' "$(uids)"
	same "$(printf 'one\nthree\ntwo')" "$(subjects alice INBOX)"
	[[ ! -e $DIR/2 ]]
}

@test "check: a file at or above uidnext is harmless, and the next puts it aside" {
	fill
	as_owner sh -c "echo x >'$DIR/4'"
	run -0 mboxadm check
	[[ $output == *harmless*'file 4'* ]]
	deliver alice four
	run -0 mboxadm check
	[[ $output != *'file 4'* ]]
	same "$(printf 'one\ntwo\nthree\nfour')" "$(subjects alice INBOX)"
	same x "$(cat "$DIR"/lost/4-*)"
}

@test "check: --repair puts aside what is left of an append that did not end" {
	fill
	as_owner sh -c "echo x >'$DIR/4'"
	run -0 mboxadm check --repair
	[[ $output == *harmless*'file 4'*'put into lost'* ]]
	[[ ! -e $DIR/4 && -e $DIR/3 ]]
	same x "$(cat "$DIR"/lost/4-*)"
	run -0 mboxadm purge
	same x "$(cat "$DIR"/lost/4-*)"
	conf 'expunge-retention = 0'
	run -0 mboxadm purge
	same '' "$(ls "$DIR/lost")"
	run -0 mboxadm check
	same 1 "${#lines[@]}"
	same "$(printf 'one\ntwo\nthree')" "$(subjects alice INBOX)"
}

# An old messages.db under newer files: they are mail, and no orphans.
@test "check: --repair keeps a file that account.db has counted" {
	fill
	sql "$DB" 'DELETE FROM messages WHERE uid = 3;
	    DELETE FROM content WHERE uid = 3;
	    UPDATE mailbox SET uidnext = 3, messages = 2, unseen = 2,
	    size = (SELECT sum(size) FROM messages)'
	run mboxadm check --repair
	[[ -e $DIR/3 ]]
}

# databases save|restore: messages.db and account.db, as a backup would.
databases() {
	local file end here there

	for file in "$DB" "$MSGSTORE/users/alice/account.db"; do
		for end in '' -wal -shm; do
			here=$file$end there=$BATS_TEST_TMPDIR/${file##*/}$end
			[[ $1 == save ]] || { here=$there; there=$file$end; }
			cp -p "$here" "$there"
		done
	done
}

# Both databases put back from a backup: nothing tells any more that the message
# was acknowledged, and it was removed, or written over by the next.
@test "check: mail that both databases are too old for is put aside, not removed" {
	local how
	for how in repair append; do
		fill
		databases save
		deliver alice four
		databases restore
		if [[ $how == repair ]]; then
			run -0 mboxadm check --repair
			[[ $output == *'file 4'*'newer than the databases; put into lost'* ]]
		else
			deliver alice five
		fi
		grep -q '^Subject: four' "$DIR"/lost/4-*
		rm -rf "$MSGSTORE"
		cp -a "$TEMPLATE" "$MSGSTORE"
	done
}

# The counters in account.db fell behind by the mod-sequence of the commit that
# overwrites what a killed writer left in the log.
@test "check: counters are right after a writer that was killed" {
	fill
	printf '\1' | dd of="$DIR/lock" bs=1 seek=4 conv=notrunc status=none
	printf 'a SELECT INBOX\r\nb STORE 9 +FLAGS (\\Seen)\r\nc APPEND Sent {1+}\r\nx\r\nd COPY 9 INBOX\r\ne UID EXPUNGE 9\r\nf UID STORE 9 FLAGS ()\r\ng LOGOUT\r\n' |
	    imapd --preauth alice >imap.log
	run -0 mboxadm check
	same 1 "${#lines[@]}"
}

@test "check: a change that the notes of changes would hide" {
	fill
	sql "$DB" 'DELETE FROM changed'
	finds '1 notes of the last change'
	sql "$DB" 'UPDATE changed SET modseq = 1'
	finds '1 notes of the last change'
	# Row by row as messages tell it: RFC 7162 3.2.5.1.
	printf '%s\r\n' 'a ENABLE QRESYNC' 'b SELECT INBOX' \
	    'c UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)' 'd LOGOUT' |
	    imapd --preauth alice >imap.log
	same 3 "$(grep -c 'FETCH (UID' imap.log)"
}

@test "check: a stray file and an orphan at uidnext at once" {
	fill
	sql "$DB" 'DELETE FROM messages WHERE uid = 1'
	as_owner sh -c "echo x >'$DIR/4'"
	finds 'file 1 has no row'
	same '2 3 4' "$(uids)"
	same "$(printf 'two\nthree\none')" "$(subjects alice INBOX)"
}

@test "check: expunged messages that wait for the purge are in order" {
	fill
	printf '%s\r\n' 'a SELECT INBOX' 'b STORE 2 +FLAGS (\Deleted)' \
	    'c EXPUNGE' 'd LOGOUT' | imapd --preauth alice >imap.log
	run -0 mboxadm check
	same 1 "${#lines[@]}"
	sql "$DB" 'UPDATE expunged SET purged = 1'
	run -0 mboxadm check
	[[ $output == *'file 2 is of a message that is purged'* ]]
	run -0 mboxadm check --repair
	[[ ! -e $DIR/2 ]]
}

@test "check: a file with another size" {
	fill
	chmod u+w "$DIR/2"
	printf 'more' >>"$DIR/2"
	finds "message 2's file"
	same $'four\n' "$(sql "$DB" "SELECT 'four' WHERE (SELECT size FROM messages
	    WHERE uid = 2) = $(stat -c %s "$DIR/2")")"$'\n'
}

# Same size, and the same header: no row tells.
@test "check --contents: octets that changed, and what is stored of others" {
	local told="2's octets are not those that were stored"

	fill
	run -0 mboxadm check --contents
	as_owner chmod u+w "$DIR/2"
	printf X | as_owner dd of="$DIR/2" conv=notrunc status=none \
	    seek=$(($(stat -c %s "$DIR/2") - 1)) bs=1
	sql "$DB" "UPDATE content SET preview = x'41' WHERE uid = 3"
	run -0 mboxadm check
	run -65 mboxadm check --contents
	same 1 "$(grep -c "lost.*$told" <<<"$output")"
	same 1 "$(grep -c 'problem.*stored of message 3 is' <<<"$output")"
	run -65 mboxadm check --contents --repair alice
	same 2 "$(grep -cE "$told|3 .*\[mended\]\$" <<<"$output")"
	run -65 mboxadm check --contents
	same '19 mailboxes, 3 messages: 1 problems, 0 mended, 1 lost' \
	    "${lines[-1]}"
	run -0 mboxadm check
}

@test "check: counters of messages.db" {
	fill
	sql "$DB" 'UPDATE mailbox SET messages = 17, unseen = 1'
	finds 'counters say 17 messages, 1 unseen'
	same 3 "$(mboxadm mailbox status alice INBOX | cut -f 3)"
}

@test "check: the row of counters is missing, uidnext and modseq are too low" {
	fill
	sql "$DB" 'DELETE FROM mailbox'
	finds 'row with the counters is missing'
	sql "$DB" 'UPDATE mailbox SET uidnext = 2, messages = 1'
	finds 'next UID'
	sql "$DB" 'UPDATE mailbox SET highestmodseq = 1'
	finds 'highest modseq'
	sql "$DB" 'UPDATE mailbox SET purgedmodseq = 1000000'
	finds 'highest modseq'
	sql "$DB" 'UPDATE mailbox SET purgedmodseq = -1'
	finds 'highest modseq'
	same '1 2 3' "$(uids)"
	deliver alice four
	same '1 2 3 4' "$(uids)"
}

@test "check: UIDs that nobody gives" {
	local sql
	for sql in 'UPDATE messages SET uid = 4294967294 WHERE uid = 3' \
	    'UPDATE messages SET uid = 1099511627776 WHERE uid = 3' \
	    'UPDATE messages SET uid = -1 WHERE uid = 3' \
	    'INSERT INTO expunged VALUES (4294967294, 0, 1, 1, 0, 1, 1, 1, 0)' \
	    'INSERT INTO expunged VALUES (1099511627776, 0, 1, 1, 0, 1, 1, 1, 1)' \
	    'INSERT INTO expunged VALUES (-1, 0, 1, 1, 0, 1, 1, 1, 0)'; do
		fill
		sql "$DB" "$sql"
		finds '1 rows have an impossible UID'
		deliver alice four
		same 4 "$(mboxadm mailbox status alice INBOX | cut -f 2)"
		rm -rf "$MSGSTORE"
		cp -a "$TEMPLATE" "$MSGSTORE"
	done
}

@test "check: a file of the last UID there can be, and no UID for another" {
	fill
	mail four | sed 's/$/\r/' >"$DIR/4294967294"
	rm -f "$DB" "$DB"-*
	run mboxadm check --repair
	run -0 mboxadm check
	same '1 2 3' "$(uids)"
	sql "$DB" 'UPDATE messages SET uid = 4294967293 WHERE uid = 3'
	run -65 mboxadm check --repair
	[[ $output == *'file 3 has no row, and there is no UID left for it'* ]]
	printf 'a SELECT INBOX\r\nb UID STORE 1:2 +FLAGS (\\Seen)\r\nc LOGOUT\r\n' |
	    imapd --preauth alice | grep -q 'b OK'
}

# 2^62 and what is next to it: mending gives a mod-sequence above, which must be one.
@test "check: mod-sequences that leave no room for others" {
	local value what
	for value in 4611686018427387902 4611686018427387903 \
	    4611686018427387904 9223372036854775807; do
		for what in 'UPDATE mailbox SET highestmodseq = V' \
		    'UPDATE mailbox SET highestmodseq = V, purgedmodseq = V, expungemodseq = V; UPDATE messages SET modseq = V'; do
			fill
			sql "$DB" "${what//V/$value}"
			sql "$MSGSTORE/users/alice/account.db" \
			    "UPDATE mailboxes SET highestmodseq = $value
			    WHERE name = 'INBOX'"
			rm "$DIR/2"
			finds 'message 2 has no file' 'highest modseq is'
			printf 'a SELECT INBOX\r\nb STORE 1 +FLAGS (\\Seen)\r\nc STORE 1 -FLAGS (\\Seen)\r\nd LOGOUT\r\n' |
			    imapd --preauth alice | grep -c 'OK STORE' | grep -qx 2
			rm -rf "$MSGSTORE"
			cp -a "$TEMPLATE" "$MSGSTORE"
		done
	done
}

@test "check: counters of account.db" {
	fill
	sql "$MSGSTORE/users/alice/account.db" \
	    'UPDATE mailboxes SET messages = 9 WHERE messages = 3'
	finds 'account.db counts 9 messages'
}

@test "check: flags without a keyword, keywords without a name" {
	fill
	sql "$DB" 'UPDATE messages SET flags = flags | (1 << 40) WHERE uid = 1'
	finds '1 messages have flags that no keyword names'
	sql "$DB" "INSERT INTO keywords VALUES (5, 'a'), (7, 'c'), (70, 'z')"
	finds 'keyword of bit 6 has no name' '1 keywords have a bit'
	same 'a Unknown-6 c' "$(sql "$DB" \
	    'SELECT name FROM keywords ORDER BY bit' | tr '\n' ' ' | sed 's/ $//')"
}

@test "check: content rows that are missing are made again" {
	fill
	sql "$DB" 'DELETE FROM content WHERE uid = 2'
	finds 'message 2 has no content row'
	printf 'a SELECT INBOX\r\nb FETCH 2 ENVELOPE\r\nc LOGOUT\r\n' |
	    imapd --preauth alice | grep -q 'ENVELOPE (NIL "two"'
}

@test "check: a message that is in the table of the expunged too" {
	fill
	sql "$DB" 'INSERT INTO expunged SELECT uid, flags, modseq, date, zone,
	    savedate, size, 0, 0 FROM messages WHERE uid = 3'
	finds '1 messages are marked as expunged too'
	same '1 2 3' "$(uids)"
}

# The file is the message's: neither a purge takes it away, nor what brings expunged
# messages back, nor a repair that makes messages.db again.
@test "a message that is in the table of the expunged too is not purged" {
	fill
	sql "$DB" 'INSERT INTO expunged SELECT uid, flags, modseq, date, zone,
	    savedate, size, 1, 0 FROM messages WHERE uid = 2'
	run -0 mboxadm purge
	same 0 "$(mboxadm mailbox undelete alice INBOX --json | json 'd["undeleted"]')"
	same "$(printf 'one\ntwo\nthree')" "$(subjects alice INBOX)"
	spoil_index
	finds 'messages.db cannot be used'
	same '1 2 3' "$(uids)"
}

@test "check: a lost messages.db is made again, with the same UIDs" {
	local validity date
	fill
	printf '%s\r\n' 'a SELECT INBOX' 'b STORE 2 +FLAGS.SILENT (\Deleted)' \
	    'c EXPUNGE' 'd LOGOUT' | imapd --preauth alice >imap.log
	sql "$DB" 'UPDATE expunged SET time = time - 1000000'
	mboxadm purge
	deliver alice four
	validity=$(validity)
	date=$(stat -c %Y "$DIR/3")
	sql "$DB" "UPDATE messages SET date = 1000000000 WHERE uid = 3"
	rm -f "$DB" "$DB"-*
	fails 70 mboxadm export mbox alice INBOX -
	finds 'messages.db cannot be used .it is missing.'
	same '1 3 4' "$(uids)"
	same "$validity" "$(validity)"
	same 5 "$(mboxadm mailbox status alice INBOX | cut -f 6)"
	same "$date" "$(sql "$DB" 'SELECT date FROM messages WHERE uid = 3')"
	same "$(printf 'one\nthree\nfour')" "$(subjects alice INBOX)"
}

@test "check: a damaged messages.db is made again, and kept" {
	fill
	damage "$DB"
	fails 70 mboxadm export mbox alice INBOX -
	says 'mboxadm check'
	finds 'messages.db cannot be used'
	same '1 2 3' "$(uids)"
	grep -q 'no database' "$DIR/messages.db.damaged"
	deliver alice four
	same '1 2 3 4' "$(uids)"
}

# What is put aside may be mail that both databases were too old for.
@test "check: what is in lost stays there when messages.db is made again" {
	fill
	as_owner sh -c "echo x >'$DIR/4'"
	deliver alice four
	same x "$(cat "$DIR"/lost/4-*)"
	damage "$DB"
	finds 'messages.db cannot be used'
	same '1 2 3 4' "$(uids)"
	same x "$(cat "$DIR"/lost/4-*)"
}

# Where the next file of a message comes, of all places.
@test "check: directories below directories are in nobody's way" {
	fill
	as_owner mkdir -p "$DIR/4/a/b/c"
	as_owner touch "$DIR/4/a/b/c/d"
	deliver alice four
	rm -f "$DB" "$DB"-*
	finds 'messages.db cannot be used'
	same "19 mailboxes, 4 messages: 0 problems, 0 mended, 0 lost" "$output"
	mboxadm mailbox create alice box
	deliver alice/box one
	as_owner mkdir -p "$(dir_of alice box)/lost/a/b/c"
	mboxadm mailbox delete alice box
	conf 'expunge-retention = 0'
	run -0 mboxadm purge
	same '' "$(ls "$MSGSTORE/users/alice/deleted")"
}

# ext4 gives a file 65,000 names: the new directory has no room for as many again.
@test "check: messages.db is made again where a message was copied most often" {
	local _
	deliver alice one
	DB=$(dir_of alice INBOX)/messages.db
	{
		echo 'a SELECT INBOX'
		for _ in {1..15}; do echo 'b COPY 1:* INBOX'; done
		echo 'c LOGOUT'
	} | sed 's/$/\r/' | imapd --preauth alice >imap.log
	same 32768 "$(mboxadm mailbox status alice INBOX | cut -f 2)"
	rm -f "$DB" "$DB"-*
	finds 'messages.db cannot be used'
	same 32768 "$(mboxadm mailbox status alice INBOX | cut -f 2)"
}

@test "check: what a damaged messages.db still tells is kept" {
	fill
	printf '%s\r\n' 'a SELECT INBOX' \
	    'b STORE 2 +FLAGS.SILENT (\Flagged important)' \
	    'c STORE 3 +FLAGS.SILENT (\Deleted)' 'd EXPUNGE' 'e LOGOUT' |
	    imapd --preauth alice >imap.log
	spoil_index
	finds 'messages.db cannot be used'
	same '1 2' "$(uids)"
	printf 'a SELECT INBOX\r\nb FETCH 2 FLAGS\r\nc LOGOUT\r\n' |
	    imapd --preauth alice | grep -q '\\Flagged.*important'
	same 1 "$(mboxadm mailbox undelete alice INBOX --json | json 'd["undeleted"]')"
}

@test "check: a session that has the damaged mailbox open ends with it" {
	local ino
	fill
	coproc SESSION { exec imapd --preauth alice 2>session.log; }
	printf 'a SELECT INBOX\r\n' >&"${SESSION[1]}"
	until read -r -t "$IMAP_TIMEOUT" -u "${SESSION[0]}" line &&
	    [[ $line == 'a OK'* ]]; do [[ -n $line ]]; done
	ino=$(stat -c %i "$DIR")
	rm "$DB"
	run mboxadm check --repair
	[[ $(stat -c %i "$DIR") != "$ino" ]]
	printf 'b STORE 1 +FLAGS (\\Seen)\r\nc NOOP\r\n' >&"${SESSION[1]}" || :
	eval "exec ${SESSION[1]}>&-"
	wait "$SESSION_PID" || :
	run -0 mboxadm check
	same '1 2 3' "$(uids)"
}

@test "check: a mailbox without its directory" {
	local dir
	fill
	dir=$(dir_of alice Sent)
	rmdir "$dir"
	finds $'^users/alice/Sent\tproblem\tits directory'
	deliver alice/Sent out
	same out "$(subjects alice Sent)"
	rm -r "$DIR"
	finds $'^users/alice/INBOX\tlost\tits directory .* 3 messages'
	deliver alice again
	same again "$(subjects alice INBOX)"
}

@test "check: a directory without a mailbox" {
	local validity
	fill
	as_owner mkdir "$MSGSTORE/users/alice/0123456789abcdef"
	run -0 mboxadm check
	[[ $output == *'0123456789abcdef has no messages'* ]]
	run -0 mboxadm check --repair
	[[ ! -e $MSGSTORE/users/alice/0123456789abcdef ]]
	# The copy of the names knows what it was; so it does without one.
	validity=$(validity)
	sql "$MSGSTORE/users/alice/account.db" \
	    "DELETE FROM mailboxes WHERE id = '${DIR##*/}'"
	finds "directory ${DIR##*/} has 3 messages" 'it becomes users/alice/INBOX'
	same "$validity" "$(validity)"
	sql "$MSGSTORE/users/alice/account.db" \
	    "DELETE FROM mailboxes WHERE id = '${DIR##*/}'"
	rm "$MSGSTORE/users/alice/account.db.copy"
	finds "directory ${DIR##*/} has 3 messages" 'INBOX is missing'
	same "$(printf 'one\ntwo\nthree')" \
	    "$(subjects alice "Recovered-${DIR##*/}")"
}

@test "check: a directory without a row that has nothing but files in lost" {
	local account=$MSGSTORE/users/alice/account.db
	mboxadm mailbox create alice box
	deliver alice/box one
	DIR=$(dir_of alice box)
	as_owner sh -c "mkdir '$DIR/lost' && mv '$DIR/1' '$DIR/lost/1-0'"
	sql "$account" "DELETE FROM mailboxes WHERE name = 'box'"
	rm -f "$account.copy"
	finds 'has 0 messages and no name; it becomes'
	[[ -e $DIR/lost/1-0 ]]
}

@test "check: a deleted mailbox whose directory stayed" {
	local dir
	mboxadm mailbox create alice 'a\b'
	deliver alice/a one
	dir=$(dir_of alice a)
	mboxadm mailbox delete alice a
	mv "$MSGSTORE/users/alice/deleted/${dir##*/}" "$dir"
	# Whatever time it is of: the purge waits from now on.
	as_owner touch -d '3 days ago' "$dir"
	finds 'is of a deleted mailbox'
	mboxadm purge
	[[ -e $MSGSTORE/users/alice/deleted/${dir##*/}/1 ]]
}

@test "check: account.db is made again from what can be read" {
	local db=$MSGSTORE/users/alice/account.db page validity
	fill
	mboxadm mailbox create alice 'Größe\x' --subscribe
	deliver 'alice/Größe\x' deep
	validity=$(validity)
	fold "$db"
	page=$(sql "$db" "SELECT rootpage FROM sqlite_schema
	    WHERE name = 'sqlite_autoindex_mailboxes_2'")
	as_owner dd if=/dev/zero of="$db" bs=4096 seek=$((page - 1)) count=1 \
	    conv=notrunc status=none
	finds $'^users/alice\tproblem\taccount.db cannot be used'
	same "$(printf 'one\ntwo\nthree')" "$(subjects alice INBOX)"
	same deep "$(subjects alice 'Größe\x')"
	same "$validity" "$(validity)"
	[[ -e $db.damaged ]]
}

@test "check: account.db is lost: its copy knows the names" {
	local db=$MSGSTORE/users/alice/account.db validity
	fill
	mboxadm mailbox create alice 'Größe\x' --subscribe
	deliver 'alice/Größe\x' deep
	validity=$(validity)
	rm -f "$db" "$db"-*
	run -65 mboxadm check
	[[ $output == *'account.db cannot be used (it is missing)'* ]]
	run -0 mboxadm check --repair
	run -0 mboxadm check
	same "$(printf 'one\ntwo\nthree')" "$(subjects alice INBOX)"
	same deep "$(subjects alice 'Größe\x')"
	same "$validity" "$(validity)"
}

@test "check: account.db and its copy are lost: the mail is there, its names are not" {
	local db=$MSGSTORE/users/alice/account.db
	fill
	rm -f "$db" "$db"-* "$db.copy"
	run -65 mboxadm check
	[[ $output == *'account.db cannot be used (it is missing)'* ]]
	run -0 mboxadm check --repair
	[[ $output == *'has 3 messages and no name'* ]]
	run -0 mboxadm check
	same "$(printf 'one\ntwo\nthree')" \
	    "$(subjects alice "Recovered-${DIR##*/}")"
	deliver alice new
	same new "$(subjects alice INBOX)"
}

# DELETE moves the directory before it commits: a crash between has deleted nothing.
@test "check: a DELETE that was cut off has not happened" {
	fill
	mkdir -p "$MSGSTORE/users/alice/deleted"
	own "$MSGSTORE/users/alice/deleted"
	mv "$DIR" "$MSGSTORE/users/alice/deleted/"
	same '1 2 3' "$(uids)"
	[[ -d $DIR ]]
	mv "$DIR" "$MSGSTORE/users/alice/deleted/"
	echo 'expunge-retention = 0' >>"$MSGSTORE_CONF"
	run -0 mboxadm purge
	[[ -d $DIR ]]
	mv "$DIR" "$MSGSTORE/users/alice/deleted/"
	run -0 --separate-stderr mboxadm check
	same 1 "${#lines[@]}"
	same "$(printf 'one\ntwo\nthree')" "$(subjects alice INBOX)"
}

@test "check: users and directories that do not match" {
	fill
	rm -r "$MSGSTORE/users/bob"
	finds $'^users/bob\tlost'
	deliver bob again
	sql "$MSGSTORE/users.db" "DELETE FROM users WHERE name = 'alice'"
	finds $'^users/alice\tproblem\ta directory with mail and no user'
	same true "$(mboxadm user show alice --json | json 'd["password"]')"
	sql "$MSGSTORE/users.db" "DELETE FROM users WHERE name = 'alice'"
	rm "$MSGSTORE/users.db.copy"
	finds $'^users/alice\tproblem\ta directory with mail and no user'
	same false "$(mboxadm user show alice --json | json 'd["password"]')"
	same "$(printf 'one\ntwo\nthree')" "$(subjects alice INBOX)"
	sql "$MSGSTORE/users.db" "DELETE FROM users WHERE name = 'carol'"
	run -0 mboxadm check
	[[ $output == *$'users/carol\tharmless\ta directory that is nobody'* ]]
	run -0 mboxadm check --repair
	[[ ! -e $MSGSTORE/users/carol ]]
	deliver shared/sales x
	sql "$MSGSTORE/users.db" "DELETE FROM shared"
	finds $'^shared/sales\tproblem\ta directory with mail'
	same x "$(subjects shared/sales .)"
}

@test "check: a user and a directory that may be a cut-off renaming: no guess" {
	fill
	mv "$MSGSTORE/users/alice" "$MSGSTORE/users/dora"
	run -65 mboxadm check --repair
	[[ $output == *'users/dora is nobody'* ]]
	[[ ! -e $MSGSTORE/users/alice ]]
	mv "$MSGSTORE/users/dora" "$MSGSTORE/users/alice"
	run -0 mboxadm check
}

@test "check: users.db: grants of nobody are mended, all of it comes from its copy" {
	sql "$MSGSTORE/users.db" "PRAGMA foreign_keys = 0;
	    INSERT INTO grants VALUES ('sales', 'ghost', 'lr')"
	finds 'users.db' 'grants'
	mboxadm grant sales alice read
	damage "$MSGSTORE/users.db"
	run -65 mboxadm check
	[[ $output == *'made again from its copy'* ]]
	run -0 mboxadm check --repair
	[[ $output == *$'users.db\tproblem'*'with 3 users [mended]'* ]]
	same true "$(mboxadm user show alice --json | json 'd["password"]')"
	[[ $(mboxadm shared list) == sales* ]]
	[[ -e $MSGSTORE/users.db.damaged ]]
	run -0 mboxadm check
}

@test "check: users.db and its copy are lost: the directories tell who there is" {
	fill
	rm "$MSGSTORE/users.db" "$MSGSTORE/users.db.copy"
	fails 69 mboxadm user list
	says 'check --repair'
	# To make an empty store of it would lose the passwords of all.
	fails 65 mboxadm init
	says 'check --repair'
	run -65 mboxadm check
	[[ $output == *'users.db'*'missing'* ]]
	run -65 mboxadm check --repair
	[[ $output == *$'users.db\tlost'* ]]
	run -0 mboxadm check
	same "$(printf 'one\ntwo\nthree')" "$(subjects alice INBOX)"
	same 1 "$(as_owner sqlite3 "$MSGSTORE/auth.db" \
	    'SELECT count(*) > 0 FROM credentials')"
}

@test "check: an older messages.db that was put back replaces no newer mail" {
	fill
	cp -a "$DIR" "$BATS_TEST_TMPDIR/older"
	deliver alice four five
	cp -a "$BATS_TEST_TMPDIR/older/"messages.db* "$DIR/"
	# Not over the file 4, which is the message four.
	mail six >message
	fails 75 mboxadm deliver alice <message
	says 'check --repair'
	finds 'it is older'
	same "$(printf 'one\ntwo\nthree\nfour\nfive')" "$(subjects alice INBOX)"
	same '1 2 3 4 5' "$(uids)"
	deliver alice six
	same '1 2 3 4 5 6' "$(uids)"
}

@test "check: what was being removed or repaired when the power failed" {
	fill
	as_owner mkdir "$MSGSTORE/users/.removed-0123456789abcdef" \
	    "$MSGSTORE/users/alice/.new-0123456789abcdef"
	as_owner mkdir -p "$DIR/tmp"
	as_owner sh -c "echo x >'$DIR/tmp/x'"
	run -0 mboxadm check
	[[ $output == *'.removed-0123456789abcdef was being removed'* ]]
	run -0 mboxadm check --repair
	[[ ! -e $MSGSTORE/users/.removed-0123456789abcdef ]]
	[[ ! -e $MSGSTORE/users/alice/.new-0123456789abcdef ]]
	# That one may be an append that is under way.
	[[ -e $DIR/tmp/x ]]
	run -0 mboxadm check
	same 1 "${#lines[@]}"
}

@test "check: a newer version's database is left alone" {
	fill
	local version
	fold "$DB"
	version=$(sql "$DB" 'PRAGMA user_version')
	sql "$DB" 'PRAGMA user_version = 99'
	run -65 mboxadm check --repair
	[[ $output == *upgrade* ]]
	sql "$DB" "PRAGMA user_version = $version"
	run -0 mboxadm check
}

@test "check: while messages come in, nothing is found" {
	local i
	( for i in {1..40}; do mail "m$i" | mboxadm deliver alice; done ) \
	    2>>deliver.log &
	for i in {1..10}; do
		run -0 mboxadm check
		same 1 "${#lines[@]}"
	done
	wait
	same 40 "$(mboxadm mailbox status alice INBOX | cut -f 2)"
}

@test "check: while users and mailboxes come and go, nothing is found" {
	local i
	( for i in {1..25}; do
		mboxadm user add "u$i" --no-password
		mboxadm user rename "u$i" "v$i"
		mboxadm mailbox create alice T
		mail "m$i" | mboxadm deliver alice/T
		mboxadm mailbox rename alice T R
		mboxadm mailbox delete alice R
		mboxadm user delete "v$i"
		mboxadm shared add "s$i"
		mboxadm shared delete "s$i"
	done ) 2>>deliver.log &
	while kill -0 $! 2>/dev/null; do
		run -0 mboxadm check
		[[ $output == *' 0 problems, 0 mended, 0 lost' ]]
	done
	wait
	run -0 mboxadm check --repair
	[[ $output == *' 0 problems, 0 mended, 0 lost' ]]
}

@test "check: a name with a tab and a line end is one field all the same" {
	as_owner mkdir "$MSGSTORE/users/"$'a\tb\nc'
	run -0 mboxadm check
	same 2 "${#lines[@]}"
	same 'users/a?b?c' "$(cut -f 1 <<<"${lines[0]}")"
	same $'users/a\tb\nc' "$(mboxadm check --json |
	    json 'd["findings"][0]["where"]')"
}

@test "check: a FIFO in the place of messages.db is made again" {
	fill
	rm -f "$DB" "$DB"-*
	as_owner mkfifo "$DB"
	finds 'messages.db cannot be used .it is no regular file.'
	same '1 2 3' "$(uids)"
}

@test "check: sizes that no sum can hold" {
	fill
	sql "$DB" 'UPDATE messages SET size = 9223372036854775807'
	run -65 mboxadm check --json
	run -0 mboxadm check --repair
	[[ $output == *"file has not the 9223372036854775807 octets"* ]]
	run -0 mboxadm check
	[[ $output == *' 0 problems, 0 mended, 0 lost' ]]
	deliver alice four
	same '1 2 3 4' "$(uids)"
}

@test "check: a NUL in a name, which no verb and no client can say" {
	local nul="char(0) || 'x'"
	fill
	AC=$MSGSTORE/users/alice/account.db
	mboxadm grant sales alice lr
	# The row that was meant comes from the copy, and from the directory.
	sql "$MSGSTORE/users.db" "UPDATE users SET name = name || $nul
	    WHERE name = 'alice'"
	run -65 mboxadm check
	run -0 mboxadm check --repair
	[[ $output == *'1 users have a NUL in their name'*'[mended]'* ]] ||
		die "$output"
	run -0 mboxadm check
	run -0 mboxadm shared show sales
	[[ $output == *alice*lr* ]] || die "$output"
	sql "$MSGSTORE/users.db" "INSERT INTO users(name, may, created, id)
	    VALUES ('alice' || $nul, 1, 1, 99)"
	finds '1 users have a NUL in their name; the rows go'
	sql "$MSGSTORE/users.db" "INSERT INTO shared VALUES ('sales' || $nul, 1)"
	finds '1 shared mailboxes have a NUL in their name; the rows go'
	sql "$MSGSTORE/users.db" "UPDATE grants SET rights = 'lr' || $nul"
	finds '1 grants are of rights that are none'
	sql "$MSGSTORE/auth.db" "INSERT INTO app_passwords SELECT user,
	    'phone' || $nul, x'00', 1, 0, 0 FROM credentials"
	finds 'app passwords have a NUL in their label; they go'
	sql "$AC" "UPDATE mailboxes SET name = name || $nul
	    WHERE name IN ('INBOX', 'Sent')"
	finds 'names of mailboxes have a NUL'
	run -0 mboxadm mailbox list alice
	[[ $output == *INBOX*Sent* ]] || die "$output"
	same "$(printf 'one\ntwo\nthree')" "$(subjects alice INBOX)"
	sql "$AC" "UPDATE mailboxes SET id = id || $nul WHERE name = 'Sent'"
	finds 'rows have an id that no directory has'
	sql "$AC" "INSERT INTO subscriptions VALUES ('Sent' || $nul)"
	finds 'subscriptions have a NUL in their name; they go'
	printf 'a SELECT INBOX\r\nb STORE 1 +FLAGS (work)\r\nc LOGOUT\r\n' |
	    imapd --preauth alice
	sql "$DB" "UPDATE keywords SET name = name || $nul"
	finds 'the keyword of bit 5 has no name'
}

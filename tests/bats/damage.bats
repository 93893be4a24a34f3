#!/usr/bin/env bats
# damage.bats - damaged databases, a full disk, kill -9, little memory
# SPDX-License-Identifier: ISC
load ../lib/imap

# The directory of alice's mailbox of this name.
mailbox_dir() {
	local id
	id=$(as_owner sqlite3 "$MSGSTORE/users/alice/account.db" \
	    "SELECT id FROM mailboxes WHERE name = '$1'")
	[[ -n $id && -d $MSGSTORE/users/alice/$id ]] || die "no directory of $1"
	echo "$MSGSTORE/users/alice/$id"
}

# scribble FILE: overwrite a database, and forget its journal.
scribble() {
	local size
	size=$(stat -c %s "$1")
	rm -f "$1-wal" "$1-shm"
	yes damaged | head -c "$size" | dd of="$1" conv=notrunc status=none
}

@test "a damaged messages.db: NO [SERVERBUG], logged; other mailboxes go on" {
	imap_start a
	seed a INBOX 3
	seed a Sent 2
	imap_close a
	process_ends "$(imap_pid a)"
	scribble "$(mailbox_dir INBOX)/messages.db"
	imap_start b
	imap b 'b1 SELECT INBOX'
	expect '~^b1 NO \[(SERVERBUG|CORRUPTION)\]'
	expect_log 'mboxadm check'
	imap b 'b2 FETCH 1 FLAGS'
	expect_only 'b2 BAD'
	imap_ok b 'b3 SELECT Sent'
	expect '=* 2 EXISTS'
	imap_ok b 'b4 FETCH 1:2 BODY.PEEK[]'
	imap_ok b 'b5 LIST "" *'
	expect_listed INBOX
	imap b "b6 APPEND INBOX {4+}${CRLF}a: b"
	expect '~^b6 NO \[(SERVERBUG|CORRUPTION)\]'
	imap_ok b 'b7 NOOP'
}

@test "a damaged messages.db: mboxadm check --repair brings the same UIDs back" {
	imap_start a
	seed a INBOX 4
	imap_ok a 'a0 SELECT INBOX'
	imap_ok a 'a1 STORE 2 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a2 EXPUNGE'
	imap_ok a 'a3 STATUS INBOX (UIDVALIDITY)'
	local validity=${ANSWER[0]}
	imap_close a
	process_ends "$(imap_pid a)"
	scribble "$(mailbox_dir INBOX)/messages.db"
	run mboxadm check
	((status != 0))
	run mboxadm check --repair
	imap_start b
	imap_ok b 'b0 STATUS INBOX (UIDVALIDITY)'
	same "$validity" "${ANSWER[0]}"
	imap_ok b 'b1 SELECT INBOX'
	imap_ok b 'b2 UID FETCH 4 BODY.PEEK[TEXT]'
	expect_item 'BODY[TEXT]' "body 4$CRLF"
	imap_ok b 'b3 UID FETCH 1,3 (ENVELOPE RFC822.SIZE)'
	expect '~message 1' '~message 3'
	run mboxadm check
	((status == 0))
}

@test "a counter of four thousand million messages: no command takes memory for them" {
	imap_start a
	seed a INBOX 3
	imap_close a
	process_ends "$(imap_pid a)"
	as_owner sqlite3 "$(mailbox_dir INBOX)/messages.db" "UPDATE mailbox
	    SET uidnext = 4000000001, messages = 4000000000"
	imap_start b
	imap_ok b 'b1 SELECT INBOX'
	imap_ok b 'b2 SORT (SIZE) UTF-8 ALL'
	expect '=* SORT 1 2 3'
	imap_ok b 'b3 THREAD REFERENCES UTF-8 ALL'
	imap_ok b 'b4 SEARCH NOT 2'
	expect '=* SEARCH 1 3'
	imap_ok b 'b5 UID FETCH 1:* FLAGS'
}

@test "a message file that is gone: NO for it, the others are fetched" {
	imap_start a
	seed a INBOX 3
	imap_ok a 'a0 SELECT INBOX'
	rm "$(mailbox_dir INBOX)/2"
	imap a 'a1 FETCH 1:3 BODY.PEEK[]'
	expect '* 1 FETCH' '~^a1 NO'
	imap_ok a 'a2 FETCH 1:3 (FLAGS ENVELOPE)'
	imap_ok a 'a3 FETCH 3 BODY.PEEK[TEXT]'
	expect_item 'BODY[TEXT]' "body 3$CRLF"
}

# descriptors NAME [N]: a session may have so many; without N none more than now.
descriptors() {
	local pid n=${2:-0}

	pid=$(imap_pid "$1")
	while [[ -z ${2:-} && -e /proc/$pid/fd/$n ]]; do
		n=$((n + 1))
	done
	as_owner prlimit --pid "$pid" --nofile="$n:"
}

@test "no descriptors are left: NO [UNAVAILABLE], and nothing is told that is not so (RFC 5530 3)" {
	conf 'sandbox = no'
	imap_start a
	seed a INBOX 3
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 STORE 1 +FLAGS.SILENT (\Flagged)'
	imap_ok a 'C01 UID SEARCH RETURN (UPDATE COUNT) BODY body'
	expect '=* ESEARCH (TAG "C01") UID COUNT 3'
	descriptors a
	imap a 'a3 FETCH 1:2 BODY.PEEK[]'
	expect_only 'a3 NO [UNAVAILABLE]'
	imap a 'a4 SEARCH RETURN (SAVE COUNT) BODY body'
	expect_only 'a4 NO [UNAVAILABLE]'
	imap a 'a5 SEARCH NOT BODY nowhere'
	expect_only 'a5 NO [UNAVAILABLE]'
	# Nor does it leave the results of a search that is kept up to date.
	imap_ok a 'a6 STORE 1 -FLAGS.SILENT (\Flagged)'
	expect_only 'a6 OK'
	descriptors a 100
	imap_ok a 'a7 SEARCH BODY body'
	expect '=* SEARCH 1 2 3' 'a7 OK'
	refute REMOVEFROM ADDTO
	imap_ok a 'a8 FETCH 1:3 BODY.PEEK[TEXT]'
}

@test "no descriptors are left: NO [UNAVAILABLE], and not a LIST without shared mailboxes" {
	conf 'sandbox = no'
	mboxadm grant sales alice read
	imap_start a
	imap_ok a 'a1 LIST "" %'
	descriptors a
	imap a 'a2 LIST "" *'
	expect_only 'a2 NO [UNAVAILABLE]'
	descriptors a 100
	imap_ok a 'a3 LIST "" *'
	expect_listed 'shared\sales' '\HasNoChildren'
}

@test "a message file that was cut short ends the session, not the server" {
	imap_start a
	seed a INBOX 2
	imap_ok a 'a0 SELECT INBOX'
	truncate -s 5 "$(mailbox_dir INBOX)/1"
	imap_send a 'a1 FETCH 1 BODY.PEEK[]'
	ANSWER=()
	while imap_read a && [[ ${ANSWER[-1]} != 'a1 '* ]]; do :; done
	[[ ${ANSWER[-1]:-} != 'a1 OK'* ]]
	imap_close a
	imap_start b --select INBOX
	imap_ok b 'b1 FETCH 2 BODY.PEEK[TEXT]'
	expect_item 'BODY[TEXT]' "body 2$CRLF"
}

@test "a damaged account.db: its user cannot get in, others can" {
	scribble "$MSGSTORE/users/alice/account.db"
	imap_start a --login
	imap a 'a1 LOGIN alice wonderland'
	[[ ${ANSWER[-1]} != 'a1 OK'* ]] || imap a 'a1 SELECT INBOX'
	expect '~^a1 NO \[(SERVERBUG|CORRUPTION|UNAVAILABLE)\]'
	expect_log 'mboxadm check'
	imap_start b --login
	imap_ok b 'b1 LOGIN bob builder'
	imap_ok b 'b2 SELECT INBOX'
}

@test "a damaged users.db: NO or BYE, logged, no crash" {
	scribble "$MSGSTORE/users.db"
	imap_start a --login --no-greeting
	ANSWER=()
	imap_read a
	if [[ ${ANSWER[0]} == '* OK'* ]]; then
		imap a 'a1 LOGIN alice wonderland'
		expect '~^a1 NO \[(SERVERBUG|CORRUPTION|UNAVAILABLE)\]'
	else
		expect '* BYE'
	fi
	expect_log 'mboxadm check|users\.db'
}

# A store of 3 MB on a file system of its own.
small_disk() {
	((EUID == 0)) || skip 'needs root'
	mkdir "$BATS_TEST_TMPDIR/disk"
	mount -t tmpfs -o size=3m,mode=755 none "$BATS_TEST_TMPDIR/disk" ||
		skip 'no mount here'
	cp -a "$MSGSTORE" "$BATS_TEST_TMPDIR/disk/store"
	export MSGSTORE=$BATS_TEST_TMPDIR/disk/store
}

teardown() {
	imap_teardown
	! mountpoint -q "$BATS_TEST_TMPDIR/disk" || umount "$BATS_TEST_TMPDIR/disk"
}

@test "a full disk: APPEND says NO [UNAVAILABLE] or [OVERQUOTA], nothing is left (RFC 5530 3)" {
	small_disk
	imap_start a
	seed a INBOX 2
	imap_ok a 'a0 SELECT INBOX'
	local text i
	printf -v text 'Subject: large\r\n\r\n%0500000d' 0
	for ((i = 0; i < 10; i++)); do
		imap a "a$i APPEND INBOX {${#text}+}" "$text"
		[[ ${ANSWER[-1]} == "a$i OK"* ]] || break
	done
	expect "~^a$i NO \[(UNAVAILABLE|OVERQUOTA|LIMIT)\]"
	imap_ok a 'b1 NOOP'
	imap_ok a 'b2 UID SEARCH ALL'
	local count
	count=$(wc -w <<<"${ANSWER[0]#'* SEARCH'}")
	same $((2 + i)) "$count"
	# What there is can be read, and room made.
	imap_ok a 'b3 FETCH 1 BODY.PEEK[TEXT]'
	expect_item 'BODY[TEXT]' "body 1$CRLF"
	# Only whole files.
	run find "$MSGSTORE/users/alice" -type f -name '[0-9]*' -size -480k -size +1k
	same '' "$output"
	imap_ok a 'b4 LIST "" *'
}

@test "a full disk: STORE, COPY, CREATE and EXPUNGE fail whole or work, and mail is read" {
	small_disk
	imap_start a
	seed a INBOX 20
	imap_ok a 'a0 SELECT INBOX'
	imap_start b --select INBOX
	head -c 10m /dev/zero >"$BATS_TEST_TMPDIR/disk/fill" 2>/dev/null || :
	local command
	for command in 'STORE 1:20 +FLAGS (\Flagged)' 'COPY 1:20 Archive' \
	    'CREATE New' 'RENAME Sent Gone' 'STORE 1 +FLAGS (\Deleted)' 'EXPUNGE' \
	    'SUBSCRIBE Another' 'DELETE Junk'; do
		imap a "a1 $command"
		expect '~^a1 (OK|NO)'
	done
	imap_ok a 'a2 FETCH 2 BODY.PEEK[TEXT]'
	imap_ok b 'b1 FETCH 3 BODY.PEEK[TEXT]'
	rm "$BATS_TEST_TMPDIR/disk/fill"
	imap_ok a 'a3 STORE 2 +FLAGS (\Flagged)'
	append a INBOX "Subject: room again$CRLF$CRLF"
	imap_ok b 'b2 NOOP'
	imap_ok a 'a4 NOOP'
	imap_ok a 'a5 UID FETCH 1:* FLAGS'
	local one=${#ANSWER[@]}
	imap_ok b 'b3 UID FETCH 1:* FLAGS'
	same "$one" "${#ANSWER[@]}"
	run mboxadm check
	((status == 0)) || die "$output"
}

@test "kill -9 in the middle of an APPEND leaves nothing half" {
	imap_start a
	seed a INBOX 1
	imap_close a
	local i pid text="Subject: x$CRLF${CRLF}whole body$CRLF"
	for i in 1 2 3 4 5; do
		imap_start b
		pid=$(imap_pid b)
		imap_send_raw b "b1 APPEND INBOX {1000000+}$CRLF$text"
		kill -9 "$pid"
		process_ends "$pid"
		imap_close b
	done
	imap_start c --select INBOX
	expect '=* 1 EXISTS'
	append c INBOX "$text"
	imap_ok c 'c1 FETCH 2 BODY.PEEK[]'
	expect_item 'BODY[]' "$text"
	run mboxadm check
	((status == 0)) || die "$output"
}

@test "kill -9 while appends run: what was answered is there, and whole" {
	local round i pid text="Subject: x$CRLF${CRLF}whole body$CRLF" answered=0
	for round in 1 2 3 4 5; do
		imap_start a
		pid=$(imap_pid a)
		# One by one, so that each answer is known; killed somewhere.
		imap_ok a "p1 APPEND INBOX {${#text}+}" "$text"
		((++answered))
		for ((i = 0; i < round; i++)); do
			imap_ok a "p2 APPEND INBOX {${#text}+}" "$text"
			((++answered))
		done
		imap_send_raw a "q APPEND INBOX {${#text}+}$CRLF$text$CRLF"
		kill -9 "$pid"
		process_ends "$pid"
		imap_close a
	done
	imap_start b --select INBOX
	imap_ok b 'b1 UID SEARCH ALL'
	local count
	count=$(wc -w <<<"${ANSWER[0]#'* SEARCH'}")
	((count >= answered && count <= answered + 5)) || die "$count of $answered"
	imap_ok b 'b2 FETCH 1:* (RFC822.SIZE BODY.PEEK[])'
	same "$count" "$(printf '%s\n' "${ANSWER[@]}" | grep -c '^whole body')"
	imap_ok b "b3 STATUS INBOX (MESSAGES)"
	expect "=* STATUS INBOX (MESSAGES $count)"
	run mboxadm check
	((status == 0)) || die "$output"
}

@test "kill -9 of a session that writes does not keep the others waiting" {
	imap_start a --select INBOX
	imap_start b
	seed b INBOX 10
	imap_send_raw b "x APPEND INBOX {100000+}${CRLF}half"
	kill -9 "$(imap_pid b)"
	append a INBOX "x: y$CRLF$CRLF"
	imap_ok a 'a1 STORE 1:* +FLAGS.SILENT (\Seen)'
}

# What a process has written to, in KB: clean pages are the file cache's.
private_kb() {
	awk '$1 == "Private_Dirty:" { print $2 }' "/proc/$1/smaps_rollup"
}

# Wait until a session that idles has given back what it can.
private_falls_below() {
	local deadline=$((SECONDS + IMAP_TIMEOUT)) kb

	until kb=$(private_kb "$1") && ((kb < $2)); do
		((SECONDS < deadline)) || die "private: $kb KB, not below $2"
		sleep 0.05
	done
	echo "private: $kb KB"
}

@test "memory: a session that waits takes less than half a MB for itself" {
	! built_with_asan || skip 'AddressSanitizer takes more'
	imap_start a
	seed a INBOX 100
	imap_ok a 'a0 SELECT INBOX'
	imap_ok a 'a1 FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)'
	imap_ok a 'a2 SEARCH TEXT body'
	imap_idle a
	private_falls_below "$(imap_pid a)" 512
	imap_idle_done a
	imap_start b --login
	private_falls_below "$(imap_pid b)" 512
}

@test "memory: does not grow with the number of commands" {
	! built_with_asan || skip 'AddressSanitizer keeps what was freed'
	imap_start a
	seed a INBOX 10
	imap_ok a 'a0 SELECT INBOX'
	local i first kb pid out=''
	pid=$(imap_pid a)
	for ((i = 0; i < 40; i++)); do
		out+="c$i FETCH 1:10 (FLAGS ENVELOPE)$CRLF"
		out+="d$i SEARCH OR SUBJECT x BODY y$CRLF"
	done
	imap_send_raw a "$out"
	imap_recv a d39
	imap_idle a
	private_falls_below "$pid" 1024
	first=$(private_kb "$pid")
	imap_idle_done a
	for i in 1 2 3 4 5 6; do
		imap_send_raw a "$out"
		imap_recv a d39
	done
	imap_idle a
	private_falls_below "$pid" $((first + 128))
	imap_idle_done a
}

@test "sqlite: databases are in WAL mode, without memory mapping" {
	imap_start a
	seed a INBOX 1
	same wal "$(as_owner sqlite3 "$(mailbox_dir INBOX)/messages.db" 'PRAGMA journal_mode')"
	imap_ok a 'a0 SELECT INBOX'
	run ! grep -E 'messages\.db$' "/proc/$(imap_pid a)/maps"
}

@test "journal = rollback: works the same" {
	conf 'journal = rollback'
	imap_start a
	seed a INBOX 3
	imap_ok a 'a0 SELECT INBOX'
	imap_start b --select INBOX
	imap_ok a 'a1 STORE 1 +FLAGS (\Deleted)'
	imap_ok a 'a2 EXPUNGE'
	imap_ok b 'b1 NOOP'
	expect '=* 1 EXPUNGE'
}

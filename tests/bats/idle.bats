#!/usr/bin/env bats
# idle.bats - IDLE: told at once, with inotify and without
# SPDX-License-Identifier: ISC
load ../lib/imap

# What both ways of noticing must do.
hears_all() {
	imap_start a
	seed a INBOX 3
	imap_ok a 'a0 SELECT INBOX'
	imap_start b --select INBOX
	imap_idle b
	append a INBOX "Subject: new$CRLF$CRLF"
	imap_wait b '=* 4 EXISTS'
	imap_ok a 'a1 STORE 2 +FLAGS.SILENT (\Flagged)'
	imap_wait b '* 2 FETCH (FLAGS (\Flagged'
	imap_ok a 'a2 STORE 3 +FLAGS.SILENT (\Deleted)'
	imap_wait b '* 3 FETCH'
	imap_ok a 'a3 EXPUNGE'
	imap_wait b '=* 3 EXPUNGE'
	imap_idle_done b
	imap b 'b1 NOOP'
	expect_only 'b1 OK'
}

@test "IDLE: appends, flags and expunges arrive while it waits (RFC 2177 3)" {
	hears_all
}

@test "IDLE: the same without inotify" {
	conf 'inotify = no'
	hears_all
}

# unheard COMMAND: a session does it in INBOX and is killed where it would set the
# directory's stamp: what it did is committed, and nobody was woken.
unheard() {
	local db=("$MSGSTORE"/users/alice/*/messages.db)

	printf 'a SELECT INBOX\r\nb %s\r\n' "$1" >commands
	run -137 "$MSGSTORE_BUILD/tests/torture/crash" -s "${db[0]%/*}" \
	    -c utimensat kill 1 -- setpriv --reuid="$STORE_OWNER" \
	    --regid="$STORE_OWNER" --clear-groups -- \
	    "$MSGSTORE_BUILD/imapd" --preauth alice <commands
	[[ $output != *'b OK'* ]] || die "it was not killed: $output"
}

# A tracer has to see into it.
needs_unheard() {
	((EUID == 0)) || skip 'needs root'
	needs_tracer
	conf 'sandbox = no'
}

@test "IDLE and NOOP: what a process did that was killed before it could wake others" {
	needs_unheard
	imap_start a
	seed a INBOX 3
	imap_start b --select INBOX
	imap_start c --select INBOX
	imap_ok b 'b0 NOOP'
	imap_ok c 'c0 NOOP'
	unheard 'STORE 2 +FLAGS.SILENT (\Flagged)'
	imap_ok b 'b1 NOOP'
	expect '* 2 FETCH (FLAGS (\Flagged'
	# Who has been told is not told again.
	imap b 'b2 NOOP'
	expect_only 'b2 OK'
	# The next that changes something wakes the others for both.
	imap_idle c
	imap_ok a 'a1 STATUS INBOX (MESSAGES)'
	imap_wait c '* 2 FETCH (FLAGS (\Flagged'
	imap_idle_done c
}

@test "IDLE: it looks by itself for what a process did that woke nobody" {
	needs_unheard
	conf 'inotify = no'
	imap_start a
	seed a INBOX 3
	imap_start b --select INBOX
	imap_idle b
	unheard 'STORE 2 +FLAGS.SILENT (\Flagged)'
	imap_wait b '* 2 FETCH (FLAGS (\Flagged'
	imap_idle_done b
}

@test "IDLE: falls back to polling, with one log line, when inotify is not to be had" {
	((EUID == 0)) || skip 'needs root'
	# The limit counts in the user namespace that the session is in.
	local without=(setpriv --reuid="$STORE_OWNER" --regid="$STORE_OWNER"
	    --clear-groups unshare --user --map-current-user --keep-caps sh -c
	    'echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"' sh)

	"${without[@]}" true 2>/dev/null || skip 'the limit cannot be set here'
	# The store's user may not get to where imapd was built.
	install -m 755 "$MSGSTORE_BUILD/imapd" "$BATS_TEST_TMPDIR/program"
	printf '#!/bin/sh\nexec%s "$@"\n' "$(printf " '%s'" "${without[@]}" \
	    "$BATS_TEST_TMPDIR/program")" >"$BATS_TEST_TMPDIR/imapd"
	chmod 755 "$BATS_TEST_TMPDIR/imapd"
	IMAP_PROGRAM=$BATS_TEST_TMPDIR/imapd
	imap_start a --select INBOX
	unset IMAP_PROGRAM
	imap_idle a
	imap_start b
	append b INBOX "x: y$CRLF$CRLF"
	imap_wait a '=* 1 EXISTS'
	append b INBOX "x: y$CRLF$CRLF"
	imap_wait a '=* 2 EXISTS'
	imap_idle_done a
	same 1 "$(grep -c 'no inotify' "$IMAP_LOG")"
}

@test "IDLE: news from before it are told first (RFC 2177 3)" {
	imap_start a
	imap_start b --select INBOX
	seed a INBOX 2
	imap_send b 'i1 IDLE'
	imap_wait b '=* 2 EXISTS'
	imap_send b DONE
	imap_recv b i1
	expect 'i1 OK'
}

@test "IDLE: several sessions, all are told" {
	local i
	for i in b c d e f; do
		imap_start "$i" --select INBOX
		imap_idle "$i"
	done
	imap_start a
	seed a INBOX 1
	for i in b c d e f; do
		imap_wait "$i" '=* 1 EXISTS'
		imap_idle_done "$i"
	done
}

@test "IDLE: what is told can be used at once" {
	imap_start a
	imap_start b --select INBOX
	imap_idle b
	append a INBOX "Subject: new$CRLF${CRLF}text$CRLF"
	imap_wait b '=* 1 EXISTS'
	imap_send b DONE
	imap_recv b idle
	imap_ok b 'b1 FETCH 1 (UID BODY.PEEK[TEXT])'
	expect_item 'BODY[TEXT]' "text$CRLF"
}

@test "IDLE, DONE and the next command in one packet" {
	imap_start a --select INBOX
	imap_send_raw a "i1 IDLE${CRLF}DONE${CRLF}a1 NOOP${CRLF}a2 CHECK$CRLF"
	imap_recv a a2
	expect '+ ' 'i1 OK' 'a1 OK' 'a2 OK'
	imap_send_raw a "i2 IDLE${CRLF}done${CRLF}a3 LOGOUT$CRLF"
	imap_eof a
	expect '+ ' 'i2 OK' '* BYE' 'a3 OK'
}

@test "IDLE: without a selected mailbox it waits too (RFC 2177 3)" {
	imap_start a
	imap_idle a
	imap_idle_done a
	expect_only 'idle OK'
}

@test "IDLE: anything but DONE is BAD and ends it (RFC 2177 4)" {
	imap_start a --select INBOX
	imap_send a 'i1 IDLE'
	imap_wait a '+ '
	imap_send a 'a1 NOOP'
	imap_recv a i1
	expect 'i1 BAD'
	imap a 'a2 NOOP'
	expect 'a2 OK'
}

@test "IDLE: an overlong line instead of DONE" {
	local long
	printf -v long '%0100000d' 0
	imap_start a --select INBOX
	imap_send a 'i1 IDLE'
	imap_wait a '+ '
	imap_send a "$long"
	ANSWER=()
	imap_read a
	expect '~^(i1 BAD|\* BYE)'
}

@test "IDLE: not before login (RFC 2177 4)" {
	imap_start a --login
	imap a 'a1 IDLE'
	expect_only 'a1 BAD'
}

@test "IDLE: the mailbox is deleted: BYE at once (RFC 2180 3.3)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	imap_start b --select Work
	imap_idle b
	imap_ok a 'a2 DELETE Work'
	imap_eof b
	expect '* BYE'
}

@test "IDLE: the user is deleted: BYE at once" {
	imap_start b --user bob --select INBOX
	imap_idle b
	mboxadm user delete bob
	imap_eof b
	expect '* BYE'
}

@test "IDLE: a right that is revoked closes the mailbox" {
	mboxadm grant sales alice read
	imap_start a --select 'shared\sales'
	imap_idle a
	mboxadm revoke sales alice
	ANSWER=()
	imap_read a
	expect '~^(\* OK \[CLOSED\]|\* BYE|idle NO)'
}

@test "IDLE: mboxadm deliver wakes it" {
	imap_start a --select INBOX
	imap_idle a
	mboxadm deliver alice <<<$'Subject: delivered\n\nhello'
	imap_wait a '=* 1 EXISTS'
	imap_idle_done a
	imap_ok a 'a1 FETCH 1 ENVELOPE'
	expect '~"delivered"'
}

@test "IDLE: holds no database open for reading, so that writers checkpoint" {
	imap_start a
	seed a INBOX 2
	imap_start b --select INBOX
	imap_ok b 'b1 FETCH 1:* (FLAGS ENVELOPE)'
	imap_idle b
	# A read transaction would show as a lock on a read mark (bytes 123-127
	# of the -shm file: WAL_READ_LOCK).
	local pid
	pid=$(imap_pid b)
	run awk -v pid="$pid" '$5 == pid && $7 >= 123 && $7 <= 127' /proc/locks
	same '' "$output"
	imap_idle_done b
}

databases_open() {
	find "/proc/$1/fd" -lname '*.db*' 2>/dev/null | wc -l
}

# A session that has nothing to do holds no database: who waits is cheap.
closes_databases() {
	local deadline=$((SECONDS + IMAP_TIMEOUT)) pid

	pid=$(imap_pid "$1")
	until (($(databases_open "$pid") == 0)); do
		((SECONDS < deadline)) || die "$1: $(ls -l "/proc/$pid/fd")"
		sleep 0.05
	done
}

@test "IDLE: closes all databases after a while, and hears of all that comes" {
	imap_start a
	seed a INBOX 3
	imap_start b --select INBOX
	(($(databases_open "$(imap_pid b)") > 0))
	imap_idle b
	closes_databases b
	append a INBOX "Subject: new$CRLF$CRLF"
	imap_wait b '=* 4 EXISTS'
	closes_databases b
	imap_ok a 'a0 SELECT INBOX'
	imap_ok a 'a1 STORE 2 +FLAGS.SILENT (\Flagged \Deleted)'
	imap_wait b '* 2 FETCH (FLAGS (\Flagged'
	closes_databases b
	imap_ok a 'a2 EXPUNGE'
	imap_wait b '=* 2 EXPUNGE'
	closes_databases b
	mboxadm user deny bob create
	closes_databases b
	imap_idle_done b
	imap_ok b 'b1 STATUS INBOX (MESSAGES)'
	expect '* STATUS INBOX (MESSAGES 3)'
}

@test "IDLE: closes the databases of shared mailboxes too, and without inotify" {
	conf 'inotify = no'
	mboxadm grant sales alice full
	imap_start a
	append a 'shared\sales' "x: y$CRLF$CRLF"
	imap_start b
	imap_ok b 'b0 SELECT shared\sales'
	imap_ok b 'b1 STATUS INBOX (MESSAGES)'
	imap_idle b
	closes_databases b
	append a 'shared\sales' "x: y$CRLF$CRLF"
	imap_wait b '=* 2 EXISTS'
	closes_databases b
	imap_idle_done b
	imap_ok b 'b2 FETCH 1:2 (FLAGS)'
}

@test "NOTIFY: closes all databases after a while, and hears of all that comes" {
	imap_start a
	imap_ok a 'a0 CREATE other'
	imap_start b --select INBOX
	imap_ok b 'b0 NOTIFY SET (SELECTED (MessageNew MessageExpunge)) (PERSONAL (MessageNew MessageExpunge))'
	closes_databases b
	append a other "x: y$CRLF$CRLF"
	imap_wait b '~STATUS other .*MESSAGES 1'
	closes_databases b
	append a INBOX "x: y$CRLF$CRLF"
	imap_wait b '=* 1 EXISTS'
	closes_databases b
	imap_ok b 'b1 NOOP'
}

@test "a session between two commands closes all databases, and opens what it needs" {
	imap_start a
	seed a INBOX 2
	imap_ok a 'a0 SELECT INBOX'
	closes_databases a
	imap_ok a 'a1 FETCH 1:* (UID ENVELOPE)'
	closes_databases a
	imap_ok a 'a2 CREATE new'
	closes_databases a
	imap_ok a 'a3 COPY 1 new'
	closes_databases a
	imap_ok a 'a4 STORE 1 +FLAGS (x)'
	expect '* 1 FETCH (FLAGS (x'
	closes_databases a
	imap_ok a 'a5 LIST "" * RETURN (STATUS (MESSAGES))'
	expect '* STATUS new (MESSAGES 1)'
}

@test "a database that a newer msgstore took over meanwhile is left alone" {
	imap_start a
	imap_ok a 'a0 CREATE new'
	closes_databases a
	as_owner sqlite3 "$MSGSTORE/users/alice/account.db" 'PRAGMA user_version=999'
	imap a 'a1 CREATE other'
	expect 'a1 NO'
	grep -q 'account.db was written by a newer msgstore' "$IMAP_LOG"
	as_owner sqlite3 "$MSGSTORE/users/alice/account.db" 'PRAGMA user_version=1'
	imap_ok a 'a2 CREATE other'
}

@test "a database whose journal was changed meanwhile is left alone" {
	imap_start a
	closes_databases a
	as_owner sqlite3 "$MSGSTORE/users/alice/account.db" 'PRAGMA journal_mode=DELETE'
	imap a 'a1 CREATE new'
	expect 'a1 NO'
	grep -q 'account.db is not what it was when it was opened' "$IMAP_LOG"
	imap_start b
	imap_ok b 'b1 CREATE new'
	imap_ok a 'a2 STATUS new (MESSAGES)'
}

@test "IDLE: a second IDLE after the first, ten times" {
	imap_start a --select INBOX
	imap_start b
	local i
	for ((i = 1; i <= 10; i++)); do
		imap_idle a
		append b INBOX "x: y$CRLF$CRLF"
		imap_wait a "=* $i EXISTS"
		imap_idle_done a
	done
}

#!/usr/bin/env bats
# cap-list-status.bats - LIST-STATUS, STATUS=SIZE, APPENDLIMIT: RFC 5819, 8438, 7889
# SPDX-License-Identifier: ISC
load ../lib/imap

@test "LIST-STATUS: a STATUS behind each LIST (RFC 5819 3)" {
	local d
	for d in '\' /; do
		rm -rf "$MSGSTORE"
		store_new
		conf "delimiter = $d"
		mboxadm user add --no-password --mailboxes none dora
		imap_start a --user dora
		seed a INBOX 3
		imap_ok a 'a1 CREATE foo'
		imap_ok a 'a2 CREATE bar'
		imap_ok a "a3 CREATE bar$d""x"
		imap_ok a 'a4 DELETE bar'
		imap_ok a 'A01 LIST "" % RETURN (STATUS (MESSAGES UNSEEN))'
		expect_only '~LIST .* INBOX$' \
		    '=* STATUS INBOX (MESSAGES 3 UNSEEN 3)' \
		    '~LIST \(\\Noselect .* bar$' '~LIST .* foo$' \
		    '=* STATUS foo (MESSAGES 0 UNSEEN 0)' 'A01 OK'
		imap_close a
	done
}

@test "LIST-STATUS: none for a parent that is told for its child (RFC 5819 3)" {
	mboxadm user add --no-password --mailboxes none dora
	imap_start a --user dora
	imap_ok a 'a1 CREATE foo\bar'
	imap_ok a 'a2 SUBSCRIBE foo\bar'
	imap_ok a 'A02 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))'
	expect_only '~LIST \(.*\\Subscribed\).* INBOX$' \
	    '=* STATUS INBOX (MESSAGES 0)' \
	    '~LIST .* foo \("CHILDINFO" \("SUBSCRIBED"\)\)$' 'A02 OK'
}

@test "LIST-STATUS: none for what is subscribed and not there" {
	imap_start a
	imap_ok a 'a1 SUBSCRIBE nothing'
	imap_ok a 'a2 LIST (SUBSCRIBED) "" nothing RETURN (STATUS (MESSAGES))'
	expect_only '~LIST \(\\NonExistent \\Subscribed\)' 'a2 OK'
}

@test "LIST-STATUS: what may be seen and not read has \\Noselect and no STATUS (RFC 5819 2)" {
	mboxadm grant sales alice l
	imap_start a
	imap_ok a 'a1 LIST "" "shared\\*" RETURN (STATUS (MESSAGES))'
	expect_only '~^\* LIST \(\\Noselect .*sales"$' 'a1 OK'
	mboxadm grant sales alice read
	imap_ok a 'a2 LIST "" "shared\\*" RETURN (STATUS (MESSAGES))'
	expect_only '~^\* LIST \(\\HasNoChildren\)' '=* STATUS "shared\\sales" (MESSAGES 0)' 'a2 OK'
}

@test "LIST-STATUS: counts what other sessions did, and keeps \\Recent for them" {
	imap_start a
	imap_start b
	seed a INBOX 2
	imap_ok b 'b1 LIST "" INBOX RETURN (STATUS (MESSAGES RECENT UIDNEXT))'
	expect '=* STATUS INBOX (MESSAGES 2 RECENT 2 UIDNEXT 3)'
	imap_ok b 'b2 SELECT INBOX'
	expect '* 2 RECENT'
	imap_ok b 'b3 STORE 1:2 +FLAGS (\Deleted \Seen)'
	imap_ok a 'a1 LIST "" INBOX RETURN (STATUS (UNSEEN DELETED MESSAGES DELETED))'
	expect '=* STATUS INBOX (UNSEEN 0 DELETED 2 MESSAGES 2)'
	imap_ok b 'b4 EXPUNGE'
	imap_ok a 'a2 LIST "" INBOX RETURN (STATUS (DELETED MESSAGES SIZE))'
	expect '=* STATUS INBOX (DELETED 0 MESSAGES 0 SIZE 0)'
}

@test "LIST-STATUS: counters that a crash left behind are counted again" {
	imap_start a
	seed a INBOX 2
	imap_close a
	as_owner sqlite3 "$MSGSTORE/users/alice/account.db" \
	    "UPDATE mailboxes SET messages = 77, boot = 0"
	imap_start a
	imap_ok a 'a1 LIST "" * RETURN (STATUS (MESSAGES))'
	expect '=* STATUS INBOX (MESSAGES 2)'
	expect '=* STATUS Sent (MESSAGES 0)'
}

@test "LIST-STATUS: opens no mailbox" {
	imap_start a
	seed a INBOX 2
	imap_close a
	imap_start a
	local pid
	pid=$(imap_pid a)
	imap_ok a 'a1 LIST "" * RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE))'
	# What was opened stays open: SQLite's files for one.
	[[ $(ls -l "/proc/$pid/fd") != *messages.db* ]]
	imap_ok a 'a2 SELECT INBOX'
	[[ $(ls -l "/proc/$pid/fd") == *messages.db* ]]
}

@test "LIST-STATUS: what the grammar does not have is BAD (RFC 5819 4)" {
	imap_start a
	local line
	for line in STATUS 'STATUS MESSAGES' 'STATUS ()' 'STATUS (FOO)' \
	    'STATUS(MESSAGES)' 'STATUS ( MESSAGES)' 'STATUS (MESSAGES )' \
	    'STATUS (MESSAGES' 'STATUS (MESSAGES  UNSEEN)' \
	    'STATUS (MESSAGES,UNSEEN)' 'STATUS ("MESSAGES")'; do
		imap a "a1 LIST \"\" * RETURN ($line)"
		expect_only 'a1 BAD'
	done
	imap_ok a 'a2 LIST "" INBOX RETURN (STATUS (MESSAGES) STATUS (messages UNSEEN))'
	expect '=* STATUS INBOX (MESSAGES 0 UNSEEN 0)'
}

@test "STATUS=SIZE: the sum of RFC822.SIZE (RFC 8438 3)" {
	imap_start a
	seed a INBOX 4
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 FETCH 1:* RFC822.SIZE'
	local line sum=0
	for line in "${ANSWER[@]}"; do
		[[ ! $line =~ 'RFC822.SIZE '([0-9]+) ]] || sum=$((sum + BASH_REMATCH[1]))
	done
	((sum > 0))
	imap_ok a 'A01 STATUS INBOX (MESSAGES SIZE UIDNEXT)'
	expect_only "=* STATUS INBOX (MESSAGES 4 SIZE $sum UIDNEXT 5)" 'A01 OK'
	imap_ok a 'A04 LIST "" INBOX RETURN (STATUS (MESSAGES SIZE))'
	expect "=* STATUS INBOX (MESSAGES 4 SIZE $sum)"
}

@test "APPENDLIMIT: told for all mailboxes, and for each (RFC 7889 2, 3)" {
	conf 'message-size-limit = 1K'
	imap_start a
	imap a 't1 CAPABILITY'
	expect '~ APPENDLIMIT=1024( |$)'
	imap_ok a 't1 STATUS INBOX (APPENDLIMIT)'
	expect_only '=* STATUS INBOX (APPENDLIMIT 1024)' 't1 OK'
	imap_ok a 't1 LIST "" INBOX RETURN (STATUS (APPENDLIMIT))'
	expect '=* STATUS INBOX (APPENDLIMIT 1024)'
	imap a 't2 APPEND INBOX {1025}'
	expect_only 't2 NO [TOOBIG]'
	local text
	printf -v text '%01024d' 0
	imap_ok a "t3 APPEND INBOX {1024+}$CRLF$text"
}

@test "STATUS: what belongs to a capability that is off is BAD" {
	local word item
	while read -r word item; do
		: >"$MSGSTORE_CONF"
		conf "capabilities-off = $word"
		imap_start a
		imap a "a1 STATUS INBOX ($item)"
		expect_only 'a1 BAD'
		imap a "a2 LIST \"\" * RETURN (STATUS ($item))"
		expect_only 'a2 BAD'
		imap a 'a3 CAPABILITY'
		refute "~ $word( |=|\$)"
		imap_close a
	done <<-'EOF'
		STATUS=SIZE SIZE
		APPENDLIMIT APPENDLIMIT
		IMAP4rev2 DELETED
		LIST-STATUS FOO
	EOF
	conf 'capabilities-off = LIST-STATUS'
	imap_start a
	imap a 'a1 LIST "" * RETURN (STATUS (MESSAGES))'
	expect_only 'a1 BAD'
}

@test "STATUS: what the grammar does not have is BAD (RFC 9051 9)" {
	imap_start a
	local line
	for line in '' ' INBOX' ' INBOX ()' ' INBOX MESSAGES' ' INBOX (FOO)' \
	    ' INBOX (MESSAGES' ' INBOX (MESSAGES ) ' ' INBOX  (MESSAGES)' \
	    ' INBOX (MESSAGES) x' ' * (MESSAGES)' ' (MESSAGES)'; do
		imap a "a1 STATUS$line"
		expect_only 'a1 BAD'
	done
}

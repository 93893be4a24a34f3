#!/usr/bin/env bats
# cap-imap4rev2.bats - IMAP4rev2 beside IMAP4rev1: RFC 9051
# SPDX-License-Identifier: ISC
load ../lib/imap

# "é" composed, and as a letter with an accent behind it.
NFC=$'caf\xc3\xa9'
NFD=$'cafe\xcc\x81'

# rev2 NAME [ARGUMENT ...]: as imap_start, and IMAP4rev2 is on.
rev2() {
	imap_start "$@"
	imap "$1" 'e1 ENABLE IMAP4rev2'
	expect_only '=* ENABLED IMAP4rev2' 'e1 OK'
}

@test "IMAP4rev2: both are announced, rev1 until ENABLE (RFC 9051 A)" {
	imap_start a
	imap a 'a1 CAPABILITY'
	expect '~ IMAP4rev1( .*)? IMAP4rev2( |$)'
	seed a INBOX 2
	imap_ok a 'a2 SELECT INBOX'
	expect '* 2 RECENT' '* OK [UNSEEN 1]'
	refute '* LIST'
	imap_ok a 'a3 FETCH 1 FLAGS'
	expect_flags 1 '\Recent'
}

@test "IMAP4rev2: SELECT tells LIST, not RECENT, not UNSEEN (RFC 9051 6.3.2, E)" {
	mboxadm grant sales alice write
	rev2 a
	seed a INBOX 2
	local cmd
	for cmd in SELECT EXAMINE; do
		imap_ok a "a1 $cmd INBOX"
		expect '* 2 EXISTS'
		expect '=* LIST (\HasNoChildren \Subscribed) "\\" INBOX'
		expect '~^\* OK \[UIDVALIDITY' '~^\* OK \[UIDNEXT 3\]'
		refute RECENT '[UNSEEN'
	done
	imap_ok a 'a2 CREATE "Work\\Plans"'
	imap_ok a 'a3 SELECT Work'
	expect '* OK [CLOSED]' '=* LIST (\HasChildren) "\\" Work' 'a3 OK'
	imap_ok a 'a4 SELECT Sent'
	expect '~^\* LIST \(.*\\Sent\) "\\\\" Sent$'
	imap_ok a 'a5 SELECT "shared\\sales"'
	expect '=* LIST (\HasNoChildren) "\\" "shared\\sales"'
	imap a 'a6 SELECT nothing'
	expect_only '* OK [CLOSED]' 'a6 NO [NONEXISTENT]'
}

@test "IMAP4rev2: OLDNAME when a name was written otherwise (RFC 9051 6.3.9.7)" {
	rev2 a
	# RFC 9051 8
	imap_ok a 'a002 select inbox'
	expect '=* LIST (\HasNoChildren \Subscribed) "\\" INBOX ("OLDNAME" (inbox))'
	imap_ok a "a1 CREATE \"$NFD\""
	expect_only "=* LIST (\\HasNoChildren) \"\\\\\" \"$NFC\" (\"OLDNAME\" (\"$NFD\"))" 'a1 OK'
	imap_ok a "a2 SELECT \"$NFD\""
	expect "~^\* LIST .*\"$NFC\" \(\"OLDNAME\" \(\"$NFD\"\)\)\$"
	imap_ok a "a3 SELECT \"$NFC\""
	refute OLDNAME
	imap_ok a "a4 RENAME \"$NFD\" Tea"
	expect "=* LIST (\\HasNoChildren) \"\\\\\" Tea (\"OLDNAME\" (\"$NFD\"))"
	imap_ok a "a5 RENAME Tea \"$NFD\""
	expect "=* LIST (\\HasNoChildren) \"\\\\\" \"$NFC\" (\"OLDNAME\" (Tea))"
	imap_ok a 'a6 UNSELECT'
	imap_ok a "a6 DELETE \"$NFD\""
	expect_only "=* LIST (\\NonExistent) \"\\\\\" \"$NFC\" (\"OLDNAME\" (\"$NFD\"))" 'a6 OK'
	# A delimiter at the end is no other name.
	imap a 'a7 CREATE "Work\\"'
	expect_only 'a7 OK'
	imap a 'a8 RENAME Work Play'
	expect_only 'a8 OK'
	imap a 'a9 DELETE Play'
	expect_only 'a9 OK'
}

@test "IMAP4rev2: OLDNAME is not for those who did not enable it (RFC 5258 3)" {
	imap_start a
	imap a "a1 CREATE \"$NFD\""
	expect_only 'a1 OK'
	imap a "a2 DELETE \"$NFD\""
	expect_only 'a2 OK'
}

@test "IMAP4rev2: \\Recent is not told; the session takes it all the same (RFC 9051 E)" {
	rev2 a
	imap_ok a 'a1 SELECT INBOX'
	imap_start b
	seed b INBOX 1
	imap_ok a 'a2 NOOP'
	expect '* 1 EXISTS'
	refute RECENT
	imap_ok a 'a3 FETCH 1 FLAGS'
	refute '\Recent'
	imap_ok a 'a4 SEARCH NEW'
	refute '~SEARCH .*1$'
	imap_ok b 'b1 SELECT INBOX'
	expect '* 0 RECENT'
}

@test "IMAP4rev2: a FETCH that was not asked for has the UID (RFC 9051 7.5.2)" {
	rev2 a
	seed a INBOX 2
	imap_ok a 'a1 SELECT INBOX'
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 2 +FLAGS (\Flagged)'
	imap_ok a 'a2 NOOP'
	expect '~^\* 2 FETCH \(UID 2 FLAGS \(\\Flagged\)\)$'
	imap_ok a 'a3 STORE 1 +FLAGS (\Seen)'
	expect '~^\* 1 FETCH \(UID 1 FLAGS \(\\Seen\)\)$'
}

@test "IMAP4rev2: names are UTF-8 in both directions (RFC 9051 5.1)" {
	local d
	for d in '\' /; do
		rm -rf "$MSGSTORE"
		store_new
		conf "delimiter = $d"
		rev2 a
		imap_ok a "a1 CREATE \"$NFC\""
		imap_ok a "a2 LIST \"\" caf*"
		expect_only "~^\* LIST .* \"$NFC\"\$" 'a2 OK'
		imap_ok a "a3 LIST \"\" {5+}$CRLF$NFC"
		expect "~^\* LIST .* \"$NFC\"\$"
		imap_ok a "a4 LIST \"\" \"$NFD\""
		expect "~^\* LIST .* \"$NFC\"\$"
		imap_ok a "a4 LIST \"\" \"*$NFD%\""
		expect "~^\* LIST .* \"$NFC\"\$"
		imap_ok a "a5 STATUS \"$NFC\" (MESSAGES)"
		expect "=* STATUS \"$NFC\" (MESSAGES 0)"
		imap_ok a "a6 SUBSCRIBE \"$NFD\""
		imap_ok a 'a7 LSUB "" c*'
		expect "~^\* LSUB .* \"$NFC\"\$"
		# '&' is itself now, and is written so to others.
		imap_ok a 'a8 CREATE "Tom & Jerry"'
		imap_ok a 'a9 CREATE "&AOk-"'
		imap_ok a 'b1 LIST "" "*&*"'
		expect '~LIST .* &AOk-$' '~LIST .* "Tom & Jerry"$'
		imap_ok a 'b2 SELECT "&AOk-"'
		imap_start b
		imap_ok b 'b1 LIST "" *'
		expect_listed 'Tom &- Jerry'
		expect_listed '&-AOk-'
		expect_listed 'caf&AOk-'
		imap_ok b 'b2 SELECT "&-AOk-"'
		imap_ok b 'b3 SELECT "caf&AOk-"'
		imap_close a
		imap_close b
	done
}

@test "IMAP4rev2: names that are not Net-Unicode are refused (RFC 9051 5.1, RFC 5198 2)" {
	rev2 a
	local bad
	for bad in $'\xc2\x85' $'\xe2\x80\xa8' $'\xe2\x80\xa9' $'\xef\xbf\xbf' \
	    $'\x01' $'\x7f'; do
		imap a "a1 CREATE \"x$bad\""
		expect_only '~^a1 (NO \[CANNOT\]|BAD)'
	done
	# What is not UTF-8 is not a quoted string (RFC 9755 3).
	for bad in $'\xc3' $'\xff' $'\xc0\xaf' $'\xed\xa0\x80' $'\xf4\x90\x80\x80'; do
		imap a "a2 CREATE \"x$bad\""
		expect_only 'a2 BAD'
	done
	imap_ok a 'a4 NOOP'
}

@test "IMAP4rev2: what rev1 has is still taken: LSUB, CHECK, RFC822 (RFC 9051 A)" {
	rev2 a
	seed a INBOX 1
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 LSUB "" *'
	imap_ok a 'a3 CHECK'
	imap_ok a 'a4 FETCH 1 RFC822.HEADER'
	imap_ok a 'a5 STATUS INBOX (MESSAGES RECENT)'
}

@test "IMAP4rev2: STATUS tells DELETED and SIZE (RFC 9051 6.3.11)" {
	rev2 a
	seed a INBOX 3
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 STORE 2 +FLAGS (\Deleted)'
	imap_ok a 'a3 STATUS INBOX (DELETED MESSAGES)'
	expect '=* STATUS INBOX (DELETED 1 MESSAGES 3)'
}

@test "capabilities-off: IMAP4rev2 cannot be enabled then" {
	conf 'capabilities-off = IMAP4rev2'
	imap_start a
	imap a 'a1 ENABLE IMAP4rev2'
	expect_only '=* ENABLED' 'a1 OK'
	imap_ok a 'a2 SELECT INBOX'
	refute '* LIST'
	expect '* 0 RECENT'
}

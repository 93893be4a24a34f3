#!/usr/bin/env bats
# copy.bats - COPY
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	imap_setup
	imap_start a
	seed a INBOX 4
	imap_ok a 's1 SELECT INBOX'
}

@test "COPY: flags and dates go along, the source stays (RFC 3501 6.4.7)" {
	append a INBOX "Subject: dated$CRLF${CRLF}text$CRLF" '(\Flagged $Work)' \
	    '17-Jul-1996 02:44:25 -0700'
	imap a 'a1 COPY 5 Archive'
	expect '~^a1 OK \[COPYUID [0-9]+ 5 1\]'
	imap_ok a 'a2 SELECT Archive'
	expect '=* 1 EXISTS'
	imap_ok a 'a3 FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[] ENVELOPE)'
	expect_flags 1 '\Flagged' '$Work'
	expect_item INTERNALDATE '17-Jul-1996 02:44:25 -0700'
	expect_item 'BODY[]' "Subject: dated$CRLF${CRLF}text$CRLF"
	expect '~"dated"'
	imap_ok a 'a4 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 5)'
}

@test "COPY: COPYUID pairs the UIDs in order (RFC 4315 3)" {
	imap_ok a 'a0 STATUS Archive (UIDVALIDITY)'
	local validity=${ANSWER[0]//[^0-9]/}
	imap_ok a 'a1 COPY 3,1 Archive'
	expect "a1 OK [COPYUID $validity 1,3 1:2]"
	imap_ok a 'a2 UID COPY 2:4 Archive'
	expect "a2 OK [COPYUID $validity 2:4 3:5]"
	imap_ok a 'a3 SELECT Archive'
	imap_ok a 'a4 FETCH 1:5 BODY.PEEK[TEXT]'
	expect "~^\* 1 FETCH .*body 1$CRLF" "~^\* 2 FETCH .*body 3$CRLF" \
	    "~^\* 3 FETCH .*body 2$CRLF" "~^\* 5 FETCH .*body 4$CRLF"
}

@test "COPY: into the selected mailbox itself" {
	imap_ok a 'a1 COPY 1:2 INBOX'
	expect '=* 6 EXISTS' 'a1 OK [COPYUID'
	imap_ok a 'a2 UID SEARCH ALL'
	expect '=* SEARCH 1 2 3 4 5 6'
}

@test "COPY: TRYCREATE; no copy of a part (RFC 3501 6.4.7)" {
	imap a 'a1 COPY 1 Nothing'
	expect_only 'a1 NO [TRYCREATE]'
	imap a 'a2 COPY 4:5 Archive'
	expect_only 'a2 BAD'
	imap_ok a 'a3 STATUS Archive (MESSAGES)'
	expect '=* STATUS Archive (MESSAGES 0)'
}

@test "UID COPY: UIDs that are not there are no error (RFC 3501 6.4.8)" {
	imap a 'a1 UID COPY 77:99 Archive'
	expect_only 'a1 OK'
	refute COPYUID
	imap_ok a 'a2 UID COPY 4:99 Archive'
	expect '~^a2 OK \[COPYUID [0-9]+ 4 1\]'
}

@test "COPY: a message that another session expunged (RFC 2180 4.4)" {
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 2 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 EXPUNGE'
	imap a 'a1 COPY 1:3 Archive'
	expect '=* 2 EXPUNGE' 'a1 NO [EXPUNGEISSUED]'
	imap_ok a 'a2 STATUS Archive (MESSAGES)'
	expect '=* STATUS Archive (MESSAGES 0)'
	imap_ok a 'a3 COPY 1:3 Archive'
	expect '~^a3 OK \[COPYUID [0-9]+ 1,3:4 1:3\]'
}

@test "COPY: to a mailbox that another session has selected" {
	imap_start b --select Archive
	imap_ok a 'a1 COPY 1:4 Archive'
	imap_ok b 'b1 NOOP'
	expect '=* 4 EXISTS' 'b1 OK'
}

@test "COPY: the copy's octets take no room on the disk" {
	local text
	printf -v text 'Subject: large\r\n\r\n%0200000d' 0
	append a INBOX "$text"
	imap_ok a 'a1 COPY 5 Archive'
	run find "$MSGSTORE" -type f -name '[0-9]*' -size +150k -links 1
	same '' "$output"
	run find "$MSGSTORE" -type f -name '[0-9]*' -size +150k -links 2
	same 2 "${#lines[@]}"
}

@test "COPY: keywords are made in the destination, as they are written there" {
	imap_ok a 'a1 STORE 1 +FLAGS.SILENT (Alpha Beta)'
	append a Archive "x: y$CRLF$CRLF" '(beta)'
	imap_ok a 'a2 COPY 1 Archive'
	imap_ok a 'a3 SELECT Archive'
	imap_ok a 'a4 FETCH 2 FLAGS'
	expect_flags 2 Alpha beta
}

#!/usr/bin/env bats
# cap-enable.bats - ENABLE: RFC 5161, RFC 9051 6.3.1
# SPDX-License-Identifier: ISC
load ../lib/imap

@test "ENABLE: words that are not known are ignored, ENABLED is told (RFC 5161 3.1)" {
	imap_start a
	imap a 't2 ENABLE X-GOOD-IDEA'
	expect_only '=* ENABLED' 't2 OK'
	imap a 't3 enable IDLE X-A X-B'
	expect_only '=* ENABLED' 't3 OK'
}

@test "ENABLE: CAPABILITY lists the same before and after it (RFC 5161 3.1)" {
	imap_start a
	imap a 't1 CAPABILITY'
	local before=${ANSWER[0]}
	[[ " $before " == *' ENABLE '* ]]
	imap_ok a 't2 ENABLE CONDSTORE QRESYNC UIDONLY IMAP4rev2 UTF8=ACCEPT'
	imap a 't3 CAPABILITY'
	same "$before" "${ANSWER[0]}"
}

@test "ENABLE: without a word, or with what is no atom, is BAD (RFC 5161 3.1, 4)" {
	local line
	imap_start a
	for line in '' ' ' ' A  B' ' A ' ' (A)' ' "A"' ' A*' $' A\x01' ' A]' ' A%'; do
		imap a "t1 ENABLE$line"
		expect_only 't1 BAD'
	done
}

@test "ENABLE: only when logged in, and no mailbox is selected (RFC 9051 6.3.1)" {
	imap_start a --login
	imap a 't1 ENABLE CONDSTORE'
	expect_only 't1 BAD'
	imap_start b --select INBOX
	imap b 't1 ENABLE CONDSTORE'
	expect_only 't1 BAD'
	imap_ok b 't2 UNSELECT'
	imap b 't3 ENABLE X'
	expect_only '* ENABLED' 't3 OK'
}

@test "ENABLE: behind LOGIN and before SELECT in one packet (RFC 5161 3.1)" {
	imap_start a --login
	imap_send_raw a "t1 LOGIN alice wonderland${CRLF}t2 ENABLE X${CRLF}t3 SELECT INBOX${CRLF}"
	imap_recv a t3
	expect 't3 OK'
}

@test "ENABLE: turned off, it is not known" {
	conf 'capabilities-off = ENABLE'
	imap_start a
	imap a 't1 ENABLE CONDSTORE'
	expect_only 't1 BAD'
	imap a 't2 CAPABILITY'
	refute '~ ENABLE( |$)'
}

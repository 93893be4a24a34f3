#!/usr/bin/env bats
# cap-literal.bats - LITERAL+ and LITERAL-: RFC 7888
# SPDX-License-Identifier: ISC
load ../lib/imap

# login_with OCTETS NAME OCTETS PASSWORD: as literals, in one packet.
login_with() {
	imap_send_raw a "A001 LOGIN {$1+}$CRLF$2 {$3+}$CRLF$4$CRLF"
	imap_recv a A001
}

@test "LITERAL+: LOGIN in one packet (RFC 7888 3)" {
	imap_start a --login
	imap a 'a1 CAPABILITY'
	expect '~ LITERAL\+( |$)'
	refute '~ LITERAL-'
	login_with 5 alice 10 wonderland
	expect_only 'A001 OK'
}

@test "LITERAL-: announced where LITERAL+ is off, never both (RFC 7888 5)" {
	conf 'capabilities-off = LITERAL+'
	imap_start a --login
	imap a 'a1 CAPABILITY'
	expect '~ LITERAL-( |$)'
	refute '~ LITERAL\+'
	login_with 5 alice 10 wonderland
	expect_only 'A001 OK'
	imap a 'a2 CAPABILITY'
	expect '~ LITERAL-( |$)'
}

@test "LITERAL-: 4096 octets are the most, of any command (RFC 7888 5)" {
	conf 'capabilities-off = LITERAL+'
	imap_start a
	local text
	printf -v text '%04096d' 0
	imap a "a1 APPEND INBOX {4096+}$CRLF$text"
	expect 'a1 OK'
	# The command that follows is read as one: the octets were dropped.
	imap_send_raw a "a2 APPEND INBOX {4097+}$CRLF${text}x$CRLF""a3 NOOP$CRLF"
	imap_recv a a3
	expect_only 'a2 BAD [TOOBIG]' 'a3 OK'
	imap_send_raw a "a4 CREATE {4097+}$CRLF${text}x$CRLF""a5 NOOP$CRLF"
	imap_recv a a5
	expect_only 'a4 BAD [TOOBIG]' 'a5 OK'
	# A literal that waits may be longer.
	imap a 'a6 APPEND INBOX {4097}' "${text}x"
	expect 'a6 OK'
	imap_ok a 'a7 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 2)'
}

@test "LITERAL-: of one user (RFC 7888 5)" {
	mboxadm user set alice capabilities-off LITERAL+
	imap_start a --login
	imap a 'a1 LOGIN alice wonderland'
	expect '~^a1 OK \[CAPABILITY .* LITERAL- '
	local text
	printf -v text '%05000d' 0
	imap a "a2 APPEND INBOX {5000+}$CRLF$text"
	expect_only 'a2 BAD [TOOBIG]'
}

@test "LITERAL-: with both off no literal goes without waiting" {
	conf 'capabilities-off = LITERAL+ LITERAL-'
	imap_start a
	imap a 'a1 CAPABILITY'
	refute LITERAL
	imap_send_raw a "a2 CREATE {3+}${CRLF}abc${CRLF}a3 NOOP$CRLF"
	imap_recv a a3
	expect_only 'a2 BAD' 'a3 OK'
	imap_send_raw a "a4 CREATE {0+}${CRLF}${CRLF}a5 NOOP$CRLF"
	imap_recv a a5
	expect_only 'a4 BAD' 'a5 OK'
	imap_ok a 'a6 CREATE {3}' abc
}

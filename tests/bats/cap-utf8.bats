#!/usr/bin/env bats
# cap-utf8.bats - UTF8=ACCEPT: RFC 9755
# SPDX-License-Identifier: ISC
load ../lib/imap

NFC=$'caf\xc3\xa9'
NFD=$'cafe\xcc\x81'

utf8() {
	imap_start "$@"
	imap "$1" 'e1 ENABLE UTF8=ACCEPT'
	expect_only '=* ENABLED UTF8=ACCEPT' 'e1 OK'
}

@test "UTF8=ACCEPT: only once it is on, and not with a mailbox selected (RFC 9755 3)" {
	imap_start a --select INBOX
	imap a 'a1 ENABLE UTF8=ACCEPT'
	expect_only 'a1 BAD'
	imap_ok a 'a2 UNSELECT'
	imap_ok a "a3 CREATE \"$NFC\""
	imap_ok a 'a4 LIST "" c*'
	expect '~LIST .* caf&AOk-$'
	imap a 'a5 ENABLE utf8=accept UTF8=ONLY'
	expect_only '=* ENABLED UTF8=ACCEPT' 'a5 OK'
	imap_ok a 'a6 LIST "" c*'
	expect "~LIST .* \"$NFC\"\$"
	imap a 'a7 ENABLE UTF8=ACCEPT'
	expect_only '=* ENABLED' 'a7 OK'
}

@test "UTF8=ACCEPT: names in every command, in quoted strings and literals (RFC 9755 3)" {
	utf8 a
	imap_ok a "a1 CREATE \"$NFC\""
	imap_ok a "a2 SELECT \"$NFD\""
	imap_ok a "a3 EXAMINE {5+}" "$NFC"
	imap_ok a 'a4 UNSELECT'
	imap_ok a "a5 STATUS \"$NFD\" (MESSAGES)"
	expect "=* STATUS \"$NFC\" (MESSAGES 0)"
	imap_ok a "a6 SUBSCRIBE \"$NFD\""
	imap_ok a "a7 LIST (SUBSCRIBED) \"\" \"$NFC\""
	expect "~LIST \(.*Subscribed\) .* \"$NFC\"\$"
	imap_ok a "a8 LSUB \"\" \"$NFC\""
	expect "~LSUB .* \"$NFC\"\$"
	append a "\"$NFD\"" "Subject: x$CRLF$CRLF"
	imap_ok a "a9 STATUS \"$NFC\" (MESSAGES)"
	expect "=* STATUS \"$NFC\" (MESSAGES 1)"
	imap_ok a 'b1 SELECT INBOX'
	imap_ok a "b2 RENAME \"$NFC\" \"x\\\\$NFC\""
	imap_ok a 'b3 LIST "" x*'
	expect '~LIST .* x$' "~LIST .* \"x\\\\\\\\$NFC\"\$"
	imap_ok a "b4 UNSUBSCRIBE \"$NFC\""
	imap_ok a "b5 DELETE \"x\\\\$NFC\""
	# No OLDNAME: that is IMAP4rev2's.
	refute OLDNAME
}

@test "UTF8=ACCEPT: before it UTF-8 is taken, and modified UTF-7 told (RFC 9755 3)" {
	imap_start a
	imap_ok a "a1 CREATE \"$NFD\""
	imap_ok a "a2 SELECT \"$NFC\""
	imap_ok a 'a3 SELECT "caf&AOk-"'
	imap_ok a "a4 LIST \"\" \"$NFD\""
	expect '~LIST .* caf&AOk-$'
	imap_ok a "a5 LIST \"\" \"*$NFD\""
	expect '~LIST .* caf&AOk-$'
	imap_ok a "a6 LIST \"\" (x \"c%\" \"$NFC\" \"caf&AOk-\")"
	expect_only '~LIST .* caf&AOk-$' 'a6 OK'
	imap_ok a "a7 STATUS \"$NFC\" (MESSAGES)"
	expect '=* STATUS caf&AOk- (MESSAGES 0)'
}

@test "UTF8=ACCEPT: octets that are no UTF-8 in a quoted string are BAD (RFC 9755 3)" {
	utf8 a
	local bad
	for bad in $'\x80' $'\xc3' $'\xc3(' $'\xc0\x80' $'\xe2\x82' \
	    $'\xed\xa0\x80' $'\xf5\x80\x80\x80' $'\xff'; do
		imap a "a1 SELECT \"x$bad\""
		expect_only 'a1 BAD'
		imap a "a2 SELECT x$bad"
		expect_only 'a2 BAD'
	done
	imap a 'a3 LIST "" {2+}' $'\xff*'
	expect_only 'a3 OK'
	imap a 'a4 CREATE {2+}' $'\xffx'
	expect_only 'a4 NO [CANNOT]'
}

@test "UTF8=ACCEPT: 8-bit atoms are BAD, with and without it" {
	imap_start a
	imap a "a1 CREATE $NFC"
	expect_only 'a1 BAD'
	utf8 b
	imap b "a1 CREATE $NFC"
	expect_only 'a1 BAD'
}

@test "capabilities-off: UTF8=ACCEPT cannot be enabled then" {
	conf 'capabilities-off = UTF8=ACCEPT'
	imap_start a
	imap a 'a1 ENABLE UTF8=ACCEPT'
	expect_only '=* ENABLED' 'a1 OK'
	imap_ok a "a2 CREATE \"$NFC\""
	imap_ok a 'a3 LIST "" c*'
	expect '~LIST .* caf&AOk-$'
}

# An internationalised message, one with a name only, one in US-ASCII.
seed_utf8() {
	append "$1" INBOX $'From: Jos\xc3\xa9 <j@\xc3\xa9xample.com>\r\nTo: a@example.com\r\nSubject: Caf\xc3\xa9\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n'
	append "$1" INBOX $'From: Jos\xc3\xa9 <j@example.com>\r\nSubject: x\r\n\r\nbody\r\n'
	append "$1" INBOX $'From: j@example.com\r\nSubject: x\r\n\r\nbody\r\n'
}

@test "UTF8=ACCEPT: without it an ENVELOPE is US-ASCII (RFC 9755 8, 9, RFC 6858 2, 3)" {
	imap_start a
	seed_utf8 a
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 FETCH 1:* ENVELOPE'
	refute $'\xc3'
	expect '~"=\?UTF-8\?B\?Q2Fmw6k=\?=" \(\("=\?UTF-8\?B\?Sm9zw6k=\?=" NIL "invalid" "internationalized-address.invalid"\)\)'
	expect '~\(\("=\?UTF-8\?B\?Sm9zw6k=\?=" NIL "j" "example.com"\)\)'
	expect 'a2 OK [DOWNGRADED 1:2]'
	imap_ok a 'a3 UID FETCH 3 ENVELOPE'
	refute DOWNGRADED
	imap_ok a 'a4 UID FETCH 1:3 FLAGS'
	refute DOWNGRADED
}

@test "UTF8=ACCEPT: with it, or in IMAP4rev2, the ENVELOPE is as it was sent" {
	local word
	imap_start s
	seed_utf8 s
	for word in UTF8=ACCEPT IMAP4rev2; do
		imap_start a
		imap_ok a "a0 ENABLE $word"
		imap_ok a 'a1 SELECT INBOX'
		imap_ok a 'a2 FETCH 1:* ENVELOPE'
		expect $'~Caf\xc3\xa9'
		expect $'~\xc3\xa9xample.com'
		refute DOWNGRADED '=?UTF-8'
		imap_close a
	done
}

#!/usr/bin/env bats
# cap-binary.bats - FETCH BINARY, APPEND of literal8 (RFC 3516)
# SPDX-License-Identifier: ISC
load ../lib/imap

crlf MIXED <<'EOM'
Subject: parts
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

preamble
--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

caf=C3=A9 =
soft=3D
--b
Content-Type: application/octet-stream
Content-Transfer-Encoding: BASE64

aGVsbG8AA
Xdvcmxk
--b
Content-Type: text/plain

plain text
--b
Content-Type: image/x-uu
Content-Transfer-Encoding: x-uuencode

begin 644 x
--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain
Content-Transfer-Encoding: base64

aW5uZXI=
--c--
--b
Content-Type: message/rfc822

Subject: nested
Content-Transfer-Encoding: base64

bmVzdGVk
--b
Content-Type: text/plain
Content-Transfer-Encoding: base64


--b--
EOM

# octets NAME COUNT: that many from a connection, in hexadecimal.
octets() {
	timeout "$IMAP_TIMEOUT" head -c "$2" <&"${IMAP_FD[$1]}" | xxd -p | tr -d '\n'
}

hex() {
	printf "$1" | xxd -p | tr -d '\n'
}

# sends NAME LINE HEX: the answer begins with exactly these octets, and the
# rest of it comes up to the tagged line.
sends() {
	imap_send "$1" "$2"
	same "$3" "$(octets "$1" $((${#3} / 2)))"
	imap_recv "$1" "${2%% *}"
}

@test "BINARY: quoted-printable and base64 are decoded (RFC 3516 4.3)" {
	imap_start a
	imap_ok a 'a0 CAPABILITY'
	expect '~^\* CAPABILITY .*\bBINARY\b'
	append a INBOX "$MIXED"
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 FETCH 1 (BINARY.PEEK[1])'
	expect "=* 1 FETCH (BINARY[1] {11}${CRLF}caf"$'\xc3\xa9'' soft=)'
	imap_ok a 'a3 FETCH 1 BINARY.SIZE[1]'
	expect '=* 1 FETCH (BINARY.SIZE[1] 11)'
	imap_ok a 'a4 FETCH 1 (binary.peek[3] BINARY.SIZE[3])'
	expect "=* 1 FETCH (BINARY[3] {10}${CRLF}plain text BINARY.SIZE[3] 10)"
	imap_ok a 'a5 FETCH 1 (BINARY.PEEK[5.1] BINARY.PEEK[6.1])'
	expect_item 'BINARY[5.1]' inner
	expect_item 'BINARY[6.1]' nested
	imap_ok a 'a6 FETCH 1 FLAGS'
	refute '\Seen'
}

@test "BINARY: literal8 where there is a NUL, a string where there is none (RFC 3516 4.3)" {
	imap_start a --select INBOX
	append a INBOX "$MIXED"
	sends a 'a1 FETCH 1 (BINARY.PEEK[2])' \
	    "$(hex '* 1 FETCH (BINARY[2] ~{12}\r\nhello\000\001world)\r\n')"
	expect 'a1 OK'
	imap_ok a 'a2 FETCH 1 (BINARY.SIZE[2] BINARY.PEEK[2]<0.5>)'
	expect "=* 1 FETCH (BINARY.SIZE[2] 12 BINARY[2]<0> {5}${CRLF}hello)"
	sends a 'a3 FETCH 1 (BINARY.PEEK[2]<4.2>)' \
	    "$(hex '* 1 FETCH (BINARY[2]<4> ~{2}\r\no\000)\r\n')"
}

@test "BINARY: a partial counts in decoded octets (RFC 3516 4.2)" {
	imap_start a --select INBOX
	append a INBOX "$MIXED"
	imap_ok a 'a1 FETCH 1 (BINARY.PEEK[1]<0.4> BINARY.PEEK[1]<6.100>)'
	expect "=* 1 FETCH (BINARY[1]<0> {4}${CRLF}caf"$'\xc3'" BINARY[1]<6> {5}${CRLF}soft=)"
	imap_ok a 'a2 FETCH 1 (BINARY.PEEK[1]<11.1> BINARY.PEEK[1]<4294967295.4294967295>)'
	expect '=* 1 FETCH (BINARY[1]<11> "" BINARY[1]<4294967295> "")'
	imap_ok a 'a3 FETCH 1 (BINARY.PEEK[3]<6.2> BINARY.PEEK[3]<10.1> BINARY.PEEK[]<0.7>)'
	expect "=* 1 FETCH (BINARY[3]<6> {2}${CRLF}te BINARY[3]<10> \"\" BINARY[]<0> {7}${CRLF}Subject)"
}

@test "BINARY: without PEEK it is seen; BINARY.SIZE does not see (RFC 3516 4.2)" {
	imap_start a
	append a INBOX "$MIXED"
	imap_ok a 'a0 SELECT INBOX'
	imap_ok a 'a1 FETCH 1 BINARY.SIZE[1]'
	imap_ok a 'a2 FETCH 1 FLAGS'
	refute '\Seen'
	imap_ok a 'a3 FETCH 1 BINARY[3]'
	expect '~FLAGS \(.*\\Seen'
	imap_ok a 'a4 FETCH 1 FLAGS'
	expect_flags 1 '\Seen' '\Recent'
}

@test "BINARY: what cannot be decoded is UNKNOWN-CTE (RFC 3516 4.3)" {
	imap_start a --select INBOX
	append a INBOX "$MIXED"
	append a INBOX "Subject: x$CRLF${CRLF}text"
	imap a 'a1 FETCH 1 BINARY.PEEK[4]'
	expect_only 'a1 NO [UNKNOWN-CTE]'
	imap a 'a2 FETCH 1 BINARY.SIZE[4]'
	expect_only 'a2 NO [UNKNOWN-CTE]'
	# The others are answered all the same.
	imap a 'a3 FETCH 1:2 (UID BINARY.PEEK[4] BINARY.PEEK[1])'
	expect_only "=* 2 FETCH (UID 2 BINARY[4] NIL BINARY[1] {4}${CRLF}text)" \
	    'a3 NO [UNKNOWN-CTE]'
	imap_ok a 'a4 FETCH 1 BODY.PEEK[4]'
	expect_item 'BODY[4]' 'begin 644 x'
}

@test "BINARY: empty parts, parts that are not there, parts of parts" {
	imap_start a --select INBOX
	append a INBOX "$MIXED"
	imap_ok a 'a1 FETCH 1 (BINARY.PEEK[7] BINARY.SIZE[7] BINARY.PEEK[9] BINARY.SIZE[9] BINARY.PEEK[1.1])'
	expect '=* 1 FETCH (BINARY[7] "" BINARY.SIZE[7] 0 BINARY[9] NIL BINARY.SIZE[9] 0 BINARY[1.1] NIL)'
	# What holds parts is as it is in BODY.
	imap_ok a 'a2 FETCH 1 (BODY.PEEK[5] BINARY.PEEK[5] BODY.PEEK[6] BINARY.PEEK[6])'
	local five six
	five=${ANSWER[0]#*"BODY[5] "} five=${five%%" BINARY[5]"*}
	six=${ANSWER[0]#*"BODY[6] "} six=${six%%" BINARY[6]"*}
	expect "=* 1 FETCH (BODY[5] $five BINARY[5] $five BODY[6] $six BINARY[6] $six)"
	imap_ok a 'a3 FETCH 1 (BINARY.SIZE[] BINARY.PEEK[])'
	expect "=* 1 FETCH (BINARY.SIZE[] ${#MIXED} BINARY[] {${#MIXED}}$CRLF$MIXED)"
}

@test "BINARY: grammar (RFC 3516 7 \"section-binary\")" {
	imap_start a --select INBOX
	append a INBOX "$MIXED"
	local item
	for item in BINARY 'BINARY[' 'BINARY[0]' 'BINARY[1.]' 'BINARY[HEADER]' \
	    'BINARY[1.MIME]' 'BINARY[TEXT]' 'BINARY.SIZE[1]<0.1>' 'BINARY.SIZE' \
	    'BINARY[1]<0>' 'BINARY[1]<0.0>' 'BINARY[1]<.1>' 'BINARY.PEEK' \
	    'BINARY.PEEK.SIZE[1]' 'BINARY[4294967296]' 'BINARY[.1]' 'BINARY[1'; do
		imap a "a1 FETCH 1 $item"
		expect_only 'a1 BAD' || die "for: $item"
	done
	imap_ok a 'a2 FETCH 1 (BINARY.PEEK[4294967295])'
	expect '=* 1 FETCH (BINARY[4294967295] NIL)'
}

@test "BINARY: 20 MB of base64, in constant memory" {
	imap_start a --select INBOX
	local pid size=20000000 line
	pid=$(imap_pid a)
	# 19 lines of 78 octets have 1,482; 57 octets each are 1,083.
	line=$(head -c 57 /dev/zero | tr '\0' x | base64 -w0)
	{
		printf 'a1 APPEND INBOX {%d+}\r\n' $((60 + 78 * 250000))
		printf 'Content-Transfer-Encoding: base64\r\nSubject: some words\r\n\r\n\r\n'
		yes "$line$CR" | head -n 250000
		printf '\r\n'
	} >&"${IMAP_FD[a]}"
	imap_recv a a1
	expect 'a1 OK'
	imap_ok a 'a2 FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1]<14249990.100>)'
	expect "=* 1 FETCH (BINARY.SIZE[1] 14250000 BINARY[1]<14249990> {10}${CRLF}xxxxxxxxxx)"
	imap_send a 'a3 FETCH 1 BINARY.PEEK[1]'
	same "$(hex '* 1 FETCH (BINARY[1] {14250000}\r\nxx')" "$(octets a 35)"
	timeout "$IMAP_TIMEOUT" head -c 14249998 <&"${IMAP_FD[a]}" | tr -d x |
	    wc -c >"$BATS_TEST_TMPDIR/others"
	same 0 "$(<"$BATS_TEST_TMPDIR/others")"
	imap_recv a a3
	expect 'a3 OK'
	built_with_asan || (($(awk '$1 == "RssAnon:" { print $2 }' "/proc/$pid/status") < 4000))
}

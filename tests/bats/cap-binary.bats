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
	# shellcheck disable=SC2059 # it holds escapes
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

@test "BINARY: \\Seen of what could not be given is told too (RFC 3501 6.4.5)" {
	imap_start a --select INBOX
	append a INBOX "$MIXED"
	append a INBOX "Subject: x$CRLF${CRLF}text"
	imap a 'a1 FETCH 1:2 BINARY[4]'
	expect '=* 2 FETCH (BINARY[4] NIL FLAGS (\Seen \Recent))' \
	    '=* 1 FETCH (FLAGS (\Seen \Recent))' 'a1 NO [UNKNOWN-CTE]'
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

# --- APPEND of literal8 ---

# send_octets NAME FORMAT: as printf writes it, NULs too.
send_octets() {
	# shellcheck disable=SC2059 # the format is the text
	printf "$2" >&"${IMAP_FD[$1]}"
}

@test "APPEND literal8: without NULs it stays as it is (RFC 3516 6)" {
	imap_start a --select INBOX
	local text=$'Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\xff\x01\x80\n\r'
	imap a "a1 APPEND INBOX ~{${#text}}" "$text"
	expect '+ ' '* 1 EXISTS' 'a1 OK [APPENDUID'
	imap a "a2 APPEND INBOX (\\Seen) ~{${#text}+}$CRLF$text"
	expect '* 2 EXISTS' 'a2 OK [APPENDUID'
	imap_ok a 'a3 FETCH 2 (BODY.PEEK[] BINARY.SIZE[1])'
	expect_item 'BODY[]' "$text"
	expect_item 'BINARY.SIZE[1]' 5
}

@test "APPEND literal8: a part with NULs is stored in base64, and comes back (RFC 3516 4.4)" {
	imap_start a --select INBOX
	local head='Subject: x\r\nContent-Type: image/png\r\ncontent-transfer-encoding: binary\r\n\r\n'
	local body='\000PNG\000\001\r\n\n\rend\000'
	# shellcheck disable=SC2059 # it holds escapes
	send_octets a "a1 APPEND INBOX ~{$(($(printf "$head$body" | wc -c)))+}\r\n$head$body\r\n"
	imap_recv a a1
	expect '* 1 EXISTS' 'a1 OK'
	imap_ok a 'a2 FETCH 1 (BODY.PEEK[HEADER] BODY.PEEK[1] BODYSTRUCTURE)'
	expect_item 'BODY[HEADER]' $'Subject: x\r\nContent-Type: image/png\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n'
	expect_item 'BODY[1]' $'AFBORwABDQoKDWVuZAA=\r\n'
	expect '~BODYSTRUCTURE \("IMAGE" "PNG" NIL NIL NIL "BASE64" 22'
	sends a 'a3 FETCH 1 (BINARY.PEEK[1])' \
	    "$(hex "* 1 FETCH (BINARY[1] ~{14}\r\n$body)\r\n")"
	expect 'a3 OK'
}

@test "APPEND literal8: of a multipart only parts with NULs are encoded" {
	imap_start a --select INBOX
	local text='MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\nplain \303\274\r\n--b\r\nContent-Type: application/x-y\r\n\r\na\000b\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\n\000\r\n--b--\r\npost\r\n'
	# shellcheck disable=SC2059 # it holds escapes
	send_octets a "a1 APPEND INBOX ~{$(printf "$text" | wc -c)+}\r\n$text\r\n"
	imap_recv a a1
	expect 'a1 OK'
	imap_ok a 'a2 FETCH 1 BODY.PEEK[]'
	expect_item 'BODY[]' $'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\nplain \xc3\xbc\r\n--b\r\nContent-Type: application/x-y\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==\r\n--b--\r\npost\r\n'
	sends a 'a3 FETCH 1 (BINARY.PEEK[2])' \
	    "$(hex '* 1 FETCH (BINARY[2] ~{3}\r\na\000b)\r\n')"
	sends a 'a4 FETCH 1 (BINARY.PEEK[3.1])' \
	    "$(hex '* 1 FETCH (BINARY[3.1] ~{1}\r\n\000)\r\n')"
}

@test "APPEND literal8: a NUL that cannot be encoded is UNKNOWN-CTE (RFC 3516 4.4)" {
	imap_start a --select INBOX
	local text
	for text in 'Subject: a\000b\r\n\r\ntext' '\000' \
	    'Content-Transfer-Encoding: base64\r\n\r\nYQ\000==' \
	    'Content-Transfer-Encoding: x-uu\r\n\r\nYQ\000==' \
	    'Content-Type: multipart/mixed; boundary=b\r\n\r\n\000\r\n--b\r\n\r\nx\r\n--b--' \
	    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n\000' \
	    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: \000\r\n\r\nx\000\r\n--b--'; do
		# shellcheck disable=SC2059 # it holds escapes
		send_octets a "a1 APPEND INBOX ~{$(printf "$text" | wc -c)+}\r\n$text\r\n"
		imap_recv a a1
		expect_only 'a1 NO [UNKNOWN-CTE]' || die "for: $text"
	done
	# Without the tilde it is none of RFC 3501's literals.
	send_octets a 'a2 APPEND INBOX {3+}\r\n\r\n\000\r\n'
	imap_recv a a2
	expect_only 'a2 NO [CANNOT]'
	imap_ok a 'a3 STATUS INBOX (MESSAGES UIDNEXT)'
	expect '=* STATUS INBOX (MESSAGES 0 UIDNEXT 1)'
}

@test "APPEND literal8: what grows beyond the limit is TOOBIG, cancelled is nothing" {
	conf 'message-size-limit = 2K'
	imap_start a --select INBOX
	{
		printf 'a1 APPEND INBOX ~{2002+}\r\n\r\n'
		head -c 2000 /dev/zero
		printf '\r\n'
	} >&"${IMAP_FD[a]}"
	imap_recv a a1
	expect_only 'a1 NO [TOOBIG]'
	imap a 'a2 APPEND INBOX ~{2049}'
	expect_only 'a2 NO [TOOBIG]'
	imap a 'a3 APPEND INBOX ~{0}'
	expect_only 'a3 NO [CANNOT]'
	local line
	for line in '~{3' '~{3}x' '~ {3+}' '~{x}' '~"abc"' '~abc' '~' '~~{3+}'; do
		imap_send_raw a "a4 APPEND INBOX $line$CRLF"
		[[ $line != *'{3+}' ]] || imap_send_raw a "abc$CRLF"
		imap_recv a a4
		expect_only 'a4 BAD' || die "for: $line"
	done
	imap a 'a5 NOOP'
	expect_only 'a5 OK'
	imap_ok a 'a6 STATUS INBOX (MESSAGES UIDNEXT)'
	expect '=* STATUS INBOX (MESSAGES 0 UIDNEXT 1)'
}

@test "APPEND literal8: turned off it is BAD" {
	conf 'capabilities-off = BINARY'
	imap_start a --select INBOX
	imap a "a1 APPEND INBOX ~{3+}${CRLF}abc"
	expect_only 'a1 BAD'
	imap_ok a "a2 APPEND INBOX {3+}${CRLF}abc"
}

@test "APPEND UTF8: only after ENABLE UTF8=ACCEPT (RFC 6855 4)" {
	imap_start a
	local text=$'Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\nHallo\r\n'
	imap a "a1 APPEND INBOX UTF8 (~{${#text}+}$CRLF$text)"
	expect_only 'a1 BAD'
	imap_ok a 'a2 ENABLE UTF8=ACCEPT'
	imap_ok a 'a2 SELECT INBOX'
	imap a "a3 APPEND INBOX (\\Seen) UTF8 (~{${#text}}" "$text)"
	expect '+ ' '* 1 EXISTS' 'a3 OK'
	imap_ok a "a4 APPEND INBOX CATENATE (TEXT {6+}${CRLF}X: y$CRLF UTF8 (~{${#text}+}$CRLF$text)) utf8 (~{${#text}+}$CRLF$text)"
	imap_ok a 'a5 FETCH 1:3 BODY.PEEK[]'
	expect "=* 1 FETCH (BODY[] {${#text}}$CRLF$text)" \
	    "=* 2 FETCH (BODY[] {$((${#text} + 6))}${CRLF}X: y$CRLF$text)" \
	    "=* 3 FETCH (BODY[] {${#text}}$CRLF$text)"
	local args
	for args in 'UTF8' 'UTF8 ()' "UTF8 ({3+}${CRLF}abc)" "UTF8 ~{3+}${CRLF}abc" \
	    "UTF8 (~{3+}${CRLF}abc" "UTF8 (~{3+}${CRLF}abc )" "UTF8(~{3+}${CRLF}abc)" \
	    "UTF8 (~{3+}${CRLF}abc~{3+}${CRLF}abc)"; do
		imap_send_raw a "a6 APPEND INBOX $args$CRLF"
		imap_recv a a6
		expect_only 'a6 BAD' || die "for: $args"
	done
	imap a 'a7 APPEND INBOX UTF8 (~{0}'
	expect_only 'a7 NO [CANNOT]'
	imap_ok a 'a8 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 3)'
}

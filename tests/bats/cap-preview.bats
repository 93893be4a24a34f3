#!/usr/bin/env bats
# cap-preview.bats - FETCH PREVIEW (RFC 8970)
# SPDX-License-Identifier: ISC
load ../lib/imap

rows_of() {
	as_owner sqlite3 "$(find "$MSGSTORE/users/alice" -name messages.db)" "$1"
}

@test "PREVIEW: the capability, and the first words of a text (RFC 8970 3.2)" {
	imap_start a
	imap_ok a 'a0 CAPABILITY'
	expect '~^\* CAPABILITY .*\bPREVIEW\b'
	append a INBOX "Subject: x$CRLF${CRLF}Preview  text!$CRLF"
	imap_ok a 'a1 SELECT INBOX'
	imap a 'a2 FETCH 1 (PREVIEW)'
	expect_only '=* 1 FETCH (PREVIEW "Preview text!")' 'a2 OK'
	imap a 'a3 FETCH 1 preview'
	expect_only '=* 1 FETCH (PREVIEW "Preview text!")' 'a3 OK'
	imap_ok a 'a4 FETCH 1 (RFC822.SIZE PREVIEW UID)'
	expect '=* 1 FETCH (RFC822.SIZE 30 PREVIEW "Preview text!" UID 1)'
	imap_ok a 'a5 UID FETCH 1 PREVIEW'
	expect '=* 1 FETCH (UID 1 PREVIEW "Preview text!")'
	# It is not the client that reads.
	imap_ok a 'a6 FETCH 1 FLAGS'
	refute '\Seen'
}

@test "PREVIEW: at most 200 characters, as a literal in UTF-8 (RFC 8970 3.3)" {
	imap_start a
	local text want
	printf -v text '%0300d' 0
	text=${text//0/é}
	want=${text:0:400}	# LC_ALL=C: octets
	append a INBOX "Content-Type: text/plain; charset=utf-8$CRLF$CRLF$text"
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 FETCH 1 PREVIEW'
	expect "=* 1 FETCH (PREVIEW {400}$CRLF$want)"
}

@test "PREVIEW: HTML is stripped, charsets are decoded" {
	imap_start a
	local text
	crlf text <<'EOM'
Content-Type: multipart/alternative; boundary=b
Subject: x

--b
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<html><head><title>no</title><style>p > b { color: red }</style></head>
<body><p>Gr=FC=DFe,</p><p>bis &bdquo;sp&auml;ter&ldquo; &amp;&nbsp;so</p>
--b--
EOM
	append a INBOX "$text"
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 FETCH 1 PREVIEW'
	expect_item PREVIEW 'Grüße, bis „später“ & so'
}

@test "PREVIEW: a zero-length string where there is no text (RFC 8970 3.2)" {
	imap_start a
	append a INBOX "Content-Type: image/png$CRLF${CRLF}PNG"
	append a INBOX "Subject: nothing$CRLF$CRLF"
	append a INBOX "x"
	imap_ok a 'a1 SELECT INBOX'
	imap a 'a2 FETCH 1:* (PREVIEW)'
	expect_only '=* 1 FETCH (PREVIEW "")' '=* 2 FETCH (PREVIEW "")' \
	    '=* 3 FETCH (PREVIEW "")' 'a2 OK'
	imap a 'a3 FETCH 1 (PREVIEW (LAZY))'
	expect_only '=* 1 FETCH (PREVIEW "")' 'a3 OK'
}

@test "PREVIEW (LAZY): what is stored, else NIL; without LAZY never NIL (RFC 8970 4.1)" {
	imap_start a
	seed a INBOX 2
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 FETCH 1 (PREVIEW (LAZY))'
	expect '=* 1 FETCH (PREVIEW "body 1")'
	rows_of 'UPDATE content SET preview = NULL; DELETE FROM ids'
	imap a 'a3 FETCH 1:2 (UID PREVIEW (LAZY))'
	expect_only '=* 1 FETCH (UID 1 PREVIEW NIL)' \
	    '=* 2 FETCH (UID 2 PREVIEW NIL)' 'a3 OK'
	same 0 "$(rows_of 'SELECT count(preview) FROM content')"
	imap a 'a4 FETCH 2 (PREVIEW (LAZY) PREVIEW)'
	expect_only '=* 2 FETCH (PREVIEW "body 2")' 'a4 OK'
	imap a 'a5 FETCH 1:2 (PREVIEW (lazy LAZY))'
	expect_only '=* 1 FETCH (PREVIEW NIL)' \
	    '=* 2 FETCH (PREVIEW "body 2")' 'a5 OK'
	imap a 'a6 FETCH 1:2 (PREVIEW)'
	expect_only '=* 1 FETCH (PREVIEW "body 1")' \
	    '=* 2 FETCH (PREVIEW "body 2")' 'a6 OK'
	imap a 'a7 FETCH 1 PREVIEW (LAZY)'
	expect_only '=* 1 FETCH (PREVIEW "body 1")' 'a7 OK'
}

@test "PREVIEW: a row without any content is answered from the file" {
	imap_start a
	seed a INBOX 2
	imap_ok a 'a1 SELECT INBOX'
	rows_of 'DELETE FROM content'
	imap_ok a 'a2 FETCH 1:* (UID PREVIEW EMAILID)'
	expect '* 1 FETCH (UID 1 PREVIEW "body 1" EMAILID (M' \
	    '* 2 FETCH (UID 2 PREVIEW "body 2" EMAILID (M' 'a2 OK'
}

@test "PREVIEW: grammar (RFC 8970 6)" {
	imap_start a
	seed a INBOX 1
	imap_ok a 'a0 SELECT INBOX'
	local line
	for line in 'PREVIEW ()' 'PREVIEW (EAGER)' '(PREVIEW LAZY)' 'PREVIEW(LAZY)' \
	    '(PREVIEW  UID)' '(PREVIEW (LAZY) )' '(PREVIEW (LAZY)UID)' \
	    'PREVIEW (LAZY' '(PREVIEW ())' '(PREVIEW (LAZY ))' '(PREVIEW )' \
	    'PREVIEW[]' '(PREVIEW (LAZY) (LAZY))' 'PREVIEW '; do
		imap a "a1 FETCH 1 $line"
		expect_only 'a1 BAD' || die "for: $line"
	done
	imap a 'a2 FETCH 1 (PREVIEW (LAZY) UID PREVIEW)'
	expect_only '=* 1 FETCH (PREVIEW "body 1" UID 1)' 'a2 OK'
	imap a 'a3 FETCH 1 (UID PREVIEW)'
	expect_only '=* 1 FETCH (UID 1 PREVIEW "body 1")' 'a3 OK'
}

@test "PREVIEW: who may not read a shared mailbox gets none (RFC 8970 8)" {
	mboxadm grant sales alice lrswit >/dev/null
	mboxadm grant sales bob lr >/dev/null
	imap_start a
	append a 'shared\sales' "Subject: x$CRLF${CRLF}Shared words$CRLF"
	imap_start b --user bob --select 'shared\sales'
	imap_ok b 'b1 FETCH 1 PREVIEW'
	expect '=* 1 FETCH (PREVIEW "Shared words")'
	mboxadm revoke sales bob >/dev/null
	imap b 'b2 FETCH 1 PREVIEW'
	refute 'Shared words'
}

@test "PREVIEW, EMAILID, BINARY: turned off they are BAD" {
	conf 'capabilities-off = PREVIEW OBJECTID BINARY'
	imap_start a
	seed a INBOX 1
	imap_ok a 'a1 SELECT INBOX'
	refute MAILBOXID
	local item
	for item in PREVIEW 'PREVIEW (LAZY)' EMAILID THREADID 'BINARY[1]' \
	    'BINARY.SIZE[1]'; do
		imap a "a2 FETCH 1 $item"
		expect_only 'a2 BAD' || die "for: $item"
	done
	imap_ok a 'a3 UNSELECT'
	imap_ok a 'a4 ENABLE IMAP4rev2'
	imap_ok a 'a5 SELECT INBOX'
	imap_ok a 'a6 FETCH 1 BINARY.SIZE[1]'
}

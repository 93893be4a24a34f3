#!/usr/bin/env bats
# search.bats - SEARCH: every key
# SPDX-License-Identifier: ISC
load ../lib/imap

# 1 plain, 2 encoded words and base64 UTF-8, 3 multipart latin1 quoted-printable,
# 4 no header to speak of, 5 large
fill() {
	local text
	crlf text <<-'EOM'
	Date: Mon, 7 Feb 1994 21:52:25 -0800
	From: Fred Foobar <foobar@Blurdybloop.COM>
	To: mooch@owatagu.siam.edu
	Cc: third@example.org
	Bcc: hidden@example.org
	Subject: afternoon meeting
	X-Label: a b c

	Hello Joe, do you think we can meet at 3:30 tomorrow?
	EOM
	append a INBOX "$text" '(\Answered \Seen)' ' 7-Feb-1994 12:00:00 +0000'
	crlf text <<-'EOM'
	Date: Tue, 1 Mar 2022 23:30:00 -0500
	From: =?utf-8?Q?Ren=C3=A9e_M=C3=BCller?= <renee@example.org>
	To: fred@example.org
	Subject: =?utf-8?B?R3LDvMOfZSBhdXM=?= =?utf-8?Q?_M=C3=BCnchen?=
	Content-Type: text/plain; charset=utf-8
	Content-Transfer-Encoding: base64

	V2lyIHRyZWZmZW4gdW5zIGltIENhZsOpIGFtIE1hcmt0Lg==
	EOM
	append a INBOX "$text" '(\Flagged $Work)' ' 2-Mar-2022 04:30:00 +0000'
	crlf text <<-'EOM'
	Date: Fri, 1 Jul 2022 10:00:00 +0200
	From: smith@example.com
	To: "Miller, Ann" <ann@example.com>
	Subject: report
	Content-Type: multipart/mixed; boundary=b

	--b
	Content-Type: text/plain; charset=iso-8859-1
	Content-Transfer-Encoding: quoted-printable

	Le caf=E9 est ferm=
	=E9 aujourd'hui
	--b
	Content-Type: text/html

	<p>needle in html</p>
	--b
	Content-Type: application/octet-stream

	binaryneedle
	--b--
	EOM
	append a INBOX "$text" '(\Deleted \Draft)' ' 1-Jul-2022 10:00:00 +0200'
	append a INBOX "no header" '(\Seen)' '31-Dec-2022 23:59:59 +0000'
	printf -v text 'From: smith@example.org\r\nSubject: large\r\n\r\n%05000d' 0
	append a INBOX "$text" '' '01-Jan-2023 00:00:00 +0000'
}

setup() {
	imap_setup
	imap_start a
	fill
	imap_ok a 's1 SELECT INBOX'
}

# search NUMBERS KEY ...: each key finds these messages.
search() {
	local want=$1 key
	shift
	for key in "$@"; do
		imap_ok a "q SEARCH $key"
		expect_only "=* SEARCH${want:+ $want}" 'q OK' || die "for: $key"
	done
}

@test "SEARCH: flags (RFC 3501 6.4.4)" {
	search '1 2 3 4 5' ALL
	search 1 ANSWERED
	search '2 3 4 5' UNANSWERED
	search 3 DELETED DRAFT
	search '1 2 4 5' UNDELETED UNDRAFT
	search 2 FLAGGED 'KEYWORD $Work' 'KEYWORD $WORK'
	search '1 3 4 5' UNFLAGGED 'UNKEYWORD $Work'
	search '1 4' SEEN
	search '2 3 5' UNSEEN
	search '' 'KEYWORD nosuch'
	search '1 2 3 4 5' 'UNKEYWORD nosuch'
}

@test "SEARCH: RECENT, NEW, OLD (RFC 3501 6.4.4)" {
	search '1 2 3 4 5' RECENT
	search '2 3 5' NEW
	search '' OLD
	imap_ok a 'a1 SELECT INBOX'
	search '' RECENT NEW
	search '1 2 3 4 5' OLD
}

@test "SEARCH: numbers, sets and UIDs (RFC 3501 6.4.4)" {
	search '2 3' 2:3 3,2 'UID 2:3'
	search 5 '*' 'UID *' 'UID 99:*'
	search '' 'UID 99'
	search '1 5' '1,*'
	imap a 'a1 SEARCH 6'
	# RFC 7377 2: numbers behind the last message are no error.
	expect_only '=* SEARCH' 'a1 OK'
	search '4 5' 4:99 '4:5,7' '99,5:4'
	search '1 2 3 4 5' 'NOT 6'
	imap_ok a 'a2 UID STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a3 EXPUNGE'
	search '1 2 3' 'UID 2,4:5'
	imap_ok a 'a4 UID SEARCH 1:2'
	expect '=* SEARCH 2 4'
}

@test "SEARCH: INTERNALDATE without regard to time and zone (RFC 3501 6.4.4)" {
	search 1 'BEFORE 2-Mar-2022' 'BEFORE 8-Feb-1994' 'ON 7-Feb-1994'
	search '' 'BEFORE 7-Feb-1994'
	search 2 'ON 2-Mar-2022' 'ON "2-mar-2022"' 'ON 02-Mar-2022'
	search '4 5' 'SINCE 31-Dec-2022'
	search 5 'SINCE 1-Jan-2023' 'ON 1-Jan-2023'
	search '2 3 4 5' 'NOT BEFORE 2-Mar-2022'
}

@test "SEARCH: the Date field, without regard to time and zone (RFC 3501 6.4.4)" {
	search 2 'SENTON 1-Mar-2022'
	search '' 'SENTON 2-Mar-2022'
	search 3 'SENTSINCE 2-Mar-2022 SENTBEFORE 2-Jul-2022' 'SENTON 1-Jul-2022'
	search 1 'SENTBEFORE 1-Jan-2000'
}

@test "SEARCH: dates that are none are BAD" {
	local date
	for date in 30-Feb-2022 1-Foo-2022 2022-03-01 1-Mar-22 1-Mar 0-Mar-2022 '""'; do
		imap a "a1 SEARCH SINCE $date"
		expect_only 'a1 BAD' || die "for: $date"
	done
}

@test "SEARCH: sizes (RFC 3501 6.4.4)" {
	search 5 'LARGER 5000'
	search 4 'SMALLER 10'
	search '' 'SMALLER 9' 'LARGER 4294967295'
	search '1 2 3 5' 'LARGER 9'
}

@test "SEARCH: header fields, substrings in any case (RFC 3501 6.4.4)" {
	search 1 'FROM foobar' 'FROM blurdybloop' 'FROM "Fred F"' 'TO OWATAGU' \
	    'CC third' 'BCC hidden' 'SUBJECT "noon meet"' 'SUBJECT AFTERNOON' \
	    'HEADER X-Label "B C"' 'HEADER x-label ""' 'HEADER "Date" 1994'
	search '1 2' 'OR FROM fred TO fred'
	search '3 5' 'FROM smith'
	search 3 'TO "Miller, Ann"' 'TO miller FROM smith'
	search '' 'SUBJECT nothing' 'HEADER X-Nothing ""' 'FROM third'
	search '1 2 3 5' 'SUBJECT ""'
}

@test "SEARCH: encoded words are searched as text (RFC 3501 6.4.4)" {
	search 2 'CHARSET UTF-8 SUBJECT {6+}'"$CRLF"$'M\xc3\xbcnch' \
	    'CHARSET UTF-8 SUBJECT "GR'$'\xc3\x9c''"' \
	    'CHARSET UTF-8 FROM "'$'ren\xc3\xa9''e m"' \
	    'CHARSET ISO-8859-1 SUBJECT {6+}'"$CRLF"$'m\xfcnche' \
	    'CHARSET UTF-8 SUBJECT "aus m'$'\xc3\xbc''"'
	search '' 'SUBJECT utf-8' 'SUBJECT R3L'
}

@test "SEARCH: BODY and TEXT, decoded (RFC 3501 6.4.4)" {
	search 1 'BODY "3:30 tomorrow"' 'TEXT "hello joe"' 'TEXT afternoon'
	search '' 'BODY afternoon' 'BODY binaryneedle'
	search 2 'BODY treffen' 'TEXT markt'
	search 3 'BODY needle' 'BODY "in html"' 'CHARSET utf-8 BODY {9+}'"$CRLF"$'ferm\xc3\xa9 au'
	search '2 3' 'CHARSET UTF-8 BODY {5+}'"$CRLF"$'CAF\xc3\x89'
	search '1 2 3 4 5' 'BODY ""' 'TEXT ""'
	search 4 'TEXT "no header"'
}

@test "SEARCH: NOT, OR, parentheses, several keys (RFC 3501 6.4.4)" {
	search '2 3 5' 'NOT SEEN'
	search '1 3' 'OR ANSWERED DELETED'
	search '1 2 3' 'OR ANSWERED OR DELETED FLAGGED'
	search 2 'NOT (OR SEEN DELETED) SMALLER 5000' '(FLAGGED UNSEEN)'
	search '4 5' 'NOT (OR ANSWERED OR DELETED FLAGGED)'
	search '1 2 3 4 5' 'NOT NOT ALL' '(((ALL)))'
	search 1 '1:3 SEEN' 'SEEN 1:3'
}

@test "SEARCH: CHARSET (RFC 3501 6.4.4)" {
	search 1 'CHARSET US-ASCII SUBJECT meeting' 'CHARSET utf-8 SUBJECT meeting' \
	    'charset "UTF-8" SUBJECT meeting'
	imap a 'a1 SEARCH CHARSET X-NONE SUBJECT meeting'
	expect_only 'a1 NO [BADCHARSET'
	imap a $'a2 SEARCH CHARSET UTF-8 SUBJECT {2+}\r\n\xff\xfe'
	expect_only 'a2 BAD'
	imap a 'a3 SEARCH CHARSET UTF-8'
	expect_only 'a3 BAD'
}

@test "SEARCH: RFC 3501's examples" {
	imap_ok a 'A282 SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"'
	expect_only '=* SEARCH 2' 'A282 OK'
	imap_ok a 'A283 SEARCH TEXT "string not in mailbox"'
	expect_only '=* SEARCH' 'A283 OK'
	imap_ok a 'A284 SEARCH CHARSET UTF-8 TEXT {6}' 'XXXXXX'
	expect '+ ' '=* SEARCH' 'A284 OK'
}

@test "UID SEARCH: UIDs (RFC 3501 6.4.8)" {
	imap_ok a 'a0 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a1 UID EXPUNGE 1'
	imap_ok a 'a2 UID SEARCH UNSEEN'
	expect '=* SEARCH 2 3 5'
	imap_ok a 'a3 SEARCH UNSEEN'
	expect '=* SEARCH 1 2 4'
}

@test "SEARCH: sees what other sessions did before it, numbers stay those told" {
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 2 +FLAGS.SILENT (\Seen)'
	append b INBOX "Subject: meeting$CRLF$CRLF"
	imap_ok a 'a1 SEARCH SEEN'
	expect '=* SEARCH 1 2 4'
	imap_ok a 'a2 NOOP'
	imap_ok a 'a3 SEARCH SUBJECT meeting'
	expect '=* SEARCH 1 6'
}

@test "SEARCH: of an empty mailbox" {
	imap_ok a 'a1 SELECT Drafts'
	search '' ALL 'TEXT x' 'UID 1:*' 'SEEN'
}

@test "SEARCH: needles that are long, and repeat" {
	local long
	printf -v long '%04000d' 0
	search 5 "BODY $long" "BODY {${#long}+}$CRLF$long"
	search '' "BODY 1$long"
}

# A range took room for each gap between the messages in it: 9,000 of them
# needed 780 MB and a minute in a mailbox of 10,000 messages.
@test "SEARCH: thousands of sets in a mailbox full of gaps, in little memory" {
	local i odd='' sets pid
	for ((i = 1; i <= 4000; i++)); do
		printf 'From a@b Thu Jan  1 00:00:00 2020\nSubject: %d\n\n' "$i"
	done | mboxadm import mbox - alice Archive
	imap_ok a 'a0 SELECT Archive'
	for ((i = 1; i <= 4000; i += 2)); do odd+=,$i; done
	imap_ok a "a1 STORE ${odd#,} +FLAGS.SILENT (\Deleted)"
	imap_ok a 'a2 EXPUNGE'
	search '1 2 3 5' '1:3,5 1:*'
	search '1 3' '1:4 NOT 2 NOT UID 7:9' 'UID 1:3,6 1:4'
	search '1997 2000' '1997:* NOT 1998:1999' '*,1997' 'UID 3995:3994,9999:*'
	printf -v sets '1:* UID 1:* %.0s' {1..4500}
	search 2 "${sets}2"
	pid=$(imap_pid a)
	built_with_asan || (($(awk '$1 == "VmHWM:" { print $2 }' \
	    "/proc/$pid/status") < 40000))
}

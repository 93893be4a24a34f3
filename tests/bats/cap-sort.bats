#!/usr/bin/env bats
# cap-sort.bats - SORT, UID SORT, ESORT, SORT=DISPLAY: RFC 5256, 5957, 5267
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	local text

	imap_setup
	imap_start a
	crlf text <<-'EOM'
	Date: Fri, 3 Mar 2000 10:00:00 +0000
	From: "Zoe" <adam@example.org>
	To: Fred <b@example.org>
	Cc: x@example.org
	Subject: Re: beta

	EOM
	append a INBOX "$text" '(\Flagged)' ' 1-Jan-2001 00:00:00 +0000'
	crlf text <<-'EOM'
	Date: Fri, 3 Mar 2000 10:30:00 +0100
	From: bert@example.org
	To: a@example.org, z@example.org
	Cc: y@example.org
	Subject: alpha

	some more text
	EOM
	append a INBOX "$text" '(\Flagged)' ' 4-Jan-2001 00:00:00 +0000'
	crlf text <<-'EOM'
	From: =?utf-8?Q?=C3=89mile?= <zola@example.org>
	Subject: [list] =?utf-8?Q?B=C3=88TA?=

	text
	EOM
	append a INBOX "$text" '' ' 3-Jan-2001 00:00:00 +0000'
	crlf text <<-'EOM'
	Date: nonsense
	From: Bert <carl@example.org>
	To: group: c@example.org;
	Subject: beta (fwd)

	EOM
	append a INBOX "$text" '(\Flagged)' ' 2-Jan-2000 00:00:00 +0000'
	imap_ok a 's1 SELECT INBOX'
}

# sort CRITERIA RESULT
sort_() {
	imap_ok a "q SORT ($1) UTF-8 ALL"
	expect_only "=* SORT${2:+ $2}" 'q OK' || die "for: $1"
}

esort() {
	imap_ok a "q SORT RETURN ($1) (REVERSE ARRIVAL) UTF-8 ${3:-ALL}"
	expect_only "=* ESEARCH (TAG \"q\")${2:+ $2}" 'q OK' || die "for: $1"
}

@test "SORT, SORT=DISPLAY and ESORT are announced" {
	imap_ok a 'a1 CAPABILITY'
	expect '~^\* CAPABILITY .* ESORT .* SORT SORT=DISPLAY '
}

@test "SORT: each criterion and its reverse (RFC 5256 3)" {
	sort_ ARRIVAL '4 1 3 2'
	sort_ 'REVERSE ARRIVAL' '2 3 1 4'
	# Sent in UTC; without a valid Date: it is INTERNALDATE.
	sort_ DATE '4 2 1 3'
	sort_ 'REVERSE DATE' '3 1 2 4'
	sort_ FROM '1 2 4 3'
	sort_ 'REVERSE FROM' '3 4 2 1'
	sort_ TO '3 2 1 4'
	sort_ CC '3 4 1 2'
	sort_ 'REVERSE CC' '2 1 3 4'
	sort_ SUBJECT '2 1 4 3'
	sort_ 'REVERSE SUBJECT' '3 1 4 2'
	sort_ SIZE '3 4 1 2'
	sort_ 'REVERSE SIZE' '2 1 4 3'
}

@test "SORT: several criteria, what comes twice counts once (RFC 5256 3)" {
	sort_ 'SUBJECT REVERSE ARRIVAL' '2 1 4 3'
	sort_ 'SUBJECT ARRIVAL' '2 4 1 3'
	sort_ 'SUBJECT SUBJECT REVERSE SUBJECT ARRIVAL' '2 4 1 3'
	sort_ 'CC REVERSE DATE' '3 4 1 2'
	sort_ 'TO CC FROM DATE ARRIVAL SIZE SUBJECT DISPLAYFROM DISPLAYTO' '3 2 1 4'
}

@test "SORT: DISPLAYFROM and DISPLAYTO (RFC 5957 3, 4)" {
	# Zoe, bert@example.org, Emile with an accent, Bert
	sort_ DISPLAYFROM '4 2 3 1'
	sort_ 'REVERSE DISPLAYFROM' '1 3 2 4'
	sort_ DISPLAYTO '3 2 1 4'
}

@test "SORT: searches as SEARCH does (RFC 5256 3)" {
	imap_ok a 'A282 SORT (SUBJECT) UTF-8 SINCE 1-Feb-1994'
	expect_only '=* SORT 2 1 4 3' 'A282 OK'
	imap_ok a 'A283 SORT (SUBJECT) UTF-8 FLAGGED'
	expect_only '=* SORT 2 1 4' 'A283 OK'
	imap_ok a 'A284 SORT (SUBJECT) US-ASCII TEXT "not in mailbox"'
	expect_only '=* SORT' 'A284 OK'
	imap_ok a 'A285 SORT (SUBJECT) UTF-8 2:3 SUBJECT {5+}'$'\r\nb\xc3\xa8ta'
	expect_only '=* SORT 3' 'A285 OK'
	imap_ok a 'A286 SORT (ARRIVAL) ISO-8859-1 SUBJECT {4+}'$'\r\nb\xe8ta'
	expect_only '=* SORT 3' 'A286 OK'
	imap_ok a 'A287 SORT (SUBJECT) UTF-8 MODSEQ 1'
	expect '~^\* SORT 2 1 4 3 \(MODSEQ [0-9]+\)$' 'A287 OK'
}

@test "UID SORT: UIDs (RFC 5256 3)" {
	imap_ok a 'a1 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a2 EXPUNGE'
	imap_ok a 'q UID SORT (SUBJECT) UTF-8 ALL'
	expect_only '=* SORT 2 4 3' 'q OK'
	imap_ok a 'q SORT (SUBJECT) UTF-8 ALL'
	expect_only '=* SORT 1 3 2' 'q OK'
}

@test "SORT: expunges of others come after SORT, not in it (RFC 5256 3)" {
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 2 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 EXPUNGE'
	imap_ok a 'q SORT (SUBJECT) UTF-8 ALL'
	refute EXPUNGE
	expect '=* SORT 1 4 3'
	imap_ok a 'q UID SORT (SUBJECT) UTF-8 ALL'
	expect '=* SORT 1 4 3' '* 2 EXPUNGE' 'q OK'
}

@test "SORT RETURN: in the order of the sort (RFC 5267 3.1, 3.2)" {
	esort '' 'ALL 2:3,1,4'
	esort 'ALL' 'ALL 2:3,1,4'
	esort 'MIN' 'MIN 2'
	esort 'MAX' 'MAX 4'
	esort 'COUNT' 'COUNT 4'
	esort 'MIN MAX COUNT ALL' 'MIN 2 MAX 4 ALL 2:3,1,4 COUNT 4'
	esort 'MIN MAX ALL' '' ANSWERED
	esort 'PARTIAL 2:3' 'PARTIAL (2:3 3,1)'
	esort 'PARTIAL -1:-2' 'PARTIAL (-1:-2 1,4)'
	esort 'PARTIAL 5:9' 'PARTIAL (5:9 NIL)'
	imap_ok a 'q UID SORT RETURN () (ARRIVAL) UTF-8 ALL'
	expect_only '=* ESEARCH (TAG "q") UID ALL 4,1,3,2' 'q OK'
}

@test "SORT RETURN (SAVE): what was found, or MIN, MAX, PARTIAL of it (RFC 5182 2.4)" {
	esort 'SAVE MIN' 'MIN 2'
	imap_ok a 'v SEARCH $'
	expect '=* SEARCH 2'
	esort 'SAVE MAX MIN' 'MIN 2 MAX 4'
	imap_ok a 'v SEARCH $'
	expect '=* SEARCH 2 4'
	esort 'SAVE PARTIAL 2:3' 'PARTIAL (2:3 3,1)'
	imap_ok a 'v SEARCH $'
	expect '=* SEARCH 1 3'
	imap_ok a 'q SORT RETURN (SAVE) (ARRIVAL) UTF-8 FLAGGED'
	expect_only 'q OK'
	imap_ok a 'v SORT (REVERSE ARRIVAL) UTF-8 $'
	expect '=* SORT 2 1 4'
	imap a 'q SORT RETURN (SAVE) (ARRIVAL) nosuch ALL'
	expect_only '~^q NO \[BADCHARSET'
	imap_ok a 'v SEARCH $'
	expect '=* SEARCH'
}

@test "SORT: copies and databases made again have their keys" {
	imap_ok a 'a1 CREATE other'
	imap_ok a 'a2 COPY 1:4 other'
	imap_ok a 'a3 SELECT other'
	sort_ DISPLAYFROM '4 2 3 1'
	imap_close a
	printf 'no database at all' | tee "$MSGSTORE"/users/alice/*/messages.db >/dev/null
	mboxadm check --repair >/dev/null || :
	imap_start a --select INBOX
	sort_ SUBJECT '2 1 4 3'
	sort_ DATE '4 2 1 3'
}

@test "SORT: what is no program is BAD (RFC 5256 5)" {
	local bad

	for bad in '' ' ' ' ()' ' () UTF-8 ALL' ' (FOO) UTF-8 ALL' \
	    ' SUBJECT UTF-8 ALL' ' (SUBJECT UTF-8 ALL' ' (SUBJECT)' \
	    ' (SUBJECT) UTF-8' ' (SUBJECT) ALL' ' (REVERSE) UTF-8 ALL' \
	    ' (REVERSE REVERSE DATE) UTF-8 ALL' ' (SUBJECT ) UTF-8 ALL' \
	    ' ( SUBJECT) UTF-8 ALL' ' (SUBJECT  DATE) UTF-8 ALL' \
	    ' (SUBJECT,DATE) UTF-8 ALL' ' ((SUBJECT)) UTF-8 ALL' \
	    ' (SUBJECT) UTF-8 FOO' ' ("SUBJECT") UTF-8 ALL' \
	    ' RETURN (SUBJECT) UTF-8 ALL' ' RETURN () UTF-8 ALL' \
	    ' RETURN (FOO) (DATE) UTF-8 ALL' ' (DATE) RETURN () UTF-8 ALL' \
	    ' (DATE) CHARSET UTF-8 ALL'; do
		imap a "q SORT$bad"
		expect_only 'q BAD' || die "for: $bad"
	done
	imap a 'q SORT (DATE) nosuch TEXT x'
	expect_only '~^q NO \[BADCHARSET'
	imap_ok a 'q sort (reverse date) "utf-8" all'
}

@test "SORT=DISPLAY: turned off, its keys are BAD" {
	conf 'capabilities-off = SORT=DISPLAY ESORT'
	imap_start b --select INBOX
	imap b 'q SORT (DISPLAYFROM) UTF-8 ALL'
	expect_only 'q BAD'
	imap b 'q SORT RETURN () (FROM) UTF-8 ALL'
	expect_only 'q BAD'
	imap_ok b 'q SORT (FROM) UTF-8 ALL'
}

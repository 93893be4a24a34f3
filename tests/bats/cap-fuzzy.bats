#!/usr/bin/env bats
# cap-fuzzy.bats - SEARCH=FUZZY: RFC 6203
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	imap_setup
	imap_start a --select INBOX
	append a INBOX "From: user@example.com${CRLF}Subject: IMAP break$CRLF${CRLF}Hello there$CRLF" '(\Flagged)'
	append a INBOX "From: other@example.com${CRLF}Subject: broken IMAP$CRLF${CRLF}please help me$CRLF"
	append a INBOX "From: user@example.com${CRLF}Subject: work$CRLF${CRLF}nothing$CRLF"
	append a INBOX "From: user@example.com${CRLF}Subject: workers$CRLF${CRLF}helo$CRLF"
}

@test "SEARCH=FUZZY is announced" {
	imap_ok a 'a1 CAPABILITY'
	expect '~^\* CAPABILITY .*\bSEARCH=FUZZY\b'
}

@test "SEARCH FUZZY: words in any order, nearly the same (RFC 6203 3)" {
	imap_ok a 'A1 SEARCH FUZZY (SUBJECT "IMAP break")'
	expect_only '=* SEARCH 1 2' 'A1 OK'
	imap_ok a 'A1 SEARCH SUBJECT "IMAP break"'
	expect_only '=* SEARCH 1' 'A1 OK'
	imap_ok a 'A2 SEARCH FUZZY SUBJECT work FROM user@example.com'
	expect_only '=* SEARCH 3 4' 'A2 OK'
	imap_ok a 'A3 SEARCH FUZZY TEXT "Helo"'
	expect_only '=* SEARCH 1 2 4' 'A3 OK'
	imap_ok a 'A4 SEARCH FUZZY BODY help'
	expect_only '=* SEARCH 2 4' 'A4 OK'
	imap_ok a 'A5 SEARCH FUZZY BODY zzzzzz'
	expect_only '=* SEARCH' 'A5 OK'
}

@test "SEARCH FUZZY: NOT, OR, other keys, nothing to look for (RFC 6203 5)" {
	imap_ok a 'q SEARCH FUZZY FLAGGED'
	expect '=* SEARCH 1'
	imap_ok a 'q SEARCH NOT FUZZY SUBJECT braek'
	expect '=* SEARCH 2 3 4'
	imap_ok a 'q SEARCH FUZZY NOT SUBJECT braek'
	expect '=* SEARCH 2 3 4'
	imap_ok a 'q SEARCH OR FUZZY SUBJECT wrok FUZZY FLAGGED'
	expect '=* SEARCH 1 3'
	imap_ok a 'q SEARCH FUZZY OR SUBJECT wrok BODY helo'
	expect '=* SEARCH 1 2 3 4'
	imap_ok a 'q SEARCH FUZZY FUZZY UID 2'
	expect '=* SEARCH 2'
	imap_ok a 'q SEARCH FUZZY SUBJECT ""'
	expect '=* SEARCH 1 2 3 4'
	imap_ok a 'q SEARCH FUZZY FROM "@"'
	expect '=* SEARCH 1 2 3 4'
}

@test "SEARCH RETURN (RELEVANCY): scores (RFC 6203 4)" {
	imap_ok a 'B1 SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT "Helo"'
	expect_only '=* ESEARCH (TAG "B1") ALL 1:2,4 RELEVANCY (50 50 100)' 'B1 OK'
	imap_ok a 'B2 UID SEARCH RETURN (RELEVANCY) FUZZY SUBJECT work'
	expect_only '=* ESEARCH (TAG "B2") UID RELEVANCY (100 80)' 'B2 OK'
	imap_ok a 'B3 SEARCH RETURN (PARTIAL 2:3 RELEVANCY) FUZZY TEXT helo'
	expect_only '=* ESEARCH (TAG "B3") PARTIAL (2:3 2,4) RELEVANCY (50 100)' 'B3 OK'
	imap_ok a 'B4 SEARCH RETURN (RELEVANCY COUNT) FUZZY TEXT zzzzz'
	expect_only '=* ESEARCH (TAG "B4") COUNT 0 RELEVANCY ()' 'B4 OK'
	imap_ok a 'B5 SEARCH RETURN (RELEVANCY ALL) FUZZY FLAGGED'
	expect_only '=* ESEARCH (TAG "B5") ALL 1 RELEVANCY (100)' 'B5 OK'
	imap_ok a 'B6 SEARCH RETURN (RELEVANCY SAVE) FUZZY SUBJECT work'
	imap_ok a 'B7 SEARCH $'
	expect '=* SEARCH 3 4'
}

@test "SORT (RELEVANCY): the best first (RFC 6203 6)" {
	imap_ok a 'C1 SORT (RELEVANCY) UTF-8 FUZZY TEXT "Helo"'
	expect_only '=* SORT 4 1 2' 'C1 OK'
	imap_ok a 'C2 SORT RETURN (RELEVANCY ALL) (RELEVANCY) UTF-8 FUZZY TEXT Helo'
	expect_only '=* ESEARCH (TAG "C2") ALL 4,1:2 RELEVANCY (100 50 50)' 'C2 OK'
	imap_ok a 'C3 SORT RETURN (PARTIAL 1:1 RELEVANCY) (REVERSE RELEVANCY) UTF-8 FUZZY TEXT Helo'
	expect_only '=* ESEARCH (TAG "C3") PARTIAL (1:1 1) RELEVANCY (50)' 'C3 OK'
	imap_ok a 'C4 SORT RETURN (UPDATE COUNT) (RELEVANCY) UTF-8 FUZZY TEXT Helo'
	expect '* NO [NOUPDATE "C4"]'
	imap_ok a 'C5 ESEARCH IN (selected) RETURN (RELEVANCY ALL) FUZZY SUBJECT work'
	expect '~ALL 3:4 RELEVANCY \(100 80\)$'
}

@test "FUZZY: what is no key, RELEVANCY without it are BAD (RFC 6203 4, 7)" {
	local bad

	for bad in 'SEARCH FUZZY' 'SEARCH FUZZY ' 'SEARCH FUZZY FOO' \
	    'SEARCH FUZZY  ALL' 'SEARCH FUZZY CHARSET UTF-8 ALL' \
	    'SEARCH RETURN (RELEVANCY) ALL' 'SORT (RELEVANCY) UTF-8 ALL' \
	    'SORT RETURN (RELEVANCY) (DATE) UTF-8 ALL' \
	    "SEARCH $(printf 'FUZZY %.0s' {1..200})ALL"; do
		imap a "q $bad"
		expect_only 'q BAD' || die "for: $bad"
	done
	conf 'capabilities-off = SEARCH=FUZZY'
	imap_start b --select INBOX
	imap b 'q SEARCH FUZZY SUBJECT x'
	expect_only 'q BAD'
}

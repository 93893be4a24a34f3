#!/usr/bin/env bats
# cap-i18nlevel.bats - I18NLEVEL=1 and 2: comparators: RFC 5255 4
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	local subject

	imap_setup
	imap_start a --select INBOX
	for subject in 'b' 'A' '=?utf-8?Q?=C3=84?=' 'a' '=?utf-8?Q?=C3=A4?=' B; do
		append a INBOX "Subject: $subject${CRLF}${CRLF}text$CRLF"
	done
}

sort_() {
	imap_ok a 'q SORT (SUBJECT) UTF-8 ALL'
	expect "=* SORT $1" 'q OK'
}

@test "I18NLEVEL=1 and 2 are announced" {
	imap_ok a 'a1 CAPABILITY'
	expect '~^\* CAPABILITY .*I18NLEVEL=1 I18NLEVEL=2 '
}

@test "SEARCH, SORT and THREAD use i;unicode-casemap (RFC 5255 4.2)" {
	imap_ok a 'q COMPARATOR'
	expect_only '=* COMPARATOR i;unicode-casemap' 'q OK'
	# Titlecased and decomposed: A with a diaeresis comes behind A.
	sort_ '2 4 3 5 1 6'
	imap_ok a $'q SEARCH SUBJECT {2+}\r\n\xc3\xa4'
	expect '=* SEARCH 3 5'
	imap_ok a 'q SEARCH SUBJECT b'
	expect '=* SEARCH 1 6'
	imap_ok a 'q THREAD ORDEREDSUBJECT UTF-8 ALL'
	expect '=* THREAD (1 6)(2 4)(3 5)'
}

@test "COMPARATOR: i;ascii-casemap (RFC 5255 4.7)" {
	imap_ok a 'q COMPARATOR i;ascii-casemap'
	expect_only '=* COMPARATOR i;ascii-casemap' 'q OK'
	sort_ '2 4 1 6 3 5'
	imap_ok a $'q SEARCH SUBJECT {2+}\r\n\xc3\xa4'
	expect '=* SEARCH 5'
	imap_ok a 'q SEARCH SUBJECT b'
	expect '=* SEARCH 1 6'
	imap_ok a 'q THREAD ORDEREDSUBJECT UTF-8 ALL'
	expect '=* THREAD (1 6)(2 4)(3)(5)'
	imap_ok a 'q SEARCH TEXT TEXT'
	expect '=* SEARCH 1 2 3 4 5 6'
}

@test "COMPARATOR: i;octet (RFC 5255 4.7)" {
	imap_ok a 'q COMPARATOR "i;octet"'
	expect_only '=* COMPARATOR i;octet' 'q OK'
	sort_ '2 6 4 1 3 5'
	imap_ok a 'q SEARCH SUBJECT b'
	expect '=* SEARCH 1'
	imap_ok a 'q SEARCH BODY TEXT'
	expect '=* SEARCH'
	imap_ok a 'q SEARCH BODY text'
	expect '=* SEARCH 1 2 3 4 5 6'
	imap_ok a 'q THREAD REFERENCES UTF-8 ALL'
	expect '=* THREAD (1)(2)(3)(4)(5)(6)'
	imap_ok a 'q COMPARATOR default'
	expect_only '=* COMPARATOR i;unicode-casemap' 'q OK'
	sort_ '2 4 3 5 1 6'
}

@test "COMPARATOR: several matches are listed, the first argument wins (RFC 5255 4.7, 4.8)" {
	imap_ok a 'A001 COMPARATOR "cz;*" i;octet'
	expect_only '=* COMPARATOR i;octet' 'A001 OK'
	imap_ok a 'q COMPARATOR "i;*"'
	expect_only '=* COMPARATOR i;unicode-casemap (i;unicode-casemap i;ascii-casemap i;octet)' 'q OK'
	imap_ok a 'q COMPARATOR "*-casemap"'
	expect_only '=* COMPARATOR i;unicode-casemap (i;unicode-casemap i;ascii-casemap)' 'q OK'
	imap_ok a 'q COMPARATOR i;octet "i;a*"'
	expect_only '=* COMPARATOR i;octet (i;ascii-casemap i;octet)' 'q OK'
	imap_ok a 'q COMPARATOR "*;*c*t"'
	expect_only '=* COMPARATOR i;octet' 'q OK'
	imap_ok a 'q COMPARATOR'
	expect_only '=* COMPARATOR i;octet' 'q OK'
}

@test "COMPARATOR: none fits (RFC 5255 4.9)" {
	imap a 'q COMPARATOR i;basic "cz;*"'
	expect_only '~^q NO \[BADCOMPARATOR\]'
	imap_ok a 'q COMPARATOR'
	expect '=* COMPARATOR i;unicode-casemap'
}

@test "COMPARATOR: in the authenticated state too, not before it" {
	imap_ok a 'a1 UNSELECT'
	imap_ok a 'q COMPARATOR i;octet'
	imap_ok a 'a2 SELECT INBOX'
	sort_ '2 6 4 1 3 5'
	imap_start c --login
	imap c 'q COMPARATOR'
	expect_only 'q BAD'
}

@test "COMPARATOR: a context keeps its own" {
	imap_ok a 'q COMPARATOR i;octet'
	imap_ok a 'B01 UID SEARCH RETURN (UPDATE COUNT) SUBJECT b'
	imap_ok a 'q COMPARATOR default'
	append a INBOX "Subject: B$CRLF$CRLF"
	refute ESEARCH
	append a INBOX "Subject: b$CRLF$CRLF"
	imap_ok a 'a1 NOOP'
}

@test "COMPARATOR: what is none is BAD (RFC 5255 4.10)" {
	local bad

	for bad in ' ' ' ""' ' (i;octet)' ' i;octet ' '  i;octet' \
	    " $(printf 'x%.0s' {1..300})"; do
		imap a "q COMPARATOR$bad"
		expect_only 'q BAD' || die "for: $bad"
	done
}

@test "COMPARATOR: turned off" {
	conf 'capabilities-off = I18NLEVEL=2'
	imap_start b --select INBOX
	imap b 'q COMPARATOR'
	expect_only 'q BAD'
}

#!/usr/bin/env bats
# cap-savedate.bats - SAVEDATE: when a message came into its mailbox (RFC 8514)
# SPDX-License-Identifier: ISC
load ../lib/imap

# The seconds since 1970 of SAVEDATE in the last FETCH response.
savedate() {
	local re='SAVEDATE "([^"]+)"'
	[[ ${ANSWER[0]} =~ $re ]] || die "no SAVEDATE in ${ANSWER[0]}"
	date -d "$(sed -E 's/^ ?([0-9]+)-([A-Za-z]+)-/\1 \2 /' <<<"${BASH_REMATCH[1]}")" +%s
}

# The number lies between two others.
between() {
	((${1} <= ${2} && ${2} <= ${3})) || die "$2 is not in $1..$3"
}

@test "SAVEDATE is the time of arrival, whatever APPEND says (RFC 8514 3, 4.2)" {
	local before at later
	before=$(date +%s)
	imap_start a
	append a INBOX "x: y$CRLF$CRLF" '()' ' 7-Feb-1994 21:52:25 -0800'
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'A101 FETCH 1 (SAVEDATE)'
	expect '~^\* 1 FETCH \(SAVEDATE "[ 0-9][0-9]-[A-Z][a-z]{2}-[0-9]{4} [0-9:]{8} \+0000"\)$' 'A101 OK'
	at=$(savedate)
	between "$before" "$at" "$(date +%s)"
	# A copy has a date of its own; the message keeps its, whatever becomes of
	# its flags.
	imap_ok a 'a2 CREATE foo'
	imap_ok a 'a3 COPY 1 foo'
	imap_ok a 'a4 STORE 1 +FLAGS (\Seen)'
	imap_ok a 'a5 UID FETCH 1 (SAVEDATE INTERNALDATE)'
	same "$at" "$(savedate)"
	expect_item INTERNALDATE ' 7-Feb-1994 21:52:25 -0800'
	before=$(date +%s)
	imap_ok a 'a6 MOVE 1 foo'
	imap_ok a 'a7 SELECT foo'
	imap_ok a 'a8 FETCH 2 (SAVEDATE INTERNALDATE)'
	later=$(savedate)
	between "$before" "$later" "$(date +%s)"
	expect_item INTERNALDATE ' 7-Feb-1994 21:52:25 -0800'
}

@test "SEARCH SAVEDSINCE and its like (RFC 8514 4.3)" {
	local today tomorrow
	imap_start a
	append a INBOX "x: y$CRLF$CRLF" '()' ' 7-Feb-1994 21:52:25 -0800'
	imap_ok a 'a1 SELECT INBOX'
	today=$(LC_ALL=C date -u +%-d-%b-%Y)
	tomorrow=$(LC_ALL=C date -u -d tomorrow +%-d-%b-%Y)
	imap_ok a "a2 SEARCH SAVEDSINCE 28-Dec-2014 SAVEDBEFORE $tomorrow"
	expect '=* SEARCH 1'
	imap_ok a 'a3 SEARCH SAVEDBEFORE 28-Dec-2014'
	expect '=* SEARCH'
	# Unless midnight has just passed.
	imap_ok a "a4 SEARCH OR SAVEDON $today SAVEDON $(LC_ALL=C date -u -d yesterday +%-d-%b-%Y)"
	expect '=* SEARCH 1'
	imap_ok a 'a5 SEARCH SAVEDATESUPPORTED'
	expect '=* SEARCH 1'
	imap a 'a6 SEARCH SAVEDON'
	expect_only 'a6 BAD'
}

@test "SAVEDATE: turned off, it is not known" {
	conf 'capabilities-off = SAVEDATE'
	imap_start a
	append a INBOX "x: y$CRLF$CRLF"
	imap_ok a 'a1 SELECT INBOX'
	imap a 'a2 FETCH 1 SAVEDATE'
	expect_only 'a2 BAD'
	imap a 'a3 SEARCH SAVEDSINCE 1-Jan-2000'
	expect_only 'a3 BAD'
}

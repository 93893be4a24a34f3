#!/usr/bin/env bats
# cap-within.bats - WITHIN: SEARCH OLDER and YOUNGER
# SPDX-License-Identifier: ISC
load ../lib/imap

# Arrived 10 days, 3 days and 1 hour ago, in an hour, and now.
setup() {
	local seconds

	imap_setup
	imap_start a
	for seconds in -864000 -259200 -3600 3600 0; do
		append a INBOX "Subject: x${CRLF}$CRLF" '' \
		    "$(date -u -d "$seconds seconds" '+%d-%b-%Y %H:%M:%S +0000')"
	done
	imap_ok a 's1 SELECT INBOX'
}

search() {
	imap_ok a "q SEARCH $2"
	expect_only "=* SEARCH${1:+ $1}" 'q OK' || die "for: $2"
}

@test "WITHIN is announced" {
	imap_ok a 'a1 CAPABILITY'
	expect '~^\* CAPABILITY .*\bWITHIN\b'
}

@test "SEARCH OLDER, YOUNGER: seconds before now (RFC 5032 2)" {
	search '3 4 5' 'YOUNGER 86400'
	search '1 2' 'OLDER 86400'
	search '2 3 4 5' 'UNSEEN YOUNGER 259300'
	search '1' 'OLDER 259300'
	search '2 3' 'OLDER 1800 YOUNGER 300000'
	search '1 2' 'NOT YOUNGER 86400'
	search '1 2 3 4 5' 'YOUNGER 4294967295'
	search '' 'OLDER 4294967295'
	search '1 4 5' 'OR OLDER 500000 YOUNGER 1800'
}

@test "SEARCH OLDER, YOUNGER: the zone does not matter (RFC 5032 2)" {
	append a INBOX "Subject: x${CRLF}$CRLF" '' \
	    "$(TZ=XXX-14 date -d '-7200 seconds' '+%d-%b-%Y %H:%M:%S +1400')"
	search '3 6' 'OLDER 3000 YOUNGER 9000'
}

@test "SEARCH OLDER, YOUNGER: equal is both (RFC 5032 2)" {
	local i now

	# The clock may step between the two.
	for ((i = 0; i < 50; i++)); do
		now=$EPOCHSECONDS
		imap_ok a "a$i APPEND INBOX \"$(date -u -d "@$((now - 1000))" \
		    '+%d-%b-%Y %H:%M:%S +0000')\" {2+}$CRLF$CRLF"
		imap_ok a "q SEARCH OLDER 1000 YOUNGER 1000"
		[[ ${ANSWER[0]} != '* SEARCH '* || $EPOCHSECONDS != "$now" ]] ||
			return 0
	done
	die 'no message is both'
}

@test "SEARCH OLDER, YOUNGER: the interval is a number from 1 (RFC 5032 3)" {
	local bad

	for bad in OLDER YOUNGER 'OLDER 0' 'YOUNGER 0' 'OLDER -1' 'OLDER x' \
	    'YOUNGER 4294967296' 'OLDER 01' 'OLDER  5' 'OLDER "5"' 'OLDER 5s'; do
		imap a "q SEARCH $bad"
		expect_only 'q BAD' || die "for: $bad"
	done
}

@test "WITHIN: turned off, its keys are BAD" {
	conf 'capabilities-off = WITHIN'
	imap_start b --select INBOX
	imap b 'q SEARCH YOUNGER 5'
	expect_only 'q BAD'
	imap b 'q SEARCH OR ALL OLDER 5'
	expect_only 'q BAD'
}

@test "SEARCH SAVEDBEFORE, SAVEDON, SAVEDSINCE: when it came here (RFC 8514 4.3)" {
	local today tomorrow

	today=$(date -u '+%d-%b-%Y')
	tomorrow=$(date -u -d '1 day' '+%d-%b-%Y')
	search '1 2 3 4 5' "SAVEDON $today"
	search '1 2 3 4 5' "SAVEDSINCE $today"
	search '1 2 3 4 5' "SAVEDBEFORE $tomorrow"
	search '' "SAVEDBEFORE $today"
	search '' "SAVEDSINCE $tomorrow"
	search '1 2 3 4 5' SAVEDATESUPPORTED
	search '' 'NOT SAVEDATESUPPORTED'
	imap a 'q SEARCH SAVEDON'
	expect_only 'q BAD'
	imap a 'q SEARCH SAVEDSINCE 31-Foo-2020'
	expect_only 'q BAD'
	imap a 'q SEARCH SAVEDATESUPPORTED x'
	expect_only 'q BAD'
}

#!/usr/bin/env bats
# cap-searchpartial.bats - SEARCH RETURN (PARTIAL)
# SPDX-License-Identifier: ISC
load ../lib/imap

# UIDs 1 3 4 6 7 8 9 10 are left of ten messages.
setup() {
	imap_setup
	imap_start a
	seed a INBOX 10
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 's2 STORE 2,5 +FLAGS.SILENT (\Deleted)'
	imap_ok a 's3 EXPUNGE'
}

partial() {
	imap_ok a "q UID SEARCH RETURN ($1) ALL"
	expect_only "=* ESEARCH (TAG \"q\") UID $2" 'q OK' || die "for: $1"
}

saved() {
	imap_ok a 'v UID SEARCH $'
	expect_only "=* SEARCH${1:+ $1}" 'v OK'
}

@test "SEARCH RETURN (PARTIAL): from the first (RFC 9394 3.1)" {
	partial 'PARTIAL 1:3' 'PARTIAL (1:3 1,3:4)'
	partial 'PARTIAL 3:1' 'PARTIAL (3:1 1,3:4)'
	partial 'PARTIAL 7:20' 'PARTIAL (7:20 9:10)'
	partial 'PARTIAL 2:2' 'PARTIAL (2:2 3)'
	partial 'PARTIAL 9:20' 'PARTIAL (9:20 NIL)'
	partial 'PARTIAL 1:4294967295' 'PARTIAL (1:4294967295 1,3:4,6:10)'
	imap_ok a 'q SEARCH RETURN (PARTIAL 2:3) ALL'
	expect_only '=* ESEARCH (TAG "q") PARTIAL (2:3 2:3)' 'q OK'
}

@test "SEARCH RETURN (PARTIAL): from the last (RFC 9394 3.1)" {
	partial 'PARTIAL -1:-3' 'PARTIAL (-1:-3 8:10)'
	partial 'PARTIAL -3:-1' 'PARTIAL (-3:-1 8:10)'
	partial 'PARTIAL -6:-100' 'PARTIAL (-6:-100 1,3:4)'
	partial 'PARTIAL -8:-8' 'PARTIAL (-8:-8 1)'
	partial 'PARTIAL -9:-10' 'PARTIAL (-9:-10 NIL)'
}

@test "SEARCH RETURN (PARTIAL): with the other options (RFC 9394 3.2)" {
	partial 'PARTIAL 2:3 MIN MAX COUNT' 'MIN 1 MAX 10 PARTIAL (2:3 3:4) COUNT 8'
	partial 'PARTIAL 2:3 MIN' 'MIN 1 PARTIAL (2:3 3:4)'
	partial 'MAX PARTIAL 2:3' 'MAX 10 PARTIAL (2:3 3:4)'
	imap_ok a 'q SEARCH RETURN (PARTIAL 1:5 COUNT) ANSWERED'
	expect_only '=* ESEARCH (TAG "q") PARTIAL (1:5 NIL) COUNT 0' 'q OK'
}

@test "SEARCH RETURN (PARTIAL SAVE): what is saved (RFC 9394 3.2 table 1)" {
	partial 'SAVE PARTIAL 2:3' 'PARTIAL (2:3 3:4)'
	saved '3 4'
	partial 'SAVE PARTIAL 2:3 MIN' 'MIN 1 PARTIAL (2:3 3:4)'
	saved '1 3 4'
	partial 'SAVE PARTIAL 2:3 MAX' 'MAX 10 PARTIAL (2:3 3:4)'
	saved '3 4 10'
	partial 'SAVE PARTIAL -2:-3 MIN MAX' 'MIN 1 MAX 10 PARTIAL (-2:-3 8:9)'
	saved '1 8 9 10'
	partial 'SAVE PARTIAL 2:3 COUNT' 'PARTIAL (2:3 3:4) COUNT 8'
	saved '1 3 4 6 7 8 9 10'
	partial 'SAVE PARTIAL 2:3 COUNT MIN' 'MIN 1 PARTIAL (2:3 3:4) COUNT 8'
	saved '1 3 4 6 7 8 9 10'
	partial 'SAVE PARTIAL 20:30' 'PARTIAL (20:30 NIL)'
	saved ''
}

@test "SEARCH RETURN (PARTIAL): what is no range is BAD (RFC 9394 4)" {
	local bad

	for bad in 'PARTIAL' 'PARTIAL 1' 'PARTIAL 0:1' 'PARTIAL 1:0' \
	    'PARTIAL 1:*' 'PARTIAL *' 'PARTIAL -1:2' 'PARTIAL 1:-2' \
	    'PARTIAL 1:2,3' 'PARTIAL 1:2:3' 'PARTIAL (1:2)' 'PARTIAL "1:2"' \
	    'PARTIAL 1:4294967296' 'PARTIAL  1:2' 'PARTIAL -0:-1' \
	    'PARTIAL 1:2 PARTIAL 1:2' 'PARTIAL 1:2 ALL' 'ALL PARTIAL 1:2'; do
		imap a "q SEARCH RETURN ($bad) ALL"
		expect_only 'q BAD' || die "for: $bad"
	done
}

#!/usr/bin/env bats
# cap-esearch.bats - ESEARCH: SEARCH RETURN
# SPDX-License-Identifier: ISC
load ../lib/imap

# UIDs 1 3 4 6 7 are left of seven messages; 3 and 7 are flagged.
setup() {
	imap_setup
	imap_start a
	seed a INBOX 7
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 's2 STORE 3,7 +FLAGS.SILENT (\Flagged)'
	imap_ok a 's3 STORE 2,5 +FLAGS.SILENT (\Deleted)'
	imap_ok a 's4 EXPUNGE'
}

# esearch RETURN KEYS RESULT: the untagged response behind its correlator.
esearch() {
	imap_ok a "q SEARCH RETURN $1 $2"
	expect_only "=* ESEARCH (TAG \"q\")${3:+ $3}" 'q OK' || die "for: $1 $2"
}

uid_esearch() {
	imap_ok a "q UID SEARCH RETURN $1 $2"
	expect_only "=* ESEARCH (TAG \"q\") UID${3:+ $3}" 'q OK' ||
		die "for: $1 $2"
}

@test "ESEARCH is announced" {
	imap_ok a 'a1 CAPABILITY'
	expect '~^\* CAPABILITY .*\bESEARCH\b'
}

@test "SEARCH RETURN: each option and all of them (RFC 4731 3.1)" {
	esearch '(MIN)' ALL 'MIN 1'
	esearch '(MAX)' ALL 'MAX 5'
	esearch '(ALL)' ALL 'ALL 1:5'
	esearch '(COUNT)' ALL 'COUNT 5'
	esearch '(MIN COUNT)' FLAGGED 'MIN 2 COUNT 2'
	esearch '(count all max min)' FLAGGED 'MIN 2 MAX 5 ALL 2,5 COUNT 2'
	esearch '(ALL ALL)' FLAGGED 'ALL 2,5'
	uid_esearch '(MIN MAX)' 1:5 'MIN 1 MAX 7'
	uid_esearch '(MIN MAX ALL COUNT)' FLAGGED 'MIN 3 MAX 7 ALL 3,7 COUNT 2'
	uid_esearch '(ALL)' 'NOT 3' 'ALL 1,3,6:7'
}

@test "SEARCH RETURN (): the same as ALL (RFC 4731 3.1)" {
	esearch '()' FLAGGED 'ALL 2,5'
	uid_esearch '()' FLAGGED 'ALL 3,7'
}

@test "SEARCH RETURN: without a match there is a response without results (RFC 4731 3.1)" {
	esearch '(MIN MAX ALL)' ANSWERED ''
	esearch '()' ANSWERED ''
	esearch '(MIN COUNT)' ANSWERED 'COUNT 0'
	uid_esearch '(ALL)' 'UID 2' ''
}

@test "SEARCH RETURN: CHARSET comes behind it (RFC 9051 9 search)" {
	imap_ok a 'q SEARCH RETURN (COUNT) CHARSET UTF-8 SUBJECT "message 3"'
	expect_only '=* ESEARCH (TAG "q") COUNT 1' 'q OK'
	imap a 'q SEARCH RETURN (COUNT) CHARSET nosuch TEXT {3+}'$'\r\nabc'
	expect_only '~^q NO \[BADCHARSET'
	imap a 'q SEARCH CHARSET nosuch FOO'
	expect_only 'q BAD'
}

@test "SEARCH RETURN: the tag is a string (RFC 9051 9 search-correlator)" {
	imap_ok a 'a.1]$ SEARCH RETURN (COUNT) ALL'
	expect_only '=* ESEARCH (TAG "a.1]$") COUNT 5' 'a.1]$ OK'
}

@test "SEARCH: without RETURN there is no ESEARCH in IMAP4rev1" {
	imap_ok a 'q SEARCH FLAGGED'
	expect_only '=* SEARCH 2 5' 'q OK'
}

@test "SEARCH: IMAP4rev2 knows ESEARCH alone (RFC 9051 7.3.4)" {
	imap_ok a 'e0 UNSELECT'
	imap_ok a 'e1 ENABLE IMAP4rev2'
	expect '~^\* ENABLED .*IMAP4rev2'
	imap_ok a 'e2 SELECT INBOX'
	imap_ok a 'q SEARCH FLAGGED'
	expect_only '=* ESEARCH (TAG "q") ALL 2,5' 'q OK'
	imap_ok a 'q UID SEARCH FLAGGED'
	expect_only '=* ESEARCH (TAG "q") UID ALL 3,7' 'q OK'
	imap_ok a 'q UID SEARCH ANSWERED'
	expect_only '=* ESEARCH (TAG "q") UID' 'q OK'
}

@test "SEARCH RETURN: in an empty mailbox" {
	imap_ok a 'a1 CREATE none'
	imap_ok a 'a2 SELECT none'
	esearch '(MIN MAX COUNT ALL)' ALL 'COUNT 0'
	esearch '(MIN MAX COUNT ALL)' 1:* 'COUNT 0'
}

@test "SEARCH RETURN: what is no option is BAD" {
	local bad

	for bad in 'RETURN' 'RETURN ALL' 'RETURN (ALL)' 'RETURN (FOO) ALL' \
	    'RETURN ( ALL) ALL' 'RETURN (ALL ) ALL' 'RETURN (MIN  MAX) ALL' \
	    'RETURN (MIN,MAX) ALL' 'RETURN (MIN ALL' 'RETURN(ALL) ALL' \
	    'RETURN (ALL)ALL' 'NOT RETURN (ALL) ALL' 'ALL RETURN (ALL)' \
	    'CHARSET UTF-8 RETURN (ALL) ALL' 'RETURN (ALL) RETURN (ALL) ALL' \
	    'RETURN "ALL" ALL' 'RETURN (ALL 1) ALL' 'RETURN ((ALL)) ALL' \
	    'RETURN () CHARSET UTF-8' 'RETURN (ALL) NOT CHARSET UTF-8 ALL'; do
		imap a "q SEARCH $bad"
		expect_only 'q BAD' || die "for: $bad"
	done
}

@test "ESEARCH: turned off, RETURN is BAD" {
	conf 'capabilities-off = ESEARCH'
	imap_start b --select INBOX
	imap b 'q SEARCH RETURN () ALL'
	expect_only 'q BAD'
	imap_ok b 'q SEARCH ALL'
	expect_only '* SEARCH' 'q OK'
}

@test "SEARCH RETURN: MODSEQ of what is returned (RFC 4731 3.2)" {
	local first last highest seq

	# UIDs 3 and 7 changed before UID 4 did, 1 never.
	imap_ok a 'm1 STORE 3 +FLAGS.SILENT (\Seen)'
	declare -A modseq
	imap_ok a 'm2 FETCH 1:5 (MODSEQ)'
	for seq in 1 2 3 4 5; do
		[[ ${ANSWER[*]} =~ \*\ $seq\ FETCH\ \([^*]*MODSEQ\ \(([0-9]+)\) ]]
		modseq[$seq]=${BASH_REMATCH[1]}
	done
	first=${modseq[1]} last=${modseq[5]} highest=${modseq[3]}
	((first < last && last < highest))
	esearch '(MIN)' 'MODSEQ 1' "MIN 1 MODSEQ $first"
	esearch '(MAX)' 'MODSEQ 1' "MAX 5 MODSEQ $last"
	esearch '(MIN MAX)' 'MODSEQ 1' "MIN 1 MAX 5 MODSEQ $last"
	esearch '(MIN COUNT)' 'MODSEQ 1' "MIN 1 COUNT 5 MODSEQ $highest"
	esearch '(ALL)' 'MODSEQ 1 2:4' "ALL 2:4 MODSEQ $highest"
	esearch '(ALL)' "MODSEQ $((highest + 1))" ''
	imap_ok a 'q SORT RETURN (MIN) (ARRIVAL) UTF-8 MODSEQ 1'
	expect "=* ESEARCH (TAG \"q\") MIN 1 MODSEQ $first"
	imap_ok a 'q SORT RETURN (MIN COUNT) (ARRIVAL) UTF-8 MODSEQ 1'
	expect "=* ESEARCH (TAG \"q\") MIN 1 COUNT 5 MODSEQ $highest"
}

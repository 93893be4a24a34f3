#!/usr/bin/env bats
# cap-searchres.bats - SEARCHRES: "$" stands for what a search found
# SPDX-License-Identifier: ISC
load ../lib/imap

# UIDs 1 3 4 6 7 are left of seven messages; 3, 6 and 7 are flagged.
setup() {
	imap_setup
	imap_start a
	seed a INBOX 7
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 's2 STORE 3,6:7 +FLAGS.SILENT (\Flagged)'
	imap_ok a 's3 STORE 2,5 +FLAGS.SILENT (\Deleted)'
	imap_ok a 's4 EXPUNGE'
}

# saved UIDS: "$" stands for these.
saved() {
	imap_ok a 'v UID SEARCH $'
	expect_only "=* SEARCH${1:+ $1}" 'v OK'
}

@test "SEARCHRES is announced" {
	imap_ok a 'a1 CAPABILITY'
	expect '~^\* CAPABILITY .*\bSEARCHRES\b'
}

@test "SEARCH RETURN (SAVE): FETCH \$ (RFC 5182 2.2 example 1)" {
	saved ''
	imap_ok a 'A282 SEARCH RETURN (SAVE) FLAGGED'
	expect_only 'A282 OK'
	imap_ok a 'A283 FETCH $ (UID)'
	expect_only '* 2 FETCH (UID 3)' '* 4 FETCH (UID 6)' '* 5 FETCH (UID 7)' \
	    'A283 OK'
	imap_ok a 'A284 UID FETCH $ (UID)'
	expect_only '* 2 FETCH (UID 3)' '* 4 FETCH (UID 6)' '* 5 FETCH (UID 7)' \
	    'A284 OK'
}

@test "SEARCH RETURN (SAVE): pipelined (RFC 5182 2.2 example 2)" {
	imap_send_raw a $'p1 SEARCH RETURN (SAVE) FLAGGED\r\np2 FETCH $ (UID)\r\n'
	imap_recv a p2
	expect_only 'p1 OK' '* 2 FETCH (UID 3)' '* 4 FETCH' '* 5 FETCH' 'p2 OK'
}

@test "SEARCH: \$ is a key, also behind UID and in OR (RFC 5182 2.2 examples 3, 4)" {
	imap_ok a 'A300 UID SEARCH RETURN (SAVE) FLAGGED'
	expect_only 'A300 OK'
	imap_ok a 'A301 UID SEARCH UID $ SMALLER 4096'
	expect_only '=* SEARCH 3 6 7' 'A301 OK'
	imap_ok a 'A302 SEARCH $ UID 4:6'
	expect_only '=* SEARCH 4' 'A302 OK'
	imap_ok a 'A303 SEARCH CHARSET UTF-8 (OR $ 1,3) TEXT {7+}'$'\r\nmessage'
	expect_only '=* SEARCH 1 2 3 4 5' 'A303 OK'
	imap_ok a 'A304 SEARCH NOT $'
	expect_only '=* SEARCH 1 3' 'A304 OK'
	imap_ok a 'A305 SEARCH RETURN (SAVE) $ NOT 2'
	saved '6 7'
}

@test "SEARCH RETURN (SAVE): NO empties it, BAD does not (RFC 5182 2.1, example 5)" {
	imap_ok a 'B282 SEARCH RETURN (SAVE) FLAGGED'
	imap a 'B1 SEARCH RETURN (SAVE) FLAGGED FOO'
	expect_only 'B1 BAD'
	imap a 'B2 SEARCH CHARSET nosuch TEXT x'
	expect_only 'B2 NO [BADCHARSET'
	saved '3 6 7'
	imap a 'B283 SEARCH RETURN (SAVE) CHARSET nosuch (OR $ 1,3) TEXT {4+}'$'\r\nXXXX'
	expect_only 'B283 NO [BADCHARSET'
	saved ''
}

@test "SEARCH RETURN (SAVE): so does NO when the store fails, in ESEARCH too (RFC 7377 2.2)" {
	local command db

	db=$(echo "$MSGSTORE"/users/alice/*/messages.db)
	for command in 'SEARCH' 'UID SORT' 'ESEARCH'; do
		imap_ok a 'a1 SEARCH RETURN (SAVE) FLAGGED'
		saved '3 6 7'
		[[ $command != *SORT ]] || command+=' RETURN (SAVE) (SIZE) UTF-8'
		[[ $command == *SORT* ]] || command+=' RETURN (SAVE)'
		without "$db" messages imap a "a2 $command SEEN"
		expect_only 'a2 NO [SERVERBUG]'
		saved ''
	done
}

@test "SEARCH RETURN (SAVE): an empty \$ is no error (RFC 5182 2.2 example 6)" {
	imap_ok a 'E282 SEARCH RETURN (SAVE) ANSWERED'
	imap_ok a 'E283 COPY $ INBOX'
	imap_ok a 'E284 FETCH $ FLAGS'
	expect_only 'E284 OK'
	imap_ok a 'E285 STORE $ +FLAGS (\Seen)'
	expect_only 'E285 OK'
	imap_ok a 'E286 UID EXPUNGE $'
	expect_only 'E286 OK'
	imap_ok a 'E287 SEARCH ALL NOT $'
	expect_only '=* SEARCH 1 2 3 4 5' 'E287 OK'
	imap_ok a 'E288 CREATE none'
	imap_ok a 'E289 SELECT none'
	imap_ok a 'E290 FETCH $ FLAGS'
	expect_only 'E290 OK'
}

@test "SEARCH RETURN (SAVE): COPY and STORE take \$ (RFC 5182 2.3 example 7)" {
	imap_ok a 'F281 CREATE Spam'
	imap_send_raw a $'F282 SEARCH RETURN (SAVE) FLAGGED\r\nF283 COPY $ Spam\r\nF284 STORE $ +FLAGS.SILENT (\\Deleted)\r\n'
	imap_recv a F284
	expect_only 'F282 OK' '~^F283 OK \[COPYUID [0-9]+ 3,6:7 1:3\]' 'F284 OK'
	imap_ok a 'F285 SEARCH DELETED'
	expect_only '=* SEARCH 2 4 5' 'F285 OK'
	imap_ok a 'F286 SEARCH RETURN (SAVE) 4'
	imap_ok a 'F287 UID EXPUNGE $'
	expect_only '* 4 EXPUNGE' 'F287 OK'
	saved ''
}

@test "SEARCH RETURN (SAVE): a later search replaces it, one without SAVE does not (RFC 5182 2.3)" {
	imap_ok a 'H282 SEARCH RETURN (SAVE) FLAGGED'
	imap_ok a 'H283 SEARCH RETURN (ALL) 1'
	imap_ok a 'H284 SEARCH 1'
	saved '3 6 7'
	imap_ok a 'H285 SEARCH RETURN (SAVE) 1'
	saved 1
}

@test "SEARCH RETURN (SAVE): with MIN, MAX, ALL and COUNT (RFC 5182 2.4 example 10)" {
	imap_ok a 'C283 SEARCH RETURN (ALL SAVE) FLAGGED'
	expect_only '=* ESEARCH (TAG "C283") ALL 2,4:5' 'C283 OK'
	saved '3 6 7'
	imap_ok a 'C284 SEARCH RETURN (SAVE MIN) FLAGGED'
	expect_only '=* ESEARCH (TAG "C284") MIN 2' 'C284 OK'
	saved 3
	imap_ok a 'C285 SEARCH RETURN (SAVE MAX) FLAGGED'
	expect_only '=* ESEARCH (TAG "C285") MAX 5' 'C285 OK'
	saved 7
	imap_ok a 'C286 SEARCH RETURN (MAX SAVE MIN) FLAGGED'
	expect_only '=* ESEARCH (TAG "C286") MIN 2 MAX 5' 'C286 OK'
	saved '3 7'
	imap_ok a 'C287 SEARCH RETURN (MAX SAVE MIN COUNT) FLAGGED'
	expect_only '=* ESEARCH (TAG "C287") MIN 2 MAX 5 COUNT 3' 'C287 OK'
	saved '3 6 7'
	imap_ok a 'C288 SEARCH RETURN (ALL SAVE MIN) FLAGGED'
	expect_only '=* ESEARCH (TAG "C288") MIN 2 ALL 2,4:5' 'C288 OK'
	saved '3 6 7'
	imap_ok a 'C289 SEARCH RETURN (SAVE MIN) ANSWERED'
	expect_only '=* ESEARCH (TAG "C289")' 'C289 OK'
	saved ''
}

@test "SEARCH RETURN (SAVE): what is expunged leaves it (RFC 5182 2.1)" {
	imap_start b --select INBOX
	imap_ok a 'a1 SEARCH RETURN (SAVE) FLAGGED'
	imap_ok b 'b1 STORE 1,4 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 EXPUNGE'
	imap_ok a 'a2 NOOP'
	imap_ok a 'a3 FETCH $ (UID)'
	expect_only '* 1 FETCH (UID 3)' '* 3 FETCH (UID 7)' 'a3 OK'
	seed b INBOX 1
	imap_ok a 'a4 NOOP'
	saved '3 7'
}

@test "SEARCH RETURN (SAVE): SELECT and EXAMINE empty it (RFC 5182 2.1)" {
	imap_ok a 'a1 SEARCH RETURN (SAVE) ALL'
	imap_ok a 'a2 EXAMINE INBOX'
	saved ''
	imap_ok a 'a3 SEARCH RETURN (SAVE) ALL'
	saved '1 3 4 6 7'
	imap_ok a 'a4 SELECT INBOX'
	saved ''
}

@test "SEARCH RETURN (SAVE): \$ at the end of a set (RFC 9051 9 sequence-set)" {
	imap_ok a 'a1 SEARCH RETURN (SAVE) 5'
	imap_ok a 'a2 FETCH 1:2,$ (UID)'
	expect_only '* 1 FETCH (UID 1)' '* 2 FETCH (UID 3)' '* 5 FETCH (UID 7)' \
	    'a2 OK'
	imap_ok a 'a3 UID SEARCH UID 1,$'
	expect_only '=* SEARCH 1 7' 'a3 OK'
}

@test "SEARCH RETURN (SAVE): what is no set is BAD" {
	local bad

	for bad in '$1' '$,1' '1$' '$$' '$:1' '1:$' '1,,$' ',$' '"$"' '1*' '**' \
	    '1,' '*:' '0' ; do
		imap a "q FETCH $bad UID"
		expect_only 'q BAD' || die "for: $bad"
		imap a "q SEARCH UID $bad"
		expect_only 'q BAD' || die "for: UID $bad"
		imap a "q STORE $bad FLAGS ()"
		expect_only 'q BAD' || die "for: STORE $bad"
	done
}

@test "SEARCHRES: turned off, SAVE and \$ are BAD" {
	conf 'capabilities-off = SEARCHRES'
	imap_start b --select INBOX
	imap b 'q SEARCH RETURN (SAVE) ALL'
	expect_only 'q BAD'
	imap b 'q FETCH $ UID'
	expect_only 'q BAD'
	imap_ok b 'q SEARCH RETURN (COUNT) ALL'
}

#!/usr/bin/env bats
# expunge.bats - EXPUNGE, UID EXPUNGE
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	imap_setup
	imap_start a
	seed a INBOX 6
	imap_ok a 's1 SELECT INBOX'
}

# Apply EXPUNGE responses to the numbers $1..., as a client does; prints the rest.
apply() {
	local seqs=("$@") line
	for line in "${ANSWER[@]}"; do
		[[ $line =~ ^'* '([0-9]+)' EXPUNGE'$ ]] || continue
		seqs=("${seqs[@]:0:BASH_REMATCH[1]-1}" "${seqs[@]:BASH_REMATCH[1]}")
	done
	echo "${seqs[*]}"
}

@test "EXPUNGE: numbers count at the moment of each response (RFC 3501 7.4.1)" {
	imap_ok a 'a1 STORE 2,3,5 +FLAGS.SILENT (\Deleted)'
	imap a 'a2 EXPUNGE'
	same '1 4 6' "$(apply 1 2 3 4 5 6)"
	expect 'a2 OK'
	imap_ok a 'a3 UID SEARCH ALL'
	expect '=* SEARCH 1 4 6'
	imap_ok a 'a4 FETCH 2 (UID BODY.PEEK[TEXT])'
	expect_item UID 4
	expect_item 'BODY[TEXT]' "body 4$CRLF"
	imap a 'a5 FETCH 4 FLAGS'
	expect_only 'a5 BAD'
}

@test "EXPUNGE: nothing is marked, nothing happens" {
	imap a 'a1 EXPUNGE'
	expect_only 'a1 OK'
}

@test "EXPUNGE: a UID is never given again (RFC 3501 2.3.1.1)" {
	imap_ok a 'a1 STORE 6 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a2 EXPUNGE'
	imap_ok a 'a3 SELECT INBOX'
	expect '* OK [UIDNEXT 7]'
	append a INBOX "x: y$CRLF$CRLF"
	imap_ok a 'a4 FETCH 6 UID'
	expect '=* 6 FETCH (UID 7)'
	imap_ok a 'a5 STORE 1:* +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a6 EXPUNGE'
	imap_ok a 'a7 SELECT INBOX'
	expect '=* 0 EXISTS'
	expect '* OK [UIDNEXT 8]'
}

@test "UID EXPUNGE: only those of the set that are marked (RFC 4315 2.1)" {
	imap_ok a 'a1 STORE 1,3,5 +FLAGS.SILENT (\Deleted)'
	imap a 'a2 UID EXPUNGE 2:4,99'
	expect_only '=* 3 EXPUNGE' 'a2 OK'
	imap_ok a 'a3 UID SEARCH ALL'
	expect '=* SEARCH 1 2 4 5 6'
	imap_ok a 'a4 SEARCH DELETED'
	expect '=* SEARCH 1 4'
}

@test "EXPUNGE: another session hears of it at NOOP, not in FETCH, STORE or SEARCH (RFC 3501 7.4.1)" {
	imap_start b --select INBOX
	imap_ok a 'a1 STORE 2 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a2 EXPUNGE'
	imap b 'b1 FETCH 1 FLAGS'
	refute '~^\* [0-9]+ EXPUNGE'
	imap b 'b2 STORE 1 +FLAGS (\Seen)'
	refute '~^\* [0-9]+ EXPUNGE'
	imap b 'b3 SEARCH ALL'
	refute '~^\* [0-9]+ EXPUNGE'
	imap b 'b4 FETCH 6 UID'
	expect '=* 6 FETCH (UID 6)' 'b4 OK'
	refute '~^\* [0-9]+ EXPUNGE'
	imap b 'b5 NOOP'
	expect '=* 2 EXPUNGE' 'b5 OK'
	imap b 'b6 FETCH 5 UID'
	expect '=* 5 FETCH (UID 6)'
}

@test "EXPUNGE: may come in UID FETCH, UID STORE, UID SEARCH and others (RFC 3501 7.4.1)" {
	local command
	for command in 'UID FETCH 1 UID' 'UID STORE 1 +FLAGS.SILENT (\Seen)' \
	    'UID SEARCH UID 1' 'CHECK' 'STATUS Sent (MESSAGES)' 'LIST "" INBOX'; do
		imap_start b --select INBOX
		imap_ok a 'a1 STORE 1 +FLAGS.SILENT (\Deleted)'
		imap_ok a 'a2 EXPUNGE'
		imap_ok b "b1 $command"
		# Told now or later, but told once and right.
		local told
		told=$(apply 1 2 3)
		imap_ok b 'b2 NOOP'
		if [[ $told == '1 2 3' ]]; then
			expect '=* 1 EXPUNGE'
		else
			refute '~^\* [0-9]+ EXPUNGE'
		fi
		imap_close b
	done
}

@test "EXPUNGE: what is expunged and not yet told can still be fetched (RFC 2180 4.1.2)" {
	imap_start b --select INBOX
	imap_ok b 'b0 FETCH 2 FLAGS'
	imap_ok a 'a1 STORE 2 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a2 EXPUNGE'
	imap_ok b 'b1 FETCH 1:3 (UID BODY.PEEK[TEXT])'
	expect "~^\* 1 FETCH" "~^\* 2 FETCH .*body 2$CRLF" "~^\* 3 FETCH"
	imap_ok b 'b2 NOOP'
	expect '=* 2 EXPUNGE'
	imap_ok b 'b3 FETCH 2 BODY.PEEK[TEXT]'
	expect_item 'BODY[TEXT]' "body 3$CRLF"
}

@test "EXPUNGE: with expunge-retention = 0 the file is gone, and FETCH copes (RFC 2180 4.1)" {
	conf 'expunge-retention = 0'
	imap_start c --select INBOX
	imap_start b --select INBOX
	imap_ok c 'c1 STORE 2 +FLAGS.SILENT (\Deleted)'
	imap_ok c 'c2 EXPUNGE'
	imap b 'b1 FETCH 1:3 (UID BODY.PEEK[TEXT])'
	expect '* 1 FETCH' '* 3 FETCH' 'b1 NO [EXPUNGEISSUED]'
	refute '~^\* [0-9]+ EXPUNGE'
	imap_ok b 'b2 NOOP'
	expect '=* 2 EXPUNGE'
	run find "$MSGSTORE/users/alice" -name 2
	same '' "$output"
}

@test "EXPUNGE: two sessions expunge the same messages" {
	imap_start b --select INBOX
	imap_ok a 'a1 STORE 1:3 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b1 EXPUNGE'
	same '4 5 6' "$(apply 1 2 3 4 5 6)"
	imap_ok a 'a2 EXPUNGE'
	same '4 5 6' "$(apply 1 2 3 4 5 6)"
	imap_ok a 'a3 EXPUNGE'
	refute '* '
}

@test "EXPUNGE: three hundred messages, told one by one" {
	seed a INBOX 294
	imap_ok a 'a1 NOOP'
	imap_start b --select INBOX
	imap_ok a 'a2 STORE 1:* +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a3 STORE 1,150,300 -FLAGS.SILENT (\Deleted)'
	imap_ok a 'a4 EXPUNGE'
	same 298 "${#ANSWER[@]}"
	imap_ok b 'b1 NOOP'
	same 298 "$(printf '%s\n' "${ANSWER[@]}" | grep -c -e EXPUNGE -e 'b1 OK')"
	imap_ok b 'b2 FETCH 1:* UID'
	expect_only '=* 1 FETCH (UID 1)' '=* 2 FETCH (UID 150)' \
	    '=* 3 FETCH (UID 300)' 'b2 OK'
}

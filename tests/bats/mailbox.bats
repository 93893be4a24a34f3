#!/usr/bin/env bats
# mailbox.bats - CREATE, DELETE, RENAME
# SPDX-License-Identifier: ISC
load ../lib/imap

# The names that alice has but for those made at the start.
expect_own_names() {
	imap_ok "$1" 'names LIST "" *'
	expect_names INBOX Drafts Sent Trash Junk Archive "${@:2}"
}

@test "CREATE: a mailbox, empty and selectable (RFC 3501 6.3.3)" {
	imap_start a
	imap a 'a1 CREATE Work'
	expect_only 'a1 OK'
	expect_own_names a Work
	expect_listed Work '\HasNoChildren' '!\Noselect'
	imap a 'a2 SELECT Work'
	expect '=* 0 EXISTS' 'a2 OK [READ-WRITE]'
}

@test "CREATE: superior names are made too (RFC 3501 6.3.3)" {
	imap_start a
	imap_ok a 'a1 CREATE "Work\\2024\\May"'
	expect_own_names a Work 'Work\2024' 'Work\2024\May'
	expect_listed Work '\HasChildren'
	expect_listed 'Work\2024\May' '\HasNoChildren'
}

@test "CREATE: one trailing delimiter is dropped (RFC 3501 6.3.3)" {
	imap_start a
	imap_ok a 'a1 CREATE "Work\\"'
	expect_own_names a Work
	imap_ok a 'a2 CREATE "Work\\2024\\"'
	expect_own_names a Work 'Work\2024'
}

@test "CREATE: a backslash is taken without quotes" {
	imap_start a
	imap_ok a 'a1 CREATE Work\Plans'
	expect_own_names a Work 'Work\Plans'
	imap_ok a 'a2 SELECT Work\Plans'
	imap_ok a 'a3 STATUS Work\Plans (MESSAGES)'
	expect '* STATUS "Work\\Plans" (MESSAGES 0)'
}

@test "CREATE: a name that is there is refused (RFC 3501 6.3.3, RFC 5530 3)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	imap a 'a2 CREATE Work'
	expect_only 'a2 NO [ALREADYEXISTS]'
	local name
	for name in INBOX inbox '"InBoX"'; do
		imap a "a3 CREATE $name"
		expect_only 'a3 NO'
	done
	imap_ok a 'a4 CREATE work'
	expect_own_names a Work work
}

@test "CREATE: names that cannot be are refused, and nothing is made" {
	imap_start a
	local name
	for name in '""' '"\\"' '"\\Work"' '"a\\\\b"' '"."' '".."' '"a\\..\\b"' \
	    '"a&"' '"&AGE-"' '"a&AOk"' '"&!!!-"' '"&2AA-"' '"&AAo-"'; do
		imap a "a1 CREATE $name"
		expect_only '~^a1 NO' || die "for: $name"
	done
	imap a 'a2 CREATE "a*b"'
	expect_only '~^a2 (OK|NO)'
	[[ ${ANSWER[0]} != 'a2 OK'* ]] || imap_ok a 'a3 DELETE "a*b"'
	expect_own_names a
}

@test "CREATE: too long and too deep is refused (RFC 5530 3)" {
	imap_start a
	local name
	printf -v name '%0300d' 0
	imap a "a1 CREATE $name"
	expect_only 'a1 NO [LIMIT]'
	printf -v name '%0200d\' 1 2 3 4 5 6
	imap a "a2 CREATE \"${name//\\/\\\\}x\""
	expect_only 'a2 NO [LIMIT]'
	name=
	local i
	for ((i = 0; i < 70; i++)); do name+='a\\'; done
	imap a "a3 CREATE \"${name}b\""
	expect_only 'a3 NO [LIMIT]'
	expect_own_names a
}

@test "CREATE: names in modified UTF-7 come back the same (RFC 3501 5.1.3)" {
	imap_start a
	local name
	for name in 'Entw&APw-rfe' '~peter\mail\&U,BTFw-\&ZeVnLIqe-' 'R&-D' \
	    '&2D3eAA-' 'a b'; do
		imap_ok a "a1 CREATE \"${name//\\/\\\\}\""
		imap_ok a "a2 LIST \"\" \"${name//\\/\\\\}\""
		expect_names "$name" || die "for: $name"
		imap_ok a "a3 SELECT \"${name//\\/\\\\}\""
	done
}

@test "CREATE: names that look the same are the same (NFC)" {
	imap_start a
	imap_ok a 'a1 CREATE "caf&AOk-"'
	imap a 'a2 CREATE "cafe&AwE-"'
	expect_only 'a2 NO [ALREADYEXISTS]'
	imap_ok a 'a3 SELECT "cafe&AwE-"'
}

@test "CREATE: UTF-8 is taken, and told as modified UTF-7 (RFC 9755 3)" {
	imap_start a
	imap_ok a $'a1 CREATE "caf\xc3\xa9"'
	expect_own_names a 'caf&AOk-'
	imap a $'a2 CREATE "caf\xe9"'
	expect_only 'a2 BAD'
	imap a $'a3 CREATE {4+}\r\ncaf\xe9'
	expect_only 'a3 NO [CANNOT]'
}

@test "CREATE: special octets in names are quoted on the way out" {
	imap_start a
	local name
	for name in 'a"b' 'a b' 'a(b)' 'a%b' 'a{1}' 'a]b'; do
		imap a "a1 CREATE \"${name//\"/\\\"}\""
		[[ ${ANSWER[-1]} == 'a1 OK'* ]] || continue
		imap_ok a 'a2 LIST "" *'
		expect_listed "$name"
		imap_ok a "a3 STATUS \"${name//\"/\\\"}\" (MESSAGES)"
		imap_ok a "a4 DELETE \"${name//\"/\\\"}\""
	done
	imap_ok a 'a5 CREATE "a\"b c"'
	expect_own_names a 'a"b c'
}

@test "CREATE: below INBOX, in any case of INBOX (RFC 3501 5.1)" {
	imap_start a
	imap_ok a 'a1 CREATE inbox\Lists'
	expect_own_names a 'INBOX\Lists'
	imap a 'a2 CREATE INBOX\Lists'
	expect_only 'a2 NO [ALREADYEXISTS]'
	imap_ok a 'a3 SELECT InBox\Lists'
	imap_ok a 'a4 LIST "" INBOX'
	expect_listed INBOX '\HasChildren'
}

@test "CREATE: a name again after DELETE has another UIDVALIDITY (RFC 3501 6.3.3)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	imap_ok a 'a2 STATUS Work (UIDVALIDITY)'
	local first=${ANSWER[0]}
	imap_ok a 'a3 DELETE Work'
	imap_ok a 'a4 CREATE Work'
	imap_ok a 'a5 STATUS Work (UIDVALIDITY)'
	[[ ${ANSWER[0]} =~ ^'* STATUS Work (UIDVALIDITY '[1-9] ]]
	[[ ${ANSWER[0]} != "$first" ]]
}

@test "DELETE: the mailbox and its messages are gone (RFC 3501 6.3.4)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	seed a Work 3
	imap a 'a2 DELETE Work'
	expect_only 'a2 OK'
	expect_own_names a
	imap a 'a3 SELECT Work'
	expect_only 'a3 NO [NONEXISTENT]'
	imap a 'a4 DELETE Work'
	expect_only 'a4 NO [NONEXISTENT]'
}

@test "DELETE: INBOX is refused (RFC 3501 6.3.4)" {
	imap_start a
	imap a 'a1 DELETE INBOX'
	expect_only 'a1 NO'
	imap a 'a2 DELETE inbox'
	expect_only 'a2 NO'
	imap_ok a 'a3 SELECT INBOX'
}

@test "DELETE: with children a name is left, \\Noselect (RFC 3501 6.3.4)" {
	imap_start a
	imap_ok a 'a1 CREATE Work\Plans'
	seed a Work 1
	imap_ok a 'a2 DELETE Work'
	expect_own_names a Work 'Work\Plans'
	expect_listed Work '\Noselect' '\HasChildren'
	imap a 'a3 SELECT Work'
	expect_only 'a3 NO'
	imap a 'a4 STATUS Work (MESSAGES)'
	expect_only 'a4 NO'
	imap a 'a5 DELETE Work'
	expect_only 'a5 NO [HASCHILDREN]'
	imap a "a6 APPEND Work {3+}${CRLF}abc"
	expect_only 'a6 NO'
	imap_ok a 'a7 DELETE Work\Plans'
	expect_own_names a
}

@test "DELETE: a \\Noselect name becomes a mailbox again by CREATE, empty (RFC 3501 6.3.3)" {
	imap_start a
	imap_ok a 'a1 CREATE Work\Plans'
	seed a Work 2
	imap_ok a 'a2 STATUS Work (UIDVALIDITY)'
	local first=${ANSWER[0]}
	imap_ok a 'a3 DELETE Work'
	imap_ok a 'a4 CREATE Work'
	imap_ok a 'a5 LIST "" Work'
	expect_listed Work '!\Noselect'
	imap_ok a 'a6 STATUS Work (UIDVALIDITY)'
	[[ ${ANSWER[0]} != "$first" ]]
	imap a 'a7 SELECT Work'
	expect '=* 0 EXISTS'
}

@test "RENAME: the mailbox keeps its messages and UIDs (RFC 3501 6.3.5)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	seed a Work 3
	imap_ok a 'a2 STATUS Work (MESSAGES UIDNEXT UIDVALIDITY)'
	local first=${ANSWER[0]#'* STATUS Work '}
	imap a 'a3 RENAME Work Play'
	expect_only 'a3 OK'
	expect_own_names a Play
	imap_ok a 'a4 STATUS Play (MESSAGES UIDNEXT UIDVALIDITY)'
	expect "=* STATUS Play $first"
	imap a 'a5 SELECT Work'
	expect_only 'a5 NO [NONEXISTENT]'
}

@test "RENAME: the tree below goes along (RFC 3501 6.3.5)" {
	imap_start a
	imap_ok a 'a1 CREATE a\b\c'
	imap_ok a 'a2 CREATE ab'
	imap_ok a 'a3 RENAME a z'
	expect_own_names a z 'z\b' 'z\b\c' ab
	imap_ok a 'a4 RENAME z\b q'
	expect_own_names a z q 'q\c' ab
}

@test "RENAME: superior names of the new name are made (RFC 3501 6.3.5)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	imap_ok a 'a2 RENAME Work Old\2024\Work'
	expect_own_names a Old 'Old\2024' 'Old\2024\Work'
}

@test "RENAME: onto a name that is there, from one that is not (RFC 3501 6.3.5)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	imap_ok a 'a2 CREATE Play'
	imap a 'a3 RENAME Work Play'
	expect_only 'a3 NO [ALREADYEXISTS]'
	imap a 'a4 RENAME Work INBOX'
	expect_only 'a4 NO'
	imap a 'a5 RENAME Nothing Else'
	expect_only 'a5 NO [NONEXISTENT]'
	imap a 'a6 RENAME Work Work'
	expect_only 'a6 NO [ALREADYEXISTS]'
	expect_own_names a Work Play
}

@test "RENAME: a tree cannot go below itself" {
	imap_start a
	imap_ok a 'a1 CREATE a\b'
	imap a 'a2 RENAME a a\b\c'
	expect_only 'a2 NO'
	imap a 'a3 RENAME a a\x'
	expect_only 'a3 NO'
	expect_own_names a a 'a\b'
}

@test "RENAME INBOX: its messages go to the new name, INBOX stays, empty (RFC 3501 6.3.5)" {
	imap_start a
	seed a INBOX 3
	imap_ok a 'a1 CREATE INBOX\Lists'
	imap_ok a 'a2 RENAME INBOX Old'
	expect_own_names a Old 'INBOX\Lists'
	imap_ok a 'a3 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 0)'
	imap_ok a 'a4 STATUS Old (MESSAGES)'
	expect '=* STATUS Old (MESSAGES 3)'
	imap_ok a 'a5 SELECT Old'
	imap_ok a 'a6 FETCH 3 BODY.PEEK[TEXT]'
	expect_item 'BODY[TEXT]' "body 3$CRLF"
	seed a INBOX 1
	imap_ok a 'a7 SELECT INBOX'
	expect '=* 1 EXISTS'
}

@test "RENAME: a \\Noselect name with its children" {
	imap_start a
	imap_ok a 'a1 CREATE a\b'
	imap_ok a 'a2 DELETE a'
	imap_ok a 'a3 RENAME a z'
	expect_own_names a z 'z\b'
	expect_listed z '\Noselect'
}

@test "RENAME: subscriptions stay as they are (RFC 3501 6.3.6)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	imap_ok a 'a2 SUBSCRIBE Work'
	imap_ok a 'a3 RENAME Work Play'
	imap_ok a 'a4 LSUB "" "Work"'
	expect_names Work
}

@test "shared: cannot be a personal mailbox, in any case" {
	imap_start a
	local name
	for name in shared Shared 'SHARED\x' 'shared\sales' '&AHM-hared'; do
		imap a "a1 CREATE \"${name//\\/\\\\}\""
		expect_only 'a1 NO' || die "for: $name"
	done
	imap_ok a 'a2 CREATE Work'
	imap a 'a3 RENAME Work shared'
	expect_only 'a3 NO'
	imap a 'a4 RENAME Work shared\work'
	expect_only 'a4 NO'
	imap_ok a 'a5 CREATE Work\shared'
	expect_own_names a Work 'Work\shared'
}

@test "names never touch the file system" {
	imap_start a
	imap_ok a 'a1 CREATE "etc/passwd"'
	imap_ok a 'a2 CREATE "a/../b"'
	imap_ok a 'a3 LIST "" *'
	expect_listed etc/passwd
	run find "$MSGSTORE" -name 'passwd*' -o -name 'etc*'
	same '' "$output"
}

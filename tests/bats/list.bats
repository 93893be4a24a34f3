#!/usr/bin/env bats
# list.bats - LIST, LSUB, SUBSCRIBE, STATUS, NAMESPACE
# SPDX-License-Identifier: ISC
load ../lib/imap

FIRST=(INBOX Drafts Sent Trash Junk Archive)

@test "LIST: what a new user has, with the delimiter (RFC 3501 6.3.8, 7.2.2)" {
	imap_start a
	imap a 'a1 LIST "" "*"'
	expect_names "${FIRST[@]}"
	expect 'a1 OK'
	local line
	for line in "${ANSWER[@]:0:${#ANSWER[@]}-1}"; do
		[[ $line =~ ^'* LIST ('[^\)]*') "\\" ' ]] || die "$line"
	done
	expect_listed INBOX '\HasNoChildren' '!\Noselect'
}

@test "LIST: an empty pattern asks for the delimiter (RFC 3501 6.3.8)" {
	imap_start a
	imap a 'a1 LIST "" ""'
	expect_only '=* LIST (\Noselect) "\\" ""' 'a1 OK'
	imap a 'a2 LIST "Work\\" ""'
	expect_only '~^\* LIST \(\\Noselect\) "\\\\" ' 'a2 OK'
}

@test "LIST: % stops at the delimiter, * does not (RFC 3501 6.3.8)" {
	imap_start a
	imap_ok a 'a1 CREATE Work\Plans\2024'
	imap_ok a 'a2 CREATE Work\Notes'
	imap_ok a 'a3 LIST "" %'
	expect_names "${FIRST[@]}" Work
	imap_ok a 'a4 LIST "" *'
	expect_names "${FIRST[@]}" Work 'Work\Plans' 'Work\Plans\2024' 'Work\Notes'
	imap_ok a 'a5 LIST "" Work\%'
	expect_names 'Work\Plans' 'Work\Notes'
	imap_ok a 'a6 LIST "" Work\*'
	expect_names 'Work\Plans' 'Work\Plans\2024' 'Work\Notes'
	imap_ok a 'a7 LIST "" "%\\%\\%"'
	expect_names 'Work\Plans\2024'
	imap_ok a 'a8 LIST "" *4'
	expect_names 'Work\Plans\2024'
	imap_ok a 'a9 LIST "" W%k'
	expect_names Work
	imap_ok a 'b1 LIST "" "Work\\"'
	expect_names
	imap_ok a 'b2 LIST "" nothing'
	expect_only 'b2 OK'
}

@test "LIST: the reference comes before the pattern (RFC 3501 6.3.8)" {
	imap_start a
	imap_ok a 'a1 CREATE Work\Plans'
	imap_ok a 'a2 LIST "Work\\" %'
	expect_names 'Work\Plans'
	imap_ok a 'a3 LIST Work %'
	expect_names Work
	imap_ok a 'a4 LIST "Work\\" Plans'
	expect_names 'Work\Plans'
}

@test "LIST: INBOX matches in any case, the rest as it is (RFC 3501 5.1)" {
	imap_start a
	imap_ok a 'a1 LIST "" inbox'
	expect_names INBOX
	imap_ok a 'a2 LIST "" iNb%'
	expect_names INBOX
	imap_ok a 'a3 LIST "" sent'
	expect_names
	imap_ok a 'a4 CREATE INBOX\x'
	imap_ok a 'a5 LIST "" inbox\%'
	expect_names 'INBOX\x'
}

@test "LIST: \\HasChildren and \\HasNoChildren on every name (RFC 3348 3)" {
	imap_start a
	imap_ok a 'a1 CREATE a\b\c'
	imap_ok a 'a2 LIST "" *'
	expect_listed a '\HasChildren' '!\HasNoChildren'
	expect_listed 'a\b' '\HasChildren'
	expect_listed 'a\b\c' '\HasNoChildren' '!\HasChildren'
	imap_ok a 'a3 DELETE a\b\c'
	imap_ok a 'a4 LIST "" *'
	expect_listed 'a\b' '\HasNoChildren'
}

@test "LIST: patterns that would cost a naive matcher years" {
	imap_start a
	local name pattern
	printf -v name '%0200d' 0
	imap_ok a "a1 CREATE $name"
	pattern=$(printf '*0%.0s' {1..100})
	imap_ok a "a2 LIST \"\" ${pattern}x"
	expect_names
	imap_ok a "a3 LIST \"\" ${pattern}"
	expect_names "$name"
}

@test "LIST: names with spaces and quotes come out quoted, patterns as literals" {
	imap_start a
	imap_ok a 'a1 CREATE "my \"own\" box"'
	imap_ok a 'a2 LIST {0+}' ' {13+}' 'my "own" box%'
	[[ ${#ANSWER[@]} == 2 ]]
	expect '~^\* LIST \(.*\) "\\\\" "my \\"own\\" box"$'
}

@test "LIST: ends of names sort and a thousand of them are told" {
	imap_start a
	local i out=''
	for ((i = 0; i < 200; i++)); do out+="c$i CREATE n$i$CRLF"; done
	imap_send_raw a "$out"
	imap_recv a c199
	imap_ok a 'a1 LIST "" n*'
	same 201 "${#ANSWER[@]}"
}

@test "SUBSCRIBE: LSUB gives the names subscribed to (RFC 3501 6.3.6, 6.3.9)" {
	imap_start a
	imap a 'a1 LSUB "" *'
	expect_names "${FIRST[@]}"
	imap_ok a 'a2 CREATE Work'
	imap a 'a3 SUBSCRIBE Work'
	expect_only 'a3 OK'
	imap_ok a 'a4 SUBSCRIBE Work'
	imap_ok a 'a6 LSUB "" *'
	expect_names "${FIRST[@]}" Work
	imap_ok a 'a7 UNSUBSCRIBE Drafts'
	imap_ok a 'a8 UNSUBSCRIBE inbox'
	imap_ok a 'a9 LSUB "" %'
	expect_names Sent Trash Junk Archive Work
}

@test "UNSUBSCRIBE: a name that is not subscribed (RFC 3501 6.3.7)" {
	imap_start a
	imap a 'a1 UNSUBSCRIBE Nothing'
	expect_only 'a1 OK'
	imap_ok a 'a2 LSUB "" *'
	expect_names "${FIRST[@]}"
}

@test "LSUB: a deleted mailbox stays subscribed (RFC 3501 6.3.6)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	imap_ok a 'a2 SUBSCRIBE Work'
	imap_ok a 'a3 DELETE Work'
	imap_ok a 'a4 LSUB "" W*'
	expect_names Work
}

@test "LSUB: % shows a superior name that is not subscribed, \\Noselect (RFC 3501 6.3.9)" {
	imap_start a
	imap_ok a 'a1 CREATE foo\bar\baz'
	imap_ok a 'a2 SUBSCRIBE foo\bar\baz'
	imap_ok a 'a3 LSUB "" f%'
	expect_names foo
	expect_listed foo '\Noselect'
	imap_ok a 'a4 LSUB "" foo\%'
	expect_names 'foo\bar'
	expect_listed 'foo\bar' '\Noselect'
	imap_ok a 'a5 LSUB "" f*'
	expect_names 'foo\bar\baz'
	imap_ok a 'a6 SUBSCRIBE foo'
	imap_ok a 'a7 LSUB "" f%'
	expect_names foo
	expect_listed foo '!\Noselect'
}

@test "STATUS: every item (RFC 3501 6.3.10)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	imap_ok a 'a2 STATUS Work (MESSAGES RECENT UIDNEXT UNSEEN)'
	expect_only '=* STATUS Work (MESSAGES 0 RECENT 0 UIDNEXT 1 UNSEEN 0)' 'a2 OK'
	seed a Work 3
	append a Work "Subject: seen$CRLF$CRLF" '(\Seen)'
	imap_ok a 'a3 STATUS Work (UNSEEN MESSAGES UIDNEXT RECENT)'
	expect_only '=* STATUS Work (UNSEEN 3 MESSAGES 4 UIDNEXT 5 RECENT 4)' 'a3 OK'
	imap a 'a4 STATUS work\x (MESSAGES)'
	expect 'a4 NO [NONEXISTENT]'
	imap_ok a 'a5 STATUS Work (uidvalidity)'
	local status=${ANSWER[0]}
	imap_ok a 'a6 SELECT Work'
	same "=* STATUS Work (UIDVALIDITY $(code UIDVALIDITY))" "=$status"
	imap_ok a 'a7 STATUS INBOX (RECENT)'
	imap_ok a 'a8 STATUS Work (RECENT MESSAGES)'
	expect '* STATUS Work (RECENT '
}

@test "STATUS: does not change what is selected, nor \\Recent (RFC 3501 6.3.10)" {
	imap_start a --select INBOX
	imap_ok a 'a1 CREATE Work'
	seed a Work 2
	imap_ok a 'a2 STATUS Work (RECENT)'
	expect '=* STATUS Work (RECENT 2)'
	imap_ok a 'a3 STATUS Work (RECENT)'
	expect '=* STATUS Work (RECENT 2)'
	imap_ok a 'a4 SELECT Work'
	expect '=* 2 RECENT'
}

@test "STATUS: follows what others do at once" {
	imap_start a
	imap_start b --select INBOX
	seed b INBOX 2
	imap_ok a 'a1 STATUS INBOX (MESSAGES UNSEEN)'
	expect '=* STATUS INBOX (MESSAGES 2 UNSEEN 2)'
	imap_ok b 'b1 STORE 1 +FLAGS (\Seen \Deleted)'
	imap_ok a 'a2 STATUS INBOX (MESSAGES UNSEEN)'
	expect '=* STATUS INBOX (MESSAGES 2 UNSEEN 1)'
	imap_ok b 'b2 EXPUNGE'
	imap_ok a 'a3 STATUS INBOX (MESSAGES UNSEEN UIDNEXT)'
	expect '=* STATUS INBOX (MESSAGES 1 UNSEEN 1 UIDNEXT 3)'
}

@test "NAMESPACE: personal, and shared when something is shared (RFC 2342 5)" {
	imap_start a
	imap a 'a1 NAMESPACE'
	expect_only '=* NAMESPACE (("" "\\")) NIL NIL' 'a1 OK'
	mboxadm grant sales alice read
	imap_start a
	imap a 'a2 NAMESPACE'
	expect_only '=* NAMESPACE (("" "\\")) NIL (("shared\\" "\\"))' 'a2 OK'
}

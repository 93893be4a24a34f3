#!/usr/bin/env bats
# shared.bats - shared mailboxes: who sees them, and who may do what
# SPDX-License-Identifier: ISC
load ../lib/imap

FIRST=(INBOX Drafts Sent Trash Junk Archive)

# Three messages in shared\sales, by an administrator's delivery.
fill_sales() {
	mboxadm grant sales bob full
	imap_start filler --user bob
	seed filler 'shared\sales' 3
	imap_close filler
	mboxadm revoke sales bob
}

@test "granted: listed below shared, which is \\Noselect (RFC 2342 5)" {
	mboxadm grant sales alice read
	imap_start a
	imap_ok a 'a1 LIST "" *'
	expect_names "${FIRST[@]}" shared 'shared\sales'
	expect_listed shared '\Noselect' '\HasChildren'
	expect_listed 'shared\sales' '\HasNoChildren' '!\Noselect'
	imap_ok a 'a2 LIST "" %'
	expect_names "${FIRST[@]}" shared
	imap_ok a 'a3 LIST "" shared\%'
	expect_names 'shared\sales'
	imap_ok a 'a4 LIST "shared\\" *'
	expect_names 'shared\sales'
	imap a 'a6 SELECT shared'
	expect_only 'a6 NO'
}

@test "not granted: as if it did not exist, with the same words" {
	imap_start a
	imap_ok a 'a1 LIST "" *'
	expect_names "${FIRST[@]}"
	imap_ok a 'a2 LIST "shared\\" *'
	expect_names
	local command said
	for command in SELECT EXAMINE DELETE; do
		imap a "b $command shared\\nothing"
		said=${ANSWER[-1]}
		imap a "b $command shared\\sales"
		same "$said" "${ANSWER[-1]}"
		[[ $said == 'b NO'* ]]
	done
	imap a 'b STATUS shared\nothing (MESSAGES)'
	said=${ANSWER[-1]}
	imap a 'b STATUS shared\sales (MESSAGES)'
	same "$said" "${ANSWER[-1]}"
	imap a 'b RENAME shared\nothing x'
	said=${ANSWER[-1]}
	imap a 'b RENAME shared\sales x'
	same "$said" "${ANSWER[-1]}"
	imap a "b APPEND shared\\nothing {4+}${CRLF}a: b"
	said=${ANSWER[-1]}
	imap a "b APPEND shared\\sales {4+}${CRLF}a: b"
	same "$said" "${ANSWER[-1]}"
	imap a 'b CREATE shared\nothing'
	said=${ANSWER[-1]}
	imap a 'b CREATE shared\sales'
	same "$said" "${ANSWER[-1]}"
	imap a 'b CREATE shared\nothing\x'
	said=${ANSWER[-1]}
	imap a 'b CREATE shared\sales\x'
	same "$said" "${ANSWER[-1]}"
	imap a 'b SELECT shared'
	same 'b NO' "${ANSWER[-1]:0:4}"
}

@test "read (lrs): SELECT, FETCH, \\Seen; nothing else (RFC 4314 4)" {
	fill_sales
	mboxadm grant sales alice read
	imap_start a
	imap_ok a 'a1 SELECT shared\sales'
	expect '=* 3 EXISTS'
	expect '~PERMANENTFLAGS \(\\Seen\)'
	imap_ok a 'a2 FETCH 1 BODY[TEXT]'
	expect_item 'BODY[TEXT]' "body 1$CRLF"
	expect_flags 1 '\Seen'
	imap_ok a 'a3 SEARCH SUBJECT message'
	expect '=* SEARCH 1 2 3'
	imap_ok a 'a4 COPY 1 Archive'
	imap a 'a5 STORE 2 +FLAGS (\Deleted)'
	expect 'a5 NO [NOPERM]'
	imap a 'a6 STORE 2 +FLAGS (\Flagged)'
	expect 'a6 NO [NOPERM]'
	imap a 'a7 EXPUNGE'
	expect 'a7 NO [NOPERM]'
	imap a "a8 APPEND shared\\sales {4+}${CRLF}a: b"
	expect 'a8 NO [NOPERM]'
	imap a 'a9 COPY 1 shared\sales'
	expect 'a9 NO [NOPERM]'
	imap a 'b1 CREATE shared\sales\x'
	expect 'b1 NO [NOPERM]'
	imap a 'b2 DELETE shared\sales'
	expect 'b2 NO'
	imap a 'b3 RENAME shared\sales shared\x'
	expect 'b3 NO'
	imap a 'b4 RENAME shared\sales x'
	expect 'b4 NO'
	imap_ok a 'b5 FETCH 1:3 FLAGS'
	expect_flags 2
	expect_flags 3
}

@test "NOPERM says whom to ask" {
	conf 'administrator = it-desk@example.org'
	fill_sales
	mboxadm grant sales alice read
	imap_start a --select 'shared\sales'
	imap a 'a1 STORE 1 +FLAGS (\Deleted)'
	expect '~^a1 NO \[NOPERM\].*it-desk@example\.org'
}

@test "write (lrswipte): append, flags, delete, expunge; no children" {
	mboxadm grant sales alice write
	imap_start a
	append a 'shared\sales' "Subject: x$CRLF$CRLF" '(\Flagged $Work)'
	imap_ok a 'a1 SELECT shared\sales'
	imap_ok a 'a2 FETCH 1 FLAGS'
	expect_flags 1 '\Flagged' '$Work'
	imap_ok a 'a3 STORE 1 +FLAGS (\Deleted)'
	imap_ok a 'a4 EXPUNGE'
	expect '=* 1 EXPUNGE'
	imap a 'a5 CREATE shared\sales\x'
	expect 'a5 NO [NOPERM]'
}

@test "full: children are made, renamed and deleted; the mailbox itself is not" {
	mboxadm grant sales alice full
	imap_start a
	imap_ok a 'a1 CREATE shared\sales\2024\may'
	imap_ok a 'a2 LIST "" shared*'
	expect_names shared 'shared\sales' 'shared\sales\2024' 'shared\sales\2024\may'
	append a 'shared\sales\2024' "x: y$CRLF$CRLF"
	imap_ok a 'a3 RENAME shared\sales\2024 shared\sales\old'
	imap_ok a 'a4 SELECT shared\sales\old'
	expect '=* 1 EXISTS'
	imap_ok a 'a5 DELETE shared\sales\old\may'
	imap a 'a6 DELETE shared\sales'
	expect 'a6 NO'
	imap a 'a7 RENAME shared\sales shared\other'
	expect 'a7 NO'
	imap a 'a8 CREATE shared\other'
	expect 'a8 NO'
	imap a 'a9 RENAME shared\sales\old Personal'
	expect 'a9 NO'
	imap a 'b1 RENAME Archive shared\sales\archive'
	expect 'b1 NO'
}

@test "letters: lr reads without setting \\Seen (RFC 4314 4)" {
	fill_sales
	mboxadm grant sales alice lr
	imap_start a
	imap_ok a 'a1 SELECT shared\sales'
	expect '~PERMANENTFLAGS \(\)'
	imap_ok a 'a2 FETCH 1 BODY[TEXT]'
	expect_item 'BODY[TEXT]' "body 1$CRLF"
	imap_ok a 'a3 FETCH 1 FLAGS'
	expect_flags 1
	imap a 'a4 STORE 1 +FLAGS (\Seen)'
	expect 'a4 NO'
}

@test "letters: l alone lists, and lets nobody in" {
	mboxadm grant sales alice l
	imap_start a
	imap_ok a 'a1 LIST "" shared\*'
	expect_names 'shared\sales'
	imap a 'a2 SELECT shared\sales'
	expect 'a2 NO [NOPERM]'
	imap a 'a3 STATUS shared\sales (MESSAGES)'
	expect 'a3 NO [NOPERM]'
}

@test "letters: lri appends, its flags are those that it may set (RFC 4314 4)" {
	mboxadm grant sales alice lri
	imap_start a
	append a 'shared\sales' "x: y$CRLF$CRLF" '(\Seen \Deleted \Flagged Word)'
	imap_ok a 'a1 SELECT shared\sales'
	imap_ok a 'a2 FETCH 1 FLAGS'
	expect_flags 1
	imap a 'a3 EXPUNGE'
	expect 'a3 NO [NOPERM]'
}

@test "letters: lrt marks as \\Deleted, and CLOSE leaves what it may not expunge (RFC 4314 4)" {
	fill_sales
	mboxadm grant sales alice lrt
	imap_start a --select 'shared\sales'
	imap_ok a 'a1 STORE 1 +FLAGS (\Deleted)'
	expect_flags 1 '\Deleted'
	imap a 'a2 EXPUNGE'
	expect 'a2 NO [NOPERM]'
	imap_ok a 'a3 CLOSE'
	imap_ok a 'a4 STATUS shared\sales (MESSAGES)'
	expect '=* STATUS "shared\\sales" (MESSAGES 3)'
}

@test "two users share flags and hear of each other" {
	fill_sales
	mboxadm grant sales alice full
	mboxadm grant sales bob write
	imap_start a --select 'shared\sales'
	imap_start b --user bob --select 'shared\sales'
	imap_ok a 'a1 STORE 2 +FLAGS (\Answered)'
	imap_ok b 'b1 NOOP'
	expect_flags 2 '\Answered'
	imap_idle a
	append b 'shared\sales' "x: y$CRLF$CRLF"
	imap_wait a '=* 4 EXISTS'
	imap_ok b 'b2 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b3 EXPUNGE'
	imap_wait a '=* 1 EXPUNGE'
	imap_idle_done a
}

@test "granted while a session runs: told to come again, where it is then" {
	imap_start a
	imap_start b
	imap_idle b
	mboxadm grant sales alice read
	imap_send a 'a1 LIST "" shared*'
	imap_eof a
	expect_only '* BYE'
	imap_eof b
	expect_only '* BYE'
	imap_start a
	imap_ok a 'a2 LIST "" shared*'
	expect_names shared 'shared\sales'
	# Rights on what is there already need no new session.
	mboxadm grant sales alice write
	append a 'shared\sales' "x: y$CRLF$CRLF"
}

@test "granted while a session runs, without a sandbox: there at the next command" {
	conf 'sandbox = no'
	imap_start a
	imap_ok a 'a1 LIST "" shared*'
	expect_names
	mboxadm grant sales alice read
	imap_ok a 'a2 LIST "" shared*'
	expect_names shared 'shared\sales'
	imap_ok a 'a3 SELECT shared\sales'
	mboxadm grant sales alice write
	append a 'shared\sales' "x: y$CRLF$CRLF"
	imap_ok a 'a4 STORE 1 +FLAGS (\Flagged)'
}

@test "revoked while it is selected: closed, gone from LIST, the session goes on" {
	fill_sales
	mboxadm grant sales alice full
	imap_start a --select 'shared\sales'
	imap_ok a 'a1 FETCH 1 FLAGS'
	mboxadm revoke sales alice
	imap a 'a2 FETCH 1 BODY[]'
	expect '* OK [CLOSED]' 'a2 NO'
	refute 'body 1'
	imap a 'a3 FETCH 1 FLAGS'
	expect_only 'a3 BAD'
	imap_ok a 'a4 LIST "" *'
	expect_names "${FIRST[@]}"
	imap_ok a 'a5 SELECT INBOX'
}

@test "write taken away while it is selected: STORE is refused from then on" {
	fill_sales
	mboxadm grant sales alice full
	imap_start a --select 'shared\sales'
	imap_ok a 'a1 STORE 1 +FLAGS (\Flagged)'
	mboxadm grant sales alice lr
	imap a 'a2 STORE 1 -FLAGS (\Flagged)'
	expect 'a2 NO [NOPERM]'
	imap_ok a 'a3 FETCH 1 FLAGS'
	expect_flags 1 '\Flagged'
}

@test "the shared mailbox is deleted while it is selected" {
	fill_sales
	mboxadm grant sales alice full
	imap_start a --select 'shared\sales'
	mboxadm shared delete sales
	imap_send a 'a1 NOOP'
	ANSWER=()
	imap_read a
	expect '~^(\* BYE|\* OK \[CLOSED\])'
	imap_close a
	imap_start b
	imap_ok b 'b1 LIST "" shared*'
	expect_names
}

@test "SUBSCRIBE: shared names can be subscribed to" {
	mboxadm grant sales alice read
	imap_start a
	imap_ok a 'a1 SUBSCRIBE shared\sales'
	imap_ok a 'a2 LSUB "" shared\*'
	expect_names 'shared\sales'
	imap_ok a 'a3 LSUB "" %'
	expect_listed shared '\Noselect'
	imap_ok a 'a4 UNSUBSCRIBE shared\sales'
	imap_ok a 'a5 LSUB "" shared*'
	expect_names
}

@test "COPY: between personal and shared mailboxes" {
	mboxadm grant sales alice write
	imap_start a
	append a INBOX "Subject: offer$CRLF${CRLF}text$CRLF" '(Hot)'
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 COPY 1 shared\sales'
	imap_ok a 'a3 SELECT shared\sales'
	imap_ok a 'a4 FETCH 1 (FLAGS BODY.PEEK[TEXT])'
	expect_flags 1 Hot
	expect_item 'BODY[TEXT]' "text$CRLF"
	imap_ok a 'a5 COPY 1 Archive'
}

@test "a mailbox with blanks, UTF-8 and quotes in its name" {
	mboxadm shared add 'Büro "1"'
	mboxadm grant 'Büro "1"' alice full
	imap_start a
	imap_ok a 'a1 LIST "" shared\*'
	expect_names 'shared\B&APw-ro "1"'
	imap_ok a 'a2 SELECT "shared\\B&APw-ro \"1\""'
}

@test "user deny: create, rename and delete are refused, with whom to ask" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	mboxadm user deny alice create
	imap a 'a2 CREATE New'
	expect '~^a2 NO \[NOPERM\].*postmaster'
	imap a "a3 APPEND Missing {4+}${CRLF}a: b"
	expect_only 'a3 NO'
	refute TRYCREATE
	imap_ok a 'a4 RENAME Work Play'
	mboxadm user deny alice rename,delete
	imap a 'a5 RENAME Play Work'
	expect 'a5 NO [NOPERM]'
	imap a 'a6 DELETE Play'
	expect 'a6 NO [NOPERM]'
	imap a 'a7 RENAME INBOX Old'
	expect 'a7 NO [NOPERM]'
	imap_ok a 'a8 LIST "" *'
	expect_names "${FIRST[@]}" Play
	mboxadm user allow alice create,rename,delete
	imap_ok a 'a9 RENAME Play Work'
	imap_ok a 'b1 CREATE New'
	imap_ok a 'b2 DELETE Work'
}

@test "user deny: does not touch mail, nor other users, nor shared mailboxes" {
	mboxadm user deny alice create,rename,delete
	mboxadm grant sales alice full
	imap_start a
	seed a INBOX 1
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 COPY 1 Trash'
	imap_ok a 'a3 STORE 1 +FLAGS (\Deleted)'
	imap_ok a 'a4 EXPUNGE'
	imap_ok a 'a5 CREATE shared\sales\new'
	imap_start b --user bob
	imap_ok b 'b1 CREATE Own'
}

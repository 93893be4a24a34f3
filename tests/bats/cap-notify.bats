#!/usr/bin/env bats
# cap-notify.bats - NOTIFY: RFC 5465
# SPDX-License-Identifier: ISC
load ../lib/imap

NEW='(MessageNew MessageExpunge)'
ALL='(MessageNew MessageExpunge FlagChange)'

# Nothing may come before the answer to a NOOP but what is expected.
quiet() {
	local line other=()

	imap "$1" 'quiet NOOP'
	for line in "${ANSWER[@]}"; do
		# It follows EXISTS, and is of no interest here.
		[[ $line == *' RECENT' ]] || other+=("$line")
	done
	ANSWER=("${other[@]}")
	expect_only 'quiet OK'
}

@test "NOTIFY: the grammar (RFC 5465 8)" {
	local good bad
	imap_start a --select INBOX
	for good in 'NONE' "SET (selected $NEW)" "set status (Selected-Delayed $ALL)" \
	    "SET (inboxes $NEW) (personal NONE)" "SET (subscribed $ALL)" \
	    "SET (subtree Lists $NEW)" "SET (subtree (a \"b c\") $NEW)" \
	    'SET (mailboxes (INBOX) (mailboxname subscriptionchange))' \
	    'SET (selected (MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge))' \
	    'SET (selected (MessageNew (uid) FlagChange MessageExpunge))' \
	    'SET (selected NONE)'; do
		imap_ok a "g NOTIFY $good"
	done
	for bad in '' 'SET' 'SET STATUS' 'NONE (selected NONE)' "SET(selected $NEW)" \
	    "SET (selected $NEW) " "SET  (selected $NEW)" 'SET (selected)' \
	    'SET (selected ())' 'SET (selected (NONE))' 'SET (selected MessageNew)' \
	    'SET (selected (MessageNew))' 'SET (selected (MessageExpunge))' \
	    'SET (selected (FlagChange))' 'SET (selected (AnnotationChange))' \
	    'SET (personal (MessageNew FlagChange))' \
	    "SET (selected $NEW) (selected-delayed $NEW)" \
	    'SET (selected (MailboxName))' \
	    'SET (selected-delayed (ServerMetadataChange))' \
	    'SET (personal (MessageNew (uid) MessageExpunge))' \
	    'SET (selected (MessageNew () MessageExpunge))' \
	    'SET (selected (MessageNew(uid) MessageExpunge))' \
	    'SET (selected (MessageNew (all) MessageExpunge))' \
	    "SET (subtree $NEW)" "SET (mailboxes () $NEW)" "SET (nowhere $NEW)" \
	    "SET (selected $NEW" "SET STATUS STATUS (selected $NEW)"; do
		imap a "b NOTIFY $bad"
		expect_only 'b BAD' || die "$bad"
	done
	imap_ok a 'n NOOP'
}

@test "NOTIFY: unsupported events are NO with BADEVENT (RFC 5465 3.1)" {
	local event
	imap_start a
	for event in MailboxMetadataChange ServerMetadataChange X-Other \
	    'MessageNew MessageExpunge AnnotationChange'; do
		imap a "a1 NOTIFY SET (personal ($event))"
		expect_only 'a1 NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)]'
	done
}

@test "NOTIFY: the selected mailbox, between commands (RFC 5465 5.1, 5.2, 5.3)" {
	imap_start a
	seed a INBOX 2
	imap_start b --select INBOX
	imap_ok b "b1 NOTIFY SET (selected (MessageNew (uid body.peek[header.fields (subject)]) MessageExpunge FlagChange))"
	append a INBOX "Subject: good morning$CRLF$CRLF"
	imap_wait b '=* 3 EXISTS'
	imap_wait b '* 3 FETCH (UID 3 BODY[HEADER.FIELDS (subject)] {'
	expect_item 'BODY[HEADER.FIELDS (subject)]' "Subject: good morning$CRLF$CRLF"
	imap_ok a 'a0 SELECT INBOX'
	imap_ok a 'a1 STORE 2 +FLAGS.SILENT (\Flagged)'
	imap_wait b '* 2 FETCH (UID 2 FLAGS (\Flagged'
	imap_ok a 'a2 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_wait b '* 1 FETCH (UID 1 FLAGS (\Deleted'
	imap_ok a 'a3 EXPUNGE'
	imap_wait b '=* 1 EXPUNGE'
	quiet b
}

# append_beside NAME MAILBOX: one to it, and meanwhile one to INBOX by a.
append_beside() {
	imap_send_raw "$1" "beside APPEND $2 {8}$CRLF"
	imap_wait "$1" '+ '
	append a INBOX "x: y$CRLF$CRLF"
	imap_send_raw "$1" "x: y$CRLF$CRLF$CRLF"
	imap_recv "$1" beside
}

@test "NOTIFY: what others add while this client does is told (RFC 5465 5.2)" {
	imap_start a
	imap_ok a 'a1 CREATE other'
	imap_start b --select INBOX
	imap_ok b 'b1 NOTIFY SET (selected (MessageNew (uid) MessageExpunge))'
	append_beside b other
	expect '=* 1 EXISTS' '=* 1 FETCH (UID 1)' 'beside OK'
	append_beside b INBOX
	expect '=* 3 EXISTS' '=* 2 FETCH (UID 2)' 'beside OK'
	refute '* 3 FETCH'
	imap_ok b 'b2 COPY 1:2 INBOX'
	expect '=* 5 EXISTS' 'b2 OK'
	refute FETCH
}

@test "SEARCH RETURN (UPDATE (...)): the same without NOTIFY (RFC 5465 7)" {
	imap_start a
	imap_ok a 'a1 CREATE other'
	imap_start b --select INBOX
	imap_ok b 'B01 UID SEARCH RETURN (UPDATE (rfc822.size)) ALL'
	append_beside b other
	expect '=* 1 EXISTS' '=* 1 FETCH (UID 1 RFC822.SIZE 8)' \
	    '=* ESEARCH (TAG "B01") UID ADDTO (0 1)' 'beside OK'
	append_beside b INBOX
	expect '=* 3 EXISTS' '=* 2 FETCH (UID 2 RFC822.SIZE 8)' \
	    '=* ESEARCH (TAG "B01") UID ADDTO (0 2:3)' 'beside OK'
	refute '* 3 FETCH'
}

cont_and_noop() {
	kill -CONT "$(imap_pid b)"
	imap_ok b 'b2 NOOP'
}

@test "NOTIFY: what cannot be read at first is told later" {
	local db=$MSGSTORE/users/alice/account.db
	imap_start a
	imap_ok a 'a0 CREATE box'
	imap_start b
	imap_ok b "b1 NOTIFY SET (personal (MessageNew MessageExpunge SubscriptionChange))"
	kill -STOP "$(imap_pid b)"
	append a box "x: y$CRLF$CRLF"
	imap_ok a 'a1 SUBSCRIBE box'
	without "$db" mailboxes without "$db" subscriptions cont_and_noop
	expect_only 'b2 OK'
	imap_ok b 'b3 NOOP'
	expect '~^\* LIST \(.*\\Subscribed.*\) .* box$' '* STATUS box' 'b3 OK'
	imap_ok b 'b4 NOOP'
	expect_only 'b4 OK'
}

# What was selected before may have been where the new one is in memory.
@test "NOTIFY: of each mailbox that is selected, one after the other" {
	local i
	imap_start a
	for i in {1..24}; do
		imap_ok a "c CREATE box$i"
	done
	imap_start b
	imap_ok b "n NOTIFY SET (selected $NEW)"
	for i in {1..24}; do
		imap_ok b "s SELECT box$i"
		append a "box$i" "Subject: new$CRLF$CRLF"
		imap_wait b '=* 1 EXISTS'
	done
}

@test "NOTIFY: the same without inotify" {
	conf 'inotify = no'
	imap_start a
	imap_start b --select INBOX
	imap_ok b "b1 NOTIFY SET (selected $ALL) (personal ${ALL%)} MailboxName))"
	append a INBOX "x: y$CRLF$CRLF"
	imap_wait b '=* 1 EXISTS'
	imap_ok a 'a1 CREATE box'
	imap_wait b '~^\* LIST \(.*\) "\\\\" box$'
	append a box "x: y$CRLF$CRLF"
	imap_wait b '~^\* STATUS box \(.*MESSAGES 1'
}

@test "NOTIFY: what has accumulated is told at once (RFC 5465 3.1)" {
	imap_start a
	imap_start b --select INBOX
	seed a INBOX 1
	imap_ok b 'b1 NOTIFY SET (selected NONE)'
	expect '=* 1 EXISTS' 'b1 OK'
	# And now nothing, until it is wanted again.
	seed a INBOX 1
	quiet b
	imap_ok b "b2 NOTIFY SET (selected $NEW)"
	expect '=* 2 EXISTS' 'b2 OK'
	# Flags were not asked for.
	imap_ok a 'a0 SELECT INBOX'
	imap_ok a 'a1 STORE 1 +FLAGS (\Flagged)'
	append a INBOX "x: y$CRLF$CRLF"
	imap_wait b '=* 3 EXISTS'
	refute FETCH
	quiet b
	imap_ok b 'b3 NOTIFY NONE'
	append a INBOX "x: y$CRLF$CRLF"
	quiet b
}

@test "NOTIFY: its own expunges are told whatever is wanted" {
	imap_start b
	seed b INBOX 2
	imap_ok b 'b0 SELECT INBOX'
	imap_ok b 'b1 NOTIFY SET (selected NONE)'
	imap_ok b 'b2 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b3 EXPUNGE'
	expect '=* 1 EXPUNGE' 'b3 OK'
}

# resyncs_from_highest NAME UIDVALIDITY: a client with what NAME was told last hears
# in a new session, c, of all that NAME did not.
resyncs_from_highest() {
	local re='^u OK \[HIGHESTMODSEQ ([0-9]+)\]' highest
	imap_ok "$1" 'u UID FETCH 3 (FLAGS MODSEQ)'
	[[ ${ANSWER[-1]} =~ $re ]] || die "not told: ${ANSWER[-1]}"
	highest=${BASH_REMATCH[1]}
	imap_start c
	imap_ok c 'c1 ENABLE QRESYNC'
	imap_ok c "c2 SELECT INBOX (QRESYNC ($2 $highest))"
}

# INBOX in a, and with QRESYNC in b; its UIDVALIDITY is valid.
qresync_with_three() {
	local re='UIDVALIDITY ([0-9]+)'
	imap_start a
	seed a INBOX 3
	imap_ok a 'a0 SELECT INBOX'
	imap_start b
	imap_ok b 'b1 ENABLE QRESYNC'
	imap_ok b 'b2 SELECT INBOX'
	[[ ${ANSWER[*]} =~ $re ]]
	valid=${BASH_REMATCH[1]}
}

@test "NOTIFY: flags that are not wanted are found by QRESYNC (RFC 7162 3.2)" {
	local valid
	qresync_with_three
	imap_ok b "b3 NOTIFY SET (selected $NEW)"
	imap_ok a 'a1 STORE 1 +FLAGS (\Flagged)'
	imap_ok a 'a2 STORE 2 +FLAGS (\Deleted)'
	imap_ok a 'a3 EXPUNGE'
	imap_wait b '=* VANISHED 2'
	imap_ok b 'b4 NOOP'
	resyncs_from_highest b "$valid"
	expect '* 1 FETCH (UID 1 MODSEQ (5) FLAGS (\Flagged))'
}

@test "NOTIFY: NONE, and expunges are found by QRESYNC (RFC 7162 3.2)" {
	local valid
	qresync_with_three
	imap_ok b 'b3 NOTIFY NONE'
	imap_ok a 'a1 STORE 2 +FLAGS (\Deleted)'
	imap_ok a 'a2 EXPUNGE'
	imap_ok a 'a3 STORE 2 +FLAGS (\Flagged)'
	resyncs_from_highest b "$valid"
	expect '=* VANISHED (EARLIER) 2'
}

@test "NOTIFY: selected-delayed keeps expunges for a command (RFC 5465 6.1.2)" {
	imap_start a
	seed a INBOX 3
	imap_ok a 'a0 SELECT INBOX'
	imap_start b --select INBOX
	imap_ok b "b1 NOTIFY SET (selected-delayed $ALL)"
	imap_ok a 'a1 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_wait b '* 1 FETCH'
	imap_ok a 'a2 EXPUNGE'
	append a INBOX "x: y$CRLF$CRLF"
	imap_wait b '=* 4 EXISTS'
	refute EXPUNGE
	imap_ok b 'b2 FETCH 1 UID'
	expect '=* 1 FETCH (UID 1)' 'b2 OK'
	imap_idle b
	expect '=* 1 EXPUNGE' || imap_wait b '=* 1 EXPUNGE'
	imap_idle_done b
}

@test "NOTIFY: other mailboxes by STATUS (RFC 5465 3.1, 5.2, 5.3)" {
	imap_start a
	imap_ok a 'a1 CREATE Lists\Lemonade'
	imap_ok a 'a2 CREATE Lists\Im2000'
	imap_ok a 'a3 CREATE misc'
	seed a 'Lists\Lemonade' 2
	imap_start b --select INBOX
	imap_ok b "b1 NOTIFY SET STATUS (selected (MessageNew (uid) MessageExpunge)) (subtree Lists $NEW)"
	expect '~^\* STATUS Lists \(UIDVALIDITY [0-9]+ UIDNEXT 1 MESSAGES 0\)$' \
	    '~^\* STATUS .*Im2000"? \(UIDVALIDITY [0-9]+ UIDNEXT 1 MESSAGES 0\)$' \
	    '~^\* STATUS .*Lemonade"? \(UIDVALIDITY [0-9]+ UIDNEXT 3 MESSAGES 2\)$' 'b1 OK'
	refute misc INBOX
	append a 'Lists\Lemonade' "x: y$CRLF$CRLF"
	imap_wait b '~^\* STATUS .*Lemonade"? \(UIDVALIDITY [0-9]+ UIDNEXT 4 MESSAGES 3\)$'
	append a INBOX "x: y$CRLF$CRLF"
	imap_wait b '=* 1 FETCH (UID 1)'
	append a misc "x: y$CRLF$CRLF"
	quiet b
	imap_ok a 'a4 SELECT Lists\Lemonade'
	imap_ok a 'a5 STORE 1 +FLAGS (\Seen \Deleted)'
	quiet b
	imap_ok a 'a6 EXPUNGE'
	imap_wait b '~^\* STATUS .*Lemonade"? \(UIDVALIDITY [0-9]+ UIDNEXT 4 MESSAGES 2\)$'
	# One more, without STATUS for those that are known.
	imap_ok b "b2 NOTIFY SET (selected $NEW) (subtree Lists $NEW) (mailboxes misc $NEW)"
	expect_only 'b2 OK'
	append a misc "x: y$CRLF$CRLF"
	imap_wait b '~^\* STATUS misc \(.*MESSAGES 2\)$'
}

@test "NOTIFY: FlagChange elsewhere, with and without CONDSTORE (RFC 5465 5.1)" {
	imap_start a
	imap_ok a 'a1 CREATE box'
	seed a box 2
	imap_ok a 'a2 SELECT box'
	imap_start b
	imap_ok b "b1 NOTIFY SET STATUS (mailboxes box $ALL)"
	expect '~^\* STATUS box \(.*UIDVALIDITY.*MESSAGES 2.*HIGHESTMODSEQ' 'b1 OK'
	imap_ok a 'a3 STORE 1 +FLAGS (\Seen)'
	imap_wait b '~^\* STATUS box \(UIDVALIDITY [0-9]+ UNSEEN 1\)$'
	imap_ok a 'a4 STORE 1 +FLAGS (\Flagged)'
	quiet b
	imap_ok b 'b2 ENABLE CONDSTORE'
	imap_ok a 'a5 STORE 1 -FLAGS (\Flagged)'
	imap_wait b '~^\* STATUS box \(UIDVALIDITY [0-9]+ HIGHESTMODSEQ [0-9]+\)$'
	append a box "x: y$CRLF$CRLF"
	imap_wait b '~^\* STATUS box \(.*MESSAGES 3.*HIGHESTMODSEQ [0-9]+\)$'
}

@test "NOTIFY: mailboxes made, renamed, deleted (RFC 5465 5.4)" {
	imap_start a
	imap_start b
	imap_ok b 'b1 NOTIFY SET (personal (MailboxName))'
	imap_ok a 'a1 CREATE NewMailbox'
	imap_wait b '~^\* LIST \(.*\\HasNoChildren.*\) "\\\\" NewMailbox$'
	imap_ok a 'a2 CREATE NewMailbox\child'
	imap_wait b '~^\* LIST \(.*\) "\\\\" "NewMailbox\\\\child"$'
	# Its parent has a child now.
	imap_wait b '~^\* LIST \(.*\\HasChildren.*\) "\\\\" NewMailbox$'
	# Children go along and are not told.
	imap_ok a 'a3 RENAME NewMailbox Other'
	imap_wait b '~^\* LIST \(.*\) "\\\\" Other \("OLDNAME" \(NewMailbox\)\)$'
	quiet b
	imap_ok a 'a4 DELETE Other\child'
	imap_wait b '~^\* LIST \(.*\\NonExistent.*\) "\\\\" "Other\\\\child"$'
	imap_wait b '~^\* LIST \(.*\\HasNoChildren.*\) "\\\\" Other$'
	imap_ok a 'a5 DELETE Other'
	imap_wait b '~^\* LIST \(.*\\NonExistent.*\) "\\\\" Other$'
	# RENAME INBOX: no event for INBOX itself.
	seed a INBOX 1
	imap_ok a 'a6 RENAME INBOX Old'
	imap_wait b '~^\* LIST \(.*\) "\\\\" Old \("OLDNAME" \("?INBOX"?\)\)$'
	quiet b
}

@test "NOTIFY: subscriptions (RFC 5465 5.5, 6.4)" {
	imap_start a
	imap_ok a 'a1 CREATE box'
	imap_start b
	imap_ok b 'b1 NOTIFY SET (personal (SubscriptionChange)) (subscribed (MessageNew MessageExpunge))'
	append a box "x: y$CRLF$CRLF"
	quiet b
	imap_ok a 'a2 SUBSCRIBE box'
	imap_wait b '~^\* LIST \(.*\\Subscribed.*\) "\\\\" box$'
	append a box "x: y$CRLF$CRLF"
	imap_wait b '~^\* STATUS box \(.*MESSAGES 2'
	imap_ok a 'a3 UNSUBSCRIBE box'
	imap_wait b '~^\* LIST \(.*\) "\\\\" box$'
	refute 'Subscribed'
	append a box "x: y$CRLF$CRLF"
	quiet b
	imap_ok a 'a4 SUBSCRIBE nothing'
	imap_wait b '~^\* LIST \(.*\\NonExistent.*\\Subscribed.*\) "\\\\" nothing$'
}

@test "NOTIFY: what the client does itself is not told (RFC 5465 5)" {
	imap_start b
	seed b INBOX 1
	imap_ok b "b1 NOTIFY SET (personal (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))"
	imap_ok b 'b2 CREATE a\b'
	expect_only 'b2 OK'
	imap_ok b 'b3 SUBSCRIBE a\b'
	expect_only 'b3 OK'
	imap_ok b 'b4 RENAME a c'
	expect_only 'b4 OK'
	imap b "b5 APPEND c {8+}" "x: y$CRLF$CRLF"
	expect_only 'b5 OK'
	imap_ok b 'b6 SELECT INBOX'
	imap b 'b7 COPY 1 c'
	expect_only 'b7 OK'
	imap_ok b 'b9 CREATE d'
	expect_only 'b9 OK'
	imap_ok b 'b8 DELETE c\b'
	expect_only 'b8 OK'
	quiet b
}

@test "NOTIFY: shared mailboxes by their rights, revoked at once (RFC 5465 5.9)" {
	mboxadm grant sales alice read
	mboxadm grant sales bob full
	imap_start a --user bob
	imap_start b
	imap_ok b "b1 NOTIFY SET STATUS (subtree shared ${NEW%)} MailboxName))"
	expect '~^\* STATUS .*sales"? \(.*MESSAGES 0\)$' 'b1 OK'
	append a 'shared\sales' "x: y$CRLF$CRLF"
	imap_wait b '~^\* STATUS .*sales"? \(.*MESSAGES 1\)$'
	imap_ok a 'a1 CREATE shared\sales\2026'
	imap_wait b '~^\* LIST .*2026"?$'
	imap_wait b '~^\* LIST \(.*\\HasChildren.*\) .*sales"?$'
	mboxadm revoke sales alice
	imap_wait b '~^\* LIST \(\\NonExistent.*\) .*sales"?$'
	imap_wait b '~^\* LIST \(\\NonExistent.*\) .*2026"?$'
	append a 'shared\sales' "x: y$CRLF$CRLF"
	quiet b
	mboxadm grant sales alice read
	imap_wait b '~^\* LIST \(.*\) .*sales"?$'
	imap_wait b '~^\* STATUS .*sales"? \(.*MESSAGES 2\)$'
	imap_wait b '~^\* LIST \(.*\) .*2026"?$'
	append a 'shared\sales' "x: y$CRLF$CRLF"
	imap_wait b '~^\* STATUS .*sales"? \(.*MESSAGES 3\)$'
	# Without the right to read it is named, and no more.
	mboxadm grant sales alice l
	imap_ok b 'b2 NOOP'
	imap_ok b "b3 NOTIFY SET STATUS (mailboxes (shared\\sales shared\\nothing) $NEW)"
	expect '~^\* LIST \(.*\\NoAccess.*\) .*sales"?$' 'b3 OK'
	refute STATUS nothing
	append a 'shared\sales' "x: y$CRLF$CRLF"
	quiet b
}

@test "NOTIFY: IDLE tells the same (RFC 5465 4)" {
	imap_start a
	imap_ok a 'a1 CREATE box'
	imap_start b --select INBOX
	imap_ok b "b1 NOTIFY SET (selected NONE) (mailboxes box ${NEW%)} MailboxName))"
	imap_idle b
	append a INBOX "x: y$CRLF$CRLF"
	append a box "x: y$CRLF$CRLF"
	imap_wait b '~^\* STATUS box \(.*MESSAGES 1'
	refute EXISTS
	imap_ok a 'a2 DELETE box'
	imap_wait b '~^\* LIST \(.*\\NonExistent.*box$'
	imap_idle_done b
}

@test "NOTIFY: every mailbox of many, delivered to from outside" {
	local i
	imap_start a
	for i in 1 2 3 4 5 6 7 8 9; do
		imap_ok a "c$i CREATE m\\$i"
	done
	imap_start b
	imap_ok b "b1 NOTIFY SET (personal $NEW)"
	for i in 3 9 1; do
		printf 'x: y\n\n' | mboxadm deliver "alice/m\\$i"
		imap_wait b "~^\\* STATUS \"m..$i\" \\(.*MESSAGES 1"
	done
	quiet b
}

@test "NOTIFY: UPDATE takes what is to be fetched of new results (RFC 5465 7)" {
	imap_start a
	append a INBOX "From: boss@example.org$CRLF$CRLF"
	append a INBOX "From: other@example.org$CRLF$CRLF"
	imap_start b --select INBOX
	imap_ok b 'a00 SEARCH RETURN (COUNT UPDATE (UID BODY.PEEK[HEADER.FIELDS (FROM)])) FROM boss'
	expect '=* ESEARCH (TAG "a00") COUNT 1' 'a00 OK'
	imap_ok b "b1 NOTIFY SET (selected $ALL)"
	append a INBOX "From: boss@example.org$CRLF$CRLF"
	imap_wait b '~^\* ESEARCH \(TAG "a00"\) ADDTO \(0 3\)$'
	expect '=* 3 EXISTS' '* 3 FETCH (UID 3 BODY[HEADER.FIELDS (FROM)]' \
	    '* ESEARCH'
	# Not of one that only changes, and not of one that is no result.
	append a INBOX "From: other@example.org$CRLF$CRLF"
	imap_wait b '=* 4 EXISTS'
	quiet b
	imap_ok b 'a01 UID SEARCH RETURN (UPDATE(UID) ALL) FLAGGED'
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 STORE 2 +FLAGS.SILENT (\Flagged)'
	imap_wait b '~^\* ESEARCH \(TAG "a01"\) UID ADDTO \(0 2\)$'
	expect '* 2 FETCH (UID 2 FLAGS'
	refute '=* 2 FETCH (UID 2)'
	for bad in 'UPDATE ()' 'UPDATE (ALL)' 'UPDATE (UID' 'UPDATE  (UID)'; do
		imap b "b2 SEARCH RETURN ($bad) ALL"
		expect_only 'b2 BAD'
	done
}

@test "NOTIFY: groups without end overflow (RFC 5465 5.8)" {
	local i groups=''
	imap_start a
	for ((i = 0; i < 101; i++)); do
		groups+=" (personal $NEW)"
	done
	imap a "a1 NOTIFY SET$groups"
	expect_only 'a1 NO [NOTIFICATIONOVERFLOW]'
	imap_ok a 'a2 NOOP'
	printf -v groups 'x%.0s ' {1..999}
	imap_ok a "a3 NOTIFY SET (mailboxes (${groups}INBOX) $NEW)"
	imap a "a4 NOTIFY SET (subtree (${groups}INBOX) $NEW) (mailboxes x $NEW)"
	expect_only 'a4 NO [NOTIFICATIONOVERFLOW]'
}

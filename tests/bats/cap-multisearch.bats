#!/usr/bin/env bats
# cap-multisearch.bats - ESEARCH: search in many mailboxes: RFC 7377
# SPDX-License-Identifier: ISC
load ../lib/imap

# Each of alice's mailboxes has messages 1 to 3; 2 is \Seen in all of them.
setup() {
	local name

	imap_setup
	conf 'delimiter = /'
	imap_start a
	for name in folder1 folder2 folder2/banana folder2/peach folder2/peach/pit; do
		imap_ok a "c CREATE $name"
	done
	for name in INBOX folder1 folder2/banana folder2/peach folder2/peach/pit; do
		seed a "$name" 3
		imap_ok a "s SELECT $name"
		imap_ok a 's STORE 2 +FLAGS.SILENT (\Seen)'
		imap_ok a 's UNSELECT'
	done
	imap_ok a 'c CREATE empty'
}

# found TAG NAME DATA: there was such a response, with the name's UIDVALIDITY.
found() {
	local line re

	re="^\* ESEARCH \(TAG \"$1\" MAILBOX $2 UIDVALIDITY ([1-9][0-9]*)\) UID $3\$"
	for line in "${ANSWER[@]}"; do
		[[ ! $line =~ $re ]] || return 0
	done
	printf 'not told: %s %s\n' "$2" "$3"
	return 1
}

# responses N: there were so many, and the tagged one.
responses() {
	((${#ANSWER[@]} == $1 + 1)) || die "${#ANSWER[@]} responses"
}

@test "MULTISEARCH is announced" {
	imap_ok a 'a1 CAPABILITY'
	expect '~^\* CAPABILITY .*\bMULTISEARCH\b'
}

@test "ESEARCH IN: the example (RFC 7377 3)" {
	imap_send_raw a $'tag1 ESEARCH IN (mailboxes "folder1" subtree "folder2") unseen\r\ntag2 ESEARCH IN (mailboxes "folder1" subtree-one "folder2") subject "message 3"\r\n'
	imap_recv a tag1
	found tag1 folder1 'ALL 1,3'
	found tag1 folder2/banana 'ALL 1,3'
	found tag1 folder2/peach 'ALL 1,3'
	found tag1 folder2/peach/pit 'ALL 1,3'
	responses 4
	imap_recv a tag2
	found tag2 folder1 'ALL 3'
	found tag2 folder2/banana 'ALL 3'
	found tag2 folder2/peach 'ALL 3'
	responses 3
}

@test "ESEARCH IN: inboxes, personal, subscribed, several mailboxes (RFC 7377 2.2)" {
	imap_ok a 'q ESEARCH IN (inboxes) SEEN'
	found q INBOX 'ALL 2'
	responses 1
	imap_ok a 'q ESEARCH IN (personal) SEEN'
	found q INBOX 'ALL 2'
	found q folder2/peach/pit 'ALL 2'
	responses 5
	imap_ok a 'a1 SUBSCRIBE folder2/peach'
	imap_ok a 'a2 SUBSCRIBE gone'
	imap_ok a 'a3 UNSUBSCRIBE INBOX'
	imap_ok a 'q ESEARCH IN (subscribed) SEEN'
	found q folder2/peach 'ALL 2'
	responses 1
	imap_ok a 'q ESEARCH IN (mailboxes (folder1 INBOX nosuch "folder2/banana")) SEEN'
	found q folder1 'ALL 2'
	found q INBOX 'ALL 2'
	found q folder2/banana 'ALL 2'
	responses 3
	# What is named twice is searched once.
	imap_ok a 'q ESEARCH IN (mailboxes (inbox INBOX) inboxes subtree INBOX) SEEN'
	responses 1
}

@test "ESEARCH: result options are those of each mailbox (RFC 7377 2.1)" {
	imap_ok a 'q ESEARCH IN (mailboxes (folder1 empty)) RETURN (MIN MAX COUNT) ALL'
	found q folder1 'MIN 1 MAX 3 COUNT 3'
	responses 1
	imap_ok a 'q ESEARCH IN (mailboxes folder1) RETURN (PARTIAL -1:-2) ALL'
	found q folder1 'PARTIAL \(-1:-2 2:3\)'
	imap_ok a 'q ESEARCH IN (mailboxes folder1) RETURN (COUNT) CHARSET UTF-8 ANSWERED'
	responses 0
	imap_ok a 'q ESEARCH IN (mailboxes folder1) RETURN () 2:99'
	found q folder1 'ALL 2:3'
	imap_ok a 'q ESEARCH IN (mailboxes folder1) UID 3:*'
	found q folder1 'ALL 3'
	imap_ok a 'q ESEARCH IN (mailboxes folder1) RETURN (ALL) MODSEQ 1'
	found q folder1 'ALL 1:3 MODSEQ [0-9]+'
}

@test "ESEARCH: without a source it is the selected mailbox (RFC 7377 2.2)" {
	imap a 'q ESEARCH SEEN'
	expect_only 'q BAD'
	imap a 'q ESEARCH IN (selected) SEEN'
	expect_only 'q BAD'
	imap a 'q ESEARCH IN (inboxes selected) SEEN'
	expect_only 'q BAD'
	imap_ok a 's1 SELECT folder1'
	imap_ok a 'q ESEARCH SEEN'
	found q folder1 'ALL 2'
	responses 1
	imap_ok a 'q ESEARCH RETURN (COUNT) UNSEEN'
	found q folder1 'COUNT 2'
	imap_ok a 'q ESEARCH IN (selected inboxes mailboxes folder1) SEEN'
	found q folder1 'ALL 2'
	found q INBOX 'ALL 2'
	responses 2
	imap_ok a 's2 FETCH 1 UID'
}

@test "ESEARCH: the selected mailbox has the name that others gave it" {
	imap_ok a 's1 SELECT folder2/peach'
	imap_start b
	imap_ok b 'b1 RENAME folder2 folder3'
	imap_ok b 'b2 CREATE folder2/peach'
	imap_ok a 'q ESEARCH IN (selected) SEEN'
	found q folder3/peach 'ALL 2'
	imap_ok a 'a1 RENAME folder3/peach folder4'
	imap_ok a 'q ESEARCH IN (selected) SEEN'
	found q folder4 'ALL 2'
	imap_ok a 'a2 RENAME folder2/peach folder5'
	imap_ok a 'q ESEARCH IN (selected) SEEN'
	found q folder4 'ALL 2'
}

@test "ESEARCH: of the selected mailbox what the client was told of" {
	imap_ok a 's1 SELECT folder1'
	imap_start b
	seed b folder1 1
	seed b INBOX 1
	imap_send a 'q ESEARCH IN (mailboxes (folder1 INBOX)) RETURN (COUNT) ALL'
	imap_recv a q
	found q folder1 'COUNT 3'
	found q INBOX 'COUNT 4'
	expect '* 4 EXISTS'
}

@test "ESEARCH: SAVE is for the selected mailbox alone (RFC 7377 2.2)" {
	imap a 'q ESEARCH IN (inboxes) RETURN (SAVE) SEEN'
	expect_only 'q BAD'
	imap_ok a 's1 SELECT folder1'
	imap a 'q ESEARCH IN (selected inboxes) RETURN (SAVE) SEEN'
	expect_only 'q BAD'
	imap_ok a 'q ESEARCH IN (selected) RETURN (SAVE) SEEN'
	responses 0
	imap_ok a 'v SEARCH $'
	expect '=* SEARCH 2'
	imap_ok a 'q ESEARCH RETURN (SAVE COUNT) UNSEEN'
	found q folder1 'COUNT 2'
	imap_ok a 'v SEARCH $'
	expect '=* SEARCH 1 3'
	imap_ok a 'q ESEARCH IN (mailboxes folder2/peach) $'
	responses 0
}

@test "ESEARCH: what may not be read is not there (RFC 7377 2.2)" {
	mboxadm shared add secret
	mboxadm shared add seen
	mboxadm grant sales alice lrswipkxte
	mboxadm grant seen alice l
	imap_start b
	imap_ok b 'c CREATE shared/sales/below'
	seed b shared/sales 2
	seed b shared/sales/below 1
	imap_ok b 'q ESEARCH IN (subtree shared) RETURN (COUNT) ALL'
	found q shared/sales 'COUNT 2'
	found q shared/sales/below 'COUNT 1'
	responses 2
	imap_ok b 'q ESEARCH IN (subtree-one Shared/sales mailboxes (shared/secret shared/seen shared)) RETURN (COUNT) ALL'
	found q shared/sales 'COUNT 2'
	responses 2
	imap_ok b 'q ESEARCH IN (personal) RETURN (COUNT) ALL'
	refute shared
	mboxadm grant sales alice l
	imap_ok b 'q ESEARCH IN (subtree shared mailboxes shared/sales) RETURN (COUNT) ALL'
	responses 0
	mboxadm revoke sales alice
	imap_ok b 'q ESEARCH IN (subtree shared/sales mailboxes shared/sales) ALL'
	responses 0
}

@test "ESEARCH: an unknown character set is NO, and nothing is told" {
	imap a 'q ESEARCH IN (personal) CHARSET nosuch TEXT x'
	expect_only '~^q NO \[BADCHARSET'
}

@test "ESEARCH: what is no source is BAD (RFC 7377 4, RFC 5465 8)" {
	local bad

	imap_ok a 's1 SELECT folder1'
	for bad in '' 'IN' 'IN () ALL' 'IN (FOO) ALL' 'IN (personal)' \
	    'IN personal ALL' 'IN (selected-delayed) ALL' 'IN (mailboxes) ALL' \
	    'IN (subtree ()) ALL' 'IN (mailboxes (a b) ALL' 'IN (personal ) ALL' \
	    'IN ( personal) ALL' 'IN (personal  inboxes) ALL' \
	    'IN (mailboxes (a  b)) ALL' 'IN (personal (foo)) ALL' \
	    'RETURN () IN (personal) ALL' 'NOT IN (personal) ALL' \
	    'IN (personal) IN (inboxes) ALL' 'IN (personal) FOO'; do
		imap a "q ESEARCH $bad"
		expect_only 'q BAD' || die "for: $bad"
	done
	imap a 'q UID ESEARCH ALL'
	expect_only 'q BAD'
}

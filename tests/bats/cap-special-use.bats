#!/usr/bin/env bats
# cap-special-use.bats - SPECIAL-USE and CREATE-SPECIAL-USE: RFC 6154
# SPDX-License-Identifier: ISC
load ../lib/imap

@test "SPECIAL-USE: LIST tells it, asked or not (RFC 6154 2, 5.1, 5.2)" {
	imap_start a
	local line
	for line in 'LIST "" %' 'LIST "" % RETURN (SPECIAL-USE)' \
	    'LIST () "" * RETURN (SPECIAL-USE CHILDREN)'; do
		imap_ok a "t1 $line"
		expect_listed Sent '\Sent' '\HasNoChildren'
		expect_listed Drafts '\Drafts'
		expect_listed Trash '\Trash'
		expect_listed Junk '\Junk'
		expect_listed Archive '\Archive'
		expect_listed INBOX '!\Sent' '!\Drafts'
	done
}

@test "SPECIAL-USE: as a selection option it is these only (RFC 6154 5.2)" {
	imap_start a
	imap_ok a 't1 CREATE ToDo'
	imap_ok a 't2 CREATE "deep\\down" (USE (\Drafts))'
	imap_ok a 't3 LIST (SPECIAL-USE) "" "*"'
	expect_names Archive Junk Sent Trash 'deep\down'
	expect_listed 'deep\down' '\Drafts'
	imap_ok a 't4 LIST (SPECIAL-USE) "" "%"'
	expect_names Archive Junk Sent Trash
	imap_ok a 't5 UNSUBSCRIBE Sent'
	imap_ok a 't6 LIST (SPECIAL-USE SUBSCRIBED) "" "S*"'
	expect_names
	imap_ok a 't7 LIST (SPECIAL-USE SUBSCRIBED REMOTE) "" "*" RETURN (STATUS (MESSAGES))'
	expect_names Archive Junk Trash
	expect '=* STATUS Trash (MESSAGES 0)'
}

@test "CREATE-SPECIAL-USE: a mailbox for more than one use (RFC 6154 5.3)" {
	local d
	for d in '\' /; do
		rm -rf "$MSGSTORE"
		store_new
		conf "delimiter = $d"
		imap_start a
		imap a 't2 CREATE MySpecial (USE (\Drafts \Sent))'
		expect_only 't2 OK'
		imap_ok a 't3 LIST "" *'
		expect_listed MySpecial '\Drafts' '\Sent'
		# The use is here now, and no longer there.
		expect_listed Drafts '!\Drafts'
		expect_listed Sent '!\Sent'
		expect_listed Trash '\Trash'
		imap a 't3 CREATE Everything (USE (\All))'
		expect_only 't3 NO [USEATTR]'
		imap_ok a 't4 LIST "" Every*'
		expect_names
		imap_close a
	done
}

@test "CREATE-SPECIAL-USE: what cannot be given makes no mailbox (RFC 6154 3)" {
	imap_start a
	local use
	for use in '\All' '\Flagged' '\Foo' '\Junk \All'; do
		imap a "t1 CREATE x (USE ($use))"
		expect_only 't1 NO [USEATTR]'
	done
	imap_ok a 't2 LIST "" *'
	expect_names INBOX Drafts Sent Trash Junk Archive
	expect_listed Junk '\Junk'
	# A mailbox that is there already loses and gives nothing.
	imap a 't3 CREATE Sent (USE (\Junk))'
	expect_only 't3 NO [ALREADYEXISTS]'
	imap_ok a 't4 LIST "" *'
	expect_listed Junk '\Junk'
	expect_listed Sent '\Sent' '!\Junk'
}

@test "CREATE-SPECIAL-USE: none is fine, cases do not count, twice is once" {
	imap_start a
	imap_ok a 't1 CREATE x (USE ())'
	imap_ok a 't2 create y (use (\JUNK \junk))'
	imap_ok a 't3 LIST "" *'
	expect_listed x '!\Junk'
	expect_listed y '\Junk'
	expect_listed Junk '!\Junk'
}

@test "CREATE-SPECIAL-USE: kept by RENAME, gone with the mailbox" {
	imap_start a
	imap_ok a 't1 RENAME Sent "Mail\\Items"'
	imap_ok a 't2 LIST "" *'
	expect_listed 'Mail\Items' '\Sent'
	imap_ok a 't3 DELETE "Mail\\Items"'
	imap_ok a 't4 LIST (SPECIAL-USE) "" *'
	expect_names Archive Drafts Junk Trash
	# As a name only it is for nothing; and it can be a mailbox again.
	imap_ok a 't5 CREATE "Junk\\x"'
	imap_ok a 't6 DELETE Junk'
	imap_ok a 't7 LIST "" Junk'
	expect_listed Junk '\Noselect' '!\Junk'
	imap_ok a 't8 CREATE Junk (USE (\Junk))'
	imap_ok a 't9 LIST "" Junk'
	expect_listed Junk '\Junk' '!\Noselect'
}

@test "SPECIAL-USE: a shared mailbox is for no use of its users (RFC 6154 2, 7)" {
	mboxadm grant sales alice full
	imap_start a
	imap a 't1 CREATE "shared\\sales\\Sent" (USE (\Sent))'
	expect_only 't1 NO [USEATTR]'
	imap_ok a 't2 CREATE "shared\\sales\\Sent"'
	as_owner sqlite3 "$MSGSTORE/shared/sales/account.db" \
	    "UPDATE mailboxes SET special_use = '\\Sent'"
	imap_ok a 't3 LIST "" "shared*" RETURN (SPECIAL-USE)'
	refute '\Sent '
	refute '\Sent)'
	imap_ok a 't4 LIST (SPECIAL-USE) "" "shared*"'
	expect_names
}

@test "CREATE: what the grammar does not have is BAD (RFC 6154 6, RFC 4466 2.2)" {
	imap_start a
	local line
	for line in 'x ()' 'x (USE)' 'x (USE \Junk)' 'x (USE (Junk))' \
	    'x (USE ( \Junk))' 'x (USE (\Junk )' 'x (USE (\Junk  \Sent))' \
	    'x (USE(\Junk))' 'x (FOO)' 'x (FOO (1))' 'x USE (\Junk)' \
	    'x (USE (\Junk) USE (\Sent))' 'x (USE (\))' 'x (USE (\Junk)' \
	    'x  (USE (\Junk))' 'x (USE (\Junk)) ' '(USE (\Junk))'; do
		imap a "t1 CREATE $line"
		expect_only 't1 BAD'
	done
	imap_ok a 't2 LIST "" x'
	expect_names
}

@test "capabilities-off: SPECIAL-USE and CREATE-SPECIAL-USE are not known then" {
	conf 'capabilities-off = SPECIAL-USE'
	imap_start a
	imap_ok a 't1 LIST "" *'
	refute '~\\(Sent|Drafts)'
	imap a 't2 LIST (SPECIAL-USE) "" *'
	expect_only 't2 BAD'
	imap a 't3 LIST "" * RETURN (SPECIAL-USE)'
	expect_only 't3 BAD'
	imap_close a
	conf 'capabilities-off = CREATE-SPECIAL-USE'
	imap_start a
	imap a 't4 CREATE x (USE (\Junk))'
	expect_only 't4 BAD'
	imap_ok a 't5 LIST (SPECIAL-USE) "" S*'
	expect_names Sent
}

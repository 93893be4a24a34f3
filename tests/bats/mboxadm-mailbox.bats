#!/usr/bin/env bats
# mboxadm-mailbox.bats - mboxadm mailbox ..., purge
# SPDX-License-Identifier: ISC
load ../lib/mboxadm

@test "mailbox create, rename, delete, with plain UTF-8 names" {
	run -0 mboxadm mailbox create alice 'Projekte\Größe' Other
	run -0 --separate-stderr mboxadm mailbox create alice Other
	says already
	run -0 mboxadm mailbox rename alice Projekte Alt
	mboxadm mailbox list alice | cut -f 1 >names
	grep -qx 'Alt\\Größe' names
	run -0 mboxadm mailbox delete alice 'Alt\Größe' Other
	fails 65 mboxadm mailbox delete alice Other
	says "'Other': "
	fails 65 mboxadm mailbox delete alice INBOX
	fails 65 mboxadm mailbox create alice 'a\\b'
	fails 65 mboxadm mailbox rename alice Nope x
	fails 65 mboxadm mailbox rename alice Sent Trash
	fails 67 mboxadm mailbox create nobody x
}

@test "the configured delimiter" {
	conf 'delimiter = /'
	run -0 mboxadm mailbox create alice a/b
	run -0 mboxadm mailbox list alice
	[[ $output == *a/b$'\t'* ]]
}

@test "mailbox list and status: counters, JSON" {
	deliver alice one two
	run -0 mboxadm mailbox list alice
	[[ $output =~ INBOX$'\t2\t2\t'[0-9]+$'\t-' ]]
	run -0 mboxadm mailbox status alice INBOX Sent
	[[ ${lines[0]} =~ ^INBOX$'\t2\t2\t0\t'[0-9]+$'\t3\t'[0-9]+$'\t'[0-9]+$'\t'[0-9a-f]{16}$ ]]
	[[ ${lines[1]} == Sent$'\t0\t0\t0\t0\t1\t'* ]]
	same 6 "$(mboxadm mailbox status alice | wc -l)"
	same 3 "$(mboxadm mailbox status alice INBOX --json | json 'd[0]["uidnext"]')"
	same '"\\Sent"' "$(mboxadm mailbox list alice --json |
	    json 'json.dumps([m for m in d if m["name"] == "Sent"][0]["attribute"])')"
	fails 65 mboxadm mailbox status alice INBOX Nope Sent
	says "'Nope': "
}

@test "mailboxes of a shared mailbox: shared/NAME, itself called ." {
	run -0 mboxadm mailbox create shared/sales Orders
	deliver shared/sales hello
	deliver shared/sales/Orders order
	run -0 mboxadm mailbox list shared/SALES
	same "$(printf '.\nOrders')" "$(cut -f 1 <<<"$output")"
	same hello "$(subjects shared/sales .)"
	same order "$(subjects shared/sales Orders)"
	fails 65 mboxadm mailbox delete shared/sales .
	fails 67 mboxadm mailbox list shared/nothing
}

@test "mailbox create --subscribe" {
	run -0 mboxadm mailbox create --subscribe alice News
	sql "$MSGSTORE/users/alice/account.db" \
	    "SELECT name FROM subscriptions WHERE name = 'News'" | grep -qx News
}

# Expunge all of alice's INBOX.
expunge_all() {
	printf '%s\r\n' 'a SELECT INBOX' 'b STORE 1:* +FLAGS (\Deleted)' \
	    'c EXPUNGE' 'd LOGOUT' | imapd --preauth alice >imap.log
	grep -q '^c OK' imap.log
}

@test "mailbox undelete: some, all, under new UIDs" {
	deliver alice one two three
	expunge_all
	same '' "$(subjects alice INBOX)"
	run -0 mboxadm mailbox undelete alice INBOX 2
	same $'undeleted\t1' "$output"
	same two "$(subjects alice INBOX)"
	same 2 "$(mboxadm mailbox undelete alice INBOX --json | json 'd["undeleted"]')"
	same "$(printf 'two\none\nthree')" "$(subjects alice INBOX)"
	same 0 "$(mboxadm mailbox undelete alice INBOX --json | json 'd["undeleted"]')"
	fails 64 mboxadm mailbox undelete alice INBOX x
	fails 65 mboxadm mailbox undelete alice Nope
	run -0 mboxadm check
}

@test "purge: removes files whose retention is over, and only those" {
	local dir
	deliver alice one two
	dir=$(dir_of alice INBOX)
	expunge_all
	run -0 mboxadm purge
	[[ -e $dir/1 && -e $dir/2 ]]
	conf 'expunge-retention = 1s'
	sql "$dir/messages.db" 'UPDATE expunged SET time = time - 10'
	same 2 "$(mboxadm purge --json | json 'd["messages"]')"
	[[ ! -e $dir/1 && ! -e $dir/2 ]]
	same 0 "$(mboxadm purge alice --json | json 'd["messages"]')"
	fails 67 mboxadm purge nobody
	run -0 mboxadm check
}

@test "purge: goes on behind a damaged mailbox, and says so" {
	local dir
	deliver alice one
	deliver bob one
	dir=$(dir_of bob INBOX)
	echo garbage | as_owner tee "$(dir_of alice INBOX)/messages.db" >/dev/null
	as_owner rm -f "$(dir_of alice INBOX)"/messages.db-*
	printf '%s\r\n' 'a SELECT INBOX' 'b STORE 1:* +FLAGS (\Deleted)' \
	    'c EXPUNGE' 'd LOGOUT' | imapd --preauth bob >imap.log
	conf 'expunge-retention = 1s'
	sql "$dir/messages.db" 'UPDATE expunged SET time = time - 10'
	fails 70 mboxadm purge
	says 'mboxadm check'
	[[ ! -e $dir/1 ]]
}

# A DELETE that was cut off, and a directory that takes no name just now.
@test "purge: what cannot be brought back is not removed" {
	local dir
	conf 'expunge-retention = 0' 'journal = rollback'
	mboxadm mailbox create alice Box
	deliver alice/Box one
	dir=$(dir_of alice Box)
	as_owner mkdir store/users/alice/deleted
	as_owner mv "$dir" store/users/alice/deleted/
	as_owner chmod 500 store/users/alice
	fails 70 mboxadm purge
	says 'is missing'
	as_owner chmod 700 store/users/alice
	same one "$(subjects alice Box)"
	run -0 mboxadm check
}

@test "purge, index: go on behind a damaged account, and say so" {
	local dir
	deliver bob one
	deliver bob {1..100}
	dir=$(dir_of bob INBOX)
	printf '%s\r\n' 'a SELECT INBOX' 'b STORE 1 +FLAGS (\Deleted)' \
	    'c EXPUNGE' 'd LOGOUT' | imapd --preauth bob >imap.log
	conf 'expunge-retention = 1s'
	sql "$dir/messages.db" 'UPDATE expunged SET time = time - 10'
	mv store/users/alice alice
	fails 70 mboxadm purge
	says 'alice: the directory of alice is missing'
	same $'messages\t1\nmailboxes\t0' "$output"
	[[ ! -e $dir/1 ]]
	fails 70 mboxadm index
	says 'alice: the directory of alice is missing'
	same bob "$(cut -f 1 <<<"$output")"
	fails 70 mboxadm purge alice
	same '' "$output"
}

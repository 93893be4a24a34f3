#!/usr/bin/env bats
# kill.bats - SIGKILL in place of each system call, and in the middle of each write
# SPDX-License-Identifier: ISC
#
# After each the store opens without a repair; what was acknowledged is there
# octet by octet with its flags, what was not is there whole or not at all; nothing
# is there twice, no UID comes again, counters are right, and "mboxadm check" finds
# at most orphans, which --repair puts aside.  Then the same is done again, and works.
load torture

@test "kill -9 anywhere: APPEND, MULTIAPPEND, CATENATE, REPLACE" {
	torture kill 6 append append-first multiappend catenate replace \
	    replace-other
}

@test "kill -9 anywhere: COPY" {
	torture kill 6 copy copy-first copy-same copy-shared
}

@test "kill -9 anywhere: MOVE" {
	torture kill 8 move move-first move-same move-to-shared \
	    move-from-shared move-at-once
}

@test "kill -9 anywhere: STORE" {
	torture kill 6 store store-twice store-append
}

@test "kill -9 anywhere: EXPUNGE, UID EXPUNGE, CLOSE" {
	torture kill 6 expunge uid-expunge expunge-at-once close
}

@test "kill -9 anywhere: CREATE, SUBSCRIBE" {
	torture kill 6 create create-use create-append subscribe
}

@test "kill -9 anywhere: DELETE" {
	torture kill 10 delete delete-parent delete-child delete-at-once \
	    delete-create
}

@test "kill -9 anywhere: RENAME" {
	torture kill 6 rename rename-tree rename-inbox
}

@test "kill -9 anywhere: a session that does much" {
	torture kill 12 life
}

@test "kill -9 anywhere: delivery and import" {
	torture kill 6 deliver deliver-first import-mbox import-maildir
}

@test "kill -9 anywhere: purge, undelete, repair" {
	torture kill 6 purge purge-deleted undelete repair-database \
	    repair-stray
}

@test "kill -9 anywhere: backup" {
	torture kill 6 backup backup-again backup-copy
}

@test "kill -9 anywhere: restore" {
	torture kill 6 restore restore-user restore-mailbox
}

@test "kill -9 anywhere: mailboxes by mboxadm" {
	torture kill 6 mailbox-create mailbox-rename mailbox-delete
}

@test "kill -9 anywhere: users, shared mailboxes, grants" {
	torture kill 6 user-add user-rename user-delete user-passwd user-deny \
	    shared-add shared-delete grant revoke
}

@test "kill -9 anywhere in a session that is confined" {
	((EUID == 0)) || skip 'needs root, to look into it'
	export TORTURE_SANDBOX=yes
	torture kill 6 append move rename-tree delete life
}

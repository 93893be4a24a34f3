#!/usr/bin/env bats
# fault.bats - each system call fails, with each error that it may have
# SPDX-License-Identifier: ISC
#
# EIO, ENOSPC, EDQUOT, EROFS, EMFILE, ENFILE, ENOMEM and ENOLCK: what was answered
# by NO has not happened, nothing is half written, and the same works afterwards.
load torture

@test "a call fails: APPEND, MULTIAPPEND, delivery" {
	torture fault 2 append multiappend deliver
}

@test "a call fails: COPY, MOVE, EXPUNGE, STORE" {
	torture fault 2 copy move expunge store
}

# A commit whose sync failed was refused, and came back from the log with the next
# who opened the database.
@test "a call fails: SUBSCRIBE, CREATE, RENAME, DELETE" {
	torture fault 4 subscribe mailbox-create rename delete
}

# The last thing that a commit does with a rollback journal is to let its lock go
# down: that failed, and the answer was NO to what had been done.
@test "a call fails: renaming and deleting users and shared mailboxes" {
	torture fault 2 user-rename user-delete shared-delete
	torture fault:ENOLCK 0 user-rename user-delete shared-delete
	# So did what follows the removal of the journal.
	torture fault:ENOSPC 0 user-rename
}

# What could not be purged any more kept DELETE from being answered by OK.
@test "a call fails: DELETE where nothing is retained" {
	torture fault 2 delete-at-once
	torture fault:EROFS 0 delete-at-once
}

@test "a call fails: backup, restore" {
	torture fault 2 backup-again restore restore-user restore-mailbox
}

@test "a call fails: repair" {
	torture fault 5 repair-database repair-stray
}

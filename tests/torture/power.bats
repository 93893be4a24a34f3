#!/usr/bin/env bats
# power.bats - the disk as it may be after the power failed
# SPDX-License-Identifier: ISC
#
# What an operation writes is recorded, and played up to each synchronisation and
# each answer: with all of it, with what was synchronised alone, and with seeded
# parts of the rest, torn sectors and lost names among them (disk.py).  The machine
# looks as if started anew.  The promises are those of kill.bats; only flags of
# the last seconds may be lost.
load torture

@test "power loss: APPEND, MULTIAPPEND, REPLACE, delivery" {
	torture power 2 append multiappend replace-other deliver
}

@test "power loss: COPY, MOVE, EXPUNGE, STORE" {
	torture power 2 copy move move-to-shared expunge store
}

@test "power loss: CREATE, DELETE, RENAME" {
	torture power 2 create rename-tree
	# The directory of deleted mailboxes was new, and went with what was in it.
	torture power 12 delete
}

@test "power loss: backup and restore" {
	torture power 2 backup backup-copy restore restore-user restore-mailbox
}

@test "power loss: import, purge, repair" {
	torture power 2 import-mbox purge repair-database repair-stray
}

# A commit removed its rollback journal, and left it to chance whether the disk
# heard of that: a journal that came back took away what had been answered.
@test "power loss: users, passwords and grants" {
	torture power 2 user-add user-rename user-delete user-passwd grant
}

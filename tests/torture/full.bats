#!/usr/bin/env bats
# full.bats - no space, no inodes, nothing to be written; and then there is again
# SPDX-License-Identifier: ISC
#
# A file system in memory holds the store, and leaves so many pages or inodes free,
# from none up to what is enough; and each system call and all after it fail, by
# ENOSPC, EDQUOT, EIO, EROFS or EMFILE, up to a signal.  What was answered by NO has
# not happened, nothing is half written, and the same session, if it could begin,
# does the rest when there is room again.
load torture

small() {
	((EUID == 0)) || skip 'needs root'
	mkdir "$BATS_TEST_TMPDIR/mounted"
	mount -t tmpfs none "$BATS_TEST_TMPDIR/mounted" 2>/dev/null ||
		skip 'cannot mount here'
	umount "$BATS_TEST_TMPDIR/mounted"
	torture "$@"
}

# MOVE committed in one mailbox, had no page for the other's commit, and none to
# take the first back: it was answered by NO, and each try added its messages anew.
@test "a full disk: MOVE, at each number of free pages" {
	small space 0 move
}

@test "a full disk: APPEND, COPY, EXPUNGE, STORE, REPLACE" {
	small space 4 append multiappend copy expunge store replace-other life
}

@test "a full disk: CREATE, DELETE, RENAME, delivery, import, purge, repair" {
	small space 3 create-append delete delete-at-once rename-tree \
	    deliver-first import-mbox purge repair-database user-add
}

@test "no inodes: what makes files" {
	small inodes 4 append-first multiappend copy-first move create-append \
	    delete deliver-first import-mbox purge repair-database user-add
}

@test "a read-only disk: all that changes something" {
	small readonly 1 append move expunge store create delete rename \
	    subscribe deliver purge repair-database user-add
}

@test "all calls fail for a while: APPEND, COPY, MOVE, EXPUNGE, STORE" {
	torture full 2 append copy move expunge store
}

# What was opened for reading alone stayed so for as long as the session was busy.
@test "a file cannot be opened for writing for a while: the session writes later" {
	torture full:EROFS 0 create
	torture full:EROFS 12 append move
}

@test "all calls fail for a while: CREATE, DELETE, RENAME, delivery" {
	torture full 2 create-append delete rename-tree deliver
}

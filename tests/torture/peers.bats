#!/usr/bin/env bats
# peers.bats - a process is killed while another works in the same mailbox
# SPDX-License-Identifier: ISC
#
# The other goes on, appends a message there, and sees it; the promises are those
# of kill.bats.
load torture

@test "kill -9 beside another session: APPEND, COPY, MOVE, EXPUNGE, STORE" {
	torture peers 4 append copy move move-to-shared expunge store
}

@test "kill -9 beside another session: CREATE, DELETE, RENAME, delivery" {
	torture peers 4 create delete rename deliver life
}

@test "kill -9 while others have the databases open and only look: DELETE, MOVE" {
	torture held 8 delete move
}

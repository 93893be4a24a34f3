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

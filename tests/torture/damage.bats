#!/usr/bin/env bats
# damage.bats - every kind of file of a store, damaged in every way
# SPDX-License-Identifier: ISC
#
# The table of what is damaged, what is told and what comes back is in
# tests/lib/damage.py.  Damage by chance is tried once; by "make torture" a hundred
# times, from DAMAGE_SEED on.
load torture

setup_file() {
	build_find
	owner_find
	chmod go+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*/ 2>/dev/null || :
}

setup() {
	chmod go+x "$BATS_RUN_TMPDIR/test"
	chmod 1777 "$BATS_TEST_TMPDIR"
	san_options "$BATS_TEST_TMPDIR"
}

teardown_file() { :; }
teardown() { :; }

# damaged REGEX: all cases whose names match.
damaged() {
	local owner=''

	[[ -z $STORE_OWNER ]] ||
		owner=$(id -u "$STORE_OWNER"):$(id -g "$STORE_OWNER")
	/usr/bin/python3 "$TESTS_DIR/lib/damage.py" --owner "$owner" \
	    --rounds "$(some 1 100)" --seed "${DAMAGE_SEED:-1}" --only "$1" \
	    "$MSGSTORE_BUILD" "$BATS_TEST_TMPDIR"
}

@test "damage: messages.db comes back with the same UIDs, whatever became of it" {
	damaged '^messages.db:'
}

@test "damage: rows of messages.db that cannot be, or are gone" {
	damaged '^messages.db rows:'
}

@test "damage: logs and journals of databases" {
	damaged '(wal|shm|journal):'
}

@test "damage: search.db is not missed, and what is found stays right" {
	damaged '^search\.'
}

@test "damage: message files: what is lost is told, and nobody else's mail is shown" {
	damaged '^message:'
}

@test "damage: locks and directories" {
	damaged '^(lock|a mailbox|an account)'
}

@test "damage: account.db comes back with names, UIDs and UIDVALIDITY" {
	damaged '^account.db:'
}

@test "damage: rows of account.db that cannot be, or are gone" {
	damaged '^account.db rows:'
}

@test "damage: users.db comes back, with ids, rights and grants" {
	damaged '^users.db( rows)?:'
}

@test "damage: auth.db: mail is untouched, and users can be given passwords" {
	damaged '^auth.db( rows)?:'
}

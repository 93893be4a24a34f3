#!/usr/bin/env bats
# delimiter.bats - the settings delimiter = / and delimiter = .
# SPDX-License-Identifier: ISC
load ../lib/imap

# The same dialogue with each delimiter $1.
tree() {
	local d=$1
	conf "delimiter = $d"
	mboxadm grant sales alice full
	imap_start a
	imap a 'a1 LIST "" ""'
	expect_only "=* LIST (\\Noselect) \"$d\" \"\"" 'a1 OK'
	imap_ok a 'a2 NAMESPACE'
	expect_only "=* NAMESPACE ((\"\" \"$d\")) NIL ((\"shared$d\" \"$d\"))" 'a2 OK'
	imap_ok a "a3 CREATE Work${d}Plans${d}2024"
	imap_ok a 'a4 LIST "" W%'
	expect_names Work
	imap_ok a 'a5 LIST "" W*'
	expect_names Work "Work${d}Plans" "Work${d}Plans${d}2024"
	expect_listed Work '\HasChildren'
	imap_ok a "a6 RENAME Work${d}Plans Old"
	imap_ok a "a7 SELECT Old${d}2024"
	imap_ok a 'a9 LIST "" shared*'
	expect_names shared "shared${d}sales"
	expect_listed shared '\Noselect'
	imap_ok a "b1 SELECT shared${d}sales"
	imap_ok a "b2 CREATE INBOX${d}x"
	imap_ok a 'b3 LIST "" INBOX%'
	expect_names INBOX
	imap a "b4 CREATE ${d}x"
	expect_only 'b4 NO'
	imap a "b5 CREATE \"a${d}${d}b\""
	expect_only 'b5 NO'
	imap a "b6 CREATE shared${d}mine"
	expect_only 'b6 NO'
}

@test "delimiter = /: trees, patterns, shared names" {
	tree /
}

@test "delimiter = .: trees, patterns, shared names" {
	tree .
}

@test "delimiter: a level that holds the new delimiter shows another character" {
	imap_start a
	imap_ok a 'a1 CREATE "and/or"'
	imap_ok a 'a2 CREATE "v1.2\\x"'
	imap_close a
	conf 'delimiter = /'
	imap_start b
	imap_ok b 'b1 LIST "" and*'
	expect_names 'and&IhU-or'
	imap_ok b 'b2 LIST "" v*'
	expect_names v1.2 v1.2/x
	imap_ok b 'b3 SELECT "and&IhU-or"'
	imap_close b
	conf 'delimiter = .'
	imap_start c
	imap_ok c 'c1 LIST "" v*'
	expect_names 'v1&ICQ-2' 'v1&ICQ-2.x'
	imap_ok c 'c2 RENAME "v1&ICQ-2" v2'
	imap_ok c 'c3 LIST "" v*'
	expect_names v2 v2.x
}

@test "delimiter: with / a backslash is a character like any other" {
	conf 'delimiter = /'
	imap_start a
	imap a 'a1 CREATE "a\\b"'
	expect_only 'a1 OK'
	imap_ok a 'a2 LIST "" a%'
	expect_names 'a\b'
	expect_listed 'a\b' '\HasNoChildren'
}

@test "delimiter: anything else is an error that names the choices" {
	conf 'delimiter = x'
	run imapd --preauth alice </dev/null
	((status != 0))
	[[ $output != *PREAUTH* && $output == *"$MSGSTORE_CONF"* ]]
}

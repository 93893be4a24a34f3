#!/usr/bin/env bats
# cap-list-extended.bats - LIST-EXTENDED: RFC 5258, RFC 9051 6.3.9
# SPDX-License-Identifier: ISC
load ../lib/imap

# The tests name levels with '/', and run with the delimiters that servers use.
DELIMITERS=('/' '\')

# with DELIMITER NAME ...: session a of a user who has INBOX and these mailboxes,
# none of them subscribed.
with() {
	local name
	D=$1
	shift
	rm -rf "$MSGSTORE"
	store_new
	conf "delimiter = $D"
	mboxadm user add --no-password --mailboxes none dora
	imap_start a --user dora
	imap_ok a 'w1 UNSUBSCRIBE INBOX'
	for name in "$@"; do
		imap_ok a "w2 CREATE $(q "$name")"
	done
}

# A name quoted for a command, its '/' as the delimiter.
q() {
	local name=${1//\//"$D"}
	printf '"%s"' "${name//\\/\\\\}"
}

subscribe() {
	local name
	for name in "$@"; do
		imap_ok a "s1 SUBSCRIBE $(q "$name")"
	done
}

# listed NAME ATTRIBUTES [EXTENDED]: some LIST response is exactly this, with
# attributes in any order.
listed() {
	local line want name=${1//\//"$D"} rest re
	want=$(tr ' ' '\n' <<<"$2" | sort)
	re='^\* LIST \(([^)]*)\) "(\\\\|/)" ("[^"]*"|[^ ]*)( (.*))?$'
	for line in "${ANSWER[@]}"; do
		[[ $line =~ $re ]] || continue
		rest=${BASH_REMATCH[5]}
		list_parse "${line% "$rest"}"
		[[ $LIST_NAME == "$name" ]] || continue
		same "$want" "$(tr ' ' '\n' <<<"$LIST_ATTRS" | sort)"
		same "${3:-}" "$rest"
		return
	done
	die "$1 is not listed"
}

# As many LIST responses as this.
count_is() {
	local line n=0
	for line in "${ANSWER[@]}"; do
		[[ $line != '* LIST '* ]] || n=$((n + 1))
	done
	same "$1" "$n"
}

CHILDINFO='("CHILDINFO" ("SUBSCRIBED"))'

fruit() {
	with "$1" Fruit Fruit/Apple Fruit/Banana Tofu Vegetable \
	    Vegetable/Broccoli Vegetable/Corn
	subscribe INBOX Fruit/Banana Fruit/Peach Vegetable Vegetable/Broccoli
}

@test "LIST-EXTENDED: examples 1 to 3 of RFC 5258 5: SUBSCRIBED, CHILDREN" {
	local d
	for d in "${DELIMITERS[@]}"; do
		fruit "$d"
		imap_ok a 'a1 LIST "" "*"'
		count_is 8
		imap_ok a 'A02 LIST (SUBSCRIBED) "" "*"'
		count_is 5
		listed INBOX '\HasNoChildren \Subscribed'
		listed Fruit/Banana '\HasNoChildren \Subscribed'
		listed Fruit/Peach '\NonExistent \Subscribed'
		listed Vegetable '\HasChildren \Subscribed'
		listed Vegetable/Broccoli '\HasNoChildren \Subscribed'
		imap_ok a 'A03 LIST () "" "%" RETURN (CHILDREN)'
		count_is 4
		listed INBOX '\HasNoChildren'
		listed Fruit '\HasChildren'
		listed Tofu '\HasNoChildren'
		listed Vegetable '\HasChildren'
		imap_close a
	done
}

@test "LIST-EXTENDED: examples 4 to 6: REMOTE adds nothing here" {
	local d
	for d in "${DELIMITERS[@]}"; do
		fruit "$d"
		imap_ok a 'A04 LIST (REMOTE) "" "%" RETURN (CHILDREN)'
		count_is 4
		listed Vegetable '\HasChildren'
		imap_ok a 'A05 LIST (REMOTE SUBSCRIBED) "" "*"'
		count_is 5
		listed Fruit/Peach '\NonExistent \Subscribed'
		imap_ok a 'A06 LIST (REMOTE) "" "*" RETURN (SUBSCRIBED)'
		count_is 8
		listed Fruit/Banana '\HasNoChildren \Subscribed'
		listed Fruit/Apple '\HasNoChildren'
		refute Peach '\Remote'
		imap_close a
	done
}

@test "LIST-EXTENDED: example 7: several patterns, each name once" {
	local d
	for d in "${DELIMITERS[@]}"; do
		with "$d" Drafts Sent Sent/March2004 Sent/December2003 \
		    Sent/August2004 Other
		imap_ok a "BBB LIST \"\" (\"INBOX\" \"Drafts\" $(q Sent/%))"
		count_is 5
		listed INBOX '\HasNoChildren'
		listed Sent/August2004 '\HasNoChildren'
		imap_ok a 'BBC LIST "" (INBOX * "" inbox I%)'
		count_is 7
		# A pattern that is empty is ignored, and asks for no delimiter.
		imap a 'BBD LIST "" ("")'
		expect_only 'BBD OK'
		imap a 'BBE LIST () "" ""'
		expect_only 'BBE OK'
		imap a 'BBF LIST "" "" RETURN ()'
		expect_only 'BBF OK'
		imap_close a
	done
}

@test "LIST-EXTENDED: example 8: CHILDINFO and \\HasChildren are two things" {
	local d
	for d in "${DELIMITERS[@]}"; do
		with "$d" Foo Foo/Bar Foo/Baz Moo
		subscribe Foo/Baz
		imap_ok a 'CA3 LIST "" "%" RETURN (CHILDREN)'
		count_is 3
		listed Foo '\HasChildren'
		listed Moo '\HasNoChildren'
		imap_ok a 'C02 LIST (SUBSCRIBED) "" "*"'
		count_is 1
		listed Foo/Baz '\HasNoChildren \Subscribed'
		imap_ok a 'C03 LIST (SUBSCRIBED) "" "%"'
		count_is 0
		imap_ok a 'C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"'
		count_is 1
		listed Foo '\HasChildren' "$CHILDINFO"
		imap_ok a 'C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (CHILDREN)'
		listed Foo '\HasChildren' "$CHILDINFO"
		imap_ok a "C05 UNSUBSCRIBE $(q Foo/Baz)"
		subscribe Foo Moo
		imap_ok a 'C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (CHILDREN)'
		count_is 2
		listed Foo '\HasChildren \Subscribed'
		listed Moo '\HasNoChildren \Subscribed'
		imap_close a
	done
}

@test "LIST-EXTENDED: example 9: what is below counts though no pattern matches it" {
	local d
	for d in "${DELIMITERS[@]}"; do
		with "$d" foo2/bar1 foo2/bar2 baz2/bar2 baz2/bar22 baz2/bar222 \
		    eps2/mamba
		subscribe foo2/bar1 foo2/bar2 baz2/bar2 baz2/bar22 baz2/bar222 \
		    eps2 eps2/mamba qux2/bar2
		imap_ok a 'D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"'
		count_is 7
		listed foo2 '\HasChildren' "$CHILDINFO"
		listed foo2/bar2 '\HasNoChildren \Subscribed'
		listed baz2/bar2 '\HasNoChildren \Subscribed'
		listed baz2/bar22 '\HasNoChildren \Subscribed'
		listed baz2/bar222 '\HasNoChildren \Subscribed'
		listed eps2 '\HasChildren \Subscribed' "$CHILDINFO"
		listed qux2/bar2 '\NonExistent \Subscribed'
		# RFC 5258 3.5: a parent that does not exist and does not match
		# the selection is told for its child.
		imap_ok a 'D04 LIST (RECURSIVEMATCH SUBSCRIBED) "" "%"'
		count_is 4
		listed qux2 '\NonExistent' "$CHILDINFO"
		listed foo2 '\HasChildren' "$CHILDINFO"
		listed eps2 '\HasChildren \Subscribed' "$CHILDINFO"
		imap_close a
	done
}

@test "LIST-EXTENDED: example 10: CHILDINFO without \\HasChildren" {
	local d
	for d in "${DELIMITERS[@]}"; do
		with "$d" foo
		subscribe foo/bar
		imap_ok a "a1 LIST \"\" (\"foo\" $(q 'foo/*'))"
		count_is 1
		imap_ok a "a2 LIST (SUBSCRIBED) \"\" $(q 'foo/*')"
		count_is 1
		listed foo/bar '\NonExistent \Subscribed'
		imap_ok a 'a3 LIST (SUBSCRIBED RECURSIVEMATCH) "" foo RETURN (CHILDREN)'
		count_is 1
		listed foo '\HasNoChildren' "$CHILDINFO"
		# Deep below what does not exist, each level once.
		subscribe x/y/z x/y/w x/v
		imap_ok a 'a4 LIST (SUBSCRIBED RECURSIVEMATCH) "" x RETURN (CHILDREN)'
		count_is 1
		listed x '\NonExistent \HasNoChildren' "$CHILDINFO"
		imap_ok a "a5 LIST (SUBSCRIBED RECURSIVEMATCH) \"\" $(q '%/%')"
		listed x/y '\NonExistent' "$CHILDINFO"
		imap_close a
	done
}

@test "LIST-EXTENDED: a name that holds no messages is \\Noselect, not \\NonExistent" {
	with / a a/b
	imap_ok a 'a1 DELETE a'
	subscribe a
	imap_ok a 'a2 LIST "" "*" RETURN (SUBSCRIBED CHILDREN)'
	listed a '\Noselect \HasChildren \Subscribed'
	imap_ok a 'a3 LIST (SUBSCRIBED) "" "*"'
	listed a '\Noselect \HasChildren \Subscribed'
}

@test "LIST-EXTENDED: options in any order and case, twice as once (RFC 5258 3)" {
	fruit /
	imap_ok a 'a1 list (subscribed Subscribed remote RECURSIVEMATCH SUBSCRIBED) "" * return (children CHILDREN subscribed)'
	listed Vegetable '\HasChildren \Subscribed' "$CHILDINFO"
	imap_ok a 'a2 LIST () "" () RETURN ()' || :
	expect_only 'a2 BAD'
}

@test "LIST-EXTENDED: a reference comes before each pattern" {
	local d
	for d in "${DELIMITERS[@]}"; do
		fruit "$d"
		imap_ok a "a1 LIST $(q Fruit/) (Apple B%)"
		count_is 2
		listed Fruit/Apple '\HasNoChildren'
		imap_close a
	done
}

@test "LIST-EXTENDED: what the grammar does not have is BAD (RFC 5258 6)" {
	imap_start a
	local line
	for line in '(RECURSIVEMATCH) "" *' '(REMOTE RECURSIVEMATCH) "" *' \
	    '(RECURSIVEMATCH SPECIAL-USE) "" *' '(FOO) "" *' \
	    '(SUBSCRIBED FOO) "" *' '( SUBSCRIBED) "" *' '(SUBSCRIBED ) "" *' \
	    '(SUBSCRIBED  REMOTE) "" *' '(SUBSCRIBED,REMOTE) "" *' \
	    '(SUBSCRIBED)"" *' '("SUBSCRIBED") "" *' '(SUBSCRIBED "" *' \
	    '"" ()' '"" ( *)' '"" (* )' '"" (*  %)' '"" (*' '"" (*))' \
	    '"" * RETURN' '"" * RETURN *' '"" * RETURN (FOO)' \
	    '"" * RETURN ( CHILDREN)' '"" * RETURN (CHILDREN ' \
	    '"" * RETURN(CHILDREN)' '"" *  RETURN (CHILDREN)' \
	    '"" * RETURN (CHILDREN) ' '"" * RETURN (CHILDREN) x' \
	    '"" * FOO (CHILDREN)' '"" * (CHILDREN)' '"" * RETURN (REMOTE)' \
	    '"" * RETURN (RECURSIVEMATCH)' '(CHILDREN) "" *' '(STATUS) "" *' \
	    '"" * RETURN ()()' '(SUBSCRIBED) ""' '(SUBSCRIBED)'; do
		imap a "a1 LIST $line"
		expect_only 'a1 BAD'
	done
	imap a $'a2 LIST "" a\x01b'
	expect_only 'a2 BAD'
}

@test "LIST-EXTENDED: a thousand patterns, and not one more" {
	imap_start a
	local many
	many=$(printf 'x%.0s ' {1..999})
	imap_ok a "a1 LIST \"\" (${many}INBOX)"
	expect_names INBOX
	imap a "a2 LIST \"\" (${many}x INBOX)"
	expect_only 'a2 NO [LIMIT]'
	imap_ok a 'a3 NOOP'
}

@test "LIST-EXTENDED: patterns of sixteen kilobytes, and no more" {
	imap_start a
	local long many
	printf -v long '%01000d' 0
	many=$(printf "$long%.0s " {1..16})
	imap_ok a "a1 LIST \"\" (${many}INBOX)"
	expect_names INBOX
	many=$(printf "$long%.0s " {1..17})
	imap a "a2 LIST \"\" (${many}INBOX)"
	expect_only 'a2 NO [LIMIT]'
	# The reference stands before each of them.
	many=$(printf 'x%.0s ' {1..900})
	imap a "a3 LIST ${long:0:20} (${many}INBOX)"
	expect_only 'a3 NO [LIMIT]'
	imap_ok a 'a4 NOOP'
}

@test "LIST-EXTENDED: shared mailboxes, their children and subscriptions" {
	mboxadm grant sales alice write
	mboxadm shared add hidden
	imap_start a
	imap_ok a 'a1 SUBSCRIBE "shared\\sales"'
	imap_ok a 'a2 LIST (SUBSCRIBED) "" "shared*"'
	expect_only '=* LIST (\HasNoChildren \Subscribed) "\\" "shared\\sales"' 'a2 OK'
	imap_ok a 'a3 LIST (SUBSCRIBED RECURSIVEMATCH) "" "shared"'
	expect_only '=* LIST (\Noselect \HasChildren) "\\" shared ("CHILDINFO" ("SUBSCRIBED"))' 'a3 OK'
	mboxadm revoke sales alice
	imap_ok a 'a4 LIST (SUBSCRIBED) "" "shared*"'
	expect_only '=* LIST (\NonExistent \Subscribed) "\\" "shared\\sales"' 'a4 OK'
	imap_ok a 'a5 LIST "" "shared*"'
	expect_only 'a5 OK'
}

@test "LIST: a shared mailbox that may be seen and not read is \\Noselect (RFC 4314 4)" {
	mboxadm grant sales alice l
	imap_start a
	imap_ok a 'a1 LIST "" "shared\\*"'
	expect_only '~^\* LIST \(\\Noselect \\HasNoChildren\)' 'a1 OK'
}

@test "capabilities-off: LIST-EXTENDED is not known then" {
	conf 'capabilities-off = LIST-EXTENDED'
	imap_start a
	local line
	for line in '() "" *' '"" (*)' '"" * RETURN ()' '(SUBSCRIBED) "" *'; do
		imap a "a1 LIST $line"
		expect_only 'a1 BAD'
	done
	imap_ok a 'a2 LIST "" *'
	conf 'capabilities-off = CHILDREN'
	imap_start b
	imap_ok b 'a1 LIST "" *'
	refute Children
	imap b 'a2 LIST "" * RETURN (CHILDREN)'
	expect_only 'a2 BAD'
}

#!/usr/bin/env bats
# mboxadm-verbs.bats - mboxadm itself: verbs, usage, init, config, completion
# SPDX-License-Identifier: ISC
load ../lib/mboxadm

@test "mboxadm without a verb, and with a wrong one: usage, 64" {
	fails 64 mboxadm
	says 'usage: mboxadm'
	fails 64 mboxadm frobnicate
	says 'no verb "frobnicate"'
	fails 64 mboxadm user
	says 'usage: mboxadm user add NAME'
	fails 64 mboxadm user frobnicate
	says 'no verb "user frobnicate"'
	fails 64 mboxadm -x
	fails 64 mboxadm user list --frobnicate
	fails 64 mboxadm user list --repair
	says 'takes no --repair'
	fails 64 mboxadm user list --subscribe
	says 'takes no --subscribe'
	fails 64 mboxadm user list extra
	fails 64 mboxadm user show
	fails 64 mboxadm grant sales alice
}

@test "mboxadm help: every verb, from the table; -h and --json" {
	run -0 mboxadm help
	for verb in init 'user add' 'user passwd' 'user list' 'user show' \
	    'user rename' 'user delete' 'user allow' 'user deny' 'user set' 'shared add' \
	    'shared list' 'shared show' 'shared delete' grant revoke \
	    'mailbox list' 'mailbox status' 'mailbox create' \
	    'mailbox rename' 'mailbox delete' 'mailbox undelete' deliver \
	    'import mbox' 'import maildir' 'export mbox' 'export maildir' \
	    check purge backup restore 'config check' 'config show' help; do
		grep -q "^  mboxadm $verb\( \|$\)" <<<"$output" || die "no $verb"
	done
	same "$output" "$(mboxadm -h)"
	run -0 mboxadm help user
	[[ $output == *'user add'* && $output != *deliver* ]]
	run -0 mboxadm help user add
	[[ $output == *'user add'* && $output != *'user list'* ]]
	fails 64 mboxadm help frobnicate
	run -0 json 'len(d)' < <(mboxadm help --json)
	((output > 25))
	run -0 mboxadm -V
	[[ $output == 'mboxadm (msgstore) '[0-9]* ]]
}

@test "the manual and the completion know every verb" {
	local page=$TESTS_DIR/../man/mboxadm.8
	local completion=$TESTS_DIR/../admin/mboxadm.bash verb

	while read -r verb; do
		grep -q "^\.It Ic $verb\( \|$\)" "$page" ||
			die "not in mboxadm.8: $verb"
		if [[ $verb == *' '* ]]; then
			grep -q "${verb% *})" "$completion" &&
			grep -q "\b${verb#* }\b" "$completion"
		else
			grep -q "\b$verb\b" "$completion"
		fi || die "not in the completion: $verb"
	done < <(mboxadm help --json | json '"\n".join(v["verb"] for v in d)')
}

# complete WORD ...: what the completion gives for the last word.
complete_words() {
	local COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()

	# shellcheck source=admin/mboxadm.bash
	. "$TESTS_DIR/../admin/mboxadm.bash"
	_mboxadm
	printf '%s\n' "${COMPREPLY[@]}" | sort
}

@test "bash completion: verbs, users, mailboxes, options" {
	same "$(printf '%s\n' shared)" "$(complete_words mboxadm sh)"
	same "$(printf '%s\n' add allow)" "$(complete_words mboxadm user a)"
	same alice "$(complete_words mboxadm user show al)"
	same sales "$(complete_words mboxadm grant s)"
	same "$(printf '%s\n' full read write)" \
	    "$(complete_words mboxadm grant sales alice '')"
	same Sent "$(complete_words mboxadm mailbox status alice S)"
	same "--repair" "$(complete_words mboxadm check --r)"
	same alice "$(complete_words mboxadm -s "$MSGSTORE" user show al)"
}

@test "init: makes a store, and leaves one that is there alone" {
	local new=$BATS_TEST_TMPDIR/new

	run -0 mboxadm -s "$new" init
	[[ -e $new/users.db ]]
	[[ -z $STORE_OWNER ]] || same "$STORE_OWNER" "$(stat -c %U "$new")"
	same 700 "$(stat -c %a "$new")"
	run -0 mboxadm -s "$new" user add --no-password dave
	run -0 --separate-stderr mboxadm -s "$new" init
	says 'a store already'
	run -0 mboxadm -s "$new" user show dave
}

@test "init: refuses a directory that holds other things" {
	mkdir full
	touch full/precious
	own full
	fails 65 mboxadm -s "$PWD/full" init
	says 'not empty'
	[[ -e full/precious && ! -e full/users.db ]]
}

@test "no store: 69, with what to do" {
	fails 69 mboxadm -s /nonexistent user list
	mkdir empty
	own empty
	fails 69 mboxadm -s "$PWD/empty" user list
	says 'mboxadm init'
}

@test "a store that is not ours: 77" {
	((EUID == 0)) || skip 'needs root'
	mkdir rootstore
	fails 77 mboxadm -s "$PWD/rootstore" user list
	says root
	run -77 setpriv --reuid=nobody --clear-groups mboxadm user list
}

@test "descriptors that are closed: nothing is written into the store" {
	local before
	before=$(as_owner cat "$MSGSTORE/lock" | wc -c)
	run -0 bash -c 'mboxadm user list 2>&- >/dev/null'
	run -74 bash -c 'mboxadm user list >&- 2>&-'
	run -0 bash -c 'printf "Subject: x\n\nx\n" |
	    mboxadm deliver alice >&- 2>&-'
	run -75 bash -c 'mboxadm deliver alice <&-'
	same "$before" "$(as_owner cat "$MSGSTORE/lock" | wc -c)"
	same 1 "$(mboxadm mailbox status alice INBOX | cut -f 2)"
	run -0 mboxadm check
}

@test "MSGSTORE and MSGSTORE_CONF, -s and -f before the verb" {
	run -0 mboxadm user list
	run -0 env -u MSGSTORE mboxadm -s "$MSGSTORE" user list
	same alice "$(POSIXLY_CORRECT=1 mboxadm user show alice --json |
	    json 'd["name"]')"
	echo 'delimiter = /' >other.conf
	run -0 mboxadm -f other.conf config show
	[[ $output == *'delimiter = /'* ]]
}

@test "config check and show" {
	run -0 mboxadm config check
	[[ $output == *"$MSGSTORE_CONF"* ]]
	run -0 mboxadm config show
	[[ $output == *'autologout = '* ]]
	same '"\\"' "$(mboxadm config show --json | json 'json.dumps(d["delimiter"])')"
	same true "$(mboxadm config check --json | json 'd["good"]')"
	conf 'colour = blue'
	fails 78 mboxadm config check
	says "$MSGSTORE_CONF"
	says colour
	fails 78 mboxadm user list
}

# mboxadm.bash - completion of mboxadm(8) for bash
# SPDX-License-Identifier: ISC
# shellcheck shell=bash

# The words of a list that begin with the current one.
_mboxadm_words() {
	local word

	while IFS= read -r word; do
		[[ -z $word || $word != "$current"* ]] || COMPREPLY+=("$word")
	done
}

# First column of what a verb lists, quoted for the command line.
_mboxadm_list() {
	mboxadm ${store[@]+"${store[@]}"} "$@" 2>/dev/null | cut -f 1
}

_mboxadm_users() {
	_mboxadm_words < <(_mboxadm_list user list)
}

_mboxadm_accounts() {
	_mboxadm_words < <(_mboxadm_list user list
	    _mboxadm_list shared list | sed 's/^/shared\//')
}

_mboxadm_mailboxes() {
	local name

	while IFS= read -r name; do
		COMPREPLY+=("$(printf %q "$name")")
	done < <(current=${current//\\} COMPREPLY=()
	    _mboxadm_words < <(_mboxadm_list mailbox list "$1")
	    ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}")
}

_mboxadm_files() {
	local name

	while IFS= read -r name; do
		COMPREPLY+=("$name")
	done < <(compgen -f -- "$current")
	compopt -o filenames 2>/dev/null || :
}

# Operand number $1 (from 1) of the verb; the operands before it follow.
_mboxadm_operand() {
	local n=$1
	shift

	case $verb:$n in
	user\ add:* | user\ rename:2 | shared\ add:*) ;;
	user\ allow:2 | user\ deny:2)
		_mboxadm_words <<<$'create\nrename\ndelete\ncreate,rename,delete' ;;
	user\ set:2) _mboxadm_words <<<$'capabilities-off\nsearch-index' ;;
	user\ set:3)
		[[ $3 != search-index ]] ||
			_mboxadm_words <<<$'yes\nno\ndefault' ;;
	app-password\ add:2) ;;
	app-password\ revoke:2)
		_mboxadm_words < <(_mboxadm_list app-password list "$1") ;;
	user\ *:1 | app-password\ *:1 | check:1 | grant:2 | revoke:2) _mboxadm_users ;;
	shared\ *:1 | grant:1 | revoke:1)
		_mboxadm_words < <(_mboxadm_list shared list) ;;
	grant:3) _mboxadm_words <<<$'read\nwrite\nfull' ;;
	mailbox\ *:1 | deliver:1 | purge:1 | index:1 | export\ *:1 | import\ *:2)
		_mboxadm_accounts ;;
	mailbox\ list:*) ;;
	mailbox\ create:*) ;;
	mailbox\ undelete:3) ;;
	mailbox\ *:*) _mboxadm_mailboxes "$1" ;;
	import\ *:3) _mboxadm_mailboxes "$2" ;;
	export\ *:2 | index:2) _mboxadm_mailboxes "$1" ;;
	import\ *:1 | export\ *:3 | backup:1 | restore:1) _mboxadm_files ;;
	restore:2) _mboxadm_accounts ;;
	esac
}

_mboxadm_options() {
	case $verb in
	user\ add)
		_mboxadm_words <<<$'--mailboxes\n--no-password\n--password-stdin' ;;
	user\ passwd) _mboxadm_words <<<$'--no-password\n--password-stdin' ;;
	app-password\ add) _mboxadm_words <<<$'--expires\n--json' ;;
	mailbox\ create) _mboxadm_words <<<$'--subscribe' ;;
	import\ mbox) _mboxadm_words <<<$'--json\n--subscribe' ;;
	import\ maildir)
		_mboxadm_words <<<$'--json\n--recursive\n--subscribe' ;;
	backup) _mboxadm_words <<<$'--copy\n--json' ;;
	restore)
		_mboxadm_words <<<$'--copy\n--incomplete\n--json\n--keep-uidvalidity' ;;
	check) _mboxadm_words <<<$'--contents\n--json\n--repair' ;;
	index) _mboxadm_words <<<$'--json\n--rebuild' ;;
	deliver) _mboxadm_words <<<$'-f' ;;
	app-password\ list | user\ list | user\ show | shared\ list | shared\ show | \
	mailbox\ list | mailbox\ status | mailbox\ undelete | export\ * | \
	config\ * | purge | help)
		_mboxadm_words <<<$'--json' ;;
	esac
}

# The second words of a verb's family; nothing for a verb of one word.
_mboxadm_family() {
	case $1 in
	app-password) printf '%s\n' add list revoke ;;
	user) printf '%s\n' add passwd list show rename delete allow deny set ;;
	shared) printf '%s\n' add list show delete ;;
	mailbox) printf '%s\n' list status create rename delete undelete ;;
	import) printf '%s\n' mbox maildir ;;
	export) printf '%s\n' mbox maildir ;;
	config) printf '%s\n' check show ;;
	esac
}

_mboxadm() {
	local current=${COMP_WORDS[COMP_CWORD]} verb='' i=1
	local store=() words=() seconds

	COMPREPLY=()
	# -s and -f come before the verb.
	while ((i < COMP_CWORD)) && [[ ${COMP_WORDS[i]} == -[sf] ]]; do
		store+=("${COMP_WORDS[i]}" "${COMP_WORDS[i+1]:-}")
		((i += 2))
	done
	if ((i > COMP_CWORD)); then
		store=()
		_mboxadm_files
		return
	fi
	if ((i == COMP_CWORD)); then
		_mboxadm_words < <(printf '%s\n' init user app-password shared grant revoke \
		    mailbox deliver import export check purge backup restore index config \
		    help)
		return
	fi
	verb=${COMP_WORDS[i++]}
	seconds=$(_mboxadm_family "$verb")
	if [[ -n $seconds ]]; then
		if ((i == COMP_CWORD)); then
			_mboxadm_words <<<"$seconds"
			return
		fi
		verb+=" ${COMP_WORDS[i++]}"
	fi
	for (( ; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--expires | --mailboxes | -f) ((i++)) ;;
		-?*) ;;
		*) words+=("${COMP_WORDS[i]//\\\\/\\}") ;;
		esac
	done
	if [[ $current == -* ]]; then
		_mboxadm_options
	else
		_mboxadm_operand $((${#words[@]} + 1)) \
		    ${words[@]+"${words[@]}"}
	fi
}

complete -F _mboxadm mboxadm

# imap.bash - dialogues with imapd on real sockets, for bats
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Each test has a store of its own, with users alice (password wonderland), bob
# (password builder) and carol (none), and the shared mailbox sales, granted
# to nobody.  A connection goes through TCP to a listener that runs as long as
# the file.  At the end of a test all sessions must have ended by themselves,
# and no sanitizer may have found anything.
#
# "local -; set +T" in a function keeps bats from tracing all commands of the
# functions that it calls, which would take most of the time.
#
#	imap_start a --select INBOX	greets with PREAUTH as alice
#	imap a 'a1 FETCH 1 FLAGS'	sends, and reads to the tagged answer
#	expect '* 1 FETCH (FLAGS ())' 'a1 OK'
#
# A response is one element of ANSWER, its literals included, without the last
# CRLF.  A pattern is the response's beginning; "=TEXT" is all of it; "~REGEX"
# is an extended regular expression that matches somewhere in it.

bats_require_minimum_version 1.5.0
export LC_ALL=C
export MSGSTORE_LOG=stderr
IMAP_TIMEOUT=${IMAP_TIMEOUT:-20}	# seconds that an answer may take
TESTS_DIR=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
CR=$'\r' LF=$'\n' CRLF=$'\r\n'
declare -gA IMAP_FD=()
ANSWER=()

die() {
	printf '%s\n' "$*" >&2
	return 1
}

# --- A store, and what serves it ---

build_find() {
	local dir

	for dir in "${MSGSTORE_BUILD:-}" "$TESTS_DIR/.." "$TESTS_DIR/../build"; do
		if [[ -n $dir && -x $dir/imapd ]]; then
			MSGSTORE_BUILD=$(cd "$dir" && pwd)
			export MSGSTORE_BUILD PATH="$MSGSTORE_BUILD:$PATH"
			return
		fi
	done
	die 'no imapd is built: set MSGSTORE_BUILD to the build directory'
}

# No program works as uid 0: as root the stores belong to a system user.
owner_find() {
	STORE_OWNER=
	if ((EUID == 0)); then
		STORE_OWNER=msgstore
		getent passwd "$STORE_OWNER" >/dev/null ||
			useradd --system --user-group --no-create-home \
			    --home-dir /var/lib/msgstore \
			    --shell /usr/sbin/nologin "$STORE_OWNER"
	fi
	export STORE_OWNER
}

# Put the store's user in charge of files.
own() {
	[[ -z $STORE_OWNER ]] || chown -R "$STORE_OWNER:" "$@"
}

# Run a command as the store's user.
as_owner() {
	if [[ -n $STORE_OWNER ]]; then
		setpriv --reuid="$STORE_OWNER" --regid="$STORE_OWNER" \
		    --clear-groups -- "$@"
	else
		"$@"
	fi
}

san_options() {
	export ASAN_OPTIONS="log_path=$1/san:detect_leaks=1:abort_on_error=0:${2:-}"
	export UBSAN_OPTIONS="log_path=$1/san:print_stacktrace=1"
	export LSAN_OPTIONS="log_path=$1/san"
	# Where a process in its sandbox may write what it has found.
	export MSGSTORE_SANITIZER_DIR=$1
}

built_with_asan() {
	grep -q __asan_init "$MSGSTORE_BUILD/imapd"
}

# What tests/torture/crash breaks has to be what it knows.
needs_tracer() {
	! built_with_asan || skip 'the build has AddressSanitizer'
	[[ $(uname -m) == @(x86_64|aarch64) ]] ||
		skip 'tests/torture/crash.c does not know this machine'
}

# The store that every test gets a copy of: hashing passwords takes its time.
# Files that run side by side share it.
template_make() {
	TEMPLATE=${MSGSTORE_TEST_DIR:-$BATS_RUN_TMPDIR}/template
	export TEMPLATE
	(
		flock 9
		[[ ! -e $TEMPLATE ]] || exit 0
		rm -rf "$TEMPLATE.new"
		mkdir -m 700 "$TEMPLATE.new"
		own "$TEMPLATE.new"
		# shellcheck disable=SC2030 # it shall be local
		export MSGSTORE=$TEMPLATE.new
		mboxadm init &&
		mboxadm user add --password-stdin alice <<<wonderland &&
		mboxadm user add --password-stdin bob <<<builder &&
		mboxadm user add --no-password carol &&
		mboxadm shared add sales &&
		mv "$TEMPLATE.new" "$TEMPLATE"
	) 9>"$TEMPLATE.lock" 3>&- >&2
}

# A fresh store: sets MSGSTORE, MSGSTORE_CONF (who fails to log in is not made to
# wait) and IMAP_LOG.
# shellcheck disable=SC2031
store_new() {
	local -; set +T
	export MSGSTORE=$BATS_TEST_TMPDIR/store
	export MSGSTORE_CONF=$BATS_TEST_TMPDIR/msgstore.conf
	export IMAP_LOG=$BATS_TEST_TMPDIR/log

	cp -a "$TEMPLATE" "$MSGSTORE"
	echo 'login-delay = 0' >"$MSGSTORE_CONF"
	: >"$IMAP_LOG"
}

# conf 'key = value' ...: for the sessions that are started from now on.
conf() {
	local -; set +T
	local line

	for line in "$@"; do
		sed -i "/^${line%% *} /d" "$MSGSTORE_CONF"
		printf '%s\n' "$line" >>"$MSGSTORE_CONF"
	done
}

# Start a listener; stores its port in IMAP_PORT, its process in IMAP_LISTENER.
# tcpserver finds a free port by itself and tells it; nothing races for it.
listener_start() {
	local dir=$1
	shift
	mkfifo "$dir/port"
	tcpserver -1 -H -R -l0 -c 200 -b 200 127.0.0.1 0 "$@" \
	    >"$dir/port" 2>"$dir/listener.log" 3>&- </dev/null &
	IMAP_LISTENER=$!
	read -r -t "$IMAP_TIMEOUT" IMAP_PORT <"$dir/port" ||
		die "tcpserver does not start: $(<"$dir/listener.log")"
	export IMAP_PORT IMAP_LISTENER
}

imap_setup_file() {
	local -; set +T
	build_find
	owner_find
	# What bats makes is closed to others; the store's user must get through.
	chmod go+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*/ 2>/dev/null || :
	chmod 1777 "$BATS_FILE_TMPDIR"
	san_options "$BATS_FILE_TMPDIR"
	template_make
	listener_start "$BATS_FILE_TMPDIR" "$TESTS_DIR/lib/serve" \
	    "$BATS_FILE_TMPDIR"
}

imap_teardown_file() {
	[[ -z ${IMAP_LISTENER:-} ]] || kill "$IMAP_LISTENER" || :
}

imap_setup() {
	local -; set +T
	chmod go+x "$BATS_RUN_TMPDIR/test"
	chmod 1777 "$BATS_TEST_TMPDIR"
	san_options "$BATS_TEST_TMPDIR"
	# Writing to a session that has ended shall fail, not end the test.
	trap '' PIPE
	store_new
}

# Close what is open; every imapd must end, and have nothing to say.
imap_teardown() {
	local -; set +T
	local name file bad=0

	for name in "${!IMAP_FD[@]}"; do
		imap_close "$name"
	done
	for file in "$BATS_TEST_TMPDIR"/pid.*; do
		[[ ! -e $file ]] || process_ends "$(<"$file")" || bad=1
	done
	for file in "$BATS_TEST_TMPDIR"/san.*; do
		[[ -e $file ]] || continue
		cat "$file"
		bad=1
	done
	if [[ -s ${IMAP_LOG:-} ]]; then
		sed 's/^/log: /' "$IMAP_LOG"
	fi
	((bad == 0)) || die 'a session did not end cleanly'
}

process_ends() {
	local -; set +T
	local deadline=$((SECONDS + IMAP_TIMEOUT))

	while kill -0 "$1" 2>/dev/null; do
		if ((SECONDS >= deadline)); then
			kill -9 "$1"
			die "process $1 did not end"
			return
		fi
		sleep 0.01
	done
}

setup_file() { imap_setup_file; }
teardown_file() { imap_teardown_file; }
setup() { imap_setup; }
teardown() { imap_teardown; }

# --- Sessions ---

# imap_serve PIDFILE [ARGUMENT ...]: what the listener starts from now on, for
# whoever connects.  A file's name that ends in a dot gets the process's number.
imap_serve() {
	local file=$1
	shift
	{
		echo "IMAP_PID_FILE='$BATS_TEST_TMPDIR/$file'"
		echo "IMAP_PROGRAM='${IMAP_PROGRAM:-$MSGSTORE_BUILD/imapd}'"
		echo "IMAP_ARGS='$*'"
		echo "IMAP_LOG='$IMAP_LOG'"
		echo "export MSGSTORE='$MSGSTORE' MSGSTORE_CONF='$MSGSTORE_CONF'"
		echo "export ASAN_OPTIONS='$ASAN_OPTIONS'"
		echo "export UBSAN_OPTIONS='$UBSAN_OPTIONS'"
		echo "export LSAN_OPTIONS='$LSAN_OPTIONS'"
		echo "export MSGSTORE_SANITIZER_DIR='$MSGSTORE_SANITIZER_DIR'"
	} >"$BATS_FILE_TMPDIR/next"
}

# imap_start NAME [--user USER | --login] [--select MAILBOX] [--no-greeting]
# --user (alice by default) starts authenticated; --login starts before it.
imap_start() {
	local -; set +T
	local name=$1 user=alice select='' greeting=1 fd
	shift
	while (($#)); do
		case $1 in
		--user) user=$2; shift ;;
		--login) user='' ;;
		--select) select=$2; shift ;;
		--no-greeting) greeting=0 ;;
		*) die "imap_start: $1?" ; return ;;
		esac
		shift
	done
	rm -f "$BATS_TEST_TMPDIR/pid.$name"
	imap_serve "pid.$name" ${user:+--preauth "$user"}
	exec {fd}<>"/dev/tcp/127.0.0.1/$IMAP_PORT"
	IMAP_FD[$name]=$fd
	ANSWER=()
	((greeting)) || return 0
	imap_read "$name" || die "$name: no greeting"
	if [[ -n $user ]]; then
		expect '* PREAUTH'
	else
		expect '* OK'
	fi
	[[ -z $select ]] || imap_ok "$name" "select0 SELECT $select"
}

# The session's process, once its listener has started it.
imap_pid() {
	local -; set +T
	local file=$BATS_TEST_TMPDIR/pid.$1 deadline=$((SECONDS + IMAP_TIMEOUT))

	until [[ -e $file ]]; do
		((SECONDS < deadline)) || { die "$1: no process"; return; }
		sleep 0.01
	done
	cat "$file"
}

# Hang up without a word.
imap_close() {
	local fd=${IMAP_FD[$1]:-}

	[[ -n $fd ]] || return 0
	exec {fd}>&-
	unset "IMAP_FD[$1]"
}

# imap_send NAME LINE: a line with CRLF, in one packet.
imap_send() {
	imap_send_raw "$1" "$2$CRLF"
}

# imap_send_raw NAME OCTETS: as they are.
imap_send_raw() {
	local text=${2:0:600}

	text=${text//"$CR"/}
	printf '%s> %s\n' "$1" "${text%"$LF"}"
	# bash writes line by line; a packet for each would take its time.
	if ((${#2} > 1000)); then
		printf %s "$2" | cat >&"${IMAP_FD[$1]}"
	else
		printf %s "$2" >&"${IMAP_FD[$1]}"
	fi
}

# Read one response into ANSWER.  Fails at the end of the connection, or with
# 142 when nothing comes for IMAP_TIMEOUT (or $2) seconds.
imap_read() {
	local -; set +T
	local name=$1 fd=${IMAP_FD[$1]} limit=${2:-$IMAP_TIMEOUT}
	local line='' part octets status

	while :; do
		IFS= read -r -t "$limit" -u "$fd" part || {
			status=$?
			[[ -z $line$part ]] || ANSWER+=("$line$part")
			((status > 128)) || printf '%s< (closed)\n' "$name"
			return "$status"
		}
		line+=${part%"$CR"}
		[[ $part == *"$CR" ]] || { die "$name: no CRLF at the end of: $part"; return; }
		[[ $part =~ \{([0-9]+)\}.$ ]] || break
		line+=$CRLF
		((BASH_REMATCH[1] > 0)) || continue
		IFS= read -r -N "${BASH_REMATCH[1]}" -t "$limit" -u "$fd" octets ||
			{ die "$name: literal cut off"; return; }
		line+=$octets
	done
	ANSWER+=("$line")
	line=${line:0:600}
	printf '%s< %s\n' "$name" "${line//"$CR"/}"
}

# Read up to the tagged response of TAG.
imap_recv() {
	local -; set +T
	local name=$1 tag=$2

	ANSWER=()
	while imap_read "$name"; do
		[[ ${ANSWER[-1]} != "$tag "* ]] || return 0
	done
	die "$name: no answer to $tag"
}

# imap NAME LINE [LINE ...]: send a command and read up to its tagged answer.
# A line that ends in a synchronizing literal's head waits for the go-ahead
# before the next line goes out; should the command end instead, so does this.
imap() {
	local -; set +T
	# The line may be long: cutting it with a pattern would take time.
	local name=$1 tag=${2:0:300} line
	shift
	tag=${tag%% *}

	ANSWER=()
	while (($# > 1)); do
		line=$1
		shift
		imap_send "$name" "$line"
		[[ $line =~ \{[0-9]+\}$ ]] || continue
		while :; do
			imap_read "$name" || { die "$name: no answer"; return; }
			[[ ${ANSWER[-1]} != "$tag "* ]] || return 0
			[[ ${ANSWER[-1]} != '+'* ]] || break
		done
	done
	imap_send "$name" "$1"
	while imap_read "$name"; do
		[[ ${ANSWER[-1]} != "$tag "* ]] || return 0
	done
	die "$name: no answer to $tag"
}

# The same, and the answer must be OK.
imap_ok() {
	local -; set +T
	local tag=${2:0:300}

	tag=${tag%% *}
	imap "$@"
	[[ ${ANSWER[-1]} == "$tag OK"* ]] || die "$1: ${ANSWER[-1]}"
}

# imap_wait NAME PATTERN [SECONDS]: read until a response matches.
imap_wait() {
	local -; set +T
	ANSWER=()
	while imap_read "$1" "${3:-$IMAP_TIMEOUT}"; do
		! matches "${ANSWER[-1]}" "$2" || return 0
	done
	die "$1: waited in vain for: $2"
}

# Start IDLE; imap_idle_done ends it with the command's answer.
imap_idle() {
	local -; set +T
	ANSWER=()
	imap_send "$1" "idle IDLE"
	imap_wait "$1" '+ '
}

imap_idle_done() {
	local -; set +T
	imap_send "$1" DONE
	imap_recv "$1" idle
	[[ ${ANSWER[-1]} == 'idle OK'* ]] || die "$1: ${ANSWER[-1]}"
}

# Read all up to the connection's end, which must come.
imap_eof() {
	local -; set +T
	local status

	ANSWER=()
	while imap_read "$1"; do :; done
	read -r -t "$IMAP_TIMEOUT" -u "${IMAP_FD[$1]}" _ && status=0 || status=$?
	((status == 1)) || die "$1: the connection is still open"
	imap_close "$1"
}

# imap_ended NAME: until its process has ended, which at last closes the databases.
imap_ended() {
	local -; set +T
	local pid deadline=$((SECONDS + IMAP_TIMEOUT))

	pid=$(imap_pid "$1") || return
	while [[ -e /proc/$pid ]]; do
		((SECONDS < deadline)) || { die "$1: it does not end"; return; }
		sleep 0.01
	done
}

# --- Looking at answers ---

matches() {
	case $2 in
	=*) [[ $1 == "${2:1}" ]] ;;
	~*) [[ $1 =~ ${2:1} ]] ;;
	*) [[ $1 == "$2"* ]] ;;
	esac
}

# The patterns match responses of ANSWER, in this order; others may be between.
expect() {
	local -; set +T
	local want i=0

	for want in "$@"; do
		while :; do
			if ((i >= ${#ANSWER[@]})); then
				printf 'not there (in this order): %s\n' "$want"
				printf 'answer: %.600s\n' "${ANSWER[@]}"
				return 1
			fi
			matches "${ANSWER[i++]}" "$want" && break
		done
	done
}

# ANSWER has these responses, one for one, and no others.
expect_only() {
	local -; set +T
	local i

	for ((i = 0; i < $#; i++)); do
		if ((i >= ${#ANSWER[@]})) || ! matches "${ANSWER[i]}" "${@:i+1:1}"; then
			printf 'wanted: %.600s\n' "${@:i+1:1}"
			printf 'got:    %.600s\n' "${ANSWER[i]:-(nothing)}"
			return 1
		fi
	done
	((${#ANSWER[@]} == $#)) || die "more than wanted: ${ANSWER[*]:$#}"
}

# No response holds any of these texts (or "~REGEX").
refute() {
	local -; set +T
	local line bad

	for bad in "$@"; do
		for line in "${ANSWER[@]}"; do
			case $bad in
			~*) [[ $line =~ ${bad:1} ]] || continue ;;
			*) [[ $line == *"$bad"* ]] || continue ;;
			esac
			printf 'unwanted: %s\nin: %s\n' "$bad" "$line"
			return 1
		done
	done
}

# Two texts are the same.
same() {
	[[ $1 == "$2" ]] && return
	printf 'wanted: %q\ngot:    %q\n' "$1" "$2"
	return 1
}

# The log has a line that matches the extended regular expression, or gets one.
expect_log() {
	local -; set +T
	local deadline=$((SECONDS + IMAP_TIMEOUT))

	until grep -qE -- "$1" "$IMAP_LOG"; do
		((SECONDS < deadline)) || { die "not in the log: $1"; return; }
		sleep 0.01
	done
}

# --- Messages ---

# crlf VARIABLE: standard input with CRLF at the ends of lines.
crlf() {
	local -; set +T
	local _octets
	IFS= read -r -d '' _octets || :
	printf -v "$1" %s "${_octets//"$LF"/"$CRLF"}"
}

# fixture VARIABLE FILE: a file of tests/fixtures, as it is.
fixture() {
	local -; set +T
	local _octets
	IFS= read -r -d '' _octets <"$TESTS_DIR/fixtures/$2" || :
	printf -v "$1" %s "$_octets"
}

# append NAME MAILBOX MESSAGE [FLAGS [DATE]]: in one packet, answered by OK.
append() {
	local -; set +T
	imap_ok "$1" "append0 APPEND $2 ${4:+$4 }${5:+\"$5\" }{${#3}+}$CRLF$3"
}

# seed NAME MAILBOX COUNT: messages "Subject: message 1" and so on.
seed() {
	local -; set +T
	local i text out=''

	for ((i = 1; i <= $3; i++)); do
		text="Subject: message $i$CRLF${CRLF}body $i$CRLF"
		out+="seed$i APPEND $2 {${#text}+}$CRLF$text$CRLF"
		# Answers to what was sent together may come together.
		((i % 100 == 0 || i == $3)) || continue
		imap_send_raw "$1" "$out"
		out=
		imap_recv "$1" "seed$i"
		[[ ${ANSWER[-1]} == "seed$i OK"* ]] || die "${ANSWER[-1]}"
	done
}

# without DATABASE TABLE COMMAND ...: run it while the table is away.  What reads
# that fails, for so long.
without() {
	local db=$1 table=$2

	shift 2
	as_owner sqlite3 "$db" "ALTER TABLE $table RENAME TO away_$table"
	"$@"
	as_owner sqlite3 "$db" "ALTER TABLE away_$table RENAME TO $table"
}

# --- Parts of responses ---

# Some response has a data item with this value, whatever string it was sent as.
# expect_item 'BODY[1]' TEXT, expect_item RFC822.SIZE 42, expect_item ... NIL
expect_item() {
	local -; set +T
	local line

	for line in "${ANSWER[@]}"; do
		[[ $line != *[\ \(]"$1 {${#2}}$CRLF$2"[\ \)]* &&
		    $line != *[\ \(]"$1 \"$2\""[\ \)]* &&
		    $line != *[\ \(]"$1 $2"[\ \)]* ]] || return 0
	done
	printf 'no item %s with these %d octets: %q\n' "$1" "${#2}" "$2"
	return 1
}

# flags_of SEQ: the flags that the last FETCH response of SEQ told, sorted.
flags_of() {
	local -; set +T
	local line found='' re="^\* $1 FETCH \(.*FLAGS \(([^)]*)\)"

	for line in "${ANSWER[@]}"; do
		[[ ! $line =~ $re ]] || found=${BASH_REMATCH[1]:-none}
	done
	[[ -n $found ]] || { echo "no flags of $1"; return; }
	[[ $found != none ]] || found=''
	tr ' ' '\n' <<<"$found" | sort | tr '\n' ' ' | sed 's/^ *//; s/ *$//'
}

# expect_flags SEQ FLAG ...: exactly these, but \Recent counts only when named.
expect_flags() {
	local -; set +T
	local got want

	got=$(flags_of "$1")
	want=$(printf '%s\n' "${@:2}" | sort | tr '\n' ' ' | sed 's/^ *//; s/ *$//')
	[[ $want == *'\Recent'* ]] ||
		got=$(sed 's/\\Recent//; s/  / /; s/^ *//; s/ *$//' <<<"$got")
	same "$want" "$got"
}

# list_parse LINE: of a LIST or LSUB response; sets LIST_ATTRS and LIST_NAME.
list_parse() {
	local -; set +T
	local re='^\* (LIST|LSUB) \(([^)]*)\) ("\\\\"|"/"|"\."|NIL) (.*)$'

	[[ $1 =~ $re ]] || return 1
	LIST_ATTRS=${BASH_REMATCH[2]}
	LIST_NAME=${BASH_REMATCH[4]}
	case $LIST_NAME in
	'"'*)
		LIST_NAME=${LIST_NAME#\"}
		LIST_NAME=${LIST_NAME%\"}
		LIST_NAME=${LIST_NAME//\\\\/\\}
		LIST_NAME=${LIST_NAME//\\\"/\"} ;;
	'{'*)
		LIST_NAME=${LIST_NAME#*"$LF"} ;;
	esac
}

# ANSWER lists these names, in any order, and no others.
expect_names() {
	local -; set +T
	local line got=() n

	for line in "${ANSWER[@]}"; do
		! list_parse "$line" || got+=("$LIST_NAME")
	done
	n=${#got[@]}
	same "$( (($# == 0)) || printf '%s\n' "$@" | sort)" \
	    "$( ((n == 0)) || printf '%s\n' "${got[@]}" | sort)"
}

# expect_listed NAME ATTRIBUTE ...: NAME is listed with these attributes at
# least; "!ATTRIBUTE" must not be among them.
expect_listed() {
	local -; set +T
	local line attr name=$1
	shift

	for line in "${ANSWER[@]}"; do
		list_parse "$line" || continue
		[[ $LIST_NAME == "$name" ]] || continue
		for attr in "$@"; do
			case $attr in
			!*) [[ " $LIST_ATTRS " != *" ${attr#!} "* ]] ;;
			*) [[ " $LIST_ATTRS " == *" $attr "* ]] ;;
			esac || { echo "$name has ($LIST_ATTRS): $attr"; return 1; }
		done
		return 0
	done
	die "$name is not listed"
}

# The word behind "[CODE" in some response: code UIDNEXT.
code() {
	local -; set +T
	local line re="\[$1 ([^]]*)\]"

	for line in "${ANSWER[@]}"; do
		if [[ $line =~ $re ]]; then
			printf '%s\n' "${BASH_REMATCH[1]}"
			return
		fi
	done
	die "no response code $1"
}

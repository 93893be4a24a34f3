# servers.bash - stores, certificates and servers for the benchmark
# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154 # build, password: the caller's
#
# Each server runs as its documentation has it, on ports of its own, with all that
# it writes below one directory.  Nothing in /etc is read or touched.

declare -gA PEER_PID=() PEER_CGROUP=() PEER_SPEC=()

# The user who owns the mail, of both servers.
owner_choose() {
	OWNER=$(id -un)
	((EUID == 0)) || return 0
	OWNER=nobody
	! getent passwd msgstore >/dev/null || OWNER=msgstore
}

as_owner() {
	if ((EUID == 0)); then
		setpriv --reuid="$OWNER" --regid="$(id -g "$OWNER")" \
		    --clear-groups -- "$@"
	else
		"$@"
	fi
}

# A P-256 key and a certificate that both servers show: DIR/cert.pem, DIR/key.pem.
certificate_make() {
	certtool --generate-privkey --key-type ecdsa --curve secp256r1 \
	    --outfile "$1/key.pem" 2>/dev/null
	printf '%s\n' 'cn = "localhost"' 'dns_name = "localhost"' \
	    tls_www_server 'expiration_days = 30' >"$1/cert.cfg"
	certtool --generate-self-signed --load-privkey "$1/key.pem" \
	    --template "$1/cert.cfg" --outfile "$1/cert.pem" 2>/dev/null
	chmod 600 "$1/key.pem"
	((EUID != 0)) || chown "$OWNER:" "$1/key.pem"
}

# --- Where a server's CPU time is added up ---

# The hierarchy in which groups can be made: v2, or v1's cpuacct; none without root.
cgroup_root() {
	local dir type options

	((EUID == 0)) || return 0
	while read -r _ dir type options _; do
		if [[ $type == cgroup2 && -e $dir/cgroup.procs ]] ||
		    [[ $type == cgroup && ,$options, == *,cpuacct,* ]]; then
			if mkdir "$dir/msgstore-bench-$$" 2>/dev/null; then
				echo "$dir/msgstore-bench-$$"
				return
			fi
		fi
	done </proc/mounts
}

# in_group NAME: puts the calling shell into NAME's group.
in_group() {
	[[ -z ${PEER_CGROUP[$1]:-} ]] ||
		echo "$BASHPID" >"${PEER_CGROUP[$1]}/cgroup.procs"
}

group_make() {
	PEER_CGROUP[$1]=
	[[ -n $CGROUP ]] || return 0
	mkdir "$CGROUP/$1"
	PEER_CGROUP[$1]=$CGROUP/$1
}

# --- msgstore ---

msgstore_prepare() {
	local dir=$1 user

	install -d -m 700 "$dir/store" "$dir/run"
	((EUID != 0)) || chown "$OWNER:" "$dir/store" "$dir/run"
	as_owner "$build/mboxadm" -s "$dir/store" -f /dev/null init
	for user in bench folders; do
		as_owner "$build/mboxadm" -s "$dir/store" -f /dev/null \
		    user add --mailboxes none --password-stdin "$user" \
		    <<<"$password" >/dev/null
	done
}

# msgstore_start NAME DIR [SETTING ...]: listeners as ucspi-tcp's users have them,
# each connection a fresh imapd.
msgstore_start() {
	local name=$1 dir=$2
	shift 2

	{
		# One delimiter for all, and the limits of the memory row.
		printf '%s\n' 'delimiter = /' 'max-sessions-per-user = 0' \
		    "tls-certificate = $TOP_DIR/cert.pem" \
		    "tls-key = $TOP_DIR/key.pem" \
		    "runtime-directory = $dir/run" "$@"
	} >"$dir/$name.conf"
	rm -f "$dir/$name".{clear,tls}	# of the run before
	group_make "$name"
	(
		in_group "$name"
		export MSGSTORE_LOG=stderr
		for kind in clear tls; do
			args=()
			[[ $kind == clear ]] || args=(--tls)
			as_owner tcpserver -1 -H -R -l0 -c 5000 -b 1000 \
			    127.0.0.1 0 "$build/imapd" -s "$dir/store" \
			    -f "$dir/$name.conf" ${args+"${args[@]}"} \
			    >"$dir/$name.$kind" </dev/null &
		done
		wait
	) 2>"$dir/$name.log" &
	PEER_PID[$name]=$!
	wait_for "$name" test -s "$dir/$name.clear" -a -s "$dir/$name.tls"
	peer_spec "$name" "$(<"$dir/$name.clear")" "$(<"$dir/$name.tls")"
}

# --- Dovecot ---

# msgstore verifies yescrypt once, and from then on a keyed hash that it remembers.
# Dovecot's cache remembers the hash and not that the password was right: to keep
# crypt(3) from hiding all else, its users have a fast hash from the beginning.
# Only the user "yescrypt", of the row that tells, has the kind that mboxadm makes:
# yescrypt with crypt(3)'s default cost.
dovecot_passwd() {
	local hash quick user ids

	hash=$(perl -e 'print crypt($ARGV[0], "\$y\$j9T\$benchbenchbenchbenc.")' \
	    "$password")
	[[ $hash == '$y$'* ]] || die "crypt(3) knows no yescrypt"
	ids=$(id -u "$OWNER"):$(id -g "$OWNER")
	quick=$(printf %s "$password" | sha256sum)
	for user in bench folders; do
		echo "$user:{SHA256.HEX}${quick%% *}:$ids::$1/$user"
	done
	echo "yescrypt:{CRYPT}$hash:$ids::$1/bench"
}

# dovecot_start NAME DIR FORMAT [LINE ...]: FORMAT is mdbox or maildir.
dovecot_start() {
	local name=$1 dir=$2 format=$3 run port tls
	shift 3

	# Its sockets' names must be short.
	run=$TOP_DIR/$name
	port=$(free_port)
	tls=$(free_port)
	install -d "$dir/$format" "$run"
	((EUID != 0)) || chown "$OWNER:" "$dir/$format"
	dovecot_passwd "$dir/$format" >"$run/passwd"
	{
		printf '%s\n' "base_dir = $run/run" "state_dir = $run/state" \
		    "instance_name = bench-$name" "log_path = $run/log" \
		    'protocols = imap' 'listen = 127.0.0.1' \
		    'auth_mechanisms = plain' 'disable_plaintext_auth = no' \
		    'ssl = yes' "ssl_cert = <$TOP_DIR/cert.pem" \
		    "ssl_key = <$TOP_DIR/key.pem" 'auth_cache_size = 10M' \
		    'passdb {' '  driver = passwd-file' \
		    "  args = $run/passwd" '}' 'userdb {' \
		    '  driver = passwd-file' "  args = $run/passwd" \
		    '}' 'first_valid_uid = 1' 'first_valid_gid = 0' \
		    "mail_location = $format:~/mail" \
		    'namespace inbox {' '  inbox = yes' '  separator = /' '}' \
		    'mail_max_userip_connections = 5000' \
		    'default_process_limit = 5000' 'default_client_limit = 20000' \
		    'service anvil {' '  client_limit = 20000' '}' \
		    'service imap {' '  process_limit = 5000' '}' \
		    'service imap-login {' '  process_limit = 5000' \
		    '  inet_listener imap {' "    port = $port" '  }' \
		    '  inet_listener imaps {' "    port = $tls" '    ssl = yes' \
		    '  }' '}'
		if ((EUID != 0)); then
			printf '%s\n' "default_internal_user = $OWNER" \
			    "default_internal_group = $(id -gn)" \
			    "default_login_user = $OWNER" \
			    'service imap-login {' '  chroot =' '}' \
			    'service anvil {' '  chroot =' '}'
		fi
		printf '%s\n' "$@"
	} >"$run/dovecot.conf"
	group_make "$name"
	(
		in_group "$name"
		exec dovecot -F -c "$run/dovecot.conf" </dev/null
	) >"$run/out" 2>&1 &
	PEER_PID[$name]=$!
	wait_for "$name" answers "$port"
	peer_spec "$name" "$port" "$tls"
	PEER_SPEC[$name]+=,slow=yescrypt
}

# --- A process that does nothing ---

# bare_start NAME: from the same listener as imapd, cat(1) behind a greeting.  What it
# takes from the machine is the connection's and the process's, whoever serves.
bare_start() {
	local name=$1

	rm -f "$TOP_DIR/$name.port"
	group_make "$name"
	(
		in_group "$name"
		as_owner tcpserver -1 -H -R -l0 -c 5000 -b 1000 127.0.0.1 0 \
		    sh -c 'printf "* OK ready\r\n" && exec cat' \
		    >"$TOP_DIR/$name.port" </dev/null &
		wait
	) 2>/dev/null &
	PEER_PID[$name]=$!
	wait_for "$name" test -s "$TOP_DIR/$name.port"
	peer_spec "$name" "$(<"$TOP_DIR/$name.port")" 0
	PEER_SPEC[$name]+=",bare=yes,rows=memory"
}

# --- Any of them ---

free_port() {
	local port

	while :; do
		port=$((20000 + RANDOM % 10000))
		answers "$port" || break
	done
	echo "$port"
}

answers() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# wait_for NAME COMMAND ...: until COMMAND succeeds.
wait_for() {
	local name=$1 tries=0
	shift

	until "$@"; do
		if ! kill -0 "${PEER_PID[$name]}" 2>/dev/null ||
		    ((tries++ > 300)); then
			die "$name does not start"
		fi
		sleep 0.1
	done
}

peer_spec() {
	PEER_SPEC[$1]="name=$1,port=$2,tls=$3,pid=${PEER_PID[$1]}"
	PEER_SPEC[$1]+=",cgroup=${PEER_CGROUP[$1]}"
}

# The processes that were started for it, and theirs.
descendants() {
	local child

	for child in $(pgrep -P "$1"); do
		descendants "$child"
	done
	echo "$1"
}

peer_stop() {
	local pid=${PEER_PID[$1]} tries=0

	mapfile -t pids < <(
		descendants "$pid"
		[[ -z ${PEER_CGROUP[$1]} ]] ||
			cat "${PEER_CGROUP[$1]}/cgroup.procs"
	)
	kill "${pids[@]}" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
	if [[ -n ${PEER_CGROUP[$1]} ]]; then
		until rmdir "${PEER_CGROUP[$1]}" 2>/dev/null; do
			((tries++ < 100)) || break
			sleep 0.1
		done
	fi
	unset "PEER_PID[$1]" "PEER_CGROUP[$1]" "PEER_SPEC[$1]"
}

peers_stop() {
	local name

	for name in "${!PEER_PID[@]}"; do
		peer_stop "$name"
	done
}

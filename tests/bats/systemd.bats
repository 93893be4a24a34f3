#!/usr/bin/env bats
# systemd.bats - the installed units, in a container that boots systemd
# SPDX-License-Identifier: ISC
#
# Needs root; where no container can be started the tests are skipped, and say
# why.
load ../lib/imap
load ../lib/container

setup() { :; }
teardown() { :; }

# Why there is no container, or nothing.
container_start() {
	if built_with_asan; then
		echo 'the container has no sanitizer libraries'
		return
	fi
	container_make "$MSGSTORE_BUILD" "$ROOT" 2>"$BATS_FILE_TMPDIR/install" ||
		{ die "make install: $(<"$BATS_FILE_TMPDIR/install")"; return 1; }
}

setup_file() {
	build_find
	export ROOT=$BATS_FILE_TMPDIR/root CONSOLE=$BATS_FILE_TMPDIR/console
	NO_CONTAINER=$(container_start)
	if [[ -z $NO_CONTAINER ]]; then
		systemctl -q --root="$ROOT" enable imapd.socket imaps.socket \
		    msgstore-purge.timer msgstore-index.timer
		if ! container_boot "$ROOT" "$CONSOLE"; then
			NO_CONTAINER="the container does not boot: $(tail -n 3 \
			    "$CONSOLE" | tr -dc '[:print:]')"
		elif ! container_has_loopback; then
			NO_CONTAINER='the container can have no network'
		fi
	fi
	export NO_CONTAINER
	[[ -z $NO_CONTAINER ]] || return 0
	inside mboxadm init
	inside mboxadm user add --password-stdin alice <<<wonderland
	inside mboxadm user add --password-stdin bob <<<builder
}

teardown_file() {
	container_stop
	rm -rf "$ROOT"
}

needs_container() {
	[[ -z $NO_CONTAINER ]] || skip "$NO_CONTAINER"
}

# A dialogue through port 143: the lines, and LOGOUT.
talk() {
	printf '%s\r\n' "$@" 'z LOGOUT' |
	    beside timeout "$IMAP_TIMEOUT" nc 127.0.0.1 143
}

# shown TEXT: the drop-in of imapd(8) that has this text.
shown() {
	awk -v text="$1" '/^\.Bd/ { block = ""; next }
		/^\.Ed/ { if (index(block, text)) printf "%s", block; next }
		{ block = block $0 "\n" }' "$TESTS_DIR/../man/imapd.8"
}

# All sessions have ended and none of their units is left.
sessions_end() {
	local deadline=$((SECONDS + IMAP_TIMEOUT))

	while [[ -n $(inside systemctl --all --plain --no-legend \
	    list-units 'imapd@*' 'imaps@*') ]]; do
		((SECONDS < deadline)) ||
			{ die "$(inside systemctl --all list-units 'imapd@*')"
			return; }
		sleep 0.1
	done
}

@test "units: systemd-analyze verify finds nothing" {
	local dest=$BATS_TEST_TMPDIR/dest dir out unit

	make -s -C "$MSGSTORE_BUILD" install DESTDIR="$dest" >/dev/null
	dir=$(find "$dest" -type d -path '*/systemd/system')
	# It looks whether the programs are there: they are, in $dest.
	for unit in "$dir"/*.service; do
		sed -i "/^ExecStart=/s|/[^ ]*/sbin/|$dest&|" "$unit"
	done
	out=$(SYSTEMD_UNIT_PATH=$dir: systemd-analyze --man=no verify \
	    "$dir"/imapd.socket "$dir"/imapd@.service \
	    "$dir"/imaps.socket "$dir"/imaps@.service \
	    "$dir"/imapd-listen.service "$dir"/imaps-listen.service \
	    "$dir"/msgstore-purge.service "$dir"/msgstore-purge.timer \
	    "$dir"/msgstore-index.service "$dir"/msgstore-index.timer 2>&1)
	same '' "$out"
}

# exposure UNIT TENTHS: how much systemd-analyze calls exposed is not more.  It
# knows nothing of what imapd gives up by itself.
exposure() {
	run systemd-analyze --no-pager --offline=true --threshold="$2" \
	    security "$1"
	printf '%s\n' "$output" | tail -n 3
	((status == 0))
}

@test "units: systemd-analyze security calls the exposure OK or better" {
	local dest=$BATS_TEST_TMPDIR/dest dir unit

	make -s -C "$MSGSTORE_BUILD" install DESTDIR="$dest" >/dev/null
	dir=$(find "$dest" -type d -path '*/systemd/system')
	exposure "$dir/imapd@.service" 50
	exposure "$dir/imaps@.service" 50
	exposure "$dir/imapd-listen.service" 20
	exposure "$dir/imaps-listen.service" 20
	exposure "$dir/msgstore-purge.service" 20
	exposure "$dir/msgstore-index.service" 20
	# Where a connection may cost five times as much.
	for unit in imapd@ imaps@; do
		grep -h '=' "$TESTS_DIR/../examples/hardening.conf" \
		    >>"$dir/$unit.service"
		exposure "$dir/$unit.service" 20
	done
}

@test "container: a session through port 143, from login to logout" {
	needs_container
	run talk 'a LOGIN alice wonderland' 'b LIST "" *' \
	    'c APPEND INBOX {20+}' $'Subject: x\r\n\r\nbody\r' \
	    'd SELECT INBOX' 'e FETCH 1 BODY[]'
	printf '%s\n' "$output"
	[[ $output == '* OK '*'a OK '*'b OK '*'c OK '*'d OK '*'Subject: x'*'e OK '* ]]
	[[ $output == *'* BYE '*'z OK '* ]]
}

@test "container: the store belongs to msgstore, and is closed to others" {
	needs_container
	same '700 msgstore msgstore' \
	    "$(inside stat -c '%a %U %G' /var/lib/msgstore)"
	same msgstore "$(inside sh -c 'find /var/lib/msgstore -printf "%u\n" |
	    sort -u')"
}

@test "container: the journal has the login with its address, and the end" {
	needs_container
	run talk 'a LOGIN alice nonsense' 'b LOGIN bob builder'
	[[ $output == *'a NO '*'b OK '* ]]
	sessions_end
	inside journalctl --sync
	run inside journalctl -q -o cat -t imapd
	printf '%s\n' "$output"
	grep -q 'alice.*127\.0\.0\.1' <<<"$output"
	grep -q 'bob.*127\.0\.0\.1' <<<"$output"
	run ! grep -E 'wonderland|builder|nonsense' <<<"$output"
}

@test "container: IDLE hears of another session at once, inside the sandbox" {
	needs_container
	beside python3 - "$IMAP_TIMEOUT" <<-'END'
		import imaplib, socket, sys
		limit = float(sys.argv[1])
		def login(user, password):
		    imap = imaplib.IMAP4("127.0.0.1", 143, timeout=limit)
		    imap.login(user, password)
		    return imap
		waiting, writing = login("bob", "builder"), login("bob", "builder")
		waiting.select("INBOX")
		waiting.send(b"i IDLE\r\n")
		while not waiting.readline().startswith(b"+"):
		    pass
		status, data = writing.append("INBOX", None, None, b"Subject: y\r\n\r\n")
		assert status == "OK", data
		while (line := waiting.readline()) != b"* 1 EXISTS\r\n":
		    print(line)
		    assert line
		waiting.send(b"DONE\r\n")
		writing.logout()
	END
	# Had inotify been refused, the session would have said so.
	inside journalctl --sync
	run ! grep -i inotify <<<"$(inside journalctl -q -o cat -t imapd)"
	sessions_end
}

@test "container: a rush of connections is served, and leaves no unit behind" {
	needs_container
	beside python3 - "$IMAP_TIMEOUT" <<-'END'
		import socket, sys
		limit = float(sys.argv[1])
		socks = []
		for n in range(60):
		    socks.append(socket.create_connection(("127.0.0.1", 143), limit))
		for sock in socks:
		    line = sock.makefile("rb").readline()
		    assert line.startswith(b"* OK "), line
	END
	sessions_end
	same active "$(inside systemctl is-active imapd.socket)"
	same '' "$(inside systemctl --failed --plain --no-legend | grep imapd)"
}

@test "container: by hardening.conf a session is confined to its store, and works" {
	needs_container
	local pid dir=/etc/systemd/system/imapd@.service.d

	inside install -D -m 644 -t "$dir" \
	    /usr/local/share/doc/msgstore/examples/hardening.conf
	inside systemctl daemon-reload
	run talk 'a LOGIN alice wonderland' 'b APPEND INBOX {15+}' \
	    $'Subject: z\r\n\r\n\r' 'c SELECT INBOX'
	[[ $output == *'a OK '*'b OK '*'c OK '* ]]
	coproc beside nc 127.0.0.1 143
	read -r -t "$IMAP_TIMEOUT" _ <&"${COPROC[0]}"
	pid=$(inside systemctl show -p MainPID --value 'imapd@*')
	same msgstore "$(inside stat -c %U "/proc/$pid")"
	same '2' "$(inside sed -n 's/^Seccomp:\t//p' "/proc/$pid/status")"
	same '1' "$(inside sed -n 's/^NoNewPrivs:\t//p' "/proc/$pid/status")"
	same '0000000000000000' \
	    "$(inside sed -n 's/^CapBnd:\t//p' "/proc/$pid/status")"
	# Root itself cannot write here, seen from the session.
	inside nsenter -t "$pid" -m -- sh -c \
	    'for d in / /etc /usr /var; do ! touch $d/x 2>/dev/null || exit; done'
	inside nsenter -t "$pid" -m -- sh -c \
	    'touch /var/lib/msgstore/x && rm /var/lib/msgstore/x'
	kill "$COPROC_PID"
	sessions_end
	inside rm -r "$dir"
	inside systemctl daemon-reload
}

@test "container: the services of purge and index run, and their timers wait" {
	needs_container
	local unit

	for unit in msgstore-purge msgstore-index; do
		inside systemctl start "$unit.service"
		same success "$(inside systemctl show -p Result --value \
		    "$unit.service")"
		same active "$(inside systemctl is-active "$unit.timer")"
	done
}

@test "container: a store at another place, by the drop-in that imapd(8) shows" {
	needs_container
	local unit=/etc/systemd/system/imapd@.service.d/store.conf

	inside sh -c 'install -d -m 700 -o msgstore -g msgstore /srv/mail &&
	    MSGSTORE=/srv/mail mboxadm init && echo elsewhere |
	    MSGSTORE=/srv/mail mboxadm user add --password-stdin carol'
	inside mkdir -p "${unit%/*}"
	shown MSGSTORE= | inside tee "$unit"
	grep -q /srv/mail "$ROOT$unit"
	inside systemctl daemon-reload
	run talk 'a LOGIN carol elsewhere' 'b APPEND INBOX {15+}' \
	    $'Subject: z\r\n\r\n\r' 'c STATUS INBOX (MESSAGES)'
	inside rm -r "${unit%/*}"
	inside systemctl daemon-reload
	printf '%s\n' "$output"
	[[ $output == *'a OK '*'b OK '*'(MESSAGES 1)'*'c OK '* ]]
}

@test "container: without a certificate port 993 is closed again, and 143 works" {
	needs_container
	run beside timeout "$IMAP_TIMEOUT" openssl s_client -ign_eof \
	    -connect 127.0.0.1:993 </dev/null
	[[ $output != *'BEGIN CERTIFICATE'* ]]
	sessions_end
	inside journalctl --sync
	run inside journalctl -q -o cat
	grep -q 'no certificate is configured' <<<"$output"
	run talk 'a LOGIN alice wonderland'
	[[ $output == *'a OK '* ]]
	same active "$(inside systemctl is-active imaps.socket)"
}

# talk_tls [s_client arguments]: as talk, over TLS.
talk_tls() {
	printf '%s\r\n' 'a LOGIN alice wonderland' 'z LOGOUT' |
	    beside timeout "$IMAP_TIMEOUT" openssl s_client -quiet -ign_eof "$@" \
	    2>&1
}

@test "container: TLS with root's certificate from /etc/credstore" {
	needs_container
	install -d -m 700 "$ROOT/etc/credstore"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$ROOT/etc/credstore/tls-key" -subj /CN=credstore \
	    -out "$ROOT/etc/credstore/tls-certificate" 2>/dev/null
	chmod 600 "$ROOT/etc/credstore/tls-key"
	run talk_tls -connect 127.0.0.1:993
	printf '%s\n' "$output"
	[[ $output == *'CN = credstore'*'* OK '*'a OK '*'* BYE '*'z OK '* ]]
	# STARTTLS has the same.
	run talk_tls -connect 127.0.0.1:143 -starttls imap
	printf '%s\n' "$output"
	[[ $output == *'CN = credstore'*'a OK '*'* BYE '*'z OK '* ]]
	sessions_end
	inside journalctl --sync
	run inside journalctl -q -o cat -t imapd
	grep -q 'login user=alice address=127\.0\.0\.1 .*tls=TLS1\.3' \
	    <<<"$output"
	# The tickets' key is where tmpfiles.d has made a place.
	same '600 msgstore' "$(inside sh -c \
	    'stat -c "%a %U" /run/msgstore/*/ticket-key')"
	rm "$ROOT"/etc/credstore/tls-*
}

# --- imapd-listen.service, imaps-listen.service ---

# listen_start [UNIT ...]: these listen, and their sockets do not.
listen_start() {
	inside systemctl restart "$@"
	port_opens 143
}

listen_stop() {
	inside systemctl stop imapd-listen.service imaps-listen.service
	inside systemctl start imapd.socket imaps.socket
}

# tcpserver is there before it listens.
port_opens() {
	local deadline=$((SECONDS + IMAP_TIMEOUT))

	until beside bash -c ": >/dev/tcp/127.0.0.1/$1" 2>/dev/null; do
		((SECONDS < deadline)) || { die "port $1 is closed"; return; }
		sleep 0.05
	done
}

# wait_line: sets LINE to the next line of the session of hold_session.
wait_line() {
	IFS= read -r -t "$IMAP_TIMEOUT" LINE <&"${HELD[0]}" ||
		die 'the session says nothing'
	echo "$LINE"
}

# A session that is logged in and waits.
hold_session() {
	coproc HELD { beside nc 127.0.0.1 143; }
	wait_line
	printf 'a LOGIN alice wonderland\r\n' >&"${HELD[1]}"
	wait_line
	[[ $LINE == 'a OK '* ]]
}

# The processes of imapd-listen.service whose program's name matches.
listen_processes() {
	inside sh -c "cd /sys/fs/cgroup/system.slice/imapd-listen.service &&
	    for pid in \$(cat cgroup.procs); do
		if grep -qE '$1' /proc/\$pid/comm; then echo \$pid; fi
	    done" 2>/dev/null || :
}

@test "container: imapd-listen.service serves in imapd.socket's place, IPv6 too" {
	needs_container
	listen_start imapd-listen.service
	same inactive "$(inside systemctl is-active imapd.socket)"
	run talk 'a LOGIN alice wonderland' 'b SELECT INBOX'
	[[ $output == '* OK '*'a OK '*'b OK '*'* BYE '*'z OK '* ]]
	output=$(printf '%s\r\n' 'a LOGIN bob builder' 'z LOGOUT' |
	    beside timeout "$IMAP_TIMEOUT" nc ::1 143)
	[[ $output == '* OK '*'a OK '*'z OK '* ]]
	# The socket takes its place back in the same way.
	inside systemctl start imapd.socket
	same inactive "$(inside systemctl is-active imapd-listen.service)"
	run talk 'a LOGIN alice wonderland'
	[[ $output == *'a OK '* ]]
	inside journalctl --sync
	run inside journalctl -q -o cat -t imapd -u imapd-listen.service
	printf '%s\n' "$output"
	grep -q 'login user=alice address=127\.0\.0\.1 ' <<<"$output"
	grep -q 'login user=bob address=::1 ' <<<"$output"
}

@test "container: what imapd-listen.service starts has no right to bind a port" {
	needs_container
	local pid set seen=0

	listen_start imapd-listen.service
	hold_session
	for pid in $(listen_processes imapd); do
		seen=$((seen + 1))
		same msgstore "$(inside stat -c %U "/proc/$pid")"
		for set in Inh Prm Eff Amb; do
			same 0000000000000000 "$(inside sed -n \
			    "s/^Cap$set:\t//p" "/proc/$pid/status")"
		done
		same 1 "$(inside sed -n 's/^NoNewPrivs:\t//p' "/proc/$pid/status")"
		inside nsenter -t "$pid" -m -- sh -c \
		    'for d in / /etc /usr /var; do ! touch $d/x 2>/dev/null || exit; done'
	done
	same 1 "$seen"
	printf 'z LOGOUT\r\n' >&"${HELD[1]}"
	wait_line
	listen_stop
}

@test "container: stopping imapd-listen.service says BYE, and leaves no process" {
	needs_container
	listen_start imapd-listen.service
	hold_session
	inside systemctl stop imapd-listen.service
	wait_line
	[[ $LINE == '* BYE '* ]]
	same success "$(inside systemctl show -p Result --value imapd-listen.service)"
	same '' "$(listen_processes .)"
	inside journalctl --sync
	inside journalctl -q -o cat -t imapd | grep -q 'user=alice .*reason=terminated'
	listen_stop
}

@test "container: with KillMode=process sessions outlive imapd-listen.service" {
	needs_container
	local dir=/etc/systemd/system/imapd-listen.service.d

	inside mkdir -p "$dir"
	printf '[Service]\nKillMode=process\n' | inside tee "$dir/keep.conf"
	inside systemctl daemon-reload
	listen_start imapd-listen.service
	hold_session
	inside systemctl restart imapd-listen.service
	port_opens 143
	printf 'b NOOP\r\n' >&"${HELD[1]}"
	wait_line
	[[ $LINE == 'b OK '* ]]
	printf 'z LOGOUT\r\n' >&"${HELD[1]}"
	wait_line
	inside rm -r "$dir"
	inside systemctl daemon-reload
	listen_stop
}

@test "container: a session that dies takes nobody else with it" {
	needs_container
	local pid

	listen_start imapd-listen.service
	hold_session
	pid=$(listen_processes imapd)
	inside sh -c "kill -SEGV $pid"
	run ! read -r -t "$IMAP_TIMEOUT" _ <&"${HELD[0]}"
	run talk 'a LOGIN alice wonderland'
	[[ $output == *'a OK '* ]]
	same active "$(inside systemctl is-active imapd-listen.service)"
	listen_stop
}

@test "container: the listeners have root's certificate, for 993 and STARTTLS" {
	needs_container
	install -d -m 700 "$ROOT/etc/credstore"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$ROOT/etc/credstore/tls-key" -subj /CN=listener \
	    -out "$ROOT/etc/credstore/tls-certificate" 2>/dev/null
	chmod 600 "$ROOT/etc/credstore/tls-key"
	listen_start imapd-listen.service imaps-listen.service
	port_opens 993
	same inactive "$(inside systemctl is-active imaps.socket)"
	run talk_tls -connect 127.0.0.1:993
	printf '%s\n' "$output"
	[[ $output == *'CN = listener'*'* OK '*'a OK '*'z OK '* ]]
	run talk_tls -connect 127.0.0.1:143 -starttls imap
	[[ $output == *'CN = listener'*'a OK '*'z OK '* ]]
	listen_stop
	rm "$ROOT"/etc/credstore/tls-*
}

@test "container: imapd-listen.service behind a proxy, by the drop-in of imapd(8)" {
	needs_container
	local dir=/etc/systemd/system/imapd-listen.service.d

	inside mkdir -p "$dir"
	shown --proxy | inside tee "$dir/proxy.conf"
	grep -q -- --proxy "$ROOT$dir/proxy.conf"
	inside systemctl daemon-reload
	listen_start imapd-listen.service
	output=$(printf '%s\r\n' 'PROXY TCP4 192.0.2.7 192.0.2.1 5000 143' \
	    'a LOGIN alice wonderland' 'z LOGOUT' |
	    beside timeout "$IMAP_TIMEOUT" nc 127.0.0.1 143)
	inside rm -r "$dir"
	inside systemctl daemon-reload
	[[ $output == *'a NO [PRIVACYREQUIRED]'* ]]
	inside journalctl --sync
	inside journalctl -q -o cat -u imapd-listen.service |
	    grep -q 'address=192\.0\.2\.7'
	listen_stop
}

#!/usr/bin/env bats
# systemd.bats - the installed units, in a container that boots systemd
# SPDX-License-Identifier: ISC
#
# The container is a Debian made by debootstrap from the mirror that apt uses
# here; it is kept in the build directory.  Its network is its own, so that port
# 143 is free.  Needs root; where no container can be started the tests are
# skipped, and say why.
load ../lib/imap

CONTAINER_PACKAGES=systemd,systemd-sysv,dbus,libsqlite3-0,libbsd0,libcrypt1,libgnutls30,libutf8proc2
BOOT_TIMEOUT=120

setup() { :; }
teardown() { :; }

# Sets MIRROR and SUITE from what apt uses for this release.
mirror_find() {
	SUITE=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# shellcheck disable=SC2016 # apt's own syntax
	MIRROR=$(apt-get indextargets --format '$(REPO_URI)' \
	    'Created-By: Packages' "Codename: $SUITE" 'Component: main' |
	    head -n 1)
	[[ -n $SUITE && -n $MIRROR ]]
}

# Prints why there is none.
base_make() {
	local base=$1 proxy

	[[ ! -e $base/etc/debian_version ]] || return 0
	mirror_find || { echo 'apt knows no mirror'; return; }
	rm -rf "$base.new"
	mkdir -p "${base%/*}"
	proxy=$(apt-config dump --format '%v%n' Acquire::http::Proxy)
	[[ -z $proxy ]] || export http_proxy=$proxy
	timeout 600 debootstrap --variant=minbase \
	    --include="$CONTAINER_PACKAGES" "$SUITE" "$base.new" "$MIRROR" \
	    </dev/null >"$base.log" 2>&1 ||
		{ echo "debootstrap failed: $(tail -n 1 "$base.log")"; return; }
	rm -rf "$base.new"/var/cache/apt/archives/*.deb \
	    "$base.new"/var/lib/apt/lists/* "$base.new/usr/share/locale"
	mv "$base.new" "$base"
}

# Says on the console that the socket listens: what boot_container waits for.
announce_install() {
	mkdir -p "$1/etc/systemd/system/multi-user.target.wants"
	cat >"$1/etc/systemd/system/announce.service" <<-'END'
		[Unit]
		After=sockets.target basic.target dbus.service
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		StandardOutput=tty
		TTYPath=/dev/console
		ExecStart=/bin/echo container-is-up
	END
	ln -s ../announce.service \
	    "$1/etc/systemd/system/multi-user.target.wants/announce.service"
}

boot_container() {
	local root=$1 deadline=$((SECONDS + BOOT_TIMEOUT))

	CONSOLE=$BATS_FILE_TMPDIR/console
	export CONSOLE
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn -q -b --register=no \
	    --keep-unit --private-network -D "$root" \
	    </dev/null >"$CONSOLE" 2>&1 3>&- &
	NSPAWN=$!
	export NSPAWN
	until grep -q container-is-up "$CONSOLE"; do
		kill -0 "$NSPAWN" 2>/dev/null || return
		((SECONDS < deadline)) || return
		sleep 0.1
	done
	LEADER=$(pgrep -P "$NSPAWN" -x systemd)
	export LEADER
}

# Within a container of its own this machine may lack the right to let one have
# a network: even its loopback is down then.
has_loopback() {
	local said

	said=$(LC_ALL=C beside bash -c ': >/dev/tcp/127.0.0.1/1' 2>&1) || :
	[[ $said != *'Network is unreachable'* ]]
}

# Why there is no container, or nothing.
container_start() {
	local base=$MSGSTORE_BUILD/tests/container tool why

	((EUID == 0)) || { echo 'only root can start a container'; return; }
	if built_with_asan; then
		echo 'the container has no sanitizer libraries'
		return
	fi
	for tool in systemd-nspawn debootstrap nsenter; do
		command -v "$tool" >/dev/null || { echo "no $tool"; return; }
	done
	why=$(base_make "$base")
	[[ -z $why ]] || { echo "$why"; return; }
	cp -a --reflink=auto "$base" "$ROOT"
	make -s -C "$MSGSTORE_BUILD" install DESTDIR="$ROOT" \
	    >"$BATS_FILE_TMPDIR/install" 2>&1 ||
		{ die "make install: $(<"$BATS_FILE_TMPDIR/install")"; return 1; }
	systemctl -q --root="$ROOT" enable imapd.socket imaps.socket \
	    msgstore-purge.timer msgstore-index.timer || return
	announce_install "$ROOT"
}

setup_file() {
	build_find
	export ROOT=$BATS_FILE_TMPDIR/root
	NO_CONTAINER=$(container_start)
	if [[ -z $NO_CONTAINER ]]; then
		if ! boot_container "$ROOT"; then
			NO_CONTAINER="the container does not boot: $(tail -n 3 \
			    "$CONSOLE" | tr -dc '[:print:]')"
		elif ! has_loopback; then
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
	local deadline=$((SECONDS + 30))

	if [[ -n ${NSPAWN:-} ]] && kill -TERM "$NSPAWN" 2>/dev/null; then
		while kill -0 "$NSPAWN" 2>/dev/null; do
			((SECONDS < deadline)) || kill -KILL "$NSPAWN"
			sleep 0.1
		done
	fi
	rm -rf "$ROOT"
}

needs_container() {
	[[ -z $NO_CONTAINER ]] || skip "$NO_CONTAINER"
}

# Run a command in the container.
inside() {
	nsenter -t "$LEADER" -m -u -i -n -p -C -r -w -- \
	    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
	    LC_ALL=C.UTF-8 "$@"
}

# Run a command of this machine with the container's network.
beside() {
	nsenter -t "$LEADER" -n -- "$@"
}

# A dialogue through port 143: the lines, and LOGOUT.
talk() {
	printf '%s\r\n' "$@" 'z LOGOUT' |
	    beside timeout "$IMAP_TIMEOUT" nc 127.0.0.1 143
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
		sed -i "s|^ExecStart=|&$dest|" "$unit"
	done
	out=$(SYSTEMD_UNIT_PATH=$dir: systemd-analyze --man=no verify \
	    "$dir"/imapd.socket "$dir"/imapd@.service \
	    "$dir"/imaps.socket "$dir"/imaps@.service \
	    "$dir"/msgstore-purge.service "$dir"/msgstore-purge.timer \
	    "$dir"/msgstore-index.service "$dir"/msgstore-index.timer 2>&1)
	same '' "$out"
}

@test "units: systemd-analyze security calls the exposure OK or better" {
	local dest=$BATS_TEST_TMPDIR/dest dir

	make -s -C "$MSGSTORE_BUILD" install DESTDIR="$dest" >/dev/null
	dir=$(find "$dest" -type d -path '*/systemd/system')
	for unit in imapd@ imaps@ msgstore-purge msgstore-index; do
		# shellcheck disable=SC2030
		run systemd-analyze --no-pager --offline=true --threshold=20 \
		    security "$dir/$unit.service"
		printf '%s\n' "$output" | tail -n 3
		((status == 0))
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

@test "container: a session is confined to its store" {
	needs_container
	local pid

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
	sed -n '/^\[Service\]/,/^\.Ed/{/^\.Ed/!p}' "$TESTS_DIR/../man/imapd.8" |
	    inside tee "$unit"
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

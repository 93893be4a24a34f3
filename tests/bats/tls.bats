#!/usr/bin/env bats
# tls.bats - imapd-tls: handshakes, certificates, the relay, the sandbox
# SPDX-License-Identifier: ISC
#
# The other end is not imapd but tests/tools/tls-session.c.
load ../lib/imap
load ../lib/tls

setup_file() {
	imap_setup_file
	certificates_make
}

setup() {
	imap_setup
	tls_conf
}

# A line is sent and comes back, and "end".
echoes() {
	local -; set +T
	serve_session line
	s_client -quiet "$@" <<<'hello there'
	printed $'hello there\nend'
}

@test "TLS 1.3 and 1.2 are spoken, and imapd is told which" {
	echoes -tls1_3
	info_has protocol=TLS1.3
	info_has resumed=0
	echoes -tls1_2
	info_has protocol=TLS1.2
}

@test "older versions are refused, with an alert" {
	local version

	serve_session line
	for version in -tls1_1 -tls1; do
		s_client "$version" -cipher 'ALL:@SECLEVEL=0' <<<x
		printed 'alert protocol version'
	done
	expect_log 'TLS handshake failed address=192\.0\.2\.1: .*version'
	[[ ! -e $INFO ]]
}

# The alert that answers a ClientHello of two old suites: hello VERSION.
hello() {
	local fd random

	random=$(printf '\\x42%.0s' {1..32})
	exec {fd}<>"/dev/tcp/127.0.0.1/$IMAP_PORT"
	# A ClientHello without extensions, in a record of SSL 3.0
	printf '\x16\x03\x00\x00\x2f\x01\x00\x00\x2b%b%b\x00%b\x01\x00' \
	    "$1" "$random" '\x00\x04\x00\x0a\x00\x2f' >&"$fd"
	ALERT=$(timeout "$IMAP_TIMEOUT" od -An -tx1 <&"$fd")
	exec {fd}>&-
}

@test "SSL 3.0 is refused, which OpenSSL cannot ask for any more" {
	serve_session line
	hello '\x03\x00'
	# A fatal alert, protocol_version (RFC 8446 6.2), and no more.
	[[ $ALERT == ' 15 03 0'[0-3]' 00 02 02 46' ]]
	# It is the version that is refused: TLS 1.2 gets handshake_failure.
	hello '\x03\x03'
	[[ $ALERT == ' 15 03 0'[0-3]' 00 02 02 28' ]]
	[[ ! -e $INFO ]]
}

@test "ciphers without forward secrecy or authentication are refused" {
	local cipher

	serve_session line
	for cipher in AES128-GCM-SHA256 AES128-SHA NULL-SHA256 ADH-AES128-SHA256 \
	    ECDHE-ECDSA-AES128-SHA DHE-RSA-AES128-SHA; do
		s_client -tls1_2 -cipher "$cipher:@SECLEVEL=0" <<<x
		printed 'alert handshake failure'
	done
	[[ ! -e $INFO ]]
	for cipher in ECDHE-ECDSA-AES128-GCM-SHA256 \
	    ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305; do
		echoes -tls1_2 -cipher "$cipher"
	done
}

@test "tls-priority chooses other algorithms; a bad one is told" {
	conf 'tls-priority = NORMAL:-VERS-ALL:+VERS-TLS1.2'
	serve_session line
	s_client -tls1_3 <<<x
	printed 'alert handshake failure'
	echoes -tls1_2
	conf 'tls-priority = NORMAL:+NONSENSE'
	serve_session line
	s_client <<<x
	expect_log 'imapd-tls: TLS: .*(priority|parsed|set up)'
	run -78 imapd-tls --check
	[[ $output == *'tls-priority is not understood from "+NONSENSE" on'* ]]
}

@test "the protocol imap is agreed on, others are refused (RFC 7301 3.2)" {
	serve_session line
	s_client -alpn imap <<<x
	printed 'ALPN protocol: imap'
	s_client -alpn http/1.1,imap <<<x
	printed 'ALPN protocol: imap'
	s_client <<<x
	printed 'No ALPN negotiated'
	rm -f "$INFO"
	s_client -alpn h2,http/1.1 <<<x
	printed 'alert no application protocol'
	[[ ! -e $INFO ]]
}

@test "RSA, ECDSA and Ed25519 keys; the name that the client asks for chooses" {
	certificate rsa.example.org rsa tls_www_server encryption_key signing_key \
	    'dns_name = "rsa.example.org"'
	certificate ed.example.org ed25519 tls_www_server signing_key \
	    'dns_name = "ed.example.org"' 'dns_name = "*.ed.example.org"'
	cat >>"$MSGSTORE_CONF" <<-END
		tls-certificate = $CERTS/rsa.example.org.pem
		tls-key = $CERTS/rsa.example.org.key
		tls-certificate = $CERTS/ed.example.org.pem
		tls-key = $CERTS/ed.example.org.key
	END
	local name version
	for version in -tls1_2 -tls1_3; do
		for name in rsa ed mail; do
			serve_session line
			s_client "$version" -CAfile "$CERTS/ca.pem" -servername \
			    "$name.example.org" <<<x
			printed "subject=CN = $name.example.org"
			printed 'Verify return code: 0 (ok)'
			info_has "server=$name.example.org"
		done
		s_client "$version" -servername x.ed.example.org <<<x
		printed 'subject=CN = ed.example.org'
		s_client "$version" -servername other.example.org <<<x
		printed 'subject=CN = mail.example.org'
		s_client "$version" -noservername <<<x
		printed 'subject=CN = mail.example.org'
	done
}

@test "of two certificates for one name the client's algorithms choose" {
	certificate both.example.org rsa tls_www_server encryption_key \
	    signing_key 'dns_name = "mail.example.org"'
	cat >>"$MSGSTORE_CONF" <<-END
		tls-certificate = $CERTS/both.example.org.pem
		tls-key = $CERTS/both.example.org.key
	END
	local args
	for args in '-servername mail.example.org' -noservername; do
		serve_session line
		# shellcheck disable=SC2086
		s_client -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256 $args <<<x
		printed 'subject=CN = both.example.org'
		# shellcheck disable=SC2086
		s_client -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256 $args <<<x
		printed 'subject=CN = mail.example.org'
	done
}

@test "a certificate that was renewed is taken without a reload" {
	serve_session line
	s_client <<<x
	printed 'subject=CN = mail.example.org'
	cp "$CERTS/mail.example.org.pem" "$CERTS/old.pem"
	cp "$CERTS/mail.example.org.key" "$CERTS/old.key"
	certificate new ecdsa tls_www_server
	cp "$CERTS/new.pem" "$CERTS/mail.example.org.pem"
	cp "$CERTS/new.key" "$CERTS/mail.example.org.key"
	s_client <<<x
	printed 'subject=CN = new'
	cp "$CERTS/old.pem" "$CERTS/mail.example.org.pem"
	cp "$CERTS/old.key" "$CERTS/mail.example.org.key"
}

@test "channel bindings are those of the client (RFC 9266 2, RFC 5929 4.1)" {
	local exporter digest

	serve_session line
	s_client -tls1_3 -keymatexport EXPORTER-Channel-Binding \
	    -keymatexportlen 32 <<<x
	# shellcheck disable=SC2153 # s_client sets it
	exporter=$(sed -n 's/^ *Keying material: //p' <<<"$OUTPUT")
	((${#exporter} == 64))
	info_has "exporter=$exporter"
	digest=$(openssl x509 -in "$CERTS/mail.example.org.pem" -outform DER |
	    sha256sum | cut -d' ' -f1)
	info_has "end_point=${digest^^}"
}

# resumes VERSION: whether a session of before is taken up.
session_get() {
	serve_session line
	# In TLS 1.3 the ticket comes behind the handshake: wait for an answer.
	s_client "$1" -sess_out "$BATS_TEST_TMPDIR/session$1" "${@:2}" <<<x
	[[ -s $BATS_TEST_TMPDIR/session$1 ]]
}

session_use() {
	serve_session line
	s_client "$1" -sess_in "$BATS_TEST_TMPDIR/session$1" "${@:2}" <<<x
}

@test "a session is resumed by another process, in both versions" {
	local version

	conf "runtime-directory = $BATS_TEST_TMPDIR/run"
	mkdir -m 700 "$BATS_TEST_TMPDIR/run"
	own "$BATS_TEST_TMPDIR/run"
	for version in -tls1_3 -tls1_2; do
		session_get "$version"
		info_has resumed=0
		session_use "$version"
		printed $'\nReused, TLSv1.'
		info_has resumed=1
		# What the client holds for the server's is the same.
		run -0 grep end_point= "$INFO"
		((${#output} == 10 + 64))
	done
	run -0 find "$BATS_TEST_TMPDIR/run" -name ticket-key -printf '%m %s\n'
	grep -qx '600 64' <<<"$output"
}

@test "no session is resumed with a new ticket key or a new certificate" {
	local version file

	conf "runtime-directory = $BATS_TEST_TMPDIR/run"
	mkdir -m 700 "$BATS_TEST_TMPDIR/run"
	own "$BATS_TEST_TMPDIR/run"
	for version in -tls1_3 -tls1_2; do
		session_get "$version"
		file=$(find "$BATS_TEST_TMPDIR/run" -name ticket-key)
		touch -d '13 hours ago' "$file"
		session_use "$version"
		printed $'\nNew, TLSv1.'
		info_has resumed=0
		session_get "$version"
		certificate other ecdsa tls_www_server
		conf "tls-certificate = $CERTS/other.pem" \
		    "tls-key = $CERTS/other.key"
		session_use "$version"
		printed $'\nNew, TLSv1.'
		tls_conf
	done
}

@test "a ticket key that others could have is replaced, with a warning" {
	local file

	conf "runtime-directory = $BATS_TEST_TMPDIR/run"
	mkdir -m 700 "$BATS_TEST_TMPDIR/run"
	own "$BATS_TEST_TMPDIR/run"
	session_get -tls1_3
	file=$(find "$BATS_TEST_TMPDIR/run" -name ticket-key)
	chmod 644 "$file"
	session_use -tls1_3
	printed $'\nNew, TLSv1.'
	expect_log 'imapd-tls: ticket-key: its mode is not 0600: replaced'
}

# key_damage HOW FILE
key_damage() {
	case $1 in
	cut) truncate -s 40 "$2" ;;
	empty) truncate -s 0 "$2" ;;
	long) head -c 64 "$2" >>"$2.x" && cat "$2.x" >>"$2" ;;
	zeros) head -c 64 /dev/zero | dd of="$2" conv=notrunc status=none ;;
	flipped) printf '\377\0\377' | dd of="$2" conv=notrunc status=none ;;
	unreadable) chmod 0 "$2" ;;
	link) mv "$2" "$2.x" && ln -s ticket-key.x "$2" ;;
	pipe) rm "$2" && mkfifo "$2" ;;
	directory) rm "$2" && mkdir "$2" ;;
	esac
	own -h "$2"
}

@test "a ticket key that is damaged is replaced, and sessions are resumed again" {
	local how file

	conf "runtime-directory = $BATS_TEST_TMPDIR/run"
	mkdir -m 700 "$BATS_TEST_TMPDIR/run"
	own "$BATS_TEST_TMPDIR/run"
	for how in cut empty long zeros flipped unreadable link pipe; do
		session_get -tls1_3
		file=$(find "$BATS_TEST_TMPDIR/run" -name ticket-key)
		key_damage "$how" "$file"
		session_use -tls1_3
		printed $'\nNew, TLSv1.'
		session_get -tls1_3
		session_use -tls1_3
		printed $'\nReused, TLSv1.'
		run -0 find "$file" -printf '%y %m %s\n'
		same 'f 600 64' "$output"
		rm -f "$file.x"
	done
	# What cannot be replaced is told; without tickets all goes on.
	key_damage directory "$file"
	session_use -tls1_3
	printed $'\nNew, TLSv1.'
	expect_log 'TLS: no session can be resumed: ticket-key: Is a directory'
	expect_log 'ticket-key: it holds zeros: replaced'
}

@test "without a runtime directory there are no tickets, and all works" {
	conf 'runtime-directory = /nowhere'
	session_get -tls1_2 -no_ticket
	serve_session line
	s_client -tls1_3 <<<x
	[[ $OUTPUT != *'New Session Ticket'* ]]
	expect_log 'TLS: no session can be resumed: runtime-directory /nowhere'
	same 2 "$(grep -c 'no session can be resumed' "$IMAP_LOG")"
}

@test "SIGTERM ends a session whose client says nothing in the handshake" {
	local fd pid deadline=$((SECONDS + IMAP_TIMEOUT))

	imap_serve pid.quiet --tls
	exec {fd}<>"/dev/tcp/127.0.0.1/$IMAP_PORT"
	pid=$(imap_pid quiet)
	until pgrep -P "$pid" -x imapd-tls; do
		((SECONDS < deadline)) || die 'no imapd-tls was started'
	done
	kill "$pid"
	process_ends "$pid"
	exec {fd}>&-
}

@test "a client certificate is asked for, told, and refused when it is bad" {
	certificate client-ca ecdsa ca cert_signing_key
	CA=client-ca certificate ann ecdsa tls_www_client \
	    'email = "ann@example.org"' 'email = "a.b@example.net"' \
	    'dns_name = "ann.example.org"'
	certificate stranger ecdsa tls_www_client 'email = "ann@example.org"'
	CA=client-ca certificate server ecdsa tls_www_server
	CA=client-ca certificate expired ecdsa tls_www_client \
	    'activation_date = "2020-01-01 00:00:00"' \
	    'expiration_date = "2020-02-01 00:00:00"'
	conf "tls-client-ca = $CERTS/client-ca.pem"
	local version bad
	for version in -tls1_3 -tls1_2; do
		echoes "$version"
		info_has verified=0
		echoes "$version" -cert "$CERTS/ann.pem" -key "$CERTS/ann.key"
		info_has verified=1
		info_has name=ann
		info_has email=ann@example.org
		info_has email=a.b@example.net
		for bad in stranger server expired; do
			serve_session line
			s_client "$version" -cert "$CERTS/$bad.pem" \
			    -key "$CERTS/$bad.key" <<<x
			printed 'alert'
			[[ $OUTPUT != *$'x\nend'* && ! -e $INFO ]]
		done
		session_get "$version" -cert "$CERTS/ann.pem" \
		    -key "$CERTS/ann.key"
		session_use "$version"
		info_has resumed=1
		info_has email=ann@example.org
	done
	same 6 "$(grep -c 'TLS handshake failed .*ertificate' "$IMAP_LOG")"
}

# A certificate cannot be used: the log and "config check" say so.
refused() {
	local -; set +T
	serve_session line
	s_client <<<x
	[[ ! -e $INFO ]] || { die 'there was a handshake'; return; }
	expect_log "(imapd-tls|tls-session): TLS: $1"
	run -78 imapd-tls --check
	printf '%s\n' "$output"
	grep -qE -- "$1" <<<"$output"
	[[ $1 != 'no certificate'* ]] || return 0
	run -78 mboxadm config check
	grep -qE -- "$1" <<<"$output"
}

@test "certificates and keys that cannot be used are told one by one" {
	local dir=$BATS_TEST_TMPDIR

	conf "tls-key = $dir/no.key"
	refused "tls-key $dir/no.key: No such file or directory"
	printf 'no PEM\n' >"$dir/text"
	conf "tls-key = $dir/text"
	refused "tls-key $dir/text: there is no private key in PEM format in it"
	tls_conf
	conf "tls-certificate = $dir/text"
	refused "tls-certificate $dir/text: there is no certificate in PEM format"
	: >"$dir/empty"
	conf "tls-certificate = $dir/empty"
	refused "tls-certificate $dir/empty: empty"
	conf "tls-certificate = $dir"
	refused "tls-certificate $dir: not a file"
	certificate other ecdsa tls_www_server
	conf "tls-certificate = $CERTS/other.pem"
	refused "tls-key .*org.key does not belong to tls-certificate .*other.pem"
	openssl pkcs8 -topk8 -in "$CERTS/other.key" -out "$dir/locked" \
	    -passout pass:secret
	own "$dir/locked"
	conf "tls-key = $dir/locked"
	refused "tls-key $dir/locked: the key has a passphrase"
	tls_conf
	conf "tls-client-ca = $dir/text"
	refused "tls-client-ca $dir/text: there is no certificate in PEM format"
	echo "tls-certificate = $CERTS/other.pem" >>"$MSGSTORE_CONF"
	refused 'tls-certificate is set 2 times and tls-key 1 times'
	: >"$MSGSTORE_CONF"
	refused 'no certificate is configured'
}

@test "a file that the store's user may not read is told, unless root opens it" {
	((EUID == 0)) || skip 'only root can make one'
	cp "$CERTS/mail.example.org.key" "$BATS_TEST_TMPDIR/key"
	chown root "$BATS_TEST_TMPDIR/key"
	chmod 600 "$BATS_TEST_TMPDIR/key"
	conf "tls-key = $BATS_TEST_TMPDIR/key"
	echoes -tls1_3
	run -0 imapd-tls --check
	run -78 as_owner imapd-tls --check
	[[ $output == *"tls-key $BATS_TEST_TMPDIR/key: Permission denied"* ]]
}

@test "certificates out of their time are served, with a warning" {
	certificate expired ecdsa tls_www_server \
	    'activation_date = "2020-01-01 00:00:00"' \
	    'expiration_date = "2020-02-01 00:00:00"'
	certificate early ecdsa tls_www_server \
	    'activation_date = "2090-01-01 00:00:00"' \
	    'expiration_date = "2091-01-01 00:00:00"'
	local name
	for name in expired early; do
		conf "tls-certificate = $CERTS/$name.pem" \
		    "tls-key = $CERTS/$name.key"
		echoes
		run -78 imapd-tls --check
	done
	expect_log 'expired.pem: has expired on 2020-02-01 00:00 UTC'
	expect_log 'early.pem: is not valid before 2090-01-01 00:00 UTC'
	[[ $output == *'early.pem: is not valid before'* ]]
}

@test "mboxadm config check tells what is wrong with certificates" {
	: >"$MSGSTORE_CONF"
	run -0 mboxadm config check
	same "file	$MSGSTORE_CONF${LF}good	yes${LF}tls	no certificate is configured" \
	    "$output"
	tls_conf
	run -0 mboxadm config check --json
	same "{\"file\": \"$MSGSTORE_CONF\", \"good\": true, \"tls\": \"good\", \"problems\": []}" \
	    "$output"
	conf 'tls-key = /nowhere/a.key' 'tls-client-ca = /nowhere/ca'
	run -78 mboxadm config check
	same "tls-key /nowhere/a.key: No such file or directory" "${lines[3]}"
	same "tls-client-ca /nowhere/ca: No such file or directory" "${lines[4]}"
	same 'no' "$(cut -f2 <<<"${lines[1]}")"
	conf 'tls-certificate = cert' 'tls-key = key' 'tls-client-ca ='
	run -0 mboxadm config check
	same 'tls	credentials of systemd: cannot be looked at from here' \
	    "${lines[2]}"
	# A store need not be there yet.
	tls_conf
	run -0 mboxadm -s /nowhere config check
}

@test "a key that only says that it is the certificate's is found by config check" {
	local dir=$BATS_TEST_TMPDIR name

	# Sessions compare the public half, which stands in the key's file too.
	certificate ours ecdsa tls_www_server
	certificate other ecdsa tls_www_server
	for name in ours other; do
		openssl ec -in "$CERTS/$name.key" -outform DER -out "$dir/$name"
	done
	python3 - "$dir/ours" "$dir/other" "$dir/forged" <<-'EOF'
		import sys
		ours, other = (open(name, "rb").read() for name in sys.argv[1:3])
		# The version, then the private key.
		end = 7 + ours[6]
		open(sys.argv[3], "wb").write(ours[:7] + other[7:end] + ours[end:])
	EOF
	{
		echo '-----BEGIN EC PRIVATE KEY-----'
		base64 -w 64 "$dir/forged"
		echo '-----END EC PRIVATE KEY-----'
	} >"$dir/forged.key"
	chmod 600 "$dir/forged.key"
	own "$dir/forged.key"
	conf "tls-certificate = $CERTS/ours.pem" "tls-key = $CERTS/ours.key"
	run -0 imapd-tls --check
	conf "tls-key = $dir/forged.key"
	run -78 imapd-tls --check
	same "tls-key $dir/forged.key does not belong to tls-certificate $CERTS/ours.pem" \
	    "$output"
}

@test "a key that everybody can read is a problem for config check" {
	run -0 imapd-tls --check
	same '' "$output"
	cp -p "$CERTS/mail.example.org.key" "$BATS_TEST_TMPDIR/key"
	chmod 644 "$BATS_TEST_TMPDIR/key"
	conf "tls-key = $BATS_TEST_TMPDIR/key"
	run -78 imapd-tls --check
	same "tls-key $BATS_TEST_TMPDIR/key: everybody can read it: chmod o-r" \
	    "$output"
}

@test "certificates come from systemd's credentials, by name or by default" {
	export CREDENTIALS_DIRECTORY=$BATS_TEST_TMPDIR/credentials
	mkdir -m 755 "$CREDENTIALS_DIRECTORY"
	: >"$CREDENTIALS_DIRECTORY/tls-certificate"
	: >"$MSGSTORE_CONF"
	run -78 imapd-tls --check
	[[ $output == 'no certificate is configured'* ]]
	cp -p "$CERTS/mail.example.org.pem" "$CREDENTIALS_DIRECTORY/tls-certificate"
	cp -p "$CERTS/mail.example.org.key" "$CREDENTIALS_DIRECTORY/tls-key"
	run -0 imapd-tls --check
	mv "$CREDENTIALS_DIRECTORY/tls-key" "$CREDENTIALS_DIRECTORY/key2"
	conf 'tls-certificate = tls-certificate' 'tls-key = key2'
	run -0 imapd-tls --check
	unset CREDENTIALS_DIRECTORY
	run -78 imapd-tls --check
	[[ $output == *'is a credential'*'CREDENTIALS_DIRECTORY is not set'* ]]
}

@test "no ClientHello: garbage, plain IMAP, or nothing end with a line each" {
	local fd

	serve_session echo
	exec {fd}<>"/dev/tcp/127.0.0.1/$IMAP_PORT"
	printf 'a LOGIN alice wonderland\r\n' >&"$fd"
	timeout "$IMAP_TIMEOUT" cat <&"$fd" >/dev/null
	exec {fd}>&-
	expect_log 'TLS handshake failed address=192\.0\.2\.1: '
	exec {fd}<>"/dev/tcp/127.0.0.1/$IMAP_PORT"
	exec {fd}>&-
	expect_log 'TLS handshake failed address=192\.0\.2\.1: closed by the client'
	run ! grep wonderland "$IMAP_LOG"
	conf 'login-timeout = 1s'
	serve_session echo
	exec {fd}<>"/dev/tcp/127.0.0.1/$IMAP_PORT"
	printf '\x16\x03\x01' >&"$fd"
	timeout "$IMAP_TIMEOUT" cat <&"$fd" >/dev/null
	exec {fd}>&-
	expect_log 'TLS handshake failed .*: the client took too long'
	[[ ! -e $INFO ]]
}

@test "octets pass whole in both directions, whatever their number" {
	head -c 3000001 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	serve_session echo
	python3 - "$IMAP_PORT" "$BATS_TEST_TMPDIR/data" <<-'END'
		import select, socket, ssl, sys
		context = ssl._create_unverified_context()
		data = open(sys.argv[2], "rb").read()
		# One thread: OpenSSL must not read and write at the same time.
		with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60) as sock:
		    tls = context.wrap_socket(sock)
		    tls.setblocking(False)
		    got, at, end, step = b"", 0, 0, 1
		    while len(got) < len(data):
		        try:
		            if at == end and end < len(data):
		                end = min(at + step, len(data))
		                step = step * 2 if step < 300000 else 7
		            if at < end:
		                at += tls.send(data[at:end])
		        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
		            pass
		        try:
		            part = tls.recv(100000)
		            assert part, len(got)
		            got += part
		        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
		            writes = [tls] if at < len(data) else []
		            assert any(select.select([tls], writes, [], 60)), len(got)
		    assert got == data
	END
}

@test "100 MB come through the relay octet for octet" {
	local octets=$((100 * 1000 * 1000))

	serve_session send "$octets"
	python3 - "$IMAP_PORT" "$octets" <<-'END'
		import array, socket, ssl, sys
		context = ssl._create_unverified_context()
		want = int(sys.argv[2])
		with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60) as sock:
		    tls = context.wrap_socket(sock)
		    got = bytearray()
		    while part := tls.recv(65536):
		        got += part
		# The end was a proper one, or recv() had raised an error.
		assert len(got) == want, len(got)
		numbers = array.array("Q", bytes(got))
		numbers.byteswap()
		assert numbers == array.array("Q", range(want // 8))
	END
}

@test "a client that has said all is still answered" {
	serve_session echo
	python3 - "$IMAP_PORT" <<-'END'
		import socket, ssl, sys
		context = ssl._create_unverified_context()
		incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
		tls = context.wrap_bio(incoming, outgoing)
		sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
		def step(call, *args):
		    while True:
		        try:
		            result = call(*args)
		        except ssl.SSLWantReadError:
		            result = None
		        sock.sendall(outgoing.read())
		        if result is not None or call == tls.unwrap:
		            return result
		        data = sock.recv(65536)
		        assert data
		        incoming.write(data)
		def handshake():
		    tls.do_handshake()
		    return True
		step(handshake)
		step(tls.write, b"words")
		assert step(tls.read, 100) == b"words"
		step(tls.unwrap)		# close_notify
		sock.shutdown(socket.SHUT_WR)
		rest = b""
		while data := sock.recv(65536):
		    rest += data
		# This client's library reads no more: but the records show, one of
		# "end" and LF, one of the alert, with 22 octets around each.
		assert len(rest) == 22 + 4 + 22 + 2, rest
	END
	run ! grep 'closed without' "$IMAP_LOG"
}

@test "a client that is cut off is told in the log, one that says bye is not" {
	serve_session echo
	python3 - "$IMAP_PORT" <<-'END'
		import socket, ssl, sys
		context = ssl._create_unverified_context()
		sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
		tls = context.wrap_socket(sock)
		tls.sendall(b"x")
		assert tls.recv(1) == b"x"
		tls.shutdown(socket.SHUT_WR)	# of TCP, without a word of TLS
		tls.close()
	END
	expect_log 'TLS ended address=192\.0\.2\.1: closed without saying so'
}

@test "a slow client is waited for; one that takes nothing is given up" {
	local fd pid deadline

	conf 'write-timeout = 1s'
	serve_session send 20000000
	python3 - "$IMAP_PORT" <<-'END'
		import socket, ssl, sys, time
		context = ssl._create_unverified_context()
		sock = socket.socket()
		sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		sock.settimeout(60)
		sock.connect(("127.0.0.1", int(sys.argv[1])))
		tls = context.wrap_socket(sock)
		# It takes a little now and then, for longer than write-timeout.
		got, start = 0, time.monotonic()
		while time.monotonic() - start < 2.5:
		    got += len(tls.recv(16384))
		    time.sleep(0.02)
		assert got > 100000, got
		# Now it takes nothing, and is cut off: not all arrives.
		try:
		    while True:
		        time.sleep(3)
		        part = 1
		        while part:
		            part = len(tls.recv(65536))
		            got += part
		        break
		except (ssl.SSLError, ConnectionError):
		    pass
		assert got < 20000000, got
	END
	expect_log 'TLS ended address=192\.0\.2\.1: the client took nothing for 1 s'
}

# A client that waits, whose imapd-tls is PID.  hang_end lets it go.
hang_start() {
	local -; set +T
	serve_session hang 100
	coproc HANG { exec openssl s_client -connect "127.0.0.1:$IMAP_PORT" \
	    -quiet 2>/dev/null 3>&-; }
	info_has resumed=0
	PID=$(pgrep -P "$(cat "$BATS_TEST_TMPDIR"/pid.tls.*)" imapd-tls)
}

hang_end() {
	kill "$HANG_PID"
	wait "$HANG_PID" || :
}

private_memory() {
	awk '/^Private_Dirty/ { print $2 }' "/proc/$PID/smaps_rollup"
}

@test "imapd-tls rests in little memory, and does not spin" {
	local deadline=$((SECONDS + IMAP_TIMEOUT)) before

	hang_start
	# It gives memory back when it has been quiet for a second.
	until built_with_asan || (($(private_memory) <= 720)); do
		((SECONDS < deadline)) || die "$(private_memory) KB"
		sleep 0.1
	done
	echo "private: $(private_memory) KB"
	before=$(awk '{ print $14 + $15 }' "/proc/$PID/stat")
	sleep 0.5
	same "$before" "$(awk '{ print $14 + $15 }' "/proc/$PID/stat")"
	hang_end
}

@test "imapd-tls lives in a sandbox, with no descriptor to spare" {
	local fds

	hang_start
	same 1 "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$PID/status")"
	same 2 "$(sed -n 's/^Seccomp:\t//p' "/proc/$PID/status")"
	((EUID != 0)) || same "$(id -u "$STORE_OWNER")" \
	    "$(awk '/^Uid:/ { print $3 }' "/proc/$PID/status")"
	fds=$(find "/proc/$PID/fd" -mindepth 1 -printf '%f\n' | sort -n | tr '\n' ' ')
	if ! built_with_asan; then
		same '0 1 2 ' "$fds"
		grep -qE '^Max open files +3 +3 ' "/proc/$PID/limits"
		grep -qE '^Max processes +0 +0 ' "/proc/$PID/limits"
	fi
	grep -qE '^Max core file size +0 +0 ' "/proc/$PID/limits"
	hang_end
}

# probe WHAT ARGUMENT: the errno that imapd-tls gets when it tries, taken over by
# the first octets that the client has sent (tests/lib/probe.c).
probe() {
	local answer

	printf 'PROBE %s %s\r\n' "$1" "$2" >&"$PROBE_FD"
	read -r -t "$IMAP_TIMEOUT" -u "$PROBE_FD" answer || die "$1: no answer"
	printf '%s %s\n' "$2" "$answer"
	answer=${answer%"$CR"}
	ERRNO=${answer##* }
}

@test "imapd-tls can open, start and connect to nothing when a client takes it over" {
	local what

	! built_with_asan || skip 'a sanitizer cannot be loaded behind the probe'
	cp "$MSGSTORE_BUILD/tests/lib/probe.so" "$BATS_TEST_TMPDIR/probe.so"
	chmod 755 "$BATS_TEST_TMPDIR/probe.so"
	cat >"$BATS_TEST_TMPDIR/probed" <<-END
		#!/bin/sh
		LD_PRELOAD='$BATS_TEST_TMPDIR/probe.so' exec \
		    '$MSGSTORE_BUILD/tls-session' "\$@"
	END
	chmod 755 "$BATS_TEST_TMPDIR/probed"
	IMAP_PROGRAM=$BATS_TEST_TMPDIR/probed imap_serve pid.tls. \
	    "$BATS_TEST_TMPDIR/info" line
	exec {PROBE_FD}<>"/dev/tcp/127.0.0.1/$IMAP_PORT"
	for what in "read $CERTS/mail.example.org.key" "read $MSGSTORE/users.db" \
	    'read /etc/passwd' "create $MSGSTORE/x" "write $MSGSTORE/users.db" \
	    'inet x' 'unix x' 'exec /bin/true' 'fork x' 'kill x' \
	    'descriptor x'; do
		probe "${what%% *}" "${what#* }"
		((ERRNO != 0)) || die "$what: allowed"
	done
	exec {PROBE_FD}>&-
	conf 'sandbox = no'
	IMAP_PROGRAM=$BATS_TEST_TMPDIR/probed imap_serve pid.tls. \
	    "$BATS_TEST_TMPDIR/info" line
	exec {PROBE_FD}<>"/dev/tcp/127.0.0.1/$IMAP_PORT"
	# The probe itself works.
	probe read "$MSGSTORE/users.db"
	same 0 "$ERRNO"
	exec {PROBE_FD}>&-
}

@test "imapd-tls is for imapd: by hand it only checks" {
	run -64 imapd-tls
	[[ $output == *'usage: imapd-tls --check'* ]]
	run -64 imapd-tls --client 0 --session 77
	run -0 imapd-tls -V
	[[ $output == 'imapd-tls (msgstore) '* ]]
}

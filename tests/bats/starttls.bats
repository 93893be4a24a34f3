#!/usr/bin/env bats
# starttls.bats - STARTTLS and implicit TLS, as clients meet them
# SPDX-License-Identifier: ISC
load ../lib/imap
load ../lib/tls

setup_file() {
	imap_setup_file
	certificates_make
}

setup() {
	imap_setup
	tls_conf
	conf 'cleartext-login = no'
}

# Python's client, with the script on standard input; M is the connection.
client() {
	python3 - "$IMAP_PORT" "$CERTS/ca.pem" "$@" <<-END
		import imaplib, socket, ssl, sys
		port, ca = int(sys.argv[1]), sys.argv[2]
		ctx = ssl.create_default_context(cafile=ca)
		$(cat)
	END
}

@test "STARTTLS: offered where there is a certificate, and gone with TLS (RFC 9051 6.2.1)" {
	imap_start a --login
	expect '~ LOGINDISABLED .* STARTTLS( |\])'
	imap_serve pid.b.
	client <<-'END'
		m = imaplib.IMAP4("127.0.0.1", port)
		assert "STARTTLS" in m.capabilities and "LOGINDISABLED" in m.capabilities
		assert not [w for w in m.capabilities if w.startswith("AUTH=PLAIN")]
		m.starttls(ctx)
		assert "STARTTLS" not in m.capabilities, m.capabilities
		assert "LOGINDISABLED" not in m.capabilities, m.capabilities
		assert "AUTH=PLAIN" in m.capabilities, m.capabilities
		assert "AUTH=SCRAM-SHA-256-PLUS" in m.capabilities
		m.login("alice", "wonderland")
		m.select("INBOX")
		m.append("INBOX", None, None, b"Subject: x\r\n\r\nbody\r\n")
		assert m.fetch("1", "(BODY[TEXT])")[1][0][1] == b"body\r\n"
		m.logout()
	END
	expect_log 'login user=alice address=127.0.0.1 method=LOGIN tls=TLS1.3'
	expect_log 'end user=alice .* reason=logout'
}

@test "STARTTLS: not offered without a certificate, over a pipe, or twice" {
	: >"$MSGSTORE_CONF"
	imap_start a --login
	refute STARTTLS
	imap a 'a1 STARTTLS'
	expect_only 'a1 BAD'
	tls_conf
	run bash -c "printf 'a1 STARTTLS\r\na2 LOGOUT\r\n' | imapd 2>/dev/null | cat"
	[[ $output == *'a1 BAD'*'a2 OK'* ]]
	imap_serve pid.b.
	client <<-'END'
		m = imaplib.IMAP4("127.0.0.1", port)
		m.starttls(ctx)
		m._tls_established = False
		try:
		    m.starttls(ctx)
		    sys.exit("twice")
		except imaplib.IMAP4.abort:
		    pass
		except imaplib.IMAP4.error:
		    pass
	END
}

@test "STARTTLS: in a session that is logged in it is BAD" {
	conf 'cleartext-login = yes'
	imap_start a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	imap a 'a2 STARTTLS'
	expect_only 'a2 BAD'
}

@test "STARTTLS: octets before the handshake end the connection with an error" {
	imap_start a --login
	imap_send_raw a "a1 STARTTLS${CRLF}a2 LOGIN alice wonderland$CRLF"
	imap_eof a
	expect_only 'a1 BAD' '* BYE'
	expect_log 'reason=injection'
	run ! grep 'login user' "$IMAP_LOG"
}

@test "STARTTLS: arguments are BAD, and nothing begins" {
	imap_start a --login
	imap a 'a1 STARTTLS now'
	expect_only 'a1 BAD'
	imap a 'a2 NOOP'
	expect_only 'a2 OK'
}

@test "STARTTLS: the client that hangs up, or talks on in clear, ends it" {
	imap_start a --login
	imap a 'a1 STARTTLS'
	expect_only 'a1 OK'
	imap_close a
	process_ends "$(imap_pid a)"
	imap_start b --login
	imap b 'b1 STARTTLS'
	expect_only 'b1 OK'
	imap_send b 'b2 LOGIN alice wonderland'
	process_ends "$(imap_pid b)"
	expect_log 'TLS handshake failed address=127.0.0.1'
	run ! grep 'login user' "$IMAP_LOG"
}

@test "STARTTLS: the door after it is in the sandbox too" {
	imap_serve pid.b.
	client "$BATS_TEST_TMPDIR" <<-'END'
		import glob, subprocess
		m = imaplib.IMAP4("127.0.0.1", port)
		m.starttls(ctx)
		pid = open(glob.glob(sys.argv[3] + "/pid.b.*")[0]).read().split()[0]
		children = subprocess.run(["pgrep", "-P", pid], capture_output=True,
		    text=True).stdout.split()
		names = {}
		for child in children:
		    status = dict(line.split(":", 1) for line in
		        open("/proc/%s/status" % child) if ":" in line)
		    names[status["Name"].strip()] = status["Seccomp"].strip()
		assert names == {"imapd": "2", "imapd-tls": "2"}, names
		m.login("alice", "wonderland")
		m.noop()
		left = subprocess.run(["pgrep", "-P", pid], capture_output=True,
		    text=True).stdout.split()
		assert len(left) == 1, left
		# No certificate, no key stays open in the session.
		import os
		for fd in os.listdir("/proc/%s/fd" % pid):
		    assert not os.readlink("/proc/%s/fd/%s" % (pid, fd)).endswith(
		        (".pem", ".key")), fd
		m.logout()
	END
}

@test "STARTTLS: failed logins before count on after it" {
	conf 'cleartext-login = yes'
	imap_serve pid.b.
	client <<-'END'
		m = imaplib.IMAP4("127.0.0.1", port)
		for i in range(3):
		    try:
		        m.login("alice", "wrong")
		    except imaplib.IMAP4.error:
		        pass
		m.starttls(ctx)
		try:
		    m.login("alice", "wrong")
		except imaplib.IMAP4.error:
		    pass
		try:
		    m.login("alice", "wrong")
		    sys.exit("in")
		except imaplib.IMAP4.error:
		    pass
		try:
		    m.noop()
		    sys.exit("still there")
		except (imaplib.IMAP4.abort, OSError):
		    pass
	END
}

@test "--tls: from the first octet on (RFC 8314 3.2)" {
	imap_serve pid.b. --tls
	client <<-'END'
		m = imaplib.IMAP4_SSL("localhost", port, ssl_context=ctx)
		assert "STARTTLS" not in m.capabilities
		assert "AUTH=PLAIN" in m.capabilities, m.capabilities
		m.login("alice", "wonderland")
		m.select("INBOX")
		m.logout()
	END
	expect_log 'login user=alice address=127.0.0.1 method=LOGIN tls=TLS1.3'
}

@test "--tls: without a certificate there is no greeting in clear" {
	: >"$MSGSTORE_CONF"
	imap_serve pid.b. --tls
	s_client </dev/null
	# shellcheck disable=SC2153 # s_client sets it
	[[ $OUTPUT != *'* OK'* && $OUTPUT != *'* BYE'* ]]
	expect_log 'tls-certificate'
}

@test "--tls --proxy: the header comes before the handshake" {
	imap_serve pid.b. --tls --proxy
	client <<-'END'
		s = socket.create_connection(("127.0.0.1", port))
		s.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 5000 993\r\n")
		t = ctx.wrap_socket(s, server_hostname="localhost")
		f = t.makefile("rwb")
		assert f.readline().startswith(b"* OK")
		f.write(b"a LOGIN alice wonderland\r\nb LOGOUT\r\n"); f.flush()
		assert f.readline().startswith(b"a OK")
	END
	expect_log 'login user=alice address=192.0.2.7 method=LOGIN tls='
}

@test "a client certificate logs in by EXTERNAL (RFC 4422 A)" {
	certificate alice ecdsa tls_www_client
	certificate mallory ecdsa tls_www_client
	conf "tls-client-ca = $CERTS/ca.pem"
	imap_serve pid.b. --tls
	client "$CERTS" <<-'END'
		def connect(name):
		    c = ssl.create_default_context(cafile=ca)
		    if name:
		        c.load_cert_chain("%s/%s.pem" % (sys.argv[3], name),
		            "%s/%s.key" % (sys.argv[3], name))
		    return imaplib.IMAP4_SSL("localhost", port, ssl_context=c)
		m = connect("alice")
		assert "AUTH=EXTERNAL" in m.capabilities, m.capabilities
		m.authenticate("EXTERNAL", lambda x: b"")
		m.select("INBOX")
		m.logout()
		m = connect("mallory")
		for who in (b"", b"alice"):
		    try:
		        m.authenticate("EXTERNAL", lambda x: who)
		        sys.exit("mallory is in")
		    except imaplib.IMAP4.error:
		        pass
		m.logout()
		m = connect(None)
		assert "AUTH=EXTERNAL" not in m.capabilities
		m.logout()
	END
	expect_log 'login user=alice .* method=EXTERNAL tls='
}

@test "curl: imaps, and STARTTLS demanded" {
	imap_serve pid.b. --tls
	run curl -sS --cacert "$CERTS/ca.pem" -u alice:wonderland \
	    "imaps://localhost:$IMAP_PORT/" -X 'LIST "" INBOX'
	[[ $output == *'LIST ('*INBOX* ]]
	imap_serve pid.c.
	run curl -sS --ssl-reqd --cacert "$CERTS/ca.pem" -u alice:wonderland \
	    "imap://localhost:$IMAP_PORT/" -X 'LIST "" INBOX'
	[[ $output == *'LIST ('*INBOX* ]]
}

@test "gnutls-cli and openssl: STARTTLS by their own dialogue" {
	imap_serve pid.b.
	run bash -c "printf 'a LOGIN alice wonderland\r\nb LOGOUT\r\n' |
	    timeout $IMAP_TIMEOUT gnutls-cli --starttls-proto=imap \
	    --x509cafile='$CERTS/ca.pem' --port '$IMAP_PORT' localhost"
	[[ $output == *'a OK'* ]] || die "$output"
	s_client -starttls imap -CAfile "$CERTS/ca.pem" \
	    <<<$'a LOGIN alice wonderland\r\nb LOGOUT\r'
	printed 'a OK'
	printed 'Verify return code: 0 (ok)'
}

@test "UNAUTHENTICATE: TLS stays (RFC 8437 3)" {
	conf 'unauthenticate = yes'
	imap_serve pid.b. --tls
	client <<-'END'
		s = ctx.wrap_socket(socket.create_connection(("127.0.0.1", port)),
		    server_hostname="localhost")
		f = s.makefile("rwb")
		f.readline()
		f.write(b"a LOGIN alice wonderland\r\nb UNAUTHENTICATE\r\n"
		    b"c LOGIN bob builder\r\nd LOGOUT\r\n"); f.flush()
		lines = f.read().split(b"\r\n")
		assert [l[:4] for l in lines if l[:1] in b"abcd" and l[1:2] == b" "] == [
		    b"a OK", b"b OK", b"c OK", b"d OK"], lines
	END
	expect_log 'login user=bob address=127.0.0.1 method=LOGIN tls=TLS1.3'
}

#!/usr/bin/env python3
# rude.py - IMAP clients that are slow, silent or rude
# SPDX-License-Identifier: ISC
#
# usage: rude.py PORT STORE HOW TEST [ARGUMENT ...]
#
# HOW says what the listener starts, and so what a client can do: "login" or
# "preauth", with "-tls" where TLS begins with the first octet.  Prints what went
# wrong and exits with 1.
import glob
import os
import re
import select
import socket
import ssl
import struct
import sys
import time
import zlib

LIMIT = 30          # seconds that anything may take that should happen at once
LONG = os.environ.get('TORTURE') == 'long'
MEMORY_KB = 48 * 1024

PORT, STORE, HOW = int(sys.argv[1]), sys.argv[2], sys.argv[3]
PREAUTH, TLS = HOW.startswith('preauth'), HOW.endswith('-tls')


# --- What a session consists of ---

def processes():
    """All that work on our store: sessions, doors, monitors, imapd-tls."""
    mark = ('MSGSTORE=' + STORE).encode()
    found = {}
    for path in glob.glob('/proc/[0-9]*/environ'):
        try:
            with open(path, 'rb') as environ:
                if mark not in environ.read().split(b'\0'):
                    continue
            with open(path[:-7] + 'comm') as comm:
                name = comm.read().strip()
        except OSError:
            continue
        if name.startswith('imapd'):
            found[int(path.split('/')[2])] = name
    return found


def status(pid, key):
    with open('/proc/%d/status' % pid) as lines:
        found = re.search(key + r':\s*(\d+)', lines.read())
        return int(found[1]) if found else 0


class Watch:
    """How much memory the processes took at most, as long as they live."""

    def __init__(self):
        self.peak = {}
        self.looked = 0

    def look(self, now=False):
        if not now and time.monotonic() < self.looked + 0.1:
            return
        self.looked = time.monotonic()
        for pid, name in processes().items():
            try:
                kb = status(pid, 'VmHWM')
            except OSError:
                continue
            self.peak[name] = max(self.peak.get(name, 0), kb)

    def bounded(self, limit=MEMORY_KB):
        assert self.peak, 'nobody was seen'
        for name, kb in self.peak.items():
            assert kb <= limit, '%s took %d KB' % (name, kb)


def all_end(why, limit=LIMIT, watch=None):
    """Every process ends; returns the seconds that it took."""
    start = time.monotonic()
    while (left := processes()):
        if watch:
            watch.look()
        assert time.monotonic() < start + limit, '%s: %s' % (why, left)
        time.sleep(0.02)
    return time.monotonic() - start


def cpu_s(pids):
    total = 0
    for pid in pids:
        try:
            with open('/proc/%d/stat' % pid) as stat:
                fields = stat.read().rsplit(')', 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / os.sysconf('SC_CLK_TCK')


# --- Clients ---

class Client:
    """A connection, over TLS where HOW says so or start_tls() did."""

    def __init__(self, greeting=True, tls=TLS, small=False):
        self.sock = socket.socket()
        if small:
            # What the kernels hold for us is little: we block them soon.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.settimeout(LIMIT)
        self.sock.connect(('127.0.0.1', PORT))
        self.raw = self.sock
        self.tls = False
        self.packer = self.unpacker = None
        self.got = b''
        if tls and greeting:
            self.start_tls()
        if greeting:
            assert self.line().startswith(b'* '), self.got

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # What was wrapped is no socket any more.
        self.raw = self.sock = context.wrap_socket(self.raw)
        self.tls = True

    def compress(self):
        self.do(b'COMPRESS DEFLATE')
        self.packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        self.unpacker = zlib.decompressobj(-15)

    def pack(self, octets):
        if self.packer is None:
            return octets
        return self.packer.compress(octets) + self.packer.flush(
            zlib.Z_SYNC_FLUSH)

    def send(self, octets):
        self.sock.sendall(self.pack(octets))

    def line(self):
        while b'\r\n' not in self.got:
            octets = self.sock.recv(65536)
            if not octets:
                raise EOFError(self.got)
            self.got += (self.unpacker.decompress(octets) if self.unpacker
                         else octets)
        line, self.got = self.got.split(b'\r\n', 1)
        return line

    def until(self, *beginnings):
        while not (line := self.line()).startswith(beginnings):
            pass
        return line

    def do(self, command):
        self.send(b't ' + command + b'\r\n')
        line = self.until(b't ')
        assert line.startswith(b't OK'), line

    def eof(self):
        """Read up to the end, however that looks; the last of it."""
        try:
            while (octets := self.sock.recv(1 << 20)):
                if self.unpacker:
                    octets = self.unpacker.decompress(octets)
                self.got = (self.got + octets)[-1000:]
        except (ConnectionError, ssl.SSLError):
            pass
        return self.got

    def reset(self):
        """RST instead of FIN."""
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack('ii', 1, 0))
        self.drop()

    def drop(self):
        """As a process that is killed: TLS does not say that it ends."""
        if self.tls:
            os.close(self.sock.detach())
        else:
            self.sock.close()

    def half_close(self):
        if self.tls:
            # close_notify alone, in which TLS ends one direction.
            self.sock.settimeout(0.1)
            try:
                self.sock.unwrap()
            except OSError:
                pass
        else:
            self.sock.shutdown(socket.SHUT_WR)


# --- The states that a client can leave a session in ---

def state_connected(client):
    """Not a word."""
    return b'a LOGIN alice wonderland wonderland wonderland wonderland'


def state_half_hello(client):
    """The beginning of a handshake."""
    client.raw.sendall(HELLO[:40])
    return HELLO[40:]


def state_half_line(client):
    client.send(b'a LOGIN al')
    return b'ice-in-the-land-of-wonders' * 20


def state_login_literal(client):
    client.send(b'a LOGIN {500}\r\n')
    client.until(b'+')
    return b'x' * 499


def state_authenticate(client):
    client.send(b'a AUTHENTICATE PLAIN\r\n')
    client.until(b'+')
    return b'AGFsaWNlAHdv' * 40


def state_scram(client):
    """The server has sent its salt."""
    client.send(b'a AUTHENTICATE SCRAM-SHA-256 '
                b'biwsbj1hbGljZSxyPXJPcHJOR2Z3RWJlUldnYk5Fa3FP\r\n')
    client.until(b'+ ')
    return b'Yz1iaXdzLHI9' * 40


def state_starttls(client):
    """TLS was asked for and does not come."""
    client.send(b'a STARTTLS\r\n')
    client.until(b'a OK')
    return HELLO


def state_starttls_half(client):
    state_starttls(client)
    return state_half_hello(client)


def state_selected(client):
    client.do(b'SELECT INBOX')
    return b'a NOOOOOOO' + b'O' * 500


def state_half_literal(client):
    client.send(b'a APPEND INBOX {5000}\r\n')
    client.until(b'+')
    client.send(b'Subject: half\r\n\r\n' + b'x' * 2000)
    return b'y' * 1000


def state_half_nonsync(client):
    client.send(b'a APPEND INBOX {100000+}\r\n' + b'x' * 70000)
    return b'y' * 1000


def state_half_multiappend(client):
    client.send(b'a APPEND INBOX {4+}\r\nx:y\n {9}\r\n')
    client.until(b'+')
    return b'y' * 8


def state_idle(client):
    client.do(b'SELECT INBOX')
    client.send(b'a IDLE\r\n')
    client.until(b'+')
    return b'DON' + b'X' * 500


def state_notify(client):
    client.do(b'SELECT INBOX')
    client.do(b'NOTIFY SET (SELECTED (MessageNew MessageExpunge)) '
              b'(PERSONAL (MessageNew MessageExpunge))')
    return b'a NOOOOOOO' + b'O' * 500


def state_fetching(client):
    """More is on its way than fits into the buffers of the kernel."""
    client.do(b'SELECT big')
    client.send(b'a FETCH 1:* BODY.PEEK[]\r\n' * 5)
    client.until(b'* 1 FETCH')
    return b'a NOOOOOOO' + b'O' * 500


def state_copying(client):
    client.do(b'SELECT many')
    client.send(b'a COPY 1:* INBOX\r\n')
    return b'a NOOOOOOO' + b'O' * 500


def state_half_block(client):
    """Cut off within what is compressed."""
    client.raw.sendall(client.pack(b'a LIST "" *\r\n')[:7])
    return b''


BEFORE = ['connected', 'half_line', 'login_literal', 'authenticate', 'scram']
AFTER = ['connected', 'half_line', 'selected', 'half_literal', 'half_nonsync',
         'half_multiappend', 'idle', 'notify', 'fetching', 'copying']


def states():
    """(state, what the connection is, a client in it) one after the other."""
    kinds = [('deflate', True), ('plain', False)] if PREAUTH else [
        ('plain', False)]
    for kind, compressed in kinds:
        names = list(AFTER if PREAUTH else BEFORE)
        if compressed and not TLS:
            names.append('half_block')
        if not PREAUTH and not TLS:
            names += ['starttls', 'starttls_half']
        for name in names:
            client = Client()
            if compressed:
                client.compress()
            rest = globals()['state_' + name](client)
            yield '%s, %s' % (kind, name), client, rest
    if TLS and not PREAUTH:
        for name in ('connected', 'half_hello'):
            client = Client(greeting=False)
            yield 'no TLS, ' + name, client, globals()['state_' + name](client)


def hello():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    out = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), out)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


HELLO = hello()


# --- Tests ---

def others_can_work():
    """Whatever a client does, no lock is held: others append at once."""
    if not PREAUTH:
        return
    client = Client()
    start = time.monotonic()
    client.do(b'APPEND INBOX {6+}\r\nx: y\r\n')
    assert time.monotonic() - start < LIMIT / 2
    client.send(b'z LOGOUT\r\n')
    client.eof()
    client.sock.close()


def test_silent():
    """In each state, all at once: others can work, the clock ends each."""
    left = []
    for name, client, _ in states():
        left.append(client)
    others_can_work()
    all_end('silent')
    others_can_work()


def test_trickle():
    """In each state an octet now and then: that winds no clock."""
    left = [(name, client, rest) for name, client, rest in states() if rest]
    start, at = time.monotonic(), 0
    while processes():
        assert time.monotonic() < start + LIMIT, processes()
        for name, client, rest in left:
            try:
                sock = client.raw if 'hello' in name or 'starttls' in name \
                    or 'no TLS' in name else client.sock
                octet = rest[at:at + 1]
                sock.sendall(client.pack(octet))
            except OSError:
                pass
        at += 1
        time.sleep(0.2)


def test_reset():
    """RST in each state."""
    for name, client, _ in states():
        client.reset()
        all_end('reset: ' + name)
    others_can_work()


def test_hang_up():
    """FIN in each state; the client reads no more."""
    for name, client, _ in states():
        client.drop()
        all_end('hang up: ' + name)
    others_can_work()


def test_half_close():
    """The client has said all, and reads what comes."""
    for name, client, _ in states():
        client.half_close()
        if not name.startswith('no TLS') and 'starttls' not in name:
            client.sock.settimeout(LIMIT)
            got = client.eof()
            if 'copying' in name and not client.tls:
                assert b'a OK' in got, (name, got[-200:])
        # OpenSSL reads nothing more behind its own close_notify.
        if client.tls:
            client.drop()
        all_end('half-close: ' + name)
        if not client.tls:
            client.drop()
    others_can_work()


def unread(what, count, compressed=False, memory=MEMORY_KB):
    """Sends without reading, until nothing is taken any more; then waits."""
    client, watch = Client(small=True), Watch()
    if compressed:
        client.compress()
    if PREAUTH:
        client.do(b'SELECT big')
    # So many that they fill all buffers between here and there.
    wire = memoryview(client.pack(what * count))
    sent, quiet = 0, time.monotonic() + LIMIT
    client.sock.setblocking(False)
    while sent < len(wire) and time.monotonic() < quiet:
        try:
            sent += client.sock.send(wire[sent:sent + 65536])
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            select.select([], [client.raw], [], 0.05)
        except OSError:
            break
        watch.look()
    watch.look(True)
    all_end('unread %r' % what[:20], watch=watch)
    watch.bounded(memory)
    client.drop()
    with open(os.environ['IMAP_LOG']) as log:
        ended = [line for line in log if ' commands=' in line][-1]
    run = int(re.search(r' commands=(\d+)', ended)[1])
    # What came in behind the answer that nobody took was not run.  Compressed,
    # answers that are alike all fit on the way.
    assert compressed or run < count // 2, ended


def test_unread():
    """A million commands, and nothing is read: it ends, in little memory."""
    unread(b'a NOOP\r\n', 1000000)
    unread(b'a CAPABILITY\r\n', 100000)
    if not PREAUTH:
        unread(b'a LOGIN\r\n', 100000)
        return
    unread(b'a NOOP\r\n', 1000000, compressed=True)
    unread(b'a FETCH 1:* BODY.PEEK[]\r\n', 1000)
    unread(b'a FETCH 1:* BODY.PEEK[]\r\n', 1000, compressed=True)
    unread(b'a FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)\r\n', 100000)
    unread(b'a LIST "" * RETURN (STATUS (MESSAGES UNSEEN))\r\n', 100000)


def test_million():
    """A million NOOPs in one go from a client that reads: all are answered."""
    count = 1000000 if LONG else 200000
    client, watch = Client(), Watch()
    if PREAUTH:
        client.compress()
    wire = memoryview(client.pack(b'a NOOP\r\n' * count + b'z LOGOUT\r\n'))
    sent = answers = 0
    tail = b''
    client.sock.setblocking(False)
    end = time.monotonic() + 20 * LIMIT
    while True:
        assert time.monotonic() < end, answers
        watch.look()
        try:
            octets = client.sock.recv(65536)
            if not octets:
                break
            if client.unpacker:
                octets = client.unpacker.decompress(octets)
            tail += octets
            answers += tail.count(b'a OK')
            tail = tail[-3:]
            continue
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        try:
            if sent < len(wire):
                sent += client.sock.send(wire[sent:sent + 65536])
                continue
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        select.select([client.raw], [client.raw] if sent < len(wire) else [],
                      [], 1)
    assert answers == count, answers
    watch.bounded()
    all_end('million')


def test_stalled():
    """Who stops reading in the middle holds nothing that others need."""
    client = Client(small=True)
    client.do(b'SELECT big')
    client.send(b'a FETCH 1:* (FLAGS BODY.PEEK[])\r\n' * 50)
    client.until(b'* 1 FETCH')
    other = Client()
    other.do(b'SELECT big')
    # The log is begun anew when it has grown, whoever reads the database.
    rounds = 3000 if LONG else 300
    for i in range(rounds):
        other.do(b'STORE 1:* %cFLAGS.SILENT (\\Flagged one two three)' %
                 (b'+-'[i % 2]))
    other.do(b'APPEND big {6+}\r\nx: y\r\n')
    other.send(b'z LOGOUT\r\n')
    other.eof()
    for path in glob.glob(STORE + '/**/*-wal', recursive=True):
        size = os.stat(path).st_size
        assert size < 16 << 20, (path, size)
    all_end('stalled', limit=4 * LIMIT)


def test_crowd():
    """Many connections that say nothing all end, and a client is served then."""
    count = 150 if LONG else 60
    clients = [Client(greeting=False) for _ in range(count)]
    time.sleep(0.2)
    all_end('crowd', limit=4 * LIMIT)
    for client in clients:
        client.drop()
    client = Client()
    client.send(b'z LOGOUT\r\n')
    client.until(b'z OK')


# --- Long and many things, each within one command ---

def many(first, item, count, last=b'\r\n'):
    return first + item * count + last


def hostile():
    n = 1000000 if LONG else 200000
    odd = b','.join(b'%d' % i for i in range(1, 2 * n // 2, 2))[:1000000]
    yield many(b'a SEARCH', b' SEEN', n)
    yield many(b'a SEARCH', b' NOT', n, b' SEEN\r\n')
    yield many(b'a SEARCH ', b'OR SEEN ', n, b'SEEN\r\n')
    yield many(b'a SEARCH ', b'(', n)
    yield many(b'a SEARCH', b' HEADER x y', n // 10)
    yield many(b'a SEARCH', b' OR TEXT a TEXT b', 4000)
    yield many(b'a SORT (', b'DATE ', n, b'DATE) UTF-8 ALL\r\n')
    yield many(b'a THREAD REFERENCES UTF-8', b' SEEN', n)
    yield many(b'a FETCH 1 (', b'FLAGS ', n, b'UID)\r\n')
    yield many(b'a FETCH 1 ', b'(', n)
    yield many(b'a FETCH 1 BODY[HEADER.FIELDS (', b'a ', n, b'b)]\r\n')
    yield many(b'a FETCH 1 BODY[', b'1.', n, b'1]\r\n')
    yield many(b'a STORE 1 FLAGS (', b'kw ', n, b'kw)\r\n')
    yield many(b'a APPEND INBOX (', b'kw ', n, b'kw) {1+}\r\nx\r\n')
    yield many(b'a APPEND INBOX CATENATE (', b'URL "/big/;uid=1" ', n // 10,
               b'URL "/")\r\n')
    yield many(b'a APPEND INBOX', b' {1+}\r\nx', n // 100)
    yield many(b'a ID (', b'"a" "b" ', n, b'"c" "d")\r\n')
    yield many(b'a ENABLE', b' X', n)
    yield many(b'a LIST "" (', b'x ', n, b'x)\r\n')
    yield many(b'a LIST "" ', b'%*', 400)
    yield many(b'a LIST "" "', b'a%*', 300, b'"\r\n')
    yield many(b'a STATUS INBOX (', b'MESSAGES ', n, b'UNSEEN)\r\n')
    yield many(b'a CREATE ', b'x\\\\', n)
    yield many(b'a NOTIFY SET (', b'SELECTED NONE) (', n, b')\r\n')
    yield many(b'a NOTIFY SET (PERSONAL (', b'MessageNew ', n, b'))\r\n')
    yield many(b'a ESEARCH IN (mailboxes (', b'INBOX ', n, b'x)) SEEN\r\n')
    yield many(b'a COMPARATOR', b' "i;*"', n)
    yield b'a SELECT big (QRESYNC (1 1 %s (%s %s)))\r\n' % (odd[:300000] + b'1',
                                                          odd[:300000] + b'1',
                                                          odd[:300000] + b'1')
    for command in (b'FETCH %s FLAGS', b'UID FETCH %s (FLAGS UID)',
                    b'STORE %s +FLAGS.SILENT (x)', b'UID COPY %s INBOX',
                    b'SEARCH RETURN (COUNT) %s', b'SEARCH NOT %s UID %s',
                    b'UID EXPUNGE %s'):
        count = command.count(b'%s')
        yield b'a ' + command % ((odd[:400000] + b'1',) * count) + b'\r\n'
    yield many(b'a ', b'x', 50 * n)
    yield many(b'', b'x', 50 * n)
    yield many(b'a NOOP ', b' ', 50 * n)
    yield many(b'a LOGIN "', b'\\\\', 20 * n, b'" x\r\n')
    yield b'a NOOP {4294967295+}\r\n' + b'x' * (50 * n)
    yield b'a APPEND INBOX {99999999999+}\r\n' + b'x' * (50 * n)
    yield many(b'', b'\r\n', n)
    yield many(b'', b'a\r\n', n)
    yield many(b'', b'\0', n)


def try_one(command, compressed):
    client, watch = Client(), Watch()
    if PREAUTH and compressed:
        client.compress()
    if PREAUTH:
        client.do(b'SELECT big')
    watch.look(True)
    pids = list(processes())
    start = cpu_s(pids)
    # The last answer shows that what came before was not misread.
    wire = memoryview(client.pack(command + b'zz NOOP\r\n'))
    sent, got, tail, used = 0, 0, b'', 0
    client.sock.setblocking(False)
    end = time.monotonic() + 2 * LIMIT
    why = '%r' % command[:60]
    while b'zz OK' not in tail and b'zz BAD' not in tail:
        watch.look()
        used = max(used, cpu_s(pids) - start)
        assert time.monotonic() < end, (why, sent, got, tail[-200:])
        try:
            octets = client.sock.recv(65536)
            if not octets:
                break
            if client.unpacker:
                octets = client.unpacker.decompress(octets)
            got += len(octets)
            tail = (tail + octets)[-1000:]
            continue
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except (ConnectionError, ssl.SSLError):
            break
        try:
            if sent < len(wire):
                sent += client.sock.send(wire[sent:sent + 65536])
                continue
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        except OSError:
            sent = len(wire)
        select.select([client.raw], [client.raw] if sent < len(wire) else [],
                      [], 0.2)
    client.drop()
    all_end(why, watch=watch)
    watch.bounded()
    if os.environ.get('RUDE_VERBOSE'):
        print('%-40s %6.2f s %s %r' % (why[:40], used, watch.peak,
                                     tail[-60:]))
    # Far more than any of these needs, on whatever machine.
    assert used < 20, '%s took %.1f s of the processor' % (why, used)


def test_hostile():
    """No command, however long, takes more than its share."""
    for command in hostile():
        for compressed in ([False, True] if PREAUTH and not TLS else [False]):
            try_one(command, compressed)


def main():
    globals()['test_' + sys.argv[4]](*sys.argv[5:])


main()

#!/usr/bin/env python3
# compressed.py - an IMAP client that speaks COMPRESS=DEFLATE (RFC 4978)
# SPDX-License-Identifier: ISC
#
# usage: compressed.py PORT PIDS TEST	prints what went wrong, then exits with 1
#
# Sessions write their process's number to a file whose name begins with PIDS.
import glob
import os
import re
import socket
import ssl
import sys
import time
import zlib

LIMIT = 20          # seconds that an answer may take


class Client:
    """One connection; after compress() both directions go through zlib."""

    def __init__(self, port):
        known = set(glob.glob(PIDS + '[0-9]*'))
        self.sock = socket.create_connection(('127.0.0.1', port), LIMIT)
        self.packer = self.unpacker = None
        self.plain = b''
        self.wire = 0       # octets that came in
        self.tags = 0
        self.line()
        self.pid = (set(glob.glob(PIDS + '*[0-9]')) - known).pop()[len(PIDS):]

    def private_kb(self):
        """What the session's process has written to."""
        with open('/proc/%s/smaps_rollup' % self.pid) as rollup:
            return int(re.search(r'Private_Dirty: *(\d+) kB', rollup.read())[1])

    def rest(self, limit):
        """Wait until it has given back what it can; returns what is left."""
        if limit is None:
            return None
        end = time.monotonic() + LIMIT
        while (got := self.private_kb()) >= limit:
            assert time.monotonic() < end, '%d KB, not below %d' % (got, limit)
            time.sleep(0.05)
        return got

    def fill(self):
        octets = self.sock.recv(65536)
        if not octets:
            raise EOFError(self.plain)
        self.wire += len(octets)
        self.plain += (self.unpacker.decompress(octets) if self.unpacker
                       else octets)

    def line(self):
        while b'\r\n' not in self.plain:
            self.fill()
        line, self.plain = self.plain.split(b'\r\n', 1)
        return line

    def take(self, size):
        while len(self.plain) < size:
            self.fill()
        octets, self.plain = self.plain[:size], self.plain[size:]
        return octets

    def send(self, octets, flush=zlib.Z_SYNC_FLUSH):
        self.sock.sendall(self.pack(octets, flush))

    def pack(self, octets, flush=zlib.Z_SYNC_FLUSH):
        if self.packer is None:
            return octets
        return self.packer.compress(octets) + self.packer.flush(flush)

    def answer(self, tag):
        """All octets of the responses up to the tagged one, which is OK."""
        got = b''
        while True:
            line = self.line()
            while (literal := re.search(rb'\{(\d+)\}$', line)):
                line += b'\r\n' + self.take(int(literal[1])) + self.line()
            if line.startswith(tag + b' '):
                assert line.startswith(tag + b' OK'), line
                return got + line + b'\r\n'
            got += line + b'\r\n'

    def do(self, command):
        self.tags += 1
        tag = b't%d' % self.tags
        self.send(tag + b' ' + command + b'\r\n')
        return self.answer(tag)

    def start(self, bits=15, level=6):
        self.packer = zlib.compressobj(level, zlib.DEFLATED, -bits)
        self.unpacker = zlib.decompressobj(-15)
        assert self.plain == b'', self.plain

    def compress(self, **how):
        self.do(b'COMPRESS DEFLATE')
        self.start(**how)

    def eof(self):
        while True:
            try:
                self.fill()
            except EOFError:
                return self.plain
            except ConnectionResetError:
                return self.plain


def letter(i):
    body = b''.join(b'line %d of message %d, which says little\r\n' % (n, i)
                    for n in range(2000))
    return b'From: a@example.org\r\nSubject: message %d\r\n\r\n' % i + body


def test_session(port):
    """Appends, fetches and searches come out as without it."""
    for how in ({}, {'bits': 9}, {'level': 0}, {'level': 9}):
        client = Client(port)
        client.compress(**how)
        client.do(b'CREATE box')
        want = [letter(i) for i in range(5)]
        for text in want:
            client.do(b'APPEND box {%d+}\r\n%s' % (len(text), text))
        client.do(b'SELECT box')
        wire = client.wire
        got = client.do(b'FETCH 1:* BODY.PEEK[]')
        for text in want:
            assert b'BODY[] {%d}\r\n%s)' % (len(text), text) in got
        assert client.wire - wire < len(got) / 4, client.wire - wire
        assert b'* SEARCH 4\r\n' in client.do(b'SEARCH SUBJECT "message 3"')
        client.do(b'CLOSE')
        client.do(b'DELETE box')
        assert b'* BYE' in client.do(b'LOGOUT')
        client.eof()


def test_behind(port):
    """What is in the packet behind COMPRESS is compressed already."""
    client = Client(port)
    client.packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    rest = client.pack(b't2 NOOP\r\nt3 NAMESPACE\r\n')
    client.sock.sendall(b't1 COMPRESS DEFLATE\r\n' + rest)
    client.line()
    client.unpacker = zlib.decompressobj(-15)
    client.plain = client.unpacker.decompress(client.plain)
    client.answer(b't2')
    assert b'* NAMESPACE' in client.answer(b't3')
    client.tags = 3
    client.do(b'LOGOUT')


def test_bytes(port):
    """One octet in a packet, each kind of flush, and rests in between."""
    client = Client(port)
    client.compress()
    for flush in (zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH,
                  zlib.Z_SYNC_FLUSH):
        client.tags += 1
        tag = b't%d' % client.tags
        for octet in client.pack(tag + b' LIST "" "*"\r\n', flush):
            client.sock.sendall(bytes([octet]))
        assert b'INBOX' in client.answer(tag)
    client.do(b'LOGOUT')


def test_unauthenticate(port):
    """UNAUTHENTICATE is the last that is compressed, its OK too (RFC 8437 4.1)."""
    for flush in (zlib.Z_SYNC_FLUSH, zlib.Z_FINISH, zlib.Z_FULL_FLUSH):
        for level in (0, 6):
            for together in (True, False):
                client = Client(port)
                client.do(b'LOGIN alice wonderland')
                client.compress(level=level)
                client.do(b'NOOP')
                octets = client.pack(b'u UNAUTHENTICATE\r\n', flush)
                login = b'v LOGIN alice wonderland\r\n'
                if together:
                    client.sock.sendall(octets + login)
                else:
                    for octet in octets:
                        client.sock.sendall(bytes([octet]))
                client.answer(b'u')
                while not client.unpacker.eof:
                    client.fill()
                client.plain += client.unpacker.unused_data
                client.unpacker = client.packer = None
                if not together:
                    client.sock.sendall(login)
                client.answer(b'v')
                client.do(b'NOOP')
                client.compress()
                client.do(b'LIST "" *')
                client.do(b'LOGOUT')
                client.eof()


def test_tls(port):
    """First it is compressed, then encrypted."""
    client = Client(port)
    client.do(b'STARTTLS')
    client.sock = ssl.create_default_context(
        cafile=os.environ['CA']).wrap_socket(client.sock,
                                             server_hostname='localhost')
    client.do(b'LOGIN alice wonderland')
    client.compress()
    text = letter(1) * 10
    client.do(b'APPEND INBOX {%d+}\r\n%s' % (len(text), text))
    client.do(b'SELECT INBOX')
    wire = client.wire
    assert text in client.do(b'FETCH 1 BODY.PEEK[]')
    assert client.wire - wire < len(text) / 4
    client.do(b'LOGOUT')


def test_twice(port):
    client = Client(port)
    client.compress()
    client.send(b'x COMPRESS DEFLATE\r\n')
    assert client.line().startswith(b'x BAD [COMPRESSIONACTIVE]')
    client.do(b'LOGOUT')


def test_idle(port):
    """What another session does is told, and DONE ends it, after a rest too."""
    client, other = Client(port), Client(port)
    client.do(b'SELECT INBOX')
    client.compress()
    client.send(b'i IDLE\r\n')
    assert client.line().startswith(b'+ ')
    text = letter(1)
    for number in range(2):
        other.do(b'APPEND INBOX {%d+}\r\n%s' % (len(text), text))
        while not client.line().startswith(b'* %d EXISTS' % (number + 1)):
            pass
        client.rest(REST_KB)
    client.send(b'DONE\r\n')
    client.answer(b'i')
    client.rest(REST_KB)
    got = client.do(b'FETCH 1 BODY.PEEK[]')
    assert text in got
    client.do(b'LOGOUT')


def test_broken(port):
    """No more is heard of a client whose octets are not compressed."""
    for octets in (b't2 NOOP\r\n', b'\xff' * 100, b'\0\1\0\1\0'):
        client = Client(port)
        client.compress()
        client.sock.sendall(octets)
        assert client.eof().startswith(b'* BYE '), client.plain
    client = Client(port)
    client.compress()
    client.sock.sendall(client.pack(b't2 LOGOUT\r\n', zlib.Z_FINISH))
    client.answer(b't2')
    client.eof()


def test_bomb(port):
    """A little that becomes a lot meets the limits of what it becomes."""
    client = Client(port)
    client.compress()
    line = b'x' * (1 << 20)
    client.send(b'a NOOP ')
    try:
        for _ in range(200):
            client.send(line)
        client.send(b'\r\n')
    except (BrokenPipeError, ConnectionResetError):
        pass
    got = client.eof()
    assert b'* BYE [TOOBIG]' in got or b'BAD' in got, got
    # Nothing at all, without an end.
    client = Client(port)
    client.compress()
    try:
        for _ in range(200):
            client.sock.sendall(b'\0\0\0\xff\xff' * 10000)
    except (BrokenPipeError, ConnectionResetError):
        pass
    client.eof()


def test_memory(port):
    """What it costs over a session without it, once that waits."""
    kept = []
    for compress in (False, True):
        client = Client(port)
        if compress:
            client.compress()
            busy = client.private_kb()
        client.do(b'SELECT INBOX')
        text = letter(1)
        client.do(b'APPEND INBOX {%d+}\r\n%s' % (len(text), text))
        client.do(b'FETCH 1:* BODY.PEEK[]')
        busy = client.private_kb()
        kept.append(client.rest(REST_KB))
        print('compressed' if compress else 'plain', 'busy', busy, 'KB, idle',
              kept[-1], 'KB')
        client.do(b'LOGOUT')
    assert kept[1] - kept[0] <= 64, kept


PIDS = sys.argv[2]
# A session of this kind that waits; None where it cannot be measured.
REST_KB = None if os.environ.get('NO_MEMORY') else 900


def main():
    globals()['test_' + sys.argv[3]](int(sys.argv[1]))


main()

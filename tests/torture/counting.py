# counting.py - a client that counts, and checks all it is told
# SPDX-License-Identifier: ISC
import asyncio
import collections
import re
import socket
import subprocess

from history import Violation, now, require

PATIENCE = 60   # seconds that an answer may take


class Gone(Exception):
    """The session's process has ended."""


def sequence(s):
    """Numbers of a set: "1:3,7"."""
    out = []
    for part in s.split(','):
        first, _, last = part.partition(':')
        out.extend(range(int(first), int(last or first) + 1))
    return out


class Client:
    """One connection to "imapd --preauth".  Its view is told from what the server
    says alone (RFC 3501 7.4): uids[n - 1] is message n, None as long as it is not
    known; flags are by UID."""

    def __init__(self, imapd, user, name, kind, log):
        self.name = name
        self.kind = kind        # 'plain', 'condstore' or 'qresync'
        self.box = None
        self.uids = []
        self.flags = {}
        self.modseqs = {}
        self.highest = 0
        self.transcript = collections.deque(maxlen=40)
        self.tag = 0
        self.since = now()      # when the command was sent
        self.may_expunge = True
        self.leaving = False
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen([imapd, '--preauth', user],
                                        stdin=theirs, stdout=theirs, stderr=log)
        theirs.close()
        self.socket = ours

    async def start(self):
        self.reader, self.writer = await asyncio.open_connection(
            sock=self.socket, limit=1 << 24)
        line = await self.response()
        require(line.startswith(b'* PREAUTH'), self.name, line)
        if self.kind != 'plain':
            await self.command('ENABLE ' + self.kind.upper())

    def kill(self):
        self.process.kill()

    def close(self):
        """Once the process has ended, or shall end."""
        self.writer.close()
        self.process.kill()
        self.process.wait()

    async def logout(self):
        self.leaving = True
        status, _ = await self.command('LOGOUT')
        require(status == 'OK', self.name, 'LOGOUT')
        self.writer.close()
        require(await asyncio.to_thread(self.process.wait, PATIENCE) == 0,
                self.name, 'ended with', self.process.returncode)

    # --- The wire ---

    async def response(self):
        try:
            line = await self.reader.readuntil(b'\r\n')
            while size := re.search(rb'\{(\d+)\}\r\n$', line):
                line += await self.reader.readexactly(int(size[1]))
                line += await self.reader.readuntil(b'\r\n')
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Gone(self.name) from None
        self.transcript.append(b'< ' + line[:300])
        return line

    def send(self, octets):
        self.transcript.append(b'> ' + octets[:300])
        self.writer.write(octets)

    async def command(self, text, may_expunge=True, on_line=None, patience=None):
        """Send it; returns "OK" or "NO" and the text behind.  on_line is called
        with each untagged response before it is counted."""
        self.tag += 1
        tag = b'a%d ' % self.tag
        self.since = now()
        self.may_expunge = may_expunge
        if isinstance(text, str):
            text = text.encode()
        self.send(tag + text + b'\r\n')
        try:
            return await asyncio.wait_for(self.answer(tag, on_line),
                                          patience or PATIENCE)
        except asyncio.TimeoutError:
            raise Violation(self.name + ': no answer to ' +
                            repr(text[:80])) from None

    async def answer(self, tag, on_line=None):
        while True:
            line = await self.response()
            if line.startswith(tag):
                status, _, rest = line[len(tag):-2].decode().partition(' ')
                require(status in ('OK', 'NO'), self.name, line)
                require('SERVERBUG' not in rest and 'INUSE' not in rest and
                        'locked' not in rest, self.name, line)
                # RFC 9051 7.5.1: a command is not on from here.
                self.may_expunge = True
                return status, rest
            if on_line:
                on_line(line)
            self.untagged(line)

    async def idle(self, seconds, until=None):
        """RFC 2177.  Ends early when until() is true."""
        self.tag += 1
        self.since = now()
        self.may_expunge = True
        self.send(b'i%d IDLE\r\n' % self.tag)
        while True:
            line = await asyncio.wait_for(self.response(), PATIENCE)
            if line.startswith(b'+'):
                break
            self.untagged(line)
        end = now() + seconds
        reading = asyncio.ensure_future(self.response())
        while now() < end and not (until and until()):
            await asyncio.wait({reading}, timeout=min(0.2, max(0, end - now())))
            if reading.done():
                self.untagged(reading.result())
                reading = asyncio.ensure_future(self.response())
        self.send(b'DONE\r\n')
        line = await asyncio.wait_for(reading, PATIENCE)
        while not line.startswith(b'i%d OK' % self.tag):
            self.untagged(line)
            line = await asyncio.wait_for(self.response(), PATIENCE)

    # --- Counting ---

    def untagged(self, line):
        said = re.match(rb'\* (\d+) (EXISTS|EXPUNGE|FETCH)\b(.*)', line, re.S)
        if said:
            number = int(said[1])
            {b'EXISTS': self.exists, b'EXPUNGE': self.expunge,
             b'FETCH': self.fetch}[said[2]](number, said[3])
        elif line.startswith(b'* VANISHED '):
            self.vanished(line[11:-2].decode())
        elif line.startswith(b'* BYE'):
            require(self.leaving, self.name, line)
        elif code := re.match(rb'\* OK \[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ|'
                              rb'CLOSED) ?(\d*)', line):
            self.code(code[1], int(code[2] or 0))

    def code(self, word, number):
        if word == b'UIDVALIDITY':
            self.box.saw_validity(number, self.name)
        elif word == b'UIDNEXT':
            self.box.saw_uidnext(number, self.since, self.name)
        elif word == b'HIGHESTMODSEQ':
            require(number >= self.highest, self.name, 'HIGHESTMODSEQ', number,
                    'after', self.highest)
            self.highest = number

    def exists(self, number, _):
        # RFC 9051 7.4.1: only EXPUNGE makes it less.
        require(number >= len(self.uids), self.name, 'EXISTS', number,
                'after', len(self.uids))
        self.uids += [None] * (number - len(self.uids))

    def remove(self, at):
        require(self.may_expunge, self.name, 'EXPUNGE where none may come')
        uid = self.uids.pop(at)
        if uid is not None:
            self.flags.pop(uid, None)
            self.modseqs.pop(uid, None)
            self.box.saw_gone(uid, self.name)

    def expunge(self, number, _):
        require(self.kind != 'qresync', self.name, 'EXPUNGE, not VANISHED')
        require(1 <= number <= len(self.uids), self.name, 'EXPUNGE', number,
                'of', len(self.uids))
        self.remove(number - 1)

    def vanished(self, text):
        require(self.kind == 'qresync', self.name, 'VANISHED')
        if text.startswith('(EARLIER) '):
            self.earlier(sequence(text[10:]))
            return
        for uid in sequence(text):
            self.remove(self.place_of(uid))
            self.box.saw_gone(uid, self.name)

    def earlier(self, uids):
        """RFC 7162 3.2.10.1: may name what was never here.  In SELECT nothing is
        here yet."""
        for uid in uids:
            if uid in self.uids:
                self.remove(self.uids.index(uid))
            elif uid in self.flags:
                self.box.saw_gone(uid, self.name)
                del self.flags[uid]

    def place_of(self, uid):
        """Where it is, or where it must be among those not known."""
        unknown = None
        for i, u in enumerate(self.uids):
            if u == uid:
                return i
            if u is None:
                unknown = i
            elif u > uid:
                break
        require(unknown is not None, self.name, 'VANISHED', uid,
                'which is not in', self.uids)
        return unknown

    def known(self, number, uid):
        """Message number has this UID."""
        require(1 <= number <= len(self.uids), self.name, 'FETCH', number,
                'of', len(self.uids))
        had = self.uids[number - 1]
        require(had in (None, uid), self.name, 'message', number, 'is', uid,
                'and was', had)
        if had is None:
            before = [u for u in self.uids[:number - 1] if u]
            after = [u for u in self.uids[number:] if u]
            require((not before or before[-1] < uid) and
                    (not after or uid < after[0]), self.name, 'UID', uid,
                    'out of order in', self.uids)
            self.uids[number - 1] = uid

    def fetch(self, number, items):
        uid = re.search(rb'[ (]UID (\d+)', items)
        flags = re.search(rb'[ (]FLAGS \(([^)]*)\)', items)
        modseq = re.search(rb'[ (]MODSEQ \((\d+)\)', items)
        if uid:
            self.known(number, int(uid[1]))
        require(1 <= number <= len(self.uids), self.name, 'FETCH', number,
                'of', len(self.uids))
        at = self.uids[number - 1]
        if at is None or not flags:
            return
        flags = frozenset(flags[1].decode().split()) - {'\\Recent'}
        modseq = int(modseq[1]) if modseq else None
        if modseq is not None:
            require(modseq >= self.modseqs.get(at, 0), self.name, 'UID', at,
                    'modseq', modseq, 'after', self.modseqs.get(at))
            self.modseqs[at] = modseq
        self.flags[at] = flags
        self.box.saw_flags(at, flags, modseq, self.since, self.name)

    # --- Whole steps ---

    def items(self):
        return '(UID FLAGS)' if self.kind == 'plain' else '(UID FLAGS MODSEQ)'

    async def fill(self):
        """Learn of the messages that are only counted."""
        if None in self.uids:
            await self.command(f'FETCH {self.uids.index(None) + 1}:* ' +
                               self.items(), may_expunge=False)

    async def look(self):
        """NOOP: all that was answered before it is known after it."""
        await self.command('NOOP')
        since = self.since
        # What came after the NOOP may come and go meanwhile.
        while None in self.uids:
            await self.fill()
        self.box.saw_all(self.uids, since, self.name)
        return since

    def flags_are_explained(self, uids, since):
        for uid in uids:
            if uid in self.flags:
                self.box.saw_flags(uid, self.flags[uid], None, since, self.name)

    async def select(self, box, resync=False):
        """RFC 7162 3.2.5 with resync: the view of before is brought up to date."""
        text, known = '', []
        if resync and self.kind == 'qresync' and self.highest and \
                None not in self.uids and self.box is box:
            text = f' (QRESYNC ({box.validity} {self.highest}))'
            known = self.uids
        else:
            self.flags = {}
            self.modseqs = {}
            self.highest = 0
        self.box = box
        self.uids = []
        status, rest = await self.command(f'SELECT {box.name}{text}')
        if status != 'OK':
            self.box = None
            return status, rest
        since = self.since
        # Of a message that was known, all that has changed was told.
        self.flags_are_explained(self.flags, since)
        while None in self.uids:
            await self.fill()
        box.saw_all(self.uids, since, self.name)
        require(set(self.flags) == set(self.uids), self.name,
                'QRESYNC does not tell of', set(self.flags) ^ set(self.uids),
                'with', known)
        return status, rest

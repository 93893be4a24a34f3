#!/usr/bin/env python3
# resync.py - clients that were away, brought up to date in every way there is
# SPDX-License-Identifier: ISC
"""usage: resync.py IMAPD MBOXADM PURGE_CONF USER SEED SECONDS

Sessions of USER ("IMAPD --preauth USER") do things at random in two mailboxes,
in an order that SEED decides, for SECONDS; in every other round some more do so
at the same time, in no order.  Some of them are clients with a
memory, which live through cut connections and mboxadm purge (with PURGE_CONF,
which keeps no tombstones): each keeps UIDs and flags as RFC 7162 6 tells it to.
After each round they are brought up to date by QRESYNC, by CONDSTORE with a
search, and by UID FETCH with VANISHED, and must all know what a client knows
that starts from nothing.
"""
import os
import random
import re
import subprocess
import sys
import threading
import time

MAILBOXES = [b'INBOX', b'other']
ROUND = 30
MESSAGES_MAX = 200
NOISE = 2                       # sessions that play at the same time as all else
FLAGS = [b'\\Seen', b'\\Flagged', b'\\Answered', b'\\Deleted', b'$A', b'$B']


def uids_of(text):
    """The numbers of a sequence set."""
    uids = []
    for part in text.split(b','):
        first, _, last = part.partition(b':')
        uids += range(int(first), int(last or first) + 1)
    return uids


def some_set(uids):
    """A set of some of them, as a client may write it, gaps and all."""
    uids = sorted(uids)
    if not uids or random.random() < .1:
        return b'1:*'
    if random.random() < .5:
        a, b = random.choice(uids), random.choice(uids)
        return b'%d:%d' % (a, b)
    return b','.join(b'%d' % random.choice(uids)
                     for _ in range(random.randint(1, 5)))


class Closed(Exception):
    """The connection ended."""


class Memory:
    """What a client knows of a mailbox between its sessions."""

    def __init__(self):
        self.forget()

    def forget(self):
        self.validity = 0
        self.modseq = 0
        self.uidnext = 1
        self.flags = {}


class Session:
    """One connection.  enabled: the words of its ENABLE."""

    def __init__(self, enabled=b''):
        self.process = subprocess.Popen([IMAPD, '--preauth', USER],
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.tag = 0
        self.memory = None
        self.numbers = []       # UIDs by sequence numbers, None: not known
        self.enabled = enabled
        self.silent = None      # (op, flags) of a silent STORE that goes on
        self.log = []
        self.line()
        if enabled:
            self.command(b'ENABLE ' + enabled)

    def line(self):
        line = self.process.stdout.readline()
        if not line.endswith(b'\r\n'):
            raise Closed
        literal = re.search(rb'\{(\d+)\}\r\n$', line)
        if literal:
            line += self.process.stdout.read(int(literal[1])) + self.line()
        return line

    def send(self, text):
        self.tag += 1
        self.log.append(b'C: %.200s' % text)
        try:
            self.process.stdin.write(b'a%d %s\r\n' % (self.tag, text))
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise Closed from error

    def command(self, text):
        """Run it; the words behind the tag, once all was taken in."""
        self.send(text)
        return self.answer(text)

    def answer(self, text):
        tag = b'a%d ' % self.tag
        self.code = None        # of HIGHESTMODSEQ
        self.highest = 0        # of MODSEQ items
        self.found = None
        while True:
            line = self.line()
            self.log.append(b'S: %.300s' % line)
            said = re.search(rb'\[HIGHESTMODSEQ (\d+)\]', line)
            if said and line.startswith((tag, b'* OK')):
                self.code = int(said[1])
            if line.startswith(b'* BYE'):
                raise Closed
            if line.startswith(tag):
                break
            self.untagged(line)
        assert not line.startswith(tag + b'BAD'), (text, line)
        # RFC 7162 6: at the tagged response the new value is known.
        if self.memory and self.aware():
            if self.code:
                self.memory.modseq = self.code
            else:
                self.memory.modseq = max(self.memory.modseq, self.highest)
        return line[len(tag):]

    def aware(self):
        return b'CONDSTORE' in self.enabled or b'QRESYNC' in self.enabled

    def untagged(self, line):
        said = re.match(rb'\* SEARCH((?: \d+)*)', line)
        if said:
            self.found = [int(n) for n in said[1].split()]
        said = re.match(rb'\* VANISHED (\(EARLIER\) )?([\d,:]+)\r\n', line)
        if said:
            self.vanished(uids_of(said[2]), bool(said[1]))
        said = re.match(rb'\* (\d+) (EXISTS|EXPUNGE|FETCH|UIDFETCH)'
                        rb'(?: \((.*)\))?\r\n', line, re.S)
        if said:
            self.counted(int(said[1]), said[2], said[3])

    def vanished(self, uids, earlier):
        assert b'QRESYNC' in self.enabled or b'UIDONLY' in self.enabled
        for uid in uids:
            if self.memory:
                self.memory.flags.pop(uid, None)
            if earlier:
                assert uid not in self.numbers, uid
            elif uid in self.numbers:
                self.numbers.remove(uid)
            else:
                # Told as EXISTS, and never asked for: among its like.
                place = max((i + 1 for i, other in enumerate(self.numbers)
                             if other and other < uid), default=0)
                assert self.numbers[place] is None, (uid, self.numbers)
                del self.numbers[place]

    def counted(self, number, what, data):
        if what == b'EXISTS':
            assert number >= len(self.numbers)
            self.numbers += [None] * (number - len(self.numbers))
            return
        uid = number
        if what != b'UIDFETCH':
            assert b'UIDONLY' not in self.enabled
            assert 1 <= number <= len(self.numbers)
            uid = self.numbers[number - 1]
        if what == b'EXPUNGE':
            assert b'QRESYNC' not in self.enabled
            del self.numbers[number - 1]
            if self.memory:
                self.memory.flags.pop(uid, None)
            return
        said = re.search(rb'(?:^| )UID (\d+)', data)
        if said:
            assert uid in (None, int(said[1])), (uid, data, self.numbers)
            uid = int(said[1])
            if what == b'FETCH':
                self.numbers[number - 1] = uid
        flags = re.search(rb'FLAGS \(([^)]*)\)', data)
        modseq = re.search(rb'MODSEQ \((\d+)\)', data)
        if modseq:
            self.highest = max(self.highest, int(modseq[1]))
        if flags and uid and self.memory is not None:
            self.memory.flags[uid] = set(flags[1].split()) - {b'\\Recent'}
        elif modseq and self.silent and self.memory is not None and \
                uid in self.memory.flags:
            # What the server does not say the client knows.
            op, flags = self.silent
            have = self.memory.flags[uid]
            self.memory.flags[uid] = have | flags if op == b'+FLAGS' else \
                have - flags if op == b'-FLAGS' else flags

    # --- Selecting ---

    def select(self, mailbox, memory=None, params=b''):
        self.mailbox = mailbox
        self.memory = None
        self.numbers = []
        self.validity = self.uidnext = 0
        before = len(self.log)
        self.memory = memory
        known = memory.uidnext if memory else 1
        assert self.command(b'SELECT ' + mailbox + params).startswith(b'OK')
        for line in self.log[before:]:
            said = re.search(rb'\[UIDVALIDITY (\d+)\]', line)
            if said:
                self.validity = int(said[1])
            said = re.search(rb'\[UIDNEXT (\d+)\]', line)
            if said:
                self.uidnext = int(said[1])
        if memory:
            if memory.validity not in (0, self.validity):
                memory.forget()
            memory.validity = self.validity
        return known

    def new_messages(self, known):
        """Ask for what the memory cannot have."""
        if self.uidnext > known:
            self.command(b'UID FETCH %d:%d (UID FLAGS)' %
                         (known, self.uidnext - 1))
        self.memory.uidnext = max(self.uidnext, self.memory.uidnext)

    def by_qresync(self, mailbox, memory):
        params = b''
        if memory.validity:
            params = b' (QRESYNC (%d %d' % (memory.validity,
                                            max(memory.modseq, 1))
            uids = sorted(memory.flags)
            # It may know of some that are newer than all that it asked for.
            last = max(uids + [memory.uidnext - 1])
            if last > 0 and random.random() < .5:
                params += b' 1:%d' % last
            complete = len(uids) and random.random() < .5 and \
                b'UIDONLY' not in self.enabled
            if complete:
                pairs = sorted(random.sample(range(len(uids)),
                                             min(len(uids), 5)))
                params += b' (%s %s)' % (
                    b','.join(b'%d' % (i + 1) for i in pairs),
                    b','.join(b'%d' % uids[i] for i in pairs))
            params += b'))'
        known = self.select(mailbox, memory, params)
        self.new_messages(known)

    def by_condstore(self, mailbox, memory):
        since = memory.modseq
        known = self.select(mailbox, memory, b' (CONDSTORE)')
        highest = memory.modseq
        if since and known > 1 and self.uidnext > 1 and since < highest:
            self.command(b'UID FETCH 1:%d (FLAGS) (CHANGEDSINCE %d)' %
                         (known - 1, since))
        self.command(b'UID SEARCH ALL')
        for uid in set(memory.flags) - set(self.found):
            del memory.flags[uid]
        self.new_messages(known)
        memory.modseq = highest

    def by_vanished(self, mailbox, memory):
        since = memory.modseq
        known = self.select(mailbox, memory)
        highest = memory.modseq
        if since and known > 1:
            self.command(b'UID FETCH 1:%d (FLAGS) (CHANGEDSINCE %d VANISHED)'
                         % (known - 1, since))
        self.new_messages(known)
        memory.modseq = highest

    def end(self):
        try:
            self.process.stdin.write(b'z LOGOUT\r\n')
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.read()
        assert self.process.wait() == 0

    def cut(self):
        """Hang up without a word."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Living:
    """A client with a memory that plays too; its connection is cut at times."""

    def __init__(self, enabled, mailbox):
        self.enabled = enabled
        self.mailbox = mailbox
        self.memory = Memory()
        self.session = None

    def connect(self):
        self.session = Session(self.enabled)
        self.session.by_qresync(self.mailbox, self.memory)

    def learn(self):
        """Ask for what EXISTS has told of."""
        s = self.session
        if any(uid not in self.memory.flags for uid in s.numbers):
            s.command(b'UID FETCH %d:* (UID FLAGS)' % self.memory.uidnext)
            last = max((uid for uid in self.memory.flags), default=0)
            self.memory.uidnext = max(self.memory.uidnext, last + 1)

    def lose(self):
        if random.random() < .3:
            try:
                self.session.send(random.choice([
                    b'NOOP', b'UID STORE 1:* +FLAGS (\\Answered)',
                    b'UID FETCH 1:* (FLAGS MODSEQ)', b'EXPUNGE']))
            except Closed:
                pass
        self.session.cut()
        self.session = None


def step(s, number):
    """One thing that a client does."""
    uids = [uid for uid in s.numbers if uid]
    flags = b' '.join(random.sample(FLAGS, random.randint(1, 2)))
    op = random.choice([b'+FLAGS', b'-FLAGS', b'+FLAGS', b'FLAGS'])
    other = random.choice(MAILBOXES)
    body = b'Subject: %d\r\n\r\nbody\r\n' % number
    some = some_set(uids)
    numbered = b'UIDONLY' not in s.enabled and len(s.numbers) > 0
    choices = [
        (20, lambda: s.command(b'APPEND %s (%s) {%d+}\r\n%s' % (
            other, flags, len(body), body))),
        (15, lambda: s.command(b'UID STORE %s %s (%s)' % (some, op, flags))),
        (10, lambda: store_if(s, some, op, flags)),
        (8, lambda: store_silent(s, b'UID STORE ' + some, op, flags)),
        (6, lambda: s.command(b'EXPUNGE')),
        (6, lambda: s.command(b'UID EXPUNGE ' + some)),
        (6, lambda: s.command(b'UID MOVE %s %s' % (some, other))),
        (4, lambda: s.command(b'UID COPY %s %s' % (some, other))),
        (8, lambda: s.command(b'UID FETCH %s (FLAGS BODY[]<0.1>)' % some)),
        (10, lambda: s.command(b'NOOP')),
        (4, lambda: s.command(b'UID SEARCH ALL')),
    ]
    if numbered:
        n = random.randint(1, len(s.numbers))
        choices += [
            (16, lambda: s.command(b'STORE %d:* %s (%s)' % (n, op, flags))),
            (5, lambda: store_silent(s, b'STORE %d' % n, op, flags)),
            (5, lambda: s.command(b'FETCH %d:* (UID FLAGS)' % n)),
            (8, lambda: s.command(b'FETCH %d (FLAGS MODSEQ)' % n)),
            (3, lambda: s.command(b'MOVE %d %s' % (n, other))),
            (3, lambda: s.command(b'SEARCH UNSEEN')),
        ]
    play = random.choices([c[1] for c in choices], [c[0] for c in choices])[0]
    play()


def store_silent(s, command, op, flags):
    s.silent = op, set(flags.split())
    s.command(b'%s %s.SILENT (%s)' % (command, op, flags))
    s.silent = None


def store_if(s, some, op, flags):
    if not s.aware():
        return
    since = random.choice([s.memory.modseq if s.memory else 9, 1, 10 ** 9])
    command = b'UID STORE %s (UNCHANGEDSINCE %d)' % (some, since)
    if random.random() < .5:
        store_silent(s, command, op, flags)
    else:
        s.command(b'%s %s (%s)' % (command, op, flags))


def fresh(mailbox):
    memory = Memory()
    session = Session()
    session.select(mailbox, memory)
    session.new_messages(1)
    session.end()
    return memory


def differ(what, memory, want, log):
    if memory.flags == want.flags:
        return
    for uid in sorted(set(memory.flags) | set(want.flags)):
        a, b = memory.flags.get(uid), want.flags.get(uid)
        if a != b:
            print('UID %d: %s knows %s, there is %s' % (uid, what, a, b))
    for line in log[-60:]:
        print(line.decode('latin-1').rstrip())
    sys.exit('%s is not in step (seed %s)' % (what, SEED))


def check(away, living):
    """Bring all up to date; the living ones in their session or a new one."""
    for mailbox in MAILBOXES:
        want = fresh(mailbox)
        for name, enabled, how in WAYS:
            memory = away[name, mailbox]
            # Some stay away for longer.
            if random.random() < .3:
                continue
            session = Session(enabled)
            how(session, mailbox, memory)
            differ(name, memory, want, session.log)
            session.end()
    for client in living:
        try:
            if client.session is None:
                client.connect()
            client.session.command(b'NOOP')
            client.learn()
        except Closed:
            client.session = None
            client.connect()
        differ('a living client (%s)' % client.enabled.decode(),
               client.memory, fresh(client.mailbox), client.session.log)


WAYS = [
    ('QRESYNC', b'QRESYNC', Session.by_qresync),
    ('QRESYNC and UIDONLY', b'QRESYNC UIDONLY', Session.by_qresync),
    ('CONDSTORE', b'CONDSTORE', Session.by_condstore),
    ('VANISHED', b'QRESYNC', Session.by_vanished),
]


def play(living, plain, number):
    client = random.choice(living + plain)
    if isinstance(client, Session):
        step(client, number)
        return
    try:
        if client.session is None:
            client.connect()
        step(client.session, number)
        if random.random() < .3:
            client.learn()
        if random.random() < .12:
            client.lose()
    except Closed:
        client.session = None


class Noise(threading.Thread):
    """A session that plays for itself, beside the others."""

    def __init__(self):
        super().__init__()
        self.stop = threading.Event()
        self.error = None

    def run(self):
        try:
            session = Session(random.choice([b'', b'CONDSTORE', b'UIDONLY']))
            session.select(random.choice(MAILBOXES))
            while not self.stop.is_set():
                step(session, 0)
            session.end()
        except BaseException as error:  # for the thread that waits
            self.error = error

    def end(self):
        self.stop.set()
        self.join()
        if self.error and not isinstance(self.error, Closed):
            raise self.error


def empty(mailbox):
    session = Session()
    session.select(mailbox)
    if len(session.numbers) > MESSAGES_MAX:
        session.command(b'STORE 1:150 +FLAGS.SILENT (\\Deleted)')
        session.command(b'EXPUNGE')
    session.end()


def main(seconds):
    random.seed(SEED)
    session = Session()
    session.command(b'CREATE ' + MAILBOXES[1])
    session.end()
    away = {(way[0], mailbox): Memory() for way in WAYS
            for mailbox in MAILBOXES}
    living = [Living(enabled, mailbox) for mailbox in MAILBOXES
              for enabled in (b'QRESYNC', b'QRESYNC UIDONLY')]
    until = time.monotonic() + seconds
    number = rounds = 0
    while time.monotonic() < until:
        plain = [Session(random.choice([b'', b'CONDSTORE', b'UIDONLY']))
                 for _ in range(2)]
        for other in plain:
            other.select(random.choice(MAILBOXES))
        noise = [Noise() for _ in range(NOISE if rounds % 2 else 0)]
        for thread in noise:
            thread.start()
        for _ in range(ROUND):
            number += 1
            play(living, plain, number)
        for thread in noise:
            thread.end()
        for other in plain:
            other.end()
        if random.random() < .2:
            subprocess.run([MBOXADM, '-f', PURGE_CONF, 'purge'], check=True,
                           stdout=subprocess.DEVNULL)
        check(away, living)
        for mailbox in MAILBOXES:
            empty(mailbox)
        rounds += 1
    for client in living:
        if client.session:
            client.session.end()
    print('seed %s: %d rounds, %d steps' % (SEED, rounds, number))


if __name__ == '__main__':
    IMAPD, MBOXADM, PURGE_CONF, USER, SEED = sys.argv[1:6]
    os.environ.setdefault('MSGSTORE_LOG', 'stderr')
    main(float(sys.argv[6]))

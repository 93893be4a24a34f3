#!/usr/bin/env python3
# model.py - sessions that play at random, each checked by a client that counts
# SPDX-License-Identifier: ISC
"""usage: model.py IMAPD USER SEED STEPS

Starts sessions of USER in one mailbox ("IMAPD --preauth USER"; MSGSTORE is in
the environment) and lets them append, flag, copy, expunge, fetch and search in
an order that SEED decides.  Each session keeps the mailbox as RFC 3501 7.4
tells a client to: by counting EXISTS and EXPUNGE.  After every ROUND steps all
of them must have the UIDs and flags that a fresh session sees.
"""
import random
import re
import subprocess
import sys

SESSIONS = 4
ROUND = 50
MESSAGES_MAX = 300
BODY = b'Subject: step %d\r\n\r\nbody %d\r\n'


class Session:
    def __init__(self, imapd, user):
        self.process = subprocess.Popen([imapd, '--preauth', user],
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.tag = 0
        self.line()
        self.select()

    def line(self):
        line = self.process.stdout.readline()
        assert line, 'the session ended'
        literal = re.search(rb'\{(\d+)\}\r\n$', line)
        if literal:
            line += self.process.stdout.read(int(literal[1])) + self.line()
        return line

    def command(self, text, may_expunge=True):
        self.tag += 1
        tag = b'a%d ' % self.tag
        self.process.stdin.write(tag + text + b'\r\n')
        self.process.stdin.flush()
        while True:
            line = self.line()
            if line.startswith(tag):
                assert not line.startswith(tag + b'BAD'), (text, line)
                return
            self.untagged(line, text, may_expunge)

    def untagged(self, line, text, may_expunge):
        said = re.match(rb'\* (\d+) (EXISTS|EXPUNGE|FETCH)(?: \((.*)\))?\r\n',
                        line, re.S)
        if not said:
            return
        number = int(said[1])
        if said[2] == b'EXISTS':
            assert number >= len(self.uids), (text, line, len(self.uids))
            self.uids += [None] * (number - len(self.uids))
            return
        assert 1 <= number <= len(self.uids), (text, line, len(self.uids))
        if said[2] == b'EXPUNGE':
            assert may_expunge, (text, line)
            del self.uids[number - 1]
            return
        uid = re.search(rb'UID (\d+)', said[3])
        flags = re.search(rb'FLAGS \(([^)]*)\)', said[3])
        if uid:
            uid = int(uid[1])
            assert self.uids[number - 1] in (None, uid), (text, line)
            self.uids[number - 1] = uid
        if flags and self.uids[number - 1]:
            self.flags[self.uids[number - 1]] = \
                set(flags[1].split()) - {b'\\Recent'}

    def select(self):
        self.uids = []
        self.flags = {}
        self.command(b'SELECT INBOX')
        self.fill()

    def fill(self):
        if self.uids:
            self.command(b'UID FETCH 1:* (UID FLAGS)')

    def end(self):
        self.process.stdin.write(b'z LOGOUT\r\n')
        self.process.stdin.close()
        self.process.stdout.read()
        assert self.process.wait() == 0


def some_numbers(session):
    n = len(session.uids)
    return random.choice([b'1:*', b'*', b'%d' % random.randint(1, n),
                          b'%d:%d' % (random.randint(1, n),
                                      random.randint(1, n))])


def some_uids(session):
    known = [uid for uid in session.uids if uid] or [1]
    return b','.join(b'%d' % random.choice(known) for _ in range(3))


def append(session, step):
    body = BODY % (step, step)
    flags = random.choice([b'', b'(\\Seen) ', b'($Kw%d) ' %
                           random.randint(0, 9)])
    session.command(b'APPEND %s %s{%d+}\r\n%s' % (
        random.choice([b'INBOX', b'INBOX', b'Sent']), flags, len(body), body))


def store(session, step):
    session.command(b'STORE %s %s %s' % (
        some_numbers(session), random.choice([b'+FLAGS', b'-FLAGS', b'FLAGS']),
        random.choice([b'(\\Deleted)', b'(\\Seen $Foo)', b'(\\Flagged)'])),
        may_expunge=False)


def fetch(session, step):
    session.command(b'FETCH %s %s' % (some_numbers(session), random.choice([
        b'(FLAGS UID)', b'(FLAGS BODY[])',
        b'(UID ENVELOPE BODY.PEEK[HEADER.FIELDS (SUBJECT)])'])),
        may_expunge=False)


def search(session, step):
    session.command(random.choice([b'SEARCH ALL', b'SEARCH DELETED',
                                   b'SEARCH NOT SEEN SUBJECT step']),
                    may_expunge=False)


def noop(session, step):
    session.command(b'NOOP')
    session.fill()


# What may be done to a mailbox, how often, and whether it needs a message.
PLAY = [
    (25, False, append),
    (20, True, store),
    (10, True, lambda s, _: s.command(b'UID STORE ' + some_uids(s) +
                                      b' +FLAGS (\\Deleted)')),
    (8, False, lambda s, _: s.command(b'EXPUNGE')),
    (5, True, lambda s, _: s.command(b'UID EXPUNGE ' + some_uids(s))),
    (7, True, lambda s, _: s.command(
        b'COPY ' + some_numbers(s) + random.choice([b' INBOX', b' Sent']))),
    (6, True, fetch),
    (5, False, search),
    (14, False, noop),
]


def compare(sessions, imapd, user):
    fresh = Session(imapd, user)
    for session in sessions:
        session.command(b'NOOP')
        told = dict(session.flags)
        if session.uids:
            session.command(b'UID FETCH 1:* (UID)')
        assert session.uids == fresh.uids, (session.uids, fresh.uids)
        for uid in session.uids:
            assert told.get(uid) in (None, fresh.flags[uid]), \
                (uid, told[uid], fresh.flags[uid])
    fresh.end()
    return len(fresh.uids)


def main(imapd, user, seed, steps):
    random.seed(int(seed))
    sessions = [Session(imapd, user) for _ in range(SESSIONS)]
    for step in range(1, int(steps) + 1):
        session = random.choice(sessions)
        needs, play = random.choices([p[1:] for p in PLAY],
                                     [p[0] for p in PLAY])[0]
        if session.uids or not needs:
            play(session, step)
        if step % ROUND == 0 and \
                compare(sessions, imapd, user) > MESSAGES_MAX:
            session.command(b'STORE 1:200 +FLAGS (\\Deleted)')
            session.command(b'EXPUNGE')
    for session in sessions:
        session.end()


if __name__ == '__main__':
    main(*sys.argv[1:])

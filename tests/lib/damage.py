#!/usr/bin/env python3
# damage.py - every kind of file of a store, damaged in every way
# SPDX-License-Identifier: ISC
"""usage: damage.py [--seed N] [--rounds N] [--only REGEX] [--list] BUILD DIR

Makes a store with users and mail in DIR, and for each case of the tables below
(a kind of file, and what becomes of it) takes a copy, damages it, and then
  1. talks to imapd: honest answers, no crash, nothing that hangs, and no octet
     of another user's mail;
  2. runs "mboxadm check": it names what is wrong;
  3. runs "mboxadm check --repair", which restores what the table says;
  4. runs "mboxadm check" again, which finds nothing, and a second repair, which
     changes nothing;
  5. compares all mail with what there was: octets, flags, UIDs, UIDVALIDITY;
     no UID is given twice and no modseq goes back.
Damage by chance comes of the seed: with it, a case happens again the same way.
"""
import argparse
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import traceback

TIMEOUT = 60
PAGE = 4096


class Wrong(Exception):
    """The programs do not do what the table says."""


def need(condition, *words):
    if not condition:
        raise Wrong(' '.join(str(w) for w in words))


# --- Running the programs ---

class Programs:
    def __init__(self, build, top):
        self.build, self.top = os.path.abspath(build), os.path.abspath(top)
        self.conf = os.path.join(self.top, 'conf')
        self.env = dict(os.environ, MSGSTORE_LOG='stderr', LC_ALL='C',
                        MSGSTORE_CONF=self.conf)
        self.owner = None
        with open(self.conf, 'w', encoding='ascii') as f:
            f.write('login-delay = 0\n')

    def run(self, argv, data=b''):
        with subprocess.Popen(argv, stdin=subprocess.PIPE, env=self.env,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as p:
            try:
                out, err = p.communicate(data, timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                p.kill()
                p.communicate()
                raise Wrong('hangs: ' + ' '.join(argv)) from None
        err = err.decode(errors='replace')
        need(p.returncode >= 0 and 'Sanitizer' not in err and
             'runtime error' not in err, argv, p.returncode, err)
        where = self.env.get('MSGSTORE_SANITIZER_DIR', self.top)
        for name in os.listdir(where):
            if name.startswith('san.'):
                with open(os.path.join(where, name), encoding='utf-8') as f:
                    raise Wrong(f.read())
        return p.returncode, out, err

    def mboxadm(self, store, *words, data=b''):
        status, out, err = self.run(
            [self.build + '/mboxadm', '-s', store] + list(words), data)
        return status, out.decode(errors='replace'), err

    def must(self, store, *words, data=b''):
        status, out, err = self.mboxadm(store, *words, data=data)
        need(status == 0, 'mboxadm', words, status, out, err)
        return out

    def own(self, path):
        if self.owner:
            os.chown(path, *self.owner, follow_symlinks=False)


class Response:
    """One response: its text without literals, and the literals."""

    def __init__(self, text, literals):
        self.text, self.literals = text, literals


def parse(out):
    at, found = 0, []
    while at < len(out):
        text, literals = b'', []
        while True:
            end = out.find(b'\r\n', at)
            if end == -1:
                return found
            line = out[at:end]
            at = end + 2
            text += line
            m = re.search(rb'\{(\d+)\}$', line)
            if m is None:
                break
            size = int(m.group(1))
            if at + size > len(out):
                return found
            literals.append(out[at:at + size])
            at += size
        found.append(Response(text.decode(errors='replace'), literals))
    return found


class Session:
    """A dialogue of imapd, sent at once.  commands: {key: octets}."""

    def __init__(self, programs, store, user, commands, password=None):
        keys = list(commands)
        argv = [programs.build + '/imapd', '-s', store]
        data = b''
        if password is None:
            argv += ['--preauth', user]
        else:
            data = b'in LOGIN %s %s\r\n' % (user.encode(), password.encode())
        for i, key in enumerate(keys):
            data += b't%d %s\r\n' % (i, commands[key])
        self.status, out, self.log = programs.run(argv, data +
                                                  b'bye LOGOUT\r\n')
        self.answer, self.untagged, some = {}, {}, []
        self.bodies, self.ended, self.login = [], False, ''
        for r in parse(out):
            tag, _, rest = r.text.partition(' ')
            self.bodies += r.literals
            if re.fullmatch(r't\d+', tag):
                key = keys[int(tag[1:])]
                self.answer[key], self.untagged[key] = rest, some
                some = []
            elif tag == 'in':
                self.login = rest
            elif tag == 'bye':
                self.ended = rest.startswith('OK')
            else:
                need(tag in '*+', 'not IMAP:', r.text[:200])
                some.append(r)
        bad = [a for a in self.answer.values() if not a.startswith('OK')]
        need(not (bad or not self.ended) or self.log.strip(),
             'no word in the log:', bad, out[-300:])

    def ok(self, key):
        return self.answer.get(key, '').startswith('OK')


def quoted(name):
    return b'"' + name.encode().replace(b'\\', b'\\\\') + b'"'


class Mailbox:
    def __init__(self):
        self.validity = self.uidnext = self.modseq = 0
        self.mail = {}		# uid: (flags, octets)


def reading(names):
    commands = {'list': b'LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN))'}
    for name in names:
        commands['select', name] = b'SELECT ' + quoted(name) + b' (CONDSTORE)'
        commands['fetch', name] = b'UID FETCH 1:* (FLAGS BODY.PEEK[])'
        commands['envelope', name] = b'UID FETCH 1:* (ENVELOPE BODYSTRUCTURE)'
        commands['search', name] = b'UID SEARCH SUBJECT message'
    return commands


def taken(session, name):
    box = Mailbox()
    for r in session.untagged.get(('select', name), []):
        for word, attribute in (('UIDVALIDITY', 'validity'),
                                ('UIDNEXT', 'uidnext'),
                                ('HIGHESTMODSEQ', 'modseq')):
            m = re.search(r'\[%s (\d+)\]' % word, r.text)
            if m:
                setattr(box, attribute, int(m.group(1)))
    for r in session.untagged.get(('fetch', name), []):
        uid = re.search(r'UID (\d+)', r.text)
        flags = re.search(r'FLAGS \(([^)]*)\)', r.text)
        if uid and flags and r.literals:
            box.mail[int(uid.group(1))] = (
                frozenset(flags.group(1).split()) - {'\\Recent'},
                r.literals[-1])
    return box


# --- The store that all cases begin with ---

LONG = 110	# messages in a mailbox of alice's that has a search.db
ALICE = ('INBOX', 'Sent', 'Work\\Deep', 'Empty', 'shared\\sales')
BOB = ('INBOX',)


def letter(owner, n, more=''):
    return ('From: %s@example.org\r\nSubject: message %d of %s\r\n'
            'Message-ID: <%d.%s@example.org>\r\n\r\nbody %d of %s\r\n%s' %
            (owner.split('/')[0], n, owner, n, owner.replace('/', '.')
             .replace('\\', '-'), n, owner, more)).encode()


class Store:
    """The base: its directory, an older copy of it, and what is in it."""

    def __init__(self, programs):
        self.p = programs
        self.path = os.path.join(programs.top, 'base')
        self.older = os.path.join(programs.top, 'older')
        self.make()
        self.now = self.read(self.path)
        self.ids = {name: self.id_of('alice', name) for name in
                    ('INBOX', 'Sent', 'Work\\Deep', 'Empty', 'Long')}
        self.bob = self.id_of('bob', 'INBOX')

    def append(self, user, box, n, more=''):
        text = letter(user + '/' + box, n, more)
        session = Session(self.p, self.path, user, {
            0: b'APPEND %s {%d+}\r\n%s' % (quoted(box), len(text), text)})
        need(session.ok(0), session.answer)

    def talk(self, user, *commands):
        session = Session(self.p, self.path, user,
                          dict(enumerate(commands)))
        need(all(session.ok(i) for i in range(len(commands))),
             session.answer, session.log)

    def make(self):
        must, path = self.p.must, self.path
        os.mkdir(path, 0o700)
        self.p.own(path)
        must(path, 'init')
        must(path, 'user', 'add', '--password-stdin', 'alice',
             data=b'wonderland\n')
        must(path, 'user', 'add', '--password-stdin', 'bob', data=b'builder\n')
        must(path, 'shared', 'add', 'sales')
        must(path, 'grant', 'sales', 'alice', 'lrswipkxte')
        for box in 'Work\\Deep', 'Empty':
            must(path, 'mailbox', 'create', 'alice', box, '--subscribe')
        for n in range(1, 6):
            self.append('alice', 'INBOX', n, 'x' * 900 * n)
        self.append('alice', 'Sent', 1)
        self.append('alice', 'Work\\Deep', 1)
        self.append('alice', 'Work\\Deep', 2)
        self.append('bob', 'INBOX', 1)
        self.append('bob', 'INBOX', 2)
        self.append('alice', 'shared\\sales', 1)
        self.talk('alice', b'SELECT INBOX',
                  b'STORE 2 +FLAGS (\\Flagged $Label1)',
                  b'STORE 3 +FLAGS (\\Seen \\Deleted)')
        # Enough for an index.
        must(path, 'mailbox', 'create', 'alice', 'Long')
        self.talk('alice', b'APPEND "Long"' + b''.join(
            b' {%d+}\r\n%s' % (len(text), text) for text in
            (letter('alice/Long', n) for n in range(1, LONG + 1))))
        must(path, 'index', 'alice')
        shutil.copytree(path, self.older, symlinks=True)
        self.talk('alice', b'SELECT INBOX', b'EXPUNGE',
                  b'STORE 1 +FLAGS (\\Seen Other)')
        for n in range(6, 9):
            self.append('alice', 'INBOX', n)
        self.append('alice', 'Sent', 2)
        self.append('bob', 'INBOX', 3)

    def read(self, path):
        found = {}
        for user, names in ('alice', ALICE), ('bob', BOB):
            session = Session(self.p, path, user, reading(names))
            for name in names:
                for what in 'select', 'fetch', 'envelope', 'search':
                    need(session.ok((what, name)), user, name, what,
                         session.answer.get((what, name)), session.log)
                found[user, name] = taken(session, name)
        return found

    def id_of(self, user, name):
        # Not by sqlite3: it would fold the log into the database.
        out = self.p.must(self.path, 'mailbox', 'status', user, name)
        return out.rstrip('\n').split('\t')[8]


# --- What becomes of a file ---

class Damage:
    """A case at work: the store, its base, and chance."""

    def __init__(self, base, store, seed):
        self.base, self.store = base, store
        self.random = random.Random(seed)

    def at(self, path):
        return os.path.join(self.store, path)

    def write(self, path, octets):
        full = self.at(path)
        if os.path.lexists(full):
            os.chmod(full, 0o600)
        with open(full, 'wb') as f:
            f.write(octets)
        self.base.p.own(full)

    def read(self, path):
        with open(self.at(path), 'rb') as f:
            return f.read()


def missing(d, path):
    os.unlink(d.at(path))


def bare(d, path):
    """The database without its log: what a careless copy does."""
    for end in '', '-wal', '-shm', '-journal':
        if os.path.exists(d.at(path + end)):
            os.unlink(d.at(path + end))


def empty(d, path):
    d.write(path, b'')


def cut(size):
    def op(d, path):
        octets = d.read(path)
        d.write(path, octets[:size if size > 0 else len(octets) + size])
    return op


def half(d, path):
    octets = d.read(path)
    d.write(path, octets[:len(octets) // 2])


def longer(d, path):
    d.write(path, d.read(path) + b'more\r\n')


def page(number, fill):
    def op(d, path):
        octets = bytearray(d.read(path))
        n = number
        if n is None:
            n = d.random.randrange(max(1, len(octets) // PAGE))
        octets[n * PAGE:(n + 1) * PAGE] = fill(d, PAGE)
        d.write(path, bytes(octets))
    return op


def zeros(_, n):
    return bytes(n)


def noise(d, n):
    return d.random.randbytes(n)


def garbage(d, path):
    d.write(path, noise(d, max(100, len(d.read(path)))))


def flip(first, last, n):
    """n bits between two octets, or anywhere."""
    def op(d, path):
        octets = bytearray(d.read(path))
        for _ in range(n):
            i = d.random.randrange(first, min(last or len(octets),
                                              len(octets)))
            octets[i] ^= 1 << d.random.randrange(8)
        d.write(path, bytes(octets))
    return op


def other_header(d, path):
    """As long as it was."""
    octets = d.read(path)
    d.write(path, octets.replace(b'Subject: ', b'Subject:-', 1))


def older(d, path):
    for end in '', '-wal', '-shm', '-journal':
        if os.path.exists(d.at(path + end)):
            os.unlink(d.at(path + end))
        there = os.path.join(d.base.older, path + end)
        if os.path.exists(there):
            with open(there, 'rb') as f:
                d.write(path + end, f.read())


def another(source):
    """The place of one file taken by a copy of another."""
    def op(d, path):
        bare(d, path)
        for end in '', '-wal':
            if os.path.exists(d.at(source(d) + end)):
                d.write(path + end, d.read(source(d) + end))
    return op


def foreign(d, path):
    """A database of somebody else's, with the same marks."""
    head = d.read(path)[:100]
    bare(d, path)
    db = sqlite3.connect(d.at(path))
    db.execute('PRAGMA application_id = %d' %
               int.from_bytes(head[68:72], 'big'))
    db.execute('PRAGMA user_version = 1')
    db.execute('CREATE TABLE cats(name, lives)')
    db.execute('CREATE VIEW messages AS SELECT name AS uid FROM cats')
    db.commit()
    db.close()
    d.base.p.own(d.at(path))


def directory(d, path):
    os.unlink(d.at(path))
    os.mkdir(d.at(path), 0o700)
    d.base.p.own(d.at(path))


def full_directory(d, path):
    directory(d, path)
    d.write(path + '/something', b'x')


def link(target):
    def op(d, path):
        os.unlink(d.at(path))
        os.symlink(target(d), d.at(path))
        d.base.p.own(d.at(path))
    return op


def fifo(d, path):
    os.unlink(d.at(path))
    os.mkfifo(d.at(path), 0o600)
    d.base.p.own(d.at(path))


def closed(d, path):
    os.chmod(d.at(path), 0)


def of_root(d, path):
    os.chown(d.at(path), 0, 0)
    os.chmod(d.at(path), 0o600)


def sql(text):
    """Rows changed by statements, as a program that knows no rule could."""
    def op(d, path):
        db = sqlite3.connect(d.at(path), isolation_level=None)
        db.execute('PRAGMA writable_schema = ON')
        db.execute('PRAGMA ignore_check_constraints = ON')
        db.execute('PRAGMA foreign_keys = OFF')
        for statement in text.split(';'):
            if statement.strip():
                db.execute(statement)
        db.close()
        for end in '', '-wal', '-shm', '-journal':
            if os.path.exists(d.at(path + end)):
                d.base.p.own(d.at(path + end))
    return op


def tree_gone(d, path):
    shutil.rmtree(d.at(path))


# --- The tables: what is told, what comes back ---

# What must be there after a repair, of the mailboxes that a case touches:
ALL = 4		# UIDs, UIDVALIDITY, octets and flags
MAIL = 3	# UIDs, UIDVALIDITY and octets
UIDS = 2	# UIDs and octets, under this name or another
OCTETS = 1	# octets, under any UID in any mailbox of the account
NONE = 0

INBOX = (('alice', 'INBOX'),)
ALL_ALICE = tuple(('alice', name) for name in ALICE[:4])


class Case:
    def __init__(self, name, path, op, told, keep, boxes=INBOX, lost=(),
                 loses=None, unmended=False, chance=False, login=False,
                 contents=False):
        self.name, self.path, self.op = name, path, op
        self.told = told	# what check says, or None: perhaps nothing
        self.keep, self.boxes = keep, boxes
        self.lost = lost	# UIDs that no repair can bring back
        self.loses = bool(lost) if loses is None else loses
        self.unmended = unmended	# check --repair says what to do
        self.chance = chance		# again with another seed
        self.login = login	# the password must work afterwards
        self.contents = contents	# check has to read the messages


def database_ops(told):
    """What can become of any database: (name, op, told, chance)."""
    return [
        ('missing', bare, 'missing', False),
        ('empty', lambda d, p: (bare(d, p), empty(d, p)), told, False),
        ('cut to 1 octet', cut(1), told, False),
        ('cut to its header', cut(100), told, False),
        ('cut to a page', cut(PAGE), None, False),
        ('cut by half', half, None, False),
        ('cut by an octet', cut(-1), None, False),
        ('first page zero', page(0, zeros), None, False),
        ('first page noise', page(0, noise), None, False),
        ('some page zero', page(None, zeros), None, True),
        ('some page noise', page(None, noise), None, True),
        ('all noise', garbage, told, True),
        ('a bit of the header', flip(0, 100, 1), None, True),
        ('bits of the first page', flip(100, PAGE, 8), None, True),
        ('a bit anywhere', flip(0, 0, 1), None, True),
        ('bits anywhere', flip(0, 0, 30), None, True),
        ('of somebody else', foreign, None, False),
        ('a directory', lambda d, p: (bare_log(d, p), directory(d, p)), told,
         False),
        ('a directory with a file', lambda d, p: (bare_log(d, p),
                                                  full_directory(d, p)),
         told, False),
        ('a dangling link', link(lambda d: '/nowhere/x'), None, False),
        ('a link to a file', link(lambda d: '/etc/passwd'), None, False),
        ('a FIFO', lambda d, p: (bare_log(d, p), fifo(d, p)), told, False),
    ]


def bare_log(d, path):
    for end in '-wal', '-shm', '-journal':
        if os.path.exists(d.at(path + end)):
            os.unlink(d.at(path + end))


def cases(base):
    inbox = 'users/alice/' + base.ids['INBOX']
    sent = 'users/alice/' + base.ids['Sent']
    bob = 'users/bob/' + base.bob
    messages, account = inbox + '/messages.db', 'users/alice/account.db'

    # messages.db: mail keeps its UIDs; flags as far as rows can be read.
    for name, op, told, chance in database_ops('messages.db cannot be used'):
        keep = UIDS if chance and name != 'all noise' else MAIL
        if name == 'a bit anywhere' or name == 'bits anywhere':
            keep = OCTETS
        yield Case('messages.db: ' + name, messages, op, told, keep,
                   chance=chance)
    yield Case('messages.db: an older copy', messages, older,
               'older', MAIL)
    yield Case('messages.db: of another mailbox', messages,
               another(lambda d: sent + '/messages.db'), 'alice/INBOX', MAIL)
    yield Case('messages.db: of another user', messages,
               another(lambda d: bob + '/messages.db'), 'alice/INBOX', MAIL)
    yield Case('messages.db: is account.db', messages,
               another(lambda d: account), 'messages.db cannot be used', MAIL)
    yield Case('messages.db: unreadable', messages, closed, 'messages.db',
               ALL, unmended=True)
    yield Case('messages.db: of root', messages, of_root, 'messages.db', ALL,
               unmended=True)
    for name, op, chance in [
            ('missing', missing, False), ('empty', empty, False),
            ('cut by half', half, False), ('cut by an octet', cut(-1), False),
            ('cut to its header', cut(32), False), ('noise', garbage, True),
            ('a bit', flip(0, 0, 1), True), ('zero', page(0, zeros), False)]:
        yield Case('messages.db-wal: ' + name, messages + '-wal', op, None,
                   MAIL, chance=chance)
        yield Case('account.db-wal: ' + name, account + '-wal', op, None,
                   MAIL, ALL_ALICE, chance=chance)
    for name, op in [('missing', missing), ('empty', empty),
                     ('noise', garbage), ('a bit', flip(0, 0, 1))]:
        yield Case('messages.db-shm: ' + name, messages + '-shm', op, None,
                   ALL)
        yield Case('account.db-shm: ' + name, account + '-shm', op, None, ALL,
                   ALL_ALICE)
    for path in messages, account:
        yield Case(path.split('/')[-1] + '-journal: noise', path + '-journal',
                   lambda d, p: d.write(p, noise(d, 3 * PAGE)), None, MAIL,
                   ALL_ALICE)

    # Rows of messages.db.
    for name, text, told, keep in [
            ('a row gone', 'DELETE FROM messages WHERE uid = 2',
             'file 2 has no row', OCTETS),
            ('all rows gone', 'DELETE FROM messages', 'has no row', OCTETS),
            ('a row with a UID above uidnext',
             'UPDATE messages SET uid = 500 WHERE uid = 8', None, OCTETS),
            ('a row twice', 'INSERT INTO messages SELECT 700, flags, modseq, '
             'date, zone, savedate, size FROM messages WHERE uid = 2',
             'message 700 has no file', ALL),
            ('uidnext low', 'UPDATE mailbox SET uidnext = 3', None, ALL),
            ('uidnext 0', 'UPDATE mailbox SET uidnext = 0', None, ALL),
            ('uidnext negative', 'UPDATE mailbox SET uidnext = -7', None, ALL),
            ('uidnext huge', 'UPDATE mailbox SET uidnext = 99999999999', None,
             ALL),
            ('counters off', 'UPDATE mailbox SET messages = messages + 3, '
             'unseen = 1, size = 5', 'counters say', ALL),
            ('counters negative', 'UPDATE mailbox SET messages = -1, '
             'unseen = -2, deleted = -3, size = -4', 'counters say', ALL),
            ('no counters', 'DELETE FROM mailbox', 'row with the counters',
             ALL),
            ('modseq low', 'UPDATE mailbox SET highestmodseq = 1', None, ALL),
            ('modseq negative', 'UPDATE mailbox SET highestmodseq = -5', None,
             ALL),
            ('modseq huge', 'UPDATE mailbox SET highestmodseq = '
             '9223372036854775807', None, ALL),
            ('a row with modseq above all', 'UPDATE messages SET modseq = '
             '888888888 WHERE uid = 2', 'modseq', ALL),
            ('a row with modseq huge', 'UPDATE messages SET modseq = '
             '9223372036854775807 WHERE uid = 2', 'modseq', ALL),
            ('a row with modseq negative',
             'UPDATE messages SET modseq = -1 WHERE uid = 2', 'modseq', ALL),
            ('size wrong', 'UPDATE messages SET size = 10 WHERE uid = 2',
             "message 2's file", ALL),
            ('size negative', 'UPDATE messages SET size = -10 WHERE uid = 2',
             "message 2's file", ALL),
            ('size huge', 'UPDATE messages SET size = 9223372036854775807 '
             'WHERE uid = 2', "message 2's file", ALL),
            ('date huge', 'UPDATE messages SET date = 9223372036854775807, '
             'zone = 99999999 WHERE uid = 2', None, ALL),
            ('flags of no keyword',
             'UPDATE messages SET flags = -1 WHERE uid = 2', 'flags', MAIL),
            ('tombstone of a message', 'INSERT INTO expunged SELECT uid, '
             'flags, modseq, date, zone, savedate, size, 1, 0 FROM messages '
             'WHERE uid = 2', 'expunged too', ALL),
            ('tombstone above uidnext', 'UPDATE expunged SET uid = 4000',
             None, MAIL),
            ('tombstone of modseq huge', 'UPDATE expunged SET modseq = '
             '9223372036854775807', 'modseq', ALL),
            ('tombstones gone', 'DELETE FROM expunged', None, MAIL),
            ('content gone', 'DELETE FROM content WHERE uid = 2',
             'no content row', ALL),
            ('all content gone', 'DELETE FROM content', 'no content row',
             ALL),
            ('content of nobody', 'INSERT INTO content SELECT 3000, '
             'envelope, body, structure, headers, parts, preview '
             'FROM content WHERE uid = 2', None, ALL),
            ('content swapped', 'UPDATE content SET uid = 3001 WHERE uid = 1;'
             'UPDATE content SET uid = 1 WHERE uid = 2;'
             'UPDATE content SET uid = 2 WHERE uid = 3001', None, ALL),
            ('content empty', "UPDATE content SET envelope = x'', body = x'',"
             "structure = x'', headers = x'', parts = x''", None, ALL),
            ('content noise', 'UPDATE content SET envelope = randomblob(40), '
             'body = randomblob(40), structure = randomblob(40), '
             'headers = randomblob(40), parts = randomblob(40)', None, ALL),
            ('content of 100 MB', 'UPDATE content SET structure = '
             'zeroblob(100000000) WHERE uid = 2', 'too large to be read', ALL),
            ('content that is large in all', 'UPDATE content SET body = '
             'zeroblob(10000000), structure = zeroblob(10000000) '
             'WHERE uid = 2', 'too large to be read', ALL),
            ('sort keys of 100 MB', 'UPDATE sortkeys SET keys = '
             'zeroblob(100000000) WHERE uid = 2', 'too large to be read', ALL),
            ('a keyword of 100 MB', "UPDATE keywords SET name = "
             "hex(zeroblob(50000000)) WHERE bit = "
             "(SELECT min(bit) FROM keywords)", 'messages.db', MAIL),
            ('ids gone', 'DELETE FROM ids', None, ALL),
            ('ids noise', "UPDATE ids SET emailid = x'01', threadid = x''",
             None, ALL),
            ('sort keys noise', 'UPDATE sortkeys SET keys = randomblob(9)',
             None, ALL),
            ('keyword without name', "UPDATE keywords SET name = '' WHERE bit "
             '= (SELECT min(bit) FROM keywords)', None,
             MAIL),
            ('keyword of spaces', "UPDATE keywords SET name = 'a b ) {3}' "
             'WHERE bit = (SELECT min(bit) FROM keywords)', None, MAIL),
            ('keywords gone', 'DELETE FROM keywords', 'flags', MAIL),
            ('a table gone', 'DROP TABLE content', 'messages.db', MAIL),
            ('the messages gone', 'DROP TABLE messages', 'messages.db', MAIL),
            ('the counters gone', 'DROP TABLE mailbox', 'messages.db', MAIL),
            ('an index gone', 'DROP INDEX changed_modseq', None, ALL),
            # An append makes the note of its block anew.
            ('notes of changes gone', 'DELETE FROM changed', None, ALL),
            ('notes of changes too old', 'UPDATE changed SET modseq = 0',
             None, ALL),
            ('a column gone', 'ALTER TABLE mailbox DROP COLUMN purgedmodseq',
             'messages.db', MAIL),
            ('a view for a table', 'ALTER TABLE keywords RENAME TO other;'
             'CREATE VIEW keywords AS SELECT * FROM other', 'messages.db',
             MAIL),
            ('version 0', 'PRAGMA user_version = 0', 'messages.db', MAIL),
            ('of a newer version', 'PRAGMA user_version = 999', 'upgrade',
             ALL)]:
        yield Case('messages.db rows: ' + name, messages, sql(text), told,
                   keep, unmended=told == 'upgrade')

    for name, text in [
            ('envelope', "UPDATE content SET envelope = CAST(x'28' || "
             "substr(envelope, 3) AS BLOB) WHERE uid = 2"),
            ('structure', "UPDATE content SET structure = "
             "zeroblob(length(structure)) WHERE uid = 2"),
            ('headers', 'UPDATE content SET headers = (SELECT headers FROM '
             'content WHERE uid = 1) WHERE uid = 2'),
            ('preview', 'UPDATE content SET preview = '
             "x'6e6f' WHERE uid = 2"),
            ('thread', 'UPDATE ids SET threadid = zeroblob(20) WHERE uid = 2'),
            ('sort keys', 'UPDATE sortkeys SET keys = (SELECT keys FROM '
             'sortkeys WHERE uid = 1) WHERE uid = 2')]:
        yield Case('messages.db rows: of other octets: ' + name, messages,
                   sql(text), 'what is stored of message 2 ', ALL,
                   contents=True)

    # search.db: never missed; made again from the messages.
    index = 'users/alice/' + base.ids['Long'] + '/search.db'
    for name, op, told, chance in database_ops('search.db cannot be used'):
        yield Case('search.db: ' + name, index, op,
                   None if told == 'missing' else told, ALL, chance=chance)
    yield Case('search.db: of another mailbox', index,
               another(lambda d: messages), 'search.db', ALL)
    for end, name, op in [(end, name, op) for end in ('-wal', '-shm') for name, op
                          in [('missing', missing), ('empty', empty),
                              ('noise', garbage)]]:
        yield Case('search.db%s: %s' % (end, name), index + end, op, None, ALL,
                   chance=True)
    for name, text in [
            ('state of another', "UPDATE state SET mailbox = 'x'"),
            ('state of more', 'UPDATE state SET upto = 4000000000'),
            ('state negative', 'UPDATE state SET upto = -1, messages = -1'),
            ('no state', 'DELETE FROM state'),
            ('a word of 100 MB', 'UPDATE words SET word = '
             'hex(zeroblob(50000000)) WHERE id = 1'),
            ('no words', 'DROP TABLE words'),
            ('a view for words', 'DROP TABLE words; CREATE VIEW words AS SELECT '
             '1 AS id, 2 AS word'),
            ('no index of terms', 'DROP TABLE mail'),
            ('terms of 30 MB', 'UPDATE mail_data SET block = '
             'zeroblob(30000000)'),
            ('pages of terms gone', 'DELETE FROM mail_data WHERE id > 10'),
            ('terms of noise', 'UPDATE mail_data SET block = randomblob(500) '
             'WHERE id > 10'),
            ('another version of FTS5', 'UPDATE mail_config SET v = 99')]:
        yield Case('search.db rows: ' + name, index, sql(text), None, ALL)
    for name, op in [('missing', missing), ('empty', empty), ('noise', lambda d, p:
                     d.write(p, noise(d, 40))), ('a directory', directory),
                     ('a FIFO', fifo), ('a link', link(lambda d: d.at(bob + '/1')))]:
        yield Case('search.lock: ' + name, index.replace('.db', '.lock'), op,
                   'search.lock' if name in ('a directory', 'a link') else None,
                   ALL)

    # Message files.
    for name, op, told, kept in [
            ('missing', missing, 'message 2 has no file', False),
            ('empty', empty, "message 2's file", False),
            ('cut by half', half, "message 2's file", False),
            ('cut by an octet', cut(-1), "message 2's file", False),
            ('longer', longer, "message 2's file", False),
            ('a directory', directory, 'message 2', False),
            ('a directory with a file', full_directory, 'message 2', False),
            ('a link to another user',
             link(lambda d: d.at(bob + '/1')), 'message 2', False),
            ('a link to itself', link(lambda d: '2'), 'message 2', False),
            ('a FIFO', fifo, 'message 2', False)]:
        yield Case('message: ' + name, inbox + '/2', op, told, ALL,
                   lost=(2,), loses=told != "message 2's file")
    for name, op in [('a bit', flip(0, 0, 1)), ('zeros', lambda d, p:
                     d.write(p, bytes(len(d.read(p))))),
                     ('another header', other_header)]:
        yield Case('message: other octets: ' + name, inbox + '/2', op,
                   "message 2's octets", ALL, lost=(2,), loses=True,
                   contents=True)
    yield Case('message: unreadable', inbox + '/2', closed, None, ALL,
               unmended=True)
    yield Case('message: of root', inbox + '/2', of_root, None, ALL,
               unmended=True)
    yield Case('message: a stray one', inbox + '/4000000000',
               lambda d, p: d.write(p, b'Subject: stray\r\n\r\n'), None, ALL)
    yield Case('message: a stray one of a UID below', inbox + '/3',
               lambda d, p: d.write(p, b'Subject: stray\r\n\r\n'), None, ALL)

    # The lock, directories.
    for where, path in ('mailbox', inbox), ('account', 'users/alice'), \
            ('store', '.'):
        boxes = ALL_ALICE if where == 'mailbox' else ALL_ALICE + BOTH
        for name, op, told in [
                ('missing', missing, None), ('empty', empty, None),
                ('noise', lambda d, p: d.write(p, noise(d, 40)), None),
                ('huge', lambda d, p: d.write(p, noise(d, 1 << 20)), None),
                ('a directory', directory, 'lock'),
                ('a link', link(lambda d: d.at(bob + '/1')), 'lock'),
                ('a FIFO', fifo, None)]:
            yield Case('lock of the %s: %s' % (where, name), path + '/lock',
                       op, told, ALL, boxes)
    yield Case('a mailbox: directory gone', inbox, tree_gone,
               'its directory .* is missing', NONE, loses=True)
    yield Case('an account: directory gone', 'users/alice', tree_gone,
               'its directory is missing', NONE, ALL_ALICE, loses=True)
    yield Case('a mailbox: a link to another', inbox,
               lambda d, p: (tree_gone(d, p), os.symlink(d.at(bob), d.at(p))),
               'INBOX', NONE, loses=True)
    yield Case('an account: a link to another', 'users/alice',
               lambda d, p: (tree_gone(d, p), os.symlink(d.at('users/bob'),
                                                         d.at(p))),
               'users/alice', NONE, ALL_ALICE, loses=True)

    # account.db: names, UIDVALIDITY and UIDs of all mailboxes.
    for name, op, told, chance in database_ops('account.db cannot be used'):
        keep = MAIL
        if chance and name != 'all noise':
            keep = UIDS
        yield Case('account.db: ' + name, account, op, told, keep, ALL_ALICE,
                   chance=chance)
    yield Case('account.db: an older copy', account, older, None, ALL,
               ALL_ALICE)
    yield Case('account.db: of another user', account,
               another(lambda d: 'users/bob/account.db'), 'alice', MAIL,
               ALL_ALICE)
    yield Case('account.db: is messages.db', account,
               another(lambda d: messages), 'account.db cannot be used', MAIL,
               ALL_ALICE)
    yield Case('account.db: unreadable', account, closed, 'account.db', ALL,
               ALL_ALICE, unmended=True)
    yield Case('account.db: of root', account, of_root, 'account.db', ALL,
               ALL_ALICE, unmended=True)
    for name, text, told, keep in [
            ('a mailbox gone', "DELETE FROM mailboxes WHERE name = 'Sent'",
             'no name', MAIL),
            ('INBOX gone', "DELETE FROM mailboxes WHERE name = 'INBOX'",
             'no name', MAIL),
            ('all gone', 'DELETE FROM mailboxes', 'no name', MAIL),
            ('two names swapped', "UPDATE mailboxes SET name = 'x' WHERE "
             "name = 'Sent'; UPDATE mailboxes SET name = 'Sent' WHERE name = "
             "'Empty'; UPDATE mailboxes SET name = 'Empty' WHERE name = 'x'",
             None, UIDS),
            ('an id of no directory', "UPDATE mailboxes SET id = "
             "'0123456789abcdef' WHERE name = 'INBOX'", 'INBOX', MAIL),
            ('an id that is none', "UPDATE mailboxes SET id = '../../bob' "
             "WHERE name = 'INBOX'", 'id', MAIL),
            ('a name with controls', "UPDATE mailboxes SET name = "
             "'a' || char(10) || 'b' WHERE name = 'Sent'", 'name', MAIL),
            ('an empty name', "UPDATE mailboxes SET name = '' WHERE name = "
             "'Sent'", 'name', MAIL),
            ('a name with ends', "UPDATE mailboxes SET name = char(31) || "
             "'Sent' || char(31) WHERE name = 'Sent'", 'name', MAIL),
            ('a name in another case', "UPDATE mailboxes SET name = 'inbox' "
             "WHERE name = 'INBOX'", None, UIDS),
            ('counters off', 'UPDATE mailboxes SET messages = 77, unseen = 3, '
             "size = 8 WHERE name = 'INBOX'", None, ALL),
            ('counters negative', 'UPDATE mailboxes SET messages = -1, '
             "unseen = -3, size = -8 WHERE name = 'INBOX'",
             None, ALL),
            ('uidnext low', "UPDATE mailboxes SET uidnext = 2 WHERE name = "
             "'INBOX'", None, ALL),
            ('uidnext 1', "UPDATE mailboxes SET uidnext = 1 WHERE name = "
             "'INBOX'", None, ALL),
            ('uidnext negative', "UPDATE mailboxes SET uidnext = -2 WHERE "
             "name = 'INBOX'", None, ALL),
            ('uidnext high', "UPDATE mailboxes SET uidnext = 500 WHERE name = "
             "'INBOX'", 'older', MAIL),
            ('uidnext huge', "UPDATE mailboxes SET uidnext = 99999999999 "
             "WHERE name = 'INBOX'", None, MAIL),
            ('modseq high', 'UPDATE mailboxes SET highestmodseq = 5000000 '
             "WHERE name = 'Sent'", 'older', ALL),
            ('UIDVALIDITY 0', "UPDATE mailboxes SET uidvalidity = 0 WHERE "
             "name = 'INBOX'", 'UIDVALIDITY', UIDS),
            ('UIDVALIDITY negative', 'UPDATE mailboxes SET uidvalidity = -9 '
             "WHERE name = 'INBOX'", 'UIDVALIDITY', UIDS),
            ('UIDVALIDITY huge', 'UPDATE mailboxes SET uidvalidity = '
             "99999999999 WHERE name = 'INBOX'", 'UIDVALIDITY', UIDS),
            ('the last UIDVALIDITY gone', 'DELETE FROM account',
             'last UIDVALIDITY', ALL),
            ('the last UIDVALIDITY low', 'UPDATE account SET uidvalidity = 1',
             'last UIDVALIDITY', ALL),
            ('the last UIDVALIDITY huge', 'UPDATE account SET uidvalidity = '
             '99999999999', 'last UIDVALIDITY', ALL),
            ('noselect with a directory', 'UPDATE mailboxes SET noselect = 1 '
             "WHERE name = 'Sent'", None, NONE),
            ('noselect 7', 'UPDATE mailboxes SET noselect = 7 '
             "WHERE name = 'Empty'", None, NONE),
            ('subscription of controls', "INSERT INTO subscriptions VALUES "
             "('a' || char(13) || char(10) || '* BYE')", None, ALL),
            ('a table gone', 'DROP TABLE subscriptions', 'account.db', MAIL),
            ('the mailboxes gone', 'DROP TABLE mailboxes', 'account.db',
             MAIL),
            ('version 0', 'PRAGMA user_version = 0', 'account.db', MAIL),
            ('of a newer version', 'PRAGMA user_version = 999', 'upgrade',
             ALL)]:
        yield Case('account.db rows: ' + name, account, sql(text), told, keep,
                   ALL_ALICE, unmended=told == 'upgrade')

    # users.db and auth.db: who there is.  Mail is not touched.
    for name, op, told, chance in database_ops('users.db'):
        yield Case('users.db: ' + name, 'users.db', op,
                   told and 'users.db', ALL, ALL_ALICE + BOTH, chance=chance)
    for name, op, told, chance in database_ops('auth.db'):
        yield Case('auth.db: ' + name, 'auth.db', op, told and 'auth.db', ALL,
                   ALL_ALICE + BOTH, chance=chance, loses=None)
    for path in 'users.db', 'auth.db':
        yield Case(path + ': an older copy', path, older, None, ALL,
                   ALL_ALICE + BOTH, login=True)
        yield Case(path + ': unreadable', path, closed, path, ALL,
                   ALL_ALICE + BOTH, unmended=True, login=True)
        yield Case(path + ': of root', path, of_root, path, ALL,
                   ALL_ALICE + BOTH, unmended=True, login=True)
        yield Case(path + '-journal: noise', path + '-journal',
                   lambda d, p: d.write(p, noise(d, 3 * PAGE)), None, ALL,
                   ALL_ALICE + BOTH)
    for name, text, told, login in [
            ('a user gone', "DELETE FROM users WHERE name = 'alice'",
             'users.db', True),
            ('all users gone', 'DELETE FROM users', 'users.db', True),
            ('a shared mailbox gone', 'DELETE FROM shared', None, True),
            ('a grant of nobody', "INSERT INTO grants VALUES ('no', 'one', "
             "'lr')", 'users.db', True),
            ('rights that are none', "UPDATE grants SET rights = '%$9'", None,
             True),
            ('a name that is none', "INSERT INTO users(name, may, created, "
             "id) VALUES ('../bob', 7, 1, 5)", None, True),
            ('capabilities of noise', "UPDATE users SET capabilities_off = "
             "'IDLE' || char(10) || char(0) || '* BYE'", None, True),
            ('a table gone', 'DROP TABLE grants', 'users.db', True),
            ('of a newer version', 'PRAGMA user_version = 999', 'upgrade',
             True)]:
        yield Case('users.db rows: ' + name, 'users.db', sql(text), told,
                   ALL, ALL_ALICE + BOTH, unmended=told == 'upgrade',
                   login=login)
    for name, text, told in [
            ('hashes of noise', "UPDATE credentials SET password = '$x'",
             None),
            ('keys of noise', 'UPDATE credentials SET scram = randomblob(7)',
             None),
            ('of nobody', 'INSERT INTO credentials VALUES (42, NULL, NULL)',
             None),
            ('the secret gone', 'DELETE FROM secret', None),
            ('a table gone', 'DROP TABLE app_passwords', 'auth.db')]:
        yield Case('auth.db rows: ' + name, 'auth.db', sql(text), told, ALL,
                   ALL_ALICE + BOTH)


BOTH = (('bob', 'INBOX'),)


# --- A case ---

def known(base):
    """Octets by user: what each may ever see."""
    found = {}
    for (user, _), box in base.now.items():
        found.setdefault(user, set()).update(
            octets for _, octets in box.mail.values())
    found['alice'].add(letter('alice/INBOX', 3, 'x' * 2700))
    return found


def whose(octets):
    m = re.search(rb'of (alice|bob)/', octets)
    return m and m.group(1).decode()


def talk(base, store, case):
    """Sessions on what is damaged; returns what was answered with OK."""
    done = {}
    for user, names in ('alice', ALICE), ('bob', BOB):
        commands = reading(names)
        text = letter(user + '/INBOX', 90)
        commands['select0'] = b'SELECT INBOX'
        commands['store'] = b'UID STORE 1 +FLAGS (\\Answered)'
        commands['append'] = b'APPEND INBOX {%d+}\r\n%s' % (len(text), text)
        commands['idle'] = b'NOOP'
        session = Session(base.p, store, user, commands)
        for octets in session.bodies:
            need(whose(octets) in (None, user),
                 user, 'gets what is not theirs:', octets[:100])
        if session.ok('append'):
            m = re.search(r'APPENDUID (\d+) (\d+)', session.answer['append'])
            done[user, 'append'] = (int(m.group(1)), int(m.group(2)), text)
        done[user, 'stored'] = session.ok('store') and \
            any('\\Answered' in r.text for r in session.untagged['store'])
    if '/' not in case.path:
        Session(base.p, store, 'alice', {'s': b'SELECT INBOX'}, 'wonderland')
    return done


def search(base, store):
    """Whether SEARCH finds in alice's Long what is there."""
    session = Session(base.p, store, 'alice', {
        'select': b'SELECT Long', 'one': b'UID SEARCH BODY "body 77 of"',
        'all': b'UID SEARCH SUBJECT "message"', 'none': b'UID SEARCH BODY absent',
        'text': b'UID SEARCH TEXT "99.alice.Long"'})
    wanted = {'one': [77], 'all': list(range(1, LONG + 1)), 'none': [],
              'text': [99]}
    for key, uids in wanted.items():
        found = [int(n) for r in session.untagged.get(key, []) for n in
                 re.findall(r' (\d+)', r.text) if r.text.startswith('SEARCH') or
                 r.text.startswith('* SEARCH')]
        if not session.ok(key) or found != uids:
            return '%s: %s %s' % (key, session.answer.get(key), found)
    return ''


def compare(base, case, store, done):
    """What there is after the repair, against what there was."""
    now, every = {}, {}
    for user, names in ('alice', None), ('bob', BOB):
        if names is None:
            out = base.p.must(store, 'mailbox', 'list', user)
            names = [line.split('\t')[0] for line in out.splitlines()]
            names += ['shared\\sales']
        session = Session(base.p, store, user, reading(names))
        for name in names:
            box = now[user, name] = taken(session, name)
            every.setdefault(user, []).append(box)
            if name in ALICE and 'Sent' != name or user == 'bob':
                need(session.ok(('select', name)) or case.keep <= UIDS, user,
                     name, session.answer.get(('select', name)), session.log)
    for (user, name), box in base.now.items():
        keep = case.keep if (user, name) in case.boxes else ALL
        if (user, name) not in case.boxes and name.startswith('shared'):
            keep = OCTETS if 'shared' not in case.name and \
                'users.db' in case.name else ALL
            if 'users.db' in case.name:
                continue
        compare_box(case, user, name, box, now.get((user, name)), keep, done,
                    every[user])


def compare_box(case, user, name, box, after, keep, done, every):
    mail = dict(box.mail)
    added = done.get((user, 'append')) if name == 'INBOX' else None
    if added and added[0] == box.validity:
        need(added[1] >= box.uidnext, name, 'UID given again:', added[1])
        mail[added[1]] = (frozenset(), added[2])
    if keep == NONE:
        return
    lost = case.lost if (user, name) in case.boxes else ()
    if keep >= MAIL:
        need(after is not None, name, 'is not there')
        need(after.validity == box.validity, name, 'UIDVALIDITY was',
             box.validity, 'is', after.validity)
        need(after.uidnext >= box.uidnext, name, 'UIDNEXT was', box.uidnext,
             'is', after.uidnext)
        need(after.modseq >= box.modseq, name, 'HIGHESTMODSEQ was',
             box.modseq, 'is', after.modseq)
    for uid, (flags, octets) in mail.items():
        if uid in lost:
            continue
        if keep == OCTETS:
            need(any(octets == o for b in every for _, o in b.mail.values()),
                 name, uid, 'is nowhere')
            continue
        if keep == UIDS:
            need(any(b.mail.get(uid, (0, 0))[1] == octets for b in every),
                 name, uid, 'is nowhere under its UID')
            continue
        need(uid in after.mail, name, uid, 'is gone; there are',
             sorted(after.mail))
        need(after.mail[uid][1] == octets, name, uid, 'has other octets')
        if keep == ALL:
            got = after.mail[uid][0]
            if name == 'INBOX' and uid == 1:
                got, flags = got - {'\\Answered'}, flags - {'\\Answered'}
            need(got == flags, name, uid, 'had', sorted(flags), 'has',
                 sorted(got))
    if keep == ALL:
        need(set(after.mail) - set(mail) <= set(lost), name, 'has more:',
             sorted(set(after.mail) - set(mail)))


def perform(base, case, seed):
    store = os.path.join(base.p.top, 'store')
    p = base.p
    if os.path.lexists(store):
        shutil.rmtree(store)
    subprocess.run(['cp', '-a', base.path, store], check=True)
    case.op(Damage(base, store, seed), case.path)
    done = talk(base, store, case)
    indexed = 'search.' in case.path
    if indexed:
        wrong = search(base, store)
        need(not wrong or case.chance, 'SEARCH is wrong:', wrong)
    contents = ['--contents'] if case.contents else []
    status, out, err = p.mboxadm(store, 'check', *contents)
    said = out + err
    need(status in (0, 65) or (case.unmended and status > 0), 'check:',
         status, said)
    if case.told:
        need(status != 0, 'check finds nothing:', said)
        need(re.search(case.told, said), 'check does not say',
             case.told, 'but', said)
    found = status != 0
    status, out, err = p.mboxadm(store, 'check', '--repair', *contents)
    repaired = out + err
    if case.unmended:
        need(status != 0 or not found, 'repair says 0:', repaired)
        return
    need(status == 0 or (status == 65 and '\tlost\t' in out), 'repair:',
         status, repaired)
    if case.loses:
        need(not found or '\tlost\t' in out, 'nothing is told as lost:',
             repaired)
    status, out, err = p.mboxadm(store, 'check')
    need(status == 0, 'check after the repair:', out + err)
    if case.contents and not case.lost:
        status, out, err = p.mboxadm(store, 'check', '--contents')
        need(status == 0, 'check --contents after the repair:', out + err)
    status, out, err = p.mboxadm(store, 'check', '--repair')
    need(status == 0 and ' 0 problems, 0 mended' in out and
         '[mended]' not in out, 'second repair:',
         out + err, '-- first:', repaired)
    compare(base, case, store, done)
    if indexed:
        # What nobody can notice is a term for another, in a page that is whole.
        wrong = search(base, store)
        need(not wrong or (case.chance and not found), 'SEARCH after the '
             'repair:', wrong)
        p.must(store, 'index', 'alice')
        wrong = search(base, store)
        need(not wrong or (case.chance and not found), 'SEARCH with a new '
             'index:', wrong)
    if case.login:
        session = Session(p, store, 'alice', {'s': b'SELECT INBOX'},
                          'wonderland')
        need(session.login.startswith('OK'), session.login, session.log)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--only', default='')
    parser.add_argument('--owner', default='')
    parser.add_argument('build')
    parser.add_argument('dir')
    args = parser.parse_args()
    programs = Programs(args.build, args.dir)
    if args.owner:
        programs.owner = tuple(int(n) for n in args.owner.split(':'))
    base = Store(programs)
    ran = failed = 0
    for case in cases(base):
        if not re.search(args.only, case.name):
            continue
        if case.op in (of_root, closed) and \
                (os.geteuid() != 0 or not args.owner):
            continue
        for i in range(args.rounds if case.chance else 1):
            seed = '%d/%s' % (args.seed + i, case.name)
            ran += 1
            try:
                perform(base, case, seed)
            except Wrong as e:
                failed += 1
                print('not ok - %s (seed %d)\n#   %s' % (
                    case.name, args.seed + i,
                    str(e).strip().replace('\n', '\n#   ')), flush=True)
            except Exception:	# a defect of this file
                failed += 1
                print('not ok - %s\n%s' % (case.name, traceback.format_exc()))
    print('%d cases, %d failed' % (ran, failed))
    sys.exit(failed > 0 or ran == 0)


if __name__ == '__main__':
    main()
